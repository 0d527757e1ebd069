"""What a turn of a dialogue points at among what the answer before it showed: that node, the first one, she. Asks no model."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.linking.vocabulary import words
from nl2sql.readings.conversation import FILLING, REMEMBERED, RETURNS, Earlier

THINGS = ("dataset", "model", "node", "run", "policy")
"""Kinds of what is pointed at as a thing."""
WHO = ("person", "org")
ANY = (*THINGS, *WHO)
PLACE = ("node",)
IT_MAY_BE = ("dataset", "model", "run", "policy")
"""Of a node that was shown, it may be what happened there."""
CALLED = {
    "dataset": r"(?:data ?sets?|table|corpus)",
    "model": r"(?:ai )?model",
    "node": r"(?:node|machine|server|site|host|box)",
    "run": r"(?:training )?run",
    "policy": r"(?:policy|rule)",
    "person": r"(?:person|man|woman|guy|colleague|user|principal)",
    "org": r"(?:organi[sz]ation|company|publisher|owner|operator|seller|vendor|provider)",
}
"""What each kind is called where one of it is pointed at."""
_that = r"(?:that|this|the same|the said)(?: very| last| latter)?"
ANY_ONE = (re.compile(r"\b(?:that|this) one(?P<own>'s)?\b", re.I), ANY)
OF_KIND = (*((re.compile(rf"\b{_that} {noun}(?:(?P<own>'s)\b|(?![\w'-]))", re.I), (kind,)) for kind, noun in CALLED.items()), ANY_ONE)
"""Words that show a thing by what it is."""
ORDINALS = {"first": 0, "1st": 0, "top": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4, "5th": 4, "last": -1, "bottom": -1}
_nth = "|".join(ORDINALS)
NTH = (
    re.compile(rf"\b(?:the )?(?:very )?(?P<nth>{_nth}) (?:one|of (?:these|those|them))(?P<own>'s)?(?![\w'])(?! (?:to|that|which|who)\b)", re.I),
    re.compile(rf"(?:(?<=\bof )|(?<=\bfor )|(?<=\bon )|(?<=\bowns )|(?<=\bwith ))the (?:very )?(?P<nth>{_nth})(?P<own>(?!))?(?=\W*(?:$|,))", re.I),
)
"""One of the rows by its place."""
ONE = tuple(
    (re.compile(pattern, re.I), kinds)
    for pattern, kinds in (
        (r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )(?<!\bif )(?<!\bthat )(?:(?:in|from|over|out|at|on) )?\bthere\b(?! (?:is|are|was|were|any|been|a|an|no)\b)(?P<own>(?!))?", PLACE),
        (r"\b(?:he|she|him)\b(?P<own>(?!))?", ("person",)),
        (r"\b(?P<own>his|her)\b(?= \w)(?! (?:access|the|any|a)\b)", ("person",)),
        (r"\b(?P<own>his|hers)(?=\W*$)", ("person",)),
        (r"\btheirs\b(?P<own>(?!))?", WHO),
    )
)
"""Words for the one thing that was shown, and the kinds that they may be of."""
THEY = tuple(
    (re.compile(pattern, re.I), WHO)
    for pattern in (
        r"\b(?:(?<=\bdid )|(?<=\bdo )|(?<=\bhave )|(?<=\bhad )|(?<=\bcan )|(?<=\bmay ))they\b(?P<own>(?!))?",
        r"\b(?:(?<=\bfrom )|(?<=\bby )|(?<=\bto ))them\b(?P<own>(?!))?",
    )
)
"""Words for one person or organisation too, where that alone was shown."""
IT = re.compile(r"\b(?:(?P<own>its)|it(?!'s| is\b| possible| true| to\b))\b", re.I)
"""Words for the thing that was asked about, or else for the one that was shown."""
PLAIN = re.compile(r"[\w.&'()/ +-]+")
"""Names that are taken over: letters, digits and what names are written with."""

WRITTEN_AS_NAME = re.compile(r"\w+(?:-\w+)+|\w*[\d_]\w*")
"""Names that need no quotes to be taken for one."""


def pointed(question: str, before: Sequence[Earlier], index: NameIndex, now: datetime) -> str | None:
    """The question with the name in the place of the words that point at it; None where nothing is pointed at that the answer before showed alone.

    Names are those that the asker's ``index`` holds: what it does not know is none that they may see.
    """
    if not before or not (rows := before[-1].shown) or RETURNS.search(question):
        return None
    nth = next(filter(None, (pattern.search(question) for pattern in NTH)), None)
    if nth and len(rows) > 1 and -len(rows) <= ORDINALS[nth["nth"].lower()] < len(rows) and _is_asked_of(nth, question):
        return _named(question, nth, _first((rows[ORDINALS[nth["nth"].lower()]],), ANY, index))
    asked = [earlier.question for earlier in before[-REMEMBERED:]]
    for pattern, kinds in OF_KIND:
        if match := pattern.search(question):
            name = _only(rows, kinds, index) if kinds != ANY else _first(rows, kinds, index) if len(rows) == 1 else ""
            return None if any(name.lower() in said.lower() for said in asked) else _named(question, match, name)
    is_who = len(rows) == 1 and not _only(rows, THINGS, index)
    for pattern, kinds in (*ONE, *(THEY if is_who else ())):
        if match := pattern.search(question):
            place = _only(rows, THINGS, index) if kinds == PLACE else ""  # where a row is of a thing at a place, there is both
            name = _only(rows, kinds, index)
            is_clear = name and (kinds != PLACE or place == name) and not any(_names(said, kinds, index, now) for said in asked)
            return _named(question, match, name) if is_clear else None
    match = IT.search(question)
    if match is None or len(rows) > 1 or any(_names(said, THINGS, index, now) for said in (*asked, question[: match.start()])):
        return None
    return _named(question, match, _first(rows, IT_MAY_BE, index))


def _is_asked_of(match: re.Match[str], question: str) -> bool:
    """Whether something is asked of the one that is pointed at: the first one only is no question about it."""
    rest = set(re.findall(r"[\w']+", (question[: match.start()] + question[match.end() :]).lower()))
    return not rest <= FILLING | {"only", "just", "show", "me", "give", "is", "enough"}


def _only(rows: Iterable[Sequence[str]], kinds: Sequence[str], index: NameIndex) -> str:
    """The one name of one of the kinds; empty where there are several or none."""
    names = {*_values(rows, kinds, index)}
    return names.pop() if len(names) == 1 else ""


def _named(question: str, match: re.Match[str], name: str) -> str | None:
    """The question with a name in the place of a match."""
    if not name:
        return None
    place = "at " if match[0].lower().endswith("there") else ""
    said = name if WRITTEN_AS_NAME.fullmatch(name) else f'"{name}"'
    return "".join((question[: match.start()], place, said, "'s" if match["own"] else "", question[match.end() :]))


def _first(rows: Iterable[Sequence[str]], kinds: Sequence[str], index: NameIndex) -> str:
    """The first name of one of the kinds; empty where there is none."""
    return next(_values(rows, kinds, index), "")


def _values(rows: Iterable[Sequence[str]], kinds: Sequence[str], index: NameIndex) -> Iterator[str]:
    """The names among cells that the asker's catalog has for something of the kinds."""
    for row in rows:
        for cell in row:
            if PLAIN.fullmatch(cell):
                known = index.names.get(" ".join(words(cell)), {})
                if any(cell in known.get(kind, ()) for kind in kinds):
                    yield cell


def _names(question: str, kinds: Sequence[str], index: NameIndex, now: datetime) -> bool:
    """Whether a question names something of the kinds itself."""
    return any(mention.known and mention.kind in kinds for mention in link(question, index, now).mentions.values())
