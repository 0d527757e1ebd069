"""A tree whose line under the cursor has one style: dimmed words could not be read on its colour."""

from typing import TypeVar

from rich.style import Style
from rich.text import Text
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

Data = TypeVar("Data")


class ClearTree(Tree[Data]):
    """Textual's, but for that line."""

    def render_label(self, node: TreeNode[Data], base_style: Style, style: Style) -> Text:
        """The label of a line."""
        label = super().render_label(node, base_style, style)
        return Text(label.plain, style) if node is self.cursor_node and self.has_focus else label
