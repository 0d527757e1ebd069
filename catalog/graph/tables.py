"""The views of a snapshot as the graph reads them: always the same tables and columns, empty where there is nothing to read."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

TABLES: Mapping[str, Mapping[str, str]] = {
    "lineage": {
        "upstream": "VARCHAR", "upstream_kind": "VARCHAR", "upstream_column": "VARCHAR", "downstream": "VARCHAR", "downstream_kind": "VARCHAR",
        "downstream_column": "VARCHAR", "job": "VARCHAR", "transform_type": "VARCHAR", "masking": "BOOLEAN", "depth": "INTEGER",
        "is_partial": "BOOLEAN", "last_run": "TIMESTAMP",
    },
    "datasets": {
        "name": "VARCHAR", "description": "VARCHAR", "owner": "VARCHAR", "licence": "VARCHAR", "deprecated": "BOOLEAN", "aliases": "VARCHAR[]",
    },
    "columns": {"dataset": "VARCHAR", "column_name": "VARCHAR", "pii_category": "VARCHAR"},
    "models": {"name": "VARCHAR", "owner": "VARCHAR"},
    "grants": {"dataset": "VARCHAR", "principal": "VARCHAR", "expires": "TIMESTAMP", "revoked": "BOOLEAN"},
    "claims": {"dataset": "VARCHAR"},
    "quality_checks": {"dataset": "VARCHAR", "alert_status": "VARCHAR"},
}  # fmt: skip
"""Columns that are read, by view."""

TOGETHER: Mapping[str, tuple[str, ...]] = {"grants": ("dataset", "revoked", "expires"), "quality_checks": ("dataset", "alert_status")}
"""Columns that say nothing true without one another: a view that lacks one of them is not read."""

Plain = Mapping[str, Collection[str]]
"""Columns by view that hold what was published, neither hidden nor masked."""

LAYOUT = 1
"""Part of the name of a kept graph: another way to write it makes the old ones stale."""


def graph_of(snapshot: Path) -> Path:
    """Where the graph of a snapshot is kept (`catalog.graph.kept`)."""
    return snapshot.with_suffix(f".graph{LAYOUT}.db")


def lacking(plain: Plain, view: str, *columns: str) -> bool:
    """Whether one of these columns, or one that they say nothing without, cannot be read."""
    return not {*columns, *TOGETHER.get(view, ())} <= set(plain.get(view, ()))


def read_tables(connection: "duckdb.DuckDBPyConnection", plain: Plain) -> None:
    """Make temporary views ``g_lineage``, ``g_datasets`` and so on; a column that is not ``plain`` is NULL in them."""
    for view, columns in TABLES.items():
        readable = () if lacking(plain, view) else plain.get(view, ())
        cells = ", ".join(f'"{name}"' if name in readable else f'NULL::{kind} AS "{name}"' for name, kind in columns.items())
        source = f'FROM "{view}"' if readable else "WHERE FALSE"
        connection.execute(f'CREATE OR REPLACE TEMP VIEW g_{view} AS SELECT {cells} {source}')
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW g_known AS SELECT name FROM g_datasets WHERE name IS NOT NULL UNION SELECT name FROM g_models WHERE name IS NOT NULL"
    )
