"""Expressions that stand for one another: what files may hold, and what swapping leaves as it was."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.semantic import views
from nl2sql.corpus.fragments import Example
from nl2sql.corpus.wordings import LONGEST, VOICES, WORDING_FILES, Same, load, reword

PLAN = "FROM datasets WHERE datasets.owner EQ @org1 SELECT datasets.name"
SETS = {
    word: [same]
    for same in (
        Same(("which", "what")),
        Same(("belong to", "are the property of")),
        Same(("datasets", "edges"), frozenset({"lineage"})),
        Same(("list", "overview", "inventory")),
        Same(("please", "pls"), voice="terse"),
        Same(("owner", "ownr"), voice="terse"),
        Same(("kindly", "do the needful"), voice="nonnative"),
    )
    for word in same.expressions
}


def _said(question: str, seed: int = 0, plan: str = PLAN, tries: int = 200) -> set[str]:
    rng = random.Random(seed)
    return {reword(Example(question, plan, ""), rng, SETS).question for _ in range(tries)}


def test_expressions_are_swapped_alone_and_together() -> None:
    assert _said("which datasets belong to org1") == {
        f"{word} datasets {belong} org1" for word in ("which", "what") for belong in ("belong to", "are the property of")
    }


def test_a_set_holds_for_its_views_alone() -> None:
    assert _said("datasets of org1") == {"datasets of org1"}
    assert "edges of org1" in _said("datasets of org1", plan="FROM datasets JOIN lineage datasets.name=lineage.upstream SELECT lineage.job")
    assert _said("datasets of org1", plan="FROM training_rounds SELECT training_rounds.lineage") == {"datasets of org1"}


def test_an_article_follows_its_noun() -> None:
    assert _said("a list for org1") == {"a list for org1", "an overview for org1", "an inventory for org1"}


def test_what_is_part_of_a_word_or_parted_by_a_comma_stays() -> None:
    assert _said("whichever belong, to org1") == {"whichever belong, to org1"}


def test_a_name_at_the_beginning_of_a_sentence_is_an_expression_too() -> None:
    assert "what datasets belong to org1" in _said("Which datasets belong to org1")


@given(st.integers(0, 10_000))
def test_the_shipped_sets_touch_no_value(seed: int) -> None:
    example = Example("Hi! how many tables in country1, owned by org1 or dataset2: which are older than number1, and who looks after them?", PLAN, "x")
    made = reword(example, random.Random(seed))
    assert (made.plan, made.intent) == (example.plan, example.intent)
    values = re.compile(r"[a-z]+\d")
    assert values.findall(made.question) == values.findall(example.question)


def test_a_question_speaks_in_one_voice() -> None:
    assert _said("kindly the owner please", tries=2000) == {
        *("kindly the owner please", "kindly the ownr please", "kindly the owner pls", "kindly the ownr pls", "do the needful the owner please"),
    }


def test_the_shipped_sets_are_sets() -> None:
    for expression, found in load().items():
        assert len(expression.split()) <= LONGEST, expression
        for same in found:
            assert same.views <= views().keys(), same
            assert len(set(same.expressions)) == len(same.expressions), same
    assert {path.stem for path in WORDING_FILES.glob("*.toml")} > VOICES.keys()


@pytest.mark.parametrize(("one", "other"), [("owner", "steward"), ("most", "least"), ("at least", "more than"), ("upstream", "downstream"), ("licence", "policy"), ("node", "dataset")])
def test_what_the_catalog_keeps_apart_is_in_no_set_together(one: str, other: str) -> None:
    assert not any(other in same.expressions for same in load().get(one, ()))
