"""``steward completion``: the script that a shell completes with, by click's own machinery; and which names are offered.

Names come from a list kept in the asker's own folder, so that a keystroke waits for no engine. A list that is missing or no longer true is
made by a process of its own, and offered the next time. Whatever goes wrong, nothing is offered and nothing is said.
"""

import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from catalog.errors import GovernanceError

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_STEWARD_COMPLETE"
MOST = 200
"""Names that are offered at once."""

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes commands, options and the names that you may see in SHELL.

    \b
    steward completion bash > ~/.local/share/bash-completion/completions/steward
    steward completion zsh > ~/.zfunc/_steward       # with ~/.zfunc in fpath
    steward completion fish > ~/.config/fish/completions/steward.fish
    """  # noqa: D301  click reads the backspace
    from click.shell_completion import ShellComplete, get_completion_class

    from tui.main import cli

    kind = get_completion_class(shell)
    assert kind is not None, "click knows these shells"
    click.echo(ShellComplete.source(kind(cli, {}, "steward", VARIABLE)))


def names(*kinds: str) -> Completer:
    """Offers names of these kinds: ``dataset``, ``model``, ``node``, ``view``, ``metric``."""

    def offered(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            return [CompletionItem(name) for name in _found(ctx, kinds, incomplete)]
        except (GovernanceError, OSError, ValueError, sqlite3.Error):
            return []

    return offered


def _found(ctx: click.Context, kinds: tuple[str, ...], incomplete: str) -> list[str]:
    from catalog.storage.generations import default_home
    from tui.completing import kept
    from tui.settings import read_token, resolve

    if incomplete.startswith("-"):
        return []
    settings = resolve()
    catalog = ctx.find_root().params.get("catalog")
    home = catalog or (settings["catalog"].value if settings["catalog"].source in ("project", "user") else default_home())
    file = settings["token_file"]
    token = ctx.params.get("token") or os.environ.get("STEWARD_TOKEN") or ("" if file.source == "default" else read_token(Path(file.value).expanduser()))
    lists = kept(home, token)
    if lists is None:
        _make(home, token)
        return []
    return sorted({name for kind in kinds for name in lists.beginning(kind, incomplete, MOST)})[:MOST]


def _make(home: Path, token: str) -> None:
    """Have the lists made by a process that outlives this one; the token goes by its environment, as usual."""
    import subprocess

    environment = {name: value for name, value in os.environ.items() if name != VARIABLE and not name.startswith("COMP_")}
    environment |= {"STEWARD_CATALOG": str(home), "STEWARD_TOKEN": token}
    quiet = subprocess.DEVNULL
    # -P: Python would look for the module in the folder first that the shell is in, and in whoever's folder is a tui/completing.py of theirs.
    subprocess.Popen([sys.executable, "-P", "-m", "tui.completing"], env=environment, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
