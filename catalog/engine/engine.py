"""Runs approved SQL on a redacted snapshot in a confined child process that can be killed at any moment.

The parent's side: starts the child, sends queries, reads results, keeps the deadline. Knows no policy and no SQL. The child
is as good as lost once SQL has run in it: what it sends is data to check, and it serves one principal only.

Messages, each JSON after its length: the child greets with ``{"confined"}``; a request is ``{"snapshot", "sql", "rows",
"bytes", "memory_mb", "cpu_s", "key"}``, its reply ``{"columns", "types", "truncated", "rows"}`` or ``{"error": code}``.
"""

import importlib.util
import json
import math
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from catalog.engine.worker import CODES, MOST_REQUEST, THREADS, read_message, write_message
from catalog.errors import QueryFailed, QueryTimeout
from catalog.storage.closure import Fixed
from catalog.storage.encryption import snapshot_key

LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
MACHINE = ("/proc/self/cgroup", "/sys/fs/cgroup")
"""Memory limits of the container, which DuckDB reads while it loads and cannot do without."""

CATALOG = Path(__file__).parents[1]
OWN = ("__init__.py", "__pycache__", "engine/__init__.py", "engine/__pycache__", "engine/sandbox.py", "engine/worker.py")
"""What the child reads of the catalog's own code."""
START = "import sys; sys.path[:0] = {paths!r}; from catalog.engine.worker import main; main(sys.argv[1])"
OVERHEAD_BYTES = 1 << 20
"""Room for what is in a message besides rows."""


@dataclass(frozen=True, slots=True)
class Approved:
    """SQL that the guard has vetted and written anew; only the guard makes one. ``rules`` are those that allowed it.

    ``fixed`` holds of every row of lineage that it reads; None where nothing is known of some.
    """

    sql: str
    views: frozenset[str]
    rules: tuple[str, ...]
    fixed: Fixed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one query may take. ``memory_mb`` bounds the child's whole address space, half of it the engine's buffers."""

    rows: int = 500
    deadline_s: float = 10.0
    memory_mb: int = 1024
    output_bytes: int = 50_000_000


@dataclass(frozen=True, slots=True)
class ResultSet:
    """Rows of an answer; ``truncated`` when there were more than the limits let through."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    truncated: bool
    elapsed_ms: float


