"""Writes rows as table, jsonl, csv, md or parquet. Data goes to standard output alone."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from catalog.engine.engine import ResultSet
from tui.envelope import cell, dumps
from tui.safe import safe
from tui.table import table

MARKDOWN = str.maketrans({c: f"\\{c}" for c in "\\|`*<>[]"})
"""Characters that Markdown would act on; a cell is text that somebody else wrote."""


def on_terminal() -> bool:
    """Standard output is a screen."""
    return sys.stdout is not None and sys.stdout.isatty()


def text(value: Any) -> str:
    """A cell for people: NULL is empty, lists are joined, times lose their noise."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return ", ".join("NULL" if v is None else text(v) for v in value)
        case float() if value.is_integer() and abs(value) < 1e15:
            return f"{value:.0f}"
        case float():
            return f"{value:.6g}"
    shown = str(cell(value))
    return safe(shown.replace("T00:00:00", "").replace("T", " ") if hasattr(value, "isoformat") else shown)


def write_rows(result: ResultSet, form: str) -> None:
    """Write the rows of a result; an empty one still has its header."""
    match form:
        case "csv":
            click.echo(_csv(result, safe if on_terminal() else str), nl=False)
        case "jsonl":
            for line in _jsonl(result):
                click.echo(line)
        case "md":
            click.echo(_markdown(result))
        case "parquet":
            click.echo(_parquet(result), nl=False)
        case _:
            cells = [[None if v is None else text(v) for v in row] for row in result.rows]
            click.echo(table([safe(c) for c in result.columns], result.types, cells, on_terminal()), nl=False)


def rows_file(result: ResultSet, form: str) -> bytes:
    """What a file of these rows holds, as csv, jsonl, md or parquet: what ``write_rows`` writes into one."""
    match form:
        case "csv":
            return _csv(result, str).encode("utf-8", "replace")
        case "jsonl":
            return "".join(f"{line}\n" for line in _jsonl(result)).encode("utf-8")
        case "md":
            return (_markdown(result) + "\n").encode("utf-8", "replace")
    assert form == "parquet", form
    return _parquet(result)


def unique(columns: tuple[str, ...]) -> list[str]:
    """Column names, case aside, with a number where one occurs again, so that an object keeps every column."""
    names: list[str] = []
    taken = {column.lower() for column in columns}
    seen: set[str] = set()
    for column in columns:
        name, count = column or "column", 1
        while name.lower() in seen or (count > 1 and name.lower() in taken):
            count += 1
            name = f"{column or 'column'}_{count}"
        seen.add(name.lower())
        names.append(name)
    return names


def _jsonl(result: ResultSet) -> Iterator[str]:
    names = unique(result.columns)
    for row in result.rows:
        yield dumps(dict(zip(names, map(cell, row), strict=True)))


def _csv(result: ResultSet, shown: Callable[[str], str]) -> str:
    """RFC 4180; lists as JSON, NULL as nothing and an empty text as ``""``. ``shown`` leaves out what a terminal might act on."""
    rows = [result.columns, *result.rows]
    return "".join(",".join(_field(shown(csv_text(v))) if v is not None else "" for v in row) + "\r\n" for row in rows)


def csv_text(value: Any) -> str:
    """A cell that is not NULL as CSV has it, before quotes."""
    plain = cell(value)
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, list | bool) else str(plain)


def _field(written: str) -> str:
    if written and not any(c in written for c in '",\r\n') and written == written.strip():
        return written
    return '"' + written.replace('"', '""') + '"'


def _markdown(result: ResultSet) -> str:
    rows = [[safe(c) for c in result.columns], *([text(v) for v in row] for row in result.rows)]
    lines = ["| " + " | ".join(c.translate(MARKDOWN) for c in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(result.columns), *lines[1:]])


def _parquet(result: ResultSet) -> bytes:
    from tui.parquet import parquet

    return parquet(unique(result.columns), result.types, [[cell(v) for v in row] for row in result.rows])
