"""Columns that a document states by the dataset: as many and as much as one by one, whatever else is said of them and whenever."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ingest import openlineage_facets
from catalog.ingest.openlineage_facets import Facets, about_columns
from catalog.ingest.parts import Part
from catalog.ingest.reading import Schema, rows_of, told_apart
from catalog.ingest.statements import TABLES
from catalog.storage.generations import writing
from catalog.storage.records import Dataset, DatasetColumn, Record
from catalog.storage.rows import upsert

from .conftest import NOW, Desk
from .samples import stated

AT = datetime(2026, 1, 2)
Field = dict[str, Any]


def event(fields: object, time: str = "2026-01-02T00:00:00Z", name: str = "t", **facets: object) -> dict[str, Any]:
    return {
        "eventTime": time,
        "run": {"runId": "r"},
        "job": {"namespace": "j", "name": "load"},
        "inputs": [],
        "outputs": [{"namespace": "db", "name": name, "facets": {"schema": {"fields": fields}, **facets}}],
    }


def columns(document: object) -> tuple[list[Record], list[tuple[str, str]]]:
    """Records of the columns that a dataset's facets state, and complaints."""
    wrong: list[tuple[str, str]] = []
    found = about_columns(Facets(Part(document, "$", lambda path, expected: wrong.append((path, expected)))), "t", node="n", at=AT)
    return list(found), wrong


