"""What stands behind the tabs of an answer: SQL, why, lineage. The last two are looked up when they are first shown."""

from collections.abc import Iterator

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.highlight import highlight
from textual.widgets import Static

from catalog.access.policy_explain import Explanation
from catalog.errors import GovernanceError
from nl2sql.turn import Answered, Outcome
from tui.chat.about import laid_out
from tui.chat.facts import Fact, Facts, fact, heading
from tui.chat.host import host, told_of
from tui.chat.lineage_tree import LineageSides
from tui.chat.words import HASH_SHOWN, receipt, verdict
from tui.safe import safe

PANE_DEPTH = 3
"""Hops that the tab follows; the lineage screen follows more."""


class Later(Vertical):
    """A pane that is filled when somebody looks at it."""

    is_loaded = False

    def load(self) -> None:
        """Look up what is shown, once."""
        if not self.is_loaded:
            self.is_loaded = True
            self.look()

    def show(self) -> None:
        """Bring it into view once it is as tall as it becomes."""
        self.call_after_refresh(self.scroll_visible, animate=False)

    def look(self) -> object:
        """Look it up; in a thread where that takes time."""
        raise NotImplementedError


class SqlPanel(Static):
    """SQL, laid out and coloured; line by line safe to show."""

    def __init__(self, sql: str) -> None:
        super().__init__(sql_content(sql), classes="sql")
        self.sql = sql


def sql_content(sql: str) -> Content:
    """A statement as it is shown."""
    return highlight("\n".join(safe(line) for line in laid_out(sql).splitlines()), language="sql")


class WhyPane(Later):
    """The decision, and for each view that was read what the asker may see of it and by which rule."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(classes="why")
        self.outcome = outcome

    def compose(self) -> ComposeResult:
        """The card; the rest comes later."""
        yield Facts(decision(self.outcome, host(self).desk.who.roles), classes="card")
        yield Facts(id="explained")

    @work(thread=True)
    def look(self) -> None:
        """Ask the policy about each view of the statement."""
        app = host(self)
        desk, sitting = app.desk, app.desk.sitting
        try:
            told = [one for view in desk.views_of(self.outcome.sql) for one in (*explanation(desk.explained(view)), heading())]
        except (GovernanceError, OSError) as error:
            told = [fact("", told_of(error).what)]
        app.deliver(sitting, self.query_one("#explained", Facts).tell, told)
        app.deliver(sitting, self.show)


def decision(outcome: Outcome, roles: tuple[str, ...]) -> Iterator[Fact]:
    """Who asked, what was decided by which rule, what is masked, how old it is, and where it is recorded."""
    decided = outcome.decision
    yield fact("who", f"{decided.principal} ({', '.join(roles)})" if roles else decided.principal)
    yield Fact("verdict", verdict(decided))
    yield fact("rule", ", ".join(decided.rules) or "none")
    if decided.masked:
        yield fact("masked", ", ".join(decided.masked))
    yield fact("policy", f"version {decided.policy_version[:HASH_SHOWN]}")
    if outcome.reading:
        yield fact("read as", outcome.reading)
    if isinstance(outcome, Answered):
        fresh = outcome.freshness
        span = f"{fresh.oldest} to {fresh.newest} UTC" if fresh.oldest else "age not known"
        yield fact("data", f"{span}, generation {fresh.generation}{', some of it synthetic' if fresh.synthetic else ''}")
    yield fact("receipt", receipt(outcome))


def explanation(found: Explanation) -> Iterator[Fact]:
    """A view: whether it is open, which rows, by which rules, and the columns that are not shown as they are."""
    sign, style = ("✓", "bold $text-success") if found.permitted else ("✗", "bold $text-error")
    yield heading(Content.assemble((f"{sign} {safe(found.view)}", style), "  ", "open to you" if found.permitted else "closed to you"))
    if found.permitted:
        yield fact("rows", found.rows)
        yield fact("columns", f"{sum(cell.treatment != 'hidden' for cell in found.columns)} of {len(found.columns)}")
    for reason in found.reasons:
        yield fact("by" if reason.cited else "also", f"{reason.rule} ({reason.kind}): {reason.why}")
    if found.permitted:
        for cell in found.columns:
            if cell.treatment != "show":
                yield fact(cell.column, f"{cell.treatment}: {cell.why}")
    for note in found.notes:
        yield fact("note", note)


class LineagePane(Later):
    """What the one dataset of an answer comes from and flows into."""

    def __init__(self, name: str) -> None:
        super().__init__(classes="lineage")
        self.place = name

    def compose(self) -> ComposeResult:
        """Both sides, empty at first."""
        yield LineageSides()

    @work(thread=True)
    def look(self) -> None:
        """Follow lineage a few hops."""
        app, trees = host(self), self.query_one(LineageSides)
        sitting = app.desk.sitting
        try:
            sides = app.desk.lineage(self.place, PANE_DEPTH)
        except (GovernanceError, OSError) as error:
            app.deliver(sitting, trees.tell, told_of(error).what)
            return
        app.deliver(sitting, trees.show, sides)
        app.deliver(sitting, self.show)
