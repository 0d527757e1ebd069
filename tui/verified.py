"""``steward verified`` and ``steward suggest``: questions whose SQL a person verified, and those among them that run for the asker."""

from typing import Any

import click

from tui.envelope import dumps
from tui.options import json_option, token_option
from tui.reviewing import (
    NOT_OPEN,
    about,
    acting,
    fields_of,
    parameters_of,
    show_fields,
)
from tui.safe import safe

STATES = ("proposed", "approved", "rejected", "stale")


@click.group()
def verified() -> None:
    """Verified queries: questions with SQL that one person wrote and another approved.

    Whoever asks such a question gets that SQL, through the same guard, policy and sandbox as any other, and is told who verified it.
    """


@verified.command()
@click.argument("question", required=False)
@click.option("--sql", "statement", metavar="SQL", help="The SQL that answers it; holes are literals of their own: '{dataset}'.")
@click.option("--last", "is_last", is_flag=True, help="Your last answer: its SQL, and its question where none is given.")
@json_option
@token_option
@click.pass_context
def add(ctx: click.Context, question: str | None, statement: str | None, is_last: bool, as_json: bool, token: str | None) -> None:
    """Propose a verified query: QUESTION and the SQL that answers it. A reviewer approves or rejects it.

    What the question names and the SQL has as a literal becomes a hole, so that it holds for other names too. Holes can be
    written by hand: {dataset}, {dataset2}, {country}, {number}, or with an example, {dataset=C4}. Of a {period} the SQL has
    '{period.start}' and '{period.end}'; '{now}' and '{today}' are the asker's clock.

    \b
    steward verified add "who owns C4" --sql "SELECT owner FROM datasets WHERE name = 'C4'"
    steward verified add "who has {dataset}" --sql "SELECT owner FROM datasets WHERE name='{dataset}'"
    steward ask "which nodes are down" && steward verified add --last
    """  # noqa: D301  click reads the backspace
    from nl2sql.pairs import drafted
    from nl2sql.reviewing import propose
    from nl2sql.verified import layer_version
    from tui.last import last

    if bool(statement) == is_last:
        raise click.UsageError("Give --sql or --last.")
    with acting(ctx, token) as session:
        clock = None
        if is_last:
            told = last(session.home, session.principal)
            question, statement, clock = question or told.question, told.sql, told.clock
        if not question:
            raise click.UsageError("Give the question too: your last answer was to SQL of your own." if is_last else "Give the question that the SQL answers.")
        query = propose(drafted(question, statement or "", session, layer_version(), clock), session)
    show_fields(fields_of(query), as_json)
    click.echo(f"Proposed as {query.number}. A reviewer decides: steward verified review {query.number} --approve", err=True)


@verified.command("list")
@click.option("--status", type=click.Choice(STATES), help="Only these.")
@json_option
@token_option
@click.pass_context
def list_verified(ctx: click.Context, status: str | None, as_json: bool, token: str | None) -> None:
    """List the verified queries that you could ask, and your own; reviewers see what waits, too.

    Those that no longer run are stale and not used.

    \b
    steward verified list
    steward verified list --status proposed
    """  # noqa: D301
    from nl2sql.reviewing import listed

    with acting(ctx, token) as session:
        found = [one for one in listed(session) if status in (None, one.state)]
        said = about(session)
    if as_json:
        click.echo(dumps({**said, "verified": [fields_of(one.query, one) for one in found]}))
        return
    for one in found:
        who = f"by {one.reviewer} on {one.query.reviewed:%Y-%m-%d}" if one.reviewer and one.query.reviewed else f"proposed by {one.author}"
        older = ", for an older semantic layer" if one.is_older else ""
        click.echo(f"{one.query.number:>5}  {one.state:<9} {safe(one.pair.question if one.pair else NOT_OPEN)}   {safe(who)}{older}")
    click.echo(f"{len(found):,} verified quer{'y' if len(found) == 1 else 'ies'}.", err=True)


