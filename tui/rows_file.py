"""Reads back the rows that ``output`` wrote as csv, json or jsonl, with the types that a receipt gives them."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from catalog.errors import VerificationFailed
from tui.output import csv_text, unique

_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\Z)')

Rows = tuple[tuple[str, ...], list[tuple[Any, ...]]]


def read_rows(path: Path, columns: Sequence[str], types: Sequence[str]) -> Rows:
    """Columns and rows of a file; its name tells the format, else what it begins with: a brace is ``--json``, anything else csv.

    Raises `VerificationFailed` for a file that none of the formats gives.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        kind = path.suffix.lower()
        if kind == ".jsonl":
            return _jsonl(text, columns)
        return _json(text) if kind == ".json" or (kind != ".csv" and text.startswith("{")) else _csv(text, types)
    except (ValueError, LookupError, TypeError, RecursionError):
        raise VerificationFailed(f"{path} is not rows as 'steward ask' writes them: a csv, json or jsonl file.") from None


def _json(text: str) -> Rows:
    """The rows of a whole answer, as --json writes it."""
    fields = json.loads(text, object_pairs_hook=_once)
    return tuple(fields["columns"]), [tuple(row) for row in fields["rows"]]


def _jsonl(text: str, columns: Sequence[str]) -> Rows:
    rows = [json.loads(line, object_pairs_hook=_once) for line in text.split("\n") if line.strip()]
    names = unique(tuple(columns))
    if any(list(row) != names for row in rows):
        raise ValueError("columns")
    return tuple(columns), [tuple(row.values()) for row in rows]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field is there twice")
    return fields


def _csv(text: str, types: Sequence[str]) -> Rows:
    header, *records = _records(text)
    rows = [tuple(_cell(field, type_) for field, type_ in zip(record, types, strict=True)) for record in records]
    return tuple(name or "" for name in header), rows


def _records(text: str) -> Iterator[list[str | None]]:
    """RFC 4180 records; a field of nothing is None, ``""`` is an empty text."""
    record: list[str | None] = []
    place = 0
    while place < len(text) or record:
        match = _FIELD.match(text, place)
        if match is None:
            raise ValueError(place)
        record.append(match[2] or None if match[1] is None else match[1].replace('""', '"'))
        place = match.end()
        if match[3] != ",":
            yield record
            record = []


def _cell(field: str | None, type_: str) -> Any:
    """The value that is written as this field, and only so."""
    if field is None:
        return None
    value: Any = field
    if type_.endswith("[]"):
        value = json.loads(field)
    elif type_ == "BIGINT":
        value = int(field)
    elif type_ == "DOUBLE":
        value = float(field)
    elif type_ == "BOOLEAN":
        value = field == "true"
    if csv_text(value) != field:
        raise ValueError(field)
    return value
