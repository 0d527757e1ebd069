"""Lineage of a few names at any depth: the rows that `closure.build_closure` makes of them, however many those of others are.

Breadth first over arrays, all names at once: a level costs what it touches. The path that is told of two places is the closure's own: of
the shortest ones that whose last place but one comes first in the order of names, then the one before that, and so on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from catalog.storage import closure
from catalog.storage.closure import CLEARANCE_ORDER, Cut, Fixed

if TYPE_CHECKING:
    import duckdb

Numbers = NDArray[np.int64]

HOPS = f"""
CREATE TEMP TABLE place AS
SELECT row_number() OVER (ORDER BY name, part NULLS FIRST) - 1 AS id, name, part
FROM (SELECT upstream AS name, upstream_column AS part FROM flow UNION SELECT downstream, downstream_column FROM flow);

CREATE TEMP TABLE hop AS
SELECT DISTINCT ON (s, t) u.id AS s, d.id AS t, f.rowid AS edge, coalesce(f.masking::BIGINT * 2, 1) AS masking,
       epoch_us(f.last_run) AS last_run, epoch_us(f.as_of) AS as_of, (f.origin = 'synthetic')::BIGINT AS synthetic,
       f.is_partial::BIGINT AS is_partial, coalesce(list_position({CLEARANCE_ORDER}, f.sensitivity), 4)::BIGINT AS clearance
FROM flow f
JOIN place u ON u.name = f.upstream AND u.part IS NOT DISTINCT FROM f.upstream_column
JOIN place d ON d.name = f.downstream AND d.part IS NOT DISTINCT FROM f.downstream_column
WHERE u.id <> d.id
ORDER BY s, t, f.job NULLS FIRST, f.node;
"""
"""As the closure numbers and chooses them. Masking is 0 no, 1 not known, 2 yes: OR is the greatest of them."""

TOUCH = """
CREATE OR REPLACE TEMP TABLE touched AS FROM {edges} WHERE {near} IN (FROM front);
INSERT INTO flow {rows};
INSERT INTO seen FROM front;
CREATE OR REPLACE TEMP TABLE front AS SELECT DISTINCT {far} AS name FROM flow WHERE {near} IN (FROM front) AND {far} NOT IN (FROM seen);
"""
"""Edges are looked for by their names alone, and then whether they may be seen: the other way round each level takes forty times as long."""

PAIRS = "SELECT count(*) FROM (SELECT DISTINCT upstream, upstream_column, downstream, downstream_column FROM flow)"

DIRECT = "CREATE TEMP TABLE closure AS FROM flow WHERE upstream IN (SELECT unnest($up)) OR downstream IN (SELECT unnest($down))"

LONGER = f"""
INSERT INTO closure BY NAME
SELECT f.upstream, f.upstream_kind, f.upstream_column, l.downstream, l.downstream_kind, l.downstream_column, l.node,
       w.depth::INTEGER AS depth, w.paths AS path, CASE w.masking WHEN 0 THEN FALSE WHEN 2 THEN TRUE END AS masking,
       make_timestamp(nullif(w.last_run, {{never}})) AS last_run, make_timestamp(nullif(w.as_of, {{never}})) AS as_of,
       CASE w.synthetic WHEN 1 THEN 'synthetic' ELSE 'measured' END AS origin, w.is_partial = 1 AS is_partial,
       {CLEARANCE_ORDER}[w.clearance] AS sensitivity
