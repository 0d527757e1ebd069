"""Records gathered into cases: which attempts count, and when a dialogue is right.

A model or catalog out of reach is never a wrong answer: an attempt in which that happened does not count, nor does any turn after it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eval.record import Record

Key = tuple[str, str]
"""Suite and id of a case."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case as a run met it."""

    suite: str
    id: str
    records: tuple[Record, ...]
    """All of them, by repeat and turn."""
    attempts: tuple[tuple[Record, ...], ...]
    """The turns of each repeat that counts."""

    @property
    def key(self) -> Key:
        return self.suite, self.id

    @property
    def verdicts(self) -> tuple[bool, ...]:
        """Per attempt: every turn is right."""
        return tuple(all(record.right for record in attempt) for attempt in self.attempts)

    @property
    def score(self) -> float | None:
        """Share of the attempts that are right; None where none counts."""
        return sum(self.verdicts) / len(self.attempts) if self.attempts else None


def gather(records: Iterable[Record]) -> list[CaseResult]:
    """Every case of a run, sorted by suite and id, whatever the order of the records."""
    found: dict[Key, dict[int, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        found[record.suite, record.id][record.repeat].append(record)
    results = []
    for key, repeats in sorted(found.items()):
        attempts = [tuple(sorted(turns, key=lambda r: r.turn)) for _, turns in sorted(repeats.items())]
        every = tuple(record for attempt in attempts for record in attempt)
        results.append(CaseResult(*key, every, tuple(attempt for attempt in attempts if _counts(attempt))))
    return results


def counted(records: Iterable[Record]) -> list[Record]:
    """Records that say something about the product. ``right, infra, wrong`` in one dialogue → ``right``."""
    kept: list[Record] = []
    broken: dict[tuple[str, str, int], int] = {}
    given = list(records)
    for record in given:
        if record.got == "infra":
            attempt = (record.suite, record.id, record.repeat)
            broken[attempt] = min(record.turn, broken.get(attempt, record.turn))
    for record in given:
        first = broken.get((record.suite, record.id, record.repeat))
        if first is None or record.turn < first:
            kept.append(record)
    return kept


def answerable(records: Iterable[Record]) -> list[Record]:
    """Records of questions for which nothing but an answer is right."""
    return [record for record in records if record.expected == ("answer",)]


def _counts(attempt: Sequence[Record]) -> bool:
    """A dialogue cut short is wrong where a turn is, and otherwise undecided."""
    if any(record.got == "infra" for record in attempt):
        return False
    return len({record.turn for record in attempt}) == attempt[0].turns or not all(record.right for record in attempt)
