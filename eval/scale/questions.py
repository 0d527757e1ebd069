"""How long the governance suite's questions take over a big catalog: guard, redacted snapshot and confined engine, beside plain DuckDB."""

from collections import defaultdict
from pathlib import Path
from time import perf_counter

from catalog.engine.engine import Approved, Limits
from catalog.engine.snapshot import prepare
from catalog.errors import GovernanceError
from catalog.storage.database import open_to_read
from catalog.storage.generations import pinned
from catalog.storage.state import State
from eval.scale.figures import Figure, Progress, percentile, ratio
from eval.suite import find_suite, load_suite
from nl2sql.guard import approve
from nl2sql.session import Session, open_session

PRINCIPAL = "ada"
LIMITS = Limits(deadline_s=60.0)
ROUNDS = 3


def measure(home: Path, most: int, progress: Progress) -> list[Figure]:
    """The first gold of each question that can be asked of views, ``most`` of them: cold snapshots first, then each question warm."""
    with pinned(home) as generation:
        session = open_session(home, generation, State(home).issue_token(PRINCIPAL, days=1), limits=LIMITS)
        try:
            return _measured(session, most, progress)
        finally:
            session.close()


def _measured(session: Session, most: int, progress: Progress) -> list[Figure]:
    queries = _approved(session, most)
    figures, snapshots = _cold(session, queries, progress)
    raw: list[float] = []
    guarded: list[float] = []
    by_views: dict[str, list[float]] = defaultdict(list)
    failed: dict[str, str] = {}
    for at, (sql, approved) in enumerate(queries):
        if at % 50 == 0:
            progress(f"question {at} of {len(queries)}")
        try:
            ours = min(_guarded(session, sql) for _ in range(ROUNDS))
        except GovernanceError as error:
            failed[sql] = error.what
            continue
        guarded.append(ours)
        by_views[", ".join(sorted(approved.views))].append(ours)
        raw.append(_plain(snapshots, approved))
    for sql, what in failed.items():
        progress(f"failed: {what} {sql}")
    slowest = sorted(by_views, key=lambda views: -max(by_views[views]))[:3]
    return [
        *figures,
        Figure("questions: asked", len(guarded), ""),
        Figure("questions: failed", len(failed), "", 0.0),
        Figure("questions: plain DuckDB on the same rows, p50", percentile(raw, 0.5), "ms"),
        Figure("questions: plain DuckDB on the same rows, p95", percentile(raw, 0.95), "ms"),
        Figure("questions: guard, snapshot and engine, p50", percentile(guarded, 0.5), "ms"),
        Figure("questions: guard, snapshot and engine, p95", percentile(guarded, 0.95), "ms", 500.0),
        ratio("questions: guarded / plain, all together", sum(guarded), sum(raw), 1.1),
        *(Figure(f"questions: slowest over {views}", max(by_views[views]), "ms") for views in slowest),
    ]


def _approved(session: Session, most: int) -> list[tuple[str, Approved]]:
    found: dict[str, Approved] = {}
    for case in load_suite(find_suite("governance")[0]):
        for turn in case.turns:
            for sql in turn.gold[:1]:
                if len(found) < most and sql not in found:
                    approved = approve(sql, session.schema, session.now)
                    if "audit_log" not in approved.views:  # the live log is the same at every size
                        found[sql] = approved
    return list(found.items())


def _cold(session: Session, queries: list[tuple[str, Approved]], progress: Progress) -> tuple[list[Figure], Path]:
    """Build every view that the questions read, one at a time, then all in one file as a first question in words does."""
    views = sorted({view for _, approved in queries for view in approved.views})
    figures = []
    for view in views:
        progress(f"cold snapshot of {view}")
        took, path = _prepared(session, [view])
        if took >= 1.0:
            figures.append(Figure(f"questions: snapshot of {view}, cold", took, "s"))
    progress("one snapshot of all views")
    took, path = _prepared(session, views)
    return [*figures, Figure("questions: one snapshot of all views", took, "s"), Figure("questions: its size", path.stat().st_size / 1e6, "MB")], path


def _prepared(session: Session, views: list[str]) -> tuple[float, Path]:
    started = perf_counter()
    path = prepare(session.home, session.generation, session.audit, session.authorisation, views, session.now)
    return perf_counter() - started, path


def _guarded(session: Session, sql: str) -> float:
    started = perf_counter()
    approved = approve(sql, session.schema, session.now)
    snapshot = prepare(session.home, session.generation, session.audit, session.authorisation, approved.views, session.now, approved.fixed)
    session.engine.run(approved, snapshot, session.limits)
    return (perf_counter() - started) * 1000


def _plain(snapshot: Path, approved: Approved) -> float:
    with open_to_read(snapshot, None, {"threads": 2}) as connection:
        spent = []
        for _ in range(ROUNDS):
            started = perf_counter()
            connection.execute(approved.sql).fetchmany(LIMITS.rows)
            spent.append((perf_counter() - started) * 1000)
    return min(spent)
