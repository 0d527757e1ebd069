"""Going on from the question before, editing SQL before it runs, and plain lines in a batch."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from catalog.access.grants import Grants
from catalog.access.policy import ANONYMOUS, Principal
from catalog.storage.state import State
from nl2sql.backends.base import Context
from nl2sql.backends.scripted import ScriptedBackend
from tui import thread

ASKED = "how many"


@pytest.fixture
def token(home: Path) -> str:
    return State(home).issue_token("ada", 1)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions as the linker hands them to the model, with those before them."""
    texts: list[str] = []
    draft = ScriptedBackend.draft

    def watched(self: ScriptedBackend, context: Context) -> Any:
        texts.append(context.linked.text)
        return draft(self, context)

    monkeypatch.setattr(ScriptedBackend, "draft", watched)
    return texts


def kept(home: Path, name: str) -> tuple[str, ...]:
    return tuple(turn.question for turn in thread.before(home, ANONYMOUS if name == "anonymous" else Principal(name=name, roles=frozenset())))


@pytest.mark.parametrize("who", ["ada", "anonymous"])
def test_a_question_goes_on_from_the_one_before(steward: Any, home: Path, backend: str, token: str, read: list[str], who: str) -> None:
    as_ = ("--token", token if who == "ada" else "")
    assert steward("ask", backend, *as_, ASKED).code == 0
    ran = steward("ask", backend, *as_, "-c", "personal data")
    assert (ran.code, ran.err) == (0, f"After: {ASKED}\n")
    assert ">>" in read[1] and ">>" not in read[0]
    assert kept(home, who) == (ASKED, "personal data")
    steward("ask", backend, *as_, "--continue", "-q", "nothing")
    assert kept(home, who) == (ASKED, "personal data", "nothing")
    steward("ask", backend, *as_, "--continue", "-q", ASKED)
    assert kept(home, who) == (ASKED, "personal data", "nothing", ASKED)
    steward("ask", backend, *as_, "--continue", "-q", "nothing")
    assert kept(home, who) == ("personal data", "nothing", ASKED, "nothing")
    steward("ask", backend, *as_, ASKED)
    assert kept(home, who) == (ASKED,)


def test_nothing_to_go_on_from_is_said(steward: Any, home: Path, backend: str) -> None:
    as_ = ("--token", State(home).issue_token("oleg", 1))
    ran = steward("ask", backend, *as_, "-c", "how many")
    assert (ran.code, ran.out) == (2, b"")
    assert "no question to go on from" in ran.err
    told = steward("ask", backend, *as_, "-c", "--json", "how many")
    assert (told.code, told.json["status"]) == (2, "failed")


def test_only_what_was_answered_is_kept_its_words_and_the_names_it_showed(steward: Any, home: Path, backend: str, token: str) -> None:
    for words in ("drop it", "quality", "wrong"):
        before = kept(home, "ada")
        assert steward("ask", backend, "--token", token, words).code == 6
        assert kept(home, "ada") == before
    steward("ask", backend, "--token", token, ASKED)
    files = list(home.rglob("thread.json"))
    assert [json.loads(file.read_text(encoding="utf-8")) for file in files] == [[{"question": ASKED, "shown": [[]], "is_whole": False, "is_refused": False}]]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_each_asks_for_themselves(steward: Any, home: Path, backend: str, token: str) -> None:
    steward("ask", backend, "--token", token, ASKED)
    steward("ask", backend, "--token", State(home).issue_token("max", 1), "nothing")
    assert (kept(home, "ada"), kept(home, "max")) == ((ASKED,), ("nothing",))


@pytest.mark.parametrize("end", ["revoke the grant", "revoke the token"])
def test_what_ends_a_right_ends_what_is_kept(steward: Any, home: Path, backend: str, end: str) -> None:
    max_ = State(home).issue_token("max", 1)
    Grants(home).give("max", "C4", days=1)
    steward("ask", backend, "--token", max_, ASKED)
    assert kept(home, "max") == (ASKED,)
    if end == "revoke the grant":
        assert steward("grant", "revoke", "max", "C4").code == 0
    else:
        assert steward("token", "revoke", "max").code == 0
    assert kept(home, "max") == ()


