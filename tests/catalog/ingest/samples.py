"""Small documents of each format that a test changes: data contracts, dbt artifacts, Great Expectations."""

from typing import Any, TypeVar

from catalog.ingest.readers import READERS
from catalog.ingest.reading import Context, Document
from catalog.storage.records import Record

R = TypeVar("R", bound=Record)


def stated(document: Any, record_type: type[R]) -> list[R]:
    """Records of one kind that a document states by itself."""
    found = Document("a", document)
    reader = next(reader for reader in READERS if reader.detects(found))
    return [record for record in reader.read(found, Context("n", lambda path, expected: None)) if isinstance(record, record_type)]


CONTRACT: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "c-1",
    "name": "Sales",
    "version": "2.1.0",
    "status": "active",
    "domain": "seller",
    "tenant": "Acme",
    "description": {"purpose": "Predict sales.", "limitations": "No buyers.", "usage": "Dashboards."},
    "contractCreatedTs": "2025-02-03T04:05:06+00:00",
    "servers": [
        {"server": "test", "type": "s3", "environment": "dev", "format": "csv", "region": "us-east-1"},
        {"server": "live", "type": "s3", "environment": "prod", "format": "Parquet", "region": "eu-west-1"},
    ],
    "schema": [
        {
            "name": "orders",
            "physicalName": "orders_2",
            "businessName": "All orders",
            "description": "One row per order.",
            "tags": ["finance"],
            "relationships": [{"from": ["orders.cust", "orders.land"], "to": ["people.id", "people.land"]}],
            "quality": [
                {"id": "volume", "type": "library", "metric": "rowCount", "mustBeBetween": [10, 20], "unit": "rows", "severity": "warning"},
                {"type": "text", "description": "Orders look sane."},
                {"type": "custom", "engine": "soda", "implementation": "type: duplicate_percent\nmust_be_less_than: 1.0", "severity": "critical"},
            ],
            "properties": [
                {
                    "name": "id",
                    "logicalType": "integer",
                    "physicalType": "bigint",
                    "primaryKey": True,
                    "required": True,
                    "unique": True,
                    "criticalDataElement": True,
                    "classification": "Highly Confidential",
                    "transformSourceObjects": ["raw_orders", "people"],
                },
                {
                    "name": "mail",
                    "businessName": "customer mail",
                    "logicalType": "string",
                    "tags": ["PII"],
                    "encryptedName": "mail_enc",
                    "logicalTypeOptions": {"maxLength": 99, "pattern": ".+@.+"},
                    "authoritativeDefinitions": [
                        {"type": "businessDefinition", "url": "https://terms.example/mail"},
                        {"type": "videoTutorial", "url": "https://video.example"},
                    ],
                    "quality": [{"metric": "nullValues", "mustBe": 0, "severity": "error", "dimension": "completeness"}],
                    "relationships": [{"to": "people.mail"}],
                },
                {
                    "name": "lines",
                    "logicalType": "array",
                    "items": {"logicalType": "object", "properties": [{"name": "sku", "physicalType": "VARCHAR(9)", "required": False}]},
                },
            ],
        },
        {"name": "people", "properties": [{"name": "id"}]},
    ],
    "price": {"priceAmount": 9.95, "priceCurrency": "USD", "priceUnit": "megabyte"},
    "team": {
        "name": "Order team",
        "members": [
            {"username": "old", "role": "Data Steward", "dateOut": "2024-01-01"},
            {"username": "ada", "name": "Ada", "role": "Data Steward"},
            {"username": "bob", "role": "Owner"},
        ],
    },
    "roles": [
        {"role": "analyst", "access": "read", "firstLevelApprovers": "Cleo"},
        {"role": "loader", "access": "write"},
    ],
    "slaProperties": [
        {"property": "frequency", "value": 1, "unit": "d", "element": "orders"},
        {"property": "latency", "value": 4, "unit": "h", "element": "orders.id", "driver": "regulatory"},
        {"property": "retention", "value": 3, "unit": "y"},
        {"property": "generalAvailability", "value": "2022-05-12T09:30:10-08:00"},
        {"property": "endOfLife", "value": "2042-05-12T09:30:10-08:00"},
    ],
}

CONTRACT_2_2: dict[str, Any] = {
    "apiVersion": "v2.2.2",
    "kind": "DataContract",
    "uuid": "u-2",
    "datasetDomain": "payments",
    "quantumName": "my quantum",
    "version": "1.1.0",
    "status": "retired",
    "description": {"purpose": "Views."},
    "dataset": [
        {
            "table": "tbl",
            "physicalName": "tbl_1",
            "description": "Payments.",
            "columns": [
                {
                    "column": "txn",
                    "isPrimaryKey": True,
                    "isNullable": False,
                    "logicalType": "date",
                    "criticalDataElementStatus": True,
                    "encryptedColumnName": "txn_enc",
                    "transformSourceTables": ["t1"],
                    "classification": "public",
                    "quality": [{"templateName": "NullCheck", "toolName": "Elevate", "dimension": "completeness", "severity": "error"}],
                }
            ],
            "quality": [{"code": "countCheck", "templateName": "CountCheck", "description": "Rows are as many as yesterday.", "columns": "txn"}],
        }
    ],
    "price": {"priceAmount": 5, "priceCurrency": "EUR"},
    "stakeholders": [{"username": "cea", "role": "Data Owner", "dateIn": "2022-08-02"}],
    "roles": [{"role": "reader", "access": "read"}],
    "slaProperties": [
        {"property": "frequency", "value": "weekly"},
        {"property": "retention", "value": 3, "unit": "y", "column": "tbl.txn"},
    ],
}

