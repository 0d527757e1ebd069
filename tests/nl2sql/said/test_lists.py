"""How many a list holds: the number for the list, and bounds on it; each rule with its near misses."""

import pytest

from nl2sql.said.lists import how_many_it_holds, of_so_many
from tests.nl2sql.said.asked import said

RULES = (how_many_it_holds, of_so_many)
OF_ONE = "FROM datasets WHERE datasets.name EQ @dataset1 SELECT {}"
SOME = "FROM datasets WHERE datasets.aliases NOT_NULL SELECT datasets.name"
SO_MANY = "FROM datasets SELECT datasets.name COUNT_DISTINCT datasets.aliases HAVING COUNT_DISTINCT datasets.{} {} @number1"

MENDED = [
    ("how many languages does dataset1 cover", OF_ONE.format("datasets.languages"), OF_ONE.format("LEN datasets.languages")),
    ("the number of aliases of dataset1", OF_ONE.format("datasets.aliases"), OF_ONE.format("LEN datasets.aliases")),
    ("with number1+ aliases", SO_MANY.format("name", "GE"), SO_MANY.format("aliases", "GE")),
    ("with number1+ aliases", SOME, SO_MANY.format("aliases", "GE")),
    ("that have more than number1 aliases", SOME, SO_MANY.format("aliases", "GT")),
    ("that have at least number1 aliases", SOME, SO_MANY.format("aliases", "GE")),
    ("with number1 aliases", SOME, SO_MANY.format("aliases", "EQ")),
]
LEFT = [
    ("which languages does dataset1 cover", OF_ONE.format("datasets.languages")),
    ("how many rows in the languages of dataset1", OF_ONE.format("datasets.languages")),
    ("that have aliases", SOME),
    ("that have aliases and number1 rows", SOME),
    ("with more than number1 aliases", SO_MANY.format("aliases", "GT")),
]


@pytest.mark.parametrize(("question", "plan", "meant"), MENDED)
def test_what_a_list_holds_is_counted(question: str, plan: str, meant: str) -> None:
    assert said(question, plan, RULES) == meant


@pytest.mark.parametrize(("question", "plan"), LEFT)
def test_lists_that_are_asked_for_stay(question: str, plan: str) -> None:
    assert said(question, plan, RULES) == plan
