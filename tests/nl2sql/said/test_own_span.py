"""How long each row took: bounds that no plan of the model's can say, put where the question says them, and nowhere else."""

from datetime import datetime, timedelta

import duckdb
import pytest

from catalog.describe import ddl
from catalog.semantic import views
from nl2sql.errors import BadPlan
from nl2sql.explain import explain
from nl2sql.plan.canonical import canonical
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import SPAN_BOUNDS, Condition, Query, vocabulary
from nl2sql.plan.lengths import start_of
from nl2sql.plan.sql import compile_query
from nl2sql.plan.tokens import spelled
from nl2sql.said.own_span import in_own_span
from nl2sql.values import Number, Value

NOW = datetime(2026, 10, 16, 12)
BINDINGS: dict[str, Value] = {"@number1": Number(1.0, "days")}
EVENTS = "FROM node_events WHERE node_events.kind EQ 'outage'"
CHECKS = "FROM quality_checks"
WITHDRAWN = "FROM datasets WHERE datasets.pii IS_TRUE EXISTS datasets.name=consents.dataset consents.status EQ 'withdrawn'"


def query(plan: str) -> Query:
    parsed = canonical(parse(plan))
    assert isinstance(parsed, Query)
    return parsed


@pytest.mark.parametrize(
    ("plan", "text", "spanned"),
    [
        (f"{EVENTS} SELECT SHOW", "outages that took more than number1 days to resolve", f"{EVENTS} node_events.resolved SPAN_GT @number1 SELECT SHOW"),
        (f"{EVENTS} SELECT node_events.node COUNT", "outages that lasted at least number1 day, per node", f"{EVENTS} node_events.resolved SPAN_GE @number1 SELECT node_events.node COUNT"),
        (f"{CHECKS} SELECT COUNT", "how many alerts were closed within number1 days", f"{CHECKS} WHERE quality_checks.resolved SPAN_LE @number1 SELECT COUNT"),
        (f"{CHECKS} SELECT COUNT", "how many alerts were acknowledged in less than number1 days", f"{CHECKS} WHERE quality_checks.acked SPAN_LT @number1 SELECT COUNT"),
        (f"{CHECKS} SELECT COUNT", "alerts resolved in no more than number1 days", f"{CHECKS} WHERE quality_checks.resolved SPAN_LE @number1 SELECT COUNT"),
        (
            "FROM consents WHERE consents.status EQ 'withdrawn' consents.honoured NOT_NULL SELECT consents.dataset HAVING consents#days_to_honour GT @number1",
            "datasets with withdrawals that took over number1 days to be honoured",
            "FROM consents WHERE consents.status EQ 'withdrawn' consents.honoured SPAN_GT @number1 SELECT consents.dataset",
        ),
        (
            f"{EVENTS} SELECT WEEK node_events.at node_events#hours_to_resolve",
            "outages that took longer than number1 days",
            f"{EVENTS} node_events.resolved SPAN_GT @number1 SELECT SHOW",
        ),
        (f"{EVENTS} SELECT SHOW ORDER node_events.at DESC LIMIT @number1", "outages lasting over number1 days", f"{EVENTS} node_events.resolved SPAN_GT @number1 SELECT SHOW"),
        (
            "FROM consents WHERE consents.honoured NOT_NULL SELECT consents.dataset ORDER consents.withdrawn ASC LIMIT 1",
            "the quickest withdrawal that was carried out",
            "FROM consents WHERE consents.honoured NOT_NULL SELECT consents.dataset consents.withdrawn consents.honoured ORDER HOURS_BETWEEN consents.withdrawn consents.honoured ASC LIMIT 1",
        ),
        (
            f"{EVENTS} SELECT node_events.node ORDER node_events.resolved DESC LIMIT 3",
            "three longest outages",
            f"{EVENTS} SELECT node_events.node node_events.at node_events.resolved ORDER HOURS_BETWEEN node_events.at node_events.resolved DESC LIMIT 3",
        ),
        (
            f"{EVENTS} SELECT node_events.node ORDER node_events#hours_to_resolve DESC LIMIT 3",
            "three longest outages",
            f"{EVENTS} SELECT node_events.node node_events.kind node_events.severity node_events.at node_events.resolved"
            " ORDER HOURS_BETWEEN node_events.at node_events.resolved DESC LIMIT 3",
        ),
        (
            f"{EVENTS} SELECT node_events.node ORDER COUNT DESC LIMIT 1",
            "which node had the longest outage",
            f"{EVENTS} SELECT node_events.node node_events.kind node_events.severity node_events.at node_events.resolved"
            " ORDER HOURS_BETWEEN node_events.at node_events.resolved DESC LIMIT 1",
        ),
        (f"{EVENTS} SELECT SHOW", "outages where people waited more than number1 days", f"{EVENTS} node_events.resolved SPAN_GT @number1 SELECT SHOW"),
        (
            f"{WITHDRAWN} END SELECT datasets.name",
            "tables with a withdrawal that took over number1 days",
            f"{WITHDRAWN} consents.honoured SPAN_GT @number1 END SELECT datasets.name",
        ),
    ],
)
def test_a_length_is_asked_of_every_row(plan: str, text: str, spanned: str) -> None:
    assert spelled(in_own_span(query(plan), BINDINGS, text)) == spanned


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (f"{EVENTS} SELECT node_events.node HAVING node_events#hours_to_resolve GT @number1", "nodes that took more than number1 days to resolve outages on average"),
        (f"{EVENTS} SELECT node_events.node HAVING MAX_HOURS node_events.at node_events.resolved LT @number1", "nodes all of whose outages took less than number1 days to resolve"),
        (f"{EVENTS} SELECT SHOW", "outages not resolved within number1 days"),
        (f"{EVENTS} SELECT SHOW", "outages that didn't take more than number1 days to resolve"),
        (f"{EVENTS} node_events:open SELECT SHOW", "outages that have taken more than number1 days"),
        ("FROM consents WHERE consents:pending_withdrawal SELECT SHOW", "withdrawals that take more than number1 days to carry out"),
        (f"{CHECKS} WHERE quality_checks.resolved IS_NULL SELECT SHOW", "alerts that take more than number1 days to resolve"),
        (f"{CHECKS} SELECT SHARE_IF quality_checks.resolved NOT_NULL END", "share of alerts resolved within number1 days"),
        (f"{CHECKS} SELECT SHOW", "alerts about more than number1 days of data"),
        (f"{CHECKS} SELECT SHOW", "alerts resolved number1 days after they opened"),
        ("FROM datasets SELECT SHOW", "datasets that take more than number1 days to resolve"),
        (f"{CHECKS} SELECT SHOW ORDER quality_checks.opened ASC LIMIT 1", "the longest unresolved alert"),
        (f"{CHECKS} SELECT SHOW ORDER quality_checks.severity ASC LIMIT 1", "the longest alert"),
        (f"{EVENTS} SELECT node_events.node ORDER node_events#hours_to_resolve DESC LIMIT 3", "three nodes that are slowest with outages"),
        (f"{EVENTS} SELECT node_events.node ORDER COUNT DESC LIMIT 3", "three nodes with the longest list of outages"),
        (f"{EVENTS} SELECT node_events.node ORDER node_events#hours_to_resolve DESC LIMIT 3", "three nodes with the longest outages on average"),
        (f"{WITHDRAWN} END SELECT datasets.name", "tables with more than number1 days and a withdrawal"),
        ("FROM consents WHERE consents:pending_withdrawal SELECT SHOW ORDER consents.withdrawn ASC", "withdrawals to carry out, longest first"),
    ],
)
def test_other_lengths_stay(plan: str, text: str) -> None:
    assert in_own_span(query(plan), BINDINGS, text) == query(plan)


