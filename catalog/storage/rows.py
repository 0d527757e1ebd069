"""Records as rows: their keys, how two records of one key become one, and the bulk write by key.

Knows storage tables; knows nothing about files, generations or documents.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from datetime import date
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from catalog.storage.records import Dataset, Node, Record, storage_columns

if TYPE_CHECKING:
    import duckdb

BATCH = 10_000
"""Rows that are staged at once."""
FEW = 1000
"""Rows that are staged faster without telling the values that repeat once."""
REPEATED = frozenset({"VARCHAR", "TIMESTAMP", "DATE"})
"""Types whose equal values are the same value, as -0.0 and 0.0 are not."""
MERGED: tuple[type[Record], ...] = (Dataset, Node)
"""Records that several documents describe: what one leaves at its default keeps the value known before."""
NUMBERS = "numbers_of_values"
"""What the arrays are called while they are read; no table is."""

Key: TypeAlias = tuple[Any, ...]
R = TypeVar("R", bound=Record)


_OPTIONAL: dict[type[Record], Mapping[str, Any]] = {}
_KEYS: dict[type[Record], Callable[[Record], Any]] = {}


def _optional(record_type: type[Record]) -> Mapping[str, Any]:
    """Fields that may be left out, with their defaults."""
    if record_type not in _OPTIONAL:
        _OPTIONAL[record_type] = {field.name: field.default for field in fields(record_type) if field.default is not MISSING}
    return _OPTIONAL[record_type]


def key_of(record_type: type[Record]) -> Callable[[Record], Any]:
    """What tells a record's key from another's of its type, as fast as that can be told: the tuple of its values, or the one value."""
    if record_type not in _KEYS:
        _KEYS[record_type] = attrgetter(*record_type.key)
    return _KEYS[record_type]


def record_key(record: Record) -> Key:
    """Values of the record's key, null parts included."""
    return tuple(getattr(record, name) for name in record.key)


def changed(record: R, changes: dict[str, Any]) -> R:
    """A copy with these fields: ``dataclasses.replace`` for records, whose constructors check nothing, in a tenth of its time."""
    copy = object.__new__(type(record))
    object.__setattr__(copy, "__dict__", record.__dict__ | changes)
    return copy


def merged(earlier: R, later: R) -> R:
    """``later`` with the fields it leaves at their defaults taken from ``earlier``."""
    known, said = earlier.__dict__, later.__dict__
    return changed(later, {name: known[name] for name, default in _optional(type(later)).items() if said[name] == default})


def upsert(connection: "duckdb.DuckDBPyConnection", records: Iterable[Record], also: str = "") -> int:
    """Write records by key, null key parts being equal; returns how many keys were written.

    The later of two records of one key replaces the earlier, stored or not; a Dataset or Node keeps what it leaves
    at its default. ``also`` is SQL that is run for each type while the rows stand in the table ``incoming``.
    """
    by_type: dict[type[Record], list[Record]] = {}
    for record in records:
        by_type.setdefault(type(record), []).append(record)
    written = 0
    for record_type, given in by_type.items():
        key = key_of(record_type)
        rows = completed(given) if issubclass(record_type, MERGED) else list({key(record): record for record in given}.values())
        _write(connection, record_type, rows, also)
        written += len(rows)
    return written


def completed(records: Iterable[R]) -> list[R]:
    """One record for each key, of records of one type: what a later one leaves at its default stays as an earlier one said."""
    rows: dict[Any, R] = {}
    tell: Callable[[R], Any] | None = None
    for record in records:
        tell = tell or key_of(type(record))
        key = tell(record)
        rows[key] = merged(rows[key], record) if key in rows else record
    return list(rows.values())


def _write(connection: "duckdb.DuckDBPyConnection", record_type: type[Record], rows: list[Record], also: str) -> None:
    columns = storage_columns(record_type)
    declared = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming ({declared})")
    cells = itemgetter(*columns)
    stage(connection, "incoming", columns, (cells(row.__dict__) for row in rows))
    table, same_key = record_type.table, same_values("incoming", record_type.table, record_type.key)
    is_known = connection.execute(f'SELECT 1 FROM "{table}" JOIN incoming ON {same_key} LIMIT 1').fetchone() is not None
    if is_known and issubclass(record_type, MERGED):
        for name, default in _optional(record_type).items():
            connection.execute(
                f'UPDATE incoming SET "{name}" = "{table}"."{name}" FROM "{table}" '
                f'WHERE {same_key} AND incoming."{name}" IS NOT DISTINCT FROM CAST($1 AS {columns[name]})',
                [list(default) if isinstance(default, tuple) else default],
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
    """Append rows to a table, in their order and column by column: a hundred times faster than ``executemany``, and no file is left behind.

    Lone surrogates, which no UTF-8 text can hold, become question marks.
    """
    names = tuple(columns)
    pending = list(rows)
    for start in range(0, len(pending), BATCH):
        cells = dict(zip(names, zip(*pending[start : start + BATCH], strict=True), strict=True))
        told = {name: column for name, column in cells.items() if column.count(None) < len(column)}
        told = told or dict([next(iter(cells.items()))])  # a batch of nothing but nulls has rows all the same
        if len(next(iter(told.values()))) < FEW:
            _stage_few(connection, table, columns, told)
        else:
            _stage_many(connection, table, columns, told)


def _stage_few(connection: "duckdb.DuckDBPyConnection", table: str, columns: Mapping[str, str], cells: Mapping[str, tuple[Any, ...]]) -> None:
    """Columns as one JSON parameter."""
    shape = json.dumps({name: [_json_type(columns[name])] for name in cells})
    each = ", ".join(f'unnest(r."{name}") AS "{name}"' for name in cells)
    connection.execute(f'INSERT INTO "{table}" BY NAME SELECT {each} FROM (SELECT from_json_strict($1, $2) AS r)', [_json(cells), shape])


def _stage_many(connection: "duckdb.DuckDBPyConnection", table: str, columns: Mapping[str, str], cells: Mapping[str, tuple[Any, ...]]) -> None:
    """Columns as the numbers of their values; of texts and times, which repeat, each different one is told once."""
    import numpy as np

    count = len(next(iter(cells.values())))
    numbers = {"row": np.arange(1, count + 1)}
    values: dict[str, str] = {}
    told, each = [], []
    for i, (name, column) in enumerate(cells.items()):
        at = "row"
        if columns[name] in REPEATED:
            number = {value: n for n, value in enumerate(dict.fromkeys(column), 1)}
            if len(number) < count:
                at, column = f"n{i}", tuple(number)
                numbers[at] = np.fromiter(map(number.__getitem__, cells[name]), dtype=np.int64, count=count)
        elif columns[name] == "VARCHAR[]" and column.count(column[0]) == count:
            column = column[:1]
        values[f"v{i}"] = _json(column)
        told.append(f"from_json_strict($v{i}, '{json.dumps([_json_type(columns[name])])}') AS v{i}")
        each.append(f'told.v{i}[{"1" if len(column) == 1 else f"n.{at}"}] AS "{name}"')
    connection.register(NUMBERS, numbers)
    connection.execute(f'INSERT INTO "{table}" BY NAME WITH told AS MATERIALIZED (SELECT {", ".join(told)}) SELECT {", ".join(each)} FROM {NUMBERS} n, told', values)
    connection.unregister(NUMBERS)


def _json_type(type_: str) -> object:
    return ["VARCHAR"] if type_ == "VARCHAR[]" else type_


def _json(cells: object) -> str:
    return json.dumps(cells, ensure_ascii=False, default=_time, allow_nan=False).encode("utf-8", "replace").decode("utf-8")
