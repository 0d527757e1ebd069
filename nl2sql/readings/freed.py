"""Turns of a dialogue that take a condition back: ``for all models``, ``regardless of the kind``, ``not just this month``, ``of everything``.

Asked for all of them, the model keeps the one that was asked for before. Knows plans and linked words; asks no model.
"""

import re
from collections.abc import Sequence

from nl2sql.linking.vocabulary import singular
from nl2sql.plan.language import SLOT_KINDS, Condition, Or, Predicate, Query, column_of
from nl2sql.plan.named import named_conditions
from nl2sql.readings.conditions import is_said, slots_of, with_where
from nl2sql.readings.conversation import FILLING

_no_matter = r"(?:regardless|irrespective|independent(?:ly)?) of|no matter(?: what| which)?"
ALL = re.compile(
    rf"\b(?:(?:all|any|every|whatever|whichever)(?: of)?(?: the| our)?(?: (?:kinds|sorts|types) of)?|(?:{_no_matter})(?: the| their| its)?)"
    r" (?P<what>[a-z]+(?: (?!of\b)[a-z]+)?)"
)
"""How a turn says that a column no longer counts: for all models, regardless of the kind."""
ANY_TIME = re.compile(rf"(?<!at )\b(?:(?:all|any) (?:times?|years|dates?|periods?)|(?:{_no_matter}) (?:the )?(?:time|dates?|periods?|years?|months?|when)|whenever)\b")
"""How it says so of the time, whatever its column is called: every month is a grouping, and at any time within the time asked about."""
EVERYTHING = re.compile(r"\b(?:of|for|over|across|in) (?:everything|the (?:whole|entire|full) catalog(?:ue)?|the catalog(?:ue)? as a whole)\W*$")
"""How it says that it is about more than the part asked about before."""
FORGET = re.compile(r"\b(?:forget|never mind|nevermind|ignore|drop|scrap) (?:about |the |that |it'?s |being |only )*(?P<what>[a-z]+)(?= (?:one|bit|part|thing|condition|filter|status)\b|\W*(?:$|[.,;:!]))")
"""A value that is to be forgotten: forget open."""
NOT_JUST = re.compile(rf"\bnot (?:just|only|merely) (?:(?:in|from|of|for|on|by|the|those|since) )*((?:{'|'.join(SLOT_KINDS)})[1-3])\b")
"""A value that no longer limits: all of it, not just this month."""
OF_IT = re.compile(r"^ of (?:the |an? )?[a-z]+")
"""What the column is one of: the kind of copy."""
LIMITS = ("EQ", "HAS")
"""Tests that limit a column to a value: models without a licence are not freed by ``without any licence``."""
THINGS = frozenset(("dataset", "model", "node"))
"""Kinds that a turn may say more of without taking one back: what C4 feeds >> the largest of all datasets."""
BESIDE = FILLING | {"over", "across", "them", "just"}
"""Words beside it in a turn that says nothing else."""


def freed(query: Query, turns: Sequence[str]) -> Query:
    """The query of the last turn without the conditions of earlier ones that a later one takes back and none since then says again."""
    for at in range(1, len(turns)):
        query = _without_freed(query, turns[at], " ; ".join(turns[at:]))
    return query


def freed_alone(before: Query, said: str) -> Query | None:
    """The query before without a condition where the turn says nothing but that: over all models."""
    match = ALL.search(said) or ANY_TIME.search(said)
    if match is None:
        return None
    rest = said[: match.start()] + OF_IT.sub("", said[match.end() :])
    found = _without_freed(before, said, said)
    if found == before or not set(re.findall(r"[\w']+", rest)) <= BESIDE:
        return None
    return found


def _without_freed(query: Query, said: str, since: str) -> Query:
    if EVERYTHING.search(said):
        return with_where(query, [p for p in query.where if is_said(p, since)])
    no_limit = set(NOT_JUST.findall(said))
    nouns = {noun for match in ALL.finditer(said) for noun in _nouns(match["what"])}
    is_any_time = ANY_TIME.search(said) is not None
    if forgotten := FORGET.search(said):
        query = with_where(query, [p for p in query.where if not is_said(named_conditions().get(p, p), forgotten["what"])])
    return with_where(query, [p for p in query.where if not slots_of(p) & no_limit and (is_said(p, since) or not _is_freed(p, nouns, is_any_time))])


def _nouns(what: str) -> set[str]:
    """What may be a column's name, of one word or two."""
    parts = [singular(part) for part in what.split()]
    return {parts[0], "_".join(parts)}


def _is_freed(predicate: Predicate, nouns: set[str], is_any_time: bool) -> bool:
    """Whether a condition does nothing but to limit a column that the nouns name, or one of values of that kind: transfers to any country."""
    match predicate:
        case Condition(column, op):
            name, kind = column.partition(".")[2], column_of(column).slot
            return (op == "DURING" and is_any_time) or (op in LIMITS and bool(nouns & {name, singular(name), kind if kind not in THINGS else ""}))
        case Or(left, right):
            return _is_freed(left, nouns, is_any_time) and _is_freed(right, nouns, is_any_time)
    return False
