"""The scale bench: a catalog that is the same for the same seed, lineage equal to networkx's, and every measurement end to end."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.graph.names import Place
from catalog.graph.tables import TABLES, read_tables
from catalog.graph.walk import Graph, reach
from catalog.storage.records import RECORD_TYPES, storage_columns
from eval.scale.__main__ import main
from eval.scale.figures import Figure, Spent, table
from eval.scale.generate import COLUMNS, EDGES, generate

LONG = ("questions: guarded / plain, these", "questions: guarded / plain, these, processor")
SIZE = 1100
"""Datasets: more than one pipeline."""


def contents(home: Path, seed: int = 0, size: int = SIZE) -> dict[str, list[tuple[object, ...]]]:
    generation = generate(home, size, seed)
    with duckdb.connect(str(generation.path), read_only=True) as connection:
        return {t.table: connection.execute(f"SELECT * FROM {t.table} ORDER BY ALL").fetchall() for t in RECORD_TYPES}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    return contents(tmp_path_factory.mktemp("made"))


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(made: dict[str, list[tuple[object, ...]]], tmp_path: Path) -> None:
    assert contents(tmp_path / "again") == made
    assert contents(tmp_path / "other", seed=1)["edge"] != made["edge"]


def test_sizes_are_as_promised_and_all_of_it_says_that_it_is_synthetic(made: dict[str, list[tuple[object, ...]]]) -> None:
    assert (len(made["dataset"]), len(made["dataset_column"])) == (SIZE, SIZE * COLUMNS)
    assert 0.95 * SIZE * EDGES < len(made["edge"]) <= SIZE * EDGES
    at = {t.table: list(storage_columns(t)).index("origin") for t in RECORD_TYPES}
    assert {row[at[name]] for name, rows in made.items() for row in rows} == {"synthetic"}
    assert all(made[t.table] for t in RECORD_TYPES if t.table not in ("audit_entry", "document"))


def test_a_bigger_catalog_holds_the_lineage_of_a_smaller_one(made: dict[str, list[tuple[object, ...]]], tmp_path: Path) -> None:
    bigger = contents(tmp_path, size=2 * SIZE)
    assert set(made["edge"]) <= set(bigger["edge"]) and len(bigger["edge"]) > len(made["edge"])


def test_flows_form_a_power_law_with_few_cycles(made: dict[str, list[tuple[object, ...]]]) -> None:
    fields = _fields("edge")
    graph = networkx.DiGraph((row[fields.index("upstream")], row[fields.index("downstream")]) for row in made["edge"])
    degrees = sorted((degree for _, degree in graph.out_degree()), reverse=True)
    assert degrees[0] > 20 * EDGES and degrees[len(degrees) // 2] <= EDGES
    in_cycles = sum(len(part) for part in networkx.strongly_connected_components(graph) if len(part) > 1)
    assert 0 < in_cycles < len(graph) / 2


def _fields(name: str) -> list[str]:
    return next(list(storage_columns(t)) for t in RECORD_TYPES if t.table == name)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        for view, columns in TABLES.items():
            opened.execute(f'CREATE TABLE "{view}" ({", ".join(f"{name} {kind}" for name, kind in columns.items())})')
        read_tables(opened, TABLES)
        yield opened


@settings(max_examples=40)
@given(flows=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=40))
def test_closures_up_and_down_equal_those_of_networkx(connection: duckdb.DuckDBPyConnection, flows: list[tuple[int, int]]) -> None:
    connection.execute("DELETE FROM lineage")
    rows = ", ".join(f"('d{s}', 'd{t}', 1)" for s, t in flows)
    connection.execute(f"INSERT INTO lineage (upstream, downstream, depth) VALUES {rows}")
    graph, oracle = Graph(connection), networkx.DiGraph(flows)
    numbers = {place: graph.number(Place(f"d{place}")) for place in oracle}
    for up in (False, True):
        directed = oracle.reverse() if up else oracle
        for place, number in numbers.items():
            reached = reach(graph.hops(up=up), [number])
            expected = {numbers[other]: depth for other, depth in networkx.single_source_shortest_path_length(directed, place).items()}
            assert {other: reached.depth(other) for other in reached.order.tolist()} == expected
            assert reached.places() == [other for depth, other in sorted((d, n) for n, d in expected.items()) if depth]
            for other in expected:
                assert len(reached.path(other)) == expected[other] + 1 and reached.origin(other) == number


def test_every_measurement_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scale.json"
    sizes = ["--datasets", "200", "--smaller", "200", "--questions", "12", "--events", "40", "--asked", "8"]
    assert main([*sizes, "--scratch", str(tmp_path), "--out", str(out)]) == 0
    printed, kept = capsys.readouterr(), json.loads(out.read_text(encoding="utf-8"))
    figures = {figure["name"]: figure["value"] for figure in kept["figures"]}
    assert kept["datasets"] == 200 and all(name in printed.out for name in figures)
    assert "a catalog of 200 datasets" in printed.err
    assert figures["lineage: answers that differ"] == 0 < figures["lineage: closures asked of both"]
    assert figures["questions: asked"] > 8 and figures["questions: failed"] == 0
    assert figures["questions: guarded / plain, all together, processor"] > 1 and figures["questions: the same, processor"] > 0
    assert {name for name in figures if name.startswith("questions: guarded / plain, these")} in (set(), {*LONG})
    assert figures["ingest: rows made"] >= 40 * 20
    assert all(value <= 0 for name, value in figures.items() if "true top ten missed" in name)
    assert all(figures[f"{part}: peak memory"] > 0 for part in ("search", "ingest", "lineage", "questions"))


def test_processor_time_is_that_of_children_too() -> None:
    code = "import time\nfor line in open(0):\n    started = time.process_time()\n    sum(range(3_000_000))\n    print(1000 * (time.process_time() - started), flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin and child.stdout
        said: list[str] = []

        def ask() -> None:
            child.stdin.write("go\n")  # type: ignore[union-attr]
            child.stdin.flush()  # type: ignore[union-attr]
            said.append(child.stdout.readline())  # type: ignore[union-attr]

        spent = [Spent.by(ask) for _ in range(3)]
        child.stdin.close()
    assert all(took.processor >= float(own) > 0 for took, own in zip(spent, said, strict=True))
    assert Spent.least([Spent(3, 1), Spent(2, 4)]) == Spent(2, 1) and Spent(2, 1).at_least == 1


def test_a_missed_goal_says_so() -> None:
    assert "MISSED" in table([Figure("slow", 2.0, "s", 1.0)]) and "MISSED" not in table([Figure("fast", 0.5, "s", 1.0)])
