"""What a turn is doing just now, on one line of standard error that is gone before anything else is written. Only people on a terminal see it."""

import os
import sys
from itertools import accumulate, takewhile

from tui.safe import safe

NEXT = {"": "reading the question", "context": "drafting SQL", "draft": "checking it against the policy", "guard": "running it", "mend": "checking it again", "vote": "checking it"}
"""What comes after a stage."""
DRAFT = "draft, not checked: "
USUAL_WIDTH = 80
"""Cells of a line where the terminal does not say."""
LINE, CLEAR = "\r\x1b[K… {}", "\r\x1b[K"


def is_wanted() -> bool:
    """Whether standard error is a terminal that can take a line back."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def tell(stage: str = "") -> None:
    """Say what comes after a stage that has ended; without one, what comes first."""
    if stage in NEXT and is_wanted():
        sys.stderr.write(LINE.format(NEXT[stage]))
        sys.stderr.flush()


def draft(text: str) -> None:
    """Show the end of what a model has written, marked as a draft: as much of it as one line holds."""
    if is_wanted():
        room = (os.get_terminal_size(sys.stderr.fileno()).columns or USUAL_WIDTH) - len(LINE.format(DRAFT).removeprefix(CLEAR)) - 1
        if room > 1:
            sys.stderr.write(LINE.format(DRAFT + _end(safe(text), room)))
            sys.stderr.flush()


def _end(text: str, room: int) -> str:
    """The end of a text, in so many cells."""
    from rich.cells import cell_len  # loaded only where a model writes for much longer

    if cell_len(text) <= room:
        return text
    kept = sum(1 for _ in takewhile(lambda cells: cells < room, accumulate(map(cell_len, reversed(text)))))
    return f"…{text[len(text) - kept :]}"


def hush() -> None:
    """Take the line back."""
    if is_wanted():
        sys.stderr.write(CLEAR)
        sys.stderr.flush()
