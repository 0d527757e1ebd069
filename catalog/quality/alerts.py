"""The life of alerts: open, acknowledged, resolved, who did what and when; kept in the catalog's state, shown in every generation.

An alert is about one test of one dataset. It opens when the test fails, resolves when it passes again, and opens anew, as another
episode, when it fails once more. What a person resolved stays so until the test has passed. Knows no policy and no sink.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from catalog.audit.records import ERASED
from catalog.errors import CatalogUnavailable, UsageError
from catalog.storage.rows import stage
from catalog.storage.sqlite_file import SqliteFile

if TYPE_CHECKING:
    import duckdb

SCHEMA = """
CREATE TABLE IF NOT EXISTS alert (
    test TEXT NOT NULL, episode INTEGER NOT NULL, node TEXT NOT NULL, check_id TEXT NOT NULL, failing INTEGER NOT NULL,
    opened TEXT NOT NULL, acked TEXT, acked_by TEXT, resolved TEXT, resolved_by TEXT, assignee TEXT, PRIMARY KEY (test, episode));
CREATE TABLE IF NOT EXISTS alert_event (
    seq INTEGER PRIMARY KEY, node TEXT NOT NULL, check_id TEXT NOT NULL, what TEXT NOT NULL, at TEXT NOT NULL, who TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS alert_delivery (sink TEXT PRIMARY KEY, seq INTEGER NOT NULL);
"""
TABLES = ("alert", "alert_event", "alert_delivery")
WATCH = "watch"
"""Who opens alerts, and resolves those whose test passes again."""
KEPT = timedelta(days=400)
"""How long an episode is kept after it was resolved, and an event after it was."""
MOST_OF_NODE = 1000
"""Tests of one node that may have an alert at once: a node that fails everything hides nobody else's."""
MOST_KEPT = 20_000
"""Events, and resolved episodes, of one node that are kept: its newest."""

What = Literal["opened", "reopened", "acknowledged", "resolved"]


@dataclass(frozen=True, slots=True)
class Failing:
    """A test whose newest run failed: its lasting name, and the row of ``quality_checks`` that says so."""

    test: str
    node: str
    check_id: str
    opened: datetime


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that a test failed, from its opening to its end; times are UTC without a zone."""

    test: str
    episode: int
    node: str
    check_id: str
    failing: bool
    """The test failed when last looked at."""
    opened: datetime
    acked: datetime | None
    acked_by: str | None
    resolved: datetime | None
    resolved_by: str | None
    assignee: str | None

    @property
    def status(self) -> str:
        """``open``, ``acknowledged`` or ``resolved``."""
        return "resolved" if self.resolved else "acknowledged" if self.acked else "open"


@dataclass(frozen=True, slots=True)
class Event:
    """What became of an alert; ``seq`` counts them."""

    seq: int
    node: str
    check_id: str
    what: str
    at: datetime
    who: str

    @property
    def identity(self) -> str:
        """What receivers know a repetition by. Not ``seq``: its gaps would count what they may not see."""
        return hashlib.sha256(f"{self.node}\0{self.check_id}\0{self.what}\0{self.at.isoformat()}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def alert_id(node: str, check_id: str) -> str:
    """What people call an alert: 16 characters of a hash, the same for the same row; fewer would let a node forge another's."""
    return hashlib.sha256(f"{node}\0{check_id}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Alerts:
    """The alerts of one catalog folder; threads and processes may share it. Every method raises CatalogUnavailable when the file cannot be used."""

    def __init__(self, home: Path) -> None:
        self._file = SqliteFile(home / "state.sqlite", SCHEMA, TABLES)

    def all(self) -> list[Episode]:
        """Every episode that is kept, oldest first."""
        with self._file.connection() as connection:
            return _read(connection)

    def newest(self) -> int:
        """The number of the last event; 0 when there is none."""
        with self._file.connection() as connection:
            return int(connection.execute("SELECT coalesce(max(seq), 0) FROM alert_event").fetchone()[0])

    def settle(self, failing: Iterable[Failing], rows: Mapping[tuple[str, str], object], now: datetime) -> int:
        """Open what fails, resolve what no longer does, at this moment; returns how many alerts changed.

        ``rows`` are the keys, node and check_id, of the checks there are: an alert whose row is gone moves to the newest failing one.
        """
        with self._file.transaction() as connection:
            last = {episode.test: episode for episode in _read(connection)}
            found = {each.test: each for each in failing}
            changed = 0
            for test, each in found.items():
                episode = last.get(test)
                if episode is None or (episode.resolved and not episode.failing):
                    number = episode.episode + 1 if episode else 1
                    connection.execute(
                        "INSERT INTO alert (test, episode, node, check_id, failing, opened) VALUES (?, ?, ?, ?, 1, ?)",
                        [test, number, each.node, each.check_id, each.opened.isoformat()],
                    )
                    _tell(connection, each.node, each.check_id, "opened" if number == 1 else "reopened", now, WATCH)
                    changed += 1
                elif (episode.node, episode.check_id) not in rows:
                    connection.execute("UPDATE alert SET check_id = ?, failing = 1 WHERE test = ? AND episode = ?", [each.check_id, test, episode.episode])
                    connection.execute("UPDATE alert_event SET check_id = ? WHERE node = ? AND check_id = ?", [each.check_id, each.node, episode.check_id])
                    changed += 1
            for test, episode in last.items():
                if test in found or not episode.failing:
                    continue
                connection.execute("UPDATE alert SET failing = 0 WHERE test = ? AND episode = ?", [test, episode.episode])
                if episode.resolved is None:
                    _resolve(connection, episode, now, WATCH)
                    changed += 1
            self._forget(connection, now)
        return changed

    def would_change(self, failing: Iterable[Failing], rows: Mapping[tuple[str, str], object]) -> bool:
        """Whether `settle` would open, move or resolve anything."""
        last = {episode.test: episode for episode in self.all()}
        found = {each.test: each for each in failing}
        gone = any(episode.failing and test not in found for test, episode in last.items())
        return gone or any(
            episode is None or (episode.resolved and not episode.failing) or (episode.node, episode.check_id) not in rows
            for episode in (last.get(test) for test in found)
        )

    def acknowledge(self, row: Episode, who: str, now: datetime, assignee: str | None = None) -> Episode:
        """Say that somebody is on it: the one who says so, or ``assignee``. Raises UsageError for an alert that is resolved."""
        with self._file.transaction() as connection:
            episode = self._of(connection, row)
            if episode.resolved:
                raise UsageError("This alert is resolved.", "It opens anew when its test fails again.")
            connection.execute(
                "UPDATE alert SET acked = coalesce(acked, ?), acked_by = coalesce(acked_by, ?), assignee = ? WHERE test = ? AND episode = ?",
                [now.isoformat(), who, assignee or episode.assignee or who, episode.test, episode.episode],
            )
            _tell(connection, episode.node, episode.check_id, "acknowledged", now, who)
            return self._of(connection, row)

    def resolve(self, row: Episode, who: str, now: datetime) -> Episode:
        """End an alert; it opens anew once its test has passed and fails again. Raises UsageError for one that is resolved."""
        with self._file.transaction() as connection:
            episode = self._of(connection, row)
            if episode.resolved:
                raise UsageError("This alert is resolved already.")
            _resolve(connection, episode, now, who)
            return self._of(connection, row)

    def _of(self, connection: sqlite3.Connection, row: Episode) -> Episode:
        """The newest episode shown by a row; a row whose publisher raised the alert is taken over as it stands."""
        own = [e for e in _read(connection) if (e.node, e.check_id) == (row.node, row.check_id)]
        if own:
            return own[-1]
        moments = [moment and moment.isoformat() for moment in (row.opened, row.acked, row.resolved)]
        connection.execute(
            "INSERT INTO alert (test, episode, node, check_id, failing, opened, acked, resolved, assignee) VALUES (?, 1, ?, ?, 0, ?, ?, ?, ?)",
            [row.test, row.node, row.check_id, *moments, row.assignee],
        )
        return row

    def erase(self, person: str) -> int:
        """Forget who acknowledged, resolved or was assigned, and said so; alerts stay as they are. Returns how many rows named them."""
        places = {"alert": ("acked_by", "resolved_by", "assignee"), "alert_event": ("who",)}
        with self._file.transaction() as connection:
            count = sum(
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", [ERASED, person]).rowcount
                for table, columns in places.items()
                for column in columns
            )
        self._file.empty_journal()
        return count

    def undelivered(self, sink: str, until: int | None = None) -> list[Event]:
        """Events that a sink has not got yet, up to a number, oldest first."""
        with self._file.connection() as connection:
            rows = connection.execute(
                "SELECT seq, node, check_id, what, at, who FROM alert_event "
                "WHERE seq > coalesce((SELECT seq FROM alert_delivery WHERE sink = ?), 0) AND seq <= coalesce(?, seq) ORDER BY seq",
                [sink, until],
            ).fetchall()
        return [Event(seq, node, check_id, what, _moment(at), who) for seq, node, check_id, what, at, who in rows]

    def delivered(self, sink: str, seq: int) -> None:
        """Note that a sink has got everything up to an event."""
        with self._file.transaction() as connection:
            connection.execute("INSERT INTO alert_delivery VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET seq = max(seq, excluded.seq)", [sink, seq])

    @staticmethod
    def _forget(connection: sqlite3.Connection, now: datetime) -> None:
        """Drop what is long over; the newest event stays, so that numbers are never given twice."""
        before = (now - KEPT).isoformat()
        connection.execute("DELETE FROM alert WHERE resolved < ? AND failing = 0", [before])
        connection.execute("DELETE FROM alert_event WHERE at < ? AND seq < (SELECT max(seq) FROM alert_event)", [before])
        ranked = "SELECT rowid AS id, row_number() OVER (PARTITION BY node ORDER BY rowid DESC) AS n FROM"
        connection.execute(f"DELETE FROM alert_event WHERE rowid IN (SELECT id FROM ({ranked} alert_event) WHERE n > {MOST_KEPT})")
        over = "resolved IS NOT NULL AND failing = 0"
        connection.execute(f"DELETE FROM alert WHERE rowid IN (SELECT id FROM ({ranked} alert WHERE {over}) WHERE n > {MOST_KEPT})")


def _resolve(connection: sqlite3.Connection, episode: Episode, now: datetime, who: str) -> None:
    end = max(now, episode.opened)  # nothing ends before it began, whatever a clock or a document says
    connection.execute("UPDATE alert SET resolved = ?, resolved_by = ? WHERE test = ? AND episode = ?", [end.isoformat(), who, episode.test, episode.episode])
    _tell(connection, episode.node, episode.check_id, "resolved", now, who)


def _tell(connection: sqlite3.Connection, node: str, check_id: str, what: What, now: datetime, who: str) -> None:
    connection.execute("INSERT INTO alert_event (node, check_id, what, at, who) VALUES (?, ?, ?, ?, ?)", [node, check_id, what, now.isoformat(), who])


def _read(connection: sqlite3.Connection) -> list[Episode]:
    rows = connection.execute(
        "SELECT test, episode, node, check_id, failing, opened, acked, acked_by, resolved, resolved_by, assignee FROM alert ORDER BY test, episode"
    ).fetchall()
    return [
        Episode(test, number, node, check, bool(failing), _moment(opened), acked and _moment(acked), acker, resolved and _moment(resolved), resolver, who)
        for test, number, node, check, failing, opened, acked, acker, resolved, resolver, who in rows
    ]


def _moment(written: str) -> datetime:
    try:
        return datetime.fromisoformat(written)
    except (TypeError, ValueError):
        raise CatalogUnavailable("An alert's record is damaged.", "Restore state.sqlite from a backup.") from None


SHOWN = {
    "node": "VARCHAR", "check_id": "VARCHAR", "alert_status": "VARCHAR", "assignee": "VARCHAR", "opened": "TIMESTAMP", "acked": "TIMESTAMP",
    "resolved": "TIMESTAMP",
}  # fmt: skip


def reflect(connection: "duckdb.DuckDBPyConnection", home: Path) -> None:
    """Show the alerts in the checks of a generation that is being written, whatever wrote it."""
    if not (home / "state.sqlite").exists():
        return
    newest = {(e.node, e.check_id): e for e in sorted(Alerts(home).all(), key=lambda e: e.opened)}
    if not newest:
        return
    declared = ", ".join(f'"{name}" {type_}' for name, type_ in SHOWN.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE shown ({declared})")
    stage(connection, "shown", SHOWN, ([e.node, e.check_id, e.status, e.assignee, e.opened, e.acked, e.resolved] for e in newest.values()))
    changes = ", ".join(f'"{name}" = shown."{name}"' for name in SHOWN if name not in ("node", "check_id"))
    connection.execute(f"UPDATE quality_check SET {changes} FROM shown WHERE quality_check.node = shown.node AND quality_check.check_id = shown.check_id")
    connection.execute("DROP TABLE shown")


def is_shown(episodes: Iterable[Episode], rows: Mapping[tuple[str, str], tuple[str | None, str | None]]) -> bool:
    """Whether the checks, as alert status and assignee by node and check_id, show the alerts as they are."""
    newest = {(e.node, e.check_id): (e.status, e.assignee) for e in sorted(episodes, key=lambda e: e.opened)}
    return all(key not in rows or rows[key] == shown for key, shown in newest.items())
