"""Proofs of a log of ten million records: how long they take to verify, and that none verifies once anything in it is altered."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter

from catalog.audit import merkle
from catalog.audit.signed_note import BadNote, Checkpoint, Signer, open_note, sign
from eval.metrics.latency import percentile
from eval.security.report import Row

RECORDS = 10_000_000
ALTERED = 100_000
TIMED = 2_000
CLAIMS = 400
"""Places of which proofs are made; each is altered again and again."""


class Whole:
    """Every complete subtree of a tree, by level."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.levels: list[list[bytes]] = [[merkle.leaf_hash(b"%d" % at) for at in range(size)]]
        while len(below := self.levels[-1]) > 1:
            self.levels.append([merkle.node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])

    def node(self, level: int, index: int) -> bytes:
        """Hash of a complete subtree."""
        return self.levels[level][index]

    def root(self, size: int) -> bytes:
        """Root of the first leaves."""
        return merkle.frontier(self, size).root()


@dataclass(frozen=True, slots=True)
class Claim:
    """What a proof is said to show. ``numbers`` are index and size, or old size and new; ``ends`` leaf and root, or both roots."""

    kind: str
    numbers: tuple[int, int]
    ends: tuple[bytes, bytes]
    path: tuple[bytes, ...]

    def holds(self) -> bool:
        """Whether the verifier takes it."""
        if self.kind == "inclusion":
            return merkle.verify_inclusion(self.ends[0], *self.numbers, self.path, self.ends[1])
        return merkle.verify_consistency(*self.numbers, self.path, *self.ends)


def claims(tree: Whole, random: Random, count: int) -> list[Claim]:
    """True ones, from all over the tree."""
    made, root = list[Claim](), tree.root(tree.size)
    for at in range(count):
        if at % 2:
            index = random.randrange(tree.size)
            made.append(Claim("inclusion", (index, tree.size), (tree.node(0, index), root), tuple(merkle.inclusion_proof(tree, index, tree.size))))
        else:
            old = random.randrange(1, tree.size)
            made.append(Claim("consistency", (old, tree.size), (tree.root(old), root), tuple(merkle.consistency_proof(tree, old, tree.size))))
    return made


def altered(claim: Claim, random: Random) -> Claim:
    """The same with one thing changed: a bit, the first number, a hash too many, too few, or in another place."""
    numbers, ends, path = claim.numbers, list(claim.ends), list(claim.path)
    match random.choice(("end", "bit", "number", "more", "fewer", "order", "swap")):
        case "end":
            at = random.randrange(2)
            ends[at] = _flipped(ends[at], random)
        case "bit" if path:
            at = random.randrange(len(path))
            path[at] = _flipped(path[at], random)
        case "more":
            path.insert(random.randrange(len(path) + 1), random.choice([*ends, *path, merkle.EMPTY]))
        case "fewer" if path:
            path.pop(random.randrange(len(path)))
        case "order" if len(path) > 1:
            at = random.randrange(1, len(path))
            path[at - 1], path[at] = path[at], path[at - 1]
        case "swap":
            ends.reverse()
        case _:
            numbers = (random.choice([n for n in (numbers[0] ^ 1 << random.randrange(23), numbers[0] + 1, numbers[0] - 1) if n != numbers[0]]), numbers[1])
    return Claim(claim.kind, numbers, (ends[0], ends[1]), tuple(path))


def _flipped(text: bytes, random: Random) -> bytes:
    at = random.randrange(len(text) * 8)
    return text[: at // 8] + bytes([text[at // 8] ^ 1 << at % 8]) + text[at // 8 + 1 :]


def notes(random: Random, count: int, folder: Path) -> int:
    """How many altered signed checkpoints are taken for signed, of so many."""
    signer = Signer.load_or_create(folder / "key", "proofs")
    note, taken = sign(Checkpoint(signer.name, RECORDS, merkle.leaf_hash(b"root")).text, signer), 0
    for _ in range(count):
        try:
            taken += open_note(_flipped(note.encode(), random).decode("utf-8", "replace"), signer.verifier) is not None
        except BadNote:
            continue
    return taken


def run(seconds: float, seed: int, progress: Callable[[str], None], state: Path | None = None, records: int = RECORDS, changes: int = ALTERED) -> list[Row]:
    """The tree, its proofs and their alterations; the seconds bound nothing, it takes about one and a half minutes. Nothing is kept."""
    random = Random(seed)
    tree = Whole(records)
    progress(f"a tree of {records:,} records")
    true = claims(tree, random, CLAIMS)
    spent = [_timed(claim) for claim in random.choices(true, k=TIMED)]
    wrong = [claim for claim in true if not claim.holds()]
    accepted, tried = list[str](), 0
    while tried < changes:
        claim = random.choice(true)
        changed = altered(claim, random)
        if changed == claim:
            continue
        tried += 1
        if changed.holds():
            accepted.append(f"{claim.kind} of {claim.numbers} as {changed.numbers}")
    progress(f"{tried:,} altered proofs, {len(accepted)} taken")
    with tempfile.TemporaryDirectory() as folder:
        taken = notes(random, changes // 10, Path(folder))
    return [
        Row("a proof's verification", "<= 5 ms at 10 million records", f"p50 {percentile(spent, 50):.3f} ms, p95 {percentile(spent, 95):.3f} ms, most {max(spent):.3f} ms", percentile(spent, 95) <= 5 and records >= RECORDS, f"{TIMED:,} verifications of inclusion and consistency, {records:,} records"),
        Row("proofs made that do not verify", "0", f"{len(wrong)} of {len(true):,}", not wrong, "inclusion and consistency by turns, places from all over"),
        Row("altered proofs taken", f"0 of >= {ALTERED:,}", f"{len(accepted)} of {tried:,}", not accepted and tried >= ALTERED, "a bit, a number, a hash more, fewer or elsewhere; " + "; ".join(accepted[:3])),
        Row("altered checkpoints taken", "0", f"{taken} of {changes // 10:,}", not taken, "one bit of a signed note"),
    ]


def _timed(claim: Claim) -> float:
    started = perf_counter()
    claim.holds()
    return (perf_counter() - started) * 1000
