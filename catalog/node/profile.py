"""Profiling a node's own files: ``steward node profile FOLDER PATHS…``.

Finds datasets, has a confined child process measure each, compares with the profile before, and writes one document per
dataset. One bad file is reported and the rest kept. A dataset whose bytes are those of its last profile is not measured again.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.engine.engine import LIBRARIES, MACHINE
from catalog.engine.worker import read_message, write_message
from catalog.errors import UsageError
from catalog.node.drift import Shape, drift
from catalog.node.node import NodeFolder, write
from catalog.node.profile_document import document, slug
from catalog.node.profile_sources import DataFile, Source, apart, find

VERSION = 1
"""Of what is measured; a profile of another one is made anew."""
KEPT = 30
"""Profiles of one dataset that are kept and published."""
MOST_REPLY = 1 << 28
STATE = "state.json"
START = "import sys; sys.path[:0] = {paths!r}; from catalog.node.profile_worker import main; main(sys.argv[1])"

Record = dict[str, Any]
"""One profile as history keeps it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What measuring one dataset may take: the engine's memory, seconds, and threads."""

    memory_mb: int = 1000
    deadline_s: float = 3600.0
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Profiled:
    """What became of one dataset; ``state`` is new, changed, unchanged or gone."""

    name: str
    state: str
    record: Record


@dataclass(slots=True)
class Report:
    """What a run measured, and what it could not."""

    datasets: list[Profiled] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    other: int = 0
    """Files that are no data by their names."""
    confined: bool = True
    """The kernel keeps the measuring process from every other file."""


Progress = Callable[[int, int, str], None]
"""Called with the number of datasets done, of all, and the name of the next."""


def profile(
    node: NodeFolder,
    paths: Iterable[Path],
    now: datetime | None = None,
    share: Iterable[str] = (),
    limits: Limits = Limits(),
    progress: Progress = lambda done, total, name: None,
) -> Report:
    """Profile what is under the paths and write documents and history. Raises UsageError for a path that does not exist."""
    paths = [path.resolve() if path.exists() else path for path in paths]
    if not paths:
        raise UsageError("There is nothing to profile.", f"Name files or folders, or list them under sources in {node.path / 'node.toml'}.")
    moment = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    node = replace(node, share=node.share | set(share))
    found = find(paths)
    report = Report(problems=list(found.problems), other=found.other)
    state = _state(node)
    waiting = deque(found.sources)
    names = {source.name for source in waiting}
    with _Child([file.path for source in waiting for file in source.files], limits) as child:
        done = 0
        while waiting:
            source = waiting.popleft()
            progress(done, done + len(waiting) + 1, source.name)
            for part in _one(node, source, moment, child, report):
                waiting.appendleft(part)
                names.add(part.name)
            done += 1
        progress(done, done, "")
        report.confined = child.confined
    measured = {profiled.name: profiled for profiled in report.datasets}
    roots = [str(path) for path in paths]
    for name, entry in state["datasets"].items():
        if name not in names and set(entry["roots"]) <= set(roots) and (records := _records(node, name)):
            if not records[-1].get("gone"):
                records[-1] = {**records[-1], "gone": moment}
            _keep(node, name, records)
            measured[name] = Profiled(name, "gone", records[-1])
            report.datasets.append(measured[name])
    for name in measured:
        state["datasets"][name] = {"roots": roots, "at": moment}
    state["roots"] = sorted({*state["roots"], *roots})
    state["profiled"] = moment
    write(node.history / STATE, json.dumps(state, indent=1, sort_keys=True) + "\n", 0o600)
    report.datasets.sort(key=lambda each: each.name)
    return report


def history(node: NodeFolder) -> dict[str, list[Record]]:
    """Every dataset's profiles, oldest first."""
    return {name: records for name in sorted(_state(node)["datasets"]) if (records := _records(node, name))}


def roots(node: NodeFolder) -> list[Path]:
    """Files and folders that were profiled."""
    return [Path(path) for path in _state(node)["roots"]]


def profiled_at(node: NodeFolder) -> str | None:
    """When the last run was; UTC, ISO 8601."""
    at: str | None = _state(node).get("profiled")
    return at


