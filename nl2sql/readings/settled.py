"""A question back that the question settles itself: it names one of the choices, or has a value that fits one alone."""

import re
from dataclasses import replace
from functools import cache

from catalog.semantic import views
from nl2sql.embedded.parser import Candidate
from nl2sql.linking.mentions import Linked
from nl2sql.linking.places import LANGUAGES
from nl2sql.linking.vocabulary import stems, words
from nl2sql.plan.language import AskBack, Condition, Query, Scope, column_of
from nl2sql.plan.parts import ENTITIES
from nl2sql.plan.tokens import spelled

SURE = 0.8
"""Probability from which a question back is asked, whatever single words the question has for one of its choices."""


def named_choice(candidate: Candidate, linked: Linked) -> Candidate | None:
    """The one choice of a question back that the question names itself, asked of the one thing that it mentions: whoever says "owns" does not mean the steward."""
    if not isinstance(candidate.plan, AskBack) or candidate.probability >= SURE or len(linked.bindings) != 1:
        return None
    (slot,) = linked.bindings
    said = _said(linked)
    named = [i for i in candidate.plan.choices if not i.fn and "." in i.args[0] and said & _names_of(i.args[0])]
    view = named[0].args[0].split(".")[0] if len(named) == 1 else ""
    if view not in ENTITIES:
        return None
    key = f"{view}.{views()[view].key[0]}"
    if column_of(key).slot != slot[1:-1]:
        return None
    plan = Query(view=view, where=(Condition(key, "EQ", slot),), select=(named[0],))
    return Candidate(plan, tuple(spelled(plan).split()), candidate.probability)


def settled(candidate: Candidate, linked: Linked, scope: Scope) -> Scope | None:
    """The scope without the choices of a question back that the question rules out itself; None where it leaves several."""
    if not isinstance(candidate.plan, AskBack):
        return None
    choices = {i.args[0] for i in candidate.plan.choices if not i.fn and "." in i.args[0]}
    if len(choices) != len(candidate.plan.choices):
        return None
    meant = _said_outright(choices, linked) or (_named(choices, linked) if candidate.probability < SURE else set())
    meant = meant if len(meant) == 1 else _fitting(choices, linked)
    return replace(scope, columns=scope.columns - (choices - meant)) if len(meant) == 1 else None


def _said_outright(choices: set[str], linked: Linked) -> set[str]:
    """Columns whose names of several words stand in the question as they are: row count."""
    names = {column: column.split(".")[1].replace("_", " ") for column in choices}
    return {column for column, name in names.items() if " " in name and re.search(rf"\b{name}\b", linked.text)}


def _named(choices: set[str], linked: Linked) -> set[str]:
    """Columns that a word of the question is a name of."""
    said = _said(linked)
    return {column for column in choices if said & _names_of(column)}


def _fitting(choices: set[str], linked: Linked) -> set[str]:
    """Columns that can hold a value of the question, where all are of values that are linked; a language may be a country too."""
    kinds = {m.kind for m in linked.mentions.values() if m.known and m.surface.lower() not in LANGUAGES}
    return {column for column in choices if column_of(column).slot in kinds} if all(column_of(column).slot for column in choices) else set()


def _said(linked: Linked) -> set[str]:
    """The words of the question and what they may be forms of."""
    return {form for word in words(linked.text) for form in _forms(word)}


def _forms(word: str) -> tuple[str, ...]:
    """A word and what it may be a form of, short verbs too: owns, own."""
    return (word, word.removesuffix("s"), *stems(word))


@cache
def _names_of(column: str) -> frozenset[str]:
    """The words that are the name of a column or another name for it, and what they are forms of."""
    view, name = column.split(".")
    single = [w for text in (name, *views()[view].columns[name].synonyms) if len(w := words(text)) == 1]
    return frozenset(form for (word,) in single for form in _forms(word))
