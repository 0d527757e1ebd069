"""What an outcome looks like under its question: rows in tabs, a question back, or something calm about what did not come to rows."""

import re
from collections.abc import Iterator
from datetime import datetime

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static, TabbedContent, TabPane
from textual.widgets.option_list import Option

from nl2sql.turn import Answered, AskedBack, Cancelled, Denied, Drafted, Failed, Outcome, Refused
from tui.chat import words
from tui.chat.about import dataset_of
from tui.chat.chart import BarChart, chart_of
from tui.chat.choices import Choices
from tui.chat.panes import LineagePane, SqlPanel, WhyPane
from tui.chat.rows import RowsTable
from tui.output import rows_file
from tui.safe import safe

DOING = {"context": "read the question", "draft": "draft a query", "guard": "approve the query", "run": "run the query"}
"""What was to be done in a stage that failed."""


def answer_text(asked: str, outcome: Outcome) -> str:
    """A turn as Markdown; rows are a table."""
    rows = rows_file(outcome.result, "md").decode("utf-8") if isinstance(outcome, Answered) else ""
    sql = f"```sql\n{outcome.sql}\n```\n" if outcome.sql else ""
    return "\n".join(filter(None, [f"**{safe(asked)}**\n", f"{safe(outcome.message)}\n", rows, sql, f"receipt: {words.receipt(outcome)}"]))


def body(outcome: Outcome, now: datetime) -> Iterator[Widget]:
    """What an outcome looks like; ``now`` is the clock that its age is told by."""
    match outcome:
        case Answered():
            yield Static(words.plain(outcome.message), classes="message")
            yield Static(words.badges(outcome, now), classes="badges")
            yield _tabs(outcome)
            yield Static(words.plain(f"receipt: {words.receipt(outcome)}"), classes="muted receipt")
        case Drafted():
            yield Static(words.plain(outcome.message), classes="message")
            yield SqlPanel(outcome.sql)
        case AskedBack(message=message, choices=choices):
            yield Static(Content.assemble(("? ", "$accent"), words.plain(message)), classes="notice asked")
            if choices:
                yield Choices(*(Option(words.plain(f"{at}  {choice}")) for at, choice in enumerate(choices, 1)), classes="choices")
        case Refused(message=message) | Cancelled(message=message):
            yield notice("–", message, "", "declined")
        case Denied(message=message, hint=hint):
            yield notice("✗", message, hint, "denied", outcome)
        case Failed(message=message, hint=hint, stage=stage):
            yield notice("!", f"Could not {DOING.get(stage, stage)}: {message}", hint, "failed", outcome)


def notice(sign: str, what: str, hint: str, kind: str = "failed", outcome: Outcome | None = None) -> Static:
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
