"""Values of one kind that a question lists are one value that stands for any of them: ``datasets in country1`` for Norway, Sweden, Denmark and Finland; months in a row are one span.

A plan has few slots of a kind, and what is asked of many is asked as of one. Where they are compared they stay apart, and the last slot stands for the rest.
"""

import re
from itertools import groupby, pairwise

from nl2sql.linking.mentions import Draft, Mention
from nl2sql.linking.rewrites import COMPARATIVES
from nl2sql.plan.language import SLOTS_PER_KIND
from nl2sql.values import Period, Text, Value

FEWEST = 3
"""Values that make a list; two are often compared, or both are meant at once."""
BETWEEN = re.compile(r"(?:, ?(?:(?:and|or|as well as|plus) )?| ?/ ?| ?& ?| (?:and|or|as well as|plus) )(?:(?:in|from|of|for|by|at|on|to|with|under) )?(?:the )?")
"""What stands between two values of a list."""
ALL_AT_ONCE = frozenset(("language",))
"""Kinds of which a thing can have several: three with an *and* between them may be meant of one thing."""
APART_OR_TOGETHER = re.compile(rf"\bcompar|\b(?:which|who)(?: one)? of\b|\b(?:versus|vs|each|apart|side by side|differences?|differs?|together|combined|altogether|total|sum|overall)\b|\b(?:which|who|what|is|are)\b.*\b(?:{'|'.join(COMPARATIVES)})\b(?! than)")
"""Says that things are told apart, or their amounts added up."""


def fold_lists(draft: Draft) -> None:
    """Take the values of each list together."""
    found = sorted((m for m in draft.found if m.kind), key=lambda m: m.start)
    at = 0
    for joined, run in groupby(_are_listed(draft, *pair) for pair in pairwise(found)):
        length = len(list(run))
        if joined and length + 1 >= FEWEST:
            _fold(draft, found[at : at + length + 1])
        at += length


def _are_listed(draft: Draft, left: Mention, right: Mention) -> bool:
    """Two names of one kind, or one span of time and the next, side by side."""
    is_list = left.kind == right.kind and left.known and right.known and bool(BETWEEN.fullmatch(draft.text[left.end : right.start]))
    match left.value, right.value:
        case Text(), Text():
            return is_list
        case Period(_, end), Period(start, _):
            return is_list and end is not None and end == start
    return False


def _fold(draft: Draft, listed: list[Mention]) -> None:
    text = draft.text[listed[0].start : listed[-1].end]
    if len(listed) == FEWEST and listed[0].kind in ALL_AT_ONCE and " or " not in text:
        return
    kept = SLOTS_PER_KIND - 1 if APART_OR_TOGETHER.search(draft.left(listed[0].start) + text + draft.right(listed[-1].end)) else 0
    together = listed[kept:]
    if len(together) == 1:
        return
    first, last = together[0], together[-1]
    draft.found = [m for m in draft.found if m not in together]
    draft.found.append(Mention(first.start, last.end, first.kind, _any_of(together), draft.surface(first.start, last.end), several=first.kind != "period"))


def _any_of(listed: list[Mention]) -> Value:
    """The names, or the span from the first to the last."""
    first, last = listed[0].value, listed[-1].value
    if isinstance(first, Period) and isinstance(last, Period):
        return Period(first.start, last.end)
    return Text(tuple(dict.fromkeys(value for m in listed if isinstance(m.value, Text) for value in m.value.values)))