def _one(node: NodeFolder, source: Source, moment: str, child: "_Child", report: Report) -> Iterator[Source]:
    """Profile one dataset into the report; yields datasets to profile in its place, when its files have little in common."""
    records = _records(node, source.name)
    last = records[-1] if records else None
    share = sorted(name.removeprefix(f"{source.name}.") for name in node.share if name.startswith(f"{source.name}."))
    settings = {"version": VERSION, "share": share, "country": node.country}
    hashed = list(_hashed(source, report))
    source = replace(source, files=tuple(file for file, _ in hashed))
    if not hashed:
        return
    content = hashed[0][1] if len(hashed) == 1 else _manifest(hashed)
    if last and last["content_hash"] == content and last["settings"] == settings:
        records[-1] = {**last, "measured": moment, "files": _files(hashed)}
        records[-1].pop("gone", None)
        _keep(node, source.name, records)
        _document(node, source.name, records)
        report.datasets.append(Profiled(source.name, "unchanged", records[-1]))
        return
    reply = child.measure(source, share, node.country)
    if "error" in reply and len(source.files) > 1:
        good = []
        for file in source.files:
            alone = child.measure(replace(source, files=(file,)), share, node.country)
            if "error" in alone:
                report.problems.append((str(file.path), alone["error"]))
            else:
                good.append(file)
        if 0 < len(good) < len(source.files):
            yield replace(source, files=tuple(good))
            return
        if not good:
            return
    if reply.get("unlike"):
        yield from apart(source)
        return
    if "error" in reply:
        report.problems.append((str(source.files[0].path), reply["error"]))
        return
    same = last is not None and last["content_hash"] == content
    record: Record = {
        "dataset": source.name,
        "settings": settings,
        "kind": source.kind,
        "files": _files(hashed),
        "content_hash": content,
        "bytes": sum(file.bytes for file in source.files),
        # The bytes did not change when a file was merely touched or copied.
        "changed": last["changed"] if same and last else _newest(source.files),
        "measured": moment,
        **{key: reply[key] for key in ("rows", "rejected", "columns")},
    }
    if reply["left_out"]:
        report.problems.append((source.name, f"{reply['left_out']} columns beyond the first {len(reply['columns'])} are left out"))
    if reply["rejected"]:
        report.problems.append((source.name, f"{reply['rejected']:,} rows do not fit the columns and are left out"))
    before = records[:-1] if same else records
    _compare(before[-1] if before else None, record)
    records = [*before, record][-KEPT:]
    _keep(node, source.name, records)
    _document(node, source.name, records)
    report.datasets.append(Profiled(source.name, "changed" if last else "new", record))


def _compare(last: Record | None, record: Record) -> None:
    """Enter into a profile what moved since the last one: drift per column, columns that came, went or changed type."""
    if last is None:
        return
    known = {column["name"]: column for column in last["columns"]}
    for column in record["columns"]:
        before = known.get(column["name"])
        moved = before and drift(_shape(before), _shape(column))
        if moved:
            column["psi"], column["drifted"] = moved.psi, moved.drifted
        if before and "duplicates" in before and "duplicates" not in column and "distinct" in column:
            column["was_key"] = before["duplicates"] == 0
    types = {column["name"]: column["type"] for column in record["columns"]}
    record["since"] = {
        "measured": last["measured"],
        "rows": last["rows"],
        "added": sorted(set(types) - set(known)),
        "removed": sorted(set(known) - set(types)),
        "retyped": sorted(name for name in set(types) & set(known) if types[name] != known[name]["type"]),
    }


def _shape(column: Record) -> Shape:
    return Shape(column["size"], tuple(column.get("quantiles", ())), tuple(column.get("buckets", ())))


def _hashed(source: Source, report: Report) -> Iterator[tuple[DataFile, str]]:
    for file in source.files:
        try:
            with file.path.open("rb") as opened:
                yield file, hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            report.problems.append((str(file.path), (error.strerror or "cannot be read").lower()))


def _manifest(hashed: Iterable[tuple[DataFile, str]]) -> str:
    """SHA-256 of the lines that ``sha256sum`` writes for the files, in the order of their names."""
    lines = sorted((file.name, digest) for file, digest in hashed)
    return hashlib.sha256("".join(f"{digest}  {name}\n" for name, digest in lines).encode("utf-8", "surrogateescape")).hexdigest()


def _files(hashed: Iterable[tuple[DataFile, str]]) -> list[Record]:
    return [{"path": str(f.path), "name": f.name, "bytes": f.bytes, "mtime_ns": f.mtime_ns, "sha256": digest} for f, digest in hashed]


