"""Questions of a dialogue as the embedded backend drafts them: what is read again, what is kept, and which reading of a name is taken."""

from typing import Any, cast

import pytest

from nl2sql.backends.base import Context, SqlDraft
from nl2sql.backends.embedded import EmbeddedBackend
from nl2sql.embedded.parser import EmbeddedParser
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from tests.nl2sql.readings.test_choice import NOW
from tests.nl2sql.test_change import Counted

PII = "which data is personal"
PLANS = {
    "pii": "FROM datasets WHERE datasets.pii IS_TRUE SELECT datasets.name",
    "stale": "FROM datasets WHERE datasets:stale SELECT datasets.name",
    "owned": "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.owner",
    "limited": "FROM nodes SELECT nodes.node ORDER nodes.trust_score ASC LIMIT @number1",
    "lowest": "FROM nodes SELECT nodes.node ORDER nodes.trust_score ASC LIMIT 1",
    "sold": "FROM market WHERE market:sold SELECT COUNT",
}


def drafted(question: str, before: str, readings: dict[str, list[tuple[str, float]]]) -> tuple[str, list[tuple[str, int]]]:
    names = NameIndex()
    for name in ("orders", "C4"):
        names.add("dataset", name, name)
    linked = link(f"{before} >> {question}", names, NOW)
    reader = Counted({text: [(PLANS[plan], probability) for plan, probability in found] for text, found in readings.items()})
    (draft,) = EmbeddedBackend(cast(EmbeddedParser, cast(Any, reader)), threshold=0.0).draft(Context(question=question, linked=linked, now=NOW))
    return draft.sql if isinstance(draft, SqlDraft) else "", reader.read_in


@pytest.mark.parametrize(
    ("question", "probability", "conditions", "reads"),
    [
        ("only the stale ones", 0.99, ("datasets.pii", "last_updated"), [PII]),  # narrows
        ("only the stale ones", 0.3, ("datasets.pii", "last_updated"), [PII]),
        ("the stale ones", 0.99, ("last_updated",), []),  # sure, and leans on nothing: read once
        ("the stale ones", 0.3, ("last_updated",), [PII]),
        ("the stale ones", 0.7, ("last_updated",), [PII]),  # unclear: compared with the one before
    ],
)
def test_what_narrows_keeps_what_was_found_before(question: str, probability: float, conditions: tuple[str, ...], reads: list[str]) -> None:
    sql, read_in = drafted(question, PII, {f"{PII} >> {question}": [("stale", probability)], PII: [("pii", 0.99)]})
    assert [c for c in ("datasets.pii", "last_updated") if c in sql.partition("WHERE")[2]] == list(conditions)
    assert [text for text, _ in read_in if text == PII] == reads


@pytest.mark.parametrize(("before", "probability", "name"), [(0.99, 0.3, "C4"), (0.99, 0.9, ""), (0.3, 0.3, "")])
def test_a_value_in_the_place_of_another_is_asked_of_the_question_before(before: float, probability: float, name: str) -> None:
    readings = {"who owns dataset1 >> and dataset2": [("pii", probability)], "who owns dataset1": [("owned", before)]}
    sql, _ = drafted("and C4", "who owns orders", readings)
    assert sql == ("SELECT DISTINCT datasets.owner FROM datasets WHERE datasets.name = 'C4'" if name else "SELECT DISTINCT datasets.name FROM datasets WHERE datasets.pii")


@pytest.mark.parametrize(("question", "is_limit"), [("the lowest of the 3", False), ("the lowest 3", True), ("the 3 lowest", True)])
def test_a_number_of_what_was_found_limits_nothing(question: str, is_limit: bool) -> None:
    sql, _ = drafted(question, "trust of nodes", {f"trust of nodes >> {question.replace('3', 'number1')}": [("limited", 0.99), ("lowest", 0.5)]})
    assert sql.endswith("LIMIT 3") == is_limit
