"""Help, made from the bindings that are in force: what each key does here."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

HERE, ANYWHERE, MOVING = "on this screen", "anywhere", "moving about"
OURS = (HERE, "in the rows", "in the answer", ANYWHERE, MOVING)
"""What is listed before the keys that every line, list or tree has."""


WIDEST = 20
"""Columns that keys take; where they take more, what they do stands farther right."""
WORDS = {"app.focus_next": "to the next part", "app.focus_previous": "to the part before", "screen.copy_text": "copies what is selected"}
"""Textual's own words in ours."""
TEXTUALS = {binding.action for binding in Screen.BINDINGS if isinstance(binding, Binding)}
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


def keys_of(screen: Screen[object], keymap: Mapping[str, str]) -> Content:
    """The bindings in force where the focus is, and those of the other parts of the screen; ``keymap`` has the keys that were bound anew."""
    groups: dict[str, dict[str, tuple[str, str]]] = {}

    def tell(title: str, binding: Binding) -> None:
        group = groups.setdefault(title, {})
        keys, said = group.get(binding.action, ("", WORDS.get(binding.action, binding.description)))
        key = screen.app.get_key_display(binding)
        group[binding.action] = (keys if key in keys.split() else f"{keys} {key}".strip(), said[:1].upper() + said[1:])

    for active in screen.active_bindings.values():
        if active.binding.description and not active.binding.system:
            tell(_title(active.node, screen, active.binding), active.binding)
    told = {(title, action) for title, group in groups.items() for action in group}
    for node, binding in _elsewhere(screen, keymap):
        if (title := _title(node, screen, binding)) and (title, binding.action) not in told:
            tell(title, binding)
    order = sorted(groups, key=lambda title: (title not in OURS, OURS.index(title) if title in OURS else 0, title))
    room = min(WIDEST, max((len(keys) for group in groups.values() for keys, _ in group.values()), default=0)) + 2
    lines: list[Content] = []
    for title in order:
        lines += [Content.styled(title, "bold $primary"), *(Content.assemble((f"  {keys:<{room}}", "$accent"), said) for keys, said in groups[title].values()), Content("")]
    return Content("\n").join(lines[:-1])


def _title(node: DOMNode, screen: Screen[object], binding: Binding) -> str:
    if node is screen and binding.action in TEXTUALS:
        return MOVING
    return ANYWHERE if node is screen.app else HERE if node is screen else f"in {_named(type(node).__name__)}"


def _elsewhere(screen: Screen[object], keymap: Mapping[str, str]) -> Iterator[tuple[DOMNode, Binding]]:
    """Our own bindings of every part of the screen, whether or not the focus is there."""
    parts = {node: None for widget in screen.focus_chain for node in widget.ancestors_with_self if node is not screen.app}
    for node in parts:
        for kind in type(node).__mro__:
            for binding in vars(kind).get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.id and binding.description:
                    for key in keymap.get(binding.id, binding.key).split(","):
                        yield node, replace(binding, key=key)


def _named(kind: str) -> str:
    """``RowsTable`` as people read it."""
    return {"RowsTable": "the rows", "HealthTable": "the list of datasets", "Prompt": "the prompt", "SideTree": "the tree", "ClearTree": "the tree", "OptionList": "the list", "Input": "the line", "TurnBlock": "the answer", "ContentTabs": "the tabs"}.get(kind, "the window")
