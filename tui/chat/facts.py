"""Names and what there is to say of each, in two columns; what is long goes on below itself, not below its name."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.chat.words import plain
from tui.safe import safe

NARROWEST = 16
"""Characters of the second column at least; where there is less room, the first gives way."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and words; without a name, the words have the whole line."""

    name: str
    words: Content


def fact(name: str, words: str) -> Fact:
    """Of text from anywhere."""
    return Fact(safe(name), plain(words))


def heading(words: Content | str = "") -> Fact:
    """A line of its own; an empty one parts what is above from what is below."""
    return Fact("", words if isinstance(words, Content) else plain(words, "bold"))


class Facts(Widget):
    """Facts one below the other, as wide as the room."""

    DEFAULT_CSS = "Facts { height: auto; }"

    def __init__(self, facts: Iterable[Fact] = (), *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  as Textual has it
        super().__init__(id=id, classes=classes)
        self._facts = tuple(facts)

    @property
    def text(self) -> str:
        """All of it, on lines as long as it takes."""
        return "\n".join(f"{told.name} {told.words.plain}".strip() for told in self._facts)

    def tell(self, facts: Iterable[Fact]) -> None:
        """Say something else."""
        self._facts = tuple(facts)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as that takes in so many columns."""
        return len(lines(self._facts, width))

    def render(self) -> Content:
        """The lines."""
        return Content("\n").join(lines(self._facts, self.content_size.width))


def lines(facts: Iterable[Fact], width: int) -> list[Content]:
    """Facts in so many columns."""
    told = list(facts)
    first = max((cell_len(one.name) + 2 for one in told if one.name), default=0)
    first = max(2, min(first, width - NARROWEST))
    drawn: list[Content] = []
    for one in told:
        if not one.name:
            drawn += one.words.wrap(max(1, width)) if one.words else [Content(" ")]
            continue
        name = Content.styled(one.name, "dim").fold(first - 1)[0]
        wrapped = one.words.wrap(max(1, width - first)) or [Content("")]
        drawn.append(Content.assemble(name, " " * (first - name.cell_length), wrapped[0]))
        drawn += [Content.assemble(" " * first, further) for further in wrapped[1:]]
    return drawn
