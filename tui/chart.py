"""A result as a chart in plain text: a breakdown as bars, a series over time as a line. Knows cells; knows no SQL."""

import math
import sys
from dataclasses import dataclass
from datetime import date
from typing import Any

import click

from catalog.engine.engine import ResultSet
from tui.output import text
from tui.safe import safe

NUMBERS = ("BIGINT", "INTEGER", "DOUBLE")
LABELS = ("VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN")
MOST_COLUMNS = 4
MOST_BARS = 60
MOST_POINTS = 5000
LONGEST_LABEL = 28
HEIGHT = 15
"""Lines of a chart over time."""
NARROWEST = 30
EIGHTHS = " ▏▎▍▌▋▊▉"
NEITHER = "This is neither a breakdown nor a series over time, so that no chart is drawn; here are the rows."


@dataclass(frozen=True, slots=True)
class Series:
    """A number for each label, all of them different; ``over_time`` where the labels are dates, which are in order then."""

    label: str
    measure: str
    points: tuple[tuple[object, float], ...]
    over_time: bool


def series_of(result: ResultSet) -> Series | None:
    """What can be drawn of two to four columns of which one is a number and another tells every row apart; None of any other result."""
    numbers = [at for at, kind in enumerate(result.types) if kind in NUMBERS]
    labels = [at for at, kind in enumerate(result.types) if kind in LABELS]
    if not numbers or not labels or len(result.columns) > MOST_COLUMNS or not 2 <= len(result.rows) <= MOST_POINTS:
        return None
    label, measure = labels[0], numbers[-1]
    points = [(row[label], row[measure]) for row in result.rows]
    if len({name for name, _ in points}) < len(points) or any(not isinstance(n, int | float) or not math.isfinite(n) for _, n in points):
        return None
    over_time = all(isinstance(name, date) for name, _ in points)
    if not over_time and any(n < 0 for _, n in points):
        return None
    if over_time:
        points.sort()
    else:
        points = _arranged(points)
    return Series(safe(result.columns[label]), safe(result.columns[measure]), tuple((name, float(n)) for name, n in points), over_time)


def _arranged(points: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Points of a breakdown as they come where they are in order, by name or by number; else the largest first."""
    for part in ([name_of(label) for label, _ in points], [number for _, number in points]):
        if part in (sorted(part), sorted(part, reverse=True)):
            return points
    return sorted(points, key=lambda point: (-point[1], name_of(point[0])))


def name_of(label: object) -> str:
    """A label as it stands beside its bar."""
    return "NULL" if label is None else text(label)


def chart(series: Series, width: int, is_styled: bool) -> str:
    """The chart in so many columns of a terminal."""
    title = f"{series.measure} by {series.label}\n"
    return title + (_line(series, max(NARROWEST, width)) if series.over_time else _bars(series, max(NARROWEST, width), is_styled))


def _bars(series: Series, width: int, is_styled: bool) -> str:
    """One bar for each label, the longest over all the room there is; what does not fit is counted."""
    from rich.cells import cell_len, set_cell_size

    drawn = series.points[:MOST_BARS]
    names = [name_of(label) for label, _ in drawn]
    numbers = [text(number) for _, number in drawn]
    longest = max(map(len, numbers))
    label = max(1, min(max(map(cell_len, names)), LONGEST_LABEL, width // 3, width - longest - 6))
    room = max(4, width - label - longest - 2)
    top = max(number for _, number in drawn) or 1.0
    lines = []
    for name, (_, number), shown in zip(names, drawn, numbers, strict=True):
        cut = name if cell_len(name) <= label else set_cell_size(name, label - 1) + "…"
        bar = _bar(number / top * room)
        lines.append(f"{cut}{' ' * (label - cell_len(cut))} {click.style(bar, fg='blue') if is_styled else bar} {shown}")
    if len(series.points) > len(drawn):
        lines.append(f"and {len(series.points) - len(drawn):,} more")
    return "\n".join(lines) + "\n"


def _bar(length: float) -> str:
    """A bar of so many characters, to an eighth of one; what is not nothing is always to be seen."""
    eighths = max(1, round(length * 8)) if length > 0 else 0
    bar = "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
    try:
        bar.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return "#" * max(1, round(length)) if length > 0 else ""
    return bar


def _line(series: Series, width: int) -> str:
    import plotext  # 35 ms, only a chart over time pays

    moments = [float(name.toordinal()) + _share_of_day(name) for name, _ in series.points if isinstance(name, date)]
    numbers = [number for _, number in series.points]
    ticks = sorted({0, len(moments) // 2, len(moments) - 1} if width >= 60 else {0, len(moments) - 1})
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, HEIGHT)
    plotext.plot(moments, numbers, marker="braille")
    plotext.xticks([moments[at] for at in ticks], [text(series.points[at][0])[:10] for at in ticks])
    drawn = click.unstyle(plotext.build())
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def _share_of_day(moment: date) -> float:
    return (moment.hour * 60 + moment.minute) / 1440 if hasattr(moment, "hour") and hasattr(moment, "minute") else 0.0
