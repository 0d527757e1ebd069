"""A real vLLM server on the CPU: started by Steward, held to the grammar, asked a question. Needs .venv-vllm: make test-vllm."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.generations import pinned
from nl2sql.backends.server import Address, Server
from nl2sql.backends.vllm import VllmBackend
from nl2sql.grammar import grammar_of
from nl2sql.pipeline import ask
from nl2sql.serving import Child, Serve, check
from nl2sql.session import Session, open_session
from nl2sql.turn import Outcome
from tests.nl2sql.gbnf import Gbnf

pytestmark = [pytest.mark.served, pytest.mark.timeout(900)]
CONNECT = socket.socket.connect
LONGEST = 12_000
EAGER = ("--enforce-eager",)  # compiling takes minutes on a busy machine


@pytest.fixture(autouse=True)
def own_machine(hermetic: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", CONNECT)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    python = os.environ["STEWARD_TEST_VLLM"]
    folder = tmp_path_factory.mktemp("vllm")
    subprocess.run([python, Path(__file__).with_name("tiny.py"), folder / "tiny"], check=True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    os.environ["HF_HUB_OFFLINE"] = "1"
    serve = Serve(model=str(folder / "tiny"), port=port, python=python, cpu=True, arguments=(*EAGER, "--max-model-len", str(LONGEST), "--served-model-name", "tiny"))
    check(serve)
    with Child(serve, folder / "vllm.log") as child:
        child.wait_ready(600, print)
        yield serve.url


@pytest.fixture(scope="module")
def session(demo_home: Path) -> Iterator[Session]:
    with pinned(demo_home) as generation, closing(open_session(demo_home, generation, None)) as opened:
        yield opened


def server(url: str) -> Server:
    return Server(Address(url=url, total_s=300))


def test_it_says_what_it_serves(url: str) -> None:
    model = server(url).model
    assert (model.name, model.longest) == ("tiny", LONGEST)


def test_random_weights_write_the_grammar(url: str, session: Session) -> None:
    """Nothing is known by such a model, so whatever it writes is the grammar's doing."""
    text = grammar_of(session.schema)
    grammar = Gbnf(text)
    options: dict[str, Any] = {"structured_outputs": {"grammar": text}, "max_tokens": 400, "n": 4, "temperature": 1.0, "seed": 3}
    samples = server(url).chat([{"role": "user", "content": "How many?"}], **options)
    assert len(samples) == 4
    for sample in samples:
        assert sample.text.startswith(("SELECT", "REFUSE", "DATA", "CHANGE", "WHICH ?", "ASK "))
        assert len(sample.text) >= 380 or grammar.accepts(sample.text), sample.text


def test_a_question_ends_in_an_outcome(url: str, session: Session) -> None:
    *_, outcome = ask("how many datasets are there", session, VllmBackend(server(url)))
    assert isinstance(outcome, Outcome)
    assert outcome.stage != "draft" or outcome.status != "failed" or "neither SQL" in outcome.message
