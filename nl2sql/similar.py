"""Semantic search: the rows of a view that mean nearly what a text says, or are nearly like one that it names.

Reads the asker's own redacted snapshot and its unmasked columns alone, so that what one may not know of answers like what does not exist.
Knows no SQL of askers and no model that writes.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from catalog.access.policy import Permit
from catalog.errors import AccessDenied, UsageError
from catalog.quality.freshness import opened
from catalog.storage.encryption import read_beside, write_beside
from nl2sql.embedded.encoder import shipped
from nl2sql.linking.vocabulary import singular, words
from nl2sql.session import Session, read_clock

FIELDS: Mapping[str, tuple[str, ...]] = {
    "datasets": ("name", "aliases", "description", "domain", "data_type", "tasks", "languages", "owner"),
    "models": ("name", "task", "framework", "owner", "trained_on"),
    "columns": ("column_name", "dataset", "definition", "glossary_term", "pii_category"),
    "policies": ("name", "type", "effect", "action", "purpose", "regulation", "target"),
}
"""Columns that are compared word by word, by view, the name first."""
MEANT = frozenset({"name", "description", "domain", "tasks", "task", "trained_on", "column_name", "definition", "glossary_term", "pii_category", "type", "action", "purpose", "regulation"})
"""Columns whose meaning is compared too. The others have many short values that would drown it: languages, other names, owners."""
KEYS: Mapping[str, tuple[str, ...]] = {"columns": ("dataset", "column_name")}
"""What tells one thing from another where the name does not; the same thing on several nodes is found once."""
MOST = 100
"""Hits at most."""
LONGEST_TEXT = 2000
"""Characters; people do not need more, attacks do."""
POOL = 64
"""Things nearest by meaning that are compared word by word."""
SHARED_WORDS = 0.25
"""Weight of the share of words that a thing has in common with the text, beside nearness of meaning."""
LAYOUT = 1
"""Part of the name of kept vectors: another way to write them makes the old ones stale."""
PLAIN = frozenset(["a", "about", "all", "an", "and", "any", "are", "as", "at", "by", "can", "data", "dataset", "datasets", "do", "for", "from", "had", "has", "have", "i", "in", "into", "is", "it", "its", "like", "me", "model", "models", "my", "of", "on", "or", "our", "set", "sets", "similar", "some", "something", "table", "tables", "that", "the", "their", "there", "these", "they", "this", "those", "to", "us", "used", "using", "was", "we", "what", "where", "which", "who", "with", "without"])
"""Words that say nothing about what is sought."""

Match = Literal["name", "alias", "meaning"]
Entry = dict[str, str | list[str]]
TIERS: tuple[Match, ...] = ("name", "alias", "meaning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something found. ``score`` is 1 for the very name, else at most 1, more is nearer; ``words`` are those it shares with the text, by column."""

    name: str
    key: Mapping[str, str]
    score: float
    match: Match
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    description: str = ""


def similar_to(text: str, k: int, session: Session, view: str = "datasets") -> list[Hit]:
    """The ``k`` things of a view nearest to ``text``; where it is the name of one, that one first and then what is like it.

    Recorded like a question. Raises `UsageError` for an empty or endless text, a view that cannot be searched or ``k`` out of
    range, `AccessDenied` for a view that is not open to the asker.
    """
    text = text.strip().encode("utf-8", "replace").decode("utf-8")
    if not 0 < len(text) <= LONGEST_TEXT:
        raise UsageError("There is no text to compare with." if not text else f"The text is longer than {LONGEST_TEXT:,} characters.", "Give a few words, or the name of a dataset.")
    if not 1 <= k <= MOST:
        raise UsageError(f"k is {k}; it may be 1 to {MOST}.", "Say how many to show.")
    if view not in FIELDS:
        raise UsageError(f"There is no similarity over a view of the name {view!r}.", f"Choose one of {', '.join(FIELDS)}.")
    principal, log = session.principal, session.audit
    seq = log.begin(principal.name, ",".join(principal.roles), "query", f"{view} similar to: {text}", None, now=read_clock(session.home))
    rules = _rules(session, view)
    verdict, count = "declined", 0
    try:
        hits = _nearest(text, k, entries_of(session, *_permitted(session, view)))
        verdict, count = "allowed", len(hits)
        return hits
    except AccessDenied:
        verdict = "denied"
        raise
    finally:  # an interrupted search has an outcome too
        log.end(seq, verdict, ", ".join(rules) or None, count, now=read_clock(session.home))


