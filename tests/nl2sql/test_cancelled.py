"""Whoever stops a question ends the request: the server sees the connection closed, whatever it does, and the log has what became of it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.storage.generations import pinned
from nl2sql.backends import FallbackBackend, open_backend
from nl2sql.backends.server import Address, Server
from nl2sql.backends.vllm import VllmBackend
from nl2sql.pipeline import ask, ask_sql
from nl2sql.session import Session, open_session
from nl2sql.stop import Stop
from nl2sql.turn import Answered, Cancelled, Outcome, Writing
from tests.nl2sql.model_server import Manner, Reply, delta, said, serving, streamed

pytestmark = pytest.mark.usefixtures("own_machine")
COUNT = "SELECT count(*) AS n FROM datasets"
QUESTION = "how many datasets are there"
LONG_S = 600.0
"""What a question may take here: only a stop ends it before the test's own limit does."""
SEEN_S = 60.0
"""A limit for what hangs: on a busy machine it may take long until a server's thread has its turn."""


@pytest.fixture(scope="module")
def session(demo_home: Path) -> Iterator[Session]:
    with pinned(demo_home) as generation, closing(open_session(demo_home, generation, None)) as opened:
        yield opened


def backend(url: str) -> VllmBackend:
    return VllmBackend(Server(Address(url=f"{url}/v1", total_s=LONG_S)))


def drip(body: dict[str, Any], before: int) -> Reply:
    return Reply(b" " * 100_000, drip=True)


def busy(body: dict[str, Any], before: int) -> Reply:
    return Reply(b"", 503)


def amid(body: dict[str, Any], before: int) -> Reply:
    return Reply(b"", kind="text/event-stream", pieces=(delta("SELECT "),), holds="amid")


def silent(body: dict[str, Any], before: int) -> Reply:
    return Reply(b"", holds="before")


def second(body: dict[str, Any], before: int) -> Reply:
    return silent(body, before) if before else said(COUNT, probability=0.2)


def never_done(body: dict[str, Any], before: int) -> Reply:
    return Reply(b"", kind="text/event-stream", pieces=(delta("x"),) * 10_000, pause_s=0.02)


MANNERS: dict[str, tuple[Manner, int]] = {
    "silent": (silent, 1),
    "silent in the middle": (amid, 1),
    "one byte at a time": (drip, 1),
    "writes for ever": (never_done, 1),
    "silent at the vote": (second, 2),
}
"""What a server does, and at which request it is stopped."""


def stopped_at(manner: Manner, request: int, stop: Stop) -> Manner:
    """The same, and the question is stopped shortly after that request came."""

    def and_stops(body: dict[str, Any], before: int) -> Reply:
        if before + 1 == request:
            threading.Timer(0.2, stop.set).start()
        return manner(body, before)

    return and_stops


