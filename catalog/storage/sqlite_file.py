"""A small SQLite file of the catalog folder that threads and processes share: durable, one writer at a time.

Knows nothing of what is in it.
"""

import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from catalog.errors import CatalogUnavailable

BUSY_S = 30.0
"""Longest wait for another process that writes."""
RETRY_S = 0.002
"""How often a writer asks for its turn. SQLite itself waits up to 0.1 s between tries, and a busy writer then keeps others out for seconds."""


class SqliteFile:
    """One open connection, kept because opening and closing cost five times a commit; every method raises CatalogUnavailable.

    ``schema`` is run when one of the ``tables`` that it makes is missing.
    """

    def __init__(self, path: Path, schema: str, tables: tuple[str, ...]) -> None:
        self.path = path
        self._lock = RLock()
        self._opened: tuple[sqlite3.Connection, tuple[int, int, int]] | None = None
        self._closer: weakref.finalize[..., SqliteFile] | None = None
        with self.connection() as connection:
            named = ", ".join("?" * len(tables))
            found = connection.execute(f"SELECT count(*) FROM sqlite_schema WHERE name IN ({named})", tables).fetchone()
        if found != (len(tables),):
            self._make(schema)

    def _make(self, schema: str) -> None:
        """Lay out a new file, one process at a time: SQLite does not wait for a change of its journal's mode."""
        from filelock import FileLock, Timeout  # only the first use of a folder needs it

        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=BUSY_S, mode=0o600), self.connection() as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(schema)
        except Timeout as busy:
            raise CatalogUnavailable(f"{self.path} is being made by another process that does not end.") from busy

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone until the block ends; what a transaction left open is undone."""
        with self._lock:
            try:
                connection = self._current()
                try:
                    yield connection
                finally:
                    if connection.in_transaction:
                        with suppress(sqlite3.Error):
                            connection.execute("ROLLBACK")
            except (OSError, sqlite3.Error) as error:
                self.close()
                raise CatalogUnavailable(f"{self.path} cannot be used: {error}.", "See that the disk has room and the file may be written; a damaged one comes back from a backup: steward restore FILE.") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One writer at a time; durable when the block ends, undone when it raises."""
        with self.connection() as connection:
            _begin_writing(connection)
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the file, whatever others write meanwhile."""
        with self.connection() as connection:
            connection.execute("BEGIN")
            yield connection

    def empty_journal(self) -> None:
        """Overwrite what the journal holds of old pages."""
        with self.connection() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._closer is not None:
                self._closer()
            self._opened = self._closer = None

    def _current(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.is_symlink():  # whoever made the folder may have put one there, to a database of another program
            raise CatalogUnavailable(f"{self.path} is a link, and leads out of the catalog.", "Put the file itself there.")
        if self.path.exists() and not self.path.is_file():
            raise CatalogUnavailable(f"{self.path} is no file.", "Remove it, and put the file there.")
        self.path.touch(mode=0o600)
        stat = self.path.stat()
        which = (os.getpid(), stat.st_dev, stat.st_ino)
        if (
            self._opened is None or self._opened[1] != which
        ):  # a fork must not share it, and a removed file takes no record
            self.close()
            connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            self._closer = weakref.finalize(self, connection.close)
            self._opened = (connection, which)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
        return self._opened[0]


def _begin_writing(connection: sqlite3.Connection) -> None:
    """Begin a transaction as the one writer, as soon as no other process is."""
    until = time.monotonic() + BUSY_S
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(RETRY_S)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
