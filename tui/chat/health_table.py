"""The list of datasets with their health: scores as bars, times in words."""

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from catalog.engine.engine import ResultSet
from tui.chat.health import Health, ago
from tui.chat.health_words import score_words
from tui.chat.host import host
from tui.chat.rows import RowsTable

COLUMNS = ("dataset", "score", "alerts", "updated", "failed", "node")
TYPES = ("VARCHAR", "VARCHAR", "BIGINT", "VARCHAR", "BIGINT", "VARCHAR")


class HealthTable(RowsTable):
    """Datasets and their health; scores are bars, times are words."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space,enter", "view", "Alerts", id="rows.view")]
    WIDEST = 22

    class Reached(Message):
        """The cursor is on another row."""

    def __init__(self) -> None:
        super().__init__(as_rows(()), id="datasets")

    def shown(self, row: int, at: int) -> tuple[str, bool]:
        """A cell in words."""
        value = self.result.rows[row][at]
        match COLUMNS[at]:
            case "score":
                return score_words(value), value is None
            case "updated":
                moment, is_stale = value
                return ("! " if is_stale else "") + ago(moment, host(self).desk.session.now), moment is None
        return ("–", True) if value is None else super().shown(row, at)

    def sort_key(self, row: int, at: int) -> Any:
        """Times by the time, not by the words."""
        value = self.result.rows[row][at]
        return value[0] if COLUMNS[at] == "updated" else value

    def go(self, row: int, column: int) -> None:
        """Move, and say so."""
        was = self.row
        super().go(row, column)
        if self.row != was:
            self.post_message(self.Reached())


def as_rows(datasets: Iterable[Health]) -> ResultSet:
    """What the table is filled with."""
    rows = [(one.name, one.score, one.alerts, (one.updated, one.is_stale), one.failed, one.node) for one in datasets]
    return ResultSet(COLUMNS, TYPES, rows, False, 0.0)
