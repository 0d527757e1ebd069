"""Verifies a log from its records: every hash, every kept checkpoint, every copy of one outside. Trusts the signing key and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.audit.entries import Kept, Record, beside, chain, signed_root
from catalog.audit.merkle import Frontier, leaf_hash
from catalog.audit.records import parsed
from catalog.audit.rotation import Keys
from catalog.audit.signed_note import Checkpoint
from catalog.audit.witness import Copied, read_copies
from catalog.errors import GovernanceError

MOST_FLAWS = 50
"""Flaws that a verdict names; the others it counts."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong and where: a record, a checkpoint, a node of the tree, or a copy outside."""

    where: str
    what: str
    seq: int | None = None


@dataclass(slots=True)
class Verdict:
    """What a verification found."""

    size: int = 0
    """Records."""
    root: str = ""
    origin: str | None = None
    actions: int = 0
    keys: int = 1
    """Keys that the log had, the one in use included."""
    erased: int = 0
    """Actions of which names and texts are erased."""
    checkpoints: int = 0
    """Kept checkpoints that were compared."""
    copies: list[str] = field(default_factory=list)
    """Files of outside checkpoints that were compared."""
    flaws: list[Flaw] = field(default_factory=list)
    """The first flaws, in the order of the log."""
    more: int = 0
    """Flaws beyond those."""
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.flaws

    def add(self, where: str, what: str, seq: int | None = None) -> None:
        """Name a flaw, or count it when there are many."""
        if len(self.flaws) < MOST_FLAWS:
            self.flaws.append(Flaw(where, what, seq))
        else:
            self.more += 1


def judge(kept: Kept, vkey: str, witnesses: tuple[Path, ...]) -> Verdict:
    """Recompute the tree from the records and compare; witnesses named here must be readable, remembered ones are noted if not."""
    verdict = Verdict(origin=vkey.split("+")[0] or None)
    records = _check_records(kept, verdict)
    keys, flaws = chain(kept, vkey) if vkey else (Keys((("", None),)), [])
    verdict.keys = len(keys.all)
    for size, what in flaws:
        verdict.add(f"record {size - 1}", what)
    expected = list(_expected(kept, keys, witnesses, verdict))
    _check_tree(kept, records, expected, verdict)
    _check_texts(kept, records, verdict)
    return verdict


@dataclass(frozen=True, slots=True)
class _Expected:
    """What somebody signed or kept: the root over the first ``size`` records."""

    where: str
    size: int
    root: bytes


def _check_records(kept: Kept, verdict: Verdict) -> dict[int, tuple[Record, dict[str, Any]]]:
    """Each record against its leaf and its place; those that can be read, by place."""
    found: dict[int, tuple[Record, dict[str, Any]]] = {}
    by_place = {record.place: record for record in kept.records}
    intents: dict[int, str] = {}
    ended: set[int] = set()
    for place in range(max(kept.size, max(by_place, default=-1) + 1)):
        record, where = by_place.get(place), f"record {place}"
        if record is None:
            verdict.add(where, "is missing")
            continue
        content, leaf = parsed(record.body), leaf_hash(record.body.encode("utf-8"))
        if kept.leaves.get(place) != leaf:
            verdict.add(where, "was changed: it does not have the hash of its leaf", record.seq)
        if content is None:
            verdict.add(where, "is not JSON", record.seq)
            continue
        seq, kind = content.get("seq"), content.get("kind")
        if not isinstance(seq, int) or (record.seq, record.kind) != (seq, kind):
            verdict.add(where, f"says action {seq}, {kind}, and is kept as {record.seq}, {record.kind}", record.seq)
            continue
        if kind == "intent":
            if seq != len(intents) + 1:
                verdict.add(where, f"begins action {seq} where {len(intents) + 1} is next", seq)
            intents[seq] = leaf.hex()
        elif seq in ended or content.get("intent") != intents.get(seq):
            verdict.add(where, f"ends action {seq}, which it does not follow", seq)
        else:
            ended.add(seq)
        found[place] = (record, content)
    verdict.actions = len(intents)
    return found


def _expected(kept: Kept, keys: Keys, witnesses: tuple[Path, ...], verdict: Verdict) -> Iterator[_Expected]:
    for size in (limit for _, limit in keys.all if limit is not None):
        note = kept.handovers[size][1]
        yield _Expected(f"handover {size}", size, Checkpoint.parse(note.partition("\n\n")[0] + "\n").root)
    for size, note in kept.checkpoints:
        root = signed_root(size, note, keys)
        verdict.checkpoints += 1
        if root is None:
            verdict.add(f"checkpoint {size}", "is not signed by the log's key, or not over this size")
        else:
            yield _Expected(f"checkpoint {size}", size, root)
    named = {path.resolve() for path in witnesses}
    for path in sorted(named | set(kept.witnesses)):
        try:
            copied: list[Copied] = read_copies(path, keys)
        except GovernanceError as error:
            if path in named or path.exists():
                verdict.add(str(path), error.what)
            else:
                verdict.notes.append(f"The copy {path} is not there and was not compared.")
            continue
        verdict.copies.append(str(path))
        for one in copied:
            yield _Expected(f"copy {path} of {one.at}", one.checkpoint.size, one.checkpoint.root)


def _check_tree(kept: Kept, records: dict[int, Any], expected: list[_Expected], verdict: Verdict) -> None:
    """The tree over the kept leaves against its inner nodes and every root that was signed; a record stands in for a missing leaf."""
    inner, tree, good = dict(kept.inner or {}), Frontier(), 0
    leaves = dict(kept.leaves)
    for place, (record, _) in records.items():
        if not isinstance(leaves.get(place), bytes):
            leaves[place] = leaf_hash(record.body.encode("utf-8"))
    size, roots = max(leaves, default=-1) + 1, sorted(expected, key=lambda one: one.size)
    for place in range(size):
        leaf = leaves.get(place, b"")
        for level, found in enumerate(tree.append(leaf)):
            if level and inner.pop((level, place >> level), None) != found and kept.inner is not None:
                verdict.add(f"node {place >> level} of level {level}", "is not the hash of its children")
        while roots and roots[0].size == tree.size:
            one = roots.pop(0)
            if one.root == tree.root():
                good = max(good, one.size)
            else:
                verdict.add(
                    one.where,
                    f"has another root over {one.size} records: something in records {good} to {one.size - 1} was changed",
                )
    for one in roots:
        verdict.add(one.where, f"covers {one.size} records and the log has {size}: its end is missing")
    for level, place in sorted(inner):
        verdict.add(f"node {place} of level {level}", "belongs to no tree of this size")
    verdict.size, verdict.root = size, tree.root().hex()


def _check_texts(kept: Kept, records: dict[int, tuple[Record, dict[str, Any]]], verdict: Verdict) -> None:
    """Names and texts beside the records; what is gone must have been erased by an action."""
    erased: set[object] = {content["erased"] for _, content in records.values() if content.get("erased")}
    for record, content in records.values():
        if record.kind != "intent":
            continue
        _, text, right = beside(kept, record.seq, content, erased)
        verdict.erased += text is None and right
        if not right:
            what = "are not those that it hashes" if text else "are gone and no action erased them"
            verdict.add(f"record {record.place}", f"name and texts beside it {what}", record.seq)
