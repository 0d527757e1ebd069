"""Accuracy of the embedded model on a suite over the demo catalog: ``python -m eval.accuracy [SUITE] [--always-answer] [--out FILE]``.

Execution match by ``score.same_result`` through the same ``ask()`` that people use, golds through the same guard and worker.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

from catalog.demo.build import build
from catalog.engine import Limits
from catalog.generations import Generation, pinned
from catalog.state import State
from eval.score import same_result
from eval.suite import CASES, Case, load_suite
from nl2sql.backends.base import Backend
from nl2sql.backends.embedded import EmbeddedBackend
from nl2sql.pipeline import ask, ask_sql
from nl2sql.session import Session, open_session
from nl2sql.turn import Answered, AskedBack, Denied, Outcome, Refused

LIMITS = Limits(rows=20_000)


def main(arguments: list[str]) -> int:
    """Run a suite and print what was right, by outcome and style, then the failures."""
    parser = argparse.ArgumentParser(prog="python -m eval.accuracy", description=__doc__)
    parser.add_argument("suite", nargs="?", type=Path, default=CASES / "dev.jsonl")
    parser.add_argument("--always-answer", action="store_true", help="never ask back for lack of confidence, as calibration needs it")
    parser.add_argument("--out", type=Path, help="JSON lines, one per case")
    options = parser.parse_args(arguments)
    cases = load_suite(options.suite)
    backend = EmbeddedBackend(threshold=0.0 if options.always_answer else None)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        home = Path(scratch) / "catalog"
        build(home)
        runner = Runner(home, stack.enter_context(pinned(home)), backend, stack)
        records = [_progress(runner.run(case), number, len(cases)) for number, case in enumerate(cases, 1)]
    if options.out:
        options.out.write_text("".join(json.dumps(r, ensure_ascii=False, default=str) + "\n" for r in records), encoding="utf-8")
    print(report(records))
    return 0


class Runner:
    """Asks every case as its principal; one session per principal."""

    def __init__(self, home: Path, generation: Generation, backend: Backend, stack: ExitStack) -> None:
        self.home, self.generation, self.backend, self.stack = home, generation, backend, stack
        self.sessions: dict[str | None, Session] = {}

    def session(self, principal: str | None) -> Session:
        if principal not in self.sessions:
            token = State(self.home).issue_token(principal, 1) if principal and principal != "anonymous" else None
            session = open_session(self.home, self.generation, token, limits=LIMITS)
            self.stack.callback(session.close)
            self.sessions[principal] = session
        return self.sessions[principal]

    def run(self, case: Case) -> dict[str, Any]:
        """One case: what happened, whether it was right, and why not."""
        session = self.session(case.principal)
        started = perf_counter()
        outcome = _last(ask(case.question, session, self.backend))
        elapsed = (perf_counter() - started) * 1000
        got = _kind(outcome)
        right = got == case.outcome
        if case.outcome == "answer" and isinstance(outcome, Answered):
            right = any(self.matches(gold, outcome, case, session) for gold in case.gold)
        return {
            "id": case.id,
            "question": case.question,
            "expected": case.outcome,
            "got": got,
            "right": right,
            "style": case.style,
            "views": case.views,
            "confidence": outcome.confidence,
            "sql": outcome.sql,
            "reading": outcome.reading or outcome.message,
            "gold": case.gold,
            "ms": round(elapsed, 1),
        }

    def matches(self, gold: str, answer: Answered, case: Case, session: Session) -> bool:
        wanted = _last(ask_sql(gold, session))
        if not isinstance(wanted, Answered):
            raise AssertionError(f"the gold of {case.id} does not run: {wanted.message}")
        return same_result(wanted.result.rows, answer.result.rows, case.ordered)


def _last(events: Any) -> Outcome:
    *_, last = events
    assert isinstance(last, Outcome)
    return last


def _kind(outcome: Outcome) -> str:
    match outcome:
        case Answered():
            return "answer"
        case AskedBack():
            return "ask_back"
        case Refused(reason=reason):
            return {"out_of_scope": "refuse"}.get(reason, reason)
        case Denied():
            return "deny"
    return "failed"


def _progress(record: dict[str, Any], number: int, total: int) -> dict[str, Any]:
    if number % 25 == 0 or number == total:
        print(f"{number}/{total}", file=sys.stderr)
    return record


def report(records: list[dict[str, Any]]) -> str:
    """Shares right by expected outcome and by style, coverage and precision of answers, latency, failures."""
    lines = []
    for key in ("expected", "style"):
        groups: dict[str, list[bool]] = defaultdict(list)
        for record in records:
            groups[record[key]].append(record["right"])
        lines += [f"{key:<10} {name:<16} {sum(g):>4} of {len(g):>4}  {sum(g) / len(g):6.1%}" for name, g in sorted(groups.items())]
    right = sum(r["right"] for r in records)
    lines.append(f"all                         {right:>4} of {len(records):>4}  {right / len(records):6.1%}")
    answerable = [r for r in records if r["expected"] == "answer"]
    shown = [r for r in records if r["got"] == "answer"]
    if answerable and shown:
        lines.append(f"execution match on answerable questions: {sum(r['right'] for r in answerable) / len(answerable):.1%}")
        lines.append(f"precision of tables shown: {sum(r['right'] for r in shown) / len(shown):.1%}, shown for {len(shown) / len(records):.1%}")
    times = sorted(r["ms"] for r in records)
    lines.append(f"milliseconds per question: p50 {times[len(times) // 2]:.0f}, p95 {times[int(len(times) * 0.95)]:.0f}")
    lines.append(f"confusion: {dict(Counter((r['expected'], r['got']) for r in records if r['expected'] != r['got']))}")
    for r in records:
        if not r["right"]:
            lines.append(f"\n{r['id']} [{r['expected']} → {r['got']}, {r['confidence'] or 0:.2f}] {r['question']}\n    {r['reading']}\n    {r['sql']}\n    gold {r['gold'][0] if r['gold'] else ''}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
