"""Things beside others of their kind, as the words of the question say; each rule with its near misses."""

import pytest

from nl2sql.linking.mentions import Linked, Mention
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, full_scope
from nl2sql.plan.tokens import spelled
from nl2sql.said.others import but_not_another, other_such, than_another, than_its_rows
from nl2sql.values import Text

NAMES = {"@dataset1": ("orders",), "@dataset2": ("items",), "@model1": ("gemma",), "@node1": ("oslo-1",), "@node3": ("oslo-1", "oslo-2")}
"""What a question names; several where it may mean either."""
NODES = "FROM nodes WHERE nodes.node EQ @node1 nodes.uptime LT MEAN SELECT nodes.node"
LICENCE = "FROM models WHERE models.name EQ @model1 SELECT models.licence"
READ = "FROM grants WHERE grants.dataset EQ @dataset1 grants.dataset NE @dataset2 grants:live SELECT grants.principal"
TWO = "FROM grants WHERE grants.dataset EQ @dataset1 OR grants.dataset EQ @dataset2 SELECT grants.principal HAVING COUNT_DISTINCT grants.dataset EQ 2"

MENDED = [
    ("machines with less uptime than node1", NODES, "FROM nodes WHERE nodes.uptime LT OF @node1 SELECT nodes.node"),
    ("how many machines have more uptime than node1", NODES, "FROM nodes WHERE nodes.uptime GT OF @node1 SELECT COUNT"),
    ("models released after model1", "FROM models WHERE models.name EQ @model1 SELECT models.released", "FROM models WHERE models.released GT OF @model1 SELECT models.name models.released"),
    (
        "tables bigger than dataset1",
        "FROM datasets WHERE datasets.bytes GT MEAN SELECT datasets.name",
        "FROM datasets WHERE datasets.bytes GT OF @dataset1 SELECT datasets.name",
    ),
    ("models newer than model1", LICENCE, "FROM models WHERE models.released GT OF @model1 SELECT models.name models.licence"),
    ("models with the same licence as model1", LICENCE, "FROM models WHERE models.licence EQ OF @model1 models.name NE @model1 SELECT models.name models.licence"),
    ("models that share the licence of model1", LICENCE, "FROM models WHERE models.licence EQ OF @model1 models.name NE @model1 SELECT models.name models.licence"),
    (
        "who may read dataset1 but not dataset2",
        READ,
        "FROM grants WHERE grants.dataset EQ @dataset1 grants:live NOT_EXISTS grants.principal=grants.principal grants:live grants.dataset EQ @dataset2 END SELECT grants.principal",
    ),
    (
        "who has dataset1 and does not have dataset2",
        TWO,
        "FROM grants WHERE grants.dataset EQ @dataset1 NOT_EXISTS grants.principal=grants.principal grants.dataset EQ @dataset2 END SELECT grants.principal",
    ),
]
EVENTS = "FROM node_events SELECT node_events.node {}"
MENDED += [
    (
        "machines that had more incidents than node1",
        EVENTS.format("HAVING COUNT_IF node_events.node EQ @node1 END GT COUNT_IF node_events.node EQ @node1 END"),
        EVENTS.format("COUNT HAVING COUNT GT OF @node1"),
    ),
    ("which have fewer incidents than node1", EVENTS.format("ORDER COUNT ASC LIMIT 5"), EVENTS.format("COUNT HAVING COUNT LT OF @node1")),
    (
        "tables with more failed checks than dataset1",
        "FROM quality_checks WHERE quality_checks.dataset NE @dataset1 SELECT quality_checks.dataset HAVING COUNT_IF quality_checks.status EQ 'failed' END GT 1",
        "FROM quality_checks SELECT quality_checks.dataset COUNT_IF quality_checks.status EQ 'failed' END HAVING COUNT_IF quality_checks.status EQ 'failed' END GT OF @dataset1",
    ),
]
LEFT = [
    ("machines with more than 3 incidents", EVENTS.format("COUNT HAVING COUNT GT 3")),
    ("which have more incidents than node3", EVENTS.format("COUNT HAVING COUNT GT 1")),
    ("has node1 more incidents than model1", EVENTS.format("COUNT HAVING COUNT GT 1")),
    ("machines with less uptime than average", NODES),
    ("tables bigger than dataset1", "FROM datasets WHERE datasets.name NE @dataset1 SELECT datasets.name"),
    ("does node1 have less uptime than other machines, more than node1", NODES),
    ("machines with less uptime than node3", NODES),
    ("machines with more copies than node1", "FROM nodes SELECT nodes.node"),
    ("licence of model1", LICENCE),
    ("who may read dataset1 and dataset2", TWO),
    ("who may read what is not dataset2", "FROM grants WHERE grants.dataset NE @dataset2 SELECT grants.principal"),
]


def beside(question: str, plan: str) -> str:
    """The plan as the words leave it that set one thing beside another."""
    query = parse(plan, full_scope())
    assert isinstance(query, Query)
    mentions = {slot: Mention(0, 1, slot[1:-1], Text(names), names[0]) for slot, names in NAMES.items() if slot[1:] in question}
    linked = Linked(question, {slot: mention.value for slot, mention in mentions.items()}, mentions)
    return spelled(but_not_another(than_its_rows(than_another(query, linked), linked), linked))


@pytest.mark.parametrize(("question", "plan", "meant"), MENDED)
def test_a_thing_is_set_beside_another(question: str, plan: str, meant: str) -> None:
    assert beside(question, plan) == meant


@pytest.mark.parametrize(("question", "plan"), LEFT)
def test_a_thing_by_itself_stays(question: str, plan: str) -> None:
    assert beside(question, plan) == plan


@pytest.mark.parametrize(
    ("question", "op", "meant"),
    [
        ("other domain1 tables with disputed claims", "NE", "EQ"),
        ("which other domain1 datasets are there", "EQ", "EQ"),
        ("tables other than domain1", "NE", "NE"),
        ("tables of other domains than domain1", "NE", "NE"),
    ],
)
def test_other_things_of_a_kind_are_of_that_kind(question: str, op: str, meant: str) -> None:
    plan = "FROM datasets WHERE datasets.domain {} @domain1 SELECT datasets.name"
    query = parse(plan.format(op), full_scope())
    assert isinstance(query, Query)
    assert spelled(other_such(query, Linked(question, {}, {}))) == plan.format(meant)
