"""What people call things for short, worked out from their names: surnames, initials, the parts of a CamelCase name, licences in words.

Kept apart from the spellings of the index, which is saved: these follow from it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from nl2sql.linking.vocabulary import is_english, lexicon, words

Kinds = dict[str, list[str]]

NICKNAMES = {
    ("format", "JPEG"): ("jpg", "jpgs"),
    ("format", "PostgreSQL"): ("postgres",),
    ("framework", "TensorFlow"): ("tf",),
    ("framework", "scikit-learn"): ("sklearn", "scikit"),
    ("org", "Hugging Face"): ("hf",),
    ("language", "Chinese"): ("mandarin",),
    ("language", "Swahili"): ("kiswahili",),
    ("licence", "BigCode OpenRAIL-M"): ("openrail", "openrail-m"),
    ("licence", "CreativeML OpenRAIL-M"): ("openrail", "openrail-m"),
    ("domain", "commerce"): ("e-commerce", "ecommerce"),
}
"""Names that do not follow from the letters of the first."""
TITLE = r"(?:dr|mr|mrs|ms|prof|professor)\.? "
"""What stands before a surname, in lower case."""
PARTICLES = ("de", "van", "von", "der", "den", "da", "di")
"""What belongs to the surname behind it."""
SMALL = ("of", "for", "and", "the", "in", "at", "a")
"""Words that initials leave out."""
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
ATTRIBUTES = {"by": "attribution", "nc": "non commercial", "sa": "share alike", "nd": "no derivatives"}
"""What the letters of a Creative Commons licence stand for."""


def shortened(names: Mapping[str, Kinds]) -> dict[str, Kinds]:
    """Short spellings to the values that they may stand for."""
    found: dict[str, Kinds] = {}
    for kind, value in sorted({(kind, value) for kinds in names.values() for kind, values in kinds.items() for value in values}):
        for spelling in (*_shorter(kind, value), *NICKNAMES.get((kind, value), ())):
            values = found.setdefault(" ".join(words(spelling)), {}).setdefault(kind, [])
            if value not in values:
                values.append(value)
    return found


def parts_of_datasets(names: Mapping[str, Kinds]) -> dict[str, tuple[str, ...]]:
    """The parts of datasets' names, those of CamelCase too, to the datasets: orca for Orca-Math, OpenOrca and SlimOrca."""
    found: dict[str, set[str]] = defaultdict(set)
    for value in _datasets(names):
        for part in words(CAMEL.sub(" ", value)):
            found[part].add(value)
    return {part: tuple(sorted(values)) for part, values in found.items()}


def humps(names: Mapping[str, Kinds]) -> dict[str, tuple[str, ...]]:
    """Words that are no English to the several datasets whose CamelCase names end in them: pajama for RedPajama and SlimPajama."""
    found: dict[str, set[str]] = defaultdict(set)
    for value in _datasets(names):
        *first, last = CAMEL.split(value)
        if first and " " not in value and len(last) > 4 and last.isalpha() and not is_english(last.lower()):
            found[last.lower()].add(value)
    return {word: tuple(sorted(values)) for word, values in found.items() if len(values) > 1}


def _datasets(names: Mapping[str, Kinds]) -> set[str]:
    return {value for kinds in names.values() for value in kinds.get("dataset", ())}


def _shorter(kind: str, value: str) -> Iterator[str]:
    if kind == "person":
        yield from _of_person(value)
    if kind == "licence":
        yield from _of_licence(value)
    if kind == "policy" and (code := re.fullmatch(r"([A-Z]+)-0*(\d+)", value)):
        yield from (f"{code[1]}{code[2]}", f"{code[1]} {code[2]}")
    if kind == "format" and value.lower() not in lexicon():
        yield from (f"{value}s", f"{CAMEL.sub(' ', value)}s")
    if kind in ("dataset", "org", "model", "format", "framework") and not set(apart := words(CAMEL.sub(" ", value))) <= lexicon():
        yield " ".join(apart)
    if kind in ("dataset", "org", "task"):
        yield from _initials(value)
    if kind == "org":
        if place := re.fullmatch(r"University of (\w+)", value):
            yield f"{place[1]} University"
        if rest := re.match(r"(?:[A-Z]{2,4} (?=\S+ \S)|UC (?=\S+$))(.+)", value):
            yield rest[1]


def _of_person(value: str) -> Iterator[str]:
    """``Katrin Vogel``, ``K. Vogel``, ``Vogel`` for Dr. Katrin Vogel."""
    name = re.sub(rf"(?i)^{TITLE}", "", value)
    first, _, surname = name.partition(" ")
    while " " in surname and surname.split(" ")[0].lower() not in PARTICLES:
        surname = surname.partition(" ")[2]
    if surname:
        yield from (name, surname, f"{first[0]} {surname}")


def _of_licence(value: str) -> Iterator[str]:
    """Creative Commons licences in words, with their version and without."""
    parts = words(value)
    if re.fullmatch(r"CC0 [\d.]+", value):
        said = "zero"
    elif re.fullmatch(r"CC (?:BY|NC|SA|ND|-)+ [\d.]+", value):
        said = " ".join(ATTRIBUTES[part] for part in parts[1:] if part in ATTRIBUTES)
    else:
        return
    yield from (f"{maker} {said}" for maker in ("creative commons", "cc"))
    yield from (f"creative commons {said.replace('share alike', 'sharealike').replace('non commercial', 'noncommercial')} {' '.join(parts[-2:])}", f"creative commons {said} {' '.join(parts[-2:])}")
    if said == "zero":
        yield "cc 0"


def _initials(value: str) -> Iterator[str]:
    """``NYU``, ``USGS``: of three words and more, unless they read as a word."""
    parts = [part for part in re.findall(r"[^\W_]+", value) if part.lower() not in SMALL]
    if len(parts) > 2 and " " in value and all(part.isalpha() for part in parts):
        letters = "".join(part if part.isupper() and len(part) < 4 else part[0] for part in parts).lower()
        if len(letters) < 6 and not is_english(letters):
            yield letters
