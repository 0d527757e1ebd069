"""Offers and organisations: from which node, at what price, since when, and whose. Each rule with its near misses."""

from datetime import datetime

import pytest

from nl2sql.linking.mentions import Linked, Mention
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, full_scope
from nl2sql.plan.tokens import spelled
from nl2sql.said.rules import as_said
from nl2sql.values import Period
from tests.nl2sql.said.asked import said

BY_OPERATOR = "FROM market WHERE market:offered EXISTS market.seller=nodes.operator nodes.country EQ 'FR' END SELECT market.dataset"
FROM_NODES = "FROM market WHERE market:offered EXISTS nodes.node=market.node nodes.status EQ 'offline' END SELECT market.dataset"
OFFLINE = "FROM market WHERE market:offered EXISTS market.seller=nodes.operator nodes.status EQ 'offline' END SELECT market.dataset"
OFFERS = "FROM market WHERE {}market:offered SELECT market.dataset{}"
SELLERS = "FROM market WHERE {} SELECT market.seller"
NOTHING_FREE = "market:offered NOT_EXISTS market.seller=market.seller market.price EQ 0 market:offered END"
RELATED = "FROM datasets WHERE EXISTS datasets.name=market.dataset {} END SELECT datasets.name"
PER_OPERATOR = "FROM models JOIN nodes.node=models.node SELECT nodes.operator COUNT"
NEW = "FROM market WHERE market.at DURING @period1 market:offered SELECT market.dataset"

MENDED = [
    ("what is on offer from offline machines", OFFLINE, FROM_NODES),
    ("offers that are not free", OFFERS.format("", ""), "FROM market WHERE market:offered market.price GT 0 SELECT market.dataset"),
    ("offers that are not free", OFFERS.format("market.price EQ 0 ", ""), OFFERS.format("market.price GT 0 ", "")),
    ("tables that are offered for money", RELATED.format("market.price EQ 0 market:offered"), RELATED.format("market.price GT 0 market:offered")),
    ("tables that are offered for money", RELATED.format("market:offered"), RELATED.format("market:offered market.price GT 0")),
    ("number of models by company", PER_OPERATOR, "FROM models SELECT models.owner COUNT"),
]
LEFT = [
    ("what do sellers with offline machines offer", OFFLINE),
    ("what is on offer from companies that are offline", OFFLINE),
    ("offers that are free", OFFERS.format("market.price EQ 0 ", "")),
    ("offers that cost money, up to ten", OFFERS.format("market.price LE 10 ", "")),
    ("tables that are offered", RELATED.format("market:offered")),
    ("who gives away something for free", SELLERS.format("market.price EQ 0 market:offered")),
    ("number of models by company that runs the node", PER_OPERATOR),
    ("number of models by operator", PER_OPERATOR),
]


@pytest.mark.parametrize(("question", "plan", "mended"), MENDED, ids=[question for question, *_ in MENDED])
def test_offers_are_those_that_are_said(question: str, plan: str, mended: str) -> None:
    assert said(question, plan) == mended
    assert said(question, mended) == mended


def test_who_offers_nothing_for_free_has_no_free_offer() -> None:
    assert said("who gives away nothing for free", SELLERS.format("market.price EQ 0 market:offered")) == SELLERS.format(NOTHING_FREE)


@pytest.mark.parametrize(("question", "plan"), LEFT, ids=[question for question, _ in LEFT])
def test_other_offers_stay(question: str, plan: str) -> None:
    assert said(question, plan) == plan


@pytest.mark.parametrize(
    ("question", "surface", "is_new"),
    [
        ("what can one get period1", "today", False),
        ("which data are available period1", "right now", False),
        ("what was newly put up period1", "today", True),
        ("what could one get period1", "this week", True),
        ("offers of period1", "today", True),
    ],
)
def test_what_one_can_have_today_need_not_be_new(question: str, surface: str, is_new: bool) -> None:
    today = Period(datetime(2026, 10, 16), datetime(2026, 10, 17))
    query = parse(NEW, full_scope())
    assert isinstance(query, Query)
    mended = spelled(as_said(query, Linked(question, {"@period1": today}, {"@period1": Mention(0, 1, "period", today, surface)})))
    assert mended == (NEW if is_new else OFFERS.format("", ""))
