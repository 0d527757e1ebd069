"""Questions back that the question settles itself, and those that stay."""

from datetime import datetime

import pytest

from nl2sql.embedded.parser import Candidate
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.linking.mentions import Linked
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import full_scope
from nl2sql.plan.tokens import spelled
from nl2sql.readings.settled import flow_between, settled

NOW = datetime(2026, 10, 16, 12)
TESTED = "ASK quality_checks.opened models.released grants.granted"


def linked(question: str) -> Linked:
    names = NameIndex()
    for name in ("CIFAR-10", "MNIST", "Kenya tides"):
        names.add("dataset", name, name)
    return link(question, names, NOW)


@pytest.mark.parametrize(
    ("question", "asked", "probability", "meant"),
    [
        # The only view that is called by a name.
        ("when was MNIST last tested", TESTED, 0.6, "quality_checks.opened"),
        ("when was MNIST last touched", TESTED, 0.6, ""),
        ("when was MNIST last tested, and the models", TESTED, 0.6, ""),
        ("when was MNIST last tested", TESTED, 0.9, ""),
        ("the largest model", "ASK models.parameters datasets.bytes", 0.9, "models.parameters"),
        ("the largest models and datasets", "ASK models.parameters datasets.bytes", 0.9, ""),
        ("the best model", "ASK models.parameters training_rounds.accuracy", 0.6, ""),
        ("data that was changed", "ASK datasets.last_updated grants.granted", 0.6, ""),
        # Whom a thing belongs to is who owns it.
        ("whom does MNIST belong to", "ASK datasets.owner datasets.steward", 0.9, "datasets.owner"),
        ("who is behind MNIST", "ASK datasets.owner datasets.steward", 0.9, ""),
        # The dates of an event are when it was.
        ("the dates of all intrusions", "ASK node_events.at node_events.resolved", 0.9, "node_events.at"),
        ("the dates of all that happened", "ASK node_events.at node_events.resolved", 0.9, ""),
        ("the dates of all intrusions", "ASK node_events.at node_events.node", 0.9, ""),
        # A name may be what is asked for, whatever else can hold the value.
        ("what is in Kenya", "ASK datasets.name datasets.country", 0.9, ""),
    ],
)
def test_a_question_back_is_settled_by_what_the_question_says(question: str, asked: str, probability: float, meant: str) -> None:
    scope, plan = full_scope(), parse(asked)
    narrower = settled(Candidate(plan, tuple(asked.split()), probability), linked(question), scope)
    assert (scope.columns - narrower.columns if narrower else set()) == (set(asked.split()[1:]) - {meant} if meant else set())


@pytest.mark.parametrize(
    ("question", "is_settled"),
    [
        ("stale data in Kenya", True),
        ("which of our datasets are stale?", True),
        ("old data in Kenya", False),
    ],
)
def test_what_has_a_definition_is_not_asked_back(question: str, is_settled: bool) -> None:
    asked = "ASK datasets.last_updated datasets.update_frequency datasets.deprecated"
    narrower = settled(Candidate(parse(asked), tuple(asked.split()), 0.95), linked(question), full_scope())
    assert (narrower is not None and not narrower.columns & set(asked.split()[1:])) == is_settled


@pytest.mark.parametrize(
    ("question", "plan", "ends"),
    [
        ("is MNIST used in CIFAR-10?", "ASK lineage.depth lineage.job", ("@dataset1", "@dataset2")),
        ("does MNIST still contain CIFAR-10", "ASK lineage.depth lineage.job", ("@dataset2", "@dataset1")),
        ("was MNIST derived from the CIFAR-10 data", "ASK lineage.depth lineage.job", ("@dataset2", "@dataset1")),
        ("is MNIST older than CIFAR-10?", "ASK lineage.depth lineage.job", ()),
        ("is MNIST used in anything?", "ASK lineage.depth lineage.job", ()),
        ("is MNIST used in CIFAR-10?", "REFUSE", ()),
        ("is MNIST used in CIFAR-10 since May?", "ASK lineage.depth lineage.job", ()),
    ],
)
def test_whether_one_thing_is_used_in_another_asks_for_their_flow(question: str, plan: str, ends: tuple[str, ...]) -> None:
    found = flow_between(Candidate(parse(plan), tuple(plan.split()), 0.9), linked(question))
    where = f"FROM lineage WHERE lineage.upstream EQ {ends[0]} lineage.downstream EQ {ends[1]} lineage:table_level" if ends else ""
    assert (spelled(found.plan).startswith(where) if found else not ends) and bool(found) == bool(ends)
