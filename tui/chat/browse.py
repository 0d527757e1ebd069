"""The catalog screen: views, columns, datasets and models in a tree that narrows as one types; Enter searches by meaning."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Tree

from catalog.errors import GovernanceError
from nl2sql.similar import Hit
from tui.chat.clear_tree import ClearTree
from tui.chat.facts import Fact, Facts, fact, heading
from tui.chat.field import Field
from tui.chat.host import host, told_of
from tui.chat.page import Page
from tui.chat.shelf import Group, Shelf, Thing, facts, fill
from tui.chat.words import plain
from tui.output import text
from tui.safe import safe


class BrowseScreen(Page):
    """Looks, and never asks a model."""

    MODE = "browse"
    ABOUT = "What there is to ask about: views, columns, datasets, models. Typing narrows the list; Enter in the filter searches datasets by meaning."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "lineage", "Lineage", id="browse.lineage"),
        Binding("a", "ask", "Ask about", id="browse.ask"),
        Binding("slash,escape", "filter", "Filter", id="browse.filter"),
        Binding("down", "tree", "Tree", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf({})
        self.is_read = False
        """Whether the shelf holds what there is, be it nothing."""
        self.hits: tuple[str, list[Hit]] = ("", [])

    def content(self) -> Iterable[Widget]:
        """Filter and tree on the left, what is chosen on the right."""
        tree: ClearTree[Thing] = ClearTree(Text("catalog"), id="things")
        tree.show_root = False
        yield Horizontal(
            Vertical(Field(placeholder="Filter; Enter searches by meaning", id="filter", classes="filter"), tree, id="shelf"),
            VerticalScroll(Facts(id="detail"), id="details"),
            id="browse",
        )

    def on_mount(self) -> None:
        """Read what may be listed."""
        self.renew()

    def renew(self) -> None:
        """As the principal who asks now."""
        super().renew()
        self.shelf, self.is_read, self.hits = Shelf({}), False, ("", [])
        self.query_one("#filter", Input).value = ""
        self.query_one("#detail", Facts).tell([fact("", "Choose something from the list: ↓ goes there, Enter opens. l follows lineage, a asks about it.")])
        self.query_one("#filter").focus()
        self._fill()

    def look_for(self, words: str, entered: bool) -> None:
        """Narrow the list to these words, or search by their meaning."""
        self.query_one("#filter", Input).value = words
        if entered and words:
            self._search(words)

    @work(thread=True, exclusive=True, group="shelf")
    def _fill(self) -> None:
        app = host(self)
        sitting = app.desk.sitting
        try:
            shelf = fill(app.desk)
        except (GovernanceError, OSError) as error:
            app.deliver(sitting, app.complain, error)
            return
        app.deliver(sitting, self._filled, shelf)

    def _filled(self, shelf: Shelf) -> None:
        self.shelf, self.is_read = shelf, True
        self._grow()

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.hits = ("", [])
        self._grow()

    @on(Input.Submitted, "#filter")
    def _sought(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self._search(event.value.strip())

    @work(thread=True, exclusive=True, group="search")
    def _search(self, words: str) -> None:
        app = host(self)
        sitting = app.desk.sitting
        try:
            hits = app.desk.similar(words, "datasets")
        except (GovernanceError, OSError) as error:
            app.deliver(sitting, app.complain, error)
            return
        app.deliver(sitting, self._found, words, hits)

    def _found(self, words: str, hits: list[Hit]) -> None:
        self.hits = (words, hits)
        self._grow()
        tree = self.query_one("#things", Tree)
        tree.focus()
        tree.cursor_line = min(1, len(hits))  # the first hit, below its heading

    def _grow(self) -> None:
        """Draw the tree: hits first, then what fits the filter."""
        words = self.query_one("#filter", Input).value
        tree = self.query_one("#things", Tree)
        tree.clear()
        sought, hits = self.hits
        if sought:
            near = tuple(Thing("dataset", hit.name, note="" if hit.match == "meaning" else f"same {hit.match}") for hit in hits)
            self._branch(tree, Group(f"near in meaning to “{sought}”", near), True)
            return
        groups = list(self.shelf.groups(words))
        for group in groups:
            self._branch(tree, group, bool(words.strip()))
        if self.is_read and not self.shelf.views:
            self.query_one("#detail", Facts).tell([fact("", "Nothing is open to you. F6 says by which rule; /token on the first screen asks as somebody else.")])
        elif not groups and self.shelf.views:
            tree.root.add_leaf(Text("Nothing has these words; Enter searches by meaning.", "italic"))

    def _branch(self, tree: Tree[Thing], group: Group, is_open: bool) -> None:
        count = f"{len(group.things) + group.more:,}"
        branch = tree.root.add(Text.assemble(safe(group.title), (f"  {count}", "dim")), data=group.head, expand=is_open)
        for thing in group.things:
            branch.add_leaf(Text.assemble(safe(thing.name), (f"  {safe(thing.note)}", "dim")), data=thing)
        if group.more:
            branch.add_leaf(Text(f"{group.more:,} more: type to narrow", "italic"))

    @on(Tree.NodeHighlighted, "#things")
    def _highlighted(self, event: Tree.NodeHighlighted[Thing]) -> None:
        event.stop()
        thing = event.node.data
        if thing is None:
            return
        if thing.kind in ("dataset", "model"):
            self._look(thing)
        else:
            self.query_one("#detail", Facts).tell(described(self.shelf.views[thing.view or thing.name], thing))

    @work(thread=True, exclusive=True, group="facts")
    def _look(self, thing: Thing) -> None:
        app = host(self)
        sitting = app.desk.sitting
        try:
            found = list(record(thing, facts(app.desk, thing)))
        except (GovernanceError, OSError) as error:
            found = [fact("", told_of(error).what)]
        app.deliver(sitting, self._show, thing, found)

    def _show(self, thing: Thing, found: list[Fact]) -> None:
        if self.chosen == thing:  # else somebody went on meanwhile
            self.query_one("#detail", Facts).tell(found)
            self.query_one("#details").scroll_home(animate=False)

    @property
    def chosen(self) -> Thing | None:
        """What is under the cursor."""
        node = self.query_one("#things", Tree).cursor_node
        thing = node.data if node else None
        return thing if isinstance(thing, Thing) else None

    def action_lineage(self) -> None:
        """Follow the lineage of the chosen dataset or model."""
        if self.chosen and self.chosen.kind in ("dataset", "model"):
            host(self).visit("lineage", self.chosen.name)

    def action_ask(self) -> None:
        """Begin a question about what is chosen."""
        if self.chosen:
            host(self).draft(f"{self.chosen.view or ''} {self.chosen.name} ".lstrip())

    def action_filter(self) -> None:
        """Type in the filter."""
        self.query_one("#filter").focus()

    def action_tree(self) -> None:
        """Go to the tree, at its first thing."""
        tree = self.query_one("#things", Tree)
        tree.focus()
        if tree.cursor_line < 0:
            tree.cursor_line = 0


def described(about: dict[str, Any], thing: Thing) -> Iterator[Fact]:
    """A view with its columns, or one column."""
    if thing.kind == "column":
        column = next(column for column in about["columns"] if column["name"] == thing.name)
        told = [("type", column["type"]), ("meaning", column["meaning"]), ("unit", column["unit"]), ("values", ", ".join(column["values"]))]
        shown = "as it is" if column["shown"] == "show" else f"masked: {column['shown']}"
        yield from record(Thing("column", f"{thing.view}.{thing.name}"), [*((name, value) for name, value in told if value), ("you see it", shown)])
        return
    yield heading(thing.name)
    yield fact("", about["meaning"])
    yield heading()
    for column in about["columns"]:
        masked = "" if column["shown"] == "show" else f"  masked: {column['shown']}"
        yield Fact(safe(column["name"]), Content.assemble((f"{column['type']:<10} ", "dim"), plain(column["meaning"]), (masked, "$text-warning")))


def record(thing: Thing, fields: Iterable[tuple[str, Any]]) -> Iterator[Fact]:
    """Names and values, one below the other."""
    yield heading(thing.name)
    yield Fact("", Content.styled(thing.kind, "dim"))
    yield heading()
    for name, value in fields:
        yield fact(name.replace("_", " "), text(value))
