"""A list to choose one from by an arrow or its number."""

from textual import events
from textual.message import Message
from textual.widgets import OptionList


class Choices(OptionList):
    """What a question back may mean: an arrow and Enter or a number chooses, any other letter begins a question of one's own."""

    class Typed(Message):
        """A letter for the prompt."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    def on_key(self, event: events.Key) -> None:
        """Numbers and letters; the rest is the list's own."""
        if event.character is None or not event.is_printable:
            return
        event.stop()
        at = int(event.character) - 1 if event.character in "123456789" else -1
        if 0 <= at < self.option_count:
            self.highlighted = at
            self.action_select()
        else:
            self.post_message(self.Typed(event.character))
