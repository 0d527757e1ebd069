"""What each document states, kept in the catalog beside what was made of it.

A row of the catalog is a function of all statements of its node, so a changed document takes back what it said and
reading everything twice gives the same rows. Knows how records are kept; knows no format.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import date, datetime
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from catalog.ingest.reading import CheckRun, Schema, ShortName
from catalog.quality.history import keep, set_aside
from catalog.storage.records import RECORD_TYPES, DatasetColumn, Metric, Record, storage_columns
from catalog.storage.rows import changed, key_of, same_values, stage, upsert

if TYPE_CHECKING:
    import duckdb

TABLES = """
CREATE TABLE IF NOT EXISTS statement (node VARCHAR, path VARCHAR, position BIGINT, record_type VARCHAR, content VARCHAR);
CREATE TABLE IF NOT EXISTS written (node VARCHAR, record_type VARCHAR, key VARCHAR);
CREATE TABLE IF NOT EXISTS written_schema (node VARCHAR, dataset VARCHAR, columns VARCHAR);
"""
"""A statement is a page of records of one type, column by column; its position is the first one's among those of its document and type."""
PAGE = 10_000
"""Records of a page at most."""
MOST_AT_ONCE = 8_000_000
"""Characters of pages that are held until they are written."""
STATED: tuple[type[Record], ...] = (*RECORD_TYPES, ShortName, CheckRun, Schema)
ENCODE = json.JSONEncoder(ensure_ascii=False, default=lambda value: value.isoformat()).encode
TYPES = {record_type.table: record_type for record_type in STATED}


def replace_statements(connection: "duckdb.DuckDBPyConnection", node: str, documents: Mapping[str, Sequence[Record]]) -> list[str]:
    """Let each document, by path, state these records instead of what it stated before.

    Returns the documents whose records storage gives back as they are: not those with a lone surrogate, which no UTF-8 has.
    """
    connection.execute(TABLES)
    connection.execute(
        "DELETE FROM statement WHERE node = $1 AND list_contains($2, path)", [node, list(documents) or [""]]
    )
    rows: list[tuple[str, int, str, str]] = []
    size, odd = 0, set[str]()
    for path, records in documents.items():
        for position, table, text in _pages(records):
            content = text.encode("utf-8", "replace").decode("utf-8")
            if content != text:
                odd.add(path)
            rows.append((path, position, table, content))
            size += len(content)
            if size > MOST_AT_ONCE:
                _write_down(connection, node, rows)
                rows, size = [], 0
    _write_down(connection, node, rows)
    return [path for path in documents if path not in odd]


def _write_down(connection: "duckdb.DuckDBPyConnection", node: str, pages: Sequence[tuple[str, int, str, str]]) -> None:
    """Add pages as lists of their cells: few and long as they are, this takes a fraction of what JSON within JSON does."""
    if pages:
        connection.execute(
            "INSERT INTO statement SELECT $1, unnest($2::VARCHAR[]), unnest($3::BIGINT[]), unnest($4::VARCHAR[]), unnest($5::VARCHAR[])",
            [node, *map(list, zip(*pages, strict=True))],
        )


def _pages(records: Sequence[Record]) -> Iterator[tuple[int, str, str]]:
    """Position, table and JSON of each page: how many records, the fields that are alike in all of them, and those that are not."""
    by_type: dict[type[Record], list[Record]] = {}
    for record in records:
        by_type.setdefault(type(record), []).append(record)
    for record_type, rows in by_type.items():
        defaults, types = _defaults(record_type), storage_columns(record_type)
        cells = itemgetter(*defaults)
        for start in range(0, len(rows), PAGE):
            page = rows[start : start + PAGE]
            alike, apart = {}, {}
            for name, column in zip(defaults, zip(*[cells(record.__dict__) for record in page], strict=True), strict=True):
                if column.count(column[0]) < len(column):
                    apart[name] = _dated(column) if types[name] in ("TIMESTAMP", "DATE") else column
                elif column[0] != defaults[name]:
                    alike[name] = column[0]
            yield start, record_type.table, ENCODE({"records": len(page), "alike": alike, "apart": apart})


def _dated(column: Sequence[date | None]) -> list[str | None]:
    """Times as text; the records of a document share a few."""
    told = {moment: moment.isoformat() if moment else None for moment in set(column)}
    return [told[moment] for moment in column]


def read_statements(connection: "duckdb.DuckDBPyConnection", node: str, fresh: Mapping[str, Sequence[Record]], moment: datetime) -> list[Record]:
    """What every document of a node states, the newest last; a record without a date has its document's.

    Two records of one type and time are in the order of their paths and positions. What ``fresh`` documents state, ingested at this ``moment``,
    is taken as it is given: it was just written down.
    """
    rows = connection.execute(
        "SELECT s.path, s.record_type, s.content, d.ingested "
        "FROM statement s JOIN document d ON d.node = s.node AND d.path = s.path WHERE s.node = $1 AND NOT list_contains($2, s.path) "
        "ORDER BY s.path, s.position",
        [node, list(fresh) or [""]],
    ).fetchall()
    told: dict[str, list[Record]] = {}
    for path, kind, text, at in rows:
        told.setdefault(path, []).extend(_read_back(TYPES[kind], json.loads(text), at))
    for path, records in fresh.items():
        told[path] = [record if record.as_of else changed(record, {"as_of": moment}) for record in records]
    return sorted((record for path in sorted(told) for record in told[path]), key=attrgetter("as_of"))


