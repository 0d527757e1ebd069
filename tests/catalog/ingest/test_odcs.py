"""Data contracts 2.2 and 3.1: what each part becomes."""

import copy
from datetime import date, datetime
from typing import Any

import pytest

from catalog.storage.records import Dataset, DatasetColumn, GovernancePolicy, QualityCheck

from .conftest import Desk
from .samples import CONTRACT, CONTRACT_2_2, stated

AT = datetime(2025, 2, 3, 4, 5, 6)


def changed(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(CONTRACT) | changes


def test_a_table_is_a_dataset(desk: Desk) -> None:
    desk.put("a.json", CONTRACT)
    assert desk.ingest().problems == []
    row = desk.one("SELECT * FROM dataset WHERE name = 'orders'")
    said = {
        "description": "One row per order.\nPurpose: Predict sales.\nLimitations: No buyers.\nUsage: Dashboards.",
        "domain": "seller",
        "data_type": "tabular",
        "format": "parquet",
        "owner": "Order team",
        "steward": "Ada",
        "pii": True,
        "phi": None,
        "region": "eu-west-1",
        "version": "2.1.0",
        "update_frequency": "daily",
        "deprecated": False,
        "aliases": ["orders_2", "All orders", "c-1/orders"],
        "as_of": AT,
    }
    assert {key: row[key] for key in said} == said
    assert desk.rows("SELECT name, update_frequency, pii FROM dataset WHERE name = 'people'") == [("people", None, None)]


def test_properties_are_columns(desk: Desk) -> None:
    desk.put("a.json", CONTRACT)
    desk.ingest()
    names = "column_name, type, definition, glossary_term, pii_category, classification, is_key, nullable, encrypted, critical"
    assert desk.rows(f"SELECT {names} FROM dataset_column WHERE dataset = 'orders' ORDER BY 1") == [
        ("id", "integer", None, None, None, "restricted", True, False, None, True),
        ("lines", "array", None, None, None, None, None, None, None, None),
        ("lines.sku", "VARCHAR(9)", None, None, None, None, None, True, None, None),
        ("mail", "string", "customer mail\nDefined at https://terms.example/mail", "customer mail", "email", None, None, None, True, None),
    ]


def test_rules_are_checks_that_have_not_run(desk: Desk) -> None:
    desk.put("a.json", CONTRACT)
    desk.ingest()
    assert desk.rows("SELECT column_name, check_name, expected, severity FROM quality_check WHERE dataset = 'orders' ORDER BY ALL") == [
        ("id", "freshness", "latency 4 h", "high"),
        ("id", "unique", "no duplicates", None),
        ("mail", "foreign_key", "in people.mail", None),
        ("mail", "format", "matches .+@.+", None),
        ("mail", "not_null", "nullValues = 0", "high"),
        ("mail", "range", "length ≤ 99", None),
        (None, "custom", "Orders look sane.", None),
        (None, "foreign_key", "orders.cust, orders.land in people.id, people.land", None),
        (None, "row_count", "rowCount between 10 and 20 rows", "medium"),
        (None, "unique", "type: duplicate_percent must_be_less_than: 1.0", "critical"),
    ]
    assert desk.rows("SELECT DISTINCT status, opened FROM quality_check") == [(None, None)]


def test_roles_service_levels_price_and_sources(desk: Desk) -> None:
    desk.put("a.json", CONTRACT)
    desk.ingest()
    columns = "name, type, effect, action, assignee, valid_from, valid_to, approved_by"
    assert desk.rows(f"SELECT {columns} FROM policy WHERE target = 'orders' ORDER BY type, name") == [
        ("analyst: read", "access", "permit", "read", "analyst", None, None, "Cleo"),
        ("loader: write", "access", "permit", None, "loader", None, None, None),
        ("retention 3 y", "retention", "oblige", "retain", None, None, None, None),
        ("in service", "usage", "permit", "read", None, date(2022, 5, 12), date(2042, 5, 12), None),
    ]
    assert desk.rows("SELECT count(*) FROM access_grant") == [(0,)]
    assert desk.rows("SELECT seller, service, event, price, token, comment, as_of FROM market_event WHERE dataset = 'orders'") == [
        ("Order team", "access", "listed", 9.95, None, "9.95 USD per megabyte", AT)
    ]
    assert desk.rows("SELECT upstream, downstream, downstream_column FROM edge ORDER BY ALL") == [
        ("people", "orders", "id"),
        ("people", "orders", None),
        ("raw_orders", "orders", "id"),
        ("raw_orders", "orders", None),
    ]


def test_version_2_2_says_the_same_in_other_words(desk: Desk) -> None:
    desk.put("a.yaml", CONTRACT_2_2)
    assert desk.ingest().problems == []
    row = desk.one("SELECT * FROM dataset")
    said = {"name": "tbl", "domain": "payments", "steward": "cea", "update_frequency": "weekly", "deprecated": True}
    assert {key: row[key] for key in said} == said
    column = desk.one("SELECT * FROM dataset_column")
    said = {"column_name": "txn", "is_key": True, "nullable": False, "encrypted": True, "critical": True, "classification": "public"}
    assert {key: column[key] for key in said} == said
    assert desk.rows("SELECT column_name, check_name, expected, severity FROM quality_check ORDER BY ALL") == [
        ("txn", "not_null", None, "high"),
        ("txn", "row_count", "Rows are as many as yesterday.", None),
    ]
    assert desk.rows("SELECT price, token FROM market_event") == [(5.0, "EUR")]
    assert desk.rows("SELECT DISTINCT upstream FROM edge") == [("t1",)]
    assert desk.rows("SELECT name FROM policy ORDER BY 1") == [("reader: read",), ("retention 3 y",)]


def test_tables_of_two_contracts_that_share_a_name_stay_apart(desk: Desk) -> None:
    desk.put("a.json", CONTRACT)
    desk.put("b.json", changed(id="c-2"))
    desk.ingest()
    assert desk.rows("SELECT name FROM dataset ORDER BY 1") == [("c-1/orders",), ("c-1/people",), ("c-2/orders",), ("c-2/people",)]
    assert desk.rows("SELECT DISTINCT target FROM policy WHERE policy_id LIKE 'c-2%' ORDER BY 1") == [("c-2/orders",), ("c-2/people",)]


def test_a_contract_without_tables_is_itself_the_dataset(desk: Desk) -> None:
    desk.put("a.json", {"kind": "DataContract", "apiVersion": "v3.0.2", "id": "x", "status": "draft", "schema": []})
    desk.put("b.json", {"kind": "DataContract", "apiVersion": "v3.0.2"})
    report = desk.ingest()
    assert desk.rows("SELECT name FROM dataset") == [("x",)]
    assert [(p.path, p.expected) for p in report.problems] == [("$.id", "the identifier of the contract")]


@pytest.mark.parametrize(
    ("value", "unit", "promised"),
    [(1, "d", "daily"), (24, "hours", "daily"), (15, "minutes", "streaming"), (7, "days", "weekly"), (1, "m", "monthly"), (1, "yr", "yearly"),
     (3, "d", None), (1, "fortnight", None), ("daily", None, "daily"), (None, "d", None), ([1], "d", None)],
)
def test_frequency_is_a_word_of_the_view(value: Any, unit: str | None, promised: str | None) -> None:
    contract = changed(slaProperties=[{"property": "frequency", "value": value, "unit": unit}])
    assert [record.update_frequency for record in stated(contract, Dataset)] == [promised, promised]


@pytest.mark.parametrize(("tags", "personal", "category"), [(["pii"], True, "name"), (["non-pii"], None, None), (["piincess"], None, None)])
def test_personal_data_is_what_is_marked(tags: list[str], personal: bool | None, category: str | None) -> None:
    contract = changed(schema=[{"name": "t", "properties": [{"name": "full_name", "tags": tags}]}])
    assert [record.pii for record in stated(contract, Dataset)] == [personal]
    assert [record.pii_category for record in stated(contract, DatasetColumn)] == [category]


def test_what_is_wrong_is_said_and_the_rest_kept(desk: Desk) -> None:
    broken = changed(roles=[{"access": "read"}, "x"], price={"priceAmount": "much"})
    broken["schema"][0]["properties"].append({"logicalType": "string"})
    broken["schema"][0]["quality"].append("be good")
    desk.put("a.json", broken)
    report = desk.ingest()
    assert {(p.path, p.expected) for p in report.problems} == {
        ("$.price.priceAmount", "a finite number"),
        ("$.roles[0].role", "the name of the role"),
        ("$.schema[0].properties[3].name", "the name of the column"),
        ("$.schema[0].quality[3]", "a quality rule"),
    }
    assert desk.rows("SELECT count(*) FROM dataset_column WHERE dataset = 'orders'") == [(4,)]


def test_a_contract_of_2_2_may_have_its_tables_inside_the_dataset() -> None:
    columns = [{"column": "id", "logicalType": "Numeric", "primary": True, "nullable": False}]
    document = {
        "standardVersion": "2.2.0",
        "kind": "managedDataset",
        "uuid": "u",
        "dataset": {"tables": [{"table": "people", "priorTableName": "persons", "dataGranularity": "One row per person", "columns": columns}]},
    }
    (dataset,) = stated(document, Dataset)
    assert (dataset.name, dataset.description, dataset.aliases) == ("u/people", "Granularity: One row per person", ("persons",))
    assert [(c.column_name, c.type, c.is_key, c.nullable) for c in stated(document, DatasetColumn)] == [("id", "Numeric", True, False)]


def test_bounds_that_another_option_excludes() -> None:
    options = {"minimum": 18, "maximum": 100, "exclusiveMaximum": True}
    document = {"kind": "DataContract", "id": "c", "schema": [{"name": "t", "properties": [{"name": "age", "logicalTypeOptions": options}]}]}
    assert [c.expected for c in stated(document, QualityCheck)] == ["≥ 18 and < 100"]


def test_what_a_rule_is_given_is_expected() -> None:
    rules = [
        {"metric": "invalidValues", "arguments": {"validValues": ["kg", "lb"]}, "mustBe": 0},
        {"rule": "validValues", "validValues": ["kg"]},
        {"templateName": "RangeCheck", "customProperties": [{"property": "min", "value": 0}, {"property": "field", "value": None}]},
    ]
    document = {"kind": "DataContract", "id": "c", "schema": [{"name": "t", "properties": [{"name": "unit", "quality": rules}]}]}
    assert [(c.check_name, c.expected) for c in stated(document, QualityCheck)] == [
        ("accepted_values", "invalidValues = 0; validValues: kg, lb"),
        ("accepted_values", "validValues; validValues: kg"),
        ("range", "min: 0"),
    ]


def test_objects_in_lists_of_lists_are_columns() -> None:
    lists = {"name": "grid", "logicalType": "array", "items": {"logicalType": "array", "items": {"logicalType": "object", "properties": [{"name": "x"}]}}}
    document = {"kind": "DataContract", "id": "c", "schema": [{"name": "t", "properties": [lists]}]}
    assert [c.column_name for c in stated(document, DatasetColumn)] == ["grid", "grid.x"]


def test_a_service_level_of_the_contracts_own_making_is_a_check() -> None:
    levels = [{"property": "data_freshness", "value": 7, "unit": "d"}, {"property": "supportHours", "value": "9-17"}, {"property": "retention", "value": 1, "unit": "y"}]
    found = stated(CONTRACT | {"slaProperties": levels}, QualityCheck)
    assert {(c.check_name, c.expected) for c in found if "service level" in c.check_id} == {("freshness", "data_freshness 7 d"), ("custom", "supportHours 9-17")}


@pytest.mark.parametrize(("access", "action"), [("read", "read"), ("SELECT, INSERT", "read"), ("write", None)])
def test_what_a_role_may_do(access: str, action: str | None) -> None:
    found = stated(CONTRACT | {"roles": [{"role": "r", "access": access}]}, GovernancePolicy)
    assert {policy.action for policy in found if policy.type == "access"} == {action}
