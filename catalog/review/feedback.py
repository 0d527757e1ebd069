"""Feedback: what somebody says of an answer, kept in a queue until a reviewer makes a proposal of it or dismisses it.

Nothing else reads it. Knows no SQL and no policy.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from catalog.errors import UsageError
from catalog.review.texts import FEEDBACK, damaged, open_file, read, written
from catalog.storage.state import utc

Verdict = Literal["good", "bad"]
State = Literal["open", "promoted", "dismissed"]
STATES: tuple[State, ...] = ("open", "promoted", "dismissed")
MOST_OPEN = 200
"""Entries of one person that may wait for review."""
LONGEST_NOTE = 2000
"""Characters; people do not need more, attacks do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said of an answer: ``seq`` is its action in the audit log, ``corrected`` the SQL that should have run; each may be empty.

    ``names`` are those of the author's catalog that stand in it.
    """

    question: str
    sql: str
    clock: str
    seq: int | None
    corrected: str
    note: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """An entry of the queue; times are UTC."""

    number: int
    status: State
    verdict: Verdict
    author: str
    given: datetime
    closed_by: str | None
    closed: datetime | None
    said: Said


class FeedbackQueue:
    """The queue of one catalog folder; threads and processes may share it. Every method raises `CatalogUnavailable` when the file cannot be used."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._file = open_file(home)

    def give(self, verdict: Verdict, said: Said, author: str, now: datetime | None = None) -> Feedback:
        """Put an entry into the queue. Raises `UsageError` for a note too long, and where too many of the author's wait."""
        if len(said.note) > LONGEST_NOTE:
            raise UsageError(f"The note is longer than {LONGEST_NOTE:,} characters.", "Say it in a few sentences.")
        with self._file.transaction() as connection:
            waiting = connection.execute("SELECT count(*) FROM feedback WHERE status = 'open' AND author = ?", [author]).fetchone()[0]
            if waiting >= MOST_OPEN:
                raise UsageError(f"{waiting} entries of yours wait for review.", "Wait for a reviewer to go through them.")
            sql = "INSERT INTO feedback (status, verdict, author, given, body) VALUES ('open', ?, ?, ?, '')"
            number = connection.execute(sql, [verdict, author, utc(now).isoformat()]).lastrowid
            assert number is not None
            content = {name: getattr(said, name) for name in Said.__slots__}
            connection.execute("UPDATE feedback SET body = ? WHERE number = ?", [written(self.home, FEEDBACK, number, content), number])
            return self._one(connection, number)

    def all(self) -> list[Feedback]:
        """Every entry, the oldest first."""
        with self._file.reading() as connection:
            return list(self._rows(connection, "TRUE"))

    def one(self, number: int) -> Feedback:
        """The entry of that number. Raises `UsageError` where there is none."""
        with self._file.reading() as connection:
            return self._one(connection, number)

    def close(self, number: int, status: State, who: str, now: datetime | None = None) -> Feedback:
        """Say what became of an open entry. Raises `UsageError` for any other."""
        with self._file.transaction() as connection:
            entry = self._one(connection, number)
            if entry.status != "open":
                raise UsageError(f"Feedback {number} is {entry.status} already.")
            connection.execute("UPDATE feedback SET status = ?, closed_by = ?, closed = ? WHERE number = ?", [status, who, utc(now).isoformat(), number])
            return self._one(connection, number)

    def erase(self, person: str) -> int:
        """Forget what a person said, and who closed what others said; returns how many entries went."""
        with self._file.transaction() as connection:
            gone = connection.execute("DELETE FROM feedback WHERE author = ?", [person]).rowcount
            connection.execute("UPDATE feedback SET closed_by = 'erased' WHERE closed_by = ?", [person])
        self._file.empty_journal()
        return gone

    def _one(self, connection: sqlite3.Connection, number: int) -> Feedback:
        found = list(self._rows(connection, "number = ?", number)) if 0 < number < 2**62 else []
        if not found:
            raise UsageError(f"There is no feedback {number}.", "steward feedback list names what you may see.")
        return found[0]

    def _rows(self, connection: sqlite3.Connection, where: str, *values: Any) -> Iterator[Feedback]:
        sql = f"SELECT number, status, verdict, author, given, closed_by, closed, body FROM feedback WHERE {where} ORDER BY number"
        for number, status, verdict, author, given, closed_by, closed, body in connection.execute(sql, values).fetchall():
            content = read(self.home, FEEDBACK, number, body)
            try:
                said = Said(**{**content, "names": tuple(content.get("names", ()))})
                moments = [None if text is None else utc(datetime.fromisoformat(text)) for text in (given, closed)]
            except (TypeError, ValueError, OverflowError):
                moments = []
            if not moments or moments[0] is None or status not in STATES or verdict not in ("good", "bad"):
                raise damaged(FEEDBACK, number)
            yield Feedback(
                number=number, status=status, verdict=verdict, author=author, given=moments[0], closed_by=closed_by, closed=moments[1], said=said
            )


def erase_person(home: Path, person: str) -> int:
    """Forget a person in verified queries and feedback; returns how many rows that touched. No file is made where there is none."""
    from catalog.review.texts import STATE
    from catalog.review.verified import VerifiedQueries

    if not (home / STATE).exists():
        return 0
    return FeedbackQueue(home).erase(person) + VerifiedQueries(home).erase(person)
