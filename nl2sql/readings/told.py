"""Which thing is meant, where the question tells it by what it is and not by its name: our Kenyan node. Asks no model."""

import re
from dataclasses import replace

from catalog.semantic import views
from nl2sql.embedded.parser import Candidate
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import AskBack, AskWhich, Condition, Item, Predicate, Query
from nl2sql.plan.parts import own_key
from nl2sql.plan.tokens import spelled
from nl2sql.readings.untold import rows_said

LIKELY = 0.15
"""Probability of a query that lists what meets what the question says."""
VIEW_OF = {"dataset": "datasets", "model": "models", "node": "nodes"}
"""Views that list the things of a kind."""


def rows_of(readings: list[Candidate], linked: Linked) -> list[Candidate]:
    """Readings led by the list of rows that the question asks for as such, claims about one dataset, in the place of asking which column of them."""
    asked = readings[0].plan if readings else None
    views_asked = {item.args[0].split(".")[0] for item in asked.choices} if isinstance(asked, AskBack) else set()
    said = [view for view in views_asked if view in views() and _are_all_asked(view, linked)]
    if len(said) != 1:
        return readings
    (view,) = said
    own = next((c.plan for c in readings[1:] if c.probability >= LIKELY and isinstance(c.plan, Query) and _lists(c.plan, view, linked)), None) or _all_with(view, linked)
    return [replace(readings[0], plan=own, tokens=tuple(spelled(own).split())), *readings[1:]] if own else readings


def _are_all_asked(view: str, linked: Linked) -> bool:
    """The question is the name of the rows and of what they are of."""
    slots = "|".join(slot[1:] for slot in linked.mentions)
    said = rf"\W*(?:(?:all|any|the|our|list|show|give|me|us|please|which|what) )*(?:{rows_said(view)})(?: (?:of|by|for|from|on|in|at|to|about) (?:the )?(?:{slots}))+\W*"
    return bool(slots) and bool(re.fullmatch(said, linked.text))


def _lists(query: Query, view: str, linked: Linked) -> bool:
    return query.view == view and not query.is_grouped and _values_of(query) >= set(linked.mentions)


def _all_with(view: str, linked: Linked) -> Query | None:
    """The rows with all values of the question; None where a value fits several columns, or none."""
    where = list[Predicate]()
    for slot, mention in linked.mentions.items():
        fits = [f"{view}.{column.name}" for column in views()[view].columns.values() if column.slot == mention.kind and column.name != "node"]
        if len(fits) != 1:
            return None
        where.append(Condition(fits[0], "EQ", slot))
    return Query(view=view, where=tuple(where), select=(Item("SHOW"),))


def told_otherwise(readings: list[Candidate], linked: Linked) -> list[Candidate]:
    """Readings led by the query that lists the things by the values that the question has of them, in the place of asking which is meant."""
    if not readings or not isinstance(readings[0].plan, AskWhich):
        return readings
    view = VIEW_OF.get(readings[0].plan.kind, "")
    told = next((c for c in readings[1:] if c.probability >= LIKELY and isinstance(c.plan, Query) and c.plan.view == view and _tells(c.plan, linked)), None)
    return [told, *(c for c in readings if c is not told)] if told else readings


def _tells(query: Query, linked: Linked) -> bool:
    """It lists things by name, by all values of the question, of which there are some."""
    is_listed = not query.is_grouped and any(item.args[:1] == own_key(query.view)[:1] for item in query.select)
    return is_listed and bool(linked.mentions) and set(linked.mentions) <= _values_of(query)


def _values_of(query: Query) -> set[str]:
    """The values that rows have, by its own conditions."""
    return {p.value for p in query.where if isinstance(p, Condition) and p.op in ("EQ", "HAS", "DURING")}
