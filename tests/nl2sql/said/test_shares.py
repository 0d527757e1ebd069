"""Of which rows a share is, and where a number is asked for: each rule with its near misses."""

import pytest

from nl2sql.said.shares import of_more_than_those, of_one_node, of_the_number_alone, within_each
from tests.nl2sql.said.asked import said

RULES = (of_more_than_those, of_the_number_alone, of_one_node, within_each)
FAILURES = "FROM quality_checks{} SELECT quality_checks.dataset {}"
BESIDE_ALL = "COUNT_IF quality_checks.status EQ 'failed' END COUNT"
ONLINE = "FROM nodes WHERE nodes.node EQ @{} SELECT {}"
SHARE = "SHARE_IF nodes.status EQ 'online' END"
MONTHS = "FROM quality_checks{} SELECT {} {}"
FAILED = "quality_checks.status EQ 'failed'"
MAY, JUNE = "quality_checks.opened DURING @period2", "quality_checks.opened DURING @period3"
OF_EACH = f"FROM quality_checks SELECT SHARE_IF {MAY} {FAILED} AMONG {MAY} END SHARE_IF {JUNE} {FAILED} AMONG {JUNE} END"

MENDED = [
    ("failure rates of tables", FAILURES.format(f" WHERE {FAILED}", "quality_checks#failure_rate"), FAILURES.format("", "quality_checks#failure_rate")),
    ("failure rates period2 against period3", MONTHS.format("", f"SHARE_IF {FAILED} {MAY} END", f"SHARE_IF {FAILED} {JUNE} END"), OF_EACH),
    ("failure rates period2 against period3", MONTHS.format("", f"SHARE_IF {FAILED} {MAY} END", f"SHARE_IF {JUNE} END"), OF_EACH),
    ("failure rates period2 against period3", MONTHS.format(f" WHERE {FAILED}", f"SHARE_IF {MAY} END", f"SHARE_IF {JUNE} END"), OF_EACH),
    ("failure rates period2 against period3", MONTHS.format("", f"COUNT_IF {FAILED} {MAY} END", f"COUNT_IF {FAILED} {JUNE} END"), OF_EACH),
    ("which part failed period2", MONTHS.format("", f"SHARE_IF {FAILED} {MAY} END", "").strip(), f"FROM quality_checks WHERE {MAY} SELECT quality_checks#failure_rate"),
    ("number of failures per table", FAILURES.format("", BESIDE_ALL), FAILURES.format(" WHERE quality_checks.status EQ 'failed'", "COUNT")),
    ("which part of the time was node1 online", ONLINE.format("node1", SHARE), ONLINE.format("node1", "nodes.uptime")),
]
LEFT = [
    ("which part of failures is critical", f"FROM quality_checks WHERE {FAILED} SELECT SHARE_IF {FAILED} quality_checks.severity EQ 'critical' END"),
    ("numbers of failures period2 against period3", MONTHS.format("", f"COUNT_IF {FAILED} {MAY} END", f"COUNT_IF {FAILED} {JUNE} END")),
    ("what share of failures is from period2, and from period3", MONTHS.format(f" WHERE {FAILED}", f"SHARE_IF {MAY} END", f"SHARE_IF {JUNE} END")),
    ("shares of failures and successes", MONTHS.format("", f"SHARE_IF {FAILED} END", "SHARE_IF quality_checks.status EQ 'passed' END")),
    ("number of failures per table out of all", FAILURES.format("", BESIDE_ALL)),
    ("how many failures and how many tests per table", FAILURES.format("", BESIDE_ALL)),
    ("which part of node2 is online", ONLINE.format("node2", SHARE)),
    ("which part of node1 is offline", ONLINE.format("node1", "SHARE_IF nodes.status EQ 'offline' END")),
]


@pytest.mark.parametrize(("question", "plan", "mended"), MENDED, ids=[question for question, *_ in MENDED])
def test_shares_are_of_what_is_said(question: str, plan: str, mended: str) -> None:
    assert said(question, plan, RULES) == mended


@pytest.mark.parametrize(("question", "plan"), LEFT, ids=[question for question, _ in LEFT])
def test_other_shares_stay(question: str, plan: str) -> None:
    assert said(question, plan, RULES) == plan
