"""``steward audit alerts``: what in the audit log a person should look at."""

from pathlib import Path
from typing import Any

import click

from catalog.storage.generations import default_home
from tui.options import json_option


@click.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what went on on this day (UTC) or later.")
@json_option
@click.pass_context
def alerts(ctx: click.Context, since: Any, as_json: bool) -> None:
    """Look for misuse: bursts of denials, guessing at tokens and names, scraping, odd hours.

    An alert is a reason to look, not a verdict; the exit code is 0 with alerts and without. Reads the log's file.

    Example: steward audit alerts --since 2026-10-01
    """
    from catalog.audit.log import AuditLog
    from catalog.audit.misuse import alerts as find
    from catalog.storage.generations import current
    from tui.envelope import dumps
    from tui.safe import safe

    home: Path = ctx.obj or default_home()
    current(home)
    entries = AuditLog(home).entries()
    found = [alert for alert in find(entries) if since is None or alert.last >= since]
    if as_json:
        fields = [
            {
                "kind": a.rule.kind, "severity": a.severity, "actor": a.actor, "first": a.first.isoformat(), "last": a.last.isoformat(),
                "count": a.count, "what": a.rule.what, "usual": a.rule.most, "within_s": int(a.rule.within.total_seconds()),
                "first_seq": a.first_seq, "last_seq": a.last_seq,
            }
            for a in found
        ]  # fmt: skip
        click.echo(dumps({"entries": len(entries), "alerts": fields}))
        return
    for a in found:
        when = f"{a.first:%Y-%m-%d %H:%M} to {a.last:%Y-%m-%d %H:%M}"
        click.echo(f"{a.severity:<6}  {a.rule.kind:<14}  {safe(a.actor):<20}  {when}  {a.count:,} {a.rule.what}, entries {a.first_seq:,} to {a.last_seq:,}")
    click.echo(f"{len(found):,} alert{'' if len(found) == 1 else 's'} in {len(entries):,} actions.", err=True)
