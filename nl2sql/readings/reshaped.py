"""Turns of a dialogue that ask for what was found before in another shape: how many that is, in another order, with another bound.

Each rule takes the plan of the last turn, or none, and that of the answer before. Knows plans and linked words; asks no model.
"""

import re
from dataclasses import replace

from nl2sql.plan.language import NUMBERS, Condition, Item, Not, Predicate, Query, Segment
from nl2sql.plan.parts import own_key, plain_groups
from nl2sql.readings.conditions import SLOT, is_said, with_where
from nl2sql.readings.conversation import FILLING, POLITE

EXCLUDES = re.compile(rf"^\W*{POLITE}(?:leave out|leaving out|exclud\w+|not counting|not including|except|minus|remove|skip|ignor\w+|without|drop|hide|filter out)\b")
"""How a turn leaves out a part of what was found before."""
ALL_BUT = re.compile(rf"^\W*{POLITE}(?:leave out|leaving out|exclud\w+|remove|skip|ignor\w+|drop|hide|filter out) (?:everything|all|anything)(?: else)? (?:but|except|other than|apart from|besides)\b")
"""How a turn keeps a part of what was found before."""
DENIES = re.compile(r"\b(?:not|never|no|without|lack(?:s|ing)?|missing)\b|n't\b|\bun\w{4,}ed\b")
"""What turns the part that is left out round: those that are not enforced, those that lack a quorum."""
_is_so, _is_there = ("IS_TRUE", "IS_FALSE"), ("NOT_NULL", "IS_NULL")
LEFT_OUT = {op: pair for pair in (_is_so, _is_there) for op in pair}
"""Tests of what may be left out: how it is said, and what stays of it."""
RAISES = re.compile(rf"^\W*{POLITE}(?:no\W+)?(?:make|change|raise|lower|set|increase|reduce|turn) (?:that|it|this|them)(?: up| down)?(?: to)? (number[1-3])\W*$")
"""How a turn sets another number in the place of the one said before."""
COUNTS = re.compile(
    rf"^\W*{POLITE}(?:how many|the number|the count|count)(?: (?:is|are|was|were) (?:that|those|these|they|there|it)| (?:of|for) (?:those|these|them|that))?"
    r"(?: in total| altogether| all in all)?\W*$"
)
"""How a turn asks how many were shown."""
BY_NUMBER = re.compile(r"\bby (?:the )?(?:number|count)(?: of (?:orders|sales|purchases|events|checks|times|them))?\W*(?:$|instead\b|rather\b|please\b|not\b)")
"""How a turn orders by how many there are."""
BARE = FILLING | {
    *("only", "just", "those", "these", "them", "ones", "one", "that", "are", "is", "below", "above", "under", "over"),
    *("more", "less", "fewer", "than", "least", "most", "up"),
}
"""Words beside the number of a bound on what was shown before."""


def counted(query: Query, before: Query, said: str) -> Query:
    """How many were shown before, where a turn asks for nothing but that."""
    if not COUNTS.match(said) or before.is_grouped or before.limit or before.per or before.latest or not before.select:
        return query
    if (query.view, query.joins) == (before.view, before.joins) and query.is_grouped:
        return with_where(query, before.where)
    (first, *more) = before.select
    is_row = more or first.fn or first.args == own_key(before.view)
    return replace(before, select=(Item("COUNT") if is_row else Item("COUNT_DISTINCT", first.args),), order=None)


def by_number(query: Query, before: Query, said: str) -> Query:
    """The query in the order of how many there are, where the turn says so of groups that keep another order."""
    if not BY_NUMBER.search(said) or not query.order or query.order != before.order or not query.order[0].is_aggregate:
        return query
    return replace(query, order=(Item("COUNT"), query.order[1]))


def without(query: Query, before: Query, said: str) -> Query:
    """What is left out is not what is asked for: leave out those that are not enforced."""
    if ALL_BUT.search(said):
        left_out = [p for p in query.where if p not in before.where and isinstance(p, Condition) and p.op == "NE" and is_said(p, said)]
        return with_where(query, [replace(p, op="EQ") if p in left_out else p for p in query.where])
    added = [p for p in query.where if p not in before.where and (isinstance(p, Segment) or (isinstance(p, Condition) and p.op in LEFT_OUT))]
    match = EXCLUDES.search(said)
    if not match or len(added) != 1 or query.view != before.view or (isinstance(added[0], Segment) and "without" in match[0]):
        return query
    (left,) = added
    is_denied = DENIES.search(said, match.end())
    if isinstance(left, Condition):
        rest: Predicate = replace(left, op=LEFT_OUT[left.op][0 if is_denied else 1])
    else:
        rest = left if is_denied else Not(left)
    return with_where(query, [rest if p == left else p for p in query.where])


def bounded_by(query: Query, before: Query, said: str) -> Query:
    """A bare bound is on the one amount that was shown or ordered by before: the average rating, not the count; the count, not the price."""
    amounts = {item for item in (*before.select, *(before.order[:1] if before.order else ())) if item.is_aggregate}
    if query.view != before.view or len(amounts) != 1 or not plain_groups(before) or not set(re.findall(r"[\w']+", SLOT.sub("", said))) <= BARE:
        return query
    (amount,), added = amounts, [p for p in query.where if p not in before.where]
    if query.having and isinstance(query.having[2], str) and query.having[0] != amount and not added:
        return replace(query, having=(amount, *query.having[1:]), select=tuple(i for i in query.select if not i.is_aggregate or i in before.select))
    match added:
        case [Condition(_, "LT" | "LE" | "GT" | "GE" as op, value) as bound] if not query.having and value.startswith("@number") and is_said(bound, said):
            return replace(before, having=(amount, op, value))
    return query


def raised(before: Query, said: str) -> Query | None:
    """The query before with another number, where it has but one: make that 100 thousand."""
    match = RAISES.match(said)
    held = [p for p in before.where if isinstance(p, Condition) and (p.value in NUMBERS or p.value.startswith("@number"))]
    if not match or len(held) + bool(before.limit) + bool(before.having) != 1:
        return None
    slot = f"@{match[1]}"
    if before.limit:
        return replace(before, limit=slot)
    if before.having:
        item, op, than = before.having
        return replace(before, having=(item, op, slot)) if isinstance(than, str) else None
    return with_where(before, [replace(p, value=slot) if p == held[0] else p for p in before.where])
