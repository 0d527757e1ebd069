"""Lists that are asked for together with what belongs to each row, which the model only tests: nodes under 0.8 and the health datasets on them."""

import re
from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Exists, Item, Query
from nl2sql.plan.parts import ENTITIES, own_key
from nl2sql.readings.conversation import NEXT

AND_THOSE = r"\b(?:and|plus|with|as well as)(?: also)?(?: all)? (?:the|their|its|which|what|those) (?:(?!(?:and|or|of|in|on|per|for)\b)[\w'-]+ ){0,3}?"
"""What stands before things that are listed too."""


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
