"""Which of the embedded model's readings is taken: forms of one meaning count together, everyday words are read both ways."""

from collections.abc import Sequence
from datetime import datetime
from math import log
from typing import Any, ClassVar, cast

import pytest

from nl2sql.backends.base import Clarify, Context, Decline, Draft, SqlDraft
from nl2sql.backends.embedded import EmbeddedBackend
from nl2sql.embedded.parser import Candidate, EmbeddedParser
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Scope, full_scope
from nl2sql.readings.choice import is_fuller, is_rather_named

NOW = datetime(2026, 10, 16, 12)
STEWARD = "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.steward"
BUYERS = "FROM market WHERE market:sold SELECT market.buyer"
ASKS = "ASK datasets.owner datasets.steward"
COUNT = "FROM market WHERE market:sold SELECT COUNT"


class Said:
    """Stands in for the model: readings with probabilities by the text that it is given."""

    about: ClassVar[dict[str, Any]] = {"calibration": {"slope": 1.0, "offset": 0.0, "threshold": 0.5}}

    def __init__(self, readings: dict[str, list[tuple[str, float]]], weights: dict[str, float] | None = None) -> None:
        self.readings, self.weights = readings, weights or {}

    def read(self, question: str, scope: Scope, beams: int = 4) -> list[Candidate]:
        found = [Candidate(parse(plan), tuple(plan.split()), probability) for plan, probability in self.readings.get(question, [])]
        named = full_scope().columns | full_scope().slots
        return [c for c in found if (scope.columns | scope.slots).issuperset(named.intersection(c.tokens))][:beams]

    def weight(self, question: str, tokens: Sequence[str]) -> float:
        return self.weights.get(" ".join(tokens), 0.0)


def drafts(question: str, readings: dict[str, list[tuple[str, float]]], weights: dict[str, float] | None = None) -> list[Draft]:
    names = NameIndex()
    names.add("dataset", "orders", "orders")
    backend = EmbeddedBackend(cast(EmbeddedParser, Said(readings, weights)))
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
        # The same rows with other columns: all of them, but for what is hardly likely beside the likeliest.
        (
            [
                ("FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name datasets.owner", 0.4),
                ("FROM datasets SELECT datasets.owner", 0.45),
                ("FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name datasets.licence", 0.1),
                ("FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name datasets.country", 0.01),
            ],
            "SELECT DISTINCT datasets.name, datasets.owner, datasets.licence FROM datasets WHERE datasets.phi",
            0.51,
        ),
        # What not everybody may see is shown where it is the likeliest reading alone.
        (
            [
                ("FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name", 0.4),
                ("FROM datasets SELECT datasets.owner", 0.45),
                ("FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name datasets.steward datasets.owner", 0.2),
            ],
            "SELECT DISTINCT datasets.name, datasets.owner FROM datasets WHERE datasets.phi",
            0.6,
        ),
        (
            [
                ("FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name datasets.steward", 0.4),
                ("FROM datasets SELECT datasets.owner", 0.45),
                ("FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name", 0.2),
            ],
            "SELECT DISTINCT datasets.name, datasets.steward FROM datasets WHERE datasets.phi",
            0.6,
        ),
        # All rows in another order; of the first few the order tells which they are.
        (
            [
                ("FROM datasets SELECT datasets.owner COUNT", 0.3),
                ("FROM datasets SELECT datasets.country COUNT", 0.35),
                ("FROM datasets SELECT datasets.owner COUNT ORDER COUNT DESC", 0.3),
                ("FROM datasets SELECT datasets.owner COUNT ORDER COUNT DESC LIMIT 3", 0.05),
            ],
            "SELECT datasets.owner, count(*) AS count FROM datasets GROUP BY datasets.owner",
            0.6,
        ),
    ],
)
def test_readings_that_mean_the_same_count_together(readings: list[tuple[str, float]], sql: str, confidence: float) -> None:
    (draft,) = drafts("anything", {"anything": readings})
    assert isinstance(draft, SqlDraft)
    assert draft.sql == sql
    assert draft.confidence == pytest.approx(confidence)


