"""What goes without saying: rows without a name, columns that a list is cut by, kinds of events, the newest round. Small tables, through the guard, rows by hand."""

from datetime import datetime
from typing import Any

import duckdb
import pytest

from nl2sql.explain import explain
from nl2sql.guard import approve, schema_of
from nl2sql.plan.canonical import canonical
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.plan.meant import meant
from nl2sql.plan.sense import is_sensible
from nl2sql.plan.sql import compile_query
from nl2sql.values import Number, Period, Text, Value
from tests.nl2sql.small_tables import EVERYTHING, filled

NOW = datetime(2026, 10, 16, 12)
BINDINGS: dict[str, Value] = {
    "@number1": Number(2.0),
    "@number2": Number(0.7),
    "@period1": Period(datetime(2026, 10, 1), None),
    "@period2": Period(datetime(2026, 10, 3), NOW),
    "@period3": Period(datetime(2026, 10, 2), datetime(2026, 10, 3)),
    "@dataset1": Text(("x",)),
    "@dataset2": Text(("y",)),
    "@dataset3": Text(("a",)),
    "@policy1": Text(("P-1",)),
    "@run1": Text(("r",)),
    "@node1": Text(("n1",)),
    "@domain1": Text(("text",)),
    "@jurisdiction1": Text(("EU",)),
    "@country1": Text(("US", "United States")),
}
ROWS: dict[str, list[dict[str, Any]]] = {
    "datasets": [
        {"name": "a", "steward": "ida", "owner": "Acme", "node": "n1", "domain": "text", "bytes": 5, "last_updated": datetime(2026, 10, 14)},
        {"name": "b", "steward": None, "owner": "Acme", "node": "n1", "domain": "text", "jurisdiction": "EU", "bytes": 9, "generating_model": "m", "last_updated": datetime(2026, 9, 1)},
        {"name": "c", "steward": None, "owner": None, "node": "n2", "domain": "code", "bytes": 1, "last_updated": datetime(2026, 10, 2)},
    ],
    "nodes": [
        {"node": "n1", "operator": "Acme", "kind": "storage", "uptime": 0.9, "trust_score": 0.6, "jurisdiction": "EU"},
        {"node": "n2", "operator": "Bolt", "kind": "storage", "uptime": 0.7, "trust_score": 0.6, "jurisdiction": "US"},
        {"node": "n3", "operator": "Bolt", "kind": "compute", "uptime": 0.2, "trust_score": 0.9, "jurisdiction": "US"},
    ],
    "models": [{"name": "m", "owner": "Acme", "trained_on": ["a", "b"]}, {"name": "w", "owner": "Bolt", "trained_on": ["b"]}, {"name": "z", "owner": "Bolt", "trained_on": None}],
    "claims": [
        {"claim_id": "1", "claimant": "n1", "dataset": "a", "attribute": "owner", "disputed": True, "claimed_value": "x", "consensus_value": "y"},
        {"claim_id": "2", "claimant": "n1", "dataset": "b", "attribute": "owner", "disputed": False, "claimed_value": "x", "consensus_value": "x"},
        {"claim_id": "3", "claimant": "n2", "dataset": "b", "attribute": "pii", "disputed": False, "claimed_value": "x", "consensus_value": "x"},
    ],
    "market": [
        {"event_id": "1", "event": "listed", "dataset": "a", "seller": "Acme", "price": 3.0},
        {"event_id": "2", "event": "listed", "dataset": "b", "seller": "Acme", "price": 4.0},
        {"event_id": "3", "event": "ordered", "dataset": "a", "seller": "Acme", "buyer": "ida", "amount": 3.0},
        {"event_id": "4", "event": "ordered", "dataset": "a", "seller": "Acme", "buyer": "jon", "amount": 3.0},
        {"event_id": "5", "event": "ordered", "dataset": "b", "seller": "Acme", "buyer": "jon", "amount": 4.0},
        {"event_id": "6", "event": "rated", "dataset": "a", "seller": "Acme", "buyer": "ida", "rating": 2, "comment": "slow"},
    ],
    "lineage": [
        {"upstream": "a", "downstream": "x", "job": "j", "depth": 1},
        {"upstream": "b", "downstream": "x", "job": None, "depth": 1},
        {"upstream": "b", "downstream": "y", "job": "k", "depth": 2},
        {"upstream": "c", "downstream": "y", "job": "k", "depth": 2},
        {"upstream": "a", "downstream": "y", "job": "k", "depth": 2, "upstream_column": "id", "downstream_column": "key"},
    ],
    "quality_checks": [
        {"check_id": "1", "dataset": "a", "status": "failed", "severity": "high", "assignee": "ida", "alert_status": "resolved", "opened": datetime(2026, 10, 2)},
        {"check_id": "2", "dataset": "b", "status": "failed", "severity": "high", "assignee": None, "alert_status": "open", "opened": datetime(2026, 10, 3)},
        {"check_id": "3", "dataset": "b", "status": "failed", "severity": "low", "assignee": None, "opened": datetime(2026, 9, 3)},
        {"check_id": "4", "dataset": "c", "status": "passed", "severity": "low", "assignee": "jon", "opened": datetime(2026, 10, 4)},
    ],
    "training_rounds": [
        {"run": "r", "round": 1, "status": "completed", "participants": ["n1", "n2"], "slowest_node": "n1", "at": datetime(2026, 10, 1)},
        {"run": "r", "round": 2, "status": "running", "participants": ["n1", "n3"], "slowest_node": None, "at": None},
        {"run": "r", "round": 3, "status": "running", "participants": ["n3"], "slowest_node": None, "at": None},
        {"run": "s", "round": 1, "status": "completed", "participants": ["n1"], "slowest_node": "n1", "at": datetime(2026, 10, 3)},
    ],
    "quality_metrics": [
        {"dataset": "a", "column_name": None, "dimension": "completeness", "metric": "share", "value": 0.9, "node": "n1", "measured_at": datetime(2026, 10, 2)},
        {"dataset": "a", "column_name": "id", "dimension": "completeness", "metric": "share", "value": 0.5, "node": "n1", "measured_at": datetime(2026, 10, 2)},
        {"dataset": "a", "column_name": None, "dimension": "completeness", "metric": "share", "value": 0.8, "node": "n1", "measured_at": datetime(2026, 9, 2)},
        {"dataset": "a", "column_name": "id", "dimension": "drift", "metric": "psi", "value": 0.1, "node": "n1", "measured_at": datetime(2026, 10, 2)},
    ],
    "policies": [{"policy_id": "P-1", "name": "keep", "target": "a"}, {"policy_id": "P-2", "name": "P-1", "target": None}, {"policy_id": "P-3", "name": "share", "target": None}],
    "grants": [
        {"grant_id": "1", "principal": "ida", "dataset": "a", "permission": "read", "expires": datetime(2026, 10, 20)},
        {"grant_id": "2", "principal": "ida", "dataset": "a", "permission": "compute", "expires": None},
        {"grant_id": "3", "principal": "jon", "dataset": "a", "permission": "read", "expires": datetime(2026, 11, 1)},
    ],
    "compliance": [
        {"dataset": "a", "requirement": "retention", "status": "compliant", "jurisdiction": "EU", "node": "n1"},
        {"dataset": "c", "requirement": "retention", "status": "compliant", "jurisdiction": "EU", "node": "n1"},
        {"dataset": "b", "requirement": "transparency", "status": "compliant", "jurisdiction": "EU", "node": "n2"},
        {"dataset": "a", "requirement": "security", "status": "in review", "jurisdiction": "US", "node": "n2"},
    ],
    "audit_log": [
        {"seq": 1, "node": "n1", "actor": "ida", "action": "query", "at": datetime(2026, 10, 2)},
        {"seq": 2, "node": "n1", "actor": "ida", "action": "query", "at": datetime(2026, 10, 3)},
        {"seq": 3, "node": "n1", "actor": None, "action": "login", "at": datetime(2026, 10, 3)},
        {"seq": 4, "node": "n1", "actor": "jon", "action": "export", "policy": "P-1", "at": datetime(2026, 9, 16, 12)},
        {"seq": 5, "node": "n1", "actor": "jon", "action": "export", "policy": "P-1", "at": datetime(2026, 9, 16, 13)},
        {"seq": 6, "node": "n1", "actor": "ida", "action": "login", "at": NOW},
    ],
}  # fmt: skip
ASSESSED = "datasets.name=compliance.dataset"


