"""How long something took, asked of each row.

"Outages that took more than a day to resolve" are rows, each with its own length: no plan of the model's can bound it, so the bound would be lost or be
put on the mean of a group. From when to when a length goes is told by the measures of the views: mean hours to resolve go from ``at`` to ``resolved``.
"""

import re
from dataclasses import replace
from functools import cache

from catalog.semantic import views
from nl2sql.linking.vocabulary import forms, words
from nl2sql.plan.language import DATE_PARTS, GROUP_SHARES, PARTIAL, Condition, Exists, Item, Query, Segment
from nl2sql.plan.lengths import MEANS, lengths
from nl2sql.plan.tokens import spelled
from nl2sql.values import SECONDS_IN, Bindings, Number

BOUND = re.compile(
    r"(?:(?P<SPAN_GE>at least|(?:no|not) less than|>=|minimum of)|(?P<SPAN_LE>within|in|at most|(?:no|not) (?:more|longer) than|up to|<=|maximum of)"
    r"|(?P<SPAN_GT>more than|longer than|over|above|exceed(?:s|ed|ing)?|beyond|>)|(?P<SPAN_LT>less than|under|below|shorter than|faster than|quicker than|<)) ?$"
)
"""What stands before a length that bounds others."""
ENDS = re.compile(r"\b(?:(?P<ASC>quickest|fastest|shortest)|(?P<DESC>slowest|longest))\b")
LASTS = re.compile(r"\b(?:t(?:akes?|aken|aking|ook)|last(?:s|ed|ing)|long|longer|shorter|durations?|needed|waited)\b")
MEAN = re.compile(r"\b(?:averages?|avg|mean|median|typical(?:ly)?|usual(?:ly)?|generally|normally)\b")
UNENDED = re.compile(r"\b(?:not(?! (?:more|less|longer))|never|without|fail\w* to|open|un\w+ed|yet|still|running|pending|waiting|ago)\b|n't")
"""Words of what has not ended, or not in time."""


def in_own_span(query: Query, bindings: Bindings, text: str) -> Query:
    """The query with the one length of time that the question bounds asked of every row, and with the quickest and the longest by how long they took."""
    measure = _measure(query.view, text)
    if UNENDED.search(text) or (measure and _is_open(query, measure)):
        return query
    if not measure:
        return _of_related(query, bindings, text)
    return _ranked(query, measure, text) or _bounded(query, measure, bindings, text) or query


def _of_related(query: Query, bindings: Bindings, text: str) -> Query:
    """The length asked of the rows that must be there of another view, where the query's own rows have none: datasets with a withdrawal that took more than a week."""
    related = [p for p in query.where if isinstance(p, Exists) and not p.negated and _measure(p.join.view, text)]
    if len(related) != 1:
        return query
    own = in_own_span(Query(view=related[0].join.view, where=related[0].conditions, select=(Item("SHOW"),)), bindings, text)
    return replace(query, where=tuple(replace(p, conditions=own.where) if p is related[0] else p for p in query.where))


def _ranked(query: Query, measure: str, text: str) -> Query | None:
    """Ordered by how long each took, where the plan orders by when it began or ended, or groups by how long they took in the mean: the five slowest alerts are rows."""
    start, end = lengths()[measure]
    superlative = ENDS.search(text)
    if not superlative or not superlative.lastgroup or not query.order:
        return None
    shown = query.select
    if query.is_grouped and (_is_mean(query.order[0]) or query.order[0] == Item("COUNT")) and _are_rows(query, superlative.end(), text):
        shown = (*(Item("", (f"{query.view}.{name}",)) for name in views()[query.view].display), *(item for item in shown if not item.is_aggregate))
    elif query.is_grouped or query.order[0] not in (Item("", (start,)), Item("", (end,))):
        return None
    select = tuple(dict.fromkeys((*shown, Item("", (start,)), Item("", (end,)))))
    return replace(query, select=select, order=(Item("HOURS_BETWEEN", (start, end)), superlative.lastgroup))


def _are_rows(query: Query, at: int, text: str) -> bool:
    """The slowest are rows of the view: its name follows, no mean of a group is asked for."""
    values = [p.value.strip("'") for p in query.where if isinstance(p, Condition) and p.op == "EQ" and p.value.startswith("'")]
    nouns = "|".join(re.escape(words(name)[-1]) + "s?" for name in (*views()[query.view].synonyms, *values))
    is_plain = all(item.fn == "" or item.is_aggregate for item in query.select) and not (query.per or query.having)
    return is_plain and bool(query.limit) and not MEAN.search(text) and bool(re.match(rf" (?:(?!(?:with|in|on|at|to|for|of|by)\b)\w+ )?(?:{nouns})\b", text[at:]))


def _bounded(query: Query, measure: str, bindings: Bindings, text: str) -> Query | None:
    """Its rows with a bound on how long each took, in the place of one on their mean."""
    slots = [slot for slot, value in bindings.items() if isinstance(value, Number) and value.unit in SECONDS_IN and slot[1:] in text]
    bound = BOUND.search(text[: text.find(slots[0][1:])]) if len(slots) == 1 else None
    if bound is None or not bound.lastgroup or MEAN.search(text) or any(item.fn in (*PARTIAL, *GROUP_SHARES) for item in query.select):
        return None
    (slot,) = slots
    if query.having and _is_mean(query.having[0]):
        query = replace(query, having=None)
    if query.limit == slot:
        query = replace(query, limit="", order=None)
    if slot in spelled(query).split() or (query.order and _is_mean(query.order[0])):
        return None
    select = [item for item in query.select if not _is_mean(item)]
    if not any(item.is_aggregate for item in select):
        select = [item for item in select if item.fn not in DATE_PARTS]
    end = lengths()[measure][1]
    where = (*(p for p in query.where if p != Condition(end, "NOT_NULL")), Condition(end, bound.lastgroup, slot))
    return replace(query, where=where, select=tuple(select) or (Item("SHOW"),))


def _measure(view: str, text: str) -> str:
    """The measure of the view that is the mean of the length in question; the first one where a length is all that the question says."""
    measures = [measure for measure in lengths() if measure.split("#")[0] == view]
    said = forms(text)
    told = [measure for measure in measures if said & _words_of(measure)]
    return next(iter(told or (measures if LASTS.search(text) or ENDS.search(text) else ())), "")


@cache
def _words_of(measure: str) -> frozenset[str]:
    """Words of what ends a length: its own name and the names of its last time, with what they are forms of."""
    view, name = measure.split("#")
    column = views()[view].columns[lengths()[measure][1].split(".")[1]]
    named = [*words(name.partition("_to_")[2]), *(word for text in (column.name, *column.synonyms) for word in words(text) if len(word) > 3)]
    return forms(" ".join(named))


def _is_mean(item: Item) -> bool:
    return item.fn in MEANS or (item.fn == "" and item.args[0] in lengths())


def _is_open(query: Query, measure: str) -> bool:
    """Its rows have no end yet, by a condition or by one with a name."""
    end = lengths()[measure][1]
    named = [p.token.split(":") for p in query.where if isinstance(p, Segment)]
    return Condition(end, "IS_NULL") in query.where or any(f"{end} IS NULL" in views()[view].segments[name].sql for view, name in named)
