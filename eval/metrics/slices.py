"""What results are broken down by. A slice counts cases, except by turn and by expected outcome, where it counts turns."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from eval.metrics.cases import CaseResult, Key, counted, gather
from eval.record import Record
from eval.suite import Tag


@dataclass(frozen=True, slots=True)
class Unit:
    """What a slice counts: a case, or one turn of it."""

    case: Key
    turn: int | None
    score: float


BY_TURN = ("turn", "expected")
"""What a dialogue's turns differ in; a suite's own tags of these names give way."""

FEW = 8
"""A tag of more values than this, of which most occur once, is a name and no breakdown."""

Slices = dict[str, dict[str, list[Unit]]]
"""Tag, its value as text, and what has it."""


def slices(cases: Iterable[CaseResult]) -> Slices:
    """Every tag's values, in their natural order. Where a tag has several values, a case is in the slice of each."""
    found: dict[str, dict[str, list[Unit]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        first, score = case.records[0], case.score
        if score is not None:
            tags: dict[str, Tag] = {"role": first.principal, **first.tags, "suite": case.suite}
            for tag, value in tags.items():
                if tag in BY_TURN:
                    continue
                for each in dict.fromkeys(value) if isinstance(value, tuple) else (value,):
                    found[tag][str(each)].append(Unit(case.key, None, score))
        for unit, record in turns(case.records):
            found["turn"][str(record.turn + 1)].append(unit)
            found["expected"][record.expected[0]].append(unit)
    told = [tag for tag in sorted(found) if len(found[tag]) <= FEW or sum(len(units) > 1 for units in found[tag].values()) * 2 > len(found[tag])]
    return {tag: {value: found[tag][value] for value in sorted(found[tag], key=_natural)} for tag in told}


def turns(records: Iterable[Record]) -> list[tuple[Unit, Record]]:
    """Every question that counts, scored by its mean over repeats, with one of its records."""
    asked = [record for case in gather(counted(records)) for record in case.records]
    repeats: dict[tuple[Key, int], list[Record]] = defaultdict(list)
    for record in asked:
        repeats[(record.suite, record.id), record.turn].append(record)
    return [(Unit(key, turn, sum(r.right for r in same) / len(same)), same[0]) for (key, turn), same in repeats.items()]


def _natural(value: str) -> tuple[bool, int, str]:
    """Numbers by size, before words."""
    number = value.isascii() and value.isdigit()
    return not number, int(value) if number else 0, value
