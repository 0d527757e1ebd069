"""A window to edit SQL in. It only hands text back: the guard decides what of it runs."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from tui.chat.about import laid_out
from tui.safe import safe


class SqlArea(TextArea):
    """Lines to type in. What is pasted is text too: nothing unseen gets into it."""

    async def on_paste(self, event: events.Paste) -> None:
        """Paste what can be seen, in place of Textual's own way."""
        event.stop()
        event.prevent_default()
        self.replace("\n".join(map(safe, event.text.splitlines())), *self.selection)


class EditSql(ModalScreen[str | None]):
    """Edits one statement; gives its text, or None where nothing is to run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r,f9", "run", "Run", id="edit.run", priority=True),
        Binding("escape", "cancel", "Cancel", priority=True),
    ]

    def __init__(self, sql: str) -> None:
        super().__init__()
        self.sql = "\n".join(map(safe, laid_out(sql).splitlines())) if sql else "SELECT "

    def compose(self) -> ComposeResult:
        """Text and keys."""
        with Vertical(classes="window wide"):
            yield Static(Content.styled("Your own SQL", "bold"))
            yield SqlArea(self.sql, id="sql", tab_behavior="indent", soft_wrap=True)
            yield Static("ctrl+r checks and runs it · esc cancels", classes="muted")

    def on_mount(self) -> None:
        """At the end of the statement."""
        area = self.query_one(TextArea)
        area.cursor_blink = False
        area.move_cursor(area.document.end)

    def action_run(self) -> None:
        """Hand the statement back."""
        self.dismiss(self.query_one(TextArea).text.strip() or None)

    def action_cancel(self) -> None:
        """Run nothing."""
        self.dismiss(None)
