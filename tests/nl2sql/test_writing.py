"""The likeliest draft is told while a server writes it, whatever the server makes of being asked to; nothing else about an answer changes."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.storage.generations import pinned
from nl2sql.backends import DeferredBackend, FallbackBackend
from nl2sql.backends.base import MOST_TOLD
from nl2sql.backends.samples import SAMPLES
from nl2sql.backends.server import MOST_BYTES, Address, Server
from nl2sql.backends.vllm import VllmBackend
from nl2sql.pipeline import ask
from nl2sql.session import Session, open_session
from nl2sql.stop import Stop
from nl2sql.telling import EVERY_S, telling
from nl2sql.turn import Answered, Event, Failed, Outcome, Refused, Stage, Writing
from tests.nl2sql.model_server import DONE, Manner, Reply, Served, complaint, delta, event, said, serving, streamed

pytestmark = pytest.mark.usefixtures("own_machine")
COUNT = "SELECT count(*) AS n FROM datasets"
QUESTION = "how many datasets are there"
STREAM = "text/event-stream"


@pytest.fixture(scope="module")
def session(demo_home: Path) -> Iterator[Session]:
    with pinned(demo_home) as generation, closing(open_session(demo_home, generation, None)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def every_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces come faster here than anybody reads."""
    monkeypatch.setattr("nl2sql.telling.EVERY_S", 0.0)


def backend(served: Served, seconds: float = 20.0) -> VllmBackend:
    return VllmBackend(Server(Address(url=f"{served.url}/v1", total_s=seconds)))


def asked(session: Session, manner: Manner, seconds: float = 20.0) -> tuple[list[Event], list[str], Outcome, Served]:
    """Events, drafts on the way, the outcome, and the server."""
    with serving(manner) as served:
        events = list(ask(QUESTION, session, backend(served, seconds)))
    outcome = events[-1]
    assert isinstance(outcome, Outcome) and not any(isinstance(event, Outcome) for event in events[:-1])
    return events, [event.text for event in events if isinstance(event, Writing)], outcome, served


def test_a_draft_is_told_as_it_grows_and_then_checked_and_run(session: Session) -> None:
    events, drafts, outcome, served = asked(session, lambda body, before: streamed(COUNT, 0.8))
    assert isinstance(outcome, Answered)
    assert outcome.confidence == pytest.approx(0.8)
    assert drafts == [COUNT[:at] for at in range(4, len(COUNT) + 4, 4)]
    named = [event.name if isinstance(event, Stage) else type(event).__name__ for event in events]
    assert named == ["context", *["Writing"] * len(drafts), "draft", "guard", "run", "Answered"]
    assert [body["stream"] for body in served.bodies] == [True]
    assert STREAM in served.headers[-1]["Accept"]


@pytest.mark.parametrize(("text", "probability"), [(COUNT, 0.9), ("REFUSE", 0.7), ("nothing", 0.9), ("SELECT nope FROM datasets", 0.9), ("SELECT principal FROM grants", 0.6)])
def test_an_answer_is_the_same_whether_it_was_streamed_or_not(session: Session, text: str, probability: float) -> None:
    whole, in_pieces = asked(session, lambda body, before: said(text, probability=probability))[2], asked(session, lambda body, before: streamed(text, probability))[2]
    assert (whole.status, whole.sql, whole.message) == (in_pieces.status, in_pieces.sql, in_pieces.message)
    assert whole.confidence == pytest.approx(in_pieces.confidence)


def test_a_vote_streams_its_first_sample_alone(session: Session) -> None:
    def manner(body: dict[str, Any], before: int) -> Reply:
        return said(*[COUNT] * body["n"]) if before else streamed(COUNT, 0.2)

    _, drafts, outcome, served = asked(session, manner)
    assert isinstance(outcome, Answered) and drafts[-1] == COUNT
    assert [(body["n"], body.get("stream")) for body in served.bodies] == [(1, True), (SAMPLES - 1, None)]


def test_what_is_mended_is_told_anew(session: Session) -> None:
    _, drafts, outcome, served = asked(session, lambda body, before: streamed(COUNT if before else "SELECT nmae FROM datasets", 0.9))
    assert isinstance(outcome, Answered)
    assert "SELECT nmae FROM datasets" in drafts and drafts[-1] == COUNT
    assert [body["stream"] for body in served.bodies] == [True, True]


