"""Numbers and tables as a terminal shows them: plain text, aligned, an en dash where there is nothing to measure."""

from collections.abc import Mapping, Sequence

NONE = "–"


def percent(share: float | None) -> str:
    """``0.7143`` → ``71.4 %``."""
    return NONE if share is None else f"{100 * share:.1f} %"


def span(low: float | None, high: float | None) -> str:
    """``0.62, 0.801`` → ``62.0 to 80.1 %``; empty where there is no interval."""
    return "" if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f} %"


def points(share: float) -> str:
    """A difference of two shares: ``0.031`` → ``+3.1``, in percentage points."""
    return f"{100 * share:+.1f}".replace("-", "−")


def decimal(value: float | None, digits: int = 3) -> str:
    return NONE if value is None else f"{value:.{digits}f}".replace("-", "−")


def count(value: float) -> str:
    """Whole numbers as such, means over repeats with one decimal."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def milliseconds(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


def tally(numbers: Mapping[str, int]) -> str:
    """``answer 80, ask_back 12``, the most frequent first."""
    return (
        ", ".join(f"{name} {n:,}" for name, n in sorted(numbers.items(), key=lambda item: (-item[1], item[0])) if n)
        or "none"
    )


def plural(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def aligned(rows: Sequence[Sequence[str]], left: int = 1, indent: str = "") -> list[str]:
    """Lines of a table without borders; the first ``left`` columns lean left, the others right, and a last column runs free."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        lines.append((indent + "  ".join([*cells, row[-1]])).rstrip())
    return lines
