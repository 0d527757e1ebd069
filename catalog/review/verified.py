"""Verified queries: a question and the SQL that answers it, proposed by anybody and approved or rejected by a reviewer.

A pair never changes after it was proposed, so that what is approved is what was looked at. Whether somebody may approve, and whether
the SQL may run, is decided elsewhere; this keeps what was decided, durably. Knows no SQL and no policy.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from catalog.errors import UsageError
from catalog.review.texts import VERIFIED, damaged, open_file, read, written
from catalog.storage.encryption import is_active
from catalog.storage.state import utc

Status = Literal["proposed", "approved", "rejected"]
STATES: tuple[Status, ...] = ("proposed", "approved", "rejected")
MOST_PROPOSED = 200
"""Pairs of one author that may wait for review."""
ERASED = "erased"
"""Who stands for a person that was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A question with ``{dataset}``-like holes and the SQL with the same holes as literals of their own.

    ``pattern`` is the question as the linker reads it, ``who owns dataset1``; ``slots`` says of each slot in it the hole that it fills,
    ``{dataset}``, or the very words that must stand there. ``names`` are names of the author's catalog that question and SQL hold,
    ``relations`` what the SQL reads, ``samples`` words that holes can hold and that are nobody's names, ``layer`` the version of the
    semantic layer that it was written for.
    """

    question: str
    pattern: str
    slots: dict[str, str]
    sql: str
    parameters: tuple[str, ...]
    names: tuple[str, ...]
    relations: tuple[str, ...]
    samples: dict[str, str]
    layer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedQuery:
    """A pair and what became of it; times are UTC. ``note`` is the reviewer's."""

    number: int
    status: Status
    author: str
    proposed: datetime
    reviewer: str | None
    reviewed: datetime | None
    note: str
    pair: Pair


