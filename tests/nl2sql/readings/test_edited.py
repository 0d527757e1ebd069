"""Turns that edit what was found before: each rule with its near misses."""

import pytest

from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.plan.tokens import spelled
from nl2sql.readings.edited import edited, edits
from nl2sql.readings.replaced import is_tested_twice

DOWN = "FROM nodes WHERE nodes.status EQ 'offline' SELECT nodes.node"
FED = "FROM lineage WHERE lineage.downstream EQ {} SELECT lineage.upstream"
OPEN_MOVES = "FROM compliance WHERE compliance:unprotected_transfer SELECT compliance.dataset"
RULED = "FROM compliance WHERE compliance.mechanism EQ 'binding_corporate_rules' {}SELECT compliance.dataset"
DUE = "FROM compliance WHERE {} SELECT compliance.dataset"
RAN_OUT = "FROM grants WHERE grants.expires DURING @period{} grants:expired SELECT grants.principal"
BEST = "FROM nodes SELECT nodes.node ORDER nodes.uptime DESC LIMIT 5"
BY_KIND, BY_NODE = "FROM node_events SELECT node_events.kind COUNT", "FROM node_events SELECT node_events.node COUNT"
LATE = "FROM grants WHERE grants.dataset EQ @dataset1 grants:expired SELECT grants.grant_id"
DAILY = "FROM datasets WHERE datasets.update_frequency EQ 'daily' datasets.pii IS_TRUE SELECT datasets.name"
CODE = "FROM datasets WHERE datasets.data_type EQ 'code' datasets.licence_class EQ 'commercial' SELECT datasets.name"
TRAINED = "FROM models WHERE {}EXISTS lineage.downstream=models.name EXISTS datasets.name=lineage.upstream datasets.data_type EQ 'code' {}END END SELECT models.name"

EDITED = [
    # a time in the place of what was tested of it
    ("and what must go by period1", DUE.format("compliance.retention_until DURING @period1 compliance:retention_overdue"), DUE.format("compliance:retention_overdue"), DUE.format("compliance.retention_until DURING @period1")),
    ("and period2", RAN_OUT.format(2), RAN_OUT.format(1), RAN_OUT.format(2)),
    ("add the degraded ones too", DOWN, DOWN, "FROM nodes WHERE nodes.status EQ 'offline' OR nodes.status EQ 'degraded' SELECT nodes.node nodes.status"),
    ("also include dataset2", FED.format("@dataset2"), FED.format("@dataset1"), "FROM lineage WHERE lineage.downstream EQ @dataset1 OR lineage.downstream EQ @dataset2 SELECT lineage.upstream lineage.downstream"),
    ("and under binding corporate rules?", RULED.format("compliance:unprotected_transfer "), OPEN_MOVES, RULED.format("compliance.transfer_country NOT_NULL ")),
    ("the lowest 3 by trust", BEST.replace("DESC LIMIT 5", "ASC LIMIT 3"), BEST, "FROM nodes SELECT nodes.node nodes.trust_score ORDER nodes.trust_score ASC LIMIT 3"),
    ("and their stake", "FROM nodes SELECT nodes.node nodes.stake ORDER nodes.stake DESC LIMIT 5", BEST, "FROM nodes SELECT nodes.node nodes.stake ORDER nodes.uptime DESC LIMIT 5"),
    ("run by whom?", "FROM nodes SELECT nodes.operator", BEST, "FROM nodes SELECT nodes.node nodes.operator ORDER nodes.uptime DESC LIMIT 5"),
    ("how many such grants over all datasets?", "FROM grants SELECT COUNT", LATE, "FROM grants WHERE grants:expired SELECT COUNT"),
    ("top 5 overall", f"{BY_NODE.replace(' SELECT', ' WHERE node_events.node EQ @node1 SELECT')} ORDER COUNT DESC LIMIT 5", BY_KIND, f"{BY_NODE} ORDER COUNT DESC LIMIT 5"),
    ("and by node?", "FROM node_events SELECT node_events.kind node_events.node COUNT", BY_KIND, BY_NODE),
    ("split by kind", "FROM node_events SELECT node_events.kind node_events.node", "FROM node_events SELECT COUNT", BY_KIND),
    ("the first five are enough", f"{BY_KIND} ORDER COUNT DESC LIMIT 5", BY_NODE, f"{BY_NODE} ORDER COUNT DESC LIMIT 5"),
    ("the ones at node1", BY_NODE.replace(" SELECT", " WHERE node_events.node EQ @node1 SELECT"), BY_NODE, "FROM node_events WHERE node_events.node EQ @node1 SELECT SHOW"),
    ("sorry, make that weekly or yearly", DAILY, DAILY, "FROM datasets WHERE datasets.update_frequency EQ 'weekly' OR datasets.update_frequency EQ 'yearly' datasets.pii IS_TRUE SELECT datasets.name"),
    ("models trained on those", TRAINED.format("models.licence_class EQ 'commercial' ", ""), CODE, TRAINED.format("", "datasets.licence_class EQ 'commercial' ")),
    (
        "and the sum",
        "FROM lineage WHERE lineage.downstream EQ @dataset2 SELECT lineage.upstream",
        "FROM lineage WHERE lineage.downstream EQ @dataset1 OR lineage.downstream EQ @dataset2 SELECT lineage.upstream",
        "FROM lineage WHERE lineage.downstream EQ @dataset1 OR lineage.downstream EQ @dataset2 SELECT lineage.upstream",
    ),
]
LEFT = [
    ("the degraded ones", "FROM nodes WHERE nodes.status EQ 'degraded' SELECT nodes.node", DOWN),
    ("only those updated daily, by name", DAILY, "FROM datasets WHERE datasets:stale SELECT datasets.name"),
    ("all of them, run by whom?", "FROM nodes SELECT nodes.operator", BEST),
    ("how many grants run out", "FROM grants SELECT COUNT", LATE),
    ("the biggest kind", f"{BY_KIND} ORDER COUNT DESC LIMIT 1", BY_NODE),
    ("by node and kind", "FROM node_events SELECT node_events.kind node_events.node COUNT", BY_KIND),
    ("the ones with more than 3", f"{BY_NODE} HAVING COUNT GT 3", BY_NODE),
    ("make that a report of the weekly ones", DAILY, DAILY),
]


def query(plan: str) -> Query:
    found = parse(plan)
    assert isinstance(found, Query)
    return found


@pytest.mark.parametrize(("said", "plan", "before", "found"), EDITED, ids=[said for said, *_ in EDITED])
def test_a_turn_edits_what_was_found_before(said: str, plan: str, before: str, found: str) -> None:
    assert spelled(edited(query(plan), query(before), said)) == spelled(query(found))


@pytest.mark.parametrize(("said", "plan", "before"), LEFT, ids=[said for said, *_ in LEFT])
def test_what_a_turn_does_not_say_it_does_not_edit(said: str, plan: str, before: str) -> None:
    assert edited(query(plan), query(before), said) == query(plan)


@pytest.mark.parametrize(("said", "is_so"), [("add the old ones", True), ("n their stake", True), ("by number", True), ("how many such rows", True), ("who owns dataset1", False)])
def test_a_turn_says_that_it_edits(said: str, is_so: bool) -> None:
    assert edits(said) is is_so


def test_a_column_is_tested_twice() -> None:
    assert is_tested_twice(query(RULED.format("compliance:unprotected_transfer ")))
    assert not is_tested_twice(query(DAILY))
