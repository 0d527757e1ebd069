"""A line to type in. What is pasted into it is text too: nothing unseen gets into it."""

from textual.widgets import Input

from tui.safe import safe


class Field(Input):
    """An input that holds safe text and does not blink."""

    def on_mount(self) -> None:
        """No blinking: it costs a redraw twice a second, and some people's calm."""
        self.cursor_blink = False

    def validate_value(self, value: str) -> str:
        """What it may hold."""
        return safe(value)