def test_a_second_opinion_orders_the_queries_and_leaves_the_rest() -> None:
    """Of 0.5 and 0.3 the second is four times likelier by its words: 0.8 * 5 / 17 and 0.8 * 12 / 17."""
    pii, phi = (f"FROM datasets WHERE datasets.{column} IS_TRUE SELECT datasets.name" for column in ("pii", "phi"))
    readings = {"anything": [(pii, 0.5), (phi, 0.3), ("REFUSE", 0.2)]}
    (draft,) = drafts("anything", readings, {phi: log(4), "REFUSE": log(100)})
    assert isinstance(draft, SqlDraft)
    assert draft.sql.endswith("WHERE datasets.phi")
    assert draft.confidence == pytest.approx(0.8 * 12 / 17)


PHI = "FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name"
WIDE = "FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name datasets.licence"


@pytest.mark.parametrize(
    ("readings", "found"),
    [
        # A query that is likely enough comes before a refusal of the same unsureness.
        ([("REFUSE", 0.6), (PHI, 0.3)], "sql"),
        ([("DATA", 0.6), (PHI, 0.15), (WIDE, 0.15)], "sql"),
        ([("CHANGE", 0.6), (PHI, 0.3)], "change_request"),
        ([("REFUSE", 0.6), (PHI, 0.1)], "out_of_scope"),
        ([("REFUSE", 0.97), (PHI, 0.02)], "out_of_scope"),
        # Of several that are all unlikely a refusal that is likelier than each.
        ([("REFUSE", 0.12), (PHI, 0.1), (WIDE, 0.1)], "out_of_scope"),
        ([("REFUSE", 0.05), (PHI, 0.1), (WIDE, 0.1)], "ask"),
        ([(PHI, 0.015), (WIDE, 0.015), ("REFUSE", 0.02)], "ask"),
        ([("CHANGE", 0.12), (PHI, 0.1), (WIDE, 0.1)], "change_request"),
    ],
)
def test_a_query_or_a_refusal(readings: list[tuple[str, float]], found: str) -> None:
    (draft,) = drafts("anything", {"anything": readings})
    match draft:
        case SqlDraft() | Clarify():
            assert ("sql" if draft.confidence > 0.25 else "ask") == found
        case Decline(kind):
            assert kind == found


def test_questions_back_that_differ_in_their_choices_are_one() -> None:
    (draft,) = drafts("anything", {"anything": [("ASK datasets.owner datasets.steward", 0.3), (PHI, 0.4), ("ASK datasets.owner quality_checks.assignee", 0.2), ("ASK nodes.node nodes.operator", 0.01)]})
    assert isinstance(draft, Clarify)
    assert draft.confidence == pytest.approx(0.51)
    assert [choice.split(" of ")[0] for choice in draft.choices] == ["owner", "steward", "assignee"]


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
        # A refusal may be for want of the name; a request for a change is none, and a question back is the surest reading of all or none.
        ([("REFUSE", 0.95)], [(STEWARD, 0.9)], "SELECT DISTINCT datasets.steward FROM datasets WHERE datasets.name = 'orders'"),
        ([("REFUSE", 0.95)], [(STEWARD, 0.7)], "out_of_scope"),
        ([("CHANGE", 0.95)], [(STEWARD, 0.9)], "change_request"),
        ([("REFUSE", 0.4)], [(ASKS, 0.9)], ASKS),
        ([("REFUSE", 0.95)], [(ASKS, 0.9)], "out_of_scope"),
        # Whoever has to choose is asked about what they name.
        ([("ASK datasets.name nodes.node", 0.95)], [(ASKS, 0.6)], ASKS),
        # The same by one condition more.
        ([("FROM datasets SELECT datasets.steward", 0.9)], [(STEWARD, 0.5)], "SELECT DISTINCT datasets.steward FROM datasets WHERE datasets.name = 'orders'"),
        ([("FROM datasets SELECT datasets.steward", 0.9)], [(STEWARD, 0.4)], "SELECT DISTINCT datasets.steward FROM datasets WHERE datasets.steward IS NOT NULL"),
        ([(COUNT, 0.6)], [("REFUSE", 0.9)], "SELECT count(*) AS count FROM market WHERE (market.event = 'ordered')"),
        # A reading that does not use the name is no reading of it.
        ([(BUYERS, 0.6)], [(COUNT, 0.9)], "SELECT DISTINCT market.buyer FROM market WHERE (market.event = 'ordered')"),
    ],
)
def test_an_everyday_word_is_the_name_where_that_reads_better(plain: list[tuple[str, float]], named: list[tuple[str, float]], sql: str) -> None:
    (draft,) = drafts("who looks after orders?", {"who looks after orders?": plain, "who looks after dataset1?": named})
    assert (draft.sql if isinstance(draft, SqlDraft) else draft.kind if isinstance(draft, Decline) else ASKS) == sql


