"""The list above the prompt: commands after a slash, names after an at sign, and what a command can be given."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.chat import commands
from tui.chat.words import plain

NAMING = re.compile(r"(?:^|\s)@([^@]{0,80})$")
"""A name that is being typed, at the end of what is before the cursor."""
Kind = Literal["command", "names", "views", "choice"]


@dataclass(frozen=True, slots=True)
class Part:
    """What is being typed and can be completed: ``words``, from ``at`` in the line to the cursor."""

    kind: Kind
    at: int
    words: str
    choices: tuple[str, ...] = ()
    is_free: bool = False
    """Whether it may be any words, so that a name is offered and none chosen for them."""


def part_of(before: str) -> Part | None:
    """What stands before the cursor and can be completed. ``who owns @C`` is the name ``C``, ``/lin`` a command, ``/lineage C`` a name again."""
    if before.startswith("/"):
        name, space, words = before[1:].partition(" ")
        if not space:
            return Part("command", 0, name)
        command, at = commands.BY_NAME.get(name), len(before) - len(words)
        if command is None:
            return None
        if command.choices:
            return Part("choice", at, words, tuple(choice for choice in command.choices if choice.startswith(words.lower())))
        if command.completes == "views":
            return Part("views", at, words)
        return Part("names", at, words, is_free=command.completes == "words") if command.completes and words else None
    found = NAMING.search(before)
    return Part("names", found.start(1) - 1, found[1]) if found else None


class Offers(OptionList):
    """What can be chosen to go on with; not there while there is nothing."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="names")
        self.part: Part | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is offered."""
        return self.display

    def offer(self, part: Part | None, found: Iterable[str] = ()) -> None:
        """Offer this; nothing closes the list."""
        self.part = part
        self.clear_options()
        listed = commands.beginning(part.words) if part and part.kind == "command" else ()
        self.add_options([Option(_described(command), id=command.name) for command in listed])
        self.add_options([Option(plain(name), id=name) for name in found])
        self.highlighted = 0 if self.option_count and part and not part.is_free else None
        self.display = self.option_count > 0

    def move(self, by: int) -> None:
        """Go up or down, round and round."""
        self.highlighted = by % self.option_count - (by > 0) if self.highlighted is None else (self.highlighted + by) % self.option_count

    @property
    def chosen(self) -> str:
        """What is under the cursor; empty where nothing is offered."""
        return (self.get_option_at_index(self.highlighted).id or "") if self.is_open and self.highlighted is not None else ""

    @property
    def is_typed(self) -> bool:
        """Whether what is under the cursor has been typed in full."""
        return self.part is not None and self.chosen.lower() == self.part.words.lower().strip()


def _described(command: commands.Command) -> Content:
    return Content.assemble((f"/{command.name}", "bold"), f" {command.argument}".ljust(20 - len(command.name)), (command.about, "dim"))
