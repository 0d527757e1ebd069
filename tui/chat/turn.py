"""One turn of the conversation: the question, its stages as they end, its outcome, and what may be done with that."""

from time import perf_counter
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import OptionList, Static, TabbedContent, TabPane, Tabs

from catalog.errors import GovernanceError
from catalog.review.feedback import Verdict
from nl2sql.turn import Answered, Event, Outcome, Stage, Writing
from tui.chat import words
from tui.chat.choices import Choices
from tui.chat.desk import Pending
from tui.chat.host import host
from tui.chat.judge import Judge
from tui.chat.outcome import answer_text, body, notice
from tui.chat.panes import Later
from tui.chat.rows import RowsTable
from tui.output import rows_file

TICK_S = 0.2
"""How often the elapsed time is shown anew."""


class TurnBlock(Vertical):
    """A question and what came of it. ``outcome`` is None until it has ended."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy_sql", "Copy SQL", show=False, id="turn.copy_sql"),
        Binding("C", "copy_answer", "Copy answer", show=False, id="turn.copy_answer"),
        Binding("g", "feedback('good')", "Good answer", show=False, id="turn.good"),
        Binding("b", "feedback('bad')", "Bad answer", show=False, id="turn.bad"),
        *(Binding(str(at), f"tab({at})", "Tabs, from the left", show=False) for at in range(1, 6)),
    ]

    class Came(Message):
        """A stage ended, or the turn did."""

        def __init__(self, event: Event) -> None:
            super().__init__()
            self.event = event

    class Broke(Message):
        """The turn never came to an outcome: the catalog cannot be read, or the token has ended."""

        def __init__(self, error: GovernanceError) -> None:
            super().__init__()
            self.error = error

    class Ended(Message):
        """The turn is over and shown."""

        def __init__(self, block: "TurnBlock") -> None:
            super().__init__()
            self.block = block

    class Chosen(Message):
        """One of the choices of a question back."""

        def __init__(self, block: "TurnBlock", at: int) -> None:
            super().__init__()
            self.block, self.at = block, at

    def __init__(self, asked: str, pending: Pending, is_sql: bool = False) -> None:
        super().__init__(classes="turn running")
        self.asked, self.pending, self.is_sql = asked, pending, is_sql
        self.outcome: Outcome | None = None
        self.error: GovernanceError | None = None
        self._stages: list[Stage] = []
        self._started = perf_counter()
        self._ticking: Timer | None = None
        self._followed_to = 0.0

    @property
    def is_running(self) -> bool:
        """Whether an end is still to come."""
        return self.has_class("running")

    @property
    def sql(self) -> str:
        """The statement of the turn, as it ran or was refused; empty where there is none."""
        return self.outcome.sql if self.outcome else ""

    def compose(self) -> ComposeResult:
        """The question and its stages."""
        yield Static(Content.assemble(("› ", "$accent"), words.plain(self.asked)), classes="question")
        yield Static(words.stages([], 0.0), classes="stages")

    def on_mount(self) -> None:
        """Count the seconds."""
        self._ticking = self.set_interval(TICK_S, self._show_stages)

    def _show_stages(self) -> None:
        elapsed = perf_counter() - self._started if self.is_running else None
        self.query_one(".stages", Static).update(words.stages(self._stages, elapsed))

    @on(Came)
    async def _came(self, message: Came) -> None:
        message.stop()
        if not self.is_running:
            return  # stopped meanwhile: what still comes is not shown
        if isinstance(message.event, Stage):
            self._stages.append(message.event)
            self._show_stages()
        elif isinstance(message.event, Writing):
            await self._show_draft(message.event)
        else:
            self.outcome = message.event
            await self._end(*body(message.event, host(self).desk.session.now))

    async def _show_draft(self, writing: Writing) -> None:
        """Show the draft as it grows."""
        drafts = self.query(".draft").results(Static)
        if not (line := next(drafts, None)):
            await self.mount(line := Static(classes="draft"))
        line.update(words.writing(writing.text))
        self.call_after_refresh(self._follow)

    def _follow(self) -> None:
        """Show the end of the conversation, unless somebody has scrolled up from where it was shown last."""
        transcript = self.parent
        if isinstance(transcript, VerticalScroll) and transcript.scroll_target_y >= self._followed_to:
            transcript.scroll_end(animate=False)
            self._followed_to = transcript.max_scroll_y

    @on(Broke)
    async def _broke(self, message: Broke) -> None:
        message.stop()
        if self.is_running:
            self.error = message.error
            await self._end(notice("✗" if message.error.exit_code == 5 else "!", message.error.what, message.error.hint))

    async def stop_now(self) -> None:
        """Show that it was stopped; nothing that comes later is shown."""
        if self.is_running:
            await self._end(Static(Content("– Stopped. Nothing is shown of it."), classes="notice declined"))

    async def _end(self, *body: Widget) -> None:
        self.remove_class("running")
        if self._ticking:
            self._ticking.stop()
        self._show_stages()
        await self.query(".draft").remove()
        await self.mount_all(body)
        self.post_message(self.Ended(self))

    @on(TabbedContent.TabActivated)
    def _shown(self, event: TabbedContent.TabActivated) -> None:
        event.stop()
        for pane in event.pane.query(Later):
            pane.load()
        if event.tabbed_content.has_focus_within:  # not when it is first drawn
            self.call_after_refresh(event.pane.scroll_visible, animate=False)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(self, event.option_index))

    def action_tab(self, at: int) -> None:
        """The tab at that place, from 1."""
        panes = [pane.id for pane in self.query(TabPane)]
        if at <= len(panes):
            tabs = self.query_one(TabbedContent)
            tabs.active = panes[at - 1] or ""
            tabs.query_one(Tabs).focus()

    def focus_content(self) -> bool:
        """Into what can be moved about in; False where there is nothing of the kind."""
        inside = [widget for widget in (*self.query(RowsTable), *self.query(Choices), *self.query(Tabs)) if widget.focusable and widget.is_on_screen]
        for widget in inside[:1]:
            self.screen.set_focus(widget)  # at once: what is typed next is meant for it
        return bool(inside)

    def action_copy_sql(self) -> None:
        """Copy the statement as it ran."""
        if self.sql:
            host(self).copy("the SQL", self.sql)

    def action_copy_answer(self) -> None:
        """Copy all of it as Markdown: question, answer, rows, SQL, receipt."""
        if self.outcome is not None:
            host(self).copy_whole("the answer", answer_text(self.asked, self.outcome))

    def action_copy_rows(self) -> None:
        """Copy the rows as CSV, where a clipboard holds them."""
        copied = rows_file(self.outcome.result, "csv").decode("utf-8") if isinstance(self.outcome, Answered) else ""
        if copied:
            host(self).copy_whole("the rows as CSV", copied)

    def action_feedback(self, verdict: Verdict | None = None) -> None:
        """Ask whether it was right, and why; ``verdict`` is said already."""
        if self.outcome is not None:
            self.app.push_screen(Judge(verdict), self._said)

    def _said(self, said: tuple[Verdict, str] | None) -> None:
        if said:
            self.give_feedback(*said)

    @work(thread=True, group="feedback")
    def give_feedback(self, verdict: Verdict, why: str) -> None:
        """Put it into the queue of the reviewers that it was right or wrong."""
        app, outcome = host(self), self.outcome
        sitting = app.desk.sitting
        assert outcome is not None, "what has not ended has no verdict"
        try:
            number = app.desk.feedback(verdict, outcome, why)
        except (GovernanceError, OSError) as error:
            app.deliver(sitting, app.complain, error)
            return
        app.deliver(sitting, self._gave, outcome, verdict, number)

    def _gave(self, outcome: Outcome, verdict: Verdict, number: int) -> None:
        """Show it where the receipt is."""
        for line in self.query(".receipt").results(Static):
            line.update(words.plain(f"receipt: {words.receipt(outcome)} · you said: {verdict}"))
        self.notify(f"Thank you: {verdict}. Feedback {number} waits for a reviewer.", markup=False, timeout=4)
