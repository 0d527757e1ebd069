"""The names that an asker may see, by how people write them: built from the asker's own redacted snapshot only.

Knows nothing about questions, see ``link``.
"""

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.access.policy_rules import NO_RULE
from catalog.quality.freshness import opened
from catalog.semantic import views
from nl2sql.linking.durations import AMOUNT
from nl2sql.linking.places import ADJECTIVES, EUROPE, LANGUAGES, continents, countries
from nl2sql.linking.shortened import Kinds, humps, parts_of_datasets, shortened
from nl2sql.linking.spellings import ALIAS, LOOKALIKE, NAME, PART, spellings
from nl2sql.linking.vocabulary import closed_words, lexicon, singular, words

__all__ = ["LONGEST_NAME", "NameIndex", "build_index", "words"]

if TYPE_CHECKING:
    import duckdb

LONGEST_NAME = 8
"""Words of a name that are compared; longer names are found by their first words."""
LONGEST_DETAIL, MOST_DETAILS = 200, 200
"""Characters of what an event tells, and how many such texts are known: where each event has one of its own, nobody asks by them."""
PARTIAL_KINDS = ("dataset", "model", "node", "org", "person", "run", "licence", "group")
"""Kinds whose names people shorten to their first words."""


@dataclass
class NameIndex:
    """Spellings (words joined by blanks) to values per slot kind, columns per dataset, words of free text, what metrics are called, what events tell, and what notices them."""

    names: dict[str, Kinds] = field(default_factory=dict)
    columns_of: dict[str, list[str]] = field(default_factory=dict)
    text_words: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()
    details: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()
    _ranks: dict[tuple[str, str], int] = field(default_factory=dict, repr=False, compare=False)

    def add(self, kind: str, spelling: str, value: str, rank: int = NAME) -> None:
        """Let ``spelling`` stand for ``value`` unless a better-ranked value has it; closed vocabularies stay words, the model knows them."""
        parts = words(spelling)[:LONGEST_NAME]
        if len("".join(parts)) < 2 or parts in closed_words():
            return
        key = " ".join(parts)
        best = self._ranks.get((key, kind), LOOKALIKE + 1)
        if rank < best:
            self._ranks[key, kind] = rank
            self.names.setdefault(key, {})[kind] = [value]
        elif rank == best and value not in self.names[key][kind]:
            self.names[key][kind].append(value)

    def dump(self) -> str:
        """The index as JSON."""
        saved = {"names": self.names, "columns_of": self.columns_of, "text_words": " ".join(sorted(self.text_words)), "metrics": sorted(self.metrics), "details": self.details, "detectors": self.detectors}
        return json.dumps(saved, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> "NameIndex":
        """The index that `dump` wrote."""
        saved = json.loads(text)
        return cls(saved["names"], saved["columns_of"], frozenset(saved["text_words"].split()), frozenset(saved["metrics"]), tuple(saved["details"]), tuple(saved["detectors"]))

    @cached_property
    def joined(self) -> dict[str, list[str]]:
        """Spellings without their blanks: people write CommonCrawl, common-crawl and common crawl."""
        found: dict[str, list[str]] = defaultdict(list)
        for key in self.names:
            found[key.replace(" ", "")].append(key)
        return dict(found)

    @cached_property
    def shortened(self) -> dict[str, Kinds]:
        """Surnames, initials and other short spellings."""
        return shortened(self.names)

    @cached_property
    def beginnings(self) -> dict[str, list[str]]:
        """First words of longer names to the spellings that begin so."""
        found: dict[str, list[str]] = defaultdict(list)
        for key, kinds in self.names.items():
            if " " in key and any(k in kinds for k in PARTIAL_KINDS):
                parts = key.split(" ")
                for size in range(1, min(len(parts), 4)):
                    found[" ".join(parts[:size])].append(key)
        return dict(found)

    @cached_property
    def turned(self) -> dict[str, list[tuple[str, str]]]:
        """Datasets, groups and persons of several words by those words in any order and number, countries by their codes."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for key, kind, value in self._several_words():
            gist = self.gist(key.split(" "))
            if (kind, value) not in found[gist]:
                found[gist].append((kind, value))
        return dict(found)

    @cached_property
    def endings(self) -> dict[str, list[tuple[str, str]]]:
        """Datasets of three words and more by all words but the first: meter readings for energy_meter_readings; the last 7 days are no end of a name."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for key, kind, value in self._several_words():
            end = key.partition(" ")[2]
            if " " in end and kind == "dataset" and not re.fullmatch(AMOUNT, end):
                found[end].append((kind, value))
        return dict(found)

    @cached_property
    def humps(self) -> dict[str, tuple[str, ...]]:
        """What several datasets' CamelCase names end in."""
        return humps(self.names)

    @cached_property
    def parted(self) -> dict[str, tuple[str, ...]]:
        """The parts of datasets' names."""
        return parts_of_datasets(self.names)

    @cached_property
    def whole_or_part(self) -> list[tuple[str, str]]:
        """Spellings of datasets and models, in order, and after each of them its later words: where one begins with a word, and where it has that word."""
        spelt = [key for key, kinds in self.names.items() if "dataset" in kinds or "model" in kinds]
        return sorted({(said, key) for key in spelt for said in (key, *(f"{part} " for part in key.split(" ")[1:]))})

    @cached_property
    def numbered(self) -> dict[int, str]:
        """What names of so many words are mostly of whose last one is a number: nodes or runs."""
        found: dict[int, Counter[str]] = defaultdict(Counter)
        for key, kinds in self.names.items():
            if key.rpartition(" ")[2].isdigit():
                found[key.count(" ") + 1].update(kind for kind in ("node", "run") if kind in kinds)
        return {size: kinds.most_common(1)[0][0] for size, kinds in found.items() if kinds}

    @cached_property
    def holders(self) -> dict[str, set[str]]:
        """Datasets of several words by each of those words, in any number."""
        found: dict[str, set[str]] = defaultdict(set)
        for gist, named in self.turned.items():
            for word in gist.split(" "):
                found[word].update(value for kind, value in named if kind == "dataset")
        return dict(found)

    def holding(self, parts: Iterable[str]) -> list[str]:
        """Datasets whose names have all of the words among their own: Kenya weather for two of them."""
        held = sorted((self.holders.get(self._stem(part), set()) for part in parts), key=len)
        return sorted(held[0].intersection(*held[1:])) if held else []

    def gist(self, parts: Iterable[str]) -> str:
        """Words whatever their order and number, countries and continents whatever their form."""
        return " ".join(sorted(map(self._stem, parts)))

    def _stem(self, word: str) -> str:
        codes = self.names.get(word, {}).get("country", ())
        return codes[0] if len(codes) == 1 else ADJECTIVES.get(word, singular(word))

    def _several_words(self) -> Iterator[tuple[str, str, str]]:
        return ((key, kind, value) for key, kinds in self.names.items() if " " in key for kind in ("dataset", "group", "person") for value in kinds.get(kind, ()))

    @cached_property
    def by_initial(self) -> dict[str, list[str]]:
        """Joined spellings worth comparing with a misspelt one: people seldom get the first letter wrong."""
        found: dict[str, list[str]] = defaultdict(list)
        for joined in self.joined:
            if 5 <= len(joined) <= 40:
                found[joined[0]].append(joined)
        return dict(found)

    @cached_property
    def name_words(self) -> dict[str, list[str]]:
        """Words of names by initial letter."""
        found: dict[str, list[str]] = defaultdict(list)
        for word in sorted({w for key in (*self.names, *self.shortened) for w in key.split(" ") if len(w) > 3 and w.isalpha()}):
            found[word[0]].append(word)
        return dict(found)

    @cached_property
    def all_columns(self) -> dict[str, tuple[str, ...]]:
        """Column names, lower case, to the ways they are spelt."""
        found: dict[str, list[str]] = defaultdict(list)
        for column in sorted({c for columns in self.columns_of.values() for c in columns}):
            found[column.lower()].append(column)
        return {low: tuple(spelt) for low, spelt in found.items()}


def build_index(snapshot: Path, shown: Mapping[str, Iterable[str]]) -> NameIndex:
    """Read the names from a redacted snapshot; ``shown`` lists the unmasked columns per view."""
    index = NameIndex()
    columns_shown = {view: set(columns) for view, columns in shown.items()}
    with opened(snapshot) as connection:
        named = list(_values(connection, columns_shown))
        index.metrics = frozenset(value for kind, value in named if kind == "metric")
        for kind, value in named:
            plain = _is_plain(value)
            for spelling, rank in spellings(kind, value):
                index.add(kind, spelling, value, rank if plain else LOOKALIKE)
        if {"name", "aliases"} <= columns_shown.get("datasets", set()):
            for name, alias in connection.execute("SELECT DISTINCT name, unnest(aliases) AS alias FROM datasets ORDER BY ALL").fetchall():
                index.add("dataset", alias, name, ALIAS)
                if re.fullmatch(r"[\w.-]+/[\w.-]+", alias):  # owner/name, as on Hugging Face
                    index.add("dataset", alias.split("/")[-1], name, ALIAS)
        if {"dataset", "column_name"} <= columns_shown.get("columns", set()):
            for dataset, column in connection.execute('SELECT DISTINCT dataset, column_name FROM "columns" ORDER BY ALL').fetchall():
                index.columns_of.setdefault(dataset, []).append(column)
        if "detail" in columns_shown.get("node_events", set()):
            index.details = _texts(connection, "detail")
        if "detected_by" in columns_shown.get("node_events", set()):
            index.detectors = _texts(connection, "detected_by")
        index.text_words = _words_of(connection, columns_shown.get("datasets", set()) & {"name", "description", "domain"})
    _add_without_maker(index)
    _add_places(index)
    return index


def _add_places(index: NameIndex) -> None:
    """Countries, continents by all of their countries, languages and the European Union."""
    for code, names in countries().items():
        for spelling in names:
            index.add("country", spelling, code)
    for spelling, codes in continents().items():
        for code in codes:
            index.add("country", spelling, code)
    for language in LANGUAGES:
        index.add("language", language, language.capitalize())
    for spelling in EUROPE:
        index.add("jurisdiction", spelling, "EU")


def _values(connection: "duckdb.DuckDBPyConnection", shown: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Every value that a person may mention, with its kind; what lineage calls a model is a model."""
    for view, columns in shown.items():
        for name in sorted(columns):
            column = views()[view].columns[name]
            if column.slot == "policy":
                yield "policy", NO_RULE
            if column.slot:
                source = f'unnest("{name}")' if column.is_list else f'"{name}"'
                where = ""
                if f"{name}_kind" in columns:
                    for (model,) in connection.execute(f"SELECT DISTINCT \"{name}\" AS v FROM \"{view}\" WHERE {name}_kind = 'model' ORDER BY v").fetchall():
                        yield "model", str(model)
                    where = f"WHERE {name}_kind <> 'model'"
                for (value,) in connection.execute(f'SELECT DISTINCT {source} AS v FROM "{view}" {where} ORDER BY v').fetchall():
                    if value:
                        yield column.slot, str(value)


def _texts(connection: "duckdb.DuckDBPyConnection", column: str) -> tuple[str, ...]:
    """What events say in a column, the most frequent texts first."""
    told = f"SELECT {column} FROM node_events WHERE len({column}) <= ? GROUP BY {column} ORDER BY count(*) DESC, {column} LIMIT ?"
    return tuple(text for (text,) in connection.execute(told, [LONGEST_DETAIL, MOST_DETAILS]).fetchall())


def _is_plain(value: str) -> bool:
    """Reads as it is written: no invisible characters, no blanks but single ones between words."""
    return value == " ".join(value.split()) and not any(unicodedata.category(c) in ("Cc", "Cf", "Zs", "Zl", "Zp") and c != " " for c in value)


def _add_without_maker(index: NameIndex) -> None:
    """``GPT-4`` for OpenAI GPT-4, where OpenAI is an organisation of the catalog."""
    for key, kinds in list(index.names.items()):
        maker, _, rest = key.partition(" ")
        if rest and "model" in kinds and "org" in index.names.get(maker, {}) and not set(rest.split()) <= lexicon():
            for value in kinds["model"]:
                index.add("model", rest, value, PART)


def _words_of(connection: "duckdb.DuckDBPyConnection", columns: Iterable[str]) -> frozenset[str]:
    """Words of more than three letters in the datasets' own texts."""
    found: set[str] = set()
    for name in sorted(columns):
        for (value,) in connection.execute(f'SELECT DISTINCT "{name}" FROM datasets').fetchall():
            found.update(w for w in words(value or "") if len(w) > 3 and not w.isdigit())
    return frozenset(found)
