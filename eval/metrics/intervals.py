"""How sure a share is: percentile bootstrap intervals and exact tests. Every random draw is seeded and independent of the records' order."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its bootstrap interval; None where there is nothing to measure."""

    n: int
    right: float
    """Whole unless cases were asked more than once, since each then counts by its mean."""
    accuracy: float | None
    low: float | None
    high: float | None


def estimate(units: Iterable[tuple[Hashable, float]], seed: int = 0) -> Estimate:
    """Mean of the scores. Units with the same first item, say the turns of a dialogue, are drawn together.

    ``[("a", 1.0), ("b", 0.0)]`` → n 2, right 1, accuracy 0.5.
    """
    clusters = _clusters(units)
    n = sum(size for _, size in clusters)
    if not n:
        return Estimate(0, 0, None, None, None)
    right = math.fsum(total for total, _ in clusters)
    right = int(right) if right.is_integer() else right
    low, high = interval(clusters, seed)
    return Estimate(n, right, right / n, low, high)


def difference(units: Iterable[tuple[Hashable, float]], seed: int = 0) -> tuple[float, float, float]:
    """Mean of paired differences with its interval: ``(mean, low, high)``. Raises `ValueError` without units."""
    clusters = _clusters(units)
    if not clusters:
        raise ValueError("there is nothing to compare")
    low, high = interval(clusters, seed)
    return math.fsum(total for total, _ in clusters) / sum(size for _, size in clusters), low, high


def interval(clusters: Iterable[tuple[float, int]], seed: int = 0) -> tuple[float, float]:
    """Percentile bootstrap (Efron 1979) of the sum of totals over the sum of sizes; whole clusters are drawn with replacement.

    How often each distinct cluster occurs in a resample is multinomial, so the draws take a row per resample and a column per distinct one.
    """
    kinds = sorted(Counter(clusters).items())
    times = np.array([count for _, count in kinds], dtype=np.float64)
    totals = np.array([total for (total, _), _ in kinds], dtype=np.float64)
    sizes = np.array([size for (_, size), _ in kinds], dtype=np.float64)
    n = int(times.sum())
    drawn: NDArray[np.int64] = np.random.default_rng(seed).multinomial(n, times / n, size=RESAMPLES)
    means = (drawn @ totals) / (drawn @ sizes)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    mean = math.fsum(t * k for t, k in zip(totals, times, strict=True)) / float(sizes @ times)
    return min(float(low), mean), max(float(high), mean)  # rounding alone can put the mean of equal scores outside


def mcnemar(b: int, c: int) -> float:
    """Exact two-sided p (McNemar 1947) for b cases that changed one way and c the other: ``mcnemar(1, 9)`` → 0.0215."""
    n, fewer = b + c, min(b, c)
    ways = term = 1
    for i in range(fewer):
        term = term * (n - i) // (i + 1)
        ways += term
    return min(1.0, float(Fraction(2 * ways, 2**n)))


def upper_bound(events: int, trials: int) -> float | None:
    """Largest rate that the trials leave credible at 95 %, one-sided; None without a trial.

    No event: the rule of three, 3 / n (Hanley and Lippman-Hand 1983). Otherwise exact (Clopper and Pearson 1934):
    ``upper_bound(1, 10)`` → 0.394.
    """
    if not trials:
        return None
    if not events:
        return min(1.0, 3 / trials)
    if events >= trials:
        return 1.0
    return _bisect(lambda rate: binomial_tail(events, trials, rate) - (1 - LEVEL))


def binomial_tail(k: int, n: int, rate: float) -> float:
    """Probability of at most k events in n trials, for 0 < rate < 1."""
    logs = (
        math.lgamma(n + 1)
        - math.lgamma(i + 1)
        - math.lgamma(n - i + 1)
        + i * math.log(rate)
        + (n - i) * math.log1p(-rate)
        for i in range(k + 1)
    )
    return min(1.0, math.fsum(math.exp(log) for log in logs))


def _bisect(falling: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    while (middle := (low + high) / 2) not in (low, high) and high - low > 1e-12:
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return high


def _clusters(units: Iterable[tuple[Hashable, float]]) -> list[tuple[float, int]]:
    grouped: dict[Hashable, list[float]] = defaultdict(list)
    for cluster, score in units:
        grouped[cluster].append(score)
    return [(math.fsum(scores), len(scores)) for scores in grouped.values()]
