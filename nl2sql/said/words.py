"""Where a question says values of closed vocabularies, and whether it says them to be left out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from nl2sql.linking.vocabulary import WORD, folded, stems, words
from nl2sql.plan.language import column_of, literal

LEFT_OUT = re.compile(r"(?:\b(?:not?|never|nor|neither|non|without|except|excluding|excludes?|ignor\w+|than|instead of|but)|n't)(?:\W+\w+){0,2}\W+$")
"""Before what is to be left out, or is only compared with: neither online nor degraded, rather than offline."""

TOKEN = re.compile(rf"(?P<mail>\be-?mails?(?: address(?:es)?)?\b)|{WORD.pattern}")
"""A word; an address of mail is one, and no address of a place."""


@dataclass(frozen=True, slots=True)
class Said:
    """A value, as plans write it, or a name, at ``start:end`` of the question."""

    start: int
    end: int
    value: str


def is_called(condition: str, text: str) -> bool:
    """Whether a text has all words of the name of a named condition, as plans write it: stale, of ``datasets:stale``."""
    return set(words(condition.partition(":")[2].replace("_", " "))) <= set(words(text))


def said_values(column: str, text: str) -> list[Said]:
    """The values of a column's closed vocabulary that a text says, in their words or in forms of them; in one place the longer: non-compliant is not compliant."""
    return [replace(said, value=literal(said.value)) for said in said_names(column_of(column).values, text)]


def said_names(names: Iterable[str], text: str) -> list[Said]:
    """The names that a text says, as they are written, where `said_values` finds values."""
    tokens = [(m.start(), m.end(), {"email"} if m["mail"] else {m[0], *stems(m[0])}) for m in TOKEN.finditer(folded(text))]
    found: list[Said] = []
    for value in sorted(names, key=lambda v: (-len(words(v)), v)):
        parts = words(value)
        for at in range(len(tokens) - len(parts) + 1):
            span = tokens[at : at + len(parts)]
            start, end = span[0][0], span[-1][1]
            is_free = all(end <= other.start or other.end <= start for other in found)
            if is_free and all(part in forms for part, (_, _, forms) in zip(parts, span, strict=True)):
                found.append(Said(start, end, value))
    return sorted(found, key=lambda said: said.start)


def is_left_out(said: Said, text: str) -> bool:
    """The question says it as what it does not want."""
    return bool(LEFT_OUT.search(text[: said.start]))
