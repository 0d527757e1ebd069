"""Real vLLM on the CPU: a server started by ``steward serve-model``, held to the grammar, asked, evaluated and killed; and in process, for evals.

Needs .venv-vllm: make test-vllm.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from catalog.storage.generations import pinned
from eval import store
from eval.record import Record
from nl2sql.backends.server import Address, Server
from nl2sql.errors import Stopped
from nl2sql.grammar import grammar_of
from nl2sql.session import Session, open_session
from nl2sql.stop import Stop
from tests.nl2sql.gbnf import Gbnf

pytestmark = [pytest.mark.served, pytest.mark.timeout(1500)]
CONNECT = socket.socket.connect
ROOT = Path(__file__).parents[2]
STEWARD = (sys.executable, "-m", "tui.main")
LONGEST = 12_000
SMALL = ("--enforce-eager", "--max-num-seqs", "4", "--max-model-len", str(LONGEST), "--served-model-name", "tiny")
"""For vLLM. Compiling the model takes minutes on a busy machine."""
PATIENCE_S = 1200
QUESTIONS = ("how many datasets are there", "which datasets contain personal data?")
TIMES = ("stages_ms", "total_ms")
STARTS = ("SELECT", "REFUSE", "DATA", "CHANGE", "WHICH ?", "ASK ")


@dataclass(frozen=True)
class Keeper:
    """A running ``steward serve-model``: its address, what it says, the server's own log."""

    process: subprocess.Popen[bytes]
    url: str
    said: Path
    log: Path

    def until(self, line: str, times: int = 1) -> None:
        """Return once it has said that so many times."""
        until = time.monotonic() + PATIENCE_S
        while self.said.read_text(encoding="utf-8").count(line) < times:
            assert self.process.poll() is None and time.monotonic() < until, self.said.read_text(encoding="utf-8") + self.log.read_text(encoding="utf-8")[-5000:]
            time.sleep(0.2)


