"""A database as text for a backend that reads one: DDL of what the guard opens, with keys, and descriptions as quoted comments.

Descriptions and evidence are other people's words: each stands in a comment of one line, as a JSON string of bounded length.
"""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

from catalog.engine.foreign import open_sqlite
from catalog.errors import UsageError
from nl2sql.guard import Schema
from nl2sql.guard.identifiers import fold, quoted

LONGEST = 400
"""Characters of one description that are shown."""

Meanings = Mapping[tuple[str, str], str]
"""Folded table and column to what the column means."""


def described(schema: Schema, sqlite: Path | None, descriptions: Path) -> str:
    """``CREATE TABLE`` statements of a schema; keys as a SQLite file declares them, meanings from BIRD's CSV files.

    Raises `UsageError` for a file of descriptions that cannot be read.
    """
    keys = _keys(schema, sqlite) if sqlite else {}
    meanings = _meanings(descriptions)
    tables = []
    for table, columns in schema.declared:
        lines = [(f"{quoted(name)} {sql_type}", meanings.get((fold(table), fold(name)), "")) for name, sql_type in columns]
        lines += [(key, "") for key in keys.get(table, ())]
        last = len(lines) - 1
        body = "\n".join(f"  {line}{',' if at < last else ''}{f' -- {said(meaning)}' if meaning else ''}" for at, (line, meaning) in enumerate(lines))
        tables.append(f"CREATE TABLE {quoted(table)} (\n{body}\n);")
    return "\n".join(tables)


def with_evidence(text: str, evidence: str) -> str:
    """A description with the hint that comes with one question, as BIRD's questions have it."""
    return f"{text}\n-- Evidence: {said(evidence)}" if evidence.strip() else text


def said(words: str) -> str:
    """Other people's words as one JSON string on one line."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return json.dumps(plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…", ensure_ascii=False)


def _keys(schema: Schema, sqlite: Path) -> dict[str, list[str]]:
    """PRIMARY KEY and FOREIGN KEY clauses by table; one that names what the schema lacks is left out."""
    clauses: dict[str, list[str]] = {}
    with open_sqlite(sqlite) as connection:
        for table, columns in schema.declared:
            names = {fold(name) for name, _ in columns}
            primary = [name for name, at in connection.execute("SELECT name, pk FROM pragma_table_info(?) ORDER BY pk", [table]) if at]
            if primary and all(fold(name) in names for name in primary):
                clauses.setdefault(table, []).append(f"PRIMARY KEY ({', '.join(map(quoted, primary))})")
            declared = 'SELECT "from", "table", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq'
            for column, other, target in connection.execute(declared, [table]):
                there = schema.readable.get(fold(other))
                if there is None or fold(column) not in names or (target and fold(target) not in there.columns):
                    continue
                onto = f" ({quoted(target)})" if target else ""
                clauses.setdefault(table, []).append(f"FOREIGN KEY ({quoted(column)}) REFERENCES {quoted(there.name)}{onto}")
    return clauses


def _meanings(folder: Path) -> Meanings:
    """What BIRD's ``database_description/TABLE.csv`` says of each column. The files come in UTF-8 or in Windows' code page."""
    meanings = {}
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else ():
        try:
            raw = path.read_bytes()
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = raw.decode("cp1252", "replace")
            reader = csv.DictReader(io.StringIO(text, newline=""))
            fields = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
            if "original_column_name" not in fields:
                raise UsageError(f"{path}, line 1: the field original_column_name is missing.")
            for row in reader:
                cells = {field: (row.get(name) or "").strip() for field, name in fields.items()}
                parts = [cells.get(field, "") for field in ("column_name", "column_description", "value_description")]
                meaning = "; ".join(dict.fromkeys(part for part in parts if part and part != cells["original_column_name"]))
                meanings[fold(path.stem), fold(cells["original_column_name"])] = meaning
        except (OSError, csv.Error) as bad:
            raise UsageError(f"{path} cannot be read: {bad}.") from bad
    return meanings
