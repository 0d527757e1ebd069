"""What breaks when a dataset or a column goes: everything downstream, with who owns it, what is open about it and who may use it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.graph.names import Place
from catalog.graph.sides import spots_of
from catalog.graph.walk import Graph, listed, reach

FACTS = """
SELECT n.name, o.owner, coalesce(q.alerts, 0), coalesce(g.grants, 0), coalesce(g.principals, 0)
FROM (SELECT DISTINCT name FROM g_place WHERE id IN (SELECT unnest($numbers::BIGINT[]))) n
LEFT JOIN (SELECT name, string_agg(DISTINCT owner, ', ' ORDER BY owner) AS owner
           FROM (SELECT name, owner FROM g_datasets UNION SELECT name, owner FROM g_models) GROUP BY name) o ON o.name = n.name
LEFT JOIN (SELECT dataset, count(*) AS alerts FROM g_quality_checks WHERE alert_status = 'open' GROUP BY dataset) q ON q.dataset = n.name
LEFT JOIN (SELECT dataset, count(*) AS grants, count(DISTINCT principal) AS principals FROM g_grants
           WHERE NOT coalesce(revoked, FALSE) AND (expires IS NULL OR expires > $now) GROUP BY dataset) g ON g.dataset = n.name
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A dataset, model or report that something flows into."""

    name: str
    kind: str
    depth: int
    """Hops of the shortest way."""
    columns: tuple[str, ...] = ()
    """Columns of it that are known to be fed; empty where flows are stated for the whole."""
    is_certain: bool = True
    """False where only a flow of a whole dataset leads here, which may or may not carry the column."""
    path: tuple[str, ...]
    """Places of a shortest way, both ends included; of a long way its end."""
    in_catalog: bool = True
    owner: str | None = None
    open_alerts: int = 0
    grants: int = 0
    """Neither revoked nor expired."""
    principals: int = 0
    """Who hold them."""


def impact(graph: Graph, place: Place, now: datetime) -> list[Broken]:
    """What is downstream of ``place``, the nearest first, each thing once."""
    start = graph.number(place)
    reached = reach(graph.hops(), [start])
    numbers = reached.places()
    certain = set(reach(graph.column_hops(), [start]).places()) if place.column is not None else set(numbers)
    spots = spots_of(graph.connection, {start: 0, **{number: reached.depth(number) for number in numbers}})
    found: dict[str, Broken] = {}
    for number in numbers:
        spot = spots[number]
        name, column = spot.place.name, spot.place.column
        if name not in found:
            path = tuple(str(spots[step].place) for step in reached.path(number))
            found[name] = Broken(name=name, kind=spot.kind, depth=spot.depth, is_certain=False, path=path, in_catalog=spot.in_catalog)
        known = found[name]
        columns = (*known.columns, column) if column is not None and number in certain else known.columns
        found[name] = replace(known, columns=columns, is_certain=known.is_certain or number in certain)
    facts = graph.connection.execute(FACTS, {"numbers": listed(numbers), "now": now}).fetchall()
    return sorted(_with_facts(found, facts), key=lambda broken: (broken.depth, not broken.is_certain, broken.name))


def _with_facts(found: Mapping[str, Broken], facts: Iterable[tuple[str, str | None, int, int, int]]) -> Iterator[Broken]:
    for name, owner, alerts, grants, principals in facts:
        known = found[name]
        yield replace(known, columns=tuple(sorted(known.columns)), owner=owner, open_alerts=alerts, grants=grants, principals=principals)
