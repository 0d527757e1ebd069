"""The history screen: questions asked, searched as one types, starred, asked again."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.chat.field import Field
from tui.chat.history import Asked
from tui.chat.host import host
from tui.chat.page import Page
from tui.chat.words import plain

SIGNS = {"answered": "✓", "denied": "✗", "failed": "!", "asked_back": "?"}


class HistoryScreen(Page):
    """Own questions and nobody else's."""

    MODE = "history"
    ABOUT = "The questions that you asked, the starred ones first. Typing searches them; Enter asks one again. Nobody else can see them."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+k", "star", "Star", id="history.star", priority=True),
        Binding("down", "list", "List", show=False),
        Binding("escape", "search", "Search", show=False),
    ]

    def content(self) -> Iterable[Widget]:
        """Search and list."""
        yield Vertical(Field(placeholder="Search your questions", id="search", classes="filter"), Static(id="count", classes="muted"), OptionList(id="asked"), id="history-page")

    def on_mount(self) -> None:
        """Ready to search."""

    def on_screen_resume(self) -> None:
        """With what was asked meanwhile."""
        self.renew()

    def renew(self) -> None:
        """As the principal who asks now."""
        super().renew()
        self._list()
        self.query_one("#search").focus()

    def look_for(self, words: str, entered: bool) -> None:
        """Narrow the questions to those with these words."""
        self.query_one("#search", Input).value = words

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._list()

    @on(Input.Submitted, "#search")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#asked", OptionList).action_select()

    @on(OptionList.OptionSelected, "#asked")
    def _again(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        host(self).ask(self._found[event.option_index].question)

    def is_of_use(self, action: str) -> bool:
        """A star once there is a question."""
        return action != "star" or bool(host(self).history.entries)

    def _list(self) -> None:
        history = host(self).history
        self._found = history.search(self.query_one("#search", Input).value)
        asked = self.query_one("#asked", OptionList)
        at = asked.highlighted or 0
        asked.clear_options()
        asked.add_options([Option(_line(entry)) for entry in self._found])
        asked.highlighted = min(at, len(self._found) - 1) if self._found else None
        words = f"{len(self._found):,} of {len(history.entries):,} questions · enter asks again · ctrl+k stars"
        self.query_one("#count", Static).update(Content(words if history.entries else "Nothing asked yet."))

    def action_star(self) -> None:
        """Star the question under the cursor, or take its star away."""
        at = self.query_one("#asked", OptionList).highlighted
        if at is not None and self._found:
            question = self._found[at].question
            host(self).history.star(question)
            self._list()
            self.query_one("#asked", OptionList).highlighted = next(i for i, entry in enumerate(self._found) if entry.question == question)

    def action_list(self) -> None:
        """Go to the list."""
        self.query_one("#asked").focus()

    def action_search(self) -> None:
        """Go to the search."""
        self.query_one("#search").focus()


def _line(entry: Asked) -> Content:
    return Content.assemble(
        ("★ " if entry.starred else "  ", "$warning"),
        plain(f"{SIGNS.get(entry.status, '–')} {entry.status.replace('_', ' '):<11}{entry.at[:10]}  {entry.question}"),  # not dimmed: under the cursor that could not be read
    )
