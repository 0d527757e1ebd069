"""A question back that the question settles itself: it names one of the choices, or has a value that fits one alone."""

import re
from dataclasses import replace
from functools import cache

from catalog.semantic import views
from nl2sql.embedded.parser import Candidate
from nl2sql.linking.mentions import Linked
from nl2sql.linking.places import LANGUAGES
from nl2sql.linking.vocabulary import stems, words
from nl2sql.plan.language import AskBack, Condition, Item, Query, Scope, Segment, column_of
from nl2sql.plan.parts import ENTITIES, own_key
from nl2sql.plan.tokens import spelled
from nl2sql.said.parts import columns_of_token
from nl2sql.said.words import is_called, said_values

SURE = 0.8
"""Probability from which a question back is asked, whatever single words the question has for one of its choices."""
SIZED = re.compile(r"\b(?:largest|biggest|smallest|newest|oldest|latest|youngest)\b")
"""By what things of one kind are told apart among themselves."""
GRADED = re.compile(r"\b(?:best|worst|top|better|worse|good|bad|rank\w*|most|least|perform\w*|strongest|weakest|safest)\b")
"""By what they may be told apart in many ways."""
DATES = re.compile(r"\b(?:dates?|days?|when|times?)\b")
BELONGS = re.compile(r"\bbelongs?\b")
"""What is said of a thing and its owner."""
_THING = r"(?:the |our )?((?:dataset|model)\d)"
BETWEEN = re.compile(
    rf"\b(?:is|does|did|was|has|do|are|were) {_THING} (?:\w+ly |at all |ever |still |also |been |any |some )?(?:(?P<into>used (?:in|by|for)|(?:a )?part of|(?:included|contained|found) in|inside|in|feed|flow into|go into)"
    rf"|use|contain|include|incorporate|reuse|draw on|rely on|depend on|come from|derive from|derived from|built (?:on|from)|based on) (?:data (?:from|of) )?{_THING}(?: data| somewhere| anywhere)?\W*$"
)
"""Asks whether one thing flows into another."""


def flow_between(candidate: Candidate, linked: Linked) -> Candidate | None:
    """The flow between two things where it is asked whether one is used in the other, which leaves nothing open."""
    match = BETWEEN.search(linked.text)
    if not isinstance(candidate.plan, AskBack) or match is None or len(linked.bindings) != 2:
        return None
    first, second = f"@{match[1]}", f"@{match[3]}"
    up, down = (first, second) if match["into"] else (second, first)
    where = (Condition("lineage.upstream", "EQ", up), Condition("lineage.downstream", "EQ", down), Segment("lineage:table_level"))
    plan = Query(view="lineage", where=where, select=(Item("", ("lineage.depth",)), Item("", ("lineage.path",))))
    return Candidate(plan, tuple(spelled(plan).split()), max(candidate.probability, SURE))


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
    if _is_defined(choices, linked):
        return replace(scope, columns=scope.columns - choices)
    is_sure = candidate.probability >= SURE
    ways = (
        _said_outright(choices, linked),
        {"datasets.owner"} & choices if BELONGS.search(linked.text) else set(),
        set() if is_sure else _named(choices, linked),
        set() if is_sure and not SIZED.search(linked.text) else _of_named_view(choices, linked),
        set() if any(column in own_key(column.split(".")[0]) for column in choices) else _fitting(choices, linked),  # a name may be what is asked for
        _of_event(choices, linked),
    )
    meant = next((columns for columns in ways if len(columns) == 1), set())
    return replace(scope, columns=scope.columns - (choices - meant)) if meant else None


def _is_defined(choices: set[str], linked: Linked) -> bool:
    """Whether the question calls a named condition by its name, which says what several of the columns say together: stale."""
    named = (f"{view}:{name}" for view in {column.split(".")[0] for column in choices} for name in views()[view].segments)
    return any(is_called(token, linked.text) and len(choices & columns_of_token(token)) > 1 for token in named)


def _said_outright(choices: set[str], linked: Linked) -> set[str]:
    """Columns whose names of several words stand in the question as they are: row count."""
    names = {column: column.split(".")[1].replace("_", " ") for column in choices}
    return {column for column, name in names.items() if " " in name and re.search(rf"\b{name}\b", linked.text)}


def _named(choices: set[str], linked: Linked) -> set[str]:
    """Columns that a word of the question is a name of."""
    said = _said(linked)
    return {column for column in choices if said & _names_of(column)}


def _of_named_view(choices: set[str], linked: Linked) -> set[str]:
    """Columns of the only view of them that the question calls by a name: tested, of tests. What is best may be told by another view."""
    if GRADED.search(linked.text):
        return set()
    called = {view: _names_of_view(view) for view in {column.split(".")[0] for column in choices}}
    said = _said(linked)
    named = [view for view in called if said & called[view].difference(*(called[other] for other in called if other != view))]
    return {column for column in choices if column.split(".")[0] == named[0]} if len(named) == 1 else set()


@cache
def _names_of_view(view: str) -> frozenset[str]:
    """The last words of what the rows of a view are called, and what they are forms of; data may be anything."""
    return frozenset(form for text in (view.replace("_", " "), *views()[view].synonyms) if (parts := words(text)) for form in _forms(parts[-1])) - {"data"}


def _fitting(choices: set[str], linked: Linked) -> set[str]:
    """Columns that can hold a value of the question, where all are of values that are linked; a language may be a country too."""
    kinds = {m.kind for m in linked.mentions.values() if m.known and m.surface.lower() not in LANGUAGES}
    return {column for column in choices if column_of(column).slot in kinds} if all(column_of(column).slot for column in choices) else set()


def _of_event(choices: set[str], linked: Linked) -> set[str]:
    """The time of the event that the question says by its kind, where only times are left to choose from: the dates of the outages are when they were."""
    if not all(column_of(column).is_time for column in choices) or not DATES.search(linked.text):
        return set()
    own = {column for column in choices if column == f"{(view := column.split('.')[0])}.at" and "kind" in views()[view].columns}
    return {column for column in own if said_values(f"{column.split('.')[0]}.kind", linked.text)}


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
