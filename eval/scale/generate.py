"""Writes a synthetic catalog of N datasets, 20 N columns and 10 N direct lineage edges, in SQL: no row passes through Python.

Every cell is a hash of the row's number, its column and the seed, so that the same seed gives the same rows and a bigger catalog
holds the lineage of a smaller one. Datasets stand in pipelines of 1,000: within one, edges lead from lower to higher numbers, and
low numbers feed many (a power law); one in ten edges comes from the first pipeline, the raw sources of all; one in a thousand leads
back and closes cycles. One edge in eight is between columns. Every row's origin is ``synthetic``.
"""

import re
import shutil
from dataclasses import fields
from pathlib import Path
from time import perf_counter

from catalog.access.policy import POLICY_FILE
from catalog.demo.build import CLOCK_FILE, DEMO_NOW
from catalog.demo.facts import FACTS
from catalog.semantic import views
from catalog.storage.generations import Generation, current, writing
from catalog.storage.records import RECORD_TYPES, Record, storage_columns
from eval.scale.figures import Figure, Progress

PIPELINE = 1000
"""Datasets of one pipeline."""
NODES = 40
COLUMNS = 20
"""Columns of a dataset."""
EDGES = 10
"""Direct edges into a dataset."""
MODELS = 50
"""Datasets for each model."""

PICK = re.compile(r"pick\(\[(?P<values>[^\]]*)\], (?P<row>[^,]*), (?P<salt>'\w+')\)")
"""``pick([…], row, salt)``: one of the values, by a hash."""

MACROS = """
CREATE OR REPLACE TEMP MACRO u(i, salt) AS hash(i, salt, {seed}) / 18446744073709551616.0;
CREATE OR REPLACE TEMP MACRO one_in(n, i, salt) AS hash(i, salt, {seed}) % n = 0;
CREATE OR REPLACE TEMP MACRO ago(days, i, salt) AS TIMESTAMP '{now}' - to_seconds((u(i, salt) * days * 86400)::BIGINT);
CREATE OR REPLACE TEMP MACRO spot(i) AS pick(['finance', 'health', 'retail', 'climate', 'mobility', 'language', 'vision', 'science'], i // {pipeline}, 'domain')
    || '.' || pick(['orders', 'events', 'customers', 'readings', 'pages', 'scans', 'trips', 'claims'], i, 'noun') || '_' || i;
CREATE OR REPLACE TEMP MACRO home(i) AS 'node-' || (i % {nodes});
CREATE OR REPLACE TEMP MACRO rank(i) AS hash(i, 'clearance', {seed}) % 100;
CREATE OR REPLACE TEMP MACRO clearance(i) AS CASE WHEN rank(i) < 70 THEN 'public' WHEN rank(i) < 90 THEN 'internal' WHEN rank(i) < 98 THEN 'confidential' ELSE 'restricted' END;
"""

TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "node": ("range({nodes})", {
        "node": "'node-' || i", "operator": "'Operator ' || i % 12", "network": "pick(['mesh', 'ocean', 'campus'], i, 'net')",
        "country": "pick(['DE', 'FR', 'US', 'IN'], i, 'land')", "jurisdiction": "pick(['EU', 'EU', 'US', 'IN'], i, 'land')",
        "kind": "['storage', 'compute', 'validator', 'gateway'][1 + i % 4]", "status": "pick(['online', 'online', 'degraded', 'offline'], i, 'status')",
        "trust_score": "round(u(i, 'trust'), 3)", "stake": "round(u(i, 'stake') * 1e5)", "encrypted_at_rest": "u(i, 'rest') < 0.8", "encrypted_in_transit": "TRUE",
        "last_seen": "ago(12, i, 'seen')", "last_publish": "ago(30, i, 'publish')", "signature_ok": "u(i, 'sig') < 0.95", "uptime": "0.9 + 0.1 * u(i, 'up')",
        "sensitivity": "CASE WHEN i % 20 = 19 THEN 'internal' ELSE 'public' END"}),
    "dataset": ("range({n})", {
        "name": "spot(i)", "description": "'Synthetic ' || pick(['transactions', 'sensor readings', 'crawled text', 'patient visits', 'images'], i, 'about') || ' of ' || home(i)",
        "domain": "split_part(spot(i), '.', 1)", "data_type": "pick($datasets.data_type, i, 'type')", "format": "pick(['parquet', 'csv', 'json', 'jsonl'], i, 'format')",
        "owner": "CASE WHEN NOT one_in(20, i, 'unowned') THEN 'Team ' || i // 40 END", "steward": "'Steward ' || i // 400",
        "licence": "pick(['CC BY 4.0', 'Apache License 2.0', 'MIT License', 'CC BY-NC 4.0', 'ODbL 1.0'], i, 'licence')",
        "licence_class": "pick(['commercial', 'commercial', 'commercial', 'non-commercial', 'unspecified'], i, 'licence')", "pii": "one_in(4, i, 'pii')", "phi": "one_in(40, i, 'phi')",
        "row_count": "(power(10, 2 + 7 * u(i, 'rows')))::BIGINT", "bytes": "(power(10, 4 + 8 * u(i, 'rows')))::BIGINT",
        "languages": "[pick(['English', 'German', 'French', 'Hindi', 'Swahili'], i, 'language')]", "tasks": "[pick(['classification', 'translation', 'forecasting', 'retrieval'], i, 'task')]",
        "generating_model": "CASE WHEN one_in(50, i, 'made') THEN 'model_' || i // {models} END", "region": "pick(['eu-central', 'us-east', 'ap-south'], i, 'region')",
        "version": "'v' || (1 + i % 7)", "content_hash": "NULL", "update_frequency": "pick($datasets.update_frequency, i, 'often')", "last_updated": "ago(400, i, 'updated')",
        "deprecated": "one_in(50, i, 'deprecated')", "aliases": "CASE WHEN one_in(10, i, 'alias') THEN ['alias ' || i] ELSE [] END"}),
    "dataset_column": ("range({n} * {columns})", {
        "dataset": "spot(i // {columns})", "column_name": "'c' || i % {columns}", "type": "['BIGINT', 'VARCHAR', 'DOUBLE', 'TIMESTAMP'][1 + i % 4]", "definition": "NULL",
        "glossary_term": "CASE WHEN one_in(10, i, 'term') THEN pick(['customer', 'revenue', 'diagnosis', 'location'], i, 'which') END",
        "pii_category": "CASE WHEN one_in(25, i, 'tag') THEN pick($columns.pii_category, i, 'category') END",
        "classification": "CASE WHEN one_in(25, i, 'tag') THEN 'confidential' ELSE 'public' END", "is_key": "i % {columns} = 0", "nullable": "i % {columns} > 2",
        "encrypted": "one_in(25, i, 'tag') AND one_in(2, i, 'encrypted')", "critical": "i % {columns} < 3", "node": "home(i // {columns})", "sensitivity": "clearance(i // {columns})"}),
    "edge": ("(SELECT i, i // {edges} AS d, CASE WHEN one_in(10, i, 'raw') AND d >= {pipeline} THEN {pipeline} * power(u(i, 'from'), 3) "
             "ELSE d // {pipeline} * {pipeline} + (d % {pipeline}) * power(u(i, 'from'), 2) END::BIGINT AS f, CASE WHEN one_in(50, i, 'end') THEN 'model' WHEN one_in(50, i, 'end2') THEN 'report' ELSE 'dataset' END AS k, k = 'dataset' AND f // {pipeline} = d // {pipeline} AND one_in(1000, i, 'back') AS b "
             "FROM range({n} * {edges}) t(i)) WHERE f <> d OR k <> 'dataset'", {
        "upstream": "CASE WHEN b THEN spot(d) ELSE spot(f) END", "upstream_kind": "'dataset'",
        "upstream_column": "CASE WHEN one_in(8, i, 'column') THEN 'c' || f % {columns} END",
        "downstream": "CASE k WHEN 'model' THEN 'model_' || d // {models} WHEN 'report' THEN 'report_' || d // 100 "
                      "ELSE CASE WHEN b THEN spot(f) ELSE spot(d) END END",
        "downstream_kind": "k", "downstream_column": "CASE WHEN k = 'dataset' AND one_in(8, i, 'column') THEN 'c' || d % {columns} END", "job": "'job_' || i % {edges}",
        "transform_type": "CASE k WHEN 'model' THEN 'training' ELSE pick(['copy', 'filter', 'aggregation', 'join'], i, 'transform') END", "masking": "one_in(20, i, 'mask')",
        "last_run": "ago(60, i, 'run')", "node": "home(d)", "sensitivity": "clearance(d)"}),
    "model": ("range(({n} + {models} - 1) // {models})", {
        "name": "'model_' || i", "task": "pick(['classification', 'translation', 'forecasting'], i, 'mtask')", "framework": "pick(['PyTorch', 'JAX', 'TensorFlow'], i, 'frame')",
        "licence": "'Apache License 2.0'", "licence_class": "'commercial'", "owner": "'Team ' || i", "parameters": "(power(10, 6 + 5 * u(i, 'size')))::BIGINT", "released": "ago(900, i, 'released')::DATE",
        "trained_on": "[spot(i * {models}), spot((i * {models} + 7) % {n})]"}),
    "metric": ("range({n} * 4)", {
        "dataset": "spot(i // 4)", "version": "NULL", "column_name": "CASE WHEN i % 4 = 1 THEN 'c0' END", "dimension": "['completeness', 'uniqueness', 'validity', 'completeness'][1 + i % 4]",
        "metric": "['complete_share', 'distinct_share', 'valid_share', 'complete_share'][1 + i % 4]", "value": "round(1 - power(u(i, 'value'), 4), 4)", "unit": "'ratio'", "baseline": "0.95",
        "z_score": "round(3 * u(i, 'z'), 2)", "is_anomaly": "one_in(100, i, 'odd')", "measured_at": "ago(30, i, 'measured')", "is_latest": "FALSE", "node": "home(i // 4)", "sensitivity": "clearance(i // 4)"}),
    "quality_check": ("range({n})", {
        "check_id": "'check-' || i", "dataset": "spot(i)", "column_name": "'c' || i % {columns}", "check_name": "pick($quality_checks.check_name, i, 'check')", "expected": "'0'", "actual": "NULL",
        "status": "CASE WHEN one_in(12, i, 'failed') THEN 'failed' ELSE 'passed' END", "severity": "pick($quality_checks.severity, i, 'severity')",
        "alert_status": "CASE WHEN one_in(12, i, 'failed') THEN pick($quality_checks.alert_status, i, 'alert') END", "assignee": "'Steward ' || i // 400", "opened": "ago(40, i, 'opened')",
        "acked": "NULL", "resolved": "NULL"}),
    "policy": ("range(200)", {
        "policy_id": "'policy-' || i", "name": "'Policy ' || i", "type": "pick($policies.type, i, 'ptype')", "effect": "pick($policies.effect, i, 'effect')", "action": "pick($policies.action, i, 'action')",
        "target": "spot(hash(i, 'target') % {n})", "assignee": "'Team ' || i", "purpose": "pick($policies.purpose, i, 'purpose')", "regulation": "pick($policies.regulation, i, 'law')",
        "valid_from": "DATE '2025-01-01'", "valid_to": "CASE WHEN one_in(3, i, 'ends') THEN DATE '2026-12-01' END", "enforced": "NOT one_in(4, i, 'lax')", "approved_by": "'Team ' || i",
        "node": "home(i)", "sensitivity": "'public'"}),
    "access_grant": ("range({n} // 2)", {
        "grant_id": "'grant-' || i", "principal": "'user-' || hash(i, 'who') % 5000", "dataset": "spot(i * 2)", "permission": "pick($grants.permission, i, 'permission')", "granted_by": "'Team ' || i // 20",
        "datatoken": "NULL", "granted": "ago(300, i, 'granted')", "expires": "TIMESTAMP '{now}' + to_days((u(i, 'expires') * 300)::INTEGER - 60)", "revoked": "one_in(20, i, 'revoked')",
        "node": "home(i * 2)", "sensitivity": "clearance(i * 2)"}),
    "consent": ("range({n} // 5)", {
        "consent_id": "'consent-' || i", "dataset": "spot(i * 5)", "subject_group": "pick(['patients', 'customers', 'citizens'], i, 'group')", "purpose": "pick($consents.purpose, i, 'cpurpose')",
        "legal_basis": "pick($consents.legal_basis, i, 'basis')", "status": "pick($consents.status, i, 'cstatus')", "given": "ago(400, i, 'given')", "expires": "NULL", "withdrawn": "NULL", "honoured": "NULL",
        "subjects": "(hash(i, 'subjects') % 10000)::BIGINT", "node": "home(i * 5)", "sensitivity": "clearance(i * 5)"}),
    "compliance": ("range({n} // 2)", {
        "dataset": "spot(i * 2)", "regulation": "pick($compliance.regulation, i, 'reg')", "requirement": "pick($compliance.requirement, i, 'req')", "status": "pick($compliance.status, i, 'comp')",
        "processing_country": "pick(['DE', 'US', 'IN'], i, 'proc')", "transfer_country": "CASE WHEN one_in(5, i, 'moved') THEN 'US' END", "mechanism": "pick($compliance.mechanism, i, 'mech')",
        "retention_until": "DATE '2027-01-01' + (i % 900)::INTEGER", "assessed": "ago(200, i, 'assessed')", "assessor": "'Team ' || i // 40", "node": "home(i * 2)", "sensitivity": "clearance(i * 2)"}),
    "claim": ("range({n} // 2)", {
        "claim_id": "'claim-' || i", "dataset": "spot(i * 2)", "attribute": "pick($claims.attribute, i, 'attr')", "claimed_value": "'value ' || i % 9", "claimant": "'node-' || hash(i, 'by') % {nodes}",
        "weight": "round(u(i, 'weight'), 3)", "consensus_value": "'value ' || i % 5", "agreement": "round(u(i, 'agree'), 3)", "disputed": "one_in(10, i, 'disputed')", "quorum_met": "one_in(2, i, 'quorum')",
        "decided": "ago(90, i, 'decided')", "node": "home(i * 2)", "sensitivity": "clearance(i * 2)"}),
    "replica": ("range({n} * 2)", {
        "dataset": "spot(i // 2)", "kind": "CASE WHEN i % 2 = 0 THEN 'primary' ELSE pick(['replica', 'backup'], i, 'copy') END", "last_synced": "ago(20, i, 'synced')",
        "last_restore_test": "ago(300, i, 'restored')", "restore_ok": "NOT one_in(10, i, 'restore')", "integrity_ok": "NOT one_in(200, i, 'integrity')",
        "node": "CASE WHEN i % 2 = 0 THEN home(i // 2) ELSE home(i // 2 + 7) END", "sensitivity": "clearance(i // 2)"}),
    "node_event": ("range({nodes} * 50)", {
        "event_id": "'event-' || i", "kind": "pick($node_events.kind, i, 'event')", "severity": "pick($node_events.severity, i, 'eseverity')", "detail": "NULL", "detected_by": "'node-' || hash(i, 'detect') % {nodes}",
        "at": "ago(120, i, 'at')", "resolved": "CASE WHEN one_in(2, i, 'fixed') THEN TIMESTAMP '{now}' END", "node": "'node-' || i % {nodes}", "sensitivity": "'public'"}),
    "training_round": ("range(2000)", {
        "run": "'run-' || i // 20", "model": "'model_' || i // 20 % (({n} + {models} - 1) // {models})", "framework": "pick(['PyTorch', 'JAX'], i // 20, 'tframe')", "round": "i % 20", "nodes": "3",
        "participants": "[home(i), home(i + 1), home(i + 2)]", "gb_per_node": "u(i, 'gb') * 50", "update_mb": "u(i, 'mb') * 100", "latency_s": "u(i, 'lat') * 60",
        "privacy_level": "pick($training_rounds.privacy_level, i, 'priv')", "epsilon": "u(i, 'eps') * 8", "accuracy": "0.5 + 0.5 * u(i, 'acc')", "energy_kwh": "u(i, 'kwh') * 10",
        "datasets": "[spot(hash(i, 'ds') % {n})]", "slowest_node": "home(i)", "status": "pick($training_rounds.status, i, 'tstatus')", "at": "ago(100, i, 'tat')", "node": "home(i)", "sensitivity": "'public'"}),
    "market_event": ("range({n} // 5)", {
        "event_id": "'trade-' || i", "dataset": "spot(i * 5)", "seller": "'Operator ' || i % 12", "service": "pick($market.service, i, 'service')", "event": "pick($market.event, i, 'mevent')",
        "price": "round(u(i, 'price') * 900, 2)", "token": "pick($market.token, i, 'token')", "allowed_algorithms": "pick($market.allowed_algorithms, i, 'algo')", "buyer": "'user-' || hash(i, 'buyer') % 5000",
        "amount": "round(u(i, 'amount') * 900, 2)", "rating": "(1 + hash(i, 'rating') % 5)::BIGINT", "comment": "NULL", "at": "ago(200, i, 'mat')", "node": "home(i * 5)", "sensitivity": "clearance(i * 5)"}),
}  # fmt: skip
"""Storage table to the source of its row numbers ``i`` and SQL of its cells; ``$view.column`` is the closed vocabulary of a column."""

