"""Small random catalogs: every view has rows of every sensitivity, names repeat, cells are NULL now and then."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from types import NoneType
from typing import Any, get_args, get_type_hints

from catalog.semantic import views
from catalog.storage.generations import LATEST, Generation
from catalog.storage.records import (
    RECORD_TYPES,
    AuditEntry,
    Dataset,
    Document,
    LineageEdge,
    Model,
    Node,
    Record,
    storage_columns,
    storage_ddl,
)
from catalog.storage.rows import stage
from eval.instances.stock import VIEW_OF as VIEW_OF_TYPE
from eval.security.askers import EU

NOW = datetime(2026, 11, 20, 12)
US = "US"
LEVELS = ("public", "internal", "confidential", "restricted")
VIEW_OF = {type_.table: view for type_, view in VIEW_OF_TYPE.items()}
WORDS = ("EU", "US", "public", "internal", "d1", "d2", "n1", "m1", "ada", "given", "research", "ratio")


def world(random: Random, rows: int = 20) -> list[Record]:
    """Records of a random catalog: every view has rows of every sensitivity, names repeat, cells are NULL now and then."""
    made: list[Record] = []
    for at in range(7):
        made.append(random_record(Node, random, node=f"n{at}", jurisdiction=random.choice((EU, EU, US)), sensitivity=_level(random)))
    for at in range(14):
        made.append(random_record(Dataset, random, node=f"n{random.randrange(8)}", name=f"d{at % 10}", sensitivity=_level(random)))
    for at in range(6):
        made.append(random_record(Model, random, node=f"n{random.randrange(8)}", name=f"m{at}", sensitivity=_level(random)))
    for type_ in RECORD_TYPES:
        if type_ not in (Node, Dataset, Model, Document):
            made += [random_record(type_, random, node=f"n{random.randrange(8)}", sensitivity=_level(random)) for _ in range(rows * (2 if type_.table == "consent" else 1))]
    return unique([_of_model(r, random) if isinstance(r, LineageEdge) and random.random() < 0.3 else r for r in made])


def _of_model(edge: LineageEdge, random: Random) -> LineageEdge:
    """The edge with a model at one of its ends."""
    name = f"m{random.randrange(7)}"
    if random.random() < 0.5:
        return replace(edge, upstream=name, upstream_kind="model")
    return replace(edge, downstream=name, downstream_kind="model")


def _level(random: Random) -> str:
    return random.choice(("public", "public", "internal", "confidential", "restricted"))


def unique(records: Iterable[Record]) -> list[Record]:
    """Of each key the first record."""
    found: dict[tuple[Any, ...], Record] = {}
    for record in records:
        found.setdefault(key_of(record), record)
    return list(found.values())


def key_of(record: Record) -> tuple[Any, ...]:
    return record.table, *(getattr(record, name) for name in record.key)


def random_record(type_: type[Record], random: Random, **fixed: Any) -> Record:
    made = {f.name: cell(type_, f.name, random) for f in fields(type_) if f.name not in fixed}
    return type_(**made, **fixed)


_HINTS: dict[type[Record], Mapping[str, tuple[Any, bool]]] = {}


def _hints(type_: type[Record]) -> Mapping[str, tuple[Any, bool]]:
    """Python type of each field, and whether it may be None."""
    if type_ not in _HINTS:
        hints = get_type_hints(type_)
        parts = {f.name: get_args(hints[f.name]) for f in fields(type_)}
        _HINTS[type_] = {name: (parts[name][0], True) if NoneType in parts[name] else (hints[name], False) for name in parts}
    return _HINTS[type_]


def cell(type_: type[Record], name: str, random: Random) -> Any:
    """A random cell of a record: a name that occurs, a value of the column's vocabulary, a small number, or None where it may be."""
    kind, optional = _hints(type_)[name]
    if optional and random.random() < 0.15:
        return None
    column = views()[VIEW_OF[type_.table]].columns.get(name) if type_.table in VIEW_OF else None
    if column is not None and column.values and kind is str:
        return random.choice(column.values)
    if kind is str:
        return _name(column.slot if column else "", name, random)
    if kind is bool:
        return random.random() < 0.5
    if kind is int:
        return random.choice((0, 1, random.randrange(60), random.randrange(5000)))
    if kind is float:
        return random.randrange(-8, 65) / 8  # sums of these are exact
    if kind is datetime:
        return NOW - timedelta(minutes=random.randrange(-90_000, 500_000))
    if kind is date:
        return (NOW - timedelta(days=random.randrange(-90, 400))).date()
    slot = column.slot if column else ""
    return tuple(_name("dataset" if name == "aliases" else slot, name, random) for _ in range(random.randrange(4)))


def _name(slot: str, column: str, random: Random) -> str:
    match slot:
        case "dataset":
            return f"d{random.randrange(12)}"
        case "model":
            return f"m{random.randrange(7)}"
        case "node":
            return f"n{random.randrange(8)}"
    if column.endswith("_id") or column in ("run", "job"):
        return f"{column[:2]}{random.randrange(10**6)}"
    return random.choice(("ada", "bob", "Ünal", "x y", "", "10", f"{column[:3]}{random.randrange(6)}"))


class Log:
    """The live audit log of a world."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._entries = [r for r in records if isinstance(r, AuditEntry)]

    def entries(self) -> list[AuditEntry]:
        return self._entries


def store(records: Sequence[Record], home: Path, number: int) -> Generation:
    """A generation file of these records; the audit entries are in the `Log` instead."""
    import duckdb

    generation = Generation(number, home / f"gen-{number}.duckdb")
    by_table: dict[str, list[Record]] = {}
    for record in records:
        if not isinstance(record, AuditEntry):
            by_table.setdefault(record.table, []).append(record)
    with duckdb.connect(str(generation.path), config={"threads": 1}) as connection:
        connection.execute(f"BEGIN; {storage_ddl()}")
        for table, rows in by_table.items():
            columns = storage_columns(type(rows[0]))
            stage(connection, table, columns, ([getattr(row, name) for name in columns] for row in rows))
        connection.execute(f"{LATEST}; COMMIT")
    return generation
