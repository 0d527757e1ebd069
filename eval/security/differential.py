"""The other way to keep a policy: views with its predicates over the whole catalog, which the engine evaluates with each statement.

Settled statements must give the same there as on the snapshot, status included. And with the snapshot switched off in this way,
pairs of catalogs show what the guard alone would keep: the report's row "layer 6 disabled". The SQL of the views is written here
anew; of the production code it uses masks, lineage and cubes, which have models of their own.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from catalog.access.cubes import build_cube
from catalog.access.masks import mask_key, treated
from catalog.engine.worker import LOCK
from catalog.semantic import Column, View, views
from catalog.storage.closure import build_closure, direct
from catalog.storage.records import AuditEntry, Record, storage_columns
from catalog.storage.rows import stage
from eval.security.askers import ASKERS, Asker
from eval.security.kept import Kept, restored
from eval.security.noninterference import (
    STATEMENTS,
    Outcome,
    Scene,
    Tally,
    Violation,
    Watch,
    approved_statements,
    is_late,
    opened,
    outcome,
    same,
    scene,
    tell,
)
from eval.security.report import Row
from eval.security.typed_queries import Queries, Style
from eval.security.worlds import WORDS, world
from nl2sql.guard.identifiers import quoted

if TYPE_CHECKING:
    import duckdb

SETTLED = Style(settled=True, hidden=0.0, mixed=True)
CATALOGS = 8
"""Catalogs on which a statement runs once it is vetted: whoever asks has the same schema on each."""
STORED = {"dataset": ("dataset", "name", "datasets"), "model": ("model", "name", "models"), "node": ("node", "node", "nodes")}
"""Slot to storage table, its column and the view that decides who knows of such a name."""

UNKNOWN_NODE = {"jurisdiction": "'unknown'", "country": "NULL"}


@dataclass(slots=True)
class Compared:
    """What a differential run has seen."""

    compared: int = 0
    statements: int = 0
    late: int = 0
    failed: int = 0
    catalogs: int = 0
    seconds: float = 0.0
    processor_s: float = 0.0
    differences: list[Violation] = field(default_factory=list)

    def says(self) -> str:
        return f"{self.compared:,} results of {self.statements:,} statements on views and snapshots, {len(self.differences)} differences, {self.seconds:.0f} s"


@contextmanager
def views_over_all(prepared: Scene, at: int) -> Iterator["duckdb.DuckDBPyConnection"]:
    """The asker's relations as views over the whole of one catalog, on a locked connection."""
    import duckdb

    with duckdb.connect(":memory:", config={"threads": 1, "python_enable_replacements": False, "memory_limit": "1GB"}) as connection:
        connection.execute(f"ATTACH '{prepared.generations[at]}' AS store (READ_ONLY); ATTACH ':memory:' AS state")
        _Views(connection, prepared, prepared.catalogs[at]).make()
        connection.execute(LOCK)
        yield connection


