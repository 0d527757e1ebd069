"""``steward catalog pii`` and ``check``: where personal data goes untagged, and what else is amiss in the catalog."""

from typing import TYPE_CHECKING

import click

from tui.completion import names
from tui.envelope import dumps
from tui.lineage import counted, way
from tui.options import json_option, token_option
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.graph.integrity import Finding
    from catalog.graph.personal import Received

CHECKS = ("missing-fields", "unowned", "deprecated-upstream", "orphan", "untagged-pii", "dangling")
MOST_EXAMPLES = 10_000


@click.command()
@click.argument("name", required=False, shell_complete=names("dataset"))
@json_option
@token_option
@click.pass_context
def pii(ctx: click.Context, name: str | None, as_json: bool, token: str | None) -> None:
    """Show columns that receive personal data and are not tagged, and those where a masking step stops it; with NAME, on its paths only.

    Personal data is followed from columns with a PII category along flows between columns.

    \b
    steward catalog pii
    steward catalog pii customers
    """  # noqa: D301  click reads the backspace
    from catalog.graph.names import resolve
    from catalog.graph.personal import personal_flows
    from tui.looking import COLUMN_FLOWS, looking

    asked = f"personal data of {name}" if name else "personal data"
    with looking(ctx.obj, token, asked, columns=(*COLUMN_FLOWS, "masking")) as look:
        look.require("columns", "dataset", "column_name", "pii_category")
        place = resolve(look.connection, name) if name else None
        found = personal_flows(look.graph(place))
        if place:
            found = [row for row in found if row.touches(place)]
        look.rows = len(found)
    untagged, masked = ([row for row in found if row.outcome == outcome] for outcome in ("untagged", "masked"))
    if as_json:
        click.echo(dumps({**look.about(), "name": place and str(place), "untagged": [_received(row) for row in untagged], "masked": [_received(row) for row in masked]}))
        return
    on = f" on a path of {safe(str(place))}" if place else ""
    for rows, some, none in (
        (untagged, "Receive personal data and are not tagged", f"Nothing{on} that you may see receives personal data untagged."),
        (masked, "Would receive personal data, but a masking step stops it", f"No masking step{on} that you may see stops personal data."),
    ):
        heads = {(row.place, row.kind): "column" if row.place.column is not None else row.kind for row in rows}
        click.echo(f"{some} ({counted(heads.values())}):" if rows else none)
        if rows:
            click.echo(_paths(rows))
        elif rows is untagged:
            click.echo()


def _received(row: "Received") -> dict[str, object]:
    return {
        "name": row.place.name, "column": row.place.column, "kind": row.kind, "category": row.category, "origin": row.origin.name,
        "origin_column": row.origin.column, "path": list(row.path),
    }  # fmt: skip


def _paths(rows: list["Received"]) -> str:
    from tui.output import on_terminal
    from tui.table import table

    cells = [[safe(str(row.place)), safe(row.category), safe(str(row.origin)), way(row.path)] for row in rows]
    return table(["where", "personal data", "from", "path"], ["VARCHAR"] * 4, cells, on_terminal())


@click.command()
@click.option("--fail-on", multiple=True, type=click.Choice(["any", *CHECKS]), help="Exit with 1 when this check finds something or cannot be made; may be given several times.")
@click.option("--examples", type=click.IntRange(0, MOST_EXAMPLES), default=5, show_default=True, help="How many to name for each check.")
@json_option
@token_option
@click.pass_context
def check(ctx: click.Context, fail_on: tuple[str, ...], examples: int, as_json: bool, token: str | None) -> None:
    """Check what the catalog says, as far as you may see it: gaps, owners, retired sources, orphans, untagged personal data, dangling names.

    \b
    steward catalog check
    steward catalog check --examples 100 --json
    steward catalog check --fail-on untagged-pii --fail-on dangling
    """  # noqa: D301  click reads the backspace
    from catalog.graph.integrity import integrity
    from tui.looking import looking

    with looking(ctx.obj, token, "integrity checks", "datasets", ("name",)) as look:
        findings = integrity(look.graph(), look.plain, look.now)
        look.rows = sum(len(finding.rows) for finding in findings)
    failed = [finding.check for finding in findings if not finding.holds and {"any", finding.check} & set(fail_on)]
    if as_json:
        click.echo(dumps({**look.about(), "checks": [_finding(finding, examples) for finding in findings], "failed": failed}))
    else:
        click.echo("\n".join(_block(finding, examples) for finding in findings))
    if failed:
        click.echo(f"failed: {', '.join(failed)}", err=True)
        ctx.exit(1)


def _finding(finding: "Finding", examples: int) -> dict[str, object]:
    named = [{"name": name, "detail": detail} for name, detail in finding.rows[:examples]]
    count = None if finding.unknown else len(finding.rows)
    return {"check": finding.check, "meaning": finding.meaning, "count": count, "examples": named, "unknown": finding.unknown, "without": finding.without}


def _block(finding: "Finding", examples: int) -> str:
    """A check and its examples below it."""
    if finding.unknown:
        return f"? {finding.check}: not checked ({finding.unknown})\n"
    count = len(finding.rows)
    without = f"; {finding.without} are not open to you and not counted" if finding.without else ""
    lines = [f"{'!' if count else '✓'} {finding.check}: {f'{count:,}' if count else 'none'} ({finding.meaning}{without})"]
    lines += [f"    {safe(name)}: {safe(detail)}" for name, detail in finding.rows[:examples]]
    if count > examples > 0:
        lines.append(f"    … and {count - examples:,} more; --examples {min(count, MOST_EXAMPLES)} names them")
    return "\n".join(lines) + "\n"
