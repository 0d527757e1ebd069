"""``steward feedback``: say whether an answer was right; reviewers make verified queries of what was said, or nothing."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.envelope import dumps
from tui.options import json_option, token_option
from tui.reviewing import (
    about,
    acting,
    entry_fields,
    fields_of,
    show_fields,
)
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.review.feedback import Verdict
    from nl2sql.feedback import Told
    from nl2sql.session import Session

STATES = ("open", "promoted", "dismissed")


@click.group()
def feedback() -> None:
    """Say whether an answer was good or bad. Nothing is learned from it before a reviewer has looked."""


def _about_answer(command: Any) -> Any:
    """What ``good`` and ``bad`` take."""
    for option in reversed((
        click.option("--note", default="", help="What was right or wrong, for the reviewers."),
        click.option("--receipt", type=click.Path(dir_okay=False, path_type=Path), help="About the answer of this receipt.  [default: your last]"),
        click.option("--id", "seq", type=click.IntRange(1, 2**62), metavar="ACTION", help="About this action of yours in the audit log."),
        json_option,
        token_option,
    )):  # fmt: skip
        command = option(command)
    return command


@feedback.command()
@_about_answer
@click.pass_context
def good(ctx: click.Context, note: str, receipt: Path | None, seq: int | None, as_json: bool, token: str | None) -> None:
    """Say that your last answer was right.

    \b
    steward feedback good
    steward feedback good --receipt answer.json --note "as in the yearly report"
    """  # noqa: D301  click reads the backspace
    _give(ctx, "good", note, "", receipt, seq, as_json, token)


@feedback.command()
@click.option("--sql", "corrected", metavar="SQL", default="", help="The SQL that should have run; it must be yours to run.")
@_about_answer
@click.pass_context
def bad(ctx: click.Context, corrected: str, note: str, receipt: Path | None, seq: int | None, as_json: bool, token: str | None) -> None:
    """Say that your last answer was wrong, and what would have been right.

    \b
    steward feedback bad --note "deprecated datasets are missing"
    steward feedback bad --sql "SELECT name FROM datasets WHERE NOT deprecated"
    """  # noqa: D301
    _give(ctx, "bad", note, corrected, receipt, seq, as_json, token)


@feedback.command("list")
@click.option("--status", type=click.Choice(STATES), help="Only these.  [default: open]")
@click.option("--all", "every", is_flag=True, help="Promoted and dismissed ones too.")
@json_option
@token_option
@click.pass_context
def list_feedback(ctx: click.Context, status: str | None, every: bool, as_json: bool, token: str | None) -> None:
    """List what you said, and as a reviewer what others said of answers that you could have got.

    Example: steward feedback list --all
    """
    from nl2sql.feedback import listed

    with acting(ctx, token) as session:
        found = [entry for entry in listed(session) if entry.status == (status or "open") or (every and status is None)]
        said = about(session)
    if as_json:
        click.echo(dumps({**said, "feedback": [entry_fields(entry) for entry in found]}))
        return
    for entry in found:
        note = f"   {entry.said.note}" if entry.said.note else ""
        what = entry.said.question or "(SQL of their own)"
        click.echo(f"{entry.number:>5}  {entry.status:<9} {entry.verdict:<4} {safe(what)}   {safe(entry.author)} on {entry.given:%Y-%m-%d}{safe(note)}")
    click.echo(f"{len(found):,} entr{'y' if len(found) == 1 else 'ies'}.", err=True)


@feedback.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**62))
@json_option
@token_option
@click.pass_context
def show(ctx: click.Context, number: int, as_json: bool, token: str | None) -> None:
    """Show the entry ID: question, SQL, what was said of it.

    Example: steward feedback show 4
    """
    from nl2sql.feedback import shown

    with acting(ctx, token) as session:
        entry = shown(number, session)
    show_fields(entry_fields(entry), as_json)


@feedback.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**62))
@click.option("--question", default="", help="Another wording of the question.")
@click.option("--sql", "statement", metavar="SQL", default="", help="Other SQL than was said to be right.")
@json_option
@token_option
@click.pass_context
def promote(ctx: click.Context, number: int, question: str, statement: str, as_json: bool, token: str | None) -> None:
    """Propose a verified query made of the entry ID, as a reviewer. It is reviewed like any other.

    Example: steward feedback promote 4
    """
    from nl2sql.feedback import promote as propose

    with acting(ctx, token) as session:
        query = propose(number, session, question, statement)
    show_fields(fields_of(query), as_json)
    click.echo(f"Proposed as {query.number}. A reviewer decides: steward verified review {query.number} --approve", err=True)


@feedback.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**62))
@json_option
@token_option
@click.pass_context
def dismiss(ctx: click.Context, number: int, as_json: bool, token: str | None) -> None:
    """Close the entry ID without making anything of it, as a reviewer.

    Example: steward feedback dismiss 4
    """
    from nl2sql.feedback import dismiss as close

    with acting(ctx, token) as session:
        entry = close(number, session)
    if as_json:
        click.echo(dumps({"id": entry.number, "status": entry.status}))
    click.echo(f"Feedback {entry.number} is dismissed.", err=True)


def _give(ctx: click.Context, verdict: "Verdict", note: str, corrected: str, receipt: Path | None, seq: int | None, as_json: bool, token: str | None) -> None:
    from nl2sql.feedback import give

    if receipt is not None and seq is not None:
        raise click.UsageError("Give --receipt or --id, not both.")
    with acting(ctx, token) as session:
        entry = give(verdict, _told(session, receipt, seq), session, note, corrected)
    if as_json:
        click.echo(dumps(entry_fields(entry)))
    click.echo(f"Thank you: feedback {entry.number} waits for a reviewer.", err=True)


def _told(session: "Session", receipt: Path | None, seq: int | None) -> "Told":
    """The answer that is meant. Raises `UsageError` for one that is not the asker's, `VerificationFailed` for a receipt that does not hold."""
    from nl2sql.feedback import answered, of_receipt
    from tui.last import last

    if receipt is not None:
        return of_receipt(receipt, session)
    return answered(seq, session) if seq is not None else last(session.home, session.principal)
