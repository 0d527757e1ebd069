"""What one asker may see, written to a DuckDB file of its own: authorised rows and columns, masks applied, nothing else.

A reader of the file needs no further check, whatever it runs. Knows views and decisions; knows nothing about the asker's SQL.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from catalog.access.cubes import build_cube
from catalog.access.masks import mask_key, treated
from catalog.access.policy import Authorisation, Cube, Permit
from catalog.engine.folders import directory
from catalog.errors import CatalogUnavailable
from catalog.semantic import Column, View, views
from catalog.storage.closure import Cut, Fixed, build_closure, direct
from catalog.storage.database import BUFFERS, attach, fence, only_tables, open_to_write
from catalog.storage.encryption import SEALED, generation_key, is_sealed, keys_of
from catalog.storage.records import AuditEntry, storage_columns
from catalog.storage.rows import stage

if TYPE_CHECKING:
    import duckdb

    from catalog.storage.generations import Generation

LAYOUT = 5
"""Part of every key: another way to write snapshots makes the old ones stale."""

KEPT = 8
"""Snapshots of a principal that are kept for the next question, and as many that hold the lineage of a few names only."""

LINEAGE = "lineage"
FEW = 2_000
"""Direct flows of which the closure of all takes no longer than that of a few names."""
ENDED, ONLY = ".cut", ".only-"
"""Parts of a file's name: its lineage ends before that of the catalog does; it holds lineage of some names, or direct flows, only."""

ABANDONED_S = 3600
"""Age in seconds at which a half-built snapshot is what a killed process left behind."""

LIVE = "audit_log"
"""The view that is read anew for every snapshot."""

DRAFTS = ".build-"
"""How folders in which snapshots are built are called at first."""

NAMES = {
    "dataset": ("store.dataset", "name", "datasets"),
    "model": ("store.model", "name", "models"),
    "node": ("store.node", "node", "nodes"),
}
"""Slot of a cell that names something: where such things are stored, and the view that decides who may know of them."""


OF_NODE = {"jurisdiction": "'unknown'", "country": "NULL"}
"""Columns that tell where the node of a row stands, and what they say where the asker may not know of the node."""


class AuditSource(Protocol):
    """Where the live audit log is read from."""

    def entries(self) -> list[AuditEntry]: ...


def prepare(
    home: Path,
    generation: "Generation",
    log: AuditSource,
    authorisation: Authorisation,
    view_names: Iterable[str],
    now: datetime,
    fixed: Fixed | None = None,
) -> Path:
    """A file that holds these views and cubes as ``authorisation`` permits them; built, or found from an earlier question.

    What is found may hold more that the asker may see, and what is built takes over the views that another file has: at a million
    datasets each of them takes minutes. It is encrypted when the generation is. A snapshot is found again on the day of ``now``
    only, and one with the audit log, which grows with every question, never.

    Lineage of all names ends where it would be too much (`cut_of`). Whoever reads no rows of it but those that ``fixed`` describes gets
    these at any depth, if need be in a file without the others.
    """
    names = sorted(set(view_names))
    assert all(name in authorisation.permits or name in authorisation.cubes for name in names), "only permitted views have a snapshot"
    folder = directory(home, authorisation.principal)
    scope, key = _scope(authorisation), _key(generation, now)
    sealed = is_sealed(generation.path)
    secret = keys_of(home).snapshot(folder.name) if sealed else None
    beginning = f"s{scope}-{key}-"
    held = _kept(folder, beginning, authorisation)
    only = _only(fixed, names, authorisation)
    if only and any(LINEAGE in file.views and not file.only and (not file.cut or not fixed.names) for file in held.values() if fixed):
        only = ""  # nothing that matters is left out there
    found = {path: file.holds(only) for path, file in held.items()}
    if LIVE not in names:
        for other, views_held in sorted(found.items(), key=lambda item: len(item[1])):
            if views_held.issuperset(names):
                with suppress(FileNotFoundError):
                    os.utime(other)
                    return other
    with tempfile.TemporaryDirectory(prefix=DRAFTS, dir=folder.parent) as building:
        draft = Path(building) / "snapshot.duckdb"
        with _unreadable(generation.path), open_to_write(draft, secret, buffers=BUFFERS) as connection:
            fence(connection, [generation.path, *held])
            attach(connection, generation.path, "store", generation_key(generation.path))
            only_tables(connection, "store")
            if only and not any(file.cut and not file.only for file in held.values()) and _few_flows(connection):
                only, found = "", {path: file.holds("") for path, file in held.items()}
            missing, copied = _take_over(connection, {path: (views_held, held[path].cut) for path, views_held in found.items()}, names, secret)
            cut = _write(connection, log, authorisation, missing, mask_key(home), fixed if only else None) is not None or copied
        with draft.open("rb") as file:
            os.fsync(file.fileno())  # the name must not outlive a power cut without the rows
        draft.chmod(0o400)
        marks = f"{ONLY}{only}" if only else ""
        path = folder / f"{beginning}{_mask(authorisation, names):x}{marks}{ENDED if cut else ''}{SEALED if sealed else '.duckdb'}"
        draft.replace(path)
    _sweep(folder, scope, path)
    if cut and not only and _only(fixed, names, authorisation):
        return prepare(home, generation, log, authorisation, names, now, fixed)  # few flows, and yet too many ways
    return path


