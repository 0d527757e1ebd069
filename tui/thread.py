"""What ``steward ask --continue`` goes on from: the last few questions of an asker that were answered and the names that short answers showed, nothing else."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from catalog.access.policy import ANONYMOUS, Principal
from nl2sql.readings.conversation import REMEMBERED, Earlier
from tui import private

NAME = "thread"
KEPT = TypeAdapter(list[Earlier])
LONGEST = 100_000
"""Bytes of the file; four questions with their names are less, whatever their letters."""


def before(home: Path, principal: Principal) -> tuple[Earlier, ...]:
    """The turns to go on from, oldest first; none where none was answered, or what is kept is damaged."""
    found = private.kept(home, principal, NAME, LONGEST)
    try:
        return tuple(KEPT.validate_python(found)[-REMEMBERED:])
    except ValidationError:
        return ()


def remember(home: Path, principal: Principal, turns: tuple[Earlier, ...]) -> None:
    """Keep the last of these turns."""
    private.keep(home, principal, NAME, KEPT.dump_python(list(turns[-REMEMBERED:])))


def forget(home: Path) -> None:
    """Remove what the anonymous principal asked of a catalog."""
    path = private.path_of(home, ANONYMOUS, NAME)
    if path is not None:
        path.unlink(missing_ok=True)
