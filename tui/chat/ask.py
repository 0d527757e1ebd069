"""The first screen: questions and answers one below the other, and the views that may be asked about beside them."""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from catalog.errors import GovernanceError
from nl2sql.turn import Answered, AskedBack
from tui.chat.desk import Pending
from tui.chat.edit import EditSql
from tui.chat.host import host, told_of
from tui.chat.lineage_tree import LineageSides
from tui.chat.modals import CellView
from tui.chat.page import Page, TopBar
from tui.chat.prompt import Prompt
from tui.chat.rows import RowsTable
from tui.chat.save import SaveAnswer
from tui.chat.turn import Choices, TurnBlock
from tui.chat.words import plain
from tui.output import rows_file

_MEANING = re.compile(r" \([^()]*\)$")
"""The explanation at the end of a choice, which the question does not need."""
_NAMING = re.compile(r"(?:^|\s)@([^@]{0,80})$")
"""A name that is being typed, at the end of what is before the cursor."""
_MENTION = re.compile(r"(^|\s)@(?=\S)")
STARTERS = (
    "which datasets contain personal data?",
    "how many datasets are there per country",
    "open critical alerts by node",
    "which models were trained on C4?",
    "what was deprecated this year",
)


class AskScreen(Page):
    """Asks, shows, and keeps the conversation."""

    MODE = "ask"
    ABOUT = "Type a question and press Enter. An answer says how it was read, what it may hold back and why; its tabs show rows, SQL, a chart, lineage and the decision."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", id="ask.stop"),
        Binding("ctrl+e", "edit", "Edit SQL", id="ask.edit", priority=True),
        Binding("ctrl+s", "save", "Save", id="ask.save"),
        Binding("ctrl+n", "anew", "New", id="ask.anew"),
        Binding("ctrl+b", "sidebar", "Views", show=False, id="ask.sidebar"),
        Binding("ctrl+up,ctrl+pageup", "scroll(-1)", "Scroll up", show=False, id="ask.up"),
        Binding("ctrl+down,ctrl+pagedown", "scroll(1)", "Scroll down", show=False, id="ask.down"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.before: list[str] = []
        """Questions of this conversation that were answered, oldest first."""

    def content(self) -> Iterable[Widget]:
        """Views, transcript and prompt."""
        yield Horizontal(
            Vertical(Static(id="opened", classes="muted"), OptionList(id="views"), id="sidebar"),
            Vertical(VerticalScroll(id="transcript"), Static(id="follows", classes="muted"), OptionList(id="names"), Prompt(), id="main"),
            id="ask",
        )

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one("#transcript").can_focus = False
        self.renew()

    def renew(self) -> None:
        """Begin as the principal who asks now."""
        super().renew()
        self.before.clear()
        offered = self.query_one("#names", OptionList)
        offered.clear_options()
        offered.display = False
        who = host(self).desk.who
        views = self.query_one("#views", OptionList)
        views.clear_options()
        self.query_one("#opened", Static).update(Content(f"{len(who.open_views)} views open to you"))
        views.add_options([Option(plain(view), id=view) for view in who.open_views])
        views.add_options([Option(plain(f"{view} (closed)"), disabled=True) for view in who.closed_views])
        transcript = self.query_one("#transcript", VerticalScroll)
        transcript.remove_children()
        transcript.mount(Static(Content("Ask in plain words. Try one of these, or press F3 to browse what there is."), classes="welcome"))
        transcript.mount(Choices(*(Option(plain(starter)) for starter in STARTERS), classes="choices starters"))
        self._show_follows()
        self.query_one(Prompt).focus()

    @property
    def running(self) -> TurnBlock | None:
        """The turn that has not ended."""
        return next((block for block in self.query(TurnBlock) if block.is_running), None)

    @property
    def chosen(self) -> TurnBlock | None:
        """The turn that has the focus, else the last one."""
        node = self.focused
        while node is not None and not isinstance(node, TurnBlock):
            node = node.parent  # type: ignore[assignment]  # a widget's parent may be the screen, which ends the walk
        return node if isinstance(node, TurnBlock) else next(iter(reversed(self.query(TurnBlock))), None)

    @on(Input.Submitted, "#prompt")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.takes_name():
            return
        if self.running:
            self.notify("One question at a time. Esc stops this one.", timeout=3)
        elif question := self.query_one(Prompt).take():
            self.ask(_MENTION.sub(r"\1", question))

    @on(Input.Changed, "#prompt")
    def _naming(self, event: Input.Changed) -> None:
        event.stop()
        if part := self._part():
            self._complete(part)
        else:
            self._offer("", [])

    def _part(self) -> str:
        """What of a name is typed, with its @; empty where none is."""
        prompt = self.query_one(Prompt)
        found = _NAMING.search(prompt.value[: prompt.cursor_position])
        return f"@{found[1]}" if found else ""

    @work(thread=True, exclusive=True, group="names")
    def _complete(self, part: str) -> None:
        app = host(self)
        sitting = app.desk.sitting
        with suppress(GovernanceError, OSError):
            app.deliver(sitting, self._offer, part, app.desk.names_like(part[1:]))

    def _offer(self, part: str, names: list[str]) -> None:
        """Names to choose from above the prompt, unless something else is typed by now."""
        if part != self._part():
            return
        offered = self.query_one("#names", OptionList)
        offered.clear_options()
        offered.add_options([Option(plain(name), id=name) for name in names])
        offered.highlighted = 0 if names else None
        offered.display = bool(names)

    @on(OptionList.OptionSelected, "#names")
    def _named(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        prompt, part = self.query_one(Prompt), self._part()
        end = prompt.cursor_position
        prompt.value = f"{prompt.value[: end - len(part)]}{event.option.id} {prompt.value[end:]}"
        prompt.cursor_position = end - len(part) + len(event.option.id or "") + 1
        self.query_one("#names").display = False
        prompt.focus()

    def takes_name(self, move: int = 0) -> bool:
        """Choose the name under the cursor of the list above the prompt, or move in it; False where no list is there."""
        offered = self.query_one("#names", OptionList)
        if not offered.display:
            return False
        if move:
            offered.highlighted = ((offered.highlighted or 0) + move) % max(1, offered.option_count)
        else:
            offered.action_select()
        return True

    @on(OptionList.OptionSelected, ".starters")
    def _starter(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if not self.running:
            self.ask(STARTERS[event.option_index])

    @on(OptionList.OptionSelected, "#views")
    def _view(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.draft(f"{(event.option.id or '').replace('_', ' ')} ")

    def draft(self, words: str) -> None:
        """Write into the prompt."""
        prompt = self.query_one(Prompt)
        prompt.insert_text_at_cursor(words)
        prompt.focus()

    def ask(self, question: str) -> None:
        """Ask in words, as the next question of the conversation."""
        self._begin(TurnBlock(question, host(self).desk.question(question, tuple(self.before))))

    def run_sql(self, sql: str) -> None:
        """Run a person's own SQL."""
        self._begin(TurnBlock(sql, host(self).desk.statement(sql), is_sql=True))

    def _begin(self, block: TurnBlock) -> None:
        transcript = self.query_one("#transcript", VerticalScroll)
        transcript.query(".welcome, .starters").remove()
        transcript.mount(block)
        transcript.scroll_end(animate=False)
        self._answer(block, block.pending)

    @work(thread=True, group="ask")
    def _answer(self, block: TurnBlock, pending: Pending) -> None:
        """Hand over what the engine says, as it says it."""
        try:
            for event in host(self).desk.answer(pending):
                block.post_message(TurnBlock.Came(event))
        except (GovernanceError, OSError) as error:
            block.post_message(TurnBlock.Broke(told_of(error)))

    @on(TurnBlock.Ended)
    def _ended(self, message: TurnBlock.Ended) -> None:
        block, app = message.block, host(self)
        if not block.is_attached:
            return  # somebody else asks by now
        if not block.is_sql:
            app.history.add(app.desk.session.now.isoformat(), block.asked, block.outcome.status if block.outcome else "stopped")
            if isinstance(block.outcome, Answered):
                self.before.append(block.asked)
        self._show_follows()
        self.query_one(TopBar).show_who()
        if isinstance(block.outcome, AskedBack) and block.outcome.choices:
            block.query_one(Choices).focus()
        self.query_one("#transcript", VerticalScroll).scroll_end(animate=False)

    @on(TurnBlock.Chosen)
    def _chose(self, message: TurnBlock.Chosen) -> None:
        outcome = message.block.outcome
        if not isinstance(outcome, AskedBack) or self.running:
            return
        self.query_one(Prompt).focus()
        choice = outcome.choices[message.at]
        if outcome.statements:
            self._begin(TurnBlock(choice, host(self).desk.statement(outcome.statements[message.at]), is_sql=True))
        else:
            self.ask(f"{message.block.asked} ({_MEANING.sub('', choice)})")

    @on(Choices.Typed)
    def _typed(self, message: Choices.Typed) -> None:
        self.draft(message.character)

    @on(RowsTable.Viewed)
    def _cell(self, message: RowsTable.Viewed) -> None:
        self.app.push_screen(CellView(message.title, message.cell))

    @on(RowsTable.Copied)
    def _copied(self, message: RowsTable.Copied) -> None:
        host(self).copy(message.what, message.copied)

    @on(LineageSides.Followed)
    def _followed(self, message: LineageSides.Followed) -> None:
        host(self).trace(str(message.place))

    async def action_stop(self) -> None:
        """Stop the question that runs, and its engine with it; else go back to the prompt."""
        names = self.query_one("#names")
        if names.display:
            names.display = False
            return
        if block := self.running:
            host(self).desk.stop(block.pending)
            await block.stop_now()
        self.query_one(Prompt).focus()

    def action_edit(self) -> None:
        """Edit the SQL of the chosen answer; what comes of it passes the guard like any other."""
        block = self.chosen
        self.app.push_screen(EditSql(block.sql if block else ""), self._edited)

    def _edited(self, sql: str | None) -> None:
        if sql and not self.running:
            self.run_sql(sql)

    def action_save(self) -> None:
        """Save rows or receipt of the chosen answer."""
        block = self.chosen
        if block is None or block.outcome is None:
            self.notify("There is no answer to save yet.", timeout=3)
        else:
            self.app.push_screen(SaveAnswer(block.outcome))

    def action_copy_sql(self) -> None:
        """Copy the SQL of the chosen answer."""
        if self.chosen:
            self.chosen.action_copy_sql()

    def action_copy_rows(self) -> None:
        """Copy the rows of the chosen answer as CSV, where a clipboard holds them."""
        outcome = self.chosen.outcome if self.chosen else None
        copied = rows_file(outcome.result, "csv").decode("utf-8") if isinstance(outcome, Answered) else ""
        if copied:
            host(self).copy_whole("the rows as CSV", copied)

    def action_copy_answer(self) -> None:
        """Copy the chosen answer as Markdown."""
        if self.chosen:
            self.chosen.action_copy_answer()

    def action_anew(self) -> None:
        """The next question is on its own; what was answered stays on the screen."""
        self.before.clear()
        self._show_follows()
        self.query_one(Prompt).focus()

    def action_answer(self) -> None:
        """Into the last answer that has something to move about in, else to whatever is next."""
        if self.takes_name():
            return
        if not any(block.focus_content() for block in reversed(self.query(TurnBlock))):
            self.focus_next()

    def action_sidebar(self) -> None:
        """Show or hide the views."""
        self.query_one("#sidebar").toggle_class("toggled")

    def action_scroll(self, direction: int) -> None:
        """Scroll the transcript by half a window."""
        transcript = self.query_one("#transcript", VerticalScroll)
        transcript.scroll_relative(y=direction * max(1, transcript.size.height // 2), animate=False)

    def _show_follows(self) -> None:
        line = self.query_one("#follows", Static)
        line.update(plain(f"ctrl+n starts anew · follows: {self.before[-1]}") if self.before else Content(""))
        line.display = bool(self.before)
