"""Reads the phrase files: how people say the filters, attributes, groups, measures and whole questions of each view.

``{dataset}`` in a phrase is a hole for a value, ``@dataset`` in its plan the slot it fills; ``{number:bytes}`` says how the
number is written. Knows nothing about how fragments are composed, see ``compose``.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from nl2sql.plan.language import SLOT_KINDS

PHRASE_FILES = Path(__file__).parent / "phrases"
HOLE = re.compile(r"\{([a-z]+)(?:_([b-z]))?(?::([a-z]+))?\}")
SLOT = re.compile(r"@([a-z]+)(?:_([b-z]))?(?= |$)")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Filter(_Part):
    """Conditions on the rows; ``adj`` stands before the noun, ``that`` after it."""

    plan: str
    adj: tuple[str, ...] = ()
    that: tuple[str, ...] = ()


class Order(_Part):
    """A ranking; ``super`` stands before the noun, ``by`` ends a request."""

    plan: str
    super: tuple[str, ...] = ()
    by: tuple[str, ...] = ()


class Attr(_Part):
    """Something one can ask of the rows."""

    item: str
    nouns: tuple[str, ...]


class Group(_Part):
    """A way to group the rows."""

    item: str
    by: tuple[str, ...]
    nouns: tuple[str, ...] = ()


class Measure(_Part):
    """An aggregate over the rows; ``filter`` holds conditions that always go with it."""

    item: str
    nouns: tuple[str, ...]
    filter: str = ""


class Link(_Part):
    """Rows that have, or lack, related rows of the view at the other end of ``edge``."""

    edge: str
    has: tuple[str, ...] = ()
    hasnt: tuple[str, ...] = ()


class Whole(_Part):
    """A complete question that composition does not give."""

    plan: str
    ask: tuple[str, ...] = Field(min_length=1)


class Dialogue(_Part):
    """Questions that follow one another, each with the whole plan of what is asked by then."""

    turn: tuple[Whole, ...] = Field(min_length=2)


class Phrases(_Part):
    """The phrase file of one view; ``general`` has whole questions only, ``dialogues`` dialogues only."""

    entity: tuple[str, ...] = ()
    select: str = ""
    filter: tuple[Filter, ...] = ()
    order: tuple[Order, ...] = ()
    attr: tuple[Attr, ...] = ()
    group: tuple[Group, ...] = ()
    measure: tuple[Measure, ...] = ()
    link: tuple[Link, ...] = ()
    whole: tuple[Whole, ...] = ()
    dialogue: tuple[Dialogue, ...] = ()


@cache
def load() -> Mapping[str, Phrases]:
    """Every phrase file by view name. Raises `pydantic.ValidationError` for a field that should not be there."""
    return {path.stem: load_one(path) for path in sorted(PHRASE_FILES.glob("*.toml"))}


def load_one(path: Path) -> Phrases:
    """One phrase file."""
    return Phrases.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def problems(phrases: Phrases) -> Iterator[str]:
    """What is wrong with holes: unknown kinds, slots that no phrase fills, numbers that are written out."""
    for plan, texts in _pairs(phrases):
        yield from _misfits(plan, texts)
    for dialogue in phrases.dialogue:
        before: set[str] = set()
        for turn in dialogue.turn:
            yield from _misfits(turn.plan, turn.ask, before)
            before |= {_name(*hole[:2]) for text in turn.ask for hole in HOLE.findall(text)}


def _misfits(plan: str, texts: Iterable[str], before: Set[str] = frozenset()) -> Iterator[str]:
    """Problems of texts that mean one plan, whose slots may be filled ``before`` in a dialogue."""
    wanted = {_name(*slot) for slot in SLOT.findall(plan)} - before
    for text in texts:
        holes = HOLE.findall(text)
        bare = HOLE.sub(" ", text)
        if missing := wanted - {_name(*hole[:2]) for hole in holes}:
            yield f"{text!r} has no hole for {', '.join(sorted(missing))}"
        if unknown := {kind for kind, _, _ in holes} - set(SLOT_KINDS):
            yield f"{text!r} has holes of unknown kind {', '.join(sorted(unknown))}"
        if "{" in bare or "}" in bare:
            yield f"{text!r} has a malformed hole"
        if number := WRITTEN_NUMBER.search(bare):
            yield f"{text!r} writes the number {number[0]!r} out: use a {{number}} hole and @number"


def _name(kind: str, letter: str) -> str:
    return f"{kind}_{letter}" if letter else kind


WRITTEN_NUMBER = re.compile(
    r"(?<![\w.-])(\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|hundred|thousand)(?![\w-])", re.I
)


def _pairs(phrases: Phrases) -> Iterator[tuple[str, tuple[str, ...]]]:
    for f in phrases.filter:
        yield f.plan, f.adj + f.that
    for o in phrases.order:
        yield o.plan, o.super + o.by
    for a in phrases.attr:
        yield a.item, a.nouns
    for g in phrases.group:
        yield g.item, g.by + g.nouns
    for m in phrases.measure:
        yield f"{m.item} {m.filter}".strip(), m.nouns
    for link in phrases.link:
        yield "", link.has + link.hasnt
    for w in phrases.whole:
        yield w.plan, w.ask
