"""The verbs around the catalog: ``views``, ``status``, ``token``, ``demo``, ``ingest`` and help."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.semantic import views
from catalog.storage.state import State

CROISSANT = {
    "@context": {"@vocab": "https://schema.org/"},
    "@type": "Dataset",
    "conformsTo": "http://mlcommons.org/croissant/1.0",
    "name": "Tide Gauges",
    "description": "Hourly sea level.",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "url": "https://example.org/tides",
    "creator": {"@type": "Organization", "name": "Harbour Office"},
}


def test_views_lists_what_is_open(steward: Any) -> None:
    ran = steward("views", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["views"].keys() | set(ran.json["closed"]) == views().keys()
    assert "grants" in ran.json["closed"]
    plain = steward("views")
    assert [line.split()[0] for line in plain.out.decode().splitlines()] == ["view", *ran.json["views"]]
    assert plain.err == f"closed to you: {', '.join(ran.json['closed'])}\n"


def test_a_view_lists_the_columns_that_the_asker_may_use(steward: Any) -> None:
    columns = [c["name"] for c in steward("views", "--json", "datasets").json["columns"]]
    assert columns == [name for name in views()["datasets"].columns if name != "steward"]
    plain = steward("views", "datasets").out.decode()
    assert "mean of the latest completeness" in plain
    assert "one of commercial, non-commercial, academic, unspecified" in plain


def test_a_masked_column_is_said_to_be_masked(steward: Any, home: Path) -> None:
    token = State(home).issue_token("clara", 1)
    shown = {c["name"]: (c["shown"], c["type"]) for c in steward("views", "--json", "grants", "--token", token).json["columns"]}
    assert (shown["principal"], shown["dataset"]) == (("hash", "VARCHAR"), ("show", "VARCHAR"))
    assert b"you see it masked (hash)" in steward("views", "grants", "--token", token).out


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("grants", 5, "The view grants is not open to you."),
        ("dataset", 2, "Did you mean datasets?"),
        ("\x1b[31mnothing", 2, "There is no view named 'nothing'."),
    ],
)
def test_a_view_that_is_not_there_for_the_asker(steward: Any, name: str, code: int, said: str) -> None:
    ran = steward("views", name)
    assert (ran.code, ran.out) == (code, b"")
    assert said in ran.err


def test_status_counts_what_the_asker_sees(steward: Any, home: Path) -> None:
    everyone = steward("status", "--json").json
    ada = steward("status", "--json", "--token", State(home).issue_token("ada", 1)).json
    assert (everyone["principal"], ada["principal"], ada["closed"]) == ("anonymous", "ada", [])
    assert everyone["views"]["datasets"]["rows"] < ada["views"]["datasets"]["rows"]
    assert everyone["clock"] == "2026-10-16T12:00:00"
    assert f"{everyone['views']['datasets']['rows']:,}  datasets" in steward("status").out.decode()


def test_a_catalog_without_the_demo(steward: Any, tmp_path: Path) -> None:
    home, document = tmp_path / "own", tmp_path / "croissant.json"
    document.write_text(json.dumps(CROISSANT), encoding="utf-8")
    assert steward("status", catalog=home).code == 3
    ran = steward("ingest", str(document), "--node", "harbour-1", "--json", catalog=home)
    assert (ran.code, ran.json["problems"]) == (0, [])
    assert steward("status", "--json", catalog=home).json["views"]["datasets"]["rows"] == 1
    assert steward("sql", "--json", "SELECT name FROM datasets", catalog=home).json["rows"] == [["Tide Gauges"]]


def test_demo_builds_a_catalog_that_answers(steward: Any, tmp_path: Path) -> None:
    ran = steward("demo", catalog=tmp_path / "demo")
    assert (ran.code, ran.out) == (0, b"")
    assert "generation 1" in ran.err
    assert steward("sql", "-q", "--format", "csv", "SELECT count(*) > 100 AS many FROM datasets", catalog=tmp_path / "demo").out == b"many\r\ntrue\r\n"


def test_demo_leaves_a_policy_of_ones_own_alone(steward: Any, tmp_path: Path) -> None:
    home = tmp_path / "own"
    home.mkdir()
    (home / "policy.yaml").write_text("version: 1\n", encoding="utf-8")
    ran = steward("demo", catalog=home)
    assert ran.code == 2
    assert "policy of its own" in ran.err
    assert [path.name for path in home.iterdir()] == ["policy.yaml"]


def test_a_token_is_shown_once_and_proves_who_asks(steward: Any) -> None:
    issued = steward("token", "issue", "oleg")
    token = issued.out.decode().strip()
    assert steward("sql", "--json", "--token", token, "SELECT 1").json["decision"]["principal"] == "oleg"
    assert b"oleg" in steward("token", "list").out
    assert token.encode() not in steward("token", "list").out
    assert steward("token", "revoke", "oleg").err == "1 revoked.\n"
    assert steward("sql", "--token", token, "SELECT 1").code == 5


@pytest.mark.parametrize(("name", "said"), [("nobody", "no principal named 'nobody'"), ("anonymous", "needs no token")])
def test_a_token_for_nobody_is_not_issued(steward: Any, name: str, said: str) -> None:
    ran = steward("token", "issue", name)
    assert (ran.code, ran.out) == (2, b"")
    assert said in ran.err


def test_every_verb_has_help(steward: Any) -> None:
    from tui.main import VERBS

    listed = steward("--help").out.decode()
    for verb in VERBS:
        ran = steward(verb, "--help")
        assert (ran.code, ran.err) == (0, "")
        assert f"  {verb} " in listed
        assert ran.out.startswith(f"Usage: steward {verb}".encode())
