"""``steward catalog similar``: tables and JSON, who asks, and what a bad call says."""

from pathlib import Path
from typing import Any

import pytest

from catalog.storage.state import State


def test_similar_shows_a_table(steward: Any) -> None:
    ran = steward("catalog", "similar", "hospital", "records", "-k", "3")
    lines = ran.out.decode().splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert lines[0].split() == ["name", "score", "why", "description"]
    assert len(lines) == 4


def test_similar_as_json(steward: Any, home: Path) -> None:
    token = State(home).issue_token("ada", 1)
    ran = steward("catalog", "similar", "--json", "--token", token, "-k", "4", "OSM")
    assert (ran.code, ran.err) == (0, "")
    assert {name: ran.json[name] for name in ("text", "view", "principal", "generation")} == {
        "text": "OSM", "view": "datasets", "principal": "ada", "generation": 1,
    }  # fmt: skip
    first = ran.json["hits"][0]
    assert (first["name"], first["match"], first["key"]) == ("OpenStreetMap", "alias", {"name": "OpenStreetMap"})
    assert len(ran.json["hits"]) == 4
    assert "same alias" in steward("catalog", "similar", "--token", token, "OSM").out.decode()


def test_two_askers_find_different_datasets(steward: Any, home: Path) -> None:
    token = State(home).issue_token("ada", 1)
    everyone, ada = (
        [hit["name"] for hit in steward("catalog", "similar", "--json", "-k", "100", *who, "records").json["hits"]] for who in ((), ("--token", token))
    )
    assert set(ada) - set(everyone)


def test_other_views_by_any_case(steward: Any) -> None:
    hits = steward("catalog", "similar", "--json", "--view", "Columns", "-k", "2", "email address").json["hits"]
    assert [set(hit["key"]) for hit in hits] == [{"dataset", "column_name"}] * 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((" ",), 2, "There is no text to compare with."),
        ((), 2, "Missing argument"),
        (("weather", "-k", "0"), 2, "0 is not in the range"),
        (("weather", "-k", "101"), 2, "101 is not in the range"),
        (("weather", "--view", "\x1b[31mviews"), 2, "no similarity over a view"),
        (("weather", "--view", "policies"), 5, "The view policies is not open to you."),
        (("weather", "--token", "stolen"), 5, "proves nobody"),
    ],
)
def test_a_bad_call_is_named(steward: Any, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = steward("catalog", "similar", *arguments)
    assert (ran.code, ran.out) == (code, b"")
    assert said in ran.err


def test_no_catalog_is_named(steward: Any, tmp_path: Path) -> None:
    ran = steward("catalog", "similar", "weather", catalog=tmp_path / "none")
    assert (ran.code, ran.out) == (3, b"")
