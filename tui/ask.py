"""``steward ask`` and ``steward sql``: their options; ``turns`` does the work, and is loaded only once there is some."""

import math
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nl2sql.session import Session
    from nl2sql.turn import Event
    from tui.turns import Asker

FORMATS = ("table", "json", "jsonl", "csv", "md", "parquet")
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
        click.option("--batch", type=click.File("rb"), help="JSON lines to answer, one JSON result per line; '-' is standard input."),
        click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How rows are written."),
        click.option("--json", "as_json", is_flag=True, help="The whole answer as one JSON object; same as --format json."),
        click.option("--token", envvar="STEWARD_TOKEN", help="Proves who asks; none is anonymous.  [env: STEWARD_TOKEN]"),
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
@click.argument("question", nargs=-1)
@click.option("--sql", "sql_only", is_flag=True, help="Show the approved SQL, do not run it.")
@click.option("--backend", default="embedded", envvar="STEWARD_BACKEND", help="Drafts: embedded, vllm[:MODEL or URL], transformers:MODEL, scripted:FILE.  [env: STEWARD_BACKEND; default: embedded]")
@click.option("--fallback", metavar="BACKEND", help="Drafts where the first cannot be reached, and says so.  [default: none]")
@_options
@click.pass_context
def ask(ctx: click.Context, /, question: tuple[str, ...], sql_only: bool, backend: str, fallback: str | None, **options: Any) -> None:
    """Ask a QUESTION in plain words.

    \b
    steward ask "which datasets contain personal data stored outside the EU?"
    steward ask --format csv "open critical alerts by node" > alerts.csv
    echo "who owns C4" | steward ask -
    steward ask --batch questions.jsonl      # lines such as {"question": "…", "token": "…"}
    """  # noqa: D301  click reads the backspace
    from nl2sql.backends import DeferredBackend, FallbackBackend
    from tui.safe import safe

    model = FallbackBackend(backend, fallback, lambda note: click.echo(safe(note), err=True)) if fallback else DeferredBackend(backend)

    def asker(text: str, session: "Session") -> "Iterator[Event]":
        from nl2sql.pipeline import ask as ask_question

        return ask_question(text, session, model, run=not sql_only)

    ctx.exit(_answer(ctx, "question", question, asker, options))


@click.command()
@click.argument("statement", nargs=-1)
@_options
@click.pass_context
def sql(ctx: click.Context, /, statement: tuple[str, ...], **options: Any) -> None:
    """Run your own SELECT STATEMENT over the views that you may see.

    \b
    steward sql "SELECT name, licence FROM datasets WHERE pii"
    steward sql --batch statements.jsonl     # lines such as {"sql": "…", "token": "…"}
    """  # noqa: D301

    def asker(text: str, session: "Session") -> "Iterator[Event]":
        from nl2sql.pipeline import ask_sql

        return ask_sql(text, session)

    ctx.exit(_answer(ctx, "sql", statement, asker, options))


def _answer(ctx: click.Context, field: str, words: tuple[str, ...], asker: "Asker", options: dict[str, Any]) -> int:
    from catalog.storage.generations import default_home
    from tui import turns

    home = ctx.obj or default_home()
    if options["batch"] is not None:
        if words:
            raise click.UsageError(f"Give a {field} or --batch, not both.")
        if options["form"] not in BATCH_FORMATS:
            raise click.UsageError("--batch writes one JSON result per line and takes no other --format.")
        if options["receipt"] is not None:
            raise click.UsageError("--receipt is of one turn; --batch has many.")
        return turns.batch(home, field, options["batch"], asker, options)
    if options["form"] == "parquet" and not options["as_json"] and sys.stdout is not None and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal: redirect it, as in --format parquet > rows.parquet.")
    text = " ".join(words)
    if text == "-" or (not text and sys.stdin is not None and not sys.stdin.isatty()):
        text = turns.read_text()
    if not text.strip():
        click.echo(ctx.get_help(), err=True)
        return 2
    return turns.one(home, field, text, asker, options, "json" if options["as_json"] else options["form"])
