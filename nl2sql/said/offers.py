"""Offers on the marketplace: which node they come from, whether they cost something, and since when one can have them."""

import re
from collections.abc import Callable
from dataclasses import replace

from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Exists, Join, Predicate, Query, Segment
from nl2sql.plan.parts import tokens_of_item
from nl2sql.said.parts import columns_of_token, mapped, tests_of

OF_OPERATOR, OF_NODE = "market.seller=nodes.operator", "nodes.node=market.node"
NODE = re.compile(r"\b(?:nodes?\d?|servers?|machines?|hosts?|hosted|sites?)\b")
SELLER = re.compile(r"\b(?:sell\w*|vend\w*|operat\w*|suppl\w*|provid\w*|runs?|running|compan\w*|organi[sz]ation\w*|who|whose|merchant\w*|dealers?)\b")
OFFERED, PRICE = Segment("market:offered"), "market.price"
FREE, PRICED = Condition(PRICE, "EQ", "0"), Condition(PRICE, "GT", "0")
PAID = re.compile(
    r"\b(?:(?:not|never) (?:be )?(?:free|for free|given away|for nothing)|non-?free|against (?:money|payment)|for money|costs? (?:something|anything|money)"
    r"|paid(?: \w+)? (?:offers?|data\w*|listings?|services?))\b|n't (?:free|for free|given away)\b"
)
"""Says that something has a price."""
LICENSED = re.compile(r"licen|commercial")
NONE_FREE = re.compile(r"\b(?:no|nothing|none|never|without(?: a| any)?)\b[^.?!,;]{0,16}\bfree\b")
"""Says that there is nothing for free."""
NOW = re.compile(r"today|right now|now|currently|at (?:the moment|present)")
TO_HAVE = re.compile(r"\b(?:can|could|may|might|available|on offer|for sale|buy|get)\b")
PUT_UP = re.compile(r"\b(?:list(?:ed|ings?) (?:since|today|on)|posted|put (?:up|on)|new(?:ly)?|added|appear\w*|published|since)\b")


def from_its_node(query: Query, linked: Linked) -> Query:
    """Offers from a node are those that it publishes, not all that its operator sells on other nodes too."""
    if query.view != "market" or not NODE.search(linked.text) or SELLER.search(linked.text):
        return query
    joins = tuple(replace(join, edge=OF_NODE) if join.edge == OF_OPERATOR else join for join in query.joins)
    where = tuple(replace(p, join=replace(p.join, edge=OF_NODE)) if isinstance(p, Exists) and p.join.edge == OF_OPERATOR else p for p in query.where)
    return replace(query, joins=joins, where=where)


def at_a_price(query: Query, linked: Linked) -> Query:
    """What is not free has a price above nothing; whether its licence is a commercial one is another thing."""
    if PAID.search(linked.text) and FREE in tests_of(query):
        return mapped(query, lambda p: PRICED if p == FREE else p)
    priced = {column for test in tests_of(query) for column in columns_of_token(test.token if isinstance(test, Segment) else test.column)} & {PRICE}
    if not PAID.search(linked.text) or priced or (query.having and PRICE in tokens_of_item(query.having[0])):
        return query

    def at_price(conditions: tuple[Predicate, ...]) -> tuple[Predicate, ...]:
        is_of_licence = bool(LICENSED.search(linked.text))
        return (*(p for p in conditions if is_of_licence or p != Condition("datasets.licence_class", "NE", "'commercial'")), PRICED)

    return _of_offers(query, at_price)


def with_none_free(query: Query, linked: Linked) -> Query:
    """Who offers nothing for free has no offer without a price."""
    column = query.select[0].args[0] if not query.is_grouped and query.select[0].fn == "" else ""
    if column not in ("market.seller", "market.dataset", "market.node") or not {FREE, OFFERED} <= set(query.where) or query.limit or not NONE_FREE.search(linked.text):
        return query
    return replace(query, where=(*(p for p in query.where if p != FREE), Exists(Join(f"{column}={column}", "market"), (FREE, OFFERED), True)))


def at_hand(query: Query, linked: Linked) -> Query:
    """What one can get today need not have been put up today."""
    now = {slot for slot, m in linked.mentions.items() if NOW.fullmatch(m.surface.lower())}
    if not now or not TO_HAVE.search(linked.text) or PUT_UP.search(linked.text):
        return query

    def at_any_time(conditions: tuple[Predicate, ...]) -> tuple[Predicate, ...]:
        return tuple(p for p in conditions if not (isinstance(p, Condition) and p.column == "market.at" and p.op == "DURING" and p.value in now))

    return _of_offers(query, at_any_time)


def _of_offers(query: Query, change: Callable[[tuple[Predicate, ...]], tuple[Predicate, ...]]) -> Query:
    """The query with the conditions changed of the rows that are offers, its own or related ones."""

    def changed(conditions: tuple[Predicate, ...]) -> tuple[Predicate, ...]:
        return change(conditions) if OFFERED in conditions else conditions

    return replace(query, where=tuple(replace(p, conditions=changed(p.conditions)) if isinstance(p, Exists) and not p.negated else p for p in changed(query.where)))
