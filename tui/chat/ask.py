"""The first screen: questions and answers one below the other, and the views that may be asked about beside them."""

from collections.abc import Iterable
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
from nl2sql.readings.conversation import Earlier
from nl2sql.turn import AskedBack, earlier
from tui.chat.choices import Choices
from tui.chat.desk import Pending
from tui.chat.edit import EditSql
from tui.chat.entry import Entry
from tui.chat.host import host, told_of
from tui.chat.lineage_tree import LineageSides
from tui.chat.modals import CellView
from tui.chat.page import Page, TopBar
from tui.chat.prompt import Prompt
from tui.chat.rows import RowsTable
from tui.chat.save import SaveAnswer
from tui.chat.turn import TurnBlock
from tui.chat.words import plain
from tui.choosing import with_choice

WELCOME = "Ask in plain words. Try one of these (tab goes there); / has commands, F3 what there is."
NOTHING_OPEN = "Nothing is open to you. F6 says by which rule; /token asks as somebody else."
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
        self.before: list[Earlier] = []
        """Turns of this conversation that ended otherwise than in a failure, oldest first."""

    def content(self) -> Iterable[Widget]:
        """Views, transcript and prompt."""
        yield Horizontal(
            Vertical(Static(id="opened", classes="muted"), OptionList(id="views"), id="sidebar"),
            Vertical(VerticalScroll(id="transcript"), Static(id="follows", classes="muted"), Entry(), id="main"),
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
        self.query_one(Entry).close()
        who = host(self).desk.who
        views = self.query_one("#views", OptionList)
        views.clear_options()
        self.query_one("#opened", Static).update(Content(f"{len(who.open_views)} views open to you"))
        views.add_options([Option(plain(view), id=view) for view in who.open_views])
        views.add_options([Option(plain(f"{view} (closed)"), disabled=True) for view in who.closed_views])
        transcript = self.query_one("#transcript", VerticalScroll)
        transcript.remove_children()
        transcript.mount(Static(Content(WELCOME if who.open_views else NOTHING_OPEN), classes="welcome"))
        if who.open_views:
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
        if self.running:
            self.notify("One question at a time. Esc stops this one.", timeout=3)
        elif question := self.query_one(Entry).take():
            self.ask(question)

    @on(Entry.Ordered)
    def _ordered(self, message: Entry.Ordered) -> None:
        message.command.run(self, message.words)

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
        self.query_one(Entry).write(words)

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
            if block.outcome and (said := earlier(block.outcome)):
                self.before.append(said)
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
            self.before = [said for said in self.before if said.question != outcome.question]  # asked again with the choice, not twice
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
        if self.query_one(Entry).close():
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
        if (block := self._answered("save")) and block.outcome:
            self.app.push_screen(SaveAnswer(block.outcome, name))

    def action_feedback(self) -> None:
        """Say whether the chosen answer was right."""
        if block := self._answered("speak of"):
            block.action_feedback()

    def say(self, verdict: Verdict, why: str) -> None:
        """Say of the chosen answer that it was right or wrong, without a window."""
        if block := self._answered("speak of"):
            block.give_feedback(verdict, why)

    def _answered(self, doing: str) -> TurnBlock | None:
        """The chosen turn if it has come to an outcome; else it is said that there is nothing to do that with."""
        block = self.chosen
        if block is None or block.outcome is None:
            self.notify(f"There is no answer to {doing} yet.", timeout=3)
            return None
        return block

    def action_copy_sql(self) -> None:
        """Copy the SQL of the chosen answer."""
        if self.chosen:
            self.chosen.action_copy_sql()

    def action_copy_rows(self) -> None:
        """Copy the rows of the chosen answer as CSV, where a clipboard holds them."""
        if self.chosen:
            self.chosen.action_copy_rows()

    def action_copy_answer(self) -> None:
        """Copy the chosen answer as Markdown."""
        if self.chosen:
            self.chosen.action_copy_answer()

    def copy_part(self, what: str) -> None:
        """Copy the chosen answer, its SQL or its rows."""
        if block := self._answered("copy"):
            {"sql": block.action_copy_sql, "rows": block.action_copy_rows}.get(what.lower(), block.action_copy_answer)()

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
        if self.query_one(Entry).complete_offered():
            return
        if not any(block.focus_content() for block in reversed(self.query(TurnBlock))):
            self.focus_next()

    def action_slash(self) -> None:
        """Begin a command, from wherever the focus is."""
        self.query_one(Entry).begin_command()

    def action_sidebar(self) -> None:
        """Show or hide the views."""
        self.query_one("#sidebar").toggle_class("toggled")

    def action_scroll(self, direction: int) -> None:
        """Scroll the transcript by half a window."""
        transcript = self.query_one("#transcript", VerticalScroll)
        transcript.scroll_relative(y=direction * max(1, transcript.size.height // 2), animate=False)

    def _show_follows(self) -> None:
        line = self.query_one("#follows", Static)
        follows = next((said.question for said in reversed(self.before) if not said.is_refused), "")
        line.update(plain(f"ctrl+n starts anew · follows: {follows}") if follows else Content(""))
        line.display = bool(follows)
