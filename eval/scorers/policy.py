"""The default rule: right is what the declared `Comparison` of a question says.

The gold's columns must be found among the predicted ones, whatever their names and order. Two results without rows are the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from eval.scorers.assign import Search, pairing
from eval.scorers.cells import NULL, Chains, Coder, Codes
from eval.scorers.loose import Near
from eval.scorers.rows import Counting
from eval.scorers.table import Table
from eval.suite import Comparison


def steward(gold: Table, predicted: Table, comparison: Comparison) -> bool:
    """Whether the prediction is right by the comparison.

    Where ``order`` counts and repetition does not, rows are the same after each repetition is left out. Where an unlimited gold has no row,
    neither may the prediction. Of columns that are all optional one must be found. Symmetric in the two where nothing but order, repetition,
    nulls and tolerance is declared and both have as many columns.
    """
    if not any(comparison.nulls or any(cell is not None for cell in row) for row in (*gold.rows, *predicted.rows)):
        return True
    counting = Counting(comparison.order, comparison.duplicates, comparison.limit, comparison.nulls)
    coder = Coder()
    wanted, found = columns_of(gold, coder), columns_of(predicted, coder)
    chains = Chains(coder.numbers(), comparison.tolerance)
    return any(
        holds([wanted[i] for i in needed], found, chains, counting)
        for needed in needed_columns(gold, comparison.optional, None if comparison.extra_columns else len(found))
    )


def columns_of(table: Table, coder: Coder) -> list[Codes]:
    """The table's columns as codes."""
    return [coder.column(row[i] for row in table.rows) for i in range(table.width)]


def needed_columns(gold: Table, optional: Sequence[str], exactly: int | None = None) -> Iterator[tuple[int, ...]]:
    """Sets of gold columns of which one must be found; with ``exactly``, sets of that many columns.

    Optional names are compared without regard to case, as SQL does.
    """
    spare = {name.casefold() for name in optional}
    may = [i for i, name in enumerate(gold.columns[: gold.width]) if name.casefold() in spare]
    must = [i for i in range(gold.width) if i not in may]
    more = (0 if must else min(1, len(may))) if exactly is None else exactly - len(must)
    if more >= 0 and len(must) + more > 0:
        yield from ((*must, *chosen) for chosen in combinations(may, more))


def holds(gold: Sequence[Codes], predicted: Sequence[Codes], chains: Chains, counting: Counting) -> bool:
    """Whether some predicted columns hold the rows of these gold columns."""
    if not gold:
        return False
    if not counting.nulls and not any((column != NULL).any() for column in (*gold, *predicted)):
        return True
    if not len(gold[0]) or not (counting.nulls or any((column != NULL).any() for column in gold)):
        counting = replace(counting, limit=True)  # no limit leaves nothing of something
    if not predicted:
        return False
    if Search([chains.fine[c] for c in gold], [chains.fine[c] for c in predicted], counting).succeeds():
        return True
    if not any(chains.loose[column].any() for column in gold):
        return False
    nearness = Near(gold, predicted, chains, counting)
    if counting.order:
        return pairing([[j for j, column in enumerate(predicted) if nearness.in_order(wanted, column)] for wanted in gold])
    return Search([chains.coarse[c] for c in gold], [chains.coarse[c] for c in predicted], counting, nearness.rows, predicted).succeeds()
