"""Dialogues: every plan is one of the grammar's, names only what was said, and each kind of dialogue comes up."""

import re
from collections import Counter

import pytest

from nl2sql.corpus import replies
from nl2sql.corpus.compose import Composer
from nl2sql.corpus.followups import follow_up
from nl2sql.corpus.fragments import Example
from nl2sql.corpus.moves import negated
from nl2sql.corpus.phrases import Dialogue, Phrases, Whole, problems
from nl2sql.corpus.styles import SLOT_WORD
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import AskBack, Decline, Query
from nl2sql.readings.conversation import NEXT, REMEMBERED


def drawn(seed: int, how_many: int) -> list[Example]:
    """Dialogues of every view."""
    composer = Composer(seed)
    f = composer.fragments
    found: list[Example] = []
    while len(found) < how_many:
        view = composer.rng.choice(composer.views)
        made = follow_up(f, view, composer.wholes, composer.general, composer.dialogues)
        example = f.numbered(made, "x") if made else None
        found += [example] if example else []
    return found


def test_every_dialogue_has_a_plan_over_its_own_slots() -> None:
    for example in drawn(4, 1200):
        parse(example.plan)
        said = {m[0] for m in SLOT_WORD.finditer(example.question)}
        assert {t[1:] for t in re.findall(r"@\w+", example.plan)} <= said, example
        assert "{" not in example.question, example


def test_dialogues_are_of_two_to_four_turns_and_reach_every_outcome() -> None:
    examples = drawn(8, 1200)
    lengths = Counter(e.question.count(NEXT) for e in examples)
    assert set(lengths) == {1, 2, 3} and max(lengths) <= REMEMBERED
    assert lengths[3] > 30  # written ones alone
    assert min(lengths[1], lengths[2]) > 200
    kinds = Counter(type(parse(e.plan)) for e in examples)
    assert {Query, Decline, AskBack} <= set(kinds)


def test_a_turn_of_a_dialogue_may_use_the_holes_of_those_before_it() -> None:
    first = Whole(plan="FROM datasets WHERE datasets.country EQ @country SELECT datasets.name", ask=("data in {country}",))
    then = Whole(plan="FROM datasets WHERE datasets.country EQ @country SELECT COUNT", ask=("how many is that",))
    strange = Whole(plan="FROM datasets WHERE datasets.owner EQ @org SELECT COUNT", ask=("how many is that",))
    assert list(problems(Phrases(dialogue=(Dialogue(turn=(first, then)),)))) == []
    assert list(problems(Phrases(dialogue=(Dialogue(turn=(first, strange)),)))) == ["'how many is that' has no hole for org"]
    assert len(list(problems(Phrases(whole=(then,))))) == 1


@pytest.mark.parametrize(
    ("plan", "opposite"),
    [
        ("datasets.pii IS_TRUE", "datasets.pii IS_FALSE"),
        ("datasets.country EQ @country", "datasets.country NE @country"),
        ("datasets:stale", "NOT datasets:stale"),
        ("datasets.languages HAS @language", "datasets.languages HAS_NOT @language"),
        ("datasets.bytes GT @number", ""),
        ("datasets.pii IS_TRUE datasets:stale", ""),
        ("NOT datasets:stale", ""),
    ],
)
def test_a_single_condition_has_an_opposite(plan: str, opposite: str) -> None:
    assert negated(plan) == opposite


def test_what_people_say_next_never_sounds_like_a_change() -> None:
    """``change it to …`` and ``delete …`` are requests for a change wherever they stand."""
    banks = [bank for name, bank in vars(replies).items() if name.isupper()]
    said = [entry if isinstance(entry, str) else entry[0] for bank in banks for entry in bank]
    assert not [text for text in said if re.match(r"(please )?(change|delete|remove the|set|rename)", text) and "restriction" not in text]
