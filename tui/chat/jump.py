"""Jump mode: a letter over each part of the screen that can have the focus; typing it goes there."""

from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""From where the fingers are, outwards."""


class Jump(ModalScreen[Widget | None]):
    """Gives the widget that was chosen; None where a key has no letter."""

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__(classes="jump")
        self.targets = dict(zip(LETTERS, (widget for widget in below.focus_chain if widget.is_on_screen and widget.region.area), strict=False))

    def compose(self) -> ComposeResult:
        """A letter at the corner of each."""
        for letter, widget in self.targets.items():
            label = Static(Content(f" {letter} "), classes="letter")
            label.absolute_offset = widget.region.offset
            yield label

    def on_key(self, event: events.Key) -> None:
        """Any key ends it."""
        event.stop()
        self.dismiss(self.targets.get(event.key))
