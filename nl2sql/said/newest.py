"""Rows over time: all of them, the newest of each, or one amount for each month."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Exists, Item, Predicate, Query, column_of, literal
from nl2sql.plan.parts import ENTITIES
from nl2sql.said.parts import is_literal, plain
from nl2sql.said.values import is_state
from nl2sql.said.words import said_values
from nl2sql.values import Period

_part = r"(?:date|day|week|month|measurement|reading)"
OVER_TIME = re.compile(
    rf"\b(?:ever|at (?:any|some) (?:time|point|moment)|over (?:the )?(?:time|last|past|weeks|months|years|days)"
    rf"|(?:by|per|each|every|week by|day by|month by) {_part}|histor(?:y|ies|ical\w*)|trends?|trending|evol\w+|develop(?:ed|ments?|s|ing)?"
    r"|measurements|readings|all (?:the |its |their |our )?values|time ?series|timeline|so far|changed"
    r"|(?:gone|got|gotten|getting|become|became|grown) (?:up|down|worse|better|lower|higher))\b"
)
"""Words of how something was at all times, and not only last."""
NEWEST = re.compile(r"\b(?:latest|last|newest|most recent(?:ly)?|current(?:ly)?|now|today|at present|present|these days|as of|still|final)\b")
_newest, _rows = r"(?:very )?(?:last|latest|most recent|newest)", r"(?:checks?|tests?|runs?|alerts?|results?|assessments?|events?|records?|status|state)"
OF_NEWEST = re.compile(
    rf"(?:\bwhose|'s?|\bwhere (?:the|their|its)|\bfor which the|\bwith (?:a|an|the|their)"
    rf"|\b(?:failing|failed|passing|passed|missed|missing|by|in|on) (?:their|its|the)) {_newest} (?:\w+ ){{0,3}}?{_rows}\b"
    rf"|\b{_newest} (?:\w+ ){{0,2}}?{_rows} (?:was|is|were|has|had|failed|passed|errored|ended|came)\b"
)
"""Words of what the newest row of each thing is like."""
CHANGED = re.compile(
    r"\b(?:improv\w*|chang\w*|increas\w*|decreas\w*|r(?:ise|ose|isen|ising)|f(?:all|ell|allen|alling)|gr(?:ow|ew|own|owing)"
    r"|dropp?(?:ed|ing)?|declin\w*|(?:went|go|gone|going) (?:up|down)|(?:get|got|gotten|getting|become|became) (?:better|worse|lower|higher|more|fewer)"
    r"|develop\w*|shift\w*|compar\w+|worsen\w*|reduc\w+|differ\w*)\b"
)
"""Asks how an amount of one time differs from that of another."""
FROM_TO = re.compile(r"from .+ to .+", re.IGNORECASE)
"""A span that is told by both its ends."""
ROWS, NAME, UPDATED = (Item("", (f"datasets.{name}",)) for name in ("row_count", "name", "last_updated"))
MORE_THAN_A_MONTH = timedelta(days=32)


def over_time(query: Query, linked: Linked) -> Query:
    """What was measured at all times is not only what was measured last; a list of values says when each was."""
    if not query.latest or NEWEST.search(linked.text) or not OVER_TIME.search(linked.text):
        return query
    things = {Item("", (f"{query.view}.{name}",)) for name in views()[query.view].latest_by}
    is_list = not query.is_grouped and not query.limit and not any(item.fn for item in query.select)
    when = (Item("", (f"{query.view}.{views()[query.view].time}",)),) if is_list and not set(query.select) <= things else ()
    return replace(query, latest=False, select=tuple(dict.fromkeys((*query.select, *when))))


def of_its_newest(query: Query, linked: Linked) -> Query:
    """Datasets whose last check failed: of each the newest check, if that failed; one of which nobody knows when it was is not the newest."""
    thing, time = query.select[0], f"{query.view}.{views()[query.view].time}"
    things = (Item("", (f"{query.view}.dataset",)), Item("", (f"{query.view}.node",)))
    is_list = query.view not in ENTITIES and thing in things and not (query.joins or query.having or query.per or query.skip or query.newest)
    if time.endswith(".") or not is_list or not OF_NEWEST.search(linked.text):
        return query
    times = (Item("", (time,)), Item("MAX", (time,)))
    asked = _of_the_newest(query, linked.text)
    if not asked or (query.order and query.order[0] not in times) or any(item.is_aggregate and item not in times for item in query.select):
        return query
    shown = dict.fromkeys((*(item for item in query.select if not item.is_aggregate), times[0]))
    when = () if column_of(time).null_tells else (Condition(time, "NOT_NULL"),)
    return replace(query, where=(*(p for p in query.where if p not in asked), *when), select=tuple(shown), order=None, limit="", newest=asked)


def _of_the_newest(query: Query, text: str) -> tuple[Predicate, ...]:
    """What is said of the newest row: how it turned out, or else the value that follows: whose last event was an outage."""
    tested = {p: {t.column for t in plain(p) if isinstance(t, Condition)} for p in query.where if not isinstance(p, Exists)}
    newest = OF_NEWEST.search(text)
    said = {s.value for columns in tested.values() for column in columns for s in said_values(column, text) if newest and s.start >= newest.start()}
    values = tuple(p for p in query.where if isinstance(p, Condition) and is_literal(p) and p.value in said)
    return tuple(p for p, columns in tested.items() if any(map(is_state, columns))) or (values if len(values) == 1 else ())


def of_what_was_measured(query: Query, linked: Linked) -> Query:
    """The rows of a dataset over time are told by its measurements: the dataset itself has but one number of them."""
    slots = [p.value for p in query.where if isinstance(p, Condition) and (p.column, p.op) == ("datasets.name", "EQ")]
    is_of_one = len(slots) == len(query.where) == 1 and not (query.joins or query.limit or query.is_grouped)
    is_of_rows = ROWS in query.select and {*query.select} <= {ROWS, NAME, UPDATED}
    if not is_of_one or not is_of_rows or NEWEST.search(linked.text) or not OVER_TIME.search(linked.text):
        return query
    where = (Condition("quality_metrics.dataset", "EQ", slots[0]), Condition("quality_metrics.dimension", "EQ", literal("volume")))
    return Query(view="quality_metrics", where=where, select=(Item("", ("quality_metrics.value",)), Item("", ("quality_metrics.measured_at",))))


def from_one_to_another(query: Query, linked: Linked) -> Query:
    """Whether an amount changed from August to September is told by that of each month."""
    tests = [p for p in query.where if isinstance(p, Condition) and p.op == "DURING" and p.value in linked.mentions]
    if not all(item.is_aggregate for item in query.select) or len(tests) != 1 or query.having or query.limit or not CHANGED.search(linked.text):
        return query
    mention = linked.mentions[tests[0].value]
    is_of_months = FROM_TO.fullmatch(mention.surface) and isinstance(mention.value, Period) and _is_of_months(mention.value)
    return replace(query, select=(Item("MONTH", (tests[0].column,)), *query.select)) if is_of_months else query


def _is_of_months(period: Period) -> bool:
    """It is of whole months, two of them or more."""
    ends = (period.start, period.end)
    return all(isinstance(end, datetime) and end.day == 1 for end in ends) and bool(period.start and period.end and period.end - period.start > MORE_THAN_A_MONTH)
