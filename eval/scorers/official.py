"""Exact rules of public text-to-SQL benchmarks: cells are the same when Python says so, thus 1 = 1.0 = true, and no number is rounded.

``test-suite``: Zhong, Yu, Klein, "Semantic Evaluation for Text-to-SQL with Distilled Test Suites", EMNLP 2020, over queries `without_distinct`.
``bird-set``: Li et al., "Can LLM Already Serve as a Database Interface?", NeurIPS 2023. ``multiset`` and ``ordered``: the two plainer rules.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from eval.scorers.permute import same_up_to_permutation
from eval.scorers.table import Table
from eval.suite import Comparison

Rows = list[tuple[Hashable, ...]]


def bird_set(gold: Table, predicted: Table, comparison: Comparison) -> bool:
    """The same set of rows: columns in place, neither order nor repetition counts."""
    return set(hashable(predicted.rows)) == set(hashable(gold.rows))


def multiset(gold: Table, predicted: Table, comparison: Comparison) -> bool:
    """The same rows equally often: columns in place, order does not count."""
    return Counter(hashable(predicted.rows)) == Counter(hashable(gold.rows))


def ordered(gold: Table, predicted: Table, comparison: Comparison) -> bool:
    """The same list of rows."""
    return hashable(predicted.rows) == hashable(gold.rows)


def test_suite(gold: Table, predicted: Table, comparison: Comparison) -> bool:
    """The same rows equally often under some permutation of the columns, in the same order where ``comparison.order``.

    Two empty results are the same whatever their widths. Rows must also agree once each is sorted by its cells' text and type: a quick
    rejection that is stricter than the rule it serves, ``(1, 1.5)`` sorts to ``(1.5, 1)`` and ``(1.0, 1.5)`` stays, so the two differ.
    It is part of the published verdicts, so it is part of this rule.
    """
    left, right = hashable(gold.rows), hashable(predicted.rows)
    if not left or not right:
        return not left and not right
    if len(left) != len(right) or len(left[0]) != len(right[0]):
        return False
    one, other = [_by_text(row) for row in left], [_by_text(row) for row in right]
    if comparison.order:
        # Whole columns are compared at once: some permutation fits exactly when both have the same columns equally often.
        return one == other and Counter(zip(*left, strict=True)) == Counter(zip(*right, strict=True))
    return set(one) == set(other) and same_up_to_permutation(left, right)


def hashable(rows: Sequence[Sequence[Any]]) -> Rows:
    """Rows as tuples whose cells can be put into a set: nested lists become tuples, structs sets of their entries."""
    tuples = [tuple(row) for row in rows]
    try:
        hash(tuple(tuples))
    except TypeError:
        return [tuple(map(_frozen, row)) for row in tuples]
    return tuples


def _frozen(cell: Any) -> Hashable:
    if isinstance(cell, list | tuple):
        return tuple(map(_frozen, cell))
    if isinstance(cell, dict):
        return frozenset((_frozen(name), _frozen(value)) for name, value in cell.items())
    try:
        hash(cell)
    except TypeError:
        return repr(cell)
    frozen: Hashable = cell
    return frozen


def _by_text(row: tuple[Hashable, ...]) -> tuple[Hashable, ...]:
    return tuple(sorted(row, key=lambda cell: f"{cell!s}{type(cell)}"))