MODEL, SOURCE = "model.shop.orders", "source.shop.raw.orders"
TEST = "test.shop.not_null_orders_id.abc"

MANIFEST: dict[str, Any] = {
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "generated_at": "2025-01-02T00:00:00Z"},
    "nodes": {
        MODEL: {
            "resource_type": "model",
            "database": "wh",
            "schema": "mart",
            "name": "orders",
            "alias": "fct_orders",
            "description": "Orders.",
            "tags": ["finance"],
            "config": {"meta": {"owner": "Order team", "steward": "ada", "domain": "sales"}, "tags": ["contains pii"]},
            "version": 2,
            "deprecation_date": "2026-01-01",
            "constraints": [{"type": "primary_key", "columns": ["id"]}],
            "columns": {
                "id": {"name": "id", "description": "Key.", "data_type": "int", "constraints": [{"type": "not_null"}]},
                "mail": {"name": "mail", "meta": {"pii": True, "classification": "restricted"}, "tags": ["critical"]},
            },
            "depends_on": {"nodes": [SOURCE], "macros": []},
        },
        "seed.shop.lands": {
            "name": "lands",
            "schema": "mart",
            "checksum": {"name": "sha256", "checksum": "ab" * 32},
            "meta": {"pii": False},
            "config": {},
        },
        "snapshot.shop.orders_hist": {"name": "orders_hist", "depends_on": {"nodes": [MODEL]}, "config": {}},
        TEST: {
            "resource_type": "test",
            "column_name": "id",
            "attached_node": MODEL,
            "test_metadata": {"name": "not_null", "kwargs": {"column_name": "id", "model": "{{ get_where_subquery(ref('orders')) }}"}},
            "config": {"severity": "WARN"},
            "depends_on": {"nodes": [MODEL]},
        },
        "test.shop.relationships_orders_land.d": {
            "column_name": "land",
            "test_metadata": {"name": "relationships", "kwargs": {"to": "ref('lands')", "field": "code", "column_name": "land"}},
            "config": {"severity": "error"},
            "depends_on": {"nodes": ["seed.shop.lands", MODEL]},
        },
        "test.shop.accepted_values_orders_state.e": {
            "test_metadata": {"name": "accepted_values", "kwargs": {"arguments": {"values": ["open", "done"]}, "column_name": "state"}},
            "depends_on": {"nodes": [MODEL]},
            "config": {"severity": "ERROR"},
        },
        "test.shop.totals_add_up": {"name": "totals_add_up", "description": "Totals\nadd up.", "config": {}, "depends_on": {"nodes": [MODEL]}},
        "operation.shop.on_run_end": {"name": "x"},
    },
    "sources": {
        SOURCE: {
            "source_name": "raw",
            "name": "orders",
            "identifier": "orders",
            "database": "wh",
            "schema": "raw",
            "source_description": "From the shop.",
            "freshness": {"warn_after": {"count": 1, "period": "day"}, "error_after": {"count": None, "period": None}},
            "columns": {},
        }
    },
    "exposures": {"exposure.shop.board": {"name": "board", "label": "Sales board", "depends_on": {"nodes": [MODEL]}, "owner": {"name": "Ada"}}},
    "parent_map": {MODEL: [SOURCE], "snapshot.shop.orders_hist": [MODEL]},
    "child_map": {},
}

CATALOG: dict[str, Any] = {
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json", "generated_at": "2025-01-03T00:00:00Z"},
    "nodes": {
        MODEL: {
            "unique_id": MODEL,
            "metadata": {"type": "table", "database": "wh", "schema": "mart", "name": "fct_orders", "owner": "dbt_prod", "comment": None},
            "columns": {"id": {"name": "id", "type": "BIGINT", "index": 1}, "total": {"name": "total", "type": "NUMERIC", "comment": "Sum."}},
            "stats": {
                "num_rows": {"id": "num_rows", "value": 7.0},
                "num_bytes": {"id": "num_bytes", "value": 512},
                "last_modified": {"id": "last_modified", "value": "2025-01-01 12:00UTC"},
                "has_stats": {"id": "has_stats", "value": True},
            },
        }
    },
    "sources": {},
}