class VerifiedQueries:
    """The pairs of one catalog folder; threads and processes may share it. Every method raises `CatalogUnavailable` when the file cannot be used."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._file = open_file(home)

    def propose(self, pair: Pair, author: str, now: datetime | None = None) -> VerifiedQuery:
        """Keep a pair for review. Raises `UsageError` for one that waits or was approved already, and where too many of the author's wait."""
        with self._file.transaction() as connection:
            for known in self._rows(connection, "status <> 'rejected'"):
                if (known.pair.pattern, known.pair.slots, known.pair.sql) == (pair.pattern, pair.slots, pair.sql):
                    raise UsageError(f"This is verified query {known.number}, {known.status}.")
            waiting = connection.execute("SELECT count(*) FROM verified_query WHERE status = 'proposed' AND author = ?", [author]).fetchone()[0]
            if waiting >= MOST_PROPOSED:
                raise UsageError(f"{waiting} of your pairs wait for review.", "Wait for a reviewer, or remove some: steward verified remove ID.")
            sql = "INSERT INTO verified_query (status, author, proposed, lookup, body) VALUES ('proposed', ?, ?, ?, '')"
            lookup = None if is_active(self.home) else _hash(pair.pattern)
            number = connection.execute(sql, [author, utc(now).isoformat(), lookup]).lastrowid
            assert number is not None
            self._write(connection, number, pair, "")
            return self._one(connection, number)

    def all(self) -> list[VerifiedQuery]:
        """Every pair, the oldest first."""
        with self._file.reading() as connection:
            return list(self._rows(connection, "TRUE"))

    def approved(self, pattern: str | None = None) -> list[VerifiedQuery]:
        """Approved pairs, the oldest first; with ``pattern``, at most those whose question is read as this."""
        with self._file.reading() as connection:
            if pattern is None:
                return list(self._rows(connection, "status = 'approved'"))
            found = self._rows(connection, "status = 'approved' AND (lookup = ? OR lookup IS NULL)", _hash(pattern))
            return [query for query in found if query.pair.pattern == pattern]

    def one(self, number: int) -> VerifiedQuery:
        """The pair of that number. Raises `UsageError` where there is none."""
        with self._file.reading() as connection:
            return self._one(connection, number)

    def review(self, number: int, approve: bool, reviewer: str, note: str = "", now: datetime | None = None) -> VerifiedQuery:
        """Approve a pair that waits, or reject one that waits or was approved.

        Raises `UsageError` for any other, and for a second approved pair of the same question.
        """
        with self._file.transaction() as connection:
            query = self._one(connection, number)
            if query.status not in (("proposed",) if approve else ("proposed", "approved")):
                raise UsageError(f"Verified query {number} is {query.status} already.", "Propose it anew: steward verified add.")
            if approve:
                for other in self._rows(connection, "status = 'approved'"):
                    if (other.pair.pattern, other.pair.slots) == (query.pair.pattern, query.pair.slots):
                        raise UsageError(f"Verified query {other.number} answers the same question.", f"Reject that one first: steward verified review {other.number} --reject")
            status = "approved" if approve else "rejected"
            values = [status, reviewer, utc(now).isoformat(), number]
            connection.execute("UPDATE verified_query SET status = ?, reviewer = ?, reviewed = ? WHERE number = ?", values)
            self._write(connection, number, query.pair, note)
            return self._one(connection, number)

    def remove(self, number: int) -> None:
        """Remove a pair for good; its number is never given again. Raises `UsageError` where there is none."""
        with self._file.transaction() as connection:
            self._one(connection, number)
            connection.execute("DELETE FROM verified_query WHERE number = ?", [number])
        self._file.empty_journal()

    def erase(self, person: str) -> int:
        """Forget a person: what they proposed and nobody approved goes, elsewhere 'erased' stands for them and their notes are empty.

        Returns how many pairs that touched.
        """
        with self._file.transaction() as connection:
            gone = connection.execute("DELETE FROM verified_query WHERE author = ? AND status <> 'approved'", [person]).rowcount
            touched = list(self._rows(connection, "author = ? OR reviewer = ?", person, person))
            for query in touched:
                if query.reviewer == person:
                    self._write(connection, query.number, query.pair, "")
            connection.execute("UPDATE verified_query SET author = ? WHERE author = ?", [ERASED, person])
            connection.execute("UPDATE verified_query SET reviewer = ? WHERE reviewer = ?", [ERASED, person])
        self._file.empty_journal()
        return gone + len(touched)

    def _one(self, connection: sqlite3.Connection, number: int) -> VerifiedQuery:
        found = list(self._rows(connection, "number = ?", number)) if 0 < number < 2**62 else []
        if not found:
            raise UsageError(f"There is no verified query {number}.", "steward verified list names those that you may see.")
        return found[0]

    def _rows(self, connection: sqlite3.Connection, where: str, *values: Any) -> Iterator[VerifiedQuery]:
        sql = f"SELECT number, status, author, proposed, reviewer, reviewed, body FROM verified_query WHERE {where} ORDER BY number"
        for number, status, author, proposed, reviewer, reviewed, body in connection.execute(sql, values).fetchall():
            content = read(self.home, VERIFIED, number, body)
            try:
                moments = [None if text is None else utc(datetime.fromisoformat(text)) for text in (proposed, reviewed)]
                note = content.pop("note")
                fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
                pair = Pair(**fields)
            except (LookupError, TypeError, ValueError, OverflowError):
                moments = []
            if not moments or moments[0] is None or status not in STATES or not isinstance(note, str):
                raise damaged(VERIFIED, number)
            yield VerifiedQuery(
                number=number, status=status, author=author, proposed=moments[0], reviewer=reviewer, reviewed=moments[1], note=note, pair=pair
            )

    def _write(self, connection: sqlite3.Connection, number: int, pair: Pair, note: str) -> None:
        content = {name: getattr(pair, name) for name in Pair.__slots__} | {"note": note}
        connection.execute("UPDATE verified_query SET body = ? WHERE number = ?", [written(self.home, VERIFIED, number, content), number])


def _hash(pattern: str) -> str:
    return hashlib.sha256(pattern.encode("utf-8", "replace")).hexdigest()
