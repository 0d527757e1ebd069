"""Forms of plans that rewriting alone writes: what they find, through the guard, rows by hand; their words; that no model can write them."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb
import pytest

from nl2sql.errors import BadPlan
from nl2sql.explain import explain
from nl2sql.guard import approve, schema_of
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import OF, Condition, Exists, Item, Join, Query, Segment, vocabulary
from nl2sql.plan.sql import compile_query
from nl2sql.plan.tokens import spelled
from nl2sql.values import Number, Period, Text, Value
from tests.nl2sql.small_tables import EVERYTHING, filled

NOW = datetime(2026, 10, 16, 12)
BINDINGS: dict[str, Value] = {
    "@dataset1": Text(("a",)),
    "@dataset2": Text(("b",)),
    "@dataset3": Text(("nothing",)),
    "@number1": Number(2.0),
    "@number2": Number(80.0, "percent"),
    "@number3": Number(48.0),
    "@number4": Number(2.0, "days"),
    "@period1": Period(datetime(2026, 8, 1), datetime(2026, 9, 1)),
    "@period2": Period(datetime(2026, 9, 1), datetime(2026, 10, 1)),
    "@period3": Period(datetime(2026, 8, 15), None),
}
ROWS: dict[str, list[dict[str, Any]]] = {
    "datasets": [
        {"name": "a", "node": "n1", "bytes": 100, "row_count": 10, "licence": "MIT", "last_updated": datetime(2026, 7, 2)},
        {"name": "a", "node": "n2", "bytes": 300, "row_count": 20, "licence": "MIT", "last_updated": datetime(2026, 9, 30)},
        {"name": "b", "node": "n1", "bytes": 200, "row_count": 15, "licence": "MIT", "last_updated": datetime(2026, 10, 1)},
        {"name": "c", "node": "n1", "bytes": 500, "row_count": 30, "steward": "ida", "licence": "GPL", "last_updated": None},
        {"name": "d", "node": "n3", "bytes": None, "row_count": None, "licence": None, "last_updated": datetime(2026, 2, 3)},
    ],
    "columns": [
        {"dataset": "a", "column_name": "id", "type": "BIGINT", "node": "n1"},
        {"dataset": "a", "column_name": "name", "type": "it's", "node": "n1"},
        {"dataset": "b", "column_name": "id", "type": "VARCHAR", "node": "n1"},
    ],
    "quality_checks": [
        {"check_id": "1", "dataset": "a", "column_name": "id", "check_name": "not_null", "status": "failed", "opened": datetime(2026, 8, 1), "resolved": datetime(2026, 8, 1, 1, 30)},
        {"check_id": "2", "dataset": "a", "column_name": None, "check_name": "freshness", "status": "passed", "opened": datetime(2026, 9, 1)},
        {"check_id": "3", "dataset": "b", "column_name": None, "check_name": "freshness", "status": "passed", "opened": datetime(2026, 8, 1)},
        {"check_id": "4", "dataset": "b", "column_name": None, "check_name": "freshness", "status": "failed", "opened": datetime(2026, 9, 2)},
        {"check_id": "5", "dataset": "c", "column_name": "id", "check_name": "not_null", "status": "failed", "opened": datetime(2026, 8, 3)},
        {"check_id": "6", "dataset": "c", "column_name": "id", "check_name": "not_null", "status": "failed", "opened": datetime(2026, 9, 3)},
    ],
    "quality_metrics": [
        {"dataset": "a", "dimension": "freshness", "metric": "age", "value": 50.0, "unit": "hours", "measured_at": datetime(2026, 10, 1)},
        {"dataset": "b", "dimension": "freshness", "metric": "age", "value": 40.0, "unit": "hours", "measured_at": datetime(2026, 10, 1)},
        {"dataset": "a", "dimension": "completeness", "metric": "share", "value": 0.9, "unit": "ratio", "measured_at": datetime(2026, 10, 1)},
        {"dataset": "b", "dimension": "completeness", "metric": "share", "value": 0.4, "unit": "ratio", "measured_at": datetime(2026, 10, 1)},
    ],
    "market": [
        {"event_id": "1", "event": "ordered", "dataset": "a"},
        {"event_id": "2", "event": "ordered", "dataset": "a"},
        {"event_id": "3", "event": "disputed", "dataset": "a"},
        {"event_id": "4", "event": "listed", "dataset": "b"},
    ],
    "replicas": [{"dataset": "a", "node": "n1"}, {"dataset": "a", "node": "n2"}, {"dataset": "b", "node": "n1"}],
    "nodes": [{"node": "n1", "operator": "Acme"}, {"node": "n2", "operator": "Bolt"}, {"node": "n3", "operator": "Bolt"}],
    "training_rounds": [
        {"run": "r", "round": 1, "participants": ["n1", "n2"], "accuracy": 0.7, "at": datetime(2026, 10, 2)},
        {"run": "r", "round": 2, "participants": ["n1"], "accuracy": 0.6, "at": datetime(2026, 10, 1)},
        {"run": "s", "round": 1, "participants": ["n1", "n2"], "accuracy": 0.9, "at": datetime(2026, 10, 3)},
    ],
}  # fmt: skip
CHECKED, NAME = Item("", ("quality_checks.dataset",)), Item("", ("datasets.name",))
FAILED, FRESHNESS = Condition("quality_checks.status", "EQ", "'failed'"), Condition("quality_checks.check_name", "EQ", "'freshness'")
AUGUST, SEPTEMBER = Condition("quality_checks.opened", "DURING", "@period1"), Condition("quality_checks.opened", "DURING", "@period2")
COPIES = Exists(Join("datasets.name=replicas.dataset", "replicas"), (), False, ("GE", "2"))
BY_SIZE = Query(view="datasets", select=(NAME,), order=(Item("", ("datasets.bytes",)), "DESC"), limit="1", both_ends=True)
CHECKS = Query(view="quality_checks", select=(CHECKED,))
STEWARD = Item("", ("datasets.steward",))
STEWARDS = replace(CHECKS, joins=(Join("datasets.name=quality_checks.dataset", "datasets"),), where=(Condition("quality_checks.dataset", "NE", "@dataset1"),))
BEST = Item("", ("training_rounds#best_accuracy",))
Row = tuple[Any, ...]


def of(column: str, op: str, value: str = "@dataset1") -> Query:
    return Query(view="datasets", where=(Condition(column, op, f"{OF}{value}"), Condition("datasets.name", "NE", value)), select=(NAME,))


def within(*given: Condition) -> Item:
    return Item("SHARE_IF", (), (FAILED, *given), given)


@pytest.fixture(scope="module")
def tables() -> duckdb.DuckDBPyConnection:
    return filled(ROWS)


def found(query: Query, tables: duckdb.DuckDBPyConnection, unit: str = "") -> list[Row]:
    approved = approve(compile_query(query, BINDINGS, NOW, unit), schema_of(EVERYTHING), NOW)
    return sorted(tables.execute(approved.sql).fetchall(), key=repr)


GIVES: dict[str, list[tuple[Query, list[Row]]]] = {
    "a quarter": [
        (
            Query(view="datasets", select=(Item("QUARTER", ("datasets.last_updated",)), Item("COUNT"))),
            [(datetime(2026, 1, 1).date(), 1), (datetime(2026, 7, 1).date(), 2), (datetime(2026, 10, 1).date(), 1)],
        ),
    ],
    "parts that come again": [
        (
            Query(view="datasets", select=(Item("WEEKDAY", ("datasets.last_updated",)), Item("COUNT"))),
            [("Thursday", 2), ("Tuesday", 1), ("Wednesday", 1)],
        ),
        (
            Query(view="quality_checks", where=(Condition("quality_checks.resolved", "NOT_NULL"),), select=(Item("HOUR", ("quality_checks.resolved",)), Item("COUNT"))),
            [(1, 1)],
        ),
    ],
    "more than another one has": [
        (
            replace(CHECKS, select=(CHECKED, Item("COUNT")), having=(Item("COUNT"), "GE", f"{OF}@dataset2"), where=(FAILED,)),
            [("a", 1), ("b", 1), ("c", 2)],
        ),
        (replace(CHECKS, select=(CHECKED, Item("COUNT")), having=(Item("COUNT"), "GT", f"{OF}@dataset2"), where=(FAILED,)), [("c", 2)]),
        (replace(CHECKS, select=(CHECKED, Item("COUNT")), having=(Item("COUNT"), "GT", f"{OF}@dataset3")), [("a", 2), ("b", 2), ("c", 2)]),
    ],
    "a share of some rows": [
        (replace(CHECKS, select=(within(AUGUST), within(SEPTEMBER))), [(2 / 3, 2 / 3)]),
        (replace(CHECKS, select=(CHECKED, within(AUGUST))), [("a", 1.0), ("b", 0.0), ("c", 1.0)]),
        # Disputes for purchases: no event is both. Of nothing there is no share.
        (
            Query(view="market", select=(Item("", ("market.dataset",)), Item("SHARE_IF", (), (Condition("market.event", "EQ", "'disputed'"),), (Segment("market:sold"),)))),
            [("a", 0.5), ("b", None)],
        ),
    ],
    "the newest row": [
        (replace(CHECKS, newest=(FAILED,)), [("b",), ("c",)]),
        # Of some rows the newest: c has no check of that kind.
        (replace(CHECKS, where=(AUGUST,), newest=(FAILED,)), [("a",), ("c",)]),
        (replace(CHECKS, where=(FRESHNESS,), newest=(FAILED,)), [("b",)]),
        (replace(CHECKS, select=(Item("COUNT_DISTINCT", CHECKED.args),), newest=(FAILED,)), [(2,)]),
        (replace(CHECKS, newest=(FAILED, FRESHNESS)), [("b",)]),
    ],
    "both ends": [
        (BY_SIZE, [("a", 100), ("c", 500)]),
        (replace(BY_SIZE, order=(Item("", ("datasets.bytes",)), "ASC"), limit="@number1"), [("a", 100), ("a", 300), ("b", 200), ("c", 500)]),
        (replace(BY_SIZE, select=(NAME,), order=(Item("", ("datasets.row_count",)), "DESC"), per="datasets.node"), [("n1", "a", 10), ("n1", "c", 30), ("n2", "a", 20)]),
        (replace(BY_SIZE, select=(Item("", ("datasets.licence",)),), order=(Item("SUM", ("datasets.bytes",)), "DESC"), where=(Condition("datasets.licence", "NOT_NULL"),)), [("GPL", 500), ("MIT", 600)]),
    ],
    "so many rows": [
        (Query(view="datasets", where=(COPIES,), select=(NAME,)), [("a",)]),
        (Query(view="datasets", where=(replace(COPIES, negated=True),), select=(NAME,)), [("b",), ("c",), ("d",)]),
        (Query(view="datasets", where=(replace(COPIES, times=("LT", "@number1")),), select=(NAME,)), [("b",)]),
    ],
    "the value of another": [
        (of("datasets.row_count", "GT"), [("c", 30)]),
        (of("datasets.row_count", "LT"), []),
        (of("datasets.row_count", "GT", "@dataset2"), [("a", 20), ("c", 30)]),
        (of("datasets.licence", "EQ"), [("b",)]),
        (of("datasets.licence", "NE"), [("c",)]),
        (of("datasets.row_count", "GT", "@dataset3"), []),
    ],
    "any text": [
        (Query(view="columns", where=(Condition("columns.type", "EQ", "'it's'"),), select=(Item("", ("columns.column_name",)),)), [("name",)]),
        (Query(view="columns", where=(Condition("columns.type", "EQ", "'x' OR 1=1'"),), select=(Item("COUNT"),)), [(0,)]),
        (Query(view="columns", where=(Condition("columns.type", "CONTAINS", "'CHAR'"),), select=(Item("", ("columns.dataset",)),)), [("b",)]),
    ],
    "two times": [
        (replace(CHECKS, where=(AUGUST, SEPTEMBER)), [("a",), ("b",), ("c",)]),
        (replace(CHECKS, where=(FAILED, AUGUST, SEPTEMBER)), [("c",)]),
        # Times that overlap are one stretch of time.
        (replace(CHECKS, where=(FAILED, replace(AUGUST, value="@period3"), AUGUST)), []),
    ],
    "what is told of columns": [
        (
            Query(view="columns", where=(Exists(Join("columns.dataset=quality_checks.dataset", "quality_checks"), (FAILED,), False),), select=(Item("", ("columns.dataset",)), Item("", ("columns.column_name",)))),
            [("a", "id")],
        ),
        (
            Query(view="columns", where=(Exists(Join("columns.dataset=quality_checks.dataset", "quality_checks"), (FAILED,), True),), select=(Item("", ("columns.dataset",)), Item("", ("columns.column_name",)))),
            [("a", "name"), ("b", "id")],
        ),
        (
            Query(view="columns", joins=(Join("columns.dataset=quality_checks.dataset", "quality_checks"),), select=(Item("", ("columns.column_name",)), Item("", ("quality_checks.check_id",)))),
            [("id", "1")],
        ),
        # Checks beside measurements are of the dataset.
        (
            Query(view="quality_checks", where=(FRESHNESS, Exists(Join("quality_checks.dataset=quality_metrics.dataset", "quality_metrics"), (), False)), select=(CHECKED,)),
            [("a",), ("b",)],
        ),
        (
            Query(view="columns", where=(Condition("columns.type", "EQ", "'BIGINT'"), Exists(Join("columns.dataset=columns.dataset", "columns"), (Condition("columns.column_name", "EQ", "'name'"),), False)), select=(Item("", ("columns.column_name",)),)),
            [("id",)],
        ),
    ],
    "the entries of a list": [
        (Query(view="training_rounds", joins=(Join("nodes.node=training_rounds.participants", "nodes"),), select=(Item("", ("nodes.operator",)), Item("COUNT"))), [("Acme", 3), ("Bolt", 2)]),
        (Query(view="nodes", where=(Exists(Join("nodes.node=training_rounds.participants", "training_rounds"), (), True),), select=(Item("", ("nodes.node",)),)), [("n3",)]),
        (Query(view="nodes", where=(Exists(Join("nodes.node=training_rounds.participants", "training_rounds"), (), False, ("GE", "3")),), select=(Item("", ("nodes.node",)),)), [("n1",)]),
    ],
    "the last round by its number": [
        (Query(view="training_rounds", latest=True, select=(Item("", ("training_rounds.run",)), Item("", ("training_rounds.round",)))), [("r", 2), ("s", 1)]),
    ],
    "what is told of a thing may be unknown": [
        (replace(STEWARDS, select=(NAME, STEWARD, Item("COUNT"))), [("b", None, 2), ("c", "ida", 2)]),
        (replace(STEWARDS, select=(STEWARD, Item("COUNT"))), [("ida", 2)]),
    ],
    "units of what is compared": [
        (Query(view="training_rounds", select=(Item("", ("training_rounds.run",)),), having=(BEST, "LT", "@number2")), [("r",)]),
        (Query(view="quality_metrics", where=(Condition("quality_metrics.dimension", "EQ", "'freshness'"), Condition("quality_metrics.value", "GT", "@number3")), select=(Item("", ("quality_metrics.dataset",)),)), [("a",)]),
        (Query(view="quality_metrics", where=(Condition("quality_metrics.unit", "EQ", "'hours'"),), select=(Item("", ("quality_metrics.dataset",)),), having=(Item("", ("quality_metrics#average_value",)), "GT", "@number4")), [("a",)]),
        (Query(view="quality_metrics", where=(Condition("quality_metrics.dimension", "EQ", "'completeness'"),), select=(Item("", ("quality_metrics.dataset",)),), having=(Item("", ("quality_metrics#average_value",)), "GT", "@number3")), [("a",)]),
        (Query(view="quality_checks", select=(CHECKED,), having=(Item("AVG_HOURS", ("quality_checks.opened", "quality_checks.resolved")), "LT", "@number4")), [("a",)]),
    ],
}  # fmt: skip
CASES = [pytest.param(query, rows, id=f"{name} {at}") for name, cases in GIVES.items() for at, (query, rows) in enumerate(cases)]


@pytest.mark.parametrize(("query", "rows"), CASES)
def test_a_plan_gives_these_rows(query: Query, rows: list[Row], tables: duckdb.DuckDBPyConnection) -> None:
    assert [tuple(pytest.approx(c) if isinstance(c, float) else c for c in row) for row in found(query, tables)] == sorted(rows, key=repr)


@pytest.mark.parametrize(
    ("item", "unit", "value"),
    [
        (Item("", ("quality_checks#hours_to_resolve",)), "minutes", 90.0),
        (Item("", ("quality_checks#hours_to_resolve",)), "hours", 1.5),
        (Item("AVG_HOURS", ("quality_checks.opened", "quality_checks.resolved")), "days", 0.0625),
        (Item("COUNT"), "minutes", 6),
    ],
)
def test_lengths_of_time_come_in_the_unit_that_is_asked_for(item: Item, unit: str, value: float, tables: duckdb.DuckDBPyConnection) -> None:
    assert found(replace(CHECKS, select=(item,)), tables, unit) == [(pytest.approx(value),)]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (GIVES["a quarter"][0][0], "quarter of last updated, number of datasets"),
        (GIVES["parts that come again"][0][0], "weekday of last updated, number of datasets"),
        (GIVES["more than another one has"][0][0], "dataset, number of quality checks where status is failed, only where the number is at least that of b"),
        (replace(CHECKS, select=(within(AUGUST),)), "share where status is failed, of those where opened from 2026-08-01 to 2026-08-31 of quality checks"),
        (replace(CHECKS, newest=(FAILED,)), "dataset of quality checks, only those whose newest row says: status is failed"),
        (BY_SIZE, "dataset of datasets, ordered by size, highest first, the first 1 and the last as well"),
        (Query(view="datasets", where=(COPIES,), select=(NAME,)), "dataset of datasets where the number of replicas is at least 2"),
        (Query(view="datasets", where=(replace(COPIES, negated=True),), select=(NAME,)), "dataset of datasets where not (the number of replicas is at least 2)"),
        (of("datasets.licence", "EQ"), "dataset of datasets where licence is that of a and dataset is not a"),
    ],
)
def test_a_form_in_words(query: Query, words: str) -> None:
    assert explain(query, BINDINGS) == words


def test_an_asked_unit_in_words() -> None:
    assert explain(replace(CHECKS, select=(Item("", ("quality_checks#hours_to_resolve",)),)), {}, "minutes") == "mean time to resolve an alert in minutes of quality checks"


FORMS = [
    (GIVES["a quarter"][0][0], "QUARTER"),
    (GIVES["parts that come again"][0][0], "WEEKDAY"),
    (GIVES["parts that come again"][1][0], "HOUR"),
    (replace(CHECKS, select=(within(AUGUST),)), "AMONG"),
    (replace(CHECKS, newest=(FAILED,)), "NEWEST"),
    (BY_SIZE, "BOTH_ENDS"),
    (of("datasets.licence", "EQ"), "OF"),
]


@pytest.mark.parametrize(("query", "word"), [*FORMS, (Query(view="datasets", where=(COPIES,), select=(NAME,)), "")], ids=[*(word for _, word in FORMS), "times"])
def test_no_model_writes_a_form(query: Query, word: str) -> None:
    assert word in spelled(query).split() or not word
    assert word not in vocabulary()
    with pytest.raises(BadPlan):
        parse(spelled(query))


def test_a_slot_of_a_form_is_a_token_of_the_plan() -> None:
    assert {"OF", "@dataset1"} <= set(spelled(of("datasets.licence", "EQ")).split())
    assert "@number1" in spelled(Query(view="datasets", where=(replace(COPIES, times=("GE", "@number1")),), select=(NAME,))).split()


@pytest.mark.parametrize(
    "query",
    [
        replace(CHECKS, select=(Item("COUNT"),), newest=(FAILED,)),
        replace(CHECKS, latest=True, newest=(FAILED,)),
        Query(view="models", select=(Item("", ("models.name",)),), newest=(Condition("models.name", "NOT_NULL"),)),
        Query(view="datasets", where=(Condition("datasets.licence_class", "EQ", "'of_my_own'"),), select=(NAME,)),
        Query(view="training_rounds", where=(Exists(Join("nodes.node=training_rounds.participants", "nodes"), (), False, ("GE", "2")),), select=(Item("COUNT"),)),
        of("datasets.row_count", "GT", "@number1"),
    ],
)
def test_what_is_no_plan(query: Query) -> None:
    with pytest.raises(BadPlan):
        compile_query(query, BINDINGS, NOW)
