"""Tables of databases that are not Steward's, copied into a DuckDB file that the sandboxed worker reads.

SQLite's are typed by what is stored in them, since a column there may hold anything. Knows nothing about questions or guards;
the files are read only, and what they hold is never run.
"""

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from catalog.engine.worker import open_locked
from catalog.errors import QueryFailed, QueryTimeout, UsageError
from catalog.storage.rows import stage

if TYPE_CHECKING:
    import duckdb

Tables = dict[str, dict[str, str]]
"""Table to column to SQL type, as the copy has them."""

BATCH = 20_000
"""Rows that are copied at once."""
KEPT = frozenset({"VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DATE", "TIMESTAMP"})
STORED = {
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER"), "BIGINT"),
    **dict.fromkeys(("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "TIMESTAMP"),
    **dict.fromkeys(("UUID", "TIME", "JSON"), "VARCHAR"),
    "UBIGINT": "HUGEINT",
}
"""Types of a DuckDB file that a copy holds as others; an ENUM is text, and what is neither here nor in `KEPT` is left out."""
_DECIMAL = re.compile(r"DECIMAL\(\d+,\d+\)")


@contextmanager
def open_sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    """A SQLite file, open to read and nothing else. Bytes that are no UTF-8 are read as U+FFFD.

    Raises `UsageError`, also for what goes wrong while it is open.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)) as connection:
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection
    except sqlite3.Error as bad:
        raise UsageError(f"The SQLite database {path} cannot be read: {bad}.") from bad


def copy_sqlite(source: Path, target: Path) -> Tables:
    """Copy the tables of a SQLite file into a new DuckDB file.

    A column is BIGINT, DOUBLE, or, where it is declared so and every value is written in full, DATE or TIMESTAMP; one with any
    other value is VARCHAR, its numbers written as SQLite writes them. A column with a BLOB, a view and a virtual table are left
    out. Raises `UsageError` for a file that cannot be read.
    """
    import duckdb

    copied: Tables = {}
    with open_sqlite(source) as original, duckdb.connect(str(target)) as connection:
        listed = original.execute("PRAGMA main.table_list").fetchall()
        names = sorted(row[1] for row in listed if row[2] == "table" and not row[1].startswith("sqlite_") and "\ufffd" not in row[1])
        staging = "s" * (1 + max(map(len, names), default=0))  # longer than any table's name, so none of them
        for name in names:
            columns = _sqlite_columns(original, name)
            if columns:
                _copy_rows(original, connection, name, columns, staging)
                copied[name] = columns
    return copied


def copy_duckdb(source: Path, target: Path) -> Tables:
    """Copy the tables of a DuckDB file's main schema into another one, with core types only (see `STORED`).

    A column of another type, such as BLOB or STRUCT, and a view are left out. Raises `UsageError` for a file that cannot be read.
    """
    import duckdb

    copied: Tables = {}
    try:
        with duckdb.connect(str(target), config={"autoload_known_extensions": False, "autoinstall_known_extensions": False}) as connection:
            connection.execute(f"ATTACH {_text(str(source))} AS original (READ_ONLY)")
            listed = connection.execute(
                "SELECT t.table_name, c.column_name, c.data_type FROM duckdb_tables() t JOIN duckdb_columns() c USING (database_name, table_oid) "
                "WHERE t.database_name = 'original' AND t.schema_name = 'main' ORDER BY t.table_name, c.column_index"
            ).fetchall()
            for table, column, declared in listed:
                if (kept := _stored(declared)) is not None:
                    copied.setdefault(table, {})[column] = kept
            for table, columns in copied.items():
                cells = ", ".join(f"CAST({_name(c)} AS {kept}) AS {_name(c)}" for c, kept in columns.items())
                connection.execute(f"CREATE TABLE {_name(table)} AS SELECT {cells} FROM original.main.{_name(table)}")
    except duckdb.Error as bad:
        raise UsageError(f"The DuckDB database {source} cannot be read: {str(bad).splitlines()[0]}.") from bad
    return copied


def query_duckdb(path: Path, sql: str, deadline_s: float, most_rows: int) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Columns and rows of SQL that nobody vetted, at most one row more than asked for, on a DuckDB file opened as the worker does.

    For the golds of a benchmark: no file, extension or setting can be reached and nothing be written, but it runs in this
    process. Raises `QueryTimeout` and `QueryFailed`.
    """
    import duckdb

    try:
        with open_locked(str(path), memory_mb=2048) as connection:
            timer = threading.Timer(deadline_s, connection.interrupt)
            timer.daemon = True
            timer.start()
            try:
                connection.execute(sql)
                columns = tuple(str(column[0]) for column in connection.description or [])
                return columns, connection.fetchmany(most_rows + 1)
            finally:
                timer.cancel()
    except duckdb.InterruptException as late:
        raise QueryTimeout(f"The query did not end within {deadline_s:g} s.") from late
    except (duckdb.Error, RuntimeError) as bad:
        raise QueryFailed(str(bad).partition("\n")[0]) from bad


def _sqlite_columns(original: sqlite3.Connection, table: str) -> dict[str, str]:
    """Storable columns of a SQLite table with the type that holds all their values."""
    about = original.execute("SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid", [table]).fetchall()
    declared = {name: str(type_).upper() for name, type_ in about if "\ufffd" not in name}
    types = {}
    for name, type_ in declared.items():
        cell = f"t.{_name(name)}"  # qualified: a name in quotes that is no column is a text to SQLite
        # With a modifier a day that the calendar lacks is moved to one that it has, and so differs from what is stored.
        classes, days, times, infinite = original.execute(
            f"SELECT group_concat(DISTINCT typeof({cell})), min(date({cell}, '+0 days') IS {cell} AND {cell} >= '0001'), "
            f"min(datetime({cell}, '+0 days') IS {cell} AND {cell} >= '0001'), max({cell}) = 9e999 OR min({cell}) = -9e999 FROM {_name(table)} t "
            f"WHERE {cell} IS NOT NULL"
        ).fetchone()
        found = frozenset(filter(None, (classes or "").split(",")))
        if "blob" in found:
            continue
        if found == {"text"} and ("DATE" in type_ or "TIME" in type_) and (days or times):
            types[name] = "DATE" if days else "TIMESTAMP"
        elif "text" in found or infinite:
            types[name] = "VARCHAR"
        elif found:
            types[name] = "DOUBLE" if "real" in found else "BIGINT"
        else:
            types[name] = _by_affinity(type_)
    return types


def _by_affinity(declared: str) -> str:
    """Type of a column without values, by SQLite's rules of affinity (sqlite.org/datatype3.html, section 3.1)."""
    if "INT" in declared:
        return "BIGINT"
    if not declared or any(word in declared for word in ("CHAR", "CLOB", "TEXT", "BLOB", "DATE", "TIME")):
        return "VARCHAR"
    return "DOUBLE"


def _copy_rows(original: sqlite3.Connection, connection: "duckdb.DuckDBPyConnection", table: str, columns: dict[str, str], staging: str) -> None:
    staged = {f"c{at}": type_ for at, type_ in enumerate(columns.values())}
    declared = ", ".join(f"{name} {type_}" for name, type_ in staged.items())
    connection.execute(f"CREATE TEMP TABLE {staging} ({declared})")
    named = ", ".join(f"{c} AS {_name(name)}" for c, name in zip(staged, columns, strict=True))
    connection.execute(f"CREATE TABLE {_name(table)} AS SELECT {named} FROM {staging}")
    cells = ", ".join(f"CAST(t.{_name(c)} AS TEXT)" if type_ == "VARCHAR" else f"t.{_name(c)}" for c, type_ in columns.items())
    rows = iter(original.execute(f"SELECT {cells} FROM {_name(table)} t"))
    while batch := list(islice(rows, BATCH)):
        stage(connection, staging, staged, batch)
        connection.execute(f"INSERT INTO {_name(table)} FROM {staging}")
        connection.execute(f"TRUNCATE {staging}")
    connection.execute(f"DROP TABLE {staging}")


def _stored(declared: str) -> str | None:
    inner = declared.removesuffix("[]")
    kept = inner if inner in KEPT or _DECIMAL.fullmatch(inner) else STORED.get(inner, "VARCHAR" if inner.startswith("ENUM(") else None)
    return f"{kept}[]" if kept and inner != declared else kept


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
