"""Reads the tables of the audit log in one go, and makes entries of them with what the signed tree says of each.

Trusts the signing key and nothing else: whoever edits the file may have put anything anywhere.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from catalog.audit.merkle import Frontier, leaf_hash
from catalog.audit.records import ERASED, Text, entry, parsed, pseudonym
from catalog.audit.rotation import ROTATED, Keys, keys_named, name_of
from catalog.audit.signed_note import BadNote, Checkpoint, open_note
from catalog.errors import CatalogUnavailable
from catalog.storage.records import AuditEntry


class Record(NamedTuple):
    """A row of the records; whoever edits the file may have put anything there."""

    place: int
    seq: int
    kind: str
    body: str


@dataclass(slots=True)
class Kept:
    """The tables, as one reading found them."""

    records: list[Record]
    leaves: dict[int, bytes]
    inner: dict[tuple[int, int], bytes] | None
    checkpoints: list[tuple[int, str]]
    texts: dict[int, Text]
    principals: dict[str, tuple[str, bytes]]
    witnesses: list[Path]
    handovers: dict[int, tuple[str, str]]
    """By number of records: the new key, and the checkpoint that both signed."""
    _names: dict[str, str | None] = field(default_factory=dict)

    def name(self, alias: str) -> str | None:
        """Who a pseudonym stands for; None when the key beside the name does not say so."""
        if alias not in self._names:
            name, key = self.principals.get(alias, (None, None))
            good = isinstance(name, str) and isinstance(key, bytes) and alias == pseudonym(key, name)
            self._names[alias] = name if good else None
        return self._names[alias]

    @property
    def size(self) -> int:
        """How many records the tree says there are."""
        return max(self.leaves, default=-1) + 1


def read(connection: sqlite3.Connection, opened: Callable[[int, Text], Text], inner: bool = False) -> Kept:
    """Everything that the tables hold; the inner nodes of the tree only when asked for. ``opened`` makes sealed texts readable."""

    def rows(sql: str) -> Iterator[tuple[Any, ...]]:
        return connection.execute(sql)

    return Kept(
        records=[
            Record(*row)
            for row in rows("SELECT place, seq, CAST(kind AS TEXT), CAST(body AS TEXT) FROM audit_leaf ORDER BY place")
        ],
        leaves=dict(rows("SELECT place, hash FROM audit_node WHERE level = 0")),
        inner={(level, place): value for level, place, value in rows("SELECT * FROM audit_node WHERE level > 0")}
        if inner
        else None,
        checkpoints=list(rows("SELECT size, CAST(note AS TEXT) FROM audit_checkpoint ORDER BY size")),
        texts={seq: opened(seq, Text(*text)) for seq, *text in rows("SELECT * FROM audit_text")},
        principals={alias: (name, key) for alias, name, key in rows("SELECT * FROM audit_principal")},
        witnesses=[Path(path) for (path,) in rows("SELECT path FROM audit_witness ORDER BY path")],
        handovers={size: (new, note) for size, new, note in rows("SELECT size, CAST(new AS TEXT), CAST(note AS TEXT) FROM audit_key ORDER BY size")},
    )


def chain(kept: Kept, vkey: str) -> tuple[Keys, list[tuple[int, str]]]:
    """The keys that the log had before ``vkey``, as far back as its handovers hold, and those that do not, with their number of records."""
    told, flaws = dict(kept.handovers), list[tuple[int, str]]()
    keys: list[tuple[str, int | None]] = [(vkey, None)]
    named = [(record.place + 1, keys_named(parsed(record.body))) for record in kept.records if f'"{ROTATED}"' in record.body]
    for size, both in reversed(named):
        if both is None:
            continue
        old, new = both
        said, note = told.pop(size, ("", ""))
        if new != keys[0][0]:
            flaws.append((size, "hands the log to a key that does not go on with it"))
        elif said != new:
            flaws.append((size, "hands the log to another key, and its checkpoint is missing"))
        elif old in {key for key, _ in keys} or not _signed_by(note, size, (old, new)):
            flaws.append((size, "hands the log to another key, and not both keys signed it"))
        else:
            keys.insert(0, (old, size))
            continue
        break
    flaws += [(size, "is kept as a handover to another key, and no record that holds says so") for size in told]
    return Keys(tuple(keys)), flaws


def _signed_by(note: str, size: int, vkeys: tuple[str, ...]) -> bool:
    """Whether each of these keys signed a checkpoint over so many records of one log."""
    try:
        return {Checkpoint.parse(open_note(note, vkey)).size for vkey in vkeys} == {size} and {Checkpoint.parse(note.partition("\n\n")[0] + "\n").origin} == set(map(name_of, vkeys))
    except BadNote:
        return False


def to_entries(kept: Kept, vkey: str) -> list[AuditEntry]:
    """One entry per action in order. Raises CatalogUnavailable for a record that says nothing that an entry could hold.

    An entry is verified when its records and texts are what the signed tree holds, and no record is missing right before it.
    """
    sound = _sound_until(kept, chain(kept, vkey)[0])
    actions: dict[int, list[dict[str, Any] | None]] = {}
    hashes: dict[int, bytes] = {}
    bad: set[int] = set()
    intents: dict[int, bytes] = {}
    erased: set[object] = set()
    expected, last = 0, None
    for record in kept.records:
        content = parsed(record.body)
        seq, leaf = content and content.get("seq"), leaf_hash(record.body.encode("utf-8"))
        if content is None or not isinstance(seq, int):
            raise CatalogUnavailable(
                f"Audit record {record.place} is damaged.",
                "See 'steward audit verify'; restore audit.sqlite from a backup.",
            )
        if record.kind == "intent":
            actions[seq], intents[seq] = [content, None], leaf
        elif seq in actions:
            actions[seq][1] = content
            erased.add(content.get("erased"))
        good = record.place == expected and record.place < sound and leaf == kept.leaves.get(record.place)
        good = good and (record.seq, record.kind) == (seq, content.get("kind"))
        if not good or (record.kind != "intent" and content.get("intent") != intents.get(seq, b"").hex()):
            bad.add(seq)
        hashes[seq] = leaf
        expected, last = record.place + 1, seq
    signed = kept.checkpoints[-1][0] if kept.checkpoints else 0
    if last is not None and max(kept.size, signed) > expected:
        bad.add(last)  # records are missing after it
    found = []
    for seq, (intent, outcome) in actions.items():
        assert intent is not None
        actor, text, right = beside(kept, seq, intent, erased)
        found.append(entry(intent, outcome, text, actor, hashes[seq].hex(), right and seq not in bad))
    return found


def _sound_until(kept: Kept, keys: Keys) -> int:
    """How many of the kept leaf hashes stand as signed: all, or those before the first checkpoint that says otherwise."""
    if not kept.checkpoints:
        return kept.size
    newest = kept.checkpoints[-1:]
    for checkpoints in (newest, kept.checkpoints):  # the newest alone says it all when it is right
        tree, good = Frontier(), 0
        for size, note in checkpoints:
            if not _grow(tree, kept, size) or tree.root() != signed_root(size, note, keys):
                break
            good = size
        else:
            return kept.size
    return good


def _grow(tree: Frontier, kept: Kept, size: int) -> bool:
    """Let the tree grow over kept leaf hashes; false where they end before."""
    while tree.size < size:
        leaf = kept.leaves.get(tree.size)
        if not isinstance(leaf, bytes):
            return False
        tree.append(leaf)
    return True


def signed_root(size: int, note: str, keys: Keys) -> bytes | None:
    """The root of a kept checkpoint; None unless a key of the log signed it over this size."""
    try:
        return keys.open(note, size).root
    except BadNote:
        return None


def beside(kept: Kept, seq: int, intent: dict[str, Any], erased: set[object]) -> tuple[str, Text | None, bool]:
    """Who an action was by, what they wrote, and whether both are what the record hashes, or were erased by an action."""
    text, alias = kept.texts.get(seq), intent.get("actor")
    if not isinstance(alias, str):
        return ERASED, text, False
    if text is None:
        return ERASED, None, alias in erased and alias not in kept.principals
    name = kept.name(alias)
    try:
        right = (
            name is not None and text.pseudonym == alias and all(intent.get(f) == h for f, h in text.hashes().items())
        )
    except (TypeError, AttributeError, ValueError):  # whoever edited the table
        right = False
    return name or kept.principals.get(alias, (ERASED,))[0], text, right
