"""Views and cubes of a snapshot as Parquet files, written by DuckDB: a folder of them, or a zip file without a trace of when it was made."""

import io
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from catalog.quality.freshness import opened

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member, so that the same rows are the same bytes."""


def write_tables(snapshot: Path, names: Iterable[str], folder: Path) -> dict[str, int]:
    """Write ``NAME.parquet`` for each view or cube into an existing folder; rows written by name. Raises CatalogUnavailable."""
    counts, folder = {}, folder.absolute()
    with opened(snapshot, folder) as connection:
        connection.execute("SET threads = 1")  # several write row groups in any order
        for name in sorted(names):
            target = str(folder / f"{name}.parquet").replace("'", "''")
            written = connection.execute(f"COPY (SELECT * FROM \"{name}\" ORDER BY ALL) TO '{target}' (FORMAT parquet)").fetchone()
            assert written is not None
            counts[name] = int(written[0])
    return counts


def zipped_tables(snapshot: Path, names: Iterable[str]) -> tuple[bytes, dict[str, int]]:
    """A zip file of the same files, stored as they are: Parquet is compressed already."""
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(packed, "w") as archive:
        counts = write_tables(snapshot, names, Path(scratch))
        for file in sorted(Path(scratch).iterdir()):
            archive.writestr(zipfile.ZipInfo(file.name, EPOCH), file.read_bytes())
    return packed.getvalue(), counts
