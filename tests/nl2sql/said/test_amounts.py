"""Averages and the bounds on them: each rule with its near misses."""

import pytest

from nl2sql.said.amounts import (
    at_its_best,
    bounded_average,
    of_people,
    of_so_often,
    on_average,
    once_summed,
    paid_in_all,
    that_is_given,
    without_bound_on_all,
)
from tests.nl2sql.said.asked import said

RULES = (of_so_often, that_is_given, on_average, at_its_best, bounded_average, without_bound_on_all, of_people, paid_in_all, once_summed)
SLOW = "FROM quality_checks SELECT quality_checks.dataset {}"
LONGEST, MEAN = "MAX_HOURS quality_checks.opened quality_checks.resolved", "quality_checks#hours_to_resolve"
SCORES = "FROM datasets{} SELECT datasets.domain datasets#average_quality{}"
CUT, BOUND = " WHERE datasets.quality_score LT @number1", " HAVING datasets#average_quality LT @number1"
ALL = "FROM datasets SELECT {}"
OFFERED = "FROM market WHERE market.price {} market:offered SELECT market.dataset"

MENDED = [
    ("hours until tests are fixed, averaged", SLOW.format(LONGEST), SLOW.format(MEAN)),
    ("average score per domain, only those below number1", SCORES.format(CUT, ""), SCORES.format("", BOUND)),
    ("is the average score above number1", ALL.format("COUNT HAVING datasets#average_quality GT @number1"), ALL.format("COUNT datasets#average_quality")),
    ("is the average score above number1", ALL.format("AVG_IF datasets.quality_score datasets.quality_score GT @number1 END"), ALL.format("datasets#average_quality")),
]
BUYERS = "FROM market WHERE market:sold SELECT market.buyer {}"
MENDED += [("who is it, and how much did each of them pay altogether", BUYERS.format("market.amount market.token"), BUYERS.format("market.token market#revenue"))]
PEOPLE, PAID = "FROM consents SELECT {}", "FROM market WHERE market:sold SELECT {}"
MENDED += [
    ("how many people is that?", PEOPLE.format("consents.dataset consents.subjects"), PEOPLE.format("consents#total_subjects")),
    ("show them >> and how many people does that concern", PEOPLE.format("consents.subjects"), PEOPLE.format("consents#total_subjects")),
    ("how much has been paid so far", PAID.format("market.amount market.token"), PAID.format("market#revenue")),
    ("what did they spend", PAID.format("market.amount"), PAID.format("market#revenue")),
    ("spent on each", PAID.format("market.dataset market.amount market#revenue"), PAID.format("market.dataset market#revenue")),
]
RATINGS, OF_FOUR = "FROM market WHERE {} SELECT market.dataset market#average_rating{}", " HAVING market#average_rating GE @number1"
RUNS = "FROM training_rounds SELECT training_rounds.framework {}"
MENDED += [
    ("with an average rating of at least number1", RATINGS.format("market.event EQ 'rated' market.rating GE @number1 market:offered", ""), RATINGS.format("market.event EQ 'rated'", OF_FOUR)),
    ("best accuracy per framework", RUNS.format("AVG training_rounds.accuracy"), RUNS.format("training_rounds#best_accuracy")),
]
RATED = "FROM market WHERE market.event EQ 'rated'{} SELECT market.dataset market#average_rating{}"
STARS = " market.rating GE @number1"
MENDED += [
    ("average stars, where at least number1 people rated", RATED.format(STARS, ""), RATED.format("", " HAVING COUNT_DISTINCT market.buyer GE @number1")),
    ("average stars of what was rated at least number1 times", RATED.format(STARS, ""), RATED.format("", " HAVING COUNT GE @number1")),
]
LEFT = [
    ("average of those with at least number1 stars", RATED.format(STARS, "")),
    ("average of those with at least number1 stars, of all people", RATED.format(STARS, "")),
    ("who is it, and how much did each of them pay", BUYERS.format("market.amount market.token")),
    ("average of the best accuracy per framework", RUNS.format("AVG training_rounds.accuracy")),
    ("average rating of those with at least number1 stars", RATINGS.format("market.event EQ 'rated' market.rating GE @number1", "")),
    ("which consents, and for how many people?", PEOPLE.format("consents.legal_basis consents.subjects")),
    ("how many people per purpose", PEOPLE.format("consents.purpose consents.subjects")),
    ("how much did each pay", PAID.format("market.buyer market.amount")),
    ("what was paid on the newest order, and when", PAID.format("market.amount ORDER market.at DESC LIMIT 1")),
    ("longest time to fix tests against the average", SLOW.format(LONGEST)),
    ("hours until tests are fixed", SLOW.format(LONGEST)),
    ("average score per domain of tables below number1", SCORES.format(CUT, "")),
    ("average score of those above number1", ALL.format("AVG_IF datasets.quality_score datasets.quality_score GT @number1 END")),
    ("domains with more than number1 tables", "FROM datasets SELECT datasets.domain COUNT HAVING COUNT GT @number1"),
    ("what is being given away", OFFERED.format("EQ 0")),
]


@pytest.mark.parametrize(("question", "plan", "mended"), MENDED, ids=[question for question, *_ in MENDED])
def test_amounts_are_those_that_are_said(question: str, plan: str, mended: str) -> None:
    assert said(question, plan, RULES) == mended
    assert said(question, mended, RULES) == mended


@pytest.mark.parametrize(("question", "plan"), LEFT, ids=[question for question, _ in LEFT])
def test_other_amounts_stay(question: str, plan: str) -> None:
    assert said(question, plan, RULES) == plan
