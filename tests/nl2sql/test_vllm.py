"""The served path over real HTTP: what is asked, how it is voted on and mended, and every way in which a server can misbehave."""

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.audit.misuse import alerts as misuse
from catalog.errors import UsageError
from catalog.storage.generations import pinned
from catalog.storage.state import State
from eval.run import fingerprint
from nl2sql.backends import FallbackBackend, open_backend
from nl2sql.backends.samples import MOST_TOKENS, SAMPLES
from nl2sql.backends.server import MOST_BYTES, Address, Server, address
from nl2sql.backends.vllm import VllmBackend
from nl2sql.errors import BackendUnavailable
from nl2sql.pipeline import ask
from nl2sql.session import Session, open_session
from nl2sql.turn import Answered, AskedBack, Denied, Failed, Outcome, Refused, Stage
from tests.nl2sql.model_server import MODELS, Manner, Reply, Served, complaint, said, serving

pytestmark = pytest.mark.usefixtures("own_machine")
COUNT = "SELECT count(*) AS n FROM datasets"
SAME = "SELECT COUNT(datasets.name) FROM datasets"
OTHER = "SELECT count(*) FROM nodes"


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("served") / "catalog"))


@pytest.fixture(scope="module")
def session(home: Path) -> Iterator[Session]:
    with pinned(home) as generation:
        opened = open_session(home, generation, None)
        yield opened
        opened.close()


def backend(served: Served, seconds: float = 20.0, **options: Any) -> VllmBackend:
    return VllmBackend(Server(Address(url=f"{served.url}/v1", total_s=seconds, **options)))


def asked(session: Session, manner: Manner, models: Any = MODELS, seconds: float = 20.0, question: str = "how many datasets are there") -> tuple[list[str], Outcome, Served]:
    """Stages and outcome of a question to a server of that manner."""
    with serving(manner, models) as served:
        *stages, outcome = ask(question, session, backend(served, seconds))
    assert isinstance(outcome, Outcome)
    return [stage.name for stage in stages if isinstance(stage, Stage)], outcome, served


def test_one_clear_sample_is_one_call_and_is_answered(session: Session) -> None:
    stages, outcome, served = asked(session, lambda body, before: said(COUNT, probability=0.8))
    assert isinstance(outcome, Answered)
    assert stages == ["context", "draft", "guard", "run"]
    assert outcome.confidence == pytest.approx(0.8)
    [body] = served.bodies
    assert (body["n"], body["temperature"], body["model"], body["logprobs"]) == (1, 0.0, "tiny", True)
    assert body["structured_outputs"]["grammar"].startswith("root ::=")
    assert "how many datasets" in body["messages"][-1]["content"]


def test_nothing_that_the_asker_may_not_see_is_in_prompt_or_grammar(session: Session) -> None:
    _, _, served = asked(session, lambda body, before: said("REFUSE", probability=0.9))
    sent = json.dumps(served.bodies)
    for view in session.authorisation.denials:
        assert f"{view}:" not in sent
        assert f'\\"{view}.\\"' not in sent
    hidden = {"steward", "buyer"} - {c for columns in session.schema.relations.values() for c in columns}
    assert hidden
    assert not any(f'\\"{name}\\"' in sent for name in hidden)


@pytest.mark.parametrize(
    ("texts", "sql", "share"),
    [
        ([COUNT, COUNT, SAME, OTHER, "nonsense"], "datasets", 0.6),  # two texts that find the same
        ([OTHER, COUNT, SAME, SAME, COUNT], "datasets", 0.8),  # the likeliest text is outvoted
        (["SELECT nope FROM datasets", COUNT, COUNT, COUNT, OTHER], "datasets", 0.6),
    ],
)
def test_what_most_samples_find_is_the_answer(session: Session, texts: list[str], sql: str, share: float) -> None:
    stages, outcome, served = asked(session, lambda body, before: said(*(texts[:1] if not before else texts[1:]), probability=0.2))
    assert isinstance(outcome, Answered)
    assert sql in outcome.sql
    assert outcome.confidence == pytest.approx(share)
    assert [body["n"] for body in served.bodies] == [1, SAMPLES - 1]
    assert stages == ["context", "draft", "guard", "vote", "run"]


