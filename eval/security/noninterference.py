"""Two catalogs that agree on all an asker may see must give the asker the same, whatever the rest holds (2-safety).

The strongest form first: their snapshots, made by the production code, are equal cell by cell and row by row in stored order.
Then what the guard lets through runs on each: status, columns, types, rows in order and the text of an error must be equal.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from catalog.access.policy import Authorisation, authorise
from catalog.engine.engine import Approved, Engine, Limits
from catalog.engine.snapshot import prepare
from catalog.engine.worker import CODES, LOCK
from catalog.errors import GovernanceError, QueryFailed, QueryTimeout
from catalog.storage.records import Record
from eval.security.askers import ASKERS, Asker, policy
from eval.security.kept import Kept, restored
from eval.security.report import Row
from eval.security.typed_queries import Queries, Style
from eval.security.variants import variant
from eval.security.worlds import NOW, WORDS, Log, store, world
from nl2sql.guard import Schema, approve, schema_of
from nl2sql.guard.functions import signatures

if TYPE_CHECKING:
    import duckdb

VARIANTS = 31
"""Catalogs beside the first one: a statement is vetted once and runs on all."""

STATEMENTS = 1000
"""Statements for one asker before another catalog is made."""

PATIENCE_S = 5.0
"""Seconds of processor time; a statement that takes longer on the catalogs is not compared."""

MIXED = Style(mixed=True)

TRIES = 200
"""Times that a statement runs on one catalog before a difference is laid to another."""

LIMITS = Limits(rows=10_000, deadline_s=12 * PATIENCE_S)

Outcome = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """Two outcomes that differ where the asker may not tell the catalogs apart."""

    asker: str
    sql: str
    one: str
    other: str


@dataclass(slots=True)
class Tally:
    """What a run has seen so far. A pair is one approved statement on two catalogs."""

    written: int = 0
    approved: int = 0
    ran: int = 0
    pairs: int = 0
    late: int = 0
    wavering: int = 0
    worker_pairs: int = 0
    snapshots: int = 0
    catalogs: int = 0
    seconds: float = 0.0
    processor_s: float = 0.0
    refusals: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    def says(self) -> str:
        """One line of progress."""
        return f"{self.pairs:,} pairs of {self.approved:,} approved statements, {len(self.violations)} violations, {self.seconds:.0f} s"


@dataclass(frozen=True, slots=True)
class Scene:
    """One asker, the catalogs that are alike to them and the snapshots of each."""

    asker: Asker
    authorisation: Authorisation
    schema: Schema
    home: Path
    catalogs: Sequence[Sequence[Record]]
    generations: Sequence[Path]
    snapshots: Sequence[Path]


@contextmanager
def scene(asker: Asker, records: Sequence[Record], random: Random, variants: int = VARIANTS) -> Iterator[Scene]:
    """Catalogs and snapshots in a folder that goes when the block ends."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        rules = policy(home)
        authorisation = authorise(asker.principal(rules), rules)
        catalogs = [records, *(variant(records, asker, random) for _ in range(variants))]
        generations = [store(catalog, home, number + 1) for number, catalog in enumerate(catalogs)]
        names = [*authorisation.permits, *authorisation.cubes]
        snapshots = [
            _aside(prepare(home, generation, Log(catalog), authorisation, names, NOW), home / "alike")
            for generation, catalog in zip(generations, catalogs, strict=True)
        ]
        yield Scene(asker, authorisation, schema_of(authorisation), home, catalogs, [g.path for g in generations], snapshots)


def _aside(snapshot: Path, folder: Path) -> Path:
    """The file in a folder that nothing is swept from: more are compared here than are kept for an asker."""
    folder.mkdir(exist_ok=True)
    return snapshot.replace(folder / snapshot.name)


def content(snapshot: Path) -> dict[str, tuple[Any, ...]]:
    """Every table of a snapshot: names and types of its columns, its rows as they are stored."""
    import duckdb

    with duckdb.connect(str(snapshot), read_only=True, config={"threads": 1}) as connection:
        tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
        found = {}
        for name in tables:
            cursor = connection.execute(f'SELECT * FROM "{name}" ORDER BY rowid')
            found[name] = (tuple((c[0], str(c[1])) for c in cursor.description or ()), repr(cursor.fetchall()))
        return found


def opened(snapshot: Path) -> "duckdb.DuckDBPyConnection":
    """A snapshot as the worker opens it, but with one thread: rows that no ORDER BY orders then come in one order."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "temp_directory": "", "memory_limit": "1GB", "python_enable_replacements": False, "max_expression_depth": 250}
    connection = duckdb.connect(str(snapshot), read_only=True, config=config)
    connection.execute(LOCK)
    return connection


def outcome(connection: "duckdb.DuckDBPyConnection", sql: str) -> Outcome:
    """All that comes of a statement: columns, types and rows, or the error's code and text."""
    import duckdb

    try:
        connection.execute(sql)
        described = tuple((column[0], str(column[1])) for column in connection.description or ())
        return "ok", described, connection.fetchall()
    except (duckdb.Error, RuntimeError, ValueError, OverflowError) as error:
        return CODES.get(type(error).__name__, "engine"), str(error)


