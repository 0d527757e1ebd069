"""Questions with holes: made from what somebody asked, recognised in what somebody asks, filled with names that somebody may see.

The linker decides what is the same question: two that it reads alike are. Knows no policy and stores nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import TypeVar

from catalog.errors import UsageError
from catalog.review.verified import Pair
from nl2sql.holes import IN_QUESTION, bound, kind_of, template
from nl2sql.linking.index import LONGEST_NAME, NameIndex
from nl2sql.linking.link import Linked, link
from nl2sql.linking.vocabulary import singular, words
from nl2sql.session import Session
from nl2sql.values import Bindings, Text, Value

LONGEST = 500
"""Characters of a question that is kept."""
TRIES = 25
"""Names that are tried in a hole."""
POOL = 400
"""Names among which those are looked for."""
SAMPLES: Mapping[str, tuple[str, ...]] = {
    "number": ("37", "3", "12"),
    "period": ("last week", "2025", "March 2026"),
    "term": ("medical", "speech", "code"),
    "jurisdiction": ("EU",),
    "country": ("Germany", "France", "Kenya"),
    "language": ("German", "French", "Spanish"),
}
"""What is tried in holes of kinds that hold no names of the catalog."""

Item = TypeVar("Item")


def drafted(question: str, sql: str, session: Session, layer: str, clock: datetime | None = None) -> Pair:
    """The pair of a question and its SQL as the asker's guard writes it.

    A value that the question names and the SQL has as a literal becomes a hole; ``clock`` is the moment that the SQL was made for.
    Raises `UsageError` for what is no pair, `Repairable` and `AccessDenied` for SQL that is not theirs to run.
    """
    text = " ".join(question.replace("’", "'").replace("‘", "'").encode("utf-8", "replace").decode("utf-8").split())
    if not 0 < len(text) <= LONGEST:
        raise UsageError("The question is empty." if not text else f"The question is longer than {LONGEST} characters.", "Ask for one thing in a sentence or two.")
    declared = [match[1] for match in IN_QUESTION.finditer(text)]
    if len(set(declared)) < len(declared):
        raise UsageError("A hole stands once in a question.", "Number those of one kind: {dataset} and {dataset2}.")
    holes, linked = _read(text, session)
    derived = _derived(linked, holes, declared)
    made = template(sql, session.schema, declared, {hole: linked.bindings[slot] for slot, hole in derived.items()}, clock)
    if missing := sorted(set(declared) - set(made.holes)):
        side = ".start" if kind_of(missing[0]) == "period" else ""
        raise UsageError(f"The SQL has no {{{missing[0]}}}.", f"Write it as a literal of its own: '{{{missing[0]}{side}}}'")
    holes |= {slot: hole for slot, hole in derived.items() if hole in made.holes}
    fixed = {slot: mention for slot, mention in linked.mentions.items() if slot not in holes}
    if made.dates and (spans := [m.surface for m in fixed.values() if m.kind == "period"]):
        raise UsageError(f"The question says {spans[0]!r}, and the SQL has other dates.", "Write '{period.start}' and '{period.end}' in the SQL, or ask without a time.")
    said = [value for m in fixed.values() if m.known and isinstance(m.value, Text) for value in m.value.values]
    pair = Pair(
        question=_with_holes(text, linked, {slot: hole for slot, hole in holes.items() if hole not in declared}),
        pattern=normal(linked.text),
        slots={slot[1:]: f"{{{holes[slot]}}}" if slot in holes else _plain(m.surface) for slot, m in linked.mentions.items()},
        sql=made.sql,
        parameters=made.holes,
        names=tuple(sorted({name.strip("%") for name in (*said, *made.texts) if is_name(session.index, name)})),
        relations=made.relations,
        samples={hole: linked.mentions[slot].surface for slot, hole in holes.items() if kind_of(hole) in SAMPLES and hole not in declared},
        layer=layer,
    )
    try:
        bound(pair.sql, {hole: linked.bindings[slot] for slot, hole in holes.items()}, session.now)
    except ValueError as misfit:
        raise UsageError(f"The question and the SQL do not fit: {misfit}.", "A time that begins and ends needs '{period.start}' and '{period.end}'.") from None
    return pair


def normal(linked_text: str) -> str:
    """A linked question without what ends it and how its blanks stand: two that are alike then are one."""
    return " ".join(linked_text.rstrip(" .?!").split())


def values_of(pair: Pair, linked: Linked) -> dict[str, Value] | None:
    """What a question puts into the holes; None where it is another question."""
    if normal(linked.text) != pair.pattern or {slot[1:] for slot in linked.mentions} != set(pair.slots):
        return None
    values: dict[str, Value] = {}
    for slot, mention in linked.mentions.items():
        what = pair.slots[slot[1:]]
        if what.startswith("{"):
            values[what[1:-1]] = linked.bindings[slot]
        elif _plain(mention.surface) != what:
            return None
    return values


def filled(pair: Pair, session: Session) -> tuple[str, Bindings] | None:
    """The question with names that the asker may see, and the values of its holes; None where no names make it that question."""
    own = IN_QUESTION.sub(lambda hole: f"{{{hole[1]}={pair.samples[hole[1]]}}}" if hole[1] in pair.samples else hole[0], pair.question)
    for spoken in _fillings(own, session):
        values = values_of(pair, link(spoken, session.index, session.now, session.principal.node))
        if values is not None:
            return spoken, values
    return None


def is_name(index: NameIndex, text: str) -> bool:
    """Whether a text is a name of the asker's catalog; signs of a pattern around it aside."""
    bare = text.strip("%")
    kinds = index.names.get(" ".join(words(bare)[:LONGEST_NAME]), {})
    return any(bare in values for values in kinds.values())


