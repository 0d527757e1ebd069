"""A chart of a result that is a breakdown or a series: bars of eighths of a block. Knows no SQL."""

from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from catalog.engine.engine import ResultSet
from tui.chart import EIGHTHS, LONGEST_LABEL, MOST_BARS, name_of, series_of
from tui.output import text

MOST_POINTS = 400
"""More rows are a list, and no chart."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: one bar per point, of ``measure`` by ``label``; ``left_out`` more points would not fit."""

    label: str
    measure: str
    points: tuple[tuple[str, float], ...]
    left_out: int = 0


def chart_of(result: ResultSet) -> Chart | None:
    """The chart of a breakdown or a series (`tui.chart.series_of`) whose numbers can all be bars; None for any other result."""
    series = series_of(result)
    if series is None or len(series.points) > MOST_POINTS or any(number < 0 for _, number in series.points):
        return None
    drawn = series.points[-MOST_BARS:] if series.over_time else series.points[:MOST_BARS]
    return Chart(series.label, series.measure, tuple((name_of(label), number) for label, number in drawn), len(series.points) - len(drawn))


class BarChart(Widget):
    """Bars as wide as there is room, the longest over all of it."""

    DEFAULT_CSS = "BarChart { height: auto; }"

    def __init__(self, chart: Chart) -> None:
        super().__init__()
        self.chart = chart

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line for each bar, one above them, one for what is left out."""
        return len(self.chart.points) + 1 + bool(self.chart.left_out)

    def render(self) -> Content:
        """The lines."""
        return bars(self.chart, self.size.width)


def bars(chart: Chart, width: int) -> Content:
    """The chart in so many columns."""
    label = min(LONGEST_LABEL, max(cell_len(name) for name, _ in chart.points), max(6, width // 3))
    values = [text(value) for _, value in chart.points]
    room = max(4, width - label - max(map(len, values)) - 4)
    top = max(value for _, value in chart.points) or 1.0
    lines = [Content.styled(f"{chart.measure} by {chart.label}", "dim")]
    for (name, value), shown in zip(chart.points, values, strict=True):
        named = name if cell_len(name) <= label else set_cell_size(name, label - 1) + "…"
        lines.append(Content.assemble(named + " " * (label - cell_len(named) + 1), (bar(value / top * room), "$primary"), f" {shown}"))
    if chart.left_out:
        lines.append(Content.styled(f"{chart.left_out:,} more are not drawn", "dim"))
    return Content("\n").join(lines)


def bar(length: float) -> str:
    """A bar of so many characters, to an eighth of one; what is not nothing is always to be seen."""
    eighths = round(length * 8)
    if length > 0:
        eighths = max(1, eighths)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
