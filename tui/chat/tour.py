"""The tour of a first run: a few windows, left at any moment."""

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

STEPS = (
    ("Ask", "Type a question in plain words and press Enter. Names that you mention are looked up in the catalog; the stages of the answer show as they end. Esc stops a question."),
    ("Read", "Every answer says what it was read as, how sure that is and how old the data is. Tab moves into the rows and 1 to 5 turn to the other tabs: the SQL, a chart, lineage, and why you may see this. Esc comes back."),
    ("Follow up", "“only the stale ones” narrows the last answer. Ctrl+N starts a new conversation. Ctrl+E edits the SQL; what you change is checked like everything else."),
    ("Look around", "F3 browses views, columns and datasets, F4 follows lineage, F5 holds your questions, F6 says what you may see and by which rule."),
    ("Keep", "Ctrl+S saves rows or the receipt that proves them, y copies. F1 shows the keys of where you are, Ctrl+P finds everything by name."),
)


class Tour(ModalScreen[None]):
    """One step after another."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,right,space", "step(1)", "Next"),
        Binding("left", "step(-1)", "Back"),
        Binding("escape,q", "dismiss", "Close"),
    ]
    at = 0

    def compose(self) -> ComposeResult:
        """Title, words, keys."""
        with Vertical(classes="window small"):
            yield Static(id="title")
            yield Static(id="words")
            yield Static("enter goes on · ← goes back · esc closes", classes="muted")

    def on_mount(self) -> None:
        """The first step."""
        self.action_step(0)

    def action_step(self, by: int) -> None:
        """Go on; beyond the last step the tour is over."""
        self.at = max(0, self.at + by)
        if self.at >= len(STEPS):
            self.dismiss()
            return
        title, words = STEPS[self.at]
        self.query_one("#title", Static).update(Content.assemble((title, "bold"), (f"   {self.at + 1} of {len(STEPS)}", "dim")))
        self.query_one("#words", Static).update(Content(f"\n{words}\n"))


def is_first_run(marker: Path) -> bool:
    """Whether the app starts here for the first time, which it then does no more."""
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.open("x", encoding="utf-8").close()
    except OSError:  # there already, or nowhere to remember it: no tour each time
        return False
    return True
