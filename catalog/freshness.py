"""How old the rows of a redacted snapshot are, and whether some are synthetic."""

from collections.abc import Iterable
from pathlib import Path


def freshness(snapshot: Path, view_names: Iterable[str]) -> tuple[str | None, str | None, bool]:
    """Oldest and newest ``as_of`` (ISO 8601, UTC) over these views of a snapshot, and whether any row is synthetic.

    A view without the column because policy hides it says nothing.
    """
    import duckdb  # 0.15 s, already paid by whoever made a snapshot

    oldest: list[str] = []
    newest: list[str] = []
    synthetic = False
    with duckdb.connect(str(snapshot), read_only=True) as connection:
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
    import duckdb

    counts = {}
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        for view in view_names:
            present = {row[0] for row in connection.execute(f'DESCRIBE "{view}"').fetchall()}
            newest = "max(as_of)::VARCHAR" if "as_of" in present else "NULL"
            found = connection.execute(f'SELECT count(*), {newest} FROM "{view}"').fetchone()
            assert found is not None
            counts[view] = (int(found[0]), found[1])
    return counts
