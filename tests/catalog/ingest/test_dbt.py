"""dbt artifacts: what each says, and that documents of one project join whichever is read."""

import copy
import json
from datetime import datetime
from typing import Any

import pytest

from catalog.ingest.reading import CheckRun
from catalog.storage.records import Dataset, QualityCheck

from .conftest import Desk
from .samples import CATALOG, MANIFEST, MODEL, RUN_RESULTS, SOURCES, stated


def test_nodes_are_datasets(desk: Desk) -> None:
    desk.put("manifest.json", MANIFEST)
    assert desk.ingest().problems == []
    row = desk.one("SELECT * FROM dataset WHERE name = 'orders'")
    said = {
        "description": "Orders.",
        "domain": "sales",
        "data_type": "tabular",
        "owner": "Order team",
        "steward": "ada",
        "pii": True,
        "version": "2",
        "deprecated": True,
        "aliases": ["wh.mart.fct_orders", "model.shop.orders"],
        "as_of": datetime(2025, 1, 2),
    }
    assert {key: row[key] for key in said} == said
    assert desk.rows("SELECT name, description, update_frequency, pii, content_hash FROM dataset WHERE name <> 'orders' ORDER BY 1") == [
        ("lands", None, None, False, "ab" * 32),
        ("orders_hist", None, None, None, None),
        ("raw.orders", "From the shop.", "daily", None, None),
    ]
    names = "column_name, type, definition, pii_category, classification, is_key, nullable, critical"
    assert desk.rows(f"SELECT {names} FROM dataset_column ORDER BY 1") == [
        ("id", "int", "Key.", None, None, True, False, None),
        ("mail", None, None, "email", "restricted", None, None, True),
    ]


def test_dependencies_and_exposures_are_lineage(desk: Desk) -> None:
    desk.put("manifest.json", MANIFEST)
    desk.ingest()
    assert desk.rows("SELECT upstream, downstream, downstream_kind, job, transform_type FROM edge ORDER BY ALL") == [
        ("orders", "Sales board", "report", None, "transformation"),
        ("orders", "orders_hist", "dataset", "dbt: orders_hist", "copy"),
        ("raw.orders", "orders", "dataset", "dbt: orders", "transformation"),
    ]


def test_tests_are_checks_that_have_not_run(desk: Desk) -> None:
    desk.put("manifest.json", MANIFEST)
    desk.ingest()
    assert desk.rows("SELECT dataset, column_name, check_name, expected, status, severity FROM quality_check ORDER BY ALL") == [
        ("orders", "id", "not_null", "no nulls", None, "medium"),
        ("orders", "land", "foreign_key", "to: ref('lands'); field: code", None, "high"),
        ("orders", "state", "accepted_values", "values: open, done", None, "high"),
        ("orders", None, "custom", "Totals add up.", None, None),
    ]


@pytest.mark.parametrize("order", [["manifest", "catalog", "results", "sources"], ["sources", "results", "catalog", "manifest"]])
def test_documents_of_one_project_join_in_any_order(desk: Desk, order: list[str]) -> None:
    documents = {"manifest": MANIFEST, "catalog": CATALOG, "results": RUN_RESULTS, "sources": SOURCES}
    for name in order:
        desk.put(f"{name}.json", documents[name])
        assert desk.ingest().problems == []
    row = desk.one("SELECT * FROM dataset WHERE name = 'orders'")
    said = {"description": "Orders.", "row_count": 7, "bytes": 512, "last_updated": datetime(2025, 1, 4, 0, 0, 1), "version": "2"}
    assert {key: row[key] for key in said} == said
    assert desk.rows("SELECT column_name, type, definition FROM dataset_column WHERE dataset = 'orders' ORDER BY 1") == [
        ("id", "BIGINT", "Key.", ),
        ("mail", None, None),
        ("total", "NUMERIC", "Sum."),
    ]
    assert desk.rows("SELECT name, last_updated FROM dataset WHERE name = 'raw.orders'") == [("raw.orders", datetime(2025, 1, 3, 12))]
    names = "dataset, column_name, check_name, expected, actual, status, severity, opened"
    assert desk.rows(f"SELECT {names} FROM quality_check ORDER BY ALL") == [
        ("orders", "id", "not_null", "no nulls", "3 failing rows", "failed", "medium", datetime(2025, 1, 4, 0, 0, 2)),
        ("orders", "land", "foreign_key", "to: ref('lands'); field: code", None, None, "high", None),
        ("orders", "state", "accepted_values", "values: open, done", None, None, "high", None),
        ("orders", None, "custom", "Totals add up.", "Database Error no such column", "error", None, datetime(2025, 1, 4, 0, 0, 10)),
        ("orders", None, "custom", None, "0 failing rows", "passed", None, datetime(2025, 1, 4, 0, 0, 10)),
        ("raw.orders", None, "freshness", "warn after 1 days; error after 3 days", "36.0 hours", "failed", "medium", datetime(2025, 1, 5)),
    ]
    assert desk.rows("SELECT dataset, dimension, metric, value, unit FROM metric ORDER BY ALL") == [
        ("orders", "volume", "bytes", 512.0, "bytes"),
        ("orders", "volume", "row_count", 7.0, "count"),
        ("raw.orders", "freshness", "freshness", 36.0, "hours"),
    ]


