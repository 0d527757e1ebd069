"""Weekly quality measurements of every dataset with their own history, and the anomalies in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from statistics import median

from catalog.demo.world import World, seeded
from catalog.storage.records import Dataset, DatasetColumn, Metric

WEEKS = 9
MIN_HISTORY = 4
"""Earlier values that a baseline needs."""
ANOMALY_Z = 3.5
"""Robust z-score beyond which a value is far from its history (Iglewicz and Hoaglin, 1993)."""
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Measure:
    """How one metric of one place moves: ``usual`` value, weekly ``noise``, a ``shock`` that may hit, least spread."""

    dimension: str
    metric: str
    unit: str
    usual: float
    noise: float
    shock: float
    least_spread: float


def robust_z(history: Sequence[float], value: float, least_spread: float) -> tuple[float, float] | None:
    """Median of the history and the distance from it in deviations; None when the history is too short."""
    if len(history) < MIN_HISTORY:
        return None
    centre = median(history)
    spread = max(MAD_TO_SIGMA * median(abs(x - centre) for x in history), least_spread)
    return centre, (value - centre) / spread


def metrics(world: World) -> Iterator[Metric]:
    """Nine weeks of completeness, uniqueness, validity, volume and age per dataset, completeness and drift per column."""
    for dataset in world.datasets.values():
        random = seeded(f"metrics/{dataset.name}")
        health = random.uniform(0.80, 0.93) if dataset.deprecated else random.uniform(0.88, 0.995)
        for measure in _dataset_measures(world, dataset, health, random):
            yield from _series(world, dataset, None, measure, random)
        for column in world.columns[dataset.name]:
            for measure in _column_measures(column, health, random):
                yield from _series(world, dataset, column.column_name, measure, random)


def _dataset_measures(world: World, dataset: Dataset, health: float, random: Random) -> Iterator[Measure]:
    for dimension in ("completeness", "uniqueness", "validity"):
        usual = min(0.999, health + random.uniform(-0.03, 0.03))
        yield Measure(dimension, dimension, "ratio", usual, 0.002, -0.09, 0.002)
    if dataset.row_count is not None:
        moving = dataset.update_frequency != "never"
        rows = float(dataset.row_count)
        yield Measure(
            "volume",
            "row_count",
            "count",
            rows,
            rows * 0.01 if moving else 0.0,
            -rows * 0.35 if moving else 0.0,
            rows * 0.004,
        )
    if dataset.last_updated is not None and dataset.update_frequency != "never":
        hours = (world.now - dataset.last_updated).total_seconds() / 3600
        yield Measure("freshness", "age", "hours", hours, hours * 0.1, hours * 4, max(hours * 0.05, 0.1))


def _column_measures(column: DatasetColumn, health: float, random: Random) -> Iterator[Measure]:
    usual = 1.0 if column.is_key else min(1.0, health + random.uniform(-0.12 if column.nullable else -0.01, 0.06))
    yield Measure("completeness", "completeness", "ratio", usual, 0.0 if column.is_key else 0.002, -0.12, 0.002)
    if column.type == "DOUBLE":
        yield Measure("drift", "population_stability", "ratio", random.uniform(0.01, 0.08), 0.008, 0.3, 0.006)


def _series(world: World, dataset: Dataset, column: str | None, measure: Measure, random: Random) -> Iterator[Metric]:
    shocked = WEEKS - random.randint(1, 3) if random.random() < 0.05 else None
    first = world.now.replace(hour=3, minute=0, second=0) - timedelta(days=world.now.weekday(), weeks=WEEKS - 1)
    common = world.synthetic(dataset.name)
    history: list[float] = []
    for week in range(WEEKS):
        value = measure.usual + random.gauss(0.0, measure.noise) + (measure.shock if week == shocked else 0.0)
        value = min(max(value, 0.0), 1.0 if measure.unit == "ratio" else value)
        value = round(value, 4) if measure.unit != "count" else float(round(value))
        judged = robust_z(history, value, measure.least_spread)
        history.append(value)
        measured_at = first + timedelta(weeks=week, minutes=random.randrange(90))
        yield Metric(
            **common | {"as_of": measured_at},
            dataset=dataset.name,
            version=dataset.version,
            column_name=column,
            dimension=measure.dimension,
            metric=measure.metric,
            value=value,
            unit=measure.unit,
            baseline=None if judged is None else round(judged[0], 4),
            z_score=None if judged is None else round(judged[1], 2),
            is_anomaly=None if judged is None else abs(judged[1]) > ANOMALY_Z,
            measured_at=measured_at,
        )
