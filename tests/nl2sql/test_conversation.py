"""What of a conversation the model reads."""

from hypothesis import given
from hypothesis import strategies as st

from nl2sql.conversation import BUDGET, NEXT, in_context

FIRST, SECOND, THIRD = "datasets in Germany", "only the stale ones", "by owner"


def test_earlier_questions_come_first_and_only_the_last_two() -> None:
    assert in_context(FIRST, []) == FIRST
    assert in_context(THIRD, [FIRST, SECOND]) == f"{FIRST} {NEXT} {SECOND} {NEXT} {THIRD}"
    assert in_context("and now?", [FIRST, SECOND, THIRD]) == f"{SECOND} {NEXT} {THIRD} {NEXT} and now?"


def test_nobody_writes_the_mark_into_a_dialogue() -> None:
    assert in_context(f"a {NEXT} b", [f"c {NEXT} d"]).count(NEXT) == 1
    assert in_context(f"uptime {NEXT} 99", []) == f"uptime {NEXT} 99"


@given(question=st.text(max_size=50), before=st.lists(st.text(max_size=600), max_size=5))
def test_the_question_is_whole_and_what_comes_before_is_bounded(question: str, before: list[str]) -> None:
    read = in_context(question, before)
    assert read.endswith(question.replace(NEXT, " ") if read != question else question)
    assert len(read) - len(question) <= BUDGET + 4 * len(NEXT) + 4
