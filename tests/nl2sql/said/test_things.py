"""What a list is of, as the words of the question say; each rule with its near misses."""

import pytest

from tests.nl2sql.said.asked import said

NODES = "FROM nodes WHERE {}EXISTS nodes.node=audit_log.node audit_log.decision EQ 'denied' END SELECT nodes.node"
ASKED = "FROM audit_log WHERE audit_log.dataset EQ @dataset1 NOT_EXISTS {}grants:live END SELECT audit_log.actor"
ANYBODY = "audit_log.dataset=grants.dataset "
THEIR_OWN = "audit_log.actor=grants.principal grants.dataset EQ @dataset1 "
UNLISTED = "FROM grants WHERE {}grants:live SELECT grants.principal"
NO_DATASET = "NOT_EXISTS datasets.name=grants.dataset END "
KINDS = "FROM columns WHERE {} SELECT columns.pii_category"
ENDS = "FROM datasets SELECT datasets.name ORDER datasets.last_updated DESC LIMIT {}"
PRICES = "FROM market WHERE market:offered SELECT market.dataset ORDER market.price ASC LIMIT {}"

MENDED = [
    ("people who have never been denied", NODES.format("NOT_"), "FROM audit_log WHERE NOT_EXISTS audit_log.actor=audit_log.actor audit_log.decision EQ 'denied' END SELECT audit_log.actor"),
    ("which roles were denied", NODES.format(""), "FROM audit_log WHERE audit_log.decision EQ 'denied' SELECT audit_log.role"),
    ("who asked for dataset1 without a grant", ASKED.format(ANYBODY), ASKED.format(THEIR_OWN)),
    ("who may read on", UNLISTED.format(NO_DATASET), "FROM grants WHERE grants:live SELECT grants.principal"),
    ("which kinds of personal data do we hold", "FROM columns SELECT columns.pii_category", KINDS.format("columns:personal")),
    ("the newest and the oldest table", ENDS.format("1"), ENDS.format("1 BOTH_ENDS")),
    ("cheapest and most expensive table on offer", PRICES.format("1"), PRICES.format("1 BOTH_ENDS")),
]
LEFT = [
    ("machines that have never been denied", NODES.format("NOT_")),
    ("what was never denied", NODES.format("NOT_")),
    ("tables asked for that nobody may read", "FROM audit_log WHERE audit_log.dataset EQ @dataset1 NOT_EXISTS audit_log.dataset=grants.dataset grants:live END SELECT audit_log.dataset"),
    ("who may read datasets that are not listed", UNLISTED.format(NO_DATASET)),
    ("what each column holds, by kinds", "FROM columns SELECT columns.pii_category"),
    ("which kinds of personal data are names", KINDS.format("columns.pii_category EQ 'name'")),
    ("what kind of personal data is in this column", "FROM columns WHERE columns.column_name EQ @column1 SELECT columns.pii_category"),
    (
        "who may read dataset1, which is not offered",
        "FROM grants WHERE grants.dataset EQ @dataset1 NOT_EXISTS grants.dataset=market.dataset market:offered END SELECT grants.principal",
    ),
    ("the newest table", ENDS.format("1")),
    ("the cheapest table and the average", PRICES.format("1")),
    ("the newest and the oldest tables", ENDS.format("5")),
]


@pytest.mark.parametrize(("question", "plan", "meant"), MENDED)
def test_a_list_is_of_what_is_asked_for(question: str, plan: str, meant: str) -> None:
    assert said(question, plan) == meant


@pytest.mark.parametrize(("question", "plan"), LEFT)
def test_other_lists_stay(question: str, plan: str) -> None:
    assert said(question, plan) == plan
