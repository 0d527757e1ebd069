"""What goes without saying of rows that other views name, and of kinds of rows: each rule with its near misses. No table is read."""

import pytest

from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.plan.meant import meant
from nl2sql.plan.tokens import spelled

HOLDS = "EXISTS nodes.node=datasets.node datasets.pii IS_TRUE END"
INCIDENTS = "FROM node_events WHERE {} SELECT node_events.kind"
GENERATED = "FROM models JOIN datasets.generating_model=models.name SELECT models.name {}"
LISTED = "EXISTS datasets.name=market.dataset market:offered END {}EXISTS datasets.name={} END"
OFFERS = "FROM market WHERE market.buyer IS_NULL {} SELECT market.dataset"
ON = "FROM replicas WHERE {}EXISTS nodes.node=replicas.node nodes.status {} 'online' END SELECT replicas.dataset"
TOPICS = "FROM datasets WHERE {} SELECT datasets.name"
EITHER = "FROM nodes WHERE nodes.status EQ 'online' OR nodes.status {} 'degraded' SELECT nodes.node"
LAST = "FROM training_rounds LATEST {}SELECT {}training_rounds.status"
FIRST = "ORDER training_rounds.{} DESC LIMIT 1 PER training_rounds.run"

MEANT = [
    (INCIDENTS.format(f"EXISTS nodes.node=node_events.node {HOLDS} END"), INCIDENTS.format("EXISTS node_events.node=datasets.node datasets.pii IS_TRUE END")),
    (
        "FROM replicas WHERE NOT_EXISTS datasets.name=replicas.dataset EXISTS datasets.name=grants.dataset grants:live END END SELECT replicas.node",
        "FROM replicas WHERE NOT_EXISTS replicas.dataset=grants.dataset grants:live END SELECT replicas.node",
    ),
    (GENERATED.format("COUNT"), "FROM datasets WHERE datasets.generating_model NOT_NULL SELECT datasets.generating_model COUNT_DISTINCT datasets.name"),
    (
        "FROM datasets JOIN datasets.generating_model=models.name SELECT datasets.name models.name",
        "FROM datasets WHERE datasets.generating_model NOT_NULL SELECT datasets.name datasets.generating_model",
    ),
    ("FROM nodes JOIN nodes.node=datasets.node SELECT nodes.node ORDER COUNT DESC LIMIT 1", "FROM datasets SELECT datasets.node ORDER COUNT_DISTINCT datasets.name DESC LIMIT 1"),
    ("FROM nodes JOIN nodes.node=policies.node SELECT nodes.node COUNT", "FROM policies SELECT policies.node COUNT"),
    (
        f"FROM datasets WHERE {LISTED.format('NOT_', 'market.dataset market:sold')} SELECT datasets.name",
        "FROM market WHERE market:offered NOT_EXISTS market.dataset=market.dataset market:sold END SELECT market.dataset",
    ),
    (OFFERS.format("market:offered"), "FROM market WHERE NOT_EXISTS market.dataset=market.dataset market:sold END market:offered SELECT market.dataset"),
    (
        "FROM market WHERE market:sold SELECT SHARE_IF market.event EQ 'disputed' END",
        "FROM market SELECT SHARE_IF market.event EQ 'disputed' AMONG market:sold END",
    ),
    ("FROM market WHERE market.rating IS_NULL SELECT market.seller", "FROM market WHERE NOT_EXISTS market.seller=market.seller market.event EQ 'rated' END SELECT market.seller"),
    (ON.format("NOT_", "EQ"), ON.format("", "NE")),
    (
        TOPICS.format("datasets.name CONTAINS @term1 OR datasets.description CONTAINS @term2"),
        TOPICS.format("datasets.name CONTAINS @term1 OR datasets.name CONTAINS @term2 OR datasets.description CONTAINS @term1 OR datasets.description CONTAINS @term2"),
    ),
    (EITHER.format("NE"), EITHER.format("EQ")),
    (LAST.format("", "") + " " + FIRST.format("at"), LAST.format("", "training_rounds.run ")),
]  # fmt: skip
STAYS = [
    INCIDENTS.format(f"EXISTS nodes.node=node_events.node nodes.kind EQ 'storage' {HOLDS} END"),
    INCIDENTS.format("EXISTS nodes.node=node_events.node EXISTS market.seller=nodes.operator market:sold END END"),
    "FROM audit_log WHERE EXISTS datasets.name=audit_log.dataset datasets.pii IS_TRUE END SELECT audit_log.actor",
    GENERATED.format("models.owner COUNT"),
    "FROM models JOIN datasets.generating_model=models.name SELECT models.name datasets.name",
    "FROM nodes JOIN claims.claimant=nodes.node SELECT nodes.node COUNT",
    "FROM datasets JOIN datasets.name=lineage.upstream SELECT datasets.name COUNT",
    f"FROM datasets WHERE {LISTED.format('NOT_', 'grants.dataset grants:live')} SELECT datasets.name",
    f"FROM datasets WHERE datasets.pii IS_TRUE {LISTED.format('NOT_', 'market.dataset market:sold')} SELECT datasets.name",
    OFFERS.format("market:sold"),
    "FROM market WHERE market:sold SELECT SHARE_IF market.amount GT 5 END",
    ON.format("", "EQ"),
    "FROM grants WHERE NOT_EXISTS datasets.name=grants.dataset datasets.pii IS_TRUE END SELECT grants.principal",
    TOPICS.format("datasets.name CONTAINS @term1 OR datasets.description CONTAINS @term1"),
    TOPICS.format("datasets.name CONTAINS @term1 OR datasets.owner EQ @org1"),
    EITHER.format("EQ"),
    LAST.format("", "") + " " + FIRST.format("accuracy"),
]  # fmt: skip


def of(plan: str) -> Query:
    query = parse(plan)
    assert isinstance(query, Query)
    return query


@pytest.mark.parametrize(("plan", "form"), MEANT)
def test_rows_are_asked_of_directly_and_by_their_own_kind(plan: str, form: str) -> None:
    assert spelled(meant(of(plan))) == form
    assert meant(meant(of(plan))) == meant(of(plan))


@pytest.mark.parametrize("plan", STAYS)
def test_what_a_view_or_a_kind_adds_stays(plan: str) -> None:
    assert meant(of(plan)) == of(plan)
