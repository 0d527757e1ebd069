"""What a wrong call is told, what a call without words is shown, and what happens where somebody sits at a terminal."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.storage.state import State
from tests.tui.chat.terminal import Terminal
from tui.choosing import with_choice
from tui.show import pointed

ROOT = Path(__file__).parents[2]

Call = Callable[..., Terminal]


@pytest.fixture
def call(home: Path, backend: str) -> Iterator[Call]:
    """A steward command in a terminal of its own."""
    running: list[Terminal] = []

    def begin(*arguments: str) -> Terminal:
        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        code = "from tui.main import main; main()"
        running.append(Terminal([sys.executable, "-c", code, "--catalog", str(home), *arguments], environment, (100, 30)))
        return running[-1]

    yield begin
    for terminal in running:
        terminal.kill()


def ended(terminal: Terminal) -> int:
    while terminal.read(1.0):
        pass
    assert terminal.ended is not None
    return terminal.ended


@pytest.mark.parametrize(
    ("arguments", "said", "meant"),
    [
        (["askk"], "steward: No such command 'askk'.", "Did you mean ask? See: steward --help"),
        (["lineage", "C4"], "steward: No such command 'lineage'.", "Did you mean catalog lineage? See: steward --help"),
        (["version"], "steward: No such command 'version'.", "Did you mean --version? See: steward --help"),
        (["--token", "x", "ask"], "No such option '--token'", "It stands behind the command: steward ask --token … See: steward --help"),
        (["catalog", "lineag"], "steward catalog: No such command 'lineag'.", "Did you mean lineage? See: steward catalog --help"),
        (["ask", "--format", "cvs", "x"], "'cvs' is not one of", "Did you mean csv? See: steward ask --help"),
        (["ask", "--fromat", "csv", "x"], "No such option '--fromat'", "See: steward ask --help"),
        (["sql", "--confirm", "SELECT 1"], "--confirm asks on a terminal", "See: steward sql --help"),
        (["chat"], "steward chat needs a terminal", "See: steward chat --help"),
        (["\x1b[31mx\u202e"], "No such command", "See: steward --help"),
    ],
)
def test_a_wrong_call_says_what_where_and_what_next(steward: Any, arguments: list[str], said: str, meant: str) -> None:
    ran = steward(*arguments)
    assert (ran.code, ran.out) == (2, b"")
    what, next_ = ran.err.splitlines()
    assert said in what and next_.strip() == meant
    assert "\x1b" not in ran.err and "\u202e" not in ran.err


def test_a_call_without_words_is_shown_how_to_begin(steward: Any) -> None:
    ran = steward()
    assert (ran.code, ran.out) == (2, b"")
    assert "steward tour" in ran.err and len(ran.err.splitlines()) < 24
    ran = steward("ask")
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err.startswith("Usage: steward ask") and "who owns C4" in ran.err and len(ran.err.splitlines()) < 12


def test_a_call_without_words_on_a_terminal_waits_for_nothing(call: Call) -> None:
    for verb in ("ask", "sql"):
        terminal = call(verb)
        assert ended(terminal) == 2 and f"Usage: steward {verb}" in terminal.text


def test_help_is_a_word_too(steward: Any) -> None:
    for words in (("help",), ("help", "ask"), ("help", "catalog", "lineage")):
        ran, asked = steward(*words), steward(*words[1:], "--help")
        assert (ran.code, ran.out) == (0, asked.out) and ran.out.startswith(f"Usage: steward {' '.join(words[1:])}".rstrip().encode())


def test_a_list_of_nothing_says_so_and_how_to_begin(steward: Any) -> None:
    assert steward("grant", "list", "nobody").err == "No grants. Give one: steward grant give PRINCIPAL DATASET\n"


def test_names_are_listed_and_one_is_shown(steward: Any, home: Path) -> None:
    ran = steward("catalog", "list", "common")
    assert ran.out.decode().splitlines()[1].startswith("Common Crawl") and ran.err == "2 datasets.\n"
    token = State(home).issue_token("ada", 1)
    everyone, ada = ({row["name"] for row in steward("catalog", "list", "--json", "--limit", "9999", *who).json["datasets"]} for who in ((), ("--token", token)))
    assert everyone < ada
    cut = steward("catalog", "list", "--json", "--limit", "1").json
    assert cut["truncated"] and len(cut["datasets"]) == 1 and cut["count"] == len(everyone)
    assert "0 models." in steward("catalog", "list", "--models", "nothing").err
    shown = steward("catalog", "show", "c4")
    assert (shown.code, shown.out.decode().splitlines()[0].split()) == (0, ["name", "C4"])
    assert "steward catalog lineage C4" in shown.err
    assert steward("catalog", "show", "--json", "LLaMA").json["kind"] == "model"
    for unknown in (min(ada - everyone), "nothing of the kind"):
        ran = steward("catalog", "show", unknown)
        assert (ran.code, ran.out) == (2, b"") and f"no dataset or model named {unknown!r} that you may see" in ran.err


def test_a_plus_says_which_way_lineage_is_followed(steward: Any) -> None:
    up, down = (set(steward("catalog", "lineage", "--json", name).json) for name in ("+C4", "C4+"))
    assert "upstream" in up and "downstream" not in up
    assert "downstream" in down and "upstream" not in down
    assert {"upstream", "downstream"} <= set(steward("catalog", "lineage", "--json", "+C4+").json)


def test_sql_is_shown_and_asked_about_before_it_runs(call: Call, backend: str) -> None:
    terminal = call("ask", backend, "--confirm", "how many")
    terminal.until("Run it? [Y/n/e]", "SQL: SELECT count(*) AS n FROM datasets")
    terminal.type("\r")
    assert ended(terminal) == 0 and "allowed for anonymous" in terminal.text
    assert "…" not in terminal.text, "what was being done is taken back"
    terminal = call("sql", "--confirm", "SELECT count(*) FROM nodes")
    terminal.until("Run it? [Y/n/e]")
    terminal.type("n\r")
    assert ended(terminal) == 6 and "Nothing is run." in terminal.text


def test_a_question_back_is_a_choice_where_somebody_sits(call: Call, steward: Any, backend: str) -> None:
    terminal = call("ask", backend, "quality")
    terminal.until("1. quality score", "2. pass rate", "Enter for none")
    terminal.type("how many\r")
    assert ended(terminal) == 0 and "N: " in terminal.text
    ran = steward("ask", backend, "quality")
    assert ran.code == 6 and "Enter for none" not in ran.err
    assert with_choice("how good", "quality score (mean of three)") == "how good (quality score)"


@pytest.mark.parametrize(
    ("sql", "message", "expected"),
    [
        ("SELECT nam FROM datasets", "no column 'nam'", ["SQL: SELECT nam FROM datasets", "            ^^^"]),
        ("SELECT nam FROM datasets", "something else", ["SQL: SELECT nam FROM datasets"]),
        (f"SELECT {'name, ' * 20}nam FROM datasets", "no column 'nam'", [f"SQL: SELECT {'name, ' * 20}nam FROM datasets", f"at:  {'name, ' * 5}nam FROM datasets", " " * 35 + "^^^"]),
    ],
)
def test_a_caret_stands_below_what_is_wrong(sql: str, message: str, expected: list[str]) -> None:
    assert pointed(sql, message) == expected
