"""Whether a measurement is far from its metric's own history: median and MAD, by weekday where the history carries it.

The modified z-score of B. Iglewicz and D. C. Hoaglin (How to Detect and Handle Outliers, ASQC 1993): the distance from the median in
deviations that are estimated from the median absolute deviation, far beyond 3.5. Three things are added, because a metric's history is
short and goes on: the MAD of few values is corrected (C. Croux and P. J. Rousseeuw, COMPSTAT 1992), a run of values on a new level becomes
the level, and a steady slope is followed. A value is judged by earlier ones only. Pure; knows no storage.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

FAR = 3.5
"""Deviations beyond which a value is an anomaly."""
FEWEST = 7
"""Earlier values that a verdict needs."""
WINDOW = 60
"""Latest earlier values that count: two months of days, a year of weeks."""
NEW_LEVEL = 5
"""Values in a row, far off on one side, that are the new level rather than anomalies."""
FEWEST_WEEKS = 3
"""Earlier values of a weekday before its own median is the baseline."""
CLEARLY = 0.6
"""By weekday or along a slope, values must be off by less than this share of what they are off the median, on average, to be believed."""
SHORT = 10
"""A deviation from n values is taken (1 + 10 / n) times as large: a MAD knows as much as a standard deviation of a third as many."""
MAD_TO_SIGMA = 1.4826
MEAN_TO_SIGMA = 1.2533
"""Of a normal distribution's mean absolute deviation, for histories more than half of which is one value."""
SMALL = (1.0, 1.0, 1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107)
"""What a MAD of so many values is multiplied by; n / (n − 0.8) beyond."""
MOST_Z = 1000.0
MOST = 1e100
"""A value this far from 0, or none at all, is no measurement: sums of such have no end."""
LEAST = {"ratio": (0.002, 0.0), "count": (1.0, 0.01), "bytes": (1.0, 0.01), "hours": (0.25, 0.01)}
"""By unit, the least deviation and its share of the baseline: a history that never moved makes no molehill a mountain."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of a metric, when it was measured."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was expected, how many deviations the value is off (at most 1,000), and whether that is far."""

    baseline: float
    z_score: float
    is_anomaly: bool


def judge(earlier: Sequence[Measured], now: Measured, unit: str) -> Verdict | None:
    """The verdict on a value by the values measured before it, oldest first; None where these are too few or any is beyond reckoning."""
    history = earlier[-WINDOW:]
    if len(history) < FEWEST or not all(abs(measured.value) < MOST for measured in (*history, now)):
        return None
    if all(measured.value == now.value for measured in history):
        return Verdict(now.value, 0.0, False)
    absolute, share = LEAST.get(unit, (1e-6, 0.01))
    expected = _expected(history, now.at, absolute, share)
    z = max(-MOST_Z, min(MOST_Z, (now.value - expected.value) / max(expected.spread, absolute, share * abs(expected.value))))
    return Verdict(expected.value, z, abs(z) > FAR)


@dataclass(frozen=True, slots=True)
class _Expected:
    """The value to expect, its usual deviation, and by how much each earlier value is off what it should have been."""

    value: float
    spread: float
    off: list[float]


def _of(value: float, off: list[float]) -> _Expected:
    return _Expected(value, deviation(off) * (1 + SHORT / len(off)), off)


def _expected(history: Sequence[Measured], at: datetime, absolute: float, share: float) -> _Expected:
    """What to expect at a moment, by the way of reading the history that explains it best."""
    values = [measured.value for measured in history]
    centre = median(values)
    plain = _of(centre, [value - centre for value in values])
    size = _size(plain.off)
    ways = [way for way in (_of_weekday(history, at), _along_slope(values)) if way and _size(way.off) < CLEARLY * size]
    best = min(ways, key=lambda way: _size(way.off), default=plain)
    floor = max(best.spread, absolute, share * abs(centre))
    if run := _run(best.off, floor):
        shift = median(best.off[-run:])
        return _Expected(best.value + shift, _of(0.0, [*best.off[:-run], *(each - shift for each in best.off[-run:])]).spread, [])
    if best is plain:
        own = [value for measured, value in zip(history, values, strict=True) if measured.at.weekday() == at.weekday()]
        if 0 < len(own) < FEWEST_WEEKS and all(abs(value - centre) > FAR * floor for value in own):
            return _Expected(median(own), plain.spread, [])  # too few to say what is usual, but this one is as the last one was
    return best


def _size(off: Sequence[float]) -> float:
    """By how much values are off on average; unlike the median of that, it sees the two days in seven."""
    return math.fsum(map(abs, off)) / len(off)


def _run(off: Sequence[float], spread: float) -> int:
    """How many of the last values are a new level: well off on one side, and far off by their median; 0 for fewer than that takes."""
    last, count = off[-1], 0
    for each in reversed(off):
        if abs(each) <= FAR * spread / 2 or (each > 0) != (last > 0):
            break
        count += 1
    return count if NEW_LEVEL <= count < len(off) and abs(median(off[-count:])) > FAR * spread else 0


def _of_weekday(history: Sequence[Measured], at: datetime) -> _Expected | None:
    """By weekday: each earlier value is compared with the others of its weekday, as the new one will be."""
    days: dict[int, list[float]] = {}
    for measured in history:
        days.setdefault(measured.at.weekday(), []).append(measured.value)
    if len(days) < 2 or len(days.get(at.weekday(), ())) < FEWEST_WEEKS:
        return None
    seen = dict.fromkeys(days, 0)
    off = []
    for measured in history:
        day = measured.at.weekday()
        others = [*days[day][: seen[day]], *days[day][seen[day] + 1 :]]
        seen[day] += 1
        if len(others) + 1 >= FEWEST_WEEKS:
            off.append(measured.value - median(others))
    return _of(median(days[at.weekday()]), off)


def _along_slope(values: Sequence[float]) -> _Expected | None:
    """Along a steady slope, the median of slopes over half the history (after Theil and Sen), to its next value."""
    count, half = len(values), len(values) // 2
    step = median([(values[i + half] - values[i]) / half for i in range(count - half)])
    levels = [value - step * i for i, value in enumerate(values)]
    start = median(levels)
    return _of(start + step * count, [level - start for level in levels]) if step else None


def deviation(off: Sequence[float]) -> float:
    """The standard deviation that distances from a centre suggest, little moved by a few far ones."""
    count = len(off)
    distances = [abs(each) for each in off]
    by_median = median(distances)
    if by_median > 0:
        return by_median * MAD_TO_SIGMA * (SMALL[count] if count < len(SMALL) else count / (count - 0.8))
    return MEAN_TO_SIGMA * math.fsum(distances) / count


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
