"""The quality screen: how good each dataset is, how it came to that, what failed, and the alerts that somebody has to see to."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from catalog.engine.engine import ResultSet
from catalog.errors import GovernanceError
from tui.chat.facts import Fact, Facts, fact, heading
from tui.chat.field import Field
from tui.chat.health import (
    MOST_CHECKS,
    MOST_SERIES,
    Check,
    Checkup,
    Health,
    Overview,
    ago,
    checkup,
    measured,
    overview,
    spark,
)
from tui.chat.host import host, told_of
from tui.chat.modals import CellView, Confirm
from tui.chat.page import Page, TopBar
from tui.chat.rows import RowsTable
from tui.chat.words import plain
from tui.safe import safe

BAR = 6
"""Characters of a score's bar."""
COLUMNS = ("dataset", "score", "alerts", "updated", "failed", "node")
TYPES = ("VARCHAR", "VARCHAR", "BIGINT", "VARCHAR", "BIGINT", "VARCHAR")
LOADING = "Reading…"


class HealthTable(RowsTable):
    """Datasets and their health; scores are bars, times are words."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space,enter", "view", "Alerts", id="rows.view")]
    WIDEST = 22

    class Reached(Message):
        """The cursor is on another row."""

    def __init__(self) -> None:
        super().__init__(_result(()), id="datasets")

    def shown(self, row: int, at: int) -> tuple[str, bool]:
        """A cell in words."""
        value = self.result.rows[row][at]
        match COLUMNS[at]:
            case "score":
                return score_words(value), value is None
            case "updated":
                moment, is_stale = value
                return ("! " if is_stale else "") + ago(moment, host(self).desk.session.now), moment is None
        return ("–", True) if value is None else super().shown(row, at)

    def sort_key(self, row: int, at: int) -> Any:
        """Times by the time, not by the words."""
        value = self.result.rows[row][at]
        return value[0] if COLUMNS[at] == "updated" else value

    def go(self, row: int, column: int) -> None:
        """Move, and say so."""
        was = self.row
        super().go(row, column)
        if self.row != was:
            self.post_message(self.Reached())


def _result(datasets: Iterable[Health]) -> ResultSet:
    rows = [(one.name, one.score, one.alerts, (one.updated, one.is_stale), one.failed, one.node) for one in datasets]
    return ResultSet(COLUMNS, TYPES, rows, False, 0.0)


def score_words(score: float | None) -> str:
    """``━━━━━━━╸──  76%``; words where it is not known."""
    if score is None:
        return "not measured"
    halves = round(max(0.0, min(1.0, score)) * BAR * 2)
    return f"{'━' * (halves // 2) + '╸' * (halves % 2):─<{BAR}} {score:>4.0%}"


class QualityScreen(Page):
    """Looks at quality, and sees to alerts."""

    MODE = "quality"
    ABOUT = "Every dataset that you may see, those with open alerts first, then by score. Measurements, failed checks and alerts of the one under the cursor stand beside it. What you do with an alert is recorded under your name."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "settle('ack')", "Acknowledge", id="quality.ack"),
        Binding("r", "settle('resolve')", "Resolve", id="quality.resolve"),
        Binding("l", "lineage", "Lineage", id="quality.lineage"),
        Binding("a", "ask", "Ask about", show=False, id="quality.ask"),
        Binding("slash,escape", "filter", "Filter", id="quality.filter"),
        Binding("down", "table", "List", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.overview = Overview(())
        self.listed: list[Health] = []
        self.checkup: Checkup | None = None

    def content(self) -> Iterable[Widget]:
        """Filter and list, what is chosen, its alerts."""
        yield Horizontal(
            Vertical(Field(placeholder="Filter by name or node, or: stale, failed, alert", id="filter", classes="filter"), Static(id="count", classes="muted"), HealthTable(), id="listing"),
            Vertical(VerticalScroll(Facts(id="detail"), id="details"), Static(id="pending", classes="muted"), OptionList(id="alerts", classes="choices"), id="checkup"),
            id="quality",
        )

    def on_mount(self) -> None:
        """Read what may be seen."""
        self.renew()

    def look_for(self, words: str, entered: bool) -> None:
        """Narrow the list to these words."""
        self.query_one("#filter", Input).value = words

    def on_screen_resume(self) -> None:
        """Read anew what may have changed meanwhile."""
        if self.overview.datasets:
            self._read()

    def renew(self) -> None:
        """As the principal who asks now."""
        super().renew()
        self.overview, self.listed, self.checkup = Overview(()), [], None
        self.query_one("#filter", Input).value = ""
        self.query_one("#count", Static).update(LOADING)
        self._list()
        self._tell([fact("", LOADING)], [])
        self.query_one("#filter").focus()
        self._read()

    @work(thread=True, group="overview")
    def _read(self) -> None:
        app = host(self)
        sitting = app.desk.sitting
        try:
            found = overview(app.desk)
        except (GovernanceError, OSError) as error:
            told = told_of(error)
            found = Overview((), (f"{told.what} {told.hint}".strip(),))
        app.deliver(sitting, self._came, found)

    def _came(self, found: Overview) -> None:
        self.overview = found
        self._list()
        self.query_one(TopBar).show_who()

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._list()

    @on(Input.Submitted, "#filter")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_table()

    def _list(self) -> None:
        """Those that fit the filter; the cursor stays on the dataset where it was."""
        words = self.query_one("#filter", Input).value.lower().split()
        was = self.chosen
        self.listed = [one for one in self.overview.datasets if all(word in one.words for word in words)]
        table = self.query_one(HealthTable)
        table.fill(_result(self.listed))
        at = next((at for at, one in enumerate(self.listed) if was and (one.name, one.node) == (was.name, was.node)), 0)
        table.go(at, 0)
        count = f"{len(self.listed):,} of {len(self.overview.datasets):,} datasets"
        if self.overview.datasets or self.overview.gaps:
            self.query_one("#count", Static).update(plain(" · ".join([count, *(self.overview.gaps if self.overview.datasets else ())])))
        self._look()

    @property
    def chosen(self) -> Health | None:
        """The dataset under the cursor."""
        table = self.query_one(HealthTable)
        return self.listed[table.order[table.row]] if self.listed and table.row < len(table.order) else None

    @on(HealthTable.Reached)
    def _reached(self, event: HealthTable.Reached) -> None:
        event.stop()
        self._look()

    def _look(self) -> None:
        if chosen := self.chosen:
            self._check(chosen)
        elif self.overview.datasets:
            self._tell([fact("", "No dataset fits the filter.")], [])
        elif self.overview.gaps:
            self._tell([fact("", gap) for gap in self.overview.gaps], [])

    @work(thread=True, group="checkup")
    def _check(self, health: Health) -> None:
        app = host(self)
        sitting = app.desk.sitting
        if self.chosen != health:
            return  # somebody went on while others were looked up
        try:
            found = checkup(app.desk, health)
        except (GovernanceError, OSError) as error:
            app.deliver(sitting, self._tell, [fact("", told_of(error).what)], [])
            return
        app.deliver(sitting, self._checked, found)

    def _checked(self, found: Checkup) -> None:
        if self.chosen == found.health:
            self.checkup = found
            self._tell(list(told(found, host(self).desk.session.now)), found.alerts)

    def _tell(self, facts: list[Fact], alerts: list[Check]) -> None:
        self.query_one("#detail", Facts).tell(facts)
        self.query_one("#details").scroll_home(animate=False)
        listed, line = self.query_one("#alerts", OptionList), self.query_one("#pending", Static)
        at = listed.highlighted or 0
        listed.clear_options()
        now = host(self).desk.session.now
        listed.add_options([Option(alert_line(alert, now), id=alert.alert) for alert in alerts])
        listed.highlighted = min(at, len(alerts) - 1) if alerts else None
        listed.display = line.display = bool(alerts)
        line.update(Content(f"{len(alerts)} alert{'' if len(alerts) == 1 else 's'} · k acknowledges · r resolves"))

    @on(OptionList.OptionSelected, "#alerts")
    def _whole(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if alert := self.alert:
            words = "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in alert.fields.items() if value is not None)
            self.app.push_screen(CellView(f"alert {alert.alert}", safe(words)))

    @on(RowsTable.Viewed)
    def _cell(self, event: RowsTable.Viewed) -> None:
        """Enter on a dataset goes on to its alerts, where there are any."""
        event.stop()
        if self.query_one("#alerts").display:
            self.query_one("#alerts").focus()
        else:
            self.notify("No alert is open or acknowledged here.", timeout=2)

    @on(RowsTable.Copied)
    def _copied(self, message: RowsTable.Copied) -> None:
        host(self).copy(message.what, message.copied)

    @property
    def alert(self) -> Check | None:
        """The alert under the cursor."""
        at = self.query_one("#alerts", OptionList).highlighted
        alerts = self.checkup.alerts if self.checkup else []
        return alerts[at] if at is not None and at < len(alerts) else None

    def action_settle(self, what: str) -> None:
        """Acknowledge the alert under the cursor, or resolve it once that is confirmed."""
        alert = self.alert
        if alert is None or alert.alert is None:
            self.notify("There is no alert to see to here.", timeout=3)
        elif what == "ack":
            self._settle(alert.alert, what)
        else:
            name = alert.alert
            self.app.push_screen(Confirm("Resolve this alert?", f"{alert.said}. It opens anew once its check has passed and fails again.", "resolves"), lambda yes: self._confirmed(name, what, yes))

    def _confirmed(self, alert: str, what: str, yes: bool | None) -> None:
        if yes:
            self._settle(alert, what)

    @work(thread=True, group="settle")
    def _settle(self, alert: str, what: str) -> None:
        app = host(self)
        sitting = app.desk.sitting
        try:
            after = app.desk.settle_alert(alert, what)
        except (GovernanceError, OSError) as error:
            app.deliver(sitting, app.complain, error)
            return
        app.deliver(sitting, self._settled, after)

    def _settled(self, after: dict[str, Any]) -> None:
        self.notify(safe(f"{after['alert_status'].capitalize()}: {after['check_name'] or 'check'} of {after['dataset']}. It is recorded under your name."), markup=False, timeout=4)
        self._read()

    def action_lineage(self) -> None:
        """Follow the lineage of the chosen dataset."""
        if self.chosen:
            host(self).visit("lineage", self.chosen.name)

    def action_ask(self) -> None:
        """Begin a question about the chosen dataset."""
        if self.chosen:
            host(self).draft(f"{self.chosen.name} ")

    def action_filter(self) -> None:
        """Type in the filter."""
        self.query_one("#filter").focus()

    def action_table(self) -> None:
        """Go to the list."""
        self.query_one(HealthTable).focus()


def alert_line(alert: Check, now: Any) -> Content:
    """An alert: how bad, its state, what failed, since when, who is on it."""
    own = alert.fields
    is_open = own["alert_status"] == "open"
    severity = own.get("severity") or "unrated"
    since = [f"since {ago(own.get('opened'), now)}"] if own.get("opened") else []
    who = [own["assignee"]] if own.get("assignee") else []
    return Content.assemble(
        ("! " if is_open else "✓ ", "$text-warning" if is_open else "$text-success"), plain(f"{severity} · {own['alert_status']} · "), plain(alert.said), plain("".join(f" · {word}" for word in since + who))
    )


def told(found: Checkup, now: Any) -> Iterator[Fact]:
    """One dataset in lines."""
    health = found.health
    yield heading(health.name)
    if health.node:
        yield fact("held by", health.node)
    yield Fact("score", Content.styled(score_words(health.score), "$accent"))
    stale = {True: "  ! stale: later than it is promised", False: "  ✓ as promised", None: ""}[health.is_stale]
    yield fact("updated", ago(health.updated, now) + stale)
    for gap in found.gaps:
        yield fact("", gap)
    if found.series:
        yield heading()
        yield heading("Measurements, oldest first")
    drawn = [(spark(one.values), f"{measured(one.values[0], one.unit).removesuffix('%')}→{measured(one.values[-1], one.unit)}", one) for one in found.series[:MOST_SERIES]]
    widest = max((len(line) for line, _, _ in drawn), default=0), max((len(change) for _, change, _ in drawn), default=0)
    for line, change, one in drawn:
        name = ".".join(filter(None, [one.column, one.metric]))
        yield Fact(f"{line:>{widest[0]}}", Content.assemble(f"{change:<{widest[1]}}  ", plain(name), ("  ! unusual", "$text-warning") if one.is_anomaly else ""))
    if len(found.series) > MOST_SERIES:
        yield fact("", f"{len(found.series) - MOST_SERIES:,} more are not shown.")
    over = [check for check in found.checks if not check.alert]
    if over:
        yield heading()
        yield heading("Checks that failed earlier" if found.alerts else "Checks that failed")
    for check in over[:MOST_CHECKS]:
        own = check.fields
        end = f" · alert {own['alert_status']}" if own.get("alert_status") else ""
        sign = "✗" if own["status"] == "failed" else "!"
        yield Fact("", Content.assemble(f"{sign} ", plain(check.said), (f" · {ago(own.get('opened'), now)}{safe(end)}", "dim")))
    if len(over) > MOST_CHECKS:
        yield fact("", f"{len(over) - MOST_CHECKS:,} older ones are not shown.")
    if not found.checks and not found.gaps:
        yield heading()
        yield fact("", "✓ No check failed.")
