"""Which of the embedded model's readings is taken: forms of one meaning count together, everyday words are read both ways."""

from datetime import datetime
from typing import Any, ClassVar, cast

import pytest

from nl2sql.backends.base import Clarify, Context, Draft, SqlDraft
from nl2sql.backends.embedded import EmbeddedBackend
from nl2sql.embedded.parser import Candidate, EmbeddedParser
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.plan import Scope
from nl2sql.plan_grammar import parse

NOW = datetime(2026, 10, 16, 12)
STEWARD = "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.steward"
BUYERS = "FROM market WHERE market:sold SELECT market.buyer"
COUNT = "FROM market WHERE market:sold SELECT COUNT"


class Said:
    """Stands in for the model: readings with probabilities by the text that it is given."""

    about: ClassVar[dict[str, Any]] = {"calibration": {"slope": 1.0, "offset": 0.0, "threshold": 0.5}}

    def __init__(self, readings: dict[str, list[tuple[str, float]]]) -> None:
        self.readings = readings

    def read(self, question: str, scope: Scope, beams: int = 4) -> list[Candidate]:
        found = self.readings.get(question, [])[:beams]
        return [Candidate(parse(plan, scope), tuple(plan.split()), probability) for plan, probability in found]


def drafts(question: str, readings: dict[str, list[tuple[str, float]]]) -> list[Draft]:
    names = NameIndex()
    names.add("dataset", "orders", "orders")
    backend = EmbeddedBackend(cast(EmbeddedParser, Said(readings)))
    return backend.draft(Context(question=question, linked=link(question, names, NOW), now=NOW))


@pytest.mark.parametrize(
    ("readings", "sql", "confidence"),
    [
        # One meaning in two orders of its conditions.
        (
            [
                ("FROM datasets WHERE datasets.pii IS_TRUE datasets.phi IS_TRUE SELECT datasets.name", 0.3),
                ("FROM datasets SELECT datasets.name", 0.35),
                ("FROM datasets WHERE datasets.phi IS_TRUE datasets.pii IS_TRUE SELECT datasets.name", 0.3),
            ],
            "SELECT DISTINCT datasets.name FROM datasets WHERE datasets.pii AND datasets.phi",
            0.6,
        ),
        # The same rows with more or fewer columns: those of the likeliest.
        (
            [
                ("FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name datasets.owner", 0.4),
                ("FROM datasets SELECT datasets.owner", 0.45),
                ("FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name", 0.15),
            ],
            "SELECT DISTINCT datasets.name, datasets.owner FROM datasets WHERE datasets.phi",
            0.55,
        ),
    ],
)
def test_readings_that_mean_the_same_count_together(readings: list[tuple[str, float]], sql: str, confidence: float) -> None:
    (draft,) = drafts("anything", {"anything": readings})
    assert isinstance(draft, SqlDraft)
    assert draft.sql == sql
    assert draft.confidence == pytest.approx(confidence)


def test_what_is_grouped_otherwise_is_another_reading() -> None:
    readings = [("FROM datasets SELECT datasets.owner COUNT", 0.4), ("FROM datasets SELECT datasets.country COUNT", 0.3)]
    (draft,) = drafts("anything", {"anything": readings})
    assert isinstance(draft, Clarify)
    assert len(draft.choices) == 2


@pytest.mark.parametrize(
    ("plain", "named", "sql"),
    [
        ([(BUYERS, 0.6)], [(STEWARD, 0.9)], "SELECT DISTINCT datasets.steward FROM datasets WHERE datasets.name = 'orders'"),
        ([(BUYERS, 0.9)], [(STEWARD, 0.6)], "SELECT DISTINCT market.buyer FROM market WHERE (market.event = 'ordered')"),
        # A reading that does not use the name is no reading of it.
        ([(BUYERS, 0.6)], [(COUNT, 0.9)], "SELECT DISTINCT market.buyer FROM market WHERE (market.event = 'ordered')"),
    ],
)
def test_an_everyday_word_is_the_name_where_that_reads_better(plain: list[tuple[str, float]], named: list[tuple[str, float]], sql: str) -> None:
    (draft,) = drafts("who is responsible for orders?", {"who is responsible for orders?": plain, "who is responsible for dataset1?": named})
    assert isinstance(draft, SqlDraft)
    assert draft.sql == sql


ASKS = "ASK datasets.owner datasets.steward"


@pytest.mark.parametrize(
    ("question", "probability", "sql"),
    [
        ("who owns the orders table", 0.6, "SELECT DISTINCT datasets.owner FROM datasets WHERE datasets.name = 'orders'"),
        ("who owns the orders table", 0.9, ""),
        ("who is behind the orders table", 0.6, ""),
    ],
)
def test_a_choice_that_the_question_names_is_not_asked_about(question: str, probability: float, sql: str) -> None:
    (draft,) = drafts(question, {question.replace("orders", "dataset1"): [(ASKS, probability)]})
    assert (draft.sql if isinstance(draft, SqlDraft) else "") == sql


@pytest.mark.parametrize(
    ("question", "linked", "plan", "unused"),
    [
        ("open checks in the last 30 days", "open checks period1", "FROM quality_checks WHERE quality_checks.alert_status EQ 'open' SELECT COUNT", ("in the last 30 days",)),
        ("open checks in the last 30 days", "open checks period1", "FROM quality_checks WHERE quality_checks.opened DURING @period1 SELECT COUNT", ()),
        ("who bought those two", "who bought those number1", BUYERS, ()),
        # Said twice, used once; of a dialogue, what the turns before said is not missed.
        ("the orders table: who looks after the orders table", "the dataset1 table: who looks after the dataset2 table", STEWARD, ()),
        ("buyers of the orders table >> and in may?", "buyers of the dataset1 table >> and period1?", BUYERS, ("in may",)),
    ],
)
def test_a_value_that_the_statement_leaves_out_is_told(question: str, linked: str, plan: str, unused: tuple[str, ...]) -> None:
    (draft,) = drafts(question, {linked: [(plan, 0.9)]})
    assert isinstance(draft, SqlDraft)
    assert draft.unused == unused