@pytest.mark.parametrize(
    "bindings",
    [{}, {"@number1": Number(1.0)}, {"@number1": Number(1.0, "bytes")}, {"@number1": Number(1.0, "days"), "@number2": Number(2.0, "hours")}],
)
def test_one_length_alone_is_a_bound(bindings: dict[str, Value]) -> None:
    plan = query(f"{EVENTS} SELECT SHOW")
    assert in_own_span(plan, bindings, "outages that took more than number1 days and less than number2 hours to resolve") == plan


@pytest.mark.parametrize(
    ("op", "value", "hours", "said"),
    [
        ("SPAN_GT", Number(1.0, "days"), [25], "node of node events where resolved more than 1 day after at"),
        ("SPAN_GE", Number(1.0, "days"), [24, 25], "node of node events where resolved at least 1 day after at"),
        ("SPAN_LT", Number(24.0, "hours"), [2], "node of node events where resolved less than 24 hours after at"),
        ("SPAN_LE", Number(1440.0, "minutes"), [2, 24], "node of node events where resolved at most 1,440 minutes after at"),
    ],
)
def test_a_bound_in_rows_and_in_words(op: str, value: Number, hours: list[int], said: str) -> None:
    plan = Query(view="node_events", where=(Condition("node_events.resolved", op, "@number1"),), select=query("FROM node_events SELECT node_events.node").select)
    with duckdb.connect() as connection:
        connection.execute(ddl(views()["node_events"]))
        for took in (2, 24, 25, None):
            connection.execute('INSERT INTO node_events (node, "at", resolved) VALUES (?, ?, ?)', [str(took), NOW, took and NOW + timedelta(hours=took)])
        found = connection.execute(compile_query(plan, {"@number1": value}, NOW)).fetchall()
    assert sorted(int(row[0]) for row in found) == hours
    assert explain(plan, {"@number1": value}) == said


@pytest.mark.parametrize(
    ("end", "start"),
    [("node_events.resolved", "node_events.at"), ("consents.honoured", "consents.withdrawn"), ("quality_checks.acked", "quality_checks.opened")],
)
def test_a_length_begins_where_the_measure_of_it_does(end: str, start: str) -> None:
    assert start_of(end) == start


def test_the_model_has_no_words_for_these_bounds() -> None:
    assert not set(SPAN_BOUNDS) & set(vocabulary())
    with pytest.raises(BadPlan):
        parse("FROM node_events WHERE node_events.resolved SPAN_GT @number1 SELECT SHOW")