def cut_of(snapshot: Path) -> Cut | None:
    """Where the lineage of a snapshot ends although that of the catalog, as far as its asker may see it, goes on."""
    from catalog.quality.freshness import opened

    if ENDED not in snapshot.name:
        return None
    with opened(snapshot) as connection:
        row = connection.execute("SELECT comment FROM duckdb_tables() WHERE table_name = $1", [LINEAGE]).fetchone()
    if not row or not row[0]:
        return None
    hops, _, more = str(row[0]).partition(" ")
    return Cut(int(hops), int(more) if more else None)


@dataclass(frozen=True, slots=True)
class _File:
    """What a kept snapshot holds, the live log aside; ``only`` says of which names its lineage is, ``cut`` that this ends too soon."""

    views: frozenset[str]
    only: str
    cut: bool

    def holds(self, only: str) -> frozenset[str]:
        """The views that answer a question that needs lineage of ``only`` these names, or of all."""
        return self.views if self.only == only else self.views - {LINEAGE}


def _only(fixed: Fixed | None, names: list[str], authorisation: Authorisation) -> str:
    """A name for the part of lineage that is enough; empty where all of it is needed, or where a mask hides what to start from."""
    if fixed is None or LINEAGE not in names or LINEAGE not in authorisation.permits or fixed.hops > 1:
        return ""
    shown = authorisation.permits[LINEAGE].columns
    if fixed.names and any(shown.get(end) != "show" for end in ("upstream", "downstream")):
        return ""
    return _digest([sorted(fixed.upstream), sorted(fixed.downstream), fixed.hops])


def _few_flows(connection: "duckdb.DuckDBPyConnection") -> bool:
    row = connection.execute("SELECT count(*) <= $1 FROM store.edge", [FEW]).fetchone()
    return bool(row and row[0])


def _mask(authorisation: Authorisation, names: Iterable[str]) -> int:
    """Which of everything permitted a file holds, a bit for each: part of its name."""
    places = {name: at for at, name in enumerate(sorted({*authorisation.permits, *authorisation.cubes}))}
    return sum(1 << places[name] for name in names)


def _kept(folder: Path, beginning: str, authorisation: Authorisation) -> dict[Path, _File]:
    """Files of one scope, generation and day, and what each holds."""
    everything = sorted({*authorisation.permits, *authorisation.cubes})
    found = {}
    for path in folder.glob(f"{beginning}*.duckdb"):
        mask, *marks = path.name.removeprefix(beginning).split(".")
        only = next((mark.removeprefix(ONLY[1:]) for mark in marks if mark.startswith(ONLY[1:])), "")
        with suppress(ValueError):
            views_held = {name for at, name in enumerate(everything) if int(mask, 16) >> at & 1} - {LIVE}
            found[path] = _File(frozenset(views_held), only, ENDED[1:] in marks)
    return found


def _take_over(
    connection: "duckdb.DuckDBPyConnection", kept: Mapping[Path, tuple[frozenset[str], bool]], names: list[str], secret: str | None
) -> tuple[list[str], bool]:
    """Copy what other files of the same scope hold already; the names of what none does, or none that can be read, and whether the lineage copied is cut."""
    import duckdb

    missing, cut = list(names), False
    for path, (held, ends) in sorted(kept.items(), key=lambda item: -len(item[1][0].intersection(names))):
        wanted = [name for name in missing if name in held]
        if wanted:
            with suppress(duckdb.Error):  # removed meanwhile, or damaged: made anew
                attach(connection, path, "kept", secret)
                try:
                    for name in wanted:
                        connection.execute(f'CREATE TABLE "{name}" AS FROM kept."{name}"')
                        missing.remove(name)
                        if name == LINEAGE and ends:
                            cut = True
                            row = connection.execute("SELECT comment FROM duckdb_tables() WHERE database_name = 'kept' AND table_name = $1", [name]).fetchone()
                            _remark(connection, str(row[0]) if row else "1")
                finally:
                    connection.execute("DETACH kept")
    return missing, cut


