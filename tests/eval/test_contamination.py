"""Nothing held out is in what a model learns from or is shown."""

from pathlib import Path

import pytest

from eval.contamination import held_out, overlaps
from eval.suite import find_suite, load_suite, shipped_suites
from nl2sql.corpus.phrases import load
from nl2sql.corpus.wordings import load as load_wordings

ROOT = Path(__file__).parents[2]
QUESTION = "Which of the German nodes have been down for more than three days this month?"


def test_training_phrases_hold_no_held_out_question() -> None:
    asked = [whole for file in load().values() for whole in (*file.whole, *(turn for dialogue in file.dialogue for turn in dialogue.turn))]
    phrases = [ask for whole in asked for ask in whole.ask]
    assert len(phrases) > 5000
    assert list(overlaps([*phrases, *load_wordings()], held_out())) == []


def test_what_people_read_holds_no_held_out_question() -> None:
    """Examples in documents end up in prompts and in verified queries sooner or later."""
    lines = [line for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")) for line in path.read_text(encoding="utf-8").splitlines()]
    assert list(overlaps(lines, held_out())) == []


@pytest.mark.parametrize(
    "text",
    [
        QUESTION,
        QUESTION.upper(),
        "which of the german nodes have been down, for more than three days, this month",
        "Tell me: which of the German nodes have been down for more than a week?",
        "which of the {country} german nodes have been down for more than three days this month",
    ],
    ids=["same", "case", "punctuation", "run of words", "hole"],
)
def test_an_overlap_is_found(text: str) -> None:
    assert [found.case for found in overlaps([text], {QUESTION: "toy/1"})] == ["toy/1"]


@pytest.mark.parametrize("text", ["which German nodes are down?", "", "nodes down for more than three days", "of the German nodes {n} have been down for more than"])
def test_other_text_is_free(text: str) -> None:
    assert list(overlaps([text], {QUESTION: "toy/1"})) == []


def test_no_question_is_in_both_splits() -> None:
    for name in shipped_suites():
        for path in find_suite(name, "all"):
            assert {case.split for case in load_suite(path)} == {path.name.split(".")[1]}, path.name