@pytest.mark.parametrize("kind", ["vllm", "vllm-plan"])
@pytest.mark.parametrize("name", MANNERS)
def test_the_server_sees_the_connection_closed(session: Session, name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    manner, request = MANNERS[name]
    stop = Stop()
    monkeypatch.setenv("STEWARD_VLLM_TIMEOUT", str(LONG_S))
    with serving(stopped_at(manner, request, stop)) as served:
        *_, outcome = ask(QUESTION, session, open_backend(f"{kind}:{served.url}"), stop=stop)
        assert served.gone.wait(SEEN_S)
        assert len(served.bodies) == request
    assert isinstance(outcome, Cancelled)
    assert (outcome.status, outcome.stage, outcome.decision.verdict) == ("cancelled", "draft", "declined")
    last = session.audit.entries()[-1]
    assert (last.action, last.decision, last.question is not None) == ("query", "declined", True)
    assert outcome.statement is not None and (outcome.statement.seq, outcome.statement.status) == (last.seq, "cancelled")


def test_nobody_waits_for_the_next_try(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nl2sql.backends.server.FIRST_PAUSE_S", LONG_S)
    stop = Stop()
    with serving(stopped_at(busy, 1, stop)) as served:
        *_, outcome = ask(QUESTION, session, backend(served.url), stop=stop)
        assert len(served.bodies) == 1
    assert isinstance(outcome, Cancelled)


def test_no_other_model_is_asked_in_its_place(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, notes = Stop(), list[str]()
    monkeypatch.setenv("STEWARD_VLLM_TIMEOUT", str(LONG_S))
    with serving(stopped_at(silent, 1, stop)) as served:
        *_, outcome = ask(QUESTION, session, FallbackBackend(f"vllm:{served.url}", "embedded", notes.append), stop=stop)
    assert isinstance(outcome, Cancelled) and not notes


def test_a_question_that_is_stopped_before_it_begins_is_sent_nowhere(session: Session) -> None:
    stop = Stop()
    stop.set()
    with serving(silent) as served:
        model = backend(served.url)
        *_, outcome = ask(QUESTION, session, model, stop=stop)
        assert isinstance(outcome, Cancelled) and not served.bodies
    with serving(lambda body, before: streamed(COUNT, 0.9)) as served:
        model.server.address = Address(url=f"{served.url}/v1")
        *_, outcome = ask(QUESTION, session, model)
        assert isinstance(outcome, Answered), "the next question has a wish of its own"


def test_a_connection_that_is_made_meanwhile_carries_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped while a connection is being made there is none yet to be cut."""
    stop, connect = Stop(), socket.socket.connect

    def and_stops(self: socket.socket, to: Any) -> None:
        connect(self, to)
        stop.set()

    with serving(silent) as served:
        model = VllmBackend(Server(Address(url=f"{served.url}/v1", total_s=LONG_S)))
        monkeypatch.setattr(socket.socket, "connect", and_stops)
        *_, outcome = ask(QUESTION, session, model, stop=stop)
        assert isinstance(outcome, Cancelled)
        assert not served.headers


def test_whoever_goes_away_stops_it(session: Session) -> None:
    """An interrupt, or a front door that closes the stream of events, is recorded like a stop."""
    with serving(amid) as served:
        events = ask(QUESTION, session, backend(served.url))
        before = session.audit.size
        assert any(isinstance(event, Writing) for event in events)
        events.close()  # type: ignore[attr-defined]  # a generator, which Iterator does not say
        assert served.gone.wait(SEEN_S)
    assert session.audit.size == before + 2
    assert session.audit.entries()[-1].decision == "declined"


def test_what_is_stopped_while_it_runs_is_cancelled_too(session: Session) -> None:
    stop = Stop()
    endless = "SELECT count(*) AS n FROM quality_metrics a, quality_metrics b, quality_metrics c"

    def end() -> None:
        stop.set()
        session.engine.kill()

    threading.Timer(0.5, end).start()
    *_, outcome = ask_sql(endless, session, stop=stop)
    assert isinstance(outcome, Cancelled)
    assert session.audit.entries()[-1].decision == "declined"


def test_no_candidate_of_a_vote_runs_for_nobody(session: Session) -> None:
    stop = Stop()
    texts = [COUNT, "SELECT count(*) FROM nodes", "SELECT name FROM datasets", "SELECT node FROM nodes", COUNT]

    def manner(body: dict[str, Any], before: int) -> Reply:
        return said(*(texts[:1] if not before else texts[1:]), probability=0.2)

    with serving(manner) as served:
        found: list[Outcome] = []
        for event in ask(QUESTION, session, backend(served.url), stop=stop):
            if getattr(event, "name", "") == "guard":
                size = session.audit.size
                stop.set()
            if isinstance(event, Outcome):
                found.append(event)
    assert [type(outcome) for outcome in found] == [Cancelled]
    assert session.audit.size == size + 2, "one action, that of the question"


def test_a_wish_calls_those_who_wait_and_nobody_else() -> None:
    stop, called = Stop(), list[str]()
    with stop.calling(lambda: called.append("before")):
        pass
    with stop.calling(lambda: called.append("meanwhile")):
        assert not stop.is_set()
        stop.set()
        stop.set()
    with stop.calling(lambda: called.append("after")):
        pass
    assert called == ["meanwhile", "meanwhile", "after"]
    assert stop.is_set() and stop.wait(0.0)
    assert not Stop().wait(0.0)
    waiting = Stop()
    wishing = threading.Timer(0.05, waiting.set)
    wishing.start()
    assert waiting.wait(SEEN_S)
    wishing.join()
