"""Great Expectations: validation results, checkpoints and suites."""

from datetime import datetime
from typing import Any

import pytest

from catalog.ingest.readers import READERS
from catalog.ingest.reading import CheckRun, Context, Document
from catalog.storage.records import Dataset, Metric

from .conftest import Desk
from .samples import CHECKPOINT, SUITE, VALIDATION, VALIDATION_0_18, stated

AT = datetime(2025, 1, 6)


def test_results_are_checks(desk: Desk) -> None:
    desk.put("v.json", VALIDATION)
    assert desk.ingest().problems == []
    names = "dataset, column_name, check_name, expected, actual, status, severity, opened"
    assert desk.rows(f"SELECT {names} FROM quality_check ORDER BY ALL") == [
        ("orders", "id", "not_null", "values to not be null", "5 unexpected of 200", "failed", "critical", AT),
        ("orders", "mail", "format", "values to match regex; regex: .+@.+", "no regex here", "error", "critical", AT),
        ("orders", "total", "range", "max to be between; max_value: 10", "9.5", "passed", "critical", AT),
        ("orders", None, "row_count", "row count to be between; min_value: 100", "200", "passed", "critical", AT),
    ]


def test_what_was_observed_is_metrics(desk: Desk) -> None:
    desk.put("v.json", VALIDATION)
    desk.ingest()
    assert desk.rows("SELECT column_name, dimension, metric, value, unit, measured_at FROM metric ORDER BY ALL") == [
        ("id", "completeness", "completeness", 0.975, "ratio", AT),
        (None, "volume", "element_count", 200.0, "count", AT),
        (None, "volume", "row_count", 200.0, "count", AT),
    ]


def test_the_shape_of_0_18(desk: Desk) -> None:
    desk.put("v.json", VALIDATION_0_18)
    assert desk.ingest().problems == []
    assert desk.rows("SELECT dataset, column_name, check_name, status, opened FROM quality_check") == [
        ("states.csv", "state", "accepted_values", "passed", datetime(2024, 1, 31, 12))
    ]
    assert desk.rows("SELECT column_name, metric, value FROM metric ORDER BY ALL") == [("state", "validity", 1.0), (None, "element_count", 10.0)]


@pytest.mark.parametrize("wrapped", [True, False], ids=["0.18", "1.x"])
def test_a_checkpoint_holds_several_results(desk: Desk, wrapped: bool) -> None:
    results = {
        key: entry if wrapped else entry["validation_result"]
        for key, entry in CHECKPOINT["run_results"].items()
    }
    desk.put("c.json", CHECKPOINT | {"run_results": results})
    assert desk.ingest().problems == []
    assert desk.rows("SELECT dataset, column_name, status, opened FROM quality_check") == [("pg-people", "a", "passed", datetime(2025, 2, 1))]


def test_a_described_checkpoint(desk: Desk) -> None:
    described = {
        "success": False,
        "statistics": {"evaluated_validations": 1},
        "validation_results": [
            {
                "success": False,
                "statistics": {"evaluated_expectations": 1},
                "expectations": [
                    {"expectation_type": "expect_column_values_to_be_unique", "success": False, "kwargs": {"column": "id"}, "result": {"unexpected_count": 2}}
                ],
                "suite_name": "people_suite",
                "asset_name": "people",
            }
        ],
    }
    desk.put("c.json", described)
    assert desk.ingest().problems == []
    assert desk.rows("SELECT dataset, check_name, actual, status FROM quality_check") == [("people", "unique", "2 unexpected", "failed")]


def test_a_suite_declares_and_its_results_take_over(desk: Desk) -> None:
    desk.put("suite.json", SUITE)
    assert desk.ingest().problems == []
    declared = "SELECT dataset, column_name, check_name, status, severity FROM quality_check WHERE column_name = 'id' ORDER BY ALL"
    assert desk.rows(declared) == [("orders_suite", "id", "not_null", None, "critical"), ("orders_suite", "id", "unique", None, "medium")]
    desk.put("v.json", VALIDATION)
    desk.ingest()
    assert desk.rows(declared) == [("orders", "id", "not_null", "failed", "critical"), ("orders_suite", "id", "unique", None, "medium")]


