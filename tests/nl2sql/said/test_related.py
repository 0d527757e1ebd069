"""Related rows: what is asked of the same one, and what belongs to each row of a list, shown where it is asked for and only tested elsewhere."""

import pytest

from nl2sql.said.related import of_the_same_row, of_what_is_asked
from tests.nl2sql.said.asked import said

NODES = "FROM nodes WHERE nodes.trust_score LT 0.8 EXISTS nodes.node=datasets.node datasets.phi IS_TRUE END SELECT nodes.node"
JOINED = "FROM nodes JOIN nodes.node=datasets.node WHERE nodes.trust_score LT 0.8 datasets.phi IS_TRUE SELECT nodes.node datasets.name"
CHECKED = "FROM datasets WHERE EXISTS datasets.name=quality_checks.dataset quality_checks.status EQ 'failed' END SELECT datasets.name datasets.owner"


@pytest.mark.parametrize("question", ["machines under 0.8 and the patient tables on them", "machines under 0.8 plus their patient data", "machines under 0.8, and which datasets of patients"])
def test_what_is_listed_too_is_shown(question: str) -> None:
    assert said(question, NODES) == JOINED
    assert said(question, JOINED) == JOINED


@pytest.mark.parametrize(
    ("question", "plan"),
    [
        ("machines under 0.8 with patient data", NODES),
        ("machines under 0.8 that hold tables of patients and the like", NODES),
        ("machines under 0.8 holding patient data >> and the datasets", NODES),
        ("tables with failed checks, and their checks", CHECKED),
        ("how many machines and the patient tables on them", NODES.replace("SELECT nodes.node", "SELECT COUNT")),
    ],
)
def test_what_is_only_tested_is_not(question: str, plan: str) -> None:
    assert said(question, plan) == plan


COPIES = "EXISTS datasets.name=replicas.dataset {} END"
OUTSIDE = "FROM datasets WHERE {} SELECT datasets.name"
BACKUP, ABROAD = "replicas.kind EQ 'backup'", "replicas.jurisdiction NE @jurisdiction1"


def test_different_things_asked_of_related_rows_are_of_the_same_row() -> None:
    apart = OUTSIDE.format(f"{COPIES.format(BACKUP)} {COPIES.format(ABROAD)}")
    assert said("tables of which a backup is outside the EU", apart, (of_the_same_row,)) == OUTSIDE.format(COPIES.format(f"{BACKUP} {ABROAD}"))


@pytest.mark.parametrize(
    "where",
    [
        f"{COPIES.format(BACKUP)} {COPIES.format(BACKUP.replace('backup', 'primary'))}",
        f"{COPIES.format(BACKUP)} NOT_{COPIES.format(ABROAD)}",
        f"{COPIES.format(BACKUP)} EXISTS datasets.name=quality_checks.dataset quality_checks.status EQ 'failed' END",
    ],
)
def test_what_no_one_row_can_meet_or_is_of_another_view_stays_apart(where: str) -> None:
    assert said("tables", OUTSIDE.format(where), (of_the_same_row,)) == OUTSIDE.format(where)


HOLDING = "FROM nodes WHERE nodes.trust_score LT 0.8 EXISTS nodes.node=datasets.node datasets.phi IS_TRUE END SELECT nodes.node{}"
HELD = "FROM datasets WHERE datasets.phi IS_TRUE EXISTS nodes.node=datasets.node nodes.trust_score LT 0.8 END SELECT datasets.name"


@pytest.mark.parametrize(
    ("question", "plan", "meant"),
    [
        ("machines under 0.8 >> and which datasets with patients lie on them", HOLDING.format(""), HELD),
        ("what datasets with patients are on nodes under 0.8", HOLDING.format(" nodes.operator"), HELD),
        ("what datasets with patients are on nodes under 0.8", HELD, HELD),
        ("which nodes under 0.8 hold datasets of patients", HOLDING.format(""), HOLDING.format("")),
        ("machines with which datasets of patients", HOLDING.format(""), HOLDING.format("")),
    ],
)
def test_what_is_asked_for_is_what_is_listed(question: str, plan: str, meant: str) -> None:
    assert said(question, plan, (of_what_is_asked,)) == meant
