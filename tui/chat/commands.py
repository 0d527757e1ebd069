"""What may be typed after a slash in place of a question: the palette's commands by name, for those who type.

Knows the names and what each takes; the screen does what they say.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tui.chat.themes import THEMES

if TYPE_CHECKING:
    from tui.chat.ask import AskScreen

Takes = Literal["", "names", "views", "words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command. ``argument`` is how the list shows what follows it, in brackets where nothing need to; ``completes`` is what of it can be offered."""

    name: str
    about: str
    run: Callable[["AskScreen", str], object]
    argument: str = ""
    completes: Takes = ""
    choices: tuple[str, ...] = ()

    @property
    def needs_more(self) -> bool:
        """Whether it means nothing without an argument."""
        return bool(self.argument) and not self.argument.startswith("[")


COMMANDS = (
    Command(name="sql", argument="[SELECT …]", about="runs your own SELECT; alone, opens it in a window", run=lambda ask, words: ask.own_sql(words)),
    Command(name="lineage", argument="NAME", about="what it comes from and flows into", completes="names", run=lambda ask, words: ask.visit("lineage", words)),
    Command(name="catalog", argument="[WORDS]", about="views, columns, datasets and models", completes="words", run=lambda ask, words: ask.visit("browse", words)),
    Command(name="similar", argument="WORDS", about="datasets near in meaning", completes="words", run=lambda ask, words: ask.visit("browse", words, entered=True)),
    Command(name="quality", argument="[WORDS]", about="scores, measurements and alerts", completes="words", run=lambda ask, words: ask.visit("quality", words)),
    Command(name="history", argument="[WORDS]", about="your questions", run=lambda ask, words: ask.visit("history", words)),
    Command(name="access", argument="[VIEW]", about="what you may see, and why", completes="views", run=lambda ask, words: ask.visit("access", words)),
    Command(name="save", argument="[FILE]", about="rows or receipt of the last answer into a file", run=lambda ask, words: ask.action_save(words)),
    Command(name="copy", argument="[WHAT]", about="the answer, its SQL or its rows", choices=("answer", "sql", "rows"), run=lambda ask, words: ask.copy_part(words)),
    Command(name="good", argument="[WHY]", about="says that the last answer was right", run=lambda ask, words: ask.say("good", words)),
    Command(name="bad", argument="[WHY]", about="says that the last answer was wrong", run=lambda ask, words: ask.say("bad", words)),
    Command(name="new", about="new conversation", run=lambda ask, words: ask.action_anew()),
    Command(name="clear", about="new conversation on an empty screen", run=lambda ask, words: ask.clear()),
    Command(name="token", about="ask as somebody else", run=lambda ask, words: ask.act("token")),
    Command(name="theme", argument="[NAME]", about="other colours; alone, the next", choices=tuple(THEMES), run=lambda ask, words: ask.act("theme", words)),
    Command(name="tour", about="what there is, in five windows", run=lambda ask, words: ask.act("tour")),
    Command(name="help", about="every key of this screen", run=lambda ask, words: ask.act("keys")),
    Command(name="quit", about="leaves", run=lambda ask, words: ask.act("quit")),
)
ALIASES = {"policy": "access", "browse": "catalog", "find": "catalog", "export": "save", "exit": "quit", "q": "quit", "reset": "clear", "run": "sql", "login": "token", "?": "help"}
"""Other names that people try; they work and are not listed."""
BY_NAME = {command.name: command for command in COMMANDS}


def beginning(with_: str) -> list[Command]:
    """Commands that begin so."""
    return [command for command in COMMANDS if command.name.startswith(with_.lower())]


def parsed(line: str) -> tuple[Command | None, str, str]:
    """``/lineage C4``: the command, None where there is none of that name; its name as typed; what follows."""
    name, _, words = line.removeprefix("/").partition(" ")
    return BY_NAME.get(ALIASES.get(name.lower(), name.lower())), name, words.strip()


def nearest(name: str) -> str:
    """What may have been meant, as a hint."""
    near = difflib.get_close_matches(name.lower(), [*BY_NAME, *ALIASES], n=1, cutoff=0.5)
    return f"Did you mean /{near[0]}?" if near else "Type / to see them all; begin with a space to ask about something that starts with a slash."
