"""A run in numbers: `summarise` computes them, `Summary.as_dict` is what reports and tools read, `as_text` what a terminal shows."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.metrics.access import Permissions, permissions
from eval.metrics.cases import CaseResult, answerable, counted, gather
from eval.metrics.intervals import Estimate, estimate
from eval.metrics.latency import Latency, Tokens, latency, tokens
from eval.metrics.passes import Consistency, Repeatability, consistency, pass_rates, repeatability
from eval.metrics.selective import Selective, selective
from eval.metrics.slices import slices, turns
from eval.metrics.wording import aligned, count, decimal, milliseconds, percent, plural, span, tally
from eval.record import Manifest, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run shows. Shares are between 0 and 1, reliability scores in percent, times in milliseconds; None: nothing to measure."""

    manifest: Manifest
    overall: Estimate
    """Over cases: a dialogue is one, right when all its turns are; repeats count by their mean; infra is left out."""
    one_instance_accuracy: float | None
    """The same when only the demo catalog is looked at; None where no table was compared."""
    answerable: Estimate
    """Over the questions, turns of dialogues among them, for which nothing but an answer is right."""
    outcomes: dict[str, int]
    """Records, infra among them; so are the confusion and the reasons."""
    infra: int
    confusion: dict[str, dict[str, int]]
    reasons: dict[str, int]
    slices: dict[str, dict[str, Estimate]]
    pass_at: dict[str, float]
    repeatability: Repeatability
    paraphrase: Consistency
    selective: Selective
    access: Permissions
    latency: Latency
    tokens: Tokens | None

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers, without NaN: what JSON can hold."""
        rest = {name: _plain(getattr(self, name)) for name in self.__slots__ if name not in ("manifest", "overall")}
        return {**asdict(self.overall), **rest}


def summarise(records: Sequence[Record], manifest: Manifest, seed: int = 0) -> Summary:
    """The summary of a run, whatever the order of its records and however few there are."""
    cases = gather(records)
    ordered = [record for case in cases for record in case.records]
    valid = counted(ordered)
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    for record in ordered:
        confusion[record.expected[0]][record.got] += 1
    return Summary(
        manifest=manifest,
        overall=estimate(((case.key, case.score) for case in cases if case.score is not None), seed),
        one_instance_accuracy=_one_instance(cases),
        answerable=estimate(((unit.case, unit.score) for unit, _ in turns(answerable(valid))), seed),
        outcomes=dict(Counter(r.got for r in ordered)),
        infra=sum(r.got == "infra" for r in ordered),
        confusion={expected: dict(got) for expected, got in sorted(confusion.items())},
        reasons=dict(Counter(r.reason for r in ordered)),
        slices={
            tag: {value: estimate(((unit.case, unit.score) for unit in units), seed) for value, units in values.items()}
            for tag, values in slices(cases).items()
        },
        pass_at=pass_rates(cases),
        repeatability=repeatability(cases),
        paraphrase=consistency(cases),
        selective=selective(valid),
        access=permissions(valid),
        latency=latency(valid),
        tokens=tokens(ordered),
    )


def as_text(summary: Summary) -> str:
    """The summary for a terminal, about a screen and a half; breakdowns that have a single value are left out."""
    blocks = (
        _head(summary),
        _outcomes(summary),
        _confidence(summary),
        _access(summary),
        _times(summary),
        _breakdown(summary),
    )
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))


def _one_instance(cases: Sequence[CaseResult]) -> float | None:
    """Accuracy were one instance enough; text that must not be shown and violations stay wrong."""
    compared = [case for case in cases if case.attempts]
    if not any(r.one_instance is not None for case in compared for r in case.records):
        return None
    scores = [
        sum(all(map(_right_here, attempt)) for attempt in case.attempts) / len(case.attempts) for case in compared
    ]
    return estimate(enumerate(scores)).accuracy


def _right_here(record: Record) -> bool:
    if record.one_instance is None or record.reason in ("violation", "shown"):
        return record.right
    return record.one_instance


def _plain(value: Any) -> Any:
    if isinstance(value, Permissions):
        return value.as_dict()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return _plain(asdict(value)) if hasattr(value, "__dataclass_fields__") else value


def _head(s: Summary) -> Iterator[str]:
    manifest, rows = s.manifest, [_share("Accuracy", s.overall, "case")]
    if s.answerable.n:
        rows.append(_share("Answers only", s.answerable, "question"))
    if s.one_instance_accuracy is not None:
        rows.append(
            (
                "One instance",
                percent(s.one_instance_accuracy),
                "",
                "on the demo catalog alone, where wrong SQL can be right by luck",
            )
        )
    for k, rate in s.pass_at.items():
        if k != "1":
            rows.append((f"pass@{k}", percent(rate), "", f"right in one of {k} attempts"))
    if s.repeatability.cases:
        rows.append(
            (
                "Repeatable",
                percent(s.repeatability.share),
                "",
                f"of {plural(s.repeatability.cases, 'case')}: same verdict and SQL every time",
            )
        )
    if s.paraphrase.groups:
        rows.append(
            (
                "Paraphrases",
                percent(s.paraphrase.share),
                "",
                f"of {plural(s.paraphrase.groups, 'group')}: same verdict in any wording",
            )
        )
    yield from aligned(rows)
    yield f"Scorer {manifest.scorer}, {plural(manifest.instances, 'seeded instance')}, backend {manifest.backend}; intervals are 95 % bootstrap."
    if s.infra:
        yield f"{plural(s.infra, 'question')} met no model or no catalog and {'is' if s.infra == 1 else 'are'} not counted."


def _share(name: str, found: Estimate, noun: str) -> tuple[str, str, str, str]:
    return (
        name,
        percent(found.accuracy),
        span(found.low, found.high),
        f"{count(found.right)} of {plural(found.n, noun)}",
    )


def _outcomes(s: Summary) -> Iterator[str]:
    if s.outcomes:
        wrong = {reason: n for reason, n in s.reasons.items() if reason not in ("right", "infra")}
        yield from aligned([("Outcomes", tally(s.outcomes)), ("Wrong for", tally(wrong))])


def _confidence(s: Summary) -> Iterator[str]:
    found = s.selective
    if found.rs["0"] is None:
        return
    costs = ("nothing", "ten right ones", "as much as every question together")
    rows = [
        (f"RS({name})", decimal(score, 1), f"percent; a wrong table costs {cost}")
        for (name, score), cost in zip(found.rs.items(), costs, strict=True)
    ]
    rows.append(("Coverage", percent(found.coverage), "of the questions to be answered get a table"))
    rows.append(("Precision", percent(found.precision), "of the tables shown are right"))
    if found.curve:
        rows.append(("AURC", decimal(found.aurc), "mean risk over coverage, lower is better"))
        rows.append(("ECE", decimal(found.ece), "distance of confidence from accuracy, lower is better"))
        rows.append(("AUROC", decimal(found.auroc), "right tables above wrong ones by confidence"))
    yield from aligned(rows)


def _access(s: Summary) -> Iterator[str]:
    found = s.access
    if not any(found.verdicts.values()):
        return
    bound = "" if found.bound is None else f"; a rate below {percent(found.bound)} at 95 %"
    yield from aligned(
        [
            ("Permissions", " ".join(f"{name} {n:,}" for name, n in found.verdicts.items())),
            ("False permits", f"{found.false_permits:,} of {plural(found.judged, 'judged question')}{bound}"),
            ("AC-F1, SafeEX", f"{decimal(found.ac_f1)}, {percent(found.safe_ex)}"),
        ]
    )


def _times(s: Summary) -> Iterator[str]:
    rows = [("Time", "n", "p50", "p95", "p99", "")]
    for name, found in (("cold", s.latency.cold), ("warm", s.latency.warm), *s.latency.stages.items()):
        if found.n:
            rows.append(
                (
                    f"  {name}",
                    f"{found.n:,}",
                    milliseconds(found.p50),
                    milliseconds(found.p95),
                    milliseconds(found.p99),
                    "",
                )
            )
    if len(rows) > 1:
        yield from aligned(rows)
    if s.tokens:
        yield f"Tokens: {s.tokens.prompt:,} in prompts, {s.tokens.completion:,} written."


def _breakdown(s: Summary) -> Iterator[str]:
    rows: list[tuple[str, str, str, str]] = []
    for tag, values in s.slices.items():
        if len(values) > 1:
            rows.append((tag, "", "", ""))
            rows += [
                (f"  {value}", f"{found.n:,}", percent(found.accuracy), span(found.low, found.high))
                for value, found in values.items()
            ]
    yield from aligned(rows)
