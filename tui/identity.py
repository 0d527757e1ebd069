"""``steward catalog matches``, ``merge`` and ``split``: which names may be one dataset, and deciding it."""

from typing import TYPE_CHECKING, Any

import click

from tui.completion import names
from tui.envelope import cell, dumps
from tui.options import json_option, token_option
from tui.safe import safe

if TYPE_CHECKING:
    from tui.looking import Look

MOST = 10_000


@click.command()
@click.argument("name", required=False, shell_complete=names("dataset"))
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.6, show_default=True, help="Only guesses of at least this score.")
@click.option("--limit", "-n", "most", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many to show.")
@click.option("--merged", is_flag=True, help="What was decided instead of guesses: who merged what, and when.")
@json_option
@token_option
@click.pass_context
def matches(ctx: click.Context, name: str | None, min_score: float, most: int, merged: bool, as_json: bool, token: str | None) -> None:
    """List pairs of datasets that may be one under two names, the likeliest first, with reasons; with NAME, only its own.

    Nothing is merged by this. What was merged is not listed again, nor what was split after it.

    \b
    steward catalog matches
    steward catalog matches Alpaca --min-score 0.3
    steward catalog merge alpaca tatsu-lab/alpaca
    """  # noqa: D301  click reads the backspace
    from dataclasses import replace

    from catalog.audit.log import OPERATOR
    from catalog.claims.identity import Match
    from catalog.claims.identity import matches as guesses
    from catalog.claims.merges import STATE, Merge, Merges, groups
    from tui.looking import looking

    with looking(ctx.obj, token, f"matches of {name}" if name else "matches", "datasets", ("name",)) as look:
        home = look.session.home
        seen = {row[0] for row in look.connection.execute("SELECT name FROM datasets").fetchall()}
        wanted = None if name is None else _wanted(look, name)
        all_ = Merges(home).all() if (home / STATE).exists() else []
        decided = [m for m in all_ if m.name in seen and m.other in seen and (wanted is None or wanted in (m.name, m.other))]
        found: list[Match] = []
        if not merged:
            same = groups((m.name, m.other) for m in all_ if m.split_at is None)
            apart = {frozenset((m.name, m.other)) for m in decided if m.split_at}
            for match in guesses(_known(look), min_score):
                pair = frozenset((match.name, match.other))
                if (wanted is None or wanted in pair) and pair not in apart and not any(pair <= group for group in same):
                    found.append(match)
        look.rows = len(decided) if merged else len(found)
        permit = look.session.authorisation.permits.get("audit_log")
        named = permit is not None and permit.columns.get("actor") == "show"
        open_names = {OPERATOR, look.session.principal.name}
        # Who did what is the audit log's to tell.
        decided = [replace(m, by=_open(m.by, named, open_names), split_by=m.split_by and _open(m.split_by, named, open_names)) for m in decided]
    if as_json:
        told = {"merges": [_merge(m) for m in decided[:most]]} if merged else {"matches": [_match(m) for m in found[:most]]}
        click.echo(dumps({**look.about(), "name": wanted, "count": look.rows, **told}))
        return
    if not look.rows:
        click.echo("Nothing that you may see was merged." if merged else f"No guess of {min_score:g} or better.", err=True)
        return
    from tui.output import on_terminal
    from tui.table import table

    if merged:

        def when(merge: Merge) -> list[str]:
            undone = f"{merge.split_at:%Y-%m-%d %H:%M} by {merge.split_by}" if merge.split_at else ""
            return [safe(merge.name), safe(merge.other), safe(f"{merge.at:%Y-%m-%d %H:%M} by {merge.by}"), safe(undone)]

        text = table(["name", "other", "merged", "split"], ["VARCHAR"] * 4, [when(m) for m in decided[:most]], on_terminal())
    else:
        cells = [[safe(m.name), safe(m.other), f"{m.score:.2f}", safe(", ".join(m.reasons))] for m in found[:most]]
        text = table(["name", "other", "score", "why"], ["VARCHAR", "VARCHAR", "DOUBLE", "VARCHAR"], cells, on_terminal())
    click.echo(text, nl=False)
    if look.rows > most:
        click.echo(f"{look.rows - most:,} more; --limit {min(look.rows, MOST)} shows them.", err=True)


@click.command()
@click.argument("name", shell_complete=names("dataset"))
@click.argument("other", shell_complete=names("dataset"))
@click.option("--token", envvar="STEWARD_TOKEN", help="Names who decides in the record; none is the operator.  [env: STEWARD_TOKEN]")
@click.pass_context
def merge(ctx: click.Context, name: str, other: str, token: str | None) -> None:
    """Decide that NAME and OTHER are one dataset: each gets the other's names, and claims about both are weighed together.

    Rows keep their names, and rules and grants open what they opened. It holds for every later ingest and pull, and split undoes it.

    Example: steward catalog merge alpaca tatsu-lab/alpaca
    """
    merges, by = _deciding(ctx, token, name, other)
    merges.merge(name, other, by)
    click.echo(f"{safe(name)} and {safe(other)} are one dataset.", err=True)


@click.command()
@click.argument("name", shell_complete=names("dataset"))
@click.argument("other", shell_complete=names("dataset"))
@click.option("--token", envvar="STEWARD_TOKEN", help="Names who decides in the record; none is the operator.  [env: STEWARD_TOKEN]")
@click.pass_context
def split(ctx: click.Context, name: str, other: str, token: str | None) -> None:
    """Undo the merge of NAME and OTHER.

    Example: steward catalog split alpaca tatsu-lab/alpaca
    """
    merges, by = _deciding(ctx, token, name, other)
    merges.split(name, other, by)
    click.echo(f"{safe(name)} and {safe(other)} are two datasets again.", err=True)


def _deciding(ctx: click.Context, token: str | None, name: str, other: str) -> tuple[Any, str]:
    """Whoever has the folder decides, as with grants; a token says who that is, and then of datasets that its bearer sees.

    Raises `AccessDenied` for a token that proves nobody, UsageError for a name that its bearer sees nothing of.
    """
    from catalog.audit.log import OPERATOR
    from catalog.claims.merges import Merges
    from catalog.storage.generations import current, default_home
    from tui.looking import looking

    home = ctx.obj or default_home()
    current(home)
    if not token:
        return Merges(home), OPERATOR
    from catalog.errors import UsageError

    with looking(home, token, f"deciding on {name} and {other}", "datasets", ("name",)) as look:
        for one in (name, other):
            if _wanted(look, one) != one:
                raise UsageError(f"There is no dataset named {one!r} that you may see.", f"Did you mean {_wanted(look, one)}?")
        return Merges(home), look.session.principal.name


def _open(who: str, named: bool, open_names: set[str]) -> str:
    return who if named or who in open_names else "somebody"


def _wanted(look: "Look", text: str) -> str:
    from catalog.graph.names import resolve

    return resolve(look.connection, text).name


def _known(look: "Look") -> list[Any]:
    """Every dataset that the asker sees, by name, with the aliases, hashes and nodes that are open to them."""
    from catalog.claims.identity import Known

    open_ = look.plain["datasets"]
    aliases = "coalesce(aliases, [])" if "aliases" in open_ else "[]::VARCHAR[]"
    digest = "content_hash" if "content_hash" in open_ else "NULL::VARCHAR"
    node = "node" if "node" in open_ else "NULL::VARCHAR"
    rows = look.connection.execute(
        f"SELECT name, list_distinct(flatten(list({aliases}))), list({digest}), list({node}) FROM datasets WHERE name IS NOT NULL GROUP BY name ORDER BY name"
    ).fetchall()
    return [Known(name, frozenset(other), frozenset(filter(None, hashes)), frozenset(filter(None, nodes))) for name, other, hashes, nodes in rows]


def _match(match: Any) -> dict[str, Any]:
    return {"name": match.name, "other": match.other, "score": match.score, "reasons": list(match.reasons)}


def _merge(merge: Any) -> dict[str, Any]:
    split_at = merge.split_at and cell(merge.split_at)
    return {"name": merge.name, "other": merge.other, "merged": cell(merge.at), "by": merge.by, "split": split_at, "split_by": merge.split_by}
