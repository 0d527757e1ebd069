"""The engine's child process: confines itself, then runs approved SQL on one principal's snapshots.

Speaks length-prefixed JSON on stdin and stdout; see ``engine`` for the messages. Knows no policy and checks no SQL: what
it can reach is already what its principal may see.
"""

import json
import os
import select
import struct
import sys
import threading
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from catalog.engine import sandbox

if TYPE_CHECKING:
    import duckdb

HEADER = struct.Struct(">Q")
"""Length of a message in bytes, ahead of it."""

LOCK = """
SET enable_external_access = false;
SET disabled_filesystems = 'LocalFileSystem';
SET lock_configuration = true;
"""
"""In this order: the file system can only be disabled once external access is, and nothing can be set after the lock."""

MOST_REQUEST = 1 << 24
"""Bytes of one request."""

OPEN_FILES = 64
THREADS = 2
BATCH = 256
"""Rows fetched at once."""

CODES = {
    "OutOfMemoryException": "memory",
    "MemoryError": "memory",
    "ConversionException": "conversion",
    "OutOfRangeException": "range",
    "BinderException": "binder",
    "CatalogException": "catalog",
    "ParserException": "syntax",
    "SyntaxException": "syntax",
    "PermissionException": "permission",
    "IOException": "permission",
    "NotImplementedException": "unsupported",
    "InvalidTypeException": "type",
    "TypeMismatchException": "type",
    "InvalidInputException": "input",
}
"""Exception class to what is said of it: never its text, which quotes data and paths."""

INTEGERS = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UHUGEINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT")
CORE_TYPES = {
    **dict.fromkeys(INTEGERS, "BIGINT"),
    **dict.fromkeys(("DOUBLE", "FLOAT"), "DOUBLE"),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "TIMESTAMP"),
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
}
"""Engine type to the type a result tells; a DECIMAL is told as DOUBLE, everything else as VARCHAR."""


def read_message(stream: IO[bytes], most: int) -> bytes:
    """The next message; empty at the end of the stream. Raises `ValueError` when it is longer than ``most`` or torn."""
    header = stream.read(HEADER.size)
    if not header:
        return b""
    (length,) = HEADER.unpack(header) if len(header) == HEADER.size else (-1,)
    if not 0 <= length <= most:
        raise ValueError("message length")
    body = stream.read(length)
    if len(body) != length:
        raise ValueError("torn message")
    return body


def write_message(stream: IO[bytes], *parts: bytes) -> None:
    """Send one message made of parts."""
    stream.write(HEADER.pack(sum(map(len, parts))))
    stream.writelines(parts)
    stream.flush()


def main(arguments: str) -> None:
    """Confine the process, then answer queries until stdin ends."""
    setup = json.loads(arguments)
    reach = sandbox.Reach(sandbox.existing(setup["readable"]), sandbox.existing(setup["listable"]))
    requests, replies = sys.stdin.buffer, _private_stdout()
    sandbox.limit_process(OPEN_FILES)
    confined = sandbox.confine(reach)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import duckdb  # after Landlock, which binds only threads that start later

    write_message(replies, json.dumps({"confined": confined}).encode())
    open_path, connection = "", None
    while request := read_message(requests, MOST_REQUEST):
        ask = json.loads(request)
        sandbox.limit_work(ask["memory_mb"], ask["cpu_s"])
        try:
            if connection is None or open_path != ask["snapshot"]:
                open_path, connection = ask["snapshot"], open_locked(ask["snapshot"], ask["memory_mb"], ask["key"])
            with connection.cursor() as cursor:  # its own session: nothing a query sets is there for the next
                if ask["key"]:
                    cursor.execute("USE snapshot")
                parts = _result(cursor, ask["sql"], ask["rows"], ask["bytes"])
        except (duckdb.Error, MemoryError, RuntimeError, ValueError, OverflowError) as error:
            connection = None
            parts = [json.dumps({"error": CODES.get(type(error).__name__, "engine")}).encode()]
        write_message(replies, *parts)


def _end_with_parent() -> None:
    """Exit when the parent is gone, even in the midst of a query: nobody waits for its rows or keeps its deadline any more."""
    parent = select.poll()
    parent.register(sys.stdin.fileno(), 0)  # which still tells of a hang-up
    parent.poll()
    os._exit(0)


def _private_stdout() -> IO[bytes]:
    """The parent's pipe under another number, so that nothing printed by a library can get into it."""
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return replies


def open_locked(snapshot: str, memory_mb: int, key: str | None = None) -> "duckdb.DuckDBPyConnection":
    """A connection to a snapshot from which no file, extension, setting or Python object can be reached.

    An encrypted one is attached to an engine in memory, which then loses its own database; a new cursor must ``USE snapshot``.
    """
    import duckdb

    connection = duckdb.connect(
        ":memory:" if key else snapshot,
        read_only=not key,
        config={
            "threads": THREADS,
            "memory_limit": f"{max(memory_mb // 2, 64)}MB",
            "temp_directory": "",
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
            "max_expression_depth": 250,
            # DuckDB 2.0 starts eight more threads for files, whose 64 MB of address space each would count against the query.
            **({"async_threads": 0} if int(duckdb.__version__.split(".")[0]) >= 2 else {}),
        },
    )
    if key:
        quoted = snapshot.replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS snapshot (READ_ONLY, ENCRYPTION_KEY $1)", [key])
        connection.execute("USE snapshot; DETACH memory")
    connection.execute(LOCK)
    return connection


def _result(cursor: "duckdb.DuckDBPyConnection", sql: str, most_rows: int, most_bytes: int) -> list[bytes]:
    """Message parts of a result cut to whole rows within both limits."""
    cursor.execute(sql)
    described = cursor.description or []
    types = [core_type(str(column[1])) for column in described]
    rows, size, truncated = list[bytes](), 0, False
    while not truncated and (batch := cursor.fetchmany(min(BATCH, most_rows + 1 - len(rows)))):
        for row in batch:
            line = json.dumps([_plain(cell, type_) for cell, type_ in zip(row, types, strict=True)], ensure_ascii=False).encode()
            size += len(line) + 1
            truncated = len(rows) == most_rows or size > most_bytes
            if truncated:
                break
            rows.append(line)
    head = {"columns": [column[0] for column in described], "types": types, "truncated": truncated}
    return [json.dumps(head).encode()[:-1], b', "rows": [', b",".join(rows), b"]}"]


def core_type(name: str) -> str:
    """The type that a result tells of a column: a core type, or a list of one."""
    inner = name.removesuffix("[]")
    word = "DOUBLE" if inner.startswith("DECIMAL") else CORE_TYPES.get(inner, "VARCHAR")
    return f"{word}[]" if inner != name else word


def _plain(cell: Any, type_: str) -> Any:
    """A cell as JSON holds it; what has no type there is its text."""
    if isinstance(cell, list) and type_.endswith("[]"):
        return [_plain(item, type_[:-2]) for item in cell]
    if isinstance(cell, Decimal):
        return float(cell)
    return cell if cell is None or isinstance(cell, (str, int, float)) else str(cell)
