"""What the catalog stores: one dataclass per storage table, from which the storage schema is derived.

Ingest and the demo make records; ``generations`` writes them. Times are UTC without a zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from types import MappingProxyType, UnionType
from typing import Any, ClassVar, get_args, get_type_hints

SQL_TYPES: dict[Any, str] = {
    str: "VARCHAR",
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    datetime: "TIMESTAMP",
    date: "DATE",
    tuple[str, ...]: "VARCHAR[]",
}


@dataclass(frozen=True, kw_only=True)
class Record:
    """A row of storage. ``node`` published it, ``sensitivity`` says who may know of it."""

    table: ClassVar[str]
    key: ClassVar[tuple[str, ...]]

    node: str
    sensitivity: str = "public"
    as_of: datetime | None = None
    origin: str = "published"


@dataclass(frozen=True, kw_only=True)
class Node(Record):
    table: ClassVar[str] = "node"
    key: ClassVar[tuple[str, ...]] = ("node",)

    operator: str | None = None
    network: str | None = None
    country: str | None = None
    jurisdiction: str = "unknown"
    kind: str | None = None
    status: str | None = None
    trust_score: float | None = None
    stake: float | None = None
    encrypted_at_rest: bool | None = None
    encrypted_in_transit: bool | None = None
    last_seen: datetime | None = None
    last_publish: datetime | None = None
    signature_ok: bool | None = None
    uptime: float | None = None


@dataclass(frozen=True, kw_only=True)
class Dataset(Record):
    table: ClassVar[str] = "dataset"
    key: ClassVar[tuple[str, ...]] = ("node", "name")

    name: str
    description: str | None = None
    domain: str | None = None
    data_type: str | None = None
    format: str | None = None
    owner: str | None = None
    steward: str | None = None
    licence: str | None = None
    licence_class: str | None = None
    pii: bool | None = None
    phi: bool | None = None
    row_count: int | None = None
    bytes: int | None = None
    languages: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    generating_model: str | None = None
    region: str | None = None
    version: str | None = None
    content_hash: str | None = None
    update_frequency: str | None = None
    last_updated: datetime | None = None
    deprecated: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DatasetColumn(Record):
    table: ClassVar[str] = "dataset_column"
    key: ClassVar[tuple[str, ...]] = ("node", "dataset", "column_name")

    dataset: str
    column_name: str
    type: str | None = None
    definition: str | None = None
    glossary_term: str | None = None
    pii_category: str | None = None
    classification: str | None = None
    is_key: bool | None = None
    nullable: bool | None = None
    encrypted: bool | None = None
    critical: bool | None = None


@dataclass(frozen=True, kw_only=True)
class LineageEdge(Record):
    """One direct flow; columns are null when it joins whole datasets."""

    table: ClassVar[str] = "edge"
    key: ClassVar[tuple[str, ...]] = ("node", "upstream", "upstream_column", "downstream", "downstream_column", "job")

    upstream: str
    upstream_kind: str = "dataset"
    upstream_column: str | None = None
    downstream: str
    downstream_kind: str = "dataset"
    downstream_column: str | None = None
    job: str | None = None
    transform_type: str | None = None
    masking: bool | None = None
    last_run: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Model(Record):
    table: ClassVar[str] = "model"
    key: ClassVar[tuple[str, ...]] = ("node", "name")

    name: str
    task: str | None = None
    framework: str | None = None
    licence: str | None = None
    licence_class: str | None = None
    owner: str | None = None
    parameters: int | None = None
    released: date | None = None
    trained_on: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Metric(Record):
    table: ClassVar[str] = "metric"
    key: ClassVar[tuple[str, ...]] = ("node", "dataset", "column_name", "metric", "measured_at")

    dataset: str
    version: str | None = None
    column_name: str | None = None
    dimension: str
    metric: str
    value: float
    unit: str
    baseline: float | None = None
    z_score: float | None = None
    is_anomaly: bool | None = None
    measured_at: datetime
    is_latest: bool = False
    """Newest of its dataset, column, metric and sensitivity; set when a generation is committed."""


@dataclass(frozen=True, kw_only=True)
class QualityCheck(Record):
    table: ClassVar[str] = "quality_check"
    key: ClassVar[tuple[str, ...]] = ("node", "check_id")

    check_id: str
    dataset: str
    column_name: str | None = None
    check_name: str
    expected: str | None = None
    actual: str | None = None
    status: str | None = None
    """None for a check that is declared and has not run."""
    severity: str | None = None
    alert_status: str | None = None
    assignee: str | None = None
    opened: datetime | None = None
    acked: datetime | None = None
    resolved: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class GovernancePolicy(Record):
    table: ClassVar[str] = "policy"
    key: ClassVar[tuple[str, ...]] = ("node", "policy_id")

    policy_id: str
    name: str
    type: str
    effect: str | None = None
    action: str | None = None
    target: str | None = None
    assignee: str | None = None
    purpose: str | None = None
    regulation: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    enforced: bool | None = None
    approved_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class AccessGrant(Record):
    table: ClassVar[str] = "access_grant"
    key: ClassVar[tuple[str, ...]] = ("node", "grant_id")

    grant_id: str
    principal: str
    dataset: str
    permission: str
    granted_by: str | None = None
    datatoken: str | None = None
    granted: datetime | None = None
    expires: datetime | None = None
    revoked: bool = False


@dataclass(frozen=True, kw_only=True)
class Consent(Record):
    table: ClassVar[str] = "consent"
    key: ClassVar[tuple[str, ...]] = ("node", "consent_id")

    consent_id: str
    dataset: str
    subject_group: str
    purpose: str | None = None
    legal_basis: str | None = None
    status: str
    given: datetime | None = None
    expires: datetime | None = None
    withdrawn: datetime | None = None
    honoured: datetime | None = None
    subjects: int | None = None


@dataclass(frozen=True, kw_only=True)
class Compliance(Record):
    table: ClassVar[str] = "compliance"
    key: ClassVar[tuple[str, ...]] = ("node", "dataset", "regulation", "requirement")

    dataset: str
    regulation: str
    requirement: str
    status: str
    processing_country: str | None = None
    transfer_country: str | None = None
    mechanism: str | None = None
    retention_until: date | None = None
    assessed: datetime | None = None
    assessor: str | None = None


@dataclass(frozen=True, kw_only=True)
class Claim(Record):
    table: ClassVar[str] = "claim"
    key: ClassVar[tuple[str, ...]] = ("node", "claim_id")

    claim_id: str
    dataset: str
    attribute: str
    claimed_value: str | None = None
    claimant: str
    weight: float | None = None
    consensus_value: str | None = None
    agreement: float | None = None
    disputed: bool | None = None
    quorum_met: bool | None = None
    decided: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AuditEntry(Record):
    table: ClassVar[str] = "audit_entry"
    key: ClassVar[tuple[str, ...]] = ("node", "seq")

    seq: int
    at: datetime
    actor: str
    role: str | None = None
    action: str
    dataset: str | None = None
    decision: str
    policy: str | None = None
    question: str | None = None
    purpose: str | None = None
    sql_hash: str | None = None
    row_count: int | None = None
    entry_hash: str | None = None
    verified: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Replica(Record):
    table: ClassVar[str] = "replica"
    key: ClassVar[tuple[str, ...]] = ("node", "dataset")

    dataset: str
    kind: str
    last_synced: datetime | None = None
    last_restore_test: datetime | None = None
    restore_ok: bool | None = None
    integrity_ok: bool | None = None


@dataclass(frozen=True, kw_only=True)
class NodeEvent(Record):
    table: ClassVar[str] = "node_event"
    key: ClassVar[tuple[str, ...]] = ("node", "event_id")

    event_id: str
    kind: str
    severity: str | None = None
    detail: str | None = None
    detected_by: str | None = None
    at: datetime
    resolved: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingRound(Record):
    table: ClassVar[str] = "training_round"
    key: ClassVar[tuple[str, ...]] = ("node", "run", "round")

    run: str
    model: str
    framework: str | None = None
    round: int
    nodes: int | None = None
    participants: tuple[str, ...] = ()
    gb_per_node: float | None = None
    update_mb: float | None = None
    latency_s: float | None = None
    privacy_level: str | None = None
    epsilon: float | None = None
    accuracy: float | None = None
    energy_kwh: float | None = None
    datasets: tuple[str, ...] = ()
    slowest_node: str | None = None
    status: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class MarketEvent(Record):
    table: ClassVar[str] = "market_event"
    key: ClassVar[tuple[str, ...]] = ("node", "event_id")

    event_id: str
    dataset: str
    seller: str | None = None
    service: str | None = None
    event: str
    price: float | None = None
    token: str | None = None
    allowed_algorithms: str | None = None
    buyer: str | None = None
    amount: float | None = None
    rating: int | None = None
    comment: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Document(Record):
    """A published document that was read, so that the same bytes are not read twice."""

    table: ClassVar[str] = "document"
    key: ClassVar[tuple[str, ...]] = ("node", "path")

    path: str
    kind: str
    sha256: str
    ingested: datetime
    records: int


RECORD_TYPES: tuple[type[Record], ...] = (
    Node,
    Dataset,
    DatasetColumn,
    LineageEdge,
    Model,
    Metric,
    QualityCheck,
    GovernancePolicy,
    AccessGrant,
    Consent,
    Compliance,
    Claim,
    AuditEntry,
    Replica,
    NodeEvent,
    TrainingRound,
    MarketEvent,
    Document,
)


_COLUMNS: dict[type[Record], Mapping[str, str]] = {}


def storage_columns(record_type: type[Record]) -> Mapping[str, str]:
    """Column name to DuckDB type of a record's storage table, in field order; worked out once for each."""
    if record_type not in _COLUMNS:
        hints = get_type_hints(record_type)
        columns = {}
        for field in fields(record_type):
            hint = hints[field.name]
            if isinstance(hint, UnionType):
                hint = next(arm for arm in get_args(hint) if arm is not type(None))
            columns[field.name] = SQL_TYPES[hint]
        _COLUMNS[record_type] = MappingProxyType(columns)
    return _COLUMNS[record_type]


def storage_ddl() -> str:
    """CREATE TABLE statements of every storage table."""
    statements = []
    for record_type in RECORD_TYPES:
        columns = ", ".join(f'"{name}" {type_}' for name, type_ in storage_columns(record_type).items())
        statements.append(f"CREATE TABLE IF NOT EXISTS {record_type.table} ({columns});")
    return "\n".join(statements)
