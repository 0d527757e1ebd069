"""``steward pull`` and ``steward source``: which publications the catalog reads, and reading them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog.storage.generations import default_home
from tui.envelope import dumps
from tui.options import json_option
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.pull.pull import Pulled

SHOWN = 5
"""Problems of one publication's documents that are listed."""


@click.command()
@click.argument("names", nargs=-1)
@click.option("--timeout", type=click.FloatRange(1, 3600), default=120.0, show_default=True, help="Seconds that one node may take.")
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON object on standard output.")
@click.pass_context
def pull(ctx: click.Context, names: tuple[str, ...], timeout: float, as_json: bool) -> None:
    """Read what nodes publish into the catalog: the sources NAMES, or all.

    Each publication is verified and taken whole, or rejected: then the node's last good one stands, and the reason is an event of the
    node. Exit code 1 when something was rejected, 3 when a node could not be reached and nothing was rejected.

    Example: steward pull berlin-1
    """
    from catalog.access.policy import ensure_policy
    from catalog.pull.fetch import Limits
    from catalog.pull.pull import pull as read_publications

    home = ctx.obj or default_home()
    limits = Limits(total_s=timeout, silence_s=min(15.0, timeout))
    report = read_publications(home, names, limits, _progress)
    ensure_policy(home)
    if as_json:
        click.echo(dumps({"generation": report.generation, "sources": [_fields(pulled) for pulled in report.sources]}))
    else:
        width = max(len(pulled.source) for pulled in report.sources)
        for pulled in report.sources:
            click.echo(f"{safe(pulled.source):<{width}}  {_line(pulled)}")
            for problem in pulled.problems[:SHOWN]:
                click.echo(safe(f"  {problem}"), err=True)
    faults = [pulled.fault for pulled in report.sources if pulled.fault]
    if any(fault.kind.event != "outage" for fault in faults):
        ctx.exit(1)
    ctx.exit(3 if faults else 0)


def _line(pulled: "Pulled") -> str:
    """What a person wants to know of one source."""
    if pulled.fault and pulled.fault.code != "bad documents":
        return safe(f"{'unreachable' if pulled.fault.kind.event == 'outage' else 'REJECTED'}  {pulled.fault.text}")
    changes = ", ".join(
        f"{len(names):,} {word}"
        for word, names in (("new", pulled.new), ("changed", pulled.changed), ("removed", pulled.removed), ("of no known kind", pulled.skipped))
        if names
    )
    bad = len({problem.file for problem in pulled.problems})
    said = [f"{pulled.documents:,} documents", changes or "nothing new", *([f"{bad:,} with problems"] if bad else []), *pulled.rotated]
    return safe("accepted  " + "; ".join(said))


def _fields(pulled: "Pulled") -> dict[str, object]:
    fault = pulled.fault
    return {
        "source": pulled.source,
        "accepted": fault is None or fault.code == "bad documents",
        "fault": fault and {"code": fault.code, "kind": fault.kind.event, "severity": fault.kind.severity, "detail": fault.text},
        "documents": pulled.documents,
        "new": pulled.new,
        "changed": pulled.changed,
        "removed": pulled.removed,
        "skipped": pulled.skipped,
        "problems": [{"file": p.file, "path": p.path, "expected": p.expected} for p in pulled.problems],
        "rotated": pulled.rotated,
    }


def _progress(done: int, total: int) -> None:
    """A line that counts on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} of {total:,} nodes", nl=done == total, err=True)


@click.group()
def source() -> None:
    """Sources are the publications that ``steward pull`` reads: one per node, by the node's name."""


@source.command()
@click.argument("name")
@click.argument("location")
@click.option("--root", required=True, type=click.Path(dir_okay=False, exists=True, path_type=Path), help="The node's root metadata, got by a way that you trust.")
@click.option("--replace", is_flag=True, help="Replace the source of that name and forget what was trusted of it.")
@click.pass_context
def add(ctx: click.Context, name: str, location: str, root: Path, replace: bool) -> None:
    """Pull the node NAME from LOCATION, an http(s) address or a folder.

    Everything it publishes is stated by NAME and nobody else. Compare the fingerprint with the node's operator.

    Example: steward source add berlin-1 https://data.example.org/berlin-1 --root 1.root.json
    """
    from catalog.node.sources import Sources

    added = Sources(ctx.obj or default_home()).add(name, location, root.read_bytes(), replace)
    click.echo(f"{name} is pulled from {safe(added.location)}; root sha256 {added.fingerprint}", err=True)


@source.command()
@click.argument("name")
@click.pass_context
def remove(ctx: click.Context, name: str) -> None:
    """Pull NAME no more; what the catalog holds of the node stays.

    Example: steward source remove berlin-1
    """
    from catalog.node.sources import Sources

    Sources(ctx.obj or default_home()).remove(name)
    click.echo(f"{name} is no source any more.", err=True)


@source.command("list")
@json_option
@click.pass_context
def list_sources(ctx: click.Context, as_json: bool) -> None:
    """List the sources: name, location, and the fingerprint of the pinned root.

    Example: steward source list
    """
    from catalog.node.sources import Sources

    found = Sources(ctx.obj or default_home()).all()
    if as_json:
        fields = [{"name": s.name, "location": s.location, "root_sha256": s.fingerprint, "added": s.added.isoformat()} for s in found]
        click.echo(dumps({"sources": fields}))
        return
    width = max((len(s.name) for s in found), default=0)
    for s in found:
        click.echo(f"{safe(s.name):<{width}}  {safe(s.location)}  root {s.fingerprint[:16]}")
    if not found:
        click.echo("No sources. Add one: steward source add NAME LOCATION --root ROOT.json", err=True)
