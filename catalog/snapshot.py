"""What one asker may see, written to a DuckDB file of its own: authorised rows and columns, masks applied, nothing else.

A reader of the file needs no further check, whatever it runs. Knows views and decisions; knows nothing about the asker's SQL.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from catalog.closure import build_closure, direct
from catalog.errors import CatalogUnavailable
from catalog.masks import mask_key, treated
from catalog.policy import Authorisation, Permit, Principal
from catalog.records import AuditEntry, storage_columns
from catalog.rows import stage
from catalog.semantic import Column, View, views

if TYPE_CHECKING:
    import duckdb

    from catalog.generations import Generation

LAYOUT = 2
"""Part of every key: another way to write snapshots makes the old ones stale."""

KEPT = 8
"""Snapshots of a principal that are kept for the next question."""

ABANDONED_S = 3600
"""Age in seconds at which a half-built snapshot is what a killed process left behind."""

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

    def audit_entries(self) -> list[AuditEntry]: ...


def directory(home: Path, principal: Principal) -> Path:
    """The private folder of a principal's snapshots, made when it is missing."""
    name = hashlib.sha256(principal.name.encode()).hexdigest()[:24]
    path = home / "snapshots" / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def prepare(
    home: Path,
    generation: "Generation",
    state: AuditSource,
    authorisation: Authorisation,
    view_names: Iterable[str],
    now: datetime,
) -> Path:
    """A file that holds exactly these views as ``authorisation`` permits them; built, or found from an equal question.

    A snapshot is found again on the day of ``now`` only, and one with the audit log, which grows with every question, never.
    """
    names = sorted(set(view_names))
    assert all(name in authorisation.permits for name in names), "only permitted views have a snapshot"
    folder = directory(home, authorisation.principal)
    scope, key = _scope(authorisation), _key(generation, names, now)
    path = folder / f"s{scope}-{key}.duckdb"
    if "audit_log" not in names:
        with suppress(FileNotFoundError):
            os.utime(path)
            return path
    with tempfile.TemporaryDirectory(prefix=DRAFTS, dir=folder.parent) as building:
        draft = Path(building) / "snapshot.duckdb"
        _build(draft, generation.path, state, authorisation, names, mask_key(home))
        with draft.open("rb") as file:
            os.fsync(file.fileno())  # the name must not outlive a power cut without the rows
        draft.chmod(0o400)
        draft.replace(path)
    _sweep(folder, scope, path)
    return path


def _scope(authorisation: Authorisation) -> str:
    permits = [[p.view, sorted(p.columns.items()), p.row_filter] for _, p in sorted(authorisation.permits.items())]
    return _digest([LAYOUT, authorisation.policy_version, asdict(authorisation.principal), permits])


def _key(generation: "Generation", names: list[str], now: datetime) -> str:
    stat = generation.path.stat()
    return _digest([generation.number, stat.st_mtime_ns, stat.st_size, f"{now:%Y-%m-%d}", names])


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


def _build(draft: Path, store: Path, state: AuditSource, authorisation: Authorisation, names: list[str], key: str) -> None:
    import duckdb

    try:
        _write(draft, store, state, authorisation, names, key)
    except (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException) as error:
        raise CatalogUnavailable(f"{store} cannot be read, or its snapshot not written.", "See that the disk has room, else build the catalog anew.") from error


def _write(draft: Path, store: Path, state: AuditSource, authorisation: Authorisation, names: list[str], key: str) -> None:
    import duckdb

    with duckdb.connect(str(draft), config={"temp_directory": ""}) as connection:
        connection.execute(f"ATTACH {_text(str(store))} AS store (READ_ONLY); ATTACH ':memory:' AS state")
        writer = _Writer(connection, authorisation, key)
        if "audit_log" in names:
            writer.load_state(state)
        if "lineage" in names:
            writer.load_closure()
        for name in names:
            writer.write(views()[name], authorisation.permits[name])
        connection.execute("DETACH store; DETACH state")


class _Writer:
    """Writes permitted views into the open file; what it needs on the way are temporary tables."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", authorisation: Authorisation, key: str) -> None:
        self.connection = connection
        self.permits = authorisation.permits
        self.key = key
        self.hidden: dict[str, str] = {}

    def load_state(self, state: AuditSource) -> None:
        """Put the live audit log where the view's SQL looks for it."""
        columns = storage_columns(AuditEntry)
        declared = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        rows = ([getattr(entry, name) for name in columns] for entry in state.audit_entries())
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
                self.connection.execute(f"CREATE TEMP TABLE hidden_{kind} AS {names}")
                if self.connection.execute(f"FROM hidden_{kind} LIMIT 1").fetchone():
                    self.hidden[kind] = f"hidden_{kind}"
        return self.hidden[kind]

    def write(self, view: View, permit: Permit) -> None:
        """One view as a table: rows by the filter and by what they name, then columns, then masks."""
        tests = [permit.row_filter or "TRUE"]
        referring = [c.name for c in view.columns.values() if c.ref == "datasets.name"]
        if referring and (hidden := self.hidden_names("dataset")):
            tests += [f'("{name}" IS NULL OR "{name}" NOT IN (FROM {hidden}))' for name in referring]
        columns = [view.columns[name] for name in permit.columns]
        cells = ", ".join(f'{self.without_hidden(view, column)} AS "{column.name}"' for column in columns)
        shown = ", ".join(f'{treated(c, permit.columns[c.name], self.key)} AS "{c.name}"' for c in columns)
        rows = f"SELECT * FROM ({_with_jurisdiction(view.sql)}) WHERE {' AND '.join(tests)}"
        self.connection.execute(f'CREATE TABLE "{view.name}" AS SELECT {shown} FROM (SELECT {cells} FROM ({rows}) r)')

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


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
