"""Walks along direct flows, breadth first over arrays: each level costs what it touches, and a cycle ends where it began.

DuckDB numbers the places. It does not walk: on 100,000 flows a recursive query, which reads them all at every level, takes 10 ms a hop.
A walk from a whole dataset goes from dataset to dataset. A walk from a column follows flows between columns; where a flow is stated
between whole datasets only, it may carry the column, and the walk goes on from there as one of whole datasets.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from catalog.graph.names import Place
from catalog.graph.number_sets import Numbers, among, distinct, firsts

if TYPE_CHECKING:
    import duckdb

LONGEST_PATH = 64
"""Places of a path that are told."""

READ = """
CREATE OR REPLACE TEMP TABLE g_place AS
SELECT id, name, part, min(id) OVER (PARTITION BY name) AS whole
FROM (SELECT row_number() OVER (ORDER BY name, part NULLS FIRST) - 1 AS id, name, part
      FROM (SELECT upstream AS name, upstream_column AS part FROM g_lineage WHERE depth = 1
            UNION SELECT upstream, NULL FROM g_lineage WHERE depth = 1
            UNION SELECT downstream, downstream_column FROM g_lineage WHERE depth = 1
            UNION SELECT downstream, NULL FROM g_lineage WHERE depth = 1
            UNION FROM g_asked)
      WHERE name IS NOT NULL);

CREATE OR REPLACE TEMP TABLE g_flow AS
SELECT u.id AS s, d.id AS t, u.whole AS sw, d.whole AS tw, coalesce(l.masking, FALSE) AS masked, l.job, l.transform_type, l.last_run,
       l.upstream_kind, l.downstream_kind
