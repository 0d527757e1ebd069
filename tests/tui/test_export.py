"""``steward export``: who may export what, what is recorded, and what a bad call says."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.audit.log import AuditLog
from catalog.storage.state import State

PUBLIC = "SELECT name FROM datasets"


def names(steward: Any, *who: str) -> set[str]:
    return {row["name"] for row in steward("sql", PUBLIC, "--format", "jsonl", "--limit", "1000", "-q", *who).lines}


def last(home: Path) -> Any:
    return AuditLog(home).entries()[-1]


def test_openlineage_to_standard_output_is_what_the_asker_may_see(steward: Any, home: Path) -> None:
    token = State(home).issue_token("ada", 1)
    for who in ((), ("--token", token)):
        ran = steward("export", "openlineage", *who)
        assert ran.code == 0
        assert {event["dataset"]["name"] for event in ran.lines if "dataset" in event} == names(steward, *who)
        assert steward("export", "openlineage", *who).out == ran.out


@pytest.mark.parametrize("form", ["openlineage", "dcat"])
def test_no_hidden_name_is_in_an_export(steward: Any, home: Path, form: str) -> None:
    token = State(home).issue_token("ada", 1)
    hidden = names(steward, "--token", token) - names(steward)
    text = steward("export", form).out.decode()
    assert len(hidden) > 10
    assert [name for name in hidden if f'"{name}"' in text] == []


def test_an_export_is_recorded_with_its_rules(steward: Any, home: Path) -> None:
    ran = steward("export", "croissant", "--dataset", "C4")
    entry = last(home)
    assert ran.json["name"] == "C4"
    assert (entry.action, entry.actor, entry.decision, entry.row_count, entry.question) == ("export", "anonymous", "allowed", 1, "export croissant of C4")
    assert "public-metadata" in entry.policy
    assert steward("export", "croissant", "--dataset", "no such thing").code == 2
    assert (last(home).action, last(home).decision) == ("export", "declined")


def test_a_name_that_is_hidden_answers_like_one_that_is_not_there(steward: Any, home: Path) -> None:
    token = State(home).issue_token("ada", 1)
    hidden = sorted(names(steward, "--token", token) - names(steward))[0]
    said = [steward("export", "dcat", "--dataset", name) for name in (hidden, "never heard of")]
    assert [ran.code for ran in said] == [2, 2]
    assert said[0].err.replace(hidden, "X") == said[1].err.replace("never heard of", "X")
    assert steward("export", "dcat", "--dataset", hidden, "--token", token).code == 0


def test_masks_are_kept_and_told(steward: Any, home: Path, tmp_path: Path) -> None:
    masked = Path(shutil.copytree(home, tmp_path / "masked"))
    policy = masked / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8") + "\n  - id: short-owners\n    mask: {datasets.owner: partial, datasets.description: 'null'}\n", encoding="utf-8")
    plain = steward("export", "dcat", "--dataset", "C4").out.decode()
    ran = steward("export", "dcat", "--dataset", "C4", catalog=masked)
    assert "masked for you: datasets.owner (partial)" in ran.err
    assert "***" in ran.out.decode() and "***" not in plain
    assert last(masked).decision == "masked"


def test_files_folders_and_their_report(steward: Any, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "croissant"
    ran = steward("export", "croissant", "--out", str(out), "--json")
    assert ran.json == {"format": "croissant", "principal": "anonymous", "out": str(out), "datasets": ran.json["files"], "files": len(list(out.iterdir())), "masked": []}
    assert steward("export", "croissant", "--out", str(out)).code == 2
    one = steward("export", "croissant", "--dataset", "c4", "--out", str(tmp_path / "c4.json"))
    assert one.code == 0 and json.loads((tmp_path / "c4.json").read_text(encoding="utf-8"))["name"] == "C4"
    assert steward("export", "dcat", "--dataset", "C4", "--out", str(tmp_path / "a.jsonld")).code == 0
    assert json.loads((tmp_path / "a.jsonld").read_text(encoding="utf-8"))["@context"]["dcat"] == "http://www.w3.org/ns/dcat#"
    assert steward("export", "openlineage", "--dataset", "C4", "--out", str(tmp_path / "e.json")).code == 0
    assert isinstance(json.loads((tmp_path / "e.json").read_text(encoding="utf-8")), list)
    assert not list(tmp_path.rglob(".steward-*"))


def test_parquet_holds_every_view_that_is_open(steward: Any, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "tables"
    assert steward("export", "parquet", "--out", str(out)).code == 0
    assert {file.stem for file in out.iterdir()} == set(steward("views", "--json").json["views"])
    assert {name for (name,) in duckdb.sql(f"SELECT name FROM '{out}/datasets.parquet'").fetchall()} == names(steward)
    for name in ("a.zip", "b.zip"):
        assert steward("export", "parquet", "--out", str(tmp_path / name)).code == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Missing argument"),
        (("xml",), 2, "'xml' is not one of"),
        (("parquet",), 2, "need a place"),
        (("parquet", "--out", "x", "--dataset", "C4"), 2, "whole views"),
        (("croissant",), 2, "one document for each dataset"),
        (("croissant", "--out", "all.json"), 2, "one document for each dataset"),
        (("dcat", "--json"), 2, "--out is missing"),
        (("dcat", "--out", "no/such/folder/a.ttl"), 2, "There is no folder"),
        (("dcat", "--dataset", "\x1b[31mC5"), 2, "There is no dataset named"),
        (("dcat", "--token", "stolen"), 5, "proves nobody"),
        (("dcat", "--purpose", "resale"), 5, "not one of yours"),
    ],
)
def test_a_bad_call_is_named(steward: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    ran = steward("export", *arguments)
    assert (ran.code, ran.out) == (code, b"")
    assert said in ran.err and "\x1b" not in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_closed_view_is_a_denial_on_record(steward: Any, home: Path, tmp_path: Path) -> None:
    closed = Path(shutil.copytree(home, tmp_path / "closed"))
    policy = closed / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8") + "\n  - id: shut\n    deny: [anonymous]\n    views: {datasets: '*'}\n", encoding="utf-8")
    ran = steward("export", "openlineage", catalog=closed)
    assert (ran.code, ran.out) == (5, b"") and "not open to you" in ran.err
    assert (last(closed).action, last(closed).decision, last(closed).policy) == ("export", "denied", "shut")


def test_asking_does_not_load_what_exports_need() -> None:
    loaded = "import sys, tui.ask, tui.turns, catalog.ingest, tui.export; print([m for m in ('rdflib', 'jsonschema', 'pyshacl', 'mlcroissant') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.strip() == "[]"
