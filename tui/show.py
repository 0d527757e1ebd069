"""Shows one outcome to a person, or its rows to a program: data on standard output, everything else on standard error."""

import re

import click

from nl2sql.turn import Answered, AskedBack, Cancelled, Denied, Drafted, Failed, Freshness, Outcome, Refused
from tui.output import on_terminal, write_rows
from tui.safe import safe

DENIED, NO_ANSWER, INTERRUPTED = 5, 6, 130
SHORT, AROUND = 70, 30
"""Characters of SQL that stand on one line, and that are shown on either side of a place."""


def show(outcome: Outcome, form: str, quiet: bool, limit: int, is_chart: bool = False) -> None:
    """Write one outcome in any format but JSON; with ``quiet``, rows and errors only; ``is_chart`` draws the rows where they can be."""
    match outcome:
        case Answered():
            _answer(outcome, form, quiet, limit, is_chart)
        case Drafted(sql=sql):
            click.echo(safe(sql) if on_terminal() else sql)
            if not quiet:
                click.echo(_decision(outcome), err=True)
        case AskedBack(message=message, choices=choices):
            click.echo(safe(message), err=True)
            for number, choice in enumerate(choices, 1):
                click.echo(f"  {number}. {safe(choice)}", err=True)
        case Refused(message=message) | Cancelled(message=message):
            click.echo(safe(message), err=True)
        case Denied(message=message, hint=hint) | Failed(message=message, hint=hint):
            rules = f" (rule: {', '.join(outcome.decision.rules)})" if outcome.decision.rules else ""
            click.echo(safe(f"{outcome.status}: {message}{rules}"), err=True)
            if hint:
                click.echo(f"  {safe(hint)}", err=True)
            if outcome.sql and not quiet:
                for line in pointed(safe(outcome.sql), safe(message)):
                    click.echo(f"  {line}", err=True)


def pointed(sql: str, message: str) -> list[str]:
    """A statement, and below it a caret at what the message puts in quotation marks; of a long one, that part of it once more."""
    place = next((found for name in re.findall(r"'(\w+)'", message) if (found := re.search(rf"\b{name}\b", sql))), None)
    if place is None:
        return [f"SQL: {sql}"]
    if len(sql) <= SHORT:
        return [f"SQL: {sql}", " " * (len("SQL: ") + place.start()) + "^" * len(place[0])]
    start = max(0, place.start() - AROUND)
    part = sql[start : place.end() + AROUND]
    return [f"SQL: {sql}", f"at:  {part}", " " * (len("at:  ") + place.start() - start) + "^" * len(place[0])]


def exit_code(outcome: Outcome) -> int:
    """The status of a process that ends with this outcome."""
    match outcome:
        case Failed(exit_code=code):
            return code
        case Denied():
            return DENIED
        case AskedBack() | Refused():
            return NO_ANSWER
        case Cancelled():
            return INTERRUPTED
    return 0


def _answer(outcome: Answered, form: str, quiet: bool, limit: int, is_chart: bool) -> None:
    result, aside = outcome.result, form != "table"  # a table is for people, who read the rest beside it
    if not quiet:
        click.echo(safe(outcome.message) + "\n", err=aside)
    if not (is_chart and _drawn(outcome)):
        write_rows(result, form)
    if result.truncated:
        more = "--limit shows more" if len(result.rows) >= limit else "more would not fit into 50 MB"
        click.echo(f"Only the first {len(result.rows):,} rows are shown; {more}.", err=True)
    if not quiet:
        click.echo(f"\nSQL: {safe(outcome.sql)}", err=aside)
        click.echo(_decision(outcome), err=aside)
        click.echo(_age(outcome.freshness), err=aside)


def _drawn(outcome: Answered) -> bool:
    """Draw the rows; where they are nothing to draw, say so."""
    import shutil

    from tui.chart import NEITHER, chart, series_of
    from tui.table import is_styled

    series = series_of(outcome.result)
    if series is None:
        click.echo(NEITHER, err=True)
        return False
    click.echo(chart(series, shutil.get_terminal_size().columns, is_styled(on_terminal())), nl=False)
    return True


def _decision(outcome: Outcome) -> str:
    decision, confidence = outcome.decision, outcome.confidence
    by = f" by {', '.join(decision.rules)}" if decision.rules else ""
    masked = f"   masked: {', '.join(decision.masked)}" if decision.masked else ""
    sure = f"   confidence: {confidence:.0%}" if confidence is not None else ""
    badge = f"   {outcome.verified}" if outcome.verified else ""
    return safe(f"{decision.verdict} for {decision.principal}{by}{masked}{sure}{badge}")


def _age(fresh: Freshness) -> str:
    if fresh.newest is None:
        return f"no age is known of this data, generation {fresh.generation}"
    return f"data as of {fresh.oldest} to {fresh.newest} UTC, generation {fresh.generation}"
