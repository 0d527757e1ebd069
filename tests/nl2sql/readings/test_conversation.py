"""What of a conversation the model reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.readings.conversation import BUDGET, NEXT, REMEMBERED, Earlier, in_context, starts_anew

FIRST, SECOND, THIRD = "datasets in Germany", "only the stale ones", "by owner"


def after(question: str, *before: str, whole: str = "") -> str:
    return in_context(question, [Earlier(said, is_whole=said == whole) for said in before])


def test_earlier_questions_come_first_and_only_the_last_four() -> None:
    assert after(FIRST) == FIRST
    assert after(THIRD, FIRST, SECOND) == f"{FIRST} {NEXT} {SECOND} {NEXT} {THIRD}"
    assert after("and now?", FIRST, SECOND, THIRD) == f"{FIRST} {NEXT} {SECOND} {NEXT} {THIRD} {NEXT} and now?"
    assert after("more", "who?", FIRST, SECOND, THIRD, "and now?") == f"{FIRST} {NEXT} {SECOND} {NEXT} {THIRD} {NEXT} and now? {NEXT} more"


def test_what_is_left_behind_is_not_read_again() -> None:
    anew = "Never mind. How many nodes store data in Kenya?"
    assert after(anew, FIRST, SECOND) == anew
    assert after("and in Ghana", FIRST, SECOND, anew) == f"{anew} {NEXT} and in Ghana"
    assert after("forget it", FIRST) == f"{FIRST} {NEXT} forget it"


def test_what_needs_nothing_before_it_begins_anew_unless_the_question_goes_back() -> None:
    other = "who owns C4?"
    assert after("and its licence", FIRST, other, whole=other) == f"{other} {NEXT} and its licence"
    assert after("back to the German ones: how many?", FIRST, other, whole=other) == f"{FIRST} {NEXT} {other} {NEXT} back to the German ones: how many?"


@pytest.mark.parametrize(
    ("question", "anew"),
    [
        ("Forget that. Which nodes went silent?", True),
        ("ok, never mind: how many models come from Oslo", True),
        ("Different question - who stewards the sales tables?", True),
        ("On another note, which grants run out in May?", True),
        ("new topic: list all policies", True),
        ("Something else please; how big are the corpora", True),
        ("forget it", False),
        ("Never mind.", False),
        ("Forget that. And the stale ones?", False),
        ("another thing, which of those are stale", False),
        ("Different question: who made it?", False),
        ("new datasets, please list them all", False),
        ("a different licence, for instance MIT or Apache", False),
        ("which other datasets does she steward", False),
        ("forget the stale ones, show me the rest", False),
        ("who owns another question answering dataset?", False),
    ],
)
def test_a_question_says_that_it_starts_anew(question: str, anew: bool) -> None:
    assert starts_anew(question) is anew


def test_nobody_writes_the_mark_into_a_dialogue() -> None:
    assert after(f"a {NEXT} b", f"c {NEXT} d").count(NEXT) == 1
    assert after(f"uptime {NEXT} 99") == f"uptime {NEXT} 99"


@given(question=st.text(max_size=50), before=st.lists(st.text(max_size=600), max_size=5))
def test_the_question_is_whole_and_what_comes_before_is_bounded(question: str, before: list[str]) -> None:
    read = after(question, *before)
    assert read.endswith(question.replace(NEXT, " ") if read != question else question)
    assert len(read) - len(question) <= BUDGET + (REMEMBERED + 2) * (len(NEXT) + 2)