@pytest.fixture
def one_by_one() -> Iterator[pytest.MonkeyPatch]:
    """Columns are stated one by one, whatever is known of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openlineage_facets, "plain_lines", lambda fields: None)
        yield patch


WORD = st.sampled_from(["a", "b", "c d", " e ", "f\ng", "", "\u00a0", "x" * 501, "BIGINT", "r\ud800w"])
ODD: st.SearchStrategy[Any] = st.sampled_from([None, 7, 1.5, True, False, [], {}, ["x"]])
FIELD = st.fixed_dictionaries(
    {"name": WORD | ODD},
    optional={"type": WORD | ODD, "description": WORD | ODD, "fields": st.just([{"name": "in"}]), "tags": st.just(["pii"])},
)
PLAIN = st.fixed_dictionaries({"name": st.sampled_from("abcdefgh")}, optional={"type": WORD, "description": WORD})


@given(st.lists(PLAIN, max_size=4) | st.lists(PLAIN | FIELD | ODD, max_size=4) | FIELD | ODD)
def test_a_schema_says_what_its_columns_say_one_by_one(fields: object) -> None:
    document = {"facets": {"schema": {"fields": fields}}}
    found, wrong = columns(document)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openlineage_facets, "plain_lines", lambda fields: None)
        assert ([column for record in found for column in (record.each() if isinstance(record, Schema) else (record,))], wrong) == columns(document)


@pytest.mark.parametrize(
    ("fields", "facets"),
    [
        ([{"name": "a", "fields": [{"name": "b"}]}], {}),
        ([{"name": "a"}, {"name": "a"}], {}),
        ([{"name": "a", "tags": ["pii"]}], {}),
        ([{"name": "a"}], {"tags": {"tags": [{"key": "pii", "field": "a"}]}}),
        ([{"name": "a"}], {"dataQualityMetrics": {"columnMetrics": {"a": {"nullCount": 1}}}}),
        ([{"name": "a"}], {"steward_profile": {"columns": {"a": {"key": True}}}}),
        ([{"name": "a", "description": "two\nlines"}], {}),
        ([{"name": "a"}, {"type": "INT"}], {}),
    ],
)
def test_columns_of_which_more_is_said_stand_alone(fields: list[Field], facets: dict[str, Any]) -> None:
    found, _ = columns({"facets": {"schema": {"fields": fields}, **facets}})
    assert found and all(isinstance(record, DatasetColumn) for record in found)


def test_a_schema_counts_as_its_columns(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = [{"name": f"c{i}"} for i in range(30)]
    (schema,) = stated(event(fields), Schema)
    assert rows_of([schema, Dataset(node="n", name="a")]) == {"dataset_column": 30, "dataset": 1}
    desk.put("a.json", event(fields))
    assert desk.ingest().records == {"dataset": 1, "dataset_column": 30}
    assert desk.rows("SELECT records FROM document") == [(32,)]
    desk.put("b.json", event(fields, name="wide"))
    monkeypatch.setattr("catalog.ingest.MOST_RECORDS", 31)
    assert [problem.expected for problem in desk.ingest().problems] == ["at most 31 records"]


def test_a_document_states_the_columns_of_a_dataset_in_one_way() -> None:
    schema = Schema(node="n", dataset="t", columns="a\nb", types="INT\n", definitions="\nsaid")
    other, alone = Schema(node="n", dataset="u", columns="a", types="", definitions=""), DatasetColumn(node="n", dataset="t", column_name="a")
    assert told_apart([schema, other, alone]) == [
        DatasetColumn(node="n", dataset="t", column_name="a", type="INT"),
        DatasetColumn(node="n", dataset="t", column_name="b", definition="said"),
        other,
        alone,
    ]


A: Field = {"name": "a", "type": "INT", "description": "first"}
STORIES: dict[str, list[dict[str, Any]]] = {
    "the same again later": [{"1": [event([A]), event([A], "2026-01-05T00:00:00Z")]}, {"2": [event([A], "2026-01-04T00:00:00Z")]}],
    "another column": [{"1": [event([A]), event([A, {"name": "b"}], "2026-01-03T00:00:00Z")]}, {"2": [event([{"name": "c"}], "2026-01-01T00:00:00Z")]}],
    "less said later": [{"1": [event([A])], "2": [event([{"name": "a"}], "2026-01-03T00:00:00Z")]}],
    "tagged in the same document": [{"1": [event([A]), event([A | {"type": "TEXT", "tags": ["pii"]}])]}, {"2": [event([{"name": "z"}], name="u")]}],
    "tagged in another": [{"1": [event([A])]}, {"0": [event([A | {"type": "TEXT", "tags": ["pii"]}])]}, {"1": [event([A | {"type": "LONG"}])]}],
    "taken back": [{"1": [event([A]), event([A], name="u")]}, {"1": [event([A], name="u")]}, {"1": [event([A | {"name": "b"}], name="u")]}],
    "a name of two datasets": [{"1": [event([A]), {**event([A]), "outputs": [{"namespace": "other", "name": "t", "facets": {"schema": {"fields": [A]}}}]}]}],
    "text that storage cannot hold": [{"1": [event([{"name": "r\ud800w"}])]}, {"2": [event([A], name="u")]}],
}


def told(desk: Desk, story: list[dict[str, Any]]) -> list[dict[str, list[tuple[Any, ...]]]]:
    """What the catalog holds after each chapter, but for how it remembers who stated it."""
    states = []
    for chapter in story:
        for name, document in chapter.items():
            desk.put(f"{name}.json", "\n".join(map(json.dumps, document)))
        desk.ingest()
        states.append({table: rows for table, rows in desk.everything().items() if table not in ("statement", "written", "written_schema")})
    return states


@pytest.mark.parametrize("name", STORIES)
def test_a_catalog_is_the_same_whichever_way_columns_are_stated(desk: Desk, tmp_path: Any, name: str, request: pytest.FixtureRequest) -> None:
    found = told(desk, STORIES[name])
    request.getfixturevalue("one_by_one")
    for file in desk.inbox.iterdir():
        file.unlink()
    desk.inbox.rmdir()
    again = Desk(tmp_path)
    again.home = tmp_path / "again"
    assert told(again, STORIES[name]) == found
    assert found[-1]["dataset_column"]


def test_columns_that_no_document_states_are_left_alone_and_those_of_older_catalogs_are_not(desk: Desk) -> None:
    with writing(desk.home) as connection:
        connection.execute(TABLES)
        upsert(connection, [DatasetColumn(node="n", dataset="t", column_name=name, type="OLD") for name in ("a", "kept", "gone")])
        connection.execute("INSERT INTO written VALUES ('n', 'dataset_column', '[\"n\",\"t\",\"gone\"]')")
    desk.put("a.json", event([A, {"name": "b"}]))
    desk.ingest()
    assert desk.rows("SELECT column_name, type FROM dataset_column ORDER BY 1") == [("a", "INT"), ("b", None), ("kept", "OLD")]
    desk.put("a.json", event([{"name": "b"}]))
    desk.ingest()
    assert desk.rows("SELECT column_name, type FROM dataset_column ORDER BY 1") == [("b", None), ("kept", "OLD")]


def test_a_dataset_that_many_events_mention_has_the_time_of_the_newest(desk: Desk) -> None:
    events = [event([A], f"2026-01-0{day}T00:00:00Z") | {"inputs": [{"namespace": "db", "name": "raw"}]} for day in (3, 2, 5, 4, 5)]
    assert [record.as_of for record in stated(events, Dataset) if record.name == "db/raw"] == [datetime(2026, 1, 3), datetime(2026, 1, 5)]
    desk.put("a.json", events)
    desk.ingest()
    assert desk.rows("SELECT name, as_of FROM dataset ORDER BY 1") == [("raw", datetime(2026, 1, 5)), ("t", datetime(2026, 1, 5))]
    desk.put("b.json", {key: value for key, value in events[0].items() if key != "eventTime"})
    desk.ingest()
    assert desk.rows("SELECT as_of FROM dataset WHERE name = 'raw'") == [(NOW,)]
