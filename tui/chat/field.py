"""A line to type in. What is pasted into it is text too: nothing unseen gets into it, and nothing of it is lost unsaid."""

from textual import events
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

    def on_paste(self, event: events.Paste) -> None:
        """Paste lines as one, in place of Textual's own way, which takes the first; what is too long is not cut but left out, and said to be."""
        event.stop()
        event.prevent_default()
        pasted = " ".join(line.strip() for line in event.text.splitlines() if line.strip())
        if self.max_length and len(self.value) + len(pasted) > self.max_length:
            self.notify(f"Not pasted: {len(pasted):,} characters are more than there is room for; the line holds {self.max_length:,}.", severity="warning", timeout=6)
        else:
            self.replace(safe(pasted), *sorted(self.selection))
