"""Questions of a dialogue and of several sentences: which words are names in their turn, and which values get the slots."""

from datetime import datetime

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.linking.mentions import SENTENCE_END

NOW = datetime(2026, 10, 16, 12)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("who owns C4 >> and orders?", "who owns dataset1 >> and dataset2?"),
        ("who owns C4 >> ok and what about inventory now", "who owns dataset1 >> ok and what about dataset2 now"),
        ("who owns C4 >> how many orders came in", "who owns dataset1 >> how many orders came in"),
        ("is berlin-1 up >> and orders?", "is node1 up >> and orders?"),  # in the place of no dataset
        ("datasets by Google >> and Meta", "datasets by org1 >> and org2"),
        ("who owns C4 and orders", "who owns dataset1 and dataset2"),
        ("who owns C4 >> Orders and inventory?", "who owns dataset1 >> dataset2 and dataset3?"),
        ("score of finance datasets >> and energy?", "score of domain1 datasets >> and domain2?"),
        ("uptime of berlin-1 >> all German ones", "uptime of node1 >> all country1 ones"),
        ("who runs our nodes >> the German ones", "who runs our nodes >> the country1 ones"),
        ("who runs our nodes >> what data do they hold >> the German ones", "who runs our nodes >> what data do they hold >> the language1 ones"),
        ("texts in French >> the German ones", "texts in language1 >> the language2 ones"),
        ("policies in force >> stewards of those?", "policies in force >> stewards of those?"),
        ("grants that run out in the next 7 days >> next 14", "grants that run out period1 >> period2"),
        ("outages of the last 2 weeks >> by node >> and the last 4", "outages period1 >> by node >> and period2"),
        ("who owns C4 >> Orders and what they cost?", "who owns dataset1 >> orders and what they cost?"),
    ],
)
def test_a_name_in_the_place_of_another(question: str, text: str, index: NameIndex) -> None:
    assert link(question, index, NOW).text == text


@pytest.mark.parametrize(
    ("turn", "text"),
    [
        ("backups of orders", "backups of dataset1"),
        ("checks of Grace Lim", "checks of person1"),
        ("and the month before", "and period1"),
        ("Orders of today", "orders period1"),
        ("any images of radiology", "any images of term1"),
    ],
)
def test_a_turn_is_linked_as_it_is_alone(turn: str, text: str, index: NameIndex) -> None:
    assert link(turn, index, NOW).text == text
    assert link(f"{turn} >> which are the oldest", index, NOW).text == f"{text} >> which are the oldest"
    assert link(f"how many are there >> {turn}", index, NOW).text == f"how many are there >> {text}"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("compare Alpaca, C4 and SQuAD >> and GLUE", "compare dataset1, dataset2 and squad >> and dataset3"),
        ("owner of Alpaca and ROOTS >> of C4 >> COCO against GLUE", "owner of alpaca and roots >> of dataset1 >> dataset2 against dataset3"),
        ("is Alpaca derived from C4 or SQuAD", "is dataset1 derived from dataset2 or dataset3"),
    ],
)
def test_the_latest_turns_get_the_slots(question: str, text: str, index: NameIndex) -> None:
    assert link(question, index, NOW).text == text


@pytest.mark.parametrize(("text", "sentences"), [("well ... who owns it?", 1), ("so.. who owns it? thanks", 2), ("we met. who owns it?", 2), ("really!? who owns it", 2)])
def test_dots_of_a_pause_end_no_sentence(text: str, sentences: int) -> None:
    assert len(SENTENCE_END.split(text)) == sentences
