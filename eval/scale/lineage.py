"""How long it takes to tell what one place comes from and flows into, by catalog size, beside numpy and DuckDB on the same flows."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from operator import attrgetter
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray

from catalog.access.policy import POLICY_FILE, authorise, load_policy
from catalog.audit.log import AuditLog
from catalog.engine.snapshot import prepare
from catalog.graph.names import Place
from catalog.graph.number_sets import distinct
from catalog.graph.tables import TABLES, read_tables
from catalog.graph.walk import Graph, Hops, listed, reach
from catalog.quality.freshness import opened
from catalog.storage.generations import pinned
from eval.metrics.latency import percentile
from eval.scale.figures import Figure, Progress, Spent, ratio
from eval.scale.generate import PIPELINE
from nl2sql.session import read_clock

PRINCIPAL = "ada"
ROUNDS = 3
MOST_EDGES = 10_000
"""Edges that one of the closures measured touches at most."""

NAMED = "SELECT name, part FROM g_place WHERE id IN (SELECT unnest($1::BIGINT[])) ORDER BY ALL"
RECURSIVE = """
WITH RECURSIVE closure(t, depth) USING KEY (t) AS (
    SELECT $1::BIGINT, 0 UNION SELECT f.t, c.depth + 1 FROM closure c JOIN flow f ON f.s = c.t LEFT JOIN recurring.closure k ON k.t = f.t WHERE k.t IS NULL)
SELECT count(*) FROM closure
"""

Rows = list[tuple[str, str | None]]


@contextmanager
def graph_of(home: Path, timed: dict[str, float]) -> Iterator[Graph]:
    """The graph that ``steward catalog lineage`` walks, for one principal; ``timed`` gets seconds by step."""
    with pinned(home) as generation:
        policy = load_policy(home / POLICY_FILE)
        allowed = authorise(policy.principals[PRINCIPAL], policy)
        views = ("lineage", "datasets", "models")
        plain = {view: [c for c, how in allowed.permits[view].columns.items() if how == "show" and c in TABLES[view]] for view in views}
        with timing(timed, "snapshot, cold"):
            snapshot = prepare(home, generation, AuditLog(home), allowed, views, read_clock(home))
        with opened(snapshot) as connection:
            with timing(timed, "opening the graph"):
                read_tables(connection, plain)
                graph = Graph(connection)
                graph.hops(), graph.hops(up=True)
            yield graph


@contextmanager
def timing(timed: dict[str, float], step: str) -> Iterator[None]:
    """Seconds of a step by the clock, and of the processor."""
    started, before = perf_counter(), process_time()
    yield
    timed |= {step: perf_counter() - started, f"{step}, processor": process_time() - before}


def measure(small: Path, big: Path, asked: int, progress: Progress) -> list[Figure]:
    """So many places, up and down, in two catalogs, of which the bigger one holds the smaller one's lineage."""
    with ExitStack() as stack:
        figures: list[Figure] = []
        graphs: list[Graph] = []
        for home in (small, big):
            progress(f"lineage snapshot of {home.name}, and its graph")
            timed: dict[str, float] = {}
            graphs.append(stack.enter_context(graph_of(home, timed)))
            named = _named(graphs[-1])
            figures += [Figure(f"{named} {step}", seconds, "s") for step, seconds in timed.items()]
        progress("closures of single places")
        spent: tuple[list[Spent], list[Spent]] = ([], [])
        differ = 0
        for name, up in _chosen(graphs[0], asked):
            answers = [_closure(graph, name, up) for graph in graphs]  # by turns, so that other load bears on both
            if all(touched <= MOST_EDGES for _, _, touched in answers):
                differ += answers[0][0] != answers[1][0]
                for kept, (_, took, _) in zip(spent, answers, strict=True):
                    kept.append(took)
        for graph, kept in zip(graphs, spent, strict=True):
            progress(f"{_named(graph)} whole graph")
            figures += [
                Figure(f"{_named(graph)} closure of one place p50", percentile([took.wall for took in kept], 50), "ms"),
                Figure(f"{_named(graph)} closure of one place p95", percentile([took.wall for took in kept], 95), "ms", 50.0),
                Figure(f"{_named(graph)} closure of one place p95, processor", percentile([took.processor for took in kept], 95), "ms"),
                Figure(f"{_named(graph)} DuckDB's recursive query, one place", _recursive(graph), "ms"),
                *_whole(graph, _named(graph)),
            ]
    walls, busy = ([percentile([*map(side, kept)], 95) for kept in spent] for side in (attrgetter("wall"), attrgetter("processor")))
    return [
        *figures,
        Figure("lineage: closures asked of both", len(spent[0]), ""),
        Figure("lineage: answers that differ", differ, "", 0.0),
        ratio("lineage: p95 in the bigger / smaller catalog", walls[1], walls[0], 1.5),
        ratio("lineage: p95 in the bigger / smaller catalog, processor", busy[1], busy[0], 1.5),
    ]


