"""Kinds of values and which of them meet without a cast that could fail on data.

A kind is coarser than a SQL type: every integer type is ``whole``, DOUBLE and DECIMAL are ``real``, and a list of text is
``text[]``. Knows nothing about syntax or access.
"""

import re
from datetime import date, datetime
from typing import Any

Kind = str
SCALARS = frozenset({"text", "bool", "whole", "real", "date", "timestamp", "interval"})
NUMBERS = frozenset({"whole", "real"})
MOMENTS = frozenset({"date", "timestamp"})

_OF_TYPE = {
    "VARCHAR": "text",
    "BOOLEAN": "bool",
    "TINYINT": "whole",
    "SMALLINT": "whole",
    "INTEGER": "whole",
    "BIGINT": "whole",
    "HUGEINT": "whole",
    "FLOAT": "real",
    "DOUBLE": "real",
    "DECIMAL": "real",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "INTERVAL": "interval",
    "NULL": "null",
}
_DECIMAL = re.compile(r"DECIMAL\((\d{1,2}),(\d{1,2})\)", re.ASCII)
_UNITS = "microsecond|millisecond|second|minute|hour|day|week|month|quarter|year"
_INTERVAL = re.compile(rf"(\s*-?\d{{1,6}}\s*({_UNITS})s?\s*){{1,6}}", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?", re.ASCII)


_WORDS = {
    "text": "a text",
    "bool": "a truth value",
    "whole": "a whole number",
    "real": "a number",
    "date": "a date",
    "timestamp": "a timestamp",
    "interval": "an interval",
    "null": "NULL",
}


def words(kind: Kind) -> str:
    """A kind as people call it: ``text[]`` → ``a list``."""
    return "a list" if kind.endswith("[]") else _WORDS[kind]


def of_column(sql_type: str) -> Kind | None:
    """Kind of a column's type as the engine names it: ``VARCHAR[]`` → ``text[]``, ``STRUCT(a INTEGER)`` → None."""
    inner = sql_type.removesuffix("[]")
    decimal = _DECIMAL.fullmatch(inner)
    kind = "real" if decimal and int(decimal[2]) <= int(decimal[1]) <= 38 else _OF_TYPE.get(inner)
    return None if kind in (None, "null") else kind if inner == sql_type else f"{kind}[]"


def of_type(node: dict[str, Any]) -> Kind:
    """Kind of a type in DuckDB's tree."""
    if node["id"] == "LIST":
        return f"{of_type(node['type_info']['child_type'])}[]"
    return _OF_TYPE[node["id"]]


def unify(a: Kind, b: Kind) -> Kind | None:
    """The kind that holds both without failing, or None: ``whole, real`` → ``real``; ``text, whole`` → None."""
    if a == b or b == "null":
        return a
    if a == "null":
        return b
    if a.endswith("[]") and b.endswith("[]"):
        inner = unify(a[:-2], b[:-2])
        return f"{inner}[]" if inner else None
    for family, wider in ((NUMBERS, "real"), (MOMENTS, "timestamp")):
        if a in family and b in family:
            return wider
    return None


def literal_fits(text: str, kind: Kind) -> bool:
    """Whether a text literal is surely read as a value of ``kind``."""
    match kind:
        case "text":
            return True
        case "bool":
            return text.lower() in ("true", "false", "t", "f")
        case "whole" | "real":
            return bool(_NUMBER.fullmatch(text)) and (kind == "real" or "." not in text) and len(text) < 10
        case "date":
            return len(text) == 10 and _is_moment(text)
        case "timestamp":
            return _is_moment(text)
        case "interval":
            return bool(_INTERVAL.fullmatch(text))
    return False


def _is_moment(text: str) -> bool:
    if not _MOMENT.fullmatch(text):
        return False
    try:
        date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def castable(source: Kind, target: Kind) -> bool:
    """Whether an explicit cast between the kinds makes sense at all."""
    if target == "text" or source in ("null", target) or (source == "text" and target in SCALARS - {"interval"}):
        return True
    if source.endswith("[]") and target.endswith("[]"):
        return castable(source[:-2], target[:-2])
    logical = NUMBERS | {"bool"}
    return (source in logical and target in logical) or (source in MOMENTS and target in MOMENTS)


def cast_is_sure(source: Kind, target_type: str) -> bool:
    """Whether a cast to a SQL type cannot fail for any value of the source kind."""
    if source == "null" or target_type == "VARCHAR":
        return True
    if source == "bool":
        return target_type not in ("DECIMAL", "DATE", "TIMESTAMP", "INTERVAL", "LIST")
    if source == "whole":
        return target_type in ("DOUBLE", "BOOLEAN", "HUGEINT")
    if source == "real":
        return target_type in ("DOUBLE", "BOOLEAN")
    return source in MOMENTS and target_type in ("DATE", "TIMESTAMP")
