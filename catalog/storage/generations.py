"""The catalog's files: immutable DuckDB generations behind a ``CURRENT`` pointer, one writer, any number of readers.

A generation is called ``gen-N.duckdb``, an encrypted one ``gen-N.sealed.duckdb``.
A writer builds the next generation beside the last one and swaps the pointer durably, so a kill at any moment leaves
the last good generation. Readers pin theirs with a shared ``flock`` (POSIX) on ``gen-N.pin``; what nobody pins is
removed at the next commit. Knows records only as tables and keys; knows nothing about documents or policies.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import CatalogUnavailable
from catalog.opening import NotRegular, regular
from catalog.quality.alerts import reflect
from catalog.storage.database import attach, fence, only_tables, open_to_write
from catalog.storage.encryption import SEALED, generation_key, is_active, keys_of
from catalog.storage.records import RECORD_TYPES, storage_columns, storage_ddl
from catalog.storage.rows import upsert

if TYPE_CHECKING:
    import duckdb

__all__ = ["Generation", "NothingToWrite", "current", "default_home", "pinned", "upsert", "writing"]

HOME_VARIABLE = "STEWARD_CATALOG"
LONGEST_NAME = 100
"""Characters of ``CURRENT`` that are read."""
WRITER_WAIT_S = 120.0
NOT_WRITTEN = "See that the disk has room and the folder is yours to write, or choose another: steward --catalog DIRECTORY …"
LATEST = """
UPDATE metric SET is_latest = newest.yes
FROM (SELECT rowid AS id, row_number() OVER (
          PARTITION BY node, dataset, column_name, metric, sensitivity ORDER BY measured_at DESC, rowid DESC) = 1 AS yes
      FROM metric) newest
WHERE metric.rowid = newest.id AND metric.is_latest IS DISTINCT FROM newest.yes
"""


@dataclass(frozen=True, slots=True)
class Generation:
    """One immutable state of the catalog."""

    number: int
    path: Path

    @property
    def pin(self) -> Path:
        """Lock file that readers share while they use the generation; what it holds is the generation's hash."""
        return self.path.with_suffix(".pin")

    @property
    def sha256(self) -> str | None:
        """SHA-256 of the file as it was committed, hex; None where the catalog does not know it."""
        try:
            with open(self.pin, encoding="ascii", errors="replace", opener=regular) as pin:
                written = pin.read(LONGEST_NAME).strip()
        except OSError:
            return None
        return written if re.fullmatch("[0-9a-f]{64}", written) else None


class NothingToWrite(Exception):
    """Raised inside ``writing`` to leave the catalog as it is; never leaves it."""


def default_home() -> Path:
    """The catalog folder: ``STEWARD_CATALOG``, else the platform's place for user data."""
    if named := os.environ.get(HOME_VARIABLE):
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("steward")


