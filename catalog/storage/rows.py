"""Records as rows: their keys, how two records of one key become one, and the bulk write by key.

Knows storage tables; knows nothing about files, generations or documents.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import date
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from catalog.storage.records import Dataset, Node, Record, storage_columns

if TYPE_CHECKING:
    import duckdb

BATCH = 4000
MERGED: tuple[type[Record], ...] = (Dataset, Node)
"""Records that several documents describe: what one leaves at its default keeps the value known before."""

Key: TypeAlias = tuple[Any, ...]
R = TypeVar("R", bound=Record)


_OPTIONAL: dict[type[Record], tuple["Field[Any]", ...]] = {}


def _optional(record_type: type[Record]) -> tuple["Field[Any]", ...]:
    if record_type not in _OPTIONAL:
        _OPTIONAL[record_type] = tuple(field for field in fields(record_type) if field.default is not MISSING)
    return _OPTIONAL[record_type]


def record_key(record: Record) -> Key:
    """Values of the record's key, null parts included."""
    return tuple(getattr(record, name) for name in record.key)


def changed(record: R, changes: Mapping[str, Any]) -> R:
    """A copy with these fields: ``dataclasses.replace`` for records, whose constructors check nothing, in a tenth of its time."""
    copy = object.__new__(type(record))
    copy.__dict__.update(record.__dict__)
    copy.__dict__.update(changes)
    return copy


def merged(earlier: R, later: R) -> R:
    """``later`` with the fields it leaves at their defaults taken from ``earlier``."""
    silent = {f.name: getattr(earlier, f.name) for f in _optional(type(later)) if getattr(later, f.name) == f.default}
    return changed(later, silent)


def upsert(connection: "duckdb.DuckDBPyConnection", records: Iterable[Record], also: str = "") -> int:
    """Write records by key, null key parts being equal; returns how many keys were written.

    The later of two records of one key replaces the earlier, stored or not; a Dataset or Node keeps what it leaves
    at its default. ``also`` is SQL that is run for each type while the rows stand in the table ``incoming``.
    """
    by_type: dict[type[Record], dict[Key, Record]] = {}
    for record in records:
        rows = by_type.setdefault(type(record), {})
        key = record_key(record)
        rows[key] = merged(rows[key], record) if key in rows and isinstance(record, MERGED) else record
    for record_type, rows in by_type.items():
        _write(connection, record_type, list(rows.values()), also)
    return sum(len(rows) for rows in by_type.values())


def _write(connection: "duckdb.DuckDBPyConnection", record_type: type[Record], rows: list[Record], also: str) -> None:
    columns = storage_columns(record_type)
    declared = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming ({declared})")
    cells = itemgetter(*columns)
    stage(connection, "incoming", columns, (cells(row.__dict__) for row in rows))
    table, same_key = record_type.table, same_values("incoming", record_type.table, record_type.key)
    is_known = connection.execute(f'SELECT 1 FROM "{table}" JOIN incoming ON {same_key} LIMIT 1').fetchone() is not None
    if is_known and issubclass(record_type, MERGED):
        for field in _optional(record_type):
            connection.execute(
                f'UPDATE incoming SET "{field.name}" = "{table}"."{field.name}" FROM "{table}" '
                f'WHERE {same_key} AND incoming."{field.name}" IS NOT DISTINCT FROM CAST($1 AS {columns[field.name]})',
                [list(field.default) if isinstance(field.default, tuple) else field.default],
            )
    if is_known:
        connection.execute(f'DELETE FROM "{table}" USING incoming WHERE {same_key}')
    connection.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM incoming')
    if also:
        connection.execute(also)
    connection.execute("DROP TABLE incoming")


def _time(value: date) -> str:
    return value.isoformat()


def same_values(left: str, right: str, names: Iterable[str]) -> str:
    """SQL predicate: the named columns of two tables are equal, null being equal to null."""
    return " AND ".join(f'"{left}"."{name}" IS NOT DISTINCT FROM "{right}"."{name}"' for name in names)


def stage(
    connection: "duckdb.DuckDBPyConnection", table: str, columns: Mapping[str, str], rows: Iterable[Iterable[Any]]
) -> None:
    """Append rows to a table as JSON parameters, column by column: fifty times faster than ``executemany``, and no file is left behind.

    Lone surrogates, which no UTF-8 text can hold, become question marks.
    """
    names = tuple(columns)
    pending = list(rows)
    for start in range(0, len(pending), BATCH):
        cells = dict(zip(names, zip(*pending[start : start + BATCH], strict=True), strict=True))
        told = {name: column for name, column in cells.items() if column.count(None) < len(column)}
        told = told or dict([next(iter(cells.items()))])  # a batch of nothing but nulls has rows all the same
        shape = json.dumps({name: [["VARCHAR"] if columns[name] == "VARCHAR[]" else columns[name]] for name in told})
        text = json.dumps(told, ensure_ascii=False, default=_time, allow_nan=False)
        each = ", ".join(f'unnest(r."{name}") AS "{name}"' for name in told)
        connection.execute(
            f'INSERT INTO "{table}" BY NAME SELECT {each} FROM (SELECT from_json_strict($1, $2) AS r)',
            [text.encode("utf-8", "replace").decode("utf-8"), shape],
        )
