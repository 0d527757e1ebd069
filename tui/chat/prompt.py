"""The line to ask in: Enter sends, Up and Down bring back earlier questions, or move in what is offered above it."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from nl2sql.context import LONGEST_QUESTION
from tui.chat.field import Field
from tui.chat.host import host
from tui.chat.offers import Offers

PLACEHOLDER = "Ask about data; / has commands, @ names"


class Prompt(Field):
    """A line with a memory."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(1)", "Earlier question", show=False),
        Binding("ctrl+j", "submit", "Ask", show=False),  # what Enter sends in some terminals
        Binding("tab", "screen.answer", "Into the answer", show=False, priority=True),  # before the next key is handed to whoever has the focus
        Binding("down", "recall(-1)", "Later question", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(placeholder=PLACEHOLDER, max_length=LONGEST_QUESTION, select_on_focus=False, id="prompt")
        self._at = 0
        """How many questions back; 0 is what is being typed."""
        self._typed = ""

    def action_recall(self, step: int) -> None:
        """Go that many questions back, negative numbers forth again."""
        offers = self.screen.query_one(Offers)
        if offers.is_open:
            offers.move(-step)
            return
        asked = host(self).history.entries
        if self._at == 0:
            self._typed = self.value
        self._at = max(0, min(len(asked), self._at + step))
        self.value = asked[-self._at].question if self._at else self._typed
        self.cursor_position = len(self.value)

    def take(self) -> str:
        """What was typed; the line is empty then."""
        typed, self.value, self._at = self.value.strip(), "", 0
        return typed
