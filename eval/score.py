"""Compares two results: the gold's columns must be found among the predicted ones with the same rows.

Extra predicted columns are allowed and duplicate rows ignored, since both are presentation; row order counts where the case says so.
"""

import math
from collections.abc import Sequence
from datetime import date, datetime
from itertools import islice, product
from typing import Any

RELATIVE_TOLERANCE = 1e-6
MOST_ASSIGNMENTS = 20_000

Rows = Sequence[Sequence[Any]]


def same_result(gold: Rows, predicted: Rows, ordered: bool = False) -> bool:
    """True when some choice of predicted columns gives the gold's rows."""
    gold_rows = [tuple(map(_cell, row)) for row in gold]
    rows = [tuple(map(_cell, row)) for row in predicted]
    if not gold_rows or not rows:
        return not gold_rows and not rows
    width, wide = len(gold_rows[0]), len(rows[0])
    if width > wide:
        return False
    columns = [[row[i] for row in rows] for i in range(wide)]
    options = []
    for i in range(width):
        wanted = {row[i] for row in gold_rows}
        options.append([j for j in range(wide) if set(columns[j]) == wanted])
    for chosen in islice(product(*options), MOST_ASSIGNMENTS):
        if len(set(chosen)) == width:
            projected = list(dict.fromkeys(tuple(row[j] for j in chosen) for row in rows))
            wanted_rows = list(dict.fromkeys(gold_rows))
            if projected == wanted_rows if ordered else set(projected) == set(wanted_rows):
                return True
    return False


def _cell(value: Any) -> Any:
    """A value that compares as people would: numbers by size, dates by day, lists without order."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        number = float(value)
        if not math.isfinite(number) or number == 0:
            return number
        digits = -math.floor(math.log10(abs(number))) + round(-math.log10(RELATIVE_TOLERANCE))
        return round(number, digits)
    if isinstance(value, datetime):
        return value.date() if value.time().isoformat() == "00:00:00" else value
    if isinstance(value, date):
        return value
    if isinstance(value, list | tuple):
        return tuple(sorted(map(str, value)))
    return str(value)
