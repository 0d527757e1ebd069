"""Turns of a dialogue that put a value, or a time, in the place of another: binding corporate rules instead, make that weekly.

Each rule takes the plan of the last turn and that of the answer before. Knows plans and linked words; asks no model.
"""

import re

from catalog.semantic import views
from nl2sql.plan.language import Condition, Exists, Or, Predicate, Query, Segment
from nl2sql.plan.named import implied_conditions
from nl2sql.readings.conditions import is_said, with_where
from nl2sql.readings.conversation import FILLING, POLITE
from nl2sql.said.parts import any_of, columns_in, is_literal, plain, tests_of
from nl2sql.said.words import is_left_out, said_values

ADDS = re.compile(rf"^\W*{POLITE}(?:(?:also )?(?:add|include|allow|throw in|count in|take in|take (?=.* in\b))|plus)\b")
"""How a turn asks for one more value."""
INSTEAD = re.compile(r"\b(?:make|change|turn|switch|set) (?:that|it|this|those|them)\b|\b(?:instead|rather|sorry|meant|mean)\b")
"""Says that other values are meant."""
SWITCHING = {"make", "change", "turn", "switch", "set", "that", "it", "this", "those", "them", "ones", "or", "sory"}
"""Words beside values in a turn that says nothing else."""


def put_in_place(query: Query, before: Query, said: str) -> Query:
    """A value that the turn says takes the place of what was tested of the same column before: and those under binding corporate rules?"""
    pinned = [p for p in query.where if isinstance(p, Condition) and p.op == "EQ"]
    new = {p.column for p in pinned if p not in before.where and is_said(p, said)}
    held = {p.column for p in pinned if p in before.where and is_literal(p)}

    def is_past(p: Predicate) -> bool:
        columns = new if p in before.where else held
        return p not in pinned and not isinstance(p, Exists) and (columns_in(p) <= columns or any(_may_lack(p, column) for column in columns)) and not is_said(p, said)

    gone = [p for p in query.where if is_past(p) or (p in pinned and p in before.where and p.column in new and not is_said(p, said))]
    if not gone or ADDS.search(said):
        return query
    rest = (c for p in gone if isinstance(p, Segment) for c in implied_conditions()[p.token] if isinstance(c, Condition) and not columns_in(c) & (new | held))
    return with_where(query, dict.fromkeys((*(p for p in query.where if p not in gone), *rest)))


def at_another_time(query: Query, before: Query, said: str) -> Query:
    """A time that the turn says takes the place of what was tested of the same time before: overdue >> between today and May."""
    spans = {p.column for p in query.where if isinstance(p, Condition) and p.op == "DURING" and p not in before.where and is_said(p, said)}
    spans -= {p.column for p in before.where if isinstance(p, Condition) and p.op == "DURING"}
    gone = [p for p in query.where if p in before.where and not is_said(p, said) and not isinstance(p, Exists) and columns_in(p) <= spans]
    return with_where(query, [p for p in query.where if p not in gone]) if spans and gone else query


def still_any_of(query: Query, before: Query, said: str) -> Query:
    """Any of several values, as before, where one of them is left that the turn does not say."""
    several = {test: p for p in before.where if isinstance(p, Or) for test in plain(p)}
    return with_where(query, dict.fromkeys(several[p] if p in several and not is_said(p, said) else p for p in query.where))


def in_stead(query: Query, before: Query, said: str) -> Query:
    """Other values of the same column: make that weekly or yearly."""
    words = set(re.findall(r"[\w']+", said))
    for p in before.where if INSTEAD.search(said) else ():
        tests = list(plain(p)) if isinstance(p, Condition | Or) else []
        columns = {t.column for t in tests if isinstance(t, Condition)}
        if len(columns) != 1 or not all(map(is_literal, tests)):
            continue
        found = said_values(columns.copy().pop(), said)
        rest = words - {word for one in found for word in re.findall(r"\w+", said[one.start : one.end])}
        values = [one for one in found if not is_left_out(one, said)]
        is_read = {one.value for one in values} <= {t.value for t in tests_of(query) if isinstance(t, Condition)}
        if values and not is_read and rest <= FILLING | SWITCHING:
            column = columns.pop()
            return with_where(before, [any_of(Condition(column, "EQ", one.value) for one in values) if q == p else q for q in before.where])
    return query


def is_tested_twice(query: Query) -> bool:
    """Whether a column that is to have one value is tested by another condition too."""
    pinned = {p.column for p in query.where if isinstance(p, Condition) and p.op == "EQ"}
    return any(columns_in(p) & pinned and not (isinstance(p, Condition) and p.op == "EQ") for p in query.where if not isinstance(p, Exists))


def _may_lack(predicate: Predicate, column: str) -> bool:
    """It is a named condition of rows of which some have no value in the column."""
    view, _, name = predicate.token.partition(":") if isinstance(predicate, Segment) else ("", "", "")
    return bool(view) and re.search(rf"\b{re.escape(column)} IS NULL", views()[view].segments[name].sql) is not None
