"""Names that no principal may bear: audit log, alerts and merges show them where nobody in particular acted."""

import re
import unicodedata

from catalog.errors import UsageError
from catalog.unseen import UNSEEN

RESERVED = {
    "anonymous": "stands for askers without a token",
    "erased": "stands for those whom the audit log forgot",
    "operator": "stands for whoever acts on the catalog's files",
    "watch": "stands for what opens and resolves alerts by itself",
}
"""Each with the reason."""


def reserved(name: str) -> str:
    """Why nobody may be called so, empty where they may: a reserved name however it is written, with characters that nobody sees in it too."""
    seen = "".join(c for c in re.sub(f"[{UNSEEN}]", "", name) if unicodedata.category(c) not in ("Cc", "Cf"))
    return RESERVED.get(unicodedata.normalize("NFKC", seen).casefold().strip(), "")


def require_free(name: str) -> None:
    """Raise UsageError for a reserved name."""
    if why := reserved(name):
        raise UsageError(f"Nobody can be called {name!r}: the name {why}.")
