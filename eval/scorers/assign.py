"""Finds predicted columns, one for each gold column, that together hold the gold's rows.

Columns are chosen one after another, the least ambiguous first, and every choice is checked on the rows of all columns chosen so far, so
a wrong one is left at once. Equal predicted columns count as one choice. Choosing may take exponential time by nature, so a budget ends it.
"""

from collections.abc import Callable, Sequence

import numpy as np

from eval.scorers.cells import NULL, Codes
from eval.scorers.rows import Counting

MOST_CHECKS = 20_000
MOST_ROW_CHECKS = 20_000_000

Verify = Callable[[Sequence[tuple[int, int]], Codes, Codes], bool]
"""A further check of chosen pairs of columns (gold, predicted), given each side's row numbers."""


class Search:
    """One search over code columns of a gold and a prediction. ``gold`` has the columns that must be found.

    Predicted columns are one choice where they are equal, or, with a further check, where the check cannot tell them apart by ``told_by``.
    """

    def __init__(
        self,
        gold: Sequence[Codes],
        predicted: Sequence[Codes],
        counting: Counting,
        verify: Verify | None = None,
        told_by: Sequence[Codes] | None = None,
    ) -> None:
        self.gold, self.predicted, self.counting, self.verify = gold, predicted, counting, verify
        rows = max(len(gold[0]) + len(predicted[0]), 1)
        self.budget = min(MOST_CHECKS, max(500, MOST_ROW_CHECKS // rows))
        """How many more choices may be checked; on none left the prediction counts as wrong."""
        alike: dict[bytes, list[int]] = {}
        for index, column in enumerate(told_by or predicted):
            alike.setdefault(column.tobytes(), []).append(index)
        self.groups = list(alike.values())

    def succeeds(self) -> bool:
        """Whether some choice of distinct predicted columns is right."""
        if len(self.gold) > len(self.predicted):
            return False
        shown = [self.counting.summary(self._counted(self.predicted[group[0]])) for group in self.groups]
        options = []
        for index, column in enumerate(self.gold):
            wanted = self.counting.summary(self._counted(column))
            options.append((index, [g for g, found in enumerate(shown) if self.counting.agree(wanted, found)]))
        options.sort(key=lambda option: len(option[1]))
        nothing = np.zeros(len(self.gold[0]), np.int64), np.zeros(len(self.predicted[0]), np.int64)
        return bool(options[0][1]) and self._choose(options, [], nothing, [0] * len(self.groups))

    def _counted(self, column: Codes) -> Codes:
        return column if self.counting.nulls else column[column != NULL]

    def _choose(self, options: list[tuple[int, list[int]]], chosen: list[tuple[int, int]], rows: tuple[Codes, Codes], used: list[int]) -> bool:
        if len(chosen) == len(options):
            return True
        index, groups = options[len(chosen)]
        for group in groups:
            if used[group] == len(self.groups[group]):
                continue
            if not self.budget:
                return False
            self.budget -= 1
            pair = (index, self.groups[group][used[group]])
            refined = _refine(rows, self.gold[pair[0]], self.predicted[pair[1]])
            used[group] += 1
            if self._agree([*chosen, pair], refined) and self._choose(options, [*chosen, pair], refined, used):
                return True
            used[group] -= 1
        return False

    def _agree(self, chosen: list[tuple[int, int]], rows: tuple[Codes, Codes]) -> bool:
        gold, predicted = rows
        if not self.counting.nulls:
            gold = gold[np.any([self.gold[i] != NULL for i, _ in chosen], axis=0)]
            predicted = predicted[np.any([self.predicted[j] != NULL for _, j in chosen], axis=0)]
        if not self.counting.agree(self.counting.summary(gold), self.counting.summary(predicted)):
            return False
        return self.verify is None or self.verify(chosen, *rows)


def same_rows(gold: Sequence[Codes], predicted: Sequence[Codes], counting: Counting) -> bool:
    """Whether columns taken as they stand hold the same rows."""
    if len(gold) != len(predicted) or not gold:
        return False
    rows = np.zeros(len(gold[0]), np.int64), np.zeros(len(predicted[0]), np.int64)
    for pair in zip(gold, predicted, strict=True):
        rows = _refine(rows, *pair)
    return counting.agree(counting.summary(rows[0]), counting.summary(rows[1]))


def _refine(rows: tuple[Codes, Codes], gold: Codes, predicted: Codes) -> tuple[Codes, Codes]:
    """Row numbers that tell apart what ``rows`` or the two further columns do."""
    cells = np.concatenate((gold, predicted))
    keys = np.concatenate(rows) * (int(cells.max(initial=0)) + 1) + cells
    numbers = np.unique(keys, return_inverse=True)[1].astype(np.int64)
    return numbers[: len(gold)], numbers[len(gold) :]


def pairing(options: Sequence[Sequence[int]]) -> bool:
    """Whether each entry can have an option of its own: augmenting paths (Kuhn 1955), polynomial."""
    owner: dict[int, int] = {}

    def place(entry: int, tried: set[int]) -> bool:
        for option in options[entry]:
            if option not in tried:
                tried.add(option)
                if option not in owner or place(owner[option], tried):
                    owner[option] = entry
                    return True
        return False

    return all(place(entry, set()) for entry in range(len(options)))
