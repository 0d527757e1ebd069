"""Runs of data tests over half a year, and the alerts that failures raised: who is on them and how long they took."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from catalog.demo.facts import people
from catalog.demo.world import World, seeded
from catalog.storage.records import DatasetColumn, QualityCheck

SPAN_DAYS = 200
TESTED = {"published": 0.45, "synthetic": 0.75}
"""Share of datasets that have tests at all."""
OUTCOMES = {
    "not_null": ("0 nulls", "{n} nulls"),
    "unique": ("0 duplicates", "{n} duplicates"),
    "accepted_values": ("known values only", "{n} unknown values"),
    "row_count": ("within 5 % of last run", "{n} rows missing"),
    "freshness": ("newer than promised", "{n} hours late"),
    "foreign_key": ("every reference found", "{n} orphans"),
    "range": ("between limits", "{n} values outside"),
    "format": ("matches the pattern", "{n} values malformed"),
}
ON_COLUMNS = ("not_null", "unique", "accepted_values", "foreign_key", "range", "format")
ON_DATASETS = ("row_count", "freshness")


def quality_checks(world: World) -> Iterator[QualityCheck]:
    """Check runs, numbered in the order of datasets."""
    random = seeded("checks")
    number = 0
    for dataset in world.datasets.values():
        if random.random() > TESTED[dataset.origin]:
            continue
        for check_name, column in _tests(world.columns[dataset.name], random):
            severity = random.choices(("low", "medium", "high", "critical"), (3, 4, 3, 2))[0]
            for _ in range(random.randint(2, 4)):
                number += 1
                recent = random.random() < 0.25
                opened = (
                    world.ago(hours=random.uniform(0.2, 60))
                    if recent
                    else world.ago(days=random.uniform(2.5, SPAN_DAYS))
                )
                yield QualityCheck(
                    **world.synthetic(dataset.name) | {"as_of": opened},
                    check_id=f"C-{number:05d}",
                    dataset=dataset.name,
                    column_name=column,
                    check_name=check_name,
                    severity=severity,
                    opened=opened,
                    **_outcome(world, check_name, severity, opened, random),
                )


def _tests(columns: tuple[DatasetColumn, ...], random: Random) -> Iterator[tuple[str, str | None]]:
    for check_name in ON_DATASETS:
        if random.random() < 0.7:
            yield check_name, None
    for column in columns:
        if random.random() < 0.55:
            yield ("not_null" if column.is_key else random.choice(ON_COLUMNS)), column.column_name


def _outcome(world: World, check_name: str, severity: str, opened: datetime, random: Random) -> dict[str, Any]:
    expected, found = OUTCOMES[check_name]
    status = random.choices(("passed", "failed", "error"), (80, 17, 3))[0]
    if status == "passed":
        return {"status": status, "expected": expected, "actual": expected}
    outcome: dict[str, Any] = {
        "status": status,
        "expected": expected,
        "actual": found.format(n=random.randint(1, 4000)) if status == "failed" else None,
        "alert_status": "open",
        "assignee": random.choice(people("steward", "engineer")) if random.random() < 0.65 else None,
    }
    urgency = {"low": 4.0, "medium": 2.0, "high": 1.0, "critical": 0.6}[severity]
    acked = opened + timedelta(minutes=round(urgency * random.uniform(15, 600)))
    resolved = acked + timedelta(minutes=round(urgency * random.uniform(60, 4000)))
    if acked < world.now and random.random() < 0.85:
        outcome |= {"alert_status": "acknowledged", "acked": acked}
        if resolved < world.now and random.random() < 0.9:
            outcome |= {"alert_status": "resolved", "resolved": resolved}
    return outcome
