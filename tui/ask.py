"""``steward ask`` and ``steward sql``: one question or a batch, as text for people or data for programs."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TextIO

import click

from catalog.engine import Limits
from catalog.errors import GovernanceError, UsageError
from catalog.generations import Generation, default_home, pinned
from nl2sql.session import Session, open_session
from nl2sql.turn import Answered, AskedBack, Denied, Drafted, Event, Failed, Outcome, Refused, Stage
from tui.envelope import dumps, envelope
from tui.output import FORMATS, write_rows
from tui.safe import safe

DENIED, NO_ANSWER = 5, 6
Asker = Callable[[str, Session], Iterator[Event]]


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """What both verbs take."""
    for option in reversed((
        click.option("--batch", type=click.File("r", encoding="utf-8"), help="JSON lines to answer, one JSON result per line; '-' is standard input."),
        click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How rows are written."),
        click.option("--json", "as_json", is_flag=True, help="The whole answer as one JSON object; same as --format json."),
        click.option("--token", envvar="STEWARD_TOKEN", help="Proves who asks; none is anonymous.  [env: STEWARD_TOKEN]"),
        click.option("--limit", type=click.IntRange(1, 1_000_000), default=500, show_default=True, help="Most rows shown."),
        click.option("--timeout", type=click.FloatRange(0.1, 3600), default=10.0, show_default=True, help="Seconds a query may run."),
        click.option("--now", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="The clock for 'today', UTC.  [default: the catalog's]"),
        click.option("--quiet", "-q", is_flag=True, help="Rows only; errors still show."),
    )):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("question", nargs=-1)
@click.option("--sql", "sql_only", is_flag=True, help="Show the approved SQL, do not run it.")
@click.option("--backend", default="embedded", show_default=True, help="The model that drafts.")
@_options
@click.pass_context
def ask(ctx: click.Context, /, question: tuple[str, ...], sql_only: bool, backend: str, **options: Any) -> None:
    r"""Ask a QUESTION in plain words.

    \b
    steward ask "which datasets contain personal data stored outside the EU?"
    steward ask --format csv "open critical alerts by node" > alerts.csv
    echo "who owns C4" | steward ask -
    steward ask --batch questions.jsonl      # lines such as {"question": "…", "token": "…"}
    """
    from nl2sql.backends import open_backend

    def asker(text: str, session: Session) -> Iterator[Event]:
        from nl2sql.pipeline import ask as ask_question

        return ask_question(text, session, model(), run=not sql_only)

    model = cache(lambda: open_backend(backend))
    ctx.exit(_answer(ctx, "question", question, asker, options))


@click.command()
@click.argument("statement", nargs=-1)
@_options
@click.pass_context
def sql(ctx: click.Context, /, statement: tuple[str, ...], **options: Any) -> None:
    r"""Run your own SELECT STATEMENT over the views that you may see.

    \b
    steward sql "SELECT name, licence FROM datasets WHERE pii"
    steward sql --batch statements.jsonl     # lines such as {"sql": "…", "token": "…"}
    """

    def asker(text: str, session: Session) -> Iterator[Event]:
        from nl2sql.pipeline import ask_sql

        return ask_sql(text, session)

    ctx.exit(_answer(ctx, "sql", statement, asker, options))


def _answer(ctx: click.Context, what: str, words: tuple[str, ...], asker: Asker, options: dict[str, Any]) -> int:
    home = ctx.obj or default_home()
    with ExitStack() as stack:
        if options["batch"] is not None:
            if words:
                raise UsageError(f"Give a {what} or --batch, not both.")
            generation = stack.enter_context(pinned(home))
            return _batch(what, options["batch"], asker, _Sessions(home, generation, options, stack))
        text = " ".join(words)
        if text == "-" or (not text and not sys.stdin.isatty()):
            text = sys.stdin.read()
        if not text.strip():
            click.echo(ctx.get_help(), err=True)
            return 2
        generation = stack.enter_context(pinned(home))
        session = _Sessions(home, generation, options, stack).open(options["token"])
        outcome, stages = _finish(asker(text, session))
        return _show(outcome, stages, "json" if options["as_json"] else options["form"], options["quiet"])


class _Sessions:
    """Sessions by token, each opened once."""

    def __init__(self, home: Path, generation: Generation, options: dict[str, Any], stack: ExitStack) -> None:
        self.home, self.generation, self.options, self.stack = home, generation, options, stack
        self.opened: dict[str | None, Session] = {}

    def open(self, token: str | None) -> Session:
        if token not in self.opened:
            limits = Limits(rows=self.options["limit"], deadline_s=self.options["timeout"])
            now: datetime | None = self.options["now"]
            session = open_session(self.home, self.generation, token, now, limits)
            self.stack.callback(session.close)
            self.opened[token] = session
        return self.opened[token]


def _finish(events: Iterator[Event]) -> tuple[Outcome, dict[str, float]]:
    """Run a turn to its end; the outcome and the milliseconds of each stage."""
    stages: dict[str, float] = {}
    outcome: Outcome | None = None
    for event in events:
        if isinstance(event, Stage):
            stages[event.name] = event.elapsed_ms
        else:
            outcome = event
    assert outcome is not None, "a turn ends in exactly one outcome"
    return outcome, stages


def _batch(what: str, lines: TextIO, asker: Asker, sessions: _Sessions) -> int:
    """Answer every line; a bad line gets a result of its own and the rest go on. 2 if any line was bad."""
    code = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            text, token = _line(what, line, number)
            fields = envelope(*_finish(asker(text, sessions.open(token or sessions.options["token"]))))
            fields["question" if what == "question" else "statement"] = text
        except GovernanceError as error:
            code = 2 if isinstance(error, UsageError) else code
            status = "denied" if error.exit_code == DENIED else "failed"
            fields = {"status": status, "line": number, "message": error.what, "hint": error.hint, "exit_code": error.exit_code}
        click.echo(dumps(fields))
        sys.stdout.flush()
    return code


def _line(what: str, line: str, number: int) -> tuple[str, str | None]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as bad:
        raise UsageError(f"Line {number} is not JSON: {bad}.") from bad
    text, token = (entry.get(what), entry.get("token")) if isinstance(entry, dict) else (None, None)
    if not isinstance(text, str) or not isinstance(token, str | None):
        raise UsageError(f'Line {number} needs a text "{what}", and "token" where it has one must be text.')
    return text, token


def _show(outcome: Outcome, stages: dict[str, float], form: str, quiet: bool) -> int:
    """Write one outcome; the exit code says how it went."""
    if form == "json":
        click.echo(dumps(envelope(outcome, stages)))
        return _code(outcome)
    for_people = form == "table"
    match outcome:
        case Answered(result=result, freshness=fresh, message=message, sql=sql_text, decision=decision):
            if not quiet:
                click.echo(safe(message) + "\n", err=not for_people)
            write_rows(result, form)
            if result.truncated:
                click.echo(f"Only the first {len(result.rows):,} rows are shown; --limit shows more.", err=True)
            if not quiet:
                confidence = f"   confidence: {outcome.confidence:.0%}" if outcome.confidence is not None else ""
                masked = f"   masked: {', '.join(decision.masked)}" if decision.masked else ""
                click.echo(f"\nSQL: {safe(sql_text)}", err=not for_people)
                click.echo(f"{decision.verdict} for {safe(decision.principal)} by {', '.join(decision.rules)}{masked}{confidence}", err=not for_people)
                click.echo(f"data as of {fresh.oldest or 'unknown'} to {fresh.newest or 'unknown'}, generation {fresh.generation}", err=not for_people)
        case Drafted(sql=sql_text):
            click.echo(safe(sql_text))
        case AskedBack(message=message, choices=choices):
            click.echo(safe(message), err=True)
            for number, choice in enumerate(choices, 1):
                click.echo(f"  {number}. {safe(choice)}", err=True)
        case Refused(message=message):
            click.echo(safe(message), err=True)
        case Denied(message=message, hint=hint) | Failed(message=message, hint=hint):
            rules = f" (rule: {', '.join(outcome.decision.rules)})" if outcome.decision.rules else ""
            click.echo(f"{outcome.status}: {safe(message)}{rules}", err=True)
            if hint:
                click.echo(f"  {safe(hint)}", err=True)
    return _code(outcome)


def _code(outcome: Outcome) -> int:
    match outcome:
        case Failed(exit_code=code):
            return code
        case Denied():
            return DENIED
        case AskedBack() | Refused():
            return NO_ANSWER
    return 0
