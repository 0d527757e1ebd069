"""Things that never were so, only ever were so, and groups that have none of it; each rule with its near misses."""

import pytest

from tests.nl2sql.said.asked import said

GROUPS = "FROM consents WHERE {} SELECT consents.subject_group"
UNTAKEN = GROUPS.format("consents.withdrawn IS_NULL")
NEVER = GROUPS.format("NOT_EXISTS consents.subject_group=consents.subject_group consents.withdrawn NOT_NULL END")
DENIED = "FROM audit_log WHERE audit_log.decision EQ 'denied'{} SELECT audit_log.actor"
ALLOWED = " NOT_EXISTS audit_log.actor=audit_log.actor audit_log.decision NE 'denied' END"
RUNS = "FROM training_rounds{} SELECT training_rounds.run{}"
FAILED, NONE_FAILED = " WHERE training_rounds.status EQ 'failed'", " HAVING COUNT_IF training_rounds.status EQ 'failed' END EQ 0"
ALERTS = "FROM quality_checks WHERE {} SELECT quality_checks.assignee COUNT"
OWNERS = "FROM datasets{} SELECT datasets.owner{}"

MENDED = [
    ("who has never withdrawn a consent", UNTAKEN, NEVER),
    ("groups that have never withdrawn anything", UNTAKEN, NEVER),
    ("who only ever got denied", DENIED.format(""), DENIED.format(ALLOWED)),
    ("who was denied every time", DENIED.format(""), DENIED.format(ALLOWED)),
    ("runs in which not a single round failed", RUNS.format(FAILED, ""), RUNS.format("", NONE_FAILED)),
    ("runs with not one failed round", RUNS.format(FAILED, ""), RUNS.format("", NONE_FAILED)),
    ("runs where none of the rounds failed", RUNS.format(FAILED, ""), RUNS.format("", NONE_FAILED)),
    ("alerts of each, not those of nobody", ALERTS.format("quality_checks:unassigned"), ALERTS.format("quality_checks.assignee NOT_NULL")),
    ("alerts of each, not those of nobody", ALERTS.format("quality_checks.assignee IS_NULL"), ALERTS.format("quality_checks.assignee NOT_NULL")),
    ("owners with no personal data", OWNERS.format(" WHERE datasets.pii IS_FALSE", ""), OWNERS.format("", " HAVING COUNT_IF datasets.pii IS_TRUE END EQ 0")),
    (
        "owners that have no restricted tables",
        OWNERS.format(" WHERE datasets.sensitivity NE 'restricted'", ""),
        OWNERS.format("", " HAVING COUNT_IF datasets.sensitivity EQ 'restricted' END EQ 0"),
    ),
]
LEFT = [
    ("groups of consents that have never been withdrawn", UNTAKEN),
    ("groups whose consent stands", UNTAKEN),
    ("runs with one failed round", RUNS.format(FAILED, "")),
    ("runs that failed and none of the others", RUNS.format(FAILED, "")),
    ("not one run has a failed round, or which have", RUNS.format(FAILED, "")),
    ("how many alerts has nobody", "FROM quality_checks WHERE quality_checks:unassigned SELECT COUNT"),
    ("who was denied", DENIED.format("")),
    ("owners of tables with no personal data", OWNERS.format(" WHERE datasets.pii IS_FALSE", "")),
    ("tables with no personal data", "FROM datasets WHERE datasets.pii IS_FALSE SELECT datasets.name"),
]


@pytest.mark.parametrize(("question", "plan", "meant"), MENDED)
def test_no_row_of_theirs_is_so(question: str, plan: str, meant: str) -> None:
    assert said(question, plan) == meant


@pytest.mark.parametrize(("question", "plan"), LEFT)
def test_rows_that_are_not_so_stay(question: str, plan: str) -> None:
    assert said(question, plan) == plan
