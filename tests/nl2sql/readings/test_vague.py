"""Questions back for expressions that may mean several things, and questions that say which."""

import pytest

from nl2sql.embedded.parser import Candidate
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import column_of
from nl2sql.readings.vague import EXPRESSIONS, STATES, vague

QUERY = "FROM grants WHERE grants:expired SELECT grants.principal"


def asked(question: str, plan: str = QUERY) -> tuple[str, ...]:
    found = vague(Candidate(parse(plan), tuple(plan.split()), 0.9), question)
    return tuple(choice.args[0] for choice in found.choices) if found else ()


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("whatever has expired", "grants.expires"),
        ("show me everything that has been revoked period1", "grants.revoked"),
        ("what is still open at org1?", "quality_checks.alert_status"),
        ("so what failed period1?", "quality_checks.status"),
        ("is there anything overdue?", "compliance.retention_until"),
        ("which things are critical", "quality_checks.severity"),
        ("what happened period1?", "node_events.kind"),
        ("what's changed period1", "datasets.last_updated"),
        ("number of customers we have", "market#buyers"),
        ("a list of our partners, please", "datasets.owner"),
        ("would you tell me our failure rate, please? it's for the scorecard", "quality_checks#failure_rate"),
        ("what's the most popular dataset?", "market#buyers"),
        ("personal fields that aren't protected properly", "columns.encrypted"),
        ("machines that are not well protected", "nodes.encrypted_at_rest"),
        ("so are we compliant or not", "compliance.status"),
    ],
)
def test_what_may_mean_several_things_is_asked_back(question: str, first: str) -> None:
    assert asked(question)[0] == first


@pytest.mark.parametrize(
    "question",
    [
        "which grants have expired",
        "what expired on dataset1",
        "what failed on node1 period1",
        "what is the failure rate of checks",
        "the most popular model",
        "the datasets most in demand for training",
        "how many customers did dataset1 have",
        "what happened on node1 period1",
        "what was revoked and by whom",
        "what was denied period1",
        "what is confidential here",
        "what has to be deleted within period1",
        "are we compliant with regulation1",
        "everything that is open and critical on the nodes of org1",
    ],
)
def test_what_says_which_is_answered(question: str) -> None:
    assert asked(question) == ()


@pytest.mark.parametrize(
    ("question", "plan", "is_asked"),
    [
        ("whatever has expired, just put it in a list", "CHANGE", True),
        ("delete whatever has expired", "CHANGE", False),
        ("a list of our partners", "WHICH ?org", True),
        ("what happened?", "REFUSE", False),
        ("what has expired", "ASK grants.expires consents.expires", False),
        ("our failure rate", "CHANGE", False),
    ],
)
def test_what_is_no_question_stays_none(question: str, plan: str, is_asked: bool) -> None:
    assert bool(asked(question, plan)) == is_asked


def test_each_choice_is_of_the_semantic_layer_and_of_another_kind() -> None:
    for one in (*STATES, *EXPRESSIONS):
        assert len(set(one.choices)) == len(one.choices) > 1
        assert all(column_of(choice) for choice in one.choices if "." in choice)
        parse("ASK " + " ".join(one.choices))
