"""Verbs that look after the catalog: ``demo``, ``ingest``, ``status`` and ``token``."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from catalog.errors import UsageError
from catalog.storage.generations import current, default_home, pinned
from tui.completion import names
from tui.envelope import dumps
from tui.options import json_option, token_option
from tui.safe import safe


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> None:
    """Build the demo catalog.

    Forty nodes, about 120 well-known public AI datasets with true facts, models and their training data, and synthetic operational
    rows with real problems to find. The same every time; what the catalog folder held is kept as far as the demo does not say otherwise.

    \b
    steward demo
    STEWARD_CATALOG=./demo steward demo
    """  # noqa: D301  click reads the backspace
    from catalog.demo.build import build

    home = ctx.obj or default_home()
    built = build(home)
    rows = sum(built.rows.values())
    click.echo(f"Demo catalog in {home}: generation {built.generation.number}, {rows:,} rows.", err=True)
    click.echo('Try: steward ask "which datasets contain personal data stored outside the EU?"', err=True)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--node", required=True, shell_complete=names("node"), help="The node that publishes these documents.")
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON object on standard output.")
@click.pass_context
def ingest(ctx: click.Context, paths: tuple[Path, ...], node: str, as_json: bool) -> None:
    """Read metadata documents under PATHS into the catalog.

    Told apart by content: OpenLineage events, Croissant, data contracts (ODCS 2.2 to 3.1), dbt artifacts, Great Expectations results and
    suites, DCAT, Ocean asset documents, Data Provenance summaries, AWS Open Data registry entries, Flower logs, and formats that installed packages add.
    A bad document is reported and the rest kept (exit code 1 then); reading the same documents again changes nothing.

    Example: steward ingest target/ contracts/ --node berlin
    """
    from catalog.access.policy import ensure_policy
    from catalog.ingest import ingest as read_documents

    home = ctx.obj or default_home()
    ensure_policy(home)
    report = read_documents(home, paths, node, progress=_progress)
    if as_json:
        problems = [{"file": p.file, "path": p.path, "expected": p.expected} for p in report.problems]
        counts = {"documents": report.documents, "unchanged": report.unchanged, "skipped": report.skipped, "records": report.records}
        click.echo(dumps({**counts, "problems": problems, "unresolved": list(report.unresolved)}))
        ctx.exit(1 if report.problems else 0)
    for problem in report.problems:
        click.echo(safe(f"{problem.file} {problem.path}: expected {problem.expected}"), err=True)
    for kind, count in sorted(report.documents.items()):
        click.echo(f"{count:>7,} {kind} documents")
    click.echo(f"{report.unchanged:>7,} documents unchanged")
    if report.skipped:
        click.echo(f"{len(report.skipped):>7,} files of no known kind")
    if report.problems:
        click.echo(f"{len({p.file for p in report.problems}):>7,} documents with problems")
    for table, count in sorted(report.records.items()):
        click.echo(f"{count:>7,} {table.replace('_', ' ')} rows")
    if report.unresolved:
        click.echo(f"{len(report.unresolved):>7,} parent names that no dataset bears")
    ctx.exit(1 if report.problems else 0)


def _progress(done: int, total: int) -> None:
    """A line that counts on a terminal; now and then a line elsewhere."""
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} of {total:,} files", nl=done == total, err=True)
    elif done == total or done % 1000 == 0:
        click.echo(f"{done:,} of {total:,} files", err=True)


@click.command()
@json_option
@token_option
@click.pass_context
def status(ctx: click.Context, as_json: bool, token: str | None) -> None:
    """What the catalog holds that you may see, and how old it is.

    Example: steward status
    """
    from catalog.audit.log import AuditLog
    from catalog.engine.engine import Engine
    from catalog.engine.folders import directory
    from catalog.engine.snapshot import prepare
    from catalog.quality.freshness import census
    from catalog.storage.encryption import is_active, is_sealed
    from catalog.storage.state import State
    from nl2sql.session import identify, read_clock

    home = ctx.obj or default_home()
    with pinned(home) as generation:
        now = read_clock(home)
        authorisation = identify(State(home), home, token)
        seen = sorted(authorisation.permits)
        views = census(prepare(home, generation, AuditLog(home), authorisation, seen, now), seen)
        with Engine(directory(home, authorisation.principal)) as engine:
            confined = engine.confined
    encrypted = is_sealed(generation.path) and is_active(home)
    fields: dict[str, Any] = {
        "catalog": str(home),
        "generation": generation.number,
        "clock": now.isoformat(),
        "principal": authorisation.principal.name,
        "sandboxed_by_kernel": confined,
        "encrypted": encrypted,
        "views": {name: {"rows": rows, "newest": newest} for name, (rows, newest) in views.items()},
        "closed": sorted(authorisation.denials),
    }
    if as_json:
        click.echo(dumps(fields))
        return
    click.echo(f"catalog     {home}")
    click.echo(f"generation  {generation.number}")
    click.echo(f"clock       {now:%Y-%m-%d %H:%M} UTC")
    click.echo(f"you are     {safe(authorisation.principal.name)}")
    click.echo(f"sandbox     {'kernel and engine' if confined else 'engine only: this kernel has no Landlock'}")
    click.echo(f"encrypted   {'yes' if encrypted else 'halfway: run steward encrypt or decrypt again' if is_active(home) or is_sealed(generation.path) else 'no'}")
    for name, (rows, newest) in views.items():
        click.echo(f"{rows:>9,}  {name:<16} {('as of ' + newest) if newest else ''}".rstrip())
    if authorisation.denials:
        click.echo(f"closed to you: {', '.join(sorted(authorisation.denials))}")


@click.group()
def token() -> None:
    """Tokens prove who asks; a principal is named in the catalog's policy.yaml."""


