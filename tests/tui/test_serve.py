"""``steward serve-model`` with a stand-in for vLLM, and ``steward doctor``: what is missing is named, and a server that dies is seen."""

import json
import os
import pty
import random
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
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
GPU_MEMORY = serving.gpu_memory
ROOT = Path(__file__).parents[2]
HUGGING_FACE = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "DO_NOT_TRACK")
STAND_IN = f"""#!{sys.executable}
import http.server, os, sys, time
if sys.argv[1] == "-c":
    sys.exit(int(os.environ.get("STAND_IN_LACKS", "0")))
say = os.environ.get("STAND_IN_SAYS", "")
print("Loading weights", sys.argv[1:], {{name: os.environ.get(name) for name in ("HF_HUB_OFFLINE", "DO_NOT_TRACK")}}, flush=True)
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
    for name in [name for name in os.environ if name.startswith("STEWARD_VLLM") or name in HUGGING_FACE]:
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


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``gpus("24100")`` puts an nvidia-smi first on the path, which says that of each GPU's free mebibytes."""

    def put(*free: str, status: int = 0) -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        tool = folder / "nvidia-smi"
        tool.write_bytes(f"#!{sys.executable}\nimport sys\nsys.stdout.buffer.write({chr(10).join([*free, '']).encode('utf-8', 'surrogateescape')!r})\nsys.exit({status})\n".encode())
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setattr(serving, "gpu_memory", GPU_MEMORY)

    return put


def in_cache(tmp_path: Path, model: str, commit: str = "0" * 40) -> Path:
    """A model's snapshot in Hugging Face's cache."""
    entry = tmp_path / "xdg" / "huggingface" / "hub" / f"models--{model.replace('/', '--')}"
    folder = entry / "snapshots" / commit
    folder.mkdir(parents=True)
    (entry / "refs").mkdir()
    (entry / "refs" / "main").write_text(commit, encoding="utf-8")
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"0" * 100)
    return folder


def room(free: int) -> Callable[[Path], SimpleNamespace]:
    """What says that a disk has so many bytes left."""
    return lambda folder: SimpleNamespace(free=free)


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
            (changed(serve, model="./nowhere"), "no model folder ./nowhere"),
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
    served = changed(serve, lora=tmp_path, arguments=("--max-model-len", "4096"))
    assert served.command()[-6:] == ["--lora-modules", f"steward={tmp_path}", "--max-lora-rank", "32", "--max-model-len", "4096"]
    assert served.backend == "vllm:steward"


def test_what_vllm_does_otherwise_and_what_one_says_oneself(serve: Serve) -> None:
    said = " ".join(serve.command())
    assert f"--served-model-name {serve.model} --max-model-len auto --generation-config vllm" in said
    assert "parser" not in said
    own = " ".join(changed(serve, arguments=("--max_model_len=4096", "--served-model-name", "mine")).command())
    assert own.endswith("--generation-config vllm --max_model_len=4096 --served-model-name mine")
    assert "--max-model-len" not in own and own.count("--served-model-name") == 1


@pytest.mark.parametrize(
    ("told", "free"),
    [
        (["24564"], [24564 << 20]),
        (["81559", " 1000 "], [81559 << 20, 1000 << 20]),
        (["0"], [0]),
        ([], None),
        (["[N/A]"], None),
        (["24564 MiB"], None),
        (["24564", "[Insufficient Permissions]"], None),
        (["-5"], None),
        (["1_000"], None),
        (["\u0663\u0663\u0663"], None),
        (["9" * 30], None),
        (["1"] * 65, None),
        (["24564; rm -rf /"], None),
        (["\udcff"], None),
    ],
    ids=repr,
)
def test_what_nvidia_smi_says_is_read_strictly(gpus: Callable[..., None], told: list[str], free: list[int] | None) -> None:
    gpus(*told)
    assert serving.gpu_memory() == free


def test_an_nvidia_smi_that_fails_tells_of_no_gpu(gpus: Callable[..., None]) -> None:
    gpus("24564", status=9)
    assert serving.gpu_memory() is None