class Engine:
    """One principal's engine, over the snapshots in ``directory``. The child starts at once and is replaced when it dies.

    Safe to call from several threads: one query runs at a time.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()
        self._turn = threading.Lock()
        self._child = _Child(self._directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def confined(self) -> bool:
        """The kernel itself keeps the child from every other file and from TCP; waits for the child's greeting.

        Raises `QueryFailed` when the child does not start.
        """
        with self._turn:
            try:
                return self._child.confined
            except (OSError, ValueError):
                raise _failed("worker") from None

    def run(self, approved: Approved, snapshot: Path, limits: Limits) -> ResultSet:
        """The rows of one approved query.

        Raises `QueryTimeout` at the deadline or the memory limit, `QueryFailed` with a code for all else; neither quotes data.
        """
        assert isinstance(approved, Approved), "only approved SQL runs"
        assert snapshot.parent.resolve() == self._directory, "a worker serves one principal only"
        request = {
            "snapshot": str(snapshot.resolve()),
            "sql": approved.sql,
            "rows": limits.rows,
            "bytes": limits.output_bytes,
            "memory_mb": limits.memory_mb,
            "cpu_s": math.ceil(limits.deadline_s * THREADS),
            "key": snapshot_key(snapshot.resolve()),
        }
        started = perf_counter()
        with self._turn:
            try:
                reply = self._child.ask(json.dumps(request).encode(), limits)
                return _result(reply, started)
            except (ValueError, TypeError, KeyError, RecursionError):
                self._child.kill()
                raise _failed("worker") from None
            finally:
                if not self._child.alive:
                    self._child.discard()
                    self._child = _Child(self._directory)

    def kill(self) -> None:
        """Stop whatever runs, from any thread; the query that it stops raises `QueryFailed`."""
        self._child.kill()

    def close(self) -> None:
        """End the child; a query that runs in another thread is stopped."""
        self._child.kill()
        with self._turn:
            self._child.kill()
            self._child.discard()


class _Child:
    """A running worker process and the pipes to it."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", START.format(paths=_import_paths()), json.dumps(_reach(directory))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
        assert self.process.stdin and self.process.stdout
        self.requests, self.replies = self.process.stdin, self.process.stdout
        self.greeting: object = None
        self.alive = True

    @property
    def confined(self) -> bool:
        if self.greeting is None:
            self.greeting = json.loads(read_message(self.replies, OVERHEAD_BYTES) or b"{}")
        return self.greeting == {"confined": True}

    def ask(self, request: bytes, limits: Limits) -> Any:
        """The reply to a request. Raises `QueryTimeout` or `QueryFailed` when the child dies over it or says so."""
        if len(request) > MOST_REQUEST:
            raise _failed("syntax")
        late = threading.Event()
        timer = threading.Timer(limits.deadline_s, self._kill_after, [late.set])
        timer.daemon = True
        timer.start()
        try:
            _ = self.confined
            write_message(self.requests, request)
            body = read_message(self.replies, limits.output_bytes + OVERHEAD_BYTES)
        except (OSError, ValueError):
            body = b""
        finally:
            timer.cancel()
            timer.join()  # it has either killed the child by now, which is gone then, or never will
        if late.is_set():
            raise QueryTimeout(f"The query did not end within {limits.deadline_s:g} s.")
        if not body:
            self.kill()
            if self.process.returncode == -signal.SIGXCPU:
                raise QueryTimeout("The query used up its processor time.")
            raise _failed("worker")
        reply = json.loads(body)
        if "error" not in reply:
            return reply
        if reply["error"] == "memory":
            self.kill()  # what it still holds would count against the next query
            raise QueryTimeout(f"The query needs more than {limits.memory_mb} MB of memory.")
        raise _failed(reply["error"] if reply["error"] in CODES.values() else "engine")

    def _kill_after(self, note: Callable[[], None]) -> None:
        note()
        self.kill()

    def kill(self) -> None:
        self.alive = False
        self.process.kill()
        self.process.wait()

    def discard(self) -> None:
        """Let go of the pipes of a killed child; only where nobody reads from them any more."""
        for pipe in (self.requests, self.replies):
            with suppress(OSError):  # what it never read is lost with it
                pipe.close()


def _import_paths() -> list[str]:
    duckdb = importlib.util.find_spec("duckdb")
    assert duckdb and duckdb.origin
    return list(dict.fromkeys([str(CATALOG.parent), str(Path(duckdb.origin).parents[1])]))


def _reach(directory: Path) -> dict[str, list[str]]:
    """What the child reads: interpreter, libraries, the engine's own files and one principal's snapshots."""
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}  # of the interpreter, not of a virtual environment
    package = Path(_import_paths()[-1])
    readable = [
        *LIBRARIES,
        *MACHINE,
        *(sysconfig.get_path(name, vars=base) for name in ("stdlib", "platstdlib")),
        *(str(path) for pattern in ("duckdb", "_duckdb*", "duckdb-*.dist-info") for path in package.glob(pattern)),
        *(str(CATALOG / name) for name in OWN),
        str(directory),
    ]
    return {"readable": readable, "listable": [*_import_paths(), str(CATALOG), str(CATALOG / "engine")]}


def _failed(code: str) -> QueryFailed:
    return QueryFailed(f"The engine could not run the query (code: {code}).", "Ask in other words, or look at the SQL.")


def _result(reply: dict[str, Any], started: float) -> ResultSet:
    """A result set from a reply. Raises `ValueError`, `TypeError` or `KeyError` when it is not the shape of one."""
    columns, types = tuple(map(str, reply["columns"])), tuple(map(str, reply["types"]))
    readers = [_READERS.get(type_.removesuffix("[]")) for type_ in types]
    rows = [tuple(_cell(c, reader) for c, reader in zip(row, readers, strict=True)) for row in reply["rows"]]
    return ResultSet(columns, types, rows, bool(reply["truncated"]), (perf_counter() - started) * 1000)


def _date(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:  # a year that Python's calendar lacks
        return text


def _time(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


_READERS: dict[str, Callable[[str], Any]] = {"DATE": _date, "TIMESTAMP": _time}


def _cell(cell: Any, reader: Callable[[str], Any] | None) -> Any:
    if reader is None or cell is None:
        return cell
    return [_cell(item, reader) for item in cell] if isinstance(cell, list) else reader(cell)
