"""Values and conditions that a later turn has otherwise than the answer before, without saying so."""

import pytest

from nl2sql.plan.canonical import canonical
from nl2sql.plan.tokens import spelled
from nl2sql.readings.unsaid import left_behind, no_other_flow, not_reversed, same_asked, still_so
from tests.nl2sql.readings.test_follows import query

ORDERS = "FROM market WHERE market.dataset EQ @dataset{} market:sold SELECT {}"
ALERTS = "FROM quality_checks WHERE quality_checks.assignee {} SELECT {}"
CLAIMS = "FROM claims WHERE claims.disputed IS_TRUE claims.attribute EQ '{}' SELECT {}"
OF_CLAIMS = "FROM datasets WHERE EXISTS datasets.name=claims.dataset claims.disputed IS_TRUE claims.attribute EQ '{}' END SELECT datasets.name"


@pytest.mark.parametrize(
    ("plan", "before", "said", "expected"),
    [
        (ORDERS.format(1, "market#revenue"), ORDERS.format(2, "COUNT"), "and the revenue", ORDERS.format(2, "market#revenue")),
        (ORDERS.format(1, "market#revenue"), ORDERS.format(2, "COUNT"), "the revenue of dataset1", None),  # said
        (ORDERS.format(1, "market#revenue"), ORDERS.format(1, "COUNT"), "and the revenue", None),  # as it was
        (ORDERS.format(1, "market#revenue"), ORDERS.format(2, "COUNT"), "again for the first one", None),  # points further back
        (ORDERS.format(1, "market#revenue"), "FROM datasets WHERE datasets.name EQ @dataset2 SELECT datasets.owner", "and the revenue", None),
    ],
)
def test_a_value_that_was_left_behind_does_not_come_back(plan: str, before: str, said: str, expected: str | None) -> None:
    assert canonical(left_behind(query(plan), query(before), said)) == canonical(query(expected or plan))


@pytest.mark.parametrize(
    ("plan", "before", "said", "expected"),
    [
        (ALERTS.format("IS_NULL", "quality_checks.assignee"), ALERTS.format("NOT_NULL", "COUNT"), "who", ALERTS.format("NOT_NULL", "quality_checks.assignee")),
        (ALERTS.format("IS_NULL", "COUNT"), ALERTS.format("NOT_NULL", "COUNT"), "who", None),  # asks for the same
        (ALERTS.format("IS_NULL", "quality_checks.assignee"), ALERTS.format("NOT_NULL", "COUNT"), "who instead", None),  # says that it is about others
        (ALERTS.format("IS_NULL", "quality_checks.check_name"), ALERTS.format("NOT_NULL", "COUNT"), "names of the checks that nobody took", None),  # many words
        (OF_CLAIMS.format("licence"), CLAIMS.format("owner", "COUNT"), "list the datasets", OF_CLAIMS.format("owner")),
        (OF_CLAIMS.format("licence"), CLAIMS.format("owner", "COUNT"), "datasets with licence disputes", None),  # said
        (OF_CLAIMS.format("licence").replace("WHERE EXISTS", "WHERE NOT_EXISTS"), CLAIMS.format("owner", "COUNT"), "list the datasets", None),
    ],
)
def test_what_a_few_words_do_not_say_is_as_it_was(plan: str, before: str, said: str, expected: str | None) -> None:
    assert canonical(still_so(query(plan), query(before), said)) == canonical(query(expected or plan))


@pytest.mark.parametrize(
    ("said", "is_same"),
    [("and the owner?", True), ("those about the owner", True), ("list those about the owner", False), ("and the licence?", False)],
)
def test_a_turn_that_says_a_value_alone_asks_the_same_of_it(said: str, is_same: bool) -> None:
    plan, before = CLAIMS.format("owner", "claims.dataset"), CLAIMS.format("licence", "COUNT")
    assert spelled(same_asked(query(plan), query(before), said)) == (CLAIMS.format("owner", "COUNT") if is_same else plan)


LICENSED = "FROM datasets WHERE datasets.licence_class EQ 'commercial' {}SELECT {}"


@pytest.mark.parametrize(
    ("read", "before", "now", "found"),
    [
        ("datasets:generated ", "NOT datasets:generated ", "datasets:generated ", "NOT datasets:generated "),
        ("datasets.steward NOT_NULL ", "datasets.steward IS_NULL ", "datasets.steward NOT_NULL ", "datasets.steward IS_NULL "),
        ("datasets.steward IS_NULL ", "datasets.steward IS_NULL ", "datasets.steward NOT_NULL ", "datasets.steward NOT_NULL "),
        ("datasets.pii IS_TRUE ", "datasets.pii IS_FALSE ", "datasets:generated ", "datasets:generated "),
    ],
)
def test_what_was_left_out_stays_left_out(read: str, before: str, now: str, found: str) -> None:
    shown = (query(LICENSED.format(one, "datasets.name")) for one in (before, read))
    assert spelled(not_reversed(query(LICENSED.format(now, "datasets.bytes")), *shown)) == LICENSED.format(found, "datasets.bytes")


@pytest.mark.parametrize(("said", "is_kept"), [("what other sets are there", False), ("which of these feed something", True), ("what is behind them", True), ("the ones of models", True)])
def test_a_flow_that_nobody_speaks_of_is_none(said: str, is_kept: bool) -> None:
    flow = "EXISTS datasets.name=lineage.downstream lineage:table_level END "
    before, now = query(LICENSED.format("", "datasets.name")), query(LICENSED.format(flow, "datasets.name"))
    assert no_other_flow(now, before, said) == (now if is_kept else before)
    assert no_other_flow(now, now, said) == now
