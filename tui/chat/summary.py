"""What a column of a result holds, counted over the rows that are there: no query is run. Knows no widgets."""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

from tui.output import text

MOST_VALUES = 8


def describe(cells: Sequence[Any]) -> str:
    """Lines about the cells: NULLs, distinct values, range, mean and median of numbers, the values that stand there most often."""
    present = [cell for cell in cells if cell is not None]
    lines = [f"rows      {len(cells):,}", f"NULL      {len(cells) - len(present):,}"]
    if not present:
        return "\n".join(lines)
    counted = Counter(text(cell) for cell in present)
    lines.append(f"distinct  {len(counted):,}")
    numbers = [float(cell) for cell in present if isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell)]
    if len(numbers) == len(present):
        lines += [f"{name:<9} {text(value)}" for name, value in (("least", min(numbers)), ("median", median(numbers)), ("mean", fmean(numbers)), ("greatest", max(numbers)))]
    elif not any(isinstance(cell, list | tuple) for cell in present):
        shown = sorted(counted)
        lines += [f"first     {shown[0]}", f"last      {shown[-1]}"]
    often = counted.most_common(MOST_VALUES)
    width = max(len(f"{count:,}") for _, count in often)
    lines += ["", "most often", *(f"{count:>{width},}  {count / len(cells):>4.0%}  {value}" for value, count in often)]
    return "\n".join(lines)
