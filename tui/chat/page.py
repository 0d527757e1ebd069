"""What every screen has: a line above with the places to go and who asks, and a footer below."""

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer, Static

from tui.chat.host import host
from tui.chat.words import plain

PLACES = {"ask": ("F2", "Ask"), "browse": ("F3", "Catalog"), "lineage": ("F4", "Lineage"), "history": ("F5", "History"), "access": ("F6", "Access")}
"""Screens by mode: key and title."""


class PlaceLink(Static):
    """A place to go, by its key or a click."""

    def __init__(self, mode: str, is_here: bool) -> None:
        key, title = PLACES[mode]
        super().__init__(Content.assemble((key, "dim"), f" {title}"), classes="here" if is_here else "")
        self.mode = mode

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

    def show_who(self) -> None:
        """Who asks, as what, of which generation, with which model."""
        who = host(self).desk.who
        roles = ", ".join(who.roles)
        self.query_one("#who", Static).update(plain(" · ".join(filter(None, [who.name, roles, f"generation {who.generation}", who.model]))))


class Page(Screen[None]):
    """A screen with the bar and the footer around its content."""

    MODE: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]  # noqa: RUF012  an attribute of instances in Textual
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        """The frame of every screen."""
        yield TopBar(self.MODE)
        yield from self.content()
        yield Footer(show_command_palette=True)

    def content(self) -> Iterable[Widget]:
        """What is between bar and footer."""
        raise NotImplementedError

    def renew(self) -> None:
        """Forget what the last principal saw: somebody else asks now."""
        self.query_one(TopBar).show_who()
