"""Merkle proofs: the published vectors hold, every proof made here verifies, and no altered one does."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.audit import merkle

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "merkle.json").read_text(encoding="utf-8"))
HASHES = [base64.b64decode(text) for text in VECTORS["hashes"]]
CASES = [
    (kind, *case)
    for kind in ("inclusion", "consistency", "subtreeinclusion", "subtreeconsistency")
    for case in VECTORS[kind]
]


class Kept:
    """A tree whose complete subtrees are kept in memory."""

    def __init__(self, size: int) -> None:
        self.leaves = [merkle.leaf_hash(str(i).encode()) for i in range(size)]
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.roots = [merkle.EMPTY]
        tree = merkle.Frontier()
        for index, leaf in enumerate(self.leaves):
            for level, found in enumerate(tree.append(leaf)):
                self.nodes[level, index >> level] = found
            self.roots.append(tree.root())

    def node(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


TREE = Kept(130)


def reference(hashes: list[bytes]) -> bytes:
    """The root as RFC 9162, 2.1.1 defines it."""
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256(b"").digest()
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + reference(hashes[:k]) + reference(hashes[k:])).digest()


@pytest.mark.parametrize(
    ("kind", "name", "numbers", "hashes", "proof", "wrong"), CASES, ids=[f"{c[0]}/{c[1]}" for c in CASES]
)
def test_published_vectors(
    kind: str, name: str, numbers: list[int], hashes: list[int], proof: list[int], wrong: bool
) -> None:
    first, second = (HASHES[i] for i in hashes)
    path = [HASHES[i] for i in proof]
    verify: dict[str, Callable[[], bool]] = {
        "inclusion": lambda: merkle.verify_inclusion(first, numbers[0], numbers[1], path, second),
        "consistency": lambda: merkle.verify_consistency(numbers[0], numbers[1], path, first, second),
        "subtreeinclusion": lambda: merkle.verify_subtree_inclusion(
            first, numbers[0], numbers[1], numbers[2], path, second
        ),
        "subtreeconsistency": lambda: merkle.verify_subtree_consistency(
            numbers[0], numbers[1], numbers[2], path, first, second
        ),
    }
    assert verify[kind]() is not wrong


def test_there_are_518_vectors() -> None:
    assert len(CASES) == 518 and sum(not case[-1] for case in CASES) == 36


@pytest.mark.parametrize("size", [*range(18), 64, 130])
def test_roots_are_those_of_the_definition(size: int) -> None:
    assert merkle.root(TREE.leaves[:size]) == TREE.roots[size] == reference(TREE.leaves[:size])
    assert merkle.frontier(TREE, size).root() == TREE.roots[size]


def test_a_kept_tree_goes_on_growing() -> None:
    grown = merkle.frontier(TREE, 77)
    for leaf in TREE.leaves[77:]:
        grown.append(leaf)
    assert (grown.size, grown.root()) == (130, TREE.roots[130])


def test_every_proof_of_small_trees_verifies() -> None:
    for new in range(1, 40):
        for old in range(1, new + 1):
            assert merkle.verify_inclusion(
                TREE.leaves[old - 1], old - 1, new, merkle.inclusion_proof(TREE, old - 1, new), TREE.roots[new]
            )
            assert merkle.verify_consistency(
                old, new, merkle.consistency_proof(TREE, old, new), TREE.roots[old], TREE.roots[new]
            )


@st.composite
def places(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(st.integers(1, 130))
    return draw(st.integers(1, size)), size


def altered(
    draw: st.DrawFn, numbers: list[int], hashes: list[bytes], proof: list[bytes]
) -> tuple[list[int], list[bytes], list[bytes]]:
    """The same claim with one thing changed: a bit, a number, the order, a hash too many or too few, hashes cut elsewhere."""
    numbers, hashes, proof = list(numbers), list(hashes), list(proof)
    kinds = ["bit of a hash", "number", "more", "cut short", "swap ends"]
    kinds += ["bit of the proof", "fewer", "cut elsewhere"] if proof else []
    kinds += ["order"] if len(proof) > 1 else []
    match draw(st.sampled_from(kinds)):
        case "bit of a hash":
            flip(draw, hashes)
        case "bit of the proof":
            flip(draw, proof)
        case "number":
            i = draw(st.integers(0, len(numbers) - 1))
            numbers[i] = draw(st.one_of(st.integers(-2, 140), st.integers()).filter(lambda n: n != numbers[i]))
        case "more":
            proof.insert(draw(st.integers(0, len(proof))), draw(st.sampled_from([*hashes, *proof, merkle.EMPTY])))
        case "fewer":
            proof.pop(draw(st.integers(0, len(proof) - 1)))
        case "cut short":
            i = draw(st.integers(0, 1))
            hashes[i] = hashes[i][: draw(st.integers(0, 31))]
        case "cut elsewhere":
            hashes[0], proof[0] = hashes[0] + proof[0][:1], proof[0][1:]
        case "order":
            i = draw(st.integers(1, len(proof) - 1))
            proof[i - 1], proof[i] = proof[i], proof[i - 1]
        case "swap ends":
            hashes.reverse()
    return numbers, hashes, proof


def flip(draw: st.DrawFn, hashes: list[bytes]) -> None:
    i, bit = draw(st.integers(0, len(hashes) - 1)), draw(st.integers(0, 255))
    changed = bytearray(hashes[i])
    changed[bit // 8] ^= 1 << bit % 8
    hashes[i] = bytes(changed)


@settings(max_examples=1500)
@given(st.data(), places())
def test_no_altered_inclusion_verifies(data: Any, place: tuple[int, int]) -> None:
    index, size = place[0] - 1, place[1]
    proof = merkle.inclusion_proof(TREE, index, size)
    claim = ([index, size], [TREE.leaves[index], TREE.roots[size]], proof)
    numbers, hashes, path = altered(data.draw, *claim)
    if (numbers, hashes, path) == claim:  # a tree of one leaf has it as its root
        return
    if (hashes, path) == claim[1:] and shape(numbers[0], numbers[0] + 1, numbers[1]) == shape(index, index + 1, size):
        return
    assert not merkle.verify_inclusion(hashes[0], numbers[0], numbers[1], path, hashes[1])


def shape(start: int, end: int, size: int) -> list[str] | None:
    """The turns of a proof's way through the tree: where two sizes have the same ones, hashes cannot tell the sizes apart."""
    if not 0 <= start < end <= size < merkle.LARGEST:
        return None
    turns: list[str] = []
    while (start, end) != (0, size):
        middle = 1 << (size - 1).bit_length() - 1
        if end <= middle:
            turns.append("left")
            size = middle
        else:
            turns.append("right" if start >= middle else "through")
            start, end, size = max(start - middle, 0), end - middle, size - middle
    return turns


