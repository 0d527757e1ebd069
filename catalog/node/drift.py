"""How far a column's values moved between two profiles: the population stability index over stored quantiles or shares.

PSI = Σ (actual − expected) · ln(actual / expected) over bins; below 0.1 nothing moved, from 0.25 on much did (N. Siddiqi,
Credit Risk Scorecards, Wiley 2006). Two samples of one population still differ by about (1/n + 1/m) · χ² with bins − 1 degrees
of freedom (B. Yurdakul and J. Naranjo, Journal of Risk Model Validation 14(4), 2020), so that much is not called drift.
"""

import itertools
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

MUCH = 0.25
STEPS = 20
"""A stored quantile histogram has 21 values: the 0, 5, … 100 % quantiles of a sample."""
BUCKETS = 16
"""A stored histogram of texts counts their hashes in as many buckets."""
Z_999 = 3.0902
"""99.9 % quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is kept of a column's distribution: quantiles of numbers or times, or counts of hashed texts; of ``size`` values."""

    size: int
    quantiles: tuple[float, ...] = ()
    buckets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """The index, and whether it is both large and more than chance."""

    psi: float
    drifted: bool


def quantiles(ordered: Sequence[float]) -> tuple[float, ...]:
    """21 quantiles of ordered values, each one of the values; empty for none."""
    last = len(ordered) - 1
    return tuple(ordered[round(last * step / STEPS)] for step in range(STEPS + 1)) if ordered else ()


def drift(before: Shape, after: Shape) -> Drift | None:
    """What moved between two profiles of a column; None where they cannot be compared or one has no values."""
    if not before.size or not after.size:
        return None
    if len(before.quantiles) == len(after.quantiles) == STEPS + 1:
        # Deciles that fall on one value are one edge: the bin up to it holds all of them.
        edges = sorted({before.quantiles[step] for step in range(2, STEPS, 2)})
        return _index(_between(before.quantiles, edges), _between(after.quantiles, edges), before.size, after.size)
    if len(before.buckets) == len(after.buckets) == BUCKETS:
        used = [at for at in range(BUCKETS) if before.buckets[at] or after.buckets[at]]
        shares = [[shape.buckets[at] / shape.size for at in used] for shape in (before, after)]
        return _index(shares[0], shares[1], before.size, after.size)
    return None


def _index(expected: Sequence[float], actual: Sequence[float], n: int, m: int) -> Drift:
    """PSI of two lists of shares of n and m values; half a value is added to each bin, so that none is empty."""
    bins = len(expected)
    total = 0.0
    for e, a in zip(expected, actual, strict=True):
        e, a = (e * n + 0.5) / (n + bins / 2), (a * m + 0.5) / (m + bins / 2)
        total += (a - e) * math.log(a / e)
    by_chance = (1 / n + 1 / m) * _chi_squared(bins - 1)
    return Drift(round(total, 6), total >= MUCH and total > by_chance)


def _between(values: Sequence[float], edges: Sequence[float]) -> list[float]:
    """Share of a distribution up to the first edge, between each two, and above the last."""
    up_to = [0.0, *(_share_up_to(values, edge) for edge in edges), 1.0]
    return [high - low for low, high in itertools.pairwise(up_to)]


def _share_up_to(values: Sequence[float], edge: float) -> float:
    """The cumulative distribution that the quantiles describe, linear between two of them, at a value."""
    at = bisect_right(values, edge)
    if at in (0, len(values)):
        return at / len(values)
    low, high = values[at - 1], values[at]
    return (at - 1 + (edge - low) / (high - low)) / STEPS


def _chi_squared(degrees: int) -> float:
    """99.9 % quantile of χ², by Wilson and Hilferty's approximation (PNAS 17, 1931)."""
    if degrees < 1:
        return 0.0
    spread = 2 / (9 * degrees)
    return float(degrees * (1 - spread + Z_999 * math.sqrt(spread)) ** 3)
