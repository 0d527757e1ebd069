"""``steward chat``: its options; the app and Textual are loaded only once it starts."""

import sys
from pathlib import Path

import click


@click.command()
@click.option("--backend", default="embedded", envvar="STEWARD_BACKEND", help="Drafts: embedded, vllm[:MODEL or URL], transformers:MODEL, scripted:FILE.  [env: STEWARD_BACKEND; default: embedded]")
@click.option("--token", envvar="STEWARD_TOKEN", help="Proves who asks; none is anonymous.  [env: STEWARD_TOKEN]")
@click.option("--purpose", default="", metavar="PURPOSE", help="What you ask for, one of your own; some rules allow more for it.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=5000, show_default=True, help="Most rows of an answer.")
@click.option("--timeout", type=click.FloatRange(0.1, 3600), default=30.0, show_default=True, help="Seconds a query may run.")
@click.option("--demo", is_flag=True, help="Over a demo catalog of its own, which is gone afterwards.")
@click.option("--tour", is_flag=True, help="Begin with the tour, as the first time.")
@click.pass_context
def chat(ctx: click.Context, /, backend: str, token: str | None, purpose: str, limit: int, timeout: float, demo: bool, tour: bool) -> None:
    """Ask, read, browse and follow lineage in the terminal. F1 shows the keys.

    \b
    steward chat
    steward chat --demo
    STEWARD_TOKEN=… steward chat --backend vllm
    """  # noqa: D301  click reads the backspace
    if sys.stdin is None or sys.stdout is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("steward chat needs a terminal. In a pipe, use: steward ask QUESTION.")
    from catalog.storage.generations import default_home

    if not demo:
        _run(ctx.obj or default_home(), backend, token, purpose, limit, timeout, tour)
        return
    from tempfile import TemporaryDirectory

    from catalog.demo.build import build

    with TemporaryDirectory(prefix="steward-demo-") as folder:
        click.echo("Building the demo catalog…", err=True)
        build(Path(folder))
        _run(Path(folder), backend, token, purpose, limit, timeout, True)


def _run(home: Path, backend: str, token: str | None, purpose: str, limit: int, timeout: float, tour: bool) -> None:
    from platformdirs import user_config_path, user_state_path

    from catalog.engine.engine import Limits
    from nl2sql.backends import DeferredBackend
    from tui.chat.app import Chat
    from tui.chat.collector import rest
    from tui.chat.desk import Desk
    from tui.chat.keymap import read_keys
    from tui.chat.tour import is_first_run

    keys = read_keys(user_config_path("steward") / "keys.toml")
    desk = Desk(home, DeferredBackend(backend), Limits(rows=limit, deadline_s=timeout), purpose)
    desk.open(token)
    rest()
    try:
        Chat(desk, tour=is_first_run(user_state_path("steward") / "chat-toured") or tour, keys=keys).run()
    finally:
        desk.close()
