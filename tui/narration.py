"""What a turn is doing just now, on one line of standard error that is gone before anything else is written. Only people on a terminal see it."""

import os
import sys

NEXT = {"": "reading the question", "context": "drafting SQL", "draft": "checking it against the policy", "guard": "running it", "mend": "checking it again", "vote": "checking it"}
"""What comes after a stage."""
LINE, CLEAR = "\r\x1b[K… {}", "\r\x1b[K"


def is_wanted() -> bool:
    """Whether standard error is a terminal that can take a line back."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def tell(stage: str = "") -> None:
    """Say what comes after a stage that has ended; without one, what comes first."""
    if stage in NEXT and is_wanted():
        sys.stderr.write(LINE.format(NEXT[stage]))
        sys.stderr.flush()


def hush() -> None:
    """Take the line back."""
    if is_wanted():
        sys.stderr.write(CLEAR)
        sys.stderr.flush()