FROM g_lineage l
JOIN g_place u ON u.name = l.upstream AND u.part IS NOT DISTINCT FROM l.upstream_column
JOIN g_place d ON d.name = l.downstream AND d.part IS NOT DISTINCT FROM l.downstream_column
WHERE l.depth = 1;
"""


INDEX = {(False, "first"): "g_down_first", (False, "targets"): "g_down", (True, "first"): "g_up_first", (True, "targets"): "g_up"}
"""Tables of a kept graph that hold the arrays of `Hops`, by direction."""


@dataclass(frozen=True, slots=True)
class Hops:
    """Where one can go from a place in one hop: ``targets[first[p]:first[p + 1]]``, ascending.

    Numbers from ``count`` on stand for columns of a dataset whose flows are stated for the whole: they lead on from any of its columns.
    """

    count: int
    wholes: Numbers
    """The whole that each place is of, or is."""
    first: Numbers
    targets: Numbers

    def of(self, place: int) -> Numbers:
        """Places one hop from this one, each once."""
        found = self.targets[self.first[place] : self.first[place + 1]]
        if self.wholes[place] == place:
            return found
        aside = self.count + int(self.wholes[place])
        return distinct(np.concatenate([found, self.targets[self.first[aside] : self.first[aside + 1]]]))

    def is_stated(self, place: int, target: int) -> bool:
        """Whether the hop is one that was published as it is, rather than one of the whole that may carry the column."""
        return bool(self.wholes[place] == place or target in self.targets[self.first[place] : self.first[place + 1]])


@dataclass(frozen=True, slots=True)
class Reached:
    """The places that a walk reached, how far each is from where it began, in hops, and from which it was reached.

    The arrays hold a number more than they say, so that 0 is a place not reached: memory that starts as zeros costs what is touched of it.
    """

    hops: Hops
    depths: Numbers
    vias: Numbers
    origins: Numbers
    order: Numbers
    """Numbers of the places, nearest first, then ascending; where the walk began included."""

    def depth(self, place: int) -> int:
        """Hops from where the walk began; -1 of a place not reached."""
        return int(self.depths[place]) - 1

    def origin(self, place: int) -> int:
        """Where the shortest way to a place began; -1 of a place not reached."""
        return int(self.origins[place]) - 1

    def places(self, most: int | None = None) -> list[int]:
        """Numbers of the places reached, nearest first, where it began left out; with ``most``, those at most so many hops away."""
        depth = self.depths[self.order] - 1
        found: list[int] = self.order[(depth > 0) & (depth <= most) if most is not None else depth > 0].tolist()
        return found

    def parent(self, place: int) -> int:
        """The place from which this one was reached first; -1 where a walk began."""
        via = int(self.vias[place]) - 1
        return int(self.vias[via]) - 1 if via >= self.hops.count else via

    def path(self, place: int) -> list[int]:
        """From where the walk began to this place; of a long way its end only."""
        path = [place]
        while len(path) < LONGEST_PATH and (before := self.parent(path[-1])) >= 0:
            path.append(before)
        return path[::-1]


class Graph:
    """The direct flows of a snapshot whose tables ``tables.read_tables`` has made ready; ``asked`` is a place of it with or without flows.

    With ``kept``, the name of an attached database, places and flows were numbered before (`catalog.graph.kept`). Raises `LookupError` where
    they do not hold what is asked.
    """

    def __init__(self, connection: "duckdb.DuckDBPyConnection", asked: Place | None = None, *, kept: str = "", read: bool = True) -> None:
        self.connection = connection
        self._kept = kept
        if not kept and read:
            connection.execute("CREATE OR REPLACE TEMP TABLE g_asked (name VARCHAR, part VARCHAR)")
            if asked:
                connection.execute("INSERT INTO g_asked VALUES ($1, $2), ($1, NULL)", [asked.name, asked.column])
            connection.execute(READ)
        self.wholes: Numbers = connection.execute("SELECT whole FROM g_place ORDER BY id").fetchnumpy()["whole"].astype(np.int64)
        self._made: dict[str, Hops] = {}
        if kept and asked and self._number(asked) is None:
            raise LookupError(str(asked))

    @cached_property
    def flows(self) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
        """Numbers of both ends of every flow, and whether it masks."""
        flows = self.connection.execute("SELECT s, t, masked FROM g_flow").fetchnumpy()
        return flows["s"].astype(np.int64), flows["t"].astype(np.int64), flows["masked"].astype(np.bool_)

    @property
    def sources(self) -> Numbers:
        """Where each flow comes from."""
        return self.flows[0]

    def number(self, place: Place) -> int:
        """Number of a place that a flow touches or that was asked about."""
        number = self._number(place)
        assert number is not None, "only places of the graph have a number"
        return number

    def _number(self, place: Place) -> int | None:
        query = "SELECT id FROM g_place WHERE name = ? AND part IS NOT DISTINCT FROM ?"
        row = self.connection.execute(query, [place.name, place.column]).fetchone()
        return int(row[0]) if row else None

    def hops(self, *, up: bool = False) -> Hops:
        """Every hop downstream, or ``up``; worked out once, as other hops are."""
        return self._once("up" if up else "down", lambda: self._hops(up))

    def _hops(self, up: bool) -> Hops:
        if self._kept:
            first, targets = (
                self.connection.execute(f"FROM {self._kept}.{INDEX[up, name]}").fetchnumpy()["at"].astype(np.int64) for name in ("first", "targets")
            )
            return Hops(len(self.wholes), self.wholes, first, targets)
        s, t, _ = self.flows
        s, t = (t, s) if up else (s, t)
        count = len(self.wholes)
        sw, tw = self.wholes[s], self.wholes[t]
        of_whole, between = s == sw, sw != tw
        pairs = sw * count + tw
        loose = of_whole.copy()
        loose[of_whole] = ~among(pairs[of_whole], pairs[~of_whole])
        return self._indexed(
            np.concatenate([s[~of_whole], sw[loose] + count, sw[between]]), np.concatenate([t[~of_whole], t[loose], tw[between]])
        )

    def column_hops(self, *, masked: bool | None = None) -> Hops:
        """Hops downstream that were published for a column; with ``masked``, those where every flow masks, or those where one does not."""
        return self._once(f"columns, masked: {masked}", lambda: self._column_hops(masked))

    def _once(self, name: str, make: Callable[[], Hops]) -> Hops:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def _column_hops(self, masked: bool | None) -> Hops:
        s, t, masks = self.flows
        chosen = s != self.wholes[s]
        if masked is not None:
            pairs = s * max(len(self.wholes), 1) + t
            chosen &= ~among(pairs, pairs[~masks]) if masked else ~masks
        return self._indexed(s[chosen], t[chosen])

    def _indexed(self, sources: Numbers, targets: Numbers) -> Hops:
        count = len(self.wholes)
        keys = distinct(sources[sources != targets] * max(count, 1) + targets[sources != targets])
        sources, targets = np.divmod(keys, max(count, 1))
        return Hops(count, self.wholes, np.searchsorted(sources, np.arange(2 * count + 1)), targets)


def listed(numbers: Iterable[int]) -> str:
    """Numbers as a parameter that DuckDB casts to BIGINT[]: a Python list costs it 40 µs for each element."""
    return f"[{','.join(map(str, numbers))}]"


def reach(hops: Hops, starts: list[int]) -> Reached:
    """Everything that can be reached from the nearest of these places; of equally short ways the first in the order of names."""
    depths, vias, origins = (np.zeros(2 * hops.count, dtype=np.int64) for _ in range(3))
    frontier = distinct(np.array(starts, dtype=np.int64))
    depths[frontier], origins[frontier] = 1, frontier + 1
    order = [frontier]
    level = 1
    while len(frontier):
        columns = frontier[hops.wholes[frontier] != frontier]
        asides, of = firsts(hops.wholes[columns] + hops.count)
        fresh = depths[asides] == 0
        asides = asides[fresh]
        depths[asides], vias[asides] = level, columns[of[fresh]] + 1
        origins[asides] = origins[vias[asides] - 1]
        sources = np.concatenate([frontier, asides])
        counts = hops.first[sources + 1] - hops.first[sources]
        ends = np.cumsum(counts)
        at = np.arange(ends[-1]) + np.repeat(hops.first[sources] - ends + counts, counts)
        targets, parents = hops.targets[at], np.repeat(sources, counts)
        fresh = depths[targets] == 0
        frontier, nearest = firsts(targets[fresh])
        level += 1
        depths[frontier], vias[frontier] = level, parents[fresh][nearest] + 1
        origins[frontier] = origins[vias[frontier] - 1]
        order.append(frontier)
    return Reached(hops, depths, vias, origins, np.concatenate(order))
