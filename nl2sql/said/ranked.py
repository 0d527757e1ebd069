"""What is ranked, by what, and which end of it is the bad one."""

import re
from dataclasses import replace
from functools import cache

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.linking.vocabulary import forms
from nl2sql.plan.language import Condition, Item, Predicate, Query, Segment, literal
from nl2sql.plan.named import named_measures
from nl2sql.said.parts import tests_of
from nl2sql.said.shares import RATE

OFTEN = re.compile(r"\b(?:most|least|more|how) (?:often|frequently)\b|\b(?:most|fewest|how many) times\b|\boftenest\b")
"""Asks by how many times something happened."""
WORST = re.compile(r"\b(?:worst|poorest)\b")
BEST = re.compile(r"\bbest\b")
BAD_WHEN_HIGH = frozenset(Condition("quality_metrics.dimension", "EQ", literal(dimension)) for dimension in ("drift", "freshness"))
"""What is measured where more is worse: how far values have moved, how old they are."""
VALUE, AVERAGE = "quality_metrics.value", "quality_metrics#average_value"


def of_what_is_ranked(query: Query, linked: Linked) -> Query:
    """The most common check of each domain is a check: the one column that the question names is what is ranked."""
    if not query.per or not query.is_grouped or any(not item.is_aggregate and item != Item("", (query.per,)) for item in query.select):
        return query
    said = forms(linked.text)
    used = {query.per, *(t.column for t in tests_of(query) if isinstance(t, Condition))}
    columns = [c for c in views()[query.view].columns.values() if f"{query.view}.{c.name}" not in used and not c.is_list and (c.values or c.slot)]
    named = [f"{query.view}.{c.name}" for c in columns if said & {c.name, *c.synonyms}]
    return replace(query, select=(*query.select, Item("", (named[0],)))) if len(named) == 1 else query


def of_the_times(query: Query, linked: Linked) -> Query:
    """What happens most often is told by how many times it did, not by its share."""
    if not OFTEN.search(linked.text) or RATE.search(linked.text) or not query.order or query.having:
        return query
    share, way = query.order
    counted = _counted().get(share)
    if counted is None or any(item.is_aggregate and item != share for item in query.select):
        return query
    groups = tuple(item for item in query.select if item != share)
    return replace(query, where=tuple(dict.fromkeys((*query.where, counted))), select=groups, order=(Item("COUNT"), way)) if groups else query


@cache
def _counted() -> dict[Item, Predicate]:
    """Of each measure that is a share the condition of what it counts, a named one where that says no more than that columns are set."""
    found: dict[Item, Predicate] = {Item("", (name,)): item.conditions[0] for item, name in named_measures().items() if item.fn == "SHARE_IF"}
    for view in views().values():
        for name, measure in view.measures.items():
            counts = re.fullmatch(r"AVG\(CASE WHEN (.+?) THEN 1\.0 ELSE 0\.0 END\)", measure.sql)
            of = [s for s, segment in view.segments.items() if counts and _is_set_and(counts[1], segment.sql)]
            found |= {Item("", (f"{view.name}#{name}",)): Segment(f"{view.name}:{s}") for s in of}
    return found


def _is_set_and(test: str, sql: str) -> bool:
    """The SQL says the test, and beside it only of what it compares that it is set."""
    parts = sql.split(" AND ")
    return test in parts and all(part == test or (part.endswith(" IS NOT NULL") and part.split()[0] in test) for part in parts)


def worst_of_all(query: Query, linked: Linked) -> Query:
    """The worst age or drift is the highest."""
    if not BAD_WHEN_HIGH & set(query.where) or not WORST.search(linked.text) or BEST.search(linked.text):
        return query
    low, high = Item("MIN", (VALUE,)), Item("MAX", (VALUE,))
    order = query.order
    if order and order[0].args in ((VALUE,), (AVERAGE,)):
        order = (high if order[0] == low else order[0], "DESC")
    return replace(query, select=tuple(high if item == low else item for item in query.select), order=order)
