"""Merkle trees of RFC 9162, section 2.1: hashes, proofs and their verification. Pure: knows no file, key or record.

A subtree is a run of leaves ``[start, end)`` that some tree holds as one node: ``start`` is a multiple of the smallest
power of two that is not less than its length (Merkle Tree Certificates, draft-ietf-plants). ``[4, 7)`` is one, ``[3, 5)`` is not.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

HASH_BYTES = 32
LARGEST = 2**63
"""Sizes at and above it are refused: no log has them, and a proof for one would be longer than any here."""
EMPTY = hashlib.sha256().digest()
"""Root of the tree without leaves."""


class Nodes(Protocol):
    """Where the hashes of complete subtrees are kept."""

    def node(self, level: int, index: int) -> bytes:
        """Hash over the leaves ``[index << level, (index + 1) << level)``, all of which exist."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf; no leaf hashes like an inner node."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node from those of its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that only grows, as the hashes of its complete subtrees from left to right: log n of them."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf hash; returns the hashes of the subtrees that it completes, level 0 (the leaf) first."""
        completed, ends = [leaf], self.size
        while ends & 1:
            completed.append(node_hash(self.peaks.pop(), completed[-1]))
            ends >>= 1
        self.peaks.append(completed[-1])
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Hash of the whole tree as it stands."""
        if not self.peaks:
            return EMPTY
        right = self.peaks[-1]
        for left in reversed(self.peaks[:-1]):
            right = node_hash(left, right)
        return right


def root(hashes: Iterable[bytes]) -> bytes:
    """Root of the tree over these leaf hashes."""
    tree = Frontier()
    for leaf in hashes:
        tree.append(leaf)
    return tree.root()


def frontier(tree: Nodes, size: int) -> Frontier:
    """The complete subtrees of a kept tree of ``size`` leaves, ready to grow."""
    found, start = Frontier(), 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            found.peaks.append(tree.node(level, start >> level))
            start += 1 << level
    found.size = size
    return found


def subtree_root(tree: Nodes, start: int, end: int) -> bytes:
    """Hash of the subtree ``[start, end)`` of a kept tree."""
    length = end - start
    if length & (length - 1) == 0:
        return tree.node(length.bit_length() - 1, start // length)
    middle = start + _split(length)
    return node_hash(subtree_root(tree, start, middle), subtree_root(tree, middle, end))


def inclusion_proof(tree: Nodes, index: int, size: int) -> list[bytes]:
    """Hashes that lead from the leaf ``index`` to the root of the tree's first ``size`` leaves, lowest first."""
    assert 0 <= index < size, (index, size)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subtree_root(tree, middle, end))
            end = middle
        else:
            path.append(subtree_root(tree, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(tree: Nodes, old: int, new: int) -> list[bytes]:
    """Hashes that show the first ``old`` leaves to be the beginning of the first ``new`` ones."""
    assert 0 < old <= new, (old, new)
    path: list[bytes] = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(subtree_root(tree, middle, end))
            end = middle
        else:
            path.append(subtree_root(tree, start, middle))
            start = middle
    if start:
        path.append(subtree_root(tree, start, end))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows the leaf hash at ``index`` of the tree of ``size`` leaves with this root.

    A root does not commit to the size: where a leaf's way up turns alike in trees of two sizes, the proof holds for both.
    Take size and root from one signed checkpoint.
    """
    return verify_subtree_inclusion(leaf, index, 0, size, proof, root)


def verify_subtree_inclusion(
    leaf: bytes, index: int, start: int, end: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether ``proof`` shows the leaf hash at ``index`` (of the whole tree) in the subtree ``[start, end)`` with this root."""
    if not (_is_subtree(start, end) and start <= index < end and _are_hashes(leaf, root, *proof)):
        return False
    # a leaf is the subtree [index, index + 1): its place needs no hash that the proof does not give
    return verify_subtree_consistency(index - start, index - start + 1, end - start, proof, leaf, root)


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether ``proof`` shows the tree of ``old`` leaves to be the beginning of that of ``new``; never of an empty one."""
    return old > 0 and verify_subtree_consistency(0, old, new, proof, old_root, new_root)


def verify_subtree_consistency(
    start: int, end: int, size: int, proof: Sequence[bytes], part: bytes, root: bytes
) -> bool:
    """Whether ``proof`` shows the subtree ``[start, end)`` with the hash ``part`` in the tree of ``size`` leaves with this root.

    An empty subtree is part of any tree: its hash is that of the empty tree and its proof is empty.
    """
    if not (0 <= end <= size < LARGEST and _are_hashes(*proof, *((part, root) if proof else ()))):
        return False
    if start == end:
        return part == EMPTY and not proof
    if not _is_subtree(start, end):
        return False
    left = list(proof)
    try:
        rebuilt_part, rebuilt_root = _rebuild(start, end, size, left, part)
    except IndexError:  # the proof is too short
        return False
    return not left and rebuilt_part == part and rebuilt_root == root


def _rebuild(start: int, end: int, size: int, proof: list[bytes], known: bytes | None) -> tuple[bytes, bytes]:
    """The hashes of ``[start, end)`` and of the whole tree, from the proof's hashes, highest first; takes them off the list.

    ``known`` is the hash of the part while it may still be one node; below a split only the proof has its pieces.
    """
    if start == 0 and end == size:
        whole = proof.pop() if known is None else known
        return whole, whole
    middle, sibling = _split(size), proof.pop()
    if end <= middle:
        part, whole = _rebuild(start, end, middle, proof, known)
        return part, node_hash(whole, sibling)
    if start >= middle:
        part, whole = _rebuild(start - middle, end - middle, size - middle, proof, known)
        return part, node_hash(sibling, whole)
    part, whole = _rebuild(0, end - middle, size - middle, proof, None)
    return node_hash(sibling, part), node_hash(sibling, whole)


def _split(size: int) -> int:
    """The largest power of two that is less than ``size``: how many leaves are on the left."""
    return 1 << (size - 1).bit_length() - 1


def _is_subtree(start: int, end: int) -> bool:
    return 0 <= start < end < LARGEST and start % (1 << (end - start - 1).bit_length()) == 0


def _are_hashes(*values: bytes) -> bool:
    """Hashes of another length could be cut apart and joined elsewhere with the same result."""
    return all(len(value) == HASH_BYTES for value in values)
