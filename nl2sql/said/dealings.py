"""Who deals on the marketplace, and a first one of each group where the question names no groups."""

import re
from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.linking.vocabulary import forms
from nl2sql.plan.language import Item, Query, Segment
from nl2sql.readings.conversation import NEXT

SELLS = re.compile(r"\bwho (?:\w+ )?(?:sells?|sold) (?:the )?(?:most|best|least)(?=\W*$| (?:on|in|at|since|during|to|here|period[1-3])\b)")
"""Asks who has sold most, not who has most offers."""
BUYS = re.compile(r"\bwho (?:\w+ )?(?:buys?|bought|orders|ordered|purchase[sd]?)\b")
SELLING = re.compile(r"\b(?:sell|sold|vendor|provider|publisher|owner|from who)")
"""Is about the other side of a purchase."""
BUYER, SELLER = Item("", ("market.buyer",)), Item("", ("market.seller",))
OFFERED, SOLD = Segment("market:offered"), Segment("market:sold")
EACH = re.compile(r"\b(?:each|every|per|all|both|apiece|respective\w*|within|any|their|them|these|those|they)\b")
"""Says that there are several of which the first is asked."""
BY = re.compile(r"\bby (?:the |its |their )?(\w+)")


def who_deals(query: Query, linked: Linked) -> Query:
    """Who sells most has sold most; who buys is a buyer, in the turns after that too where these do not turn to sellers."""
    turns = linked.text.split(NEXT)
    since = next((at for at in reversed(range(len(turns))) if SELLS.search(turns[at]) or BUYS.search(turns[at])), None)
    if query.view != "market" or since is None:
        return query
    if SELLS.search(turns[since]):
        return replace(query, where=tuple(SOLD if p == OFFERED else p for p in query.where)) if SOLD not in query.where else query
    if BUYER in query.select or any(SELLING.search(turn) for turn in turns[since:]):
        return query
    return replace(query, select=tuple(BUYER if item == SELLER else item for item in query.select))


def only_where_said(query: Query, linked: Linked) -> Query:
    """The first of all, not of each of some groups, where nothing in the question names groups; ``by`` may name what is ordered by."""
    if not query.per or EACH.search(linked.text) or _said_of(query.per) & forms(linked.text):
        return query
    ordered = set(re.findall(r"[a-z]+", " ".join(query.order[0].args))) if query.order else set()
    return query if any(word not in ordered for word in BY.findall(linked.text)) else replace(query, per="")


def _said_of(column: str) -> set[str]:
    """The words that a column is called by."""
    view, name = column.split(".")
    called = views()[view].columns[name]
    return {word for words_of in (name.replace("_", " "), *called.synonyms) for word in words_of.lower().split()}
