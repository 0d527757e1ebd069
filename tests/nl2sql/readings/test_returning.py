"""Turns that go back to what was asked before the last thing, and those that only sound so."""

import pytest

from nl2sql.readings.conversation import Earlier
from nl2sql.readings.returning import asked_again, respanned, returned

STALE, SINCE, OFFLINE = "which health datasets are stale?", "since when not updated", "other thing. which nodes are offline?"
TRUST, ON_THEM, TEXT = "nodes with trust below .6?", "what datasets sit there", "only text ones"
TOP, FEWER, LEARNT = "biggest models, top 5", "4 will do", "what were they trained on"


@pytest.mark.parametrize(
    ("question", "before", "asked", "kept"),
    [
        ("back to the stale ones - on which nodes are they?", [STALE, SINCE, OFFLINE], "on which nodes are they?", 2),
        ("ok thanks. Back to the nodes, who runs them", [TRUST, ON_THEM, TEXT], "who runs them", 1),
        ("let's go back to the first question: how many", [TRUST, ON_THEM, TEXT], "how many", 1),
        ("back to the stale ones", [STALE, SINCE, OFFLINE], "the stale ones", 2),
        ("hm ok. back to the 4 models, licence names", [TOP, FEWER, LEARNT, "has RefinedWeb pii?"], "licence names", 3),
        # what nothing was asked about, what was asked last, and what has never been left
        ("back to the copies: how many", [STALE, SINCE, OFFLINE], None, 3),
        ("back to the nodes, who runs them", [STALE, OFFLINE], None, 2),
        ("back to the models, licence names", [TOP, FEWER, LEARNT], None, 3),
        ("which backups go back to May", [STALE, SINCE, OFFLINE], None, 3),
        ("back to the stale ones, how many", [], None, 0),
    ],
)
def test_what_is_gone_back_to(question: str, before: list[str], asked: str | None, kept: int) -> None:
    earlier = [Earlier(said, is_whole=said.startswith("has ")) for said in before]
    assert returned(question, earlier) == (asked or question, earlier[:kept])


@pytest.mark.parametrize(
    ("question", "before", "asked"),
    [
        ("make it 2", ["silent for 3 days"], ["silent for 2 days"]),
        ("ok, widen to 3 days", ["denied in the last 24h", "under what policy"], ["denied in the last 3 days", "under what policy"]),
        ("make that two weeks please", ["silent for 3 days"], ["silent for two weeks"]),
        ("make it 2", ["silent for 3 days", "the first 5"], None),  # which of the two
        ("make it 2", ["between 3 and 5 days, or 7 days"], None),
        ("make it 2", ["top 5 nodes"], None),
        ("widen to Asia", ["silent for 3 days"], None),
        ("make it 2", [], None),
    ],
)
def test_another_length_of_time(question: str, before: list[str], asked: list[str] | None) -> None:
    said, turns = respanned(question, [Earlier(one) for one in before])
    assert [*(turn.question for turn in turns), said] == (asked or [*before, question])


def test_what_was_asked_again_is_remembered_as_it_was_meant() -> None:
    turns = [Earlier("silent for 3 days"), Earlier("make it 2"), Earlier("other thing. which models are stale?"), Earlier("back to the silent ones")]
    assert asked_again("who runs them", turns) == ("who runs them", (Earlier("silent for 2 days"), Earlier("the silent ones")))