@verified.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**62))
@json_option
@token_option
@click.pass_context
def show(ctx: click.Context, number: int, as_json: bool, token: str | None) -> None:
    """Show the verified query ID: question, SQL, holes, who proposed and who reviewed it.

    Example: steward verified show 3
    """
    from nl2sql.reviewing import shown

    with acting(ctx, token) as session:
        found = shown(number, session)
    show_fields(fields_of(found.query, found), as_json)


@verified.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**62))
@click.option("--approve", "is_approved", flag_value=True, type=bool, default=None, help="From now on it answers its question.")
@click.option("--reject", "is_approved", flag_value=False, type=bool, help="It is not used, or no longer.")
@click.option("--note", default="", help="Why, for its author and other reviewers.")
@json_option
@token_option
@click.pass_context
def review(ctx: click.Context, number: int, is_approved: bool | None, note: str, as_json: bool, token: str | None) -> None:
    """Approve or reject the verified query ID, as one of the policy's reviewers.

    Its SQL must run for you, and you are not its author unless the policy names no other reviewer.

    \b
    steward verified review 3 --approve
    steward verified review 3 --reject --note "deprecated datasets are missing"
    """  # noqa: D301
    from nl2sql.reviewing import review as decide

    if is_approved is None:
        raise click.UsageError("Give --approve or --reject.")
    with acting(ctx, token) as session:
        query = decide(number, is_approved, note, session)
    if as_json:
        click.echo(dumps(fields_of(query)))
    click.echo(f"Verified query {query.number} is {query.status}.", err=True)


@verified.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**62))
@json_option
@token_option
@click.pass_context
def remove(ctx: click.Context, number: int, as_json: bool, token: str | None) -> None:
    """Remove the verified query ID for good: a reviewer any, its author while it is not approved.

    Example: steward verified remove 3
    """
    from nl2sql.reviewing import remove as forget

    with acting(ctx, token) as session:
        forget(number, session)
    if as_json:
        click.echo(dumps({"id": number, "removed": True}))
    click.echo(f"Verified query {number} is removed.", err=True)


@verified.command()
@click.option("--format", "form", type=click.Choice(("jsonl", "json")), default="jsonl", show_default=True, help="How pairs are written.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object; same as --format json.")
@token_option
@click.pass_context
def export(ctx: click.Context, form: str, as_json: bool, token: str | None) -> None:
    """Write the approved pairs that you could ask: question, SQL and parameters, to train or to test on.

    Example: steward verified export > pairs.jsonl
    """
    from nl2sql.reviewing import exported

    with acting(ctx, token) as session:
        found: list[dict[str, Any]] = [
            {"question": q.pair.question, "sql": q.pair.sql, "parameters": parameters_of(q.pair.parameters)} for q in exported(session)
        ]
        said = about(session)
    if as_json or form == "json":
        click.echo(dumps({**said, "pairs": found}))
        return
    for pair in found:
        click.echo(dumps(pair))


@click.command()
@click.argument("text", nargs=-1)
@click.option("--limit", "-n", "most", type=click.IntRange(1, 50), default=5, show_default=True, help="How many to show.")
@json_option
@token_option
@click.pass_context
def suggest(ctx: click.Context, text: tuple[str, ...], most: int, as_json: bool, token: str | None) -> None:
    """Suggest questions that run for you: verified ones, with names that you may see, each run just now; like TEXT, if any.

    \b
    steward suggest
    steward suggest personal data outside the EU
    """  # noqa: D301
    from nl2sql.reviewing import suggestions

    with acting(ctx, token) as session:
        found = suggestions(" ".join(text), most, session)
        said = about(session)
    if as_json:
        shown = [{"id": one.number, "question": one.question, "form": one.form, "verified": {"by": one.verified.by, "on": one.verified.on}} for one in found]
        click.echo(dumps({**said, "suggestions": shown}))
        return
    for one in found:
        click.echo(f"{safe(one.question)}   ({safe(str(one.verified))})")
    if not found:
        click.echo("No verified query is like this and runs for you.", err=True)
