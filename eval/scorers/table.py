"""A result to compare, and the shape of every rule that compares two."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eval.suite import Comparison


@dataclass(frozen=True)
class Table:
    """Rows of one query with the names of its columns; names may be missing, since only `Comparison.optional` and defog read them."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    @property
    def width(self) -> int:
        """How many columns there are, by the first row where there is one."""
        return len(self.rows[0]) if self.rows else len(self.columns)


Scorer = Callable[[Table, Table, Comparison], bool]
"""``scorer(gold, predicted, comparison)``: whether the prediction is right."""