COMMON = {"node": "home(i)", "sensitivity": "clearance(i)", "as_of": "ago(30, i, 'asof')", "origin": "'synthetic'"}


def generate(home: Path, datasets: int, seed: int = 0, progress: Progress = lambda step: None) -> Generation:
    """Make the next generation of the catalog in ``home`` a synthetic one of so many datasets, with the demo's policy and clock."""
    with writing(home) as connection:
        connection.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
        for statement in _filled(MACROS, datasets, seed).split(";\n"):
            if statement.strip():
                connection.execute(statement)
        for record_type in RECORD_TYPES:
            if record_type.table in TABLES:
                progress(f"writing {record_type.table}")
                connection.execute(f"DELETE FROM {record_type.table}")
                connection.execute(_insert(record_type, datasets, seed))
        progress("finishing the generation")
    shutil.copyfile(FACTS / POLICY_FILE, home / POLICY_FILE)
    (home / CLOCK_FILE).write_text(f"{DEMO_NOW.isoformat()}\n", encoding="utf-8")
    return current(home)


def measure(home: Path, datasets: int, progress: Progress) -> list[Figure]:
    """How long it takes to make a catalog, and how big it is."""
    started = perf_counter()
    generation = generate(home, datasets, progress=progress)
    return [
        Figure(f"generator, {datasets:,} datasets", perf_counter() - started, "s"),
        Figure(f"generation of {datasets:,} datasets, size", generation.path.stat().st_size / 1e6, "MB"),
    ]


