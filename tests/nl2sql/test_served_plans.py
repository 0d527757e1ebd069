"""A served model that writes plans drafts as the embedded one does, and what it writes is read by the plan's grammar alone."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.storage.generations import pinned
from eval.record import Manifest
from eval.run import backend_of
from nl2sql.backends import open_backend
from nl2sql.pipeline import ask
from nl2sql.session import open_session
from nl2sql.turn import Answered, AskedBack, Failed, Outcome, Refused
from tests.nl2sql.model_server import Manner, Served, complaint, said, serving

pytestmark = pytest.mark.usefixtures("own_machine")
QUESTION = "who owns C4"
RIGHT = "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.owner"


def outcome(home: Path, manner: Manner) -> tuple[Outcome, Served]:
    with serving(manner) as served, pinned(home) as generation, closing(open_session(home, generation, None)) as session:
        *_, last = ask(QUESTION, session, open_backend(f"vllm-plan:{served.url}"))
    assert isinstance(last, Outcome)
    return last, served


def test_a_plan_is_answered_and_only_the_question_without_its_values_is_sent(demo_home: Path) -> None:
    found, served = outcome(demo_home, lambda body, before: said(f" {RIGHT}", probability=0.98))
    assert isinstance(found, Answered)
    assert "owner" in found.sql
    assert served.paths == ["/v1/completions"]
    assert served.bodies[0]["prompt"] == "who owns dataset1"
    assert "C4" not in str(served.bodies)


@pytest.mark.parametrize(
    "written",
    ["SELECT name FROM datasets", "FROM datasets WHERE datasets.name EQ @dataset2 SELECT datasets.owner", "FROM secrets SELECT secrets.all", "", "FROM datasets SELECT " * 500],
    ids=["sql", "a value that the question has not", "no view", "nothing", "no end"],
)
def test_what_is_no_plan_of_the_question_is_no_answer(demo_home: Path, written: str) -> None:
    assert isinstance(outcome(demo_home, lambda body, before: said(written))[0], Refused)


def test_an_unsure_model_is_asked_for_more_readings(demo_home: Path) -> None:
    def manner(body: dict[str, Any], before: int) -> Any:
        return said(RIGHT, probability=0.2) if body["temperature"] == 0 else said(*["REFUSE", RIGHT.replace("owner", "version")][: body["n"]], probability=0.1)

    found, served = outcome(demo_home, manner)
    assert [body.get("n", 1) for body in served.bodies] == [1, 6]
    assert isinstance(found, AskedBack | Answered)


def test_an_eval_may_have_it_answer_whatever_its_confidence(demo_home: Path) -> None:
    with serving(lambda body, before: said(*[RIGHT] * body.get("n", 1), probability=0.05)) as served:
        backend = backend_of(Manifest(backend=f"vllm-plan:{served.url}", suite_names=("governance",), always_answer=True))
        with pinned(demo_home) as generation, closing(open_session(demo_home, generation, None)) as session:
            *_, last = ask(QUESTION, session, backend)
    assert isinstance(last, Answered)


def test_a_server_that_does_not_take_the_question_is_named(demo_home: Path) -> None:
    found, _ = outcome(demo_home, lambda body, before: complaint("no such thing"))
    assert isinstance(found, Failed)
    assert (found.stage, found.exit_code) == ("draft", 3)
    assert "no such thing" in found.message
