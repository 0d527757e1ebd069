"""The line to ask in and what is offered above it: completes commands and names, and says when a command was entered.

A question is left to the screen, which knows whether another one runs: the line's `Input.Submitted` goes on to it.
"""

import re
from contextlib import suppress

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, OptionList

from catalog.errors import GovernanceError
from tui.chat import commands
from tui.chat.host import host
from tui.chat.offers import Offers, Part, part_of
from tui.chat.prompt import Prompt
from tui.safe import safe

MENTION = re.compile(r"(^|\s)@(?=\S)")


class Entry(Vertical):
    """A prompt with a list above it, which is there while there is something to choose from."""

    class Ordered(Message):
        """A command was entered, with the words that it needs."""

        def __init__(self, command: commands.Command, words: str) -> None:
            super().__init__()
            self.command, self.words = command, words

    def __init__(self) -> None:
        super().__init__()
        self._offers, self._prompt = Offers(), Prompt()

    def compose(self) -> ComposeResult:
        """The list and the line."""
        yield self._offers
        yield self._prompt

    def take(self) -> str:
        """The question that was typed, without the signs that led its names; the line is empty then."""
        return MENTION.sub(r"\1", self._prompt.take())

    def write(self, words: str) -> None:
        """Write where the cursor is."""
        self._prompt.insert_text_at_cursor(words)
        self._prompt.focus()

    def begin_command(self) -> None:
        """The slash of a command, where nothing is typed yet."""
        self._prompt.focus()
        if not self._prompt.value:
            self._prompt.value = "/"
            self._prompt.cursor_position = 1

    def close(self) -> bool:
        """Offer nothing more; False where nothing was offered."""
        was_open = self._offers.is_open
        self._offers.offer(None)
        return was_open

    def complete_offered(self) -> bool:
        """Write what is under the cursor, else the first of what is offered; False where nothing is."""
        if not self._offers.is_open:
            return False
        self._offers.highlighted = self._offers.highlighted or 0
        self._complete()
        return True

    @on(Input.Submitted, "#prompt")
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.startswith("/"):
            event.stop()
            self._order(event.value)
        elif self._complete():
            event.stop()

    def _order(self, line: str) -> None:
        """Hand over what was typed after a slash, or what is under the cursor where that is its beginning; an unknown command stays in the line."""
        command, name, words = commands.parsed(line)
        match self._offers.part.kind if self._offers.part and self._offers.part == self._part() and self._offers.chosen else None:
            case "command" if command is None or command.needs_more:
                command = commands.BY_NAME[self._offers.chosen]
                if command.needs_more:
                    self._complete()
                    return
            case "names" | "views" | "choice":
                words = self._offers.chosen
        if command is None:
            self.notify(f"There is no command /{safe(name)}. {commands.nearest(name)}", markup=False, severity="warning", timeout=6)
        elif command.needs_more and not words:
            self.notify(f"/{command.name} {command.argument}: {command.about}", markup=False, timeout=4)
        else:
            self._prompt.take()
            self.post_message(self.Ordered(command, words))

    @on(Input.Changed, "#prompt")
    def _typing(self, event: Input.Changed) -> None:
        event.stop()
        part = self._part()
        match part.kind if part else None:
            case "names" if part:
                self._look_up(part)
            case "views" if part:
                self._offers.offer(part, (view for view in host(self).desk.who.open_views if view.startswith(part.words.lower())))
            case "choice" if part:
                self._offers.offer(part, part.choices)
            case _:
                self._offers.offer(part)

    def _part(self) -> Part | None:
        """What of a name or command is typed."""
        return part_of(self._prompt.value[: self._prompt.cursor_position])

    @work(thread=True, exclusive=True, group="names")
    def _look_up(self, part: Part) -> None:
        app = host(self)
        sitting = app.desk.sitting
        with suppress(GovernanceError, OSError):
            app.deliver(sitting, self._offer, part, app.desk.names_like(part.words.strip()))

    def _offer(self, part: Part, names: list[str]) -> None:
        """Names to choose from, unless something else is typed by now."""
        if part == self._part():
            self._offers.offer(part, names)

    @on(OptionList.OptionSelected, "#names")
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._complete()
        self._prompt.focus()

    def _complete(self) -> bool:
        """Write what is under the cursor of the list in place of its beginning; False where nothing is left to write."""
        offers, prompt = self._offers, self._prompt
        part, chosen = offers.part, offers.chosen
        if part is None or part != self._part() or not chosen or (offers.is_typed and part.kind != "command"):
            return False
        end = prompt.cursor_position
        written = f"/{chosen} " if part.kind == "command" else f"{chosen} "
        prompt.value = f"{prompt.value[: part.at]}{written}{prompt.value[end:]}"
        prompt.cursor_position = part.at + len(written)
        offers.offer(None)
        return True
