"""What a wrong call is told: what is wrong, what was likely meant, and where to read on. And what a call without words is shown."""

import difflib
import re

import click
from click.exceptions import NoArgsIsHelpError, NoSuchCommand, NoSuchOption

from tui.safe import safe

MOST_MEANT = 3
"""Commands that are named as what may have been meant."""
START = """\
Usage: steward COMMAND [OPTIONS] [WORDS]

Ask plain questions about data that lives on many nodes, and get governed answers.

To begin:
  steward tour                   eight steps over a demo catalog, each really run
  steward chat --demo            the same in a terminal app, to look around
  steward demo                   a sample catalog to ask of, or:
  steward ingest PATH --node ME  a catalog of your own documents

Then:
  steward ask "who owns C4"      an answer, its SQL, and the rule that allowed it
  steward chat                   ask, browse, follow lineage, look after quality
  steward views                  what may be asked about
  steward catalog lineage C4     what it comes from, and what it flows into
  steward alerts list            what somebody has to see to

steward --help has every command, steward COMMAND --help its options and examples."""


def wrong(error: click.ClickException) -> str:
    """Lines for standard error."""
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "steward"
    if path == "steward" and (isinstance(error, NoArgsIsHelpError) or error.message == "Missing command."):
        return START
    if isinstance(error, NoArgsIsHelpError):
        return safe_lines(error.format_message())
    said = error.message if isinstance(error, NoSuchCommand) else error.format_message()  # click's own guesses are of commands that are loaded
    return f"{path}: {safe(said)}\n  {_meant(error, ctx)}See: {path} --help"


def nothing(ctx: click.Context) -> str:
    """What a command is shown that was called without the words it needs: how it is called, with its examples."""
    from tui.spec import examples

    usage = ctx.get_usage()
    return "\n".join([usage, "", *(f"  {line}" for line in examples(ctx.command)), "", f"See: {ctx.command_path} --help"])


def _meant(error: click.ClickException, ctx: click.Context | None) -> str:
    """``Did you mean ask? ``, where something is near to what was typed."""
    known: list[str] = []
    typed = ""
    if isinstance(error, NoSuchCommand) and ctx is not None and isinstance(ctx.command, click.Group):
        known, typed = ctx.command.list_commands(ctx), error.command_name
    elif isinstance(error, click.BadParameter) and error.param is not None and isinstance(error.param.type, click.Choice):
        known = [str(choice) for choice in error.param.type.choices]
        typed = found[1] if (found := re.search(r"'([^']*)' is not one of", error.message)) else ""
    if isinstance(error, NoSuchCommand) and (below := _below(ctx, typed)):
        return f"Did you mean {' or '.join(below)}? "
    if isinstance(error, NoSuchOption) and ctx is not None and ctx.parent is None and (verbs := _taking(error.option_name)):
        return f"It stands behind the command: steward {verbs[0]} {error.option_name} … "
    near = difflib.get_close_matches(typed, known, n=1, cutoff=0.5) if typed else []
    return f"Did you mean {near[0]}? " if near else ""


def _below(ctx: click.Context | None, name: str) -> list[str]:
    """Commands of that very name in other groups, the catalog's first: ``lineage`` is ``catalog lineage``; and what programs elsewhere call so."""
    if name == "version":
        return ["--version"]
    from tui.spec import walk

    found = [" ".join(path[1:]) for path, _, _ in walk() if len(path) > 2 and path[-1] == name]
    return sorted(found, key=lambda command: not command.startswith("catalog "))[:MOST_MEANT] if ctx is not None and ctx.parent is None else []


def _taking(option: str) -> list[str]:
    """Verbs with an option of that name."""
    from tui.spec import walk

    return [" ".join(path[1:]) for path, command, _ in walk() if len(path) == 2 and any(option in param.opts for param in command.params)]


def safe_lines(text: str) -> str:
    """Text of several lines, each safe to show."""
    return "\n".join(map(safe, text.splitlines()))
