"""Whether the exact rules agree with official verdicts on a file of result pairs, ``.jsonl`` or ``.jsonl.gz``, read line by line.

A line holds ``db``, ``question_index``, ``order_matters``, four tables as lists of rows (``gold_rows``, ``predicted_rows`` and each with
``_no_distinct`` for queries `without_distinct`) and ``verdict`` with a truth value per rule. Other fields and verdicts are not looked at.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import IO, Any, TypeVar

from catalog.errors import UsageError
from eval.scorers import SCORERS, Table
from eval.suite import Comparison

MODES: Mapping[str, tuple[str, str]] = {
    "test-suite": ("test_suite", "_no_distinct"),
    "bird-set": ("bird_set", ""),
    "multiset": ("multiset", ""),
    "ordered": ("ordered", ""),
}
"""Rule → its field in ``verdict`` and the suffix of the tables that it is about."""
MOST_DISAGREEMENTS = 20

T = TypeVar("T")


@dataclass(frozen=True)
class Disagreement:
    """One pair on which our verdict is not the official one; ``line`` counts from 1."""

    line: int
    db: str
    question_index: int
    ours: bool
    theirs: bool


@dataclass
class Agreement:
    """How often a rule agreed, of how many verdicts, and the first pairs on which it did not."""

    agree: int = 0
    total: int = 0
    disagreements: list[Disagreement] = field(default_factory=list)


@dataclass(frozen=True)
class Parity:
    """Agreement per rule; a rule for which the file has no verdict has a total of 0."""

    modes: Mapping[str, Agreement]

    @property
    def total_agreement(self) -> bool:
        """Whether there was something to agree on and every verdict agreed."""
        return any(a.total for a in self.modes.values()) and all(a.agree == a.total for a in self.modes.values())

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        shown = {
            mode: {"agree": a.agree, "total": a.total, "disagreements": [vars(d) for d in a.disagreements]} for mode, a in self.modes.items()
        }
        return {"total_agreement": self.total_agreement, "modes": shown}


@dataclass(frozen=True)
class Pair:
    """Two results under one rule and what the official function said."""

    line: int
    db: str
    question_index: int
    mode: str
    gold: Table
    predicted: Table
    comparison: Comparison
    verdict: bool

    def ours(self) -> bool:
        """Our verdict."""
        return SCORERS[self.mode](self.gold, self.predicted, self.comparison)


def check(path: Path) -> Parity:
    """Agreement on every line of the file. Raises `UsageError` that names the line and field of the first fault."""
    modes = {mode: Agreement() for mode in MODES}
    for pair in read(path):
        found, ours = modes[pair.mode], pair.ours()
        found.total += 1
        found.agree += ours == pair.verdict
        if ours != pair.verdict and len(found.disagreements) < MOST_DISAGREEMENTS:
            found.disagreements.append(Disagreement(pair.line, pair.db, pair.question_index, ours, pair.verdict))
    return Parity(modes)


def seconds_per_mode(path: Path) -> dict[str, float]:
    """Seconds that each rule takes for the whole file, reading left out. Raises what `check` raises."""
    spent = dict.fromkeys(MODES, 0.0)
    for pair in read(path):
        start = perf_counter()
        pair.ours()
        spent[pair.mode] += perf_counter() - start
    return spent


def read(path: Path) -> Iterator[Pair]:
    """A pair for each verdict of each line. Raises `UsageError` for a file without any line."""
    line = 0
    for line, entry in _entries(path):
        yield from _pairs(f"{path.name}, line {line}", line, entry)
    if not line:
        raise UsageError(f"{path.name} holds no comparison.")


def _entries(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _readable(path), _open(path) as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                entry = json.loads(text)
            except (ValueError, RecursionError) as bad:
                raise UsageError(f"{path.name}, line {number}: this is not JSON: {bad}.") from bad
            if not isinstance(entry, dict):
                raise UsageError(f"{path.name}, line {number}: expected an object, found {_kind(entry)}.")
            yield number, entry


def _open(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except gzip.BadGzipFile as bad:
        raise UsageError(f"{path.name} ends in .gz and is not a gzip file: {bad}.") from bad
    except (EOFError, zlib.error) as bad:
        raise UsageError(f"{path.name} is a damaged gzip file: {bad}.") from bad
    except UnicodeDecodeError as bad:
        raise UsageError(f"{path.name} is not UTF-8 text: {bad}.") from bad
    except OSError as bad:
        raise UsageError(f"{path} cannot be read: {bad.strerror or bad}.") from bad


def _pairs(where: str, line: int, entry: dict[str, Any]) -> Iterator[Pair]:
    db, question = _field(where, entry, "db", str), _field(where, entry, "question_index", int)
    verdicts = _field(where, entry, "verdict", dict)
    for mode, (name, suffix) in MODES.items():
        if name not in verdicts:
            continue
        verdict = _field(f"{where}, verdict", verdicts, name, bool)
        order = _field(where, entry, "order_matters", bool) if mode == "test-suite" else False
        gold, predicted = (_table(where, entry, f"{side}_rows{suffix}") for side in ("gold", "predicted"))
        yield Pair(line, db, question, mode, gold, predicted, _ORDERED if order else _UNORDERED, verdict)


def _table(where: str, entry: dict[str, Any], name: str) -> Table:
    rows = _field(where, entry, name, list)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list):
            raise UsageError(f"{where}, {name}: row {number} is {_kind(row)}, expected a list.")
        if len(row) != len(rows[0]):
            raise UsageError(f"{where}, {name}: row {number} has {len(row)} cells and the first row {len(rows[0])}.")
    return Table((), [tuple(row) for row in rows])


def _field(where: str, entry: dict[str, Any], name: str, kind: type[T]) -> T:
    if name not in entry:
        raise UsageError(f"{where}, {name}: this field is missing.")
    value = entry[name]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UsageError(f"{where}, {name}: expected {_NAMES[kind]}, found {_kind(value)}.")
    return value


def _kind(value: object) -> str:
    return _NAMES.get(type(value), "null")


_NAMES: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
_ORDERED, _UNORDERED = (Comparison.model_validate({"order": order}) for order in (True, False))
