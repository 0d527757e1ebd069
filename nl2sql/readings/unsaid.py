"""What a later turn changes without saying so: a value or condition that the answer before did not have comes back as it was.

Read with all turns before it, a turn may take a value from an earlier one that another has taken the place of since. Asks no model.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from nl2sql.plan.canonical import canonical
from nl2sql.plan.language import Condition, Exists, Not, Predicate, Query
from nl2sql.readings.conditions import SLOT, is_said, slots_of, tested, with_where
from nl2sql.readings.conversation import FILLING

EARLIER = re.compile(r"\b(?:both|either|neither|together|all|two|three|first|earlier|previous|originally|again|back|compared?|difference|between)\b")
"""How a turn points at more than the one right before it."""
OTHERWISE = re.compile(r"\b(?:not?|without|others?|rest|instead|rather|opposite|ones?|those|only|just|also|including|too|all|any|every|except|but|back|again)\b|n't\b")
"""How a turn says that it is about other rows than the one before."""
FLOW = re.compile(r"\b(?:feed\w*|fed|from|into|\w*stream|flow\w*|buil[dt]\w*|made|sources?|com(?:es?|ing)|assembled|parents?|child(?:ren)?|ancest\w+|inputs?|depend\w*|behind|us(?:e[ds]?|ing)|models?\d?|train\w*|reports?|deriv\w*|descend\w*)\b")
"""Words for what goes from one thing into another."""
OPPOSITE = {"IS_TRUE": "IS_FALSE", "IS_FALSE": "IS_TRUE", "NOT_NULL": "IS_NULL", "IS_NULL": "NOT_NULL"}
FEW = 4
"""Words of a turn at most that asks about what was found before and cannot say what of it has changed."""
BESIDE = FILLING | {"ones", "those", "about"}
"""Words beside a value in a turn that says nothing else."""


def left_behind(query: Query, before: Query, said: str) -> Query:
    """The query with the conditions of the one before in place of those whose value neither that one nor this turn has."""
    if (query.view, query.joins) != (before.view, before.joins) or EARLIER.search(said):
        return query
    held = {slot for p in before.where for slot in slots_of(p)}
    gone = [p for p in query.where if slots_of(p) and not is_said(p, said) and not slots_of(p) & held]
    return with_where(query, _as_before(query.where, gone, before.where)) if gone else query


def not_reversed(query: Query, before: Query, read: Query) -> Query:
    """The query with what was left out before still left out, though the one before was ``read`` as what has it, as this is."""
    if query.view != before.view:
        return query
    return with_where(query, [_reversed(p) if p in read.where and _reversed(p) in before.where else p for p in query.where])


def no_other_flow(query: Query, before: Query, said: str) -> Query:
    """The query without a flow that neither the one before nor this turn speaks of."""
    if FLOW.search(said) or any(map(_is_flow, before.where)) or "lineage" in (query.view, before.view):
        return query
    return with_where(query, [p for p in query.where if not _is_flow(p)])


def _reversed(predicate: Predicate) -> Predicate:
    """What says the opposite."""
    match predicate:
        case Not(inner):
            return inner
        case Condition(_, op) if op in OPPOSITE:
            return replace(predicate, op=OPPOSITE[op])
    return Not(predicate)


def _is_flow(predicate: Predicate) -> bool:
    return isinstance(predicate, Exists) and predicate.join.view == "lineage" and not predicate.negated


def still_so(query: Query, before: Query, said: str) -> Query:
    """The query with a condition as it was answered before, where the reading of a few words that ask for something else of the same rows has it otherwise.

    Of another view that is one of its related rows: disputed claims >> list the datasets.
    """
    if query.select == before.select or len(said.split()) > FEW or OTHERWISE.search(said) or SLOT.search(said):
        return query
    if query.view == before.view:
        asked = canonical(replace(query, where=()))  # what is measured has rows of its own: ratings are no offers
        given = asked.where if isinstance(asked, Query) else ()
        return with_where(query, _unchanged(query.where, before.where, said, given)) if query.joins == before.joins else query
    return with_where(query, [_of_the_same(p, before, said) if isinstance(p, Exists) else p for p in query.where])


def same_asked(query: Query, before: Query, said: str) -> Query:
    """The query before with another value, where the turn says nothing but that: how many are about the licence? >> and the owner?"""
    new, old = [p for p in query.where if p not in before.where], [p for p in before.where if p not in query.where]
    if (query.view, query.joins) != (before.view, before.joins) or not len(new) == len(old) == 1:
        return query
    one, other = new[0], old[0]
    if not isinstance(one, Condition) or not isinstance(other, Condition) or (one.column, one.op) != (other.column, other.op) or not one.value.startswith("'"):
        return query
    value = set(one.value.strip("'").split("_"))
    return replace(before, where=query.where) if set(re.findall(r"[\w']+", said)) - BESIDE == value - BESIDE else query


def _of_the_same(related: Exists, before: Query, said: str) -> Exists:
    if related.join.view != before.view or related.negated:
        return related
    return replace(related, conditions=tuple(_unchanged(related.conditions, before.where, said)))


def _unchanged(conditions: Sequence[Predicate], before: Sequence[Predicate], said: str, given: Sequence[Predicate] = ()) -> list[Predicate]:
    """Conditions without a value, those that the turn does not say as they were where the same columns were tested otherwise."""
    lost = [p for p in before if p not in conditions and not isinstance(p, Exists)]
    gone = [p for p in conditions if p not in (*before, *given) and not slots_of(p) and not is_said(p, said) and any(tested(p) & tested(b) for b in lost)]
    return _as_before(conditions, gone, lost)


def _as_before(conditions: Sequence[Predicate], gone: Sequence[Predicate], before: Sequence[Predicate]) -> list[Predicate]:
    """What was tested before of the same columns in place of some conditions."""
    columns = {column for p in gone for column in tested(p)}
    kept = [p for p in conditions if p not in gone]
    return [*kept, *(p for p in before if p not in kept and tested(p) & columns)]
