"""Which datasets may be one under two names: scored guesses with their reasons. Nothing is decided here.

Pairs are found by what they share (a spelling, an alias, a hash, a rare word), so that not every dataset meets every other, and each
name is taken apart once. Knows names and hashes; knows nothing about storage.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.ingest.names import HOSTS, plain, tail, without_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BEARERS = 12
"""Datasets that share a name or hash, beyond which it says nothing of any two of them."""
MOST_WORD = 40
"""Datasets that share a word, beyond which it brings no two of them together."""
MOST_WORDS = 64
"""Words of a name that count, the first in the alphabet."""
BATCH = 200_000
"""Pairs whose words are compared at once."""
LEAST_WORDS = 0.8
"""Likeness of the words of two names, 0 to 1, from which it is a reason."""
BEST = 0.99
"""A guess is never certain."""
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
LEAST_HASH = 32
"""Hex digits of a hash that two contents do not share by chance."""

SAME_HASH = ("the same content hash", 0.95)
SAME_NAME = ("the same name but for spelling", 0.85)
ALIAS_IS_NAME = ("a name of one is an alias of the other", 0.8)
SAME_ALIAS = ("a shared alias", 0.75)
NOISELESS = ("the same name but for words such as 'dataset'", 0.7)
SAME_TAIL = ("the same name in another namespace", 0.55)
SAME_SPACE = ("the same namespace", 0.2)
LIKE_WORDS = ("like words", 0.5)
OTHER_NUMBERS = ("but other numbers", 0.4)
"""What remains of a score when the names have other numbers in them: WMT14 is not WMT16."""
ONE_NODE = ("but one node publishes both", 0.8)
"""What remains of it then: a publisher who has two names for one thing is rarer than one who has two things."""
NUMBERS = re.compile(r"\d+|[+#]+")
"""Numbers, and the signs that tell C from C++ and C#."""


@dataclass(frozen=True, slots=True)
class Known:
    """A dataset by name, with what else it is called, the hashes of its contents and the nodes that hold it."""

    name: str
    aliases: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """Two datasets that may be one; ``name`` comes before ``other`` in the alphabet."""

    name: str
    other: str
    score: float
    """0 to 1; not a probability: reasons are added up as if each were independent of the others."""
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Taken:
    """A dataset's name, taken apart."""

    known: Known
    plain: str
    bare: str
    last: str
    words: frozenset[str]
    sorted_words: str
    aliases: frozenset[str]
    spellings: frozenset[str]
    hashes: frozenset[str]
    numbers: tuple[str, ...]
    space: str


def matches(datasets: Iterable[Known], least: float = 0.0) -> list[Match]:
    """Guesses of at least this score, the best first. Datasets of one name are one already."""
    known = {dataset.name: dataset for dataset in datasets}
    taken = [_taken(known[name]) for name in sorted(known)]
    bearers = Counter(alias for each in taken for alias in each.aliases)
    found = (_match(taken[one], taken[two], bearers) for one, two in _pairs(taken, least))
    return sorted((match for match in found if match and match.score >= least), key=lambda m: (-m.score, m.name, m.other))


def _taken(known: Known) -> _Taken:
    words = _words(known.name)
    aliases = frozenset(plain(alias) for alias in known.aliases) - {""}
    texts = {text for name in (known.name, *known.aliases) for text in (name, without_noise(name), tail(name))}
    return _Taken(
        known=known,
        plain=plain(known.name),
        bare=plain(without_noise(known.name)),
        last=plain(tail(known.name)),
        words=words,
        sorted_words=" ".join(sorted(words)),
        aliases=aliases,
        spellings=frozenset(map(plain, texts)) - {""},
        hashes=_hashes(known),
        numbers=tuple(sorted(NUMBERS.findall(tail(known.name)))),
        space=HOSTS.sub("", known.name).rpartition("/")[0].casefold(),  # where a path-like name lies: tatsu-lab
    )


