"""Questions that follow others: what the plan of the last keeps of the plan before it. Knows plans and linked words; asks no model.

Whoever has the model reads the turns before again where the last `leans` on them or its own reading is unsure. `followed` then mends
the plan of the last; where that stays unsure, `in_place_of` may give one instead.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from nl2sql.plan.language import (
    SLOT_KINDS,
    Condition,
    Exists,
    Item,
    Join,
    Not,
    Or,
    Predicate,
    Query,
    Segment,
    column_of,
)
from nl2sql.plan.parts import own_key, plain_groups, view_tokens
from nl2sql.plan.sense import is_sensible
from nl2sql.readings.conversation import FILLING
from nl2sql.said.parts import columns_of_token

_polite = r"(?:(?:and|but|ok|okay|now|please|pls|then|so|great|good|thanks|thank you|fine)\W+)*"
_less = r"only|just|without|w/o|leave out|leaving out|exclud\w+|not counting|not including|except|minus|remove|skip|ignor\w+|limit|restrict|filter|narrow|keep"
_part = r"(?:(?:which|how many|any|all|most|some) )?of (?:those|these|them|which)|the ones|among (?:those|these|them)"
NARROWS = re.compile(rf"^\W*{_polite}(?:{_less}|{_part})\b|\b(?:of them|of those|of these|among them)\b")
"""How a question says that it is about part of what was found before."""
OTHERS = re.compile(r"\b(?:what|which|who|anything|where|how many)\b(?=.* (?:else|others?)\b)(?=.*\b(?:she|he|they|it|her|him|them|that \w+|this \w+|same \w+)\b)")
"""How a question says that it is about what else they have, whom the question before asked for."""
SLOT = re.compile(rf"\b(({'|'.join(SLOT_KINDS)})[1-3])\b")
ENDS = ((r"\b(?:into|to)\b", "lineage.downstream"), (r"\bfrom\b", "lineage.upstream"))
"""Which end of a flow stands behind a word."""
WHO = ("person", "org", "principal", "actor")
"""Kinds of those who have things."""


def leans(earlier: Sequence[str], said: str) -> bool:
    """Whether the last of several turns, or one between it and the first, says that it is about part of what was found before it, or about others of the same."""
    return any(NARROWS.search(turn) or OTHERS.search(turn) for turn in (*earlier[1:], said))


def followed(query: Query, before: Query | None, read: Query | None, said: str) -> Query:
    """The plan of the last turn, with what it keeps of the one ``before``, which was ``read`` as another maybe; none where that is not sure."""
    kept = narrowed(query, before, read, said) if before and read else query
    return others_of(query, said) if kept == query else kept


def narrowed(query: Query, before: Query, read: Query, said: str) -> Query:
    """The query with the conditions of the one before, where the question says that it narrows that and tests none of their columns otherwise.

    Of any other, with those that were added to what the one before was ``read`` as, if it has all of that itself.
    """
    if query.view != before.view or query.joins != before.joins:
        return query
    narrows = bool(NARROWS.search(said)) and (not set(query.where) <= set(before.where) or query.having is not None or bool(query.limit))
    added = [p for p in before.where if p not in read.where]
    where, select = query.where, query.select
    if narrows or (added and read.where and set(read.where) <= set(where)):
        replaced = {c for p in added if isinstance(p, Exists) and _is_of_the_same(p) for c in p.conditions}
        where = tuple(p for p in where if p not in replaced)
        tested = {token for p in where for token in _tested(p)}
        where = (*where, *(p for p in (before.where if narrows else added) if p not in where and not tested & _tested(p)))
    if narrows and plain_groups(query) and plain_groups(query) == plain_groups(before):
        select = tuple(dict.fromkeys([*before.select, *query.select]))
    found = replace(query, where=where, select=select)
    return found if is_sensible(found) else query


def in_place_of(before: Query, said: str) -> Query | None:
    """The query before with the one value that the question says in place of its value of that kind: ``and into dataset3``."""
    slots = SLOT.findall(said)
    if len(slots) != 1 or not set(re.findall(r"[\w']+", said)) - {slots[0][0]} <= FILLING:
        return None
    slot, kind = slots[0]
    held = [p for p in before.where if isinstance(p, Condition) and re.fullmatch(rf"@{kind}\d", p.value)]
    end = next((column for word, column in ENDS if re.search(word, said)), "")
    held = [p for p in held if p.column == end] if end in {p.column for p in held} else held
    if len(held) != 1:
        return None
    return replace(before, where=tuple(replace(held[0], value=f"@{slot}") if p == held[0] else p for p in before.where))


def others_of(query: Query, said: str) -> Query:
    """What else they have, whom the question before asked for: the rows of the same one, where the plan has that one's row itself once more."""
    who = next((i.args[0] for i in query.select if not i.fn and "." in i.args[0] and column_of(i.args[0]).slot in WHO), "")
    if not OTHERS.search(said) or not who or query.joins or query.is_grouped or not query.where or not all(_pins(p, query.view) for p in query.where):
        return query
    same = Exists(Join(f"{who}={who}", query.view), query.where, False)
    return Query(view=query.view, where=(same,), select=(Item("", own_key(query.view)[:1]), Item("", (who,))))


def _is_of_the_same(related: Exists) -> bool:
    """Whether the related rows are those of the same one, as in what else they have."""
    one, other = related.join.edge.split("=")
    return one == other


def _pins(predicate: Predicate, view: str) -> bool:
    """Whether it says which one row of the view is meant."""
    match predicate:
        case Condition(column, "EQ", value):
            return value.startswith("@") and column in (own_key(view)[0], f"{view}.name")
        case Or(left, right):
            return _pins(left, view) and _pins(right, view)
    return False


def _tested(predicate: Predicate) -> set[str]:
    """Columns that a condition tests, a named one those of its SQL too."""
    match predicate:
        case Segment(token):
            return {token.replace(":", "."), *columns_of_token(token)}
        case Not(inner):
            return _tested(inner)
    return set(view_tokens(predicate))
