"""``steward serve-model`` with a stand-in for vLLM, and ``steward doctor``: what is missing is named, and a server that dies is seen."""

import json
import os
import random
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import urllib3

from catalog.errors import GovernanceError
from nl2sql import serving
from nl2sql.backends import BACKENDS
from nl2sql.serving import Child, Serve, check, warm_up
from tests.nl2sql.model_server import complaint, said
from tests.nl2sql.model_server import serving as model_serving

CONNECT = socket.socket.connect
STAND_IN = f"""#!{sys.executable}
import http.server, os, sys, time
if sys.argv[1] == "-c":
    sys.exit(int(os.environ.get("STAND_IN_LACKS", "0")))
say = os.environ.get("STAND_IN_SAYS", "")
print("Loading weights", sys.argv[1:], flush=True)
if say:
    print(say, flush=True)
    sys.exit(1)
time.sleep(0.3)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if self.path == "/die":
            os._exit(7)
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""


@pytest.fixture(autouse=True)
def own_machine(hermetic: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(self: socket.socket, to: Any) -> None:
        assert self.family == socket.AF_UNIX or to[0] == "127.0.0.1", to
        CONNECT(self, to)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(serving, "gpu_memory", lambda: [8_000_000_000])
    for name in [name for name in os.environ if name.startswith("STEWARD_VLLM")]:
        monkeypatch.delenv(name)


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    python = tmp_path / "python"
    python.write_text(STAND_IN, encoding="utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}", encoding="utf-8")
    (model / "model.safetensors").write_bytes(b"0" * 100)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return Serve(model=str(model), port=port, python=str(python))


def changed(serve: Serve, **fields: Any) -> Serve:
    return replace(serve, **fields)


def test_a_server_is_waited_for_and_ends_with_its_context(serve: Serve, tmp_path: Path) -> None:
    check(serve)
    with Child(serve, tmp_path / "logs" / "vllm.log") as child:
        child.wait_ready(30, lambda line: None)
        assert "Loading weights" in child.last_line()
    assert child.process.poll() is not None
    with pytest.raises(ProcessLookupError):
        os.killpg(child.process.pid, 0)


def test_the_first_words_are_as_questions_ask_for_them_with_a_grammar_or_without() -> None:
    with model_serving(lambda body, before: said("DATA")) as served:
        warm_up(served.url, 30)
    assert [("structured_outputs" in body, body["logprobs"]) for body in served.bodies] == [(True, 1)]
    with model_serving(lambda body, before: complaint("rejected", 500) if "structured_outputs" in body else said(" FROM")) as served:
        warm_up(served.url, 30)
    assert [("structured_outputs" in body, body["logprobs"]) for body in served.bodies] == [(True, 1), (False, 1)]


@pytest.mark.parametrize(
    ("said_", "what"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "memory"),
        ("ValueError: No available memory for the cache blocks.", "memory"),
        ("RuntimeError: Failed to infer device type", "no GPU"),
        ("OSError: x is not a local folder and is not a valid model identifier", "weights"),
        ("api_server.py: error: unrecognized arguments: --nope", "argument"),
        ("ModuleNotFoundError: No module named 'vllm._C'", "no vLLM"),
        ("OSError: [Errno 98] Address already in use", "port is taken"),
        ("something else", "ended with status 1"),
    ],
)
def test_why_a_server_did_not_start_is_said(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said_: str, what: str) -> None:
    monkeypatch.setenv("STAND_IN_SAYS", said_)
    with Child(serve, tmp_path / "log") as child, pytest.raises(GovernanceError) as failed:
        child.wait_ready(30, lambda line: None)
    assert what in failed.value.what
    assert str(tmp_path / "log") in failed.value.hint


def test_what_is_missing_is_named_before_a_start(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        cases = [
            (changed(serve, model=str(empty)), "holds no model"),
            (changed(serve, model="./nowhere"), "no folder ./nowhere"),
            (changed(serve, lora=adapter), "holds no LoRA adapter"),
            (changed(serve, port=taken.getsockname()[1]), "is taken"),
            (changed(serve, python="/nowhere/python"), "has no vLLM"),
        ]
        for wrong, what in cases:
            with pytest.raises(GovernanceError, match=what):
                check(wrong)
    monkeypatch.setattr(serving, "gpu_memory", lambda: [50])
    with pytest.raises(GovernanceError, match="of GPU memory are free"):
        check(serve)
    monkeypatch.setattr(serving, "gpu_memory", lambda: None)
    with pytest.raises(GovernanceError, match="No GPU is found"):
        check(serve)
    check(changed(serve, cpu=True))
    monkeypatch.setenv("STAND_IN_LACKS", "1")
    with pytest.raises(GovernanceError, match="has no vLLM"):
        check(serve)


def test_an_adapter_is_served_under_its_name(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"r": 24}', encoding="utf-8")
    command = changed(serve, lora=tmp_path, arguments=("--max-model-len", "4096")).command()
    assert command[-6:] == ["--lora-modules", f"steward={tmp_path}", "--max-lora-rank", "32", "--max-model-len", "4096"]


def left_of(path: Path) -> list[str]:
    """Command lines of living processes that name the path, once none is left or two minutes are over."""
    for _ in range(1200):
        running = subprocess.run(["ps", "-Awwo", "args="], capture_output=True, text=True, check=True).stdout.splitlines()
        if not (found := [line for line in running if str(path) in line]):
            break
        time.sleep(0.1)
    return found


INTERRUPTED = """
import random, signal, sys
from pathlib import Path
from nl2sql.serving import Child, Serve
python, model, log = sys.argv[1:]
random.seed(5)
signal.signal(signal.SIGALRM, signal.default_int_handler)
for _ in range(25):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.expovariate(1 / 0.004) + 1e-6)
        with Child(Serve(model=model, python=python, cpu=True), Path(log)):
            signal.pause()
    except KeyboardInterrupt:
        pass