def _remark(connection: "duckdb.DuckDBPyConnection", comment: str) -> None:
    """Write beside the lineage where it ends: two numbers, see `cut_of`."""
    assert comment.replace(" ", "").isdigit()
    connection.execute(f"COMMENT ON TABLE \"{LINEAGE}\" IS '{comment}'")


def _scope(authorisation: Authorisation) -> str:
    """What the asker may see, as a name; grants count with their expiry, so that a snapshot does not outlive one."""
    permits = [[p.view, sorted(p.columns.items()), p.row_filter] for _, p in sorted(authorisation.permits.items())]
    cubes = [[name, cube.row_filter] for name, cube in sorted(authorisation.cubes.items())]
    return _digest([LAYOUT, authorisation.policy_version, asdict(authorisation.principal), permits, cubes])


def _key(generation: "Generation", now: datetime) -> str:
    stat = generation.path.stat()
    return _digest([generation.number, stat.st_mtime_ns, stat.st_size, f"{now:%Y-%m-%d}"])


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]


def _sweep(folder: Path, scope: str, keep: Path) -> None:
    """Remove what other rules or attributes allowed, all but the last few of these, with what readers kept beside them, and ruins."""
    for ruin in folder.parent.glob(f"{DRAFTS}*"):
        with suppress(FileNotFoundError):
            if time.time() - ruin.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(ruin, ignore_errors=True)
    found = {path: path.stat().st_mtime_ns for path in folder.glob("s*.duckdb")}
    stale = [path for path in found if not path.name.startswith(f"s{scope}-")]
    recent = sorted(found.keys() - {keep, *stale}, key=lambda path: found[path], reverse=True)
    whole, some = [path for path in recent if ONLY not in path.name], [path for path in recent if ONLY in path.name]
    for path in (*stale, *whole[KEPT - (ONLY not in keep.name) :], *some[KEPT - (ONLY in keep.name) :]):
        for file in folder.glob(f"{path.stem}.*"):
            file.unlink(missing_ok=True)


@contextmanager
def _unreadable(store: Path) -> Iterator[None]:
    """Say what an engine's error means."""
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException, duckdb.PermissionException) as error:
        raise CatalogUnavailable(f"{store} cannot be read, or its snapshot not written.", "See that the disk has room, else build the catalog anew.") from error


def _write(
    connection: "duckdb.DuckDBPyConnection", log: AuditSource, authorisation: Authorisation, names: list[str], key: str, fixed: Fixed | None
) -> Cut | None:
    """Write these views and cubes; where lineage is among them and ends too soon, say where."""
    connection.execute("ATTACH ':memory:' AS state")
    writer = _Writer(connection, authorisation, key)
    cut = None
    if LIVE in names:
        writer.load_log(log)
    if LINEAGE in names:
        cut = writer.load_closure(fixed)
    for name in names:
        if name in authorisation.permits:
            writer.write(views()[name], authorisation.permits[name])
    if cut:
        _remark(connection, f"{cut.hops}" if cut.more is None else f"{cut.hops} {cut.more}")
    cubes = [authorisation.cubes[name] for name in names if name in authorisation.cubes]
    if cubes:
        writer = _Writer(connection, authorisation.base or authorisation, key, "base_")
        for cube in cubes:
            writer.write_cube(cube)
    connection.execute("DETACH store; DETACH state")
    return cut


