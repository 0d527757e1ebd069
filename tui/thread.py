"""The questions that ``steward ask --continue`` goes on from: the last few of an asker that were answered, and nothing else."""

from pathlib import Path

from catalog.access.policy import ANONYMOUS, Principal
from nl2sql.readings.conversation import REMEMBERED
from tui import private

NAME = "thread"
LONGEST = 100_000
"""Bytes of the file; three questions are less, whatever their letters."""


def before(home: Path, principal: Principal) -> tuple[str, ...]:
    """The questions to go on from, oldest first; none where none was answered, or what is kept is damaged."""
    found = private.kept(home, principal, NAME, LONGEST)
    if isinstance(found, list) and all(isinstance(question, str) for question in found):
        return tuple(found[-REMEMBERED:])
    return ()


def remember(home: Path, principal: Principal, questions: tuple[str, ...]) -> None:
    """Keep the last of these questions."""
    private.keep(home, principal, NAME, questions[-REMEMBERED:])


def forget(home: Path) -> None:
    """Remove what the anonymous principal asked of a catalog."""
    path = private.path_of(home, ANONYMOUS, NAME)
    if path is not None:
        path.unlink(missing_ok=True)
