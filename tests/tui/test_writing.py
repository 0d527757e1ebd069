"""What a served model writes, on a terminal's status line alone; and an interrupt, which ends the request at its server."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from catalog.audit.log import AuditLog
from tests.nl2sql.model_server import Manner, Reply, delta, serving, streamed
from tests.tui.chat.conftest import HOSTILE, SHOWN
from tests.tui.conftest import Steward

pytestmark = pytest.mark.usefixtures("own_machine")
ROOT = Path(__file__).parents[2]
STEWARD = [sys.executable, "-c", "from tui.main import main; main()"]
COUNT = "SELECT count(*) AS n FROM datasets"
LONG = f"{COUNT} WHERE language = 'German' AND licence = 'MIT'"
MARK = "draft, not checked: "
SEEN_S = 120.0
"""A limit for what hangs; a busy machine may take long until a process has its turn."""

Shown = Callable[[str, *tuple[str, ...]], str]


@pytest.fixture
def shown(steward: Steward, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shown]:
    """What comes to a terminal of 60 columns that is standard error while a model writes a text."""
    monkeypatch.setattr("nl2sql.telling.EVERY_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    os.set_blocking(ours, False)
    with os.fdopen(theirs, "w", encoding="utf-8") as stream, os.fdopen(ours, "rb") as screen:

        def ask(text: str, *options: str) -> str:
            monkeypatch.setattr(sys, "stderr", stream)
            with serving(lambda body, before: streamed(text, 0.9)) as served:
                steward("ask", "--backend", f"vllm:{served.url}", *options, "how many datasets")
            stream.flush()
            return (screen.read() or b"").decode("utf-8")

        yield ask


def drafts(shown: str) -> list[str]:
    """The drafts that stood on the status line, one after the other."""
    return [line for line in re.split(r"\r\x1b\[K|\r\n", shown) if MARK in line]


def test_the_status_line_has_the_end_of_the_draft(shown: Shown) -> None:
    found = drafts(shown(LONG))
    assert found[0] == f"… {MARK}SELE"
    assert f"… {MARK}{LONG[:36]}" in found
    assert found[-1] == f"… {MARK}…{LONG[-36:]}"


@pytest.mark.parametrize("options", [["--json"], ["-q"], ["--format", "json"]])
def test_programs_and_the_quiet_get_no_draft(shown: Shown, options: list[str]) -> None:
    assert MARK not in shown(COUNT, *options)


def test_a_pipe_gets_no_draft(steward: Steward) -> None:
    with serving(lambda body, before: streamed(COUNT, 0.9)) as served:
        ran = steward("ask", "--backend", f"vllm:{served.url}", "--format", "csv", "how many datasets")
    assert ran.code == 0 and ran.out.startswith(b"n\r\n")
    assert MARK not in ran.err and "\r" not in ran.err


def test_a_draft_that_means_harm_stays_on_its_line(shown: Shown) -> None:
    found = drafts(shown(f"SELECT '{HOSTILE}' \n\r\n{'日本語' * 30}\x1b[2J\x07"))
    assert any(SHOWN[-10:] in line for line in found)
    assert all(cell_len(line) < 60 and line.isprintable() for line in found)


def heed_interrupts() -> None:
    """A test run in the background of a shell ignores them, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def silent(body: dict[str, Any], before: int) -> Reply:
    return Reply(b"", holds="before")


def amid(body: dict[str, Any], before: int) -> Reply:
    return Reply(b"", kind="text/event-stream", pieces=(delta("SELECT "),), holds="amid")


def drip(body: dict[str, Any], before: int) -> Reply:
    return Reply(b" " * 100_000, drip=True)


def interrupted(manner: Manner, home: Path, *arguments: str) -> tuple[int, bytes, bytes]:
    """Exit code and output of a command that is interrupted while a server drafts for it, which sees that."""
    asked = threading.Event()

    def and_says_so(body: dict[str, Any], before: int) -> Reply:
        asked.set()
        return manner(body, before)

    with serving(and_says_so) as served:
        environment = os.environ | {"STEWARD_VLLM_URL": served.url, "STEWARD_VLLM_TIMEOUT": "600", "PYTHONPATH": str(ROOT)}
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen([*STEWARD, "--catalog", str(home), *arguments], cwd=ROOT, env=environment, preexec_fn=heed_interrupts, **pipes) as running:
            try:
                assert asked.wait(SEEN_S)
                running.send_signal(signal.SIGINT)
                out, err = running.communicate(timeout=SEEN_S)
            finally:
                running.kill()
        assert served.gone.wait(SEEN_S)
        assert len(served.bodies) == 1
    return running.returncode, out, err.strip()


@pytest.mark.parametrize(("manner", "backend"), [(silent, "vllm"), (amid, "vllm"), (drip, "vllm"), (silent, "vllm-plan")])
def test_an_interrupt_ends_the_request(home: Path, manner: Manner, backend: str) -> None:
    log = AuditLog(home)
    before = log.size
    assert interrupted(manner, home, "ask", "--backend", backend, "how many datasets") == (130, b"", b"Stopped.")
    assert log.size == before + 2
    assert log.entries()[-1].decision == "declined"


def test_an_interrupt_of_a_run_ends_the_request_and_the_run_can_go_on(home: Path, tmp_path: Path) -> None:
    suite = tmp_path / "small.jsonl"
    suite.write_text(json.dumps({"id": "q", "question": "how many datasets", "outcome": "answer", "gold": [COUNT]}) + "\n", encoding="utf-8")
    code, _, err = interrupted(silent, home, "eval", "run", str(suite), "--own-catalog", "--backend", "vllm", "--out", str(tmp_path / "run"))
    assert code == 130
    assert b"Stopped. Go on with: steward eval run --resume" in err and b"Traceback" not in err
