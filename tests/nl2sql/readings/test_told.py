"""Questions back that the question answers by what it says of a thing, or by asking for all of its rows."""

from datetime import datetime

import pytest

from nl2sql.embedded.parser import Candidate
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.linking.mentions import Linked
from nl2sql.plan.grammar import parse
from nl2sql.plan.tokens import spelled
from nl2sql.readings.told import rows_of, told_otherwise

WHICH, CLAIMED = "WHICH ?node", "ASK claims.claimed_value claims.consensus_value"
SEEN = "FROM nodes WHERE nodes.country EQ @country1 SELECT nodes.node nodes.last_seen"
ALL = "FROM claims WHERE claims.dataset EQ @dataset1 SELECT SHOW"


def linked(question: str) -> Linked:
    names = NameIndex()
    for kind, name, value in (("dataset", "MNIST", "MNIST"), ("country", "kenyan", "KE"), ("person", "Priya Nair", "Priya Nair")):
        names.add(kind, name, value)
    return link(question, names, datetime(2026, 10, 16, 12))


def candidates(*plans: tuple[str, float]) -> list[Candidate]:
    return [Candidate(parse(plan), tuple(plan.split()), probability) for plan, probability in plans]


@pytest.mark.parametrize(
    ("question", "readings", "first"),
    [
        ("when was our kenyan node last seen", [(WHICH, 0.6), (SEEN, 0.2)], SEEN),
        ("when was our kenyan node last seen", [(WHICH, 0.6), (SEEN, 0.1)], WHICH),
        ("when was our kenyan node for MNIST last seen", [(WHICH, 0.6), (SEEN, 0.2)], WHICH),
        ("when was our node last seen", [(WHICH, 0.6), ("FROM nodes SELECT nodes.node nodes.last_seen", 0.2)], WHICH),
        ("how many kenyan nodes", [(WHICH, 0.6), ("FROM nodes WHERE nodes.country EQ @country1 SELECT COUNT", 0.2)], WHICH),
        ("our kenyan node", [("WHICH ?dataset", 0.6), (SEEN, 0.2)], "WHICH ?dataset"),
    ],
)
def test_a_thing_is_told_by_what_it_is(question: str, readings: list[tuple[str, float]], first: str) -> None:
    assert spelled(told_otherwise(candidates(*readings), linked(question))[0].plan) == first


@pytest.mark.parametrize(
    ("question", "readings", "first"),
    [
        ("claims about MNIST", [(CLAIMED, 0.9)], ALL),
        ("show me all claims on MNIST", [(CLAIMED, 0.9)], ALL),
        ("claims about MNIST", [(CLAIMED, 0.6), ("FROM claims WHERE claims.dataset EQ @dataset1 SELECT claims.claimant", 0.3)], "FROM claims WHERE claims.dataset EQ @dataset1 SELECT claims.claimant"),
        ("what do claims about MNIST say", [(CLAIMED, 0.9)], CLAIMED),
        ("claims", [(CLAIMED, 0.9)], CLAIMED),
        ("grants of Priya Nair", [("ASK grants.permission grants.expires", 0.9)], "ASK grants.permission grants.expires"),  # hers, or given by her
        ("claims about MNIST", [("ASK claims.claimed_value datasets.licence", 0.9)], ALL),  # of two views, one of which the question names
        ("claims about MNIST", [("ASK market.price datasets.licence", 0.9)], "ASK market.price datasets.licence"),
        ("claims about MNIST", [("WHICH ?node", 0.9)], "WHICH ?node"),
    ],
)
def test_rows_asked_for_as_such_are_all_of_them(question: str, readings: list[tuple[str, float]], first: str) -> None:
    assert spelled(rows_of(candidates(*readings), linked(question))[0].plan) == first