@pytest.mark.parametrize(
    ("told", "model", "says"),
    [
        (["5900"], "Qwen/Qwen2.5-Coder-1.5B-Instruct", "6.2 GB are free; it needs 5.8 GB"),
        (["12000"], "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ", "5.6 GB"),
        (["24100"], "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ", "BIRD dev 61.5 %"),
        (["5000", "32100"], "Qwen/Qwen2.5-Coder-32B-Instruct-AWQ", "CUDA_VISIBLE_DEVICES=1"),
        (["81000"], "Qwen/Qwen2.5-Coder-32B-Instruct", "65.5 GB"),
    ],
)
def test_without_a_model_one_is_recommended_and_nothing_is_fetched_unasked(
    gpus: Callable[..., None], serve: Serve, steward: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[str], model: str, says: str
) -> None:
    gpus(*told)
    monkeypatch.setattr("nl2sql.serving.shutil.disk_usage", room(10**12))
    ran = steward("serve-model", "--python", serve.python, "--port", str(serve.port), "--log", str(tmp_path / "log"))
    assert (ran.code, ran.out) == (2, b"")
    assert f"Recommended: {model}," in ran.err and says in ran.err
    assert all(word in ran.err for word in ("licence  Apache-2.0", "arXiv:", "not measured with Steward", f"The weights of {model} are not on this machine", "--yes"))
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize(
    ("told", "arguments", "code", "what"),
    [
        (["3000"], (), 3, "smallest recommended model needs 5.8 GB"),
        (["[N/A]"], (), 3, "No GPU is found"),
        (["24564"], ("--cpu",), 2, "No model is recommended for a processor"),
        (["24564"], ("--lora", "."), 2, "Name MODEL with --lora"),
        (["24564"], ("--max-model-len", "4096"), 2, "Name MODEL before"),
    ],
)
def test_why_no_model_is_recommended(gpus: Callable[..., None], steward: Any, told: list[str], arguments: tuple[str, ...], code: int, what: str) -> None:
    gpus(*told)
    ran = steward("serve-model", *arguments)
    assert (ran.code, ran.out) == (code, b"")
    assert what in ran.err


def test_what_is_not_here_is_not_fetched_where_it_must_not_or_cannot(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # whatever lies beside the checkout
    monkeypatch.setattr(serving, "gpu_memory", lambda: [80_000_000_000])
    named = changed(serve, model="Qwen/Qwen2.5-Coder-32B-Instruct")
    monkeypatch.setattr("nl2sql.serving.shutil.disk_usage", room(60_000_000_000))
    with pytest.raises(GovernanceError, match=r"have 65.5 GB, and 60.0 GB are free"):
        check(named)
    monkeypatch.setattr(serving, "gpu_memory", lambda: [8_000_000_000])
    monkeypatch.setattr("nl2sql.serving.shutil.disk_usage", room(10**12))
    with pytest.raises(GovernanceError, match=r"have 65.5 GB, and 8.0 GB of GPU memory"):
        check(named)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(GovernanceError, match="forbids to fetch"):
        check(changed(serve, model="some/model"))
    for name in ("some/../model", "some/-model", "a/b/c", "s3://bucket", "some/mo--del", "../model"):
        with pytest.raises(GovernanceError, match="There is no model folder"):
            check(changed(serve, model=name))


@contextmanager
def typed(serve: Serve, tmp_path: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """The command on a terminal, with what it says going to a file."""
    ours, its = pty.openpty()
    said = tmp_path / "said"
    command = [sys.executable, "-m", "tui.main", "serve-model", *arguments, "--python", serve.python, "--port", str(serve.port), "--log", str(tmp_path / "log")]
    with said.open("wb") as out:
        process = subprocess.Popen(command, stdin=its, stdout=out, stderr=out, cwd=ROOT)
        os.close(its)
        try:
            yield process, ours, said
        finally:
            process.kill()
            process.wait()
            os.close(ours)


def until(said: Path, line: str) -> str:
    """What was said, once it holds that."""
    for _ in range(2400):
        if line in (text := said.read_text(encoding="utf-8")):
            return text
        time.sleep(0.1)
    raise AssertionError(text)


def test_on_a_terminal_no_means_no(gpus: Callable[..., None], serve: Serve, tmp_path: Path) -> None:
    gpus("24100")
    with typed(serve, tmp_path, "some/model") as (process, ours, said):
        told = until(said, "Fetch them?")
        assert "how big they are is not known here, see https://huggingface.co/some/model" in told
        os.write(ours, b"n\n")
        assert process.wait(120) == 0
        until(said, "Nothing is fetched or started")
    assert not (tmp_path / "log").exists()


def test_yes_fetches_what_is_named(gpus: Callable[..., None], serve: Serve, tmp_path: Path) -> None:
    gpus("8000")
    with typed(serve, tmp_path, "--yes") as (process, _, said):
        until(said, "Ready at")
        process.send_signal(signal.SIGINT)
        assert process.wait(240) == 130
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "'--model', 'Qwen/Qwen2.5-Coder-1.5B-Instruct'" in log
    assert "'HF_HUB_OFFLINE': None, 'DO_NOT_TRACK': '1'" in log


def test_a_model_that_is_here_is_served_without_a_question_or_the_network(gpus: Callable[..., None], serve: Serve, tmp_path: Path) -> None:
    gpus("24100")
    folder = in_cache(tmp_path, "some/model")
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {"<end>": 0, " FROM": 1}}}), encoding="utf-8")
    with typed(serve, tmp_path, "some/model") as (_, _, said):
        told = until(said, "Ready at")
    assert "steward ask --backend vllm-plan " in told
    assert "Fetch" not in told
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "'--served-model-name', 'some/model'" in log
    assert "'HF_HUB_OFFLINE': '1'" in log


