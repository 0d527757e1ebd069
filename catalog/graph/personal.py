"""Where personal data goes: from columns tagged with a kind of it along flows between columns, until a step masks it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from catalog.graph.names import Place
from catalog.graph.sides import spots_of
from catalog.graph.walk import Graph, reach

TAGGED = """
SELECT DISTINCT c.pii_category, p.id FROM g_columns c JOIN g_place p ON p.name = c.dataset AND p.part = c.column_name
WHERE c.pii_category IS NOT NULL ORDER BY ALL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A place that personal data flows into, or would but for a masking step."""

    place: Place
    kind: str
    category: str
    outcome: Literal["untagged", "masked"]
    """``untagged``: it is received, and no tag says so; ``masked``: the last hop of the path masks it."""
    origin: Place
    """The nearest tagged column that it comes from."""
    path: tuple[str, ...]
    """From there to the place; of a long way its end."""
    between: tuple[str, ...] = ()
    """Datasets that the path goes through."""

    def touches(self, place: Place) -> bool:
        """Whether a place is on the way, or a column of it where it is a whole."""
        steps = (*self.path, str(self.origin), str(self.place))
        return str(place) in steps or (place.column is None and place.name in (self.origin.name, self.place.name, *self.between))


def personal_flows(graph: Graph) -> list[Received]:
    """Every untagged place that receives personal data, then every place that a masking step keeps it from; a row for each kind of it.

    A place that receives a kind of personal data by another way is not one that masking keeps it from.
    """
    seeds: dict[str, list[int]] = {}
    for category, number in graph.connection.execute(TAGGED).fetchall():
        seeds.setdefault(str(category), []).append(int(number))
    tagged = {number for numbers in seeds.values() for number in numbers}
    found = [row for category, starts in seeds.items() for row in _of(graph, category, starts, tagged)]
    return sorted(found, key=lambda row: (row.outcome != "untagged", row.place.name, row.place.column or "", row.category))


def _of(graph: Graph, category: str, starts: list[int], tagged: set[int]) -> Iterator[Received]:
    """What becomes of one kind of personal data."""
    open_hops, masked_hops = graph.column_hops(masked=False), graph.column_hops(masked=True)
    reached = reach(open_hops, starts)
    paths = {number: reached.path(number) for number in reached.places() if number not in tagged}
    origins = {number: reached.origin(number) for number in paths}
    for carrier in map(int, reached.order):
        for target in map(int, masked_hops.targets[masked_hops.first[carrier] : masked_hops.first[carrier + 1]]):
            if reached.depth(target) < 0 and target not in paths:
                paths[target], origins[target] = [*reached.path(carrier), target], reached.origin(carrier)
    spots = spots_of(graph.connection, dict.fromkeys({step for path in (*paths.values(), list(origins.values())) for step in path}, 0))
    for number, path in paths.items():
        yield Received(
            place=spots[number].place,
            kind=spots[number].kind,
            category=category,
            outcome="untagged" if reached.depth(number) > 0 else "masked",
            origin=spots[origins[number]].place,
            path=tuple(str(spots[step].place) for step in path),
            between=tuple(dict.fromkeys(spots[step].place.name for step in path)),
        )