def test_a_damaged_file_is_as_good_as_none(home: Path, backend: str, steward: Any, token: str) -> None:
    steward("ask", backend, "--token", token, ASKED)
    (file,) = (path for path in home.rglob("thread.json") if ASKED in path.read_text(encoding="utf-8"))
    for damage in (b"", b"\xff", b"{}", b"[1]", b'["how many"]', b"[" * 30_000):
        file.write_bytes(damage)
        assert kept(home, "ada") == ()


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``editor("SELECT 2")``: $EDITOR then writes that over what it is given; with None it saves nothing."""

    def becomes(text: str | None) -> Path:
        script, seen = tmp_path / "editor", tmp_path / "seen.sql"
        write = "" if text is None else f"sleep 0.05; printf %s '{text}' > \"$1\"; touch -d '2040-01-01' \"$1\"\n"
        script.write_text(f'#!/bin/sh\ncp "$1" {seen}\n{write}', encoding="utf-8")
        script.chmod(0o755)
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", str(script))
        return seen

    return becomes


def test_edited_sql_is_what_runs(steward: Any, backend: str, editor: Any) -> None:
    seen = editor("SELECT 7 AS seven")
    told = steward("ask", backend, "--edit", "--json", "how many").json
    assert seen.read_text(encoding="utf-8") == "SELECT count(*) AS n FROM datasets\n"
    assert (told["status"], told["sql"], told["rows"]) == ("answered", "SELECT 7 AS seven", [[7]])
    assert steward("sql", "-e", "-q", "--format", "csv", "SELECT 1").out == b"seven\r\n7\r\n"
    assert steward("ask", backend, "--edit", "--sql", "how many").out == b"SELECT 7 AS seven\n"


@pytest.mark.parametrize(("sql", "code", "status"), [("SELECT principal FROM grants", 5, "denied"), ("DROP TABLE datasets", 6, "failed"), ("SELECT * FROM secrets", 6, "failed")])
def test_what_was_edited_passes_the_same_guard(steward: Any, backend: str, editor: Any, sql: str, code: int, status: str) -> None:
    editor(sql)
    ran = steward("ask", backend, "--edit", "--json", "how many")
    assert (ran.code, ran.json["status"], ran.json["rows"]) == (code, status, [])


@pytest.mark.parametrize("text", [None, "", "  "])
def test_what_is_not_saved_is_not_run(steward: Any, backend: str, editor: Any, text: str | None) -> None:
    editor(text)
    ran = steward("ask", backend, "--edit", "how many")
    assert (ran.code, ran.out) == (130, b"")
    assert "Nothing was saved" in ran.err


def test_what_is_no_sql_is_not_edited(steward: Any, backend: str, editor: Any) -> None:
    seen = editor("SELECT 1")
    assert steward("ask", backend, "--edit", "drop it").code == 6
    assert not seen.exists()


@pytest.mark.parametrize("arguments", [["--edit", "how many"], ["--edit", "--batch", "-"], ["-c", "--batch", "-"], ["--receipt", "r", "--batch", "-"]])
def test_what_does_not_go_together_is_a_wrong_call(steward: Any, backend: str, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    assert (steward("ask", backend, *arguments).code, os.environ.get("EDITOR")) == (2, None)


def test_plain_lines_are_a_batch_too(steward: Any, backend: str) -> None:
    ran = steward("ask", backend, "--batch", "-", stdin="\ufeffhow many\n\n  drop it  \r\ncaf\u00e9?\n".encode() + b"\xff\xfe\n" + b'{"question": "how many"}\n')
    told = [(line["line"], line["question"], line["status"]) for line in ran.lines]
    assert told == [
        (1, "how many", "answered"), (3, "drop it", "refused"), (4, "café?", "refused"), (5, None, "failed"), (6, '{"question": "how many"}', "refused"),
    ]  # fmt: skip
    assert ran.code == 2
    assert [line["rows"] for line in steward("sql", "--batch", "-", stdin=b"SELECT 1 AS a\nSELECT 2 AS b\n").lines] == [[[1]], [[2]]]