def _named(graph: Graph) -> str:
    return f"lineage, {len(graph.sources):,} edges:"


def _chosen(graph: Graph, count: int) -> list[tuple[str, bool]]:
    """Datasets in both directions, outside the raw sources if there are such."""
    query = """SELECT name FROM (SELECT name, TRY_CAST(regexp_extract(name, '^[a-z]+\\.[a-z]+_(\\d+)$', 1) AS BIGINT) AS number FROM g_place WHERE part IS NULL)
               WHERE number IS NOT NULL ORDER BY number < $1, hash(name) LIMIT $2"""
    return [(str(row[0]), up) for row in graph.connection.execute(query, [PIPELINE, count]).fetchall() for up in (False, True)]


def _closure(graph: Graph, name: str, up: bool) -> tuple[Rows, Spent, int]:
    """Rows of what a place comes from or flows into, what they took (the best of three) and the edges touched."""
    hops, start = graph.hops(up=up), graph.number(Place(name))

    def rows() -> Rows:
        found: Rows = graph.connection.execute(NAMED, [listed(reach(hops, [start]).places())]).fetchall()
        return found

    took = Spent.least(Spent.by(rows) for _ in range(ROUNDS))
    reached = reach(hops, [start])
    return rows(), took, int((hops.first[reached.order + 1] - hops.first[reached.order]).sum())


def _whole(graph: Graph, named: str) -> list[Figure]:
    """The closure of every place that nothing flows into, beside a plain breadth-first search over the same arrays."""
    hops = graph.hops()
    degree = np.diff(graph.hops(up=True).first[: hops.count + 1])
    wholes = distinct(hops.wholes)
    roots = wholes[degree[wholes] == 0]
    ours = theirs = np.inf
    for _ in range(3):
        started = perf_counter()
        reached = reach(hops, roots.tolist())
        ours = min(ours, perf_counter() - started)
        started = perf_counter()
        seen = search(hops, roots)
        theirs = min(theirs, perf_counter() - started)
    assert len(reached.order) == int(seen.sum()), "both reach the same places"
    return [
        Figure(f"{named} whole graph, places reached", len(reached.order), "places"),
        Figure(f"{named} whole graph, ours", ours * 1000, "ms"),
        Figure(f"{named} whole graph, numpy breadth first", theirs * 1000, "ms"),
        ratio(f"{named} whole graph, ours / numpy", ours, theirs, 5.0),
    ]


def search(hops: Hops, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which whole places can be reached: a breadth-first search without paths, depths or origins."""
    seen = np.zeros(hops.count, dtype=np.bool_)
    seen[starts] = True
    frontier = starts
    while len(frontier):
        counts = hops.first[frontier + 1] - hops.first[frontier]
        ends = np.cumsum(counts)
        targets = hops.targets[np.arange(ends[-1]) + np.repeat(hops.first[frontier] - ends + counts, counts)]
        frontier = distinct(targets[~seen[targets]])
        seen[frontier] = True
    return seen


def _recursive(graph: Graph) -> float:
    """Milliseconds of the same walk as a recursive query over numbered flows, from the median place asked about."""
    hops = graph.hops()
    sources = np.repeat(np.arange(hops.count), np.diff(hops.first[: hops.count + 1]))
    graph.connection.register("flows", {"s": sources, "t": hops.targets[: len(sources)]})
    graph.connection.execute("CREATE OR REPLACE TEMP TABLE flow AS SELECT s, t FROM flows")
    start = int(hops.wholes[hops.count // 2])
    started = perf_counter()
    graph.connection.execute(RECURSIVE, [start]).fetchall()
    return (perf_counter() - started) * 1000
