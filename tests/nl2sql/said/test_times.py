"""Which times a question is about: each rule with its near misses."""

from datetime import datetime

import pytest

from nl2sql.linking.mentions import ROW_ID, Linked, Mention
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, full_scope
from nl2sql.plan.tokens import spelled
from nl2sql.said.rules import as_said
from nl2sql.values import Period, Text
from tests.nl2sql.said.asked import said

COPIES = "FROM replicas WHERE {} SELECT replicas.dataset"
ALERTS = "FROM quality_checks SELECT COUNT_IF quality_checks.{} DURING @period2 END COUNT_IF quality_checks.{} DURING @period3 END"
FLOWS = "FROM lineage WHERE lineage.upstream EQ @dataset1{} SELECT lineage.downstream"
RULES = "FROM policies WHERE policies.valid_from DURING @period1 SELECT policies.name"
BY_MONTH = "FROM market SELECT {} market.at COUNT ORDER {} market.at ASC"
TOMORROW = Period(datetime(2026, 10, 17), datetime(2026, 10, 18))

MENDED = [
    ("copies not synced lately", COPIES.format("replicas.last_synced IS_NULL replicas.last_synced NOT_DURING @period1"), COPIES.format("replicas.last_synced NOT_DURING @period1")),
    ("copies not synced lately", COPIES.format("replicas.last_synced IS_NULL replicas:out_of_sync"), COPIES.format("replicas:out_of_sync")),
    ("alerts period2 against period3", ALERTS.format("opened", "resolved"), ALERTS.format("opened", "opened")),
]
LEFT = [
    ("copies never synced", COPIES.format("replicas.last_synced IS_NULL")),
    ("copies never tested", COPIES.format("replicas.last_restore_test IS_NULL replicas.last_synced NOT_DURING @period1")),
    ("alerts opened period2 and resolved period3", ALERTS.format("opened", "resolved")),
    ("alerts of period2 closed in period3", ALERTS.format("opened", "resolved")),
]


@pytest.mark.parametrize(("question", "plan", "mended"), MENDED, ids=[f"{question}, {plan[-12:]}" for question, plan, _ in MENDED])
def test_times_are_those_that_are_said(question: str, plan: str, mended: str) -> None:
    assert said(question, plan) == mended
    assert said(question, mended) == mended


@pytest.mark.parametrize(("question", "plan"), LEFT, ids=[question for question, _ in LEFT])
def test_other_times_stay(question: str, plan: str) -> None:
    assert said(question, plan) == plan


def asked(plan: str, linked: Linked) -> str:
    query = parse(plan, full_scope())
    assert isinstance(query, Query)
    return spelled(as_said(query, linked))


def test_nothing_has_happened_in_a_time_to_come() -> None:
    for surface, plan, mended in (
        ("tomorrow", FLOWS.format(" lineage.last_run DURING @period1"), FLOWS.format("")),
        ("yesterday", FLOWS.format(" lineage.last_run DURING @period1"), FLOWS.format(" lineage.last_run DURING @period1")),
        ("tomorrow", RULES, RULES),
    ):
        assert asked(plan, Linked("what runs period1", {"@period1": TOMORROW}, {"@period1": Mention(0, 1, "period", TOMORROW, surface)})) == mended


@pytest.mark.parametrize("part", ["QUARTER", "WEEKDAY", "HOUR"])
def test_other_parts_of_a_date_stand_where_the_model_writes_one_that_it_knows(part: str) -> None:
    monthly = BY_MONTH.format("MONTH", "MONTH")
    assert asked(monthly, Linked("sales per month", {}, {}, part=part)) == BY_MONTH.format(part, part)
    assert asked(monthly, Linked("sales per month", {}, {})) == monthly


def test_a_row_that_is_named_by_its_identifier_is_that_row() -> None:
    named = Linked("all about the event", {ROW_ID: Text(("E-1",))}, {})
    assert asked("FROM node_events SELECT SHOW", named) == "FROM node_events WHERE node_events.event_id EQ @id1 SELECT SHOW"
    assert asked("FROM node_events WHERE node_events.severity EQ 'low' node_events:open SELECT SHOW", named) == "FROM node_events WHERE node_events.event_id EQ @id1 SELECT SHOW"
    assert asked("FROM replicas SELECT SHOW", named) == "FROM replicas SELECT SHOW"


@pytest.mark.parametrize(("name", "is_joined"), [("Face data is not for training", True), ("P-013", False)])
def test_what_a_rule_decided_is_known_by_its_identifier(name: str, is_joined: bool) -> None:
    rule = Text((name,))
    named = Linked("how often did policy1 refuse somebody", {"@policy1": rule}, {"@policy1": Mention(14, 21, "policy", rule, name)})
    refused = "FROM audit_log WHERE audit_log.decision EQ 'denied' {} SELECT COUNT"
    own = refused.format("audit_log.policy EQ @policy1")
    assert asked(own, named) == (refused.format("EXISTS policies.policy_id=audit_log.policy policies.name EQ @policy1 END") if is_joined else own)
