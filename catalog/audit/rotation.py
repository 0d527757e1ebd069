"""How a log goes on under another key: the handover, signed by both keys, and the chain of keys that follows from it.

A handover is a record of the log, an outcome that names the old and the new key, and a checkpoint that ends with it. The old key's
signature lets whoever knows the old key trust the new one; the new key's lets whoever knows the new one trust what came before. Of a
key that was replaced nothing is taken beyond its handover. Knows no file.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from catalog.audit.merkle import leaf_hash, verify_inclusion
from catalog.audit.records import parsed
from catalog.audit.signed_note import BadNote, Checkpoint, open_note

if TYPE_CHECKING:
    from catalog.audit.signed_note import Signer

ROTATE = "rotate"
"""Action of a handover."""
ROTATED = "rotated"
"""Field of its outcome: ``{"new": key, "old": key}``."""
MOST_HANDOVERS = 1_000
LONGEST = 4_000_000
"""Characters of handovers that are read; one has some two thousand."""


@dataclass(frozen=True, slots=True)
class Handover:
    """One change of key, as somebody checks it who has no log: the record, its proof, and the checkpoint that both keys signed."""

    record: str
    path: tuple[str, ...]
    """Inclusion proof of the record, the last that the checkpoint covers: hashes in base64."""
    note: str

    @property
    def keys(self) -> tuple[str, str]:
        """Old and new key, as the record names them; raises BadNote when it names none."""
        return keys_named(parsed(self.record)) or _bad("its record names no keys")

    def check(self) -> int:
        """How many records the old key answers for; raises BadNote unless both keys signed this very change."""
        old, new = self.keys
        if old == new:
            raise BadNote("a handover is to another key")
        checkpoint = Checkpoint.parse(open_note(self.note, old))
        open_note(self.note, new)
        if not checkpoint.origin == name_of(old) == name_of(new):
            raise BadNote("a handover stays within one log")
        leaf = leaf_hash(self.record.encode("utf-8"))
        if not verify_inclusion(leaf, checkpoint.size - 1, checkpoint.size, [_bytes(step) for step in self.path], checkpoint.root):
            raise BadNote("the record of the handover is not the last that its checkpoint covers")
        return checkpoint.size


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a log from the oldest known on, each with the most records that it answers for; the last, in use, has no limit."""

    all: tuple[tuple[str, int | None], ...]

    @property
    def current(self) -> str:
        """The key in use."""
        return self.all[-1][0]

    def open(self, note: str, size: int | None = None) -> Checkpoint:
        """A checkpoint that one of the keys signed within its limit; raises BadNote for any other, or one over another size."""
        why = BadNote("no key of the log signed it")
        for vkey, limit in reversed(self.all):
            try:
                checkpoint = Checkpoint.parse(open_note(note, vkey))
            except BadNote as bad:
                why = bad
                continue
            if checkpoint.origin != name_of(vkey) or (size is not None and checkpoint.size != size):
                raise BadNote("it is of another log, or over another number of records")
            if limit is not None and checkpoint.size > limit:
                why = BadNote(f"its key answers for the first {limit} records only: it was replaced")
                continue
            return checkpoint
        raise why


def name_of(vkey: str) -> str:
    """The log that a key is of."""
    return vkey.partition("+")[0]


def keys_named(content: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """Old and new key of a record's content; None when it is of no handover."""
    named = content.get(ROTATED) if content else None
    if not content or content.get("kind") != "outcome" or content.get("decision") != "allowed" or not isinstance(named, dict):
        return None
    old, new = named.get("old"), named.get("new")
    return (old, new) if isinstance(old, str) and isinstance(new, str) and len(named) == 2 else None


def signed_by_both(checkpoint: Checkpoint, old: "Signer", new: "Signer") -> str:
    """The note of a handover."""
    return f"{checkpoint.text}\n{old.signature_line(checkpoint.text)}\n{new.signature_line(checkpoint.text)}\n"


def follow(vkey: str, handovers: Iterable[Handover]) -> Keys:
    """From a key that is known over each handover to the key in use. Raises BadNote at the first that does not go on from there."""
    keys: list[tuple[str, int | None]] = []
    seen, last = {vkey}, 0
    for handover in handovers:
        size = handover.check()
        old, new = handover.keys
        if old != vkey:
            raise BadNote("a handover is of a key that the log did not have")
        if new in seen or size <= last or len(keys) >= MOST_HANDOVERS:
            raise BadNote("the log does not go back to a key or a number of records")
        keys.append((old, size))
        seen.add(new)
        vkey, last = new, size
    return Keys((*keys, (vkey, None)))


def from_text(text: str) -> tuple[Handover, ...]:
    """Handovers from JSON; raises BadNote for anything else."""
    if len(text) > LONGEST:
        raise BadNote("these are no handovers: too long")
    try:
        return from_fields(json.loads(text))
    except (ValueError, RecursionError):
        raise BadNote("these are no handovers: not JSON") from None


def from_fields(fields: object) -> tuple[Handover, ...]:
    """Handovers from what JSON held; raises BadNote for anything else."""
    if not isinstance(fields, list) or len(fields) > MOST_HANDOVERS:
        raise BadNote("these are no handovers")
    made = []
    for one in fields:
        texts = isinstance(one, dict) and one.keys() == {"record", "path", "note"} and isinstance(one["path"], list)
        if not texts or not all(isinstance(text, str) for text in (one["record"], one["note"], *one["path"])):
            raise BadNote("these are no handovers")
        made.append(Handover(one["record"], tuple(one["path"]), one["note"]))
    return tuple(made)


def to_fields(handovers: Sequence[Handover]) -> list[dict[str, Any]]:
    """As JSON has them."""
    return [asdict(handover) for handover in handovers]


def _bytes(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("a hash of the proof is not base64") from None
    return content if base64.b64encode(content).decode("ascii") == text else _bad("a hash of the proof is not base64")


def _bad(what: str) -> Any:
    raise BadNote(what)
