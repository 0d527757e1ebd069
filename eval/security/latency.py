"""What protection costs: the guard alone, and a whole governed answer against the same SQL run by nobody's leave.

Both sides of a ratio run in this one process, one after the other, over the same snapshot of the demo catalog.
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from catalog.demo.build import build
from catalog.engine.folders import forget
from catalog.errors import GovernanceError
from catalog.storage.database import open_to_read
from catalog.storage.generations import pinned
from catalog.storage.state import State
from eval.metrics.latency import percentile
from eval.security.attacks import attacks, spread
from eval.security.golds import golds
from eval.security.report import Row
from nl2sql.guard import approve
from nl2sql.pipeline import ask_sql
from nl2sql.session import Session, open_session
from nl2sql.turn import Answered

ASKER = "ada"
"""A principal of the demo who sees everything: nothing is left out that would cost less."""
ATTACKS = 1_000
STATEMENTS = 80
"""Golds that are asked, by the seed."""
FIRST = 20
"""First questions, each of a new session without a snapshot."""


def run(seconds: float, seed: int, progress: Callable[[str], None], state: Path | None = None) -> list[Row]:
    """Rounds over the golds while there is time, two at least. ``seed`` draws golds and attacks; nothing is kept."""
    with tempfile.TemporaryDirectory(prefix="steward-latency-") as scratch:
        home = Path(scratch) / "catalog"
        build(home)
        token = State(home).issue_token(ASKER, 1)
        with pinned(home) as generation:
            with closing(open_session(home, generation, token)) as session:
                texts, refused = _approved(session, Random(seed)), [attack.sql for attack in spread(attacks(), ATTACKS, seed)]
                began, guard, turned, raw, whole = perf_counter(), list[float](), list[float](), list[float](), list[float]()
                while len(whole) < 2 * len(texts) or perf_counter() - began < seconds:
                    ours, theirs = _round(session, texts)
                    raw, whole = raw + theirs, whole + ours
                    guard += [_spent(session, sql) for sql in texts]
                    progress(f"{len(whole):,} answers, p50 {median(whole):.1f} ms, by nobody's leave {median(raw):.1f} ms")
                turned = [_spent(session, sql) for sql in refused]
            first = [_first(home, token, sql) for sql in texts[:FIRST]]
    over = [ours - theirs for ours, theirs in zip(whole, raw, strict=True)]
    return [
        Row("guard, statements of analysts", "p95 <= 5 ms", _told(guard), percentile(guard, 95) <= 5, f"{len(texts):,} golds of the development suites, {len(guard):,} calls of approve"),
        Row("guard, curated attacks", "p95 <= 5 ms", _told(turned), percentile(turned, 95) <= 5, f"{len(turned):,} attacks, refused or not"),
        Row("governed answer less the same SQL by itself, warm", "p95 <= 30 ms", _told(over), percentile(over, 95) <= 30, f"ask_sql: guard, two durable records, snapshot found, worker, release check; {len(over):,} pairs"),
        Row("governed answer / the same SQL by itself, warm", "-", f"p50 {median(whole) / median(raw):.1f} ({median(whole):.1f} ms / {median(raw):.2f} ms), p95 {percentile(whole, 95) / percentile(raw, 95):.1f}", True, "by itself: approved SQL in this process on the open snapshot"),
        Row("first governed answer of a session, cold", "p95 <= 200 ms", _told(first), percentile(first, 95) <= 200, f"{len(first)} sessions without a snapshot: policy, worker and snapshot are made; the process has started"),
    ]  # fmt: skip


def _approved(session: Session, random: Random) -> list[str]:
    """Golds that the guard approves, drawn."""
    texts = list(dict.fromkeys(gold.sql for gold in golds()))
    random.shuffle(texts)
    found = list[str]()
    for sql in texts:
        with suppress(GovernanceError):
            approve(sql, session.schema, session.now)
            found.append(sql)
        if len(found) == STATEMENTS:
            break
    return found


def _round(session: Session, texts: Sequence[str]) -> tuple[list[float], list[float]]:
    """Milliseconds of each text as a governed answer, and of its approved SQL alone."""
    whole, raw = [], []
    for sql in texts:
        approved = approve(sql, session.schema, session.now)
        snapshot = session.snapshot(approved.views, approved.fixed)
        started = perf_counter()
        *_, outcome = ask_sql(sql, session)
        whole.append((perf_counter() - started) * 1000)
        assert isinstance(outcome, Answered), outcome
        with open_to_read(snapshot, None, {"threads": 1}) as connection:
            connection.execute(approved.sql).fetchmany(session.limits.rows)
            started = perf_counter()
            connection.execute(approved.sql).fetchmany(session.limits.rows)
            raw.append((perf_counter() - started) * 1000)
    return whole, raw


def _spent(session: Session, sql: str) -> float:
    started = perf_counter()
    with suppress(GovernanceError):
        approve(sql, session.schema, session.now)
    return (perf_counter() - started) * 1000


def _first(home: Path, token: str, sql: str) -> float:
    forget(home, ASKER)
    started = perf_counter()
    with pinned(home) as generation, closing(open_session(home, generation, token)) as session:
        *_, outcome = ask_sql(sql, session)
        spent = (perf_counter() - started) * 1000
    assert isinstance(outcome, Answered), outcome
    return spent


def _told(values: Sequence[float]) -> str:
    return f"p50 {median(values):.2f} ms, p95 {percentile(values, 95):.2f} ms"
