"""Which words people ask with, which are plain English, and which the semantic layer uses; knows no catalog."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from catalog.semantic import views

LEXICON = Path(__file__).parent / "lexicon.txt"
"""Words that people use to ask, one a line, the most used first, made from the phrase files by ``make docs``."""
ENGLISH = Path(__file__).parent / "english.txt"
"""Whole words of MiniLM's vocabulary (Apache-2.0), one a line."""
WORD = re.compile(r"[^\W_]+")
PREFIXES = ("un", "re", "pre", "non", "de", "over", "under", "mis", "dis", "anti", "auto", "self", "sub", "inter", "multi", "geo")

BRITISH = ((re.compile("ys(?=e|ing)"), "yz"), (re.compile("is(?=e|ing|ation)"), "iz"), (re.compile("our(?=$|s|e|i|a|f|l)"), "or"), (re.compile("tre(?=s?$)"), "ter"), (re.compile("(?<=\\w[ae])ll(?=(?:ed|ing|ers?)$)"), "l"))
"""British spellings and the American ones, which the list of English words prefers."""
DIPHTHONG = re.compile(r"(?:a[iu]|e[aei]|o[aou]|ie)([^\Waeiou])\1$")
"""What is before a consonant that English never doubles: failing, not failling."""


def lowered(text: str) -> str:
    """Lower case of the same length: the few capitals that grow when lowered (İ) stay."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def folded(text: str) -> str:
    """Lower case without accents, of the same length: people write Zieliński and zielinski."""
    low = lowered(text)
    return low if low.isascii() else "".join(unicodedata.normalize("NFKD", c)[0] if c.isalpha() else c for c in low)


def words(text: str) -> tuple[str, ...]:
    """The letters-and-digits words of a text, folded: ``CC BY-NC 4.0`` → cc, by, nc, 4, 0."""
    return tuple(WORD.findall(folded(text)))


@cache
def lexicon() -> frozenset[str]:
    """Words of the phrase files."""
    return frozenset(by_use())


@cache
def by_use() -> dict[str, int]:
    """Words of the phrase files and how many are used more often."""
    return {word: rank for rank, word in enumerate(LEXICON.read_text(encoding="utf-8").split())}


@cache
def english() -> frozenset[str]:
    """Everyday words, which are no misspellings and, written small, seldom names."""
    return frozenset(ENGLISH.read_text(encoding="utf-8").split())


@cache
def known_words() -> frozenset[str]:
    """Everyday words and those that people ask with."""
    return english() | lexicon()


@cache
def schema_words() -> frozenset[str]:
    """Names of views and columns, which people type too."""
    return frozenset(views()) | {c for v in views().values() for c in v.columns}


@cache
def concepts() -> frozenset[str]:
    """Words that the semantic layer has a meaning for: never a name unless written or pointed at as one."""
    found = {w for name in schema_words() for w in words(name)}
    for view in views().values():
        found.update(w for text in view.synonyms for w in words(text))
        for column in view.columns.values():
            found.update(w for text in (*column.synonyms, *column.values) for w in words(text))
    return frozenset(found | {"everything", "anything", "something", "catalog", "catalogue"})


@cache
def closed_words() -> frozenset[tuple[str, ...]]:
    """Every value of a closed vocabulary, as words."""
    return frozenset(words(value) for v in views().values() for c in v.columns.values() for value in c.values)


def forms(text: str) -> frozenset[str]:
    """The words of a text and what they may be forms of."""
    return frozenset(form for word in words(text) for form in (word, *stems(word)))


def stems(word: str) -> Iterator[str]:
    """Words that ``word`` may be a form of: ``withdraws`` → withdraw, ``parties`` → party."""
    for suffix, ends in (("ies", ("y", "ie")), ("es", ("", "e")), ("s", ("",)), ("ing", ("", "e")), ("ied", ("y",)), ("ed", ("", "e")), ("d", ("",)), ("er", ("", "e")), ("ly", ("",)), ("ally", ("",))):
        if word.endswith(suffix) and len(word) - len(suffix) > (3 if suffix in ("s", "es") else 2) and not (suffix == "s" and word.endswith(("ss", "us", "is"))):
            base = word[: -len(suffix)]
            if suffix == "d" and not base.endswith("e"):
                continue
            yield from (base + end for end in ends)
            if suffix in ("ing", "ed", "er") and base[-1] == base[-2] and not DIPHTHONG.search(base):
                yield base[:-1]


@cache
def is_listed(word: str) -> bool:
    """Whether a word is one as it is, in British or American spelling."""
    known = known_words()
    return word in known or any(pattern.sub(text, word) in known for pattern, text in BRITISH)


@cache
def is_english(word: str) -> bool:
    """Whether a word is one, as it is or as a form or compound of one: never to be corrected."""
    known = known_words()
    if is_listed(word) or any(len(s) > 3 and s in known for s in stems(word)) or (word.endswith(("ate", "ise", "ize", "yse")) and is_listed(f"{word}d")):
        return True
    return any(word.startswith(p) and len(word) > len(p) + 3 and (word[len(p) :] in known or any(s in known for s in stems(word[len(p) :]))) for p in PREFIXES)


def is_compound(word: str) -> bool:
    """Whether a word is two words of four letters and more: shortlist, timestamp."""
    known = known_words()
    return any(word[:at] in known and word[at:] in known for at in range(4, len(word) - 3))


@cache
def is_asking(word: str) -> bool:
    """Whether people ask with this word or another form of it."""
    bases = (word, *stems(word))
    return any(b + end in lexicon() for b in bases for end in ("", "s", "d", "ed", "ing", "er")) or any(b[:-1] + "ing" in lexicon() for b in bases if b.endswith("e"))


def singular(word: str) -> str:
    """A plural's stem for text search, which finds both; words that only look like plurals stay whole."""
    if len(word) < 5 or word.endswith(("ss", "us", "is", "news", "series", "species")):
        return word
    if word.endswith("ies") and word[:-3] + "y" in known_words():
        return word[:-3] + "y"
    return word.removesuffix("s")
