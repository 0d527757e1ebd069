"""Requests for a change: told without a model where they are SQL or its words, and after an answer, where the model takes them for more of it."""

from typing import Any, cast

import pytest

from nl2sql.backends.base import Context, Decline, Draft, SqlDraft
from nl2sql.backends.embedded import EmbeddedBackend
from nl2sql.change import is_change, says_delete
from nl2sql.embedded.parser import Candidate, EmbeddedParser
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.plan.language import Scope
from nl2sql.readings.conversation import Earlier, in_context
from tests.nl2sql.readings.test_choice import NOW, Said

BEFORE = "which data is personal"
PERSONAL = "FROM datasets WHERE datasets.pii IS_TRUE SELECT datasets.name"
STALE = "FROM datasets WHERE datasets.pii IS_TRUE datasets:stale SELECT datasets.name"


@pytest.mark.parametrize(
    "text",
    [
        "DROP TABLE datasets;", "drop table datasets", "drop the table datasets", "ok, now drop the datasets table", "please drop all tables", "can you truncate this table",
        "delete from datasets", "DELETE FROM datasets WHERE pii", "update datasets set licence = 'MIT'", "insert into grants values ('me')", "alter table nodes add column x int",
        "alter table nodes add column x", "create table mine as select * from datasets", "select 1; drop view datasets", "rename the table nodes", "wipe the database", "Drop every view",
    ],
)  # fmt: skip
def test_sql_that_changes_and_its_words_are_requests_for_a_change(text: str) -> None:
    assert is_change(text)


@pytest.mark.parametrize(
    "text",
    [
        "which tables were dropped last week", "drop the deprecated ones", "drop the owner column", "create a table of datasets by country", "update frequency of C4", "who may delete from C4",
        "which jobs truncate tables", "SELECT name FROM datasets", "show tables", "the view datasets", "what changed in datasets", "", "\x00", "drop", "insert", "'", "explain delete from datasets",
        "rename history of the nodes", "dropped tables", "table drop",
    ],
)  # fmt: skip
def test_questions_about_changes_are_questions(text: str) -> None:
    assert not is_change(text)


def test_only_what_begins_with_deleting_says_so() -> None:
    assert all(map(says_delete, ("delete them", "ok, now please erase those", "Purge the old ones", "and wipe it")))
    assert not any(map(says_delete, ("drop the old ones", "without the deleted ones", "remove the stale ones", "which should we delete", "deletes per day")))


def after(asked: str, joined: tuple[str, float], alone: tuple[str, float]) -> Draft:
    readings = {in_context(asked, [Earlier(BEFORE)]): [joined], asked: [alone], BEFORE: [(PERSONAL, 0.9)]}
    text = in_context(asked, [Earlier(BEFORE)])
    (draft,) = EmbeddedBackend(cast(EmbeddedParser, Said(cast(Any, readings)))).draft(Context(question=asked, linked=link(text, NameIndex(), NOW), now=NOW))
    return draft


@pytest.mark.parametrize(
    ("asked", "joined", "alone", "kind"),
    [
        ("remove the lot", (PERSONAL, 0.9), ("CHANGE", 0.9), "change_request"),  # the question before as it was: nothing of it was read
        ("paint it blue", (PERSONAL, 0.9), ("REFUSE", 0.9), "out_of_scope"),
        ("delete the old ones", (STALE, 0.9), ("CHANGE", 0.9), "change_request"),  # outright
        ("drop the fresh ones", (STALE, 0.9), ("CHANGE", 0.9), ""),  # narrows
        ("delete nothing", (STALE, 0.9), ("REFUSE", 0.9), ""),
        ("and again", (PERSONAL, 0.9), ("REFUSE", 0.4), ""),  # unsure of that
        ("the same", (PERSONAL, 0.9), ("FROM datasets SELECT datasets.name", 0.9), ""),  # a question of its own
        ("get rid of them", ("CHANGE", 0.9), ("CHANGE", 0.9), "change_request"),
    ],
)
def test_what_leaves_the_question_before_as_it_was_and_is_refused_alone_is_refused(asked: str, joined: tuple[str, float], alone: tuple[str, float], kind: str) -> None:
    draft = after(asked, joined, alone)
    if kind:
        assert isinstance(draft, Decline)
        assert draft.kind == kind
    else:
        assert isinstance(draft, SqlDraft)


class Counted(Said):
    """Notes what it reads, and in how many beams."""

    def __init__(self, readings: Any) -> None:
        super().__init__(readings)
        self.read_in: list[tuple[str, int]] = []

    def read(self, question: str, scope: Scope, beams: int = 4) -> list[Candidate]:
        self.read_in.append((question, beams))
        return super().read(question, scope, beams)


def test_what_is_no_refusal_alone_costs_one_greedy_reading() -> None:
    asked, text = "the stale ones", in_context("the stale ones", [Earlier(BEFORE)])
    reader = Counted({text: [(STALE, 0.99)], asked: [("FROM models SELECT models.name", 0.2), ("REFUSE", 0.1)], BEFORE: [(PERSONAL, 0.99)]})
    (draft,) = EmbeddedBackend(cast(EmbeddedParser, reader)).draft(Context(question=asked, linked=link(text, NameIndex(), NOW), now=NOW))
    assert isinstance(draft, SqlDraft)
    assert reader.read_in == [(text, 1), (asked, 1)]


@pytest.mark.parametrize("plan", [PERSONAL, "REFUSE", "WHICH ?dataset", "ASK datasets.owner datasets.steward"])
def test_a_first_question_that_is_read_surely_is_read_once(plan: str) -> None:
    asked = "which of these is personal"
    reader = Counted({asked: [(plan, 0.97), (STALE, 0.02)]})
    EmbeddedBackend(cast(EmbeddedParser, reader)).draft(Context(question=asked, linked=link(asked, NameIndex(), NOW), now=NOW))
    assert reader.read_in == [(asked, 1)]


@pytest.mark.parametrize("before", ["how many datasets are there per country", "which datasets contain personal data?"])
@pytest.mark.parametrize("asked", ["wipe the table nodes", "delete everything", "delete the stale ones", "purge the audit log", "remove them from the catalog", "revoke all grants", "destroy the database"])
def test_the_shipped_model_takes_them_for_what_they_are(shipped: EmbeddedBackend, before: str, asked: str) -> None:
    (draft,) = shipped.draft(Context(question=asked, linked=link(in_context(asked, [Earlier(before)]), NameIndex(), NOW), now=NOW))
    assert isinstance(draft, Decline)
    assert draft.kind == "change_request"


@pytest.mark.parametrize("asked", ["only the stale ones", "without the deprecated ones", "exclude the stale ones", "add the licence", "show the owner too", "and by licence?"])
def test_and_what_narrows_or_adds_goes_on(shipped: EmbeddedBackend, asked: str) -> None:
    (draft,) = shipped.draft(Context(question=asked, linked=link(in_context(asked, [Earlier("which datasets contain personal data?")]), NameIndex(), NOW), now=NOW))
    assert isinstance(draft, SqlDraft)


@pytest.fixture(scope="module")
def shipped() -> EmbeddedBackend:
    return EmbeddedBackend()
