"""What belongs to each row of a list is shown where it is asked for, and only tested elsewhere."""

import pytest

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
