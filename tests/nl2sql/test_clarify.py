"""What the embedded backend offers to choose from: names that one word stands for, and columns with their view."""

from datetime import datetime

import pytest

from nl2sql.backends.base import Clarify
from nl2sql.backends.reply import _choice, asked_or_declined, bare
from nl2sql.embedded.parser import Candidate
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.linking.loose import names_alike
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import AskWhich, Item
from nl2sql.readings.asking_back import several
from nl2sql.readings.named import OFFERED_NAMES

NOW = datetime(2026, 10, 16, 12)
PLAN = "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.row_count"


@pytest.fixture(scope="module")
def index() -> NameIndex:
    names = NameIndex()
    for name in ("MIMIC-III", "MIMIC-IV", "Common Crawl", "common_crawl"):
        names.add("dataset", name, name)
    return names


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("how many rows has MIMIC?", True),
        ("how many rows have the MIMIC tables", False),
        ("rows of all the MIMIC", False),
        ("rows of each MIMIC", False),
        ("rows of such MIMIC", True),
        ("how many rows has MIMIC-III?", False),
        ("how many rows has common crawl", False),
    ],
)
def test_a_word_that_fits_several_names_is_asked_about(index: NameIndex, question: str, asks: bool) -> None:
    linked = link(question, index, NOW)
    assert "@dataset1" in linked.bindings
    candidate = Candidate(parse(PLAN), tuple(PLAN.split()), 0.9)
    assert (several(candidate, linked) is not None) == asks


@pytest.mark.parametrize(
    ("item", "words", "sql"),
    [
        (Item("", ("node_events.severity",)), "severity of node events (how bad)", "node_events.severity"),
        (Item("", ("nodes#average_trust",)), "average trust score (nodes)", "nodes.trust_score"),
        (Item("", ("datasets.bytes",)), "size of datasets (size in bytes)", "datasets.bytes"),
    ],
)
def test_a_choice_names_its_view_and_can_be_vetted(index: NameIndex, item: Item, words: str, sql: str) -> None:
    assert _choice(item) == words
    assert sql in bare(item, NOW)


@pytest.mark.parametrize(("kind", "said"), [("number", "amount"), ("period", "since when"), ("dataset", "Which dataset do you mean"), ("org", "organisation")])
def test_what_is_asked_for_is_said_in_words(kind: str, said: str) -> None:
    asked = asked_or_declined(AskWhich(kind), NOW, 0.9)
    assert isinstance(asked, Clarify)
    assert said in asked.message
    assert asked.kind == kind


def test_what_is_not_named_is_offered_by_the_words_that_names_share_with_the_question() -> None:
    names = NameIndex()
    for kind, name in (("dataset", "us_city_temperatures"), ("dataset", "iot_temperature"), ("dataset", "orders"), ("model", "temperature-net")):
        names.add(kind, name, name)
    for question in ("who is the steward of the temperature dataset?", "which Temperatures are these?"):
        assert names_alike(question, "dataset", names, OFFERED_NAMES) == ["iot_temperature", "us_city_temperatures"]
    assert names_alike("who is the steward of the dataset?", "dataset", names, OFFERED_NAMES) == []
    for number in range(OFFERED_NAMES):
        names.add("dataset", f"temperature {number}", f"temperature {number}")
    assert names_alike("the temperature dataset?", "dataset", names, OFFERED_NAMES) == []