def _rules(session: Session, view: str) -> tuple[str, ...]:
    """The rules that decide about a view."""
    allowed = session.authorisation
    return allowed.permits[view].rules if view in allowed.permits else (allowed.denials[view].rule,)


def _permitted(session: Session, view: str) -> tuple[Permit, list[str]]:
    """What the asker may compare: columns that are shown as they are, among them the name. Raises `AccessDenied`."""
    allowed = session.authorisation
    if view in allowed.denials:
        raise AccessDenied(f"The view {view} is not open to you.", allowed.denials[view].rule)
    permit = allowed.permits[view]
    columns = [name for name in FIELDS[view] if permit.columns.get(name) == "show"]
    if not set(KEYS.get(view, FIELDS[view][:1])) <= set(columns):
        raise AccessDenied(f"The names in the view {view} are not open to you.", ", ".join(permit.rules))
    return permit, columns


@dataclass(frozen=True, slots=True)
class Entries:
    """What can be found: a vector and the JSON of its fields for each, and hashes of the spellings of names, sorted.

    ``spelt`` are the hashes, ``bearers`` the entry that bears each and ``tiers`` how: 0 as its name, 1 as an alias.
    """

    vectors: NDArray[np.float32]
    fields: NDArray[np.uint8]
    ends: NDArray[np.int64]
    spelt: NDArray[np.uint64]
    bearers: NDArray[np.int64]
    tiers: NDArray[np.int8]

    def entry(self, at: int) -> Entry:
        """The fields of an entry."""
        start = int(self.ends[at - 1]) if at else 0
        fields: Entry = json.loads(self.fields[start : int(self.ends[at])].tobytes())
        return fields

    def bearing(self, text: str) -> list[tuple[int, int]]:
        """Tier and entry of everything that bears this name."""
        spelling = np.uint64(_hash(text))
        first, last = np.searchsorted(self.spelt, spelling, "left"), np.searchsorted(self.spelt, spelling, "right")
        return sorted((int(self.tiers[at]), int(self.bearers[at])) for at in range(first, last))


def entries_of(session: Session, permit: Permit, columns: Sequence[str]) -> Entries:
    """What the asker may find in a view, from a redacted snapshot of theirs, kept beside it: a snapshot may hold several views."""
    snapshot = session.snapshot([permit.view])
    kept = snapshot.with_suffix(f".{permit.view}.similar{LAYOUT}-{shipped().stamp}.npz")
    with suppress(OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile):  # absent, or damaged and made anew
        return _load(snapshot, kept, kept.stat().st_mtime_ns)
    entries = _build(snapshot, permit.view, columns)
    write_beside(snapshot, kept, lambda file: np.savez(file, **{name: getattr(entries, name) for name in Entries.__slots__}))
    return entries


@lru_cache(maxsize=4)
def _load(snapshot: Path, path: Path, written: int) -> Entries:
    """Kept entries; ``written``, the time in ns, tells one writing of the file from another."""
    with read_beside(snapshot, path) as file, np.load(file, allow_pickle=False) as kept:
        entries = Entries(**{name: kept[name] for name in Entries.__slots__})
    count = len(entries.ends)
    whole = entries.vectors.shape == (count, shipped().width) and (not count or entries.ends[-1] == len(entries.fields))
    if not whole or not len(entries.spelt) == len(entries.bearers) == len(entries.tiers):
        raise ValueError("the parts do not fit together")
    return entries


