"""How well anomalies in metrics' histories are found: ``python -m eval.anomaly`` prints precision and recall.

The series are synthetic and labelled: what a daily or weekly profile might measure, with spikes, drops, changes of level and weekly rhythm,
and clean ones of every shape. The figures say what the statistics find of these, not of real data. Parameters were chosen on seeds
under 100; seeds from 1,000 on are scored.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from catalog.quality.anomaly import Measured, judge

START = datetime(2026, 1, 5, 3)
LENGTH = 90
SEEDS = range(1000, 1100)
"""Parameters were chosen on seeds below 100."""
SETTLED = 20
"""Values before which nothing is planted."""
LATE = 2
"""A change of level is found when one of its first values is: so many after it."""


@dataclass(frozen=True, slots=True)
class Series:
    """A metric's synthetic history, and the positions at which something happened."""

    kind: str
    unit: str
    values: tuple[Measured, ...]
    planted: tuple[int, ...]
    level: bool = False
    """What happened stays: the first values after it may be called anomalies too."""


@dataclass(frozen=True, slots=True)
class Score:
    """Events planted and found; alarms (runs of flagged values) that were right and wrong; values judged that were clean."""

    planted: int = 0
    found: int = 0
    right: int = 0
    wrong: int = 0
    clean: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(self.planted + other.planted, self.found + other.found, self.right + other.right, self.wrong + other.wrong, self.clean + other.clean)


Shape = Callable[[int, Random], float]


def labelled(seed: int) -> list[Series]:
    """One series of every kind; the same seed gives the same series."""
    random = Random(f"anomaly {seed}")
    return [plant(kind, random) for kind, plant in KINDS.items()]


def _series(kind: str, random: Random, *, rhythm: str, unit: str = "count", events: int = 0, shock: str = "") -> Series:
    days = 7 if rhythm == "weekly profile" else 1
    level, noise = 10 ** random.uniform(3, 6), random.uniform(0.005, 0.04)
    if unit == "ratio":
        level, noise = random.uniform(0.7, 0.995), random.uniform(0.002, 0.01)
    slope = random.uniform(0.002, 0.01) if rhythm == "growing" else 0.0
    dip = random.uniform(0.3, 0.8) if rhythm == "weekdays" else 0.0
    at = {slot + random.randrange(5) for slot in random.sample(range(SETTLED if days == 1 else 30, LENGTH - 12, 8), events)}
    values, shift = [], 0.0
    for i in range(LENGTH):
        moment = START + timedelta(days=i * days, minutes=random.randrange(60))
        usual = level * (1 + slope * i) * (1 - dip * (moment.weekday() >= 5))
        spread = (noise * usual) if unit == "count" else noise
        size = random.uniform(6, 15) * spread
        value = usual + _noise(rhythm, random) * spread
        if i in at:
            sign = {"spike": 1, "drop": -1, "level": random.choice((-1, 1))}[shock]
            if shock == "level":
                shift = sign * size
            else:
                value += sign * size
        value += shift
        if rhythm == "constant":
            value = usual if i not in at else usual * random.choice((0.5, 0.9, 1.1, 2.0))
        if unit == "ratio":
            value = round(min(1.0, max(0.0, value)), 6)
        values.append(Measured(moment, float(round(value)) if unit == "count" else value))
    return Series(kind, unit, tuple(values), tuple(sorted(at)), shock == "level")


def _noise(rhythm: str, random: Random) -> float:
    """A deviation: normal, or of Student's t with 5 degrees of freedom, which strays further."""
    if rhythm != "heavy tails":
        return random.gauss(0, 1)
    return random.gauss(0, 1) / math.sqrt(random.gammavariate(2.5, 2.0) / 5)


KINDS: dict[str, Callable[[str, Random], Series]] = {
    "spikes": lambda kind, random: _series(kind, random, rhythm="flat", events=3, shock="spike"),
    "drops of a ratio": lambda kind, random: _series(kind, random, rhythm="flat", unit="ratio", events=3, shock="drop"),
    "level shift": lambda kind, random: _series(kind, random, rhythm="flat", events=1, shock="level"),
    "drops by weekday": lambda kind, random: _series(kind, random, rhythm="weekdays", events=3, shock="drop"),
    "drops of a growing one": lambda kind, random: _series(kind, random, rhythm="growing", events=3, shock="drop"),
    "changes of a constant": lambda kind, random: _series(kind, random, rhythm="constant", events=2, shock="drop"),
    "weekly profile, spikes": lambda kind, random: _series(kind, random, rhythm="weekly profile", events=2, shock="spike"),
    "clean, flat": lambda kind, random: _series(kind, random, rhythm="flat"),
    "clean, ratio": lambda kind, random: _series(kind, random, rhythm="flat", unit="ratio"),
    "clean, by weekday": lambda kind, random: _series(kind, random, rhythm="weekdays"),
    "clean, growing": lambda kind, random: _series(kind, random, rhythm="growing"),
    "clean, constant": lambda kind, random: _series(kind, random, rhythm="constant"),
    "clean, heavy tails": lambda kind, random: _series(kind, random, rhythm="heavy tails"),
}


def score_series(series: Series) -> Score:
    """What is found of one series: an event by a flagged value at it (a level by one of its first); other alarms are wrong."""
    flagged, judged = set(), 0
    for i, value in enumerate(series.values):
        verdict = judge(series.values[:i], value, series.unit)
        judged += verdict is not None
        if verdict and verdict.is_anomaly:
            flagged.add(i)
    # Until a new level is taken for one, every value on it is far from the old: one event, one alarm.
    told = {event: range(event, event + (12 if series.level else 1)) for event in series.planted}
    found = sum(any(i in flagged for i in range(event, event + (LATE + 1 if series.level else 1))) for event in series.planted)
    right = sum(any(i in flagged for i in span) for span in told.values())
    excused = {i for span in told.values() for i in span}
    return Score(len(series.planted), found, right, len(flagged - excused), judged - len(excused))


def score(seeds: Iterable[int] = SEEDS) -> dict[str, Score]:
    """By kind of series, over all seeds."""
    totals = dict.fromkeys(KINDS, Score())
    for seed in seeds:
        for series in labelled(seed):
            totals[series.kind] += score_series(series)
    return totals


def wilson(part: int, whole: int) -> tuple[float, float]:
    """95 % interval of a share (E. B. Wilson, JASA 22, 1927)."""
    share, z = part / whole, 1.96
    centre, width = share + z * z / (2 * whole), z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    below = 1 + z * z / whole
    return max(0.0, (centre - width) / below), min(1.0, (centre + width) / below)


def _share(part: int, whole: int) -> str:
    if not whole:
        return f"{'':>22}"
    low, high = wilson(part, whole)
    return f"{part / whole:>8.1%} ({low:.1%}–{high:.1%})".ljust(22)


def as_text(scores: dict[str, Score]) -> str:
    """A table: precision and recall with 95 % Wilson intervals, and false alarms per thousand clean values."""
    lines = [f"{'series':<26}{'events':>7}  {'recall':<24}{'precision':<24}{'false per 1,000':>16}"]
    for kind, s in [*scores.items(), ("all", sum(scores.values(), Score()))]:
        false = 1000 * s.wrong / s.clean if s.clean else 0.0
        precision = _share(s.right, s.right + s.wrong) if s.planted else f"{'':>22}"
        lines.append(f"{kind:<26}{s.planted:>7}  {_share(s.found, s.planted):<24}{precision:<24}{false:>16.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(as_text(score()))
