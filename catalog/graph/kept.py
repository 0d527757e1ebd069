"""The graph of a snapshot, numbered once and kept beside it: a file of tables that open as fast as they are small, encrypted when the snapshot is.

It holds what its asker may see and nothing else, and goes with the snapshot (`catalog.engine.snapshot`).
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.graph.names import Place
from catalog.graph.tables import Plain, graph_of, read_tables
from catalog.graph.walk import INDEX, READ, Graph
from catalog.storage.database import BUFFERS, attach, fence, open_to_write
from catalog.storage.encryption import snapshot_key

if TYPE_CHECKING:
    import duckdb

KEPT = "g_kept"
FEW = 2_000
"""Rows of lineage that are numbered faster than a file is written."""


def open_graph(connection: "duckdb.DuckDBPyConnection", snapshot: Path, plain: Plain, asked: Place | None = None) -> Graph:
    """The graph of a snapshot that is open in this connection and whose tables `read_tables` has made ready; kept where it is large."""
    import duckdb

    rows = connection.execute("SELECT count(*) FROM g_lineage").fetchone()
    if not rows or rows[0] <= FEW:
        return Graph(connection, asked)
    kept, key = graph_of(snapshot), snapshot_key(snapshot)
    for _ in range(2):
        try:
            if not kept.exists():
                _keep(snapshot, kept, key, plain)
            attach(connection, kept, KEPT, key)
            connection.execute(f"CREATE OR REPLACE TEMP VIEW g_place AS FROM {KEPT}.g_place; CREATE OR REPLACE TEMP VIEW g_flow AS FROM {KEPT}.g_flow")
            return Graph(connection, asked, kept=KEPT)
        except (duckdb.Error, OSError):  # damaged, or of a disk that is full
            with suppress(OSError, duckdb.Error):
                connection.execute(f"DETACH DATABASE IF EXISTS {KEPT}")
                kept.unlink(missing_ok=True)
        except LookupError:  # a place that no flow touches
            break
    connection.execute("DROP VIEW IF EXISTS temp.g_place; DROP VIEW IF EXISTS temp.g_flow")
    return Graph(connection, asked)


def _keep(snapshot: Path, kept: Path, key: str | None, plain: Plain) -> None:
    """Write the file whole under another name first: whoever finds it finds all of it."""
    with tempfile.TemporaryDirectory(prefix=".build-", dir=snapshot.parents[1]) as building:
        draft = Path(building) / "graph.db"
        with open_to_write(draft, key, buffers=BUFFERS) as connection:
            home = connection.execute("SELECT current_database()").fetchone()
            assert home is not None
            fence(connection, (snapshot,))
            attach(connection, snapshot, "shown", key)
            connection.execute("USE shown")
            read_tables(connection, plain)
            connection.execute("CREATE TEMP TABLE g_asked (name VARCHAR, part VARCHAR)")
            connection.execute(READ)
            graph = Graph(connection, read=False)
            for table in ("g_place", "g_flow"):
                connection.execute(f'CREATE TABLE "{home[0]}".{table} AS FROM temp.{table}')
            for up in (False, True):
                hops = graph.hops(up=up)
                for name, numbers in (("first", hops.first), ("targets", hops.targets)):
                    connection.register("numbers", {"at": numbers})
                    connection.execute(f'CREATE TABLE "{home[0]}".{INDEX[up, name]} AS FROM numbers')
                    connection.unregister("numbers")
            connection.execute(f'USE "{home[0]}"; DETACH shown')
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.chmod(0o400)
        draft.replace(kept)
