"""Lineage as two trees side by side: what a place comes from, and what it flows into."""

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static, Tree

from catalog.graph.names import Place
from catalog.graph.sides import Side
from tui.chat.clear_tree import ClearTree
from tui.chat.words import plain
from tui.lineage import TITLES, counted, label, line_words
from tui.safe import safe

OPEN_DEPTH = 2
"""Hops that are open at first."""


class SideTree(ClearTree[Place]):
    """One direction. Enter goes on from the place under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "toggle_node", "Fold", show=False)]


class LineageSides(Vertical):
    """Both directions of one place, and what is to be known of what is not shown."""

    class Followed(Message):
        """Somebody wants to go on from another place."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    def compose(self) -> ComposeResult:
        """A line above two trees."""
        yield Static(id="start", classes="muted")
        with Horizontal(id="sides"):
            for way in TITLES:
                tree: SideTree = SideTree(Text(""), id=way)
                tree.auto_expand = False
                yield tree
        yield Static(id="remarks", classes="muted")

    def show(self, sides: Mapping[str, Side]) -> None:
        """Draw what was found."""
        start = next(iter(sides.values())).start
        standing = start.kind if start.in_catalog else f"{start.kind}, not in the catalog"
        self.query_one("#start", Static).update(plain(f"{label(start)} ({standing})", "bold"))
        for way, side in sides.items():
            things = {spot.place.name: spot.kind for spot in side.spots}
            tree = self.query_one(f"#{way}", SideTree)
            tree.clear()
            tree.root.set_label(Text(f"{TITLES[way]} {counted(things.values()) or 'nothing that you may see'}"))
            tree.root.data = None
            _grow(tree, side)
        self.query_one("#remarks", Static).update(plain(" ".join(_remarks(sides))))
        self.query_one("#sides").display = True

    def tell(self, what: str) -> None:
        """Say why there is nothing to draw."""
        self.query_one("#start", Static).update(plain(what))
        self.query_one("#remarks", Static).update("")
        self.query_one("#sides").display = False

    def on_tree_node_selected(self, event: Tree.NodeSelected[Place]) -> None:
        """Go on from a place; the root and a branch without one fold."""
        event.stop()
        if event.node.data is not None:
            self.post_message(self.Followed(event.node.data))


def _grow(tree: SideTree, side: Side) -> None:
    nodes = [tree.root]
    lines = side.lines
    for at, line in enumerate(lines):
        depth = len(line.last)
        del nodes[depth:]
        has_more = at + 1 < len(lines) and len(lines[at + 1].last) > depth
        words = line_words(line)
        written = Text(words)
        written.stylize("dim", len(label(line.spot)))
        nodes.append(nodes[-1].add(written, data=line.spot.place, expand=depth < OPEN_DEPTH, allow_expand=has_more))
    tree.root.expand()


def _remarks(sides: Mapping[str, Side]) -> list[str]:
    absent = {spot.place.name for side in sides.values() for spot in (side.start, *side.spots) if not spot.in_catalog}
    beyond, left_out = (sum(getattr(side, name) for side in sides.values()) for name in ("beyond", "left_out"))
    words = [f"Partial: {len(absent):,} of the names are not in the catalog."] if absent else []
    words += [f"{beyond:,} more places lie farther."] if beyond else []
    words += [f"{left_out:,} more are left out."] if left_out else []
    return [safe(word) for word in words]
