"""``steward alerts``: the alerts of the quality checks that the asker may see, and saying that one is looked after or over."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.completion import names
from tui.envelope import dumps
from tui.options import json_option, token_option
from tui.safe import safe

if TYPE_CHECKING:
    from nl2sql.session import Session

VIEW = "quality_checks"
NEEDED = ("node", "check_id", "dataset", "alert_status")
SHOWN = ("dataset", "column_name", "check_name", "expected", "actual", "status", "severity", "alert_status", "assignee", "opened", "acked", "resolved", "node", "check_id")
"""Columns of an alert, as far as they are open to the asker."""
SEVERITY = ("critical", "high", "medium", "low", None)
STATES = ("open", "acknowledged", "resolved")
COLUMNS = ("alert", "severity", "status", "where", "what", "since", "assignee")
"""Of the list."""
MOST = 10_000
"""Alerts that are shown at once."""


@dataclass(slots=True)
class Seen:
    """The alerts that somebody may see, by node and check_id; ``rows`` is how many of them were told, for the audit log."""

    alerts: dict[tuple[str, str], dict[str, Any]]
    session: "Session"
    now: datetime
    rows: int = 0

    def one(self, identity: str) -> dict[str, Any]:
        """The alert of that identity or check_id, or of the only identity that begins so. Raises UsageError."""
        from catalog.errors import UsageError
        from catalog.quality.alerts import alert_id

        # A check may be called what another alert is: an identity comes first.
        names = {key: alert_id(*key) for key in self.alerts}
        found = [alert for key, alert in self.alerts.items() if identity == names[key]]
        found = found or [alert for alert in self.alerts.values() if identity == alert["check_id"]]
        found = found or [alert for key, alert in self.alerts.items() if len(identity) >= 4 and names[key].startswith(identity)]
        if len(found) != 1:
            several = "Several alerts are" if found else "There is no alert"
            raise UsageError(f"{several} called {identity}.", "steward alerts list --all names those that you may see.")
        return found[0]


@contextmanager
def seeing(home: Path, token: str | None, asked: str, action: str = "query") -> Iterator[Seen]:
    """The alerts as the bearer of ``token`` may see them, recorded like a question.

    Raises `AccessDenied` without the view or the columns that name an alert, and when token, policy or grant ended meanwhile.
    """
    from catalog.engine.snapshot import prepare
    from catalog.errors import AccessDenied
    from catalog.quality.freshness import opened
    from catalog.storage.generations import pinned
    from nl2sql.session import open_session, read_clock

    with pinned(home) as generation, closing(open_session(home, generation, token)) as session:
        session.renew()
        allowed, log = session.authorisation, session.audit
        seq = log.begin(session.principal.name, ",".join(session.principal.roles), action, asked[:2000], None, now=read_clock(home))
        permit, verdict = allowed.permits.get(VIEW), "declined"
        rules: tuple[str, ...] = tuple(permit.rules) if permit else (allowed.denials[VIEW].rule,)
        seen = Seen({}, session, session.now)
        try:
            if permit is None:
                raise AccessDenied(f"The view {VIEW} is not open to you.", rules[0])
            plain = [column for column in SHOWN if permit.columns.get(column) == "show"]
            if closed := sorted(set(NEEDED) - set(plain)):
                raise AccessDenied(f"The view {VIEW} is open to you without {', '.join(closed)}.", ", ".join(rules))
            with opened(prepare(home, generation, log, allowed, [VIEW], session.now)) as connection:
                columns = ", ".join(f'"{column}"' for column in plain)
                rows = connection.execute(f"SELECT {columns} FROM {VIEW} WHERE alert_status IS NOT NULL").fetchall()
            for row in rows:
                alert: dict[str, Any] = {**dict.fromkeys(SHOWN), **dict(zip(plain, row, strict=True))}
                seen.alerts[alert["node"], alert["check_id"]] = alert
            yield seen
            session.require_current()
            verdict = "allowed"
        except AccessDenied as denied:
            verdict, rules = "denied", (denied.rule,)
            raise
        finally:
            log.end(seq, verdict, ", ".join(rules) or None, seen.rows if verdict == "allowed" else 0, now=read_clock(home))


def as_fields(identity: str, alert: dict[str, Any]) -> dict[str, Any]:
    """An alert as JSON has it, with hours to acknowledge and to resolve."""
    fields = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in alert.items()}
    return {"id": identity, **fields, "hours_to_acknowledge": _hours(alert, "acked"), "hours_to_resolve": _hours(alert, "resolved")}


def _hours(alert: dict[str, Any], end: str) -> float | None:
    if alert["opened"] is None or alert[end] is None:
        return None
    between: timedelta = alert[end] - alert["opened"]
    return round(between.total_seconds() / 3600, 2)


def cells(identity: str, alert: dict[str, Any]) -> list[str]:
    """An alert as a row of the list, safe to print."""
    where = ".".join(part for part in (alert["dataset"], alert["column_name"]) if part)
    since = f"{alert['opened']:%Y-%m-%d %H:%M}" if alert["opened"] else ""
    said = f"{alert['check_name'] or 'check'}: {alert['actual'] or alert['status']} (expected: {alert['expected'] or 'to pass'})"
    return [identity, alert["severity"] or "-", alert["alert_status"], safe(where), safe(said), since, safe(alert["assignee"] or "")]


def line(identity: str, alert: dict[str, Any]) -> str:
    """An alert in one line, safe to print."""
    name, severity, status, where, said, since, who = cells(identity, alert)
    return f"{name}  {severity:<8}  {status:<12}  {where}  {said}  {f'since {since}' if since else ''}{f', {who}' if who else ''}"


def _order(item: tuple[str, dict[str, Any]]) -> tuple[int, int, str, str]:
    identity, alert = item
    severity = alert["severity"] if alert["severity"] in SEVERITY else None
    return STATES.index(alert["alert_status"]), SEVERITY.index(severity), alert["dataset"], identity


@click.group()
def alerts() -> None:
    """Alerts of quality checks: open, acknowledged, resolved. ``steward watch`` opens them; you see those of data that you may see."""


@alerts.command("list")
@click.option("--status", type=click.Choice(STATES), help="Only these.")
@click.option("--severity", type=click.Choice([s for s in SEVERITY if s]), help="Only of this severity.")
@click.option("--dataset", shell_complete=names("dataset"), help="Only of this dataset.")
@click.option("--all", "every", is_flag=True, help="Resolved ones too.")
@click.option("--limit", "-n", "most", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many to show.")
@click.option("--offset", type=click.IntRange(0), default=0, show_default=True, help="How many to leave out first.")
@json_option
@token_option
@click.pass_context
def list_alerts(
    ctx: click.Context, status: str | None, severity: str | None, dataset: str | None, every: bool, most: int, offset: int, as_json: bool, token: str | None
) -> None:
    """List alerts, the worst first; resolved ones only with --all or --status resolved.

    \b
    steward alerts list --severity high
    steward alerts list --all --limit 100 --offset 100
    """  # noqa: D301  click reads the backspace
    from catalog.quality.alerts import alert_id
    from catalog.storage.generations import default_home

    with seeing(ctx.obj or default_home(), token, "alerts list") as seen:
        chosen = [
            (key, alert)
            for key, alert in sorted(((alert_id(*key), alert) for key, alert in seen.alerts.items()), key=_order)
            if (alert["alert_status"] == status if status else every or alert["alert_status"] != "resolved")
            and severity in (None, alert["severity"])
            and dataset in (None, alert["dataset"])
        ]
        seen.rows = len(chosen)
        about = {"principal": seen.session.principal.name, "generation": seen.session.generation.number}
    shown = chosen[offset : offset + most]
    if as_json:
        click.echo(dumps({**about, "count": len(chosen), "offset": offset, "alerts": [as_fields(key, alert) for key, alert in shown]}))
        return
    if shown:
        from tui.output import on_terminal
        from tui.table import table

        click.echo(table(COLUMNS, ["VARCHAR"] * len(COLUMNS), [cells(key, alert) for key, alert in shown], on_terminal()), nl=False)
    click.echo(f"{len(chosen):,} alert{'' if len(chosen) == 1 else 's'}.", err=True)
    if (after := len(chosen) - offset - len(shown)) > 0:
        click.echo(f"{after:,} more; --offset {offset + len(shown)} goes on with them, --limit shows up to {MOST:,}.", err=True)


@alerts.command()
@click.argument("alert")
@json_option
@token_option
@click.pass_context
def show(ctx: click.Context, alert: str, as_json: bool, token: str | None) -> None:
    """Show one ALERT: what failed, since when, who is on it.

    Example: steward alerts show 3f9c1a20
    """
    from catalog.storage.generations import default_home

    with seeing(ctx.obj or default_home(), token, f"alerts show {alert}") as seen:
        found = seen.one(alert)
        seen.rows = 1
    _print(found, as_json)


@alerts.command()
@click.argument("alert")
@click.option("--assign", metavar="NAME", help="Who is on it, if not you.")
@json_option
@token_option
@click.pass_context
def ack(ctx: click.Context, alert: str, assign: str | None, as_json: bool, token: str | None) -> None:
    """Acknowledge ALERT: you are on it, or the one whom you --assign.

    Example: steward alerts ack 3f9c1a20
    """
    _change(ctx, alert, "ack", assign, as_json, token)


@alerts.command()
@click.argument("alert")
@json_option
@token_option
@click.pass_context
def resolve(ctx: click.Context, alert: str, as_json: bool, token: str | None) -> None:
    """Resolve ALERT; it opens anew once its check has passed and fails again.

    Example: steward alerts resolve 3f9c1a20
    """
    _change(ctx, alert, "resolve", None, as_json, token)


def _change(ctx: click.Context, identity: str, what: str, assign: str | None, as_json: bool, token: str | None) -> None:
    """Change an alert and print it."""
    from catalog.storage.generations import default_home

    _print(changed(ctx.obj or default_home(), token, identity, what, assign), as_json)


def changed(home: Path, token: str | None, identity: str, what: str, assign: str | None = None) -> dict[str, Any]:
    """Acknowledge (``ack``) or ``resolve`` an alert as its asker, write the generation that shows it, and give it as it is then.

    Raises what `seeing` raises, `AccessDenied` without a token, and `UsageError` for an alert that is not there or resolved.
    """
    from catalog.errors import AccessDenied
    from catalog.quality.alerts import Alerts, Episode
    from catalog.storage.generations import writing

    # Recorded as what brings something into the catalog: the view's word for that is ingest.
    with seeing(home, token, f"alerts {what} {identity}", "ingest") as seen:
        if seen.session.token is None:
            raise AccessDenied("Alerts are changed by somebody who can be named.", "token", "Say who you are: --token, or STEWARD_TOKEN.")
        found = seen.one(identity)
        seen.session.require_current()
        who = seen.session.principal.name
        times = (found["opened"] or seen.now, found["acked"], None, found["resolved"], None)
        row = Episode(f"{found['node']}\0{found['check_id']}", 1, found["node"], found["check_id"], False, *times, found["assignee"])
        kept = Alerts(home)
        after = kept.acknowledge(row, who, seen.now, assign) if what == "ack" else kept.resolve(row, who, seen.now)
        with writing(home):
            pass  # whatever is written shows the alerts as they stand
        seen.rows = 1
        shows_assignee = seen.session.authorisation.permits[VIEW].columns.get("assignee") == "show"
    after_change = {"alert_status": after.status, "acked": after.acked, "resolved": after.resolved, "assignee": after.assignee if shows_assignee else None}
    return {**found, **after_change}


def _print(alert: dict[str, Any], as_json: bool) -> None:
    from catalog.quality.alerts import alert_id

    identity = alert_id(alert["node"], alert["check_id"])
    fields = as_fields(identity, alert)
    if as_json:
        click.echo(dumps(fields))
        return
    for key, value in fields.items():
        if value is not None:
            click.echo(f"{key.replace('_', ' '):<20}  {safe(str(value))}")
