"""A table of any length that draws only the lines on the screen: Textual's own takes seconds for 100,000 rows.

Knows rows, columns and a cursor; every cell is made safe as it is drawn.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from catalog.engine.engine import ResultSet
from tui.chat.summary import describe
from tui.output import text
from tui.safe import safe
from tui.table import NUMBERS

SAMPLED = 300
"""Rows that decide how wide a column is."""
GAP = 2
NULL = "NULL"


class RowsTable(ScrollView, can_focus=True):
    """Rows of one result, a header that stays, a cursor on one cell."""

    WIDEST: ClassVar[int] = 44
    """Characters of a column at most; the cell viewer shows the rest."""
    ALLOW_MAXIMIZE = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--header", "rows--null", "rows--line", "rows--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", "Up", show=False),
        Binding("down", "move(1, 0)", "Down", show=False),
        Binding("left", "move(0, -1)", "Left", show=False),
        Binding("right", "move(0, 1)", "Right", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "edge(-1)", "First row", show=False),
        Binding("end", "edge(1)", "Last row", show=False),
        Binding("space,enter", "view", "Whole cell", id="rows.view"),
        Binding("y", "copy('cell')", "Copy cell", id="rows.copy"),
        Binding("Y", "copy('row')", "Copy row", show=False, id="rows.copy_row"),
        Binding("o", "sort", "Sort", id="rows.sort"),
        Binding("f", "freeze", "Freeze columns", show=False, id="rows.freeze"),
        Binding("d", "describe", "Describe column", show=False, id="rows.describe"),
        Binding("m", "maximize", "Whole screen; esc goes back", show=False, id="rows.maximize"),
    ]

    row: reactive[int] = reactive(0, repaint=False)
    column: reactive[int] = reactive(0, repaint=False)

    class Viewed(Message):
        """Somebody wants to see a whole cell."""

        def __init__(self, title: str, cell: str) -> None:
            super().__init__()
            self.title, self.cell = title, cell

    class Copied(Message):
        """Text for the clipboard, and what it is."""

        def __init__(self, what: str, copied: str) -> None:
            super().__init__()
            self.what, self.copied = what, copied

    def __init__(self, result: ResultSet, *, id: str | None = None) -> None:  # noqa: A002  as Textual has it
        super().__init__(id=id)
        self.frozen = 0
        """Columns from the left that stay where they are."""
        self._take(result)

    def fill(self, result: ResultSet) -> None:
        """Show other rows, from the first cell on."""
        self._take(result)
        self.row = self.column = 0
        self.scroll_to(0, 0, animate=False, force=True)
        self.refresh(layout=True)

    def _take(self, result: ResultSet) -> None:
        self.result = result
        self.order: Sequence[int] = range(len(result.rows))
        self.sorted_by: tuple[int, bool] | None = None
        """Column and whether the largest stands first."""
        self._right = [kind in NUMBERS for kind in result.types]
        self._heads = [safe(name) for name in result.columns]
        self._widths = [self._width(at) for at in range(len(result.columns))]
        self.virtual_size = Size(sum(self._widths) + GAP * len(self._widths), len(result.rows) + 1)

    def _width(self, at: int) -> int:
        sample = max((cell_len(self.shown(row, at)[0]) for row in range(min(SAMPLED, len(self.result.rows)))), default=0)
        if self.result.types[at] in ("BIGINT", "INTEGER"):  # a number that is cut short is another number
            numbers = [row[at] for row in self.result.rows if row[at] is not None]
            sample = max([sample, *(len(str(number)) for number in (min(numbers), max(numbers)))] if numbers else [sample])
        return max(1, min(self.WIDEST, max(sample, cell_len(self._heads[at]) + GAP)))

    def shown(self, row: int, at: int) -> tuple[str, bool]:
        """A cell as it stands in the result, made safe, and whether it is NULL."""
        value = self.result.rows[row][at]
        return (NULL, True) if value is None else (text(value), False)

    def render_line(self, y: int) -> Strip:
        """One line of the window: the header, a row, or nothing."""
        left, top = self.scroll_offset
        width = self.size.width
        if y == 0:
            return self._window(self._header(), left, width, self.get_component_rich_style("rows--header"))
        at = top + y - 1
        if at >= len(self.order):
            return Strip.blank(width, self.rich_style)
        return self._window(self._line(at), left, width, self.rich_style)

    def _window(self, strip: Strip, left: int, width: int, style: Style) -> Strip:
        """What of a line is to be seen: columns that are frozen, then those that are scrolled to."""
        kept = self._reach(self.frozen)
        if not kept or kept >= width:
            return strip.crop_extend(left, left + width, style)
        return Strip.join([strip.crop_extend(0, kept, style), strip.crop_extend(left + kept, left + width, style)])

    def _reach(self, columns: int) -> int:
        """Characters that so many columns take."""
        return sum(self._widths[:columns]) + GAP * columns

    def _header(self) -> Strip:
        style = self.get_component_rich_style("rows--header")
        mark = {None: "", True: " ▼", False: " ▲"}
        parts = []
        for at, head in enumerate(self._heads):
            named = head + mark[self.sorted_by[1] if self.sorted_by and self.sorted_by[0] == at else None]
            parts.append(Segment(_fit(named, self._widths[at], self._right[at]) + " " * GAP, style))
        return Strip(parts)

    def _line(self, at: int) -> Strip:
        here = at == self.row
        base = self.get_component_rich_style("rows--line") if here and self.has_focus else self.rich_style
        null, cursor = self.get_component_rich_style("rows--null"), self.get_component_rich_style("rows--cursor")
        parts = []
        for column, width in enumerate(self._widths):
            cell, is_null = self.shown(self.order[at], column)
            style = cursor if here and column == self.column and self.has_focus else base + Style(color=null.color, italic=True) if is_null else base
            parts += [Segment(_fit(cell, width, self._right[column]), style), Segment(" " * GAP, base)]
        return Strip(parts)

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor by so many cells; beyond the first and the last row, the view around it scrolls."""
        self.go(self.row + rows, self.column + columns)

    def action_page(self, direction: int) -> None:
        """Move by what the window shows."""
        self.go(self.row + direction * max(1, self.size.height - 1), self.column)

    def action_edge(self, direction: int) -> None:
        """The first or the last row."""
        self.go(0 if direction < 0 else len(self.order) - 1, self.column)

    def go(self, row: int, column: int) -> None:
        """Put the cursor there, or as near as there are cells, and bring it into view."""
        self.row = max(0, min(len(self.order) - 1, row))
        self.column = max(0, min(len(self._widths) - 1, column))
        x, y = self.scroll_offset
        lines = max(1, self.size.height - 1)
        y = min(y, self.row) if self.row < y else max(y, self.row - lines + 1)
        start, kept = self._reach(self.column), self._reach(self.frozen)
        end = start + self._widths[self.column]
        if self.column >= self.frozen:
            x = start - kept if start - kept < x or self._widths[self.column] >= self.size.width - kept else max(x, end - self.size.width)
        self.scroll_to(x, y, animate=False, force=True)
        self.refresh()

    def action_view(self) -> None:
        """Show the whole cell."""
        if self.order:
            self.post_message(self.Viewed(self._heads[self.column], self.shown(self.order[self.row], self.column)[0]))

    def action_copy(self, what: str) -> None:
        """Copy a cell, or a row with tabs between its cells."""
        if not self.order:
            return
        row = self.order[self.row]
        cells = [self.column] if what == "cell" else range(len(self._widths))
        self.post_message(self.Copied(f"the {what}", "\t".join("" if null else cell for cell, null in (self.shown(row, at) for at in cells))))

    def action_sort(self) -> None:
        """By the column of the cursor: ascending, descending, then as it came. NULL stands last."""
        column = self.column
        was = self.sorted_by[1] if self.sorted_by and self.sorted_by[0] == column else None
        if was is True:
            self.sorted_by, self.order = None, range(len(self.result.rows))
        else:
            descending = was is False
            cells = [self.sort_key(row, column) for row in range(len(self.result.rows))]
            present = sorted((at for at, cell in enumerate(cells) if cell is not None), key=lambda at: _key(cells[at]), reverse=descending)
            self.order = [*present, *(at for at, cell in enumerate(cells) if cell is None)]
            self.sorted_by = (column, descending)
        self.refresh()

    def sort_key(self, row: int, at: int) -> Any:
        """What a cell is sorted by; None stands last."""
        return self.result.rows[row][at]

    def action_freeze(self) -> None:
        """Keep the columns up to the cursor where they are while the others scroll; once more lets them go."""
        wanted = self.column + 1
        if wanted == self.frozen:
            self.frozen = 0
            self.notify("No column is frozen.", timeout=2)
        elif self._reach(wanted) >= self.size.width:
            self.notify("So many columns would leave no room for the others.", timeout=3)
        else:
            self.frozen = wanted
            self.notify(f"The first {wanted} columns stay." if wanted > 1 else "The first column stays.", timeout=2)
        self.refresh()

    def action_maximize(self) -> None:
        """The whole screen for these rows; Esc goes back."""
        self.screen.maximize(self, container=False)

    def action_describe(self) -> None:
        """What the column of the cursor holds, counted over these rows; nothing is asked for it."""
        if self.order:
            cells = [row[self.column] for row in self.result.rows]
            self.post_message(self.Viewed(f"{self._heads[self.column]} in {len(cells):,} row{'' if len(cells) == 1 else 's'}", describe(cells)))

    def on_click(self, event: events.Click) -> None:
        """The cell that was clicked; a click on the header sorts."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        x, reached = offset.x + (self.scroll_offset.x if offset.x >= self._reach(self.frozen) else 0), 0
        column = len(self._widths) - 1
        for at, width in enumerate(self._widths):
            reached += width + GAP
            if x < reached:
                column = at
                break
        if offset.y == 0:
            self.column = column
            self.action_sort()
        else:
            self.go(self.scroll_offset.y + offset.y - 1, column)

    def on_focus(self) -> None:
        """Show where the cursor is."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()


def _fit(cell: str, width: int, right: bool) -> str:
    """A cell in so many columns of the terminal; a longer one ends in …"""
    size = cell_len(cell)
    if size > width:
        return set_cell_size(cell, width - 1) + "…"
    return " " * (width - size) + cell if right else cell + " " * (width - size)


def _key(value: Any) -> tuple[int, Any]:
    """Sorts numbers before dates before text, whatever a column mixes."""
    match value:
        case bool() | int() | float():
            return (0, value) if value == value else (1, 0)
        case list() | tuple():
            return (3, tuple(str(part) for part in value))
        case str():
            return (2, value)
    return (2, str(value))
