"""Cells laid out for people: a table as wide as its cells, folded on a narrow terminal, or one record below another.

Knows strings; safe ones, or None for NULL.
"""

import io
import os
import shutil
from collections.abc import Sequence
from typing import Any

import click

NUMBERS = ("BIGINT", "INTEGER", "DOUBLE")
NARROWEST = 12
"""Characters that a column keeps at least when it is folded; where that is not there, records are shown instead."""

Cells = Sequence[Sequence[str | None]]


def table(columns: Sequence[str], types: Sequence[str], rows: Cells, terminal: bool) -> str:
    """The rows with a header. Off a terminal each row is one line, however long; on one it fits the window."""
    from rich.cells import cell_len

    widths = [max([cell_len(c), *(cell_len(row[at] or "NULL") for row in rows)]) for at, c in enumerate(columns)]
    gaps = 2 * (len(widths) - 1)
    window = shutil.get_terminal_size().columns if terminal else 0
    if terminal and sum(widths) + gaps > window:
        least = [max(cell_len(c), min(width, NARROWEST)) for c, width in zip(columns, widths, strict=True)]
        return _folded(columns, types, rows, least, window) if sum(least) + gaps + 2 <= window else _records(columns, rows)
    right = [kind in NUMBERS for kind in types]
    styled = is_styled(terminal)

    def line(cells: Sequence[str | None], **style: Any) -> str:
        padded = []
        for cell, width, is_right in zip(cells, widths, right, strict=True):
            shown = "NULL" if cell is None else cell
            gap = " " * (width - cell_len(shown))
            shown = click.style(shown, dim=True) if styled and cell is None else click.style(shown, **style) if styled and style else shown
            padded.append(gap + shown if is_right else shown + gap)
        return "  ".join(padded).rstrip() + "\n"

    return line(columns, bold=True) + "".join(line(row) for row in rows)


def is_styled(terminal: bool) -> bool:
    """Whether colour and bold type are wanted: as --color says, else on a terminal that knows them."""
    context = click.get_current_context(silent=True)
    if context is not None and context.color is not None:
        return context.color
    return terminal and os.environ.get("TERM") != "dumb"


def _records(columns: Sequence[str], rows: Cells) -> str:
    """One line per cell, a blank line between records; with no records, the names of the columns."""
    from rich.cells import cell_len

    width = max(map(cell_len, columns))
    blocks = [
        "".join(f"{name}{' ' * (width - cell_len(name))}  {'NULL' if cell is None else cell}".rstrip() + "\n" for name, cell in zip(columns, row, strict=True))
        for row in rows
    ]
    return "\n".join(blocks) or "  ".join(columns) + "\n"


def _folded(columns: Sequence[str], types: Sequence[str], rows: Cells, least: Sequence[int], window: int) -> str:
    from rich.console import Console  # 0.05 s that only such tables pay
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column, kind, width in zip(columns, types, least, strict=True):
        grid.add_column(Text(column), justify="right" if kind in NUMBERS else "left", overflow="fold", min_width=width)
    for row in rows:
        grid.add_row(*(Text("NULL", style="dim") if cell is None else Text(cell) for cell in row))
    out = io.StringIO()
    Console(file=out, width=window, height=25, force_terminal=is_styled(True), highlight=False).print(grid)  # without a height rich guesses both
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())
