"""Which time a question asks about, and on which side of it."""

import re
from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Predicate, Query
from nl2sql.said.parts import columns_of, renamed
from nl2sql.values import Period

OF_ROWS = re.compile(
    r"\b(?:publish\w*|publication|measur\w*|as of|regist\w*|catalogu?ed|declar\w*|submi\w*|enter\w*|entry|entries|ingest\w*|appear\w*|metadata|snapshot|stated?|row|rows)\b"
)
"""Words of when a row was published, which ``as_of`` tells."""
OWN_TIMES = (("at", re.compile("")), ("last_updated", re.compile(r"\b(?:chang|touch|updat|modif|refresh|edit|alter)\w*")))
"""Columns that tell when what a row is about took place, and the words that mean them."""
LASTING = re.compile(r"(?:for )?(?:more than|over|longer than|at least|upwards of) (?!the |this |last |past |these |our )")
"""How a time begins that something has lasted for, where "over the last month" is within it."""


def when_it_happened(query: Query, linked: Linked) -> Query:
    """When an event was is asked of the event, and when a dataset was touched of its content, not of when the row was published, unless that comes up."""
    rows = f"{query.view}.as_of"
    own = next((name for name, says in OWN_TIMES if name in views()[query.view].columns and says.search(linked.text)), "")
    if not own or rows not in columns_of(query) or OF_ROWS.search(linked.text):
        return query
    return renamed(query, rows, f"{query.view}.{own}")


def since_before(query: Query, linked: Linked) -> Query:
    """What has lasted for more than a month began before that month."""
    long = {slot for slot, m in linked.mentions.items() if isinstance(m.value, Period) and m.value.start and not m.value.end and LASTING.match(m.surface.lower())}
    where: list[Predicate] = []
    for p in query.where:
        is_since = isinstance(p, Condition) and p.op == "DURING" and p.value in long
        where += [Condition(p.column, "NOT_DURING", p.value), Condition(p.column, "NOT_NULL")] if isinstance(p, Condition) and is_since else [p]
    return replace(query, where=tuple(where))
