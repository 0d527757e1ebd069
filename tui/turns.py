"""Runs questions for the command line: one and its outcome, or a batch with a JSON result per line."""

import json
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click

from catalog.access.policy import POLICY_FILE
from catalog.engine.engine import Limits
from catalog.errors import CatalogUnavailable, GovernanceError, UsageError
from catalog.storage.generations import Generation, pinned
from nl2sql.session import Session, open_session
from nl2sql.turn import Event, Outcome, Stage, Writing
from tui import last, narration
from tui.envelope import dumps, envelope, problem
from tui.show import exit_code, show

Asker = Callable[[str, Session], Iterator[Event]]
LONGEST_LINE = 4_000_000
"""Bytes of one line of a batch."""
OPEN_SESSIONS = 4
"""Sessions that a batch keeps open at once; each holds an engine process."""
UNREACHABLE = CatalogUnavailable.exit_code


class Sessions:
    """Sessions by token; those used last stay open. A token that has ended meanwhile opens nothing."""

    def __init__(self, home: Path, generation: Generation, options: dict[str, Any]) -> None:
        self._home, self._generation = home, generation
        self._limits = Limits(rows=options["limit"], deadline_s=options["timeout"])
        self._now: datetime | None = options["now"]
        self._purpose: str = options.get("purpose") or ""
        self._opened: OrderedDict[str | None, Session] = OrderedDict()
        self._policy: tuple[int, int] | None = None

    def open(self, token: str | None) -> Session:
        """The session of whoever the token proves. Raises what `open_session` raises."""
        self._renew()
        session = self._opened.pop(token or None, None)
        if session is not None and token and session.state.verify_token(token) is None:
            session.close()
            session = None
        if session is None:
            session = open_session(self._home, self._generation, token, self._now, self._limits, self._purpose)
        self._opened[token or None] = session
        if len(self._opened) > OPEN_SESSIONS:
            self._opened.popitem(last=False)[1].close()
        return session

    def _renew(self) -> None:
        """Forget what was decided by a policy that is no longer the one in force."""
        with suppress(OSError):
            stat = (self._home / POLICY_FILE).stat()
            if self._policy != (stat.st_mtime_ns, stat.st_ino):
                self._policy = (stat.st_mtime_ns, stat.st_ino)
                self.close()

    def close(self) -> None:
        """End every engine."""
        while self._opened:
            self._opened.popitem()[1].close()


def one(home: Path, field: str, text: str, asker: Asker, options: dict[str, Any], form: str) -> int:
    """Answer one question and show the outcome; as JSON, whatever goes wrong is an object too. Returns the exit code.

    A receipt is written before anything is shown: whoever asked for one gets both or neither.
    """
    try:
        with pinned(home) as generation, closing(Sessions(home, generation, options)) as sessions:
            session = sessions.open(options["token"])
            outcome, stages = _finish(asker(text, session), is_told=not options["quiet"], is_shown=not options["quiet"] and form != "json")
            if options["receipt"] is not None:
                _write_receipt(options["receipt"], outcome, session)
            last.remember(session, outcome)
    except GovernanceError as error:
        if form == "json":
            click.echo(dumps(problem(error, text if field == "question" else None)))
        raise
    if form == "json":
        click.echo(dumps(envelope(outcome, stages)))
    else:
        show(outcome, form, options["quiet"], options["limit"], options["chart"])
    return exit_code(outcome)


def _write_receipt(path: Path, outcome: Outcome, session: Session) -> None:
    from catalog.audit.receipt import issue

    assert outcome.statement is not None, "every turn is recorded"
    path.write_text(issue(outcome.statement, session.audit.prove(outcome.statement.seq), session.audit.vkey).text, encoding="utf-8")


def batch(home: Path, field: str, stream: IO[bytes], asker: Asker, options: dict[str, Any]) -> int:
    """Answer every line that holds ``field``; a bad line gets a result of its own and the rest go on.

    Where the first line is no JSON object or list, every line is a text to answer as it stands.

    Returns 2 if a line could not be read, else 3 if the catalog or the model could not be reached, else 0.
    """
    codes = set()
    with pinned(home) as generation, closing(Sessions(home, generation, options)) as sessions:
        is_json = None
        for number, raw in _lines(stream):
            text = None
            is_json = raw.lstrip()[:1] in b"{[" if is_json is None else is_json
            try:
                text, token = _entry(field, raw, number) if is_json else (_plain(raw, number), None)
                fields = envelope(*_finish(asker(text, sessions.open(token or options["token"]))))
            except GovernanceError as error:
                fields = problem(error)
            codes.add(fields.get("exit_code"))
            click.echo(dumps({"line": number, **fields, "question": text if field == "question" else None}))
    return next((code for code in (UsageError.exit_code, UNREACHABLE) if code in codes), 0)


def _finish(events: Iterator[Event], is_told: bool = False, is_shown: bool = False) -> tuple[Outcome, dict[str, float]]:
    """Run a turn to its end; the outcome and the milliseconds of each stage.

    ``is_told`` says on a terminal what is being done, ``is_shown`` shows there what a model writes meanwhile.
    """
    stages: dict[str, float] = {}
    outcome: Outcome | None = None
    if is_told:
        narration.tell()
    try:
        for event in events:
            if isinstance(event, Stage):
                stages[event.name] = event.elapsed_ms
                if is_told:
                    narration.tell(event.name)
            elif isinstance(event, Writing):
                if is_shown:
                    narration.draft(event.text)
            else:
                outcome = event
    finally:
        if is_told:
            narration.hush()
    assert outcome is not None, "a turn ends in exactly one outcome"
    return outcome, stages


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with anything on them and their numbers, from 1. A line that is too long comes cut, and is no JSON then."""
    number, whole = 0, True
    while raw := stream.readline(LONGEST_LINE):
        starts, whole = whole, raw.endswith(b"\n")
        number += starts
        if starts and raw.strip():
            yield number, raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw


def _entry(field: str, raw: bytes, number: int) -> tuple[str, str | None]:
    """The text and the token of a line. Raises `UsageError`."""
    try:
        entry = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as bad:
        raise UsageError(f"Line {number} is not JSON: {bad}.") from bad
    text, token = (entry.get(field), entry.get("token")) if isinstance(entry, dict) else (None, None)
    if not isinstance(text, str) or not isinstance(token, str | None):
        raise UsageError(f'Line {number} needs a text "{field}", and "token" where it has one must be text.')
    return text, token


def _plain(raw: bytes, number: int) -> str:
    """A line as it stands. Raises `UsageError` for one that is no text or too long."""
    if len(raw) >= LONGEST_LINE:
        raise UsageError(f"Line {number} is longer than {LONGEST_LINE:,} bytes.")
    try:
        return raw.decode("utf-8").strip()
    except ValueError as bad:
        raise UsageError(f"Line {number} is no UTF-8 text.") from bad


def read_text() -> str:
    """All of standard input, up to a length that nobody types."""
    return sys.stdin.buffer.read(LONGEST_LINE).decode("utf-8", "replace") if sys.stdin else ""
