"""Whether Steward knows when not to answer: reliability score, risk against coverage, and calibration of confidence.

A table counts as shown where the outcome is an answer. Records are given without those that do not count (`eval.metrics.cases.counted`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.metrics.cases import answerable
from eval.record import Record

BINS = 10

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bin:
    """Tables whose confidence lies above ``low`` and up to ``high``; confidence and accuracy are their means."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Selective:
    """None wherever there is nothing to measure: no record, no table, no confidence, or for AUROC only right or only wrong tables."""

    rs: dict[str, float | None]
    """Percent, for a penalty of 0, of 10 and of as many as there are questions."""
    coverage: float | None
    """Share of the questions to be answered that a table is shown for."""
    precision: float | None
    """Share of all tables shown that are right."""
    curve: list[tuple[float, float, float]]
    """Coverage, risk and confidence: the share of tables at this confidence or above, and how many of those are wrong."""
    aurc: float | None
    ece: float | None
    auroc: float | None
    bins: list[Bin]


def selective(records: Sequence[Record]) -> Selective:
    """All of it; the curve and what follows are over the tables shown that have a confidence."""
    shown = [r for r in records if r.got == "answer"]
    wanted = answerable(records)
    sure = [(r.confidence, r.right) for r in shown if r.confidence is not None and math.isfinite(r.confidence)]
    confidence = np.array([c for c, _ in sure], dtype=np.float64)
    right = np.array([ok for _, ok in sure], dtype=np.bool_)
    curve, bins = risk_curve(confidence, right), reliability(confidence, right)
    questions = len({(r.suite, r.id, r.turn) for r in records})
    return Selective(
        rs={name: reliability_score(records, c) for name, c in (("0", 0), ("10", 10), ("N", questions))},
        coverage=sum(r.got == "answer" for r in wanted) / len(wanted) if wanted else None,
        precision=sum(r.right for r in shown) / len(shown) if shown else None,
        curve=curve,
        aurc=area(curve),
        ece=calibration_error(bins),
        auroc=auroc(confidence, right),
        bins=bins,
    )


def reliability_score(records: Sequence[Record], penalty: float) -> float | None:
    """RS(c) of EHRSQL 2024 (Lee et al.) in percent: 1 for what is right, answer or not, −c for a wrong table, 0 for any other fault."""
    if not records:
        return None
    right = sum(r.right for r in records)
    wrong = sum(r.got == "answer" and not r.right for r in records)
    return 100 * (right - penalty * wrong) / len(records)


def risk_curve(confidence: Floats, right: Flags) -> list[tuple[float, float, float]]:
    """A point for every distinct confidence as the threshold, the highest first (El-Yaniv and Wiener 2010)."""
    thresholds, place = np.unique(confidence, return_inverse=True)
    tables = np.bincount(place, minlength=len(thresholds))[::-1].cumsum()
    wrong = np.bincount(place[~right], minlength=len(thresholds))[::-1].cumsum()
    total = len(confidence)
    return [
        (int(n) / total, int(bad) / int(n), float(c)) for n, bad, c in zip(tables, wrong, thresholds[::-1], strict=True)
    ]


def area(curve: Sequence[tuple[float, float, float]]) -> float | None:
    """AURC (Geifman, Uziel and El-Yaniv 2019): the risk at each table's own confidence, averaged over the tables."""
    before, total = 0.0, 0.0
    for coverage, risk, _ in curve:
        total += (coverage - before) * risk
        before = coverage
    return total if curve else None


def reliability(confidence: Floats, right: Flags) -> list[Bin]:
    """The bins of equal width that hold a table; the first holds a confidence of 0 too."""
    edges = np.linspace(0, 1, BINS + 1)
    number = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, BINS - 1)
    bins = []
    for i in np.unique(number):
        own = number == i
        n = int(own.sum())
        bins.append(
            Bin(float(edges[i]), float(edges[i + 1]), n, math.fsum(confidence[own]) / n, int(right[own].sum()) / n)
        )
    return bins


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """ECE (Guo et al. 2017): mean distance of confidence and accuracy, weighted by how many tables a bin holds."""
    n = sum(b.n for b in bins)
    return math.fsum(b.n * abs(b.accuracy - b.confidence) for b in bins) / n if n else None


def auroc(confidence: Floats, right: Flags) -> float | None:
    """Chance that a right table has more confidence than a wrong one, a tie counting half (Mann and Whitney 1947)."""
    good, bad = confidence[right], np.sort(confidence[~right])
    if not len(good) or not len(bad):
        return None
    wins = np.searchsorted(bad, good, side="left") + np.searchsorted(bad, good, side="right")
    return float(wins.sum() / (2 * len(good) * len(bad)))
