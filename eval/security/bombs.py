"""Resource bombs: SQL that asks for more time, memory or output than there is, with the guard and without it.

Each has to end in time with a result within the limits or an error with a name, leave no process behind, and leave an engine that
answers the next question.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter, sleep

from catalog.access.policy import Authorisation, Permit, Principal
from catalog.engine.engine import Approved, Engine, Limits
from catalog.errors import GovernanceError, QueryFailed, QueryTimeout
from catalog.semantic import views
from eval.security.report import Row
from nl2sql.guard import approve, schema_of

NOW = datetime(2026, 11, 20, 12)
ROWS = 5000
LATE_S = 0.5
"""Seconds that a query may run over its deadline before it is gone."""
OVER_MEMORY = 1.1
SAMPLE_S = 0.01

UNGUARDED = {
    "cross joins": "SELECT count(*) FROM range(100000) a, range(100000) b, range(100000) c WHERE a.range + b.range * c.range = -1",
    "range list": "SELECT len(range(10000000000))",
    "long range": "SELECT count(*) FROM range(100000000000000) t(i) WHERE i % 7 = 8",
    "recursion": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
    "recursion that grows": "WITH RECURSIVE r AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM r) SELECT max(length(s)) FROM r",
    "recursion that doubles": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r, range(2)) SELECT count(*) FROM r",
    "repeat": "SELECT length(repeat('x', 1500000000))",
    "repeat of lists": "SELECT len(repeat([1, 2, 3], 1000000000))",
    "lpad": "SELECT length(lpad('x', 1500000000, 'y'))",
    "rpad": "SELECT length(rpad('x', 1500000000, 'y'))",
    "format": "SELECT length(format('{:>1500000000}', 'x'))",
    "printf": "SELECT length(printf('%1500000000d', 1))",
    "bitstring": "SELECT bit_count(bitstring('1', 2000000000))",
    "unnest": "SELECT sum(a) FROM (SELECT unnest(range(1000000000)) AS a)",
    "levenshtein": "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))",
    "damerau_levenshtein": "SELECT damerau_levenshtein(repeat('a', 300000), repeat('b', 300000))",
    "list_reduce": "SELECT list_reduce(range(100000000), lambda a, b: a + b)",
    "list_transform": "SELECT len(list_transform(range(1000000), lambda a: range(1000000)))",
    "list_resize": "SELECT len(list_resize([1], 2000000000, 1))",
    "flatten": "SELECT len(flatten(list_transform(range(20000), lambda a: range(20000))))",
    "string_agg": "SELECT length(string_agg(repeat('x', 1000), ',')) FROM range(100000000)",
    "list": "SELECT len(list(i)) FROM range(10000000000) t(i)",
    "histogram": "SELECT cardinality(histogram(i)) FROM range(1000000000) t(i)",
    "sort": "SELECT max(h) FROM (SELECT md5(i::VARCHAR) AS h FROM range(1000000000) t(i) ORDER BY h LIMIT 100000000)",
    "window": "SELECT max(s) FROM (SELECT sum(i) OVER (ORDER BY i % 1000) AS s FROM range(100000000) t(i))",
    "distinct": "SELECT count(DISTINCT md5(i::VARCHAR)) FROM range(1000000000) t(i)",
    "regular expression": "SELECT count(*) FROM range(10000000) WHERE regexp_matches(repeat('a', 5000), '(a*)*b')",
    "huge regular expression": "SELECT regexp_matches('a', '" + "(a{30}" * 12 + "){30}" * 12 + "')",
    "join order": "SELECT count(*) FROM " + ", ".join(f"datasets d{i}" for i in range(40)),
    "doubled CTEs": "WITH a0 AS (SELECT 1 AS x), "
    + ", ".join(f"a{i} AS (SELECT l.x FROM a{i - 1} l, a{i - 1} r)" for i in range(1, 25))
    + " SELECT count(*) FROM a24",
    "nesting": "SELECT " + "(" * 20000 + "1" + ")" * 20000,
    "nested calls": "SELECT " + "abs(" * 5000 + "1" + ")" * 5000,
    "long query": "SELECT " + " + ".join(["row_count"] * 200000) + " FROM datasets",
    "many columns": "SELECT " + ", ".join(f"row_count AS c{i}" for i in range(20000)) + " FROM datasets",
    "factorial": "SELECT count(*) FROM range(1000000000) t(i) WHERE factorial(20) < i",
    "wide rows": "SELECT repeat('x', 10000000) FROM datasets",
    "long output": "SELECT repeat('x', 90000) FROM datasets",
    "output of lists": "SELECT range(20000) FROM datasets",
    "endless output": "SELECT * FROM range(1000000000000)",
}
"""What the worker must live through when no guard has looked: over a table ``datasets`` with a number ``row_count``."""

_SELF = "FROM datasets a, datasets b, datasets c"
GUARDED = {
    "cross joins": f"SELECT count(*) {_SELF}, datasets d WHERE a.row_count + b.row_count < c.row_count - d.row_count",
    "joins without equality": "SELECT count(*) FROM datasets a JOIN datasets b ON a.name <> b.name JOIN datasets c ON c.name > b.owner",
    "twelve joins": "SELECT count(*) FROM datasets d0 " + " ".join(f"JOIN datasets d{i} ON d{i}.row_count > d{i - 1}.row_count" for i in range(1, 13)),
    "window": f"SELECT max(s) FROM (SELECT sum(a.row_count) OVER (ORDER BY a.name, b.name) AS s {_SELF}) t",
    "sort": f"SELECT a.name, b.name, c.name {_SELF} ORDER BY md5(a.name || b.name || c.name)",
    "distinct": f"SELECT count(DISTINCT a.name || b.name || c.name) {_SELF}",
    "string_agg": f"SELECT length(string_agg(a.name || b.name, ',')) {_SELF}",
    "list": f"SELECT len(list(a.name || b.name || c.name)) {_SELF}",
    "list of lists of text": f"SELECT a.name, list(b.description || c.name) {_SELF} GROUP BY a.name",
    "regular expression": f"SELECT count(*) {_SELF} WHERE regexp_matches(a.name || b.name || c.name, '(a*)*b')",
    "similarity": f"SELECT max(jaro_winkler_similarity(a.description || b.description, c.description)) {_SELF}",
    "replace in replace": "SELECT length(" + "replace(" * 9 + "name" + f", 'a', '{'a' * 60}')" * 9 + ") FROM datasets",
    "doubled text": "WITH t0 AS (SELECT description AS s FROM datasets), "
    + ", ".join(f"t{i} AS (SELECT s || s || s || s || s || s || s || s AS s FROM t{i - 1})" for i in range(1, 13))
    + " SELECT max(length(s)) FROM t12",
    "doubled lists": "WITH t0 AS (SELECT [name, owner] AS s FROM datasets), "
    + ", ".join(f"t{i} AS (SELECT s || s || s || s || s || s || s || s AS s FROM t{i - 1})" for i in range(1, 13))
    + " SELECT max(len(s)) FROM t12",
    "doubled CTEs": "WITH a0 AS (SELECT name FROM datasets), "
    + ", ".join(f"a{i} AS (SELECT l.name FROM a{i - 1} l, a{i - 1} r)" for i in range(1, 7))
    + " SELECT count(*) FROM a6",
    "ranges": "SELECT count(*) FROM range(1000) a, range(1000) b, range(1000) c, range(1000) d",
    "unnest of ranges": "SELECT count(*) FROM (SELECT unnest(range(1000)) AS i FROM datasets a, datasets b) t",
    "correlated subqueries": f"SELECT count(*) {_SELF} WHERE EXISTS (SELECT 1 FROM datasets x, datasets y WHERE x.row_count + y.row_count > a.row_count * b.row_count)",
    "long output": f"SELECT a.description || b.description || c.description AS d {_SELF}",
    "nesting": "SELECT " + "(" * 40 + "row_count" + ")" * 40 + " FROM datasets",
}
"""What is plain SQL over the views, so that only time, memory and output limits stand against it."""

ENDS = ("answered", "cut", "time", "memory", "failed", "refused")
"""How a bomb may end."""


@dataclass(frozen=True, slots=True)
class Blast:
    """How one bomb ended: seconds, the most MB that its process held, whether the process was gone where it was to be."""

    name: str
    end: str
    seconds: float
    peak_mb: float
    left: tuple[int, ...]
    next_runs: bool


@contextmanager
def range_of_fire() -> Iterator[tuple[Engine, Path]]:
    """An engine over a snapshot in which every view has rows."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.duckdb"
        with duckdb.connect(str(path)) as connection:
            for view in views().values():
                cells = ", ".join(f'{_cell(column.type)} AS "{column.name}"' for column in view.columns.values())
                connection.execute(f'CREATE TABLE "{view.name}" AS SELECT {cells} FROM range({ROWS}) t(i)')
        path.chmod(0o400)
        with Engine(path.parent) as engine:
            yield engine, path