def _insert(record_type: type[Record], datasets: int, seed: int) -> str:
    source, cells = TABLES[record_type.table]
    types = storage_columns(record_type)
    written = COMMON | cells
    assert written.keys() == {field.name for field in fields(record_type)}, f"{record_type.table}: {written.keys() ^ types.keys()}"
    listed = ", ".join(f'CAST({written[name]} AS {type_}) AS "{name}"' for name, type_ in types.items())
    rows = source if source.startswith("(") else f"{source} t(i)"
    return _filled(f"INSERT INTO {record_type.table} BY NAME SELECT {listed} FROM {rows}", datasets, seed)


def _filled(sql: str, datasets: int, seed: int) -> str:
    sizes = {"n": datasets, "seed": seed, "now": DEMO_NOW, "nodes": NODES, "columns": COLUMNS, "edges": EDGES, "pipeline": PIPELINE, "models": MODELS}
    for name, size in sizes.items():
        sql = sql.replace(f"{{{name}}}", str(size))
    for view in views().values():
        for column in view.columns.values():
            if column.values:
                sql = sql.replace(f"${view.name}.{column.name},", f"{list(column.values)},")
    return PICK.sub(lambda found: _cases(found, seed), sql)


def _cases(pick: re.Match[str], seed: int) -> str:
    """One of the listed values, as CASE: DuckDB copies a list for every row that takes an element of it."""
    values = pick["values"].split(", ")
    cases = " ".join(f"WHEN {at} THEN {value}" for at, value in enumerate(values))
    return f"CASE hash({pick['row']}, {pick['salt']}, {seed}) % {len(values)} {cases} END"
