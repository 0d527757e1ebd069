"""Columns that the question names outright and no part of a plan is about: a list shows them too.

The model leaves out the last of several columns now and then, and a column too many does no harm. What a word of a condition or of an order is about
is in the plan already, so only words that stand as one of a list, or are asked for with ``which`` and ``whose``, add a column.
"""

import re
from dataclasses import replace

from catalog.semantic import Column, views
from nl2sql.linking.mentions import Linked
from nl2sql.linking.vocabulary import forms
from nl2sql.plan.language import Item, Query
from nl2sql.readings.conversation import NEXT
from nl2sql.said.parts import columns_of

MOST = 3
"""Columns added at most: who names more tells about them."""
OF_EVERY_ROW = frozenset(("node", "jurisdiction", "sensitivity", "as_of", "origin"))
"""What every view tells of its rows, whose names are words of many questions that do not ask for it."""
LEADS = (
    r"(?:^|[,:;/+&(]|\b(?:and|with|plus|including|showing|its|their|the|show|list|give(?: me)?|tell me|which|what|whose))"
    r" ?(?:also )?(?:the |their |its )?(?:current |exact |full |respective )?"
)
FOLLOWS = r" ?(?:$|[,?.!/+&);:]|(?:and|or|of|for|please|pls|too|as well)\b)"
"""What stands before and behind a column of a list."""
NO_COLUMN = re.compile(r"\b(?:by|per|without|no|any|same|each|every|not|than|except|sort\w*|order\w*|rank\w*|group\w*) (?:the |their |its )?$")
"""Before a word that rows are grouped or ordered by, or that they have none of."""
BY_WHOM = re.compile(r"\b(?:by|from) whom\b")
WHO_DID = re.compile(r"\b(?:who|whoever) (?:had |has |was |is )?(\w+)")
"""Asks who did what a row tells."""


def as_named(query: Query, linked: Linked) -> Query:
    """A list shows the columns that the question names: with size and licence."""
    text = linked.text.rpartition(NEXT)[2]
    rows = frozenset(views()[query.view].synonyms)
    named = [c.name for c in _others(query) if c.sensitivity == "public" and c.name not in OF_EVERY_ROW and _is_named(c, rows, text)]
    return _with(query, named) if len(named) <= MOST else query


def by_whom(query: Query, linked: Linked) -> Query:
    """Who did it is shown where that is asked for too: when it was given, and by whom."""
    text = linked.text.rpartition(NEXT)[2]
    done = forms(" ".join(WHO_DID.findall(text)))
    people = [c for c in _others(query) if c.slot == "person"]
    doers = [c.name for c in people if done & forms(" ".join((c.name, *c.synonyms)))]
    asked = doers or ([c.name for c in people] if BY_WHOM.search(text) else [])
    return _with(query, asked) if len(asked) == 1 else query


def _others(query: Query) -> list[Column]:
    """The columns of a list's view that no part of the query is about; none where rows of the result stand for several."""
    if query.is_grouped or query.per:
        return []
    view, used = views()[query.view], columns_of(query) | {end for join in query.joins for end in join.edge.split("=")}
    names = {token.split(".")[1] for token in used} | (set(view.display) if any(item.fn == "SHOW" for item in query.select) else set())
    return [c for c in view.columns.values() if c.name not in names]


def _is_named(column: Column, rows: frozenset[str], text: str) -> bool:
    """One of the column's names stands in the text as one of a list; in the plural only where the rows are not called so too: the rounds of a run."""
    spoken = [name.lower().replace("_", " ") for name in (column.name, *column.synonyms) if len(name) > 3]
    names = "|".join(re.escape(name) + ("" if f"{name}s" in rows else "s?") for name in spoken if name not in rows)
    asked = rf"|\b(?:which|what) (?!about\b)(?=(?:{names})\b)" if not column.is_number else ""
    found = re.finditer(rf"{LEADS}(?=(?:{names}){FOLLOWS}){asked}", text) if names else ()
    return any(not NO_COLUMN.search(text[: match.end()]) for match in found)


def _with(query: Query, names: list[str]) -> Query:
    return replace(query, select=(*query.select, *(Item("", (f"{query.view}.{name}",)) for name in names)))
