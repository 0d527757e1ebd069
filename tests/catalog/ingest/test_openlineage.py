"""OpenLineage events of every kind and age: facets under earlier names, jobs and datasets without runs, tests, statistics, lineage of jobs."""

from datetime import datetime
from typing import Any

import pytest

from catalog.ingest.readers import READERS
from catalog.ingest.reading import Context, Document
from catalog.storage.records import Dataset, LineageEdge, Metric, QualityCheck

from .samples import stated

AT = "2026-01-02T03:04:05Z"
MOMENT = datetime(2026, 1, 2, 3, 4, 5)
A, B = {"namespace": "pg://db", "name": "a"}, {"namespace": "pg://db", "name": "b"}


def event(kind: str | None = "COMPLETE", **changes: Any) -> dict[str, Any]:
    said = {"eventTime": AT, "run": {"runId": "r"}, "job": {"namespace": "j", "name": "load"}, "inputs": [A], "outputs": [B]} | changes
    return said if kind is None else {"eventType": kind} | said


def without_run(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in event(None, **changes).items() if key != "run"}


def complaints(document: Any) -> list[tuple[str, str]]:
    found, problems = Document("a", document), list[tuple[str, str]]()
    reader = next(reader for reader in READERS if reader.detects(found))
    list(reader.read(found, Context("n", lambda path, expected: problems.append((path, expected)))))
    return problems


def test_statistics_of_what_was_read_and_written() -> None:
    read = A | {"inputFacets": {"inputStatistics": {"rowCount": 5, "size": 6, "fileCount": 7}}}
    written = B | {"outputFacets": {"outputStatistics": {"rowCount": 1, "size": 2, "fileCount": 3}}}
    found = {(m.dataset, m.metric, m.value, m.unit) for m in stated(event(inputs=[read], outputs=[written]), Metric)}
    assert found == {
        ("pg://db/a", "rows_read", 5.0, "count"), ("pg://db/a", "bytes_read", 6.0, "bytes"), ("pg://db/a", "files_read", 7.0, "count"),
        ("pg://db/b", "rows_written", 1.0, "count"), ("pg://db/b", "bytes_written", 2.0, "bytes"), ("pg://db/b", "files_written", 3.0, "count"),
    }  # fmt: skip


def test_facets_under_earlier_names() -> None:
    facets = {"dataQuality": {"rowCount": 9}, "greatExpectations_assertions": {"assertions": [{"assertion": "expect_column_values_to_not_be_null", "success": True}]}}
    document = event(inputs=[A | {"inputFacets": facets}])
    assert [(m.metric, m.value) for m in stated(document, Metric)] == [("row_count", 9.0)]
    assert [(c.check_name, c.status) for c in stated(document, QualityCheck)] == [("not_null", "passed")]


@pytest.mark.parametrize(
    ("document", "last_run", "last_updated"),
    [
        (event("COMPLETE"), MOMENT, MOMENT),
        (event("complete"), MOMENT, MOMENT),
        (event("START"), None, None),
        (event("RUNNING"), None, None),
        (event("OTHER"), None, None),
        (event(None), MOMENT, MOMENT),
        (without_run(), None, None),
    ],
    ids=["complete", "lower case", "start", "running", "other", "no type", "job event"],
)
def test_only_a_run_that_ended_has_run(document: Any, last_run: datetime | None, last_updated: datetime | None) -> None:
    (edge,) = stated(document, LineageEdge)
    assert (edge.upstream, edge.downstream, edge.job, edge.last_run) == ("pg://db/a", "pg://db/b", "load", last_run)
    assert [d.last_updated for d in stated(document, Dataset) if d.name == "pg://db/b"] == [last_updated]


def test_a_job_event_alone_and_a_page_of_events_are_events() -> None:
    alone = {"eventTime": AT, "producer": "p", "job": {"namespace": "j", "name": "load"}}
    assert complaints(alone) == []
    page = {"totalCount": 2, "events": [event(), {"eventTime": AT, "schemaURL": "s", "dataset": {"namespace": "pg://db", "name": "c"}}]}
    assert [d.name for d in stated(page, Dataset)] == ["pg://db/a", "pg://db/b", "pg://db/c"]


@pytest.mark.parametrize("kind", ["FAIL", "ABORT"])
def test_what_a_broken_run_measured_is_kept(kind: str) -> None:
    checked = B | {"facets": {"dataQualityAssertions": {"assertions": [{"assertion": "not_null", "column": "x", "success": False}]}, "schema": {"fields": [{"name": "x"}]}}}
    document = event(kind, outputs=[checked])
    assert [(c.dataset, c.status) for c in stated(document, QualityCheck)] == [("pg://db/b", "failed")]
    assert stated(document, LineageEdge) == [] and [d.name for d in stated(document, Dataset)] == ["pg://db/a"]