FROM walked w JOIN flow f ON f.rowid = w.first JOIN flow l ON l.rowid = w.last
"""
NEVER = int(np.iinfo(np.int64).max)
"""A time that is not known: the older of two is the known one."""
ARROW = " → "
OLDEST, WORST = ("last_run", "as_of"), ("masking", "synthetic", "is_partial", "clearance")
"""What a path takes of its hops: the least, and the greatest."""


@dataclass(slots=True)
class _Walked:
    """Pairs farther than a hop, column by column, and how much there may still be of them."""

    pairs: int
    size: int
    columns: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, rows: dict[str, Any], kept: NDArray[np.bool_]) -> None:
        for name, cells in rows.items():
            self.columns.setdefault(name, []).append(cells[kept])

    def table(self) -> dict[str, Any]:
        return {name: np.concatenate(cells) for name, cells in self.columns.items()}


def build_anchored(connection: "duckdb.DuckDBPyConnection", edges: str, direct: Callable[[str], str], fixed: Fixed) -> Cut | None:
    """Make the temporary table ``closure``: of direct rows and the paths over them, what ``fixed`` leaves; says where it had to end.

    ``edges`` is a table, ``direct`` a query for the rows of a query over it or a part of it. It ends only where the flows or the paths
    of these names alone are more than a closure keeps. ``fixed.hops`` is 0 or 1.
    """
    rows = direct(f"FROM {edges}")
    if not fixed.names:
        connection.execute(f"CREATE TEMP VIEW closure AS {rows}")
        return None
    connection.execute(f"CREATE TEMP TABLE flow AS FROM ({rows}) LIMIT 0")
    ended = _touch(connection, edges, direct, fixed)
    if fixed.hops:
        connection.execute(f"CREATE TEMP TABLE closure AS {rows}")
    else:
        connection.execute(DIRECT, {"up": sorted(fixed.upstream), "down": sorted(fixed.downstream)})
    connection.execute(HOPS)
    walked, cut = _walk(connection, fixed)
    if walked.columns:
        connection.register("walked", walked.table())
        connection.execute(LONGER.format(never=NEVER))
        connection.unregister("walked")
    connection.execute("DROP TABLE hop; DROP TABLE place; DROP TABLE flow")
    return min((end for end in (ended, cut) if end), key=lambda end: end.hops, default=None)


def _touch(connection: "duckdb.DuckDBPyConnection", edges: str, direct: Callable[[str], str], fixed: Fixed) -> Cut | None:
    """Fill the table ``flow`` with the direct rows on any way from or to the names: all of them at once would be too many to hold."""
    connection.execute("CREATE OR REPLACE TEMP TABLE seen (name VARCHAR)")
    ended = None
    for names, near, far in ((fixed.upstream, "upstream", "downstream"), (fixed.downstream, "downstream", "upstream")):
        connection.execute("DELETE FROM seen")
        connection.execute("CREATE OR REPLACE TEMP TABLE front AS SELECT unnest($1::VARCHAR[]) AS name", [sorted(names)])
        depth = 0
        while connection.execute("FROM front LIMIT 1").fetchone():
            connection.execute(TOUCH.format(edges=edges, rows=direct("FROM touched"), near=near, far=far))
            depth += 1
            if all(_count(connection, query) > closure.MAX_PAIRS for query in ("SELECT count(*) FROM flow", PAIRS)):
                ended = Cut(depth if ended is None else min(depth, ended.hops), None)
                break
    connection.execute("CREATE OR REPLACE TEMP TABLE flow AS SELECT DISTINCT * FROM flow; DROP TABLE IF EXISTS touched; DROP TABLE seen; DROP TABLE front")
    return ended


def _count(connection: "duckdb.DuckDBPyConnection", query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _walk(connection: "duckdb.DuckDBPyConnection", fixed: Fixed) -> tuple[_Walked, Cut | None]:
    """Both walks over the tables ``place`` and ``hop``: down from what is fixed upstream, up from what is fixed downstream."""
    hops = {name: np.ma.filled(cells, NEVER).astype(np.int64) for name, cells in connection.execute("FROM hop ORDER BY s, t").fetchnumpy().items()}
    names = np.asarray(connection.execute("SELECT name FROM place ORDER BY id").fetchnumpy()["name"], dtype=object)
    walked, cuts = _Walked(closure.MAX_PAIRS, closure.MAX_PATH_BYTES), []
    for ends, up in ((fixed.upstream, False), (fixed.downstream, True)):
        starts = np.array([at for at, name in enumerate(names) if name in ends], dtype=np.int64)
        done = fixed.upstream if up else frozenset[str]()
        if len(starts) and (cut := _levels(hops, names, starts, up, done, walked)):
            cuts.append(cut)
    return walked, min(cuts, key=lambda cut: cut.hops, default=None)


def _levels(hops: dict[str, Numbers], names: NDArray[Any], starts: Numbers, up: bool, done: frozenset[str], walked: _Walked) -> Cut | None:
    """Walk from every start until nothing is new, and add the pairs but for those that begin with what is ``done``.

    The frontier goes down in the order of places and up in the order of the paths it has reached them by: either way the first to reach a place is its path's.
    """
    near, far = (hops["t"], hops["s"]) if up else (hops["s"], hops["t"])
    order = np.lexsort((far, near)) if up else np.arange(len(near))
    count = len(names)
    first, targets = np.searchsorted(near[order], np.arange(count + 1)), far[order]
    lengths = np.array([len(name.encode()) for name in names], dtype=np.int64)
    finished = np.array([name in done for name in names], dtype=np.bool_)
    anchors, places = np.arange(len(starts)), starts
    seen = np.sort(anchors * count + starts)
    level: dict[str, Any] = {"paths": names[starts], "sizes": lengths[starts]}
    depth = 0
    while True:
        degrees = first[places + 1] - first[places]
        ends = np.cumsum(degrees)
        at = np.arange(ends[-1]) + np.repeat(first[places] - ends + degrees, degrees)
        parents = np.repeat(np.arange(len(places)), degrees)
        keys = anchors[parents] * count + targets[at]
        fresh = np.flatnonzero(seen[np.minimum(np.searchsorted(seen, keys), len(seen) - 1)] != keys)
        new, chosen = np.unique(keys[fresh], return_index=True)
        if not len(new):
            return None
        chosen = fresh[np.sort(chosen) if up else chosen]
        via, taken = parents[chosen], order[at[chosen]]
        anchors, places = np.divmod(keys[chosen], count)
        sizes = level["sizes"][via] + len(ARROW.encode()) + lengths[places]
        kept = ~finished[places] if up else np.ones(len(places), dtype=np.bool_)
        if depth:
            walked.pairs -= int(kept.sum())
            walked.size -= int(sizes[kept].sum())
            if walked.pairs < 0 or walked.size < 0:
                return Cut(depth, int(kept.sum()))
        seen = np.sort(np.concatenate([seen, new]))
        level = _next(level, via, taken, hops, names[places], up) | {"sizes": sizes}
        depth += 1
        if depth > 1:
            walked.add({**{name: cells for name, cells in level.items() if name != "sizes"}, "depth": np.full(len(places), depth)}, kept)


def _next(level: dict[str, Any], via: Numbers, taken: Numbers, hops: dict[str, Numbers], reached: NDArray[Any], up: bool) -> dict[str, Any]:
    """The rows of the next level: each path of ``via`` with a hop more."""
    paths = np.empty(len(via), dtype=object)
    before = level["paths"][via]
    paths[:] = [f"{name}{ARROW}{path}" if up else f"{path}{ARROW}{name}" for path, name in zip(before, reached, strict=True)]
    edge = hops["edge"][taken]
    is_first = "first" not in level
    rows: dict[str, Any] = {
        "paths": paths,
        "first": edge if up or is_first else level["first"][via],
        "last": edge if not up or is_first else level["last"][via],
    }
    for columns, taken_of_both in ((OLDEST, np.minimum), (WORST, np.maximum)):
        for name in columns:
            rows[name] = hops[name][taken] if is_first else taken_of_both(level[name][via], hops[name][taken])
    return rows
