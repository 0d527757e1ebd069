"""A window to say whether an answer was right, with a few words for the reviewers."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from catalog.review.feedback import LONGEST_NOTE, Verdict
from tui.chat.field import Field

VERDICTS: tuple[Verdict, ...] = ("good", "bad")
LABELS = {"good": "✓ good: it was right", "bad": "✗ bad: it was wrong, or not what was asked"}


class Verdicts(OptionList):
    """Good or bad: by an arrow, or by the letter that each begins with."""

    def on_key(self, event: events.Key) -> None:
        """The letters; the rest is the list's own."""
        for at, verdict in enumerate(VERDICTS):
            if event.character == verdict[0]:
                event.stop()
                self.highlighted = at
                self.action_select()


class Judge(ModalScreen[tuple[Verdict, str] | None]):
    """Gives what was said; None where nothing is to be. Nobody but reviewers reads it, and nothing is learned from it before."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, verdict: Verdict | None = None) -> None:
        super().__init__()
        self.verdict = verdict

    def compose(self) -> ComposeResult:
        """The two words, and a line for more."""
        with Vertical(classes="window small"):
            yield Static(Content.styled("Was this answer right?", "bold"))
            yield Verdicts(*(Option(LABELS[verdict], id=verdict) for verdict in VERDICTS), id="verdict", classes="verdicts")
            yield Field(placeholder="Why, in a few words for the reviewers; may be empty", max_length=LONGEST_NOTE, id="note")
            yield Static("g good · b bad · enter sends it · esc cancels", classes="muted")

    def on_mount(self) -> None:
        """Where the word is said already, at the line."""
        self.query_one(Verdicts).highlighted = VERDICTS.index(self.verdict) if self.verdict else 0
        self.query_one("#note" if self.verdict else "#verdict").focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.query_one("#note").focus()

    @on(Input.Submitted)
    def _sent(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss((VERDICTS[self.query_one(Verdicts).highlighted or 0], event.value.strip()))