"""


def test_a_start_that_is_interrupted_at_any_moment_leaves_no_server(serve: Serve, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", INTERRUPTED, serve.python, serve.model, str(tmp_path / "log")], cwd=Path(__file__).parents[2], check=True, timeout=280)
    assert not left_of(tmp_path)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_server_outlives_its_keeper(serve: Serve, tmp_path: Path, sign: signal.Signals) -> None:
    """Also one that is killed outright, at moments from before the start to after it, the last when there is a server."""
    command = [sys.executable, "-m", "tui.main", "serve-model", serve.model, "--cpu", "--python", serve.python, "--port", str(serve.port), "--log", str(tmp_path / "log")]
    moments = random.Random(sign)
    for last in (False, False, True):
        (tmp_path / "log").write_bytes(b"")
        heard = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)  # under nohup these tests ignore SIGHUP, and so would it
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2], preexec_fn=heard)
        try:
            while last and not (tmp_path / "log").read_bytes():
                time.sleep(0.01)
            time.sleep(moments.uniform(0.1, 1.2))
            process.send_signal(sign)
            process.wait(240)
        finally:
            process.kill()
        assert not left_of(tmp_path)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_dies_is_started_again_until_stopped(serve: Serve, tmp_path: Path, sign: signal.Signals) -> None:
    told = tmp_path / "said"

    def until(line: str) -> None:
        for _ in range(2400):
            if line in told.read_text(encoding="utf-8"):
                return
            time.sleep(0.1)
        raise AssertionError(told.read_text(encoding="utf-8"))

    log = tmp_path / "vllm.log"
    command = [sys.executable, "-m", "tui.main", "serve-model", serve.model, "--cpu", "--python", serve.python, "--port", str(serve.port), "--log", str(log)]
    with told.open("wb") as out:
        process = subprocess.Popen(command, stderr=out, stdout=out, cwd=Path(__file__).parents[2])
        try:
            until("Ready at")
            urllib3.request("GET", f"http://127.0.0.1:{serve.port}/die", retries=False)
            until("Starting it again")
            process.send_signal(sign)
            assert process.wait(240) == 130
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", serve.port))
        finally:
            process.kill()
    assert "status 7" in told.read_text(encoding="utf-8")


def test_the_doctor_says_which_model_drafts_and_why(steward: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = steward("doctor", "--json")
    assert (ran.code, ran.json["backend"], ran.json["ok"], ran.json["why"]) == (0, "embedded", True, "it is the default")
    assert {finding["name"] for finding in ran.json["findings"]} == {"versions", "catalog", "settings", "embedded", "vllm", "transformers", "gpu"}
    versions = ran.json["findings"][0]
    assert versions["ok"] and re.match(r"steward \d.*, duckdb \d.*, onnxruntime \d.*, textual \d.*, Python 3", versions["note"])
    with model_serving(lambda body, before: said("REFUSE")) as served:
        for kind in ("vllm", "vllm-plan"):
            ran = steward("doctor", "--backend", f"{kind}:{served.url}")
            assert ran.code == 0
            assert "ok  vllm          tiny, 8,192 tokens" in ran.out.decode()
    assert steward("doctor", "--backend", f"vllm-plan:{served.url}").code == 3
    monkeypatch.setenv("STEWARD_BACKEND", f"vllm:{served.url}")
    ran = steward("doctor")
    assert ran.code == 3
    assert "STEWARD_BACKEND says so, but it cannot: The model server" in ran.out.decode()
    assert steward("doctor", "--backend", "no-such").code == 3


@pytest.mark.parametrize("verb", [("ask",), ("chat",), ("doctor",), ("eval", "run")], ids=" ".join)
def test_help_names_every_backend(verb: tuple[str, ...], steward: Any) -> None:
    said = re.sub(r"\s", "", steward(*verb, "--help").out.decode())
    assert all(name.partition(":")[0] in said for name in BACKENDS)


def test_a_question_falls_back_only_when_told_to(steward: Any, backend: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        down = f"vllm:http://127.0.0.1:{taken.getsockname()[1]}"
    ran = steward("ask", "--json", "--backend", down, "how many")
    assert (ran.code, ran.json["status"]) == (3, "failed")
    ran = steward("ask", "--json", "--backend", down, "--fallback", backend.removeprefix("--backend="), "how many")
    assert (ran.code, ran.json["status"]) == (0, "answered")
    assert "cannot be reached" in ran.err
    assert json.dumps(ran.json).count("cannot be reached") == 0
