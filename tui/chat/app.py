"""The app: its screens, themes and what may be done from anywhere. Everything else is the screens' own."""

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from textual import work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from catalog.errors import GovernanceError
from tui.chat.access import AccessScreen
from tui.chat.ask import AskScreen
from tui.chat.asked import HistoryScreen
from tui.chat.browse import BrowseScreen
from tui.chat.desk import Desk
from tui.chat.help import HelpScreen, keys_of
from tui.chat.history import History
from tui.chat.host import Host
from tui.chat.jump import Jump
from tui.chat.lineage import LineageScreen
from tui.chat.modals import AskToken
from tui.chat.page import PLACES, Page
from tui.chat.quality import QualityScreen
from tui.chat.themes import THEMES
from tui.chat.tour import Tour


class Chat(Host):
    """``steward chat``."""

    TITLE = "steward"
    CSS_PATH = "chat.tcss"
    MODES: ClassVar = {screen.MODE: screen for screen in (AskScreen, BrowseScreen, LineageScreen, HistoryScreen, AccessScreen, QualityScreen)}
    DEFAULT_MODE = "ask"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "keys", "Help", id="app.help", priority=True),
        *(Binding(key.lower(), f"switch_mode('{mode}')", title, show=False, id=f"app.{mode}") for mode, (key, title) in PLACES.items()),
        Binding("question_mark", "keys", "Help", show=False, id="app.keys"),
        Binding("ctrl+o", "jump", "Jump", show=False, id="app.jump", priority=True),
        Binding("ctrl+t", "next_theme", "Theme", show=False, id="app.theme"),
        Binding("ctrl+q", "quit", "Quit", show=False, id="app.quit", priority=True),
    ]

    def __init__(self, desk: Desk, *, tour: bool = False, keys: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.desk = desk
        self.history = History.of(desk.home, desk.session.principal)
        self.wants_tour = tour
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.set_keymap(dict(keys or {}))

    def on_mount(self) -> None:
        """The tour, where it is wanted."""
        if self.wants_tour:
            self.action_tour()

    def get_key_display(self, binding: Binding) -> str:
        """A key as the documentation writes it: ``ctrl+e``, ``F1``."""
        shown = super().get_key_display(binding)
        return shown.upper() if shown[:1] == "f" and shown[1:].isdigit() else shown.replace("^", "ctrl+")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers; nothing over a window, which is to be closed first."""
        if not isinstance(screen, Page):
            return
        for mode, (key, title) in PLACES.items():
            yield SystemCommand(title, f"Go to this screen ({key})", lambda mode=mode: self.switch_mode(mode))
        yield SystemCommand("Ask as somebody else", "Switch to the principal that a token proves", self.action_token)
        yield SystemCommand("Next theme", "Dark, light, high contrast (ctrl+t)", self.action_next_theme)
        yield SystemCommand("Tour", "What there is, in five windows", self.action_tour)
        yield SystemCommand("Help", "Every key of this screen (F1)", self.action_keys)
        if isinstance(screen, AskScreen):
            yield SystemCommand("Edit SQL", "Change the SQL of the chosen answer, and run it", screen.action_edit)
            yield SystemCommand("Save", "Rows or receipt of the chosen answer into a file", screen.action_save)
            yield SystemCommand("Copy SQL", "Of the chosen answer", screen.action_copy_sql)
            yield SystemCommand("Copy answer", "The chosen one as Markdown, with its rows", screen.action_copy_answer)
            yield SystemCommand("Copy rows", "Of the chosen answer, as CSV", screen.action_copy_rows)
            yield SystemCommand("New conversation", "The next question is on its own", screen.action_anew)
            yield SystemCommand("Views", "Show or hide the list of views", screen.action_sidebar)
        if isinstance(screen, QualityScreen):
            yield SystemCommand("Acknowledge alert", "Say that you are on the alert under the cursor", lambda: screen.action_settle("ack"))
            yield SystemCommand("Resolve alert", "End the alert under the cursor", lambda: screen.action_settle("resolve"))
        yield SystemCommand("Jump", "Go to a part of this screen by a letter (ctrl+o)", self.action_jump)
        yield SystemCommand("Quit", "Leave", self.action_quit)

    async def action_quit(self) -> None:
        """Leave, and wait for nothing."""
        self.desk.give_up()
        self.exit()

    def action_next_theme(self) -> None:
        """The next of our own themes."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]
        self.notify(f"Theme: {self.theme}", timeout=2)

    def action_keys(self) -> None:
        """Every key of the screen."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(keys_of(self.screen), getattr(self.screen, "ABOUT", "")))

    def action_jump(self) -> None:
        """Letters over what can have the focus; one of them goes there."""
        if isinstance(self.screen, Page):
            self.push_screen(Jump(self.screen), self._jumped)

    def _jumped(self, chosen: Widget | None) -> None:
        if chosen is not None:
            chosen.focus()

    def action_tour(self) -> None:
        """A few windows about what there is."""
        self.push_screen(Tour())

    def action_token(self) -> None:
        """Ask as somebody else."""
        self.push_screen(AskToken(), self._given)

    def _given(self, token: str | None) -> None:
        if token is not None:
            self._become(token)

    @work(thread=True, group="ask")
    def _become(self, token: str) -> None:
        try:
            self.desk.switch(token or None)
        except (GovernanceError, OSError) as error:
            self.call_from_thread(self.complain, error)
            return
        self.call_from_thread(self._became)

    def _became(self) -> None:
        """Nothing that the last principal saw stays on any screen."""
        self.history = History.of(self.desk.home, self.desk.session.principal)
        self.clear_notifications()
        for screen in [screen for stack in self._screen_stacks.values() for screen in stack]:
            if isinstance(screen, Page) and screen.is_mounted:
                screen.renew()
        self.notify(f"You ask as {self.desk.who.name}.", markup=False)

    def ask(self, question: str) -> None:
        """Ask on the first screen."""
        self._go("ask", lambda screen: screen.ask(question) if isinstance(screen, AskScreen) else None)

    def draft(self, words: str) -> None:
        """Begin a question on the first screen."""
        self._go("ask", lambda screen: screen.draft(words) if isinstance(screen, AskScreen) else None)

    def names_moved(self, by: int) -> bool:
        """Move in the names that are offered."""
        return isinstance(self.screen, AskScreen) and self.screen.takes_name(by)

    def trace(self, name: str) -> None:
        """Show the lineage of a place."""
        self._go("lineage", lambda screen: screen.follow(name) if isinstance(screen, LineageScreen) else None)

    @work
    async def _go(self, mode: str, then: Callable[[Screen[object]], None]) -> None:
        await self.switch_mode(mode)
        then(self.screen)
