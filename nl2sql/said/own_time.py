"""A named condition with a span of its own gives way to the span that the question names.

``nodes:silent`` is not seen for a week; of "silent for more than a day" the model writes the same, and the day would be lost.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from catalog.semantic import views
from nl2sql.plan.language import Condition, Predicate, Query, Segment
from nl2sql.plan.parts import each_item, items_of
from nl2sql.values import Bindings, Period

LONG_AGO = re.compile(r"(\w+\.\w+) < \{now\} - INTERVAL '\d+' \w+")


def in_own_time(query: Query, bindings: Bindings, unused: Iterable[str]) -> Query:
    """The query with its one condition of that kind replaced, where the one time that it has no use for can stand there.

    Of a share of those not seen for three days the time may be a condition of the rows that it is of, all of which would be such.
    """
    times = [slot for slot in unused if isinstance(bindings.get(slot), Period)]
    spans = {p for p in (*query.where, *(c for item in items_of(query) for c in item.conditions)) if isinstance(p, Segment) and p.token in long_ago()}
    if len(spans) != 1:
        return query
    (span,) = spans
    column = long_ago()[span.token]
    said = [p for p in query.where if isinstance(p, Condition) and p.column == column and p.op == "NOT_DURING"]
    if len(said) == 1 and span not in query.where:
        query = replace(query, where=tuple(p for p in query.where if p is not said[0]))
        return _instead(query, span, said[0])
    return _instead(query, span, _before(column, times[0], bindings)) if len(times) == 1 else query


def _instead(query: Query, span: Segment, own: Predicate) -> Query:
    """The query with another condition in the place of one, of its rows and of those that its amounts are of."""
    query = replace(query, where=tuple(own if p == span else p for p in query.where))
    return each_item(query, lambda item: replace(item, conditions=tuple(own if c == span else c for c in item.conditions)))


def _before(column: str, slot: str, bindings: Bindings) -> Predicate:
    """Not since the time, or before it where it says itself when it ends."""
    period = bindings[slot]
    assert isinstance(period, Period)
    return Condition(column, "DURING" if period.start is None else "NOT_DURING", slot)


@cache
def long_ago() -> Mapping[str, str]:
    """Named conditions that say how long ago something was, and the times that they test."""
    found = {f"{view.name}:{name}": LONG_AGO.fullmatch(segment.sql) for view in views().values() for name, segment in view.segments.items()}
    return {token: match[1] for token, match in found.items() if match}
