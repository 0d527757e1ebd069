"""The lineage screen: a name, a depth, and what it comes from and flows into."""

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from catalog.errors import GovernanceError
from catalog.graph.names import Ambiguous
from catalog.graph.sides import Side
from tui.chat.field import Field
from tui.chat.host import host, told_of
from tui.chat.lineage_tree import LineageSides, SideTree
from tui.chat.page import Page
from tui.chat.words import plain

DEPTH, DEEPEST = 3, 50
EMPTY = "Dataset, model or report, or DATASET.COLUMN"


class LineageScreen(Page):
    """Follows lineage from place to place."""

    MODE = "lineage"
    ABOUT = "What a dataset, model, report or column comes from, on the left, and flows into, on the right. Give a name and press Enter; Enter on a place goes on from there."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "deeper(1)", "Deeper", key_display="+", id="lineage.deeper"),
        Binding("minus", "deeper(-1)", "Shallower", key_display="-", id="lineage.shallower"),
        Binding("backspace", "back", "Back", id="lineage.back"),
        Binding("slash", "name", "Name", show=False),
        Binding("escape", "name", "Name", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.depth = DEPTH
        self.trail: list[str] = []
        """Places looked at, the one shown last."""

    def content(self) -> Iterable[Widget]:
        """The name, which of several is meant, and the trees."""
        yield Vertical(Field(placeholder=EMPTY, id="place", classes="filter"), Static(id="depth", classes="muted"), OptionList(id="bearers", classes="choices"), LineageSides(), id="lineage-page")

    def on_mount(self) -> None:
        """Nothing yet."""
        self.renew()

    def renew(self) -> None:
        """Forget what was looked at."""
        super().renew()
        self.trail.clear()
        self.query_one("#place", Input).value = ""
        self.query_one("#bearers").display = False
        self.query_one(LineageSides).tell("Nothing is shown yet: give a name and press Enter.")
        self._show_depth()
        self.query_one("#place").focus()

    def look_for(self, words: str, entered: bool) -> None:
        """Look at the place of this name."""
        if words:
            self.follow(words)

    def follow(self, name: str) -> None:
        """Look at a place."""
        if not self.trail or self.trail[-1] != name:
            self.trail.append(name)
        self.query_one("#place", Input).value = name
        self._look(name, self.depth)

    @on(Input.Submitted, "#place")
    def _named(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.follow(event.value.strip())

    @on(OptionList.OptionSelected, "#bearers")
    def _meant(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.trail.pop()
        self.follow(event.option.id or "")

    @on(LineageSides.Followed)
    def _followed(self, message: LineageSides.Followed) -> None:
        self.follow(str(message.place))

    @work(thread=True, exclusive=True, group="lineage")
    def _look(self, name: str, depth: int) -> None:
        app = host(self)
        sitting = app.desk.sitting

        def deliver(show: Callable[..., object], *found: object) -> None:
            """Unless another place or depth was asked for meanwhile: what is looked up first may come last."""
            app.deliver(sitting, lambda: show(*found) if self.trail[-1:] == [name] and self.depth == depth else None)

        try:
            sides = app.desk.lineage(name, depth)
        except Ambiguous as several:
            deliver(self._choose, several)
        except (GovernanceError, OSError) as error:
            told = told_of(error)
            deliver(self._tell, f"{told.what} {told.hint}".strip())
        else:
            deliver(self._draw, sides)

    def _draw(self, sides: Mapping[str, Side]) -> None:
        self._choose(None)
        self.query_one(LineageSides).show(sides)
        self.query_one("#upstream", SideTree).focus()

    def _tell(self, what: str) -> None:
        self._choose(None)
        self.query_one(LineageSides).tell(what)

    def _choose(self, several: Ambiguous | None) -> None:
        bearers = self.query_one("#bearers", OptionList)
        bearers.clear_options()
        bearers.display = several is not None
        if several is not None:
            bearers.add_options([Option(plain(choice), id=choice) for choice in several.choices])
            self.query_one(LineageSides).tell(several.what)
            bearers.focus()

    def _show_depth(self) -> None:
        self.query_one("#depth", Static).update(Content(f"{self.depth} hop{'' if self.depth == 1 else 's'} · enter goes on from a place · space folds"))

    def action_deeper(self, by: int) -> None:
        """Follow one hop more, or one less."""
        self.depth = max(1, min(DEEPEST, self.depth + by))
        self._show_depth()
        if self.trail:
            self._look(self.trail[-1], self.depth)

    def action_back(self) -> None:
        """To the place before."""
        if len(self.trail) > 1:
            self.trail.pop()
            self.follow(self.trail[-1])

    def action_name(self) -> None:
        """Type another name."""
        self.query_one("#place").focus()
