"""What asking again shows: pass@k, the same reply every time, and the same reply to the same question in other words."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from eval.metrics.cases import CaseResult
from eval.record import Record


@dataclass(frozen=True, slots=True)
class Repeatability:
    """Cases asked at least twice, and those with the same verdict and the same SQL every time."""

    cases: int
    agreeing: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Consistency:
    """Groups of at least two cases, and those in which every wording meets the same verdict."""

    groups: int
    agreeing: int
    share: float | None


def pass_at(attempts: int, right: int, k: int) -> float:
    """Chance that one of k attempts is right, without bias (Chen et al. 2021): ``pass_at(5, 2, 2)`` → 0.7.

    Raises `ValueError` where k is more than was attempted.
    """
    if not 1 <= k <= attempts:
        raise ValueError(f"pass@{k} needs {k} attempts or more, not {attempts}")
    return 1 - math.comb(attempts - right, k) / math.comb(attempts, k)


def pass_rates(cases: Sequence[CaseResult]) -> dict[str, float]:
    """Mean pass@k for every k up to the most attempts at a case; each over the cases attempted that often."""
    tried = [(len(case.verdicts), sum(case.verdicts)) for case in cases]
    rates = {}
    for k in range(1, max((n for n, _ in tried), default=0) + 1):
        each = [pass_at(n, right, k) for n, right in tried if n >= k]
        rates[str(k)] = math.fsum(each) / len(each)
    return rates


def repeatability(cases: Sequence[CaseResult]) -> Repeatability:
    """Whether asking the same again gets the same; whether that is right is another question."""
    repeated = [case for case in cases if len(case.attempts) > 1]
    agreeing = sum(
        len({tuple((*_verdict(r), r.sql) for r in attempt) for attempt in case.attempts}) == 1 for case in repeated
    )
    return Repeatability(len(repeated), agreeing, agreeing / len(repeated) if repeated else None)


def consistency(cases: Sequence[CaseResult]) -> Consistency:
    """Whether other words get the same verdict; SQL may differ, and only the first attempt at each case is compared.

    Who asks is part of the group, since the policy rightly answers two people differently.
    """
    groups: dict[tuple[str, str, str], list[tuple[tuple[str, bool], ...]]] = defaultdict(list)
    for case in cases:
        first = case.records[0]
        if first.group and case.attempts:
            groups[case.suite, first.group, first.principal].append(tuple(_verdict(r) for r in case.attempts[0]))
    several = [verdicts for verdicts in groups.values() if len(verdicts) > 1]
    agreeing = sum(len(set(verdicts)) == 1 for verdicts in several)
    return Consistency(len(several), agreeing, agreeing / len(several) if several else None)


def _verdict(record: Record) -> tuple[str, bool]:
    return record.got, record.right
