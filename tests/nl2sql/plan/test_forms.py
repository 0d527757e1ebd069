"""Medians, shares of groups, skipped rows, durations, either-groups and mean ages: small tables, through the guard, rows by hand."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb
import pytest

from catalog.semantic import views
from nl2sql.errors import BadPlan
from nl2sql.explain import explain
from nl2sql.guard import approve, schema_of
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.plan.sql import compile_query
from nl2sql.values import Number, Period, Text, Value
from tests.nl2sql.small_tables import EVERYTHING, filled

NOW = datetime(2026, 10, 16, 12)
BINDINGS: dict[str, Value] = {
    "@number1": Number(25.0, "percent"),
    "@number2": Number(2.0),
    "@number3": Number(30.0),
    "@jurisdiction1": Text(("EU",)),
    "@org1": Text(("Acme",)),
    "@language1": Text(("German",)),
    "@language2": Text(("French",)),
    "@node1": Text(("n1",)),
    "@period1": Period(datetime(2026, 10, 1), None),
    "@period2": Period(datetime(2026, 9, 1), datetime(2026, 9, 10)),
}
ROWS: dict[str, list[dict[str, Any]]] = {
    "datasets": [
        {"name": "a", "country": "DE", "jurisdiction": "EU", "owner": "Acme", "bytes": 100, "row_count": 10, "pii": True, "last_updated": datetime(2026, 10, 14, 23), "quality_score": 0.9, "languages": ["German"]},
        {"name": "b", "country": "DE", "jurisdiction": "EU", "owner": "Acme", "bytes": 300, "row_count": 40, "pii": False, "last_updated": datetime(2026, 10, 6, 1), "quality_score": 0.5, "languages": ["German", "French"]},
        {"name": "c", "country": "FR", "jurisdiction": "EU", "owner": "Bolt", "bytes": 500, "row_count": 30, "pii": True, "last_updated": None, "quality_score": 0.7},
        {"name": "d", "country": "US", "jurisdiction": "US", "owner": None, "bytes": 100, "row_count": None, "pii": True, "last_updated": datetime(2026, 9, 16, 12), "quality_score": None},
        {"name": "e", "country": None, "jurisdiction": None, "owner": "Bolt", "bytes": None, "row_count": 90, "pii": False, "last_updated": datetime(2026, 10, 16, 8), "quality_score": 0.2},
    ],
    "grants": [
        {"grant_id": "1", "principal": "ida", "dataset": "a", "permission": "read", "granted": datetime(2026, 9, 1, 22), "expires": datetime(2026, 9, 3, 2), "revoked": False},
        {"grant_id": "2", "principal": "jon", "dataset": "b", "permission": "read", "granted": datetime(2026, 9, 1), "expires": datetime(2026, 9, 11), "revoked": False},
        {"grant_id": "3", "principal": "kim", "dataset": "a", "permission": "write", "granted": datetime(2026, 9, 1), "expires": None, "revoked": True},
        {"grant_id": "4", "principal": "leo", "dataset": "c", "permission": "admin", "granted": datetime(2026, 9, 1), "expires": datetime(2026, 9, 2), "revoked": False},
    ],
    "compliance": [
        {"dataset": "a", "retention_until": datetime(2026, 10, 20).date()},
        {"dataset": "c", "retention_until": datetime(2026, 10, 20).date()},
    ],
    "training_rounds": [
        {"run": "r", "round": 1, "participants": ["n1", "n2"], "at": datetime(2026, 10, 1)},
        {"run": "r", "round": 2, "participants": ["n2"], "at": datetime(2026, 10, 2)},
        {"run": "s", "round": 1, "participants": ["n1", "n3"], "at": datetime(2026, 10, 3)},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> duckdb.DuckDBPyConnection:
    return filled(ROWS)




def query(plan: str) -> Query:
    parsed = parse(plan)
    assert isinstance(parsed, Query)
    return parsed


GIVES: list[tuple[str, list[tuple[Any, ...]]]] = [
    # Whose last update nobody knows may have been updated since; a grant without an end does not end then.
    ("FROM datasets WHERE datasets.last_updated NOT_DURING @period1 SELECT datasets.name", [("d", datetime(2026, 9, 16, 12))]),
    ("FROM datasets WHERE NOT datasets.last_updated DURING @period1 SELECT datasets.name", [("c",), ("d",)]),
    ("FROM grants WHERE grants.expires NOT_DURING @period2 SELECT grants.principal", [("jon",), ("kim",)]),
    # Of 10 and 40; of 30 and 90; of nothing.
    ("FROM datasets SELECT datasets.owner MEDIAN datasets.row_count", [("Acme", 25.0), ("Bolt", 60.0), (None, None)]),
    ("FROM datasets SELECT MEDIAN datasets.row_count", [(35.0,)]),
    ("FROM datasets SELECT datasets.owner HAVING MEDIAN datasets.row_count GT @number3", [("Bolt",)]),
    # The one first owner is none that is not set; a list counts for each entry.
    ("FROM datasets WHERE datasets.country NOT_NULL SELECT datasets.owner COUNT ORDER COUNT ASC LIMIT 1", [("Bolt", 1)]),
    ("FROM datasets SELECT datasets.languages COUNT", [("French", 1), ("German", 2)]),
    ("FROM datasets WHERE datasets.languages HAS @language1 SELECT datasets.languages COUNT ORDER COUNT DESC LIMIT 1", [("German", 2)]),
    # A condition is on the list as a whole, wherever it stands, and not on the entry that a row counts for.
    ("FROM datasets WHERE datasets.languages HAS_NOT @language2 SELECT datasets.languages COUNT", [("German", 1)]),
    ("FROM datasets WHERE NOT datasets.languages HAS @language2 OR datasets.languages IS_NULL SELECT datasets.languages COUNT", [("German", 1)]),
    (
        "FROM datasets WHERE EITHER datasets.languages HAS @language1 datasets.pii IS_TRUE OR_ELSE datasets.languages HAS @language2 datasets.bytes GT 100 END SELECT datasets.languages COUNT",
        [("French", 1), ("German", 2)],
    ),
    ("FROM datasets WHERE EITHER datasets.languages HAS @language2 datasets.pii IS_TRUE OR_ELSE datasets.languages NOT_NULL datasets.bytes LT @number3 END SELECT datasets.languages COUNT", []),
    ("FROM datasets SELECT datasets.languages COUNT_IF datasets.languages HAS @language2 END", [("French", 1), ("German", 1)]),
    # Of a, b, a again by its other grant: each dataset counts once.
    (
        "FROM datasets JOIN datasets.name=grants.dataset WHERE datasets.languages HAS @language2 OR grants.permission EQ 'write' SELECT datasets.languages COUNT",
        [("French", 1), ("German", 2)],
    ),
    (
        "FROM datasets JOIN datasets.name=grants.dataset WHERE EITHER datasets.languages HAS @language2 grants.permission EQ 'write' OR_ELSE grants.permission EQ 'read' END "
        "SELECT datasets.languages COUNT",
        [("French", 1), ("German", 2)],
    ),
    ("FROM datasets WHERE EXISTS datasets.name=grants.dataset grants.permission EQ 'write' END SELECT datasets.languages COUNT", [("German", 1)]),
    ("FROM datasets WHERE datasets.quality_score GT MEAN datasets.languages NOT_NULL SELECT datasets.languages COUNT", [("German", 1)]),
    # The newest round of r is without n1.
    ("FROM training_rounds LATEST SELECT training_rounds.participants COUNT", [("n1", 1), ("n2", 1), ("n3", 1)]),
    ("FROM training_rounds LATEST WHERE training_rounds.participants HAS @node1 SELECT training_rounds.participants COUNT", [("n1", 1), ("n3", 1)]),
    ("FROM training_rounds SELECT training_rounds.participants COUNT ORDER COUNT ASC LIMIT 1", [("n3", 1)]),
    # Rows without a country are a group as they are for COUNT.
    ("FROM datasets SELECT datasets.country SHARE ORDER SHARE DESC LIMIT 1", [("DE", 0.4)]),
    ("FROM datasets SELECT datasets.country SHARE", [("DE", 0.4), ("FR", 0.2), ("US", 0.2), (None, 0.2)]),
    ("FROM datasets WHERE datasets.pii IS_TRUE SELECT datasets.country SHARE COUNT", [("DE", 1 / 3, 1), ("FR", 1 / 3, 1), ("US", 1 / 3, 1)]),
    # A share is of all rows, also where only some groups are kept.
    ("FROM datasets SELECT datasets.country SHARE HAVING COUNT GT 1", [("DE", 0.4)]),
    ("FROM datasets SELECT datasets.country HAVING SHARE GT @number1", [("DE",)]),
    ("FROM datasets SELECT datasets.owner HAVING SHARE_OF datasets.bytes GT SHARE", [("Bolt",)]),
    # Rows without a time are in no year, so that the others are the whole.
    ("FROM datasets SELECT YEAR datasets.last_updated SHARE", [(2026, 1.0)]),
    # Two grants are of a, so that two of its owner's three rows are; the dataset counts once for each permission.
    ("FROM grants JOIN datasets.name=grants.dataset SELECT datasets.owner SHARE", [("Acme", 0.75), ("Bolt", 0.25)]),
    ("FROM datasets JOIN datasets.name=grants.dataset SELECT grants.permission SHARE", [("admin", 0.25), ("read", 0.5), ("write", 0.25)]),
    ("FROM datasets SELECT datasets.owner SHARE_OF datasets.bytes", [("Acme", 0.4), ("Bolt", 0.5), (None, 0.1)]),
    ("FROM datasets WHERE datasets.bytes IS_NULL SELECT datasets.owner SHARE_OF datasets.bytes", [("Bolt", None)]),
    ("FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 SKIP 1", [("b", 300)]),
    # Equal rows follow one another by what is shown of them.
    ("FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 SKIP 2", [("a", 100)]),
    ("FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 SKIP 3", [("d", 100)]),
    ("FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT @number2 SKIP 1", [("a", 100), ("b", 300)]),
    ("FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 SKIP @number2", [("a", 100)]),
    # What has no owner is no owner's place among them.
    ("FROM datasets SELECT datasets.owner COUNT ORDER COUNT ASC LIMIT 1 SKIP 1", [("Bolt", 2)]),
    ("FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 5 SKIP 5", []),
    # From ten at night to two in the morning of the day after next: two turns of the day as DAYS_SINCE counts them, and 28 hours of a mean.
    (
        "FROM grants SELECT grants.principal DAYS_BETWEEN grants.granted grants.expires",
        [("ida", 2), ("jon", 10), ("kim", None), ("leo", 1)],
    ),
    ("FROM grants SELECT grants.principal ORDER DAYS_BETWEEN grants.granted grants.expires DESC LIMIT 1", [("jon", 10)]),
    ("FROM grants WHERE grants.permission EQ 'read' SELECT HOURS_BETWEEN grants.granted grants.expires", [(28,), (240,)]),
    ("FROM grants SELECT grants.permission AVG_DAYS grants.granted grants.expires", [("admin", 1.0), ("read", (28 / 24 + 10) / 2), ("write", None)]),
    ("FROM grants SELECT MAX_DAYS grants.granted grants.expires AVG_HOURS grants.granted grants.expires", [(10, (28 + 240 + 24) / 3)]),
    ("FROM grants SELECT MAX_HOURS grants.granted grants.expires", [(240,)]),
    ("FROM grants SELECT grants.permission HAVING AVG_DAYS grants.granted grants.expires GT @number2", [("read",)]),
    # A day is the midnight that it starts with.
    (
        "FROM compliance JOIN datasets.name=compliance.dataset SELECT compliance.dataset DAYS_BETWEEN datasets.last_updated compliance.retention_until",
        [("a", 6), ("c", None)],
    ),
    (
        "FROM compliance JOIN datasets.name=compliance.dataset SELECT MAX_HOURS datasets.last_updated compliance.retention_until",
        [(5 * 24 + 1,)],
    ),
    # 2 and 10 days in Germany, none known in France.
    ("FROM datasets SELECT datasets.country AVG_AGE datasets.last_updated", [("DE", 6.0), ("FR", None), ("US", 30.0), (None, 0.0)]),
    ("FROM datasets SELECT datasets.country HAVING AVG_AGE datasets.last_updated GE @number3", [("US",)]),
    (
        "FROM datasets WHERE EITHER datasets.pii IS_TRUE datasets.jurisdiction NE @jurisdiction1 OR_ELSE datasets.owner EQ @org1 datasets.bytes GT 100 END SELECT datasets.name",
        [("b",), ("d",)],
    ),
    (
        "FROM datasets WHERE EITHER datasets.owner IS_NULL OR_ELSE datasets.pii IS_TRUE datasets.jurisdiction NE @jurisdiction1 "
        "OR_ELSE datasets.pii IS_FALSE datasets.bytes IS_NULL END SELECT datasets.name",
        [("d",), ("e",)],
    ),
    # Other conditions hold beside it: all must.
    (
        "FROM datasets WHERE datasets.country NOT_NULL EITHER datasets.owner IS_NULL datasets.pii IS_TRUE OR_ELSE datasets.bytes IS_NULL datasets.pii IS_FALSE END "
        "SELECT datasets.name",
        [("d",)],
    ),
    # Both arms meet the mean of their own rows: 0.575 over all that have a score.
    (
        "FROM datasets WHERE EITHER datasets.quality_score GT MEAN datasets.owner EQ @org1 OR_ELSE datasets.bytes IS_NULL END SELECT datasets.name",
        [("a",), ("e",)],
    ),
]


@pytest.mark.parametrize(("plan", "expected"), GIVES)
def test_a_plan_gives_these_rows(plan: str, expected: list[tuple[Any, ...]], tables: duckdb.DuckDBPyConnection) -> None:
    approved = approve(compile_query(query(plan), BINDINGS, NOW), schema_of(EVERYTHING), NOW)
    found = sorted(tables.execute(approved.sql).fetchall(), key=repr)
    assert [tuple(pytest.approx(c) if isinstance(c, float) else c for c in row) for row in found] == sorted(expected, key=repr)
    assert approved.views == views().keys() & set(re.findall(r"\w+(?=[ .])", plan))


@pytest.mark.parametrize("plan", ["FROM datasets SELECT datasets.languages COUNT", "FROM training_rounds LATEST SELECT training_rounds.run training_rounds.participants COUNT"])
def test_a_closed_column_that_nobody_asks_for_denies_nothing(plan: str) -> None:
    permits = {name: replace(permit, columns={c: how for c, how in permit.columns.items() if c not in ("steward", "epsilon")}) for name, permit in EVERYTHING.permits.items()}
    approve(compile_query(query(plan), BINDINGS, NOW), schema_of(replace(EVERYTHING, permits=permits)), NOW)


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        ("FROM datasets SELECT datasets.owner MEDIAN datasets.bytes AVG_AGE datasets.last_updated", ["owner", "median_bytes", "avg_days_since_last_updated"]),
        ("FROM datasets SELECT datasets.owner SHARE SHARE_OF datasets.bytes", ["owner", "share", "share_of_bytes"]),
        (
            "FROM grants SELECT grants.principal HOURS_BETWEEN grants.granted grants.expires MAX_DAYS grants.granted grants.expires",
            ["principal", "hours_granted_to_expires", "max_days_granted_to_expires"],
        ),
    ],
)
def test_results_are_named_for_what_they_are(plan: str, names: list[str], tables: duckdb.DuckDBPyConnection) -> None:
    approved = approve(compile_query(query(plan), BINDINGS, NOW), schema_of(EVERYTHING), NOW)
    assert [column[0] for column in tables.execute(approved.sql).description or ()] == names


def test_only_amounts_take_the_unit_that_was_asked_for() -> None:
    plan = query("FROM datasets SELECT datasets.owner MEDIAN datasets.bytes SHARE_OF datasets.bytes ORDER SHARE_OF datasets.bytes DESC LIMIT 2 SKIP 1")
    sql = compile_query(plan, BINDINGS, NOW, "GB")
    assert "median(datasets.bytes) / 1000000000 AS median_gb, sum(datasets.bytes) / nullif(sum(sum(datasets.bytes)) OVER (), 0) AS share_of_bytes" in sql


@pytest.mark.parametrize("plan", [f"FROM datasets SELECT datasets.owner {item} HAVING {item} GT @number1" for item in (
    "SHARE", "SHARE_OF datasets.bytes", "SHARE_SUM datasets.bytes datasets.pii IS_TRUE END", "SHARE_IF datasets.pii IS_TRUE END",
)])  # fmt: skip
def test_a_share_is_compared_with_a_part_of_one(plan: str) -> None:
    assert compile_query(query(plan), BINDINGS, NOW).endswith(" > 0.25")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("FROM datasets SELECT datasets.owner MEDIAN datasets.row_count", "creator, median rows of datasets"),
        ("FROM datasets SELECT datasets.country SHARE ORDER SHARE DESC", "country, share of the number of datasets, ordered by share of the number, highest first"),
        ("FROM datasets SELECT datasets.owner SHARE_OF datasets.bytes", "creator, share of the total size of datasets"),
        ("FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 5 SKIP 5", "dataset of datasets, ordered by size, highest first, the first 5 after leaving out the first 5"),
        ("FROM grants SELECT grants.permission AVG_DAYS grants.granted grants.expires", "permission, average days from granted to expires of grants"),
        ("FROM grants SELECT MAX_HOURS grants.granted grants.expires", "highest hours from granted to expires of grants"),
        ("FROM grants SELECT DAYS_BETWEEN grants.granted grants.expires", "days from granted to expires of grants"),
        ("FROM datasets SELECT datasets.country AVG_AGE datasets.last_updated", "country, average days since last updated of datasets"),
        (
            "FROM datasets WHERE EITHER datasets.pii IS_TRUE datasets.jurisdiction NE @jurisdiction1 OR_ELSE datasets.owner IS_NULL END datasets.bytes NOT_NULL SELECT COUNT",
            "number of datasets where (either PII is true and jurisdiction is not EU, or creator is not set) and size is set",
        ),
    ],
)
def test_a_form_in_words(plan: str, said: str) -> None:
    assert explain(query(plan), BINDINGS) == said.replace("creator", views()["datasets"].columns["owner"].synonyms[0])


SECRET = "datasets.pii IS_TRUE datasets:stale"


@pytest.mark.parametrize(
    "plan",
    [
        "FROM datasets SELECT datasets.owner MEDIAN datasets.name",
        "FROM datasets SELECT datasets.owner MEDIAN datasets.last_updated",
        "FROM datasets SELECT SHARE",
        "FROM datasets SELECT SHARE datasets.country",
        "FROM datasets SELECT COUNT SHARE",
        "FROM datasets SELECT SHOW SHARE",
        "FROM datasets SELECT COUNT ORDER SHARE DESC",
        "FROM datasets SELECT SHARE_OF datasets.bytes",
        "FROM datasets SELECT datasets.owner SHARE_OF datasets.name",
        "FROM datasets SELECT datasets.owner SHARE ORDER COUNT DESC LIMIT 1 PER datasets.owner",
        "ASK SHARE datasets.owner",
        "FROM datasets SELECT datasets.name LIMIT 1 SKIP 1",
        "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC SKIP 1",
        "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 SKIP",
        "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 SKIP 0",
        "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 SKIP 0.5",
        "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 SKIP @org1",
        "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 SKIP 1 PER datasets.node",
        "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 PER datasets.node SKIP 1",
        "FROM grants SELECT DAYS_BETWEEN grants.expires",
        "FROM grants SELECT DAYS_BETWEEN grants.expires grants.expires",
        "FROM grants SELECT AVG_DAYS grants.principal grants.expires",
        "FROM grants SELECT AVG_DAYS grants.granted datasets.last_updated",
        "FROM grants WHERE DAYS_BETWEEN grants.granted grants.expires GT 5 SELECT COUNT",
        "FROM grants SELECT COUNT HAVING DAYS_BETWEEN grants.granted grants.expires GT 5",
        "FROM datasets SELECT AVG_AGE datasets.name",
        f"FROM datasets WHERE EITHER {SECRET} END SELECT COUNT",
        "FROM datasets WHERE EITHER datasets.pii IS_TRUE OR_ELSE datasets:stale END SELECT COUNT",
        "FROM datasets WHERE EITHER datasets.pii IS_TRUE OR datasets.phi IS_TRUE OR_ELSE datasets:stale END SELECT COUNT",
        f"FROM datasets WHERE EITHER {SECRET} OR_ELSE END SELECT COUNT",
        f"FROM datasets WHERE EITHER OR_ELSE {SECRET} END SELECT COUNT",
        f"FROM datasets WHERE EITHER {SECRET} OR_ELSE EITHER {SECRET} OR_ELSE {SECRET} END END SELECT COUNT",
        f"FROM datasets WHERE EITHER {SECRET} OR_ELSE {SECRET} OR_ELSE {SECRET} OR_ELSE {SECRET} END SELECT COUNT",
        f"FROM datasets WHERE NOT EITHER {SECRET} OR_ELSE {SECRET} END SELECT COUNT",
        f"FROM datasets WHERE datasets:stale OR EITHER {SECRET} OR_ELSE {SECRET} END SELECT COUNT",
        f"FROM datasets WHERE EITHER {SECRET} OR_ELSE {SECRET} END OR datasets:stale SELECT COUNT",
        f"FROM models WHERE EXISTS datasets.generating_model=models.name EITHER {SECRET} OR_ELSE {SECRET} END END SELECT COUNT",
        f"FROM datasets SELECT COUNT_IF EITHER {SECRET} OR_ELSE {SECRET} END END",
        "FROM datasets WHERE datasets:stale OR_ELSE datasets.pii IS_TRUE SELECT COUNT",
    ],
)
def test_what_the_grammar_does_not_have(plan: str) -> None:
    with pytest.raises(BadPlan):
        parse(plan)
