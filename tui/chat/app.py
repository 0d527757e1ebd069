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
from tui.chat.ending import heed
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
from tui.safe import safe


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

    def __init__(self, desk: Desk, *, tour: bool = False, keys: Mapping[str, str] | None = None, look: str = "dark", chose: Callable[[str], object] | None = None) -> None:
        super().__init__()
        self.desk = desk
        self.history = History.of(desk.home, desk.session.principal)
        self.wants_tour = tour
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = THEMES[look].name
        self._look, self._chose = look, chose
        self.keys = dict(keys or {})
        self.notices: list[str] = []
        """What is to be said at the start."""
        self.set_keymap(self.keys)

    def on_mount(self) -> None:
        """The tour, where it is wanted; signals are heeded where there is a terminal."""
        if not self.is_headless:
            heed(self._ended)
        for notice in self.notices:
            self.notify(notice, markup=False, severity="warning", timeout=10)
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
        yield SystemCommand("Next theme", f"{', '.join(THEMES)} (ctrl+t)", self.action_next_theme)
        yield SystemCommand("Tour", "What there is, in five windows", self.action_tour)
        yield SystemCommand("Help", "Every key of this screen (F1)", self.action_keys)
        if isinstance(screen, AskScreen):
            yield SystemCommand("Edit SQL", "Change the SQL of the chosen answer, and run it", screen.action_edit)
            yield SystemCommand("Save", "Rows or receipt of the chosen answer into a file", screen.action_save)
            yield SystemCommand("Feedback", "Say whether the chosen answer was right (ctrl+g)", screen.action_feedback)
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

    def _ended(self, code: int) -> None:
        """Somebody ended the app from outside: the question that runs is stopped, the terminal given back."""
        self.desk.give_up()
        self.exit(return_code=code)

    def action_help_quit(self) -> None:
        """Ctrl+C where nothing is selected to be copied: stops the question, else says what leaves."""
        screen = self.screen
        if isinstance(screen, AskScreen) and screen.running:
            self.call_later(screen.action_stop)
        else:
            self.notify(f"{self.keys.get('app.quit', 'ctrl+q')} leaves.", markup=False, timeout=3)

    def action_next_theme(self) -> None:
        """The next theme."""
        names = list(THEMES)
        self.choose_theme(names[(names.index(self._look) + 1) % len(names)])

    def choose_theme(self, name: str) -> None:
        """Other colours, which whoever started the app is told of, to keep them."""
        if name not in THEMES:
            self.notify(f"There is no theme {safe(name)}; there are {', '.join(THEMES)}.", markup=False, severity="warning", timeout=4)
            return
        self.theme, self._look = THEMES[name].name, name
        if self._chose:
            self._chose(name)
        self.notify(f"Theme: {name}", timeout=2)

    def action_keys(self) -> None:
        """Every key of the screen."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(keys_of(self.screen, self.keys), getattr(self.screen, "ABOUT", "")))

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

    def visit(self, mode: str, words: str = "", entered: bool = False) -> None:
        """Go to a screen and look for something there."""
        self._go(mode, lambda screen: screen.look_for(words, entered) if isinstance(screen, Page) else None)

    def act(self, name: str, words: str = "") -> None:
        """What may be done from anywhere, by name."""
        match name:
            case "theme" if words:
                self.choose_theme(words)
            case "theme":
                self.action_next_theme()
            case _:
                self.call_later(self.run_action, name)

    @work
    async def _go(self, mode: str, then: Callable[[Screen[object]], None]) -> None:
        await self.switch_mode(mode)
        then(self.screen)
