"""Tables of the audit log: records, the tree over them, and the personal texts beside them. Knows no key and signs nothing."""

import hashlib
import secrets
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from catalog.audit.merkle import Frontier, frontier, leaf_hash, subtree_root
from catalog.audit.records import Text, canonical, clean, pseudonym
from catalog.audit.seal import SEALED_FIELDS, sealed
from catalog.errors import CatalogUnavailable, VerificationFailed
from catalog.storage.encryption import Keys
from catalog.storage.state import utc

SCHEMA = """
CREATE TABLE IF NOT EXISTS audit_leaf (
    place INTEGER PRIMARY KEY, seq INTEGER NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('intent', 'outcome')),
    body TEXT NOT NULL, UNIQUE (seq, kind));
CREATE TABLE IF NOT EXISTS audit_node (level INTEGER, place INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit_checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audit_principal (pseudonym TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS audit_text (
    seq INTEGER PRIMARY KEY, pseudonym TEXT NOT NULL, question TEXT, purpose TEXT, sql TEXT, salt BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS audit_witness (path TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS audit_key (size INTEGER PRIMARY KEY, new TEXT NOT NULL, note TEXT NOT NULL);
"""
TABLES = ("audit_leaf", "audit_node", "audit_checkpoint", "audit_principal", "audit_text", "audit_witness", "audit_key")


class Tree:
    """The kept tree, as proofs read it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def node(self, level: int, index: int) -> bytes:
        row = self._connection.execute(
            "SELECT hash FROM audit_node WHERE level = ? AND place = ?", [level, index]
        ).fetchone()
        if row is None or not isinstance(row[0], bytes):
            raise _broken(f"node {index} of level {level} is missing")
        return row[0]


def size_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(place) + 1, 0) FROM audit_node WHERE level = 0").fetchone()[0])


def newest_key(connection: sqlite3.Connection) -> tuple[int, str] | None:
    """After how many records the log got its key, and which; None while it has its first one."""
    row = connection.execute("SELECT size, CAST(new AS TEXT) FROM audit_key ORDER BY size DESC LIMIT 1").fetchone()
    return None if row is None else (row[0], row[1])


def add_intent(
    connection: sqlite3.Connection, text: Text, content: dict[str, Any], now: datetime | None, keys: Keys | None = None
) -> int:
    """Add an intent and what lies beside it, sealed where there are keys; returns its number."""
    seq = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM audit_leaf").fetchone()[0]
    append(connection, seq, "intent", {**content, "actor": text.pseudonym, **text.hashes()}, now)
    question, purpose = (sealed(keys, seq, field, getattr(text, field)) for field in SEALED_FIELDS)
    values = [seq, text.pseudonym, question, purpose, text.sql, text.salt]
    connection.execute("INSERT INTO audit_text VALUES (?, ?, ?, ?, ?, ?)", values)
    return int(seq)


def append(
    connection: sqlite3.Connection, seq: int, kind: str, content: dict[str, Any], now: datetime | None
) -> Frontier:
    """Add a record and the nodes that it completes; returns the grown tree."""
    kept = Tree(connection)
    tree = frontier(kept, size_of(connection))
    _check_signed(connection, kept, tree)
    body = canonical({**content, "at": utc(now).isoformat(), "kind": kind, "nonce": secrets.token_hex(16), "seq": seq})
    place = tree.size
    nodes = [(level, place >> level, found) for level, found in enumerate(tree.append(leaf_hash(body.encode("utf-8"))))]
    connection.execute("INSERT INTO audit_leaf VALUES (?, ?, ?, ?)", [place, seq, kind, body])
    connection.executemany("INSERT INTO audit_node VALUES (?, ?, ?)", nodes)
    return tree


def _check_signed(connection: sqlite3.Connection, kept: Tree, tree: Frontier) -> None:
    """Go on only from what the newest checkpoint says: a log that was changed must not be signed again."""
    from catalog.audit.signed_note import BadNote, Checkpoint

    row = connection.execute("SELECT size, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    if row is None:
        return
    try:
        signed = Checkpoint.parse(row[1].partition("\n\n")[0] + "\n")
    except BadNote as error:
        raise _broken(f"its newest checkpoint is damaged: {error}") from None
    if signed.size != row[0] or signed.size > tree.size:
        raise _broken(f"it has {tree.size} records and a checkpoint over {signed.size}")
    root = tree.root() if signed.size == tree.size else subtree_root(kept, 0, signed.size)
    if root != signed.root:
        raise _broken(f"its first {signed.size} records are not those that were signed")


def text_of(
    connection: sqlite3.Connection, actor: str, question: str | None, purpose: str | None, sql: str | None
) -> Text:
    """What is personal of an action, under the pseudonym of its actor, made at their first."""
    name = clean(actor)
    row = connection.execute("SELECT pseudonym FROM audit_principal WHERE name = ?", [name]).fetchone()
    if row is None:
        key = secrets.token_bytes(32)
        row = (pseudonym(key, name),)
        connection.execute("INSERT INTO audit_principal VALUES (?, ?, ?)", [row[0], name, key])
    sha256 = None if sql is None else hashlib.sha256(sql.encode("utf-8", "surrogatepass")).hexdigest()
    return Text(row[0], question and clean(question), purpose and clean(purpose), sha256, secrets.token_bytes(16))


def refuse_older(state: Path) -> None:
    """Raise CatalogUnavailable for a folder whose log is a chain of hashes in the file of tokens."""
    if not state.exists():
        return
    with closing(sqlite3.connect(f"{state.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'audit_record'").fetchone():
            return
        if connection.execute("SELECT 1 FROM audit_record").fetchone():
            raise CatalogUnavailable(
                f"{state} holds an audit log of an older layout.",
                "Keep a copy of it, remove it and its tokens, and issue tokens anew: steward token issue NAME.",
            )


def _broken(what: str) -> VerificationFailed:
    return VerificationFailed(f"The audit log is not what was signed: {what}.")
