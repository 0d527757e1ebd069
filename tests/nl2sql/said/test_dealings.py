"""Who deals on the marketplace, and a first one of each group where nobody named groups."""

import pytest

from nl2sql.linking.mentions import Linked
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.plan.tokens import spelled
from nl2sql.said.dealings import only_where_said, who_deals

SELLERS = "FROM market WHERE market:{} SELECT market.seller ORDER COUNT DESC LIMIT 1"
BUYERS = SELLERS.replace("seller", "buyer")
NEWEST = "FROM node_events SELECT node_events.kind ORDER node_events.at DESC LIMIT 1 PER node_events.node"
LARGEST = "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 PER datasets.region"


def query(plan: str) -> Query:
    found = parse(plan)
    assert isinstance(found, Query)
    return found


def linked(question: str) -> Linked:
    return Linked(question, {}, {})


@pytest.mark.parametrize(
    ("question", "plan", "expected"),
    [
        ("who buys most", SELLERS.format("sold"), BUYERS.format("sold")),
        ("who bought more than number1 times?", SELLERS.format("sold"), BUYERS.format("sold")),
        ("who sells the most >> and who buys the most >> the top number1 of them", SELLERS.format("sold"), BUYERS.format("sold")),
        ("who buys most >> and from whom", SELLERS.format("sold"), None),
        ("who bought dataset1 >> which seller was it", SELLERS.format("sold"), None),
        ("who sells the most", SELLERS.format("offered"), SELLERS.format("sold")),
        ("who sold most in period1?", SELLERS.format("offered"), SELLERS.format("sold")),
        ("who sells the most expensive data", SELLERS.format("offered"), None),
        ("who sells dataset1", SELLERS.format("offered"), None),
        ("which seller has most offers", SELLERS.format("offered"), None),
    ],
)
def test_who_buys_and_who_sells(question: str, plan: str, expected: str | None) -> None:
    assert spelled(who_deals(query(plan), linked(question))) == (expected or plan)


@pytest.mark.parametrize(
    ("question", "plan", "is_of_all"),
    [
        ("what is the largest domain1 dataset by bytes?", LARGEST, True),
        ("the newest incident", NEWEST, True),
        ("largest dataset of each region", LARGEST, False),
        ("largest dataset by region", LARGEST, False),
        ("the regions with their largest dataset", LARGEST, False),
        ("hosts with the newest incident", NEWEST, False),  # another word for the column
        ("what happened last on all of them", NEWEST, False),
    ],
)
def test_groups_that_nobody_named(question: str, plan: str, is_of_all: bool) -> None:
    found = only_where_said(query(plan), linked(question))
    assert spelled(found) == (plan.partition(" PER ")[0] if is_of_all else plan)
