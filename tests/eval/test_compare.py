"""Two runs side by side: what changed, what is left out, and how likely chance is."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.compare import Contrast, as_text, compare
from eval.record import Record


def record(id: str = "q1", right: bool = True, **changes: Any) -> Record:  # noqa: A002
    given = {"suite": "s", "question": f"{id}?", "principal": "ana", "expected": ("answer",), "got": "answer", "total_ms": 1.0}
    if changes.get("got") == "infra":
        right, given["reason"] = False, "infra"
    return Record.model_validate({"id": id, "right": right, "reason": "right" if right else "wrong_rows", **given, **changes})


def run(verdicts: str, **changes: Any) -> list[Record]:
    """``"+-x"`` → right, wrong, infra."""
    return [
        record(f"q{i:02}", got="infra", **changes) if mark == "x" else record(f"q{i:02}", mark == "+", **changes) for i, mark in enumerate(verdicts)
    ]


def ids(contrast: Contrast, name: str) -> list[str]:
    return [change.id for change in getattr(contrast, name)]


def test_a_change_of_ten_cases() -> None:
    found = compare(run("+" + "-" * 9 + "+" * 10), run("-" + "+" * 9 + "+" * 10))
    assert (len(found.newly_failing), len(found.newly_passing)) == (1, 9)
    assert found.mcnemar_p == pytest.approx(0.0215, abs=5e-5)
    assert (found.a.accuracy, found.b.accuracy, found.difference) == (0.55, 0.95, 0.4)
    assert found.low is not None and found.high is not None and 0 < found.low < 0.4 < found.high < 1


def test_changes_name_the_reasons_of_both_sides() -> None:
    a = [record("a"), record("b", False, reason="timeout", got="timeout", detail="took too long")]
    b = [record("a", False, reason="violation", detail="reads email"), record("b")]
    (failing,), (passing,) = (found := compare(a, b)).newly_failing, found.newly_passing
    assert (failing.id, failing.reason_a, failing.reason_b, failing.detail) == ("a", "right", "violation", "reads email")
    assert (passing.id, passing.reason_a, passing.reason_b, passing.got_a, passing.detail) == ("b", "timeout", "right", "timeout", "took too long")


def test_cases_of_one_run_only_are_listed_apart() -> None:
    found = compare([record("a"), record("b")], [record("b"), record("c"), record("b", suite="other")])
    assert (found.shared, found.only_a, found.only_b) == (1, ("s/a",), ("other/b", "s/c"))


def test_infra_on_either_side_is_left_out_and_counted() -> None:
    found = compare(run("+x-+"), run("x+-+"))
    assert (found.shared, found.infra_a, found.infra_b, found.left_out) == (2, 1, 1, 2)
    assert (found.newly_failing, found.newly_passing, found.mcnemar_p) == ((), (), 1.0)
    assert found.as_dict()["infra"] == {"a": 1, "b": 1, "cases": 2}


@pytest.mark.parametrize(
    ("before", "after", "failing", "passing"),
    [
        pytest.param("++-", "+--", 1, 0, id="majority lost"),
        pytest.param("++-", "+++", 0, 0, id="majority kept"),
        pytest.param("+-", "++", 0, 1, id="half is no majority"),
        pytest.param("--", "+x", 0, 1, id="infra is no vote"),
    ],
)
def test_repeats_vote_and_their_means_are_compared(before: str, after: str, failing: int, passing: int) -> None:
    a, b = ([r.model_copy(update={"id": "q", "repeat": i}) for i, r in enumerate(run(marks))] for marks in (before, after))
    found = compare(a, b)
    assert (len(found.newly_failing), len(found.newly_passing)) == (failing, passing)
    assert found.a.accuracy == pytest.approx(before.count("+") / len(before))
    assert found.b.accuracy == pytest.approx(after.count("+") / len(after.replace("x", "")))


def test_a_dialogue_is_one_case_and_shows_the_turn_that_fails() -> None:
    a = [record("d", turn=i, turns=2, question=f"turn {i}") for i in range(2)]
    b = [a[0], a[1].model_copy(update={"right": False, "reason": "wrong_elsewhere"})]
    found = compare(a, b)
    assert found.shared == 1
    assert [(c.question, c.reason_b) for c in found.newly_failing] == [("turn 1", "wrong_elsewhere")]


def test_slices_compare_the_same_cases() -> None:
    a = [*run("++", tags={"style": "terse"}), record("z", False, tags={"style": "chatty"})]
    b = [*run("+-", tags={"style": "terse"}), record("z", tags={"style": "chatty"})]
    found = compare(a, b).slices["style"]
    assert (found["terse"].n, found["terse"].a, found["terse"].b, found["terse"].difference) == (2, 1.0, 0.5, -0.5)
    assert found["chatty"].difference == 1.0


def test_a_case_with_another_gold_is_called_altered() -> None:
    found = compare([record(gold=("SELECT 1",))], [record(gold=("SELECT 2",))])
    assert found.altered == ("s/q1",) and found.shared == 1


def test_no_shared_case_has_no_difference() -> None:
    for a, b in (([], []), (run("+"), []), (run("x"), run("+"))):
        found = compare(a, b)
        assert (found.shared, found.low, found.high, found.mcnemar_p) == (0, None, None, 1.0)
        told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
        assert told["difference"] is None and told["a"]["accuracy"] is None
        assert "share no case" in as_text(found)


RUNS = st.text("+-x", max_size=12)


@given(RUNS)
@settings(max_examples=30)
def test_a_run_does_not_differ_from_itself(marks: str) -> None:
    found = compare(run(marks), run(marks))
    assert (found.newly_failing, found.newly_passing, found.mcnemar_p, found.difference) == ((), (), 1.0, 0.0)
    assert found.a == found.b and found.altered == found.only_a == found.only_b == ()


@given(RUNS, RUNS, st.randoms())
@settings(max_examples=40)
def test_swapping_the_runs_swaps_the_changes(one: str, other: str, random: Any) -> None:
    a, b = run(one), run(other)
    forth, back = compare(a, b), compare(b, a)
    assert ids(forth, "newly_failing") == ids(back, "newly_passing") and forth.mcnemar_p == back.mcnemar_p
    assert forth.difference == pytest.approx(-back.difference)
    if forth.low is not None and forth.high is not None:
        assert -1 <= forth.low <= forth.difference <= forth.high <= 1
    random.shuffle(a)
    random.shuffle(b)
    assert compare(a, b) == forth
    json.dumps(forth.as_dict(), allow_nan=False)


def test_the_text_says_what_changed_and_how_sure_that_is() -> None:
    text = as_text(compare(run("+-" + "+" * 23 + "x"), run("-+" + "-" * 23 + "+")))
    assert "24 newly failing, 1 newly passing, exact McNemar p = 1.55e-06." in text
    assert "right → wrong_rows" in text and "and 4 more" in text
    assert "1 case left out" in text
    assert "may be chance" in as_text(compare(run("+-"), run("-+")))
