"""What holds in every real catalog, so that two ways of asking are not told apart by a world that cannot be.

``opened >= '2026-10-01'`` and ``opened BETWEEN '2026-10-01' AND now`` ask the same where nothing opens in the future; an edge between
columns joins their tables too; a sum of purchases is the sum of all amounts where only purchases have one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from catalog.storage.records import (
    AuditEntry,
    Claim,
    Compliance,
    Consent,
    Dataset,
    LineageEdge,
    MarketEvent,
    Metric,
    NodeEvent,
    QualityCheck,
    Record,
    Replica,
)

AHEAD = frozenset({"expires", "valid_to", "valid_from", "retention_until"})
"""Times that may lie ahead; every other one tells of something that happened."""
ONLY_OF: Mapping[str, Sequence[str]] = {"price": ("listed",), "amount": ("ordered",), "rating": ("rated",), "comment": ("rated",)}
"""Fields of a market event and the events that have them."""


def sound(records: Sequence[Record], now: datetime, known: Iterable[Record] = ()) -> list[Record]:
    """The records as a real catalog could hold them at ``now`` (UTC): one dataset of a name, one kind of thing to a name, one dimension to a metric, flows between columns within flows between tables.

    Metrics that ``known`` records have are of the dimension that they have there: a row count is never a completeness. No column flows back into the
    table that it comes from by way of others, for then that table would feed itself, which no flow between tables says.
    """
    names: set[str] = set()
    kinds: dict[str, str] = {}
    flows: dict[str, set[str]] = {}
    dimensions = {record.metric: record.dimension for record in known if isinstance(record, Metric)}
    found: list[Record] = []
    for record in records:
        if isinstance(record, LineageEdge):
            ends = {end: kinds.setdefault(getattr(record, end), getattr(record, f"{end}_kind")) for end in ("upstream", "downstream")}
            record = replace(record, upstream_kind=ends["upstream"], downstream_kind=ends["downstream"])
            if _is_of_columns(record) and _is_fed_by(record.upstream, record.downstream, flows):
                record = replace(record, upstream_column=None, downstream_column=None)
            flows.setdefault(record.upstream, set()).add(record.downstream)
        if isinstance(record, Metric):
            record = replace(record, dimension=dimensions.setdefault(record.metric, record.dimension))
        if isinstance(record, Dataset):
            if record.name in names:
                continue
            names.add(record.name)
        found += _sound(record, now)
    return found


def _is_of_columns(edge: LineageEdge) -> bool:
    return edge.upstream_column is not None or edge.downstream_column is not None


def _is_fed_by(name: str, source: str, flows: Mapping[str, set[str]]) -> bool:
    """Whether anything flows from ``source`` to another thing of that name."""
    seen, ahead = {source}, [source]
    while ahead and name != source:
        following = flows.get(ahead.pop(), set()) - seen
        if name in following:
            return True
        seen |= following
        ahead += following
    return False


def _sound(record: Record, now: datetime) -> Iterator[Record]:
    changes: dict[str, Any] = {name: _timely(name, value, now) for name, value in vars(record).items() if isinstance(value, date)}
    settled = replace(record, **changes)
    yield replace(settled, **_consistent(settled, now))
    if isinstance(settled, LineageEdge) and _is_of_columns(settled):
        yield replace(settled, upstream_column=None, downstream_column=None)


def _timely(name: str, value: date, now: datetime) -> date:
    """Not in the future where it happened; not at the very instant, or on the very day, at which a span of time begins or ends.

    Nobody who says "since Monday" or "by today" means one side of that instant rather than the other.
    """
    if not isinstance(value, datetime):
        return value - timedelta(days=value == now.date())
    if name not in AHEAD and value > now:
        value = max(now - (value - now), datetime(1970, 1, 2))
    return value - timedelta(seconds=value.time() in (time.min, now.time()))


def _consistent(record: Record, now: datetime) -> dict[str, Any]:
    """Fields that others rule out."""
    match record:
        case MarketEvent():
            return {name: None for name, events in ONLY_OF.items() if record.event not in events}
        case QualityCheck():
            over = record.alert_status == "resolved"
            return ({} if over else {"resolved": None}) | ({"acked": None} if record.alert_status in (None, "open") else {})
        case Consent():
            lapsed = record.status == "given" and record.expires is not None and record.expires <= now
            return ({} if record.status == "withdrawn" else {"withdrawn": None, "honoured": None}) | ({"expires": None} if lapsed else {})
        case Replica() if record.last_restore_test is None:
            return {"restore_ok": None}
        case Compliance() if record.transfer_country is None:
            return {"mechanism": None}
        case Claim() if record.consensus_value is None:
            return {"agreement": None}
        case AuditEntry() if record.action != "query":
            return {"question": None}
        case NodeEvent() if record.resolved is not None and record.resolved < record.at:
            return {"resolved": None}
    return {}