def test_one_kind_of_assertion_twice_at_a_column() -> None:
    twice = [{"assertion": "accepted_values", "column": "x", "success": ok, "params": {"values": ["a", "b"]}} for ok in (True, False)]
    checks = stated(event(inputs=[A | {"inputFacets": {"dataQualityAssertions": {"assertions": twice}}}]), QualityCheck)
    assert [(c.check_id, c.status, c.expected) for c in checks] == [
        ("pg://db/a/x/accepted_values/r", "passed", "values: ['a', 'b']"),
        ("pg://db/a/x/accepted_values/r/2", "failed", "values: ['a', 'b']"),
    ]


def test_tests_of_a_run() -> None:
    tests = [
        {"name": "ids", "status": "pass", "severity": "error", "type": "unique", "params": {"column": "id"}},
        {"name": "amounts", "status": "fail", "severity": "warn", "expected": "0", "actual": "3", "content": "select 1"},
        {"name": "later", "status": "skip"},
    ]
    run = {"runId": "r", "facets": {"test": {"tests": tests}}}
    found = [(c.dataset, c.column_name, c.check_name, c.status, c.severity, c.expected, c.actual) for c in stated(event(run=run), QualityCheck)]
    assert found == [("pg://db/a", "id", "unique", "passed", "high", None, None), ("pg://db/a", None, "custom", "failed", "medium", "0", "3")]
    alone = event("FAIL", run=run, inputs=[], outputs=[])
    assert {c.dataset for c in stated(alone, QualityCheck)} == {"load"}
    broken = event(run={"runId": "r", "facets": {"test": {"tests": [{"name": "x", "status": "maybe"}]}}})
    assert complaints(broken) == [("$.run.facets.test.tests[0]", "a test with a name and a status, of a run with a dataset or a job")]


def test_measurements_without_a_time_are_reported() -> None:
    read = A | {"inputFacets": {"inputStatistics": {"rowCount": 5}}}
    document = event(inputs=[read])
    del document["eventTime"]
    assert stated(document, Metric) == []
    assert complaints(document) == [("$.eventTime", "the time of the event, without which nothing that it measured is kept")]


def test_lineage_that_a_job_states() -> None:
    entries = [
        {
            **B,
            "type": "DATASET",
            "inputs": [A | {"type": "DATASET"}, {"type": "JOB", "namespace": "j", "name": "other"}],
            "fields": {"x": {"inputs": [A | {"type": "DATASET", "field": "y", "transformations": [{"type": "DIRECT", "subtype": "IDENTITY", "masking": True}]}]}},
        },
        {"type": "JOB", "inputs": [A | {"type": "DATASET"}]},
        "nonsense",
    ]
    document = without_run(inputs=[], outputs=[], job={"namespace": "j", "name": "load", "facets": {"lineage": {"entries": entries}}})
    found = [(e.upstream, e.upstream_column, e.downstream, e.downstream_column, e.job, e.transform_type, e.masking) for e in stated(document, LineageEdge)]
    assert found == [
        ("pg://db/a", "y", "pg://db/b", "x", "load", "copy", True),
        ("pg://db/a", None, "pg://db/b", None, "load", "transformation", None),
    ]
    assert complaints(document) == [("$.job.facets.lineage.entries[2]", "an entry of lineage")]


@pytest.mark.parametrize(("older", "kind", "masking"), [("IDENTITY", "copy", None), ("MASKED", "transformation", True)])
def test_transformation_types_of_the_first_column_lineage(older: str, kind: str, masking: bool | None) -> None:
    field = {"inputFields": [A | {"field": "y"}], "transformationDescription": "d", "transformationType": older}
    document = event(outputs=[B | {"facets": {"columnLineage": {"fields": {"x": field}}}}])
    assert [(e.transform_type, e.masking) for e in stated(document, LineageEdge) if e.downstream_column] == [(kind, masking)]


def test_the_storage_layer_is_the_format_where_no_file_format_is_said() -> None:
    (dataset,) = (d for d in stated(event(outputs=[B | {"facets": {"storage": {"storageLayer": "iceberg"}}}]), Dataset) if d.name.endswith("b"))
    assert dataset.format == "iceberg"


@pytest.mark.parametrize(
    ("said", "sensitivity"),
    [(None, "public"), ("Confidential", "confidential"), ("highly-confidential", "restricted"), ("open", "public"), ("crown jewels", "restricted")],
)
def test_how_closed_a_tag_says_a_dataset_is(said: str | None, sensitivity: str) -> None:
    tags = [{"key": "sensitivity", "value": said}] if said else []
    document = event(inputs=[A | {"facets": {"tags": {"tags": [*tags, {"key": "team", "value": "x"}]}}}])
    assert [d.sensitivity for d in stated(document, Dataset) if d.name == "pg://db/a"] == [sensitivity]
