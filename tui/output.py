"""Writes rows in the format asked for: table, json, jsonl, csv, md or parquet. Data goes to standard output alone."""

import csv
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from catalog.engine import ResultSet
from catalog.errors import UsageError
from tui.envelope import cell
from tui.safe import safe

FORMATS = ("table", "json", "jsonl", "csv", "md", "parquet")


def text(value: Any) -> str:
    """A cell for people: NULL is empty, lists are joined, times lose their noise."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(text(v) for v in value)
    if isinstance(value, float):
        return f"{value:.6g}"
    shown = str(cell(value))
    return safe(shown.replace("T00:00:00", "").replace("T", " ") if hasattr(value, "isoformat") else shown)


def write_rows(result: ResultSet, form: str) -> None:
    """Write the rows of a result; an empty one still has its header."""
    match form:
        case "csv":
            click.echo(_csv(result), nl=False)
        case "jsonl":
            for row in result.rows:
                click.echo(json.dumps(dict(zip(_unique(result.columns), map(cell, row), strict=True)), ensure_ascii=False))
        case "md":
            click.echo(_markdown(result))
        case "parquet":
            _parquet(result)
        case "table":
            _table(result)
        case _:
            raise UsageError(f"There is no format named {form!r}.", f"Choose one of: {', '.join(FORMATS)}.")


def _unique(columns: tuple[str, ...]) -> list[str]:
    """Column names with a number where one occurs again, so that an object keeps every column."""
    seen: dict[str, int] = {}
    names = []
    for column in columns:
        seen[column] = seen.get(column, 0) + 1
        names.append(column if seen[column] == 1 else f"{column}_{seen[column]}")
    return names


def _csv(result: ResultSet) -> str:
    """RFC 4180; lists as JSON, NULL as nothing."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(result.columns)
    for row in result.rows:
        cells = (cell(v) for v in row)
        writer.writerow(["" if c is None else json.dumps(c, ensure_ascii=False) if isinstance(c, list) else c for c in cells])
    return stream.getvalue()


def _markdown(result: ResultSet) -> str:
    rows = [list(result.columns), ["---"] * len(result.columns), *([text(v) for v in row] for row in result.rows)]
    return "\n".join("| " + " | ".join(c.replace("\\", "\\\\").replace("|", "\\|") for c in row) + " |" for row in rows)


def _parquet(result: ResultSet) -> None:
    """Typed columns by way of DuckDB; refuses to write bytes to a terminal."""
    if sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal.", "Redirect it to a file: steward ask … --format parquet > rows.parquet")
    import duckdb  # only this format needs the engine in this process

    names = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" {kind}' for name, kind in zip(_unique(result.columns), result.types, strict=True))
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows ({names})")
        if result.rows:
            connection.executemany(f"INSERT INTO rows VALUES ({', '.join('?' * len(result.columns))})", [list(row) for row in result.rows])
        path = Path(scratch) / "rows.parquet"
        connection.execute("COPY rows TO ? (FORMAT parquet)", [str(path)])
        sys.stdout.buffer.write(path.read_bytes())


def _table(result: ResultSet) -> None:
    from rich.console import Console  # 0.05 s that only tables for people pay
    from rich.markup import escape
    from rich.table import Table

    if not result.columns:
        return
    table = Table(box=None, pad_edge=False, header_style="bold", collapse_padding=True)
    for column, kind in zip(result.columns, result.types, strict=True):
        table.add_column(escape(column), justify="right" if kind in ("BIGINT", "INTEGER", "DOUBLE") else "left", overflow="fold")
    for row in result.rows:
        table.add_row(*("[dim]NULL[/dim]" if v is None else escape(text(v)) for v in row))
    Console(width=None if sys.stdout.isatty() else 200, highlight=False, soft_wrap=False).print(table)