def _pairs(taken: Sequence[_Taken], least: float) -> Iterator[tuple[int, int]]:
    """Pairs, by position, that may reach a score: they share a spelling or hash, or have a rare word in common and like words."""
    import numpy as np

    strong: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    words: defaultdict[str, list[int]] = defaultdict(list)
    for at, each in enumerate(taken):
        for spelling in each.spellings:
            strong["name", spelling].append(at)
        for digest in each.hashes:
            strong["hash", digest].append(at)
        for word in each.words:
            words[word].append(at)
    count = len(taken)
    near = _of_groups((group for group in strong.values() if len(group) <= MOST_BEARERS), count)
    # What more than that share brings no two together, but is a reason for two that something else does.
    crowded = np.zeros(count, dtype=bool)
    for group in strong.values():
        if len(group) > MOST_BEARERS:
            crowded[group] = True
    rare = _of_groups((group for group in words.values() if len(group) <= MOST_WORD), count)
    sure = crowded[rare // count] & crowded[rare % count] if count else rare.astype(bool)
    for pair in np.union1d(near, np.concatenate([rare[sure], _like(taken, rare[~sure], least)])):
        yield int(pair) // count, int(pair) % count


def _of_groups(groups: Iterable[Sequence[int]], count: int) -> "NDArray[Any]":
    """All pairs within groups of ascending positions below ``count``, each pair once, as ``one * count + two``."""
    import numpy as np

    by_size: defaultdict[int, list[Sequence[int]]] = defaultdict(list)
    for group in groups:
        by_size[len(group)].append(group)
    found = [np.empty(0, dtype=np.int64)]
    for size, same in by_size.items():
        members = np.array(same, dtype=np.int64)
        one, two = np.triu_indices(size, 1)
        found.append((members[:, one] * count + members[:, two]).ravel())
    return np.unique(np.concatenate(found))


def _like(taken: Sequence[_Taken], pairs: "NDArray[Any]", least: float) -> "NDArray[Any]":
    """Of pairs that have nothing but words in common, those whose words are so alike that the score may be reached."""
    import numpy as np
    from rapidfuzz import fuzz, process

    # What LIKE_WORDS must be for the score, were SAME_SPACE a reason too; a little less, for a score is rounded.
    needed = (1 - (1 - least + 0.001) / (1 - SAME_SPACE[1])) / LIKE_WORDS[1]
    if needed > 1:
        return pairs[:0]
    count, texts = len(taken), [each.sorted_words for each in taken]
    kept = [pairs[:0]]
    for start in range(0, len(pairs), BATCH):
        part = pairs[start : start + BATCH]
        left, right = ([texts[at] for at in side.tolist()] for side in (part // count, part % count))
        likeness = process.cpdist(left, right, scorer=fuzz.ratio, dtype=np.float64)
        kept.append(part[likeness >= 100 * max(LEAST_WORDS, needed)])
    return np.concatenate(kept)


def _match(one: _Taken, two: _Taken, bearers: Mapping[str, int]) -> Match | None:
    reasons = list(_reasons(one, two, bearers))
    if not reasons:
        return None
    score = 1.0 - math.prod(1.0 - share for _, share in reasons)
    if SAME_HASH not in reasons:
        against = [OTHER_NUMBERS] * (one.numbers != two.numbers) + [ONE_NODE] * bool(one.known.nodes & two.known.nodes)
        score *= math.prod(share for _, share in against)
        reasons += against
    return Match(one.known.name, two.known.name, round(min(BEST, score), 3), tuple(reason for reason, _ in reasons))


def _reasons(one: _Taken, two: _Taken, bearers: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    same_hash = not one.hashes.isdisjoint(two.hashes)
    # An alias that a whole collection bears says little of any two of its members.
    shared = max((2 / bearers[alias] for alias in one.aliases & two.aliases), default=0.0)
    is_alias = one.plain in two.aliases or two.plain in one.aliases
    if same_hash:
        yield SAME_HASH
    if one.plain and one.plain == two.plain:
        yield SAME_NAME
    elif one.bare and one.bare == two.bare:
        yield NOISELESS
    elif one.last and one.last == two.last:
        yield SAME_TAIL
    elif (likeness := _likeness(one, two)) >= LEAST_WORDS:
        yield (LIKE_WORDS[0], LIKE_WORDS[1] * likeness)
    elif not (same_hash or is_alias or shared):
        return
    if is_alias:
        yield ALIAS_IS_NAME
    elif shared:
        yield (SAME_ALIAS[0], SAME_ALIAS[1] * shared)
    if one.space and one.space == two.space:
        yield SAME_SPACE


def _likeness(one: _Taken, two: _Taken) -> float:
    """Of the words in any order; 0 where both have a word that the other lacks, and these are not spellings of one."""
    from rapidfuzz import fuzz

    if one.words.isdisjoint(two.words):
        return 0.0
    left, right = (" ".join(sorted(words)) for words in (one.words - two.words, two.words - one.words))
    if left and right and fuzz.ratio(left, right) < 100 * LEAST_WORDS:
        return 0.0
    return float(fuzz.ratio(one.sorted_words, two.sorted_words)) / 100


def _words(name: str) -> frozenset[str]:
    text = HOSTS.sub("", unicodedata.normalize("NFKD", without_noise(name)).casefold())
    return frozenset(sorted(set(re.findall(r"[^\W_]+", re.sub(r"[\u0300-\u036f]", "", text))))[:MOST_WORDS])


def _hashes(dataset: Known) -> frozenset[str]:
    plain_hashes = {digest.casefold().rpartition(":")[2] for digest in dataset.hashes}
    return frozenset(digest for digest in plain_hashes if len(digest) >= LEAST_HASH and digest != EMPTY_SHA256)
