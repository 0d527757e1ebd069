"""What each document states, kept in the catalog beside what was made of it.

A row of the catalog is a function of all statements of its node, so a changed document takes back what it said and
reading everything twice gives the same rows. Knows how records are kept; knows no format.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from catalog.ingest.reading import CheckRun, ShortName
from catalog.quality.history import keep, set_aside
from catalog.storage.records import RECORD_TYPES, Metric, Record, storage_columns
from catalog.storage.rows import stage, upsert

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


def statements(connection: "duckdb.DuckDBPyConnection", node: str) -> Iterator[Statement]:
    """What every document of a node states, the newest last; a record without a date has its document's.

    Two records of one time are in the order of their paths and positions.
    """
    rows = connection.execute(
        "SELECT s.path, s.position, s.record_type, s.content, d.ingested "
        "FROM statement s JOIN document d ON d.node = s.node AND d.path = s.path WHERE s.node = $1",
        [node],
    ).fetchall()
    found = [Statement(path, position, _read_back(kind, text, at)) for path, position, kind, text, at in rows]
    yield from sorted(found, key=lambda s: (s.record.as_of or datetime.min, s.path, s.position))


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
        upsert(connection, rows)
        keys = {name: type_ for name, type_ in storage_columns(record_type).items() if name in record_type.key}
        declared = ", ".join(f'"{name}" {type_}' for name, type_ in keys.items())
        connection.execute(f"CREATE OR REPLACE TEMP TABLE keyed ({declared})")
        stage(connection, "keyed", keys, ([getattr(row, name) for name in keys] for row in rows))
        connection.execute(
            f"INSERT INTO written SELECT DISTINCT $1, '{record_type.table}', {_key('keyed', record_type)} FROM keyed",
            [node],
        )
    connection.execute("DROP TABLE IF EXISTS keyed")
    keep(connection, node, metric_key)


def _key(table: str, record_type: type[Record]) -> str:
    """SQL for a row's key as one text."""
    parts = ", ".join(f'CAST("{table}"."{name}" AS VARCHAR)' for name in record_type.key)
    return f"CAST(to_json([{parts}]) AS VARCHAR)"


def _written_down(record: Record) -> str:
    """JSON of the fields that differ from their defaults."""
    values = {field: getattr(record, field.name) for field in fields(record)}
    said = {f.name: value for f, value in values.items() if f.default is MISSING or value != f.default}
    return json.dumps(said, ensure_ascii=False, default=lambda value: value.isoformat())


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