def _cell(sql_type: str) -> str:
    plain = {"VARCHAR": "'alabama ' || i", "VARCHAR[]": "['a' || i, 'b']", "BOOLEAN": "i % 2 = 0", "DATE": "DATE '2026-01-01'", "TIMESTAMP": "TIMESTAMP '2026-01-01'"}
    return f"CAST({plain.get(sql_type, 'i')} AS {sql_type})"


def unguarded(sql: str) -> Approved:
    """Any SQL as if the guard had let it through."""
    return replace(guarded("SELECT 1 AS one"), sql=sql)


def guarded(sql: str) -> Approved:
    """What the guard makes of SQL for somebody who may see everything. Raises `GovernanceError`."""
    permits = {name: Permit(name, dict.fromkeys(view.columns, "show"), "", ("all",)) for name, view in views().items()}
    return approve(sql, schema_of(Authorisation(Principal(name="bomber", roles=("all",)), "v1", permits, {})), NOW)


def blast(engine: Engine, snapshot: Path, name: str, sql: str, limits: Limits, guard: bool) -> Blast:
    """Run one bomb and see what is left of the engine."""
    try:
        approved = guarded(sql) if guard else unguarded(sql)
    except GovernanceError:
        return Blast(name, "refused", 0.0, 0.0, (), True)
    engine.run(unguarded("SELECT 1"), snapshot, Limits())  # a worker that has started: its start is not the bomb's time
    process = engine._child.process
    with _watched(process.pid) as peak:
        started = perf_counter()
        end = _end(engine, approved, snapshot, limits)
        seconds = perf_counter() - started
    gone = engine._child.process is not process
    left = tuple(pid for pid in _session(process.pid) if gone or pid != process.pid)
    found = engine.run(unguarded("SELECT count(*) FROM datasets"), snapshot, replace(limits, deadline_s=30.0))
    return Blast(name, end, seconds, peak[0], left, found.rows == [(ROWS,)])