def test_weights_of_another_revision_are_not_here(serve: Serve, tmp_path: Path) -> None:
    folder = in_cache(tmp_path, "some/model")
    named = changed(serve, model="some/model")
    assert named.weights == folder
    for arguments in (("--revision", "v2"), ("--revision=v2",)):
        assert changed(named, arguments=arguments).weights is None


def test_the_recommended_model_is_asked_about_even_where_it_is_here(gpus: Callable[..., None], serve: Serve, tmp_path: Path) -> None:
    gpus("24100")
    folder = in_cache(tmp_path, "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ")
    with typed(serve, tmp_path) as (process, ours, said):
        assert str(folder) in until(said, "Serve Qwen/Qwen2.5-Coder-14B-Instruct-AWQ?")
        os.write(ours, b"y\n")
        assert "steward ask --backend vllm " in until(said, "Ready at")
        process.send_signal(signal.SIGINT)
        assert process.wait(240) == 130


def left_of(path: Path) -> list[str]:
    """Command lines of living processes that name the path, once none is left or two minutes are over."""
    for _ in range(1200):
        running = subprocess.run(["ps", "-Awwo", "args="], capture_output=True, text=True, check=True).stdout.splitlines()
        if not (found := [line for line in running if str(path) in line]):
            break
        time.sleep(0.1)
    return found


INTERRUPTED = """
import random, signal, sys, time
from pathlib import Path
from nl2sql.serving import Child, Serve
python, model, log = sys.argv[1:]
random.seed(5)
signal.signal(signal.SIGALRM, signal.default_int_handler)
for _ in range(25):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.expovariate(1 / 0.004) + 1e-6)
        with Child(Serve(model=model, python=python, cpu=True), Path(log)):
            time.sleep(1)  # not pause(), which a signal that comes just before it does not end
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
    assert {finding["name"] for finding in ran.json["findings"]} == {"versions", "catalog", "settings", "embedded", "vllm", "transformers", "gpu", "model"}
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


@pytest.mark.parametrize(
    ("told", "is_here", "ok", "note"),
    [
        (["24100"], False, False, "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ (Apache-2.0) for 14.8 GB of one GPU; 10.0 GB to fetch"),
        (["24100", "8000"], True, True, "its weights are in "),
        (["2000"], False, False, "the smallest needs 5.8 GB of one GPU free"),
        (["[N/A]"], False, False, "none is recommended without a GPU"),
    ],
)
def test_the_doctor_names_the_recommended_model(
    gpus: Callable[..., None], steward: Any, tmp_path: Path, told: list[str], is_here: bool, ok: bool, note: str
) -> None:
    gpus(*told)
    if is_here:
        in_cache(tmp_path, "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ")
    [found] = [finding for finding in steward("doctor", "--json").json["findings"] if finding["name"] == "model"]
    assert found["ok"] is ok
    assert note in found["note"]


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


def test_the_doctor_loads_no_engine_to_tell_what_it_lacks(steward: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran = steward("doctor", "--json", "--backend", f"vllm-engine:{tmp_path}")
    assert (ran.json["ok"], "vLLM is not here" in steward("doctor", "--backend", f"vllm-engine:{tmp_path}").out.decode()) == (False, True)
    (tmp_path / "vllm.py").write_text("raise SystemExit('loaded')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert f"{tmp_path} holds no model" in steward("doctor", "--backend", f"vllm-engine:{tmp_path}").out.decode()
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).touch()
    assert steward("doctor", "--json", "--backend", f"vllm-engine:{tmp_path}").json["ok"] is True
