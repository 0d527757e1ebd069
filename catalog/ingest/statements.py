"""What each document states, kept in the catalog beside what was made of it.

A row of the catalog is a function of all statements of its node, so a changed document takes back what it said and
reading everything twice gives the same rows. Knows how records are kept; knows no format.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from catalog.ingest.reading import CheckRun, ShortName
from catalog.quality.history import keep, set_aside
from catalog.storage.records import RECORD_TYPES, Metric, Record, storage_columns
from catalog.storage.rows import changed, stage, upsert

if TYPE_CHECKING:
    import duckdb

TABLES = """
CREATE TABLE IF NOT EXISTS statement (node VARCHAR, path VARCHAR, position BIGINT, record_type VARCHAR, content VARCHAR);
CREATE TABLE IF NOT EXISTS written (node VARCHAR, record_type VARCHAR, key VARCHAR);
"""
STATEMENT = {
    "node": "VARCHAR",
    "path": "VARCHAR",
    "position": "BIGINT",
    "record_type": "VARCHAR",
    "content": "VARCHAR",
}
STATED: tuple[type[Record], ...] = (*RECORD_TYPES, ShortName, CheckRun)
ENCODE = json.JSONEncoder(ensure_ascii=False, default=lambda value: value.isoformat()).encode
TYPES = {record_type.table: record_type for record_type in STATED}


@dataclass(frozen=True, slots=True)
class Statement:
    """One record as a document states it."""

    path: str
    position: int
    record: Record


def replace_statements(connection: "duckdb.DuckDBPyConnection", node: str, documents: dict[str, list[Record]]) -> None:
    """Let each document, by path, state these records instead of what it stated before."""
    connection.execute(TABLES)
    connection.execute(
        "DELETE FROM statement WHERE node = $1 AND list_contains($2, path)", [node, list(documents) or [""]]
    )
    rows = (
        (node, path, position, record.table, _written_down(record))
        for path, records in documents.items()
        for position, record in enumerate(records)
    )
    stage(connection, "statement", STATEMENT, rows)


def statements(connection: "duckdb.DuckDBPyConnection", node: str, fresh: Mapping[str, list[Record]], moment: datetime) -> Iterator[Statement]:
    """What every document of a node states, the newest last; a record without a date has its document's.

    Two records of one time are in the order of their paths and positions. What ``fresh`` documents state, ingested at this ``moment``, is taken
    as it is given: it was just written down.
    """
    rows = connection.execute(
        "SELECT s.path, s.position, s.record_type, s.content, d.ingested "
        "FROM statement s JOIN document d ON d.node = s.node AND d.path = s.path WHERE s.node = $1 AND NOT list_contains($2, s.path)",
        [node, list(fresh) or [""]],
    ).fetchall()
    found = [Statement(path, position, _read_back(kind, text, at)) for path, position, kind, text, at in rows]
    for path, records in fresh.items():
        found += (Statement(path, at, _as_stored(record, moment)) for at, record in enumerate(records))
    yield from sorted(found, key=lambda s: (s.record.as_of or datetime.min, s.path, s.position))


def _as_stored(record: Record, moment: datetime) -> Record:
    """A record as storage would give it back: dated, and without the lone surrogates that no UTF-8 has."""
    silent: dict[str, Any] = {} if record.as_of else {"as_of": moment}
    for name, value in record.__dict__.items():
        if type(value) is str and not value.isascii():
            silent |= {name: _storable(value)}
        elif type(value) is tuple and value:
            silent |= {name: tuple(map(_storable, value))}
    return changed(record, silent) if silent else record


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def write(connection: "duckdb.DuckDBPyConnection", node: str, records: Iterable[Record]) -> None:
    """Make these the node's rows that come from documents, in place of those written the last time; measurements keep their history."""
    metric_key = _key(Metric.table, Metric)
    set_aside(connection, node, metric_key)
    by_type: dict[type[Record], list[Record]] = {}
    for record in records:
        by_type.setdefault(type(record), []).append(record)
    earlier = connection.execute("SELECT DISTINCT record_type FROM written WHERE node = $1", [node]).fetchall()
    for record_type in (TYPES[table] for (table,) in earlier):
        table = record_type.table
        connection.execute(
            f'DELETE FROM "{table}" USING written w '
            f"WHERE w.node = $1 AND w.record_type = '{table}' AND w.key = {_key(table, record_type)}",
            [node],
        )
    connection.execute("DELETE FROM written WHERE node = $1", [node])
    for record_type, rows in by_type.items():
        upsert(connection, rows, f"INSERT INTO written SELECT DISTINCT node, '{record_type.table}', {_key('incoming', record_type)} FROM incoming")
    keep(connection, node, metric_key)


def _key(table: str, record_type: type[Record]) -> str:
    """SQL for a row's key as one text."""
    parts = ", ".join(f'CAST("{table}"."{name}" AS VARCHAR)' for name in record_type.key)
    return f"CAST(to_json([{parts}]) AS VARCHAR)"


def _written_down(record: Record) -> str:
    """JSON of the fields that differ from their defaults."""
    values = record.__dict__
    return ENCODE({name: value for name, default in _defaults(type(record)) if (value := values[name]) != default or default is MISSING})


_DEFAULTS: dict[type[Record], tuple[tuple[str, Any], ...]] = {}


def _defaults(record_type: type[Record]) -> tuple[tuple[str, Any], ...]:
    if record_type not in _DEFAULTS:
        _DEFAULTS[record_type] = tuple((field.name, field.default) for field in fields(record_type))
    return _DEFAULTS[record_type]


def _read_back(kind: str, text: str, ingested: datetime) -> Record:
    record_type = TYPES[kind]
    types = storage_columns(record_type)
    said: dict[str, Any] = {
        name: _value(value, types[name]) for name, value in json.loads(text).items() if name in types
    }
    said.setdefault("as_of", ingested)
    return record_type(**said)


def _value(value: Any, type_: str) -> Any:
    if value is None:
        return None
    if type_ == "TIMESTAMP":
        return datetime.fromisoformat(value)
    if type_ == "DATE":
        return date.fromisoformat(value)
    return tuple(value) if type_ == "VARCHAR[]" else value
