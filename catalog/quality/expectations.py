"""What is wrong with the data a catalog knows of, read from its tables: late, against its contract, far from its history, failing its tests.

Each finding is a row for the view ``quality_checks``. Runs in a generation, open to read or being written; changes nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from catalog.ingest.vocabulary import hours
from catalog.sensitivity import closedness, stricter
from catalog.storage.records import QualityCheck

if TYPE_CHECKING:
    import duckdb

OWN = "watch/"
"""How the names of checks begin that the catalog makes itself."""
PROMISED = {
    "streaming": timedelta(hours=1), "hourly": timedelta(hours=2), "daily": timedelta(days=2), "weekly": timedelta(days=10),
    "monthly": timedelta(days=45), "quarterly": timedelta(days=120), "yearly": timedelta(days=400),
}  # fmt: skip
"""Age from which data is stale, by update frequency: the same as of the segment ``stale`` of the view ``datasets``."""
VERY_LATE = 3
"""Times the promised age, from which being late is severe."""
VERY_FAR = 10.0
"""Deviations from which an anomaly is severe."""
DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([a-z]+)", re.IGNORECASE)
RULE = re.compile(
    r"(?:(?P<measured>[A-Za-z]+) )?(?P<sign>not between|between|[=≠<>≥≤]) (?P<low>-?\d{1,15}(?:\.\d{1,9})?)(?: and (?P<high>-?\d{1,15}(?:\.\d{1,9})?))?"
    r"(?: (?P<unit>[a-z%]+))?"
)
"""A contract's rule as ``odcs_quality`` writes it: ``rowCount between 10 and 20``, ``nullValues < 5 percent``."""
METRICS = {"row_count": "row_count", "not_null": "completeness", "unique": "uniqueness"}
COUNTS = {"row_count": "row_count", "not_null": "null_count"}
"""By kind of check, the metric that a bound in rows is about; of uniqueness there is the share alone."""
ANOMALIES = {"volume": "row_count", "freshness": "freshness"}
"""Kind of check by a metric's dimension; of any other it is ``custom``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's newest result: the row that says so, and the test that it is a run of."""

    test: str
    row: QualityCheck

    @property
    def failed(self) -> bool:
        """Whether it is something to raise an alert for."""
        return self.row.status in ("failed", "error")


def findings(connection: "duckdb.DuckDBPyConnection", now: datetime) -> Iterator[Finding]:
    """Every check's newest result at this moment: the catalog's own, then those that documents brought."""
    yield from _late(connection, now)
    yield from _of_contracts(connection, now)
    yield from _anomalies(connection)
    yield from _runs(connection)


def _row(name: str, *, at: datetime, ok: bool, severity: str = "medium", **of: Any) -> Finding:
    check_id = f"{OWN}{name}"
    row = QualityCheck(**of, check_id=check_id, status="passed" if ok else "failed", severity=severity, opened=at, as_of=at, origin="measured")
    return Finding(f"{row.node}\0{check_id}", row)


def _rows(connection: "duckdb.DuckDBPyConnection", sql: str) -> Iterator[dict[str, Any]]:
    found = connection.execute(sql)
    names = [column[0] for column in found.description or ()]
    for values in found.fetchall():
        yield dict(zip(names, values, strict=True))


def _late(connection: "duckdb.DuckDBPyConnection", now: datetime) -> Iterator[Finding]:
    """Datasets with a cadence and a date, against each other."""
    sql = "SELECT node, sensitivity, name, update_frequency, last_updated FROM dataset WHERE NOT deprecated AND last_updated IS NOT NULL ORDER BY node, name"
    for row in _rows(connection, sql):
        if promised := PROMISED.get(row["update_frequency"]):
            yield _aged(
                f"freshness/{row['name']}", row["last_updated"], promised, now, node=row["node"], sensitivity=row["sensitivity"], dataset=row["name"],
                check_name="freshness", expected=f"updated within {_span(promised)} ({row['update_frequency']})",
            )  # fmt: skip


def _aged(name: str, updated: datetime, promised: timedelta, now: datetime, **of: Any) -> Finding:
    late = now - updated > promised
    very = now - updated > VERY_LATE * promised
    return _row(name, at=now, ok=not late, severity="high" if very else "medium", actual=f"last updated {updated:%Y-%m-%d %H:%M} UTC", **of)


def _of_contracts(connection: "duckdb.DuckDBPyConnection", now: datetime) -> Iterator[Finding]:
    """Checks that contracts declare and nobody ran, as far as dates and measurements of the same node decide them."""
    declared = f"""
        SELECT q.node, {stricter("d.sensitivity", "q.sensitivity")} AS sensitivity, q.check_id, q.dataset, q.column_name, q.check_name, q.expected, q.severity, d.last_updated
        FROM quality_check q JOIN dataset d ON d.node = q.node AND d.name = q.dataset
        WHERE q.status IS NULL AND NOT d.deprecated AND q.expected IS NOT NULL AND NOT starts_with(q.check_id, '{OWN}') ORDER BY q.node, q.check_id"""
    newest = """
        SELECT node, dataset, column_name, metric, arg_max(value, measured_at) AS value, max(measured_at) AS at,
            arg_max(sensitivity, measured_at) AS sensitivity FROM metric
        WHERE metric IN ('row_count', 'null_count', 'completeness', 'uniqueness') GROUP BY ALL"""
    rows = list(_rows(connection, declared))
    measured = {(m["node"], m["dataset"], m["column_name"], m["metric"]): (m["value"], m["at"], m["sensitivity"]) for m in _rows(connection, newest)} if rows else {}
    for row in rows:
        of = {key: row[key] for key in ("node", "sensitivity", "dataset", "column_name", "check_name", "expected")}
        name = f"contract/{row['check_id']}"
        if row["check_name"] == "freshness":
            spans = [found for value, unit in DURATION.findall(row["expected"]) if (found := hours(float(value), unit))]
            if spans and row["last_updated"]:
                yield _aged(name, row["last_updated"], timedelta(hours=max(spans)), now, **of)
        elif (rule := RULE.fullmatch(row["expected"])) and (decided := _decided(row, rule, measured)):
            ok, actual, at, sensitivity = decided
            of["sensitivity"] = max(of["sensitivity"], sensitivity, key=closedness)
            yield _row(name, at=at, ok=ok, severity=row["severity"] or "medium", actual=actual, **of)


