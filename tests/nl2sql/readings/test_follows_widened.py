"""Turns of a dialogue that ask for more than was found before: each rule with its near misses."""

import pytest

from nl2sql.plan.canonical import canonical
from nl2sql.plan.tokens import spelled
from nl2sql.readings.widened import widened, widens
from tests.nl2sql.readings.test_follows import query

BROKEN = "FROM replicas WHERE {}replicas.integrity_ok IS_FALSE SELECT {}"
OF_ONE = "replicas.dataset EQ @dataset1 "
ANOMALIES = "FROM quality_metrics WHERE {}quality_metrics.is_anomaly IS_TRUE SELECT quality_metrics.dataset ORDER COUNT DESC LIMIT 1"
UPTIME = "FROM nodes WHERE {} SELECT {}nodes.uptime"
HOPS = "FROM lineage WHERE lineage.upstream EQ @dataset1 lineage.downstream EQ @model1{} lineage:table_level SELECT {}"
DOMAINS = "FROM datasets SELECT datasets.domain ORDER datasets#average_quality DESC LIMIT @number1"
MEMBERS = "FROM datasets WHERE datasets.domain EQ @domain1 SELECT datasets.name{}"
GRANTS = "FROM grants WHERE {} EQ @person1{} SELECT grants.dataset"
LARGEST = "FROM models WHERE {}SELECT models.name ORDER models.parameters DESC LIMIT {}"
CLAIMS = "FROM claims WHERE claims.disputed IS_TRUE{} SELECT {}"
ENERGY = "FROM training_rounds WHERE {} SELECT {}"
TWO = "training_rounds.run EQ @run1 OR training_rounds.run EQ @run2"