@pytest.fixture(autouse=True)
def own_machine(hermetic: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", CONNECT)


def python() -> str:
    """The Python that has vLLM."""
    return os.environ["STEWARD_TEST_VLLM"]


def processes() -> list[tuple[int, int, str]]:
    """Number, group and command line of everything that lives and is not merely waiting to be counted. vLLM's children go by other names than it."""
    listed = subprocess.run(["ps", "-Awwo", "pid=,pgid=,args="], capture_output=True, text=True, check=True).stdout
    return [(int(pid), int(group), line) for pid, group, line in (entry.split(None, 2) for entry in listed.splitlines()) if "<defunct>" not in line]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of random weights."""
    folder = tmp_path_factory.mktemp("vllm") / "tiny"
    subprocess.run([python(), Path(__file__).with_name("tiny.py"), folder], check=True)
    return folder


@pytest.fixture(scope="module")
def keeper(tiny: Path) -> Iterator[Keeper]:
    folder = tiny.parent
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said, log = folder / "said", folder / "vllm.log"
    options = ["--cpu", "--python", python(), "--port", str(port), "--log", str(log), "--wait", str(PATIENCE_S)]
    with said.open("wb") as out:
        process = subprocess.Popen(
            [*STEWARD, "serve-model", str(tiny), *options, *SMALL], cwd=ROOT, stdout=out, stderr=out, env=os.environ | {"HF_HUB_OFFLINE": "1"}
        )
    running = Keeper(process, f"http://127.0.0.1:{port}/v1", said, log)
    try:
        running.until("Ready at")
        yield running
        groups = {group for _, group, line in processes() if str(folder) in line and "leash" in line}
        assert len(groups) == 1
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert not [line for _, group, line in processes() if group in groups]


@pytest.fixture(scope="module")
def session(demo_home: Path) -> Iterator[Session]:
    with pinned(demo_home) as generation, closing(open_session(demo_home, generation, None)) as opened:
        yield opened


def started(keeper: Keeper, home: Path, *arguments: str, seconds: int = 600) -> subprocess.Popen[bytes]:
    """A ``steward`` of its own process, with that server for its model."""
    environment = os.environ | {"STEWARD_VLLM_URL": keeper.url, "STEWARD_VLLM_TIMEOUT": str(seconds), "STEWARD_CATALOG": str(home)}
    return subprocess.Popen([*STEWARD, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def is_drafting(url: str) -> bool:
    """Whether the server is writing for somebody."""
    told = urllib3.request("GET", f"{url.removesuffix('/v1')}/metrics").data.decode("utf-8")
    return any(float(number) > 0 for number in re.findall(r"^vllm:num_requests_running\S* (\S+)$", told, re.MULTILINE))


def written(url: str) -> float:
    """How many tokens the server has written in all."""
    told = urllib3.request("GET", f"{url.removesuffix('/v1')}/metrics").data.decode("utf-8")
    return sum(float(number) for number in re.findall(r"^vllm:generation_tokens_total\S* (\S+)$", told, re.MULTILINE))


def test_whoever_stops_reading_ends_the_writing(keeper: Keeper) -> None:
    """A text of thousands of tokens is streamed, and stopped at its first piece."""
    server, stop, before, told = Server(Address(url=keeper.url, total_s=600)), Stop(), written(keeper.url), list[str]()

    def tell(text: str) -> None:
        told.append(text)
        stop.set()

    server.begin(stop)
    with pytest.raises(Stopped):
        server.chat([{"role": "user", "content": "How many?"}], tell, max_tokens=4000, ignore_eos=True, temperature=1.0)
    assert told
    count = -1.0
    while count != (count := written(keeper.url)):
        time.sleep(3)
    assert count - before < 2000


def test_random_weights_write_the_grammar(keeper: Keeper, session: Session) -> None:
    """Nothing is known by such a model, so whatever it writes is the grammar's doing."""
    server = Server(Address(url=keeper.url, total_s=600))
    assert (server.model.name, server.model.longest) == ("tiny", LONGEST)
    text = grammar_of(session.schema)
    grammar = Gbnf(text)
    options: dict[str, Any] = {"structured_outputs": {"grammar": text}, "max_tokens": 200, "n": 4, "temperature": 1.0, "seed": 3}
    samples = server.chat([{"role": "user", "content": "How many?"}], **options)
    assert len(samples) == 4
    for sample in samples:
        assert sample.text.startswith(STARTS)
        assert len(sample.text) >= 190 or grammar.accepts(sample.text), sample.text


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cases = [{"id": f"q{at}", "question": question, "outcome": "answer", "gold": ["SELECT count(*) FROM datasets"]} for at, question in enumerate(QUESTIONS)]
    file = tmp_path_factory.mktemp("suite") / "small.jsonl"
    file.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def served(keeper: Keeper, suite: Path) -> list[Record]:
    """What a run through the server records."""
    folder = suite.with_name("served")
    process = started(keeper, suite.parent, "eval", "run", str(suite), "--backend", "vllm", "--instances", "0", "--out", str(folder))
    out, err = process.communicate()
    assert process.returncode == 0, (out, err)
    return store.read(folder)[1]


def test_a_question_ends_in_an_outcome(keeper: Keeper, demo_home: Path) -> None:
    process = started(keeper, demo_home, "ask", "--json", "--backend", "vllm", QUESTIONS[1])
    out, err = process.communicate()
    outcome = json.loads(out)
    assert outcome["status"] in ("answered", "asked_back", "refused", "denied", "failed"), err
    assert outcome["stage"] != "draft" or process.returncode in (0, 5, 6), outcome
    assert "neither SQL nor a reply" not in outcome["message"]


def test_a_suite_is_run_through_it(served: list[Record]) -> None:
    assert [record.id for record in served] == ["q0", "q1"]
    assert all(record.got != "infra" for record in served), served


def test_the_engine_in_process_drafts_in_batches_what_the_server_drafts_one_by_one(tiny: Path, suite: Path, served: list[Record]) -> None:
    folder = suite.with_name("in-process")
    options = json.dumps({"enforce_eager": True, "max_model_len": LONGEST, "max_num_seqs": 16})
    command = [python(), "-m", "tui.main", "eval", "run", str(suite), "--backend", f"vllm-engine:{tiny}", "--instances", "0", "--out", str(folder)]
    ran = subprocess.run(command, cwd=ROOT, env=os.environ | {"STEWARD_VLLM_ENGINE": options, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-5000:]
    assert "WARNING" not in ran.stdout
    found = store.read(folder)[1]
    assert [record.model_dump(exclude=set(TIMES)) for record in found] == [record.model_dump(exclude=set(TIMES)) for record in served]


def test_a_server_killed_in_the_middle_of_a_question_is_named_and_comes_back(keeper: Keeper, demo_home: Path) -> None:
    process = started(keeper, demo_home, "ask", "--json", "--backend", "vllm", QUESTIONS[0], seconds=60)
    started_at = time.monotonic()
    while not is_drafting(keeper.url) and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None, "the question ended before the server was killed"
    [server] = [pid for pid, _, line in processes() if "api_server" in line and "leash" not in line and str(keeper.log.parent) in line]
    os.kill(server, signal.SIGKILL)
    out, _ = process.communicate()
    outcome = json.loads(out)
    assert (process.returncode, outcome["status"], outcome["stage"]) == (3, "failed", "draft")
    assert "cannot be reached" in outcome["message"] or "not answered within" in outcome["message"]
    assert time.monotonic() - started_at < 120
    keeper.until("Starting it again")
    keeper.until("Ready at", 2)
    process = started(keeper, demo_home, "ask", "--json", "--backend", "vllm", QUESTIONS[0])
    assert json.loads(process.communicate()[0])["message"] != outcome["message"]
