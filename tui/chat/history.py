"""The questions of one person, newest last, in their own private folder, so that what revokes or erases them takes it too.

Kept in memory alone for the anonymous principal, who may be anybody, and beside an encrypted catalog.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from catalog.access.policy import ANONYMOUS, Principal
from catalog.engine.folders import directory
from catalog.opening import regular
from catalog.storage.encryption import is_active
from tui import private

FILE = "questions.jsonl"
MOST_KEPT = 1000
LONGEST = 20_000_000
"""Characters of the file that are read."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, when it was asked (ISO 8601, by the catalog's clock), how it ended, and whether it is starred."""

    at: str
    question: str
    status: str
    starred: bool = False


class History:
    """Questions asked; the same one is listed once, where it was asked last."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.entries: list[Asked] = _read(path) if path else []

    @classmethod
    def of(cls, home: Path, principal: Principal) -> "History":
        """The history of a principal in a catalog."""
        is_kept = principal.name != ANONYMOUS.name and not is_active(home)
        return cls(directory(home, principal) / FILE if is_kept else None)

    def add(self, at: str, question: str, status: str) -> None:
        """Remember a question; a star that it has stays."""
        was = next((entry for entry in self.entries if entry.question == question), None)
        self.entries = [entry for entry in self.entries if entry is not was]
        self.entries.append(Asked(at, question, status, was is not None and was.starred))
        plain = [entry for entry in self.entries if not entry.starred]
        for entry in plain[: max(0, len(self.entries) - MOST_KEPT)]:
            self.entries.remove(entry)
        self._write()

    def star(self, question: str) -> None:
        """Star a question, or take its star away."""
        self.entries = [replace(entry, starred=not entry.starred) if entry.question == question else entry for entry in self.entries]
        self._write()

    def search(self, words: str) -> list[Asked]:
        """Those that hold every word, starred ones first, then the newest."""
        wanted = words.lower().split()
        found = [entry for entry in reversed(self.entries) if all(word in entry.question.lower() for word in wanted)]
        return sorted(found, key=lambda entry: not entry.starred)

    def _write(self) -> None:
        if self._path is None:
            return
        with suppress(OSError):  # a question is answered whether or not it can be remembered
            private.replace(self._path, "".join(json.dumps(asdict(entry)) + "\n" for entry in self.entries))


def _read(path: Path) -> list[Asked]:
    """What was kept; nothing where it is absent or damaged."""
    try:
        with open(path, encoding="utf-8", opener=regular) as file:
            return [Asked(**json.loads(line)) for line in file.read(LONGEST).splitlines()][-MOST_KEPT:]
    except (OSError, ValueError, TypeError, RecursionError):
        return []