def ranked(text: str, items: Iterable[Item], text_of: Callable[[Item], str]) -> list[Item]:
    """Items by the share of words that they have in common with a text, then as they came; all of them where there is no text."""
    from rapidfuzz import fuzz

    said = _stems(text)
    if not said:
        return list(items)
    found = [(len(said & (has := _stems(text_of(item)))) / len(said | has), fuzz.partial_ratio(text.lower(), text_of(item).lower()), item) for item in items]
    return [item for share, near, item in sorted(found, key=lambda one: (-one[0], -one[1])) if share or near >= 80]


def _read(text: str, session: Session) -> tuple[dict[str, str], Linked]:
    """The slot that each hole of a question became, and how the linker reads it with something in its holes. Raises `UsageError`."""
    for spoken in _fillings(text, session):
        linked = link(spoken, session.index, session.now, session.principal.node)
        holes = _holes(text, spoken, linked)
        if holes is not None:
            return holes, linked
    raise UsageError("No name that you may see is read as one where the holes are.", "Give examples: who owns {dataset=C4}?")


def _fillings(text: str, session: Session) -> Iterator[str]:
    """The question with names in its holes, one after the other; as it is where it has none."""
    holes = list(IN_QUESTION.finditer(text))
    choices = [[hole[2].strip()] if hole[2] else _names(kind_of(hole[1]), session.index) for hole in holes]
    if not all(choices):
        return
    tries = max((len(names) for names in choices), default=1) if holes else 1
    for at in range(min(tries, TRIES)):
        picks = iter([names[(at + place) % len(names)] for place, names in enumerate(choices)])
        yield IN_QUESTION.sub(lambda _, picks=picks: next(picks), text)  # type: ignore[misc]  # bound now, not when it is called


def _names(kind: str, index: NameIndex) -> list[str]:
    """Names of a kind that the asker may see, those that read most like one first."""
    if kind in SAMPLES:
        return list(SAMPLES[kind])
    values = islice((value for kinds in index.names.values() for value in kinds.get(kind, ()) if " ".join(words(value))), POOL)
    return sorted(set(values), key=lambda value: (not value[0].isupper(), len(value.split()), len(value) < 4, value))[:TRIES]


def _holes(text: str, spoken: str, linked: Linked) -> dict[str, str] | None:
    """Which slot each hole became; None where one was not read as its kind."""
    found: dict[str, str] = {}
    mentions = iter(linked.mentions.items())  # in the order in which they stand
    start = 0
    for hole in IN_QUESTION.finditer(text):
        before, after = text[start : hole.start()], text[hole.end() :]
        said = _said(spoken, before, after)
        slot = next((slot for slot, m in mentions if m.kind == kind_of(hole[1]) and _is_said(_plain(said), _plain(m.surface), m.kind)), None)
        if slot is None:
            return None
        found[slot] = hole[1]
        spoken, start = spoken[len(before) + len(said) :], hole.end()
    return found


def _is_said(said: str, surface: str, kind: str) -> bool:
    """Whether a mention is what stands in a hole; of a time, with the word before it: since March."""
    return surface.startswith(said) or (kind == "period" and said in surface)


def _said(spoken: str, before: str, after: str) -> str:
    """What stands in the first hole of a question."""
    following = IN_QUESTION.split(after)[0]
    end = spoken.find(following, len(before) + 1) if following else len(spoken)
    return spoken[len(before) : end if end > 0 else len(spoken)]


def _derived(linked: Linked, holes: Mapping[str, str], declared: Iterable[str]) -> dict[str, str]:
    """Names for the holes that other slots could be."""
    taken, found = set(declared), dict[str, str]()
    for slot, mention in linked.mentions.items():
        if slot not in holes:
            name = next((n for n in (mention.kind, f"{mention.kind}2", f"{mention.kind}3") if n not in taken), None)
            if name:
                taken.add(name)
                found[slot] = name
    return found


def _with_holes(text: str, linked: Linked, holes: Mapping[str, str]) -> str:
    """The question with holes in place of what was read as their values, and without examples."""
    at = 0
    for slot, mention in linked.mentions.items():
        place = text.find(mention.surface, at)
        if slot in holes and place >= 0:
            text = f"{text[:place]}{{{holes[slot]}}}{text[place + len(mention.surface) :]}"
            at = place + len(holes[slot]) + 2
        elif place >= 0:
            at = place + len(mention.surface)
    return re.sub(IN_QUESTION, lambda hole: f"{{{hole[1]}}}", text)


def _plain(text: str) -> str:
    return " ".join(words(text))


def _stems(text: str) -> frozenset[str]:
    return frozenset(singular(word) for word in words(IN_QUESTION.sub(" ", text)) if len(word) > 2)
