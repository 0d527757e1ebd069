"""Lineage at any depth, from the direct edges that one asker may see.

A place is a dataset, model or report, or one column of it; a path goes on where an edge leaves the very place that the
last one reached. Knows nothing about policies: what it is given is all there is. The closure of a few names is in `anchored`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

MAX_DEPTH = 32
"""Hops; longer paths are not followed."""

MAX_PAIRS = 1_000_000
"""Pairs of places; a level that would pass it is not followed, because whoever publishes edges must not exhaust memory."""

MAX_WAYS = 10_000_000
"""Ways on from the pairs of one level; n places into one and n out of it are n² of them."""

MAX_PATH_BYTES = 1 << 27
"""Text of all paths together; names are up to their publishers."""

CLEARANCE_ORDER = "['public', 'internal', 'confidential', 'restricted']"

PREPARE = f"""
CREATE TEMP TABLE place AS
SELECT row_number() OVER (ORDER BY name, part NULLS FIRST) AS id, name, part
FROM (SELECT upstream AS name, upstream_column AS part FROM closure UNION SELECT downstream, downstream_column FROM closure);

CREATE TEMP TABLE hop AS
SELECT DISTINCT ON (s, t) u.id AS s, d.id AS t, c.rowid AS edge, c.downstream, c.masking, c.last_run, c.as_of, c.origin, c.is_partial,
       coalesce(list_position({CLEARANCE_ORDER}, c.sensitivity), 4) AS clearance
FROM closure c
JOIN place u ON u.name = c.upstream AND u.part IS NOT DISTINCT FROM c.upstream_column
JOIN place d ON d.name = c.downstream AND d.part IS NOT DISTINCT FROM c.downstream_column
WHERE u.id <> d.id
ORDER BY s, t, c.job NULLS FIRST, c.node;

CREATE TEMP TABLE walk AS
SELECT s, t, 1 AS depth, edge AS first, edge AS last, (SELECT path FROM closure c WHERE c.rowid = edge) AS path,
       masking, last_run, as_of, origin, is_partial, clearance
FROM hop;
"""

WAYS = "SELECT count(*) FROM (SELECT 1 FROM walk w JOIN hop h ON h.s = w.t WHERE w.depth = $depth LIMIT $most)"

STEP = """
CREATE OR REPLACE TEMP TABLE step AS
SELECT w.s, h.t, min(h.s) AS via
FROM walk w JOIN hop h ON h.s = w.t
WHERE w.depth = $depth AND h.t <> w.s AND NOT EXISTS (FROM walk seen WHERE seen.s = w.s AND seen.t = h.t)
GROUP BY w.s, h.t
"""

SIZE = "SELECT count(*), coalesce(sum(strlen(w.path)), 0) FROM step n JOIN walk w ON w.s = n.s AND w.t = n.via"

EXTEND = """
INSERT INTO walk
SELECT n.s, n.t, w.depth + 1, w.first, h.edge, w.path || ' → ' || h.downstream, w.masking OR h.masking, least(w.last_run, h.last_run),
       least(w.as_of, h.as_of), CASE WHEN 'synthetic' IN (w.origin, h.origin) THEN 'synthetic' ELSE 'measured' END,
       w.is_partial OR h.is_partial, greatest(w.clearance, h.clearance)
FROM step n JOIN walk w ON w.s = n.s AND w.t = n.via JOIN hop h ON h.s = n.via AND h.t = n.t
"""

FINISH = f"""
INSERT INTO closure BY NAME
SELECT f.upstream, f.upstream_kind, f.upstream_column, l.downstream, l.downstream_kind, l.downstream_column, l.node,
       w.depth::INTEGER AS depth, w.path, w.masking, w.last_run, w.as_of, w.origin, w.is_partial,
       {CLEARANCE_ORDER}[w.clearance] AS sensitivity
FROM walk w JOIN closure f ON f.rowid = w.first JOIN closure l ON l.rowid = w.last
WHERE w.depth > 1;

DROP TABLE IF EXISTS step; DROP TABLE walk; DROP TABLE hop; DROP TABLE place;
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a closure ends although lineage goes on: every pair up to ``hops`` is there; ``more`` farther ones at least are not, None where nobody counted."""

    hops: int
    more: int | None


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is known of every row that a statement reads: it is from one of ``upstream``, into one of ``downstream`` or at most ``hops`` long."""

    upstream: frozenset[str] = frozenset()
    downstream: frozenset[str] = frozenset()
    hops: int = 0

    @property
    def names(self) -> frozenset[str]:
        """The names that a closure has to start from."""
        return self.upstream | self.downstream


def direct(edges: str) -> str:
    """Query for rows of depth 1 from a query over ``edges``; a name is known when the temporary table ``known`` has it."""
    return f"""
SELECT e.*, 1::INTEGER AS depth, e.upstream || ' → ' || e.downstream AS path,
       NOT ((e.upstream_kind = 'report' OR EXISTS (FROM known k WHERE k.name = e.upstream))
            AND (e.downstream_kind = 'report' OR EXISTS (FROM known k WHERE k.name = e.downstream))) AS is_partial
FROM ({edges}) e"""


def build_closure(connection: "duckdb.DuckDBPyConnection", rows: str) -> Cut | None:
    """Make the temporary table ``closure`` from a query for direct rows, a view where there are more than `MAX_PAIRS`; says where it had to end.

    Every one of them stays. For two places that none joins, one row holds a shortest path: without a job, masked when a
    hop is, as old and as sensitive as its oldest and most sensitive hop, partial when a name on it is neither known nor a
    report. No place is upstream of itself by a cycle.
    """
    if too_many(connection, rows):
        connection.execute(f"CREATE TEMP VIEW closure AS {rows}")
        return Cut(1, None)
    connection.execute(f"CREATE TEMP TABLE closure AS {rows}")
    connection.execute(PREPARE)
    pairs, size = _numbers(connection, "SELECT count(*), coalesce(sum(strlen(path)), 0) FROM walk")
    depth, cut = 1, None
    while True:
        if _numbers(connection, WAYS, depth=depth, most=MAX_WAYS) == (MAX_WAYS,):
            cut = Cut(depth, None)
            break
        connection.execute(STEP, {"depth": depth})
        found, longer = _numbers(connection, SIZE)
        pairs, size = pairs + found, size + longer
        if found == 0:
            break
        if pairs > MAX_PAIRS or size > MAX_PATH_BYTES or depth == MAX_DEPTH:
            cut = Cut(depth, found)
            break
        connection.execute(EXTEND)
        depth += 1
    connection.execute(FINISH)
    return cut


def too_many(connection: "duckdb.DuckDBPyConnection", rows: str) -> bool:
    """Whether direct pairs alone are more than are kept, so that no longer path is: to hold and number ten million flows takes 7 GB."""
    if _numbers(connection, f"SELECT count(*) FROM (SELECT 1 FROM ({rows}) LIMIT {MAX_PAIRS + 1})") <= (MAX_PAIRS,):
        return False
    first = f"FROM ({rows}) LIMIT {2 * MAX_PAIRS}"  # of ten times as many it is enough to look at these
    distinct = "SELECT DISTINCT upstream, upstream_column, downstream, downstream_column"
    return any(_numbers(connection, f"SELECT count(*) FROM ({distinct} FROM ({some}) LIMIT {MAX_PAIRS + 1})") > (MAX_PAIRS,) for some in (first, rows))


def _numbers(connection: "duckdb.DuckDBPyConnection", query: str, **parameters: int) -> tuple[int, ...]:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return tuple(map(int, row))
