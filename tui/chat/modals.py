"""Small windows over a screen: one whole cell, a yes or no, a token to prove who asks."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.chat.field import Field
from tui.chat.host import host
from tui.chat.words import plain


class CellView(ModalScreen[None]):
    """The whole of one cell."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,space,enter", "dismiss", "Close"), Binding("y", "copy", "Copy")]

    def __init__(self, title: str, cell: str) -> None:
        super().__init__()
        self.head, self.cell = title, cell

    def compose(self) -> ComposeResult:
        """Name and text."""
        with Vertical(classes="window"):
            yield Static(plain(self.head, "bold"))
            with VerticalScroll(classes="long"):
                yield Static(Content("\n").join(plain(line) for line in self.cell.split("\n")))
            yield Static("y copies · esc closes", classes="muted")

    def action_copy(self) -> None:
        """Copy all of it."""
        host(self).copy("the cell", self.cell)


class Confirm(ModalScreen[bool]):
    """Asks before something that cannot be taken back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "dismiss(True)", "Yes"), Binding("escape,n,q", "dismiss(False)", "No")]

    def __init__(self, title: str, words: str, does: str) -> None:
        super().__init__()
        self.head, self.words, self.does = title, words, does

    def compose(self) -> ComposeResult:
        """What, and the keys."""
        with Vertical(classes="window small"):
            yield Static(plain(self.head, "bold"))
            yield Static(plain(self.words))
            yield Static(plain(f"enter {self.does} · esc cancels"), classes="muted")


class AskToken(ModalScreen[str | None]):
    """Asks for a token. It is never shown, not kept beyond the session that it opens, and in no history."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def compose(self) -> ComposeResult:
        """One masked line."""
        with Vertical(classes="window small"):
            yield Static(Content.styled("Ask as somebody else", "bold"))
            yield Static("Paste a token; an empty line asks as anonymous. It is not shown and not kept.")
            yield Field(password=True, id="token", placeholder="steward_…")
            yield Static("enter switches · esc cancels", classes="muted")

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        event.stop()
        given, self.query_one(Input).value = event.value.strip(), ""
        self.dismiss(given)

    def action_cancel(self) -> None:
        """Stay who one is."""
        self.query_one(Input).value = ""
        self.dismiss(None)