RUN_RESULTS: dict[str, Any] = {
    "metadata": {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
        "generated_at": "2025-01-04T00:00:10Z",
        "invocation_id": "run-1",
    },
    "results": [
        {
            "unique_id": MODEL,
            "status": "success",
            "timing": [{"name": "execute", "started_at": "2025-01-04T00:00:00Z", "completed_at": "2025-01-04T00:00:01Z"}],
            "adapter_response": {"code": "CREATE TABLE", "rows_affected": 7},
        },
        {"unique_id": TEST, "status": "warn", "failures": 3, "timing": [{"completed_at": "2025-01-04T00:00:02Z"}], "message": "Got 3 results"},
        {"unique_id": "test.shop.totals_add_up", "status": "error", "failures": None, "timing": [], "message": "Database Error\n  no such column"},
        {"unique_id": "test.shop.accepted_values_orders_state.e", "status": "skipped", "failures": None, "timing": []},
        {"unique_id": "unit_test.shop.orders.adds", "status": "pass", "failures": 0, "timing": []},
    ],
    "elapsed_time": 3.0,
}

SOURCES: dict[str, Any] = {
    "metadata": {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/sources/v3.json",
        "generated_at": "2025-01-05T00:00:00Z",
        "invocation_id": "run-2",
    },
    "results": [
        {
            "unique_id": SOURCE,
            "max_loaded_at": "2025-01-03T12:00:00Z",
            "snapshotted_at": "2025-01-05T00:00:00Z",
            "max_loaded_at_time_ago_in_s": 129600.0,
            "status": "warn",
            "criteria": {"warn_after": {"count": 1, "period": "day"}, "error_after": {"count": 3, "period": "day"}},
        }
    ],
    "elapsed_time": 0.1,
}


def expectation(name: str, success: bool | None, result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A result of Great Expectations 1.x."""
    return {
        "success": success,
        "expectation_config": {"type": name, "kwargs": {"batch_id": "pg-orders", **kwargs}, "meta": {}, "id": f"id-{name}", "severity": "critical"},
        "result": result,
        "exception_info": {"raised_exception": False, "exception_message": None, "exception_traceback": None},
    }


VALIDATION: dict[str, Any] = {
    "success": False,
    "suite_name": "orders_suite",
    "statistics": {"evaluated_expectations": 4, "successful_expectations": 2},
    "results": [
        expectation("expect_column_values_to_not_be_null", False, {"element_count": 200, "unexpected_count": 5, "unexpected_percent": 2.5}, column="id"),
        expectation("expect_table_row_count_to_be_between", True, {"observed_value": 200}, min_value=100, max_value=None),
        expectation("expect_column_max_to_be_between", True, {"observed_value": 9.5}, column="total", max_value=10),
        expectation("expect_column_values_to_match_regex", None, {}, column="mail", regex=".+@.+")
        | {"exception_info": {"('column_values.match_regex', 'x')": {"raised_exception": True, "exception_message": "no regex\nhere"}}},
    ],
    "meta": {
        "great_expectations_version": "1.3.0",
        "run_id": {"run_name": "nightly", "run_time": "2025-01-06T00:00:00+00:00"},
        "active_batch_definition": {"datasource_name": "pg", "data_asset_name": "orders", "batch_identifiers": {}},
        "batch_spec": {"table_name": "ignored"},
    },
    "id": None,
}

VALIDATION_0_18: dict[str, Any] = {
    "success": True,
    "results": [
        {
            "success": True,
            "expectation_config": {"expectation_type": "expect_column_values_to_be_in_set", "kwargs": {"column": "state", "value_set": ["a"]}, "meta": {}},
            "result": {"element_count": 10, "unexpected_count": 0, "unexpected_percent": 0.0},
            "exception_info": {"raised_exception": False},
        }
    ],
    "evaluation_parameters": {},
    "statistics": {"evaluated_expectations": 1},
    "meta": {
        "great_expectations_version": "0.18.12",
        "expectation_suite_name": "old.suite",
        "run_id": {"run_name": None, "run_time": "2024-01-31T12:00:00+00:00"},
        "batch_spec": {"path": "/data/2024/states.csv", "reader_method": "read_csv"},
        "validation_time": "20240131T120000.123456Z",
    },
}

CHECKPOINT: dict[str, Any] = {
    "run_id": {"run_name": "weekly", "run_time": "2025-02-01T00:00:00+00:00"},
    "run_results": {
        "ValidationResultIdentifier::shop/suite/weekly/20250201T000000.000000Z/pg-people": {
            "validation_result": {
                "success": True,
                "results": [{"success": True, "expectation_config": {"expectation_type": "expect_column_to_exist", "kwargs": {"column": "a"}}, "result": {}}],
                "statistics": {},
                "meta": {},
            },
            "actions_results": {},
        }
    },
    "checkpoint_config": {"name": "weekly"},
    "success": True,
}

SUITE: dict[str, Any] = {
    "name": "orders_suite",
    "id": "s-1",
    "expectations": [
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "id"}, "id": "id-expect_column_values_to_not_be_null", "severity": "critical"},
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}, "meta": {"severity": "warning"}},
    ],
    "meta": {"great_expectations_version": "1.3.0"},
    "notes": None,
}
