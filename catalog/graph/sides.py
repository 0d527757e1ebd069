"""One side of a place: what it comes from or flows into, hop by hop, ready to be drawn."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from catalog.graph.names import Place
from catalog.graph.walk import Graph, Hops, Reached, listed, reach

if TYPE_CHECKING:
    import duckdb

MOST_PLACES = 2_000
"""Places that one side shows, the nearest."""
MOST_HOPS = 5_000
JOBS = 5
"""Jobs that are named for one hop."""

Masked = Literal["all", "some", "none"]
Mark = Literal["", "again", "cycle"]

KINDS = """
WITH asked AS MATERIALIZED (SELECT id, name, part, whole FROM g_place WHERE id IN (SELECT unnest($1::BIGINT[])))
SELECT a.id, a.name, a.part, min(f.kind), a.name IN (FROM g_known)
FROM asked a
LEFT JOIN (SELECT sw AS whole, upstream_kind AS kind FROM g_flow WHERE sw IN (SELECT whole FROM asked)
           UNION ALL SELECT tw, downstream_kind FROM g_flow WHERE tw IN (SELECT whole FROM asked)) f ON f.whole = a.whole
GROUP BY a.id, a.name, a.part
"""

ABOUT = """
SELECT w.s, w.t, bool_and(f.masked), bool_or(f.masked), max(f.last_run), list_sort(list(DISTINCT f.job) FILTER (f.job IS NOT NULL)),
       list_sort(list(DISTINCT f.transform_type) FILTER (f.transform_type IS NOT NULL))
FROM (SELECT unnest($1::BIGINT[]) AS s, unnest($2::BIGINT[]) AS t) w JOIN g_flow f ON f.{s} = w.s AND f.{t} = w.t
GROUP BY w.s, w.t
"""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place reached, ``depth`` hops away. What is not in the catalog breaks the path: nothing more is known of it."""

    place: Place
    kind: str
    depth: int
    in_catalog: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """What flows directly from one place into another, all jobs taken together."""

    upstream: Place
    downstream: Place
    masked: Masked = "none"
    """``all``: on every way between the two."""
    is_stated: bool = True
    """False where a flow of the whole may carry the column."""
    jobs: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()
    last_run: datetime | None = None
    """The newest, UTC."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a tree: ``last`` says for each level from the first to this one whether it is the last of its siblings."""

    spot: Spot
    hop: Hop
    last: tuple[bool, ...]
    mark: Mark
    """``again``: its own hops are where it stands first; ``cycle``: it is above on this very path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What was found in one direction. ``beyond`` places are farther than was asked for, ``left_out`` would be too many."""

    start: Spot
    spots: tuple[Spot, ...]
    hops: tuple[Hop, ...]
    lines: tuple[Line, ...]
    beyond: int
    left_out: int

    @property
    def is_partial(self) -> bool:
        """Whether a name on the way is not in the catalog."""
        return any(not spot.in_catalog for spot in (self.start, *self.spots))


def side(graph: Graph, place: Place, *, up: bool, depth: int) -> Side:
    """What ``place`` comes from (``up``) or flows into, at most ``depth`` hops away."""
    hops, start = graph.hops(up=up), graph.number(place)
    reached = reach(hops, [start])
    near = reached.places(depth)
    shown = near[:MOST_PLACES]
    pairs = _pairs(hops, reached, start, shown)
    spots = spots_of(graph.connection, {start: 0, **{number: reached.depth(number) for number in shown}})
    drawn = pairs[:MOST_HOPS]
    about = dict(zip(drawn, _about(graph, hops, drawn, spots, up), strict=True))
    return Side(
        start=spots[start],
        spots=tuple(spots[number] for number in shown),
        hops=tuple(about.values()),
        lines=tuple(_lines(start, spots, reached, about)),
        beyond=len(reached.places()) - len(near),
        left_out=len(near) - len(shown) + len(pairs) - len(drawn),
    )


def spots_of(connection: "duckdb.DuckDBPyConnection", depths: Mapping[int, int]) -> dict[int, Spot]:
    """What stands at these numbers, given how far away each is."""
    rows = connection.execute(KINDS, [listed(depths)]).fetchall()
    found = {}
    for number, name, part, kind, is_known in rows:
        kind = kind or "dataset"
        found[int(number)] = Spot(Place(name, part), kind, depths[number], is_known or kind == "report")
    return found


def _pairs(hops: Hops, reached: Reached, start: int, shown: list[int]) -> list[tuple[int, int]]:
    """Hops between the places shown; those by which each was reached first, so that these are not the ones left out."""
    inside = {start, *shown}
    every = [(place, target) for place in (start, *shown) for target in map(int, hops.of(place)) if target in inside]
    return sorted(every, key=lambda pair: reached.parent(pair[1]) != pair[0])


def _about(graph: Graph, hops: Hops, pairs: list[tuple[int, int]], spots: Mapping[int, Spot], up: bool) -> Iterator[Hop]:
    """Each hop with what is known of it, in the direction in which data flows."""
    wholes = hops.wholes
    keys: dict[tuple[int, int], tuple[bool, int, int]] = {}
    for place, target in pairs:
        stated = hops.is_stated(place, target)
        here = place if stated else int(wholes[place])
        between_wholes = bool(wholes[place] == place and wholes[target] == target)
        keys[place, target] = (between_wholes, *((target, here) if up else (here, target)))
    known: dict[tuple[bool, int, int], tuple[object, ...]] = {}
    for between_wholes, ends in ((True, {"s": "sw", "t": "tw"}), (False, {"s": "s", "t": "t"})):
        asked = sorted({key[1:] for key in keys.values() if key[0] is between_wholes})
        rows = graph.connection.execute(ABOUT.format(**ends), [listed(s for s, _ in asked), listed(t for _, t in asked)]).fetchall() if asked else []
        known |= {(between_wholes, row[0], row[1]): row[2:] for row in rows}
    for place, target in pairs:
        every, some, last_run, jobs, transforms = known[keys[place, target]]
        assert last_run is None or isinstance(last_run, datetime)
        first, second = (target, place) if up else (place, target)
        yield Hop(
            upstream=spots[first].place,
            downstream=spots[second].place,
            masked="all" if every else "some" if some else "none",
            is_stated=hops.is_stated(place, target),
            jobs=_texts(jobs)[:JOBS],
            transforms=_texts(transforms),
            last_run=last_run,
        )


def _texts(cell: object) -> tuple[str, ...]:
    return tuple(map(str, cell)) if isinstance(cell, list) else ()


def _lines(start: int, spots: Mapping[int, Spot], reached: Reached, about: Mapping[tuple[int, int], Hop]) -> Iterator[Line]:
    """The tree, each place with its own hops once: where it was reached first."""
    children: dict[int, list[int]] = {}
    for place, target in sorted(about):
        children.setdefault(place, []).append(target)
    stack: list[tuple[int, int, tuple[bool, ...]]] = [(start, target, (at == len(children[start]) - 1,)) for at, target in reversed(list(enumerate(children.get(start, []))))]
    trail = [start]
    while stack:
        place, target, last = stack.pop()
        trail[len(last) - 1 :] = [place]
        opens = target != start and reached.parent(target) == place
        mark: Mark = "" if opens else "cycle" if target in trail else "again" if target in children else ""
        yield Line(spots[target], about[place, target], last, mark)
        if opens:
            below = children.get(target, [])
            stack += [(target, further, (*last, at == len(below) - 1)) for at, further in reversed(list(enumerate(below)))]
