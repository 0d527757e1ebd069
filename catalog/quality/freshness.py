"""How old the rows of a redacted snapshot are, and whether some are synthetic."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import CatalogUnavailable
from catalog.graph.tables import graph_of
from catalog.storage.database import fence, open_to_read
from catalog.storage.encryption import snapshot_key

if TYPE_CHECKING:
    import duckdb


@contextmanager
def opened(snapshot: Path, folder: Path | None = None) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A snapshot, open to read, and no other file but those of the ``folder``. One that is damaged is removed, so that the next question makes it anew.

    Raises `CatalogUnavailable`.
    """
    import duckdb  # 0.15 s, already paid by whoever made a snapshot

    key = snapshot_key(snapshot)
    try:
        with open_to_read(snapshot, key) as connection:
            fence(connection, (graph_of(snapshot),), folder)  # a catalog's folder that somebody else made may hold snapshots too
            yield connection
    except (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.CatalogException) as damaged:
        snapshot.unlink(missing_ok=True)
        raise CatalogUnavailable("A snapshot of the catalog was damaged and has been removed.", "Ask again: it is made anew.") from damaged


def freshness(snapshot: Path, view_names: Iterable[str]) -> tuple[str | None, str | None, bool]:
    """Oldest and newest ``as_of`` (ISO 8601, UTC) over these views of a snapshot, and whether any row is synthetic.

    A view without the column because policy hides it says nothing.
    """
    oldest: list[str] = []
    newest: list[str] = []
    synthetic = False
    with opened(snapshot) as connection:
        for view in sorted(view_names):
            present = {row[0] for row in connection.execute(f'DESCRIBE "{view}"').fetchall()}
            if "as_of" in present:
                found = connection.execute(f'SELECT min(as_of)::VARCHAR, max(as_of)::VARCHAR FROM "{view}"').fetchone()
                assert found is not None
                oldest += [found[0]] if found[0] else []
                newest += [found[1]] if found[1] else []
            if "origin" in present:
                synthetic |= connection.execute(f"SELECT 1 FROM \"{view}\" WHERE origin = 'synthetic' LIMIT 1").fetchone() is not None
    return min(oldest, default=None), max(newest, default=None), synthetic


def census(snapshot: Path, view_names: Iterable[str]) -> dict[str, tuple[int, str | None]]:
    """Rows of each view of a snapshot and its newest ``as_of``."""
    counts = {}
    with opened(snapshot) as connection:
        for view in view_names:
            present = {row[0] for row in connection.execute(f'DESCRIBE "{view}"').fetchall()}
            newest = "max(as_of)::VARCHAR" if "as_of" in present else "NULL"
            found = connection.execute(f'SELECT count(*), {newest} FROM "{view}"').fetchone()
            assert found is not None
            counts[view] = (int(found[0]), found[1])
    return counts
