"""Whether something moves, asked as the amounts that answer it; what else goes down, changes or grows stays as it is said."""

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.spelling import mend


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("did sales go up from August to September?", "sales in August compared with September?"),
        ("Did the share of failed checks fall from Q2 to Q3", "share of failed checks in Q2 compared with Q3"),
        ("has the number of denials risen this month?", "number of denials this month compared with last month?"),
        ("did revenue grow in the last quarter?", "revenue in the last quarter compared with the quarter before?"),
        ("have queries increased since July?", "queries per month since July?"),
        ("is the accuracy of churn-predictor going up?", "accuracy of churn-predictor over time?"),
        ("Board asks: are outages increasing?", "Board asks: outages per month?"),
        ("Are outages on the rise?", "outages per month?"),
        ("were there more denials than last month?", "denials this month compared with last month?"),
        ("more failed checks than last week", "failed checks this week compared with last week"),
        ("I'd like to see how the completeness of C4 developed since July", "I'd like to see completeness of C4 over time since July"),
        ("show me how the number of outages evolved", "show me number of outages per month"),
        ("is the number of withdrawals growing", "number of withdrawals per month"),
        ("and did incidents drop last week", "incidents last week compared with the week before"),
    ],
)
def test_what_moves_is_told_by_its_amounts(asked: str, read: str, index: NameIndex) -> None:
    assert mend(asked, index).question == read


@pytest.mark.parametrize(
    "asked",
    [
        "did berlin-1 go down last week?",
        "which nodes went down last week?",
        "has anyone dropped the orders table since July?",
        "has the schema of C4 changed since August?",
        "have consents been withdrawn since June",
        "did the owner of C4 change from Google to Meta?",
        "which sales grew from the offers of August?",
        "which nodes had more outages than last month",
        "more outages than last month, node by node",
        "incidents from August to September",
    ],
)
def test_what_does_not_ask_for_a_trend_stays(asked: str, index: NameIndex) -> None:
    assert mend(asked, index).question == asked
