"""What a masked cell shows, written down a second time: shares no code with ``catalog.access.masks``."""

import hashlib
import math
from typing import Any


def masked(cell: Any, how: str, type_: str, key: str) -> Any:
    """A cell of a DuckDB type as its mask leaves it."""
    if how == "show" or cell is None:
        return cell
    if how == "partial":
        return text(cell)[:1] + "***"
    if how == "hash":
        inner = hashlib.sha256(f"{key}inner{text(cell)}".encode()).hexdigest()
        return hashlib.sha256(f"{key}outer{inner}".encode()).hexdigest()[:16]
    if how == "bucket" and type_ == "TIMESTAMP":
        return cell.replace(day=1, hour=0, minute=0, second=0)
    if how == "bucket" and type_ in ("BIGINT", "DOUBLE"):
        return 0 if cell == 0 else math.copysign(10 ** math.floor(math.log10(abs(cell))), cell)
    return None


def text(cell: Any) -> str:
    """A cell as DuckDB writes it."""
    return "[" + ", ".join(cell) + "]" if isinstance(cell, list) else str(cell).lower() if isinstance(cell, bool) else str(cell)
