"""``steward node``: a node's own folder, what is in its files, and what has changed since."""

import importlib
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.envelope import dumps
from tui.options import json_option
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.node.profile import Report

ELSEWHERE = {
    "publish": ("tui.publish", "Sign the documents and lay them out for catalogs to pull."),
    "rotate": ("tui.publish", "Replace keys."),
}
"""Verbs of the group that live in other modules, which are imported to run them only."""
_FOLDER = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands, *ELSEWHERE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return self.commands.get(cmd_name)
        command = getattr(importlib.import_module(ELSEWHERE[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [(name, command.get_short_help_str(100)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl([*own, *((name, about) for name, (_, about) in ELSEWHERE.items())])


@click.group(cls=_Verbs)
def node() -> None:
    """Run a node: profile its own files, publish what is known of them. The data stays where it is."""


@node.command()
@_FOLDER
@click.option("--name", required=True, help="What catalogs call the node.")
@click.option("--operator", help="Organisation that runs it.")
@click.option("--network", help="Network that it belongs to.")
@click.option("--country", metavar="CC", help="Where it stands: ISO 3166-1, such as DE.")
@click.option("--jurisdiction", help="Whose law holds, such as EU.")
@click.option("--kind", help="Such as storage, compute or edge.")
@click.option("--source", "sources", multiple=True, type=click.Path(exists=True, path_type=Path), help="Data to profile; may be repeated.")
def init(folder: Path, name: str, sources: tuple[Path, ...], **facts: str | None) -> None:
    """Make a node's FOLDER: who it is, where its data is, and its keys.

    Example: steward node init berlin-1 --name berlin-1 --country DE --jurisdiction EU --source /data/sales
    """
    from catalog.node.node import FILE
    from catalog.node.node import init as make
    from catalog.node.publication import init_keys

    made = make(folder, name, facts, tuple(str(path.resolve()) for path in sources))
    root = init_keys(folder)
    click.echo(f"Node {safe(made.name)} in {folder}: see {folder / FILE}.", err=True)
    click.echo(f"Keys in {folder / 'keys'}, readable by you alone; catalogs pin {root}.", err=True)
    click.echo(f"Next: steward node profile {folder}{'' if sources else ' PATH…'}", err=True)


@node.command()
@_FOLDER
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--share", multiple=True, metavar="DATASET.COLUMN", help="Tell this column's least and greatest value; may be repeated.")
@click.option("--memory", "memory_mb", type=click.IntRange(64), default=1000, show_default=True, help="Megabytes that the engine may use.")
@click.option("--threads", type=click.IntRange(1, 256), help="Threads of the engine.  [default: as many as this process has cores]")
@click.option("--timeout", "deadline_s", type=click.FloatRange(1), default=3600.0, show_default=True, help="Seconds that one dataset may take.")
@json_option
@click.pass_context
def profile(
    ctx: click.Context, folder: Path, paths: tuple[Path, ...], share: tuple[str, ...], memory_mb: int, threads: int | None, deadline_s: float, as_json: bool
) -> None:
    """Profile Parquet, CSV, TSV and JSON files under PATHS, or the sources of node.toml, where they lie.

    Writes one metadata document per dataset into FOLDER/documents. No value of a text or of a column that looks personal leaves the node
    unless it is shared. A bad file is reported and the rest kept (exit code 1 then).

    Example: steward node profile berlin-1 /data/sales /data/customers.csv
    """
    from catalog.node.node import load
    from catalog.node.profile import Limits
    from catalog.node.profile import profile as measure

    node = load(folder)
    given = paths or tuple(Path(source) if Path(source).is_absolute() else folder / source for source in node.sources)
    limits = Limits(memory_mb=memory_mb, deadline_s=deadline_s, threads=threads or _cores())
    report = measure(node, given, share=share, limits=limits, progress=_progress)
    for what, why in report.problems:
        click.echo(safe(f"{what}: {why}"), err=True)
    if not report.confined:
        click.echo("Measured without the kernel's sandbox: this kernel has no Landlock.", err=True)
    rows = [_summary(each.name, each.state, each.record) for each in report.datasets]
    if as_json:
        problems = [{"path": what, "problem": why} for what, why in report.problems]
        click.echo(dumps({"datasets": rows, "problems": problems, "other_files": report.other, "confined": report.confined}))
    else:
        _table(["dataset", "state", "rows", "columns", "bytes", "personal", "keys", "drifted"], rows)
        _say_what_else(report, folder)
    ctx.exit(1 if report.problems else 0)


@node.command()
@_FOLDER
@json_option
def status(folder: Path, as_json: bool) -> None:
    """What was profiled, when, what changed since, what looks personal, and until when keys hold.

    Files are compared by size and time; nothing is read.

    Example: steward node status berlin-1
    """
    from catalog.node.node import load
    from catalog.node.profile import profiled_at
    from catalog.node.profile_changes import changes

    node = load(folder)
    found = changes(node)
    rows = [{**_summary(c.dataset, c.state, c.record), "profiled": c.record.get("measured"), "files": c.files} for c in found]
    keys = _keys(folder)
    if as_json:
        click.echo(dumps({"node": node.name, "profiled": profiled_at(node), "datasets": rows, "keys": keys}))
        return
    click.echo(f"node      {safe(node.name)}")
    click.echo(f"profiled  {safe(profiled_at(node) or 'never')}")
    for role, until in keys.items():
        late = " (expired)" if datetime.fromisoformat(until) <= datetime.now(UTC) else ""
        click.echo(f"{role:<9} holds until {safe(until[:16].replace('T', ' '))} UTC{late}")
    if rows:
        click.echo()
        _table(["dataset", "state", "files", "profiled", "rows", "personal"], rows)
    if any(row["state"] != "unchanged" for row in rows):
        click.echo(f"\nProfile again: steward node profile {folder}", err=True)


def _summary(name: str, state: str, record: dict[str, Any]) -> dict[str, Any]:
    columns = record.get("columns", [])
    return {
        "dataset": name,
        "state": state,
        "rows": record.get("rows"),
        "columns": len(columns),
        "bytes": record.get("bytes"),
        "personal": [
            {"column": column["name"], **{key: finding[key] for key in ("category", "confidence", "evidence")}}
            for column in columns
            for finding in column["pii"]
        ],
        "keys": [column["name"] for column in columns if column.get("duplicates") == 0],
        "drifted": [column["name"] for column in columns if column.get("drifted")],
    }


def _table(names: list[str], rows: Iterable[dict[str, Any]]) -> None:
    from tui.output import on_terminal
    from tui.table import table

    types = ["BIGINT" if name in ("rows", "columns", "bytes") else "VARCHAR" for name in names]
    click.echo(table(names, types, [[_cell(row[name]) for name in names] for row in rows], on_terminal()), nl=False)


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(safe(f"{v['column']} ({v['category']} {v['confidence']:.0%})" if isinstance(v, dict) else str(v)) for v in value)
    if isinstance(value, dict):
        return ", ".join(f"{count:,} {what}" for what, count in value.items() if count)
    return safe("" if value is None else str(value))


def _say_what_else(report: "Report", folder: Path) -> None:
    if report.other:
        click.echo(f"{report.other:,} files of other kinds.", err=True)
    if report.problems:
        click.echo(f"{len(report.problems):,} problems.", err=True)
    if report.datasets:
        click.echo(f"Documents in {folder / 'documents'}. Next: steward node publish {folder} --to PUBLICATION", err=True)


def _progress(done: int, total: int, name: str) -> None:
    """A line that is written over on a terminal; a line per dataset elsewhere."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{done:,} of {total:,} {safe(name)}", nl=not name, err=True)
    elif name:
        click.echo(f"{done + 1:,} of {total:,} {safe(name)}", err=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _keys(folder: Path) -> dict[str, str]:
    """Until when each role's metadata holds, by role; empty before keys are made."""
    import json

    found: dict[str, str] = {}
    metadata = folder / "metadata"
    roots = sorted(metadata.glob("*.root.json"), key=lambda path: int(path.name.split(".")[0]) if path.name.split(".")[0].isdigit() else 0)
    for role, path in (("root", roots[-1] if roots else None), *((role, metadata / f"{role}.json") for role in ("targets", "snapshot", "timestamp"))):
        if path is not None and path.exists():
            try:
                found[role] = datetime.fromisoformat(json.loads(path.read_bytes())["signed"]["expires"]).astimezone(UTC).isoformat()
            except (OSError, ValueError, KeyError, TypeError) as error:
                from catalog.errors import UsageError

                raise UsageError(f"{path} is not what it should be: {error}.") from error
    return found