def test_samples_that_find_different_things_are_asked_about(session: Session) -> None:
    texts = [COUNT, OTHER, "SELECT name FROM datasets", "DATA", "SELECT node FROM nodes"]
    _, outcome, _ = asked(session, lambda body, before: said(*(texts[:1] if not before else texts[1:])))
    assert isinstance(outcome, AskedBack)
    assert len(outcome.choices) == 3
    assert COUNT in outcome.choices


def test_more_samples_that_decline_than_not_decline(session: Session) -> None:
    texts = [COUNT, "CHANGE", "CHANGE", "CHANGE", "REFUSE"]
    _, outcome, _ = asked(session, lambda body, before: said(*(texts[:1] if not before else texts[1:])))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.confidence) == ("change_request", pytest.approx(0.6))


def test_what_ran_for_a_vote_is_logged_as_such_and_counts_for_nothing(session: Session) -> None:
    before = session.audit.size
    texts = [COUNT, COUNT, SAME, OTHER, "SELECT max(row_count) // 0 FROM datasets"]
    _, outcome, _ = asked(session, lambda body, before: said(*(texts[:1] if not before else texts[1:]), probability=0.2))
    assert isinstance(outcome, Answered)
    entries = session.audit.entries()[before // 2 :]
    assert [e.action for e in entries if e.action != "query"] == ["trial"] * (len(entries) - 1)
    trials, answer = entries[:-1], entries[-1]
    assert len(trials) >= 2
    assert all((e.decision, e.row_count, e.policy) == ("allowed", 0, answer.policy) and e.sql_hash and e.question for e in trials)
    assert (answer.action, answer.decision, answer.row_count) == ("query", "allowed", 1)
    assert outcome.statement is not None and outcome.statement.seq == answer.seq
    many = [replace(trials[0], actor="ada", decision="denied")] * 100
    assert not misuse(many)
    assert misuse([replace(e, action="query") for e in many])


CLOSED = [
    ("anonymous", "who holds grants on C4", "The view grants is not open to you.", ("default",)),
    ("anonymous", "how many consents were withdrawn this year", "The view consents is not open to you.", ("default",)),
    ("anonymous", "who is the steward of C4", "The column datasets.steward is not open to you.", ("public-metadata",)),
    ("ivy", "which offers are cheapest", "The view market is not open to you.", ("default",)),
]


@pytest.mark.parametrize(("who", "question", "what", "rules"), CLOSED)
def test_what_is_closed_is_denied_though_the_model_knows_nothing_of_it(home: Path, who: str, question: str, what: str, rules: tuple[str, ...]) -> None:
    token = None if who == "anonymous" else State(home).issue_token(who, 1)
    with pinned(home) as generation, closing(open_session(home, generation, token)) as opened:
        _, outcome, served = asked(opened, lambda body, before: said("REFUSE", probability=0.9), question=question)
        assert isinstance(outcome, Denied)
        assert (outcome.message, outcome.decision.rules, outcome.stage) == (what, rules, "draft")
        assert opened.audit.entries()[-1].decision == "denied"
    named = what.split()[2]
    assert not any(f"{named}:" in json.dumps(body) or f'\\"{named}\\"' in json.dumps(body) for body in served.bodies)


@pytest.mark.parametrize("question", ["tell me a joke", "what time is it in Tokyo?", "who painted this?", "which datasets are funny"])
@pytest.mark.parametrize("reply", ["REFUSE", "DATA", "CHANGE"])
def test_what_names_nothing_closed_is_refused(session: Session, question: str, reply: str) -> None:
    assert isinstance(asked(session, lambda body, before: said(reply, probability=0.9), question=question)[1], Refused)


def test_a_server_that_gives_one_sample_at_a_time_is_asked_more_often(session: Session) -> None:
    _, outcome, served = asked(session, lambda body, before: said(COUNT))
    assert isinstance(outcome, Answered)
    assert outcome.confidence == pytest.approx(1.0)
    assert len(served.bodies) == SAMPLES
    assert len({(body["temperature"], body["seed"]) for body in served.bodies}) == SAMPLES


def test_what_cannot_run_is_mended_with_the_reason_and_at_most_twice(session: Session) -> None:
    bad = "SELECT nmae FROM datasets"
    stages, outcome, served = asked(session, lambda body, before: said(bad if not before else COUNT, probability=0.9))
    assert isinstance(outcome, Answered)
    assert stages == ["context", "draft", "guard", "mend", "guard", "run"]
    *_, attempt, complaint_ = served.bodies[1]["messages"]
    assert attempt == {"role": "assistant", "content": bad}
    assert "nmae" in complaint_["content"]
    assert "Did you mean name" in complaint_["content"]
    stages, outcome, served = asked(session, lambda body, before: said(bad, probability=0.9))
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.exit_code, len(served.bodies)) == ("guard", 6, 3)


