"""Walks: tables of graphs, both directions, and the same places at the same depths as a plain search finds."""

from collections import deque
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.graph.impact import impact
from catalog.graph.names import Place, resolve
from catalog.graph.render import tree
from catalog.graph.sides import MOST_PLACES, side
from catalog.graph.walk import Graph

NOW = datetime(2026, 11, 1)
DIAMOND = ["a > b", "a > c", "b > d", "c > d"]
COLUMNS = ["a.x > b.y", "a.z > b.w", "b.y > c.v", "a > b", "b > c", "c > report", "c > model"]


@pytest.mark.parametrize(
    ("flows", "asked", "down", "up"),
    [
        pytest.param(["a > b", "b > c"], "b", {"c": 1}, {"a": 1}, id="chain"),
        pytest.param(DIAMOND, "a", {"b": 1, "c": 1, "d": 2}, {}, id="diamond"),
        pytest.param(DIAMOND, "d", {}, {"b": 1, "c": 1, "a": 2}, id="diamond-up"),
        pytest.param(["a > b", "b > c", "c > a"], "a", {"b": 1, "c": 2}, {"c": 1, "b": 2}, id="cycle"),
        pytest.param(["a > a", "a > b"], "a", {"b": 1}, {}, id="self-loop"),
        pytest.param(["a > b", "c > d"], "a", {"b": 1}, {}, id="hidden-middle"),
        pytest.param(["a.x > b.y", "b.q > c.v"], "a", {"b": 1, "c": 2}, {}, id="a-whole-has-every-column"),
        pytest.param(COLUMNS, "a.x", {"b.y": 1, "c.v": 2, "report": 3, "model": 3}, {}, id="column"),
        pytest.param(COLUMNS, "a.z", {"b.w": 1}, {}, id="column-that-ends-where-others-are-stated"),
        pytest.param(["a > b", "b.x > c.y", "b > d"], "a.x", {"b": 1, "c": 2, "d": 2}, {}, id="column-carried-by-the-whole"),
        pytest.param(COLUMNS, "c.v", {"report": 1, "model": 1}, {"b.y": 1, "a.x": 2}, id="column-up"),
        pytest.param(["a.x > a.y", "a.y > b.z"], "a.x", {"a.y": 1, "b.z": 2}, {}, id="column-of-the-same-dataset"),
        pytest.param(["a.x > a.y", "a.y > a.x"], "a.x", {"a.y": 1}, {"a.y": 1}, id="column-cycle"),
        pytest.param(["a.x > report"], "report", {}, {"a": 1}, id="report-from-a-column"),
    ],
)
def test_what_is_reached(snapshot: Any, flows: list[str], asked: str, down: dict[str, int], up: dict[str, int]) -> None:
    connection = snapshot(flows, columns=[{"dataset": "a", "column_name": "x"}])
    place = resolve(connection, asked)
    graph = Graph(connection, place)
    for is_up, expected in ((False, down), (True, up)):
        found = side(graph, place, up=is_up, depth=100)
        assert {str(spot.place): spot.depth for spot in found.spots} == expected
        assert all(hop.upstream != hop.downstream for hop in found.hops)


def test_a_column_without_flows_of_its_own_is_in_the_graph(snapshot: Any) -> None:
    connection = snapshot(["a.x > b.y", "a > c"], columns=[{"dataset": "a", "column_name": "birth"}])
    place = resolve(connection, "a.birth")
    found = side(Graph(connection, place), place, up=False, depth=9)
    assert [str(spot.place) for spot in found.spots] == ["c"]  # what flows into b is stated, and birth is not among it
    assert [hop.is_stated for hop in found.hops] == [False]


def test_depth_says_what_lies_farther(snapshot: Any) -> None:
    connection = snapshot(["a > b", "b > c", "c > d"])
    found = side(Graph(connection), Place("a"), up=False, depth=1)
    assert ([str(spot.place) for spot in found.spots], found.beyond) == (["b"], 2)