def same(one: Outcome, other: Outcome) -> bool:
    """Equality in which NaN is itself."""
    return one == other or repr(one) == repr(other)


class Watch:
    """One thread that interrupts the statements that are under way once they have taken too much processor time.

    Of the process, not of a clock: a run that only gets what others leave over is not late for it.
    """

    def __init__(self, connections: Sequence["duckdb.DuckDBPyConnection"], seconds: float = PATIENCE_S) -> None:
        self._connections, self._seconds = connections, seconds
        self._since: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def begin(self) -> None:
        """Statements begin to run."""
        self._since = process_time()

    def end(self) -> None:
        """They are done."""
        self._since = None

    def _look(self) -> None:
        while not self._over.wait(0.5):
            since = self._since
            if since is not None and process_time() - since > self._seconds:
                for connection in self._connections:
                    connection.interrupt()


def approved_statements(scene: Scene, queries: Queries, tally: Tally) -> Iterator[Approved]:
    """What the guard lets through of what ``queries`` writes, without end; refusals are counted."""
    while True:
        tally.written += 1
        try:
            approved = approve(queries.statement(), scene.schema, NOW)
        except GovernanceError as refused:
            tally.refusals[type(refused).__name__] += 1
            continue
        tally.approved += 1
        yield approved


def explore(
    pairs: int,
    seconds: float,
    seed: int,
    progress: Callable[[str], None] = lambda line: None,
    style: Style = MIXED,
    worker_every: int = 200,
    queries: int = STATEMENTS,
    variants: int = VARIANTS,
    askers: Sequence[str] = tuple(ASKERS),
    kept: Kept | None = None,
) -> Tally:
    """Compare until there were so many pairs or the seconds are over, one asker after the other on catalogs of a seed.

    A unit of the work is one asker on one catalog and its variants.
    """
    kept = kept or Kept()
    before = kept.load() or {"units": 0, "tally": None}
    tally = restored(Tally, before["tally"], violations=Violation) if before["tally"] else Tally()
    started, used = perf_counter() - tally.seconds, process_time() - tally.processor_s
    until = perf_counter() + seconds
    for unit in count(before["units"]):
        if tally.pairs >= pairs or perf_counter() >= until:
            break
        round_, at = divmod(unit, len(askers))
        asker = ASKERS[askers[at]]
        records, random = world(Random(f"{seed}/{round_}")), Random(f"{seed}/{round_}/{asker.name}")
        with scene(asker, records, random, variants) as prepared, ExitStack() as stack:
            compare_snapshots(prepared, tally)
            connections = [stack.enter_context(opened(path)) for path in prepared.snapshots]
            engine = stack.enter_context(Engine(prepared.snapshots[0].parent)) if worker_every else None
            watch = stack.enter_context(Watch(connections))
            writer = Queries(prepared.schema, random.randrange(2**32), style, WORDS)
            writer.written = tally.calls  # of the whole run, so that what is rare is written more often
            statements = approved_statements(prepared, writer, tally)
            for number in range(queries):
                approved = next(statements)
                compare(prepared, approved, connections, tally, watch)
                if engine is not None and number % worker_every == 0:
                    compare_in_worker(prepared, approved, engine, tally)
                if tally.pairs >= pairs or (kept.path is None and perf_counter() >= until):
                    break
        tally.seconds, tally.processor_s = perf_counter() - started, process_time() - used
        kept.save({"units": unit + 1, "tally": tally})
        progress(tally.says())
    return tally


def compare_snapshots(scene: Scene, tally: Tally) -> None:
    """The files themselves: each must hold what the first one does."""
    tally.catalogs += len(scene.catalogs)
    first = content(scene.snapshots[0])
    for path in scene.snapshots[1:]:
        tally.snapshots += 1
        other = content(path)
        for name in sorted(first.keys() | other.keys()):
            if first.get(name) != other.get(name):
                tally.violations.append(Violation(scene.asker.name, f"FROM {name} -- as stored", str(first.get(name)), str(other.get(name))))


def compare(scene: Scene, approved: Approved, connections: Sequence["duckdb.DuckDBPyConnection"], tally: Tally, watch: Watch) -> None:
    """One statement on every snapshot, each beside the first."""
    watch.begin()
    first = outcome(connections[0], approved.sql)
    others = [outcome(connection, approved.sql) for connection in connections[1:]] if not is_late(first) else []
    watch.end()
    if is_late(first) or any(map(is_late, others)):
        tally.late += 1
        return
    tally.ran += first[0] == "ok"
    tally.errors[first[0]] += first[0] != "ok"
    tally.pairs += len(others)
    for other in others:
        if same(first, other):
            continue
        if comes_of_one_catalog(connections[0], approved.sql, other):
            tally.wavering += 1
        else:
            tally.violations.append(Violation(scene.asker.name, approved.sql, str(first)[:2000], str(other)[:2000]))


