"""Makes untrusted text harmless on a terminal."""

import re
import unicodedata

from catalog.unseen import UNSEEN

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x1b\\|\x07|$)|.)|\x9b[0-?]*[ -/]*[@-~]", re.S)
_UNSEEN = re.compile(f"[{UNSEEN}]+")
_BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")


def safe(text: str) -> str:
    """Text without escape sequences (ECMA-48), control and unseen characters and bidirectional overrides; line breaks become spaces."""
    plain = _BREAKS.sub(" ", _UNSEEN.sub("", _ESCAPES.sub("", text)))
    return "".join(c for c in plain if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