@token.command()
@click.argument("name")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="Validity.")
@json_option
@click.pass_context
def issue(ctx: click.Context, name: str, days: int, as_json: bool) -> None:
    """Issue a token for the principal NAME; it is shown once, on standard output.

    Example: steward token issue ada --days 30
    """
    from catalog.access.policy import ANONYMOUS, ensure_policy, load_policy
    from catalog.storage.state import State

    home = ctx.obj or default_home()
    current(home)
    principal = load_policy(ensure_policy(home)).principal(name)
    if principal == ANONYMOUS:
        raise UsageError("The anonymous principal needs no token.")
    issued = State(home).issue_token(principal.name, days)
    click.echo(dumps({"principal": principal.name, "days": days, "token": issued}) if as_json else issued)
    click.echo(f"Valid for {days} days. It is not kept and cannot be shown again: export STEWARD_TOKEN=…", err=True)


@token.command()
@click.argument("name")
@click.pass_context
def revoke(ctx: click.Context, name: str) -> None:
    """Revoke every token of the principal NAME.

    Example: steward token revoke ada
    """
    from catalog.storage.state import State

    count = State(ctx.obj or default_home()).revoke_tokens(name)
    click.echo(f"{count} revoked.", err=True)


@token.command("list")
@json_option
@click.pass_context
def list_tokens(ctx: click.Context, as_json: bool) -> None:
    """List tokens by principal and validity; never their text.

    Example: steward token list
    """
    from catalog.storage.state import State

    now = datetime.now(UTC)
    found = [(t, "revoked" if t.revoked else "expired" if t.expires <= now else "valid") for t in State(ctx.obj or default_home()).tokens()]
    if as_json:
        told = [{"principal": t.principal, "state": state, "issued": t.issued.isoformat(), "expires": t.expires.isoformat()} for t, state in found]
        click.echo(dumps({"tokens": told}))
        return
    if not found:
        click.echo("No tokens. Issue one: steward token issue NAME", err=True)
    for entry, state in found:
        click.echo(f"{safe(entry.principal):<20} {state:<8} until {entry.expires:%Y-%m-%d}")
