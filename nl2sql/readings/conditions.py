"""Conditions of a plan beside the words of a turn: what they test, which values they hold, and whether the turn says those."""

import re
from collections.abc import Iterable
from dataclasses import replace

from nl2sql.plan.language import SLOT_KINDS, Condition, Not, Predicate, Query, Segment
from nl2sql.plan.parts import view_tokens
from nl2sql.plan.sense import is_sensible
from nl2sql.said.parts import columns_of_token, plain

SLOT = re.compile(rf"\b(({'|'.join(SLOT_KINDS)})[1-3])\b")
"""A value of the question."""
TELLING = 3
"""Letters of a word at least that says a value of a closed vocabulary."""


def tested(predicate: Predicate) -> set[str]:
    """Columns that a condition tests, a named one those of its SQL too."""
    match predicate:
        case Segment(token):
            return {token.replace(":", "."), *columns_of_token(token)}
        case Not(inner):
            return tested(inner)
    return set(view_tokens(predicate))


def slots_of(predicate: Predicate) -> set[str]:
    """The slots that a condition compares with, as they stand in the question."""
    return {slot[0] for test in plain(predicate) if isinstance(test, Condition) for slot in SLOT.findall(test.value)}


def is_said(predicate: Predicate, said: str) -> bool:
    """Whether a turn says a value of the condition: its slot, or a word of what it tests for where that is no slot: anomalies, of an anomaly."""
    slots = slots_of(predicate)
    if slots:
        return any(slot[0] in slots for slot in SLOT.findall(said))
    return any(re.search(rf"\b{re.escape(word.removesuffix('y'))}", said) for test in plain(predicate) for word in _words(test) if len(word) >= TELLING)


def with_where(query: Query, where: Iterable[Predicate]) -> Query:
    """The query with other conditions, if it asks for something with them."""
    found = replace(query, where=tuple(where))
    return found if is_sensible(found) else query


def _words(test: Condition | Segment) -> list[str]:
    match test:
        case Segment(token):
            return token.partition(":")[2].split("_")
        case Condition(column, "IS_TRUE" | "IS_FALSE"):
            return column.partition(".")[2].split("_")
        case Condition(_, _, value) if value.startswith("'"):
            return value.strip("'").lower().split("_")
    return []