@pytest.mark.parametrize(
    ("question", "probability", "sql"),
    [
        ("who owns the orders table", 0.6, "SELECT DISTINCT datasets.owner FROM datasets WHERE datasets.name = 'orders'"),
        ("who owns the orders table", 0.9, ""),
        ("who is behind the orders table", 0.6, ""),
    ],
)
def test_a_choice_that_the_question_names_is_not_asked_about(question: str, probability: float, sql: str) -> None:
    (draft,) = drafts(question, {question.replace("the orders table", "dataset1"): [(ASKS, probability)]})
    assert (draft.sql if isinstance(draft, SqlDraft) else "") == sql


OWNED = "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.owner"


@pytest.mark.parametrize(
    ("question", "asked", "probability", "other", "sql"),
    [
        # A name of two words, said outright, settles even what is sure; a single word what is not.
        ("row count of the orders table in 2025", "ASK datasets.row_count datasets.bytes", 0.9, "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.row_count", "datasets.row_count"),
        ("size of the orders table in 2025", "ASK datasets.row_count datasets.bytes", 0.9, "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.row_count", ""),
        ("who owned the orders table in 2025", ASKS, 0.6, OWNED, "datasets.owner"),
        ("who owned the orders table in 2025", ASKS, 0.9, OWNED, ""),
        ("who owned the orders table in 2025, steward or seller", ASKS, 0.6, OWNED, ""),
        # Of what is settled the model has no reading.
        ("who owned the orders table in 2025", ASKS, 0.6, STEWARD, ""),
    ],
)
def test_a_question_back_that_the_question_settles_is_read_again(question: str, asked: str, probability: float, other: str, sql: str) -> None:
    linked = question.replace("the orders table", "dataset1").replace("in 2025", "period1")
    (draft,) = drafts(question, {linked: [(asked, probability), *([(other, 0.1)] if other else [])]})
    if sql:
        assert isinstance(draft, SqlDraft)
        assert draft.sql.startswith(f"SELECT DISTINCT {sql}")
        assert draft.confidence == pytest.approx(min(probability, 0.999))
    else:
        assert isinstance(draft, Clarify)


@pytest.mark.parametrize(
    ("question", "linked", "plan", "unused"),
    [
        ("open checks in the last 30 days", "open checks period1", "FROM quality_checks WHERE quality_checks.alert_status EQ 'open' SELECT COUNT", ("in the last 30 days",)),
        ("open checks in the last 30 days", "open checks period1", "FROM quality_checks WHERE quality_checks.opened DURING @period1 SELECT COUNT", ()),
        ("who bought those two", "who bought those number1", BUYERS, ()),
        # Said twice, used once; of a dialogue, what the turns before said is not missed.
        ("the orders table: who looks after the orders table", "dataset1: who looks after dataset2", STEWARD, ()),
        ("buyers of the orders table >> and in may?", "buyers of dataset1 >> and period1?", BUYERS, ("in may",)),
    ],
)
def test_a_value_that_the_statement_leaves_out_is_told(question: str, linked: str, plan: str, unused: tuple[str, ...]) -> None:
    (draft,) = drafts(question, {linked: [(plan, 0.9)]})
    assert isinstance(draft, SqlDraft)
    assert draft.unused == unused


SILENT = "FROM nodes WHERE nodes:silent SELECT nodes.node"


