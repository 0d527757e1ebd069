"""The phrase files parse, every composed plan is one of the grammar's, and nothing held out is in them."""

import random
import re
from collections import Counter

import pytest

from catalog.semantic import views
from nl2sql.corpus.compose import Composer
from nl2sql.corpus.fragments import Example
from nl2sql.corpus.lexicon import lexicon_words
from nl2sql.corpus.phrases import Phrases, load, problems
from nl2sql.corpus.styles import SLOT_WORD, restyle
from nl2sql.linking.link import LEXICON
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import KEYWORDS, Query, column_of


@pytest.mark.parametrize("name", sorted(load()))
def test_a_phrase_file_has_no_problem(name: str) -> None:
    assert list(problems(load()[name])) == []


def test_composed_plans_parse_and_name_only_slots_of_the_question() -> None:
    composer, rng = Composer(5), random.Random(5)
    for _ in range(1500):
        plain = composer.draw()
        for example in (plain, restyle(plain, rng)):
            parse(example.plan)
            in_question = {m[0] for m in SLOT_WORD.finditer(example.question)}
            assert {t[1:] for t in re.findall(r"@\w+", example.plan)} <= in_question, example


def test_the_corpus_is_balanced_over_views_and_reaches_every_outcome() -> None:
    composer = Composer(6)
    heads: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for _ in range(4000):
        example = composer.draw()
        heads[example.plan.split()[0]] += 1
        plan = parse(example.plan)
        if isinstance(plan, Query):
            seen[plan.view] += 1
    assert {"FROM", "ASK", "WHICH", "REFUSE", "DATA", "CHANGE"} == set(heads)
    assert len(seen) == 17
    assert min(seen.values()) > 0.02 * sum(seen.values())


def test_the_corpus_uses_every_word_of_the_plan_language() -> None:
    composer = Composer(8)
    drawn = {token for _ in range(6000) for token in composer.draw().plan.split()}
    assert set(KEYWORDS) <= drawn


def test_the_corpus_uses_every_column_that_people_ask_for() -> None:
    text = " ".join(str(file.model_dump()) for file in load().values())
    missing = [
        token
        for view in set(load()) & set(views())
        for token in (f"{view}.{c}" for c in _columns(view))
        if token not in text
    ]
    assert [t for t in missing if column_of(t).name not in ("as_of", "origin", "sensitivity", "jurisdiction", "node")] == []


def _columns(view: str) -> list[str]:
    return list(views()[view].columns)


def test_the_lexicon_is_that_of_the_phrase_files() -> None:
    assert LEXICON.read_text(encoding="utf-8").split() == lexicon_words()


def test_styling_keeps_the_slots_of_a_plan_in_step() -> None:
    example = Example("datasets of org1 in country1", "FROM datasets WHERE datasets.owner EQ @org1 datasets.country EQ @country1 SELECT COUNT", "x")
    rng = random.Random(1)
    for _ in range(300):
        styled = restyle(example, rng)
        position = {m[0]: m.start() for m in SLOT_WORD.finditer(styled.question)}
        owner, country = re.findall(r"@(\w+)", styled.plan)
        assert styled.question.index(owner) == position[owner]
        assert position[country] >= 0


def test_phrases_are_drawn_by_how_much_they_count() -> None:
    plans = {"datasets": "FROM datasets SELECT datasets.name", "nodes": "FROM nodes SELECT nodes.node"}
    files = {view: Phrases.model_validate({"entity": [view], "whole": [{"plan": plan, "ask": [f"{view} {word}" for word in ("one", "two")]}]}) for view, plan in plans.items()}
    composer = Composer(4, files, heed={"datasets one": 4.0, "datasets two": 0.25, "nodes one": 0.25, "nodes two": 0.25})
    drawn = Counter(composer._said(composer._whole()).text for _ in range(4000))
    assert drawn["datasets one"] > 8 * drawn["datasets two"]
    assert drawn["datasets one"] > 2 * (drawn["nodes one"] + drawn["nodes two"]) > 0
    assert all(drawn[text] for text in composer.heed), "nothing is forgotten"
