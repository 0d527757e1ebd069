"""Help, made from the bindings that are in force: what each key does here."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

HERE, ANYWHERE = "on this screen", "anywhere"
OURS = (HERE, "in the rows", "in the answer", ANYWHERE)
"""What is listed before the keys that every line, list or tree has."""


TEXTUALS = tuple(Screen.BINDINGS)
"""What every screen of Textual's has."""


class HelpScreen(ModalScreen[None]):
    """Every key of the screen below."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,question_mark,q", "dismiss", "Close", priority=True)]

    def __init__(self, lines: Content, about: str = "") -> None:
        super().__init__()
        self.lines, self.about = lines, about

    def compose(self) -> ComposeResult:
        """The keys, scrolled where they are many."""
        with Vertical(classes="window help"):
            yield Static(Content.styled("Help", "bold"))
            if self.about:
                yield Static(Content(self.about), classes="about")
            with VerticalScroll(classes="long"):
                yield Static(self.lines)
            yield Static("esc closes", classes="muted")


def keys_of(screen: Screen[object]) -> Content:
    """The bindings in force: those of the focused widget first, then the screen's, then the app's."""
    groups: dict[str, dict[str, tuple[str, str]]] = {}
    for active in screen.active_bindings.values():
        binding, node = active.binding, active.node
        if not binding.description or binding.system:
            continue
        title = ANYWHERE if node is screen.app or binding in TEXTUALS else HERE if node is screen else f"in {_named(type(node).__name__)}"
        key = screen.app.get_key_display(binding)
        group = groups.setdefault(title, {})
        keys, said = group.get(binding.action, ("", binding.description))
        group[binding.action] = (f"{keys} {key}".strip(), said)
    order = sorted(groups, key=lambda title: (title not in OURS, title != HERE, title != "in the rows", title))
    lines: list[Content] = []
    for title in order:
        lines += [Content.styled(title, "bold $primary"), *(Content.assemble((f"  {keys:<22}", "$accent"), said) for keys, said in groups[title].values()), Content("")]
    return Content("\n").join(lines[:-1])


def _named(kind: str) -> str:
    """``RowsTable`` as people read it."""
    return {"RowsTable": "the rows", "HealthTable": "the list of datasets", "Prompt": "the prompt", "SideTree": "the tree", "Tree": "the tree", "OptionList": "the list", "Input": "the line", "TurnBlock": "the answer", "ContentTabs": "the tabs"}.get(kind, "the window")
