"""The table that says how well a plan explains the words of a question: small corpora whose shares are worked out by hand, and the one that ships."""

from pathlib import Path

import pytest

from nl2sql.embedded.parser import WEIGHTS
from nl2sql.embedded.words import parts, said, table
from nl2sql.errors import BackendUnavailable

PLAN = "FROM quality_checks WHERE {}quality_checks.alert_status EQ 'open' SELECT quality_checks.dataset"


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ("REFUSE", ["REFUSE"]),
        ("FROM datasets WHERE datasets.pii IS_TRUE SELECT datasets.name", ["datasets", "W:datasets.pii", "datasets.pii~IS_TRUE", "IS_TRUE", "S:datasets.name"]),
        ("FROM nodes SELECT nodes.country COUNT ORDER COUNT DESC LIMIT 1", ["nodes", "S:nodes.country", "COUNT", "DESC", "LIMIT", "1"]),
        (
            "FROM market WHERE market:sold EXISTS datasets.name=market.dataset datasets.owner EQ @org1 END SELECT market.buyer",
            ["market", "market:sold", "EXISTS", "datasets.name=market.dataset", "W:datasets.owner", "@org1", "S:market.buyer"],
        ),
    ],
)
def test_a_plan_is_made_of_its_columns_by_clause_and_its_other_tokens(plan: str, found: list[str]) -> None:
    assert parts(plan.split()) == found


def test_words_are_said_once_and_slots_are_words() -> None:
    assert said("Who owns dataset1, who OWNS 5% of dataset2?") == ["who", "owns", "dataset1", "5", "%", "of", "dataset2"]


@pytest.mark.parametrize(
    ("question", "better", "worse"),
    [
        ("datasets with a critical or high alert that is open", "quality_checks.severity EQ 'critical' OR quality_checks.severity EQ 'high' ", ""),
        ("datasets with an open alert about completeness", "quality_checks.dimension EQ 'completeness' ", "quality_checks.dimension EQ 'uniqueness' "),
    ],
)
def test_what_the_question_speaks_of_is_explained_by_the_plan_that_has_it(question: str, better: str, worse: str) -> None:
    words = table(WEIGHTS)
    assert words.weight(question, PLAN.format(better).split()) > words.weight(question, PLAN.format(worse).split())


def test_unknown_words_say_nothing() -> None:
    assert table(WEIGHTS).weight("zzyzx qwrtp", PLAN.format("").split()) == 0.0


def test_a_table_that_is_missing_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="table of words"):
        table(tmp_path)
