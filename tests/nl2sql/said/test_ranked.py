"""What is ranked and by what: each rule with its near misses."""

import pytest

from nl2sql.said.ranked import of_the_times, of_what_is_ranked, worst_of_all
from tests.nl2sql.said.asked import said

RULES = (of_what_is_ranked, of_the_times, worst_of_all)
TOP = "FROM quality_checks SELECT {} ORDER COUNT DESC LIMIT 1 PER quality_checks.dataset"
CHECKS = "FROM quality_checks{} SELECT quality_checks.check_name ORDER {} DESC LIMIT 1"
CLAIMS = "FROM claims{} SELECT claims.claimant ORDER {} DESC LIMIT 1"
OLDEST = "FROM quality_metrics LATEST WHERE quality_metrics.dimension EQ '{}' SELECT quality_metrics.dataset ORDER {} LIMIT 1"

MENDED = [
    ("commonest test in each table", TOP.format("quality_checks.dataset"), TOP.format("quality_checks.dataset quality_checks.check_name")),
    ("what fails most often", CHECKS.format("", "quality_checks#failure_rate"), CHECKS.format(" WHERE quality_checks.status EQ 'failed'", "COUNT")),
    ("who gets outvoted most often", CLAIMS.format("", "claims#outvoted_share"), CLAIMS.format(" WHERE claims:outvoted", "COUNT")),
    ("worst age", OLDEST.format("freshness", "quality_metrics.value ASC"), OLDEST.format("freshness", "quality_metrics.value DESC")),
    ("poorest drift", OLDEST.format("drift", "MIN quality_metrics.value DESC"), OLDEST.format("drift", "MAX quality_metrics.value DESC")),
]
LEFT = [
    ("commonest test, by severity, in each table", TOP.format("quality_checks.dataset")),
    ("commonest thing in each table", TOP.format("quality_checks.dataset")),
    ("commonest test in each table", TOP.format("quality_checks.severity")),
    ("what has the worst failure rate", CHECKS.format("", "quality_checks#failure_rate")),
    ("what fails most often, as a percentage", CHECKS.format("", "quality_checks#failure_rate")),
    ("worst validity", OLDEST.format("validity", "quality_metrics.value ASC")),
    ("lowest drift", OLDEST.format("drift", "quality_metrics.value ASC")),
    ("best and worst drift", OLDEST.format("drift", "quality_metrics.value ASC")),
]


@pytest.mark.parametrize(("question", "plan", "mended"), MENDED, ids=[question for question, *_ in MENDED])
def test_what_is_ranked_is_what_is_said(question: str, plan: str, mended: str) -> None:
    assert said(question, plan, RULES) == mended
    assert said(question, mended, RULES) == mended


@pytest.mark.parametrize(("question", "plan"), LEFT, ids=[question for question, _ in LEFT])
def test_other_ranks_stay(question: str, plan: str) -> None:
    assert said(question, plan, RULES) == plan
