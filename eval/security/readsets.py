"""What an approved statement reads, told three ways, and changes to a statement that must not change the guard's verdict.

The three are DuckDB's tree, sqlglot's tree and ``get_table_names`` on a catalog in which hidden relations, macros and canaries do
exist. The changes are other aliases, parentheses and a CTE around it; and each predicate splits rows in three (TLP) and counts
alike as a condition and as a value (NoREC).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from catalog.engine.engine import Approved
from catalog.errors import GovernanceError
from catalog.semantic import views
from eval.security.askers import ASKERS
from eval.security.noninterference import (
    MIXED,
    STATEMENTS,
    Tally,
    Violation,
    Watch,
    approved_statements,
    opened,
    outcome,
    scene,
    tell,
)
from eval.security.report import Row
from eval.security.typed_queries import Place, Queries, Style
from eval.security.worlds import NOW, WORDS, world
from nl2sql.guard import Schema, approve, parse
from nl2sql.guard.identifiers import fold, quoted
from nl2sql.guard.shapes import EXPRESSIONS, MODIFIERS, QUERIES, RELATIONS
from nl2sql.guard.tree import relation_names, walk

if TYPE_CHECKING:
    import duckdb

CANARIES = """
CREATE TABLE secret_people (id BIGINT, ssn VARCHAR);
CREATE SCHEMA priv; CREATE TABLE priv.datasets (ssn VARCHAR); CREATE VIEW v_over AS SELECT * FROM secret_people;
CREATE MACRO leak() AS TABLE SELECT * FROM secret_people;
"""


@dataclass(slots=True)
class Checked:
    """What a run has checked."""

    read_sets: int = 0
    by_engine: int = 0
    wrapped: int = 0
    renamed: int = 0
    partitions: int = 0
    seconds: float = 0.0
    shapes: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)
    strays: list[Violation] = field(default_factory=list)
    changed: list[Violation] = field(default_factory=list)
    unequal: list[Violation] = field(default_factory=list)

    def says(self) -> str:
        faults = len(self.strays) + len(self.changed) + len(self.unequal)
        return f"{self.read_sets:,} read sets, {self.wrapped + self.renamed:,} verdicts, {self.partitions:,} partitions, {faults} faults, {self.seconds:.0f} s"


@contextmanager
def everything() -> Iterator["duckdb.DuckDBPyConnection"]:
    """An empty database that holds every view and things that nobody may read."""
    import duckdb

    with duckdb.connect(":memory:", config={"threads": 1, "python_enable_replacements": False}) as connection:
        for view in views().values():
            connection.execute(f"CREATE TABLE {view.name} ({', '.join(f'{quoted(c.name)} {c.type}' for c in view.columns.values())})")
        connection.execute(CANARIES)
        yield connection


def read_sets(approved: Approved, connection: "duckdb.DuckDBPyConnection") -> dict[str, frozenset[str]]:
    """The relations that the text reads, by each reader and by the guard itself."""
    import duckdb
    import sqlglot
    from sqlglot import exp

    statement = parse.tree_of(approved.sql)
    ctes = {fold(entry["key"]) for node in walk(statement) for entry in (node.get("cte_map") or {}).get("map", ())}
    tree = sqlglot.parse_one(approved.sql, dialect="duckdb")
    named = {".".join(p.name for p in table.parts) for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)}
    sets = {
        "guard": frozenset(map(fold, approved.views)),
        "tree": frozenset(relation_names(statement).keys() - ctes),
        "sqlglot": frozenset({fold(name) for name in named} - ctes),
    }
    with suppress(duckdb.BinderException):  # it does not know the columns that unnest takes
        sets["engine"] = frozenset(name.partition(" AS ")[0].strip('"') for name in connection.get_table_names(approved.sql, qualified=True))
    return sets


def verdict(sql: str, schema: Schema) -> str:
    """Approved, or the kind of refusal."""
    try:
        approve(sql, schema, NOW)
    except GovernanceError as refused:
        return type(refused).__name__
    return "approved"


def wrappings(sql: str) -> tuple[str, ...]:
    """The statement in other clothes."""
    return f"({sql})", f"SELECT * FROM ({sql}) AS wrapped", f"WITH wrapped AS ({sql}) SELECT * FROM wrapped"


def explore(
    statements: int, seconds: float, seed: int, progress: Callable[[str], None] = lambda line: None, queries: int = STATEMENTS, askers: Sequence[str] = tuple(ASKERS)
) -> Checked:
    """Check so many statements, or as many as the seconds let through."""
    found, started, round_ = Checked(), perf_counter(), 0
    with everything() as all_there:
        while True:
            records = world(Random(f"{seed}/{round_}"))
            for asker in map(ASKERS.__getitem__, askers):
                random = Random(f"{seed}/{round_}/{asker.name}")
                with scene(asker, records, random, variants=0) as prepared, ExitStack() as stack:
                    for relation, columns in prepared.schema.declared:  # cubes are relations as well
                        if relation not in views():
                            all_there.execute(f"CREATE OR REPLACE TABLE {quoted(relation)} ({', '.join(f'{quoted(c)} {t}' for c, t in columns)})")
                    snapshot = stack.enter_context(opened(prepared.snapshots[0]))
                    watch = stack.enter_context(Watch([snapshot]))
                    number = random.randrange(2**32)
                    texts = approved_statements(prepared, Queries(prepared.schema, number, MIXED, WORDS), Tally())
                    for at in range(queries):
                        _read_set(asker.name, next(texts), all_there, prepared.schema, found)
                        if at % 4 == 0:
                            _clothes(asker.name, prepared.schema, number + at, found)
                            _partition(asker.name, prepared.schema, number + at, snapshot, watch, found)
                        found.seconds = perf_counter() - started
                        if found.read_sets >= statements or found.seconds >= seconds:
                            return found
                progress(found.says())
            round_ += 1


def _read_set(asker: str, approved: Approved, connection: "duckdb.DuckDBPyConnection", schema: Schema, found: Checked) -> None:
    sets = read_sets(approved, connection)
    found.read_sets += 1
    found.by_engine += "engine" in sets
    engine = sets.pop("engine", frozenset())  # which leaves out CTEs that nothing uses
    if len(set(sets.values())) > 1 or not engine <= sets["guard"] <= schema.readable.keys():
        found.strays.append(Violation(asker, approved.sql, str({**sets, "engine": engine}), str(sorted(schema.readable))))
    for node in walk(parse.tree_of(approved.sql)):
        if "class" in node:
            found.shapes[f"{node['class']} {node['type']}"] += 1
        elif "type" in node and isinstance(node["type"], str):
            found.shapes[node["type"]] += 1
        if node.get("class") in ("FUNCTION", "WINDOW"):
            found.functions[node["function_name"]] += 1


def _clothes(asker: str, schema: Schema, seed: int, found: Checked) -> None:
    """The verdict on a statement, now and then on one that names what is hidden, whatever it is wrapped in and its aliases are."""
    style = Style(depth=2, hidden=0.1)
    sql = Queries(schema, seed, style, WORDS).statement()
    renamed = Queries(schema, seed, Style(depth=2, hidden=0.1, prefix="other_name_"), WORDS).statement()
    plain = verdict(sql, schema)
    found.renamed += 1
    if verdict(renamed, schema) != plain:
        found.changed.append(Violation(asker, sql, plain, f"{verdict(renamed, schema)}: {renamed}"))
    for wrapped in wrappings(sql):
        found.wrapped += 1
        if verdict(wrapped, schema) != plain:
            found.changed.append(Violation(asker, sql, plain, f"{verdict(wrapped, schema)}: {wrapped}"))


def _partition(asker: str, schema: Schema, seed: int, snapshot: "duckdb.DuckDBPyConnection", watch: Watch, found: Checked) -> None:
    """Rows where a predicate holds, does not and is unknown are all rows, and are as many as it says when computed."""
    queries = Queries(schema, seed, Style(settled=True, hidden=0.0), WORDS)
    (source,), text = queries.relation(Place(), 1)
    predicate = queries.expression("bool", Place((source,)), 2)
    shown = f"SELECT {source.alias}.* FROM {text}"
    whole = [f"SELECT count(*) FROM {text}", f"SELECT count(*) FROM {text} WHERE {predicate}", f"SELECT coalesce(sum(CASE WHEN {predicate} THEN 1 ELSE 0 END), 0) FROM {text}"]
    asked = [shown, *(f"{shown} WHERE {test}" for test in (predicate, f"NOT ({predicate})", f"({predicate}) IS NULL")), *whole]
    try:
        texts = [approve(sql, schema, NOW).sql for sql in asked]
    except GovernanceError:
        return
    watch.begin()
    rows, yes, no, unknown, all_, counted, computed = (outcome(snapshot, sql) for sql in texts)
    watch.end()
    found.partitions += 1
    if any(o[0] != "ok" for o in (rows, yes, no, unknown, all_, counted, computed)):
        alike = len({o[0] for o in (yes, no, unknown)}) == 1
    else:
        alike = sorted(map(repr, rows[2])) == sorted(map(repr, [*yes[2], *no[2], *unknown[2]]))
        alike &= int(counted[2][0][0]) == int(computed[2][0][0]) == len(yes[2]) and all_[2] == [(len(rows[2]),)]
    if not alike:
        found.unequal.append(Violation(asker, texts[1], str((rows[:1], yes, no))[:1500], str((unknown, counted, computed))[:1500]))


def run(seconds: float, seed: int, progress: Callable[[str], None], state: Path | None = None) -> list[Row]:
    """The report's rows on read sets, verdicts and partitions."""
    found = explore(1_000_000, seconds, seed, progress)
    tell([*found.strays, *found.changed, *found.unequal], progress)
    listed = {f"{kind} {type_}" for kind, shape in EXPRESSIONS.items() if kind != "STAR" for type_ in _types(shape["type"])} | RELATIONS.keys() | QUERIES.keys() | MODIFIERS.keys()
    seen = listed & found.shapes.keys()
    return [
        Row(
            "read sets: statements that read another relation", "0", f"{len(found.strays)} of {found.read_sets:,}", not found.strays,
            f"guard, DuckDB's tree and sqlglot's alike; get_table_names on {found.by_engine:,} of them, it cannot bind all",
        ),
        Row("metamorphic: verdicts that change", "0", f"{len(found.changed)} of {found.wrapped + found.renamed:,}", not found.changed, "other aliases, parentheses, a subquery, a CTE around it"),
        Row("metamorphic: partitions that do not add up", "0", f"{len(found.unequal)} of {found.partitions:,}", not found.unequal, "TLP and NoREC on each asker's snapshot"),
        Row("typed generator: listed shapes of the tree approved", "all", f"{len(seen)} of {len(listed)}", seen == listed, ", ".join(sorted(listed - seen)) or "-"),
    ]


def _types(rule: object) -> frozenset[str]:
    return rule if isinstance(rule, frozenset) else frozenset()
