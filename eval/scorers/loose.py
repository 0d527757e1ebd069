"""Rows whose numbers lie in loose chains, compared number by number: nearness is not transitive, so no code can stand for it.

Each gold row needs a near predicted row and the other way round; where repetition counts, rows are matched one to one.
"""

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from eval.scorers.cells import NOISE, Chains, Codes, near
from eval.scorers.rows import Counting

MOST_PAIRS = 20_000_000
CHUNK = 1_000_000
SAMPLE = 256


class Near:
    """The further check of a `Search` over coarse codes. Its columns are those of the search, by each number's own code."""

    def __init__(self, gold: Sequence[Codes], predicted: Sequence[Codes], chains: Chains, counting: Counting) -> None:
        self.gold, self.predicted, self.chains, self.counting = gold, predicted, chains, counting

    def rows(self, chosen: Sequence[tuple[int, int]], gold_rows: Codes, predicted_rows: Codes) -> bool:
        """Whether rows of equal coarse numbers are near as well.

        Where more pairs lie near each other than can be looked at, coarse equality is taken for nearness.
        """
        loose = self.chains.loose
        left = np.column_stack([self.gold[i] for i, _ in chosen])
        right = np.column_stack([self.predicted[j] for _, j in chosen])
        inexact = [k for k in range(len(chosen)) if loose[left[:, k]].any()]
        if not inexact:
            return True
        mine, theirs = np.any(loose[left], axis=1), np.any(loose[right], axis=1)
        left, gold_rows, right, predicted_rows = left[mine], gold_rows[mine], right[theirs], predicted_rows[theirs]
        if len(chosen) < len(self.gold):
            # More columns follow, so a few rows are enough to leave most wrong choices early.
            some = slice(None, None, len(left) // SAMPLE + 1)
            return bool(self._found(left[some], gold_rows[some], right, predicted_rows, inexact).all())
        left, gold_rows, often = _distinct(left, gold_rows)
        right, predicted_rows, times = _distinct(right, predicted_rows)
        if self.counting.duplicates:
            pairs = self._pairs(left, gold_rows, right, predicted_rows, inexact)
            return pairs is None or _matching(pairs, often, times)
        if not self._found(left, gold_rows, right, predicted_rows, inexact).all():
            return False
        return not self.counting.limit or bool(self._found(right, predicted_rows, left, gold_rows, inexact).all())

    def in_order(self, gold: Codes, predicted: Codes) -> bool:
        """Whether two columns are near row by row."""
        if len(predicted) < len(gold) or (self.counting.limit and len(predicted) > len(gold)):
            return False
        chains, predicted = self.chains, predicted[: len(gold)]
        differ = chains.fine[gold] != chains.fine[predicted]
        a, b = gold[differ], predicted[differ]
        return np.array_equal(chains.coarse[a], chains.coarse[b]) and bool(near(chains.numbers[a], chains.numbers[b], chains.tolerance).all())

    def _found(self, left: Codes, mine: Codes, right: Codes, theirs: Codes, inexact: Sequence[int]) -> NDArray[np.bool_]:
        """Which rows on the left have a near one on the right; all of them where there are too many pairs to look at."""
        found = np.zeros(len(left), dtype=bool)
        pairs = self._pairs(left, mine, right, theirs, inexact)
        if pairs is None:
            return ~found
        for a, _ in pairs:
            found[a] = True
        return found

    def _pairs(self, left: Codes, mine: Codes, right: Codes, theirs: Codes, inexact: Sequence[int]) -> Iterator[tuple[Codes, Codes]] | None:
        """Indices of near rows, found by the inexact column that leaves the fewest candidates; None where those are too many."""
        windows = min((self._windows(left[:, k], right[:, k], mine, theirs) for k in inexact), key=_Windows.total)
        return None if windows.total() > MOST_PAIRS else self._near(windows, left[:, inexact], right[:, inexact])

    def _near(self, windows: "_Windows", left: Codes, right: Codes) -> Iterator[tuple[Codes, Codes]]:
        chains = self.chains
        for a, b in windows.pairs():
            for k in range(left.shape[1]):
                x, y = left[a, k], right[b, k]
                keep = (x == y) | near(chains.numbers[x], chains.numbers[y], chains.tolerance)
                a, b = a[keep], b[keep]
            yield a, b

    def _windows(self, left: Codes, right: Codes, mine: Codes, theirs: Codes) -> "_Windows":
        """Candidates of each row on the left by one column: of its coarse row, in the interval of numbers that may be near."""
        numbers, tolerance = self.chains.numbers, self.chains.tolerance
        shown, sought = numbers[right], numbers[left]
        text = np.isnan(sought)
        values = np.unique(shown[~np.isnan(shown)])
        middle = np.nan_to_num(sought)
        with np.errstate(over="ignore"):
            reach = np.maximum(np.abs(middle) * tolerance / (1 - tolerance), NOISE) * (1 + 1e-9)
        low, high = np.searchsorted(values, middle - reach), np.searchsorted(values, middle + reach, side="right")
        low[text], high[text] = 0, 1
        place = np.where(np.isnan(shown), 0, np.searchsorted(values, np.nan_to_num(shown)))
        keys = theirs * (len(values) + 1) + place
        order = np.argsort(keys, kind="stable")
        base, keys = mine * (len(values) + 1), keys[order]
        return _Windows(np.searchsorted(keys, base + low), np.searchsorted(keys, base + high), order)


class _Windows:
    """For each row on the left a stretch ``start:end`` of rows on the right in ``order``."""

    def __init__(self, start: Codes, end: Codes, order: Codes) -> None:
        self.start, self.order = start, order
        self.size = np.maximum(end - start, 0)

    def total(self) -> int:
        return int(self.size.sum())

    def pairs(self) -> Iterator[tuple[Codes, Codes]]:
        """All pairs of a row and a candidate, about a million at a time."""
        chunk = np.cumsum(self.size) // CHUNK
        for rows in np.split(np.arange(len(self.size)), np.flatnonzero(np.diff(chunk)) + 1):
            size = self.size[rows]
            step = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
            yield np.repeat(rows, size), self.order[np.repeat(self.start[rows], size) + step]


def _distinct(cells: Codes, rows: Codes) -> tuple[Codes, Codes, Codes]:
    """Rows that differ, the coarse number of each, and how often it occurs."""
    cells, index, counts = np.unique(cells, axis=0, return_index=True, return_counts=True)
    return cells, rows[index], counts


def _matching(pairs: Iterator[tuple[Codes, Codes]], often: Codes, times: Codes) -> bool:
    """Whether every gold row, as often as it occurs, has a predicted row of its own: shortest augmenting paths."""
    near_to: list[list[int]] = [[] for _ in often]
    for a, b in pairs:
        for gold, predicted in zip(a.tolist(), b.tolist(), strict=True):
            near_to[gold].append(predicted)
    room = times.tolist()
    held: list[dict[int, int]] = [{} for _ in room]
    for gold in sorted(range(len(often)), key=lambda row: len(near_to[row])):
        for _ in range(int(often[gold])):
            if not _augment(gold, near_to, room, held):
                return False
    return True


def _augment(start: int, near_to: list[list[int]], room: list[int], held: list[dict[int, int]]) -> bool:
    """Give one more of gold row ``start`` a place, moving others where it must."""
    came: dict[int, tuple[int, int]] = {}  # gold row → the predicted row it would leave and the gold row that wants it
    seen: set[int] = set()
    queue = deque([start])
    while queue:
        gold = queue.popleft()
        for predicted in near_to[gold]:
            if predicted in seen:
                continue
            seen.add(predicted)
            if room[predicted]:
                room[predicted] -= 1
                while True:
                    held[predicted][gold] = held[predicted].get(gold, 0) + 1
                    if gold == start:
                        return True
                    predicted, gold_before = came[gold]
                    held[predicted][gold] -= 1
                    if not held[predicted][gold]:
                        del held[predicted][gold]
                    gold = gold_before
            for other in held[predicted]:
                if other != start and other not in came:
                    came[other] = (predicted, gold)
                    queue.append(other)
    return False