def _newest(files: Iterable[DataFile]) -> str:
    newest = max(file.mtime_ns for file in files) // 1_000_000_000
    return datetime.fromtimestamp(newest, UTC).replace(tzinfo=None).isoformat() + "Z"


def _state(node: NodeFolder) -> Record:
    empty: Record = {"datasets": {}, "roots": [], "profiled": None}
    try:
        return {**empty, **json.loads((node.history / STATE).read_text(encoding="utf-8"))}
    except FileNotFoundError:
        return empty
    except (OSError, ValueError) as error:
        raise UsageError(f"{node.history / STATE} cannot be read: {error}.", "Remove the history folder to begin anew.") from error


def _records(node: NodeFolder, name: str) -> list[Record]:
    path = node.history / f"{slug(name)}.jsonl"
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", "Remove it to begin this dataset's history anew.") from error


def _keep(node: NodeFolder, name: str, records: list[Record]) -> None:
    lines = "".join(json.dumps(record, sort_keys=True, ensure_ascii=True) + "\n" for record in records)
    write(node.history / f"{slug(name)}.jsonl", lines, 0o600)
    if records[-1].get("gone"):
        _document(node, name, records)


def _document(node: NodeFolder, name: str, records: list[Record]) -> None:
    write(node.documents / f"{slug(name)}.jsonl", document(node, records))


class _Child:
    """The process that measures, started when first needed and again when a file took it down."""

    def __init__(self, files: list[Path], limits: Limits) -> None:
        self.files, self.limits, self.confined = files, limits, True
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *ended: object) -> None:
        self._end()

    def measure(self, source: Source, share: list[str], region: str | None) -> Record:
        """What the child says of a dataset: what it measured, or ``error`` with the reason."""
        request = {
            "files": [os.fspath(file.path) for file in source.files],
            "kind": source.kind,
            "hive": source.hive,
            "bytes": sum(file.bytes for file in source.files),
            "dataset": source.name,
            "share": share,
            "region": region,
            "memory_mb": self.limits.memory_mb,
            "threads": self.limits.threads,
        }
        late = threading.Event()
        try:
            process = self._running()
            assert process.stdin and process.stdout
            with _killed_after(process, self.limits.deadline_s, late):
                write_message(process.stdin, json.dumps(request).encode())
                message = read_message(process.stdout, MOST_REPLY)
            reply: Record = json.loads(message)
            return reply
        except (OSError, ValueError):
            self._end()
            return {"error": f"not measured within {self.limits.deadline_s:g} s" if late.is_set() else "reading it ended the engine"}

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", START.format(paths=_import_paths()), json.dumps(self._setup())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"TZ": "UTC"},
                cwd="/",
                start_new_session=True,
            )
            assert self._process.stdout
            self.confined = bool(json.loads(read_message(self._process.stdout, MOST_REPLY))["confined"])
        return self._process

    def _setup(self) -> Record:
        base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
        readable = [
            *LIBRARIES,
            *MACHINE,
            *(path for name in ("stdlib", "platstdlib") if (path := sysconfig.get_path(name, vars=base))),
            *(str(path) for folder in _import_paths()[1:] for pattern in PACKAGES for path in Path(folder).glob(pattern)),
            *(str(CATALOG / name) for name in OWN),
            *map(str, self.files),
        ]
        return {"readable": readable, "listable": [*_import_paths(), *(str(CATALOG / name) for name in ("", "engine", "node"))], "open_files": max(256, 2 * len(self.files))}

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    assert stream
                    stream.close()


PACKAGES = ("duckdb", "_duckdb*", "duckdb-*.dist-info", "stdnum", "phonenumbers")
CATALOG = Path(__file__).parents[1]
OWN = (
    *(f"{folder}{name}" for folder in ("", "engine/", "node/") for name in ("__init__.py", "__pycache__")),
    *("engine/sandbox.py", "engine/worker.py", "node/profile_worker.py", "node/pii.py", "node/drift.py"),
)
"""What the child reads of the catalog's own code."""


def _import_paths() -> list[str]:
    """Where the child imports from: Steward, the engine and the checks of values."""
    found = [importlib.util.find_spec(name) for name in ("duckdb", "stdnum", "phonenumbers")]
    packages = [str(Path(spec.origin).parents[1]) for spec in found if spec and spec.origin]
    return list(dict.fromkeys([str(CATALOG.parent), *packages]))


@contextmanager
def _killed_after(process: "subprocess.Popen[bytes]", seconds: float, late: threading.Event) -> Iterator[None]:
    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
