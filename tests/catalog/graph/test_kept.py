"""A graph that is kept beside its snapshot says what one that is read anew says."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from catalog.graph import kept
from catalog.graph.kept import open_graph
from catalog.graph.names import Place
from catalog.graph.sides import side
from catalog.graph.tables import TABLES, graph_of, read_tables
from catalog.graph.walk import Graph

FLOWS = [("a", "x", "b", "y"), ("b", None, "c", None), ("b", "y", "d", "z"), ("c", None, "a", None), ("d", "z", "gone", None)]
PLACES = [Place("a"), Place("a", "x"), Place("b", "y"), Place("d"), Place("gone"), Place("alone"), Place("a", "unfed")]


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept, "FEW", 0)
    path = tmp_path / "snapshots" / "who" / "s1.duckdb"
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)) as connection:
        for view, columns in TABLES.items():
            connection.execute(f'CREATE TABLE "{view}" ({", ".join(f"{name} {kind}" for name, kind in columns.items())})')
        for upstream, source, downstream, target in FLOWS:
            values = [upstream, source, downstream, target]
            connection.execute(
                "INSERT INTO lineage (upstream, upstream_kind, upstream_column, downstream, downstream_kind, downstream_column, depth, masking, job) "
                "VALUES ($1, 'dataset', $2, $3, 'dataset', $4, 1, FALSE, 'j')",
                values,
            )
        connection.execute("INSERT INTO datasets (name) VALUES ('a'), ('b'), ('c'), ('d')")
    return path


@contextmanager
def reading(snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        read_tables(connection, TABLES)
        yield connection


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("up", [False, True])
def test_sides_are_those_of_a_graph_read_anew(snapshot: Path, place: Place, up: bool) -> None:
    with reading(snapshot) as connection:
        expected = side(Graph(connection, place), place, up=up, depth=9)
    for _ in range(2):
        with reading(snapshot) as connection:
            assert side(open_graph(connection, snapshot, TABLES, place), place, up=up, depth=9) == expected
    assert [file.name for file in snapshot.parent.iterdir() if file != snapshot] == [graph_of(snapshot).name]
    assert not [folder for folder in snapshot.parents[1].iterdir() if folder.name.startswith(".build-")]


def test_a_damaged_graph_is_made_anew(snapshot: Path) -> None:
    file = graph_of(snapshot)
    file.write_bytes(b"x" * 8192)
    with reading(snapshot) as connection:
        assert side(open_graph(connection, snapshot, TABLES, Place("a")), Place("a"), up=False, depth=9).spots
    assert file.read_bytes()[:3] != b"xxx"


def test_few_flows_are_not_kept(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "FEW", 100)
    with reading(snapshot) as connection:
        open_graph(connection, snapshot, TABLES)
    assert list(snapshot.parent.iterdir()) == [snapshot]
