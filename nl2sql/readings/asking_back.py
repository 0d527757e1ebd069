"""Readings that leave open what only the asker knows: which of several names, which of several columns, and by what rows are ordered. Asks no model."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from catalog.semantic import views
from nl2sql.embedded.parser import Candidate
from nl2sql.linking.mentions import Linked, Mention
from nl2sql.linking.vocabulary import forms
from nl2sql.plan.language import AskBack, AskWhich, Item, Query, column_of
from nl2sql.readings.conversation import NEXT
from nl2sql.readings.untold import is_time, untold
from nl2sql.readings.vague import vague
from nl2sql.values import Text

OFFERED = 3
"""Columns offered at most of those by which rows may be ordered."""
CLOSE = 0.35
"""How likely readings by other columns are together, beside the likeliest, for it to be asked which is meant."""
UNSAID = 0.15
"""The same where the question has no word of the likeliest one's."""
NO_TELLING = frozenset(("total", "average", "number", "of", "the"))
"""Words of columns' names that tell none from another."""
ASKED_ANYHOW = 0.5
"""How likely a question back between columns is, beside one for a name, for it to be asked in its place."""
NAMED_THINGS = ("dataset", "model", "node", "run", "org")
"""Kinds of which a question about one means one."""
PLURAL = re.compile(r"(?:datasets|data sets|tables|sets|versions|corpora|models|nodes|machines|servers|runs|companies|organisations|family|ones|(?:generated|written|labelled|annotated)(?! by))\b")
EVERY_ONE = re.compile(r"\b(?:all|both|every|each|any)(?: of)?(?: the| our)? $")
"""What stands before a name of several things of which all are meant."""
WHO = re.compile(r"^\W*(?:(?:and|so|but|hey|hi|please|pls|tell me|do you know)[ ,:]+)*(?:who|whom|whose)\b|\b(?:by|to|from) whom\b")
"""Asks for people or organisations."""
WHEN = re.compile(r"^\W*(?:(?:and|so|but|hey|hi|please|pls|tell me|do you know|since|until)[ ,:]+)*when\b|\b(?:what|which) (?:date|day)\b")
"""Asks for a time."""


def several(candidate: Candidate, linked: Linked) -> Mention | None:
    """A name in the plan that stands for several things, unless the question says that it means them all: ``the MIMIC tables``."""
    return next((mention for slot, mention in linked.mentions.items() if slot in candidate.tokens and _is_one_of_several(slot, mention, linked.text)), None)


def only_named(linked: Linked) -> Mention | None:
    """The one name of a question, where that stands for several things: which of them comes before what of it."""
    named = [(slot, mention) for slot, mention in linked.mentions.items() if mention.kind in NAMED_THINGS]
    return named[0][1] if len(named) == 1 and _is_one_of_several(*named[0], linked.text) else None


def _is_one_of_several(slot: str, mention: Mention, text: str) -> bool:
    """Whether a name stands for several things of which the question means one."""
    if mention.several or not mention.known or mention.kind not in NAMED_THINGS or len(names(mention)) < 2:
        return False
    at = text.find(slot[1:])
    after = text[at + len(slot) - 1 :].lstrip(" -")
    return not PLURAL.match(after) and not EVERY_ONE.search(text[:at])


def names(mention: Mention) -> tuple[str, ...]:
    """What a mention stands for, spellings of one name as one."""
    values = mention.value.values if isinstance(mention.value, Text) else ()
    return tuple({re.sub(r"\W|_", "", value).casefold(): value for value in reversed(values)}.values())[::-1]


def left_open(readings: Sequence[Candidate], text: str, said: str = "") -> AskBack | AskWhich | None:
    """The question back for what the likeliest reading of a question leaves open or makes up; None in a dialogue, which has told it before.

    ``said`` is all that was said where the text is a part of it.
    """
    if not readings or NEXT in text:
        return None
    return _choice_in_place(readings, text) or vague(readings[0], text) or untold(readings[0], text, said or text) or _order_untold(readings, text) or _answering(readings[0], text)


def _choice_in_place(readings: Sequence[Candidate], text: str) -> AskBack | None:
    """The question back between columns that is nearly as likely as one for a name, unless the question has one that nothing is called by."""
    first, asked = readings[0], next((r for r in readings[1:] if isinstance(r.plan, AskBack)), None)
    if not isinstance(first.plan, AskWhich) or first.plan.kind in ("number", "period") or re.search(rf"\b{first.plan.kind}\d", text):
        return None
    if asked is None or asked.probability < ASKED_ANYHOW * first.probability:
        return None
    return asked.plan if isinstance(asked.plan, AskBack) else None


def _answering(first: Candidate, text: str) -> AskBack | None:
    """The choices of a question back that can be the answer: people and organisations of a question after whom, times of one after when."""
    if not isinstance(first.plan, AskBack):
        return None
    choices = first.plan.choices
    fits = tuple(filter(_is_who, choices)) if WHO.search(text) else tuple(filter(is_time, choices)) if WHEN.search(text) else choices
    return AskBack(fits) if 1 < len(fits) < len(choices) else None


def _order_untold(readings: Sequence[Candidate], text: str) -> AskBack | None:
    """By what rows are ordered, or which amount is aggregated, where readings differ in that alone and none is much likelier."""
    first = readings[0]
    column = _measured(first.plan) if isinstance(first.plan, Query) else None
    if column is None:
        return None
    alike = {c: r.probability for r in readings if isinstance(r.plan, Query) and isinstance(first.plan, Query) and (c := _measured(r.plan)) and _unmeasured(r.plan) == _unmeasured(first.plan)}
    others = {c: p for c, p in alike.items() if c != column and not _is_of(c, column) and not _is_of(column, c)}
    if sum(others.values()) < (CLOSE if _is_said(column, text) else UNSAID) * first.probability:
        return None
    return AskBack(tuple(Item("", (c,)) for c in [column, *sorted(others, key=lambda c: -others[c])][:OFFERED]))


def _is_of(measure: str, column: str) -> bool:
    """Whether one is a measure of the other."""
    view, _, name = measure.partition("#")
    return bool(name) and column in views()[view].measures[name].sql


def _is_said(token: str, text: str) -> bool:
    """Whether a question has a word for a column or a measure."""
    return not _words_for(token).isdisjoint(forms(text))


@cache
def _words_for(token: str) -> frozenset[str]:
    """The words for a column or a measure, and what they are forms of."""
    view, name = re.split(r"[.#]", token)
    synonyms = views()[view].columns[name].synonyms if "." in token else ()
    return forms(" ".join((name, *synonyms))) - NO_TELLING


def _measured(query: Query) -> str | None:
    """The one column, no time, that a query orders the rows by of which it shows some, or that it aggregates."""
    if query.order is not None:
        item = query.order[0]
        return item.args[0] if query.limit and item.fn == "" and not is_time(item) else None
    amounts = [item for item in query.select if item.is_aggregate]
    is_one = len(amounts) == 1 and amounts[0].fn in ("SUM", "AVG", "MAX", "MIN") and "." in amounts[0].args[0]
    return amounts[0].args[0] if is_one else None


def _unmeasured(query: Query) -> Query:
    """The query whatever the column is that it orders by or aggregates."""
    if query.order is not None:
        return replace(query, order=None, select=(), limit=query.limit + query.order[1])
    return replace(query, select=tuple(replace(item, args=()) if item.is_aggregate else item for item in query.select))


def _is_who(item: Item) -> bool:
    """Whether it is a person or an organisation."""
    return item.fn == "" and "." in item.args[0] and column_of(item.args[0]).slot in ("person", "org")
