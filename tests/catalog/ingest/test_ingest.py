"""Ingest as a whole: detection, problems, idempotence, changed documents, own formats, and the given collections."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.errors import CatalogUnavailable, UsageError
from catalog.ingest import share_out
from catalog.ingest.readers import READERS
from catalog.ingest.reading import Context, Document
from catalog.semantic import views
from catalog.storage.generations import current, writing
from catalog.storage.records import Dataset, Node, Record, storage_columns
from catalog.storage.rows import upsert

from .conftest import NOW, Desk

LATER = NOW + timedelta(days=1)
AWS = (
    "Name: Rain\nDescription: Rain gauges\nLicense: CC BY 4.0\nManagedBy: Met\nUpdateFrequency: Daily\nResources: []\n"
)
CROISSANT = {"@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.0", "name": "Faces"}
EVENT = {
    "eventType": "COMPLETE",
    "eventTime": "2026-01-02T03:04:05Z",
    "run": {"runId": "r"},
    "job": {"namespace": "j", "name": "load"},
    "inputs": [{"namespace": "db", "name": "raw"}],
    "outputs": [{"namespace": "db", "name": "clean"}],
}
SHARED = Path(__file__).parents[4] / "shared" / "data"
"""Real documents that lie beside a checkout and are no part of it."""
Entry = Callable[..., dict[str, Any]]


def test_documents_are_detected_by_content_wherever_they_lie(desk: Desk, summary: Entry) -> None:
    desk.put("croissant/a.txt", AWS)
    desk.put("x.json", CROISSANT)
    desk.put("aws/events.json", [EVENT, EVENT])
    desk.put("y", {"d": summary("d")})
    desk.put("constants.json", {"CC BY 4.0": ["All", "1", "0"]})
    desk.put("README.md", "# About\n\n[these]: files")
    report = desk.ingest()
    assert report.documents == {"aws-open-data": 1, "croissant": 1, "openlineage": 1, "data-provenance": 1}
    assert [Path(name).name for name in report.skipped] == ["README.md", "constants.json"]
    assert report.problems == []
    assert {name for (name,) in desk.rows("SELECT name FROM dataset")} == {"Rain", "Faces", "raw", "clean", "d"}
    assert report.records["dataset"] == 5


def test_a_bad_document_is_reported_and_the_rest_kept(desk: Desk, summary: Entry) -> None:
    desk.put("good.yaml", AWS)
    desk.put("broken.json", '{"a": ')
    desk.put("empty.json", "")
    desk.put("binary.parquet", b"PAR1\x00\x01\xff")
    desk.put("latin.yaml", "Name: Caf\xe9".encode("latin-1"))
    desk.put("deep.json", "[" * 100_000)
    desk.put("nameless.json", CROISSANT | {"name": None})
    desk.put("half.json", {"ok": summary("ok", Languages=3, Creators=[{"no": "text"}]), "wrong": summary("else")})
    report = desk.ingest()
    found = {(Path(p.file).name, p.path) for p in report.problems}
    assert found == {
        ("broken.json", "$"),
        ("empty.json", "$"),
        ("binary.parquet", "$"),
        ("latin.yaml", "$"),
        ("deep.json", "$"),
        ("nameless.json", "$.name"),
        ("half.json", "$.ok.Creators[0]"),
        ("half.json", "$.wrong.Unique Dataset Identifier"),
    }
    assert all(problem.expected for problem in report.problems)
    assert {name for (name,) in desk.rows("SELECT name FROM dataset")} == {"Rain", "ok"}


def test_a_second_run_changes_nothing(desk: Desk, summary: Entry) -> None:
    desk.put("a.yaml", AWS)
    desk.put("b.json", {"d": summary("d"), "e": summary("e", **{"Derived from Datasets": ["d"]})})
    desk.put("c.json", EVENT)
    desk.ingest()
    before, generation = desk.everything(), current(desk.home)
    report = desk.ingest(now=LATER)
    assert (report.unchanged, report.documents, report.records) == (3, {}, {})
    assert current(desk.home) == generation
    desk.put("new.json", CROISSANT)
    desk.ingest(now=LATER)
    (desk.inbox / "new.json").unlink()
    after = desk.everything()
    kept = {table: [row for row in rows if row in after[table]] for table, rows in before.items()}
    assert kept == before


def test_the_order_of_reading_makes_no_difference(tmp_path: Path, summary: Entry) -> None:
    documents = {
        "a.json": {"d": summary("d", **{"Derived from Datasets": ["Parent"]})},
        "b.json": {"p": summary("parent")},
        "c.json": EVENT,
        "d.json": EVENT | {"outputs": [{"namespace": "other", "name": "clean"}]},
    }
    documents["b.json"] = {"parent": summary("parent")}
    results = []
    for order in (sorted(documents), sorted(documents, reverse=True)):
        root = tmp_path / order[0]
        root.mkdir()
        desk = Desk(root)
        for name in order:
            desk.put(name, documents[name])
            desk.ingest()
        results.append({k: v for k, v in desk.everything().items() if k not in ("document", "statement")})
    assert results[0] == results[1]


def test_dates_are_the_documents_own_or_those_of_the_first_reading(desk: Desk) -> None:
    desk.put("a.yaml", AWS)
    desk.put("b.json", EVENT)
    desk.ingest()
    desk.put("c.json", CROISSANT)
    desk.ingest(now=LATER)
    dates = dict(desk.rows("SELECT name, as_of FROM dataset"))
    assert dates == {
        "Rain": NOW,
        "Faces": LATER,
        "raw": datetime(2026, 1, 2, 3, 4, 5),
        "clean": datetime(2026, 1, 2, 3, 4, 5),
    }


def test_a_changed_document_takes_back_what_it_said(desk: Desk) -> None:
    event = EVENT | {"outputs": [{"namespace": "db", "name": "other"}]}
    desk.put("a.json", EVENT)
    desk.put("b.yaml", AWS)
    desk.ingest()
    desk.put("a.json", event)
    desk.put("b.yaml", AWS.replace("Met", "Weather Office").replace("Description: Rain gauges", "Description: ''"))
    report = desk.ingest(now=LATER)
    assert report.documents == {"openlineage": 1, "aws-open-data": 1}
    assert desk.rows("SELECT upstream, downstream FROM edge") == [("raw", "other")]
    assert desk.rows("SELECT name, owner, description FROM dataset ORDER BY name") == [
        ("Rain", "Weather Office", None),
        ("other", None, None),
        ("raw", None, None),
    ]


def test_a_document_that_became_unreadable_keeps_what_it_said(desk: Desk) -> None:
    desk.put("a.yaml", AWS)
    desk.ingest()
    desk.put("a.yaml", AWS + "Tags: [")
    report = desk.ingest(now=LATER)
    assert len(report.problems) == 1
    assert desk.rows("SELECT name FROM dataset") == [("Rain",)]


def test_nodes_keep_their_own(desk: Desk) -> None:
    desk.put("a.yaml", AWS)
    desk.ingest("one")
    desk.put("a.yaml", AWS.replace("Met", "Other"))
    desk.ingest("two", LATER)
    assert desk.rows("SELECT node, owner FROM dataset ORDER BY ALL") == [("one", "Met"), ("two", "Other")]
    assert desk.rows("SELECT node, jurisdiction, country FROM node ORDER BY ALL") == [
        ("one", "unknown", None),
        ("two", "unknown", None),
    ]


def test_a_known_node_and_rows_of_other_origin_stay(desk: Desk) -> None:
    with writing(desk.home) as connection:
        upsert(connection, [Node(node="n", country="DE", jurisdiction="EU"), Dataset(node="n", name="own")])
    desk.put("a.yaml", AWS)
    desk.ingest()
    desk.put("a.yaml", AWS.replace("Name: Rain", "Name: Snow"))
    desk.ingest()
    assert desk.rows("SELECT node, country, jurisdiction FROM node") == [("n", "DE", "EU")]
    assert desk.rows("SELECT name FROM dataset ORDER BY ALL") == [("Snow",), ("own",)]


def test_nothing_to_read_makes_no_catalog(desk: Desk) -> None:
    desk.put("notes.txt", "nothing here")
    report = desk.ingest()
    assert len(report.skipped) == 1
    assert not (desk.home / "CURRENT").exists()


@pytest.mark.parametrize("node", ["", "  "])
def test_a_node_needs_a_name(desk: Desk, node: str) -> None:
    with pytest.raises(UsageError):
        desk.ingest(node)


def test_progress_counts_every_file(desk: Desk) -> None:
    desk.put("a.yaml", AWS)
    desk.put("b.json", EVENT)
    seen: list[tuple[int, int]] = []
    desk.ingest(progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]


class Inventory:
    """A format of one's own: {"inventory": [names]}."""

    kind = "inventory"

    def detects(self, document: Document) -> bool:
        return isinstance(document.value, dict) and "inventory" in document.value

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        for part in context.root(document)["inventory"].each():
            if name := part.line():
                yield Dataset(node=context.node, name=name)


