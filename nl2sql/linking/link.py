"""Replaces the values in a question by typed slots, so that the model reads ``datasets derived from dataset1``.

Order: quoted names, spans of time, names from the index (longest first), numbers, misspelt words and names, topic words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz, process

from catalog.semantic import views
from nl2sql.linking.index import LONGEST_NAME, NameIndex, words
from nl2sql.linking.periods import find_periods
from nl2sql.plan import SLOTS_PER_KIND
from nl2sql.values import Number, Text, Value

LEXICON = Path(__file__).parent / "lexicon.txt"
"""Words that people use to ask, one a line, made from the phrase files by ``steward train``."""
ENGLISH = Path(__file__).parent / "english.txt"
"""Whole words of MiniLM's vocabulary (Apache-2.0), one a line."""

NUMBER = re.compile(
    r"(?<![\w.-])(?P<digits>\d[\d,_]*(?:\.\d+)?)(?P<scale> ?(?:k|m|bn|b|million|billion|thousand|mn|mio))?(?![\w])"
    r"(?P<unit> ?(?:%|percents?|per cent|pct|tb|gb|mb|kb|terabytes?|gigabytes?|megabytes?|kilobytes?|gigs?)(?!\w))?"
    r"|(?<![\w.-])(?P<digits_b>\d[\d,_]*(?:\.\d+)?)(?P<scale_b>k|m|bn)?(?P<unit_b>%|tb|gb|mb|kb)(?!\w)"
)
NUMBER_WORDS = {w: n for n, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"])} | {
    "fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "a hundred": 100, "a dozen": 12, "thousand": 1000,
}  # fmt: skip
NUMBER_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(w for w in NUMBER_WORDS if w not in ('one', 'zero'))})(?![\w-])(?P<unit> ?(?:%|percents?|per cent|gigabytes?|gb))?")
SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9}
BYTES = {"t": 1e12, "g": 1e9, "m": 1e6, "k": 1e3}
QUOTED = re.compile(r"[\"“`]([^\"”`]{2,60})[\"”`]|(?<!\w)'([^']{2,60})'(?!\w)")
PROTECTED = tuple(
    words(phrase)
    for phrase in (
        "eu ai act", "health data", "personal data", "patient data", "training data", "open source", "data sets", "restore test", "quality score", "trust score",
        "federated learning", "common voice", "public task", "key rotation", "us dollars", "legal basis", "machine learning", "language model", "language models",
    )
)  # fmt: skip
CUES = {
    "dataset": r"data ?sets?|tables?|corpus|corpora|collection|assets?", "model": r"models?|llms?|networks?", "node": r"nodes?|servers?|hosts?|machines?|box(?:es)?|sites?",
    "column": r"columns?|fields?|attributes?", "org": r"org(?:anisation|anization)?s?|company|companies|vendor|sellers?|operators?|publishers?|owners?", "policy": r"policy|policies|rules?",
    "person": r"users?|principals?|persons?|accounts?|colleague", "run": r"runs?", "job": r"jobs?|pipelines?", "metric": r"metrics?", "group": r"groups?|cohorts?", "framework": r"frameworks?",
    "domain": r"domains?|topics?|areas?|fields?|data|data ?sets?|data sets|tables?|corpora|collections?", "licence": r"licen[cs]es?|licen[cs]ed", "network": r"networks?", "role": r"roles?", "format": r"formats?|files?", "task": r"tasks?", "region": r"regions?",
    "language": r"languages?|texts?|speech|corpus|corpora|data ?sets?|data", "country": r"nodes?|servers?|hosts?|operators?|sites?|machines?|sellers?|compan(?:y|ies)|hospitals?|law|jurisdiction",
}  # fmt: skip
PRIORITY = ("dataset", "model", "node", "org", "jurisdiction", "country", "licence", "policy", "run", "job", "language", "framework", "format", "domain", "task", "region", "network", "metric", "group", "person", "role", "column")
TOPIC = re.compile(r"(?:about|containing|contains|contain|mention(?:s|ing)?|related to|relating to|concerning|with information on|keyword|called|named) (?:the )?([a-z][a-z-]{2,})(?: ([a-z][a-z-]{3,}))?")


