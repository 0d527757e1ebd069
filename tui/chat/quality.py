"""The quality screen: how good each dataset is, how it came to that, what failed, and the alerts that somebody has to see to."""

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from catalog.errors import GovernanceError
from tui.chat.facts import Fact, Facts, fact
from tui.chat.field import Field
from tui.chat.health import (
    Check,
    Checkup,
    Health,
    Overview,
    checkup,
    overview,
)
from tui.chat.health_table import HealthTable, as_rows
from tui.chat.health_words import alert_line, checkup_lines
from tui.chat.host import host, told_of
from tui.chat.modals import CellView, Confirm
from tui.chat.page import Page, TopBar
from tui.chat.rows import RowsTable
from tui.chat.words import plain
from tui.safe import safe

LOADING = "Reading…"


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
        table.fill(as_rows(self.listed))
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
            self._tell(list(checkup_lines(found, host(self).desk.session.now)), found.alerts)

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
