"""Cells of two results as small integers: equal integers are the same cell as people see it.

Numbers by size whatever their type, times by instant, a day as its midnight, lists without order, bytes and structs by content. A truth
value is no number. Knows nothing about rows and columns.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Set
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

NULL = 0
"""Code of a missing value."""
NOISE = 1e-12
"""Absolute difference that floating-point sums about zero show; nearer numbers are the same wherever there is a tolerance."""
Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


class Coder:
    """Gives each distinct cell a code; equal cells of both results share it."""

    def __init__(self) -> None:
        self._known: dict[Hashable, int] = {None: NULL}

    def column(self, cells: Iterable[Any]) -> Codes:
        """Codes of one column's cells."""
        known = self._known
        return np.fromiter((known.setdefault(_key(cell), len(known)) for cell in cells), dtype=np.int64)

    def numbers(self) -> Floats:
        """The number behind each code so far; NaN where a code is no finite number."""
        return np.array([_float(key) for key in self._known], dtype=np.float64)


class Chains:
    """Numbers told apart by a relative tolerance.

    Sorted numbers whose neighbours are the same form a chain; numbers of different chains are never the same. Nearly always a chain's ends
    are the same too, and all of it counts as one number. A longer chain is *loose*: nearness of its members is not transitive.
    """

    def __init__(self, numbers: Floats, tolerance: float) -> None:
        self.numbers, self.tolerance = numbers, tolerance
        self.fine = np.arange(len(numbers))
        """Code by code, equal for all of a tight chain: equal means the same."""
        self.coarse = np.arange(len(numbers))
        """Code by code, equal for all of any chain: different means not the same."""
        self.loose = np.zeros(len(numbers), dtype=bool)
        """Whether the code's chain is loose."""
        finite = np.flatnonzero(~np.isnan(numbers))
        if not tolerance or not len(finite):
            return
        order = finite[np.argsort(numbers[finite], kind="stable")]
        values = numbers[order]
        starts = np.flatnonzero(np.concatenate(([True], ~near(values[:-1], values[1:], tolerance))))
        chain = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
        ends = np.append(starts[1:], len(order)) - 1
        tight = near(values[starts], values[ends], tolerance)[chain]
        self.coarse[order] = order[starts][chain]
        self.fine[order] = np.where(tight, order[starts][chain], order)
        self.loose[order] = ~tight


def near(left: Floats, right: Floats, tolerance: float) -> NDArray[np.bool_]:
    """Number by number, ``|a − b| ≤ tolerance · max(|a|, |b|)``, or so small that it is noise: the same whichever side is the gold."""
    with np.errstate(over="ignore"):
        found: NDArray[np.bool_] = np.abs(left - right) <= np.maximum(tolerance * np.maximum(np.abs(left), np.abs(right)), NOISE)
    return found


def _key(cell: Any) -> Hashable:
    """What a cell is known by: equal keys are the same cell."""
    kind = type(cell)
    reader = _readers.get(kind)
    if reader is None:
        reader = _readers[kind] = next((key for known, key in _KEYS if issubclass(kind, known)), str)
    return reader(cell)


def _itself(cell: Hashable) -> Hashable:
    return cell


def _float_key(cell: float) -> Hashable:
    return cell if cell - cell == 0 else ("number", str(float(cell)))


def _decimal_key(cell: Decimal) -> Hashable:
    if not cell.is_finite():
        return ("number", "nan" if cell.is_nan() else str(float(cell)))
    return int(cell) if cell == cell.to_integral_value() else _float_key(float(cell))


def _instant(cell: datetime) -> Hashable:
    try:
        return ("at", cell.astimezone(UTC).replace(tzinfo=None) if cell.tzinfo else cell)
    except OverflowError:  # the first or last hours of the calendar, seen from another zone
        return str(cell)


def _struct(cell: Mapping[Any, Any]) -> Hashable:
    return ("struct", frozenset((_key(name), _nested(value)) for name, value in cell.items()))


def _list(cell: Iterable[Any]) -> Hashable:
    return ("list", frozenset(Counter(map(_nested, cell)).items()))


def _nested(cell: Any) -> Hashable:
    """A cell inside another: numbers are the same when twelve significant digits are, since the tolerance is one of whole cells."""
    return _float_key(float(f"{cell:.12g}")) if isinstance(cell, float | Decimal) and math.isfinite(cell) else _key(cell)


def _float(key: Hashable) -> float:
    if isinstance(key, int | float):
        try:
            return float(key)
        except OverflowError:
            pass
    return math.nan


_KEYS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Hashable]], ...] = (
    (str, str),
    (bool, lambda cell: ("truth", cell)),
    (float, _float_key),
    ((int, type(None)), _itself),
    (Decimal, _decimal_key),
    (datetime, _instant),
    (date, lambda cell: ("at", datetime(cell.year, cell.month, cell.day))),
    ((time, timedelta), lambda cell: ("time", cell)),
    ((bytes, bytearray, memoryview), lambda cell: ("bytes", bytes(cell))),
    (Mapping, _struct),
    ((list, tuple, Set, np.ndarray), _list),
    (np.generic, lambda cell: _key(cell.item())),
)
_readers: dict[type, Callable[[Any], Hashable]] = {}
"""The reader of each type met so far."""
