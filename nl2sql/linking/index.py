"""The names that an asker may see, by how people write them: built from the asker's own redacted snapshot only.

Knows nothing about questions, see ``link``.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from catalog.semantic import views

COUNTRIES = Path(__file__).parent / "countries.toml"
LONGEST_NAME = 8
"""Words of a name that are compared; longer names are found by their first words."""
EUROPE = ("eu", "e.u.", "european union", "europe", "european", "eea")
WORD = re.compile(r"[^\W_]+")
LICENCE_WORDS = {"creativeml": "creativeml", "licence": "", "license": "", "the": ""}


def words(text: str) -> tuple[str, ...]:
    """The lower-case letters-and-digits words of a text: ``CC BY-NC 4.0`` → cc, by, nc, 4, 0."""
    return tuple(WORD.findall(text.lower()))


@dataclass(slots=True)
class NameIndex:
    """Spellings to values per slot kind, columns per dataset, and words of free text."""

    names: dict[tuple[str, ...], dict[str, list[str]]] = field(default_factory=dict)
    columns_of: dict[str, list[str]] = field(default_factory=dict)
    text_words: frozenset[str] = frozenset()

    def add(self, kind: str, spelling: str, value: str) -> None:
        """Let ``spelling`` stand for ``value``; words of a closed vocabulary stay words, the model knows them."""
        key = words(spelling)[:LONGEST_NAME]
        if key and len("".join(key)) > 1 and key not in closed_words():
            values = self.names.setdefault(key, {}).setdefault(kind, [])
            if value not in values:
                values.append(value)

    def dump(self) -> str:
        """The index as JSON."""
        names = [[" ".join(key), kinds] for key, kinds in self.names.items()]
        return json.dumps({"names": names, "columns_of": self.columns_of, "text_words": sorted(self.text_words)})

    @classmethod
    def load(cls, text: str) -> "NameIndex":
        """The index that `dump` wrote."""
        saved = json.loads(text)
        return cls(
            names={tuple(key.split(" ")): kinds for key, kinds in saved["names"]},
            columns_of=saved["columns_of"],
            text_words=frozenset(saved["text_words"]),
        )


@cache
def closed_words() -> frozenset[tuple[str, ...]]:
    """Every value of a closed vocabulary."""
    return frozenset(words(value) for v in views().values() for c in v.columns.values() for value in c.values)


def build_index(snapshot: Path, shown: Mapping[str, Iterable[str]]) -> NameIndex:
    """Read the names from a redacted snapshot; ``shown`` lists the unmasked columns per view."""
    index = NameIndex()
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        for view, columns in shown.items():
            for name in columns:
                column = views()[view].columns[name]
                if column.slot:
                    source = f'unnest("{name}")' if column.is_list else f'"{name}"'
                    for (value,) in connection.execute(f'SELECT DISTINCT {source} AS v FROM "{view}" ORDER BY v').fetchall():
                        if value:
                            _add(index, column.slot, str(value))
        if {"name", "aliases"} <= set(shown.get("datasets", ())):
            for name, aliases in connection.execute("SELECT name, aliases FROM datasets ORDER BY name").fetchall():
                for alias in aliases or ():
                    index.add("dataset", alias, name)
                    if "/" in alias or "." in alias:
                        index.add("dataset", re.split(r"[/.]", alias)[-1], name)
        if {"dataset", "column_name"} <= set(shown.get("columns", ())):
            rows = connection.execute('SELECT dataset, column_name FROM "columns" ORDER BY ALL').fetchall()
            for dataset, column_name in rows:
                index.columns_of.setdefault(dataset, []).append(column_name)
        text = [c for c in ("name", "description", "domain") if c in set(shown.get("datasets", ()))]
        found: set[str] = set()
        for name in text:
            for (value,) in connection.execute(f'SELECT DISTINCT "{name}" FROM datasets').fetchall():
                found.update(w for w in words(value or "") if len(w) > 3 and not w.isdigit())
        index.text_words = frozenset(found)
    for code, spellings in countries().items():
        for spelling in spellings:
            index.add("country", spelling, code)
    for spelling in EUROPE:
        index.add("jurisdiction", spelling, "EU")
    return index


def _add(index: NameIndex, kind: str, value: str) -> None:
    if kind in ("country", "jurisdiction") and len(value) == 2:
        return  # two-letter codes read as common words; names and adjectives stand for them
    index.add(kind, value, value)
    if kind == "dataset" and ("." in value or "/" in value):
        index.add(kind, re.split(r"[/.]", value)[-1], value)
    if kind in ("org", "dataset", "model") and "(" in value:
        index.add(kind, value.split("(")[0], value)
    if kind == "licence":
        for spelling in licence_spellings(value):
            index.add(kind, spelling, value)


def licence_spellings(licence: str) -> Iterable[str]:
    """Short ways to say a licence: ``Apache License 2.0`` → apache 2.0, apache."""
    plain = re.sub(r"\b(licen[cs]e|version|v(?=\d))\b", " ", licence, flags=re.I)
    yield plain
    versionless = re.sub(r"\s*v?\d+(\.\d+)*\s*$", "", plain.strip())
    if len(versionless) > 2:
        yield versionless
    if plain.strip().upper().startswith("CC "):
        yield re.sub(r"(?i)^cc ", "creative commons ", plain.strip())


@cache
def countries() -> Mapping[str, tuple[str, ...]]:
    """ISO code to names and adjectives."""
    return {code: tuple(names) for code, names in tomllib.loads(COUNTRIES.read_text(encoding="utf-8")).items()}
