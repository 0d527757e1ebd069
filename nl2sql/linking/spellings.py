"""The ways to write a name: with its version and without, its last part, its numeral as a figure. Knows no catalog."""

import re
from collections.abc import Iterator

from nl2sql.linking.vocabulary import lexicon, words

NAME, ALIAS, PART, LOOKALIKE = 0, 1, 2, 3
"""How well a spelling stands for a value: its own name, another name of it, the last part of a dotted or slashed name, a name
that only reads like it: another publisher's ``C4`` with a blank or an invisible character."""
ROMAN = {"ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6"}


def spellings(kind: str, value: str) -> Iterator[tuple[str, int]]:
    """The ways to write a value, each with its rank."""
    if kind in ("country", "jurisdiction") and len(value) == 2:
        return  # two-letter codes read as common words; names and adjectives stand for them
    yield value, NAME
    parts = words(value)
    if parts and parts[-1] in ROMAN:
        yield " ".join((*parts[:-1], ROMAN[parts[-1]])), ALIAS
    if kind in ("dataset", "model") and value.endswith(".0"):
        yield value.removesuffix(".0"), ALIAS
    dotted = re.split(r"[/.](?!\d)", value)
    folder = "/" in value and set(words(dotted[-1])) <= lexicon()  # folders end in plain words: …/default/source
    if kind == "dataset" and len(dotted) > 1 and " " not in value and not folder:
        yield dotted[-1], PART
    if kind in ("org", "dataset", "model") and "(" in value:
        yield value.split("(")[0], ALIAS
    if kind == "role" and not value.endswith("s"):
        yield f"{value}s", NAME
    if kind == "licence":
        yield from ((spelling, NAME) for spelling in licence_spellings(value))  # without a version it means them all


def licence_spellings(licence: str) -> Iterator[str]:
    """Short ways to say a licence: ``Apache License 2.0`` → apache 2.0, apache 2, apache."""
    plain = re.sub(r"\b(licen[cs]e|version|v(?=\d))\b", " ", licence, flags=re.I)
    yield plain
    if re.search(r"\d\.0\s*$", plain):
        yield re.sub(r"\.0\s*$", "", plain)
    versionless = re.sub(r"\s*v?\d+(\.\d+)*\s*$", "", plain.strip())
    if len(versionless) > 2:
        yield versionless
    if plain.strip().upper().startswith("CC "):
        yield re.sub(r"(?i)^cc ", "creative commons ", plain.strip())
