"""Two runs of the same cases, side by side: what changed sides, and whether the difference is more than chance."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.metrics.cases import CaseResult, Key, gather
from eval.metrics.intervals import Estimate, difference, estimate, mcnemar
from eval.metrics.slices import slices
from eval.metrics.wording import aligned, count, percent, plural, points, span
from eval.record import Record

CHANGES = 20
"""Changed cases of a kind that a terminal lists; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Change:
    """A case right in one run and not in the other, with what each run says of it."""

    suite: str
    id: str
    question: str
    """The one that is answered wrongly; a dialogue has several."""
    reason_a: str
    reason_b: str
    got_a: str
    got_b: str
    detail: str
    """What is wrong, in words, on the side where it is."""


@dataclass(frozen=True, slots=True)
class Delta:
    """The same units in both runs, by their means; the difference is b less a."""

    n: int
    a: float
    b: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Run b against run a, over the cases that count in both; repeats count by their mean, and by their majority for changes and McNemar."""

    shared: int
    a: Estimate
    b: Estimate
    difference: float
    """Accuracy of b less that of a; 0 where no case is shared."""
    low: float | None
    high: float | None
    mcnemar_p: float
    """Two-sided and exact."""
    newly_failing: tuple[Change, ...]
    newly_passing: tuple[Change, ...]
    only_a: tuple[str, ...]
    """``suite/id``; so are the altered."""
    only_b: tuple[str, ...]
    altered: tuple[str, ...]
    """Cases of which questions, expected outcomes, golds or asker differ between the runs. They are compared all the same."""
    infra_a: int
    """Records of the cases that both runs hold."""
    infra_b: int
    left_out: int
    """Cases that both runs hold and that do not count in one of them."""
    slices: dict[str, dict[str, Delta]]

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold; ``difference`` is None where no case is shared."""
        found = asdict(self)
        infra = {"a": found.pop("infra_a"), "b": found.pop("infra_b"), "cases": found.pop("left_out")}
        listed = {name: list(value) for name, value in found.items() if isinstance(value, tuple)}
        return {**found, **listed, "difference": self.difference if self.shared else None, "infra": infra}


def compare(a: Sequence[Record], b: Sequence[Record], seed: int = 0) -> Contrast:
    """Run b, the later one, against run a."""
    of_a, of_b = ({case.key: case for case in gather(records)} for records in (a, b))
    both = [(of_a[key], of_b[key]) for key in of_a if key in of_b]
    pairs = [(x, y) for x, y in both if x.attempts and y.attempts]
    failing = [_change(x, y, y) for x, y in pairs if _passes(x) and not _passes(y)]
    passing = [_change(x, y, x) for x, y in pairs if _passes(y) and not _passes(x)]
    scores = [(x.key, x.score or 0.0, y.score or 0.0) for x, y in pairs]
    delta = _delta(scores, seed)
    return Contrast(
        shared=len(pairs),
        a=estimate(((key, one) for key, one, _ in scores), seed),
        b=estimate(((key, other) for key, _, other in scores), seed),
        difference=delta.difference if delta else 0.0,
        low=delta.low if delta else None,
        high=delta.high if delta else None,
        mcnemar_p=mcnemar(len(failing), len(passing)),
        newly_failing=tuple(failing),
        newly_passing=tuple(passing),
        only_a=_names(key for key in of_a if key not in of_b),
        only_b=_names(key for key in of_b if key not in of_a),
        altered=_names(x.key for x, y in both if _altered(x, y)),
        infra_a=sum(r.got == "infra" for x, _ in both for r in x.records),
        infra_b=sum(r.got == "infra" for _, y in both for r in y.records),
        left_out=len(both) - len(pairs),
        slices=_slices([x for x, _ in pairs], [y for _, y in pairs], seed),
    )


def as_text(contrast: Contrast) -> str:
    """The comparison for a terminal: the verdict, what changed, and the slices that differ."""
    return "\n\n".join(
        "\n".join(lines) for block in (_verdict, _changes, _breakdown) if (lines := list(block(contrast)))
    )


def _passes(case: CaseResult) -> bool:
    """Right in more than half of the attempts."""
    return 2 * sum(case.verdicts) > len(case.verdicts)


def _change(a: CaseResult, b: CaseResult, wrong: CaseResult) -> Change:
    of_a, of_b = _telling(a), _telling(b)
    shown = of_a if wrong is a else of_b
    return Change(a.suite, a.id, shown.question, _reason(a, of_a), _reason(b, of_b), of_a.got, of_b.got, shown.detail)


