"""Lists of names: when they are one value that stands for any of them, and when they stay apart."""

from datetime import datetime

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.values import Period, Text
from tests.nl2sql.linking.test_link import NOW

FOLDED = [
    ("who owns C4, Alpaca, SQuAD and COCO?", "who owns dataset1?", ("C4", "Alpaca", "SQuAD", "COCO")),
    ("who owns C4, Alpaca and SQuAD?", "who owns dataset1?", ("C4", "Alpaca", "SQuAD")),
    ("licence of C4, of Alpaca, and of COCO", "licence of dataset1", ("C4", "Alpaca", "COCO")),
    ("datasets not owned by Google, Meta or OpenAI", "datasets not owned by org1", ("Google", "Meta", "OpenAI")),
    ("datasets in Poland/Germany/Kenya", "datasets in country1", ("PL", "DE", "KE")),
    ("nodes in France, in Poland, in Germany or in Kenya that are offline", "nodes in country1 that are offline", ("FR", "PL", "DE", "KE")),
    ("datasets in English, French or Swahili", "datasets in language1", ("English", "French", "Swahili")),
    ("are C4, Alpaca, SQuAD and COCO larger than 5 GB", "are dataset1 larger than number1 gb", ("C4", "Alpaca", "SQuAD", "COCO")),
]
APART = [
    ("which of C4, Alpaca and COCO has most rows", "which of dataset1, dataset2 and dataset3 has most rows"),
    ("outages in July, August and October", "outages period1, period2 and period3"),
    ("outages in July and August", "outages period1 and period2"),
    ("who owns C4 and Alpaca?", "who owns dataset1 and dataset2?"),
    ("which is bigger, C4, Alpaca or SQuAD?", "which is bigger, dataset1, dataset2 or dataset3?"),
    ("compare C4, Alpaca, SQuAD and COCO by rows", "compare dataset1, dataset2, dataset3 by rows"),
    ("rows of C4, Alpaca, SQuAD and COCO together", "rows of dataset1, dataset2, dataset3 together"),
    ("datasets in English, French and Swahili", "datasets in language1, language2 and language3"),
    ("in neither France, Germany nor Poland", "in neither country1, country2 nor country3"),
    ("C4, owned by Meta, Alpaca, owned by Google", "dataset1, owned by org1, dataset2, owned by org2"),
    ("is C4 newer? And Alpaca, SQuAD?", "is dataset1 newer? and dataset2, dataset3?"),
]


@pytest.mark.parametrize(("question", "read", "values"), FOLDED)
def test_a_list_of_names_is_one_value(index: NameIndex, question: str, read: str, values: tuple[str, ...]) -> None:
    linked = link(question, index, NOW)
    (mention,) = (m for m in linked.mentions.values() if m.several)
    assert (linked.text, mention.value) == (read, Text(values))
    assert mention.surface in question


@pytest.mark.parametrize(("question", "read"), APART)
def test_what_is_compared_or_no_list_stays_apart(index: NameIndex, question: str, read: str) -> None:
    assert link(question, index, NOW).text == read


def test_the_last_slot_of_what_is_compared_stands_for_the_rest(index: NameIndex) -> None:
    linked = link("compare C4, Alpaca, SQuAD and COCO by rows", index, NOW)
    assert [linked.bindings[f"@dataset{n}"] for n in (1, 2, 3)] == [Text(("C4",)), Text(("Alpaca",)), Text(("SQuAD", "COCO"))]


def test_months_in_a_row_are_one_span(index: NameIndex) -> None:
    linked = link("outages per week in July, August and September", index, NOW)
    assert (linked.text, linked.bindings["@period1"]) == ("outages per week period1", Period(datetime(2026, 7, 1), datetime(2026, 10, 1)))


def test_a_list_with_a_name_that_nothing_has_stays_apart(index: NameIndex) -> None:
    linked = link('who owns C4, "initech data", Alpaca and SQuAD', index, NOW)
    assert not any(m.several for m in linked.mentions.values())
