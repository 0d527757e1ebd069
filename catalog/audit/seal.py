"""Encrypts the texts beside the audit log's records where the catalog is encrypted: what people asked and why, each by itself.

A sealed text is a BLOB in its column and opens only in its own row and column. What the records hash is the text itself, so that
sealing and opening change no record. Names of people stay readable: their actions are found by them. Knows no tree.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from catalog.audit.records import Text
from catalog.storage.encryption import Keys, is_active, keys_of

SEALED_FIELDS = ("question", "purpose")
UNREADABLE = "\ufffd"
"""What stands for a text that its key does not open: somebody changed it, and it is not what its record hashes."""
Stored: TypeAlias = str | bytes | None


def keys_for_texts(home: Path) -> Keys | None:
    """With what a new text is sealed; None where it is kept as it is."""
    return keys_of(home) if is_active(home) else None


def sealed(keys: Keys | None, seq: int, field: str, text: str | None) -> Stored:
    """A text as its column keeps it."""
    if keys is None or text is None:
        return text
    return keys.seal(_purpose(seq, field), text.encode("utf-8"))


def opener(home: Path) -> Callable[[int, Text], Text]:
    """What makes readable texts of the rows of a log, given their number; the key is looked for when one is sealed."""
    known: list[Keys] = []

    def opened(seq: int, text: Text) -> Text:
        for field in SEALED_FIELDS:
            value: Stored = getattr(text, field)
            if isinstance(value, bytes):
                if not known:
                    known.append(keys_of(home))
                plain = _opened(known[0], seq, field, value)
                text = replace(text, question=plain) if field == "question" else replace(text, purpose=plain)
        return text

    return opened


def reseal(connection: sqlite3.Connection, keys: Keys, keep_sealed: bool) -> int:
    """Seal every text that is not, or open every one that is; returns how many rows changed."""
    changed = 0
    for seq, *values in connection.execute("SELECT seq, question, purpose FROM audit_text").fetchall():
        new = [_changed(keys, seq, field, value, keep_sealed) for field, value in zip(SEALED_FIELDS, values, strict=True)]
        if new != values:
            connection.execute("UPDATE audit_text SET question = ?, purpose = ? WHERE seq = ?", [*new, seq])
            changed += 1
    return changed


def _changed(keys: Keys, seq: int, field: str, value: Stored, keep_sealed: bool) -> Stored:
    if keep_sealed:
        return sealed(keys, seq, field, value) if isinstance(value, str) else value
    if isinstance(value, bytes):
        text = _opened(keys, seq, field, value)
        return value if text == UNREADABLE else text
    return value


def _opened(keys: Keys, seq: int, field: str, value: bytes) -> str:
    try:
        return keys.unseal(_purpose(seq, field), value).decode("utf-8")
    except ValueError:
        return UNREADABLE


def _purpose(seq: int, field: str) -> str:
    return f"audit/{seq}/{field}"