@pytest.fixture(scope="module")
def tables() -> duckdb.DuckDBPyConnection:
    return filled(ROWS)


def query(plan: str) -> Query:
    parsed = canonical(parse(plan))
    assert isinstance(parsed, Query)
    return parsed


GIVES: dict[str, list[tuple[str, list[tuple[Any, ...]]]]] = {
    "rows, not values, are first": [
        ("FROM lineage WHERE lineage.downstream EQ @dataset2 SELECT lineage.depth ORDER lineage.depth ASC LIMIT 2", [(2,), (2,)]),
        ("FROM lineage SELECT lineage.depth", [(1,), (2,)]),
    ],
    "nobody and no job are no answer": [
        ("FROM datasets SELECT datasets.steward", [("ida",)]),
        ("FROM lineage SELECT lineage.job lineage.downstream", [("j", "x"), ("k", "y")]),
        ("FROM datasets SELECT datasets.name datasets.steward", [("a", "ida"), ("b", None), ("c", None)]),
        ("FROM datasets SELECT datasets.steward datasets.name", [("ida", "a"), (None, "b"), (None, "c")]),
        ("FROM datasets WHERE datasets.steward IS_NULL SELECT datasets.steward", [(None,)]),
        ("FROM datasets SELECT datasets.owner", [("Acme",), (None,)]),
    ],
    "groups of none are no groups": [
        ("FROM datasets SELECT datasets.steward COUNT", [("ida", 1)]),
        ("FROM datasets SELECT datasets.generating_model COUNT", [("m", 1)]),
        ("FROM policies SELECT policies.target COUNT", [("a", 1)]),
        ("FROM training_rounds SELECT training_rounds.slowest_node COUNT", [("n1", 2)]),
        ("FROM datasets SELECT datasets.owner COUNT", [("Acme", 2), (None, 1)]),
        ("FROM datasets WHERE datasets.steward IS_NULL SELECT datasets.steward COUNT", [(None, 2)]),
        ("FROM datasets SELECT datasets.steward SHARE", [("ida", 1 / 3), (None, 2 / 3)]),
        ("FROM datasets SELECT datasets.owner HAVING COUNT LE 2", [("Acme",)]),
        ("FROM datasets SELECT datasets.owner COUNT HAVING COUNT LE 2", [("Acme", 2)]),
        ("FROM datasets SELECT datasets.owner MAX datasets.bytes HAVING COUNT LE 2", [("Acme", 9), (None, 1)]),
        ("FROM datasets WHERE datasets.owner IS_NULL SELECT datasets.owner HAVING COUNT LE 2", [(None,)]),
        ("FROM datasets SELECT datasets.name datasets.owner HAVING COUNT LE 2", [("a", "Acme"), ("b", "Acme"), ("c", None)]),
    ],
    "what is told of a thing may be unknown": [
        ("FROM quality_checks JOIN datasets.name=quality_checks.dataset SELECT quality_checks.dataset datasets.steward COUNT", [("a", "ida", 1), ("b", None, 2), ("c", None, 1)]),
        ("FROM quality_checks JOIN datasets.name=quality_checks.dataset SELECT quality_checks.dataset datasets.steward ORDER COUNT DESC LIMIT 1", [("b", None, 2)]),
        ("FROM datasets SELECT datasets.name datasets.steward ORDER MAX datasets.bytes DESC LIMIT 1", [("b", None, 9)]),
        ("FROM quality_checks JOIN datasets.name=quality_checks.dataset SELECT datasets.steward ORDER COUNT DESC LIMIT 1", [("ida", 1)]),
    ],
    "groups without any of what is counted": [
        ("FROM quality_checks SELECT quality_checks.dataset COUNT_IF quality_checks.status EQ 'failed' END", [("a", 1), ("b", 2)]),
        ("FROM quality_checks SELECT quality_checks.dataset ORDER COUNT_IF quality_checks.status EQ 'failed' END ASC", [("c", 0), ("a", 1), ("b", 2)]),
        (
            "FROM quality_checks SELECT quality_checks.dataset COUNT_IF quality_checks.status EQ 'failed' END HAVING COUNT_IF quality_checks.status EQ 'failed' END LT 2",
            [("a", 1), ("c", 0)],
        ),
        (
            "FROM market SELECT market.dataset COUNT_IF market:sold END COUNT_IF market.event EQ 'rated' END",
            [("a", 2, 1), ("b", 1, 0)],
        ),
        (
            "FROM quality_checks SELECT quality_checks.dataset COUNT_IF quality_checks.status EQ 'failed' END COUNT_IF quality_checks.status EQ 'error' END",
            [("a", 1, 0), ("b", 2, 0)],
        ),
        ("FROM quality_checks SELECT quality_checks.dataset COUNT COUNT_IF quality_checks.status EQ 'failed' END", [("a", 1, 1), ("b", 2, 2), ("c", 1, 0)]),
    ],
    "counted per thing are the rows that it has": [
        ("FROM nodes JOIN claims.claimant=nodes.node SELECT nodes.node nodes.trust_score COUNT", [("n1", 0.6, 2), ("n2", 0.6, 1)]),
        ("FROM nodes JOIN claims.claimant=nodes.node SELECT nodes.kind COUNT", [("storage", 2)]),
        ("FROM nodes WHERE EXISTS claims.claimant=nodes.node claims.attribute EQ 'owner' END SELECT nodes.node COUNT", [("n1", 2)]),
        ("FROM nodes WHERE nodes.kind EQ 'storage' EXISTS claims.claimant=nodes.node END SELECT nodes.node HAVING COUNT GE 2", [("n1",)]),
        ("FROM datasets WHERE EXISTS datasets.name=lineage.upstream lineage:table_level END SELECT datasets.name COUNT", [("a", 1), ("b", 2), ("c", 1)]),
        ("FROM nodes WHERE EXISTS claims.claimant=nodes.node END SELECT nodes.kind COUNT", [("storage", 2)]),
        ("FROM nodes WHERE EXISTS claims.claimant=nodes.node END SELECT COUNT", [(2,)]),
        ("FROM policies JOIN audit_log.policy=policies.policy_id SELECT policies.name COUNT", [("keep", 2)]),
        ("FROM policies JOIN audit_log.policy=policies.policy_id SELECT policies.target COUNT", [("a", 1)]),
    ],
    "no group of its own for what is counted": [
        ("FROM quality_checks SELECT quality_checks.dataset quality_checks.severity COUNT_DISTINCT quality_checks.severity", [("a", 1), ("b", 2), ("c", 1)]),
        ("FROM quality_checks SELECT quality_checks.severity COUNT_DISTINCT quality_checks.severity", [("high", 1), ("low", 1)]),
    ],
    "entries of a list": [
        ("FROM training_rounds SELECT training_rounds.run COUNT_DISTINCT training_rounds.participants", [("r", 3), ("s", 1)]),
        ("FROM training_rounds SELECT COUNT_DISTINCT training_rounds.participants", [(3,)]),
        ("FROM training_rounds SELECT training_rounds.run HAVING COUNT_DISTINCT training_rounds.participants GT 2", [("r",)]),
        ("FROM training_rounds SELECT training_rounds.run COUNT_DISTINCT training_rounds.round", [("r", 3), ("s", 1)]),
    ],
    "a list shows what it is cut by": [
        ("FROM datasets WHERE datasets.last_updated DURING @period1 SELECT datasets.name datasets.owner", [("a", "Acme", datetime(2026, 10, 14)), ("c", None, datetime(2026, 10, 2))]),
        ("FROM nodes WHERE nodes.uptime LT @number2 SELECT nodes.node", [("n3", 0.2)]),
        ("FROM nodes WHERE nodes.uptime LT @number2 SELECT COUNT", [(1,)]),
        ("FROM nodes WHERE nodes.uptime LT @number2 SELECT nodes.operator", [("Bolt",)]),
        ("FROM nodes WHERE nodes.kind EQ 'storage' SELECT nodes.node", [("n1",), ("n2",)]),
        ("FROM audit_log WHERE audit_log.at DURING @period1 SELECT audit_log.actor", [("ida",)]),
        ("FROM datasets WHERE datasets.bytes GT 1 SELECT datasets.name ORDER datasets.last_updated DESC LIMIT 1", [("a", datetime(2026, 10, 14))]),
    ],
    "several values at once": [
        ("FROM lineage WHERE lineage.downstream EQ @dataset1 lineage.downstream EQ @dataset2 lineage:table_level SELECT lineage.upstream", [("b",)]),
        ("FROM lineage WHERE lineage.downstream EQ @dataset1 lineage.downstream EQ @dataset2 lineage:table_level SELECT COUNT_DISTINCT lineage.upstream", [(1,)]),
        ("FROM grants WHERE grants.permission EQ 'read' grants.permission EQ 'compute' grants.dataset EQ @dataset3 SELECT grants.principal", [("ida",)]),
        ("FROM grants WHERE grants.permission EQ 'read' OR grants.permission EQ 'compute' SELECT grants.principal", [("ida",), ("jon",)]),
    ],
    "what one kind of event has": [
        ("FROM market WHERE market.rating LE @number1 market:offered SELECT market.dataset market.comment", [("a", "slow", 2)]),
        ("FROM market WHERE market.amount GT 3 market:offered SELECT market.dataset market.seller", [("b", "Acme", 4.0)]),
        ("FROM market WHERE market.price GT 3 market:offered SELECT market.dataset market.seller", [("b", "Acme", 4.0)]),
        ("FROM market WHERE market.rating IS_NULL market:offered SELECT market.dataset", [("b",)]),
        ("FROM market WHERE market.rating IS_NULL market:sold SELECT market.buyer", [("jon",)]),
        ("FROM datasets JOIN datasets.name=market.dataset WHERE market.rating IS_NULL market:sold SELECT datasets.name market.buyer", [("a", "ida"), ("a", "jon"), ("b", "jon")]),
        ("FROM market WHERE market.rating IS_NULL market.event EQ 'rated' SELECT market.dataset", []),
        ("FROM market WHERE market.comment IS_NULL market.event EQ 'rated' SELECT market.dataset", []),
        ("FROM datasets WHERE EXISTS datasets.name=market.dataset market.rating LE @number1 market:offered END SELECT datasets.name datasets.owner", [("a", "Acme")]),
        ("FROM market SELECT market.dataset COUNT_IF market:sold END market#average_rating", [("a", 2, 2.0), ("b", 1, None)]),
        ("FROM market SELECT market.dataset market#average_rating", [("a", 2.0)]),
    ],
    "the newest round": [
        ("FROM training_rounds LATEST SELECT training_rounds.run training_rounds.round", [("r", 3), ("s", 1)]),
        ("FROM training_rounds LATEST WHERE training_rounds.status EQ 'running' SELECT training_rounds.run", [("r",)]),
        ("FROM training_rounds LATEST WHERE training_rounds.run EQ @run1 training_rounds.round EQ 1 SELECT training_rounds.slowest_node", [("n1",)]),
        ("FROM training_rounds LATEST WHERE training_rounds.run EQ @run1 SELECT training_rounds.slowest_node training_rounds.round", [(None, 3)]),
        ("FROM training_rounds LATEST WHERE training_rounds.status EQ 'running' SELECT training_rounds.run training_rounds.round", [("r", 2), ("r", 3)]),
        ("FROM training_rounds LATEST WHERE training_rounds.status EQ 'completed' SELECT training_rounds.run training_rounds.round", [("s", 1)]),
    ],
    "the whole dataset": [
        ("FROM quality_metrics LATEST WHERE quality_metrics.dataset EQ @dataset3 quality_metrics.dimension EQ 'completeness' SELECT quality_metrics.value", [(0.9,)]),
        ("FROM quality_metrics LATEST WHERE quality_metrics.node EQ @node1 quality_metrics.dimension EQ 'completeness' SELECT quality_metrics.value", [(0.5,), (0.9,)]),
        ("FROM quality_metrics LATEST WHERE quality_metrics.dataset EQ @dataset3 quality_metrics.dimension EQ 'drift' SELECT quality_metrics.value", [(0.1,)]),
        (
            "FROM quality_metrics WHERE quality_metrics.dataset EQ @dataset3 quality_metrics.dimension EQ 'completeness' quality_metrics.column_name NOT_NULL SELECT quality_metrics.value",
            [(0.5,)],
        ),
        (
            "FROM quality_metrics LATEST WHERE quality_metrics.dataset EQ @dataset3 quality_metrics.dimension EQ 'completeness' SELECT quality_metrics.column_name quality_metrics.value",
            [("id", 0.5), (None, 0.9)],
        ),
    ],
    "an average is over the kind that is asked for": [
        ("FROM nodes WHERE nodes.uptime GT MEAN nodes.trust_score LT @number2 SELECT nodes.node", [("n1", 0.6, 0.9), ("n2", 0.6, 0.7)]),
        ("FROM nodes WHERE nodes.uptime GT MEAN nodes.kind EQ 'storage' SELECT nodes.node", [("n1", 0.9)]),
    ],
    "names of a policy and places of a node": [
        ("FROM policies WHERE policies.policy_id EQ @policy1 SELECT policies.policy_id", [("P-1",), ("P-2",)]),
        ("FROM policies WHERE policies.name EQ @policy1 SELECT policies.policy_id", [("P-1",), ("P-2",)]),
        ("FROM policies WHERE policies.policy_id EQ @policy1 OR policies.name EQ @policy1 SELECT policies.policy_id", [("P-1",), ("P-2",)]),
        ("FROM policies WHERE policies.policy_id EQ @policy1 OR policies.name EQ @policy1 SELECT policies.approved_by", [(None,)]),
        ("FROM policies SELECT policies.approved_by", []),
        ("FROM policies WHERE policies.policy_id CONTAINS @policy1 SELECT policies.policy_id", [("P-1",)]),
        ("FROM nodes WHERE nodes.jurisdiction EQ @country1 SELECT nodes.node", [("n2",), ("n3",)]),
    ],
    "another name of a dataset": [
        ("FROM datasets WHERE datasets.aliases HAS @dataset3 SELECT datasets.name", [("a",)]),
        ("FROM datasets WHERE datasets.aliases HAS_NOT @dataset3 SELECT datasets.name", [("b",), ("c",)]),
        ("FROM datasets WHERE datasets.aliases HAS @dataset3 datasets.name EQ @dataset3 SELECT datasets.owner", [("Acme",)]),
        ("FROM datasets WHERE datasets.aliases IS_NULL SELECT datasets.name", [("a",), ("b",), ("c",)]),
    ],
    "every row is published": [
        ("FROM nodes WHERE nodes.as_of NOT_NULL SELECT nodes.node", [("n1",), ("n2",), ("n3",)]),
        ("FROM nodes WHERE nodes.as_of IS_NULL SELECT nodes.node", [("n1",), ("n2",), ("n3",)]),
        ("FROM nodes WHERE nodes.last_seen NOT_NULL SELECT nodes.node", []),
    ],
    "a place said once": [
        (f"FROM compliance WHERE compliance.jurisdiction EQ @jurisdiction1 EXISTS {ASSESSED} datasets.jurisdiction EQ @jurisdiction1 END SELECT compliance.dataset compliance.status", [("a", "compliant"), ("b", "compliant"), ("c", "compliant")]),
        (f"FROM compliance WHERE compliance.jurisdiction EQ @jurisdiction1 EXISTS {ASSESSED} datasets.jurisdiction EQ @jurisdiction1 datasets:stale END SELECT compliance.dataset compliance.status", []),
        (f"FROM compliance WHERE compliance.jurisdiction EQ @jurisdiction1 EXISTS {ASSESSED} datasets.jurisdiction NE @jurisdiction1 END SELECT compliance.dataset compliance.status", []),
        (f"FROM compliance WHERE compliance.jurisdiction EQ @jurisdiction1 NOT_EXISTS {ASSESSED} datasets.domain EQ @domain1 END SELECT compliance.dataset compliance.status", [("c", "compliant")]),
        (f"FROM compliance WHERE compliance.node EQ @node1 EXISTS {ASSESSED} datasets.node EQ @node1 END SELECT compliance.dataset compliance.status", [("a", "compliant")]),
        (f"FROM datasets WHERE datasets.jurisdiction EQ @jurisdiction1 EXISTS {ASSESSED} compliance.jurisdiction EQ @jurisdiction1 END SELECT datasets.name", [("b",)]),
    ],
    "rows that never go without": [
        ("FROM grants SELECT grants.granted_by", [(None,)]),
        ("FROM grants SELECT grants.granted_by COUNT", [(None, 3)]),
        ("FROM grants SELECT grants.granted_by ORDER COUNT DESC LIMIT 1", [(None, 3)]),
        ("FROM grants SELECT grants.dataset ORDER grants.granted DESC LIMIT 1", [("a", None)]),
        ("FROM grants SELECT grants.dataset ORDER grants.expires DESC LIMIT 1", [("a", datetime(2026, 11, 1))]),
    ],
    "an alert is resolved by its status": [
        ("FROM quality_checks WHERE quality_checks.alert_status NOT_NULL quality_checks.resolved IS_NULL SELECT quality_checks.check_id", [("2",)]),
        ("FROM quality_checks WHERE quality_checks.alert_status NOT_NULL SELECT quality_checks.severity SHARE_IF quality_checks.resolved IS_NULL END", [("high", 0.5)]),
        ("FROM quality_checks WHERE quality_checks.status EQ 'failed' quality_checks.resolved IS_NULL SELECT quality_checks.check_id", [("1",), ("2",), ("3",)]),
        ("FROM quality_checks WHERE quality_checks.alert_status NOT_NULL quality_checks.resolved NOT_NULL SELECT quality_checks.check_id", []),
    ],
    "what happens now": [
        ("FROM audit_log WHERE audit_log.at DURING @period2 audit_log.actor NOT_NULL SELECT audit_log.seq", [(2,), (6,)]),
        ("FROM audit_log WHERE audit_log.at DURING @period3 SELECT audit_log.seq", [(1,)]),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("plan", "expected"), [row for rows in GIVES.values() for row in rows], ids=[f"{name} {n}" for name, rows in GIVES.items() for n in range(len(rows))])
def test_a_plan_gives_these_rows(plan: str, expected: list[tuple[Any, ...]], tables: duckdb.DuckDBPyConnection) -> None:
    approved = approve(compile_query(query(plan), BINDINGS, NOW), schema_of(EVERYTHING), NOW)
    found = sorted(tables.execute(approved.sql).fetchall(), key=repr)
    assert [tuple(pytest.approx(c) if isinstance(c, float) else c for c in row) for row in found] == sorted(expected, key=repr)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("FROM market WHERE market.rating LE @number1 market:offered SELECT market.dataset", "dataset of market where event is rated and rating is at most 2"),
        ("FROM training_rounds LATEST WHERE training_rounds.round EQ 1 SELECT training_rounds.run", "run of training rounds where round is 1"),
        (
            "FROM quality_metrics WHERE quality_metrics.dataset EQ @dataset1 quality_metrics.dimension EQ 'completeness' SELECT quality_metrics.value",
            "value of quality metrics where dataset is x and dimension is completeness and column is not set",
        ),
        ("FROM nodes WHERE EXISTS claims.claimant=nodes.node claims:outvoted END SELECT nodes.node COUNT", "node, number of nodes with their claims where against the consensus"),
    ],
)
def test_what_is_meant_is_what_is_said(plan: str, said: str) -> None:
    assert sorted(explain(query(plan), BINDINGS).split()) == sorted(said.split())
    assert meant(meant(query(plan))) == meant(query(plan))