class _Views:
    def __init__(self, connection: "duckdb.DuckDBPyConnection", prepared: Scene, records: Sequence[Record]) -> None:
        self.connection, self.records = connection, records
        self.authorisation = prepared.authorisation
        self.key = mask_key(prepared.home)
        self.found = set[str]()

    def make(self) -> None:
        permits = self.authorisation.permits
        if "audit_log" in permits:
            self.log()
        if "lineage" in permits:
            self.lineage(permits["lineage"].row_filter)
        for name, permit in permits.items():
            view = views()[name]
            shown = ", ".join(f'{treated(view.columns[c], how, self.key)} AS "{c}"' for c, how in permit.columns.items())
            self.connection.execute(f'CREATE TEMP VIEW "{name}" AS SELECT {shown} FROM ({self.rows(view, list(permit.columns), permit.row_filter)})')
        for cube in self.authorisation.cubes.values():
            build_cube(self.connection, cube, self.rows(views()[cube.rule.view], list(views()[cube.rule.view].columns), cube.row_filter))

    def log(self) -> None:
        columns = storage_columns(AuditEntry)
        self.connection.execute(f"CREATE TABLE state.audit_entry ({', '.join(f'{quoted(name)} {type_}' for name, type_ in columns.items())})")
        self.connection.execute("USE state")
        stage(self.connection, "audit_entry", columns, ([getattr(entry, name) for name in columns] for entry in self.records if isinstance(entry, AuditEntry)))
        self.connection.execute("USE memory")

    def lineage(self, row_filter: str) -> None:
        """Lineage is computed once for an asker, from the edges that they may see; there is no view that does it."""
        self.connection.execute("CREATE TEMP TABLE known AS SELECT name FROM store.dataset UNION SELECT name FROM store.model")
        tests = [f"NOT {self.is_hidden(kind, end)}" for kind in ("dataset", "model") for end in ("upstream", "downstream")]
        rows = self.placed(direct(f"SELECT * FROM store.edge WHERE {' AND '.join(tests)}"))
        build_closure(self.connection, f"SELECT * EXCLUDE (jurisdiction) FROM ({rows}) WHERE {row_filter or 'TRUE'}")

    def placed(self, rows: str) -> str:
        """Rows with the jurisdiction of their node."""
        area = "coalesce((SELECT max(n.jurisdiction) FROM store.node n WHERE n.node = v.node), 'unknown')"
        return f"SELECT v.*, {area} AS jurisdiction FROM ({rows}) v"

    def is_hidden(self, kind: str, name: str) -> str:
        """Whether a name is stored and in no row that the asker may see; such names are found once."""
        if kind not in self.found:
            self.found.add(kind)
            table, column, view = STORED[kind]
            permit = self.authorisation.permits.get(view)
            rows = f"SELECT k.{column} FROM ({self.placed(views()[view].sql)}) k WHERE {_of(permit.row_filter, 'k')}" if permit else "SELECT NULL"
            seen = f"(SELECT coalesce(list(s.{column}), []) FROM ({rows}) s({column}))"
            self.connection.execute(f"CREATE TEMP TABLE hidden_{kind} AS SELECT DISTINCT t.{column} AS name FROM store.{table} t WHERE NOT list_contains({seen}, t.{column})")
            self.connection.execute(f"SET VARIABLE hidden_{kind} = (SELECT coalesce(list(name), []) FROM hidden_{kind})")
        return f"coalesce(list_contains(getvariable('hidden_{kind}'), {name}), FALSE)"

    def base(self, view: View) -> str:
        """All rows of a view with what is hidden, made once: no policy is in them, and every statement need not plan them anew."""
        if view.name not in self.found:
            self.found.add(view.name)
            self.connection.execute(f'CREATE TEMP TABLE "all_{view.name}" AS {self.placed(view.sql)}')
        return f'"all_{view.name}"'

    def rows(self, view: View, names: Sequence[str], row_filter: str) -> str:
        tests = [_of(row_filter, "v")]
        tests += [f"NOT {self.is_hidden('dataset', f'v.{c.name}')}" for c in view.columns.values() if c.ref == "datasets.name"]
        cells = ", ".join(f'{self.cell(view, view.columns[name])} AS "{name}"' for name in names)
        return f"SELECT {cells} FROM {self.base(view)} v WHERE {' AND '.join(tests)}"

    def cell(self, view: View, column: Column) -> str:
        shown, slot = f'v."{column.name}"', "dataset" if column.name == "aliases" else column.slot
        if column.name in UNKNOWN_NODE:
            return f"CASE WHEN {self.is_hidden('node', 'v.node')} THEN {UNKNOWN_NODE[column.name]} ELSE {shown} END"
        own = slot in STORED and (column.ref == "datasets.name" or (column.name, view.name) == STORED[slot][1:])
        if slot not in STORED or own:
            return shown
        if column.is_list:
            self.is_hidden(slot, shown)
            return f"array_filter({shown}, lambda x: NOT list_contains(getvariable('hidden_{slot}'), x))"
        return f"CASE WHEN NOT {self.is_hidden(slot, shown)} THEN {shown} END"


def _of(row_filter: str, alias: str) -> str:
    """The policy's predicate with its columns told apart from those around it; each is quoted there."""
    return "(" + (re.sub(r'"(\w+)"', rf'{alias}."\1"', row_filter) or "TRUE") + ")"


def _unordered(found: Outcome) -> Outcome:
    """Status, columns and rows, which come in no order unless the statement asks; of an error its code alone."""
    return (found[0], found[1], sorted(map(repr, found[2]))) if found[0] == "ok" else found[:1]


@contextmanager
def both(asker: Asker, random: Random, catalogs: int) -> Iterator[list[tuple[Scene, "duckdb.DuckDBPyConnection", "duckdb.DuckDBPyConnection"]]]:
    """Catalogs of their own, each with the asker's snapshot of it and views over the whole of it."""
    with ExitStack() as stack:
        made = []
        for _ in range(catalogs):
            prepared = stack.enter_context(scene(asker, world(Random(random.randrange(2**63))), random, variants=0))
            made.append((prepared, stack.enter_context(opened(prepared.snapshots[0])), stack.enter_context(views_over_all(prepared, 0))))
        yield made


