"""Words in the place of a value that no closed column has."""

import pytest

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.readings.conversation import NEXT
from nl2sql.readings.unlisted import as_chosen, unlisted

MISSING = [
    ("node_events", "incidents of type earthquake", "kind", "earthquake"),
    ("node_events", "flood type incidents", "kind", "flood"),
    ("node_events", "outages of severity apocalyptic, newest first", "severity", "apocalyptic"),
    ("nodes", "nodes whose status is zombie", "status", "zombie"),
    ("nodes", "status: zombie", "status", "zombie"),
    ("nodes", "which nodes have the status hibernating in country1", "status", "hibernating"),
    ("datasets", "datasets of kind hologram", "data type", "hologram"),
    ("consents", "which consents have the purpose astrology", "purpose", "astrology"),
    ("compliance", "datasets that violate the data act", "regulation", "data act"),
    ("compliance", "what complies with ferpa", "regulation", "ferpa"),
]
HELD = [
    ("node_events", "incidents of kind outage"),
    ("node_events", "incidents of severity severe"),
    ("node_events", "events by kind and severity"),
    ("node_events", "incidents of type earthquake (outage)"),
    ("nodes", "nodes of every kind"),
    ("nodes", "what is the status of node1"),
    ("datasets", "incidents of severity apocalyptic"),
    ("compliance", "what breaches the ai act"),
    ("compliance", "what violates the eu ai act or hipaa"),
    ("compliance", "does dataset1 comply with our policies"),
    ("nodes", f"nodes of kind oracle {NEXT} and how many"),
]


def query(view: str) -> Query:
    plan = parse(f"FROM {view} SELECT COUNT")
    assert isinstance(plan, Query)
    return plan


@pytest.mark.parametrize(("view", "text", "column", "word"), MISSING)
def test_what_no_column_has_is_asked_back_with_what_it_has(view: str, text: str, column: str, word: str) -> None:
    found = unlisted(query(view), text)
    assert found
    assert (found.column, found.word) == (column, word)
    assert found.values == views()[view].columns[column.replace(" ", "_")].values
    assert word in found.message


@pytest.mark.parametrize(("view", "text"), HELD)
def test_what_a_column_has_or_people_say_is_left_to_the_model(view: str, text: str) -> None:
    assert unlisted(query(view), text) is None


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("incidents of type earthquake (key rotation)", "incidents of type key rotation"),
        ("datasets that violate the data act (gdpr)", "datasets that violate the gdpr"),
        ("incidents of type outage (key rotation)", "incidents of type outage (key rotation)"),
        ("incidents of type earthquake (tomorrow)", "incidents of type earthquake (tomorrow)"),
        ("incidents of type earthquake", "incidents of type earthquake"),
    ],
)
def test_a_choice_takes_the_place_of_the_word(asked: str, read: str) -> None:
    assert as_chosen(Linked(text=asked, mentions={}, bindings={})).text == read
