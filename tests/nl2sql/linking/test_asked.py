"""The sentence that asks, taken out of what is told around it."""

from datetime import datetime

import pytest

from nl2sql.linking.asked import asking_sentence
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link

NOW = datetime(2026, 10, 16, 12)
ALONE = [
    ("which datasets are stale?", None),
    ("We moved on Monday. Who owns orders?", "who owns dataset1?"),
    ("We moved on Monday. Who owns the orders table?", "who owns dataset1?"),
    ("Alpaca is fine, says legal. Which models were trained on C4?", "which models were trained on dataset1?"),
    ("Orders broke. Which checks failed on orders? Thanks a lot.", "which checks failed on dataset1?"),
    ("It is late. List the nodes in Kenya that are offline.", "list the nodes in country1 that are offline."),
    ("how many rows does version 1.5 have", None),
    ("Alpaca, C4, SQuAD and GLUE came late. Who owns Wikipedia?", "who owns dataset1?"),
    ("Which of Alpaca, C4 and SQuAD is larger? I mean by rows. And GLUE?", None),
    ("Three nodes failed in August. Nobody saw it coming. Which nodes failed in September?", "which nodes failed period1?"),
    ("Three nodes failed in Aug. 2026 it was", None),
    # What is added behind, or says which rows are meant, belongs to the question; talk does not.
    ("We moved. Which datasets are stale? direct names and owners", "which datasets are stale, direct names and owners"),
    ("We moved. Which models were trained on C4? Only the public models.", "which models were trained on dataset1, only the public models."),
    ("Which models were trained on C4? Thanks. Not the retired.", "which models were trained on dataset1, not the retired."),
    ("Which models were trained on C4? I ask for the owner of GLUE.", "which models were trained on dataset1?"),
    ("Which models were trained on C4? It is for an audit of our models.", "which models were trained on dataset1?"),
    ("Which models were trained on C4? Nobody told us in the meeting that we had yesterday about the models, so we wonder.", "which models were trained on dataset1?"),
    ("Which models were trained on C4? Top!", "which models were trained on dataset1?"),
    ("List the datasets of Meta. Only the ones in Kenya.", None),
    ("List the datasets of Meta. Without anything in German please.", None),
    ("I wonder who sells what Meta owns. Seller and dataset please.", None),
    ("Which datasets are stale today? >> only those in Kenya", None),
]


@pytest.mark.parametrize(("question", "alone"), ALONE, ids=[q for q, _ in ALONE])
def test_the_asking_sentence(index: NameIndex, question: str, alone: str | None) -> None:
    linked = link(question, index, NOW)
    found = asking_sentence(linked)
    assert (found and found.text) == alone
    if found:
        assert all(mention in linked.mentions.values() for mention in found.mentions.values())
        assert {slot: found.mentions[slot].value for slot in found.bindings} == found.bindings
        assert all(slot[1:] in found.text for slot in found.bindings)
