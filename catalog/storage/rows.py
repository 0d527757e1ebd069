"""Records as rows: their keys, how two records of one key become one, and the bulk write by key.

Knows storage tables; knows nothing about files, generations or documents.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from catalog.storage.records import Dataset, Node, Record, storage_columns

if TYPE_CHECKING:
    import duckdb

BATCH = 4000
MERGED: tuple[type[Record], ...] = (Dataset, Node)
"""Records that several documents describe: what one leaves at its default keeps the value known before."""

Key: TypeAlias = tuple[Any, ...]
R = TypeVar("R", bound=Record)


def _optional(record_type: type[Record]) -> tuple["Field[Any]", ...]:
    return tuple(field for field in fields(record_type) if field.default is not MISSING)


def record_key(record: Record) -> Key:
    """Values of the record's key, null parts included."""
    return tuple(getattr(record, name) for name in record.key)


def merged(earlier: R, later: R) -> R:
    """``later`` with the fields it leaves at their defaults taken from ``earlier``."""
    silent = {f.name: getattr(earlier, f.name) for f in _optional(type(later)) if getattr(later, f.name) == f.default}
    return replace(later, **silent)


def upsert(connection: "duckdb.DuckDBPyConnection", records: Iterable[Record]) -> int:
    """Write records by key, null key parts being equal; returns how many keys were written.

    The later of two records of one key replaces the earlier, stored or not; a Dataset or Node keeps what it leaves
    at its default.
    """
    by_type: dict[type[Record], dict[Key, Record]] = {}
    for record in records:
        rows = by_type.setdefault(type(record), {})
        key = record_key(record)
        rows[key] = merged(rows[key], record) if key in rows and isinstance(record, MERGED) else record
    for record_type, rows in by_type.items():
        _write(connection, record_type, list(rows.values()))
    return sum(len(rows) for rows in by_type.values())


def _write(connection: "duckdb.DuckDBPyConnection", record_type: type[Record], rows: list[Record]) -> None:
    columns = storage_columns(record_type)
    declared = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming ({declared})")
    stage(connection, "incoming", columns, ([getattr(row, name) for name in columns] for row in rows))
    table, same_key = record_type.table, same_values("incoming", record_type.table, record_type.key)
    if issubclass(record_type, MERGED):
        for field in _optional(record_type):
            connection.execute(
                f'UPDATE incoming SET "{field.name}" = "{table}"."{field.name}" FROM "{table}" '
                f'WHERE {same_key} AND incoming."{field.name}" IS NOT DISTINCT FROM CAST($1 AS {columns[field.name]})',
                [list(field.default) if isinstance(field.default, tuple) else field.default],
            )
    connection.execute(f'DELETE FROM "{table}" USING incoming WHERE {same_key}')
    connection.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM incoming')
    connection.execute("DROP TABLE incoming")


def _time(value: date) -> str:
    return value.isoformat()


def same_values(left: str, right: str, names: Iterable[str]) -> str:
    """SQL predicate: the named columns of two tables are equal, null being equal to null."""
    return " AND ".join(f'"{left}"."{name}" IS NOT DISTINCT FROM "{right}"."{name}"' for name in names)


def stage(
    connection: "duckdb.DuckDBPyConnection", table: str, columns: Mapping[str, str], rows: Iterable[Iterable[Any]]
) -> None:
    """Append rows to a table as JSON parameters: fifty times faster than ``executemany``, and no file is left behind.

    Lone surrogates, which no UTF-8 text can hold, become question marks.
    """
    shape = json.dumps([{name: ["VARCHAR"] if type_ == "VARCHAR[]" else type_ for name, type_ in columns.items()}])
    names = tuple(columns)
    pending = [dict(zip(names, row, strict=True)) for row in rows]
    for start in range(0, len(pending), BATCH):
        text = json.dumps(pending[start : start + BATCH], ensure_ascii=False, default=_time, allow_nan=False)
        connection.execute(
            f'INSERT INTO "{table}" BY NAME SELECT unnest(r) FROM (SELECT unnest(from_json_strict($1, $2)) AS r)',
            [text.encode("utf-8", "replace").decode("utf-8"), shape],
        )
