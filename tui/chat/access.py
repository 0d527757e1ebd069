"""The access screen: what may I see, and why. Every view, open or closed, with the rules that say so."""

from collections.abc import Iterable

from textual import on, work
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from catalog.errors import GovernanceError
from tui.chat.facts import Fact, Facts, fact
from tui.chat.host import host, told_of
from tui.chat.page import Page
from tui.chat.panes import explanation
from tui.chat.words import plain


class AccessScreen(Page):
    """The asker's own side of the policy."""

    MODE = "access"
    ABOUT = "What you may see and why: each view with its rows in words, and the rules that speak of you."

    def content(self) -> Iterable[Widget]:
        """Views on the left, why on the right."""
        yield Horizontal(OptionList(id="targets"), VerticalScroll(Facts(id="whoami"), Facts(id="why"), id="reasons"), id="access")

    def on_mount(self) -> None:
        """List the views."""
        self.renew()

    def renew(self) -> None:
        """As the principal who asks now."""
        super().renew()
        who = host(self).desk.who
        targets = self.query_one("#targets", OptionList)
        targets.clear_options()
        targets.add_options([Option(plain(f"✓ {view}"), id=view) for view in who.open_views])
        targets.add_options([Option(plain(f"✗ {view}"), id=view) for view in who.closed_views])
        targets.highlighted = 0
        facts = {
            "you are": who.name,
            "roles": ", ".join(who.roles) or "none",
            "clearance": who.clearance or "none",
            "area": "everywhere" if "*" in who.jurisdictions else ", ".join(who.jurisdictions) or "none",
            "purposes": ", ".join(who.purposes) or "none",
            "open": f"{len(who.open_views)} views; {len(who.closed_views)} are closed",
        }
        self.query_one("#whoami", Facts).tell(fact(name, value) for name, value in facts.items())
        targets.focus()

    def look_for(self, words: str, entered: bool) -> None:
        """Turn to the view of this name."""
        targets = self.query_one("#targets", OptionList)
        if words in {option.id for option in targets.options}:
            targets.highlighted = targets.get_option_index(words)

    @on(OptionList.OptionHighlighted, "#targets")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option.id:
            self._explain(event.option.id)

    @work(thread=True, exclusive=True, group="access")
    def _explain(self, view: str) -> None:
        app = host(self)
        sitting = app.desk.sitting
        try:
            told = list(explanation(app.desk.explained(view)))
        except (GovernanceError, OSError) as error:
            told = [fact("", told_of(error).what)]
        app.deliver(sitting, self._show, view, told)

    def _show(self, view: str, told: list[Fact]) -> None:
        targets = self.query_one("#targets", OptionList)
        if targets.highlighted is not None and targets.get_option_at_index(targets.highlighted).id == view:  # else somebody went on meanwhile
            self.query_one("#why", Facts).tell(told)
