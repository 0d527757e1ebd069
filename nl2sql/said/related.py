"""Related rows: conditions that are of the same one, and lists that are asked for together with what belongs to each row."""

import re
from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Exists, Item, Join, Predicate, Query
from nl2sql.plan.parts import ENTITIES, own_key
from nl2sql.readings.conversation import NEXT
from nl2sql.said.parts import columns_in

AND_THOSE = r"\b(?:and|plus|with|as well as)(?: also)?(?: all)? (?:the|their|its|which|what|those) (?:(?!(?:and|or|of|in|on|per|for)\b)[\w'-]+ ){0,3}?"
"""What stands before things that are listed too."""


ASKED = re.compile(r"\W*(?:(?:and|so|then|now|ok)\W+)*(?:which|what) (?P<noun>data ?sets?|models?|nodes?)(?= )(?! (?:of|owners?|names?|do they|are they|is it)\b)")
"""Asks for things by what they are."""


def of_the_same_row(query: Query, linked: Linked) -> Query:
    """Different things that are asked of related rows of one view are asked of the same row: a backup outside the EU is a backup that is there."""
    where: list[Predicate] = []
    for p in query.where:
        at = next((at for at, other in enumerate(where) if _can_be_one(other, p)), None)
        if at is None:
            where.append(p)
        elif isinstance(other := where[at], Exists) and isinstance(p, Exists):
            where[at] = replace(other, conditions=tuple(dict.fromkeys((*other.conditions, *p.conditions))))
    return replace(query, where=tuple(where))


def _can_be_one(one: Predicate, other: Predicate) -> bool:
    """Both ask for a related row by the same join, by other columns each."""
    alike = isinstance(one, Exists) and isinstance(other, Exists) and one.join == other.join and not (one.negated or other.negated or one.times or other.times)
    return alike and not columns_in(one) & columns_in(other)


def of_what_is_asked(query: Query, linked: Linked) -> Query:
    """The related rows themselves, where it is them that the question asks for: which datasets lie on those nodes."""
    asked = ASKED.match(linked.text.rpartition(NEXT)[2].strip())
    view = f"{asked['noun'].replace(' ', '').removesuffix('s')}s" if asked else ""
    related = [p for p in query.where if isinstance(p, Exists) and not p.negated and not p.times and p.join.view == view]
    is_plain = not (query.is_grouped or query.limit or query.joins or query.latest or query.order) and query.view in ENTITIES
    if not is_plain or view == query.view or len(related) != 1 or any(not item.fn and item.args[0].startswith(f"{view}.") for item in query.select):
        return query
    (one,) = related
    rest = tuple(p for p in query.where if p is not one)
    return Query(view=view, where=(*one.conditions, Exists(Join(one.join.edge, query.view), rest, False)), select=(Item("", own_key(view)[:1]),))


def with_those(query: Query, linked: Linked) -> Query:
    """The related rows that must be there are joined and their names shown, where the question asks for them beside the list."""
    related = [p for p in query.where if isinstance(p, Exists) and not p.negated and p.join.view in ENTITIES and p.join.view != query.view]
    if query.is_grouped or query.limit or query.joins or query.latest or len(related) != 1 or NEXT in linked.text:
        return query
    (one,) = related
    nouns = "|".join(re.escape(noun.lower()) for noun in (one.join.view, *views()[one.join.view].synonyms))
    shown = {item.args[0] for item in query.select if item.fn == ""}
    is_shown = bool(shown & (set(one.join.edge.split("=")) - {own_key(query.view)[0]}))
    if is_shown or one.times or any(isinstance(p, Exists) for p in one.conditions) or not re.search(rf"{AND_THOSE}(?:{nouns})\b", linked.text):
        return query
    where = tuple(q for p in query.where for q in (one.conditions if p is one else (p,)))
    return replace(query, joins=(one.join,), where=where, select=(*query.select, Item("", own_key(one.join.view)[:1])))
