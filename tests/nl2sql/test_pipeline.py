"""The way of a question: every outcome, what is recorded of it, and what never happens twice."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from catalog.engine.engine import Limits
from catalog.errors import AccessDenied, CatalogUnavailable
from catalog.storage.generations import pinned
from catalog.storage.records import AuditEntry
from catalog.storage.state import State
from nl2sql.backends.base import Clarify, Context, Decline, Draft, SqlDraft
from nl2sql.backends.scripted import ScriptedBackend
from nl2sql.context import LONGEST_QUESTION
from nl2sql.errors import BackendUnavailable
from nl2sql.pipeline import ask, ask_sql
from nl2sql.readings.conversation import NEXT, Earlier
from nl2sql.session import Session, open_session
from nl2sql.turn import Answered, AskedBack, Denied, Drafted, Event, Failed, Outcome, Refused, Stage, earlier

COUNT = SqlDraft("SELECT count(*) AS n FROM datasets", "number of datasets", 0.9)
HIDDEN_VIEW = SqlDraft("SELECT principal FROM grants", "who may use what", 0.8)
HIDDEN_COLUMN = SqlDraft("SELECT d.steward FROM datasets d", "stewards", 0.8)
WRONG = SqlDraft("SELECT nope FROM datasets", "", 0.7)
BAD = SqlDraft("SELECT nope FROM", "", 0.6)
SLOW = SqlDraft("SELECT count(*) FROM quality_metrics a, quality_metrics b, quality_metrics c", "", 0.9)

Open = Callable[..., Session]


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("pipeline") / "catalog"))


@pytest.fixture(scope="module")
def opened(home: Path) -> Iterator[Open]:
    """Opens sessions by principal; each is kept for the module."""
    sessions: dict[str, Session] = {}
    with pinned(home) as generation:

        def open_for(name: str = "anonymous") -> Session:
            if name not in sessions:
                token = None if name == "anonymous" else State(home).issue_token(name, 1)
                sessions[name] = open_session(home, generation, token)
            return sessions[name]

        yield open_for
        for session in sessions.values():
            session.close()


@pytest.fixture
def session(opened: Open) -> Session:
    return opened()


def finished(events: Iterator[Event]) -> tuple[list[str], Outcome]:
    """Names of the stages, and the one outcome, which comes last."""
    *stages, outcome = events
    assert all(isinstance(s, Stage) and s.elapsed_ms >= 0 for s in stages)
    assert isinstance(outcome, Outcome)
    return [s.name for s in stages if isinstance(s, Stage)], outcome


def asked(session: Session, *drafts: Draft, question: str = "q", run: bool = True) -> tuple[list[str], Outcome]:
    return finished(ask(question, session, ScriptedBackend({question: drafts}), run=run))


def recorded(session: Session) -> AuditEntry:
    return session.audit.entries()[-1]


@pytest.mark.parametrize(
    ("drafts", "kind", "status", "stage", "stages", "decision", "rules"),
    [
        ([COUNT], Answered, "answered", "run", 4, "allowed", "public-metadata"),
        ([Clarify("Which?", ("a", "b"), 0.4)], AskedBack, "asked_back", "draft", 2, "declined", None),
        ([Decline("data_request", 0.9)], Refused, "refused", "draft", 2, "declined", None),
        ([HIDDEN_VIEW], Denied, "denied", "guard", 3, "denied", "default"),
        ([HIDDEN_COLUMN], Denied, "denied", "guard", 3, "denied", "public-metadata"),
        ([WRONG], Failed, "failed", "guard", 3, "declined", None),
        ([BAD], Failed, "failed", "guard", 3, "declined", None),
    ],
)
def test_every_turn_ends_in_one_outcome_that_is_recorded(
    session: Session, drafts: list[Draft], kind: type[Outcome], status: str, stage: str, stages: int, decision: str, rules: str | None
) -> None:
    before = len(session.audit.entries())
    names, outcome = asked(session, *drafts)
    assert names == ["context", "draft", "guard", "run"][:stages]
    assert (type(outcome), outcome.status, outcome.stage, outcome.decision.verdict) == (kind, status, stage, decision)
    assert outcome.decision.principal == "anonymous"
    entry = recorded(session)
    assert len(session.audit.entries()) == before + 1
    assert (entry.actor, entry.action, entry.question, entry.decision, entry.policy, entry.verified) == ("anonymous", "query", "q", decision, rules, True)


def test_readings_that_the_asker_may_not_see_are_not_offered(session: Session) -> None:
    drafts = (HIDDEN_VIEW, COUNT, SqlDraft("SELECT d.name FROM datasets d", "names", 0.2))
    _, outcome = asked(session, Clarify("Which?", ("grants", "count", "names"), 0.3, drafts))
    assert isinstance(outcome, AskedBack)
    assert outcome.choices == ("count", "names")


@pytest.mark.parametrize("hidden", [HIDDEN_VIEW, HIDDEN_COLUMN])
def test_unsure_of_readings_that_are_all_closed_is_a_denial(session: Session, hidden: SqlDraft) -> None:
    names, outcome = asked(session, Clarify("Which?", ("one", "two"), 0.1, (hidden, hidden)))
    assert isinstance(outcome, Denied)
    assert names == ["context", "draft"]
    assert (recorded(session).decision, recorded(session).row_count) == ("denied", 0)


def test_asked_for_a_name_it_offers_those_that_share_a_word(session: Session) -> None:
    _, outcome = asked(session, Clarify("Which dataset?", (), 0.9, kind="dataset"), question="is the redpajama table fresh")
    assert isinstance(outcome, AskedBack)
    assert "RedPajama" in outcome.choices
    _, outcome = asked(session, Clarify("Which dataset?", (), 0.9, kind="dataset"), question="is this table fresh")
    assert isinstance(outcome, AskedBack)
    assert outcome.choices == ()


def test_of_what_is_no_dataset_it_is_not_asked_which_dataset(session: Session) -> None:
    _, outcome = asked(session, Clarify("Which organisation?", (), 0.9, kind="org"), question="how fresh are the redpajama rows")
    assert isinstance(outcome, AskedBack)
    assert "RedPajama" in outcome.choices
    assert outcome.message == "Which one do you mean? Name it in the question."


def test_the_one_name_that_fits_is_read_in_the_place_of_asking(session: Session) -> None:
    which = Clarify("Which dataset?", (), 0.9, kind="dataset")
    backend = ScriptedBackend({"is the slimpajama one fresh": [which], "is the 'SlimPajama' one fresh": [COUNT]})
    assert isinstance(finished(ask("is the slimpajama one fresh", session, backend))[1], Answered)
    assert recorded(session).question == "is the slimpajama one fresh"
    backend = ScriptedBackend({"is the slimpajama one fresh": [which]})  # and where that is no question either, it is asked
    assert isinstance(finished(ask("is the slimpajama one fresh", session, backend))[1], AskedBack)


def test_when_all_likely_readings_are_closed_the_others_are_not_offered(session: Session) -> None:
    drafts = (HIDDEN_VIEW, HIDDEN_COLUMN, SqlDraft("SELECT purpose FROM consents", "purposes", 0.1), COUNT, SqlDraft("SELECT d.name FROM datasets d", "names", 0.2))
    _, outcome = asked(session, Clarify("Which?", ("grants", "stewards", "purposes", "count", "names"), 0.3, drafts))
    assert isinstance(outcome, Denied)


def test_an_answer_says_what_it_read(session: Session) -> None:
    _, outcome = asked(session, COUNT)
    assert isinstance(outcome, Answered)
    assert (outcome.result.columns, outcome.reading, outcome.confidence) == (("n",), "number of datasets", 0.9)
    assert outcome.sql == "SELECT count(*) AS n FROM datasets"
    assert outcome.decision.rules == ("public-metadata",)
    assert outcome.freshness.newest is not None
    assert recorded(session).row_count == 1


def test_a_denial_is_never_tried_again(session: Session) -> None:
    for closed in (HIDDEN_VIEW, HIDDEN_COLUMN):
        backend = ScriptedBackend({"q": [closed, COUNT]})
        _, outcome = finished(ask("q", session, backend))
        assert isinstance(outcome, Denied)
        assert outcome.sql == closed.sql
        assert len(backend.contexts) == 1


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT steward FROM datasets", "column datasets.steward is"),
        ("SELECT name FROM datasets WHERE steward = 'x'", "column datasets.steward is"),
        ("SELECT d.steward, c.assignee FROM datasets d JOIN quality_checks c ON c.dataset = d.name", "columns datasets.steward and quality_checks.assignee are"),
        ("WITH s AS (SELECT steward FROM datasets) SELECT * FROM s", "column datasets.steward is"),
    ],
)
def test_a_column_that_only_policy_withholds_is_denied(session: Session, sql: str, columns: str) -> None:
    _, outcome = finished(ask_sql(sql, session))
    assert isinstance(outcome, Denied)
    assert outcome.message == f"The {columns} not open to you."
    assert outcome.decision.rules == ("public-metadata",)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nope FROM datasets",
        "SELECT nope, steward FROM datasets",
        "WITH s AS (SELECT name FROM datasets) SELECT steward FROM s",
        "SELECT steward FROM nodes",
        "SELECT * FROM nowhere",
    ],
)
def test_what_nobody_has_is_a_failure(session: Session, sql: str) -> None:
    _, outcome = finished(ask_sql(sql, session))
    assert isinstance(outcome, Failed)
    assert (outcome.exit_code, outcome.sql) == (6, sql)


def test_a_star_holds_the_open_columns_only(session: Session) -> None:
    _, outcome = finished(ask_sql("SELECT * FROM datasets", session))
    assert isinstance(outcome, Answered)
    assert "steward" not in outcome.result.columns


@pytest.mark.parametrize("first", [WRONG, BAD])
def test_the_next_draft_stands_in_for_one_that_cannot_be_approved(session: Session, first: SqlDraft) -> None:
    _, outcome = asked(session, first, COUNT)
    assert isinstance(outcome, Answered)
    assert (outcome.reading, outcome.confidence) == (COUNT.reading, COUNT.confidence)


def test_the_first_error_is_told_when_no_draft_can_be_approved(session: Session) -> None:
    _, outcome = asked(session, WRONG, BAD)
    assert isinstance(outcome, Failed)
    assert "nope" in outcome.message
    assert outcome.sql == WRONG.sql


def test_without_running_the_sql_is_shown(session: Session) -> None:
    stages, outcome = asked(session, COUNT, run=False)
    assert isinstance(outcome, Drafted)
    assert (stages[-1], outcome.sql, recorded(session).row_count) == ("guard", "SELECT count(*) AS n FROM datasets", 0)


@pytest.mark.parametrize(("question", "said"), [("", "is empty"), (" \n ", "is empty"), ("x" * (LONGEST_QUESTION + 1), "is longer than 2,000 characters")])
def test_a_question_of_no_good_length_reaches_no_model(session: Session, question: str, said: str) -> None:
    backend = ScriptedBackend({})
    stages, outcome = finished(ask(question, session, backend))
    assert isinstance(outcome, Refused)
    assert (stages, backend.contexts) == ([], [])
    assert said in outcome.message
    assert len(recorded(session).question or "") <= LONGEST_QUESTION


def test_the_longest_question_is_asked(session: Session) -> None:
    question = "x" * LONGEST_QUESTION
    assert isinstance(asked(session, COUNT, question=question)[1], Answered)


def test_a_question_that_is_no_unicode_is_asked_and_recorded(session: Session) -> None:
    backend = ScriptedBackend({"caf? \x00": [COUNT]})
    _, outcome = finished(ask("caf\udce9 \x00", session, backend))
    assert isinstance(outcome, Answered)
    assert recorded(session).question == "caf? \x00"


def test_the_log_is_readable_whatever_was_asked(opened: Open) -> None:
    finished(ask("nul \x00 and \x1b[31m", opened(), ScriptedBackend({})))
    _, outcome = finished(ask_sql("SELECT question FROM audit_log WHERE node = 'steward' AND question IS NOT NULL ORDER BY seq DESC LIMIT 1", opened("ada")))
    assert isinstance(outcome, Answered)
    assert outcome.result.rows == [("nul \x00 and \x1b[31m",)]


def test_the_model_gets_the_question_its_values_and_the_clock(session: Session) -> None:
    backend = ScriptedBackend({})
    finished(ask("  who owns C4?  ", session, backend))
    [context] = backend.contexts
    assert (context.question, context.now) == ("who owns C4?", datetime(2026, 10, 16, 12))
    assert any(m.kind == "dataset" and m.known for m in context.linked.mentions.values())


def test_a_masked_column_is_said_to_be_masked(opened: Open) -> None:
    _, outcome = finished(ask_sql("SELECT principal, dataset FROM grants", opened("clara")))
    assert isinstance(outcome, Answered)
    assert (outcome.decision.verdict, outcome.decision.masked) == ("masked", ("grants.principal",))
    assert "mask-people" in outcome.decision.rules
    assert recorded(opened("clara")).decision == "masked"
    _, outcome = finished(ask_sql("SELECT dataset FROM grants", opened("clara")))
    assert (outcome.decision.verdict, outcome.decision.masked) == ("allowed", ())


def test_own_sql_has_no_question_and_no_confidence(session: Session) -> None:
    stages, outcome = finished(ask_sql("SELECT 1 AS one", session))
    assert isinstance(outcome, Answered)
    assert (stages, outcome.question, outcome.confidence, outcome.result.rows) == (["guard", "run"], "", None, [(1,)])
    assert (recorded(session).question, len(recorded(session).sql_hash or "")) == (None, 64)


def test_a_missing_model_is_an_outcome(session: Session) -> None:
    class Missing:
        name = "missing"
        samples = tells = False

        def draft(self, context: Context) -> list[Draft]:
            raise BackendUnavailable("No model is there.")

    stages, outcome = finished(ask("who owns C4", session, Missing()))
    assert isinstance(outcome, Failed)
    assert (stages, outcome.stage, outcome.exit_code, outcome.message) == (["context", "draft"], "draft", 3, "No model is there.")
    assert (recorded(session).question, recorded(session).decision) == ("who owns C4", "declined")


def test_a_catalog_that_goes_away_is_an_outcome(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> Path:
        raise CatalogUnavailable("It is gone.")

    monkeypatch.setattr("nl2sql.session.prepare", gone)
    _, outcome = asked(session, COUNT)
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.exit_code, recorded(session).decision) == ("run", 3, "declined")


def test_a_query_that_takes_too_long_is_a_timeout(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "limits", Limits(deadline_s=0.3))
    _, outcome = asked(session, SLOW)
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.exit_code) == ("run", 4)
    assert (recorded(session).decision, recorded(session).row_count) == ("declined", None)


def test_intent_is_durable_before_anything_runs(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[AuditEntry] = []

    def interrupted(*_: object) -> Path:
        seen.append(recorded(session))
        raise KeyboardInterrupt

    monkeypatch.setattr("nl2sql.session.prepare", interrupted)
    with pytest.raises(KeyboardInterrupt):
        asked(session, COUNT, question="interrupted")
    assert [(e.question, e.decision) for e in seen] == [("interrupted", "")]
    assert (recorded(session).question, recorded(session).decision, recorded(session).row_count) == ("interrupted", "declined", None)


def test_the_askers_clock_does_not_date_the_log(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "now", datetime(1999, 1, 1))
    _, outcome = finished(ask_sql("SELECT current_date AS day", session))
    assert isinstance(outcome, Answered)
    assert f"{outcome.result.rows[0][0]}" == "1999-01-01"
    assert recorded(session).at == datetime(2026, 10, 16, 12)


def test_a_token_that_proves_nobody_is_denied_and_recorded(home: Path, session: Session) -> None:
    expired = session.state.issue_token("ada", 1, now=datetime(2020, 1, 1))
    revoked = session.state.issue_token("ivy", 1)
    session.state.revoke_tokens("ivy")
    stranger = session.state.issue_token("somebody who left", 1)
    for token in (expired, revoked, stranger, "steward_made_up"):
        before = len(session.audit.entries())
        with pytest.raises(AccessDenied) as denied:
            open_session(home, session.generation, token)
        assert denied.value.exit_code == 5
        assert len(session.audit.entries()) == before + 1
        assert (recorded(session).action, recorded(session).decision, recorded(session).policy) == ("login", "denied", "token")


def test_the_clock_is_the_catalogs_unless_given(home: Path, session: Session) -> None:
    assert session.now == datetime(2026, 10, 16, 12)
    with_clock = open_session(home, session.generation, None, now=session.now + timedelta(days=1))
    with_clock.close()
    assert with_clock.now == datetime(2026, 10, 17, 12)


@pytest.mark.parametrize("before", [(), (Earlier("how many datasets are there"),)])
@pytest.mark.parametrize("question", ["drop the table datasets", "DELETE FROM grants;"])
def test_a_change_reaches_no_model_and_is_recorded(session: Session, question: str, before: tuple[Earlier, ...]) -> None:
    backend = ScriptedBackend({question: [COUNT]})
    _, outcome = finished(ask(question, session, backend, before=before))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "change_request"
    assert ("without …" in outcome.message) == bool(before), "what may have been meant, after an answer"
    assert backend.contexts == []
    assert recorded(session).question == question


SHOWN = (Earlier("which dataset is the newest", (("C4", "text"),)),)


def test_what_was_shown_is_asked_about_by_name(session: Session) -> None:
    backend = ScriptedBackend({"who owns C4": [COUNT]})
    _, outcome = finished(ask("who owns that one", session, backend, before=SHOWN))
    assert (outcome.question, outcome.in_full) == ("who owns that one", "who owns C4")
    assert NEXT not in backend.contexts[0].linked.text, "it needs nothing before it"
    assert recorded(session).question == "who owns that one"
    assert earlier(outcome) == Earlier("who owns C4", ((),), is_whole=True)


def test_what_asks_for_nothing_by_itself_is_asked_after_those_before(session: Session) -> None:
    backend = ScriptedBackend({})
    _, outcome = finished(ask("and that one?", session, backend, before=SHOWN))
    assert [NEXT in context.linked.text for context in backend.contexts] == [False, True]
    assert all(context.question == "and C4?" for context in backend.contexts)
    assert outcome.in_full == ""


def test_a_turn_is_kept_for_those_after_it(session: Session) -> None:
    _, many = asked(session, SqlDraft("SELECT name FROM datasets", "", 1.0))
    _, few = asked(session, SqlDraft("SELECT name, row_count FROM datasets WHERE name = 'C4'", "", 1.0))
    _, open_ = asked(session, Clarify("Which?", ("a", "b"), 0.5))
    _, refused = asked(session, Decline("data_request", 0.9))
    _, naming = finished(ask("show me rows of C4", session, ScriptedBackend({"show me rows of C4": [Decline("data_request", 0.9)]})))
    _, denied = asked(session, SqlDraft("SELECT principal FROM grants", "", 1.0))
    assert [earlier(outcome) for outcome in (many, few, open_, refused, denied)] == [
        Earlier("q"),
        Earlier("q", (("C4",),)),
        Earlier("q"),
        Earlier("q", is_refused=True),
        Earlier("q"),
    ]
    assert earlier(naming) == Earlier("show me rows of C4")


def test_what_only_insists_on_what_was_refused_is_refused(session: Session) -> None:
    refused = Earlier("show me all of it", is_refused=True)
    backend = ScriptedBackend({"please": [Decline("data_request", 0.9)], "how many": [COUNT]})
    _, outcome = finished(ask("please", session, backend, before=[refused]))
    assert isinstance(outcome, Refused)
    assert [NEXT in context.linked.text for context in backend.contexts] == [False, True]
    _, outcome = finished(ask("how many", session, backend, before=[refused]))
    assert isinstance(outcome, Answered)
    assert NEXT not in backend.contexts[-1].linked.text
