"""A first-time user in a real terminal, from clone to insight to file: ``python -m tests.tui.chat.first`` prints the seconds of each step.

Types what the README says, in a shell, into a scratch folder of its own with a home of its own; installing takes what the package registry and
its cache take. Nobody reads or thinks here, so that people add their own time. No test depends on these figures.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.tui.chat.terminal import PATIENCE_S, Terminal

ROOT = Path(__file__).parents[3]
QUESTION = "which datasets contain personal data stored outside the EU?"
NEXT = "how many per country"
ESC, CTRL_Q, CTRL_S, TAB, F4 = "\x1b", "\x11", "\x13", "\t", "\x1bOS"


def main() -> None:
    """Go from clone to file and print the timeline; the folder to clone may be named."""
    source = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else ROOT
    cache = {name: os.environ[name] for name in ("PIP_CACHE_DIR", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "PYTHON") if name in os.environ}
    with TemporaryDirectory(prefix="steward-first-") as folder:
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "PS1": "step\\#> ", **cache}
        terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], environment, (110, 34))
        try:
            terminal.until("step1>")
            _walk(terminal, source, Path(folder))
        finally:
            terminal.kill()


def _walk(terminal: Terminal, source: Path, folder: Path) -> None:
    began = perf_counter()

    def step(what: str, keys: str, *words: str, then: Callable[[], object] | None = None) -> None:
        started = perf_counter()
        terminal.type(keys)
        terminal.until(*words)
        if then:
            then()
        now = perf_counter()
        print(f"{now - started:8.1f} s {now - began:8.1f} s   {what}", flush=True)

    print("    step      since the start")
    step("git clone", f"cd {folder} && git clone --quiet {source} steward && cd steward\r", "step2>")
    step("make ask: environment, demo catalog, the first answer", f'clear; make ask Q="{QUESTION}"\r', "allowed for anonymous", "step3>")
    step("the same question again", f'clear; make ask Q="{QUESTION}"\r', "allowed for anonymous", "step4>")
    step("steward alone says how to begin", "clear; . .venv/bin/activate; steward\r", "To begin:", "step5>")
    step("steward chat --demo, to its tour", "clear; steward chat --demo\r", "1 of 5")
    step("the tour closed, the prompt there", ESC, "Try one of these", then=lambda: terminal.until_gone("1 of 5"))
    step("the question asked there, to its rows", f"{QUESTION}\r", then=lambda: _answered(terminal, QUESTION))
    step("a follow-up, to its rows", f"{NEXT}\r", then=lambda: _answered(terminal, NEXT))
    step("into the rows", TAB, "Whole cell")
    step("why it may be seen", str(_place_of_why(terminal.text)), "verdict", "policy")
    step("its rows in a file", CTRL_S, "Save the answer", then=lambda: (terminal.type("\r"), terminal.until("Saved ")))
    step("lineage of C4", F4, "Nothing is shown yet", then=lambda: (terminal.type("C4\r"), terminal.until("C4 (dataset)", "flows into")))
    step("left", CTRL_Q, "step6>")
    assert (folder / "steward" / "answer.csv").read_bytes().startswith(b"country,")


def _answered(terminal: Terminal, question: str) -> None:
    """Read until the answer to a question stands below it, down to its receipt."""
    end = perf_counter() + PATIENCE_S
    while f"› {question}" not in terminal.text or "receipt:" not in terminal.text.rpartition(f"› {question}")[2]:
        assert terminal.read() and perf_counter() < end, terminal.text


def _place_of_why(screen: str) -> int:
    """Which tab of the last answer says why, from the left; the first are rows and SQL."""
    tabs = next(line.split() for line in reversed(screen.splitlines()) if " SQL " in line and " why" in line)
    return 2 + tabs.index("why") - tabs.index("SQL")


if __name__ == "__main__":
    main()
