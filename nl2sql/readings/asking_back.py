"""Readings that leave open what only the asker knows: which of several names, from which amount on, since when, and by what rows are ordered. Asks no model."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from catalog.semantic import views
from nl2sql.embedded.parser import Candidate
from nl2sql.linking.mentions import Linked, Mention
from nl2sql.plan.language import NUMBERS, AskBack, AskWhich, Item, Query, column_of
from nl2sql.readings.conversation import NEXT
from nl2sql.values import Text

OFFERED = 3
"""Columns offered at most of those by which rows may be ordered."""
CLOSE = 0.35
"""How likely readings by other columns are together, beside the likeliest, for it to be asked which is meant."""
NAMED_THINGS = ("dataset", "model", "node", "run", "org")
"""Kinds of which a question about one means one."""
PLURAL = re.compile(r"(?:datasets|data sets|tables|sets|versions|corpora|models|nodes|machines|servers|runs|companies|organisations|family|ones|(?:generated|written|labelled|annotated)(?! by))\b")
EVERY_ONE = re.compile(r"\b(?:all|both|every|each|any)(?: of)?(?: the| our)? $")
"""What stands before a name of several things of which all are meant."""
_AMOUNT = r"(?<!how )(?<!as )(?<!a )(?:few|slow|cheap|expensive|old|poor|weak|large|big|small|short|bad)(?! as)(?! (?:enough|or)\b)"
VAGUE = re.compile(rf"\b{_AMOUNT}\b")
"""Words for an amount that tell none."""
HAS_OR_IS = rf"(?:is|are|was|were|too|very|really|quite|rather|with|without|have|has|had|having)(?: an?)? {_AMOUNT}\b"
"""Where such a word tells rows apart, and is no part of a name: large language models."""
TELLS = re.compile(r"\d|\b(?:one|two|three|four|five|ten|single|once|twice|only a|no)\b")
"""What tells an amount after all."""
RECENT = re.compile(r"(?:^|\b(?:the|any|our|my|some|all|show|list) )recent (?!\w+ is\b)|\b(?:lately|recently|of late)\b")
"""Words for a time that tell none."""


def several(candidate: Candidate, linked: Linked) -> Mention | None:
    """A name in the plan that stands for several things, unless the question says that it means them all: ``the MIMIC tables``."""
    for slot, mention in linked.mentions.items():
        if mention.known and mention.kind in NAMED_THINGS and slot in candidate.tokens and len(names(mention)) > 1:
            at = linked.text.find(slot[1:])
            after = linked.text[at + len(slot) - 1 :].lstrip(" -")
            if not PLURAL.match(after) and not EVERY_ONE.search(linked.text[:at]):
                return mention
    return None


def names(mention: Mention) -> tuple[str, ...]:
    """What a mention stands for, spellings of one name as one."""
    values = mention.value.values if isinstance(mention.value, Text) else ()
    return tuple({re.sub(r"\W|_", "", value).casefold(): value for value in reversed(values)}.values())[::-1]


def left_open(readings: Sequence[Candidate], text: str) -> AskBack | AskWhich | None:
    """The question back for what the likeliest reading of a question leaves open or makes up; None in a dialogue, which has told it before."""
    if not readings or NEXT in text:
        return None
    return _time_untold(readings[0], text) or _amount_untold(readings[0], text) or _order_untold(readings)


def _time_untold(first: Candidate, text: str) -> AskWhich | None:
    """Since when, where ``recently`` is read as a number of rows that the question does not have, or as one of several times."""
    if not RECENT.search(text):
        return None
    match first.plan:
        case AskBack(choices) if all(map(_is_time, choices)):
            return AskWhich("period")
        case Query(order=(item, _), limit=limit) if _is_time(item) and limit in NUMBERS and not TELLS.search(text):
            return AskWhich("period")
    return None


def _amount_untold(first: Candidate, text: str) -> AskWhich | None:
    """From which amount on, where the plan makes up a number for a word such as few, or has no condition at all for it."""
    query = first.plan
    if not isinstance(query, Query) or not VAGUE.search(text) or TELLS.search(text):
        return None
    if query.having is not None:
        return AskWhich("number") if query.having[2] in NUMBERS else None
    is_all = not query.where and query.order is None and not query.is_grouped
    return AskWhich("number") if is_all and re.search(rf"\b(?:{HAS_OR_IS}|{_AMOUNT} (?:{_rows(query.view)})\b)", text) else None


@cache
def _rows(view: str) -> str:
    """How the rows of a view are called, as one pattern."""
    return "|".join(re.escape(name.replace("_", " ").removesuffix("s")) + "s?" for name in (view, *views()[view].synonyms))


def _order_untold(readings: Sequence[Candidate]) -> AskBack | None:
    """By what rows are ordered, or which amount is aggregated, where readings differ in that alone and none is much likelier."""
    first = readings[0]
    column = _measured(first.plan) if isinstance(first.plan, Query) else None
    if column is None:
        return None
    alike = {c: r.probability for r in readings if isinstance(r.plan, Query) and isinstance(first.plan, Query) and (c := _measured(r.plan)) and _unmeasured(r.plan) == _unmeasured(first.plan)}
    if sum(p for c, p in alike.items() if c != column) < CLOSE * first.probability:
        return None
    return AskBack(tuple(Item("", (c,)) for c in sorted(alike, key=lambda c: -alike[c])[:OFFERED]))


def _measured(query: Query) -> str | None:
    """The one column, no time, that a query orders the rows by of which it shows some, or that it aggregates."""
    if query.order is not None:
        item = query.order[0]
        return item.args[0] if query.limit and item.fn == "" and "." in item.args[0] and not _is_time(item) else None
    amounts = [item for item in query.select if item.is_aggregate]
    is_one = len(amounts) == 1 and amounts[0].fn in ("SUM", "AVG", "MAX", "MIN") and "." in amounts[0].args[0]
    return amounts[0].args[0] if is_one else None


def _unmeasured(query: Query) -> Query:
    """The query whatever the column is that it orders by or aggregates."""
    if query.order is not None:
        return replace(query, order=None, select=(), limit=query.limit + query.order[1])
    return replace(query, select=tuple(replace(item, args=()) if item.is_aggregate else item for item in query.select))


def _is_time(item: Item) -> bool:
    """Whether it is the value of a time column."""
    return bool(item.args) and "." in item.args[0] and column_of(item.args[0]).is_time
