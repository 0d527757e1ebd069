"""``steward catalog lineage`` and ``impact``: what a dataset, model, report or column comes from, flows into and breaks."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from tui.completion import names
from tui.envelope import cell, dumps
from tui.options import json_option, token_option
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.graph.impact import Broken
    from catalog.graph.sides import Line, Side, Spot

FARTHEST = 10_000
"""Hops that may be asked for."""
TITLES = {"upstream": "comes from", "downstream": "flows into"}


@click.command()
@click.argument("name", shell_complete=names("dataset", "model"))
@click.option("--up", is_flag=True, help="Only what it comes from.")
@click.option("--down", is_flag=True, help="Only what it flows into.")
@click.option("--depth", type=click.IntRange(1, FARTHEST), default=20, show_default=True, help="Hops to follow.")
@click.option("--format", "form", type=click.Choice(["tree", "json", "mermaid", "dot"]), default="tree", show_default=True, help="How to write it.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@token_option
@click.pass_context
def lineage(ctx: click.Context, name: str, up: bool, down: bool, depth: int, form: str, as_json: bool, token: str | None) -> None:
    """Show what NAME comes from and what it flows into: a dataset, model or report, or DATASET.COLUMN.

    +NAME is only what it comes from, NAME+ only what it flows into. Lineage ends, without a mark, at what you may not know of.

    \b
    steward catalog lineage customers
    steward catalog lineage customers+              # what it flows into; +customers: comes from
    steward catalog lineage customers.email --down
    steward catalog lineage LLaMA --up --depth 2
    steward catalog lineage C4 --format mermaid
    """  # noqa: D301  click reads the backspace
    from catalog.graph import render
    from catalog.graph.names import resolve
    from catalog.graph.sides import side
    from tui.looking import COLUMN_FLOWS, looking

    if (name.startswith("+") or name.endswith("+")) and name.strip("+ ") and not (up or down):  # as dbt writes it
        up, down, name = name.startswith("+"), name.endswith("+"), name.strip("+ ")
    wanted = {"upstream": up or not down, "downstream": down or not up}
    with looking(ctx.obj, token, f"lineage of {name}") as look:
        place = resolve(look.connection, name)
        if place.column is not None:
            look.require("lineage", *COLUMN_FLOWS)
        graph = look.graph(place)
        sides = {way: side(graph, place, up=way == "upstream", depth=depth) for way, is_wanted in wanted.items() if is_wanted}
        look.rows = sum(len(found.hops) for found in sides.values())
    if as_json or form == "json":
        start = next(iter(sides.values())).start
        click.echo(dumps({**look.about(), **_spot(start), "depth": depth, **{way: _json(found) for way, found in sides.items()}}))
        return
    if form == "tree":
        click.echo(_tree(sides))
    else:
        click.echo({"mermaid": render.mermaid, "dot": render.dot}[form](sides.values(), label), nl=False)
    for remark in _remarks(sides.values(), depth):
        click.echo(remark, err=True)


@click.command()
@click.argument("name", shell_complete=names("dataset", "model"))
@json_option
@token_option
@click.pass_context
def impact(ctx: click.Context, name: str, as_json: bool, token: str | None) -> None:
    """Show what breaks when NAME goes: everything downstream of a dataset, model or DATASET.COLUMN, with who owns and uses it.

    \b
    steward catalog impact orders
    steward catalog impact customers.email
    """  # noqa: D301  click reads the backspace
    from catalog.graph.impact import impact as broken_by
    from catalog.graph.names import resolve
    from catalog.graph.tables import lacking
    from tui.looking import COLUMN_FLOWS, looking

    with looking(ctx.obj, token, f"impact of {name}") as look:
        place = resolve(look.connection, name)
        if place.column is not None:
            look.require("lineage", *COLUMN_FLOWS)
        found = broken_by(look.graph(place), place, look.now)
        look.rows = len(found)
    closed = {
        "owner": lacking(look.plain, "datasets", "owner"),
        "open_alerts": lacking(look.plain, "quality_checks"),
        "grants": lacking(look.plain, "grants"),
        "principals": lacking(look.plain, "grants", "principal"),
    }
    hidden = sorted(fact for fact, is_closed in closed.items() if is_closed)
    if as_json:
        head = {**look.about(), "name": place.name, "column": place.column, "closed": hidden}
        click.echo(dumps({**head, "breaks": [_broken(broken, hidden) for broken in found]}))
        return
    click.echo(safe(_headline(str(place), found, place.column is not None)))
    if found:
        click.echo("\n" + _breaks(found, hidden, place.column is not None), nl=False)
    if hidden:
        click.echo(f"not open to you: {', '.join(hidden).replace('_', ' ')}", err=True)


def counted(kinds: Iterable[str]) -> str:
    """``2 datasets and 1 model``."""
    counts = Counter(kinds)
    parts = [f"{count:,} {kind}{'' if count == 1 else 's'}" for kind, count in sorted(counts.items())]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def way(path: tuple[str, ...]) -> str:
    """A path as people read it; the middle of a long one is left out."""
    return " → ".join(map(safe, path if len(path) <= 6 else (*path[:3], f"… {len(path) - 5} more …", *path[-2:])))


def _tree(sides: dict[str, "Side"]) -> str:
    from catalog.graph import render

    start = next(iter(sides.values())).start
    blocks = [f"{label(start)} ({_standing(start)})"]
    for name, found in sides.items():
        things = {spot.place.name: spot.kind for spot in found.spots}
        blocks.append(f"{TITLES[name]}: {counted(things.values()) or 'nothing that you may see'}")
        blocks[-1] += "".join(f"\n{line}" for line in render.tree(found.lines, line_words))
    return "\n\n".join(blocks)


def label(spot: "Spot") -> str:
    """What a place is called, as text for a screen."""
    return safe(str(spot.place))


def _standing(spot: "Spot") -> str:
    return spot.kind if spot.in_catalog else f"{spot.kind}, not in the catalog"


def line_words(line: "Line") -> str:
    """One hop: what is there, how it comes there, and what to know of it."""
    hop, spot = line.hop, line.spot
    words = [safe(", ".join(hop.transforms))] if hop.transforms else []
    words += [f"by {safe(', '.join(hop.jobs))}"] if hop.jobs else []
    parts = [" ".join(words)] if words else []
    parts += [f"last run {hop.last_run:%Y-%m-%d}"] if hop.last_run else []
    parts += {"all": ["masked"], "some": ["partly masked"], "none": []}[hop.masked]
    parts += [] if hop.is_stated else ["columns not stated"]
    parts += {"again": ["continued at its other line"], "cycle": ["a cycle: stands above"], "": []}[line.mark]
    standing = f" ({_standing(spot)})" if spot.kind != "dataset" or not spot.in_catalog else ""
    return f"{label(spot)}{standing}{'  ' if parts else ''}{'; '.join(parts)}"


def _remarks(sides: Iterable["Side"], depth: int) -> Iterable[str]:
    found = list(sides)
    absent = {spot.place.name for side in found for spot in (side.start, *side.spots) if not spot.in_catalog}
    if absent:
        yield f"Partial: {len(absent):,} of the names are not in the catalog, so what lies behind them is not known."
    if beyond := sum(side.beyond for side in found):
        yield f"{beyond:,} more places lie farther than {depth} hops; --depth follows them."
    if left_out := sum(side.left_out for side in found):
        yield f"{left_out:,} more places and flows are left out; ask for fewer hops, one direction, or one column."


def _json(side: "Side") -> dict[str, Any]:
    hops = [
        {
            "upstream": hop.upstream.name, "upstream_column": hop.upstream.column, "downstream": hop.downstream.name,
            "downstream_column": hop.downstream.column, "masked": hop.masked, "stated": hop.is_stated, "jobs": list(hop.jobs),
            "transforms": list(hop.transforms), "last_run": cell(hop.last_run),
        }
        for hop in side.hops
    ]  # fmt: skip
    places = [_spot(spot) | {"depth": spot.depth} for spot in side.spots]
    return {"places": places, "hops": hops, "is_partial": side.is_partial, "beyond_depth": side.beyond, "left_out": side.left_out}


def _spot(spot: "Spot") -> dict[str, Any]:
    return {"name": spot.place.name, "column": spot.place.column, "kind": spot.kind, "in_catalog": spot.in_catalog}


def _broken(broken: "Broken", hidden: Iterable[str]) -> dict[str, Any]:
    facts = {
        "name": broken.name, "kind": broken.kind, "depth": broken.depth, "columns": list(broken.columns), "certain": broken.is_certain,
        "path": list(broken.path), "in_catalog": broken.in_catalog, "owner": broken.owner, "open_alerts": broken.open_alerts,
        "grants": broken.grants, "principals": broken.principals,
    }  # fmt: skip
    return facts | dict.fromkeys(hidden)


def _headline(place: str, found: list["Broken"], is_column: bool) -> str:
    if not found:
        return f"Nothing that you may see comes from {place}."
    said = f"Without {place}, {counted(broken.kind for broken in found)} lose a source."
    sure = sum(broken.is_certain for broken in found)
    if is_column and sure < len(found):
        said += f" {sure} of them by a flow of the column; the others may, as their flows are stated for whole datasets."
    return said


def _breaks(found: list["Broken"], hidden: list[str], is_column: bool) -> str:
    from tui.output import on_terminal
    from tui.table import table

    columns = ["depth", "what", "kind", "columns", "owner", "open alerts", "live grants", "through"]
    rows = [
        [
            str(broken.depth),
            safe(broken.name) + ("" if broken.in_catalog else " (not in the catalog)"),
            broken.kind,
            safe(", ".join(broken.columns)) or ("" if broken.is_certain else "not stated"),
            safe(broken.owner or "nobody stated") if broken.kind != "report" else "",
            str(broken.open_alerts) if broken.kind == "dataset" else "",
            str(broken.grants) if broken.kind == "dataset" else "",
            way(broken.path[1:-1]),
        ]
        for broken in found
    ]
    left_out = {"open alerts": "open_alerts" in hidden, "live grants": "grants" in hidden, "owner": "owner" in hidden, "columns": not is_column}
    kept = [at for at, column in enumerate(columns) if not left_out.get(column)]
    types = ["BIGINT" if column in ("depth", "open alerts", "live grants") else "VARCHAR" for column in columns]
    return table([columns[at] for at in kept], [types[at] for at in kept], [[row[at] for at in kept] for row in rows], on_terminal())
