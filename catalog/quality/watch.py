"""One look at the whole catalog: checks are made, alerts open and resolve, misuse of the catalog becomes an event; ``steward watch``.

Alerts are durable before the generation that shows them; after a kill in between the next look writes it. Tells nobody.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.audit.log import AuditLog
from catalog.audit.misuse import alerts as misuse
from catalog.audit.records import AUDIT_NODE
from catalog.errors import CatalogUnavailable
from catalog.quality.alerts import MOST_OF_NODE, Alerts, Failing, is_shown
from catalog.quality.expectations import OWN, Finding, findings
from catalog.storage.database import open_generation
from catalog.storage.encryption import generation_key
from catalog.storage.generations import pinned, writing
from catalog.storage.records import NodeEvent, QualityCheck
from catalog.storage.rows import upsert

if TYPE_CHECKING:
    import duckdb

DETECTED_BY = "audit rules"
BUSY_S = 5.0
SEVERITY = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look found: checks in all and failing, alerts that changed by it."""

    checks: int
    failing: int
    changed: int
    events: int
    """Number of the newest event whose alert the catalog shows: what comes later is for the next look."""


@dataclass(frozen=True, slots=True)
class _State:
    """What a generation needs so that it says what is found."""

    found: list[Finding]
    rows: list[QualityCheck]
    """Checks of the catalog's own that are new or say something else."""
    gone: list[tuple[str, str]]
    """Node and check_id of own checks of which there is nothing to say any more."""
    events: list[NodeEvent]
    events_differ: bool
    keys: dict[tuple[str, str], tuple[str | None, str | None]]
    """Alert status and assignee of every check, by node and check_id, those that are new included."""

    @property
    def failing(self) -> list[Failing]:
        """Failing tests whose alert is not their publisher's."""
        by_node: dict[str, list[Finding]] = {}
        for each in self.found:
            if each.failed:
                by_node.setdefault(each.row.node, []).append(each)
        own = [each for found in by_node.values() for each in sorted(found, key=_worst)[:MOST_OF_NODE]]
        return [Failing(each.test, each.row.node, each.row.check_id, each.row.opened or datetime.min) for each in own]


def _worst(found: Finding) -> tuple[int, str]:
    severity = found.row.severity
    return SEVERITY.index(severity) if severity in SEVERITY else len(SEVERITY), found.test


def look(home: Path, now: datetime) -> Looked:
    """Check everything at a moment (UTC, without a zone) and bring alerts and the catalog up to date; nothing new writes nothing.

    Raises CatalogUnavailable without a catalog, and while another watch is looking.
    """
    from filelock import FileLock, Timeout

    if not (home / "CURRENT").exists():
        raise CatalogUnavailable(f"There is no catalog in {home}.")
    try:
        with FileLock(home / "watch.lock", timeout=BUSY_S, mode=0o600):
            return _look(home, now)
    except Timeout:
        raise CatalogUnavailable("Another watch is looking.", "Wait until it is done.") from None


def _look(home: Path, now: datetime) -> Looked:
    import duckdb

    alerts = Alerts(home)
    events = _events(home, now)
    with pinned(home) as generation:
        try:
            with open_generation(generation.path, generation_key(generation.path)) as connection:
                state = _state(connection, alerts, events, now)
        except duckdb.Error as error:
            raise CatalogUnavailable(f"{generation.path} cannot be read.", "Build the catalog anew.") from error
    changed = 0
    shown = is_shown(alerts.all(), state.keys)
    if state.rows or state.gone or state.events_differ or not shown or alerts.would_change(state.failing, state.keys):
        with writing(home) as connection:
            state = _state(connection, alerts, events, now)
            changed = alerts.settle(state.failing, state.keys, now)
            _write(connection, state)
    else:
        alerts.settle(state.failing, state.keys, now)
    return Looked(len(state.found), sum(each.failed for each in state.found), changed, alerts.newest())


def _state(connection: "duckdb.DuckDBPyConnection", alerts: Alerts, events: list[NodeEvent], now: datetime) -> _State:
    ours = {(episode.node, episode.check_id) for episode in alerts.all()}
    stored = connection.execute("SELECT node, check_id, alert_status, assignee FROM quality_check").fetchall()
    keys = {(node, check_id): (status, who) for node, check_id, status, who in stored}
    published = {key for key, (status, _) in keys.items() if status and key not in ours and not key[1].startswith(OWN)}
    found = [each for each in findings(connection, now) if (each.row.node, each.row.check_id) not in published]
    own = [each.row for each in found if each.row.check_id.startswith(OWN)]
    names = [field.name for field in fields(QualityCheck)]
    quoted = ", ".join(f'"{name}"' for name in names)
    before = {
        (row.node, row.check_id): row
        for values in connection.execute(f"SELECT {quoted} FROM quality_check WHERE starts_with(check_id, $1)", [OWN]).fetchall()
        for row in [QualityCheck(**dict(zip(names, values, strict=True)))]
    }
    new = [row for row in own if (row.node, row.check_id) not in before or _said(row) != _said(before[row.node, row.check_id])]
    gone = sorted(before.keys() - {(row.node, row.check_id) for row in own})
    for row in new:
        keys.setdefault((row.node, row.check_id), (None, None))
    event_names = [field.name for field in fields(NodeEvent)]
    quoted = ", ".join(f'"{name}"' for name in event_names)
    told = connection.execute(f"SELECT {quoted} FROM node_event WHERE detected_by = $1", [DETECTED_BY]).fetchall()
    same = {NodeEvent(**dict(zip(event_names, values, strict=True))) for values in told} == set(events)
    return _State(found, new, gone, events, not same, keys)


def _said(row: QualityCheck) -> QualityCheck:
    """A result without when it was, and without what became of the alert."""
    return replace(row, opened=None, as_of=None, alert_status=None, assignee=None, acked=None, resolved=None)


def _write(connection: "duckdb.DuckDBPyConnection", state: _State) -> None:
    upsert(connection, state.rows)
    for node, check_id in state.gone:
        connection.execute("DELETE FROM quality_check WHERE node = $1 AND check_id = $2", [node, check_id])
    if state.events_differ:
        connection.execute("DELETE FROM node_event WHERE detected_by = $1", [DETECTED_BY])
        upsert(connection, state.events)


def _events(home: Path, now: datetime) -> list[NodeEvent]:
    """What the rules find in the audit log, as events of the catalog's own node: who it was is in the log alone.

    An event is over when so much time has passed since its last entry as its rule looks at.
    """
    if not (home / "audit.sqlite").exists():
        return []
    return [
        NodeEvent(
            node=AUDIT_NODE,
            sensitivity="restricted",
            as_of=alert.last,
            origin="measured",
            event_id=f"{AUDIT_NODE}/misuse/{alert.rule.kind.replace(' ', '-')}-{alert.first_seq}",
            kind="intrusion",
            severity=alert.severity,
            detail=f"{alert.rule.kind}: {alert.count:,} {alert.rule.what}, audit entries {alert.first_seq:,} to {alert.last_seq:,}",
            detected_by=DETECTED_BY,
            at=alert.first,
            resolved=alert.last if now - alert.last > alert.rule.within else None,
        )
        for alert in misuse(AuditLog(home).entries())
    ]
