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
from catalog.review.feedback import Verdict
from nl2sql.turn import Answered, AskedBack
from tui.chat import commands
from tui.chat.desk import Pending
from tui.chat.edit import EditSql
from tui.chat.host import host, told_of
from tui.chat.judge import Judge
from tui.chat.lineage_tree import LineageSides
from tui.chat.modals import CellView
from tui.chat.offers import Offers, Part, part_of
from tui.chat.page import Page, TopBar
from tui.chat.prompt import Prompt
from tui.chat.rows import RowsTable
from tui.chat.save import SaveAnswer
from tui.chat.turn import Choices, TurnBlock
from tui.chat.words import plain
from tui.choosing import with_choice
from tui.output import rows_file
from tui.safe import safe

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
        Binding("ctrl+g", "feedback", "Feedback", id="ask.feedback"),
        Binding("slash", "slash", "Command", show=False, id="ask.command"),
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
            Vertical(VerticalScroll(id="transcript"), Static(id="follows", classes="muted"), Offers(), Prompt(), id="main"),
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
        self.query_one(Offers).offer(None)
        who = host(self).desk.who
        views = self.query_one("#views", OptionList)
        views.clear_options()
        self.query_one("#opened", Static).update(Content(f"{len(who.open_views)} views open to you"))
        views.add_options([Option(plain(view), id=view) for view in who.open_views])
        views.add_options([Option(plain(f"{view} (closed)"), disabled=True) for view in who.closed_views])
        transcript = self.query_one("#transcript", VerticalScroll)
        transcript.remove_children()
        transcript.mount(Static(Content("Ask in plain words. Try one of these; a slash has commands, F3 what there is."), classes="welcome"))
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
        prompt, line = self.query_one(Prompt), event.value
        if line.startswith("/"):
            self._command(line)
        elif self._complete():
            return
        elif self.running:
            self.notify("One question at a time. Esc stops this one.", timeout=3)
        elif question := prompt.take():
            self.ask(_MENTION.sub(r"\1", question))

    def _command(self, line: str) -> None:
        """Do what was typed after a slash, or what is under the cursor where that is its beginning; an unknown command stays in the line."""
        offers = self.query_one(Offers)
        command, name, words = commands.parsed(line)
        match offers.part.kind if offers.part and offers.part == self._part() and offers.chosen else None:
            case "command" if command is None or command.needs_more:
                command = commands.BY_NAME[offers.chosen]
                if command.needs_more:
                    self._complete()
                    return
            case "names" | "views" | "choice":
                words = offers.chosen
        if command is None:
            self.notify(f"There is no command /{safe(name)}. {commands.nearest(name)}", markup=False, severity="warning", timeout=6)
        elif command.needs_more and not words:
            self.notify(f"/{command.name} {command.argument}: {command.about}", markup=False, timeout=4)
        else:
            self.query_one(Prompt).take()
            command.run(self, words)

    @on(Input.Changed, "#prompt")
    def _typing(self, event: Input.Changed) -> None:
        event.stop()
        offers, part = self.query_one(Offers), self._part()
        match part.kind if part else None:
            case "names" if part:
                self._look_up(part)
            case "views" if part:
                offers.offer(part, (view for view in host(self).desk.who.open_views if view.startswith(part.words.lower())))
            case "choice" if part:
                offers.offer(part, part.choices)
            case _:
                offers.offer(part)

    def _part(self) -> Part | None:
        """What of a name or command is typed."""
        prompt = self.query_one(Prompt)
        return part_of(prompt.value[: prompt.cursor_position])

    @work(thread=True, exclusive=True, group="names")
    def _look_up(self, part: Part) -> None:
        app = host(self)
        sitting = app.desk.sitting
        with suppress(GovernanceError, OSError):
            app.deliver(sitting, self._offer, part, app.desk.names_like(part.words.strip()))

    def _offer(self, part: Part, names: list[str]) -> None:
        """Names to choose from above the prompt, unless something else is typed by now."""
        if part == self._part():
            self.query_one(Offers).offer(part, names)

    @on(OptionList.OptionSelected, "#names")
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._complete()
        self.query_one(Prompt).focus()

    def _complete(self) -> bool:
        """Write what is under the cursor of the list above the prompt in place of its beginning; False where nothing is left to write."""
        offers, prompt = self.query_one(Offers), self.query_one(Prompt)
        part, chosen = offers.part, offers.chosen
        if part is None or part != self._part() or not chosen or (offers.is_typed and part.kind != "command"):
            return False
        end = prompt.cursor_position
        written = f"/{chosen} " if part.kind == "command" else f"{chosen} "
        prompt.value = f"{prompt.value[: part.at]}{written}{prompt.value[end:]}"
        prompt.cursor_position = part.at + len(written)
        offers.offer(None)
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

    def visit(self, mode: str, words: str, entered: bool = False) -> None:
        """Go to another screen and look for something there."""
        host(self).visit(mode, words, entered)

    def act(self, name: str, words: str = "") -> None:
        """What may be done from anywhere."""
        host(self).act(name, words)

    def own_sql(self, sql: str) -> None:
        """Run a person's own SQL, or open a window for it where none is given."""
        if not sql:
            self.action_edit()
        elif self.running:
            self.notify("One question at a time. Esc stops this one.", timeout=3)
        else:
            self.run_sql(sql)

    def run_sql(self, sql: str) -> None:
        """Run a person's own SQL."""
        self._begin(TurnBlock(sql, host(self).desk.statement(sql), is_sql=True))

    def _begin(self, block: TurnBlock) -> None:
        transcript = self.query_one("#transcript", VerticalScroll)
        transcript.query(".welcome, .starters").remove()
        transcript.mount(block)
        transcript.scroll_end(animate=False)
        self.refresh_bindings()
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
        self.refresh_bindings()
        self.call_after_refresh(self._show_top, block)

    def _show_top(self, block: TurnBlock) -> None:
        """The question at the top where the answer is taller than the window, else all of it at the end."""
        if block.is_attached:
            self.query_one("#transcript", VerticalScroll).scroll_to_widget(block, top=True, animate=False)

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
            self.ask(with_choice(message.block.asked, choice))

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
        host(self).visit("lineage", str(message.place))

    async def action_stop(self) -> None:
        """Stop the question that runs, and its engine with it; else go back to the prompt."""
        offers = self.query_one(Offers)
        if offers.is_open:
            offers.offer(None)
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

    def action_save(self, name: str = "") -> None:
        """Save rows or receipt of the chosen answer."""
        block = self.chosen
        if block is None or block.outcome is None:
            self.notify("There is no answer to save yet.", timeout=3)
        else:
            self.app.push_screen(SaveAnswer(block.outcome, name))

    def action_feedback(self) -> None:
        """Say whether the chosen answer was right."""
        self._judge(self.chosen)

    @on(TurnBlock.Judged)
    def _judged(self, message: TurnBlock.Judged) -> None:
        self._judge(message.block, message.verdict)

    def _judge(self, block: TurnBlock | None, verdict: Verdict | None = None) -> None:
        if block is None or block.outcome is None:
            self.notify("There is no answer to speak of yet.", timeout=3)
        else:
            self.app.push_screen(Judge(verdict), lambda said: self._said(block, said))

    def _said(self, block: TurnBlock, said: tuple[Verdict, str] | None) -> None:
        if said:
            self._give(block, *said)

    def say(self, verdict: Verdict, why: str) -> None:
        """Say of the chosen answer that it was right or wrong, without a window."""
        if (block := self.chosen) and block.outcome:
            self._give(block, verdict, why)
        else:
            self._judge(None)

    @work(thread=True, group="feedback")
    def _give(self, block: TurnBlock, verdict: Verdict, why: str) -> None:
        app, outcome = host(self), block.outcome
        sitting = app.desk.sitting
        assert outcome is not None, "what has not ended has no verdict"
        try:
            number = app.desk.feedback(verdict, outcome, why)
        except (GovernanceError, OSError) as error:
            app.deliver(sitting, app.complain, error)
            return
        app.deliver(sitting, self._gave, block, verdict, number)

    def _gave(self, block: TurnBlock, verdict: Verdict, number: int) -> None:
        block.note_feedback(verdict)
        self.notify(f"Thank you: {verdict}. Feedback {number} waits for a reviewer.", markup=False, timeout=4)

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

    def copy_part(self, what: str) -> None:
        """Copy the chosen answer, its SQL or its rows."""
        if self.chosen is None or self.chosen.outcome is None:
            self.notify("There is no answer to copy yet.", timeout=3)
        else:
            {"sql": self.action_copy_sql, "rows": self.action_copy_rows}.get(what.lower(), self.action_copy_answer)()

    def action_anew(self) -> None:
        """The next question is on its own; what was answered stays on the screen."""
        self.before.clear()
        self._show_follows()
        self.refresh_bindings()
        self.query_one(Prompt).focus()

    def clear(self) -> None:
        """The next question is on its own, on an empty screen."""
        if self.running:
            self.notify("A question is on its way. Esc stops it.", timeout=3)
        else:
            self.renew()

    def is_of_use(self, action: str) -> bool:
        """Stopping while something runs, saving and feedback once there is an answer, a new conversation after one."""
        match action:
            case "stop":
                return self.running is not None
            case "save" | "feedback":
                return any(block.outcome for block in self.query(TurnBlock))
            case "anew":
                return bool(self.before)
        return True

    def action_answer(self) -> None:
        """Completes what is typed; else into the last answer that has something to move about in, else to whatever is next."""
        if (offers := self.query_one(Offers)).is_open:
            offers.highlighted = offers.highlighted or 0
            self._complete()
            return
        if not any(block.focus_content() for block in reversed(self.query(TurnBlock))):
            self.focus_next()

    def action_slash(self) -> None:
        """Begin a command, from wherever the focus is."""
        prompt = self.query_one(Prompt)
        prompt.focus()
        if not prompt.value:
            prompt.value = "/"
            prompt.cursor_position = 1

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
