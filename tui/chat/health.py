"""How good the datasets are that somebody may see: scores, measurements over time, failed checks, alerts. Knows no widgets.

Views are read through the guard like any question. One that is closed to the asker is not asked for: it is a gap that is named.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from catalog.errors import QueryFailed
from catalog.quality.alerts import alert_id
from catalog.semantic import views
from nl2sql.turn import Answered
from tui.chat.about import quoted
from tui.chat.desk import Desk

POINTS = 24
"""Measurements that a sparkline shows: the newest."""
SPARKS = "▁▂▃▄▅▆▇█"
MOST_CHECKS = 12
MOST_SERIES = 24
SEVERITIES = ("critical", "high", "medium", "low")
PENDING = ("open", "acknowledged")
"""States of an alert that is not over."""


@dataclass(frozen=True, slots=True)
class Health:
    """One dataset on one node; None is what the asker may not see or nobody knows. ``score`` is between 0 and 1."""

    name: str
    node: str | None = None
    score: float | None = None
    updated: datetime | None = None
    is_stale: bool | None = None
    failed: int | None = None
    alerts: int | None = None

    @property
    def words(self) -> str:
        """What a filter looks through."""
        signs = [("stale", self.is_stale), ("failed", self.failed), ("alert", self.alerts)]
        return " ".join([self.name, self.node or "", *(word for word, holds in signs if holds)]).lower()


@dataclass(frozen=True, slots=True)
class Overview:
    """Every dataset, those with alerts first, then the worst; ``gaps`` says what is not in it."""

    datasets: tuple[Health, ...]
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """A metric of a dataset or of one column, oldest first."""

    metric: str
    column: str | None
    unit: str | None
    values: tuple[float, ...]
    is_anomaly: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A check that failed, and its alert where it raised one."""

    fields: dict[str, Any]

    @property
    def alert(self) -> str | None:
        """The alert's name; None without one that is still to be seen to."""
        own = self.fields
        return alert_id(own["node"], own["check_id"]) if own.get("alert_status") in PENDING and own.get("node") and own.get("check_id") else None

    @property
    def said(self) -> str:
        """What was tested, what came of it, what should have."""
        own = self.fields
        named = ".".join(filter(None, [own.get("column_name"), own.get("check_name") or "check"]))
        return f"{named}: {own.get('actual') or own['status']} (expected: {own.get('expected') or 'to pass'})"


@dataclass(frozen=True, slots=True)
class Checkup:
    """All there is to say of one dataset."""

    health: Health
    series: tuple[Series, ...]
    checks: tuple[Check, ...]
    gaps: tuple[str, ...] = ()

    @property
    def alerts(self) -> list[Check]:
        """Those whose alert is open or acknowledged: open ones first, then the worst."""
        return sorted((check for check in self.checks if check.alert), key=lambda check: (check.fields["alert_status"] != "open", _rank(check)))


def _rank(check: Check) -> int:
    severity = check.fields.get("severity")
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def overview(desk: Desk) -> Overview:
    """The health of every dataset that may be seen. Raises `GovernanceError`."""
    gaps: list[str] = []
    columns = _shown(desk, "datasets", "name", "node", "quality_score", "last_updated", "update_frequency")
    if "name" not in columns:
        return Overview((), ("The names of datasets are closed to you: F6 says by which rule.",))
    picked = [f"datasets.{column}" for column in columns if column != "update_frequency"]
    if {"last_updated", "update_frequency"} <= set(columns):
        stale = views()["datasets"].segments["stale"].sql.replace("{now}", f"TIMESTAMP '{desk.session.now:%Y-%m-%d %H:%M:%S}'")
        picked.append(f"({stale}) AS is_stale")
    order = " ORDER BY datasets.quality_score" if "quality_score" in columns else ""
    rows, is_cut = _rows(desk, f"SELECT {', '.join(picked)} FROM datasets{order}")
    counts = _counts(desk, gaps)
    found = []
    for row in rows:
        failed, alerts = (None, None) if counts is None else counts.get((row["name"], row.get("node")), (0, 0))
        found.append(Health(row["name"], row.get("node"), row.get("quality_score"), row.get("last_updated"), row.get("is_stale"), failed, alerts))
    if is_cut:
        gaps.append(f"Only {len(rows):,} datasets are listed, the worst; --limit lists more.")
    return Overview(tuple(sorted(found, key=lambda one: (-(one.alerts or 0), 2.0 if one.score is None else one.score))), tuple(gaps))


def _counts(desk: Desk, gaps: list[str]) -> dict[tuple[str, str | None], tuple[int, int | None]] | None:
    """Failed checks and alerts that are not over, by dataset and node; None where the asker may not know."""
    columns = _shown(desk, "quality_checks", "dataset", "node", "status", "alert_status")
    if not {"dataset", "node", "status"} <= set(columns):
        gaps.append("Checks and alerts are closed to you.")
        return None
    pending = ", ".join(quoted(state) for state in PENDING)
    alerts = f", SUM(CASE WHEN quality_checks.alert_status IN ({pending}) THEN 1 ELSE 0 END) AS alerts" if "alert_status" in columns else ""
    failed = "SUM(CASE WHEN quality_checks.status <> 'passed' THEN 1 ELSE 0 END) AS failed"
    by = "quality_checks.dataset, quality_checks.node"
    rows, _ = _rows(desk, f"SELECT {by}, {failed}{alerts} FROM quality_checks WHERE quality_checks.status <> 'passed' GROUP BY {by}")
    return {(row["dataset"], row["node"]): (int(row["failed"]), int(row["alerts"]) if alerts else None) for row in rows}


