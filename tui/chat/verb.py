"""``steward chat``: its options; the app and Textual are loaded only once it starts."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from tui.options import token_option
from tui.settings import BACKENDS, THEMES


@click.command()
@click.option("--backend", default="embedded", envvar="STEWARD_BACKEND", help=f"Drafts: {BACKENDS}.  [env: STEWARD_BACKEND; default: embedded]")
@token_option
@click.option("--purpose", default="", metavar="PURPOSE", help="What you ask for, one of your own; some rules allow more for it.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=5000, show_default=True, help="Most rows of an answer.")
@click.option("--timeout", type=click.FloatRange(0.1, 3600), default=30.0, show_default=True, help="Seconds a query may run.")
@click.option("--demo", is_flag=True, help="Over a demo catalog of its own, which is gone afterwards.")
@click.option("--tour", is_flag=True, help="Begin with the tour, as the first time.")
@click.option("--theme", type=click.Choice(THEMES), envvar="STEWARD_THEME", help="Colours.  [env: STEWARD_THEME; default: those chosen last]")
@click.option("--inline", is_flag=True, help="Below the prompt, in 22 lines, not on the whole screen.")
@click.pass_context
def chat(ctx: click.Context, /, demo: bool, **options: Any) -> None:
    """Ask, read, browse and follow lineage in the terminal. F1 shows the keys, / the commands.

    \b
    steward chat
    steward chat --demo
    steward chat --inline --theme light
    STEWARD_TOKEN=… steward chat --backend vllm
    """  # noqa: D301  click reads the backspace
    if sys.stdin is None or sys.stdout is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("steward chat needs a terminal. In a pipe, use: steward ask QUESTION.")
    if os.environ.get("TERM") == "dumb":
        raise click.UsageError("This terminal cannot be drawn on (TERM is dumb). Use: steward ask QUESTION.")
    from tui.chat.ending import unwind

    unwind()
    for name in ("COLUMNS", "LINES"):  # what a parent's line editor saw once; the window itself is asked, again and again
        os.environ.pop(name, None)
    from catalog.storage.generations import default_home

    if not demo:
        ctx.exit(_run(ctx.obj or default_home(), **options))
    from tempfile import TemporaryDirectory

    from catalog.demo.build import build

    with TemporaryDirectory(prefix="steward-demo-") as folder:
        click.echo("Building the demo catalog…", err=True)
        build(Path(folder))
        code = _run(Path(folder), **{**options, "tour": True})
    ctx.exit(code)


def _run(home: Path, *, backend: str, token: str | None, purpose: str, limit: int, timeout: float, tour: bool, theme: str | None, inline: bool) -> int:
    """Open the app and wait for its end; the exit code of the process."""
    from catalog.errors import CatalogUnavailable
    from catalog.storage.generations import current

    try:
        current(home)  # before anything is loaded that takes long
    except CatalogUnavailable as missing:
        if missing.hint == CatalogUnavailable.hint:
            missing.hint = f"{missing.hint} To look around first: steward chat --demo"
        raise
    from platformdirs import user_config_path, user_state_path

    from catalog.engine.engine import Limits
    from nl2sql.backends import DeferredBackend
    from tui.chat.app import Chat
    from tui.chat.collector import rest
    from tui.chat.desk import Desk
    from tui.chat.keymap import read_keys
    from tui.chat.themes import remember, remembered
    from tui.chat.tour import is_first_run

    keys, kept = read_keys(user_config_path("steward") / "keys.toml"), user_state_path("steward")
    desk = Desk(home, DeferredBackend(backend), Limits(rows=limit, deadline_s=timeout), purpose)
    desk.open(token)
    rest()
    try:
        look = theme or remembered(kept / "chat-theme")
        app = Chat(desk, tour=is_first_run(kept / "chat-toured") or tour, keys=keys, look=look, chose=lambda name: remember(kept / "chat-theme", name))
        if (encoding := sys.stdout.encoding.lower()) not in ("utf-8", "utf8"):
            app.notices.append(f"The encoding here is {encoding}, and most signs show as “?”. Start it with LANG=C.UTF-8 if your terminal knows UTF-8.")
        app.run(inline=inline)
        return app.return_code or 0
    finally:
        desk.close()