def current(home: Path) -> Generation:
    """The last committed generation; raises CatalogUnavailable when there is none."""
    try:
        with open(home / "CURRENT", encoding="utf-8", opener=regular) as file:
            name = file.read(LONGEST_NAME).strip()
    except FileNotFoundError:
        raise CatalogUnavailable(f"There is no catalog in {home}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogUnavailable(f"The catalog in {home} cannot be read: {error}.") from error
    match = re.fullmatch(r"gen-(\d{1,18})(?:\.sealed)?\.duckdb", name, re.ASCII)
    if match is None:
        raise CatalogUnavailable(f"{home / 'CURRENT'} does not name a generation.")
    return Generation(int(match[1]), home / name)


@contextmanager
def pinned(home: Path) -> Iterator[Generation]:
    """The current generation, kept on disk until the block ends; raises CatalogUnavailable."""
    while True:
        generation = current(home)
        try:
            descriptor = regular(str(generation.pin), os.O_RDONLY)
        except FileNotFoundError as error:
            if current(home) == generation:
                raise CatalogUnavailable(f"{generation.pin} is missing from the catalog.") from error
            continue
        except OSError as error:
            raise CatalogUnavailable(f"{generation.pin} cannot be read: {error}.") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if os.fstat(descriptor).st_nlink == 0:
                continue
            if not generation.path.is_file():
                raise CatalogUnavailable(f"{generation.path} is missing from the catalog.")
            yield generation
            return
        finally:
            os.close(descriptor)


@contextmanager
def writing(home: Path) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A connection to the next generation, which becomes current when the block ends without an error.

    Waits for another writer; raises CatalogUnavailable when that takes too long or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(home / "writer.lock", timeout=WRITER_WAIT_S)
        lock.acquire()
    except Timeout:
        raise CatalogUnavailable(f"Another process has been writing to {home} for {WRITER_WAIT_S:.0f} s.") from None
    except OSError as error:
        raise CatalogUnavailable(f"The catalog in {home} cannot be written: {error}.", NOT_WRITTEN) from error
    try:
        last = current(home) if (home / "CURRENT").exists() else None
        _sweep(home, last)
        number = last.number + 1 if last else 1
        building = home / f"gen-{number}.building"
        sealed = is_active(home)
        connection = _build(building, last, keys_of(home).generation if sealed else None)
        with connection:
            yield connection
            _finish(connection, home)
        _commit(home, building, Generation(number, home / f"gen-{number}{SEALED if sealed else '.duckdb'}"))
    except NothingToWrite:
        pass
    finally:
        with suppress(OSError):
            _sweep(home, current(home) if (home / "CURRENT").exists() else None)
        lock.release()


def _build(building: Path, last: Generation | None, key: str | None) -> "duckdb.DuckDBPyConnection":
    """A new file with the storage tables and everything the last generation holds.

    Rows are copied rather than bytes, so that what was deleted is gone from the file as well.
    """
    import duckdb

    connection = open_to_write(building, key)
    building.chmod(0o600)
    try:
        connection.execute(storage_ddl())
        if last is not None:
            fence(connection, [last.path])
            attach(connection, last.path, "last", generation_key(last.path))
            only_tables(connection, "last")
            _copy_tables(connection)
            connection.execute("DETACH last")
    except CatalogUnavailable:
        connection.close()
        raise
    except duckdb.Error as error:
        connection.close()
        raise CatalogUnavailable(f"The catalog in {building.parent} cannot be copied: {error}.") from error
    return connection


def _copy_tables(connection: "duckdb.DuckDBPyConnection") -> None:
    known = {record_type.table: storage_columns(record_type) for record_type in RECORD_TYPES}
    stored: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'last' AND NOT internal"
    ).fetchall():
        stored.setdefault(table, []).append(column)
    for table, columns in stored.items():
        if table in known:
            kept = ", ".join(f'"{column}"' for column in columns if column in known[table])  # so that none of these names has a quote in it
            connection.execute(f'INSERT INTO "{table}" BY NAME SELECT {kept} FROM last."{table}"')
        else:
            named = table.replace('"', '""')  # whoever made the file chose it
            connection.execute(f'CREATE TABLE "{named}" AS SELECT * FROM last."{named}"')


def _finish(connection: "duckdb.DuckDBPyConnection", home: Path) -> None:
    """What holds for every generation, whatever wrote it: the newest measurements are marked, and alerts stand as they are."""
    import duckdb

    try:
        connection.execute(LATEST)
        reflect(connection, home)
        connection.execute("CHECKPOINT")
    except duckdb.IOException as error:
        raise CatalogUnavailable(f"The catalog cannot be written: {error}.", NOT_WRITTEN) from error


def _commit(home: Path, building: Path, generation: Generation) -> None:
    """Make a closed file the current generation; every step is durable before the next begins."""
    try:
        _sync(building)
        with building.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        building.chmod(0o400)
        building.rename(generation.path)
        generation.pin.unlink(missing_ok=True)
        with open(generation.pin, "x", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as pin:  # never through a link
            pin.write(f"{digest}\n")
        _sync(generation.pin)
        _sync(home)
        pointer = home / "CURRENT.tmp"
        pointer.write_text(f"{generation.path.name}\n", encoding="utf-8")
        _sync(pointer)
        pointer.replace(home / "CURRENT")
        _sync(home)
    except OSError as error:
        raise CatalogUnavailable(f"The catalog in {home} cannot be written: {error}.", NOT_WRITTEN) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(home: Path, last: Generation | None) -> None:
    """Remove half-built files and the generations that nobody pins; only the holder of the writer's lock may."""
    for leftover in [*home.glob("gen-*.building*"), home / "CURRENT.tmp"]:
        leftover.unlink(missing_ok=True)
    names = {path.with_suffix("") for path in home.glob("gen-*.*") if path.suffix in (".duckdb", ".pin")}
    for name in names - ({last.path.with_suffix("")} if last else set()):
        _remove_unpinned(home / f"{name.name}.duckdb", home / f"{name.name}.pin")


def _remove_unpinned(path: Path, pin: Path) -> None:
    try:
        descriptor = regular(str(pin), os.O_RDONLY)
    except (FileNotFoundError, NotRegular):
        path.unlink(missing_ok=True)
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
        pin.unlink(missing_ok=True)
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)
