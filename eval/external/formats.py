"""Reads a benchmark's folder: Spider (``dev.json``, ``tables.json``, ``database/``) or BIRD (``dev.json``, ``dev_databases/``).

Spider: Yu et al., 2018; BIRD: Li et al., 2023. Knows files and fields; opens no database.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.errors import UsageError

Format = Literal["spider", "bird"]
Kind = Literal["sqlite", "duckdb", "dump"]
FOLDERS = {"spider": "database", "bird": "dev_databases"}
HEADERS: Mapping[Kind, tuple[int, bytes]] = {"sqlite": (0, b"SQLite format 3\0"), "duckdb": (8, b"DUCK")}
"""Where a database file says what it is, and how."""


class _SpiderEntry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    db_id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    query: str = Field(min_length=1)


class _BirdEntry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    question_id: int
    db_id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    evidence: str = ""
    SQL: str = Field(min_length=1)
    difficulty: str = ""


class _SpiderTables(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    db_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question with its gold, in the database's own dialect."""

    id: str
    database: str
    question: str
    gold: str
    evidence: str = ""
    difficulty: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a database is and what holds it; ``descriptions`` is a folder that may not be there."""

    name: str
    kind: Kind
    path: Path
    descriptions: Path


@dataclass(frozen=True, slots=True)
class External:
    """A benchmark as its folder has it."""

    format: Format
    folder: Path
    items: tuple[Item, ...]
    databases: Mapping[str, Source]


def load(folder: Path) -> External:
    """The benchmark in a folder. Raises `UsageError` naming the file, and the entry and field in it, of the first fault."""
    path = folder / "dev.json"
    entries = _list(path)
    format_ = _format(path, entries)
    if format_ == "spider":
        items = [
            Item(id=f"{at:05}", database=e.db_id, question=e.question, gold=e.query)
            for at, e in enumerate(_parsed(path, entries, _SpiderEntry))
        ]
        known = {entry.db_id for entry in _parsed(folder / "tables.json", _list(folder / "tables.json"), _SpiderTables)}
        for at, item in enumerate(items):
            if item.database not in known:
                raise UsageError(f"{path}, entry {at}, db_id: {item.database!r} is not in {folder / 'tables.json'}.")
    else:
        items = [
            Item(id=f"{e.question_id:05}", database=e.db_id, question=e.question, gold=e.SQL, evidence=e.evidence, difficulty=e.difficulty)
            for e in _parsed(path, entries, _BirdEntry)
        ]
        _check_unique(path, [item.id for item in items])
    home = folder / FOLDERS[format_]
    databases: dict[str, Source] = {}
    for at, item in enumerate(items):
        if item.database not in databases:
            databases[item.database] = _source(home, item.database, f"{path}, entry {at}, db_id")
    return External(format_, folder, tuple(items), databases)


def _format(path: Path, entries: list[Any]) -> Format:
    first = entries[0] if entries else None
    if isinstance(first, dict) and "SQL" in first:
        return "bird"
    if isinstance(first, dict) and "query" in first:
        return "spider"
    raise UsageError(f"{path}, entry 0: a gold is missing: the field query (Spider) or SQL (BIRD).")


def _list(path: Path) -> list[Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as missing:
        raise UsageError(f"{path} cannot be read: {missing.strerror or missing}.", "Give the folder that holds dev.json.") from missing
    except (ValueError, RecursionError) as bad:
        raise UsageError(f"{path} is not JSON: {bad}.") from bad
    if not isinstance(content, list):
        raise UsageError(f"{path} is not a JSON list.")
    return content


Entry = TypeVar("Entry", bound=BaseModel)


def _parsed(path: Path, entries: Iterable[Any], model: type[Entry]) -> list[Entry]:
    parsed = []
    for at, entry in enumerate(entries):
        try:
            parsed.append(model.model_validate(entry))
        except ValidationError as bad:
            first = bad.errors(include_url=False)[0]
            field = ".".join(map(str, first["loc"])) or "entry"
            raise UsageError(f"{path}, entry {at}, {field}: {first['msg']}.") from bad
    return parsed


def _check_unique(path: Path, ids: list[str]) -> None:
    seen: dict[str, int] = {}
    for at, name in enumerate(ids):
        if name in seen:
            raise UsageError(f"{path}, entry {at}, question_id: {int(name)} is the id of entry {seen[name]} too.")
        seen[name] = at


def _source(home: Path, name: str, where: str) -> Source:
    """The database's file, the first of several kinds that is there. Its name is one name, never a way to another folder."""
    if Path(name).name != name or name == ".." or not name.isprintable():
        raise UsageError(f"{where}: {name!r} is no name of a folder.")
    folder = home / name
    found: list[tuple[Kind, Path]] = [
        ("sqlite", folder / f"{name}.sqlite"),
        ("duckdb", folder / f"{name}.duckdb"),
        ("dump", folder / f"{name}.sql"),
        ("dump", folder / "schema.sql"),
    ]
    for kind, path in found:
        if path.is_file():
            _check_header(kind, path)
            return Source(name, kind, path, folder / "database_description")
    raise UsageError(f"{where}: there is no {folder / name}.sqlite, nor a .duckdb or .sql file beside it.")


def _check_header(kind: Kind, path: Path) -> None:
    if kind not in HEADERS:
        return
    start, wanted = HEADERS[kind]
    try:
        with path.open("rb") as file:
            header = file.read(start + len(wanted))
    except OSError as bad:
        raise UsageError(f"{path} cannot be read: {bad.strerror or bad}.") from bad
    if header[start:] != wanted:
        raise UsageError(f"{path} is no {'SQLite' if kind == 'sqlite' else 'DuckDB'} database, or a broken one.")