class _Writer:
    """Writes permitted views into the open file; what it needs on the way are temporary tables, called ``prefix`` and more."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", authorisation: Authorisation, key: str, prefix: str = "") -> None:
        self.connection = connection
        self.permits = authorisation.permits
        self.key = key
        self.prefix = prefix
        self.hidden: dict[str, str] = {}

    def load_log(self, log: AuditSource) -> None:
        """Put the live audit log where the view's SQL looks for it."""
        columns = storage_columns(AuditEntry)
        declared = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        rows = ([getattr(entry, name) for name in columns] for entry in log.entries())
        self.connection.execute(f"USE state; CREATE TABLE audit_entry ({declared})")
        stage(self.connection, "audit_entry", columns, rows)
        self.connection.execute("USE snapshot")

    def load_closure(self, fixed: Fixed | None) -> Cut | None:
        """Compute lineage, all of it or what is ``fixed``, over the edges that the asker may see and that name nothing hidden from the asker."""
        self.connection.execute(
            "CREATE TEMP TABLE known AS SELECT name FROM store.dataset UNION SELECT name FROM store.model"
        )
        tests = [
            f"{end} NOT IN (FROM {hidden})"
            for hidden in (self.hidden_names("dataset"), self.hidden_names("model"))
            for end in ("upstream", "downstream")
            if hidden
        ]

        def visible(edges: str) -> str:
            rows = _with_jurisdiction(direct(f"FROM ({edges}) WHERE {' AND '.join(tests) or 'TRUE'}"))
            return f"SELECT * EXCLUDE (jurisdiction) FROM ({rows}) WHERE {self.permits[LINEAGE].row_filter or 'TRUE'}"

        if fixed is None:
            return build_closure(self.connection, visible("FROM store.edge"))
        from catalog.storage.anchored import build_anchored  # numpy: 0.1 s

        return build_anchored(self.connection, "store.edge", visible, fixed)

    def hidden_names(self, kind: str) -> str:
        """Temporary table of the stored names that the asker may not know of; empty text when there are none."""
        if kind not in self.hidden:
            table, column, view = NAMES[kind]
            permit = self.permits.get(view)
            self.hidden[kind] = ""
            if permit is None or permit.row_filter:
                names = f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"
                if permit:
                    rows = _with_jurisdiction(views()[view].sql)
                    names += f" EXCEPT SELECT {column} FROM ({rows}) WHERE {permit.row_filter}"
                table = f"{self.prefix}hidden_{kind}"
                self.connection.execute(f"CREATE TEMP TABLE {table} AS {names}")
                if self.connection.execute(f"FROM {table} LIMIT 1").fetchone():
                    self.hidden[kind] = table
        return self.hidden[kind]

    def write(self, view: View, permit: Permit) -> None:
        """One view as a table: rows by the filter and by what they name, then columns, then masks.

        Rows lie in the order of what is shown of them: the order that a join leaves depends on how many rows are hidden, and
        LIMIT or ``first()`` would tell.
        """
        columns = [view.columns[name] for name in permit.columns]
        shown = ", ".join(f'{treated(c, permit.columns[c.name], self.key)} AS "{c.name}"' for c in columns)
        rows = self.open_rows(view, columns, permit.row_filter)
        self.connection.execute(f'CREATE TABLE "{view.name}" AS SELECT {shown} FROM ({rows}) ORDER BY ALL')

    def write_cube(self, cube: Cube) -> None:
        """One cube as a table, made of the rows that its rule and the asker's filters leave."""
        view = views()[cube.rule.view]
        names = (cube.rule.entity, *cube.rule.dimensions, *(m.column for m in cube.rule.measures if m.column))
        build_cube(self.connection, cube, self.open_rows(view, [view.columns[name] for name in dict.fromkeys(names)], cube.row_filter))

    def open_rows(self, view: View, columns: Iterable[Column], row_filter: str) -> str:
        """SQL of these columns of the rows that the filter keeps and that are about no dataset the asker may not know of."""
        tests = [row_filter or "TRUE"]
        referring = [c.name for c in view.columns.values() if c.ref == "datasets.name"]
        if referring and (hidden := self.hidden_names("dataset")):
            tests += [f'("{name}" IS NULL OR "{name}" NOT IN (FROM {hidden}))' for name in referring]
        cells = ", ".join(f'{self.without_hidden(view, column)} AS "{column.name}"' for column in columns)
        return f"SELECT {cells} FROM (SELECT * FROM ({_with_jurisdiction(view.sql)}) WHERE {' AND '.join(tests)}) r"

    def without_hidden(self, view: View, column: Column) -> str:
        """SQL of a cell that names no node, model or (in a list) dataset, nor tells of a node, that the asker may not know of."""
        cell = f'r."{column.name}"'
        if column.name in OF_NODE and (hidden := self.hidden_names("node")):
            return f"CASE WHEN r.node IN (FROM {hidden}) THEN {OF_NODE[column.name]} ELSE {cell} END"
        kind = "dataset" if column.name == "aliases" else column.slot
        if kind not in NAMES or column.ref == "datasets.name" or NAMES[kind][1:] == (column.name, view.name):
            return cell
        hidden = self.hidden_names(kind)
        if not hidden:
            return cell
        if column.is_list:
            kept = f"SELECT list(x ORDER BY i) FROM (SELECT unnest({cell}) AS x, generate_subscripts({cell}, 1) AS i) WHERE x NOT IN (FROM {hidden})"
            return f"CASE WHEN {cell} IS NOT NULL THEN coalesce(({kept}), []) END"
        return f"CASE WHEN {cell} NOT IN (FROM {hidden}) THEN {cell} END"


def _with_jurisdiction(rows: str) -> str:
    return (
        "SELECT v.*, coalesce(j.jurisdiction, 'unknown') AS jurisdiction "
        f"FROM ({rows}) v LEFT JOIN store.node j ON j.node = v.node"
    )
