"""``steward catalog list`` and ``show``: the datasets or models that one may see, by name, and everything that is known of one.

Both read through the same guard as a question, and are recorded like one.
"""

from typing import TYPE_CHECKING

import click

from tui.completion import names
from tui.envelope import cell, dumps
from tui.options import json_option, token_option
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.engine.engine import ResultSet
    from nl2sql.session import Session

BESIDE = {"datasets": ("owner", "licence", "quality_score", "last_updated"), "models": ("owner", "licence", "released")}
"""Columns beside the name, as far as the asker sees them."""
MOST = 1_000_000
"""Rows that are read at once."""


@click.command("list")
@click.argument("words", nargs=-1, shell_complete=names("dataset"))
@click.option("--models", "is_models", is_flag=True, help="Models in place of datasets.")
@click.option("--limit", type=click.IntRange(1, MOST), default=100, show_default=True, help="Most names shown.")
@json_option
@token_option
@click.pass_context
def list_names(ctx: click.Context, words: tuple[str, ...], is_models: bool, limit: int, as_json: bool, token: str | None) -> None:
    """List the datasets that you may see, or the models; with WORDS, those whose name has all of them.

    \b
    steward catalog list
    steward catalog list common
    steward catalog list --models llama
    """  # noqa: D301  click reads the backspace
    from tui.output import on_terminal, text
    from tui.reviewing import about, acting
    from tui.table import table

    view = "models" if is_models else "datasets"
    with acting(ctx, token) as session:
        shown = ["name", *(column for column in BESIDE[view] if column in _columns(session, view))]
        result = _read(session, _listed(view, shown, words, limit))
        said = about(session)
    count = result.rows[0][-1] if result.rows else 0
    if as_json:
        rows = [dict(zip(shown, map(cell, row), strict=False)) for row in result.rows]
        click.echo(dumps({**said, "view": view, "count": count, "truncated": count > len(rows), view: rows}))
        return
    if count:
        cells = [[None if value is None else text(value) for value in row[:-1]] for row in result.rows]
        click.echo(table(shown, result.types[:-1], cells, on_terminal()), nl=False)
    more = f"; the first {len(result.rows):,} are shown, --limit shows more" if count > len(result.rows) else ""
    hint = "" if count else " By meaning: steward catalog similar TEXT"
    click.echo(f"{count:,} {view[:-1] if count == 1 else view}{more}.{hint}", err=True)


def _listed(view: str, columns: list[str], words: tuple[str, ...], limit: int) -> str:
    """SQL of the first rows whose name has all the words in it, in any case; the last column counts all of them."""
    tests = [f"{view}.name IS NOT NULL", *(f"contains(lower({view}.name), lower({_text(word)}))" for word in words)]
    rows = f"SELECT DISTINCT {', '.join(f'{view}.{column}' for column in columns)} FROM {view} WHERE {' AND '.join(tests)}"
    order = ", ".join(f"r.{column}" for column in columns)
    return f"SELECT {order}, count(*) OVER () AS found FROM ({rows}) AS r ORDER BY {order} LIMIT {limit}"


@click.command()
@click.argument("name", shell_complete=names("dataset", "model"))
@json_option
@token_option
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool, token: str | None) -> None:
    """Show everything that you may see of the dataset or model NAME; held by several nodes, the newest word for it.

    \b
    steward catalog show C4
    steward catalog show LLaMA --json
    """  # noqa: D301
    from tui.output import text
    from tui.reviewing import about, acting

    with acting(ctx, token) as session:
        view, bearer = _bearer(session, name)
        columns = _columns(session, view)
        newest = f" ORDER BY {view}.as_of DESC" if "as_of" in columns else ""
        sql = f"SELECT {', '.join(f'{view}.{column}' for column in columns)} FROM {view} WHERE {view}.name = {_text(bearer)}{newest}"
        result = _read(session, sql)
        said = about(session)
    fields = dict(zip(result.columns, result.rows[0], strict=True)) if result.rows else {}
    if as_json:
        click.echo(dumps({**said, "kind": view[:-1], "nodes": len(result.rows), **{key: cell(value) for key, value in fields.items()}}))
        return
    for key, value in fields.items():
        if value not in (None, "", []):
            click.echo(f"{key.replace('_', ' '):<18}  {text(value)}")
    beside = f"{len(result.rows)} nodes say this; the newest is shown. " if len(result.rows) > 1 else ""
    click.echo(f"{beside}What it comes from: steward catalog lineage {_argument(bearer)}", err=True)


def _text(value: str) -> str:
    """A text as SQL has it."""
    from sqlglot import exp

    return exp.Literal.string(value).sql(dialect="duckdb")


def _columns(session: "Session", view: str) -> list[str]:
    """Columns that the asker sees of a view. Raises `AccessDenied` where it is closed."""
    from catalog.errors import AccessDenied
    from tui.views import described

    if view in session.authorisation.denials:
        raise AccessDenied(f"The view {view} is not open to you.", session.authorisation.denials[view].rule)
    return [column["name"] for column in described(session.authorisation)[view]["columns"]]


def _read(session: "Session", sql: str) -> "ResultSet":
    """The rows of a statement of ours, under the asker's guard. Raises `GovernanceError`."""
    from dataclasses import replace

    from catalog.errors import AccessDenied, QueryFailed
    from nl2sql.pipeline import ask_sql
    from nl2sql.turn import Answered, Denied

    session.limits = replace(session.limits, rows=MOST)
    *_, outcome = ask_sql(sql, session)
    if isinstance(outcome, Answered):
        return outcome.result
    if isinstance(outcome, Denied):
        raise AccessDenied(outcome.message, ", ".join(outcome.decision.rules), outcome.hint)
    raise QueryFailed(getattr(outcome, "message", "Nothing was found."), getattr(outcome, "hint", ""))


def _bearer(session: "Session", name: str) -> tuple[str, str]:
    """View and name of what is called so, in any case. Raises `UsageError` with the nearest names that the asker may see."""
    import difflib

    from catalog.errors import UsageError

    known: dict[str, tuple[str, str]] = {}
    for kind in session.index.names.values():
        for slot, view in (("model", "models"), ("dataset", "datasets")):
            known |= {found.lower(): (view, found) for found in kind.get(slot, ())}
    if name.lower().strip() in known:
        return known[name.lower().strip()]
    near = [known[found][1] for found in difflib.get_close_matches(name.lower(), known, n=3)]
    raise UsageError(
        f"There is no dataset or model named {safe(name)!r} that you may see.",
        f"Did you mean {' or '.join(near)}?" if near else "Search by meaning: steward catalog similar TEXT",
    )


def _argument(name: str) -> str:
    """A name as a shell takes it."""
    import shlex

    return shlex.quote(safe(name))
