"""Measurements over publications: what documents once stated of a metric stays as its history, and new values are judged by it.

A document states a metric's present, or its last few values; the catalog keeps older ones while the metric is still stated. A metric
that no document states any more is taken back with its history. Runs inside a generation that is being written.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from catalog.quality.anomaly import FEWEST, WINDOW, Measured, judge
from catalog.sensitivity import stricter
from catalog.storage.rows import same_values, stage

if TYPE_CHECKING:
    import duckdb

MOST_KEPT = 180
"""Measurements of one metric of one place that are kept beside those that documents state."""
MOST_JUDGED = 400
"""Newest measurements of one metric that get a verdict: one that a node states a hundred thousand values of costs no hour."""
PUBLIC = "public"
OLDEST = timedelta(days=400)
"""Age, counted from the metric's newest measurement, beyond which one is dropped unless a document states it."""
SERIES = ("node", "dataset", "column_name", "metric", "unit")
VERDICTS = {
    "node": "VARCHAR", "dataset": "VARCHAR", "column_name": "VARCHAR", "metric": "VARCHAR", "unit": "VARCHAR", "measured_at": "TIMESTAMP",
    "baseline": "DOUBLE", "z_score": "DOUBLE", "is_anomaly": "BOOLEAN",
}  # fmt: skip
OPEN = "baseline IS NULL AND z_score IS NULL AND is_anomaly IS NULL"
"""Nobody has judged a value yet, its publisher included."""


def set_aside(connection: "duckdb.DuckDBPyConnection", node: str, key: str) -> None:
    """Remember the node's measurements that come from documents; ``key`` is SQL for a row's key as the table ``written`` has it."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE earlier AS SELECT * FROM metric WHERE node = $1 AND {key} IN "
        "(SELECT w.key FROM written w WHERE w.node = $1 AND w.record_type = 'metric')",
        [node],
    )


def keep(connection: "duckdb.DuckDBPyConnection", node: str, key: str) -> None:
    """Put back what was set aside and is older than what is stated of its metric; then judge the node's values that have no verdict.

    What is put back is at least as closed as the metric's newest statement: a dataset that was closed is closed with its history, and one
    that was opened keeps its past. Judged are values by what is public or of their own sensitivity, so that no verdict tells of others.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE stated AS SELECT {_columns()}, min(measured_at) AS first, max(measured_at) AS last, "
        "arg_max(sensitivity, measured_at) AS newest FROM metric WHERE node = $1 GROUP BY ALL",
        [node],
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE kept AS SELECT e.* REPLACE ({stricter('e.sensitivity', 's.newest')} AS sensitivity) "
        f"FROM earlier e JOIN stated s ON {same_values('e', 's', SERIES)} "
        f"WHERE e.measured_at < s.first AND e.measured_at >= s.last - INTERVAL '{OLDEST.days}' DAY "
        f"QUALIFY row_number() OVER (PARTITION BY {_columns('e')} ORDER BY e.measured_at DESC) <= {MOST_KEPT}"
    )
    connection.execute("INSERT INTO metric BY NAME SELECT * FROM kept")
    connection.execute(f"INSERT INTO written SELECT DISTINCT node, 'metric', {key} FROM kept metric")
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE changed AS
        SELECT {_columns()}, min(measured_at) AS since FROM (
            (SELECT {_columns()}, measured_at, value FROM metric WHERE node = $1 EXCEPT SELECT {_columns()}, measured_at, value FROM earlier)
            UNION ALL
            (SELECT {_columns("e")}, e.measured_at, e.value FROM earlier e JOIN stated s ON {same_values("e", "s", SERIES)} AND e.measured_at >= s.first
             EXCEPT SELECT {_columns()}, measured_at, value FROM metric WHERE node = $1)
        ) GROUP BY ALL""",
        [node],
    )
    # A value that is as it was keeps its verdict, as long as nothing before it is new, changed or gone.
    connection.execute(
        "UPDATE metric SET baseline = e.baseline, z_score = e.z_score, is_anomaly = e.is_anomaly "
        f"FROM earlier e LEFT JOIN changed c ON {same_values('e', 'c', SERIES)} "
        f"WHERE metric.node = $1 AND {same_values('metric', 'e', (*SERIES, 'measured_at', 'value'))} "
        "AND (c.since IS NULL OR e.measured_at < c.since) AND metric.baseline IS NULL AND metric.z_score IS NULL AND metric.is_anomaly IS NULL",
        [node],
    )
    _judge(connection, node)
    for table in ("earlier", "stated", "kept", "changed"):
        connection.execute(f"DROP TABLE {table}")


def _columns(table: str = "") -> str:
    """The columns that name a metric of a place, as SQL lists them."""
    return ", ".join(f'"{table}"."{name}"' if table else f'"{name}"' for name in SERIES)


def _judge(connection: "duckdb.DuckDBPyConnection", node: str) -> None:
    """Enter verdicts where the publisher gave none and there is history enough."""
    rows = connection.execute(
        f"SELECT {_columns('m')}, m.measured_at, m.value, m.sensitivity, m.measured_at >= c.since AND {OPEN} "
        f"FROM metric m JOIN changed c ON {same_values('m', 'c', SERIES)} WHERE m.node = $1 "
        f"QUALIFY count(*) OVER (PARTITION BY {_columns('m')}) > {FEWEST} ORDER BY ALL",
        [node],
    ).fetchall()
    verdicts = list(_verdicts(rows))
    declared = ", ".join(f'"{name}" {type_}' for name, type_ in VERDICTS.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE verdict ({declared})")
    stage(connection, "verdict", VERDICTS, verdicts)
    connection.execute(
        "UPDATE metric SET baseline = verdict.baseline, z_score = verdict.z_score, is_anomaly = verdict.is_anomaly FROM verdict "
        f"WHERE metric.node = $1 AND {same_values('metric', 'verdict', (*SERIES, 'measured_at'))}",
        [node],
    )
    connection.execute("DROP TABLE verdict")


def _verdicts(rows: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Verdicts on the values that are open, each by the values of its own series before it."""
    width = len(SERIES)
    for series, group in groupby(rows, key=lambda row: row[:width]):
        ordered = list(group)
        levels = {sensitivity for *_, sensitivity, _ in ordered}
        heard: dict[str, list[Measured]] = {level: [] for level in levels}
        for left, (*_, at, value, sensitivity, is_open) in zip(range(len(ordered), 0, -1), ordered, strict=True):
            now = Measured(at, value)
            if is_open and left <= MOST_JUDGED and (verdict := judge(heard[sensitivity][-WINDOW:], now, series[-1])):
                yield (*series, at, verdict.baseline, round(verdict.z_score, 4), verdict.is_anomaly)
            for level in levels if sensitivity == PUBLIC else (sensitivity,):
                heard[level].append(now)