def _build(snapshot: Path, view: str, columns: Sequence[str]) -> Entries:
    """Read every distinct row of the compared columns and encode it."""
    listed = ", ".join(f'"{name}"' for name in columns)
    with opened(snapshot) as connection:
        rows = connection.execute(f'SELECT DISTINCT {listed} FROM "{view}" WHERE "{columns[0]}" IS NOT NULL ORDER BY ALL').fetchall()
    found = [{name: value for name, value in zip(columns, row, strict=True) if value} for row in rows]
    written = [json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") for entry in found]
    spelt = sorted((_hash(spelling), at, tier) for at, entry in enumerate(found) for tier, spelling in _spellings(entry, columns[0]))
    hashes, bearers, tiers = zip(*spelt, strict=True) if spelt else ((), (), ())
    return Entries(
        shipped().encode([_meaning(entry) for entry in found]),
        np.frombuffer(b"".join(written), dtype=np.uint8),
        np.cumsum([len(part) for part in written], dtype=np.int64),
        np.array(hashes, dtype=np.uint64),
        np.array(bearers, dtype=np.int64),
        np.array(tiers, dtype=np.int8),
    )


def _text(entry: Entry) -> str:
    """The words of an entry as one text."""
    return ". ".join(value if isinstance(value, str) else ", ".join(value) for value in entry.values())


def _meaning(entry: Entry) -> str:
    return _text({column: value for column, value in entry.items() if column in MEANT})


def _spellings(entry: Entry, name: str) -> Iterator[tuple[int, str]]:
    """Names of an entry and their tiers; ``tatsu-lab/alpaca`` is alpaca too."""
    yield 0, str(entry[name])
    for alias in entry.get("aliases", ()):
        yield 1, alias
        if alias.count("/") == 1:
            yield 1, alias.split("/")[1]


def _hash(spelling: str) -> int:
    """A name's hash whatever its case, blanks and joints: Common-Crawl is common crawl."""
    joined = "".join(words(spelling)) or spelling
    return int.from_bytes(blake2b(joined.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def _nearest(text: str, k: int, entries: Entries) -> list[Hit]:
    """Bearers of the name first; then by meaning and by words shared with the text, or with its bearers where it is a name."""
    bearers = {at: tier for tier, at in reversed(entries.bearing(text))}
    if bearers:
        target = entries.vectors[list(bearers)].sum(0)
        target /= max(float(np.linalg.norm(target)), 1e-9)
        sought = _content(" ".join(_text(entries.entry(at)) for at in bearers))
    else:
        target = shipped().encode([text])[0]
        sought = _content(text)
    nearness = entries.vectors @ target
    things: dict[tuple[str, ...], tuple[tuple[int, float, str], Hit]] = {}
    for at in chain(bearers, _descending(nearness, 4 * max(POOL, k))):
        hit = _hit(entries.entry(at), TIERS[bearers.get(at, 2)], float(nearness[at]), sought)
        place = (TIERS.index(hit.match), -hit.score, hit.name)
        identity = tuple(hit.key.values())
        if identity not in things or place < things[identity][0]:
            things[identity] = (place, hit)
        if len(things) >= max(POOL, 2 * k):
            break
    return [hit for _, hit in sorted(things.values(), key=lambda thing: thing[0])][:k]


def _descending(nearness: NDArray[np.float32], head: int) -> Iterator[int]:
    """Positions, nearest first. Few are ever asked for, so only the ``head`` is sorted until more are."""
    order = np.argpartition(-nearness, head)[:head] if head < len(nearness) else np.arange(len(nearness))
    yield from (int(at) for at in order[np.lexsort((order, -nearness[order]))])
    if head < len(nearness):
        seen = set(order.tolist())
        yield from (int(at) for at in np.argsort(-nearness, kind="stable") if int(at) not in seen)


def _hit(entry: Entry, match: Match, nearness: float, sought: Mapping[str, str]) -> Hit:
    shared = {column: tuple(sought[w] for w in _content(_text({column: value})) if w in sought) for column, value in entry.items()}
    common = len({w for found in shared.values() for w in found})
    score = (1 - SHARED_WORDS) * nearness + SHARED_WORDS * common / max(1, len(sought))
    name = next(iter(entry.values()))
    key = {"name": str(name)} if "name" in entry else {column: str(entry[column]) for column in ("dataset", "column_name")}
    return Hit(
        name=".".join(key.values()),
        key=key,
        score=1.0 if match == "name" else round(min(max(score, 0.0), 1.0), 4),
        match=match,
        words={column: found for column, found in shared.items() if found},
        description=str(entry.get("description") or entry.get("definition") or ""),
    )


def _content(text: str) -> dict[str, str]:
    """Words of a text that say something, their stems to how they are written, in order."""
    found: dict[str, Any] = {}
    for word in words(text):
        if word not in PLAIN and (len(word) > 1 or word.isdigit()):
            found.setdefault(singular(word), word)
    return found