WIDENED = [
    # over all there is
    ("then all broken copies in the catalog", ["copies of dataset1"], BROKEN.format(OF_ONE, "replicas.node"), BROKEN.format(OF_ONE, "replicas.node"), BROKEN.format("", "replicas.node")),
    ("how many broken ones in total, all datasets", ["copies of dataset1"], BROKEN.format(OF_ONE, "COUNT"), BROKEN.format(OF_ONE, "replicas.node"), BROKEN.format("", "COUNT")),
    ("how many broken ones", ["copies of dataset1"], BROKEN.format(OF_ONE, "COUNT"), BROKEN.format(OF_ONE, "replicas.node"), None),
    ("which table has most anomalies", ["anomalies of dataset1"], ANOMALIES.format("quality_metrics.dataset EQ @dataset1 "), ANOMALIES.format("quality_metrics.dataset EQ @dataset1 "), ANOMALIES.format("")),
    ("total of broken ones by kind", ["backups"], BROKEN.format("replicas.kind EQ 'backup' ", "replicas.kind COUNT"), BROKEN.format("replicas.kind EQ 'backup' ", "replicas.node"), BROKEN.format("", "replicas.kind COUNT")),
    ("total of broken backups by kind", ["copies"], BROKEN.format("replicas.kind EQ 'backup' ", "replicas.kind COUNT"), BROKEN.format("replicas.kind EQ 'backup' ", "replicas.node"), None),
    # those of a kind
    ("all country1 ones", ["uptime of node1"], UPTIME.format("nodes.node EQ @node1 nodes.country EQ @country1", ""), UPTIME.format("nodes.node EQ @node1", ""), UPTIME.format("nodes.country EQ @country1", "nodes.node ")),
    ("is it in country1", ["uptime of node1"], UPTIME.format("nodes.node EQ @node1 nodes.country EQ @country1", ""), UPTIME.format("nodes.node EQ @node1", ""), None),
    ("what other domain1 tables are there", ["is dataset1 deprecated"], "FROM datasets WHERE datasets.domain EQ @domain1 SELECT datasets.name", "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.deprecated", "FROM datasets WHERE datasets.name NE @dataset1 datasets.domain EQ @domain1 SELECT datasets.name"),
    ("tables other than domain1", ["is dataset1 deprecated"], "FROM datasets WHERE datasets.domain NE @domain1 SELECT datasets.name", "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.deprecated", None),
    # how far a flow goes, and so many groups
    ("how many hops is it to model1", ["what came directly of dataset1"], HOPS.format(" lineage.depth EQ 1", "lineage.depth"), HOPS.format(" lineage.depth EQ 1", "lineage.job"), HOPS.format("", "lineage.depth")),
    ("by which job", ["what came directly of dataset1"], HOPS.format(" lineage.depth EQ 1", "lineage.job"), HOPS.format(" lineage.depth EQ 1", "lineage.depth"), None),
    ("which tables in domain1", ["best number1 domains"], MEMBERS.format(" ORDER datasets.quality_score DESC LIMIT @number1"), DOMAINS, MEMBERS.format("")),
    ("the best number1 tables in domain1", ["best number1 domains"], MEMBERS.format(" ORDER datasets.quality_score DESC LIMIT @number1"), DOMAINS, None),
    # the same one, and as many
    ("any that run out", ["grants of person1"], GRANTS.format("grants.granted_by", " grants.expires FUTURE"), GRANTS.format("grants.principal", ""), GRANTS.format("grants.principal", " grants.expires FUTURE")),
    ("any that person1 gave", ["grants of person1"], GRANTS.format("grants.granted_by", ""), GRANTS.format("grants.principal", ""), None),
    ("and the commercial ones", ["number1 largest", "number2 will do"], LARGEST.format("models.licence_class EQ 'commercial' ", "@number1"), LARGEST.format("models.parameters NOT_NULL ", "@number2"), LARGEST.format("models.licence_class EQ 'commercial' ", "@number2")),
    # the rows that were only counted
    ("only those without a quorum", ["disputed claims", "how many is that"], CLAIMS.format(" claims.quorum_met IS_FALSE", "COUNT_DISTINCT claims.dataset"), CLAIMS.format("", "COUNT_DISTINCT claims.dataset"), CLAIMS.format(" claims.quorum_met IS_FALSE", "claims.dataset")),
    ("which of those lack a quorum", ["how many disputed claims"], CLAIMS.format(" claims.quorum_met IS_FALSE", "COUNT"), CLAIMS.format("", "COUNT"), CLAIMS.format(" claims.quorum_met IS_FALSE", "SHOW")),
    ("only those without a quorum", ["how many disputed claims"], CLAIMS.format(" claims.quorum_met IS_FALSE", "COUNT"), CLAIMS.format("", "COUNT"), None),
    ("and those without a quorum", ["disputed claims", "how many is that"], CLAIMS.format(" claims.quorum_met IS_FALSE", "COUNT"), CLAIMS.format("", "COUNT"), None),
    # the one, an amount of each, one more amount of groups
    ("worst?", ["networks by uptime, the lowest number1"], "FROM nodes SELECT nodes.network ORDER nodes#average_uptime ASC LIMIT @number1", "FROM nodes SELECT nodes.network ORDER nodes#average_uptime ASC LIMIT @number1", "FROM nodes SELECT nodes.network ORDER nodes#average_uptime ASC LIMIT 1"),
    ("worst?", ["networks by uptime, the highest number1"], "FROM nodes SELECT nodes.network ORDER nodes#average_uptime ASC LIMIT @number1", "FROM nodes SELECT nodes.network ORDER nodes#average_uptime DESC LIMIT @number1", None),
    ("worst number1", ["networks by uptime, the lowest number1"], "FROM nodes SELECT nodes.network ORDER nodes#average_uptime ASC LIMIT @number1", "FROM nodes SELECT nodes.network ORDER nodes#average_uptime ASC LIMIT @number1", None),
    ("how much energy went into each, in total", ["runs of model1"], ENERGY.format("training_rounds.model EQ @model1", "training_rounds#total_energy"), ENERGY.format("training_rounds.model EQ @model1", "training_rounds.run"), ENERGY.format("training_rounds.model EQ @model1", "training_rounds.run training_rounds#total_energy")),
    ("how much energy went into that", ["runs of model1"], ENERGY.format("training_rounds.model EQ @model1", "training_rounds#total_energy"), ENERGY.format("training_rounds.model EQ @model1", "training_rounds.run"), None),
    ("add the energy", ["rounds per run"], ENERGY.format("training_rounds.model EQ @model1", "training_rounds.run training_rounds.round training_rounds.energy_kwh"), ENERGY.format("training_rounds.model EQ @model1", "training_rounds.run COUNT"), ENERGY.format("training_rounds.model EQ @model1", "training_rounds.run COUNT training_rounds#total_energy")),
    ("the energy of each round", ["rounds per run"], ENERGY.format("training_rounds.model EQ @model1", "training_rounds.run training_rounds.round training_rounds.energy_kwh"), ENERGY.format("training_rounds.model EQ @model1", "training_rounds.run COUNT"), None),
    # both that were named
    ("energy of both", ["accuracy of run1", "and of run2"], ENERGY.format("training_rounds.run EQ @run2", "training_rounds#total_energy"), ENERGY.format("training_rounds.run EQ @run2", "training_rounds#final_accuracy"), ENERGY.format(TWO, "training_rounds.run training_rounds#total_energy")),
    ("its energy", ["accuracy of run1", "and of run2"], ENERGY.format("training_rounds.run EQ @run2", "training_rounds#total_energy"), ENERGY.format("training_rounds.run EQ @run2", "training_rounds#final_accuracy"), None),
    ("energy of both", ["accuracy of run1", "and of run2", "and of run3"], ENERGY.format("training_rounds.run EQ @run3", "training_rounds#total_energy"), ENERGY.format("training_rounds.run EQ @run3", "training_rounds#final_accuracy"), None),
    ("which of the number1 took more energy", ["accuracy of run1", "and of run2"], ENERGY.format(TWO, "training_rounds.run ORDER training_rounds#total_energy DESC LIMIT @number1"), ENERGY.format("training_rounds.run EQ @run2", "training_rounds#final_accuracy"), ENERGY.format(TWO, "training_rounds.run ORDER training_rounds#total_energy DESC LIMIT 1")),
]


@pytest.mark.parametrize(("said", "earlier", "plan", "before", "found"), WIDENED, ids=[f"{said} {at}" for at, (said, *_) in enumerate(WIDENED)])
def test_a_turn_asks_for_more_than_was_found(said: str, earlier: list[str], plan: str, before: str, found: str | None) -> None:
    assert spelled(canonical(widened(query(plan), query(before), said, earlier))) == spelled(canonical(query(found or plan)))
    if found:
        assert widened(query(found), query(before), said, earlier) == query(found)


@pytest.mark.parametrize(
    ("said", "plan", "is_so"),
    [
        ("in the whole catalog please", UPTIME.format("nodes.node EQ @node1", ""), True),
        ("energy of both", ENERGY.format("training_rounds.run EQ @run2", "training_rounds#total_energy"), True),
        ("all country1 ones", UPTIME.format("nodes.node EQ @node1", ""), True),
        ("all country1 ones", UPTIME.format("nodes.country EQ @country1", ""), False),
        ("which table has most", ANOMALIES.format(""), True),
        ("worst?", MEMBERS.format(""), True),
        ("which tables are there", MEMBERS.format(""), False),
        ("and the owner", MEMBERS.format(""), False),
    ],
)
def test_a_turn_says_that_it_asks_for_more(said: str, plan: str, is_so: bool) -> None:
    assert widens(query(plan), said) is is_so