def write(connection: "duckdb.DuckDBPyConnection", node: str, records: Iterable[Record]) -> None:
    """Make these the node's rows that come from documents, in place of those written the last time; measurements keep their history."""
    by_type: dict[type[Record], list[Record]] = {}
    for record in records:
        by_type.setdefault(type(record), []).append(record)
    metric_key = _key(Metric.table, Metric)
    is_measured = Metric in by_type or _has_rows(connection, Metric, node)
    if is_measured:
        set_aside(connection, node, metric_key)
    earlier = connection.execute("SELECT DISTINCT record_type FROM written WHERE node = $1", [node]).fetchall()
    for record_type in (TYPES[table] for (table,) in earlier):
        table = record_type.table
        connection.execute(
            f'DELETE FROM "{table}" USING written w '
            f"WHERE w.node = $1 AND w.record_type = '{table}' AND w.key = {_key(table, record_type)}",
            [node],
        )
    connection.execute("DELETE FROM written WHERE node = $1", [node])
    _write_schemas(connection, node, by_type.pop(Schema, []))
    for record_type, rows in by_type.items():
        _insert(connection, node, record_type, rows)
    if is_measured:
        keep(connection, node, metric_key)


def _has_rows(connection: "duckdb.DuckDBPyConnection", record_type: type[Record], node: str) -> bool:
    return bool(connection.execute(f'SELECT 1 FROM "{record_type.table}" WHERE node = $1 LIMIT 1', [node]).fetchall())


def _insert(connection: "duckdb.DuckDBPyConnection", node: str, record_type: type[Record], records: Sequence[Record]) -> None:
    """Write a node's records of one type, of two with one key the later; at once where no other row of the node could be the same."""
    table = record_type.table
    if _has_rows(connection, record_type, node):
        upsert(connection, records, f"INSERT INTO written SELECT DISTINCT node, '{table}', {_key('incoming', record_type)} FROM incoming")
        return
    key, columns = key_of(record_type), storage_columns(record_type)
    cells = itemgetter(*columns)
    stage(connection, table, columns, (cells(record.__dict__) for record in {key(record): record for record in records}.values()))
    connection.execute(f"INSERT INTO written SELECT node, '{table}', {_key(table, record_type)} FROM \"{table}\" WHERE node = $1", [node])


def _write_schemas(connection: "duckdb.DuckDBPyConnection", node: str, schemas: Sequence[Record]) -> None:
    """Make the columns of these schemas the node's rows, in place of those written the last time and of any other row of the same column."""
    named = "SELECT node, dataset, unnest(string_split(columns, chr(10))) AS column_name FROM"
    connection.execute(f"DELETE FROM dataset_column USING ({named} written_schema WHERE node = $1) w WHERE {same_values('dataset_column', 'w', DatasetColumn.key)}", [node])
    connection.execute("DELETE FROM written_schema WHERE node = $1", [node])
    if not schemas:
        return
    columns = storage_columns(Schema)
    declared = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming ({declared})")
    cells = itemgetter(*columns)
    stage(connection, "incoming", columns, (cells(schema.__dict__) for schema in schemas))
    if _has_rows(connection, DatasetColumn, node):
        connection.execute(f"DELETE FROM dataset_column USING ({named} incoming) w WHERE {same_values('dataset_column', 'w', DatasetColumn.key)}")
    connection.execute(
        "INSERT INTO dataset_column BY NAME SELECT node, sensitivity, as_of, origin, dataset, unnest(string_split(columns, chr(10))) AS column_name, "
        "nullif(unnest(string_split(types, chr(10))), '') AS type, nullif(unnest(string_split(definitions, chr(10))), '') AS definition FROM incoming"
    )
    connection.execute("INSERT INTO written_schema SELECT node, dataset, columns FROM incoming")
    connection.execute("DROP TABLE incoming")


def _key(table: str, record_type: type[Record]) -> str:
    """SQL for a row's key as one text."""
    parts = ", ".join(f'CAST("{table}"."{name}" AS VARCHAR)' for name in record_type.key)
    return f"CAST(to_json([{parts}]) AS VARCHAR)"


_DEFAULTS: dict[type[Record], Mapping[str, Any]] = {}


def _defaults(record_type: type[Record]) -> Mapping[str, Any]:
    """Every field with its default, MISSING where it has none."""
    if record_type not in _DEFAULTS:
        _DEFAULTS[record_type] = {field.name: field.default for field in fields(record_type)}
    return _DEFAULTS[record_type]


def _read_back(record_type: type[Record], content: dict[str, Any], ingested: datetime) -> Iterator[Record]:
    """The records of a page, or the one of a row as they were kept before there were pages."""
    page: dict[str, Any] = content if "apart" in content else {"records": 1, "alike": content, "apart": {}}
    types = storage_columns(record_type)
    shared = {name: default for name, default in _defaults(record_type).items() if default is not MISSING}
    shared |= {name: _value(value, types[name]) for name, value in page["alike"].items() if name in types}
    apart = {name: [_value(value, types[name]) for value in column] for name, column in page["apart"].items() if name in types}
    for cells in zip(*apart.values(), strict=True) if apart else repeat((), page["records"]):
        record = object.__new__(record_type)
        record.__dict__.update(shared)
        record.__dict__.update(zip(apart, cells, strict=True))
        if record.as_of is None:
            record.__dict__["as_of"] = ingested
        yield record


def _value(value: Any, type_: str) -> Any:
    if value is None:
        return None
    if type_ == "TIMESTAMP":
        return datetime.fromisoformat(value)
    if type_ == "DATE":
        return date.fromisoformat(value)
    return tuple(value) if type_ == "VARCHAR[]" else value
