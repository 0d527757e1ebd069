"""Keys that a person has bound anew: ``keys.toml`` in the user's configuration folder, id to key, as the help lists them."""

import tomllib
from pathlib import Path

from catalog.errors import UsageError


def read_keys(path: Path) -> dict[str, str]:
    """``"ask.save" = "f9"`` as a mapping; empty without a file. Raises `UsageError` for one that is no such table."""
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as bad:
        raise UsageError(f"{path} cannot be read: {bad}.") from bad
    keys = written.get("keys", {})
    if written.keys() - {"keys"} or not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys.values()):
        raise UsageError(f"{path} is not a table [keys] of binding to key.", 'Write lines such as "ask.save" = "f9"; F1 lists the bindings.')
    return keys
