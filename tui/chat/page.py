"""What every screen has: a line above with the places to go and who asks, and a footer below."""

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

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
        self.mode, self.is_here = mode, is_here
        self.write(True)

    def write(self, with_keys: bool) -> None:
        """Its title, and its key where there is room; the place where one is has it always."""
        key, title = PLACES[self.mode]
        self.update(Content.assemble((f"{key} ", "" if self.is_here else "dim"), title) if with_keys or self.is_here else Content(title))

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

    def show_who(self) -> None:
        """Who asks, as what, of which generation, with which model."""
        who = host(self).desk.who
        roles = ", ".join(who.roles)
        self.query_one("#who", Static).update(plain(" · ".join(filter(None, [who.name, roles, f"generation {who.generation}", who.model]))))


class Page(Screen[None]):
    """A screen with the bar and the footer around its content."""

    MODE: ClassVar[str] = ""
    ABOUT: ClassVar[str] = ""
    """What the screen is for, as its help says it."""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]  # noqa: RUF012  an attribute of instances in Textual
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall"), (45, "-high")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        """The frame of every screen."""
        yield TopBar(self.MODE)
        yield from self.content()
        yield KeyLine()

    def content(self) -> Iterable[Widget]:
        """What is between bar and footer."""
        raise NotImplementedError

    def renew(self) -> None:
        """Forget what the last principal saw: somebody else asks now."""
        self.query_one(TopBar).show_who()
