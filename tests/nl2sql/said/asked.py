"""A question with slots in place of its values, and what a plan becomes when rules, all or some, take it at its words."""

from collections.abc import Callable, Iterable
from datetime import datetime

from nl2sql.linking.mentions import Linked, Mention
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, full_scope
from nl2sql.plan.sql import compile_query
from nl2sql.plan.tokens import spelled
from nl2sql.said.rules import RULES
from nl2sql.values import Number, Period, Text, Value

NOW = datetime(2026, 10, 16, 12)
AUGUST, OCTOBER = datetime(2026, 8, 1), datetime(2026, 10, 1)
VALUES: dict[str, tuple[str, Value]] = {
    "@dataset1": ("orders", Text(("orders",))),
    "@dataset2": ("payments", Text(("payments",))),
    "@node1": ("oslo", Text(("oslo-1",))),
    "@node2": ("the norwegian ones", Text(("oslo-1", "oslo-2"))),
    "@number1": ("95", Number(0.95)),
    "@period1": ("from August to September", Period(AUGUST, OCTOBER)),
    "@period2": ("in August", Period(AUGUST, datetime(2026, 9, 1))),
    "@period3": ("in September", Period(datetime(2026, 9, 1), OCTOBER)),
}


def said(question: str, plan: str, rules: Iterable[Callable[[Query, Linked], Query]] = RULES) -> str:
    """The plan as the words of the question leave it, of which there is SQL."""
    mentions = {slot: Mention(0, 1, slot[1:-1], value, surface) for slot, (surface, value) in VALUES.items()}
    linked = Linked(question, {slot: m.value for slot, m in mentions.items()}, mentions)
    query = parse(plan, full_scope())
    assert isinstance(query, Query)
    for rule in rules:
        query = rule(query, linked)
    named = {token: Text((token[1:],)) for token in (*plan.split(), *spelled(query).split()) if token.startswith("@")}
    assert compile_query(query, named | linked.bindings, NOW)
    return spelled(query)