@dataclass(frozen=True, slots=True)
class Mention:
    """A value at ``start:end`` of the question; ``known`` is false for a name that the asker's catalog does not hold."""

    start: int
    end: int
    kind: str
    value: Value
    surface: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Linked:
    """The question with slots in place of values, what each slot stands for, and the mentions behind them."""

    text: str
    bindings: dict[str, Value]
    mentions: dict[str, Mention]


def link(question: str, index: NameIndex, now: datetime) -> Linked:
    """Find the values in a question. Case is kept only for what a quoted or unknown name says."""
    question = " ".join(question.replace("’", "'").split())
    found = _Mentions(question, index)
    found.quoted()
    found.names()
    found.periods(now)
    found.columns()
    found.numbers()
    found.misspelt()
    found.topics()
    return found.linked()


@cache
def lexicon() -> frozenset[str]:
    """Words of the phrase files."""
    return frozenset(LEXICON.read_text(encoding="utf-8").split())


@cache
def english() -> frozenset[str]:
    """Everyday words, which are no misspellings and no names of people or organisations."""
    return frozenset(ENGLISH.read_text(encoding="utf-8").split())


@cache
def schema_words() -> frozenset[str]:
    """Names of views and columns, which people type too."""
    return frozenset(views()) | {c for v in views().values() for c in v.columns}


