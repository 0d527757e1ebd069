"""Small JSON files that a person's next command reads: in the asker's private folder of the catalog, so that what revokes or erases them takes these too.

Those of the anonymous principal, who may be anybody, lie in the state folder of whoever uses this computer. Beside an encrypted catalog none are kept.
"""

import hashlib
import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from catalog.access.policy import ANONYMOUS, Principal
from catalog.engine.folders import directory
from catalog.opening import regular
from catalog.storage.encryption import is_active


def path_of(home: Path, principal: Principal, name: str) -> Path | None:
    """Where the file ``name.json`` lies; None where nothing is kept."""
    if is_active(home):
        return None
    if principal.name != ANONYMOUS.name:
        return directory(home, principal) / f"{name}.json"
    from platformdirs import user_state_path

    return user_state_path("steward") / f"{name}-{hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]}.json"


def keep(home: Path, principal: Principal, name: str, value: Any) -> None:
    """Replace the file in one move, readable by its asker alone; what the command is for goes on whether or not it can be kept."""
    path = path_of(home, principal, name)
    if path is None:
        return
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(path, json.dumps(value))


def replace(path: Path, text: str) -> None:
    """Let a file hold this text, in one move and for its owner alone, and write through no link. Raises OSError."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", errors="replace", dir=path.parent, prefix=f".{path.stem}-", delete=False) as draft:  # mode 0600, a new file
        try:
            draft.write(text)
            draft.close()
            Path(draft.name).replace(path)
        except OSError:
            Path(draft.name).unlink(missing_ok=True)
            raise


def kept(home: Path, principal: Principal, name: str, longest: int) -> Any:
    """What the file holds, of at most ``longest`` bytes; None where there is none, or one that is no JSON."""
    path = path_of(home, principal, name)
    with suppress(OSError, ValueError, RecursionError):
        if path is not None:
            with open(path, "rb", opener=regular) as file:
                return json.loads(file.read(longest).decode("utf-8"))
    return None