def test_a_suite_of_0_18_cites_its_asset(desk: Desk) -> None:
    suite = {
        "expectation_suite_name": "s",
        "ge_cloud_id": None,
        "expectations": [{"expectation_type": "expect_table_row_count_to_equal", "kwargs": {"value": 3}, "meta": {}}],
        "meta": {"citations": [{"batch_request": {"datasource_name": "d", "data_asset_name": "people"}}]},
    }
    desk.put("s.json", suite)
    desk.ingest()
    assert desk.rows("SELECT dataset, check_name, expected FROM quality_check") == [("people", "row_count", "row count to equal; value: 3")]


@pytest.mark.parametrize(
    ("meta", "dataset"),
    [
        ({"active_batch_definition": {"data_asset_name": "a"}, "batch_spec": {"table_name": "t"}}, "a"),
        ({"batch_spec": {"table_name": "t", "schema_name": "s"}}, "s.t"),
        ({"batch_spec": {"path": "s3://bucket/x/y.parquet"}}, "y.parquet"),
        ({"batch_kwargs": {"table": "t", "ge_batch_id": "1"}}, "t"),
        ({"batch_id": "pg-asset"}, "pg-asset"),
        ({}, "orders_suite"),
    ],
)
def test_the_dataset_is_what_the_batch_is_of(meta: dict[str, Any], dataset: str) -> None:
    assert {run.dataset for run in stated(VALIDATION | {"meta": meta}, CheckRun)} == {dataset}


def test_what_is_wrong_is_said_and_the_rest_kept(desk: Desk) -> None:
    results = [*VALIDATION["results"], {"success": True, "expectation_config": {}}, {"expectation_config": {"type": "expect_x", "kwargs": {}}}]
    desk.put("v.json", VALIDATION | {"results": results})
    report = desk.ingest()
    assert [(p.path, p.expected) for p in report.problems] == [
        ("$.results[4].expectation_config", "an expectation and its type"),
        ("$.results[5].success", "whether the expectation succeeded"),
    ]
    assert report.records["quality_check"] == 4


def test_an_empty_suite_is_one_and_the_time_of_an_old_run_is_its_name() -> None:
    problems: list[str] = []
    empty = Document("a", {"name": "s", "expectations": [], "meta": {"great_expectations_version": "1.3.0"}})
    reader = next(reader for reader in READERS if reader.detects(empty))
    assert reader.kind == "great-expectations" and list(reader.read(empty, Context("n", lambda path, expected: problems.append(path)))) == []
    result = {"expectation_config": {"expectation_type": "expect_column_values_to_not_be_null", "kwargs": {"column": "x"}}, "success": True}
    old = {"meta": {"data_asset_name": "t", "run_id": "19551105T000000.000000Z"}, "results": [result | {"result": {"element_count": 4}}], "success": True, "statistics": {}}
    assert [(m.metric, m.value, m.measured_at) for m in stated(old, Metric)] == [("element_count", 4.0, datetime(1955, 11, 5))]
    old["meta"] = {"data_asset_name": "t", "run_id": "nightly"}
    assert stated(old, Metric) == [] and [c.dataset for c in stated(old, CheckRun)] == ["t"]
    assert problems == []


def test_the_table_behind_an_asset_is_another_name_of_it() -> None:
    meta = {"active_batch_definition": {"data_asset_name": "trips"}, "batch_spec": {"table_name": "stg_trips", "schema_name": "stage", "data_asset_name": "trips"}}
    assert [(d.name, d.aliases) for d in stated(VALIDATION | {"meta": meta}, Dataset)] == [("trips", ("stage.stg_trips",))]
    assert [d.aliases for d in stated(VALIDATION | {"meta": {"batch_spec": {"data_asset_name": "trips"}}}, Dataset)] == [()]
