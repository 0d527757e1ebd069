"""The table of any length, and charts of results."""

from datetime import date
from typing import Any

import pytest
from textual.app import App, ComposeResult

from catalog.engine.engine import ResultSet
from tests.tui.chat.conftest import HOSTILE, SHOWN
from tui.chat.chart import bars, chart_of
from tui.chat.rows import RowsTable

pytestmark = pytest.mark.anyio

MANY = ResultSet(("n", "name", "note"), ("BIGINT", "VARCHAR", "VARCHAR"), [(i, f"row {i % 10}", None if i % 2 else "x" * 80) for i in range(100_000)], False, 1.0)


class Holder(App[None]):
    def __init__(self, result: ResultSet) -> None:
        super().__init__()
        self.table = RowsTable(result)
        self.got: list[Any] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_rows_table_viewed(self, message: RowsTable.Viewed) -> None:
        self.got.append(("viewed", message.cell))

    def on_rows_table_copied(self, message: RowsTable.Copied) -> None:
        self.got.append((message.what, message.copied))


def lines(table: RowsTable) -> list[str]:
    return [table.render_line(y).text.rstrip() for y in range(table.size.height)]


async def test_only_the_lines_on_the_screen_of_100_000_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: set[int] = set()
    shown = RowsTable.shown
    monkeypatch.setattr(RowsTable, "shown", lambda table, row, at: (drawn.add(row), shown(table, row, at))[1])
    app = Holder(MANY)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        await pilot.press("end")
        assert lines(app.table)[-1].split()[:3] == ["99999", "row", "9"]
        assert len(drawn) < 500
        await pilot.press("home")
        assert lines(app.table)[1].split()[:3] == ["0", "row", "0"]


async def test_cursor_sort_view_and_copy() -> None:
    app = Holder(ResultSet(("a", "b"), ("BIGINT", "VARCHAR"), [(2, "y"), (None, HOSTILE), (10, "x" * 70)], False, 1.0))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        app.table.focus()
        await pilot.press("o")
        assert [row.split()[0] for row in lines(app.table)[1:4]] == ["2", "10", "NULL"]
        await pilot.press("o")
        assert [row.split()[0] for row in lines(app.table)[1:4]] == ["10", "2", "NULL"]
        assert lines(app.table)[0].split()[:2] == ["a", "▼"]
        await pilot.press("right", "space", "y", "down", "down", "Y")
        assert app.got == [("viewed", "x" * 70), ("the cell", "x" * 70), ("the row", f"\t{SHOWN}")]
        await pilot.press("left", "o")
        assert [row.split()[0] for row in lines(app.table)[1:4]] == ["2", "NULL", "10"]


async def test_a_wide_table_scrolls_under_its_header_and_a_click_finds_the_cell() -> None:
    app = Holder(ResultSet(tuple(f"column_{i}" for i in range(20)), ("BIGINT",) * 20, [tuple(range(20))] * 3, False, 1.0))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        app.table.focus()
        await pilot.press(*["right"] * 19)
        assert lines(app.table)[0].endswith("column_19") and lines(app.table)[1].endswith("19")
        await pilot.press(*["left"] * 19)
        await pilot.click(RowsTable, offset=(14, 2))
        assert (app.table.row, app.table.column) == (1, 1)


CHARTS = [
    ("breakdown", ("VARCHAR", "BIGINT"), [("a", 1), ("b", 3)], ["a", "b"]),
    ("series is in order of time", ("DATE", "DOUBLE"), [(date(2026, 2, 1), 1.0), (date(2026, 1, 1), 2.0)], ["2026-01-01", "2026-02-01"]),
    ("null is a group", ("VARCHAR", "BIGINT"), [(None, 1), ("b", 3)], ["NULL", "b"]),
    ("one row", ("VARCHAR", "BIGINT"), [("a", 1)], None),
    ("no number", ("VARCHAR", "VARCHAR"), [("a", "b"), ("b", "c")], None),
    ("no label", ("BIGINT", "BIGINT"), [(1, 2), (2, 3)], None),
    ("label twice", ("VARCHAR", "BIGINT"), [("a", 1), ("a", 3)], None),
    ("below nothing", ("VARCHAR", "BIGINT"), [("a", -1), ("b", 3)], None),
    ("infinite", ("VARCHAR", "DOUBLE"), [("a", float("inf")), ("b", 3.0)], None),
    ("missing", ("VARCHAR", "DOUBLE"), [("a", None), ("b", 3.0)], None),
]


@pytest.mark.parametrize(("types", "rows", "labels"), [row[1:] for row in CHARTS], ids=[row[0] for row in CHARTS])
def test_a_chart_is_of_a_breakdown_or_a_series(types: tuple[str, ...], rows: list[Any], labels: list[str] | None) -> None:
    chart = chart_of(ResultSet(("l", "n"), types, rows, False, 1.0))
    assert (chart and [label for label, _ in chart.points]) == labels


@pytest.mark.parametrize("width", [10, 40, 200])
def test_bars_are_in_proportion_and_fit(width: int) -> None:
    chart = chart_of(ResultSet(("l", "n"), ("VARCHAR", "DOUBLE"), [("all", 100.0), ("half", 50.0), ("little", 0.01), ("none", 0.0), (HOSTILE, 1.0)], False, 1.0))
    assert chart
    drawn = bars(chart, width).plain.splitlines()
    sizes = [line.count("█") for line in drawn[1:]]
    assert sizes[0] >= sizes[1] > sizes[2] or width == 10
    assert abs(sizes[0] - 2 * sizes[1]) <= 1
    assert any(c in drawn[4] for c in "▏▎▍▌▋▊▉█") and not any(c in drawn[5] for c in "▏▎▍▌▋▊▉█"), "the largest first"
    assert all(len(line) <= max(width, 20) for line in drawn[1:])
    assert "\x1b" not in "".join(drawn)
