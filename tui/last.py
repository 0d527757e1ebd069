"""The last answer of an asker, for ``steward feedback`` and ``steward verified add --last``: question, SQL, clock and action, nothing that was found.

It lies beside the questions of ``steward ask --continue`` (``thread``) and under the same terms: in the asker's private folder, gone with what
revokes or erases them, the anonymous principal's own elsewhere, and none beside an encrypted catalog.
"""

import hashlib
import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from catalog.access.policy import ANONYMOUS, Principal
from catalog.engine.snapshot import directory
from catalog.errors import UsageError
from catalog.storage.encryption import is_active
from nl2sql.feedback import Told
from nl2sql.session import Session
from nl2sql.turn import Answered, Drafted, Outcome

FILE = "last.json"
LONGEST = 200_000
"""Bytes of the file; the longest SQL there is makes a tenth of it."""


def remember(session: Session, outcome: Outcome) -> None:
    """Keep what was answered, readable by its asker alone; it is answered whether or not it can be kept."""
    path = _path(session.home, session.principal)
    if path is None or not isinstance(outcome, Answered | Drafted):
        return
    kept = {"question": outcome.question, "sql": outcome.sql, "clock": session.now.isoformat(), "seq": outcome.statement.seq if outcome.statement else None}
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", errors="replace") as file:
            json.dump(kept, file)
        draft.replace(path)


def last(home: Path, principal: Principal) -> Told:
    """What was answered last. Raises `UsageError` where nothing is kept."""
    path = _path(home, principal)
    with suppress(OSError, ValueError, LookupError, TypeError):
        if path is not None:
            with path.open("rb") as file:
                found = json.loads(file.read(LONGEST).decode("utf-8"))
            if all(isinstance(found[key], str) for key in ("question", "sql", "clock")) and isinstance(found["seq"], int | None):
                return Told(found["question"], found["sql"], datetime.fromisoformat(found["clock"]), found["seq"])
    raise UsageError("There is no last answer of yours.", "Ask first, or name one: --receipt FILE or --id ACTION; beside an encrypted catalog none is kept.")


def _path(home: Path, principal: Principal) -> Path | None:
    if is_active(home):
        return None
    if principal.name != ANONYMOUS.name:
        return directory(home, principal) / FILE
    from platformdirs import user_state_path

    return user_state_path("steward") / f"last-{hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]}.json"
