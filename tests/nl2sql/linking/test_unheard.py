"""What the model has never read: identifiers of single rows, and sums per quarter, weekday or hour of the day."""

from datetime import datetime

import pytest

from nl2sql.linking.asked import asking_sentence
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.linking.mentions import ROW_ID
from nl2sql.linking.unheard import as_known
from nl2sql.values import Text

NOW = datetime(2026, 10, 16, 12)


@pytest.mark.parametrize(
    ("question", "row", "read"),
    [
        ("who noticed incident e-0264 on berlin-1", "E-0264", "who noticed incident on node1"),
        ("Who signed grant no. G-0012?", "G-0012", "who signed grant?"),
        ("the grant with the id G-0012", "G-0012", "the grant"),
        ("what came of outage #E-0007 under P-004", "E-0007", "what came of outage under policy1"),
        ("events E-0264 and E-0265", "", "events e-0264 and e-0265"),  # of two rows
        ("what is E-0264", "", "what is e-0264"),  # of what rows
        ("policy P-004", "", "policy policy1"),  # a name
        ("claims by SHA-256", "", "claims by sha-256"),
        ("checks SHA-256", "", "checks sha-256"),
        ("alerts above 0264", "", "alerts above number1"),
    ],
)
def test_the_identifier_of_a_row(question: str, row: str, read: str, index: NameIndex) -> None:
    linked = link(question, index, NOW)
    assert linked.bindings.get(ROW_ID) == (Text((row,)) if row else None)
    assert as_known(linked).text == read


def test_an_identifier_stays_in_the_question_that_is_compared_with_verified_ones(index: NameIndex) -> None:
    linked = link("owner of grant G-0012", index, NOW)
    assert linked.text == "owner of grant g-0012"
    assert ROW_ID not in linked.mentions


def test_the_sentence_that_asks_keeps_the_row(index: NameIndex) -> None:
    asked = asking_sentence(link("I lost my notes. Who signed grant G-0012?", index, NOW))
    assert asked is not None
    assert asked.bindings == {ROW_ID: Text(("G-0012",))}


@pytest.mark.parametrize(
    ("question", "part", "read"),
    [
        ("sales per quarter", "QUARTER", "sales per month"),
        ("outages by calendar quarter and node", "QUARTER", "outages by calendar month and node"),
        ("denials in each quarter", "QUARTER", "denials in each month"),
        ("revenue broken down by quarter", "QUARTER", "revenue broken down by month"),
        ("tables updated every quarter", "", "tables updated every quarter"),
        ("updated quarterly", "", "updated quarterly"),
        ("denied last quarter", "", "denied period1"),
        ("in a quarter of the rounds", "", "in a quarter of the rounds"),
        ("sales per month", "", "sales per month"),
        ("on which weekday do checks fail", "WEEKDAY", "on which day do checks fail"),
        ("outages by day of the week", "WEEKDAY", "outages by day"),
        ("which hour of the day sees the most denials", "HOUR", "which day sees the most denials"),
        ("at what time of day do checks fail", "HOUR", "at what day do checks fail"),
        ("open on weekdays", "", "open on weekdays"),
        ("how many hours of a day", "", "how many hours of a day"),
    ],
)
def test_the_part_of_a_date_that_is_asked_for(question: str, part: str, read: str, index: NameIndex) -> None:
    linked = link(question, index, NOW)
    assert (linked.part, as_known(linked).text) == (part, read)
