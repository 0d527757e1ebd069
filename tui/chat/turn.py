"""One turn of the conversation: the question, its stages as they end, and its outcome with tabs behind it."""

import re
from collections.abc import Iterator
from time import perf_counter
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import OptionList, Static, TabbedContent, TabPane, Tabs
from textual.widgets.option_list import Option

from catalog.errors import GovernanceError
from catalog.review.feedback import Verdict
from nl2sql.turn import Answered, AskedBack, Denied, Drafted, Event, Failed, Outcome, Refused, Stage
from tui.chat import words
from tui.chat.about import dataset_of
from tui.chat.chart import BarChart, chart_of
from tui.chat.desk import Pending
from tui.chat.host import host
from tui.chat.panes import Later, LineagePane, SqlPanel, WhyPane
from tui.chat.rows import RowsTable
from tui.output import rows_file
from tui.safe import safe

TICK_S = 0.2
"""How often the elapsed time is shown anew."""


class Choices(OptionList):
    """What a question back may mean: an arrow and Enter or a number chooses, any other letter begins a question of one's own."""

    class Typed(Message):
        """A letter for the prompt."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    def on_key(self, event: events.Key) -> None:
        """Numbers and letters; the rest is the list's own."""
        if event.character is None or not event.is_printable:
            return
        event.stop()
        at = int(event.character) - 1 if event.character in "123456789" else -1
        if 0 <= at < self.option_count:
            self.highlighted = at
            self.action_select()
        else:
            self.post_message(self.Typed(event.character))


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

    class Judged(Message):
        """Somebody wants to say what they think of it."""

        def __init__(self, block: "TurnBlock", verdict: Verdict) -> None:
            super().__init__()
            self.block, self.verdict = block, verdict

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
        else:
            self.outcome = message.event
            await self._end(*_body(message.event, self))

    @on(Broke)
    async def _broke(self, message: Broke) -> None:
        message.stop()
        if self.is_running:
            self.error = message.error
            await self._end(_notice("✗" if message.error.exit_code == 5 else "!", message.error.what, message.error.hint))

    async def stop_now(self) -> None:
        """Show that it was stopped; nothing that comes later is shown."""
        if self.is_running:
            await self._end(Static(Content("– Stopped. Nothing is shown of it."), classes="notice declined"))

    async def _end(self, *body: Widget) -> None:
        self.remove_class("running")
        if self._ticking:
            self._ticking.stop()
        self._show_stages()
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
            widget.focus()
        return bool(inside)

    def action_copy_sql(self) -> None:
        """Copy the statement as it ran."""
        if self.sql:
            host(self).copy("the SQL", self.sql)

    def action_copy_answer(self) -> None:
        """Copy all of it as Markdown: question, answer, rows, SQL, receipt."""
        if self.outcome is not None:
            host(self).copy_whole("the answer", answer_text(self.asked, self.outcome))

    def action_feedback(self, verdict: Verdict) -> None:
        """Say that it was right or wrong."""
        if self.outcome is not None:
            self.post_message(self.Judged(self, verdict))

    def note_feedback(self, verdict: Verdict) -> None:
        """Show that something was said of it, where its receipt is."""
        for line in self.query(".receipt").results(Static):
            line.update(words.plain(f"receipt: {words.receipt(self.outcome)} · you said: {verdict}" if self.outcome else ""))


def answer_text(asked: str, outcome: Outcome) -> str:
    """A turn as Markdown; rows are a table."""
    rows = rows_file(outcome.result, "md").decode("utf-8") if isinstance(outcome, Answered) else ""
    sql = f"```sql\n{outcome.sql}\n```\n" if outcome.sql else ""
    return "\n".join(filter(None, [f"**{safe(asked)}**\n", f"{safe(outcome.message)}\n", rows, sql, f"receipt: {words.receipt(outcome)}"]))


def _body(outcome: Outcome, block: TurnBlock) -> Iterator[Widget]:
    """What an outcome looks like."""
    match outcome:
        case Answered():
            yield Static(words.plain(outcome.message), classes="message")
            yield Static(words.badges(outcome, host(block).desk.session.now), classes="badges")
            yield _tabs(outcome)
            yield Static(words.plain(f"receipt: {words.receipt(outcome)}"), classes="muted receipt")
        case Drafted():
            yield Static(words.plain(outcome.message), classes="message")
            yield SqlPanel(outcome.sql)
        case AskedBack(message=message, choices=choices):
            yield Static(Content.assemble(("? ", "$accent"), words.plain(message)), classes="notice asked")
            if choices:
                yield Choices(*(Option(Content.assemble((f"{at}  ", "dim"), words.plain(choice))) for at, choice in enumerate(choices, 1)), classes="choices")
        case Refused(message=message):
            yield _notice("–", message, "", "declined")
        case Denied(message=message, hint=hint):
            yield _notice("✗", message, hint, "denied", outcome)
        case Failed(message=message, hint=hint, stage=stage):
            yield _notice("!", f"Could not {_DOING.get(stage, stage)}: {message}", hint, "failed", outcome)


_DOING = {"context": "read the question", "draft": "draft a query", "guard": "approve the query", "run": "run the query"}


def _notice(sign: str, what: str, hint: str, kind: str = "failed", outcome: Outcome | None = None) -> Static:
    """Something calm about what did not come to rows: what, by which rule, what to try, the SQL that it was about."""
    lines = [words.plain(f"{sign} {what}", "bold")]
    if outcome and outcome.decision.rules:
        lines.append(words.plain(f"  rule: {', '.join(outcome.decision.rules)}"))
    if hint:
        lines.append(words.plain(f"  {hint}"))
    if outcome and outcome.sql:
        lines.append(Content.assemble("  SQL: ", pointed(outcome.sql, what)).stylize_before("dim"))
    return Static(Content("\n").join(lines), classes=f"notice {kind}")


def pointed(sql: str, message: str) -> Content:
    """A statement where what a message puts in quotation marks is underlined."""
    shown = words.plain(sql)
    for name in set(re.findall(r"'(\w+)'", message)):
        for found in re.finditer(rf"\b{name}\b", shown.plain):
            shown = shown.stylize("bold underline", *found.span())
    return shown


def _tabs(outcome: Answered) -> TabbedContent:
    """The tabs of an answer; chart and lineage only where there is one."""
    result = outcome.result
    first = RowsTable(result) if result.rows else Static(words.plain(f"No rows. Columns: {', '.join(result.columns)}"), classes="muted")
    panes = [TabPane(f"rows {len(result.rows):,}", first, id="rows"), TabPane("SQL", SqlPanel(outcome.sql), id="sql")]
    if chart := chart_of(result):
        panes.append(TabPane("chart", BarChart(chart), id="chart"))
    if name := dataset_of(outcome):
        panes.append(TabPane("lineage", LineagePane(name), id="lineage"))
    panes.append(TabPane("why", WhyPane(outcome), id="why"))
    tabs = TabbedContent()
    for pane in panes:
        tabs.compose_add_child(pane)
    return tabs
