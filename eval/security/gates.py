"""Every curated attack against all layers together and against the rest with one layer taken away: nothing hidden may come out.

A layer is taken away by putting the others together without it: no part of Steward has a switch for it. Each
attack meets two worlds that are the same to its asker, so that one bit by an error, an order or a count is a leak as a word is.
"""

import re
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from time import perf_counter

import duckdb

from catalog.access.masks import treated
from catalog.access.policy import Authorisation
from catalog.engine.engine import Approved, Engine, Limits
from catalog.engine.snapshot import prepare
from catalog.errors import GovernanceError, QueryFailed, QueryTimeout
from catalog.semantic import views
from catalog.storage.generations import pinned
from catalog.storage.state import State
from eval.security import canaries, injected
from eval.security.attacks import LEAST, Attack, attacks, spread
from eval.security.canaries import ASKER, KEEPER, World
from eval.security.kept import Kept, restored
from eval.security.report import Row
from nl2sql.guard import approve
from nl2sql.guard.identifiers import quoted
from nl2sql.pipeline import ask_sql
from nl2sql.session import Session, open_session

Progress = Callable[[str], None]
LIMITS = Limits(rows=200, deadline_s=60.0, memory_mb=512)
"""Long enough that a busy machine is not taken for a leak."""
SHORT = replace(LIMITS, deadline_s=1.0)
"""For attacks that are after resources."""
ALL, NO_GUARD, NO_SNAPSHOT, NO_REWRITE, NO_SANDBOX, NOTHING = (
    "all layers", "guard off", "snapshot off", "rewrite off", "sandbox off", "guard and snapshot off",
)  # fmt: skip
GATES = (ALL, NO_GUARD, NO_SNAPSHOT, NO_REWRITE, NO_SANDBOX)
HOW = {
    ALL: "guard, rewrite, redacted snapshot, sandboxed worker; every tenth through ask_sql with its audit record",
    NO_GUARD: "the attack's own text in the sandboxed worker over the redacted snapshot",
    NO_SNAPSHOT: "approved text in the sandboxed worker over policy views on all rows",
    NO_REWRITE: "the attack's own text, once approved, in the sandboxed worker over the redacted snapshot",
    NO_SANDBOX: "approved text over the redacted snapshot in this process, files and network open",
    NOTHING: "the attack's own text over all rows: shows that the attacks and the harness are live",
}
TENTH = 10
REPEATED = 6
"""How often two worlds must answer otherwise, in the same words, before that counts as told apart."""
UNIT = 200
INJECTED = 0.25
"""Share of the time for text that speaks to a model."""
KEPT = frozenset({"audit.key", "audit.sqlite", "audit.sqlite-wal", "audit.sqlite-shm", "state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "snapshots"})
"""What a question writes to in a catalog folder by design."""
_SIZES = re.compile(r"\b[\d.]+ (?:bytes|[KMG]iB)")
_BEFORE_DATA = tuple(f"(code: {code}). Ask in other words, or look at the SQL." for code in ("binder", "catalog", "permission", "syntax", "unsupported"))
"""How the worker ends a statement that never met a row, so that no other rows could end it otherwise."""


@dataclass(slots=True)
class Side:
    """One world with every way to run a statement in it; the names say which rows are there.

    ``redacted`` is a copy of ``snapshot`` that is called the same in every world, as all these files are: a plan tells a file's name.
    """

    world: World
    session: Session
    snapshot: Path
    redacted: Path
    everything: Path
    filtered: Path
    engines: dict[Path, Engine]
    plain: duckdb.DuckDBPyConnection

    def worker(self, sql: str, file: Path, limits: Limits = LIMITS) -> str:
        """All that comes back of a statement in the sandboxed worker."""
        try:
            result = self.engines[file].run(Approved(sql, frozenset(), ()), file, limits)
            return repr((result.columns, result.types, result.rows, result.truncated))
        except (QueryFailed, QueryTimeout) as error:
            return f"{error.what} {error.hint}"

    def unconfined(self, sql: str, limits: Limits = LIMITS) -> str:
        """All that comes back of a statement in this process, from a connection on which nothing was locked."""
        cursor = self.plain.cursor()
        timer = threading.Timer(limits.deadline_s, cursor.interrupt)
        timer.start()
        try:
            cursor.execute(sql)
            return repr((cursor.description, cursor.fetchmany(limits.rows)))
        except duckdb.Error as error:
            return f"{type(error).__name__} {error}"
        finally:
            timer.cancel()

    def renew(self) -> None:
        """Give every engine a new worker: what a statement switched on in the old one, such as a log, is gone."""
        for file, engine in self.engines.items():
            engine.kill()
            self.worker("SELECT 1", file)  # finds it dead, and another is started

    def run(self, gate: str, attack: Attack, sql: str, approved: Approved | None) -> str:
        """What a gate gives for an attack; empty where the guard is on and refuses."""
        limits = SHORT if attack.after == "resource" else LIMITS
        if gate == NO_GUARD:
            return self.worker(sql, self.redacted, limits)
        if gate == NOTHING:
            return self.worker(sql, self.everything, limits)
        if approved is None:
            return ""
        if gate == NO_SANDBOX:
            return self.unconfined(approved.sql, limits)
        if gate == NO_REWRITE:
            return self.worker(sql, self.redacted, limits)
        return self.worker(approved.sql, self.filtered if gate == NO_SNAPSHOT else self.redacted, limits)


@dataclass(slots=True)
class Tally:
    """What came of the attacks so far: leaks by gate, statements that ran by gate, refusals."""

    tried: int = 0
    accepted: int = 0
    asked: int = 0
    leaks: dict[str, list[str]] = field(default_factory=lambda: {gate: [] for gate in (*GATES, NOTHING)})
    ran: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


@contextmanager
def sides() -> Iterator[tuple[Side, Side]]:
    """Two worlds in a scratch folder that are the same to the asker and differ in everything else."""
    with tempfile.TemporaryDirectory(prefix="steward-gates-") as scratch, ExitStack() as stack:
        yield _side(stack, Path(scratch) / "a", "a"), _side(stack, Path(scratch) / "b", "b")


def _side(stack: ExitStack, folder: Path, seed: str) -> Side:
    world = stack.enter_context(canaries.opened(folder, seed))
    generation = stack.enter_context(pinned(world.home))
    files: list[Path] = []
    sessions: list[Session] = []
    for name in (ASKER, KEEPER):
        session = stack.enter_context(closing(open_session(world.home, generation, State(world.home).issue_token(name, 1), limits=LIMITS)))
        sessions.append(session)
        files.append(prepare(world.home, generation, session.audit, session.authorisation, session.authorisation.permits, session.now))
    redacted, everything, filtered = (folder / name / "catalog.duckdb" for name in ("redacted", "everything", "filtered"))
    for source, copy in ((files[0], redacted), (files[1], everything), (files[1], filtered)):
        copy.parent.mkdir()
        shutil.copyfile(source, copy)
    asker = sessions[0]
    policy_views(filtered, asker.authorisation)
    engines = {file: stack.enter_context(Engine(file.parent)) for file in (redacted, everything, filtered)}
    plain = stack.enter_context(duckdb.connect(str(redacted), read_only=True, config={"threads": 1}))
    return Side(world, asker, files[0], redacted, everything, filtered, engines, plain)


def policy_views(file: Path, asker: Authorisation) -> None:
    """Turn a file with every view as a table into one in which the asker's views filter tables that hold everything.

    What a governed catalog without snapshots would do. A closed view stays in another schema.
    """
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA hidden")
        for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall():
            connection.execute(f"CREATE TABLE hidden.{quoted(name)} AS FROM main.{quoted(name)}; DROP TABLE main.{quoted(name)}")
        unknown = {
            "dataset": f"SELECT name FROM hidden.datasets WHERE NOT ({asker.permits['datasets'].row_filter or 'TRUE'})",
            "model": f"SELECT name FROM hidden.models WHERE NOT ({asker.permits['models'].row_filter or 'TRUE'})",
        }
        for name, permit in asker.permits.items():
            view = views()[name]
            cells, tests = [], [permit.row_filter or "TRUE"]
            for column in (view.columns[c] for c in permit.columns):
                cell = treated(column, permit.columns[column.name], canaries.MASK_KEY)
                hidden = unknown.get("dataset" if column.name == "aliases" else column.slot)
                if hidden and column.is_list:
                    cell = f"CAST([] AS {column.type})"
                elif column.ref == "datasets.name" or (hidden and name == "lineage"):
                    tests.append(f'("{column.name}" IS NULL OR "{column.name}" NOT IN ({unknown["dataset"]}))')
                elif hidden and column.name != "name":
                    cell = f"CASE WHEN {cell} NOT IN ({hidden}) THEN {cell} END"
                cells.append(f'{cell} AS "{column.name}"')
            connection.execute(f"CREATE VIEW main.{quoted(name)} AS SELECT {', '.join(cells)} FROM hidden.{quoted(name)} WHERE {' AND '.join(tests)}")
        connection.execute("CHECKPOINT")


def attempt(attack: Attack, pair: tuple[Side, Side], tally: Tally, gates: Sequence[str] = GATES) -> None:
    """One attack through these gates, noted in the tally."""
    first, _ = pair
    tally.tried += 1
    filled = [attack.filled(dict(side.world.places)) for side in pair]
    approved = [_verdict(attack, sql, side, tally) for sql, side in zip(filled, pair, strict=True)]
    tally.accepted += approved[0] is not None
    if (approved[0] is None) != (approved[1] is None):
        tally.leaks[ALL].append(f"{attack.id}: one world accepts it")
    for gate in gates:
        got = first.run(gate, attack, filled[0], approved[0])
        tally.ran[gate] += bool(got)
        if leaked := canaries.found(got):
            tally.leaks[gate].append(f"{attack.id}: {leaked[0]}")
        elif got and not got.endswith(_BEFORE_DATA) and attack.after != "resource" and _differs(gate, attack, got, filled, approved, pair):
            tally.leaks[gate].append(f"{attack.id}: tells two worlds apart")
    if tally.tried % TENTH == 0:
        tally.asked += 1
        *_, outcome = ask_sql(filled[0], first.session)
        if canaries.found(repr(outcome)):
            tally.leaks[ALL].append(f"{attack.id}: in the outcome of ask_sql")


def _verdict(attack: Attack, sql: str, side: Side, tally: Tally) -> Approved | None:
    """The guard's approval. A refusal that tells something hidden is a leak, any other error a crash."""
    try:
        return approve(sql, side.session.schema, side.session.now)
    except GovernanceError as refusal:
        if canaries.found(refusal.what + refusal.hint):
            tally.leaks[ALL].append(f"{attack.id}: in the refusal")
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError, duckdb.Error) as crash:
        tally.crashes.append(f"{attack.id}: {type(crash).__name__} {crash}")
    return None


def _differs(gate: str, attack: Attack, got: str, filled: Sequence[str], approved: Sequence[Approved | None], pair: tuple[Side, Side]) -> bool:
    """The other world answers otherwise, each time the same way and from workers in which nothing ran before.

    So it is not history; nor is it chance, such as the order that several threads leave rows in.
    """
    first, second = pair
    if _placeless(got, first) == _placeless(second.run(gate, attack, filled[1], approved[1]), second):
        return False
    answers: set[tuple[str, ...]] = set()
    for _ in range(REPEATED):
        for side in pair:
            side.renew()
        answers.add(tuple(_placeless(side.run(gate, attack, sql, verdict), side) for side, sql, verdict in zip(pair, filled, approved, strict=True)))
        if len(answers) > 1 or len(set(*answers)) == 1:
            return False
    return True


def _placeless(got: str, side: Side) -> str:
    """What came back without the folder of the world and without sizes of memory, which tell what ran before."""
    return _SIZES.sub("SIZE", got.replace(str(side.world.home.parent), "FOLDER"))


def in_bytes(pair: tuple[Side, Side]) -> list[str]:
    """Files of the asker's snapshot folder that hold a canary, whatever reads them, and snapshots whose size tells the worlds apart."""
    files = [file for side in pair for file in side.snapshot.parent.iterdir() if file.is_file()]
    told = [file.name for file in files if canaries.found_in_bytes(file.read_bytes())]
    first, second = pair
    return told + (["sizes differ"] if first.snapshot.stat().st_size != second.snapshot.stat().st_size else [])


def run(seconds: float, seed: int, progress: Progress, state: Path | None = None) -> list[Row]:
    """As many attacks as fit, all of them if they do, from all over by ``seed``, through every gate.

    A unit of the work is so many attacks on two new worlds.
    """
    order = spread(attacks(), len(attacks()), seed)
    kept, until = Kept(state, part="gates", seed=seed), perf_counter() + seconds * (1 - INJECTED)
    before = kept.load() or {"tally": None, "told": []}
    tally = restored(Tally, before["tally"]) if before["tally"] else Tally()
    told: list[str] = before["told"]
    while tally.tried < len(order) and perf_counter() < until:
        told += _unit(order[tally.tried : tally.tried + UNIT], tally, until if state is None else inf)
        kept.save({"tally": tally, "told": told})
        progress(f"{tally.tried:,} of {len(order):,} attacks, {sum(len(tally.leaks[gate]) for gate in GATES)} leaks")
    return [*rows(tally, told), *injected.run(seconds * INJECTED, seed)]


def _unit(some: Sequence[Attack], tally: Tally, until: float) -> list[str]:
    """These attacks on worlds of their own; returns where a canary lies that should not."""
    with sides() as pair:
        before = [canaries.fingerprint(side.world.home, KEPT) for side in pair]
        for attack in some:
            if perf_counter() > until:
                break
            attempt(attack, pair, tally, (*GATES, NOTHING) if tally.tried % TENTH == 0 else GATES)
        after = [canaries.fingerprint(side.world.home, KEPT) for side in pair]
        tally.changed += [name for old, new in zip(before, after, strict=True) for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
        entries = repr([side.session.audit.entries() for side in pair])
        return [*in_bytes(pair), *(["audit log"] if canaries.found(entries) else [])]


def rows(tally: Tally, told: Sequence[str]) -> list[Row]:
    """The tally as lines of the report."""
    count = len(attacks())
    made = [Row("curated attacks", f">= {LEAST:,}", f"{count:,}", count >= LEAST, "distinct statements: construct x place x wrapping")]
    for gate in GATES:
        leaks = tally.leaks[gate]
        figure = f"{len(leaks)} leaks of {tally.tried:,}, {tally.ran[gate]:,} ran" + (f"; first: {leaks[0]}" if leaks else "")
        made.append(Row(f"attacks, {gate}", f"0 leaks of >= {LEAST:,}", figure, not leaks and tally.tried >= LEAST, HOW[gate]))
    live = tally.ran[NOTHING]
    made.append(Row(f"attacks, {NOTHING}", ">= 20% get something", f"{len(tally.leaks[NOTHING])} of {live}", 5 * len(tally.leaks[NOTHING]) >= live > 0, HOW[NOTHING]))
    made.append(Row("guard crashes on attacks", "0", _list(tally.crashes), not tally.crashes, "errors that are no refusal"))
    made.append(Row("files changed by attacks", "0", _list(tally.changed), not tally.changed, "SHA-256 of the catalog folder before and after"))
    made.append(Row("canaries in snapshot files and audit log", "0", _list(told), not told, "bytes of the asker's files, text of every entry"))
    return made


def _list(items: Sequence[str]) -> str:
    return f"{len(items)}" + (f": {', '.join(items[:3])}" if items else "")
