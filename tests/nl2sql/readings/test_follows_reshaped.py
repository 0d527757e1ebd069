"""What was found before in another shape."""

import pytest

from nl2sql.plan.tokens import spelled
from nl2sql.readings.reshaped import bounded_by, by_number, counted, raised, without
from tests.nl2sql.readings.test_follows import query

MODELS = "FROM models WHERE models.owner EQ @org1 SELECT {}"
DATASETS = "FROM datasets WHERE datasets.owner EQ @org1 SELECT COUNT"
GRANTED = "FROM grants WHERE grants.dataset EQ @dataset1 SELECT {}"
BEST = "FROM market WHERE market:sold SELECT market.dataset ORDER {} DESC LIMIT 5"
RATED = "FROM market WHERE {}market.event EQ 'rated' SELECT market.seller {}"
POLICIES = "FROM policies WHERE policies.regulation EQ 'GDPR' policies.enforced {} SELECT policies.name"
GDPR = "FROM policies WHERE policies.regulation EQ 'GDPR' SELECT policies.name"


@pytest.mark.parametrize(
    ("plan", "before", "said", "expected"),
    [
        (DATASETS, MODELS.format("models.name"), "how many is that", MODELS.format("COUNT")),
        (DATASETS, GRANTED.format("grants.principal"), "and how many are they?", GRANTED.format("COUNT_DISTINCT grants.principal")),
        (GRANTED.format("COUNT"), GRANTED.format("grants.principal grants.permission"), "count", GRANTED.format("COUNT")),  # read as it is meant
        (DATASETS, MODELS.format("models.name"), "how many datasets is that", None),
        (DATASETS, "FROM models SELECT models.owner COUNT", "how many", None),
        (DATASETS, "FROM models SELECT models.name ORDER models.parameters DESC LIMIT 5", "how many", None),
    ],
)
def test_how_many_were_shown(plan: str, before: str, said: str, expected: str | None) -> None:
    assert spelled(counted(query(plan), query(before), said)) == (expected or plan)


@pytest.mark.parametrize(
    ("order", "before", "said", "is_changed"),
    [
        ("market#revenue", "market#revenue", "by number of orders instead of money", True),
        ("market#revenue", "market#revenue", "by count please", True),
        ("market#revenue", "market#revenue", "rather by count", True),
        ("COUNT", "market#revenue", "by number of orders", False),
        ("market#revenue", "market#revenue", "by number of rows", False),
        ("market#revenue", "market#revenue", "and their owners", False),
    ],
)
def test_in_the_order_of_how_many_there_are(order: str, before: str, said: str, is_changed: bool) -> None:
    found = by_number(query(BEST.format(order)), query(BEST.format(before)), said)
    assert spelled(found) == BEST.format("COUNT" if is_changed else order)


@pytest.mark.parametrize(
    ("read_as", "said", "expected"),
    [
        ("IS_FALSE", "leave out those that are not enforced", "IS_TRUE"),
        ("IS_FALSE", "skip the unenforced", "IS_TRUE"),
        ("IS_TRUE", "ok, without the enforced ones", "IS_FALSE"),
        ("IS_FALSE", "exclude enforced ones", "IS_FALSE"),
        ("IS_FALSE", "only those that are not enforced", "IS_FALSE"),
        ("IS_FALSE", "which are not enforced", "IS_FALSE"),
    ],
)
def test_what_is_left_out_is_not_asked_for(read_as: str, said: str, expected: str) -> None:
    assert spelled(without(query(POLICIES.format(read_as)), query(GDPR), said)) == POLICIES.format(expected)


AVERAGES = RATED.format("", "market#average_rating")


@pytest.mark.parametrize(
    ("plan", "before", "said", "expected"),
    [
        (RATED.format("market.rating LT @number1 ", "market#average_rating"), AVERAGES, "only those below number1", RATED.format("", "market#average_rating HAVING market#average_rating LT @number1")),
        (RATED.format("", "COUNT HAVING COUNT LT @number1"), AVERAGES, "only those below number1", RATED.format("", "HAVING market#average_rating LT @number1")),
        (RATED.format("", "COUNT HAVING COUNT GT @number1"), AVERAGES, "only those with more than number1 ratings", None),  # no bare bound
        (RATED.format("", "HAVING market#average_rating LT @number1"), AVERAGES, "below number1", None),
        (RATED.format("market.rating LT @number1 ", "market#average_rating"), RATED.format("", "market#average_rating COUNT"), "below number1", None),  # two amounts
        (RATED.format("market.rating LT @number1 ", "market.rating"), RATED.format("", "market.rating"), "below number1", None),  # none
    ],
)
def test_a_bare_bound_is_on_the_amount_shown(plan: str, before: str, said: str, expected: str | None) -> None:
    assert spelled(bounded_by(query(plan), query(before), said)) == (expected or plan)


LARGE = "FROM datasets WHERE datasets.row_count GT @number1 datasets.format EQ @format1 SELECT datasets.name"
TOP = "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT {}"
MANY = "FROM datasets SELECT datasets.owner HAVING COUNT GE {}"


@pytest.mark.parametrize(
    ("before", "said", "expected"),
    [
        (LARGE, "make that number2", LARGE.replace("@number1", "@number2")),
        (TOP.format("5"), "ok, change it to number1", TOP.format("@number1")),
        (MANY.format("3"), "lower it to number1 please", None),
        (MANY.format("3"), "please lower it to number1", MANY.format("@number1")),
        (TOP.format("5").replace("SELECT", "WHERE datasets.row_count GT @number1 SELECT"), "make that number2", None),  # which of the two
        (GDPR, "make it number1", None),
        (TOP.format("5"), "make it number1 by rows", None),
    ],
)
def test_another_number(before: str, said: str, expected: str | None) -> None:
    assert raised(query(before), said) == (query(expected) if expected else None)


@pytest.mark.parametrize(
    ("read_as", "said", "expected"),
    [
        ("datasets:stale", "drop the stale ones", "NOT datasets:stale"),
        ("datasets:stale", "without the stale ones", "datasets:stale"),  # read so already where it is no more than a lack
        ("datasets:stale", "only the stale ones", "datasets:stale"),
        ("datasets.steward NOT_NULL", "leave out those without a steward", "datasets.steward NOT_NULL"),
        ("datasets.steward IS_NULL", "leave out those without a steward", "datasets.steward NOT_NULL"),
        ("datasets.licence EQ @licence1", "leave out everything but licence1", "datasets.licence EQ @licence1"),
        ("datasets.licence NE @licence1", "leave out everything but licence1", "datasets.licence EQ @licence1"),
        ("datasets.licence NE @licence1", "leave out everything of licence1", "datasets.licence NE @licence1"),
        ("datasets.generating_model NOT_NULL", "drop those a model wrote", "datasets.generating_model IS_NULL"),
    ],
)
def test_what_has_something_is_left_out(read_as: str, said: str, expected: str) -> None:
    owned = "FROM datasets WHERE datasets.owner EQ @org1 {} SELECT datasets.name"
    before = query("FROM datasets WHERE datasets.owner EQ @org1 SELECT datasets.name")
    assert spelled(without(query(owned.format(read_as)), before, said)) == owned.format(expected)
