"""The questions that ``steward ask --continue`` goes on from: the last one or two of an asker that were answered, and nothing else.

They lie in the asker's private folder of the catalog, so that what revokes or erases them takes these too; those of the anonymous principal,
who may be anybody, in the state folder of whoever uses this computer. Beside an encrypted catalog none are kept.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from catalog.access.policy import ANONYMOUS, Principal
from catalog.engine.snapshot import directory
from catalog.storage.encryption import is_active
from nl2sql.conversation import REMEMBERED

FILE = "thread.json"
LONGEST = 20_000
"""Bytes of the file; two questions are less."""


def before(home: Path, principal: Principal) -> tuple[str, ...]:
    """The questions to go on from, oldest first; none where none was answered, or what is kept is damaged."""
    path = _path(home, principal)
    with suppress(OSError, ValueError, RecursionError):
        if path is not None:
            with path.open("rb") as file:
                found = json.loads(file.read(LONGEST).decode("utf-8"))
            if isinstance(found, list) and all(isinstance(question, str) for question in found):
                return tuple(found[-REMEMBERED:])
    return ()


def remember(home: Path, principal: Principal, questions: tuple[str, ...]) -> None:
    """Keep the last of these questions, readable by their asker alone; a question is answered whether or not it can be remembered."""
    path = _path(home, principal)
    if path is None:
        return
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(questions[-REMEMBERED:], file)
        draft.replace(path)


def forget(home: Path) -> None:
    """Remove what the anonymous principal asked of a catalog."""
    path = _path(home, ANONYMOUS)
    if path is not None:
        path.unlink(missing_ok=True)


def _path(home: Path, principal: Principal) -> Path | None:
    if is_active(home):
        return None
    if principal.name != ANONYMOUS.name:
        return directory(home, principal) / FILE
    from platformdirs import user_state_path

    return user_state_path("steward") / f"thread-{hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]}.json"
