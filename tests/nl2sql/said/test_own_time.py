"""Named conditions with a span of their own, where the question names another: of rows, and of what a share counts."""

from datetime import datetime

import pytest

from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.plan.tokens import spelled
from nl2sql.said.own_time import in_own_time
from nl2sql.values import Period, Value

SINCE, BEFORE = Period(datetime(2026, 10, 13), None), Period(None, datetime(2026, 10, 13))
SHARE = "FROM nodes{} SELECT nodes.country SHARE_IF {} END"
OWN = "nodes.last_seen NOT_DURING @period1"


@pytest.mark.parametrize(
    ("plan", "period", "unused", "meant"),
    [
        ("FROM nodes WHERE nodes:silent SELECT nodes.node", SINCE, True, f"FROM nodes WHERE {OWN} SELECT nodes.node"),
        ("FROM nodes WHERE nodes:silent SELECT nodes.node", BEFORE, True, "FROM nodes WHERE nodes.last_seen DURING @period1 SELECT nodes.node"),
        (SHARE.format("", "nodes:silent"), SINCE, True, SHARE.format("", OWN)),
        (SHARE.format(f" WHERE {OWN}", "nodes:silent"), SINCE, False, SHARE.format("", OWN)),
        (SHARE.format(" WHERE nodes.last_publish NOT_DURING @period1", "nodes:silent"), SINCE, False, ""),
        (SHARE.format("", "nodes:silent"), SINCE, False, ""),
        (SHARE.format("", "nodes.status EQ 'online'"), SINCE, True, ""),
    ],
)
def test_the_span_of_the_question_is_taken(plan: str, period: Period, unused: bool, meant: str) -> None:
    query, bindings = parse(plan), dict[str, Value]({"@period1": period})
    assert isinstance(query, Query)
    assert spelled(in_own_time(query, bindings, ["@period1"] if unused else [])) == (meant or plan)