def test_a_format_of_ones_own_is_one_small_class(desk: Desk) -> None:
    desk.put("a.json", {"inventory": ["one", 2, None, {"no": "name"}]})
    report = desk.ingest(readers=(*READERS, Inventory()))
    assert desk.rows("SELECT name FROM dataset ORDER BY ALL") == [("2",), ("one",)]
    assert [(p.path, p.expected) for p in report.problems] == [("$.inventory[3]", "text")]


class Boundless:
    """A format of somebody's own that says what no table can hold."""

    kind = "boundless"

    def detects(self, document: Document) -> bool:
        return True

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        yield Dataset(node=context.node, name="x", bytes=2**70)


def test_what_no_table_can_hold_is_told_and_changes_nothing(desk: Desk) -> None:
    desk.put("x.json", CROISSANT)
    desk.ingest()
    before = current(desk.home)
    desk.put("y.json", {"a": 1})
    with pytest.raises(CatalogUnavailable, match="cannot hold what these documents say"):
        desk.ingest(readers=(Boundless(),))
    assert current(desk.home) == before


def outside_vocabularies(desk: Desk) -> list[str]:
    """Stored values that a view's closed vocabulary does not list."""
    tables = {"datasets": "dataset", "columns": "dataset_column", "lineage": "edge", "claims": "claim"}
    tables |= {"policies": "policy", "market": "market_event", "quality_metrics": "metric", "quality_checks": "quality_check", "models": "model", "nodes": "node"}
    wrong = []
    for view, table in tables.items():
        stored = {name for (name,) in desk.rows(f"SELECT name FROM pragma_table_info('{table}')")}
        for column in views()[view].columns.values():
            if column.values and column.name in stored:
                for (value,) in desk.rows(f'SELECT DISTINCT "{column.name}" FROM "{table}"'):
                    if value is not None and value not in column.values:
                        wrong.append(f"{view}.{column.name} = {value}")
    return wrong


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data with real documents is not beside this checkout")
def test_the_given_collections_are_read(desk: Desk) -> None:
    folders = ["data-provenance", "aws-open-data", "croissant", "openlineage/spark", "marquez", "odcs"]
    for folder in folders:
        (desk.inbox / folder.replace("/", "-")).symlink_to(SHARED / folder)
    report = desk.ingest()
    assert report.documents.keys() == {"data-provenance", "aws-open-data", "croissant", "openlineage", "odcs"}
    assert report.records["dataset"] >= 2_500
    assert len(report.problems) < 0.01 * sum(report.documents.values())
    assert outside_vocabularies(desk) == []
    assert desk.rows("SELECT name, node, count(*) FROM dataset GROUP BY ALL HAVING count(*) > 1") == []
    alpaca = desk.one("SELECT * FROM dataset WHERE name = 'alpaca'")
    assert alpaca["licence_class"] == "non-commercial" and "tatsu-lab/alpaca" in alpaca["aliases"]
    claims = desk.rows("SELECT DISTINCT claimed_value, disputed FROM claim WHERE dataset = 'alpaca' AND attribute = 'licence' ORDER BY ALL")
    assert claims == [("Apache License 2.0", True), ("CC BY-NC 4.0", True)]
    before = desk.everything()
    assert desk.ingest(now=LATER).records == {}
    assert desk.everything() == before
    assert storage_columns(Dataset).keys() == alpaca.keys()


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data with real documents is not beside this checkout")
def test_the_given_dbt_projects_are_read(desk: Desk) -> None:
    (desk.inbox / "dbt").symlink_to(SHARED / "dbt")
    report = desk.ingest()
    assert report.documents["dbt"] == 47 and report.skipped == []
    # An empty file, one result without an identifier, and times that are templates in the OpenLineage events beside the artifacts.
    wrong = {p.expected.split(",")[0] for p in report.problems if "openlineage" not in p.expected and "eventTime" not in p.path}
    assert {"a document", "a result with a unique_id"} <= wrong
    assert outside_vocabularies(desk) == []
    # Two tests written in SQL say nowhere which table they read.
    nowhere = [("test.my_project.assert_positive_amounts",), ("test.my_project.assert_row_count_within_range",)]
    assert desk.rows("SELECT DISTINCT dataset FROM quality_check WHERE dataset LIKE 'test.%' ORDER BY 1") == nowhere


def test_a_small_event_of_very_many_edges_is_refused_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.ingest.MOST_RECORDS", 100)
    ends = {side: [{"namespace": "db", "name": f"{side}{i}"} for i in range(20)] for side in ("inputs", "outputs")}
    desk.put("wide.json", EVENT | ends)
    desk.put("rain.yaml", AWS)
    report = desk.ingest()
    assert [(Path(p.file).name, p.expected) for p in report.problems] == [("wide.json", "at most 100 records")]
    assert desk.rows("SELECT name FROM dataset") == [("Rain",)]


@pytest.mark.parametrize(("most", "threads"), [(10, 1), (9, 3)])
def test_one_thread_adds_to_a_small_catalog(most: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.ingest.FEW_ROWS", most)
    with duckdb.connect(config={"threads": 3}) as connection:
        connection.execute("CREATE TABLE t AS FROM range(10)")
        share_out(connection)
        assert connection.execute("SELECT current_setting('threads')").fetchone() == (threads,)