def _end(engine: Engine, approved: Approved, snapshot: Path, limits: Limits) -> str:
    try:
        result = engine.run(approved, snapshot, limits)
    except QueryTimeout as error:
        return "memory" if "memory" in error.what else "time"
    except QueryFailed as error:
        return "failed" if "(code: " in error.what else error.what
    size = sum(len(str(cell)) for row in result.rows for cell in row)
    if len(result.rows) > limits.rows or size > 2 * limits.output_bytes:
        return "too much"
    return "cut" if result.truncated else "answered"


@contextmanager
def _watched(pid: int) -> Iterator[list[float]]:
    """The most memory (MB) that a process has held, in a list that fills until the block ends."""
    peak, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.is_set():
            try:
                status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
            except OSError:
                return
            peak[0] = max([peak[0], *(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))])
            sleep(SAMPLE_S)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def _session(leader: int) -> list[int]:
    """Processes that are alive in the session that a worker leads."""
    alive = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(entry.name)) == leader and entry.joinpath("stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] != "Z":
                alive.append(int(entry.name))
        except OSError:
            continue
    return alive


def run(seconds: float, seed: int, progress: Callable[[str], None], state: Path | None = None) -> list[Row]:
    """Every bomb once, and again while there is time. ``seed`` changes nothing: nothing here is drawn; nothing is kept."""
    limits, began = Limits(deadline_s=1.0, memory_mb=512), perf_counter()
    todo = [(f"{name}, no guard", sql, False) for name, sql in UNGUARDED.items()] + [(name, sql, True) for name, sql in GUARDED.items()]
    blasts: list[Blast] = []
    with range_of_fire() as (engine, snapshot):
        while not blasts or perf_counter() - began < seconds / 2:
            for name, sql, guard in todo:
                blasts.append(blast(engine, snapshot, name, sql, limits, guard))
                progress(f"{len(blasts)} bombs; {name}: {blasts[-1].end} after {blasts[-1].seconds:.2f} s")
        pid = engine._child.process.pid
    after = _session(pid)
    late = [b for b in blasts if b.seconds > limits.deadline_s + LATE_S]
    big = [b for b in blasts if b.peak_mb > limits.memory_mb * OVER_MEMORY]
    bad = [b for b in blasts if b.end not in ENDS or not b.next_runs]
    ran = [b for b in blasts if b.end != "refused"]
    how = f"{len(todo)} bombs, {len(blasts)} blasts, {len(blasts) - len(ran)} refused by the guard; deadline {limits.deadline_s:g} s, {limits.memory_mb} MB"
    return [
        Row("bombs over before deadline + 0.5 s", "100 %", f"{len(blasts) - len(late)} of {len(blasts)}, the last at {max(b.seconds for b in blasts):.2f} s", not late, _named(how, late)),
        Row("most memory a bomb held", "cap + 10 %", f"{max(b.peak_mb for b in blasts):.0f} of {limits.memory_mb} MB", not big, _named(how, big)),
        Row("bombs with a named end and an engine that goes on", "100 %", f"{len(blasts) - len(bad)} of {len(blasts)}", not bad, _named(how, bad)),
        Row("processes left by bombs", "0", str(sum(len(b.left) for b in blasts) + len(after)), not after and not any(b.left for b in blasts), how),
    ]


def _named(how: str, blasts: list[Blast]) -> str:
    return f"{how}; {'; '.join(f'{b.name}: {b.end}, {b.seconds:.2f} s, {b.peak_mb:.0f} MB' for b in blasts)}" if blasts else how