def test_a_text_without_probabilities_is_put_to_the_vote(session: Session) -> None:
    _, _, outcome, served = asked(session, lambda body, before: said(*[COUNT] * body["n"]) if before else streamed(COUNT))
    assert isinstance(outcome, Answered) and outcome.confidence == pytest.approx(1.0)
    assert len(served.bodies) == 2


def test_a_model_without_a_chat_template_streams_too(session: Session) -> None:
    def manner(body: dict[str, Any], before: int) -> Reply:
        return complaint("default chat template is no longer allowed") if "messages" in body else streamed(COUNT, 0.9)

    _, drafts, outcome, served = asked(session, manner)
    assert isinstance(outcome, Answered) and drafts[-1] == COUNT
    assert served.paths[-1].endswith("/v1/completions") and served.bodies[-1]["stream"]


def test_a_server_that_answers_with_plain_json_is_understood(session: Session) -> None:
    _, drafts, outcome, _ = asked(session, lambda body, before: said(COUNT, probability=0.9))
    assert isinstance(outcome, Answered) and not drafts


@pytest.mark.parametrize("complains", ["stream is not supported here", "Unknown field: stream", "bad request"])
def test_a_server_that_does_not_stream_is_asked_to_once(session: Session, complains: str) -> None:
    with serving(lambda body, before: complaint(complains) if "stream" in body else said(COUNT, probability=0.9)) as served:
        model = backend(served)
        for _ in range(2):
            *_, outcome = ask(QUESTION, session, model)
            assert isinstance(outcome, Answered)
    assert [("stream" in body) for body in served.bodies][-2:] == [False, False]
    assert all("stream" in body for body in served.bodies[:-2])


def test_what_a_server_lacks_may_be_said_in_the_stream(session: Session) -> None:
    def manner(body: dict[str, Any], before: int) -> Reply:
        wrong = event({"error": {"message": "The grammar cannot be compiled.", "code": 400}})
        return Reply(b"", kind=STREAM, pieces=(wrong, DONE)) if "structured_outputs" in body else streamed(COUNT, 0.9)

    _, _, outcome, served = asked(session, manner)
    assert isinstance(outcome, Answered)
    assert ["structured_outputs" in body for body in served.bodies] == [True, False]


def pieces(*sent: bytes, **how: Any) -> Manner:
    return lambda body, before: Reply(b"", kind=STREAM, pieces=sent, **how)


