"""A window to save rows or a receipt into a file. Never over a file that is there already."""

import os
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from catalog.errors import GovernanceError, UsageError
from nl2sql.turn import Answered, Outcome
from tui.chat.field import Field
from tui.chat.host import host
from tui.output import rows_file

FORMATS = ("csv", "jsonl", "md", "parquet")
RECEIPT = ".receipt.json"


def write_answer(path: Path, outcome: Outcome, receipt: str) -> str:
    """Write what the file's name asks for; returns what was written.

    Raises `UsageError` for a name of no format and for a file that exists.
    """
    if path.name.endswith(RECEIPT):
        content, what = receipt.encode("utf-8"), "the receipt"
    elif isinstance(outcome, Answered) and (form := path.suffix.removeprefix(".").lower()) in FORMATS:
        content, what = rows_file(outcome.result, form), f"{len(outcome.result.rows):,} rows"
    else:
        raise UsageError(f"{path.name} is no name for it.", f"End it in {', '.join(f'.{form}' for form in FORMATS)} or {RECEIPT}.")
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except FileExistsError:
        raise UsageError(f"{path} is there already.", "Choose another name.") from None
    return what


class SaveAnswer(ModalScreen[None]):
    """Asks for a file's name, whose ending says what is written."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel")]

    def __init__(self, outcome: Outcome, name: str = "") -> None:
        super().__init__()
        self.outcome, self.named = outcome, name

    def on_mount(self) -> None:
        """Where a name is given already, save at once; the window stays for another one if that cannot be."""
        if self.named:
            self._save(Path(self.named).expanduser())

    def compose(self) -> ComposeResult:
        """The name and what it may end in."""
        is_rows = isinstance(self.outcome, Answered)
        with Vertical(classes="window small"):
            yield Static(Content.styled("Save the answer" if is_rows else "Save the receipt", "bold"))
            yield Static("Rows as .csv, .jsonl, .md or .parquet; its proof as .receipt.json" if is_rows else "The proof of this turn as .receipt.json")
            yield Field(self.named or ("answer.csv" if is_rows else f"answer{RECEIPT}"), id="file")
            yield Static("enter saves · esc cancels", classes="muted")

    @on(Input.Submitted)
    def _named(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self._save(Path(event.value.strip()).expanduser())

    @work(thread=True)
    def _save(self, path: Path) -> None:
        app = host(self)
        try:
            what = write_answer(path, self.outcome, app.desk.receipt(self.outcome) if path.name.endswith(RECEIPT) else "")
        except (GovernanceError, OSError) as error:
            app.call_from_thread(app.complain, error)
            return
        app.call_from_thread(self._saved, f"Saved {what} as {path}.")

    def _saved(self, words: str) -> None:
        self.notify(words, markup=False)
        self.dismiss()
