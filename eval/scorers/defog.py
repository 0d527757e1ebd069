"""The rule of Defog's SQL-Eval: the gold's columns are a part of the predicted ones, with the same rows; some columns are optional.

What its golds put in braces is `Comparison.optional` here: at least one of them must be found, any further ones may be. Several golds are
several calls. Repetition is ignored where both have as many columns, else it counts. Where order is asked for, it counts, ties and all.
"""

from collections.abc import Iterable
from itertools import combinations

from eval.scorers.assign import same_rows
from eval.scorers.cells import Chains, Coder
from eval.scorers.policy import columns_of, holds
from eval.scorers.rows import Counting
from eval.scorers.table import Table
from eval.suite import Comparison

TOLERANCE = 1e-5
"""Relative difference up to which two numbers are the same."""


def defog(gold: Table, predicted: Table, comparison: Comparison) -> bool:
    """Whether the prediction has a minimal choice of the gold's columns, or, by sorted names, just one of its choices.

    Two empty results are the same where both have as many columns; no other prediction is right where the gold is empty.
    """
    coder = Coder()
    wanted, found = columns_of(gold, coder), columns_of(predicted, coder)
    chains = Chains(coder.numbers(), TOLERANCE)
    spare = [i for i in range(gold.width) if i < len(gold.columns) and gold.columns[i] in comparison.optional]
    must = [i for i in range(gold.width) if i not in spare]
    counting = Counting(comparison.order, duplicates=True, limit=True, nulls=True)
    if gold.rows and any(
        holds([wanted[i] for i in (*must, *chosen)], found, chains, counting) for chosen in combinations(spare, min(1, len(spare)))
    ):
        return True
    shown = [chains.fine[found[j]] for j in _by_name(range(predicted.width), predicted)]
    exact = Counting(comparison.order, duplicates=False, limit=True, nulls=True)
    size = predicted.width - len(must)
    choices = combinations(spare, size) if min(1, len(spare)) <= size <= len(spare) else ()
    return any(same_rows([chains.fine[wanted[i]] for i in _by_name(sorted((*must, *chosen)), gold)], shown, exact) for chosen in choices)


def _by_name(indices: Iterable[int], table: Table) -> list[int]:
    return sorted(indices, key=lambda i: table.columns[i]) if len(table.columns) == table.width else list(indices)
