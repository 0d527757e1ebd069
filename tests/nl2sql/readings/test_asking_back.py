"""What the likeliest reading leaves open is asked: an amount, a time, by what rows are ordered."""

import pytest

from nl2sql.embedded.parser import Candidate
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import AskBack, AskWhich, Item
from nl2sql.readings.asking_back import left_open

ALL = "FROM datasets SELECT datasets.name"
FEW_COPIES = "FROM replicas SELECT replicas.dataset HAVING COUNT LT 3"
RECENT_SALES = "FROM market WHERE market:sold SELECT market.dataset ORDER market.at DESC LIMIT 10"
ENDING = "FROM grants WHERE grants.expires FUTURE SELECT SHOW ORDER grants.expires ASC LIMIT 10"
MANY_OUTAGES = "FROM node_events SELECT node_events.node ORDER COUNT DESC LIMIT 10"
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
        ("who bought lately", "FROM market WHERE market:sold SELECT market.buyer", "period"),
        ("who bought more recently", "FROM market WHERE market:sold SELECT market.buyer", ""),
        ("who bought lately, that is period1", "FROM market WHERE market:sold SELECT market.buyer", ""),
        ("it has been quiet lately. who bought something?", "FROM market WHERE market:sold SELECT market.buyer", ""),
        ("which data is stale lately", "FROM datasets WHERE datasets:stale SELECT datasets.name", ""),
        ("how many outages did we have recently", "FROM node_events SELECT COUNT", "period"),
        ("when was it updated lately", "FROM datasets SELECT datasets.last_updated", ""),
        ("which permits run out soon", "FROM grants WHERE grants.expires FUTURE SELECT SHOW", "period"),
        ("which permits run out", "FROM grants WHERE grants.expires FUTURE SELECT SHOW", ""),
        ("nodes with low trust", "FROM nodes WHERE nodes.trust_score LT MEAN SELECT nodes.node", "number"),
        ("nodes with low trust, below average", "FROM nodes WHERE nodes.trust_score LT MEAN SELECT nodes.node", ""),
        ("nodes with trust under number1", "FROM nodes WHERE nodes.trust_score LT MEAN SELECT nodes.node", ""),
        ("which sales were made most recently", RECENT_SALES, ""),
        ("which permits run out soon", ENDING, "period"),
        ("permits that end before long", "FROM grants SELECT SHOW", "period"),
        ("permits that end soon, 10 of them", ENDING, ""),
        ("which permits run out sooner than they should", ENDING, ""),
        ("how soon do permits run out", ENDING, ""),
        ("data nobody has looked at in ages", "FROM datasets WHERE NOT_EXISTS datasets.name=audit_log.dataset END SELECT datasets.name", "period"),
        ("data that is stale for ages", "FROM datasets WHERE datasets:stale SELECT datasets.name", ""),
        ("the table that was not updated for ages", "FROM datasets SELECT datasets.name ORDER datasets.last_updated ASC LIMIT 1", ""),
        ("servers with many outages", MANY_OUTAGES, "number"),
        ("servers with too many outages", MANY_OUTAGES, "number"),
        ("how many outages has each server, most first", MANY_OUTAGES, ""),
        ("servers with many outages, the first ten", MANY_OUTAGES, ""),
        ("servers with many outages", "FROM node_events SELECT node_events.node COUNT ORDER COUNT DESC", ""),
        ("runs that took too long", "FROM training_rounds SELECT training_rounds.run ORDER training_rounds.latency_s DESC LIMIT 10", "number"),
        ("and how many of them are there", "FROM datasets SELECT COUNT", "dataset"),
        ("are they old", ALL, "dataset"),
        ("which of these tables are encrypted", ALL, ""),
        ("nodes with their data: how many of them are there", "FROM datasets SELECT COUNT", ""),
        ("they want all tables", ALL, ""),
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
        ([(ordered("bytes"), 0.6), (ordered("row_count"), 0.05)], []),  # much likelier
        ([(ordered("bytes"), 0.6), (ordered("row_count"), 0.1)], ["datasets.bytes", "datasets.row_count"]),  # the question has no word of either
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


def test_what_the_question_has_a_word_for_is_asked_about_only_where_another_is_close() -> None:
    assert left_open([reading(ordered("bytes"), 0.6), reading(ordered("row_count"), 0.1)], "the one with the most bytes") is None


def test_things_that_an_earlier_sentence_names_are_told() -> None:
    count = [reading("FROM datasets SELECT COUNT", 0.9)]
    assert left_open(count, "how many of them are there", "we bought sensors. how many of them are there") is None


OWNER = "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.owner"
BOTH = "ASK datasets.owner datasets.steward"


@pytest.mark.parametrize(
    ("text", "plan", "asked"),
    [
        ("who is responsible for dataset1", OWNER, BOTH),
        ("whom should i ask about dataset1", OWNER.replace("owner", "steward"), BOTH),
        ("the person responsible for dataset1", OWNER, ""),
        ("who owns dataset1 and is responsible for it", OWNER, ""),
        ("who published dataset1", OWNER, ""),
        ("who is responsible for dataset1", OWNER + " datasets.steward", ""),
        # Choices that are no answer to the word that asks.
        ("who is behind dataset1", "ASK datasets.owner market.price datasets.steward", BOTH),
        ("what is behind dataset1", "ASK datasets.owner market.price datasets.steward", ""),
        ("who is behind dataset1", "ASK datasets.owner market.price", ""),
        ("when was dataset1 done", "ASK datasets.last_updated datasets.owner market.at", "ASK datasets.last_updated market.at"),
        ("the table for when it was done", "ASK datasets.last_updated datasets.owner market.at", ""),
    ],
)
def test_whoever_has_to_choose_chooses_from_what_can_be_meant(text: str, plan: str, asked: str) -> None:
    assert left_open([reading(plan, 0.9)], text) == (parse(asked) if asked else None)


@pytest.mark.parametrize(
    ("text", "first", "probability", "is_asked"),
    [
        ("how is it protected", "WHICH ?dataset", 0.2, True),
        ("how is it protected", "WHICH ?dataset", 0.1, False),
        ("how is dataset1 protected", "WHICH ?dataset", 0.2, False),  # the question has a name that nothing bears
        ("how is it protected of late", "WHICH ?period", 0.2, False),
        ("how is it protected", "REFUSE", 0.2, False),
    ],
)
def test_columns_are_asked_in_place_of_a_name(text: str, first: str, probability: float, is_asked: bool) -> None:
    found = left_open([reading(first, 0.3), reading(BOTH, probability)], text)
    assert found == (parse(BOTH) if is_asked else None)
