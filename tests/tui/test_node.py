"""``steward node`` as typed: init, profile, status, and the way into a catalog."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "berlin-1"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "ships.csv").write_text("id,mail\n" + "".join(f"{i},m{i}@example.org\n" for i in range(30)), encoding="utf-8")
    return folder


def test_from_files_to_a_catalog(steward: Any, folder: Path, data: Path, tmp_path: Path) -> None:
    made = steward("node", "init", str(folder), "--name", "berlin-1", "--country", "DE", "--source", str(data))
    assert (made.code, made.out) == (0, b"")
    assert (folder / "keys").stat().st_mode & 0o077 == 0
    ran = steward("node", "profile", str(folder))
    assert ran.code == 0
    assert ran.out.decode().splitlines()[1].split() == ["ships", "new", "30", "2", str((data / "ships.csv").stat().st_size), "mail", "(email", "100%)", "id,", "mail"]
    assert "1 of 1 ships" in ran.err
    read = steward("ingest", str(folder / "documents"), "--node", "berlin-1", "--json", catalog=tmp_path / "c")
    assert read.json["records"]["dataset"] == 1
    said = steward("node", "status", str(folder), "--json").json
    assert [(each["dataset"], each["state"]) for each in said["datasets"]] == [("ships", "unchanged")]
    assert "root" in said["keys"]


def test_a_bad_file_is_named_and_the_exit_code_says_so(steward: Any, folder: Path, data: Path) -> None:
    steward("node", "init", str(folder), "--name", "n")
    (data / "cut\x1b[31m.parquet").write_bytes(b"PAR1")
    ran = steward("node", "profile", str(folder), str(data), "--json")
    assert ran.code == 1
    assert [each["dataset"] for each in ran.json["datasets"]] == ["ships"]
    assert len(ran.json["problems"]) == 1
    assert "\x1b" not in ran.err and b"\x1b" not in ran.out


def test_status_says_what_changed(steward: Any, folder: Path, data: Path) -> None:
    steward("node", "init", str(folder), "--name", "n")
    assert b"profiled  never" in steward("node", "status", str(folder)).out
    steward("node", "profile", str(folder), str(data))
    (data / "ships.csv").unlink()
    (data / "ports.csv").write_text("id\n1\n", encoding="utf-8")
    shown = steward("node", "status", str(folder)).out.decode()
    states = {line.split()[0]: line.split()[1] for line in shown.splitlines() if line.startswith(("ports", "ships"))}
    assert states == {"ports": "new", "ships": "gone"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["node", "profile", "{folder}"], "no node folder"),
        (["node", "status", "{folder}"], "no node folder"),
        (["node", "init", "{folder}", "--name", "n", "--country", "Germany"], "two capital letters"),
        (["node", "init", "{folder}", "--name", "a\nb"], "a line of at most"),
    ],
)
def test_what_cannot_be(steward: Any, folder: Path, arguments: list[str], said: str) -> None:
    ran = steward(*(argument.format(folder=folder) for argument in arguments))
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.parametrize("text", ["name = ", 'nam = "x"', 'name = "n"\nsources = "x"', 'name = "n"\n[datasets.a]\nsize = 1', "name = 3"])
def test_a_wrong_node_file_is_said_to_be(steward: Any, folder: Path, text: str) -> None:
    steward("node", "init", str(folder), "--name", "n")
    (folder / "node.toml").write_text(text, encoding="utf-8")
    ran = steward("node", "status", str(folder))
    assert ran.code == 2 and "node.toml" in ran.err


def test_a_node_is_made_once(steward: Any, folder: Path) -> None:
    steward("node", "init", str(folder), "--name", "n")
    assert steward("node", "init", str(folder), "--name", "n").code == 2


def test_help_lists_every_verb(steward: Any) -> None:
    shown = steward("node", "--help").out.decode()
    assert all(f"  {verb}" in shown for verb in ("init", "profile", "status", "publish", "rotate"))
    assert steward("node", "publish", "--help").code == 0


def test_nothing_raw_is_in_the_documents(steward: Any, folder: Path, data: Path) -> None:
    steward("node", "init", str(folder), "--name", "n")
    steward("node", "profile", str(folder), str(data))
    written = "".join(path.read_text(encoding="utf-8") for path in (folder / "documents").iterdir())
    assert "example.org" not in written and str(data) not in written
    assert all(json.loads(line)["eventType"] == "COMPLETE" for line in written.splitlines())
