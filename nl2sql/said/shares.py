"""Parts of a whole: of which rows a share is, and where a number is asked for instead of one."""

import re
from dataclasses import replace

from nl2sql.linking.mentions import Linked
from nl2sql.plan.canonical import canonical
from nl2sql.plan.language import Condition, Exists, Item, Predicate, Query
from nl2sql.plan.parts import items_of
from nl2sql.said.parts import as_aggregate, is_literal
from nl2sql.said.values import is_state
from nl2sql.values import Text

RATE = re.compile(r"\b(?:shares?|rates?|percent\w*|proportions?|fractions?|ratios?|relative\w*)\b|%")
"""Asks for a part of a whole."""
RATES = re.compile(r"\brates?\b")
"""A part of each whole, where a share of failures may be a part of all of them."""
NUMBER = re.compile(r"\b(?:how many|numbers?|counts?|amount)\b")
"""Asks for a number of rows."""
BESIDE_ALL = re.compile(
    r"\b(?:out of|of (?:how many|all|which|those|them)|total|overall|altogether|in all|all|shares?|rates?|percent\w*|proportions?|both"
    r"|versus|vs|against|compared?|ran|run|beside|next to|together with|as well as)\b|%"
)
"""Asks for a number beside that of all rows."""
ONLINE, UPTIME = Condition("nodes.status", "EQ", "'online'"), Item("", ("nodes.uptime",))


def of_the_number_alone(query: Query, linked: Linked) -> Query:
    """Where one number is asked for, that of all rows beside it is not."""
    amounts = [item for item in query.select if item.is_aggregate]
    is_beside_all = [item.fn for item in amounts] == ["COUNT_IF", "COUNT"] and not query.having and not query.order and len(query.select) > len(amounts)
    if not is_beside_all or BESIDE_ALL.search(linked.text) or len(NUMBER.findall(linked.text)) > 1:
        return query
    form = canonical(replace(query, select=tuple(item for item in query.select if item != Item("COUNT"))))
    assert isinstance(form, Query)
    return form


def of_one_node(query: Query, linked: Linked) -> Query:
    """The part of the time that one node was online is its uptime: one row has no share of its own."""
    is_one = any(isinstance(p, Condition) and (p.column, p.op) == ("nodes.node", "EQ") and _is_one(p.value, linked) for p in query.where)
    return replace(query, select=(UPTIME,)) if is_one and not query.joins and query.select == (Item("SHARE_IF", (), (ONLINE,)),) else query


def _is_one(slot: str, linked: Linked) -> bool:
    """It stands for a thing of one name."""
    value = linked.bindings.get(slot)
    return isinstance(value, Text) and len(value.values) == 1


def of_more_than_those(query: Query, _: Linked) -> Query:
    """What a share counts is no condition of the rows that it is of: all of them would be such."""
    shares = [share for item in items_of(query) if (share := as_aggregate(item)).fn == "SHARE_IF" and not share.among]
    counted = {c for share in shares if set(share.conditions) <= set(query.where) for c in share.conditions}
    return replace(query, where=tuple(p for p in query.where if p not in counted))


def within_each(query: Query, linked: Linked) -> Query:
    """The share of what failed in May beside that of June is each of its own month: of the rows of the month, not of all rows."""
    shares = _shares(query, linked.text)
    which = [tuple(c for c in item.conditions if _says_which(c)) for item in shares]
    counted = {counts for item in shares if (counts := tuple(c for c in item.conditions if not _says_which(c)))}
    if len(set(which)) < 2:
        return _of_its_time(query, shares)
    tested = [p for p in query.where if isinstance(p, Condition) and is_literal(p) and is_state(p.column)] if not counted and RATES.search(linked.text) else []
    if not all(which) or len(counted) + len(tested) != 1:
        return query
    counts = counted.pop() if counted else tuple(tested)
    made = {item: Item("SHARE_IF", (), (*given, *counts), given) for item, given in zip(shares, which, strict=True)}
    return replace(query, where=tuple(p for p in query.where if p not in tested), select=tuple(made.get(item, item) for item in query.select))


def _shares(query: Query, text: str) -> list[Item]:
    """The shares that are of all rows, and numbers in the place of shares where those are asked for."""
    if len(query.select) > 1 and all(item.fn == "COUNT_IF" for item in query.select):
        return list(query.select) if RATE.search(text) and not NUMBER.search(text) else []
    return [item for item in query.select if item.fn == "SHARE_IF" and not item.among]


def _of_its_time(query: Query, shares: list[Item]) -> Query:
    """Shares of what happened in one time are of all of that time: how much of what was checked in May failed."""
    times = [c for item in shares[:1] for c in item.conditions if _is_time(c)]
    is_of_all = all(time in item.conditions for item in shares for time in times)
    rest = tuple(replace(item, conditions=tuple(c for c in item.conditions if c not in times)) for item in shares)
    if not times or not is_of_all or query.select != tuple(shares) or not all(item.conditions for item in rest):
        return query
    form = canonical(replace(query, where=(*query.where, *times), select=rest))
    assert isinstance(form, Query)
    return form


def _is_time(condition: Predicate) -> bool:
    return isinstance(condition, Condition) and condition.op == "DURING"


def _says_which(condition: Predicate) -> bool:
    """It says of which rows an amount is: of which time or thing."""
    is_of_thing = isinstance(condition, Condition) and condition.op == "EQ" and condition.value.startswith("@")
    return isinstance(condition, Exists) or _is_time(condition) or is_of_thing
