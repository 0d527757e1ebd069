"""How long the governance suite's questions take over a big catalog: guard, redacted snapshot and confined engine, beside plain DuckDB."""

from collections import defaultdict
from functools import partial
from pathlib import Path

from catalog.engine.engine import Approved, Limits
from catalog.engine.folders import forget
from catalog.engine.worker import THREADS
from catalog.errors import GovernanceError
from catalog.storage.database import open_to_read
from catalog.storage.generations import pinned
from catalog.storage.state import State
from eval.metrics.latency import percentile
from eval.scale.figures import Figure, Progress, Spent, ratio
from eval.suite import find_suite, load_suite
from nl2sql.guard import approve
from nl2sql.session import Session, open_session

PRINCIPAL = "ada"
LIMITS = Limits(deadline_s=60.0)
ROUNDS = 3
LONG_MS = 50.0
"""A plain query that takes as long tells how much slower the engine is, rather than what guard, look-up and pipe cost every query."""


def measure(home: Path, most: int, progress: Progress) -> list[Figure]:
    """The first gold of each question that can be asked of views, ``most`` of them: one cold snapshot of all views, then each question warm."""
    with pinned(home) as generation:
        session = open_session(home, generation, State(home).issue_token(PRINCIPAL, days=1), limits=LIMITS)
        try:
            return _measured(session, most, progress)
        finally:
            session.close()


def _measured(session: Session, most: int, progress: Progress) -> list[Figure]:
    queries = _approved(session, most)
    progress("one snapshot of all views")
    figures = _cold(session, sorted({view for _, approved in queries for view in approved.views}))
    pairs: list[tuple[Spent, Spent]] = []
    by_views: dict[str, list[float]] = defaultdict(list)
    failed: dict[str, str] = {}
    for at, (sql, approved) in enumerate(queries):
        if at % 50 == 0:
            progress(f"question {at} of {len(queries)}")
        try:
            ours, plain = _asked(session, sql, approved)
        except GovernanceError as error:
            failed[sql] = error.what
            continue
        pairs.append((ours, plain))
        by_views[", ".join(sorted(approved.views))].append(ours.wall)
    for sql, what in failed.items():
        progress(f"failed: {what} {sql}")
    slowest = sorted(by_views, key=lambda views: -max(by_views[views]))[:3]
    guarded, raw = ([pair[side].wall for pair in pairs] for side in (0, 1))
    long = [pair for pair in pairs if pair[1].at_least >= LONG_MS]
    return [
        *figures,
        Figure("questions: asked", len(pairs), ""),
        Figure("questions: failed", len(failed), "", 0.0),
        Figure("questions: plain DuckDB on the same rows, p50", percentile(raw, 50), "ms"),
        Figure("questions: plain DuckDB on the same rows, p95", percentile(raw, 95), "ms"),
        Figure("questions: guard, snapshot and engine, p50", percentile(guarded, 50), "ms"),
        Figure("questions: guard, snapshot and engine, p95", percentile(guarded, 95), "ms", 500.0),
        *_ratios("all together", pairs),
        Figure(f"questions: plain DuckDB takes {LONG_MS:g} ms or more", len(long), ""),
        *(_ratios("these", long) if long else ()),
        *(Figure(f"questions: slowest over {views}", max(by_views[views]), "ms") for views in slowest),
    ]


def _ratios(which: str, pairs: list[tuple[Spent, Spent]]) -> list[Figure]:
    return [
        ratio(f"questions: guarded / plain, {which}", sum(ours.wall for ours, _ in pairs), sum(plain.wall for _, plain in pairs), 1.1),
        ratio(f"questions: guarded / plain, {which}, processor", sum(ours.processor for ours, _ in pairs), sum(plain.processor for _, plain in pairs), 1.1),
    ]


def _approved(session: Session, most: int) -> list[tuple[str, Approved]]:
    """Golds with what the guard makes of them; where there are more than ``most``, some from every part of the suite."""
    found: dict[str, Approved] = {}
    for case in load_suite(find_suite("governance")[0]):
        for turn in case.turns:
            for sql in turn.gold[:1]:
                if sql not in found:
                    approved = approve(sql, session.schema, session.now)
                    if "audit_log" not in approved.views:  # the live log is the same at every size
                        found[sql] = approved
    return list(found.items())[:: -(-len(found) // most)]


def _cold(session: Session, views: list[str]) -> list[Figure]:
    """Build all views that the questions read in one file, as a first question in words does: to copy them from files of one each takes longer."""
    forget(session.home, PRINCIPAL)
    spent = Spent.by(partial(session.snapshot, views))
    return [
        Figure("questions: one snapshot of all views, cold", spent.wall / 1000, "s"),
        Figure("questions: the same, processor", spent.processor / 1000, "s"),
        Figure("questions: its size", session.snapshot(views).stat().st_size / 1e6, "MB"),
    ]


def _asked(session: Session, sql: str, approved: Approved) -> tuple[Spent, Spent]:
    """A question with all that guards it, and its SQL by plain DuckDB on the same snapshot; by turns, so that other load bears on both."""

    def guarded() -> None:
        again = approve(sql, session.schema, session.now)
        session.engine.run(again, session.snapshot(again.views, again.fixed), session.limits)

    guarded()  # the snapshot, where it is none of those that are there
    with open_to_read(session.snapshot(approved.views, approved.fixed), None, {"threads": THREADS}) as connection:

        def plain() -> None:
            connection.execute(approved.sql).fetchmany(LIMITS.rows)

        rounds = [(Spent.by(guarded), Spent.by(plain)) for _ in range(ROUNDS)]
    return Spent.least(ours for ours, _ in rounds), Spent.least(other for _, other in rounds)
