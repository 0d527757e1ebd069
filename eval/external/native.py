"""Runs golds where they were written for: in SQLite, or on the DuckDB file; and builds a SQLite file from a dump.

Golds and dumps are other people's text: SQLite asks an authoriser about every step, nothing is written to a file that is read,
and both end at a deadline. That keeps accidents out; it is no sandbox, so take benchmarks from whom you trust.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

from catalog.engine.foreign import open_sqlite
from catalog.errors import QueryFailed, QueryTimeout, UsageError

DUMP_DEADLINE_S = 120.0
MOST_TEXT = 100_000_000
"""Bytes of one value or statement in SQLite."""
MOST_PAGES = 524_288
"""Of 4 KiB: a dump's database ends at 2 GiB."""
STEPS = 20_000
"""Steps of SQLite's machine between two looks at the clock."""
READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
BUILDING = READING | {
    *(sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_INDEX, sqlite3.SQLITE_CREATE_VIEW, sqlite3.SQLITE_CREATE_TRIGGER),
    *(sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_DROP_INDEX, sqlite3.SQLITE_DROP_VIEW, sqlite3.SQLITE_DROP_TRIGGER),
    *(sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_ALTER_TABLE),
    *(sqlite3.SQLITE_REINDEX, sqlite3.SQLITE_ANALYZE, sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT),
}
"""Everything else, ATTACH and virtual tables among it, is refused; a PRAGMA in a dump does nothing."""

Result = tuple[tuple[str, ...], list[tuple[Any, ...]]]


def run_sqlite(path: Path, sql: str, deadline_s: float, most_rows: int) -> Result:
    """Columns and rows of a gold on a SQLite file, at most one row more than asked for. Raises `QueryTimeout` and `QueryFailed`."""
    with open_sqlite(path) as connection:
        late = _guarded(connection, READING, deadline_s)
        try:
            with closing(connection.execute(sql)) as cursor:
                columns = tuple(str(column[0]) for column in cursor.description or ())
                return columns, cursor.fetchmany(most_rows + 1)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as bad:
            if late():
                raise QueryTimeout(f"The gold did not end within {deadline_s:g} s.") from bad
            raise QueryFailed(str(bad)) from bad




def build_dump(dump: Path, target: Path) -> None:
    """Run a dump in memory and write what it made as a SQLite file. Raises `UsageError` naming the dump."""
    try:
        script = dump.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as bad:
        raise UsageError(f"{dump} cannot be read: {bad}.") from bad
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"PRAGMA max_page_count = {MOST_PAGES}")
        late = _guarded(connection, BUILDING, DUMP_DEADLINE_S)
        try:
            connection.executescript(script)
            connection.commit()
        except (sqlite3.Error, sqlite3.Warning, ValueError) as bad:
            what = f"takes longer than {DUMP_DEADLINE_S:g} s" if late() else f"cannot be run: {bad}"
            raise UsageError(f"The dump {dump} {what}.") from bad
        connection.set_authorizer(None)
        connection.set_progress_handler(None, 0)
        target.write_bytes(connection.serialize())


def _guarded(connection: sqlite3.Connection, allowed: frozenset[int], deadline_s: float) -> Callable[[], bool]:
    """Confine a connection; the function it gives tells whether the deadline has passed."""
    ends = monotonic() + deadline_s

    def late() -> bool:
        return monotonic() > ends

    def authorise(action: int, first: str | None, second: str | None, database: str | None, inner: str | None) -> int:
        if action == sqlite3.SQLITE_PRAGMA and allowed is BUILDING:
            return sqlite3.SQLITE_IGNORE
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension":
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY

    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_TEXT)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.set_authorizer(authorise)
    connection.set_progress_handler(late, STEPS)
    return late
