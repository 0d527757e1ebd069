"""What every screen has: a line above with the places to go and who asks, and a footer below."""

from collections.abc import Iterable
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.chat.desk import Who
from tui.chat.host import host
from tui.chat.keyline import KeyLine
from tui.chat.words import plain

PLACES = {
    "ask": ("F2", "Ask"),
    "browse": ("F3", "Catalog"),
    "lineage": ("F4", "Lineage"),
    "history": ("F5", "History"),
    "access": ("F6", "Access"),
    "quality": ("F7", "Quality"),
}
"""Screens by mode: key and title."""
ROOM_FOR_KEYS = 76
"""Columns of a terminal from which the line above has every key beside its place."""


class PlaceLink(Static):
    """A place to go, by its key or a click."""

    def __init__(self, mode: str, is_here: bool) -> None:
        super().__init__(classes="here" if is_here else "")
        self.mode, self.is_here, self.words = mode, is_here, Content()
        self.write(True)

    def write(self, with_keys: bool) -> None:
        """Its title, and its key where there is room; the place where one is has it always."""
        key, title = PLACES[self.mode]
        self.words = Content.assemble((f"{key} ", "" if self.is_here else "dim"), title) if with_keys or self.is_here else Content(title)
        self.update(self.words)

    async def on_click(self, event: events.Click) -> None:
        """Go there."""
        event.stop()
        await self.app.switch_mode(self.mode)


class TopBar(Horizontal):
    """Places on the left, the asker on the right."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode

    def compose(self) -> ComposeResult:
        """The links and the asker."""
        for mode in PLACES:
            yield PlaceLink(mode, mode == self.mode)
        yield Static(id="who")

    def on_mount(self) -> None:
        """Say who asks."""
        self.show_who()

    def on_resize(self, event: events.Resize) -> None:
        """Say as much as there is room for."""
        for link in self.query(PlaceLink):
            link.write(event.size.width >= ROOM_FOR_KEYS)
        self.show_who()

    def show_who(self) -> None:
        """Who asks, as what, of which generation, with which model: as much of it as there is room for."""
        beside = 1 if self.screen.has_class("-narrow") else 2
        taken = sum(link.words.cell_length + beside for link in self.query(PlaceLink))
        self.query_one("#who", Static).update(plain(who_in(host(self).desk.who, self.size.width - taken - 2)))


def who_in(who: Who, room: int) -> str:
    """``ada · steward · generation 3 · embedded``; what comes last gives way first, the name never."""
    parts = [who.name, ", ".join(role for role in who.roles if role != who.name), f"generation {who.generation}", who.model]
    parts = [part for part in parts if part]
    while len(parts) > 1 and cell_len(" · ".join(parts)) > room:
        parts.pop()
    return " · ".join(parts)


class Page(Screen[None]):
    """A screen with the bar and the footer around its content."""

    MODE: ClassVar[str] = ""
    ABOUT: ClassVar[str] = ""
    """What the screen is for, as its help says it."""

    def compose(self) -> ComposeResult:
        """The frame of every screen."""
        yield TopBar(self.MODE)
        yield from self.content()
        yield KeyLine(self.is_of_use)

    def is_of_use(self, action: str) -> bool:
        """Whether an action would do something just now; the line of keys leaves the others out."""
        return True

    def look_for(self, words: str, entered: bool) -> None:
        """Look for something here, as if it had been typed; ``entered``, and Enter pressed."""

    def content(self) -> Iterable[Widget]:
        """What is between bar and footer."""
        raise NotImplementedError

    def renew(self) -> None:
        """Forget what the last principal saw: somebody else asks now."""
        self.query_one(TopBar).show_who()
