"""The real program in a real terminal, as somebody meets it for the first time: from start to insight to a file, and out."""

import json
import os
import signal
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.chat.terminal import Terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

ESC, F4, F7, CTRL_E, CTRL_R, CTRL_S, CTRL_Q, CTRL_A, CTRL_K = "\x1b", "\x1bOS", "\x1b[18~", "\x05", "\x12", "\x13", "\x11", "\x01", "\x0b"
SCRIPT = {
    "how many datasets are there per country": [{"sql": "SELECT country, count(*) AS n FROM datasets GROUP BY country ORDER BY n DESC", "reading": "datasets per country", "confidence": 0.9}],
    "for ever": [{"sql": "SELECT count(*) AS n FROM quality_metrics a, quality_metrics b, quality_metrics c"}],
}

Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts ``steward chat --demo`` in a folder of its own, told another size than the terminal has, as a parent that edits lines tells it."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT), encoding="utf-8")
    running = []

    def begin(*more: str, size: tuple[int, int] = (110, 34)) -> Terminal:
        folder = tmp_path / "at"
        folder.mkdir(exist_ok=True)
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "COLUMNS": "80", "LINES": "24", "TEXTUAL_ANIMATIONS": "none", "PYTHONPATH": str(Path(__file__).parents[3])}
        code = f"import os, sys; os.chdir({str(folder)!r}); sys.argv = ['steward', 'chat', '--demo', '--backend', 'scripted:{script}', *{more!r}]; from tui.main import main; main()"
        running.append(Terminal([sys.executable, "-c", code], environment, size))
        return running[-1]

    yield begin
    for terminal in running:
        terminal.kill()


def test_from_the_first_start_to_an_insight_and_a_file(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.until("Ask", "1 of 5")  # the tour
    terminal.type(ESC)
    terminal.until_gone("1 of 5")
    terminal.until("Try one of these", "anonymous")
    terminal.type("how many datasets are there per country\r")
    shown = terminal.until("datasets per country", "✓ allowed", "chart")
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Co") and c != "\n"]
    terminal.resize(64, 24)
    terminal.until("F2 Ask Catalog", "✓ allowed")
    terminal.resize(120, 40)
    terminal.until("F3 Catalog", "views open to you")
    terminal.type(CTRL_E)
    terminal.until("Your own SQL", "GROUP BY")
    terminal.type(" LIMIT 2")
    terminal.until("LIMIT 2")
    terminal.type(CTRL_R)
    terminal.until("rows 2")
    terminal.type(CTRL_S)
    terminal.until("Save the answer", "answer.csv")
    terminal.type("\r")
    terminal.until("Saved 2 rows")
    assert (tmp_path / "at" / "answer.csv").read_bytes().startswith(b"country,n\r\n")
    terminal.type(F4)
    terminal.until("Nothing is shown yet")
    terminal.type("C4\r")
    terminal.until("C4 (dataset)", "Common Crawl", "flows into")
    terminal.type(F7)
    terminal.until("of ", "alerts", "Measurements")
    assert terminal.leave(CTRL_Q) == 0


def test_it_may_be_stopped_or_killed_while_it_works_and_starts_again(start: Start) -> None:
    first = start()
    first.until("1 of 5")
    first.type(ESC)
    first.until_gone("1 of 5")
    first.until("Try one of these")
    first.type("for ever\r")
    first.until("esc stops")
    first.type(ESC)
    first.until("Stopped. Nothing is shown of it.")
    first.type("for ever\r")
    first.until("esc stops")
    first.kill()
    again = start(size=(80, 24))
    again.until("1 of 5")
    again.type(ESC)
    again.until_gone("1 of 5")
    again.until("Try one of these")
    again.type("how many datasets are there per country\r")
    again.until("✓ allowed")
    assert again.leave(CTRL_Q) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_ends_it_from_outside_leaves_nothing(start: Start, tmp_path: Path, number: int) -> None:
    terminal = start()
    terminal.until("1 of 5")
    terminal.type(ESC)
    terminal.until_gone("1 of 5")
    terminal.type("for ever\r")
    terminal.until("esc stops")
    children = {int(pid) for pid in Path(f"/proc/{terminal.pid}/task/{terminal.pid}/children").read_text(encoding="ascii").split()}
    assert list(tmp_path.glob("steward-demo-*"))
    os.kill(terminal.pid, number)
    while terminal.read(1.0):
        pass
    assert terminal.ended == 128 + number
    assert not list(tmp_path.glob("steward-demo-*")), "the demo is gone"
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_it_runs_below_the_prompt(start: Start) -> None:
    terminal = start("--inline", "--theme", "light", size=(100, 40))
    terminal.until("1 of 5")
    terminal.type(ESC)
    terminal.until_gone("1 of 5")
    shown = terminal.until("Try one of these", "F1 Help").splitlines()
    assert "Building the demo catalog" in shown[0], "what stood above is still there"
    assert 15 < max(at for at, line in enumerate(shown) if line.strip()) < 26
    terminal.type("how many datasets are there per country\r")
    terminal.until("✓ allowed")
    assert terminal.leave(CTRL_Q) == 0
