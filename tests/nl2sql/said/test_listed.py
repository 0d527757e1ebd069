"""Values that a question lists or tells the first of: each rule with its near misses."""

import pytest

from nl2sql.said.listed import of_each_compared, of_either, of_listed_values, passed_everything, worse_than_that
from tests.nl2sql.said.asked import said

RULES = (worse_than_that, passed_everything, of_listed_values, of_each_compared, of_either)
ALERTS = "FROM quality_checks WHERE {} SELECT COUNT"
MILD, GRAVE = "quality_checks.severity EQ 'low' OR quality_checks.severity EQ 'medium'", "quality_checks.severity EQ 'critical' OR quality_checks.severity EQ 'high'"
PASSED = "FROM quality_checks WHERE quality_checks.status EQ 'passed' SELECT quality_checks.dataset"
NOTHING_ELSE = "FROM quality_checks SELECT quality_checks.dataset HAVING quality_checks#pass_rate EQ 1"
PRICES = "FROM market WHERE market:offered SELECT {}"
PRICE = "AVG_IF market.price market.service EQ '{}' END"
NODES = "FROM nodes{} SELECT {}"
NODE = "COUNT_IF nodes.status EQ '{}' END"
EVENTS = "FROM node_events WHERE node_events.kind EQ 'outage' OR node_events.kind EQ 'partition' SELECT {}node_events#hours_to_resolve"
FAILED = "FROM quality_checks WHERE quality_checks.status EQ 'failed'{} SELECT {}"

MENDED = [
    ("problems that are high or worse", ALERTS.format("quality_checks.severity EQ 'high'"), ALERTS.format(GRAVE)),
    ("problems of at least high severity", ALERTS.format(MILD), ALERTS.format(GRAVE)),
    ("problems up to medium", ALERTS.format("quality_checks.severity EQ 'medium'"), ALERTS.format(MILD)),
    ("tables that passed all their tests", PASSED, NOTHING_ELSE),
    ("tables that only ever passed", PASSED, NOTHING_ELSE),
    ("mean price, access against compute", PRICES.format(f"{PRICE.format('access')} {PRICE.format('compute')}"), PRICES.format("market.service market#average_price")),
    ("what takes longer to fix, an outage or a partition", EVENTS.format(""), EVENTS.format("node_events.kind ")),
    (
        "online against offline machines",
        NODES.format("", f"{NODE.format('online')} {NODE.format('offline')}"),
        NODES.format(" WHERE nodes.status EQ 'offline' OR nodes.status EQ 'online'", "nodes.status COUNT"),
    ),
    (
        "tests, failed and errored",
        FAILED.format("", "quality_checks.check_id"),
        "FROM quality_checks WHERE quality_checks.status EQ 'error' OR quality_checks.status EQ 'failed' SELECT quality_checks.check_id quality_checks.status",
    ),
    (
        "numbers of errored, passed or failed tests",
        FAILED.format("", "COUNT"),
        "FROM quality_checks WHERE quality_checks.status EQ 'error' OR quality_checks.status EQ 'failed' OR quality_checks.status EQ 'passed' SELECT COUNT",
    ),
]
LEFT = [
    ("how long does an outage or a partition take", EVENTS.format("")),
    ("longer than an outage, and a partition", EVENTS.format("")),
    ("problems that are high", ALERTS.format("quality_checks.severity EQ 'high'")),
    ("problems that are high, or worse than period1", ALERTS.format("quality_checks.status EQ 'failed'")),
    ("problems from medium to high or worse", ALERTS.format(MILD)),
    ("tables that passed", PASSED),
    ("tables that failed all their tests", PASSED),
    ("only tables that passed", PASSED),
    ("tables that never passed all their tests", PASSED),
    ("how many are online and how many are offline", NODES.format("", f"{NODE.format('online')} {NODE.format('offline')}")),
    ("difference between online and offline machines", NODES.format("", f"{NODE.format('online')} {NODE.format('offline')}")),
    ("tests that failed, no errors", FAILED.format("", "quality_checks.check_id")),
    ("tests that failed, not passed or errored", FAILED.format("", "quality_checks.check_id")),
    ("failed tests since the last error", FAILED.format("", "quality_checks.check_id")),
]


@pytest.mark.parametrize(("question", "plan", "mended"), MENDED, ids=[question for question, *_ in MENDED])
def test_all_that_is_listed_counts(question: str, plan: str, mended: str) -> None:
    assert said(question, plan, RULES) == mended
    assert said(question, mended, RULES) == mended


@pytest.mark.parametrize(("question", "plan"), LEFT, ids=[question for question, _ in LEFT])
def test_what_is_not_listed_stays(question: str, plan: str) -> None:
    assert said(question, plan, RULES) == plan