def test_a_denial_never_goes_back_to_the_model(session: Session) -> None:
    stages, outcome, served = asked(session, lambda body, before: said("SELECT principal FROM grants", probability=0.9))
    assert isinstance(outcome, Denied)
    assert outcome.decision.rules == ("default",)
    assert len(served.bodies) == 1
    assert stages == ["context", "draft", "guard"]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (f"<think>count them; DROP</think>\n```sql\n{COUNT};\n```\nThis counts them.", Answered),
        (f"Sure. Here is the query:\n\n{COUNT};\n\nIt counts.", Answered),
        ("REFUSE", Refused),
        ("WHICH ?dataset", AskedBack),
        ("ASK datasets.quality_score datasets.row_count", AskedBack),
        ("ASK COUNT COUNT", Failed),
        ("ASK datasets.nope x", Failed),
        ("DROP TABLE datasets", Failed),
        ("SELECT 1; DROP TABLE datasets", Failed),
        ("", Failed),
        ("I do not know.", Failed),
        ("x" * 200_000, Failed),
        ("SELECT " + "x" * 200_000, Failed),
    ],
)
def test_whatever_a_model_says_ends_in_an_outcome(session: Session, text: str, outcome: type[Outcome]) -> None:
    assert isinstance(asked(session, lambda body, before: said(text, probability=0.9))[1], outcome)


@pytest.mark.parametrize(
    ("refused", "field"),
    [("guided decoding with grammar is not supported", "structured_outputs"), ("Unknown argument: logprobs", "logprobs"), ("bad request", "chat_template_kwargs"), ("unknown field chat_template_kwargs", "logprobs")],
)
def test_a_server_that_lacks_something_is_asked_without_it(session: Session, refused: str, field: str) -> None:
    _, outcome, served = asked(session, lambda body, before: complaint(refused) if field in body else said(COUNT))
    assert isinstance(outcome, Answered)
    assert [field in body for body in served.bodies] == [True] + [False] * SAMPLES


def test_a_model_without_a_chat_template_gets_plain_text(session: Session) -> None:
    def manner(body: dict[str, Any], before: int) -> Reply:
        return complaint("As of transformers v4.44, default chat template is no longer allowed", 400) if "messages" in body else said(COUNT)

    _, outcome, served = asked(session, manner)
    assert isinstance(outcome, Answered)
    assert served.paths[:2] == ["/v1/chat/completions", "/v1/completions"]
    assert served.bodies[1]["prompt"].endswith("Answer:\n")


def test_a_model_with_a_short_memory_is_told_less_of_the_schema_and_all_of_the_question(session: Session) -> None:
    short = {"data": [{"id": "tiny", "max_model_len": 2300}]}
    whole, cut = (asked(session, lambda body, before: said(COUNT, probability=0.9), models)[2] for models in (MODELS, short))
    texts = [served.bodies[0]["messages"][0]["content"] for served in (whole, cut)]
    assert len(texts[1]) <= (2300 - MOST_TOKENS) * 3 < len(texts[0])
    assert all(text.endswith("Question: how many datasets are there") for text in texts)

    def manner(body: dict[str, Any], before: int) -> Reply:
        return complaint("This model's maximum context length is 900 tokens") if len(json.dumps(body["messages"])) > 5000 else said(COUNT, probability=0.9)

    _, outcome, served = asked(session, manner)
    assert isinstance(outcome, Answered)
    assert len(served.bodies) > 1


