"""How well instances tell wrong SQL from right: the share of the golds' mutants that they catch, and what one catalog catches alone.

A mutant is caught by a catalog when its answer is not the gold's under the question's own comparison; a catalog where the gold's
answer hangs on ties says nothing. Mutants that no engine runs are counted apart.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from eval.instances import Instances
from eval.mutants import Mutant, mutants
from eval.mutants.edit import Values
from eval.scorers import SCORERS, Table
from eval.suite import Case, Comparison

steward = SCORERS["steward"]


@dataclass(frozen=True, slots=True)
class Caught:
    """Mutants that ran, and how many of them one catalog (the demo) and all catalogs caught."""

    ran: int = 0
    one: int = 0
    all: int = 0

    def __add__(self, other: "Caught") -> "Caught":
        return Caught(self.ran + other.ran, self.one + other.one, self.all + other.all)

    @property
    def shares(self) -> tuple[float, float]:
        """Of the mutants that ran, by one catalog and by all; 1 where none ran."""
        return (self.one / self.ran, self.all / self.ran) if self.ran else (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that nothing tells from its gold: equivalent, or a gap in the instances. A person judges."""

    case: str
    gold: str
    mutant: Mutant


@dataclass(frozen=True, slots=True)
class Discrimination:
    """Counts per kind of mutant. ``lame``: golds whose answer no catalog determines, of which nothing can be said."""

    kinds: dict[str, Caught]
    not_run: int
    survivors: tuple[Survivor, ...]
    lame: tuple[str, ...]

    @property
    def total(self) -> Caught:
        """Over all kinds."""
        return sum(self.kinds.values(), Caught())

    def as_text(self) -> str:
        """A table with one line per kind."""
        lines = [f"{'mutant':<20}{'ran':>7}{'demo':>9}{'all':>9}"]
        for name, caught in [*sorted(self.kinds.items()), ("total", self.total)]:
            one, every = caught.shares
            lines.append(f"{name:<20}{caught.ran:>7}{one:>9.1%}{every:>9.1%}")
        return "\n".join([*lines, f"{self.not_run} mutants do not run and are left out."])


@dataclass(frozen=True, slots=True)
class _Gold:
    """A gold's answers: on the demo first, then on each instance; None where ties decide."""

    tables: list[Table | None]
    compare: Comparison


def measure(cases: Iterable[Case], instances: Instances, values: Values | None = None) -> Discrimination:
    """Run every mutant of every gold of the cases until a catalog catches it; the demo comes first.

    ``values`` are what literals are changed to, as `eval.mutants.mutants` takes them.
    """
    kinds: dict[str, Caught] = {}
    survivors, not_run, lame = [], 0, []
    for case, sql, compare in _golds(cases):
        gold = _Gold([_decided(instances, number, sql, compare) for number in (None, *range(len(instances)))], compare)
        if not any(gold.tables):
            lame.append(sql)
            continue
        for mutant in mutants(sql, compare, values):
            caught = _catches(mutant.sql, gold, instances)
            if caught is None:
                not_run += 1
                continue
            kinds[mutant.kind] = kinds.get(mutant.kind, Caught()) + Caught(1, caught == 0, caught >= 0)
            if caught < 0:
                survivors.append(Survivor(case.id, sql, mutant))
    return Discrimination(kinds, not_run, tuple(survivors), tuple(lame))


def _golds(cases: Iterable[Case]) -> Iterator[tuple[Case, str, Comparison]]:
    seen = set()
    for case in cases:
        for turn in case.turns:
            for sql in turn.gold:
                if (sql, turn.compare) not in seen:
                    seen.add((sql, turn.compare))
                    yield case, sql, turn.compare


def _decided(instances: Instances, number: int | None, sql: str, compare: Comparison) -> Table | None:
    table = _answer(instances, number, sql)
    return table if table is not None and instances.is_determinate(number, sql, compare.order) else None


def _answer(instances: Instances, number: int | None, sql: str) -> Table | None:
    return instances.demo_table(sql) if number is None else instances.table(number, sql)


def _catches(sql: str, gold: _Gold, instances: Instances) -> int | None:
    """The first catalog that catches a mutant, 0 being the demo; -1 where none does; None where it runs nowhere."""
    ran = False
    for at, expected in enumerate(gold.tables):
        if expected is not None:
            answer = _answer(instances, None if at == 0 else at - 1, sql)
            ran |= answer is not None
            if answer is not None and not steward(expected, answer, gold.compare):
                return at
    return -1 if ran else None
