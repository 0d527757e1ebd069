"""What was measured, by the metric that the asker's catalog has: of a dimension there may be others."""

import pytest

from nl2sql.linking.mentions import Linked
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, full_scope
from nl2sql.plan.sql import compile_query
from nl2sql.plan.tokens import spelled
from nl2sql.said.rules import as_said
from tests.nl2sql.said.asked import NOW

METRICS = frozenset({"completeness", "uniqueness", "row_count", "age"})
LATEST = "FROM quality_metrics LATEST WHERE quality_metrics.{} EQ '{}' SELECT quality_metrics.dataset quality_metrics.value"
HELD = "FROM datasets WHERE EXISTS datasets.name=quality_metrics.dataset quality_metrics.{} EQ '{}' END SELECT datasets.name"
BOTH = "FROM quality_metrics WHERE quality_metrics.{0} EQ 'completeness' OR quality_metrics.{0} EQ 'uniqueness' SELECT quality_metrics.{0} quality_metrics#average_value"


def named(question: str, plan: str, metrics: frozenset[str] = METRICS) -> str:
    query, linked = parse(plan, full_scope()), Linked(question, {}, {}, metrics=metrics)
    assert isinstance(query, Query)
    mended = as_said(query, linked)
    assert as_said(mended, linked) == mended
    assert compile_query(mended, {}, NOW)
    return spelled(mended)


@pytest.mark.parametrize(
    ("question", "plan", "dimension", "metric"),
    [
        ("latest completeness per dataset", LATEST, "completeness", "completeness"),
        ("how complete is each dataset by its newest measurement", LATEST, "completeness", "completeness"),
        ("latest row counts per dataset", LATEST, "volume", "row_count"),
        ("age of each dataset at its last measurement", LATEST, "freshness", "age"),
        ("datasets whose uniqueness is measured", HELD, "uniqueness", "uniqueness"),
    ],
)
def test_a_dimension_is_asked_by_its_metric(question: str, plan: str, dimension: str, metric: str) -> None:
    assert named(question, plan.format("dimension", dimension)) == plan.format("metric", metric)


def test_a_metric_is_asked_as_its_catalog_writes_it() -> None:
    for metric, quoted in (("null share", "'null share'"), ("null's share", "'null''s share'")):
        plan = parse(LATEST.format("dimension", "completeness"), full_scope())
        assert isinstance(plan, Query)
        mended = as_said(plan, Linked(f"latest {metric} per dataset", {}, {}, metrics=frozenset((metric,))))
        assert f"quality_metrics.metric = {quoted}" in compile_query(mended, {}, NOW)


def test_both_of_two_are_asked_by_theirs_and_told_apart_by_them() -> None:
    assert named("mean completeness beside mean uniqueness", BOTH.format("dimension")) == BOTH.format("metric")
    one_is_none = BOTH.format("dimension").replace("uniqueness", "validity")
    assert named("mean completeness beside mean validity", one_is_none) == one_is_none


@pytest.mark.parametrize(
    ("question", "dimension", "metrics"),
    [
        ("latest completeness per dataset", "completeness", frozenset({"null_fraction"})),
        ("latest completeness per dataset", "completeness", frozenset[str]()),
        ("latest volume per dataset", "volume", METRICS),
        ("latest volume per dataset, not the row count", "volume", METRICS),
        ("row count and age per dataset", "volume", METRICS),
        ("what was measured of drift", "drift", METRICS),
    ],
)
def test_a_dimension_that_no_metric_stands_for_stays(question: str, dimension: str, metrics: frozenset[str]) -> None:
    plan = LATEST.format("dimension", dimension)
    assert named(question, plan, metrics) == plan
