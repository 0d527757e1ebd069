"""Builds generated catalogs in one DuckDB file and runs SQL on them, each in a schema of its own.

The one place of the harness that opens an engine outside the sandbox: only golds, their mutants and statements that the guard
has approved run here, on invented rows, read-only, without access to files or settings and with a deadline.
"""

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

import catalog
from catalog.semantic import views
from catalog.storage.closure import build_closure, direct
from catalog.storage.generations import LATEST
from catalog.storage.records import AuditEntry, Record, storage_columns, storage_ddl
from catalog.storage.rows import record_key, stage
from eval.instances.clock import as_of
from eval.instances.demands import situations
from eval.instances.records import instance_records
from eval.instances.stock import stock
from eval.instances.ties import tie_breaks
from eval.scorers import Table

DEADLINE_S = 3.0
"""Seconds a query may take on one instance; golds take milliseconds."""

MOST_ROWS = 100_000
"""Rows of a result that are read; more is no answer."""

DEMO = "demo"
CLOSURE = "CREATE OR REPLACE TEMP TABLE known AS SELECT name FROM store.dataset UNION SELECT name FROM store.model"


class Instances:
    """Open instances of a moment. ``tables`` and ``determinate`` answer in the order of the instances."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, count: int, now: datetime) -> None:
        self.now = now
        self.cursors = [_within(connection, _schema(number)) for number in range(count)]
        self.demo = _within(connection, DEMO)
        connection.execute("SET lock_configuration = true")

    def __len__(self) -> int:
        return len(self.cursors)

    def table(self, number: int, sql: str) -> Table | None:
        """The answer on one instance; None where the query fails, takes too long or returns too much."""
        return _run(self.cursors[number], as_of(sql, self.now))[0]

    def demo_table(self, sql: str) -> Table | None:
        """The answer on the whole demo catalog, of which nothing is hidden."""
        return _run(self.demo, as_of(sql, self.now))[0]

    def tables(self, sql: str) -> list[Table | None]:
        """The answer on every instance; one that takes too long on one is not tried on the rest."""
        found: list[Table | None] = []
        told = as_of(sql, self.now)
        for cursor in self.cursors:
            table, late = _run(cursor, told)
            found.append(table)
            if late:
                break
        return found + [None] * (len(self) - len(found))

    def determinate(self, sql: str, order: bool = False) -> list[bool]:
        """Per instance: the answer is the same however ties at a LIMIT are broken; with ``order``, its rows' order too."""
        return [self.is_determinate(number, sql, order) for number in range(len(self))]

    def is_determinate(self, number: int | None, sql: str, order: bool = False) -> bool:
        """`determinate` on one instance; None is the demo."""
        breaks = tie_breaks(as_of(sql, self.now), order)
        if breaks is None:
            return True
        cursor = self.demo if number is None else self.cursors[number]
        one, other = (_run(cursor, text)[0] for text in breaks)
        if one is None or other is None:
            return False
        return one.rows == other.rows if order else sorted(map(repr, one.rows)) == sorted(map(repr, other.rows))


@contextmanager
def open_instances(golds: Iterable[str], now: datetime, count: int = 20, seed: int = 0, folder: Path | None = None) -> Iterator[Instances]:
    """Instances for these golds at a moment (UTC), the same for the same arguments.

    They are built once per set of golds and kept in ``folder``; without one they are gone when the block ends.
    Raises `sqlglot.errors.ParseError` for a gold that is no SQL.
    """
    texts = sorted({as_of(gold, now) for gold in golds})
    with tempfile.TemporaryDirectory(prefix="steward-instances-") as temporary:
        place = folder or Path(temporary)
        path = place / f"instances-{_key(texts, now, count, seed)}.duckdb"
        if not path.exists():
            place.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}.building")
            draft.unlink(missing_ok=True)
            try:
                _build(draft, texts, now, count, seed)
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
        settings: dict[str, str | bool | int | float | list[str]] = {"enable_external_access": "false", "threads": 1, "memory_limit": "1GB", "temp_directory": ""}
        with duckdb.connect(str(path), read_only=True, config=settings) as connection:
            yield Instances(connection, count, now)


def _key(golds: Sequence[str], now: datetime, count: int, seed: int) -> str:
    """Digest of the arguments and of every file that decides what is built from them."""
    digest = hashlib.sha256(repr((golds, now, count, seed, duckdb.__version__)).encode())
    for root in (Path(__file__).parent, Path(catalog.__file__).parent):
        for path in sorted(root.rglob("*.*")):
            if path.suffix in (".py", ".toml", ".yaml"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _build(draft: Path, golds: Sequence[str], now: datetime, count: int, seed: int) -> None:
    found = situations(golds)
    supply = stock(now, found)
    with duckdb.connect(str(draft), config={"threads": 1, "default_block_size": 16384}) as connection:
        connection.execute(f"ATTACH ':memory:' AS state; CREATE TABLE state.audit_entry ({_declared(AuditEntry)})")
        home = _name(connection)
        _write(connection, home, DEMO, [record for rows in supply.records.values() for record in rows])
        for number in range(count):
            _write(connection, home, _schema(number), instance_records(supply, found, now, seed, number))
        connection.execute("DETACH state; CHECKPOINT")


def _write(connection: duckdb.DuckDBPyConnection, home: str, schema: str, records: Iterable[Record]) -> None:
    """The views over these records as the tables of a schema."""
    rows: dict[type[Record], dict[tuple[object, ...], Record]] = {}
    for record in records:
        rows.setdefault(type(record), {})[record_key(record)] = record
    connection.execute(f"ATTACH ':memory:' AS store; USE store; {storage_ddl()}")
    for type_, by_key in rows.items():
        columns = storage_columns(type_)
        stage(connection, type_.table, columns, ([getattr(row, name) for name in columns] for row in by_key.values()))
    connection.execute(f"{LATEST}; {CLOSURE}")
    build_closure(connection, direct("SELECT * FROM store.edge"))
    connection.execute(f'USE "{home}"; CREATE SCHEMA {schema}')
    for view in views().values():
        shown = ", ".join(f'"{name}"' for name in view.columns)
        lands = "coalesce(j.jurisdiction, 'unknown') AS jurisdiction"
        joined = f"SELECT v.*, {lands} FROM ({view.sql}) v LEFT JOIN store.node j ON j.node = v.node"
        connection.execute(f'CREATE TABLE {schema}."{view.name}" AS SELECT {shown} FROM ({joined})')
    connection.execute("DROP TABLE temp.closure; DROP TABLE temp.known; DETACH store")


def _run(cursor: duckdb.DuckDBPyConnection, sql: str) -> tuple[Table | None, bool]:
    """The answer, and whether it took too long."""
    timer = threading.Timer(DEADLINE_S, cursor.interrupt)
    timer.start()
    try:
        rows = cursor.execute(sql).fetchmany(MOST_ROWS + 1)
        columns = tuple(str(column[0]) for column in cursor.description or ())
    except duckdb.InterruptException:
        return None, True
    except duckdb.Error:
        return None, False
    finally:
        timer.cancel()
        timer.join()
    return (None if len(rows) > MOST_ROWS else Table(columns, rows)), False


def _schema(number: int) -> str:
    return f"inst_{number:02d}"


def _within(connection: duckdb.DuckDBPyConnection, schema: str) -> duckdb.DuckDBPyConnection:
    cursor = connection.cursor()
    cursor.execute(f"USE {schema}")
    return cursor


def _declared(type_: type[Record]) -> str:
    return ", ".join(f'"{name}" {kind}' for name, kind in storage_columns(type_).items())


def _name(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    return str(row[0])