def _decided(row: dict[str, Any], rule: re.Match[str], measured: dict[Any, Any]) -> tuple[bool, str, datetime, str] | None:
    """Whether the newest measurement keeps a rule, what was measured, when, and how sensitive that is; None where nothing measured decides."""
    kind, share = row["check_name"], rule["unit"] in ("percent", "%")
    exactly_none = rule["sign"] == "=" and float(rule["low"]) == 0
    metric = (METRICS if share or (kind == "unique" and exactly_none) else COUNTS).get(kind)
    found = measured.get((row["node"], row["dataset"], None if kind == "row_count" else row["column_name"], metric))
    if metric is None or found is None or (share and kind == "row_count"):
        return None
    value, at, sensitivity = found
    # A rule counts what is missing or double, these metrics the share of what is not.
    value = 100 * (1 - value) if metric in ("completeness", "uniqueness") else value
    low, high = float(rule["low"]), float(rule["high"] or rule["low"])
    ok = {
        "=": value == low, "≠": value != low, "<": value < low, ">": value > low, "≤": value <= low, "≥": value >= low,
        "between": low <= value <= high, "not between": not low <= value <= high,
    }[rule["sign"]]  # fmt: skip
    return ok, f"{value:g}{' percent' if metric in ('completeness', 'uniqueness') else ''}", at, sensitivity


def _anomalies(connection: "duckdb.DuckDBPyConnection") -> Iterator[Finding]:
    """The newest measurement of every metric that is or was called an anomaly by a check of the catalog's own."""
    sql = f"""
        SELECT m.node, {stricter("m.sensitivity", "d.sensitivity")} AS sensitivity, m.dataset, m.column_name, m.dimension, m.metric, m.value, m.baseline, m.z_score, m.is_anomaly, m.measured_at
        FROM metric m LEFT JOIN dataset d ON d.node = m.node AND d.name = m.dataset
        WHERE NOT coalesce(d.deprecated, FALSE)
        QUALIFY row_number() OVER (PARTITION BY m.node, m.dataset, m.column_name, m.metric ORDER BY m.measured_at DESC) = 1
            AND (coalesce(m.is_anomaly, FALSE) OR EXISTS (
                SELECT 1 FROM quality_check q WHERE q.node = m.node
                AND q.check_id = '{OWN}anomaly/' || {_part("m.dataset")} || '/' || coalesce({_part("m.column_name")} || '/', '') || {_part("m.metric")}))
        ORDER BY m.node, m.dataset, m.column_name, m.metric"""
    for row in _rows(connection, sql):
        z = row["z_score"]
        said = f"{row['value']:.6g}" + (f", {abs(z):.1f} deviations {'above' if z > 0 else 'below'}" if z else "")
        yield _row(
            "/".join(part.replace("%", "%25").replace("/", "%2F") for part in ("anomaly", row["dataset"], row["column_name"], row["metric"]) if part),
            at=row["measured_at"], ok=not row["is_anomaly"], severity="high" if abs(z or 0) >= VERY_FAR else "medium", node=row["node"],
            sensitivity=row["sensitivity"], dataset=row["dataset"], column_name=row["column_name"], check_name=ANOMALIES.get(row["dimension"], "custom"),
            expected=f"{row['metric']} as in its history" + (f", about {row['baseline']:.6g}" if row["baseline"] is not None else ""), actual=said,
        )  # fmt: skip


def _runs(connection: "duckdb.DuckDBPyConnection") -> Iterator[Finding]:
    """The newest run of every test that documents brought; alerts that a publisher raised itself are the publisher's."""
    sql = f"""
        SELECT * FROM (
            SELECT q.*, CASE WHEN contains(q.check_id, '/') THEN regexp_replace(q.check_id, '/[^/]*$', '') ELSE q.check_id END AS test
            FROM quality_check q WHERE q.status IS NOT NULL AND NOT starts_with(q.check_id, '{OWN}'))
        QUALIFY row_number() OVER (PARTITION BY node, test, column_name, check_name ORDER BY opened DESC NULLS LAST, check_id DESC) = 1
        ORDER BY node, check_id"""
    for row in _rows(connection, sql):
        test = row.pop("test")
        yield Finding("\0".join((row["node"], test, row["column_name"] or "", row["check_name"])), QualityCheck(**row))


def _part(column: str) -> str:
    """SQL for a name inside a check's: its slashes are not those between names."""
    return f"replace(replace({column}, '%', '%25'), '/', '%2F')"


def _span(span: timedelta) -> str:
    days, rest = divmod(int(span.total_seconds()), 86_400)
    return f"{days} days" if days else f"{rest // 3600} h"
