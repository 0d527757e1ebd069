"""Readings that the words of a question rule out, and those that take their share."""

import pytest

from nl2sql.embedded.parser import Candidate
from nl2sql.plan.grammar import parse
from nl2sql.plan.tokens import spelled
from nl2sql.readings.ruled_out import is_ruled_out, possible

PERSONAL = "FROM datasets WHERE datasets.pii IS_TRUE SELECT datasets.name"
FLOW = "FROM lineage WHERE lineage.downstream EQ @dataset1 SELECT lineage.upstream"
OWNER = "FROM datasets WHERE datasets.pii IS_TRUE SELECT datasets.owner datasets.steward"


@pytest.mark.parametrize(
    ("plan", "text", "out"),
    [
        ("WHICH ?dataset", "who owns datasets with faces", True),
        ("WHICH ?dataset", "who owns this dataset", False),
        ("WHICH ?dataset", "who owns it", False),
        ("WHICH ?dataset", "datasets in Germany >> who owns", False),
        ("WHICH ?person", "who approves our exports", True),
        ("WHICH ?person", "what did she approve", False),
        ("ASK lineage.downstream models.trained_on", "what hangs off dataset1", True),
        ("ASK lineage.downstream lineage.upstream", "what hangs off dataset1", False),
        ("ASK datasets.owner datasets.steward", "who is behind dataset1", False),
        ("ASK lineage.depth lineage.job", "where does dataset1 come from", True),
        ("ASK lineage.depth lineage.job", "how does dataset1 get to dataset2", True),
        ("ASK lineage.depth lineage.job", "tell me about dataset1", False),
        ("ASK lineage.depth lineage.job", "where does it come from", False),
        ("ASK models.trained_on lineage.upstream", "what is model1 made of, directly or indirectly", True),
        ("ASK models.trained_on lineage.upstream", "what is model1 made of", False),
        ("ASK lineage.depth datasets.owner", "where does dataset1 come from", False),
        ("WHICH ?org", "which of our owners are in Kenya", True),
        ("WHICH ?org", "which of our machines is it", False),
        ("WHICH ?org", "what is ours", False),
        ("CHANGE", "can you translate the word steward", True),
        ("CHANGE", "please summarise the news", True),
        ("CHANGE", "remind me to look at the alerts", False),
        ("CHANGE", "send an e-mail to the owner", False),
        ("CHANGE", "set the licence, then explain it", False),
        ("REFUSE", "translate this", False),
        (PERSONAL, "explain which data is personal", False),
    ],
)
def test_what_the_words_rule_out(plan: str, text: str, out: bool) -> None:
    assert is_ruled_out(parse(plan), text) == out


@pytest.mark.parametrize(
    ("text", "readings", "left"),
    [
        ("who owns datasets with faces", [("WHICH ?dataset", 0.6), (PERSONAL, 0.3), ("REFUSE", 0.04)], [(PERSONAL, 0.75), ("REFUSE", 0.1)]),
        ("who owns that", [("WHICH ?dataset", 0.6), (PERSONAL, 0.3)], [("WHICH ?dataset", 0.6), (PERSONAL, 0.3)]),
        ("it came late. who owns it", [("WHICH ?dataset", 0.6), (PERSONAL, 0.3)], [(PERSONAL, 0.75)]),  # told before
        ("it came late. who owns it", [("WHICH ?dataset", 0.6), (PERSONAL, 0.05)], [("WHICH ?dataset", 0.6), (PERSONAL, 0.05)]),
        ("translate faces into Finnish", [("CHANGE", 0.9)], [("REFUSE", 0.5)]),
        # A verb of a change tells it from what else is no answer.
        ("please revoke what Elif has", [("REFUSE", 0.4), ("CHANGE", 0.3), (PERSONAL, 0.2)], [("CHANGE", 0.7), (PERSONAL, 0.2)]),
        ("please revoke what Elif has", [("REFUSE", 0.6), ("CHANGE", 0.05)], [("REFUSE", 0.6), ("CHANGE", 0.05)]),
        ("grants to revoke", [("REFUSE", 0.4), ("CHANGE", 0.3)], [("REFUSE", 0.4), ("CHANGE", 0.3)]),
        ("set of personal data", [(PERSONAL, 0.5), ("CHANGE", 0.3), ("REFUSE", 0.1)], [(PERSONAL, 0.5), ("CHANGE", 0.3), ("REFUSE", 0.1)]),
        # Whoever sees both need not choose.
        ("who is behind it", [("ASK datasets.owner datasets.steward", 0.6), (OWNER, 0.2), (PERSONAL, 0.1)], [(OWNER, 0.8), (PERSONAL, 0.1)]),
        ("who is behind it", [("ASK datasets.owner datasets.steward", 0.6), (OWNER, 0.02)], [("ASK datasets.owner datasets.steward", 0.6), (OWNER, 0.02)]),
        ("data >> who is behind it", [("ASK datasets.owner datasets.steward", 0.6), (OWNER, 0.2)], [("ASK datasets.owner datasets.steward", 0.6), (OWNER, 0.2)]),
        # What has no query in its place is asked all the same.
        ("where does dataset1 come from", [("ASK lineage.depth lineage.job", 0.6), (FLOW, 0.2)], [(FLOW, 0.5)]),
        ("where does dataset1 come from", [("ASK lineage.depth lineage.job", 0.6), (FLOW, 0.02)], [("ASK lineage.depth lineage.job", 0.6), (FLOW, 0.02)]),
        ("anything", [], []),
    ],
)
def test_the_others_share_what_it_had(text: str, readings: list[tuple[str, float]], left: list[tuple[str, float]]) -> None:
    found = possible([Candidate(parse(plan), tuple(plan.split()), probability) for plan, probability in readings], text)
    assert [(spelled(c.plan), pytest.approx(c.probability)) for c in found] == left
