"""``steward watch``: looks at the catalog now and then, and tells what became of alerts since it last told."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.envelope import dumps
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.quality.alerts import Event
    from catalog.quality.webhook import Webhook

STDOUT = "stdout"
SEVERITIES = ("low", "medium", "high", "critical")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
MOST_EVENTS = 500
"""Of one message; more are several."""


class _Stopped(BaseException):
    """SIGTERM came."""


class Every(click.ParamType[int]):
    """A span of time such as 15m, in seconds."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if text[:-1].isdecimal() and text[-1:] in UNITS and 10 <= (span := int(text[:-1][:9]) * UNITS[text[-1]]) <= 30 * 86_400:
            return span
        self.fail("give a span of 10s to 30d, such as 15m.", param, ctx)


@click.command()
@click.option("--once", is_flag=True, help="Look once and end, for cron (the default).")
@click.option("--every", type=Every(), help="Look again and again, with so long between: 90s, 15m, 6h.")
@click.option("--pull", "pulls", is_flag=True, help="Pull every source before each look.")
@click.option("--sink", "sinks", multiple=True, default=(STDOUT,), help="Where to tell: stdout, an https address, or @FILE with an address in it; may be given several times.")
@click.option("--secret-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Sign messages to addresses with the secret in this file.")
@click.option("--allow-local", is_flag=True, help="Let messages go to this machine (also by http) and to private networks.")
@click.option("--fail-on", type=click.Choice(SEVERITIES), help="Exit with 1 while an alert of this severity or worse is open that you may see.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per look on standard output.")
@click.option("--token", envvar="STEWARD_TOKEN", help="Tell what its bearer may see; none is anonymous.  [env: STEWARD_TOKEN]")
@click.pass_context
def watch(
    ctx: click.Context,
    once: bool,
    every: int | None,
    pulls: bool,
    sinks: tuple[str, ...],
    secret_file: Path | None,
    allow_local: bool,
    fail_on: str | None,
    as_json: bool,
    token: str | None,
) -> None:
    """Check the data, open and resolve alerts, and tell what changed since the last watch.

    Whole-catalog checks: cadence, contracts, anomalies, failing tests, misuse. What is told is what the bearer of the token may see. A
    sink that cannot be reached gets everything next time. Exit code 0 when all was told, 1 with --fail-on, 3 when a sink or a pull failed.

    \b
    steward watch
    steward watch --every 15m --pull --sink https://hooks.example.org/x --secret-file ~/hook.key
    """  # noqa: D301  click reads the backspace
    from catalog.errors import CatalogUnavailable, UsageError
    from catalog.storage.generations import default_home
    from tui.main import report

    if once and every:
        raise UsageError("--once and --every exclude each other.")
    home = ctx.obj or default_home()
    chosen = [_sink(text, secret_file, allow_local) for text in dict.fromkeys(sinks)]
    code = 0
    with _stoppable() as stopped:
        try:
            while True:
                try:
                    code = _round(home, pulls, chosen, fail_on, as_json, token)
                except CatalogUnavailable as passing:
                    if every is None:
                        raise
                    report(passing)
                if every is None or stopped.wait(every):
                    break
        except _Stopped:
            code = 0 if every else 128 + signal.SIGTERM
    ctx.exit(code)


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """SIGTERM ends a wait at once, and work where it stands: what is half done is not there."""
    stopped = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        stopped.set()
        raise _Stopped

    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGTERM, before)


def _sink(text: str, secret_file: Path | None, allow_local: bool) -> "Webhook | None":
    """A webhook; None is standard output."""
    from catalog.quality.webhook import Webhook, read_address, read_secret

    if text == STDOUT:
        return None
    url = read_address(Path(text[1:])) if text.startswith("@") else text
    return Webhook(url, read_secret(secret_file) if secret_file else None, allow_local)


def _round(home: Path, pulls: bool, sinks: list["Webhook | None"], fail_on: str | None, as_json: bool, token: str | None) -> int:
    """Look once and tell every sink; returns the exit code."""
    from catalog.errors import GovernanceError
    from catalog.quality.alerts import Alerts
    from catalog.quality.watch import look
    from nl2sql.session import read_clock
    from tui.alerting import seeing
    from tui.main import report

    code = 3 if pulls and not _pulled(home) else 0
    # What another watch opens from here on is not in the generation that is shown next: it is told by the next round.
    until = look(home, read_clock(home)).events
    kept = Alerts(home)
    with seeing(home, token, "watch", "export" if any(sinks) else "query") as seen:
        session = seen.session
        session.require_current()  # before anything leaves
        about = {"principal": session.principal.name, "generation": session.generation.number}
        for sink in sinks:
            name = f"{'stdout' if sink is None else sha256(sink.url.encode()).hexdigest()} for {session.principal.name}"
            events = kept.undelivered(name, until)
            told = [(event, seen.alerts[key]) for event in events if (key := (event.node, event.check_id)) in seen.alerts]
            try:
                if sink is None:
                    _tell_people(told, about, as_json)
                else:
                    _tell_address(sink, told, about)
            except GovernanceError as error:
                report(error)
                code = error.exit_code
                continue
            seen.rows += len(told)
            if events:
                kept.delivered(name, events[-1].seq)
        bad = [a for a in seen.alerts.values() if a["alert_status"] == "open" and fail_on and _rank(a["severity"]) >= _rank(fail_on)]
    return code or (1 if bad else 0)


def _rank(severity: str | None) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def _pulled(home: Path) -> bool:
    """Pull every source; whether all were read."""
    from catalog.errors import GovernanceError
    from catalog.pull.pull import pull
    from tui.main import report

    try:
        faults = [(pulled.source, pulled.fault) for pulled in pull(home).sources if pulled.fault]
    except GovernanceError as error:
        report(error)
        return False
    for source, fault in faults:
        click.echo(safe(f"{source}: {fault.text}"), err=True)
    return not faults


def _tell_people(told: list[tuple["Event", dict[str, Any]]], about: dict[str, Any], as_json: bool) -> None:
    from catalog.quality.alerts import alert_id
    from tui.alerting import line

    if as_json:
        click.echo(dumps({**about, "events": [_fields(event, alert) for event, alert in told]}))
    else:
        for event, alert in told:
            click.echo(f"{event.at:%Y-%m-%d %H:%M}  {event.what:<12}  {line(alert_id(event.node, event.check_id), alert)}")
    sys.stdout.flush()


def _tell_address(sink: "Webhook", told: list[tuple["Event", dict[str, Any]]], about: dict[str, Any]) -> None:
    """One message for every 500 events. The same events have the same identity, so that a receiver knows a repetition."""
    for start in range(0, len(told), MOST_EVENTS):
        part = told[start : start + MOST_EVENTS]
        identity = sha256(" ".join([about["principal"], sink.url, *(event.identity for event, _ in part)]).encode()).hexdigest()[:32]
        sent = datetime.now(UTC).isoformat(timespec="seconds")
        sink.send(f"msg_{identity}", {"type": "steward.alerts", "version": 1, "timestamp": sent, **about, "events": [_fields(*each) for each in part]})


def _fields(event: "Event", alert: dict[str, Any]) -> dict[str, Any]:
    from catalog.quality.alerts import alert_id
    from tui.alerting import as_fields

    alone = as_fields(alert_id(event.node, event.check_id), alert)
    who = event.who if event.who == "watch" or alert["assignee"] is not None else None
    return {"event": event.identity, "what": event.what, "at": event.at.isoformat(), "by": who, "alert": alone}