class _Mentions:
    def __init__(self, question: str, index: NameIndex) -> None:
        self.question = question
        self.text = question.lower()
        if len(self.text) != len(question):  # some capitals have no lower case of the same length
            self.text = question = question.encode("ascii", "replace").decode().lower()
        self.index = index
        self.found: list[Mention] = []
        self.tokens = [(m.start(), m.end(), m[0]) for m in re.finditer(r"[^\W_]+", self.text)]
        self.replaced: dict[tuple[int, int], str] = {}

    def free(self, start: int, end: int) -> bool:
        return not any(start < m.end and m.start < end for m in self.found)

    def add(self, start: int, end: int, kind: str, value: Value, known: bool = True) -> None:
        if sum(m.kind == kind for m in self.found) < SLOTS_PER_KIND:
            self.found.append(Mention(start, end, kind, value, self.question[start:end], known))

    def quoted(self) -> None:
        for match in QUOTED.finditer(self.question):
            inner = match[1] or match[2]
            kinds = self.index.names.get(words(inner)[:LONGEST_NAME], {})
            kind = self.choose(kinds, match.start(), match.end())
            if kind:
                self.add(match.start(), match.end(), kind, Text(tuple(kinds[kind])))
            elif len(inner.split()) <= 5:
                self.add(match.start(), match.end(), self.cue(match.start(), match.end()) or "dataset", Text((inner,)), known=False)

    def names(self) -> None:
        """Names of the index, longest first; single everyday words only where something points at a name."""
        for size in range(min(LONGEST_NAME, len(self.tokens)), 0, -1):
            for at in range(len(self.tokens) - size + 1):
                start, end = self.tokens[at][0], self.tokens[at + size - 1][1]
                key = tuple(t[2] for t in self.tokens[at : at + size])
                if not self.free(start, end) or (size > 1 and re.search(r"[?!;:]|, ", self.text[start:end])):
                    continue
                if key in PROTECTED and (key not in self.index.names or self.question[start:end].islower()):
                    self.found.append(Mention(start, end, "", Text(()), ""))
                    continue
                kinds = self.index.names.get(key)
                kind = kinds and self.choose(kinds, start, end)
                if kinds and kind and self.is_name(key, kind, start, end):
                    self.add(start, end, kind, Text(tuple(kinds[kind])))
        self.identifiers()

    def is_name(self, key: tuple[str, ...], kind: str, start: int, end: int) -> bool:
        """Whether words that could be a name are one here; everyday words need something that points at them."""
        if kind == "country" and key == ("us",):
            return self.question[start:end] in ("US", "Us") or bool(re.search(r"(?:in|from|the|outside) $", self.text[:start]))
        word = key[0]
        if kind == "column":
            return "_" in self.text[start:end] or (self.cue(start, end) == "column" and not set(key) <= lexicon())
        if len(key) > 1 or kind in ("country", "jurisdiction", "language"):
            return True
        if word.isdigit():
            return False
        pointed = self.styled(start, end) or self.points_at(kind, start, end)
        if kind in ("org", "person", "run", "role", "group", "job", "network", "region"):
            return pointed or word not in english() | lexicon()
        if word not in lexicon():
            return True
        before = re.search(r"(?:from|of|in|on|to|into|for|about|does|is|has|drop|read|uses?|feeds?|behind|with|the|and) $", self.text[:start])
        return pointed or (kind == "dataset" and bool(before) and word not in EVERYDAY)

    def styled(self, start: int, end: int) -> bool:
        """Capitalised inside a sentence that is not all capitals."""
        surface = self.question[start:end]
        inside = start > 0 and not re.search(r"[.?!:] $", self.question[:start])
        return surface != surface.lower() and inside and not self.question.isupper()

    def points_at(self, kind: str, start: int, end: int) -> bool:
        """A word of the kind stands right beside."""
        after, before = self.text[end : end + 16], self.text[max(0, start - 20) : start]
        pattern = CUES.get(kind)
        return bool(pattern and (re.match(rf" (?:{pattern})\b", after) or re.search(rf"\b(?:{pattern})(?: called| named)? $", before)))

    def identifiers(self) -> None:
        """Names written like identifiers that the index lacks: snake_case, dotted, CamelCase."""
        for match in re.finditer(r"(?<![\w@])[A-Za-z][A-Za-z0-9]*(?:[_./-][A-Za-z0-9]+)*_[A-Za-z0-9_]+|(?<![\w@])[a-z]{2,}[A-Z]\w{2,}", self.question):
            if match[0].lower() not in schema_words() and self.free(match.start(), match.end()):
                kind = self.cue(match.start(), match.end())
                if any(match[0].lower() in map(str.lower, columns) for columns in self.index.columns_of.values()):
                    kind = "column"
                self.add(match.start(), match.end(), kind or "dataset", Text((match[0],)), known=kind == "column")

    def choose(self, kinds: dict[str, list[str]], start: int, end: int) -> str | None:
        """The kind of a name that has several, by the words around it, else by rank."""
        if len(kinds) == 1:
            return next(iter(kinds))
        after, before = self.text[end : end + 16], self.text[max(0, start - 16) : start]
        ranked = [k for k in PRIORITY if k in kinds]
        for kind in ranked:
            if kind in CUES and (re.match(rf" (?:{CUES[kind]})\b", after) or re.search(rf"\b(?:{CUES[kind]}) $", before)):
                return kind
        if "language" in kinds and "country" in kinds:
            return "country" if after.strip()[:1] in ("", "?", ".", ",") and re.search(r"\b(?:in|from|outside|of) $", before) else "language"
        return ranked[0] if ranked else None

    def cue(self, start: int, end: int) -> str | None:
        """The kind that a word right beside says: ``the menus dataset``, ``node berlin-3``."""
        after, before = self.text[end : end + 16], self.text[max(0, start - 20) : start]
        for kind, pattern in CUES.items():
            if kind not in ("language", "country") and (re.match(rf" (?:{pattern})\b", after) or re.search(rf"\b(?:{pattern})(?: called| named)? $", before)):
                return kind
        return None

    def periods(self, now: datetime) -> None:
        for found in find_periods(self.text, now):
            if self.free(found.start, found.end):
                self.add(found.start, found.end, "period", found.period)

    def columns(self) -> None:
        """Column names of a dataset that the question names: ``email in customers``, ``customers.email``."""
        datasets = [v for m in self.found if m.kind == "dataset" and isinstance(m.value, Text) for v in m.value.values]
        columns = {c.lower(): c for d in datasets for c in self.index.columns_of.get(d, ())}
        for start, end, word in self.tokens:
            if word in columns and self.free(start, end) and re.match(r"(?: (?:column|field))? (?:in|of|from|on) ", self.text[end:]):
                self.add(start, end, "column", Text((columns[word],)))

    def numbers(self) -> None:
        for match in NUMBER.finditer(self.text):
            digits = match["digits"] or match["digits_b"]
            scale = (match["scale"] or match["scale_b"] or "").strip()
            unit = (match["unit"] or match["unit_b"] or "").strip()
            end = match.end() - len(match["unit"] or match["unit_b"] or "")
            if self.free(match.start(), end):
                self.add(match.start(), end, "number", _number(float(re.sub(r"[,_]", "", digits)) * SCALES.get(scale, 1.0), unit))
        for match in NUMBER_WORD.finditer(self.text):
            end = match.end() - len(match["unit"] or "")
            if self.free(match.start(), end):
                word = self.text[match.start() : end].strip()
                self.add(match.start(), end, "number", _number(NUMBER_WORDS[word], (match["unit"] or "").strip()))

    def misspelt(self) -> None:
        """Mend words that are nearly ones of the lexicon, and find names that are nearly ones of the index."""
        singles = {key[0]: kinds for key, kinds in self.index.names.items() if len(key) == 1 and len(key[0]) > 4}
        for start, end, word in self.tokens:
            if word in lexicon() or word in english() or len(word) < 4 or not word.isalpha() or not self.free(start, end):
                continue
            close = process.extractOne(word, lexicon_by_initial(word[0]), scorer=fuzz.ratio, score_cutoff=80 if len(word) < 8 else 82)
            name = process.extractOne(word, singles.keys(), scorer=fuzz.ratio, score_cutoff=86)
            if name and (not close or name[1] > close[1]):
                kinds = singles[name[0]]
                if kind := self.choose(kinds, start, end):
                    self.add(start, end, kind, Text(tuple(kinds[kind])))
            elif close and word not in self.index.text_words:
                self.replaced[(start, end)] = close[0]

    def topics(self) -> None:
        """Words that the phrase files do not know but the catalog's own texts do, or that follow ``about``."""
        run: list[tuple[int, int, str]] = []
        for start, end, word in [*self.tokens, (-1, -1, "")]:
            topical = start >= 0 and word in self.index.text_words and word not in lexicon() and self.free(start, end) and (start, end) not in self.replaced
            if not topical:
                if run:
                    self.add(run[0][0], run[-1][1], "term", Text((_stem(" ".join(w for *_, w in run)),)))
                run = []
            elif not run or self.text[run[-1][1] : start] == " ":
                run.append((start, end, word))
        for match in TOPIC.finditer(self.text):
            if not set(words(match[1])) & lexicon() and self.free(match.start(1), match.end(1)):
                self.add(match.start(1), match.end(1), "term", Text((_stem(match[1]),)), known=False)

    def linked(self) -> Linked:
        counts: dict[str, int] = {}
        bindings: dict[str, Value] = {}
        mentions: dict[str, Mention] = {}
        pieces: list[str] = []
        at = 0
        for start, end, replacement in self._edits():
            pieces.append(self.text[at:start])
            if isinstance(replacement, Mention):
                counts[replacement.kind] = counts.get(replacement.kind, 0) + 1
                slot = f"{replacement.kind}{counts[replacement.kind]}"
                bindings[f"@{slot}"], mentions[f"@{slot}"] = replacement.value, replacement
                glued = end < len(self.text) and self.text[end].isalnum()
                if replacement.kind == "jurisdiction" and pieces[-1].endswith("the "):
                    pieces[-1] = pieces[-1].removesuffix("the ")
                pieces.append(f"{slot} " if glued else slot)
            else:
                pieces.append(replacement)
            at = end
        pieces.append(self.text[at:])
        return Linked(re.sub(r"\s+", " ", "".join(pieces)).strip(), bindings, mentions)

    def _edits(self) -> Iterator[tuple[int, int, Mention | str]]:
        edits: list[tuple[int, int, Mention | str]] = [(m.start, m.end, m) for m in self.found if m.kind]
        edits += [(start, end, word) for (start, end), word in self.replaced.items()]
        yield from sorted(edits, key=lambda e: e[0])


EVERYDAY = frozenset(["data", "text", "code", "books", "names", "news", "reports", "images", "people", "time", "access", "users"])


@cache
def lexicon_by_initial(letter: str) -> tuple[str, ...]:
    """Lexicon words worth comparing with a misspelt word: people seldom get the first letter wrong."""
    return tuple(sorted(w for w in lexicon() if w[0] == letter and len(w) > 3))


def _number(value: float, unit: str) -> Number:
    if unit.startswith(("%", "per", "pct")):
        return Number(value, "percent")
    if unit and unit[0] in BYTES:
        return Number(value * BYTES[unit[0]], "bytes")
    return Number(value)


def _stem(word: str) -> str:
    """A plural's singular, so that the text search finds both."""
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s") if not word.endswith("ss") else word
