"""Groups of at least k entities, worked out once from the rows that an asker's cube may be made of.

Groups form a tree: all rows, then those by the first dimension, by the first two, and so on. A group below k is left out, and
so is a larger one beside it where the rest, the group above less those shown, would be below k or a single group. Whatever is
added or subtracted then is about k entities or more: the rows of each shown group that are in no shown group below it are a
block, blocks do not overlap, every linear combination of sums and counts is one of whole blocks, and each has k entities.

An entity counts where each measured column has a value, so that no mean is that of fewer. Rows without an entity are left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from catalog.access.policy import Cube, Measure

if TYPE_CHECKING:
    import duckdb


def build_cube(connection: "duckdb.DuckDBPyConnection", cube: Cube, rows: str) -> None:
    """Make the table of a cube in the open database from the SQL of its rows."""
    rule = cube.rule
    depth = len(rule.dimensions)
    ids = ", ".join(f"dense_rank() OVER (ORDER BY {_listed(rule.dimensions[:level]) or '1'}) AS g{level}" for level in range(depth + 1))
    connection.execute(f'CREATE OR REPLACE TEMP TABLE cube_rows AS SELECT *, {ids} FROM ({rows}) WHERE "{rule.entity}" IS NOT NULL')
    shown = _shown(connection, _entities(rule.entity, rule.measures), depth, rule.k)
    measured = ", ".join(f"{_measured(m)} AS m{place}" for place, m in enumerate(rule.measures))
    keys = ", ".join(f'any_value("{name}") AS d{place}' for place, name in enumerate(rule.dimensions))
    levels = []
    for level, groups in enumerate(shown):
        dimensions = [f"d{place}" if place < level else f"NULL AS d{place}" for place in range(depth)]
        cells = ", ".join([*dimensions, *(f"m{place}" for place in range(len(rule.measures)))])
        among = ", ".join(map(str, groups)) or "NULL"
        levels.append(
            f"SELECT {level} AS level, {cells} FROM (SELECT {keys}, {measured} FROM cube_rows WHERE g{level} IN ({among}) GROUP BY g{level})"
        )
    inner = ["level", *(f"d{place}" for place in range(depth)), *(f"m{place}" for place in range(len(rule.measures)))]
    columns = ", ".join(f'TRY_CAST({cell} AS {type_}) AS "{name}"' for cell, (name, type_) in zip(inner, cube.columns.items(), strict=True))
    connection.execute(f'CREATE TABLE "{rule.name}" AS SELECT {columns} FROM ({" UNION ALL ".join(levels)}) ORDER BY ALL')
    connection.execute("DROP TABLE cube_rows")


def _shown(connection: "duckdb.DuckDBPyConnection", entities: str, depth: int, k: int) -> list[list[int]]:
    """The groups to show on each level, from all rows down; a group is only shown below one that is."""
    total = connection.execute(f"SELECT {entities} FROM cube_rows").fetchone()
    assert total is not None
    shown = [[1] if (total[0] or 0) >= k else []]
    for level in range(1, depth + 1):
        above = set(shown[-1])
        below: dict[int, list[tuple[int, int]]] = defaultdict(list)
        sql = f"SELECT g{level - 1}, g{level}, {entities} FROM cube_rows GROUP BY ALL ORDER BY ALL"
        for parent, group, count in connection.execute(sql).fetchall():
            if parent in above:
                below[parent].append((count, group))
        rests = _rests(connection, entities, level, [g for groups in below.values() for n, g in groups if n < k])
        shown.append([group for parent, groups in below.items() for group in _open(groups, rests.get(parent, 0), k)])
    return shown


def _rests(connection: "duckdb.DuckDBPyConnection", entities: str, level: int, small: Iterable[int]) -> Mapping[int, int]:
    """How many entities the small groups below each group have together."""
    among = ", ".join(map(str, small)) or "NULL"
    return dict(connection.execute(f"SELECT g{level - 1}, {entities} FROM cube_rows WHERE g{level} IN ({among}) GROUP BY ALL").fetchall())


def _open(groups: list[tuple[int, int]], rest: int, k: int) -> list[int]:
    """Which of the groups below one are shown: those of k, less the smallest where the rest would tell too much."""
    enough = sorted((count, group) for count, group in groups if count >= k)
    left_out = len(groups) - len(enough)
    if left_out and (left_out < 2 or rest < k):
        enough = enough[1:]
    return sorted(group for _, group in enough)


def _entities(entity: str, measures: Iterable[Measure]) -> str:
    """SQL of how many entities a group certainly has in each of its measures."""
    counts = [f'count(DISTINCT "{entity}")']
    counts += [f'count(DISTINCT "{entity}") FILTER (WHERE "{m.column}" IS NOT NULL)' for m in measures if m.column]
    return f"least({', '.join(counts)})" if len(counts) > 1 else counts[0]


def _measured(measure: Measure) -> str:
    """Values are added up in their own order: in that of the rows, the last digit would tell of rows that are hidden."""
    column = f'"{measure.column}"'
    return "count(*)" if measure.function == "count" else f"list_{measure.function}(list({column} ORDER BY {column}))"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