def test_run_results_alone_name_the_test_they_ran(desk: Desk) -> None:
    desk.put("run_results.json", RUN_RESULTS)
    assert desk.ingest().problems == []
    assert desk.rows("SELECT dataset, check_name, status FROM quality_check ORDER BY ALL") == [
        ("orders", "custom", "passed"),
        ("test.shop.not_null_orders_id.abc", "custom", "failed"),
        ("test.shop.totals_add_up", "custom", "error"),
    ]


def test_every_run_is_kept_and_the_declaration_gives_way_to_it(desk: Desk) -> None:
    later = json.loads(json.dumps(RUN_RESULTS).replace("2025-01-04", "2025-01-09").replace("run-1", "run-9").replace('"warn"', '"pass"'))
    desk.put("manifest.json", MANIFEST)
    desk.put("monday/run_results.json", RUN_RESULTS)
    desk.put("tuesday/run_results.json", later)
    desk.ingest()
    assert desk.rows("SELECT status, severity, opened FROM quality_check WHERE check_name = 'not_null' ORDER BY opened") == [
        ("failed", "medium", datetime(2025, 1, 4, 0, 0, 2)),
        ("passed", "medium", datetime(2025, 1, 9, 0, 0, 2)),
    ]
    desk.put("monday/run_results.json", RUN_RESULTS | {"results": []})
    desk.put("tuesday/run_results.json", RUN_RESULTS | {"results": []})
    desk.ingest()
    assert desk.rows("SELECT status FROM quality_check WHERE check_name = 'not_null'") == [(None,)]


@pytest.mark.parametrize("version", [f"v{n}" for n in (*range(1, 13), 20)])
def test_every_version_of_the_manifest_is_detected(version: str) -> None:
    manifest = copy.deepcopy(MANIFEST)
    manifest["metadata"]["dbt_schema_version"] = f"https://schemas.getdbt.com/dbt/manifest/{version}.json"
    assert len(stated(manifest, Dataset)) == 4


@pytest.mark.parametrize(("status", "word"), [("Pass", "passed"), ("fail", "failed"), ("runtime error", "error"), ("skipped", None)])
def test_status_is_a_word_of_the_view(status: str, word: str | None) -> None:
    results = RUN_RESULTS | {"results": [{"unique_id": "test.a.b", "status": status}]}
    assert [run.status for run in stated(results, CheckRun)] == ([word] if word else [])


def test_a_view_that_is_built_anew_has_no_newer_data() -> None:
    result = RUN_RESULTS["results"][0] | {"adapter_response": {"code": "CREATE VIEW"}}
    assert [record.last_updated for record in stated(RUN_RESULTS | {"results": [result]}, Dataset)] == [None]


def test_what_is_wrong_is_said_and_the_rest_kept(desk: Desk) -> None:
    manifest: dict[str, Any] = copy.deepcopy(MANIFEST)
    manifest["nodes"]["model.shop.bad"] = "x"
    manifest["nodes"][MODEL]["columns"]["id"] = 5
    desk.put("m.json", manifest)
    desk.put("r.json", RUN_RESULTS | {"results": [{"status": "pass"}, {"unique_id": "test.a.b", "status": "odd"}]})
    report = desk.ingest()
    assert {(p.path, p.expected.split(",")[0]) for p in report.problems} == {
        ("$.nodes.model.shop.bad", "an object"),
        (f"$.nodes.{MODEL}.columns.id", "an object"),
        ("$.results[0]", "a result with a unique_id"),
        ("$.results[1].status", "one of pass"),
    }
    assert report.records["dataset"] == 4


def test_constraints_and_unit_tests_are_checks_that_have_not_run() -> None:
    model = {
        "unique_id": "model.shop.orders",
        "name": "orders",
        "constraints": [{"type": "foreign_key", "columns": ["land"], "to": "db.lands", "to_columns": ["code"]}, {"type": "check", "expression": "total >= 0"}],
        "columns": {"id": {"name": "id", "constraints": [{"type": "unique"}, {"type": "not_null"}]}},
    }
    unit = {"model": "orders", "name": "adds_up", "description": "The sum is right.", "depends_on": {"nodes": ["model.shop.orders"]}}
    document = {
        "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"},
        "nodes": {"model.shop.orders": model},
        "unit_tests": {"unit_test.shop.orders.adds_up": unit},
    }
    assert [(c.check_id, c.dataset, c.column_name, c.check_name, c.expected, c.status) for c in stated(document, QualityCheck)] == [
        ("model.shop.orders/land/constraint/foreign_key", "model.shop.orders", "land", "foreign_key", "in db.lands, code", None),
        ("model.shop.orders/constraint/check", "model.shop.orders", None, "custom", "total >= 0", None),
        ("model.shop.orders/id/constraint/unique", "model.shop.orders", "id", "unique", None, None),
        ("unit_test.shop.orders.adds_up", "model.shop.orders", None, "custom", "The sum is right.", None),
    ]
