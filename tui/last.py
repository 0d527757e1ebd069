"""The last answer of an asker, for ``steward feedback`` and ``steward verified add --last``: question, SQL, clock and action, nothing that was found."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from catalog.access.policy import Principal
from catalog.errors import UsageError
from nl2sql.feedback import Told
from nl2sql.session import Session
from nl2sql.turn import Answered, Drafted, Outcome
from tui import private

NAME = "last"
LONGEST = 200_000
"""Bytes of the file; the longest SQL there is makes a tenth of it."""


def remember(session: Session, outcome: Outcome) -> None:
    """Keep what was answered."""
    if isinstance(outcome, Answered | Drafted):
        seq = outcome.statement.seq if outcome.statement else None
        kept = {"question": outcome.question, "sql": outcome.sql, "clock": session.now.isoformat(), "seq": seq}
        private.keep(session.home, session.principal, NAME, kept)


def last(home: Path, principal: Principal) -> Told:
    """What was answered last. Raises `UsageError` where nothing is kept."""
    with suppress(ValueError, LookupError, TypeError):
        found = private.kept(home, principal, NAME, LONGEST)
        if all(isinstance(found[key], str) for key in ("question", "sql", "clock")) and isinstance(found["seq"], int | None):
            return Told(found["question"], found["sql"], datetime.fromisoformat(found["clock"]), found["seq"])
    raise UsageError("There is no last answer of yours.", "Ask first, or name one: --receipt FILE or --id ACTION; beside an encrypted catalog none is kept.")
