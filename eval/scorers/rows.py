"""Whether two lists of row numbers hold the same rows, by what counts: order, repetition, what follows. Equal numbers are equal rows."""

from dataclasses import dataclass

import numpy as np

from eval.scorers.cells import Codes


@dataclass(frozen=True)
class Counting:
    """What of a gold's rows counts. Whatever holds for some columns of two results holds for fewer columns of them too."""

    order: bool
    duplicates: bool
    limit: bool
    """False: rows after the gold's own are welcome."""
    nulls: bool
    """False: rows that are NULL in every compared column do not count."""

    def summary(self, rows: Codes) -> tuple[Codes, ...]:
        """What of one result is compared."""
        if self.order and self.duplicates:
            return (rows,)
        if self.order:
            return (rows[np.sort(np.unique(rows, return_index=True)[1])],)
        return np.unique(rows, return_counts=True) if self.duplicates else (np.unique(rows),)

    def agree(self, gold: tuple[Codes, ...], predicted: tuple[Codes, ...]) -> bool:
        """Whether the predicted summary is right."""
        wanted, found = gold[0], predicted[0]
        if self.limit:
            return all(map(np.array_equal, gold, predicted))
        if len(wanted) > len(found):
            return False
        if self.order:
            return np.array_equal(wanted, found[: len(wanted)])
        place = np.minimum(np.searchsorted(found, wanted), max(len(found) - 1, 0))
        return np.array_equal(found[place], wanted) and (not self.duplicates or bool((gold[1] <= predicted[1][place]).all()))
