"""The demo: the same rows every time, rows that fit together, and every problem that it promises to hold."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import duckdb
import pytest

from catalog.access.policy import load_policy
from catalog.demo.build import CLOCK_FILE, DEMO_NOW, build, records
from catalog.demo.claims import decide
from catalog.demo.metrics import robust_z
from catalog.semantic import views
from catalog.storage.records import (
    RECORD_TYPES,
    Claim,
    Dataset,
    Document,
    LineageEdge,
    MarketEvent,
    Metric,
    Model,
    Node,
    Record,
    TrainingRound,
)
from catalog.storage.rows import record_key

MADE = list(records(DEMO_NOW))
R = TypeVar("R", bound=Record)
VIEW_TABLES = {
    **{"nodes": "node", "datasets": "dataset", "columns": "dataset_column", "lineage": "edge", "models": "model"},
    **{"quality_metrics": "metric", "quality_checks": "quality_check", "policies": "policy", "grants": "access_grant"},
    **{"consents": "consent", "compliance": "compliance", "claims": "claim", "audit_log": "audit_entry"},
    **{
        "replicas": "replica",
        "node_events": "node_event",
        "training_rounds": "training_round",
        "market": "market_event",
    },
}


def of(kind: type[R]) -> list[R]:
    return [record for record in MADE if isinstance(record, kind)]


def in_table(table: str) -> list[Record]:
    return [record for record in MADE if record.table == table]


UNION = frozenset({"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"}) | frozenset(
    {"IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"}
)
DATASETS = {record.name: record for record in of(Dataset)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "home"
    build(folder)
    return folder


@pytest.fixture(scope="module")
def store(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(home / "gen-1.duckdb", read_only=True) as connection:
        yield connection


def test_same_moment_same_records() -> None:
    assert list(records(DEMO_NOW)) == MADE


def test_other_processes_make_the_same_records() -> None:
    script = (
        "import hashlib; from catalog.demo.build import DEMO_NOW, records;"
        "print(hashlib.sha256(repr(list(records(DEMO_NOW))).encode()).hexdigest())"
    )
    here = hashlib.sha256(repr(MADE).encode()).hexdigest()
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        ran = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == here


def test_records_move_with_the_clock() -> None:
    week = timedelta(weeks=1)
    later = [record for record in records(DEMO_NOW + week) if isinstance(record, Metric)]
    moved = [replace(m, measured_at=m.measured_at + week, as_of=m.measured_at + week) for m in of(Metric)]
    assert later == moved


def test_building_again_gives_the_same_contents(tmp_path: Path) -> None:
    first = build(tmp_path)
    rows = contents(first.generation.path)
    second = build(tmp_path)
    assert second.generation.number == 2
    assert second.rows == first.rows
    assert contents(second.generation.path) == rows


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(path, read_only=True) as connection:
        return {t.table: connection.execute(f"FROM {t.table} ORDER BY ALL").fetchall() for t in RECORD_TYPES}


def test_folder_holds_clock_and_policy(home: Path) -> None:
    assert datetime.fromisoformat((home / CLOCK_FILE).read_text(encoding="utf-8").strip()) == DEMO_NOW
    assert DEMO_NOW.strftime("%A %H:%M") == "Friday 12:00"
    policy = load_policy(home / "policy.yaml")
    assert policy.version


def test_every_table_is_filled() -> None:
    counts = Counter(record.table for record in MADE)
    assert set(VIEW_TABLES) == set(views())
    assert set(VIEW_TABLES.values()) == {record_type.table for record_type in RECORD_TYPES} - {Document.table}
    assert all(counts[table] > 0 for table in VIEW_TABLES.values()), counts
    assert sum(counts.values()) >= 10_000
    assert counts["node"] >= 40
    assert sum(d.origin == "published" for d in DATASETS.values()) >= 120
    assert sum(m.origin == "published" for m in of(Model)) >= 30


@pytest.mark.parametrize("table", VIEW_TABLES.values())
def test_keys_are_unique(table: str) -> None:
    keys = Counter(record_key(record) for record in in_table(table))
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("view", [view for view in VIEW_TABLES if view != "lineage"])
def test_view_keys_are_unique(view: str) -> None:
    key = views()[view].key
    keys = Counter(tuple(getattr(record, column) for column in key) for record in in_table(VIEW_TABLES[view]))
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("view", VIEW_TABLES)
def test_closed_vocabularies(view: str) -> None:
    for column in views()[view].columns.values():
        if column.values:
            found = {getattr(record, column.name) for record in in_table(VIEW_TABLES[view])} - {None}
            assert found <= set(column.values), column.name


@pytest.mark.parametrize("view", [view for view in VIEW_TABLES if view not in ("lineage", "datasets")])
def test_named_datasets_exist(view: str) -> None:
    for column in views()[view].columns.values():
        if column.ref == "datasets.name" and not column.is_list:
            values = [getattr(record, column.name) for record in in_table(VIEW_TABLES[view])]
            assert {value for value in values if value is not None} <= set(DATASETS)


def test_named_nodes_and_people_exist() -> None:
    nodes = {record.node for record in of(Node)}
    assert {record.node for record in MADE} <= nodes
    assert {record.claimant for record in of(Claim)} <= nodes
    for record in of(TrainingRound):
        assert set(record.participants) <= nodes
        assert record.slowest_node is None or record.slowest_node in record.participants
        assert set(record.datasets) <= set(DATASETS)
    operators = {record.operator for record in of(Node)}
    assert {record.seller for record in of(MarketEvent)} <= operators


def test_members_of_the_union_have_its_jurisdiction() -> None:
    for node in of(Node):
        assert node.jurisdiction == ("EU" if node.country in UNION else node.country)


def test_only_public_facts_are_published() -> None:
    tables = {record.table for record in MADE if record.origin == "published"}
    assert tables == {"dataset", "dataset_column", "edge", "model"}
    invented = {record.origin for record in MADE} - {"published"}
    assert invented == {"synthetic"}
    assert all(d.steward is None and d.sensitivity == "public" for d in DATASETS.values() if d.origin == "published")


def test_lineage_has_no_cycles() -> None:
    flows: dict[tuple[str, str | None], set[tuple[str, str | None]]] = {}
    for edge in of(LineageEdge):
        flows.setdefault((edge.upstream, edge.upstream_column), set()).add((edge.downstream, edge.downstream_column))
    done: set[tuple[str, str | None]] = set()

    def walk(place: tuple[str, str | None], path: tuple[tuple[str, str | None], ...]) -> None:
        assert place not in path, path
        if place not in done:
            for target in flows.get(place, ()):
                walk(target, (*path, place))
            done.add(place)

    for place in list(flows):
        walk(place, ())


def test_models_agree_with_their_edges() -> None:
    models = {m.name: m for m in of(Model)}
    trained: dict[str, set[str]] = {name: set() for name in models}
    for edge in of(LineageEdge):
        for name, kind in ((edge.upstream, edge.upstream_kind), (edge.downstream, edge.downstream_kind)):
            assert (kind == "model") == (name in models), name
        if edge.downstream_kind == "model" and edge.upstream_kind == "dataset":
            trained[edge.downstream].add(edge.upstream)
    assert trained == {name: set(model.trained_on) for name, model in models.items()}
    generating = {d.generating_model for d in DATASETS.values()} - {None}
    assert generating <= set(models)


def test_claims_agree_with_their_consensus() -> None:
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in of(Claim):
        groups.setdefault((claim.dataset, claim.attribute), []).append(claim)
    for group in groups.values():
        decided = decide([(c.claimed_value or "", c.weight or 0.0) for c in group])
        for c in group:
            assert (c.consensus_value, c.agreement, c.disputed, c.quorum_met) == decided


@pytest.mark.parametrize(
    ("votes", "decided"),
    [
        ([("MIT", 30.0)], ("MIT", 1.0, False, True)),
        ([("MIT", 30.0), ("GPL", 10.0)], ("MIT", 0.75, True, True)),
        ([("MIT", 20.0), ("GPL", 20.0)], (None, 0.5, True, True)),
        ([("MIT", 5.0), ("MIT", 4.0)], (None, 1.0, False, False)),
        ([("a", 20.0), ("b", 11.0), ("b", 11.0)], ("b", 0.5238, True, True)),
    ],
)
def test_consensus(votes: list[tuple[str, float]], decided: tuple[str | None, float, bool, bool]) -> None:
    assert decide(votes) == decided


@pytest.mark.parametrize(
    ("history", "value", "expected"),
    [
        ([1.0, 1.0, 1.0], 0.5, None),
        ([1.0, 1.0, 1.0, 1.0], 0.5, (1.0, -50.0)),
        ([10.0, 12.0, 14.0, 16.0, 18.0], 14.0, (14.0, 0.0)),
        ([10.0, 12.0, 14.0, 16.0, 18.0], 14.0 + 2 * 1.4826, (14.0, 1.0)),
    ],
)
def test_robust_z(history: list[float], value: float, expected: tuple[float, float] | None) -> None:
    assert robust_z(history, value, 0.01) == (None if expected is None else pytest.approx(expected))


def test_nothing_recorded_lies_in_the_future() -> None:
    future = {"expires", "valid_to", "retention_until", "valid_from"}
    for record in MADE:
        for name in record.__dataclass_fields__:
            value = getattr(record, name)
            if isinstance(value, datetime) and name not in future:
                assert value <= DEMO_NOW, (record.table, name, record)


def test_weekly_history_is_long_enough(store: duckdb.DuckDBPyConnection) -> None:
    rows = store.execute(
        "SELECT dimension, count(DISTINCT dataset), min(n) FROM (SELECT dataset, dimension, count(*) n FROM metric"
        " WHERE column_name IS NULL GROUP BY ALL) GROUP BY 1"
    ).fetchall()
    assert {dimension for dimension, _, _ in rows} == {"completeness", "uniqueness", "validity", "volume", "freshness"}
    assert all(datasets >= 40 and weeks >= 8 for _, datasets, weeks in rows)


STALE = (
    "FROM dataset WHERE update_frequency = 'daily' AND last_updated < NOW - INTERVAL 2 DAY"
    " AND last_updated > NOW - INTERVAL 9 DAY"
)
ABROAD = (
    "FROM dataset d JOIN node n USING (node) JOIN compliance c ON c.dataset = d.name WHERE d.pii AND n.jurisdiction <> 'EU'"
    " AND c.transfer_country IS NOT NULL AND coalesce(c.mechanism, 'none') = 'none'"
)
EXPOSED = (
    "FROM edge e JOIN dataset_column c ON c.dataset = e.upstream AND c.column_name = e.upstream_column"
    " WHERE c.pii_category IS NOT NULL AND NOT e.masking"
)
GONE = (
    "FROM edge e WHERE e.upstream_column IS NOT NULL AND NOT EXISTS (FROM dataset_column c"
    " WHERE c.dataset = e.upstream AND c.column_name = e.upstream_column)"
)
NO_HIPAA = (
    "FROM dataset d WHERE d.phi AND NOT EXISTS (FROM compliance c WHERE c.dataset = d.name AND c.regulation = 'HIPAA'"
    " AND c.status = 'compliant')"
)
FRENCH = (
    "FROM dataset d JOIN (SELECT dataset, avg(value) q FROM metric WHERE is_latest AND unit = 'ratio'"
    " AND dimension IN ('completeness', 'uniqueness', 'validity') GROUP BY 1) m ON m.dataset = d.name"
    " WHERE list_contains(d.languages, 'French') AND d.data_type = 'text' AND d.bytes > 10e9 AND q > 0.9"
)
UNLISTED_FEEDS = (
    "FROM dataset d WHERE update_frequency IN ('streaming', 'hourly')"
    " AND NOT EXISTS (FROM market_event m WHERE m.dataset = d.name)"
)
KENYA = (
    "FROM market_event m JOIN dataset d ON d.name = m.dataset WHERE m.event = 'listed' AND d.name LIKE 'Kenya%'"
    " AND d.domain = 'climate' AND d.update_frequency = 'daily' AND d.licence_class = 'commercial'"
)
FREE_POLISH = (
    "FROM market_event m JOIN dataset d ON d.name = m.dataset WHERE m.event = 'listed' AND m.price = 0"
    " AND list_contains(d.languages, 'Polish') AND NOT d.deprecated"
)
PROBLEMS = {
    "stale daily datasets": STALE,
    "critical failures nobody is on": "FROM quality_check WHERE status = 'failed' AND severity = 'critical' AND assignee IS NULL",
    "open alerts": "FROM quality_check WHERE alert_status = 'open'",
    "failures today": "FROM quality_check WHERE status = 'failed' AND opened >= date_trunc('day', NOW)",
    "failures yesterday": "FROM quality_check WHERE status = 'failed' AND opened::DATE = (NOW - INTERVAL 1 DAY)::DATE",
    "high alerts closed last quarter": "FROM quality_check WHERE severity = 'high' AND resolved BETWEEN '2026-07-01' AND '2026-09-30'",
    "high alerts closed this quarter": "FROM quality_check WHERE severity = 'high' AND resolved >= '2026-10-01'",
    "domains without any test": "FROM dataset d WHERE NOT EXISTS (FROM quality_check q WHERE q.dataset = d.name)",
    "personal data abroad without mechanism": ABROAD,
    "personal data flows unmasked": EXPOSED,
    "masked flows": "FROM edge WHERE masking",
    "columns that are gone": GONE,
    "deprecated upstreams": "FROM edge e JOIN dataset d ON d.name = e.upstream WHERE d.deprecated AND e.origin = 'synthetic'",
    "no owner but dependents": "FROM dataset d JOIN edge e ON e.upstream = d.name WHERE d.owner IS NULL AND d.origin = 'synthetic'",
    "unregistered sources": "FROM edge e WHERE e.upstream_kind = 'dataset' AND e.upstream NOT IN (SELECT name FROM dataset)",
    "reports": "FROM edge WHERE upstream_kind = 'dataset' AND downstream_kind = 'report'",
    "generated data": "FROM edge WHERE upstream_kind = 'model' AND downstream_kind = 'dataset' AND transform_type = 'generation'",
    "health data without HIPAA sign-off": NO_HIPAA,
    "health data without any consent": "FROM dataset d WHERE phi AND NOT EXISTS (FROM consent c WHERE c.dataset = d.name)",
    "health data on open disks": "FROM dataset d JOIN node n USING (node) WHERE d.phi AND NOT n.encrypted_at_rest",
    "retention overdue": "FROM compliance WHERE retention_until < NOW::DATE",
    "no assessor": "FROM compliance WHERE assessor IS NULL",
    "withdrawals not honoured": "FROM consent WHERE status = 'withdrawn' AND honoured IS NULL",
    "single copies": "FROM (SELECT dataset FROM replica GROUP BY 1 HAVING count(*) = 1)",
    "restore failed": "FROM replica WHERE NOT restore_ok",
    "restore never tested": "FROM replica WHERE last_restore_test IS NULL",
    "corrupt replicas": "FROM replica WHERE NOT integrity_ok",
    "replicas out of sync": "FROM replica WHERE last_synced < NOW - INTERVAL 7 DAY",
    "nodes offline": "FROM node WHERE status = 'offline'",
    "nodes silent for a week": "FROM node WHERE last_seen < NOW - INTERVAL 7 DAY",
    "open disks": "FROM node WHERE NOT encrypted_at_rest",
    "bad signatures": "FROM node WHERE NOT signature_ok",
    "intrusions": "FROM node_event WHERE kind = 'intrusion' AND resolved IS NULL",
    "outages of this week": "FROM node_event WHERE kind = 'outage' AND resolved IS NULL AND \"at\" >= date_trunc('week', NOW)",
    "rejected publications": "FROM node_event WHERE kind = 'rejected publication'",
    "disputed licences": "FROM claim WHERE attribute = 'licence' AND disputed GROUP BY dataset HAVING count(DISTINCT claimant) > 2",
    "Alpaca's licence": "FROM claim WHERE dataset = 'Alpaca' AND attribute = 'licence' AND disputed",
    "disputed languages": "FROM claim WHERE attribute = 'languages' AND disputed",
    "no quorum": "FROM claim WHERE NOT quorum_met",
    "outvoted nodes": "FROM claim WHERE claimed_value <> consensus_value",
    "grants that never end": "FROM access_grant WHERE expires IS NULL AND NOT revoked",
    "grants expired": "FROM access_grant WHERE expires <= NOW",
    "grants revoked": "FROM access_grant WHERE revoked",
    "denied last month": "FROM audit_entry WHERE decision = 'denied' AND \"at\" BETWEEN '2026-09-01' AND '2026-09-30 23:59:59'",
    "entries that do not verify": "FROM audit_entry WHERE NOT verified",
    "policies not enforced": "FROM policy WHERE NOT enforced",
    "policies ending this year": "FROM policy WHERE enforced AND valid_to BETWEEN NOW::DATE AND DATE '2026-12-31'",
    "policies never cited": "FROM policy p WHERE NOT EXISTS (FROM audit_entry a WHERE a.policy = p.policy_id)",
    "policies cited": "FROM audit_entry a JOIN policy p ON a.policy = p.policy_id",
    "rounds that failed": "FROM training_round WHERE status = 'failed'",
    "rounds that run": "FROM training_round WHERE status = 'running'",
    "small updates above 90 %": "FROM training_round WHERE accuracy > 0.9 AND update_mb < 10",
    "anomalies": "FROM metric WHERE is_anomaly AND measured_at > NOW - INTERVAL 21 DAY",
    "anomalies of columns": "FROM metric WHERE is_anomaly AND column_name IS NOT NULL",
    "GSM8K question": "FROM metric WHERE dataset = 'GSM8K' AND column_name = 'question' AND is_latest AND baseline IS NOT NULL",
    "compute offers": "FROM market_event WHERE event = 'listed' AND service = 'compute' AND allowed_algorithms = 'any'",
    "comments": "FROM market_event WHERE event = 'rated' AND comment IS NOT NULL AND rating <= 2",
    "sales from France last quarter": (
        "FROM market_event m JOIN node n USING (node) WHERE n.country = 'FR' AND m.event = 'ordered'"
        " AND m.at BETWEEN '2026-07-01' AND '2026-09-30 23:59:59'"
    ),
    "weather for Kenya": KENYA,
    "French text": FRENCH,
    "free Polish data": FREE_POLISH,
    "feeds that nobody sells": UNLISTED_FEEDS,
    "Snowflake": "FROM dataset WHERE format = 'Snowflake' AND name LIKE 'revenue%'",
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_problem_occurs(store: duckdb.DuckDBPyConnection, problem: str) -> None:
    sql = PROBLEMS[problem].replace("NOW", f"TIMESTAMP '{DEMO_NOW}'")
    rows = store.execute(f"SELECT 1 {sql}").fetchall()
    assert rows


def test_problems_are_not_the_rule(store: duckdb.DuckDBPyConnection) -> None:
    row = store.execute(
        "SELECT (SELECT avg(is_anomaly::INT) FROM metric), (SELECT avg((decision = 'denied')::INT) FROM audit_entry),"
        " (SELECT avg((status = 'failed')::INT) FROM quality_check), (SELECT avg((NOT integrity_ok)::INT) FROM replica)"
    ).fetchone()
    assert row is not None
    anomalies, denials, failures, corrupt = row
    assert anomalies < 0.05
    assert denials < 0.45
    assert failures < 0.25
    assert corrupt < 0.08


def test_every_framework_trains() -> None:
    runs = {record.run: record.framework for record in of(TrainingRound)}
    assert len(runs) >= 8
    assert set(runs.values()) == {"Flower", "PySyft", "NVFlare", "OpenFL"}


def test_hidden_datasets_stay_hidden_in_every_table() -> None:
    order = ("public", "internal", "confidential", "restricted")
    for record in MADE:
        name = getattr(record, "dataset", None)
        if name in DATASETS:
            assert order.index(record.sensitivity) >= order.index(DATASETS[name].sensitivity), record