def comes_of_one_catalog(connection: "duckdb.DuckDBPyConnection", sql: str, wanted: Outcome) -> bool:
    """Whether one and the same catalog gives that too when asked often enough.

    The two sides of a ``UNION`` that reads no table come now in this order, now in that, whatever a catalog holds.
    """
    return any(same(outcome(connection, sql), wanted) for _ in range(TRIES))


def is_late(found: Outcome) -> bool:
    """Whether the `Watch` stopped it."""
    return found[0] == "engine" and "INTERRUPT" in found[1]


def compare_in_worker(scene: Scene, approved: Approved, engine: Engine, tally: Tally) -> None:
    """One statement on the first two snapshots as an asker gets it, through the confined process."""
    first, other = (_answer(engine, approved, path) for path in scene.snapshots[:2])
    if "timeout" in (first[0], other[0]):
        return
    tally.worker_pairs += 1
    if not same(_sorted(first), _sorted(other)) and not _wavers(engine, approved, scene.snapshots[0], first):
        tally.violations.append(Violation(scene.asker.name, f"{approved.sql} -- in the worker", str(first)[:2000], str(other)[:2000]))


def _sorted(found: Outcome) -> Outcome:
    """The worker has two threads, so that rows come in no certain order unless the statement asks for one."""
    return (*found[:3], sorted(map(repr, found[3])), *found[4:]) if found[0] == "ok" else found


def _wavers(engine: Engine, approved: Approved, snapshot: Path, first: Outcome) -> bool:
    """Whether one and the same snapshot gives now this, now that, as ``LIMIT`` of unordered rows may with two threads."""
    return any(not same(_sorted(first), _sorted(_answer(engine, approved, snapshot))) for _ in range(20))


def _answer(engine: Engine, approved: Approved, snapshot: Path) -> Outcome:
    try:
        result = engine.run(approved, snapshot, LIMITS)
    except QueryTimeout:
        return ("timeout",)
    except QueryFailed as error:
        return "failed", error.what, error.hint
    return "ok", result.columns, result.types, result.rows, result.truncated


def tell(violations: Sequence[Violation], progress: Callable[[str], None]) -> None:
    """The first few, so that they can be looked into."""
    for found in violations[:5]:
        progress(f"differs for {found.asker}: {found.sql}\n  {found.one[:500]}\n  {found.other[:500]}")


def run(seconds: float, seed: int, progress: Callable[[str], None], state: Path | None = None, pairs: int = 10_000_000) -> list[Row]:
    """The report's rows on pairs of catalogs."""
    tally = explore(pairs, seconds, seed, progress, kept=Kept(state, part="noninterference", seed=seed))
    tell(tally.violations, progress)
    listed = {name for group in ("scalar", "aggregate", "window") for name in signatures(group)}
    written = listed & tally.calls.keys()
    approved, ran = tally.approved / tally.written, tally.ran / max(tally.approved - tally.late, 1)
    wrong = len(tally.violations)
    in_worker = sum(v.sql.endswith("-- in the worker") for v in tally.violations)
    stored = sum(v.sql.endswith("-- as stored") for v in tally.violations)
    return [
        Row("non-interference: pairs that differ", "0", f"{wrong} of {tally.pairs:,}", not wrong, f"status, columns, types, rows in order, error text; {len(ASKERS)} askers; {tally.wavering} whose order wavers on one and the same catalog"),
        Row(
            "non-interference: pairs",
            ">= 200,000 a night, >= 10 million before release",
            f"{tally.pairs:,} of {tally.approved:,} approved statements, {tally.pairs / tally.processor_s:.0f} a second of processor time",
            tally.pairs >= 10_000_000,
            f"one statement on {VARIANTS} variants of a catalog, {tally.catalogs:,} catalogs; {tally.late} stopped after {PATIENCE_S:g} s of processor time",
        ),
        Row("non-interference: pairs in the confined worker that differ", "0", f"{in_worker} of {tally.worker_pairs:,}", not in_worker, "Engine on both snapshots"),
        Row("snapshots of catalogs alike to the asker", "equal, cells and order", f"{stored} tables differ in {tally.snapshots:,} compared", not stored, "every table in rowid order"),
        Row("typed generator: approved", "-", f"{approved:.1%} of {tally.written:,}", True, "the rest names what is hidden, or the engine's binder refuses it"),
        Row("typed generator: approved statements that run", ">= 60%", f"{ran:.1%}", ran >= 0.6, ", ".join(f"{code} {n}" for code, n in tally.errors.items() if n) or "no error"),
        Row("typed generator: listed functions written", "all", f"{len(written)} of {len(listed)}", written == listed, ", ".join(sorted(listed - written)) or "-"),
    ]
