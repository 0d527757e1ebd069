"""What analysts really ask: every gold of the development suites must pass the guard, and for whom it is denied it must give nothing.

A gold that the guard turns away from somebody who is to be answered is a false refusal. A gold of the same question, tried by somebody to whom
the suite says it is denied, is a false permit when it runs and brings a row that the one who may see it sees.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from catalog.access.policy import ANONYMOUS
from catalog.demo.build import build
from catalog.engine.engine import Approved
from catalog.errors import GovernanceError
from catalog.storage.generations import pinned
from catalog.storage.state import State
from eval.security.report import Row
from eval.suite import SUITES, load_suite
from nl2sql.guard import approve
from nl2sql.session import Session, open_session

NAMES = ("governance", "permissions", "conversation", "injection", "ambiguous")
"""Suites over the demo catalog; the part that is held out is not read."""
LEAST = 1_000


@dataclass(frozen=True, slots=True)
class Gold:
    """SQL that answers a question, for whom it is written, and who asks the same and is denied."""

    case: str
    sql: str
    principal: str
    denied: tuple[str, ...]


@dataclass(slots=True)
class Judged:
    """What became of the golds."""

    accepted: int = 0
    refused: list[str] = field(default_factory=list)
    tried: int = 0
    permitted: list[str] = field(default_factory=list)


def golds() -> list[Gold]:
    """Every gold of a development suite once for everybody who may ask it."""
    cases = [case for name in NAMES for case in load_suite(SUITES / f"{name}.dev.jsonl")]
    denied: dict[str, set[str]] = {}
    for case in cases:
        if case.group and any("deny" in turn.outcome for turn in case.turns):
            denied.setdefault(case.group, set()).add(case.principal or ANONYMOUS.name)
    found = {
        (sql, case.principal): Gold(case.id, sql, case.principal or ANONYMOUS.name, tuple(sorted(denied.get(case.group, ()))))
        for case in cases
        if not case.plants
        for turn in case.turns
        for sql in turn.gold
    }
    return list(found.values())


@contextmanager
def people(names: set[str]) -> Iterator[dict[str, Session]]:
    """Everybody's session over a demo catalog of their own."""
    with tempfile.TemporaryDirectory(prefix="steward-golds-") as scratch, ExitStack() as stack:
        home = Path(scratch) / "catalog"
        build(home)
        generation, state = stack.enter_context(pinned(home)), State(home)
        tokens = {name: None if name == ANONYMOUS.name else state.issue_token(name, 1) for name in sorted(names)}
        yield {name: stack.enter_context(closing(open_session(home, generation, token))) for name, token in tokens.items()}


def rows_of(session: Session, approved: Approved) -> set[str]:
    """The rows that an approved statement brings its asker."""
    snapshot = session.snapshot(approved.views, approved.fixed)
    return {repr(row) for row in session.engine.run(approved, snapshot, session.limits).rows}


def judge(found: list[Gold], progress: Callable[[str], None]) -> Judged:
    """Try all of them."""
    judged = Judged()
    with people({gold.principal for gold in found} | {name for gold in found for name in gold.denied}) as askers:
        for gold in found:
            asker = askers[gold.principal]
            try:
                approved = approve(gold.sql, asker.schema, asker.now)
            except GovernanceError as refusal:
                judged.refused.append(f"{gold.case}: {type(refusal).__name__} {refusal.what}")
                continue
            judged.accepted += 1
            for name in gold.denied:
                judged.tried += 1
                try:
                    theirs = rows_of(askers[name], approve(gold.sql, askers[name].schema, askers[name].now))
                except GovernanceError:
                    continue
                if theirs & rows_of(asker, approved):
                    judged.permitted.append(f"{gold.case} by {name}")
        progress(f"{judged.accepted:,} of {len(found):,} golds accepted, {judged.tried:,} tried by whom they are denied")
    return judged


def run(seconds: float, seed: int, progress: Callable[[str], None], state: Path | None = None) -> list[Row]:
    """All of them, whatever the seconds; nothing is drawn and nothing kept."""
    found = golds()
    judged = judge(found, progress)
    share = 100 * len(judged.refused) / max(len(found), 1)
    how = "approve for the suite's own principal; " + ("; ".join(judged.refused[:5]) or "development split, distinct SQL and principal")
    return [
        Row("golds that the guard refuses", "<= 1 %", f"{share:.1f} % ({len(judged.refused)} of {len(found):,})", share <= 1, how),
        Row("golds tried", f">= {LEAST:,}", f"{len(found):,}", len(found) >= LEAST, f"suites {', '.join(NAMES)}"),
        Row("false permits", "0", f"{len(judged.permitted)} of {judged.tried:,}", not judged.permitted, "the gold of a question by whom the suite denies it: refused, or no row in common; " + "; ".join(judged.permitted[:3])),
    ]
