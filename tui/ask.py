"""``steward ask`` and ``steward sql``: their options; ``turns`` does the work, and is loaded only once there is some."""

import math
import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.completion import names
from tui.options import token_option
from tui.settings import BACKENDS, FORMATS

if TYPE_CHECKING:
    from nl2sql.readings.conversation import Earlier
    from nl2sql.session import Session
    from nl2sql.turn import Event
    from tui.turns import Asker

BATCH_FORMATS = ("table", "json", "jsonl")
"""What goes with --batch, which writes JSON lines: the default, or saying so."""


def _finite(ctx: click.Context, parameter: click.Parameter, value: float) -> float:
    if math.isnan(value):
        raise click.BadParameter("not a number of seconds.")
    return value


def _near(ctx: click.Context, parameter: click.Parameter, value: datetime | None) -> datetime | None:
    if value is not None and not 1970 <= value.year < 2200:
        raise click.BadParameter("the years 1970 to 2199 are known.")
    return value


DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """What both verbs take."""
    for option in reversed((
        click.option("--batch", type=click.File("rb"), help="Lines to answer, JSON or plain, one JSON result per line; '-' is standard input."),
        click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How rows are written."),
        click.option("--json", "as_json", is_flag=True, help="The whole answer as one JSON object; same as --format json."),
        click.option("--chart", is_flag=True, help="Draw a breakdown as bars, a series over time as a line; JSON stays as it is."),
        click.option("--edit", "-e", is_flag=True, help="Edit the SQL in $EDITOR first; what you save is checked anew, then run."),
        click.option("--confirm", is_flag=True, help="Show the SQL and ask before it runs: yes, no, or edit."),
        token_option,
        click.option("--purpose", metavar="PURPOSE", help="What you ask for, one of your own; some rules allow more for it."),
        click.option("--limit", type=click.IntRange(1, 1_000_000), default=500, show_default=True, help="Most rows shown."),
        click.option("--timeout", type=click.FloatRange(0.1, 3600), default=10.0, show_default=True, callback=_finite, help="Seconds a query may run."),
        click.option("--now", type=click.DateTime(DATES), callback=_near, help="The clock for 'today', UTC.  [default: the catalog's]"),
        click.option("--receipt", type=click.Path(dir_okay=False, path_type=Path), help="Write a receipt of the turn into this file."),
        click.option("--quiet", "-q", is_flag=True, help="Rows only; errors still show."),
    )):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("question", nargs=-1, shell_complete=names("dataset", "model", "node", "metric"))
@click.option("--sql", "--no-run", "sql_only", is_flag=True, help="Show the approved SQL, do not run it.")
@click.option("--continue", "-c", "follow", is_flag=True, help="Goes on from your last question that was answered: 'only the stale ones'.")
@click.option("--backend", default="embedded", envvar="STEWARD_BACKEND", help=f"Drafts: {BACKENDS}.  [env: STEWARD_BACKEND; default: embedded]")
@click.option("--fallback", metavar="BACKEND", help="Drafts where the first cannot be reached, and says so.  [default: none]")
@_options
@click.pass_context
def ask(ctx: click.Context, /, question: tuple[str, ...], sql_only: bool, follow: bool, backend: str, fallback: str | None, **options: Any) -> None:
    """Ask a QUESTION in plain words.

    \b
    steward ask "which datasets contain personal data stored outside the EU?"
    steward ask --format csv "open critical alerts by node" > alerts.csv
    steward ask -c "only those updated daily"        # goes on from the question before
    steward ask --chart "datasets per licence class"
    echo "who owns C4" | steward ask -              # one question
    steward ask --batch questions.txt               # one a line, or {"question": "…", "token": "…"}
    """  # noqa: D301  click reads the backspace
    from nl2sql.backends import DeferredBackend, FallbackBackend
    from tui.safe import safe

    model = FallbackBackend(backend, fallback, lambda note: click.echo(safe(note), err=True)) if fallback else DeferredBackend(backend)

    is_script = options["quiet"] or options["as_json"] or options["form"] == "json" or options["batch"] is not None or options["edit"]

    if follow and options["batch"] is not None:
        raise click.UsageError("--continue goes on from one question; --batch has many.")

    def asker(text: str, session: "Session") -> "Iterator[Event]":
        from nl2sql.pipeline import ask as ask_question
        from nl2sql.turn import Answered, AskedBack, Drafted, earlier
        from tui import choosing, thread

        before = _before(session, options["quiet"] or options["as_json"]) if follow else ()
        for event in ask_question(text, session, model, run=not (sql_only or options["edit"] or options["confirm"]), before=before):
            if isinstance(event, Answered | Drafted) and options["batch"] is None and (said := earlier(event)):
                thread.remember(session.home, session.principal, (*before, said))
            if isinstance(event, Drafted) and options["edit"]:
                yield from _edited(event.sql, session, run=not sql_only)
            elif isinstance(event, AskedBack) and event.choices and not is_script and choosing.somebody_sits_here():
                yield from choosing.chosen(event, text, session, asker)
            elif isinstance(event, Drafted) and options["confirm"] and not sql_only:
                yield from _confirmed(event.sql, session, event.reading)
            else:
                yield event

    ctx.exit(_answer(ctx, "question", question, asker, options))


