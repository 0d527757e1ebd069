"""The app as its widgets know it: whose desk it is, and where one screen hands over to another."""

from collections.abc import Callable

from textual.app import App
from textual.dom import DOMNode

from catalog.errors import CatalogUnavailable, GovernanceError
from tui.chat.desk import Desk
from tui.chat.history import History
from tui.safe import safe

MOST_COPIED = 70_000
"""Characters; what terminals take as one OSC 52 sequence, less its base64."""


class Host(App[None]):
    """An app with a desk and a history of questions."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]  # noqa: RUF012  an attribute of instances in Textual
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall"), (45, "-high")]  # noqa: RUF012

    desk: Desk
    history: History

    def ask(self, question: str) -> None:
        """Ask on the first screen."""
        raise NotImplementedError

    def draft(self, words: str) -> None:
        """Begin a question on the first screen."""
        raise NotImplementedError

    def visit(self, mode: str, words: str = "", entered: bool = False) -> None:
        """Go to a screen and look for something there, as if it had been typed; ``entered``, and Enter pressed."""
        raise NotImplementedError

    def act(self, name: str, words: str = "") -> None:
        """What may be done from anywhere, by name: ``token``, ``theme``, ``tour``, ``keys``, ``quit``."""
        raise NotImplementedError

    def deliver(self, sitting: int, show: Callable[..., object], *found: object) -> None:
        """Show what a thread found, unless somebody else sits at the desk by now."""
        self.call_from_thread(lambda: show(*found) if self.desk.sitting == sitting else None)

    def copy(self, what: str, copied: str) -> None:
        """Put text on the clipboard (OSC 52, which also works over SSH), and say so."""
        self.copy_to_clipboard(copied)
        self.notify(f"Copied {what}.", markup=False, timeout=3)

    def copy_whole(self, what: str, copied: str) -> None:
        """Copy what may be long; a terminal takes only so much."""
        if len(copied) > MOST_COPIED:
            self.notify("That is too much for a terminal's clipboard. Save it with ctrl+s.", timeout=5)
        else:
            self.copy(what, copied)

    def complain(self, error: GovernanceError | OSError) -> None:
        """Say what went wrong and what to try."""
        told = told_of(error)
        self.notify(safe(f"{told.what} {told.hint}".strip()), title="Could not do that", severity="warning", markup=False, timeout=8)


def host(node: DOMNode) -> Host:
    """The app that a widget is in."""
    app = node.app
    assert isinstance(app, Host)
    return app


def told_of(error: GovernanceError | OSError) -> GovernanceError:
    """An error with something to say and to try, whatever it was."""
    if isinstance(error, GovernanceError):
        return error
    return CatalogUnavailable(f"{error}.", "See that the disk has room and the files may be read and written.")