def checkup(desk: Desk, health: Health) -> Checkup:
    """One dataset: its metrics over time, its failed checks, newest first. Raises `GovernanceError`."""
    gaps: list[str] = []
    series: list[Series] = []
    columns = _shown(desk, "quality_metrics", "dataset", "node", "metric", "column_name", "unit", "value", "is_anomaly", "measured_at")
    if {"dataset", "metric", "value", "measured_at"} <= set(columns):
        rows, _ = _rows(desk, f"SELECT {_list('quality_metrics', columns)} FROM quality_metrics WHERE {_is('quality_metrics', columns, health)} ORDER BY quality_metrics.measured_at DESC")
        series = list(_series(reversed(rows)))
    else:
        gaps.append("Measurements are closed to you.")
    checks: list[Check] = []
    columns = _shown(desk, "quality_checks", "dataset", "node", "check_id", "column_name", "check_name", "expected", "actual", "status", "severity", "alert_status", "assignee", "opened")
    if {"dataset", "status"} <= set(columns):
        newest = " ORDER BY quality_checks.opened DESC" if "opened" in columns else ""
        rows, _ = _rows(desk, f"SELECT {_list('quality_checks', columns)} FROM quality_checks WHERE {_is('quality_checks', columns, health)} AND quality_checks.status <> 'passed'{newest}")
        checks = [Check(row) for row in rows]
    else:
        gaps.append("Checks and alerts are closed to you.")
    return Checkup(health, tuple(series), tuple(checks), tuple(gaps))


def _series(rows: Any) -> Iterator[Series]:
    """One for each metric and column; those far from their own history first."""
    named = sorted(rows, key=lambda row: (row["metric"], row.get("column_name") or ""))  # stable: times stay in order
    found = []
    for (metric, column), group in groupby(named, key=lambda row: (row["metric"], row.get("column_name"))):
        known = [row for row in group if row["value"] is not None and math.isfinite(row["value"])]
        if known:
            values = tuple(float(row["value"]) for row in known[-POINTS:])
            found.append(Series(metric, column, known[-1].get("unit"), values, bool(known[-1].get("is_anomaly"))))
    yield from sorted(found, key=lambda one: not one.is_anomaly)


def _shown(desk: Desk, view: str, *wanted: str) -> list[str]:
    """Those of the columns that the asker sees as they are; none of a closed view."""
    about = desk.views().get(view, {"columns": ()})
    plain = {column["name"] for column in about["columns"] if column["shown"] == "show"}
    return [name for name in wanted if name in plain]


def _list(view: str, columns: list[str]) -> str:
    return ", ".join(f"{view}.{column}" for column in columns)


def _is(view: str, columns: list[str], health: Health) -> str:
    at = f" AND {view}.node = {quoted(health.node)}" if health.node is not None and "node" in columns else ""
    return f"{view}.dataset = {quoted(health.name)}{at}"


def _rows(desk: Desk, sql: str) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a statement of the app's own by column, and whether there are more. Raises what was said instead of rows."""
    outcome = desk.outcome(sql)
    if not isinstance(outcome, Answered):
        raise QueryFailed(outcome.message)
    return [dict(zip(outcome.result.columns, row, strict=True)) for row in outcome.result.rows], outcome.result.truncated


def spark(values: tuple[float, ...]) -> str:
    """A line of blocks, the lowest value the lowest block; values that are all the same lie in the middle."""
    low, high = min(values), max(values)
    if high == low:
        return SPARKS[3] * len(values)
    return "".join(SPARKS[min(len(SPARKS) - 1, int((value - low) / (high - low) * len(SPARKS)))] for value in values)


def measured(value: float, unit: str | None) -> str:
    """A measurement as people read it."""
    if unit == "ratio":
        return f"{value:.1%}"
    return f"{value:,.0f} {unit or ''}".rstrip() if abs(value) >= 10 else f"{value:.3g} {unit or ''}".rstrip()


AGES = (("year", 365.25 * 86400), ("month", 30.44 * 86400), ("week", 7 * 86400.0), ("day", 86400.0), ("hour", 3600.0), ("minute", 60.0))


def ago(moment: datetime | None, now: datetime) -> str:
    """``3 weeks ago``, in the largest unit of which there are two, days and less in any number."""
    if moment is None:
        return "not known"
    seconds = (now - moment).total_seconds()
    if seconds < 0:
        return "in the future"
    for unit, length in AGES:
        count = int(seconds // length)
        if count >= (2 if unit in ("year", "month", "week") else 1):
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