@pytest.mark.parametrize(
    ("plan", "sensible"),
    [
        ("REFUSE", True),
        ("FROM nodes WHERE EXISTS claims.claimant=nodes.node claims:outvoted END NOT_EXISTS claims.claimant=nodes.node claims:outvoted END SELECT nodes.node", False),
        ("FROM nodes WHERE EXISTS claims.claimant=nodes.node claims:outvoted END NOT_EXISTS claims.claimant=nodes.node END SELECT nodes.node", False),
        ("FROM nodes WHERE EXISTS claims.claimant=nodes.node END NOT_EXISTS claims.claimant=nodes.node claims:outvoted END SELECT nodes.node", True),
        ("FROM nodes WHERE EXISTS claims.claimant=nodes.node END NOT_EXISTS nodes.node=replicas.node END SELECT nodes.node", True),
        ("FROM nodes WHERE nodes.kind EQ 'storage' nodes.kind EQ 'storage' SELECT nodes.node", False),
        ("FROM nodes SELECT nodes.node nodes.node", False),
        ("FROM datasets JOIN datasets.name=grants.dataset SELECT datasets.name datasets.owner", False),
        ("FROM datasets JOIN datasets.name=grants.dataset SELECT datasets.name grants.principal", True),
        ("FROM datasets JOIN datasets.name=grants.dataset SELECT datasets.name COUNT", True),
        ("FROM grants JOIN datasets.name=grants.dataset SELECT grants.principal COUNT", False),
        ("FROM datasets JOIN datasets.name=grants.dataset WHERE grants:live SELECT datasets.name", True),
        ("FROM grants JOIN datasets.name=grants.dataset JOIN nodes.node=datasets.node SELECT grants.principal nodes.operator", True),
        ("FROM grants JOIN datasets.name=grants.dataset SELECT grants.principal SUM_IF datasets.bytes grants:live END", True),
        ("FROM datasets JOIN datasets.name=grants.dataset SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 PER grants.principal", True),
    ],
)
def test_a_plan_asks_for_something(plan: str, sensible: bool) -> None:
    assert is_sensible(parse(plan)) is sensible