def _telling(case: CaseResult) -> Record:
    """The first wrong turn of a case that fails, else its last turn."""
    turns = [record for attempt in case.attempts for record in attempt]
    wrong = (record for record in turns if not record.right)
    return turns[-1] if _passes(case) else next(wrong, turns[-1])


def _reason(case: CaseResult, telling: Record) -> str:
    """A case may pass although its last attempt fails."""
    return "right" if _passes(case) else telling.reason


def _altered(a: CaseResult, b: CaseResult) -> bool:
    """Some turn that both met asks or expects something else."""
    of_a, of_b = ({r.turn: (r.question, r.principal, r.expected, r.gold) for r in case.records} for case in (a, b))
    return any(of_a[turn] != of_b[turn] for turn in of_a.keys() & of_b.keys())


def _names(keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple("/".join(key) for key in keys)


def _delta(scores: Sequence[tuple[Key, float, float]], seed: int) -> Delta | None:
    if not scores:
        return None
    mean, low, high = difference(((key, other - one) for key, one, other in scores), seed)
    n = len(scores)
    return Delta(n, sum(one for _, one, _ in scores) / n, sum(other for _, _, other in scores) / n, mean, low, high)


def _slices(a: Sequence[CaseResult], b: Sequence[CaseResult], seed: int) -> dict[str, dict[str, Delta]]:
    """Slices that both runs have, over what is in the slice in both."""
    found: dict[str, dict[str, Delta]] = {}
    of_a = slices(a)
    for tag, values in slices(b).items():
        for value, units in values.items():
            earlier = {(unit.case, unit.turn): unit.score for unit in of_a.get(tag, {}).get(value, ())}
            scores = [(u.case, earlier[u.case, u.turn], u.score) for u in units if (u.case, u.turn) in earlier]
            if delta := _delta(scores, seed):
                found.setdefault(tag, {})[value] = delta
    return found


def _verdict(c: Contrast) -> Iterator[str]:
    if not c.shared:
        yield "The two runs share no case that can be compared."
    else:
        yield from aligned(
            [
                (
                    name,
                    percent(one.accuracy),
                    span(one.low, one.high),
                    f"{count(one.right)} of {plural(one.n, 'shared case')}",
                )
                for name, one in (("Run a", c.a), ("Run b", c.b))
            ]
        )
        low, high = c.low or 0.0, c.high or 0.0
        chance = "; the interval includes zero, this may be chance" if low <= 0 <= high else ""
        yield f"Difference {points(c.difference)} points, 95 % between {points(low)} and {points(high)}{chance}."
        yield f"{len(c.newly_failing):,} newly failing, {len(c.newly_passing):,} newly passing, exact McNemar p = {c.mcnemar_p:.3g}."
    for name, only in (("a", c.only_a), ("b", c.only_b)):
        if only:
            yield f"{plural(len(only), 'case')} in run {name} only."
    if c.altered:
        yield f"{plural(len(c.altered), 'case')} altered between the runs: other question, expectation, gold or asker."
    if c.infra_a or c.infra_b:
        yield f"No model or no catalog: {plural(c.infra_a, 'question')} in run a, {c.infra_b:,} in run b; {plural(c.left_out, 'case')} left out."


def _changes(c: Contrast) -> Iterator[str]:
    for name, changes in (("Newly failing", c.newly_failing), ("Newly passing", c.newly_passing)):
        if changes:
            yield name
            rows = [
                (f"{each.suite}/{each.id}", f"{each.reason_a} → {each.reason_b}", _short(each.question))
                for each in changes[:CHANGES]
            ]
            yield from aligned(rows, left=2, indent="  ")
        if len(changes) > CHANGES:
            yield f"  and {len(changes) - CHANGES:,} more"


def _short(question: str) -> str:
    line = " ".join(question.split())
    return line if len(line) <= 80 else line[:79] + "…"


def _breakdown(c: Contrast) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    for tag, values in c.slices.items():
        moved = [(value, d) for value, d in values.items() if d.difference]
        if moved and len(values) > 1:
            rows.append((tag, "", "", "", "", ""))
            rows += [
                (
                    f"  {value}",
                    f"{d.n:,}",
                    percent(d.a),
                    percent(d.b),
                    points(d.difference),
                    f"{points(d.low)} to {points(d.high)}",
                )
                for value, d in moved
            ]
    yield from aligned(rows)
