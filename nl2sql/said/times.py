"""Which time a question asks about, and on which side of it."""

import re
from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import MODEL_PARTS, Condition, Item, Predicate, Query, Segment, column_of
from nl2sql.plan.parts import each_item, items_of
from nl2sql.said.own_time import long_ago
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

TO_COME = re.compile(r"(?:for |from |by |in |over )?(?:the )?(?:tomorrow|next|coming|upcoming)\b")
"""How a time begins that is to come."""


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


def since_ever(query: Query, _: Linked) -> Query:
    """What has not been for a month need not have been never: no value at all beside a bound on the same time is the bound alone."""
    bound = {p.column for p in query.where if isinstance(p, Condition) and p.op in ("DURING", "NOT_DURING")}
    bound |= {long_ago()[p.token] for p in query.where if isinstance(p, Segment) and p.token in long_ago()}
    return replace(query, where=tuple(p for p in query.where if not (isinstance(p, Condition) and p.op == "IS_NULL" and p.column in bound)))


def in_one_time(query: Query, linked: Linked) -> Query:
    """Two periods side by side are compared by one time, when it began, unless the question says the other one."""
    tests = [p for item in query.select for p in item.conditions if isinstance(p, Condition) and p.op == "DURING"]
    own = f"{query.view}.{views()[query.view].time}"
    others = {test.column for test in tests} - {own}
    if len(tests) != 2 or len(others) != 1 or own not in {test.column for test in tests} or tests[0].value == tests[1].value:
        return query
    (other,) = others
    names = "|".join(re.escape(name.replace("_", " ")) for name in (column_of(other).name, *column_of(other).synonyms))
    return query if other.split(".")[0] != query.view or re.search(rf"\b(?:{names})", linked.text) else renamed(query, other, own)


def no_time_to_come(query: Query, linked: Linked) -> Query:
    """What has taken place did so in no time that is to come: what breaks if it vanishes tomorrow."""
    coming = {slot for slot, m in linked.mentions.items() if isinstance(m.value, Period) and TO_COME.match(m.surface.lower())}
    own = f"{query.view}.{views()[query.view].time}"
    if not coming or views()[query.view].time == "" or column_of(own).type != "TIMESTAMP":
        return query
    return replace(query, where=tuple(p for p in query.where if not (isinstance(p, Condition) and p.column == own and p.op == "DURING" and p.value in coming)))


def by_its_part(query: Query, linked: Linked) -> Query:
    """Per quarter, weekday or hour of the day, where the question says so and the plan has a part of a date that the model knows."""
    parts = {item for item in items_of(query) if item.fn in MODEL_PARTS}
    if not linked.part or len(parts) != 1 or not query.is_grouped:
        return query

    def part(item: Item) -> Item:
        return replace(item, fn=linked.part) if item in parts else item

    return each_item(query, part)
