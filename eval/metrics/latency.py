"""How long questions take and what they cost in tokens."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eval.record import Record


@dataclass(frozen=True, slots=True)
class Times:
    """Percentiles in milliseconds; None without a measurement."""

    n: int
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Latency:
    """Cold is the first question of a process; all else is warm, and so are the stages."""

    cold: Times
    warm: Times
    stages: dict[str, Times]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Sums over the records that report any."""

    prompt: int
    completion: int


def percentile(values: Sequence[float], percent: int) -> float:
    """Nearest rank: the smallest value that at least this share does not exceed, so a time that somebody waited.

    ``percentile([10, 20, 30, 40], 50)`` → 20. Raises `ValueError` without values.
    """
    if not values:
        raise ValueError("no value has no percentile")
    rank = -(-percent * len(values) // 100)  # in whole numbers: 0.95 * 20 is not 19 in floating point
    return sorted(values)[max(rank, 1) - 1]


def times(values: Iterable[float]) -> Times:
    found = list(values)
    if not found:
        return Times(0, None, None, None)
    return Times(len(found), percentile(found, 50), percentile(found, 95), percentile(found, 99))


def latency(records: Sequence[Record]) -> Latency:
    """Of the records that count; a query that was stopped for taking too long counts with the time it took."""
    stages: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if not record.cold:
            for stage, elapsed in record.stages_ms.items():
                stages[stage].append(elapsed)
    return Latency(
        cold=times(r.total_ms for r in records if r.cold),
        warm=times(r.total_ms for r in records if not r.cold),
        stages={stage: times(values) for stage, values in stages.items()},
    )


def tokens(records: Sequence[Record]) -> Tokens | None:
    """None where no backend counts tokens."""
    if all(r.prompt_tokens is None and r.completion_tokens is None for r in records):
        return None
    return Tokens(sum(r.prompt_tokens or 0 for r in records), sum(r.completion_tokens or 0 for r in records))
