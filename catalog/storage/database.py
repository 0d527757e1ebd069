"""Opens the catalog's DuckDB files, plain and encrypted ones alike. A key travels as a parameter, so that no SQL text has it.

Reading needs DuckDB alone. Writing an encrypted file needs OpenSSL, which DuckDB's httpfs extension brings: the extra ``encryption``.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogUnavailable
from catalog.storage.encryption import EXTRA

if TYPE_CHECKING:
    import duckdb

BUFFERS = 2 << 30
"""Bytes that making a file of another's rows holds at most, the engine's overhead aside: a sort of twenty million rows takes more, and goes on on disk."""

OFFLINE: dict[str, Any] = {"autoload_known_extensions": False, "autoinstall_known_extensions": False}


def attach(connection: "duckdb.DuckDBPyConnection", path: Path, alias: str, key: str | None, read_only: bool = True) -> None:
    """Attach a database under a name. Raises duckdb.Error, in whose text there is no key."""
    where = str(path).replace("'", "''")
    options = [*(["READ_ONLY"] if read_only else []), *(["ENCRYPTION_KEY $1"] if key else [])]
    written = f" ({', '.join(options)})" if options else ""
    connection.execute(f"ATTACH '{where}' AS \"{alias}\"{written}", [key] if key else [])


def fence(connection: "duckdb.DuckDBPyConnection", paths: Iterable[Path], folder: Path | None = None) -> None:
    """From here on the connection reaches its own databases, these files and those of the folder: a view in a file that somebody else made could name any other.

    Connections of one process to one file share an engine: a second one is within the fence of the first.
    """
    import duckdb

    listed = ", ".join("'" + f"{path}{end}".replace("'", "''") + "'" for path in paths for end in ("", ".wal"))
    try:
        if folder is not None:
            inside = f"{folder}/".replace("'", "''")
            connection.execute(f"SET allowed_directories = ['{inside}']")
        connection.execute(f"SET allowed_paths = [{listed}]; SET enable_external_access = false")
    except duckdb.InvalidInputException:
        if connection.execute("SELECT current_setting('enable_external_access')").fetchone() != (False,):
            raise


def only_tables(connection: "duckdb.DuckDBPyConnection", alias: str) -> None:
    """Raise CatalogUnavailable for a database that holds views, which would run when they are read, or tables of other schemas.

    Macros are not looked for, which takes 50 ms: they run where the database is the current one, and are to be fenced there.
    """
    more = "SELECT 1 FROM duckdb_views() WHERE database_name = $1 AND NOT internal UNION ALL SELECT 1 FROM duckdb_tables() WHERE database_name = $1 AND schema_name <> 'main'"
    if connection.execute(more, [alias]).fetchone():
        raise CatalogUnavailable("The catalog's file holds views or schemas, which no catalog does.", "Restore it from a backup, or build it anew.")


def open_generation(path: Path, key: str | None) -> "duckdb.DuckDBPyConnection":
    """A generation, open to read as what it may be: a file that somebody else made. Raises duckdb.Error, CatalogUnavailable (`only_tables`)."""
    import duckdb

    connection = open_to_read(path, key)
    try:
        fence(connection, ())
        named = connection.execute("SELECT current_database()").fetchone()
        only_tables(connection, str(named and named[0]))
    except (duckdb.Error, CatalogUnavailable):
        connection.close()
        raise
    return connection


def open_to_read(path: Path, key: str | None, config: Mapping[str, Any] | None = None) -> "duckdb.DuckDBPyConnection":
    """A read-only connection whose only database is this one, called ``snapshot`` when it is encrypted.

    A new cursor of such a connection must ``USE snapshot``. Raises duckdb.Error.
    """
    import duckdb

    if key is None:
        return duckdb.connect(str(path), read_only=True, config=OFFLINE | dict(config or {}))
    return _alone(path, key, dict(config or {}), True)


def open_to_write(path: Path, key: str | None, config: Mapping[str, Any] | None = None, buffers: int | None = None) -> "duckdb.DuckDBPyConnection":
    """A connection to a new database, encrypted when there is a key. Raises duckdb.Error, CatalogUnavailable without the extra.

    It holds ``buffers`` bytes at most, less where the engine's own bound for the machine is lower. What is more lies in ``<path>.tmp``
    until it closes, encrypted as the database is.
    """
    import duckdb

    settings = {"temp_directory": f"{path}.tmp", **(config or {})}
    if key is None:
        connection = duckdb.connect(str(path), config=OFFLINE | settings)
    else:
        connection = _alone(path, key, {"temp_file_encryption": True, **settings}, False)
    if buffers is not None:
        own = connection.execute("SELECT parse_formatted_bytes(current_setting('memory_limit'))").fetchone()
        assert own is not None
        connection.execute(f"SET memory_limit = '{min(buffers, own[0])}B'")
    return connection


def _alone(path: Path, key: str, config: dict[str, Any], read_only: bool) -> "duckdb.DuckDBPyConnection":
    """A database, attached to an engine in memory, which then loses every other one."""
    import duckdb

    connection = duckdb.connect(config=OFFLINE | config)
    try:
        if not read_only:
            _load_crypto(connection)
        attach(connection, path, "snapshot", key, read_only)
        connection.execute("USE snapshot; DETACH memory")
    except (duckdb.Error, CatalogUnavailable):
        connection.close()
        raise
    return connection


def _load_crypto(connection: "duckdb.DuckDBPyConnection") -> None:
    import duckdb

    where = str(_extension()).replace("'", "''")
    try:
        connection.execute(f"LOAD '{where}'")
    except duckdb.Error:
        raise CatalogUnavailable("DuckDB's httpfs extension, which encrypts, cannot be loaded.", f"Install the one of this version: {EXTRA}") from None


@cache
def _extension() -> Path:
    """The extension's file. Raises CatalogUnavailable where it is not installed."""
    import importlib.util

    package = importlib.util.find_spec("duckdb_extension_httpfs")
    if package and package.origin:
        found = sorted(Path(package.origin).parent.rglob("httpfs.duckdb_extension"))
        if found:
            return found[-1]
    raise CatalogUnavailable("Writing an encrypted catalog needs DuckDB's httpfs extension.", f"Install it: {EXTRA}")
