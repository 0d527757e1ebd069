"""What a masked cell shows, as SQL, and the secret that keeps hashed cells from being guessed."""

import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from catalog.access.policy import Treatment
from catalog.errors import CatalogUnavailable
from catalog.opening import NotRegular, regular
from catalog.semantic import Column

LONGEST_KEY = 100
"""Characters of the key's file that are read."""


def mask_key(home: Path) -> str:
    """The catalog's secret for keyed hashes, hex; made at first use, readable by the catalog's owner only.

    Raises `CatalogUnavailable` when the file holds anything else: hashes without a secret could be guessed.
    """
    path = home / "mask.key"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=home, prefix=".mask-") as draft:  # mode 0600
            draft.write(secrets.token_hex(32))
            draft.flush()
            os.fsync(draft.fileno())
            with suppress(FileExistsError):
                os.link(draft.name, path)
    try:
        with open(path, encoding="utf-8", errors="replace", opener=regular) as file:
            key = file.read(LONGEST_KEY)
    except NotRegular:
        key = ""
    if not re.fullmatch("[0-9a-f]{64}", key):
        raise CatalogUnavailable(f"{path} is damaged.", "Restore it from a backup, or remove it: hashed values change then.")
    return key


def treated(column: Column, treatment: Treatment, key: str) -> str:
    """SQL of a cell after its mask. A hash is HMAC-like, so that nobody without the key can test a guess."""
    cell, text = f'"{column.name}"', f'CAST("{column.name}" AS VARCHAR)'
    match treatment:
        case "show":
            return cell
        case "hash":
            return f"left(sha256('{key}outer' || sha256('{key}inner' || {text})), 16)"
        case "partial":
            return f"left({text}, 1) || '***'"
        case "bucket" if column.is_number:
            power = f"power(10, floor(log10(abs(CAST({cell} AS DOUBLE)))))"
            return f"CASE WHEN {cell} = 0 THEN 0 WHEN isfinite(CAST({cell} AS DOUBLE)) THEN CAST(sign({cell}) * {power} AS {column.type}) END"
        case "bucket" if column.is_time:
            return f"CAST(date_trunc('month', {cell}) AS {column.type})"
    return f"CAST(NULL AS {column.type})"
