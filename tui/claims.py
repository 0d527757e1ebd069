"""``steward catalog claims`` and ``disputes``: who says what of a dataset, what is held, and where there is no agreement."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tui.completion import names
from tui.envelope import cell, dumps
from tui.options import json_option, token_option
from tui.safe import safe

if TYPE_CHECKING:
    from tui.looking import Look

SAID = ("dataset", "attribute", "claimed_value", "claimant")
"""Columns without which there is nothing to show."""
MADE = ("node", "weight", "consensus_value", "agreement", "disputed", "quorum_met")
"""Columns that are null where they are not open to the asker."""
MOST = 10_000


@click.command()
@click.argument("name", shell_complete=names("dataset"))
@click.option("--attribute", help="Only this attribute, such as licence.")
@json_option
@token_option
@click.pass_context
def claims(ctx: click.Context, name: str, attribute: str | None, as_json: bool, token: str | None) -> None:
    """Show what is claimed of the dataset NAME: who says what, how much it weighs and what is held.

    Claims about names that were merged with NAME are shown too.

    \b
    steward catalog claims Alpaca
    steward catalog claims Alpaca --attribute licence --json
    """  # noqa: D301  click reads the backspace
    from tui.looking import looking

    with looking(ctx.obj, token, f"claims about {name}", "claims", SAID) as look:
        names = _names(look, name)
        rows = _rows(look, "WHERE list_contains($1, dataset) AND attribute = coalesce($2, attribute)", [names, attribute])
        look.rows = len(rows)
        closed = [column for column in MADE if column not in look.plain["claims"]]
    if as_json:
        click.echo(dumps({**look.about(), "name": names[0], "names": names, "not_open": closed, "claims": rows}))
        return
    if not rows:
        click.echo(f"Nothing that you may see is claimed of {safe(names[0])}.", err=True)
        return
    click.echo(f"{safe(names[0])}{''.join(f', merged with {safe(other)}' for other in names[1:])}\n")
    for about in dict.fromkeys(row["attribute"] for row in rows):
        group = [row for row in rows if row["attribute"] == about]
        click.echo(f"{safe(about)}: {_verdict(group, closed)}")
        click.echo(_table(group, closed, several=len(names) > 1))
    if closed:
        click.echo(f"not open to you: {', '.join(closed)}", err=True)


@click.command()
@click.argument("attribute", required=False)
@click.option("--limit", "-n", "most", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many to show.")
@json_option
@token_option
@click.pass_context
def disputes(ctx: click.Context, attribute: str | None, most: int, as_json: bool, token: str | None) -> None:
    """List datasets of which different things are claimed, the least agreement first; with ATTRIBUTE, only of that.

    \b
    steward catalog disputes licence
    steward catalog disputes --json
    """  # noqa: D301  click reads the backspace
    from tui.looking import looking

    asked = f"disputes about {attribute}" if attribute else "disputes"
    with looking(ctx.obj, token, asked, "claims", (*SAID, "disputed", "agreement", "consensus_value", "quorum_met")) as look:
        rows = _rows(look, "WHERE disputed AND attribute = coalesce($1, attribute)", [attribute])
        look.rows = len(rows)
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["dataset"], row["attribute"]), []).append(row)
    ordered = sorted(groups.items(), key=lambda group: (group[1][0]["agreement"] or 0.0, group[0]))
    shown = ordered[:most]
    if as_json:
        found = [{"dataset": d, "attribute": a, **_summary(group)} for (d, a), group in shown]
        click.echo(dumps({**look.about(), "attribute": attribute, "count": len(ordered), "disputes": found}))
        return
    if not ordered:
        click.echo("Nothing that you may see is disputed.", err=True)
        return
    from tui.output import on_terminal
    from tui.table import table

    cells = [[safe(d), safe(a), safe(_said(group)), safe(_held(group)), _percent(group[0]["agreement"])] for (d, a), group in shown]
    click.echo(table(["dataset", "attribute", "claimed", "held", "agreement"], ["VARCHAR"] * 4 + ["DOUBLE"], cells, on_terminal()), nl=False)
    if len(ordered) > most:
        click.echo(f"{len(ordered) - most:,} more; --limit {min(len(ordered), MOST)} shows them.", err=True)


def _names(look: "Look", text: str) -> list[str]:
    """The dataset that is meant and those merged with it, as far as the asker sees them."""
    from catalog.claims.merges import groups, live_merges
    from catalog.graph.names import resolve

    written = text.strip().encode("utf-8", "replace").decode("utf-8")
    claimed = look.connection.execute("SELECT 1 FROM claims WHERE dataset = $1 LIMIT 1", [written]).fetchone()
    name = written if claimed else str(resolve(look.connection, text))
    same = next((group for group in groups(live_merges(look.session.home)) if name in group), frozenset())
    seen = {row[0] for row in look.connection.execute("SELECT name FROM g_known WHERE list_contains($1, name)", [sorted(same)]).fetchall()}
    return [name, *sorted((same & seen) - {name})]


def _rows(look: "Look", where: str, values: list[Any]) -> list[dict[str, Any]]:
    open_ = look.plain["claims"]
    columns = [*SAID, *MADE]
    cells = ", ".join(f'"{column}"' if column in open_ else f'NULL AS "{column}"' for column in columns)
    found = look.connection.execute(f"SELECT {cells} FROM claims {where} ORDER BY dataset, attribute, weight DESC, claimant, claimed_value", values)
    return [{column: cell(value) for column, value in zip(columns, row, strict=True)} for row in found.fetchall()]


def _verdict(group: Sequence[dict[str, Any]], closed: Sequence[str]) -> str:
    if "consensus_value" in closed:
        return "what is held is not open to you"
    # Rows of another sensitivity may have another decision: the one that rests on most is of the last that is said to the asker.
    told = list(dict.fromkeys((row["consensus_value"], row["agreement"], row["disputed"], row["quorum_met"]) for row in group))
    return "; ".join(_one_verdict(*decision) for decision in told)


def _one_verdict(value: str | None, agreement: float | None, disputed: bool | None, quorum_met: bool | None) -> str:
    words = [safe(value) if value is not None else "nothing is held"]
    words += [f"agreement {_percent(agreement)}"] if agreement is not None else []
    words += ["disputed"] if disputed else []
    words += ["no quorum"] if quorum_met is False else []
    return ", ".join(words)


def _table(group: Sequence[dict[str, Any]], closed: Sequence[str], several: bool) -> str:
    from tui.output import on_terminal
    from tui.table import table

    heads = {"claimed_value": "value", "claimant": "claimant", "node": "published by", "weight": "weight"} | ({"dataset": "of"} if several else {})
    kept = [column for column in heads if column not in closed]
    cells = [[f"{row[c]:.3g}" if c == "weight" and row[c] is not None else safe("" if row[c] is None else str(row[c])) for c in kept] for row in group]
    return table([heads[c] for c in kept], ["DOUBLE" if c == "weight" else "VARCHAR" for c in kept], cells, on_terminal())


def _summary(group: Sequence[dict[str, Any]]) -> dict[str, Any]:
    said: dict[str, list[str]] = {}
    for row in group:
        said.setdefault(row["claimed_value"] or "", []).append(row["claimant"])
    decided = {key: group[0][key] for key in ("consensus_value", "agreement", "quorum_met")}
    return {**decided, "claimed": {value: sorted(set(claimants)) for value, claimants in sorted(said.items())}}


def _said(group: Sequence[dict[str, Any]]) -> str:
    return " | ".join(f"{value} ({', '.join(claimants)})" for value, claimants in _summary(group)["claimed"].items())


def _held(group: Sequence[dict[str, Any]]) -> str:
    value = group[0]["consensus_value"]
    return "nothing" if value is None else str(value)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"
