"""The command as a process: signals, closed pipes and full disks."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

STEWARD = [sys.executable, "-c", "from tui.main import main; main()"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def command(home: Path) -> list[str]:
    return [*STEWARD, "--catalog", str(home)]


def test_a_question_from_end_to_end(command: list[str], backend: str) -> None:
    done = subprocess.run([*command, "ask", backend, "how", "many"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("N: ")


def test_bytes_that_are_no_text_are_no_crash(command: list[str], backend: str) -> None:
    done = subprocess.run([*command, "ask", backend, "--json", b"caf\xe9 \xff"], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"is not UTF-8 text: caf\\xe9 \\xff\n" in done.stderr


BYTES = [
    (b"ask", b"\xff"), (b"sql", b"SELECT '\xff'"), (b"grant", b"\xff"), (b"grant", b"give", b"ada", b"\xff"), (b"token", b"issue", b"\xc3\x28"), (b"token", b"revoke", b"\xff"),
    (b"ingest", b"\xff", b"--node", b"n"), (b"ingest", b"x", b"--node", b"\xff"), (b"policy", b"explain", b"\xff", b"datasets"), (b"catalog", b"show", b"\xed\xa0\x80"), (b"audit", b"erase", b"\xff"),
    (b"receipt", b"verify", b"\xff.json"), (b"\xff",), (b"--\xff",), (b"config", b"show", b"\xff"), (b"completion", b"\xff"), (b"spec", b"\xff"), (b"export", b"--token", b"\xff"),
]  # fmt: skip


@pytest.mark.parametrize("words", BYTES, ids=lambda words: b" ".join(words).decode("ascii", "backslashreplace"))
def test_no_verb_takes_bytes_that_are_no_text(steward: Any, words: tuple[bytes, ...]) -> None:
    ran = steward(*map(os.fsdecode, words))
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, b"", 2)
    at = next(at for at, word in enumerate(words) if not word.isascii())
    assert ran.err.startswith(f"steward: Argument {at + 3} is not UTF-8 text: "), "after --catalog and its folder"


@pytest.mark.parametrize("name", ["STEWARD_TOKEN", "STEWARD_CATALOG", "STEWARD_BACKEND"])
def test_no_variable_holds_bytes_that_are_no_text(steward: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, os.fsdecode(b"a\xffb"))
    ran = steward("status")
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err.startswith(f"steward: {name} is not UTF-8 text: a\\xffb\n")


@pytest.mark.parametrize("form", ["table", "csv", "json", "parquet"])
def test_a_reader_that_goes_away_is_no_error(command: list[str], form: str) -> None:
    sql = [*command, "sql", "-q", "--format", form, "--limit", "100000", "SELECT * FROM quality_metrics"]
    with subprocess.Popen(sql, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout and running.stderr
        assert running.stdout.read(1)
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a Linux device")
def test_a_full_disk_is_told_calmly(command: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*command, "sql", "SELECT 1"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupt_ends_at_130_and_leaves_no_worker(command: list[str]) -> None:
    lines = b'{"sql": "SELECT 1"}\n'

    def heed_interrupts() -> None:
        """A test run in the background of a shell ignores them, and so would its children."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*command, "sql", "--batch", "-"], cwd=ROOT, preexec_fn=heed_interrupts, **pipes) as running:
        assert running.stdin and running.stdout and running.stderr
        running.stdin.write(lines)
        running.stdin.flush()
        assert running.stdout.readline()
        running.send_signal(signal.SIGINT)
        assert running.stderr.read().strip() == b"Stopped."
        assert running.stdout.read() == b""
    assert running.returncode == 130


def test_a_terminal_gets_no_parquet(command: list[str]) -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run([*command, "sql", "--format", "parquet", "SELECT 1"], cwd=ROOT, stdout=theirs, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(theirs)
        os.close(ours)
    assert done.returncode == 2
    assert b"Parquet is not for a terminal" in done.stderr
