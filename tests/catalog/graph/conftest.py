"""A snapshot in memory, from flows written as ``a > b``, ``a.x > b.y`` and ``a.x >> b.y`` where the step masks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import duckdb
import pytest

from catalog.graph.tables import TABLES, read_tables

Snapshot = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@pytest.fixture
def snapshot(connection: duckdb.DuckDBPyConnection) -> Snapshot:
    """``snapshot(["a > b"], datasets=[{"name": "a"}])``; every end of a flow is a dataset of the catalog unless ``datasets`` are given."""

    def make(flows: Iterable[str], plain: Mapping[str, Any] = TABLES, **rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
        edges = [_edge(flow) for flow in flows]
        rows.setdefault("datasets", [{"name": name} for name in sorted({edge[end] for edge in edges for end in ("upstream", "downstream")})])
        for view, columns in TABLES.items():
            declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f'CREATE OR REPLACE TABLE "{view}" ({declared})')
            if view == "lineage" and edges:
                cells = [cell for edge in edges for cell in edge.values()]
                values = ", ".join([f"({', '.join('?' * len(edges[0]))})"] * len(edges))
                connection.execute(f"INSERT INTO lineage ({', '.join(edges[0])}) VALUES {values}", cells)
            for row in rows.get(view, []):
                connection.execute(f'INSERT INTO "{view}" ({", ".join(row)}) VALUES ({", ".join("?" * len(row))})', list(row.values()))
        read_tables(connection, plain)
        return connection

    return make


def _edge(flow: str) -> dict[str, Any]:
    masking = ">>" in flow
    upstream, downstream = (part.strip().partition(".") for part in flow.split(">>" if masking else ">"))
    kind = "report" if downstream[0].startswith("report") else "model" if downstream[0].startswith("model") else "dataset"
    return {
        "upstream": upstream[0], "upstream_column": upstream[2] or None, "upstream_kind": "dataset", "downstream": downstream[0],
        "downstream_column": downstream[2] or None, "downstream_kind": kind, "masking": masking, "depth": 1, "job": f"make_{downstream[0]}",
    }  # fmt: skip
