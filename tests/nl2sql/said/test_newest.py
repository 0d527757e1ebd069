"""Rows over time: all of them where the words say so, the newest where they say nothing or that, one amount for each month."""

import pytest

from nl2sql.said.newest import from_one_to_another, of_its_newest, of_what_was_measured, over_time
from tests.nl2sql.said.asked import said

RULES = (of_what_was_measured, over_time, of_its_newest, from_one_to_another)
DRIFT = "FROM quality_metrics{} WHERE quality_metrics.dataset EQ @dataset1 quality_metrics.dimension EQ 'drift' SELECT {}"
VALUE, WHEN = "quality_metrics.value", "quality_metrics.value quality_metrics.measured_at"
HIGH = "FROM quality_metrics{} WHERE quality_metrics.value GT @number1 SELECT quality_metrics.dataset"
DENIED = "FROM audit_log WHERE audit_log.at DURING @{} SELECT {}audit_log#denial_rate"
LAST = "FROM quality_checks WHERE {} SELECT quality_checks.dataset{}"
FAILED = "quality_checks.status EQ 'failed'"
OUTAGE = "FROM node_events WHERE node_events.kind EQ 'outage' SELECT node_events.node ORDER {} DESC LIMIT 10"
ROWS = "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.row_count"
MEASURED = "FROM quality_metrics WHERE quality_metrics.dataset EQ @dataset1 quality_metrics.dimension EQ 'volume' SELECT quality_metrics.value quality_metrics.measured_at"

MENDED = [
    ("rows in dataset1 over time", ROWS, MEASURED),
    ("tables whose latest test failed", LAST.format(FAILED, ""), f"FROM quality_checks WHERE quality_checks.opened NOT_NULL NEWEST {FAILED} SELECT quality_checks.dataset quality_checks.opened"),
    (
        "tables whose latest critical test failed",
        LAST.format(f"{FAILED} quality_checks.severity EQ 'critical'", " MAX quality_checks.opened"),
        f"FROM quality_checks WHERE quality_checks.severity EQ 'critical' quality_checks.opened NOT_NULL NEWEST {FAILED} SELECT quality_checks.dataset quality_checks.opened",
    ),
    (
        "machines whose last event was an outage",
        OUTAGE.format("MAX node_events.at"),
        "FROM node_events WHERE node_events.at NOT_NULL NEWEST node_events.kind EQ 'outage' SELECT node_events.node node_events.at",
    ),
    ("drift for dataset1 at any point", DRIFT.format(" LATEST", VALUE), DRIFT.format("", WHEN)),
    ("drift for dataset1 by date", DRIFT.format(" LATEST", VALUE), DRIFT.format("", WHEN)),
    ("all drift readings for dataset1", DRIFT.format(" LATEST", VALUE), DRIFT.format("", WHEN)),
    ("what ever went over number1 %", HIGH.format(" LATEST"), HIGH.format("")),
    ("has the denial rate gone up period1", DENIED.format("period1", ""), DENIED.format("period1", "MONTH audit_log.at ")),
]
LEFT = [
    ("rows in dataset1", ROWS),
    ("rows in dataset1 as last measured over time", ROWS),
    (
        "tables on silent machines whose last test took place in May",
        "FROM quality_checks WHERE EXISTS nodes.node=quality_checks.node nodes.status EQ 'offline' END SELECT quality_checks.dataset",
    ),
    ("tables with failed tests", LAST.format(FAILED, "")),
    ("the last failed tests and their tables", LAST.format(FAILED, "")),
    ("outages whose last record was long: their machines", OUTAGE.format("MAX node_events.at")),
    ("machines whose last event was longest", OUTAGE.format("node_events.severity")),
    ("drift for dataset1", DRIFT.format(" LATEST", VALUE)),
    ("last drift readings for dataset1", DRIFT.format(" LATEST", VALUE)),
    ("has drift for dataset1 changed, as of today", DRIFT.format(" LATEST", VALUE)),
    ("what is over number1 %", HIGH.format(" LATEST")),
    # No change is asked for, or one month is all there is.
    ("denial rate period1", DENIED.format("period1", "")),
    ("has the denial rate gone up period2", DENIED.format("period2", "")),
]


@pytest.mark.parametrize(("question", "plan", "mended"), MENDED, ids=[question for question, *_ in MENDED])
def test_times_are_those_that_are_said(question: str, plan: str, mended: str) -> None:
    assert said(question, plan, RULES) == mended
    assert " NEWEST " in mended or said(question, mended, RULES) == mended


@pytest.mark.parametrize(("question", "plan"), LEFT, ids=[question for question, _ in LEFT])
def test_other_times_stay(question: str, plan: str) -> None:
    assert said(question, plan, RULES) == plan