def explore(
    statements: int,
    seconds: float,
    seed: int,
    progress: Callable[[str], None] = lambda line: None,
    queries: int = STATEMENTS,
    catalogs: int = CATALOGS,
    askers: Sequence[str] = tuple(ASKERS),
    kept: Kept | None = None,
) -> Compared:
    """Settled statements on an asker's snapshots and on views over whole catalogs, until so many were compared or the seconds are over.

    A unit of the work is one asker on a set of catalogs.
    """
    kept = kept or Kept()
    before = kept.load() or {"units": 0, "found": None}
    found = restored(Compared, before["found"], differences=Violation) if before["found"] else Compared()
    started, used, until = perf_counter() - found.seconds, process_time() - found.processor_s, perf_counter() + seconds
    for unit in count(before["units"]):
        if found.compared >= statements or perf_counter() >= until:
            break
        round_, at = divmod(unit, len(askers))
        name = askers[at]
        random = Random(f"{seed}/{round_}/{name}")
        with both(ASKERS[name], random, catalogs) as made, Watch([c for _, *two in made for c in two]) as watch:
            found.catalogs += catalogs
            schema = made[0][0].schema
            texts = approved_statements(made[0][0], Queries(schema, random.randrange(2**32), SETTLED, WORDS), Tally())
            whole = [f'SELECT * FROM "{relation}"' for relation in schema.relations]
            for number in range(len(whole) + queries):
                sql = whole[number] if number < len(whole) else next(texts).sql
                found.statements += 1
                for _, ours, other in made:
                    watch.begin()
                    one, two = outcome(ours, sql), outcome(other, sql)
                    watch.end()
                    if is_late(one) or is_late(two):
                        found.late += 1
                        continue
                    found.compared += 1
                    found.failed += one[0] != "ok"
                    if not same(_unordered(one), _unordered(two)):
                        found.differences.append(Violation(name, sql, str(one)[:1500], str(two)[:1500]))
                if found.compared >= statements or (kept.path is None and perf_counter() >= until):
                    break
        found.seconds, found.processor_s = perf_counter() - started, process_time() - used
        kept.save({"units": unit + 1, "found": found})
        progress(found.says())
    return found


def explore_guard_alone(
    pairs: int,
    seconds: float,
    seed: int,
    progress: Callable[[str], None] = lambda line: None,
    style: Style = SETTLED,
    queries: int = STATEMENTS,
    askers: Sequence[str] = tuple(ASKERS),
    variants: int = CATALOGS - 1,
    kept: Kept | None = None,
) -> Tally:
    """Pairs of catalogs with the snapshot switched off: the guard, and views over everything."""
    kept = kept or Kept()
    before = kept.load() or {"units": 0, "tally": None}
    tally = restored(Tally, before["tally"], violations=Violation) if before["tally"] else Tally()
    started, used, until = perf_counter() - tally.seconds, process_time() - tally.processor_s, perf_counter() + seconds
    for unit in count(before["units"]):
        if tally.pairs >= pairs or perf_counter() >= until:
            break
        round_, at = divmod(unit, len(askers))
        asker = ASKERS[askers[at]]
        records, random = world(Random(f"{seed}/{round_}")), Random(f"{seed}/{round_}/{asker.name}")
        with scene(asker, records, random, variants) as prepared, ExitStack() as stack:
            connections = [stack.enter_context(views_over_all(prepared, number)) for number in range(variants + 1)]
            watch = stack.enter_context(Watch(connections))
            texts = approved_statements(prepared, Queries(prepared.schema, random.randrange(2**32), style, WORDS), tally)
            for _ in range(queries):
                sql = next(texts).sql
                watch.begin()
                one, *others = (outcome(connection, sql) for connection in connections)
                watch.end()
                if any(map(is_late, (one, *others))):
                    tally.late += 1
                    continue
                tally.ran += one[0] == "ok"
                tally.pairs += len(others)
                for other in others:
                    alike = same(_unordered(one), _unordered(other)) if style.settled else one[0] == other[0]
                    if not alike:
                        tally.violations.append(Violation(asker.name, sql, str(one)[:1500], str(other)[:1500]))
                if tally.pairs >= pairs or (kept.path is None and perf_counter() >= until):
                    break
        tally.seconds, tally.processor_s = perf_counter() - started, process_time() - used
        kept.save({"units": unit + 1, "tally": tally})
        progress(tally.says())
    return tally


def run(seconds: float, seed: int, progress: Callable[[str], None], state: Path | None = None) -> list[Row]:
    """The report's rows on views over the whole catalog; half the time goes to the comparison with snapshots."""

    def kept(name: str) -> Kept:
        return Kept(state and state.with_suffix(f".{name}.json"), part=name, seed=seed)

    found = explore(1_000_000, seconds / 2, seed, progress, kept=kept("snapshots"))
    settled = explore_guard_alone(1_000_000, seconds / 4, seed, progress, kept=kept("settled"))
    free = explore_guard_alone(1_000_000, seconds / 4, seed, progress, Style(hidden=0.0, mixed=True), kept=kept("free"))
    tell([*found.differences, *settled.violations, *free.violations], progress)
    return [
        Row(
            "differential: statements that differ",
            "0",
            f"{len(found.differences)} of {found.compared:,}",
            not found.differences,
            f"snapshot against views with the policy's predicates, status included; {found.late} stopped",
        ),
        Row(
            "differential: results compared", ">= 1 million",
            f"{found.compared:,} of {found.statements:,} statements, {found.compared / max(found.processor_s, 1):.0f} a second of processor time", found.compared >= 1_000_000,
            f"each on {CATALOGS} catalogs of {found.catalogs:,}; settled statements: no value makes them fail, no tie decides",
        ),
        Row(
            "layer 6 disabled: pairs that differ", "0", f"{len(settled.violations)} of {settled.pairs:,}", not settled.violations,
            "guard and row-filter views over the whole catalog; statements that no value makes fail",
        ),
        Row(
            "layer 6 disabled: pairs whose status differs", "0", f"{len(free.violations)} of {free.pairs:,}", not free.violations,
            "the same with every listed function; status alone, since rows come in no order",
        ),
    ]
