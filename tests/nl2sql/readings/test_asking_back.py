"""What the likeliest reading leaves open is asked: an amount, a time, by what rows are ordered."""

import pytest

from nl2sql.embedded.parser import Candidate
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import AskBack, AskWhich, Item
from nl2sql.readings.asking_back import left_open

ALL = "FROM datasets SELECT datasets.name"
FEW_COPIES = "FROM replicas SELECT replicas.dataset HAVING COUNT LT 3"
RECENT_SALES = "FROM market WHERE market:sold SELECT market.dataset ORDER market.at DESC LIMIT 10"
TIMES = "ASK datasets.last_updated market.at"


def reading(plan: str, probability: float) -> Candidate:
    return Candidate(parse(plan), tuple(plan.split()), probability)


@pytest.mark.parametrize(
    ("text", "plan", "kind"),
    [
        ("data with few copies", FEW_COPIES, "number"),  # the plan makes a number up
        ("data with fewer than three copies", FEW_COPIES, ""),
        ("data with few copies, less than 3", FEW_COPIES, ""),
        ("big tables please", ALL, "number"),  # there is no condition at all
        ("which of the tables are very old", ALL, "number"),
        ("which datasets have few rows", ALL, "number"),
        ("large language data that is old", "FROM datasets WHERE datasets:stale SELECT datasets.name", ""),
        ("show me a few tables", ALL, ""),
        ("how old are the tables", "FROM datasets SELECT datasets.name datasets.last_updated", ""),
        ("tables with the short description of each", ALL, ""),
        ("tables about large animals", ALL, ""),
        ("tables as big as orders", ALL, ""),
        ("what big tables are there, by owner", "FROM datasets SELECT datasets.owner COUNT", ""),
        ("big tables >> and their owners", ALL, ""),
        ("sales of late", RECENT_SALES, "period"),
        ("show recent sales", RECENT_SALES, "period"),
        ("the most recent sales", RECENT_SALES, ""),
        ("recently made sales, 10 of them", RECENT_SALES, ""),
        ("what changed recently", TIMES, "period"),
        ("when did it change", TIMES, ""),
        ("who bought lately", "FROM market WHERE market:sold SELECT market.buyer", ""),
    ],
)  # fmt: skip
def test_an_amount_or_a_time_that_nobody_told_is_asked_for(text: str, plan: str, kind: str) -> None:
    assert left_open([reading(plan, 0.9)], text) == (AskWhich(kind) if kind else None)


def ordered(column: str, limit: str = "LIMIT 1") -> str:
    return f"FROM datasets SELECT datasets.name datasets.{column} ORDER datasets.{column} DESC {limit}".rstrip()


@pytest.mark.parametrize(
    ("plans", "asked"),
    [
        ([(ordered("bytes"), 0.5), (ordered("row_count"), 0.3)], ["datasets.bytes", "datasets.row_count"]),
        ([(ordered("bytes"), 0.6), (ordered("row_count"), 0.1)], []),  # much likelier
        ([(ordered("bytes"), 0.5), (ordered("row_count", "LIMIT 3"), 0.3)], []),  # of other rows
        ([(ordered("bytes", ""), 0.5), (ordered("row_count", ""), 0.3)], []),  # all rows are shown
        ([(ordered("last_updated"), 0.5), (ordered("bytes"), 0.3)], []),  # newest first
        ([("FROM market WHERE market:sold SELECT SUM market.amount", 0.5), ("FROM market WHERE market:sold SELECT SUM market.price", 0.3)], ["market.amount", "market.price"]),
        ([("FROM market WHERE market:sold SELECT SUM market.amount", 0.5), ("FROM market WHERE market:sold SELECT AVG market.price", 0.3)], []),
        ([("REFUSE", 0.5), (ordered("bytes"), 0.3)], []),
        ([], []),
    ],
)
def test_what_rows_are_ordered_by_is_asked_where_readings_differ_in_that_alone(plans: list[tuple[str, float]], asked: list[str]) -> None:
    found = left_open([reading(plan, probability) for plan, probability in plans], "the top one")
    assert found == (AskBack(tuple(Item("", (column,)) for column in asked)) if asked else None)
