"""``steward grant``: which principal may use which dataset, until when; rules of kind ``grant`` say what that opens."""

from datetime import UTC, datetime
from pathlib import Path

import click

from tui.completion import names
from tui.envelope import dumps
from tui.options import json_option
from tui.safe import safe

PERMISSIONS = ("read", "compute", "write", "admin")


@click.group()
def grant() -> None:
    """Grants let a principal use one dataset until a day; the policy's grant rules say what they open.

    They count by the time of day, whatever the catalog's own clock says.
    """


@grant.command()
@click.argument("principal")
@click.argument("dataset", shell_complete=names("dataset"))
@click.option("--permission", type=click.Choice(PERMISSIONS), default="read", show_default=True, help="What may be done.")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="Validity.")
@click.pass_context
def give(ctx: click.Context, principal: str, dataset: str, permission: str, days: int) -> None:
    """Give PRINCIPAL the use of DATASET; a question that they ask from now on counts with it.

    Example: steward grant give max C4 --permission read --days 30
    """
    from catalog.access.grants import Grants, has_dataset
    from catalog.access.policy import ANONYMOUS, POLICY_FILE, gates, load_policy
    from catalog.errors import UsageError

    home = _home(ctx)
    policy = load_policy(home / POLICY_FILE)
    known = policy.principal(principal)
    if known == ANONYMOUS:
        raise UsageError("Nobody in particular is anonymous: a grant names a principal.")
    if not has_dataset(home, dataset):
        raise UsageError(f"The catalog has no dataset named {safe(dataset)!r}.", "Give its name as the catalog writes it: steward views datasets")
    given = Grants(home).give(known.name, dataset, permission, days)
    click.echo(f"{safe(known.name)} may {permission} {safe(dataset)} until {given.expires:%Y-%m-%d %H:%M} UTC.", err=True)
    if not gates(known, policy):
        click.echo("No grant rule of the policy is for any of their roles, so that this opens nothing yet.", err=True)


@grant.command()
@click.argument("principal")
@click.argument("dataset", shell_complete=names("dataset"))
@click.option("--permission", type=click.Choice(PERMISSIONS), help="Only this one.  [default: all]")
@click.pass_context
def revoke(ctx: click.Context, principal: str, dataset: str, permission: str | None) -> None:
    """Revoke what PRINCIPAL was given of DATASET, and remove what was kept for their questions.

    Example: steward grant revoke max C4
    """
    from catalog.access.grants import Grants

    count = Grants(_home(ctx)).revoke(principal, dataset, permission)
    click.echo(f"{count} revoked.", err=True)


@grant.command("list")
@click.argument("principal", required=False)
@json_option
@click.pass_context
def list_grants(ctx: click.Context, principal: str | None, as_json: bool) -> None:
    """List every grant ever given, or those of PRINCIPAL.

    \b
    steward grant list
    steward grant list max
    """  # noqa: D301  click reads the backspace
    from catalog.access.grants import Grants

    now = datetime.now(UTC)
    found = [g for g in Grants(_home(ctx)).all() if principal in (None, g.principal)]
    if as_json:
        described = [
            {
                "principal": g.principal,
                "dataset": g.dataset,
                "permission": g.permission,
                "given": g.given.isoformat(),
                "expires": g.expires.isoformat(),
                "revoked": g.revoked.isoformat() if g.revoked else None,
                "state": g.state(now),
            }
            for g in found
        ]
        click.echo(dumps({"grants": described}))
        return
    if not found:
        click.echo("No grants. Give one: steward grant give PRINCIPAL DATASET", err=True)
    for entry in found:
        click.echo(f"{safe(entry.principal):<20} {entry.permission:<8} {entry.state(now):<8} until {entry.expires:%Y-%m-%d %H:%M}  {safe(entry.dataset)}")


def _home(ctx: click.Context) -> Path:
    """The catalog's folder. Raises `CatalogUnavailable` where there is none: a grant makes no catalog."""
    from catalog.storage.generations import current, default_home

    home: Path = ctx.obj or default_home()
    current(home)
    return home
