"""``steward spec``: every command, argument and option, for people to read through and for programs that call steward."""

from collections.abc import Iterator
from typing import Any

import click

from tui.envelope import dumps
from tui.main import EXIT_CODES, cli
from tui.options import json_option

Path = tuple[str, ...]


def walk(command: click.Command = cli, path: Path = ("steward",), parent: click.Context | None = None) -> Iterator[tuple[Path, click.Command, click.Context]]:
    """Every command that is not hidden, from the root down, with its words and a context to ask for its help."""
    context = click.Context(command, info_name=path[-1], parent=parent, **command.context_settings)
    yield path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from walk(below, (*path, name), context)


def examples(command: click.Command) -> list[str]:
    """The lines of a help text that show a call, without what they say of it."""
    lines = (line.strip().removeprefix("Example: ") for line in (command.help or "").splitlines())
    return [line.partition("  #")[0].rstrip() for line in lines if "steward " in f"{line} " and (line.startswith(("steward ", "echo ", "STEWARD_")))]


@click.command()
@click.argument("words", nargs=-1, metavar="[COMMAND]…")
@json_option
def spec(words: tuple[str, ...], as_json: bool) -> None:
    """Every command with its options, or COMMAND and those below it.

    \b
    steward spec | less
    steward spec eval run
    steward spec --json
    """  # noqa: D301  click reads the backspace
    found = [entry for entry in walk() if entry[0][1 : len(words) + 1] == words]
    if not found:
        from catalog.errors import UsageError
        from tui.safe import safe

        raise UsageError(f"There is no command {safe(' '.join(words))!r}.", "Run 'steward --help' to see them.")
    if as_json:
        commands = [_described(path, command, context) for path, command, context in found]
        codes = {str(code): about for code, about in EXIT_CODES.items()}
        click.echo(dumps({"program": "steward", "exit_codes": codes, "commands": commands}))
        return
    click.echo("\n\n".join(command.get_help(context) for _, command, context in found))


def _described(path: Path, command: click.Command, context: click.Context) -> dict[str, Any]:
    about = (command.help or "").partition("\n\n")
    return {
        "command": " ".join(path),
        "is_group": isinstance(command, click.Group),
        "about": " ".join(about[0].split()),
        "usage": " ".join(command.get_usage(context).removeprefix("Usage: ").split()),
        "examples": examples(command),
        "arguments": [_argument(p, context) for p in command.params if isinstance(p, click.Argument)],
        "options": [_option(p) for p in command.params if isinstance(p, click.Option) and not p.hidden],
    }


def _argument(argument: click.Argument, context: click.Context) -> dict[str, Any]:
    return {"name": argument.make_metavar(context).strip("[].…"), "required": argument.required, "many": argument.nargs != 1, **_type(argument.type)}


def _option(option: click.Option) -> dict[str, Any]:
    default = option.to_info_dict().get("default")
    return {
        "names": [*option.opts, *option.secondary_opts],
        "about": option.help,
        "flag": option.is_flag,
        "required": option.required,
        "many": option.multiple,
        "default": default if isinstance(default, str | int | float | bool) else None,
        "env": option.envvar if isinstance(option.envvar, str) else None,
        **_type(option.type),
    }


def _type(kind: "click.ParamType[Any]") -> dict[str, Any]:
    return {"type": kind.name, "choices": [str(choice) for choice in kind.choices] if isinstance(kind, click.Choice) else None}
