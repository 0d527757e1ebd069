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
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from catalog.access.cubes import build_cube
from catalog.access.masks import mask_key, treated
from catalog.access.policy import Authorisation, Cube, Permit, Principal
from catalog.errors import CatalogUnavailable
from catalog.semantic import Column, View, views
from catalog.storage.closure import build_closure, direct
from catalog.storage.database import attach, open_to_write
from catalog.storage.encryption import SEALED, generation_key, is_sealed, keys_of
from catalog.storage.records import AuditEntry, storage_columns
from catalog.storage.rows import stage

if TYPE_CHECKING:
    import duckdb

    from catalog.storage.generations import Generation

LAYOUT = 4
"""Part of every key: another way to write snapshots makes the old ones stale."""

KEPT = 8
"""Snapshots of a principal that are kept for the next question."""

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


def directory(home: Path, principal: Principal) -> Path:
    """The private folder of a principal's snapshots, made when it is missing; each purpose that they state has one of its own."""
    name = _folder(principal.name)
    if principal.purpose:
        name += f"-{_folder(principal.purpose)}"
    path = home / "snapshots" / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def forget(home: Path, principal_name: str) -> None:
    """Remove the snapshots of a principal and the names kept beside them, whatever purpose they were made for."""
    for file in (home / "snapshots").glob(f"{_folder(principal_name)}*/*"):
        file.unlink(missing_ok=True)


def forget_others(home: Path, principal_names: Iterable[str]) -> None:
    """Remove the folders of everybody who is not among these: they left the policy, and what they might see goes."""
    kept = {_folder(name) for name in principal_names}
    for folder in (home / "snapshots").glob("*"):
        if not folder.name.startswith(".") and folder.name.partition("-")[0] not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def forget_everything(home: Path) -> None:
    """Remove every kept snapshot: somebody is erased, and any of them may name who that is."""
    for file in (home / "snapshots").glob("[!.]*/*"):
        file.unlink(missing_ok=True)


def _folder(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def prepare(
    home: Path,
    generation: "Generation",
    log: AuditSource,
    authorisation: Authorisation,
    view_names: Iterable[str],
    now: datetime,
) -> Path:
    """A file that holds these views and cubes as ``authorisation`` permits them; built, or found from an earlier question.

    What is found may hold more that the asker may see, and what is built takes over the views that another file has: at a million
    datasets each of them takes minutes. It is encrypted when the generation is. A snapshot is found again on the day of ``now``
    only, and one with the audit log, which grows with every question, never.
    """
    names = sorted(set(view_names))
    assert all(name in authorisation.permits or name in authorisation.cubes for name in names), "only permitted views have a snapshot"
    folder = directory(home, authorisation.principal)
    scope, key = _scope(authorisation), _key(generation, now)
    sealed = is_sealed(generation.path)
    secret = keys_of(home).snapshot(folder.name) if sealed else None
    path = folder / f"s{scope}-{key}-{_mask(authorisation, names):x}{SEALED if sealed else '.duckdb'}"
    kept = _kept(folder, f"s{scope}-{key}-", authorisation)
    if LIVE not in names:
        for other, held in sorted(kept.items(), key=lambda item: len(item[1])):
            if held.issuperset(names):
                with suppress(FileNotFoundError):
                    os.utime(other)
                    return other
    with tempfile.TemporaryDirectory(prefix=DRAFTS, dir=folder.parent) as building:
        draft = Path(building) / "snapshot.duckdb"
        with _unreadable(generation.path), open_to_write(draft, secret, {"temp_directory": ""}) as connection:
            missing = _take_over(connection, kept, names, secret)
            attach(connection, generation.path, "store", generation_key(generation.path))
            _write(connection, log, authorisation, missing, mask_key(home))
        with draft.open("rb") as file:
            os.fsync(file.fileno())  # the name must not outlive a power cut without the rows
        draft.chmod(0o400)
        draft.replace(path)
    _sweep(folder, scope, path)
    return path


def _mask(authorisation: Authorisation, names: Iterable[str]) -> int:
    """Which of everything permitted a file holds, a bit for each: part of its name."""
    places = {name: at for at, name in enumerate(sorted({*authorisation.permits, *authorisation.cubes}))}
    return sum(1 << places[name] for name in names)


def _kept(folder: Path, beginning: str, authorisation: Authorisation) -> dict[Path, set[str]]:
    """Files of one scope, generation and day, and the views and cubes that each holds; the live log counts as held by none."""
    everything = sorted({*authorisation.permits, *authorisation.cubes})
    found = {}
    for path in folder.glob(f"{beginning}*.duckdb"):
        with suppress(ValueError):
            mask = int(path.name.removeprefix(beginning).partition(".")[0], 16)
            found[path] = {name for at, name in enumerate(everything) if mask >> at & 1} - {LIVE}
    return found


def _take_over(connection: "duckdb.DuckDBPyConnection", kept: Mapping[Path, set[str]], names: list[str], secret: str | None) -> list[str]:
    """Copy what other files of the same scope hold already; returns the names of what none does, or none that can be read."""
    import duckdb

    missing = list(names)
    for path, held in sorted(kept.items(), key=lambda item: -len(item[1].intersection(names))):
        wanted = [name for name in missing if name in held]
        if wanted:
            with suppress(duckdb.Error):  # removed meanwhile, or damaged: made anew
                attach(connection, path, "kept", secret)
                try:
                    for name in wanted:
                        connection.execute(f'CREATE TABLE "{name}" AS FROM kept."{name}"')
                        missing.remove(name)
                finally:
                    connection.execute("DETACH kept")
    return missing


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
    for path in (*stale, *recent[KEPT - 1 :]):
        for file in folder.glob(f"{path.stem}.*"):
            file.unlink(missing_ok=True)


@contextmanager
def _unreadable(store: Path) -> Iterator[None]:
    """Say what an engine's error means."""
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException) as error:
        raise CatalogUnavailable(f"{store} cannot be read, or its snapshot not written.", "See that the disk has room, else build the catalog anew.") from error


def _write(connection: "duckdb.DuckDBPyConnection", log: AuditSource, authorisation: Authorisation, names: list[str], key: str) -> None:
    connection.execute("ATTACH ':memory:' AS state")
    writer = _Writer(connection, authorisation, key)
    if LIVE in names:
        writer.load_log(log)
    if "lineage" in names:
        writer.load_closure()
    for name in names:
        if name in authorisation.permits:
            writer.write(views()[name], authorisation.permits[name])
    cubes = [authorisation.cubes[name] for name in names if name in authorisation.cubes]
    if cubes:
        writer = _Writer(connection, authorisation.base or authorisation, key, "base_")
        for cube in cubes:
            writer.write_cube(cube)
    connection.execute("DETACH store; DETACH state")


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

    def load_closure(self) -> None:
        """Compute lineage over the edges that the asker may see and that name nothing hidden from the asker."""
        self.connection.execute(
            "CREATE TEMP TABLE known AS SELECT name FROM store.dataset UNION SELECT name FROM store.model"
        )
        tests = [
            f"{end} NOT IN (FROM {hidden})"
            for hidden in (self.hidden_names("dataset"), self.hidden_names("model"))
            for end in ("upstream", "downstream")
            if hidden
        ]
        rows = direct(f"SELECT * FROM store.edge WHERE {' AND '.join(tests) or 'TRUE'}")
        row_filter = self.permits["lineage"].row_filter or "TRUE"
        build_closure(
            self.connection, f"SELECT * EXCLUDE (jurisdiction) FROM ({_with_jurisdiction(rows)}) WHERE {row_filter}"
        )

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
