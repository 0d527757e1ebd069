"""A value that a closed column does not have: incidents of type earthquake, severity apocalyptic, what violates the Data Act. Asks no model.

The model reads such a word as the nearest value that it knows, which answers another question.
"""

import re
from dataclasses import dataclass, replace
from functools import cache

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.linking.vocabulary import forms, is_asking, lexicon, words
from nl2sql.plan.language import Query
from nl2sql.plan.tokens import spelled
from nl2sql.readings.conversation import NEXT

NOUNS = frozenset(
    ("type", "kind", "status", "state", "severity", "priority", "purpose", "regulation", "modality", "effect", "permission", "dimension", "classification", "currency", "token", "mechanism", "level")
)
"""Words for columns behind or before which a value stands."""
_word = r"(?P<value>[a-z]{3,})"
_end = r"(?=\W*$|[?,;:.]| (?:and|or|in|on|at|of|for|from|by|with|since|during|before|after|last|this|between|that|which)\b)"
PLACES = (
    rf"\b(?:of|with|in|has|have|having|whose|the|an?)(?: (?:the|an?))? (?:\w+ )?NOUN(?: ?(?:is|are|was|were|called|named|=|:))? {_word}{_end}",
    rf"\bNOUN ?(?:=|:|is|are) ?{_word}{_end}",
    rf"{_word}[ -]NOUN\b",
)
"""Where the value of a column stands beside a word for it."""
LAWS = re.compile(rf"\b(?:violat\w+|breach\w*|break(?:s|ing)?|compl(?:y|ies|ying|iant|iance)|conform\w*)(?: (?:with|to|under|of|against))? (?:the )?(?P<value>(?:[a-z]+ ){{0,3}}(?:act|directive)|[a-z]{{3,6}}){_end}")
"""Where a regulation stands."""
LAW = "regulation"
CHOSEN = re.compile(r" \((?P<value>[^()]+)\)$")
"""What was chosen, behind the question that it was chosen for."""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A word in the place of a value that its column does not have, and those that it has."""

    word: str
    column: str
    values: tuple[str, ...]

    @property
    def message(self) -> str:
        """The question back."""
        return f"No {self.column} is called '{self.word}'. Which do you mean?"


def unlisted(query: Query, text: str) -> Unlisted | None:
    """The value of which a question asks for something of the query's views, and that none of their closed columns has; None where it says one besides."""
    if NEXT in text:
        return None
    for name in dict.fromkeys([query.view, *re.findall(r"\b([a-z_]+)[.:#]", spelled(query))]):
        for column, nouns in _closed(name):
            values = views()[name].columns[column].values
            for word in (match["value"] for place in _places(column, nouns) for match in place.finditer(text)):
                if _is_missing(word, values) and not _says_one(values, text):
                    return Unlisted(word, column.replace("_", " "), values)
    return None


def as_chosen(linked: Linked) -> Linked:
    """The question with the value that was chosen in the place of the word that no column has: incidents of type earthquake (outage)."""
    chosen = CHOSEN.search(linked.text)
    if chosen is None:
        return linked
    text, value = linked.text[: chosen.start()], chosen["value"]
    for view in views():
        for column, nouns in _closed(view):
            values = views()[view].columns[column].values
            for match in (m for p in _places(column, nouns) for m in p.finditer(text)) if value in map(str.lower, values) else ():
                if _is_missing(match["value"], values):
                    return replace(linked, text=text[: match.start("value")] + value + text[match.end("value") :])
    return linked


@cache
def _closed(view: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """The closed columns of a view and the words for them."""
    columns = ((name, frozenset(w for said in (name, *column.synonyms) for w in words(said)) & NOUNS) for name, column in views()[view].columns.items() if column.values)
    return tuple((name, nouns) for name, nouns in columns if nouns)


@cache
def _places(column: str, nouns: frozenset[str]) -> tuple[re.Pattern[str], ...]:
    """Where a value of a column stands."""
    beside = tuple(re.compile(place.replace("NOUN", noun)) for noun in sorted(nouns) for place in PLACES)
    return (*beside, LAWS) if column == LAW else beside


def _is_missing(said: str, values: tuple[str, ...]) -> bool:
    """Whether nobody asks with one of the words, and they are part of no value."""
    is_unheard = any(word not in lexicon() and not is_asking(word) for word in words(said)) or said.endswith((" act", " directive"))
    return is_unheard and not any(set(words(said)) <= set(words(value)) for value in values)


def _says_one(values: tuple[str, ...], text: str) -> bool:
    """Whether the question has a value of the column."""
    said = forms(text)
    return any(forms(value) <= said or set(words(value)) <= said for value in values)