@pytest.mark.parametrize(
    ("question", "linked", "plan", "condition"),
    [
        ("nodes silent for over a day", "nodes silent period1", SILENT, "(nodes.last_seen < TIMESTAMP '2026-10-15 12:00:00')"),
        ("nodes not heard of since monday", "nodes not heard of period1", SILENT, "NOT (nodes.last_seen >= TIMESTAMP '2026-10-12 00:00:00')"),
        ("silent nodes", "silent nodes", SILENT, "(nodes.last_seen < TIMESTAMP '2026-10-16 12:00:00' - INTERVAL '7' DAY)"),
        # The time is said of something else.
        (
            "silent nodes seen in may",
            "silent nodes seen period1",
            "FROM nodes WHERE nodes:silent nodes.last_seen DURING @period1 SELECT nodes.node",
            "(nodes.last_seen >= TIMESTAMP '2026-05-01 00:00:00' AND nodes.last_seen < TIMESTAMP '2026-06-01 00:00:00') AND (nodes.last_seen < TIMESTAMP '2026-10-16 12:00:00' - INTERVAL '7' DAY)",
        ),
        # What is out of date depends on each dataset, so that no time of the question can stand for it.
        ("stale datasets since monday", "stale datasets period1", "FROM datasets WHERE datasets:stale SELECT datasets.name", ""),
    ],
)
def test_a_state_with_a_span_of_its_own_yields_to_the_time_that_is_said(question: str, linked: str, plan: str, condition: str) -> None:
    (draft,) = drafts(question, {linked: [(plan, 0.99)]})
    assert isinstance(draft, SqlDraft)
    if condition:
        assert draft.sql.endswith(f"WHERE {condition}")
        assert draft.unused == ()
    else:
        assert draft.unused == ("since monday",)


@pytest.mark.parametrize(
    ("question", "linked", "plan", "ends"),
    [
        (
            "outages that took more than 2 days to resolve",
            "outages that took more than number1 days to resolve",
            "FROM node_events WHERE node_events.kind EQ 'outage' SELECT SHOW",
            "node_events.resolved > node_events.at + INTERVAL '172800' SECOND",
        ),
        ("megabytes of updates and bytes in MB", "megabytes of updates and bytes in mb", "FROM training_rounds SELECT SUM training_rounds.update_mb", "FROM training_rounds"),
    ],
)
def test_a_length_of_time_bounds_each_row_and_is_used(question: str, linked: str, plan: str, ends: str) -> None:
    (draft,) = drafts(question, {linked: [(plan, 0.99)]})
    assert isinstance(draft, SqlDraft)
    assert draft.sql.endswith(ends)
    assert draft.unused == ()


@pytest.mark.parametrize(
    ("named", "probability", "plain", "is_named"),
    [
        (STEWARD, 0.3, "WHICH ?dataset", True),  # what it is asked for has a name
        (STEWARD, 0.2, "WHICH ?dataset", False),
        (ASKS, 0.3, "WHICH ?dataset", False),
        ("REFUSE", 0.9, "WHICH ?dataset", False),
    ],
)
def test_a_name_that_is_asked_for_is_found_in_everyday_words(named: str, probability: float, plain: str, is_named: bool) -> None:
    one, other = (Candidate(parse(plan), tuple(plan.split()), p) for plan, p in ((named, probability), (plain, 0.95)))
    assert is_rather_named([one], [other], about=1) == is_named


@pytest.mark.parametrize(
    ("named", "probability", "plain", "more", "is_more"),
    [
        (STEWARD, 0.5, BUYERS, True, True),
        (STEWARD, 0.4, BUYERS, True, False),
        (STEWARD, 0.5, BUYERS, False, False),
        (STEWARD, 0.5, "FROM datasets SELECT datasets.owner", False, True),
        (STEWARD, 0.4, "FROM datasets SELECT datasets.owner", False, False),
        (STEWARD, 0.5, "FROM datasets WHERE datasets.pii IS_TRUE SELECT datasets.owner", False, False),
        (STEWARD, 0.9, "REFUSE", True, False),
    ],
)
def test_a_reading_that_says_all_of_the_other_and_more_is_the_fuller_one(named: str, probability: float, plain: str, more: bool, is_more: bool) -> None:
    one, other = (Candidate(parse(plan), tuple(plan.split()), p) for plan, p in ((named, probability), (plain, 0.9)))
    assert is_fuller(one, other, more) == is_more