@click.command()
@click.argument("statement", nargs=-1)
@_options
@click.pass_context
def sql(ctx: click.Context, /, statement: tuple[str, ...], **options: Any) -> None:
    """Run your own SELECT STATEMENT over the views that you may see.

    \b
    steward sql "SELECT name, licence FROM datasets WHERE pii"
    steward sql --edit "SELECT * FROM nodes"        # in $EDITOR first
    steward sql --batch statements.sql              # one a line, or {"sql": "…", "token": "…"}
    """  # noqa: D301

    def asker(text: str, session: "Session") -> "Iterator[Event]":
        from nl2sql.pipeline import ask_sql

        if options["confirm"]:
            return _confirmed(text, session)
        return _edited(text, session) if options["edit"] else ask_sql(text, session)

    ctx.exit(_answer(ctx, "sql", statement, asker, options))


def _before(session: "Session", is_quiet: bool) -> "tuple[Earlier, ...]":
    """The turns to go on from. Raises `UsageError` where there are none."""
    from catalog.errors import UsageError
    from tui import thread
    from tui.safe import safe

    earlier = thread.before(session.home, session.principal)
    if not earlier:
        raise UsageError("There is no question to go on from.", "Ask one without --continue first; beside an encrypted catalog none is kept.")
    if not is_quiet:
        click.echo(f"After: {safe(earlier[-1].question)}", err=True)
    return earlier


def _edited(statement: str, session: "Session", run: bool = True) -> "Iterator[Event]":
    """The statement as it leaves the editor, through the same guard; one that is not saved is not run."""
    from nl2sql.pipeline import ask_sql

    saved = click.edit(statement + "\n", extension=".sql", require_save=True)
    if saved is None or not saved.strip():
        click.echo("Nothing was saved, so that nothing is run.", err=True)
        raise click.Abort
    yield from ask_sql(saved.strip(), session, run=run)


def _confirmed(statement: str, session: "Session", reading: str = "") -> "Iterator[Event]":
    """The statement once its asker says so, as it is or as they edit it; one that is not wanted is not run."""
    from nl2sql.pipeline import ask_sql
    from tui.narration import hush
    from tui.safe import safe

    hush()
    if reading:
        click.echo(f"Read as: {safe(reading)}.", err=True)
    click.echo(f"SQL: {safe(statement)}", err=True)
    said = click.prompt("Run it? [Y/n/e]", type=click.Choice(("y", "n", "e"), case_sensitive=False), default="y", show_default=False, show_choices=False, err=True)
    if said == "n":
        from tui.show import NO_ANSWER

        click.echo("Nothing is run.", err=True)
        raise click.exceptions.Exit(NO_ANSWER)
    yield from _edited(statement, session) if said == "e" else ask_sql(statement, session)


def _answer(ctx: click.Context, field: str, words: tuple[str, ...], asker: "Asker", options: dict[str, Any]) -> int:
    from catalog.storage.generations import default_home
    from tui import turns

    home = ctx.obj or default_home()
    if options["batch"] is not None:
        if words:
            raise click.UsageError(f"Give a {field} or --batch, not both.")
        if options["form"] not in BATCH_FORMATS:
            raise click.UsageError("--batch writes one JSON result per line and takes no other --format.")
        for name in ("receipt", "edit", "confirm", "chart"):
            if options[name]:
                raise click.UsageError(f"--{name} is of one turn; --batch has many.")
        return turns.batch(home, field, options["batch"], asker, options)
    if options["chart"] and not options["as_json"] and options["form"] not in ("table", "json"):
        raise click.UsageError("--chart draws for people; it goes with --format table.")
    if options["confirm"] and (options["edit"] or not (sys.stdin and sys.stdin.isatty())):
        raise click.UsageError("--confirm asks on a terminal, and has --edit among its answers. In a pipe, look at the SQL first with --sql.")
    if options["edit"] and not (sys.stdin and sys.stdin.isatty()) and not (os.environ.get("VISUAL") or os.environ.get("EDITOR")):
        raise click.UsageError("--edit needs a terminal, or an editor that VISUAL or EDITOR names.")
    if options["form"] == "parquet" and not options["as_json"] and sys.stdout is not None and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal: redirect it, as in --format parquet > rows.parquet.")
    text = " ".join(words)
    if text == "-" or (not text and sys.stdin is not None and not sys.stdin.isatty()):
        text = turns.read_text()
    if not text.strip():
        from tui.usage import nothing

        click.echo(nothing(ctx), err=True)
        return 2
    return turns.one(home, field, text, asker, options, "json" if options["as_json"] else options["form"])
