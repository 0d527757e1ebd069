"""Values that a question lists or tells the first of: each rule with its near misses."""

import pytest

from nl2sql.linking.mentions import Linked, Mention
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, full_scope
from nl2sql.plan.tokens import spelled
from nl2sql.said.listed import (
    of_each_compared,
    of_each_listed,
    of_either,
    of_listed_values,
    passed_everything,
    with_what_is_listed,
    worse_than_that,
)
from nl2sql.values import Text
from tests.nl2sql.said.asked import said

RULES = (worse_than_that, passed_everything, of_listed_values, of_each_listed, of_each_compared, of_either)
LANGUAGES = "FROM datasets WHERE {} SELECT datasets.name"
ALL_THREE = LANGUAGES.format("datasets.languages HAS @language1 datasets.languages HAS @language2{}")
FIELDS = "FROM columns WHERE columns.pii_category EQ '{}' OR columns.pii_category EQ '{}'{} SELECT columns.dataset columns.pii_category"
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
    ("data in language1, language2 and language3", ALL_THREE.format(""), ALL_THREE.format(" datasets.languages HAS @language3")),
    ("fields with names, e-mail addresses and phone numbers", FIELDS.format("address", "name", ""), FIELDS.format("email", "name", " OR columns.pii_category EQ 'phone'")),
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


@pytest.mark.parametrize(
    ("plan", "shown"),
    [
        ("FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.owner", "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.name datasets.owner"),
        ("FROM datasets WHERE datasets.name EQ @dataset1 SELECT SUM datasets.row_count", None),
        ("FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.owner ORDER datasets.row_count DESC LIMIT 1", None),
        ("FROM datasets WHERE datasets.name NE @dataset1 SELECT datasets.owner", None),
    ],
)
@pytest.mark.parametrize("several", [True, False])
def test_what_is_told_of_each_of_a_list_is_told_with_its_name(plan: str, shown: str | None, several: bool) -> None:
    names = Text(("C4", "Alpaca", "COCO"))
    linked = Linked("who owns dataset1", {"@dataset1": names}, {"@dataset1": Mention(9, 17, "dataset", names, "C4, Alpaca and COCO", several=several)})
    query = parse(plan, full_scope())
    assert isinstance(query, Query)
    assert spelled(with_what_is_listed(query, linked)) == spelled(query if shown is None or not several else parse(shown, full_scope()))


def test_what_is_compared_with_several_is_told_of_each() -> None:
    names = {f"@domain{at}": Text((name,)) for at, name in enumerate(("healthcare", "logistics", "finance"), 1)}
    linked = Linked("avg quality domain1 vs domain2 vs domain3", names, {slot: Mention(0, 1, "domain", value, value.values[0]) for slot, value in names.items()})
    mean = "AVG_IF datasets.quality_score datasets.domain EQ @domain{} END"
    query = parse(f"FROM datasets SELECT {mean.format(1)} {mean.format(2)}", full_scope())
    assert isinstance(query, Query)
    either = " OR ".join(f"datasets.domain EQ @domain{at}" for at in (1, 2, 3))
    assert spelled(of_each_compared(query, linked)) == f"FROM datasets WHERE {either} SELECT datasets.domain datasets#average_quality"
