"""What documents state, as it is kept: pages of records give back every record, those of catalogs before there were pages included."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.ingest.reading import CheckRun, ShortName
from catalog.ingest.statements import TABLES, read_statements, replace_statements
from catalog.storage.generations import writing
from catalog.storage.records import Dataset, Document, LineageEdge, Metric, Model, Record, storage_ddl
from catalog.storage.rows import upsert

from .conftest import Desk

NOW = datetime(2026, 3, 1, 12)
RECORDS: list[Record] = [
    Dataset(node="n", name="a", languages=("English", "Latin"), deprecated=True, row_count=0, as_of=datetime(2026, 1, 2, 3, 4, 5, 6)),
    Dataset(node="n", name="b", description='é "quoted"\nline', bytes=2**63 - 1, pii=False),
    Dataset(node="n", name="b", aliases=("x",), as_of=datetime(2025, 1, 1)),
    LineageEdge(node="n", upstream="a", downstream="b", masking=True),
    Model(node="n", name="m", released=date(2024, 2, 29), trained_on=("a",)),
    Metric(node="n", dataset="a", dimension="volume", metric="row_count", value=0.1 + 0.2, unit="count", measured_at=datetime(2026, 1, 1)),
    ShortName(node="n", identifier="db/a", short="a"),
    CheckRun(node="n", check_id="r1", declared="c", status="passed"),
]


@pytest.fixture
def store() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(storage_ddl() + TABLES)
    return connection


def documents(connection: duckdb.DuckDBPyConnection, *paths: str) -> None:
    upsert(connection, [Document(node="n", path=path, kind="k", sha256="", ingested=NOW, records=0) for path in paths])


def told(records: list[Record]) -> list[str]:
    """Records as they are, in the order of each type."""
    return sorted(map(repr, records))


def test_what_is_written_down_is_read_back_dated(store: duckdb.DuckDBPyConnection) -> None:
    documents(store, "a.json", "b.json")
    kept = replace_statements(store, "n", {"b.json": RECORDS[:4], "a.json": RECORDS[4:]})
    assert kept == ["b.json", "a.json"]
    found = read_statements(store, "n", {}, NOW)
    assert told(found) == told(read_statements(store, "n", {"b.json": RECORDS[:4], "a.json": RECORDS[4:]}, NOW))
    assert [record.as_of for record in found] == sorted(record.as_of or NOW for record in RECORDS)
    replace_statements(store, "n", {"b.json": []})
    assert len(read_statements(store, "n", {}, NOW)) == len(RECORDS[4:])


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(
            Dataset,
            node=st.just("n"),
            name=st.text(min_size=1, max_size=4),
            owner=st.none() | st.text(max_size=3),
            row_count=st.none() | st.integers(0, 2**63 - 1),
            pii=st.none() | st.booleans(),
            languages=st.lists(st.text(max_size=2), max_size=2).map(tuple),
            as_of=st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
        ),
        max_size=6,
    )
)
def test_a_record_comes_back_as_it_was_given_or_its_document_is_named(records: list[Dataset]) -> None:
    store = duckdb.connect()
    store.execute(storage_ddl() + TABLES)
    documents(store, "d")
    kept = replace_statements(store, "n", {"d": records})
    found = read_statements(store, "n", {}, NOW)
    assert kept == ["d"] and found == read_statements(store, "n", {"d": records}, NOW)


def test_a_lone_surrogate_is_read_back_as_it_is_stored(store: duckdb.DuckDBPyConnection) -> None:
    documents(store, "good", "odd")
    odd, good = [Dataset(node="n", name="r\ud800w")], [Dataset(node="n", name="\U0001f600")]
    assert replace_statements(store, "n", {"good": good, "odd": odd}) == ["good"]
    assert {record.name for record in read_statements(store, "n", {"good": good}, NOW) if isinstance(record, Dataset)} == {"r?w", "\U0001f600"}


def test_pages_keep_their_order(store: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.ingest.statements.PAGE", 3)
    monkeypatch.setattr("catalog.ingest.statements.MOST_AT_ONCE", 200)
    documents(store, "d")
    records = [Dataset(node="n", name=f"d{i}") for i in range(11)]
    replace_statements(store, "n", {"d": records})
    assert store.execute("SELECT position FROM statement ORDER BY 1").fetchall() == [(0,), (3,), (6,), (9,)]
    assert [record.name for record in read_statements(store, "n", {}, NOW) if isinstance(record, Dataset)] == [record.name for record in records]


def test_lists_of_very_many_rows_are_written_as_they_are(store: duckdb.DuckDBPyConnection) -> None:
    rows = [Dataset(node="n", name=f"d{i:04}", languages=("Latin", "Greek"), aliases=("x",) * (i % 3)) for i in range(1500)]
    upsert(store, rows)
    found = store.execute("SELECT name, languages, tasks, aliases FROM dataset ORDER BY name").fetchall()
    assert found == [(row.name, ["Latin", "Greek"], [], list(row.aliases)) for row in rows]


def test_a_catalog_from_before_there_were_pages_is_read_on(desk: Desk) -> None:
    event: dict[str, Any] = {"eventTime": "2026-01-02T03:04:05Z", "producer": "p", "schemaURL": "s", "dataset": {"namespace": "db", "name": "new"}}
    desk.put("new.json", event)
    path = str(Path(desk.inbox / "old.json"))
    with writing(desk.home) as connection:
        connection.execute(TABLES)
        upsert(connection, [Document(node="n", path=path, kind="k", sha256="", ingested=NOW, records=2)])
        for position, name in enumerate(("one", "two")):
            content = json.dumps({"node": "n", "name": name, "as_of": "2025-01-01T00:00:00", "languages": ["English"]})
            connection.execute("INSERT INTO statement VALUES ('n', $1, $2, 'dataset', $3)", [path, position, content])
    desk.ingest()
    assert desk.rows("SELECT name, languages, as_of FROM dataset ORDER BY name") == [
        ("new", [], datetime(2026, 1, 2, 3, 4, 5)),
        ("one", ["English"], datetime(2025, 1, 1)),
        ("two", ["English"], datetime(2025, 1, 1)),
    ]
