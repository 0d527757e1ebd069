"""The hash of an answer's rows: the same rows give the same hash, wherever and whenever it is computed.

Hashed with SHA-256 is UTF-8 text, one line per JSON array, each ended by a line feed: the column names, their types, then
every row in order. JSON is written as RFC 8785 does (no spaces, shortest text of a double, fewest escapes), with two
differences: a whole number of a column that is no DOUBLE has all its digits, and a double that is not finite is the
text ``nan``, ``inf`` or ``-inf``. Dates and times are ISO 8601 text. ``(1, 2.0, None)`` → ``[1,2,null]`` for BIGINT, DOUBLE, VARCHAR.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from json.encoder import encode_basestring as quoted
from typing import Any

BATCH = 1000
"""Rows hashed at once."""
MOST_DIGITS = 21
"""A double with more digits before its point is written with an exponent, as in ECMAScript."""


def result_hash(columns: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """SHA-256 of a result, hex. Raises `ValueError` for a row of another length."""
    digest = hashlib.sha256()
    writers = [_writer(type_) for type_ in types]
    lines = [canonical(list(columns)), canonical(list(types))]
    for row in rows:
        lines.append("[" + ",".join([write(cell) for write, cell in zip(writers, row, strict=True)]) + "]")
        if len(lines) >= BATCH:
            digest.update(_bytes(lines))
            lines.clear()
    digest.update(_bytes(lines))
    return digest.hexdigest()


def canonical(value: Any) -> str:
    """JSON of texts, whole numbers, booleans, nulls, arrays and objects as RFC 8785 has it; keys must be ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def number(value: float) -> str:
    """A finite double as ECMAScript and RFC 8785 write it. ``1e21`` → ``1e+21``, ``0.00001`` → ``0.00001``, ``-0.0`` → ``0``."""
    text = repr(value)
    if "e" not in text:
        return text.removesuffix(".0") if value else "0"
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    assert isinstance(exponent, int)
    shown = "".join(map(str, digits))
    point = len(shown) + exponent
    if len(shown) <= point <= MOST_DIGITS:
        shown += "0" * (point - len(shown))
    elif -6 < point <= 0:
        shown = "0." + "0" * -point + shown
    else:
        shown = f"{shown[0]}{'.' if shown[1:] else ''}{shown[1:]}e{point - 1:+d}"
    return "-" * sign + shown


def _writer(type_: str) -> Callable[[Any], str]:
    """What writes cells of a type. A DOUBLE may arrive as a whole number, from a reader of JSON that knows only one kind."""
    inner = type_.removesuffix("[]")
    double = inner == "DOUBLE"

    def write(cell: Any) -> str:
        match cell:
            case str():
                return quoted(cell)
            case None:
                return "null"
            case bool():
                return "true" if cell else "false"
            case int() if not double:
                return str(cell)
            case int() | float():
                return number(float(cell)) if math.isfinite(cell) else quoted(str(cell))
            case date():
                return quoted(cell.isoformat())
            case list() | tuple():
                return "[" + ",".join(map(write, cell)) + "]"
        return json.dumps(cell, sort_keys=True)  # an object, which no engine gives: whatever a worker sent has a hash

    return write


def _bytes(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")  # as answers are written: a lone surrogate is '?'