def test_masking_over_all_flows_between_two(snapshot: Any) -> None:
    connection = snapshot(["a.x >> b.y", "c.x >> d.y", "c.z > d.w", "e > f"])
    graph = Graph(connection)
    assert {name: side(graph, Place(name), up=False, depth=1).hops[0].masked for name in "ace"} == {"a": "all", "c": "some", "e": "none"}


def test_tree_opens_each_place_once(snapshot: Any) -> None:
    connection = snapshot([*DIAMOND, "d > e", "e > b"])
    found = side(Graph(connection), Place("a"), up=False, depth=9)
    assert tree(found.lines, lambda line: f"{line.spot.place} {line.mark}".strip()) == [
        "├─ b",
        "│  └─ d",
        "│     └─ e",
        "│        └─ b cycle",
        "└─ c",
        "   └─ d again",
    ]


def test_a_name_that_is_not_in_the_catalog_is_partial(snapshot: Any) -> None:
    connection = snapshot(["gone > b", "b > report"], datasets=[{"name": "b"}])
    found = side(Graph(connection), Place("b"), up=True, depth=9)
    assert found.is_partial and [spot.in_catalog for spot in found.spots] == [False]
    assert not side(Graph(connection), Place("b"), up=False, depth=9).is_partial


def test_a_long_chain(connection: Any, snapshot: Any) -> None:
    snapshot([])
    connection.execute(
        "INSERT INTO lineage BY NAME SELECT 'n' || i AS upstream, 'n' || (i + 1) AS downstream, 1 AS depth, 'dataset' AS downstream_kind FROM range(5000) r(i)"
    )
    place = resolve(connection, "n0")
    graph = Graph(connection, place)
    broken = impact(graph, place, NOW)
    assert (len(broken), broken[-1].name, broken[-1].depth) == (5000, "n5000", 5000)
    assert broken[-1].path[-1] == "n5000" and len(broken[-1].path) == 64
    found = side(graph, place, up=False, depth=10_000)
    assert (len(found.spots), found.left_out) == (MOST_PLACES, 5000 - MOST_PLACES)
    assert max(map(len, tree(found.lines, lambda line: str(line.spot.place)))) < 200


EDGES = st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["", "x", "y"]), st.integers(0, 7), st.sampled_from(["", "x", "y"])), max_size=24)


def reference(edges: list[tuple[int, str, int, str]], start: tuple[int, str]) -> dict[tuple[int, str], int]:
    """A plain search with the rule of the docstring of ``walk``."""
    stated = {(u, d) for u, uc, d, _ in edges if uc}
    seen, queue = {start: 0}, deque([start])
    while queue:
        name, column = here = queue.popleft()
        for u, uc, d, dc in edges:
            if u != name:
                continue
            if not column:
                there = (d, "") if d != u else here
            elif uc == column or (not uc and (u, d) not in stated):
                there = (d, dc)
            else:
                continue
            if there not in seen:
                seen[there] = seen[here] + 1
                queue.append(there)
    return {place: depth for place, depth in seen.items() if depth}


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edges=EDGES, start=st.tuples(st.integers(0, 7), st.sampled_from(["", "x"])))
def test_impact_is_what_a_plain_search_finds(snapshot: Any, edges: list[tuple[int, str, int, str]], start: tuple[int, str]) -> None:
    def written(name: int, column: str) -> str:
        return f"n{name}.{column}" if column else f"n{name}"

    connection = snapshot([f"{written(u, uc)} > {written(d, dc)}" for u, uc, d, dc in edges])
    place = Place(f"n{start[0]}", start[1] or None)
    graph = Graph(connection, place)
    expected = reference(edges, start)
    found = side(graph, place, up=False, depth=100)
    assert {(spot.place.name, spot.place.column or ""): spot.depth for spot in found.spots} == {(f"n{n}", c): depth for (n, c), depth in expected.items()}
    nearest: dict[str, int] = {}
    for (name, _), depth in expected.items():
        nearest[f"n{name}"] = min(depth, nearest.get(f"n{name}", depth))
    broken = impact(graph, place, NOW)
    assert {one.name: one.depth for one in broken} == nearest
    assert [one.depth for one in broken] == sorted(one.depth for one in broken)
    assert all(len(one.path) == one.depth + 1 for one in broken)
