"""``steward views``: what an asker may ask about, from the semantic layer cut to their authorisation."""

import difflib
from typing import TYPE_CHECKING, Any

import click

from tui.completion import names
from tui.envelope import dumps
from tui.options import json_option, token_option
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.access.policy import Authorisation


@click.command()
@click.argument("name", required=False, shell_complete=names("view"))
@json_option
@token_option
@click.pass_context
def views(ctx: click.Context, name: str | None, as_json: bool, token: str | None) -> None:
    """The views that you may ask about, or the columns of the view NAME.

    \b
    steward views
    steward views datasets
    """  # noqa: D301  click reads the backspace
    from catalog.errors import AccessDenied, UsageError
    from catalog.storage.generations import current, default_home
    from catalog.storage.state import State
    from nl2sql.session import identify
    from tui.table import table

    home = ctx.obj or default_home()
    current(home)
    authorisation = identify(State(home), home, token)
    seen = described(authorisation)
    if name is None:
        if as_json:
            click.echo(dumps({"views": seen, "closed": sorted(authorisation.denials)}))
            return
        rows = [[view, str(len(about["columns"])), about["meaning"]] for view, about in seen.items()]
        click.echo(table(["view", "columns", "meaning"], ["VARCHAR", "BIGINT", "VARCHAR"], rows, _on_terminal()), nl=False)
        if authorisation.denials:
            click.echo(f"closed to you: {', '.join(sorted(authorisation.denials))}", err=True)
        return
    view = name.lower()
    if view in authorisation.denials:
        raise AccessDenied(f"The view {view} is not open to you.", authorisation.denials[view].rule)
    if view not in seen:
        near = difflib.get_close_matches(view, seen, n=1)
        raise UsageError(f"There is no view named {safe(name)!r}.", f"Did you mean {near[0]}?" if near else "Run 'steward views' to see them.")
    if as_json:
        click.echo(dumps({"view": view, **seen[view]}))
        return
    about = seen[view]
    click.echo(f"{view}: {about['meaning']}\n")
    rows = [[c["name"], c["type"], c["unit"], _meaning(c)] for c in about["columns"]]
    click.echo(table(["column", "type", "unit", "meaning"], ["VARCHAR"] * 4, rows, _on_terminal()), nl=False)


def described(authorisation: "Authorisation") -> dict[str, dict[str, Any]]:
    """Every view and cube that is open, as JSON has it: ``meaning`` and ``columns``."""
    found = {view: _view(view, permit.columns) for view, permit in authorisation.permits.items()}
    return found | {cube: _cube(decision) for cube, decision in authorisation.cubes.items()}


def _view(name: str, treatments: Any) -> dict[str, Any]:
    """One view as JSON has it; ``shown`` says how a column's cells are treated for this asker."""
    from catalog.access.policy import masked_type
    from catalog.semantic import views as every_view

    view = every_view()[name]
    columns = [
        {
            "name": column.name,
            "type": masked_type(column, treatments[column.name]),
            "meaning": column.meaning,
            "unit": column.unit,
            "values": list(column.values),
            "shown": treatments[column.name],
        }
        for column in view.columns.values()
        if column.name in treatments
    ]
    return {"meaning": view.meaning, "columns": columns}


def _cube(cube: Any) -> dict[str, Any]:
    """One cube as JSON has it: columns of its view, and what is counted, summed or averaged in each group."""
    from catalog.semantic import views as every_view

    rule, view = cube.rule, every_view()[cube.rule.view]
    told = {name: view.columns[name].meaning for name in rule.dimensions}
    told["level"] = f"dimensions that the row tells apart, from the first: 0 for all rows, at most {len(rule.dimensions)}"
    measures = {m.name: m for m in rule.measures}
    words = {"count": "number of rows", "sum": "sum of: ", "avg": "mean of: "}
    told |= {name: words[m.function] + (view.columns[m.column].meaning if m.column else "") for name, m in measures.items()}
    units = {name: view.columns[m.column].unit for name, m in measures.items() if m.column}
    columns = [
        {"name": name, "type": type_, "meaning": told[name], "unit": units.get(name, ""), "values": [], "shown": "show"}
        for name, type_ in cube.columns.items()
    ]
    return {"meaning": f"{view.name} in groups of at least {rule.k} {rule.entity.replace('_', ' ')}s; smaller ones are left out", "columns": columns}


def _meaning(column: dict[str, Any]) -> str:
    one_of = f"; one of {', '.join(column['values'])}" if column["values"] else ""
    masked = f"; you see it masked ({column['shown']})" if column["shown"] != "show" else ""
    return f"{column['meaning']}{one_of}{masked}"


def _on_terminal() -> bool:
    from tui.output import on_terminal

    return on_terminal()