REFUSAL = event({"error": {"message": "no \x1b[31mway", "code": 400}})
MISBEHAVIOUR: dict[str, tuple[Manner, str]] = {
    "torn": (pieces(delta("SELECT"), torn=True), "the connection broke"),
    "ends without an end": (pieces(delta("SELECT")), "the connection broke"),
    "garbage in the middle": (pieces(delta("SELECT"), b"data: {]\n\n", delta("x"), DONE), "its answer is no JSON"),
    "other bytes": (pieces(delta("SELECT"), b"\x00\xff" * 5000, DONE), "the connection broke"),
    "nested": (pieces(b"data: " + b"[" * 200_000 + b"\n\n"), "its answer is no JSON"),
    "no text": (pieces(DONE), "its reply holds no text"),
    "odd choices": (pieces(event({"choices": [{"delta": {"content": 5}}]})), "its reply holds no text"),
    "too long": (pieces(*[delta("x" * 100_000)] * (MOST_BYTES // 100_000 + 1), DONE), "longer than 2,000,000 bytes"),
    "too long a line": (pieces(*[b"x" * 100_000] * (MOST_BYTES // 100_000 + 1)), "longer than 2,000,000 bytes"),
    "fails": (pieces(delta("SELECT"), event({"error": {"message": "sk-secret", "code": 500}}), DONE), "HTTP status 500"),
    "refuses": (lambda body, before: Reply(b"", kind=STREAM, pieces=(REFUSAL, DONE)) if "stream" in body else complaint("no way"), "does not take the question: no way"),
    "streams unasked": (lambda body, before: Reply(b"", kind=STREAM, pieces=(REFUSAL, DONE)), "it answers with text/event-stream, not JSON"),
    "busy": (pieces(event({"error": {"message": "later", "code": 503}}), DONE), "HTTP status 503"),
    "sends elsewhere": (lambda body, before: Reply(b"", 302, STREAM, {"Location": "http://198.51.100.1/v1"}), "sends elsewhere"),
    "falls silent": (pieces(delta("SELECT"), holds="amid"), "within 1 s"),
    "drips": (pieces(*[b":"] * 1000, pause_s=0.05), "within 1 s"),
    "never ends": (pieces(*[delta("x")] * 1000, pause_s=0.05), "within 1 s"),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_every_misbehaviour_is_bounded_and_named(session: Session, name: str) -> None:
    manner, what = MISBEHAVIOUR[name]
    _, drafts, outcome, served = asked(session, manner, seconds=1.0 if what == "within 1 s" else 20.0)
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.exit_code) == ("draft", 3)
    assert what in outcome.message
    assert len(outcome.message) < 400 and "secret" not in outcome.message
    assert len(served.bodies) <= 4
    assert all(len(draft) <= MOST_TOLD for draft in drafts)
    assert session.audit.entries()[-1].decision == "declined"


def test_a_stream_that_breaks_is_begun_anew(session: Session) -> None:
    _, drafts, outcome, _ = asked(session, lambda body, before: streamed(COUNT, 0.9) if before else Reply(b"", kind=STREAM, pieces=(delta("DROP"),), torn=True))
    assert isinstance(outcome, Answered)
    assert drafts[0] == "DROP" and drafts[-1] == COUNT


@pytest.mark.parametrize("ends", [(DONE,), (DONE, b": more\n\n"), (delta("", ends=True),)], ids=["done", "more after it", "a finish reason alone"])
def test_an_end_is_an_end(session: Session, ends: tuple[bytes, ...]) -> None:
    _, _, outcome, _ = asked(session, pieces(delta(COUNT, 0.9), *ends))
    assert isinstance(outcome, Answered)


def test_a_server_that_does_not_hang_up_after_the_end_is_not_waited_for(session: Session) -> None:
    _, _, outcome, _ = asked(session, pieces(delta(COUNT, 0.9), DONE, holds="amid"), seconds=600.0)
    assert isinstance(outcome, Answered)


@pytest.mark.parametrize("size", [1000, 200_000])
def test_a_very_long_text_is_no_answer_and_is_told_in_part(session: Session, size: int) -> None:
    _, drafts, outcome, _ = asked(session, lambda body, before: streamed("x" * 200_000, 0.9, size))
    assert isinstance(outcome, Failed) and outcome.exit_code == 6
    assert len(drafts) <= MOST_TOLD // 1000 + 1 and max(map(len, drafts)) == MOST_TOLD


def test_what_others_put_around_a_backend_lets_a_draft_through(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda body, before: streamed(COUNT, 0.9)) as served:
        for model in (DeferredBackend(f"vllm:{served.url}"), FallbackBackend(f"vllm:{served.url}", "embedded", print)):
            *events, outcome = ask(QUESTION, session, model)
            assert isinstance(outcome, Answered)
            assert Writing(COUNT) in events


def test_a_refusal_is_told_like_sql(session: Session) -> None:
    _, drafts, outcome, _ = asked(session, lambda body, before: streamed("REFUSE", 0.9))
    assert isinstance(outcome, Refused) and drafts == ["REFU", "REFUSE"]


def test_it_is_told_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("nl2sql.telling.EVERY_S", EVERY_S)
    monkeypatch.setattr("nl2sql.telling.monotonic", lambda: 1 + next(clock) * EVERY_S / 4)

    def work(tell: Any) -> str:
        for at in range(100):
            tell(str(at))
        return "done"

    told: list[str] = []
    events = telling(work, Stop())
    with pytest.raises(StopIteration) as ended:
        while True:
            told.append(next(events).text)
    assert ended.value.value == "done"
    assert len(told) <= 26


def test_what_breaks_is_raised_where_it_is_waited_for() -> None:
    def work(tell: Any) -> str:
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        list(telling(work, Stop()))


def test_the_model_server_of_these_tests_streams_what_it_says() -> None:
    sent = b"".join(streamed("ab", 0.5).pieces).split(b"\n\n")
    assert [json.loads(line[6:])["choices"][0]["delta"]["content"] for line in sent[:-2]] == ["", "ab", ""]