@settings(max_examples=1500)
@given(st.data(), places())
def test_no_altered_consistency_verifies(data: Any, place: tuple[int, int]) -> None:
    old, new = place
    proof = merkle.consistency_proof(TREE, old, new)
    claim = ([old, new], [TREE.roots[old], TREE.roots[new]], proof)
    numbers, hashes, path = altered(data.draw, *claim)
    if (numbers, hashes, path) == claim:
        return
    if (hashes, path) == claim[1:] and numbers[0] > 0 and shape(0, *numbers) == shape(0, old, new):
        return
    assert not merkle.verify_consistency(numbers[0], numbers[1], path, hashes[0], hashes[1])


def test_a_proof_is_as_long_as_the_tree_is_high() -> None:
    """Ten million records take 24 hashes: verifying takes as many, whatever the log holds."""
    top, index, size = TREE.leaves[0], 9_999_998, 10_000_000
    path = [merkle.leaf_hash(bytes([i])) for i in range(64)]
    lengths = [n for n in range(64) if _leads(top, index, size, path[:n])]
    assert len(lengths) == 1 and lengths[0] <= 24


def _leads(leaf: bytes, index: int, size: int, path: list[bytes]) -> bool:
    """Whether a path of this length leads somewhere: then some root verifies."""
    try:
        left = list(path)
        _, found = merkle._rebuild(index, index + 1, size, left, leaf)
    except IndexError:
        return False
    return not left and merkle.verify_inclusion(leaf, index, size, path, found)