LONG = b" " * (MOST_BYTES + 1)
MISBEHAVIOUR: dict[str, tuple[Manner, str]] = {
    "in trouble": (lambda body, before: Reply(b"oops", 500, "text/plain"), "HTTP status 500"),
    "never ready": (lambda body, before: Reply(b"", 503), "HTTP status 503"),
    "garbage": (lambda body, before: Reply(b"\x00\xff" * 100_000), "its answer is no JSON"),
    "a page": (lambda body, before: Reply(b"<html>", 200, "text/html"), "it answers with text/html, not JSON"),
    "nested": (lambda body, before: Reply(b"[" * 200_000), "its answer is no JSON"),
    "a list": (lambda body, before: Reply(b"[1]"), "its reply holds no text"),
    "no choices": (lambda body, before: Reply(b'{"choices": []}'), "its reply holds no text"),
    "odd choices": (lambda body, before: Reply(b'{"choices": [{"message": {"content": 5}}]}'), "its reply holds no text"),
    "too long": (lambda body, before: Reply(LONG), "longer than 2,000,000 bytes"),
    "sends elsewhere": (lambda body, before: Reply(b"", 302, headers={"Location": "http://198.51.100.1/v1"}), "sends elsewhere"),
    "wants a key": (lambda body, before: complaint("Incorrect API key provided: sk-secret", 401), "wants another key"),
    "no such path": (lambda body, before: complaint("not found", 404), "no such path"),
    "refuses": (lambda body, before: complaint("no \x1b[31mway\n" + "x" * 5000), "does not take the question: no [31mway xxx"),
    "refuses without a word": (lambda body, before: Reply(b"<", 400), "does not take the question."),
    "torn": (lambda body, before: Reply(b"{", torn=True), "the connection broke"),
    "silent": (lambda body, before: Reply(b"{}", wait_s=5), "within 1 s"),
    "drips": (lambda body, before: Reply(b" " * 1000, drip=True), "within 1 s"),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_every_misbehaviour_is_bounded_and_named(session: Session, name: str) -> None:
    manner, what = MISBEHAVIOUR[name]
    _, outcome, served = asked(session, manner, seconds=1.0 if what == "within 1 s" else 20.0)
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.exit_code) == ("draft", 3)
    assert what in outcome.message
    assert len(outcome.message) < 400
    assert outcome.hint
    assert "secret" not in outcome.message
    assert len(served.bodies) <= 4
    assert session.audit.entries()[-1].decision == "declined"


@pytest.mark.parametrize(
    ("models", "what"),
    [
        ({"data": []}, "has no models; it serves: none"),
        ({"data": [{"id": "a"}, {"id": "b"}]}, "has 2 models; it serves: a, b"),
        ({"object": "list"}, "its list of models is none"),
        ({"data": "x"}, "its list of models is none"),
    ],
)
def test_a_server_whose_model_cannot_be_told(session: Session, models: Any, what: str) -> None:
    _, outcome, _ = asked(session, lambda body, before: said(COUNT), models)
    assert isinstance(outcome, Failed)
    assert what in outcome.message


@pytest.mark.parametrize("number", [10**400, -(10**400), 2**63, 0, -1, True])
def test_numbers_that_no_server_can_mean_are_not_heard(session: Session, number: int) -> None:
    choice = {"message": {"content": COUNT}, "logprobs": {"content": [{"token": "x", "logprob": -abs(number)}]}}
    models = {"data": [{"id": "tiny", "max_model_len": number}]}
    _, outcome, _ = asked(session, lambda body, before: Reply(json.dumps({"choices": [choice]}).encode()), models)
    assert isinstance(outcome, Answered)


def test_a_server_that_is_down_is_named_and_one_that_comes_back_answers(session: Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    *_, outcome = ask("how many datasets", session, open_backend(f"vllm:http://127.0.0.1:{port}"))
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.exit_code) == ("draft", 3)
    assert "refused" in outcome.message
    assert f"127.0.0.1:{port}" in outcome.message
    _, outcome, _ = asked(session, lambda body, before: Reply(b"", 503) if before < 2 else said(COUNT, probability=0.9))
    assert isinstance(outcome, Answered)


