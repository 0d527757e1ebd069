"""Conditions of earlier turns that a later one takes back."""

import pytest

from nl2sql.plan.tokens import spelled
from nl2sql.readings.freed import freed, freed_alone
from tests.nl2sql.readings.test_follows import query

KIND = "replicas.kind EQ 'backup'"
COPIES = "FROM replicas WHERE {} SELECT replicas.dataset replicas.node"
ROUNDS = "FROM training_rounds WHERE {} SELECT training_rounds.run training_rounds#total_energy"
OF_MODEL = "training_rounds.model EQ @model1"
SOLD = "FROM market WHERE {} market:sold SELECT COUNT"


def where(form: str, *conditions: str) -> str:
    return form.format(" ".join(conditions)).replace("WHERE  ", "WHERE ").replace("WHERE SELECT", "SELECT")


FREED = {
    "by its name": (where(ROUNDS, OF_MODEL), ["energy of model1 by run", "over all models"], where(ROUNDS)),
    "by two words": ("FROM datasets WHERE datasets.licence_class EQ 'commercial' SELECT COUNT", ["commercial data", "any licence class"], "FROM datasets SELECT COUNT"),
    "regardless": (where(COPIES, KIND), ["list the backups", "regardless of the kind of copy"], where(COPIES)),
    "whatever it is": (where(SOLD, "market.token EQ 'USDC'"), ["orders in usdc", "whatever the token"], where(SOLD)),
    "by the kind of its value": ("FROM compliance WHERE compliance.transfer_country EQ @country1 SELECT COUNT", ["transfers to country1", "to any country"], "FROM compliance SELECT COUNT"),
    "its time": (where(SOLD, "market.at DURING @period1"), ["orders in period1", "no matter when"], where(SOLD)),
    "not only then": (where(SOLD, "market.at DURING @period2"), ["orders in period1", "not just period2"], where(SOLD)),
    "some turns ago": (where(SOLD, "market.token EQ 'USDC'", "market.buyer EQ @person1"), ["orders in usdc", "any token", "by person1"], where(SOLD, "market.buyer EQ @person1")),
    "of everything": ("FROM datasets WHERE datasets.domain EQ @domain1 SELECT COUNT", ["domain1 data", "and of everything?"], "FROM datasets SELECT COUNT"),
}
STAYS = {
    "it was not asked for before": (where(COPIES, KIND), ["all kinds of copies"]),
    "said again since": (where(COPIES, KIND), ["copies", "of all kinds", "backups only"]),
    "said in the same turn": (where(ROUNDS, OF_MODEL), ["energy by run", "all models like model1"]),
    "no value": ("FROM models WHERE models.licence IS_NULL SELECT models.name", ["models", "those without any licence"]),
    "all but one": ("FROM quality_checks WHERE quality_checks.node NE @node1 SELECT COUNT", ["checks of node1", "any node except that one"]),
    "another column": (where(ROUNDS, OF_MODEL), ["energy of model1 by run", "all frameworks"]),
    "of the same thing": ("FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.bytes", ["size of dataset1", "is it the largest of all datasets"]),
    "in groups": (where(SOLD, "market.at DURING @period1"), ["orders in period1", "for every month"]),
    "within the time": (where(SOLD, "market.at DURING @period1"), ["orders in period1", "refunded at any time"]),
}


@pytest.mark.parametrize(("plan", "turns", "expected"), FREED.values(), ids=FREED)
def test_a_condition_is_taken_back(plan: str, turns: list[str], expected: str) -> None:
    assert spelled(freed(query(plan), turns)) == spelled(query(expected))


@pytest.mark.parametrize(("plan", "turns"), STAYS.values(), ids=STAYS)
def test_a_condition_that_is_not_taken_back_stays(plan: str, turns: list[str]) -> None:
    assert freed(query(plan), turns) == query(plan)


@pytest.mark.parametrize(
    ("before", "said", "expected"),
    [
        (where(ROUNDS, OF_MODEL), "and over all models?", where(ROUNDS)),
        (where(COPIES, KIND), "regardless of the kind of copy", where(COPIES)),
        (where(SOLD, "market.at DURING @period1"), "no matter when", where(SOLD)),
        (where(ROUNDS, OF_MODEL), "average accuracy over all models", None),  # says something else too
        (where(ROUNDS, OF_MODEL), "all of them", None),
        (where(ROUNDS, OF_MODEL), "and by framework", None),
    ],
)
def test_a_turn_that_says_nothing_else(before: str, said: str, expected: str | None) -> None:
    assert freed_alone(query(before), said) == (query(expected) if expected else None)
