"""What noticed an event, and what is known of it: each in its own column."""

import pytest

from nl2sql.linking.mentions import Linked, Mention
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, full_scope
from nl2sql.plan.tokens import spelled
from nl2sql.said.noticed import by_what_noticed_it
from nl2sql.values import Text

EVENTS = "FROM node_events WHERE {} SELECT SHOW"
NOTICED, KNOWN = "node_events.detected_by CONTAINS @term1", "node_events.detail CONTAINS @term1"
NODES = "FROM nodes WHERE EXISTS nodes.node=node_events.node {} END SELECT nodes.node"


@pytest.mark.parametrize(
    ("term", "plan", "meant"),
    [
        ("gossip monitor", EVENTS.format("node_events.detected_by NOT_NULL"), EVENTS.format(NOTICED)),
        ("gossip monitor", EVENTS.format(KNOWN), EVENTS.format(NOTICED)),
        ("gossip monitor", NODES.format(KNOWN), NODES.format(NOTICED)),
        ("gossip monitor", "FROM node_events SELECT COUNT", f"FROM node_events WHERE {NOTICED} SELECT COUNT"),
        ("gossip monitor", EVENTS.format(NOTICED), ""),
        ("gossip monitor", "FROM nodes SELECT nodes.node", ""),
        ("disk full", EVENTS.format(NOTICED), EVENTS.format(KNOWN)),
        ("disk full", EVENTS.format(KNOWN), ""),
        ("disk full", EVENTS.format("node_events.detected_by NOT_NULL"), ""),
    ],
)
def test_each_is_asked_of_the_column_that_tells_it(term: str, plan: str, meant: str) -> None:
    query, value = parse(plan, full_scope()), Text((term,))
    linked = Linked("what term1 says", {"@term1": value}, {"@term1": Mention(5, 10, "term", value, term)}, detectors=("gossip monitor", "heartbeat"))
    assert isinstance(query, Query)
    assert spelled(by_what_noticed_it(query, linked)) == (meant or plan)
