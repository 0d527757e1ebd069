"""The rule of Spider 2.0 (Lei et al., ICLR 2025): each gold column is found among the predicted ones, numbers to 0.01.

Columns are compared one by one, so values paired otherwise pass; where order does not count, each column is sorted as text by itself, so
9.999 and 10.001 may land apart. Both are properties of the benchmark's rule. Several golds are several calls.
"""

import math
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from eval.scorers.table import Table
from eval.suite import Comparison

TOLERANCE = 0.01
"""Absolute difference up to which two numbers are the same."""


def spider2(gold: Table, predicted: Table, comparison: Comparison) -> bool:
    """Every gold column but the optional ones is a predicted column; row order counts where ``comparison.order``."""
    needed = [i for i in range(gold.width) if not (i < len(gold.columns) and gold.columns[i] in comparison.optional)]
    found = [_column(predicted, i, comparison.order) for i in range(predicted.width)]
    return all(any(_same(wanted, column) for column in found) for wanted in (_column(gold, i, comparison.order) for i in needed))


def _column(table: Table, index: int, in_order: bool) -> list[Any]:
    cells = [_cell(row[index]) for row in table.rows]
    return cells if in_order else sorted(cells, key=lambda cell: (cell is None, str(cell), isinstance(cell, int | float)))


def _cell(cell: Any) -> Any:
    """A cell as a CSV file gives it back: missing values alike, decimals as floats, times as text."""
    if isinstance(cell, Decimal):
        cell = float(cell) if not cell.is_snan() else math.nan
    if isinstance(cell, float) and math.isnan(cell):
        return None
    return str(cell) if isinstance(cell, date | datetime | time) else cell


def _same(left: Sequence[Any], right: Sequence[Any]) -> bool:
    return len(left) == len(right) and all(map(_close, left, right))


def _close(left: Any, right: Any) -> bool:
    if isinstance(left, int | float) and isinstance(right, int | float):
        try:
            return math.isclose(left, right, abs_tol=TOLERANCE)
        except OverflowError:
            return bool(left == right)
    return bool(left == right)
