"""The file of verified queries and feedback: ``state.sqlite``, where tokens and grants are, in tables of their own.

What people wrote is one JSON text a row, encrypted where the catalog is. Names of people and dates stay readable: rows are found by them.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from catalog.errors import CatalogUnavailable
from catalog.storage.encryption import Keys, is_active, keys_of
from catalog.storage.sqlite_file import SqliteFile

STATE = "state.sqlite"
VERIFIED, FEEDBACK = "verified_query", "feedback"
TABLES = (VERIFIED, FEEDBACK)
SCHEMA = """
CREATE TABLE IF NOT EXISTS verified_query (
    number INTEGER PRIMARY KEY AUTOINCREMENT, status TEXT NOT NULL, author TEXT NOT NULL, proposed TEXT NOT NULL,
    reviewer TEXT, reviewed TEXT, lookup TEXT, body NOT NULL);
CREATE INDEX IF NOT EXISTS verified_lookup ON verified_query (status, lookup);
CREATE TABLE IF NOT EXISTS feedback (
    number INTEGER PRIMARY KEY AUTOINCREMENT, status TEXT NOT NULL, verdict TEXT NOT NULL, author TEXT NOT NULL, given TEXT NOT NULL,
    closed_by TEXT, closed TEXT, body NOT NULL);
"""


def open_file(home: Path) -> SqliteFile:
    """The file, its tables made ready."""
    return SqliteFile(home / STATE, SCHEMA, TABLES)


def written(home: Path, table: str, number: int, content: dict[str, Any]) -> str | bytes:
    """A row's text as its column keeps it."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return keys_of(home).seal(_purpose(table, number), text) if is_active(home) else text.decode("utf-8")


def read(home: Path, table: str, number: int, body: object) -> dict[str, Any]:
    """What a row's text says. Raises `CatalogUnavailable` for one that is damaged."""
    try:
        text = keys_of(home).unseal(_purpose(table, number), body) if isinstance(body, bytes) else str(body)
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise damaged(table, number)
    return content


def damaged(table: str, number: int) -> CatalogUnavailable:
    """The error of a row that cannot be read."""
    what = "verified query" if table == VERIFIED else "feedback"
    return CatalogUnavailable(f"The record of {what} {number} is damaged.", f"Restore {STATE} from a backup.")


def turn_texts(home: Path, sealed: bool) -> int:
    """Encrypt the texts of all rows, or make them plain; returns of how many. No file is made where there is none."""
    if not _has_tables(home):
        return 0
    keys, changed = keys_of(home), 0
    file = open_file(home)
    with file.transaction() as connection:
        for table in TABLES:
            for number, body in connection.execute(f"SELECT number, body FROM {table}").fetchall():
                if isinstance(body, bytes) != sealed:
                    connection.execute(f"UPDATE {table} SET body = ? WHERE number = ?", [_turned(keys, _purpose(table, number), body), number])
                    changed += 1
        if sealed:  # a plain hash would confirm a guess
            connection.execute(f"UPDATE {VERIFIED} SET lookup = NULL")
    file.empty_journal()
    return changed


def _turned(keys: Keys, purpose: str, body: str | bytes) -> str | bytes:
    if isinstance(body, str):
        return keys.seal(purpose, body.encode("utf-8"))
    try:
        return keys.unseal(purpose, body).decode("utf-8")
    except ValueError:
        return body  # somebody changed it; reading it says so


def _has_tables(home: Path) -> bool:
    path = home / STATE
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name IN (?, ?)", TABLES).fetchone()
    return bool(found[0] == len(TABLES))


def _purpose(table: str, number: int) -> str:
    return f"{table}/{number}"
