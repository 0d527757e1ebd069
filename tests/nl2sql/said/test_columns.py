"""Columns that a question names are shown, and no others."""

import pytest

from tests.nl2sql.said.asked import said

CHECKS = "FROM quality_checks WHERE quality_checks.status EQ 'failed' SELECT quality_checks.check_name{}"
GRANTS = "FROM grants WHERE grants.dataset EQ @dataset2 SELECT grants.principal{}"
NODES = "FROM nodes WHERE nodes.uptime LT 0.9 SELECT nodes.node{}"
OWNERS = "FROM datasets SELECT datasets.owner COUNT"

MENDED = [
    ("failed tests, their severity and alert status", CHECKS.format(""), CHECKS.format(" quality_checks.severity quality_checks.alert_status")),
    ("failed tests: name, severity, table", CHECKS.format(" quality_checks.dataset"), CHECKS.format(" quality_checks.dataset quality_checks.severity")),
    ("machines up less than 0.9, operator / trust score please", NODES.format(""), NODES.format(" nodes.operator nodes.trust_score")),
    ("machines up less than 0.9 and in which network", NODES.format(""), NODES.format(" nodes.network")),
    ("which operator has machines up less than 0.9", NODES.format(""), NODES.format(" nodes.operator")),
    ("who may use dataset2, and by whom", GRANTS.format(""), GRANTS.format(" grants.granted_by")),
    ("who may use dataset2 and who granted it", GRANTS.format(""), GRANTS.format(" grants.granted_by")),
]
LEFT = [
    ("tests that failed by severity", CHECKS.format("")),
    ("failed tests with high severity", CHECKS.format("")),
    ("failed tests of any severity", CHECKS.format("")),
    ("failed tests and status, severity, expected, actual, alert status, opened", CHECKS.format("")),
    ("failed tests and their assignee", CHECKS.format("")),
    ("failed tests with severity, sorted by severity", CHECKS.format(" quality_checks.severity ORDER quality_checks.severity DESC")),
    ("machines with low uptime", NODES.format("")),
    ("machines and their trust score >> those up less than 0.9", NODES.format("")),
    ("tables per owner and licence", OWNERS),
    ("rounds of run2", "FROM training_rounds WHERE training_rounds.run EQ @run2 SELECT training_rounds.accuracy"),
    ("who may use dataset2", GRANTS.format("")),
]


@pytest.mark.parametrize(("question", "plan", "mended"), MENDED, ids=[question for question, *_ in MENDED])
def test_a_column_that_is_named_is_shown(question: str, plan: str, mended: str) -> None:
    assert said(question, plan) == mended
    assert said(question, mended) == mended


@pytest.mark.parametrize(("question", "plan"), LEFT, ids=[question for question, _ in LEFT])
def test_other_columns_are_not(question: str, plan: str) -> None:
    assert said(question, plan) == plan