def test_the_key_is_sent_and_shown_nowhere(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk-secret\n", encoding="utf-8")
    with serving(lambda body, before: said(COUNT, probability=0.9)) as served:
        where = address(served.url, {"STEWARD_VLLM_KEY_FILE": str(file)})
        assert "sk-secret" not in repr(where)
        *_, outcome = ask("how many", session, VllmBackend(Server(where)))
        assert all(headers["Authorization"] == "Bearer sk-secret" for headers in served.headers)
        assert "sk-secret" not in json.dumps(served.bodies)
    assert isinstance(outcome, Answered)


@pytest.mark.parametrize(
    ("argument", "environment", "url", "model"),
    [
        ("", {}, "http://127.0.0.1:8000/v1", ""),
        ("", {"STEWARD_VLLM_URL": "http://gpu:9/", "STEWARD_VLLM_MODEL": "m"}, "http://gpu:9/v1", "m"),
        ("https://host/openai/v1/", {"STEWARD_VLLM_URL": "http://gpu:9/"}, "https://host/openai/v1", ""),
        ("qwen", {"STEWARD_VLLM_MODEL": "m"}, "http://127.0.0.1:8000/v1", "qwen"),
    ],
)
def test_where_the_server_is_said_to_be(argument: str, environment: dict[str, str], url: str, model: str) -> None:
    where = address(argument, environment)
    assert (where.url, where.model) == (url, model)


@pytest.mark.parametrize(
    ("environment", "said_"),
    [
        ({"STEWARD_VLLM_URL": "file:///etc/passwd"}, "no http"),
        ({"STEWARD_VLLM_URL": "http://"}, "no http"),
        ({"STEWARD_VLLM_URL": "http://h:x/"}, "cannot be read"),
        ({"STEWARD_VLLM_URL": "http://me:pw@h/"}, "neither password nor query"),
        ({"STEWARD_VLLM_URL": "http://h/?key=1"}, "neither password nor query"),
        ({"STEWARD_VLLM_TIMEOUT": "soon"}, "not 1 to 3600"),
        ({"STEWARD_VLLM_TIMEOUT": "nan"}, "not 1 to 3600"),
        ({"STEWARD_VLLM_KEY": "a\nb"}, "not one line"),
        ({"STEWARD_VLLM_KEY_FILE": "/nowhere/key"}, "cannot be read"),
    ],
)
def test_settings_that_cannot_be_meant(environment: dict[str, str], said_: str) -> None:
    with pytest.raises(UsageError, match=said_):
        address("", environment)


def test_another_backend_answers_only_where_it_is_told_to(session: Session, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"q": [{"sql": COUNT}]}), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    notes: list[str] = []
    *_, outcome = ask("q", session, FallbackBackend(f"vllm:http://127.0.0.1:{port}", f"scripted:{script}", notes.append))
    assert isinstance(outcome, Answered)
    assert "refused" in notes[0]
    with serving(lambda body, before: said(OTHER, probability=0.9)) as served:
        *_, outcome = ask("q", session, FallbackBackend(f"vllm:{served.url}", f"scripted:{script}", notes.append))
    assert isinstance(outcome, Answered)
    assert "nodes" in outcome.sql
    assert len(notes) == 1


def test_a_grant_that_ends_stops_the_vote_too(home: Path) -> None:
    """Candidates run like answers do: a token that has ended runs none."""
    state = State(home)
    with pinned(home) as generation:
        opened = open_session(home, generation, state.issue_token("ada", 1))

        def manner(body: dict[str, Any], before: int) -> Reply:
            state.revoke_tokens("ada")
            return said(*([COUNT] if not before else [OTHER, COUNT, OTHER, COUNT]))

        with serving(manner) as served:
            *_, outcome = ask("how many", opened, backend(served))
        opened.close()
    assert isinstance(outcome, Denied)
    assert outcome.decision.rules == ("token",)


def test_the_error_of_a_server_is_one_of_steward() -> None:
    with pytest.raises(BackendUnavailable), serving(lambda body, before: said(""), Reply(b"", 500)) as served:
        _ = backend(served).server.model


def test_an_eval_run_is_of_one_served_model(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for root in ("one", "one", "other"):
        with serving(lambda body, before: said(""), {"data": [{"id": "tiny", "root": root}]}) as served:
            monkeypatch.setenv("STEWARD_VLLM_URL", served.url)
            found.append(fingerprint("vllm"))
    assert found[0] == found[1] != found[2]
