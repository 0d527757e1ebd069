"""``steward config``: which settings there are, what each is and who says so, and what is wrong in a file."""

import os
from pathlib import Path

import click

from tui.envelope import dumps
from tui.options import json_option
from tui.safe import safe

SECRETS = ("STEWARD_TOKEN", "STEWARD_VLLM_KEY")
"""Variables of which it is said that they are set, never to what."""


@click.group()
def config() -> None:
    """Settings that need not be given with every command.

    A flag counts first, then the environment, then .steward.toml of this folder or the nearest above, then your own file, then the default.
    """


@config.command()
@click.argument("name", required=False)
@json_option
@click.pass_context
def show(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Every setting, or the one called NAME: its value, and the flag, variable or line of a file that says so.

    \b
    steward config show
    steward --catalog ./catalog config show catalog
    """  # noqa: D301  click reads the backspace
    import difflib

    from catalog.errors import UsageError
    from tui.output import on_terminal
    from tui.settings import BY_NAME, resolve
    from tui.table import table

    if name is not None and name not in BY_NAME:
        near = difflib.get_close_matches(name, BY_NAME, n=1)
        raise UsageError(f"There is no setting {safe(name)!r}.", f"Did you mean {near[0]}?" if near else f"The settings are: {', '.join(BY_NAME)}.")
    root = ctx.find_root()
    flags = {key: value for key, value in root.params.items() if (source := root.get_parameter_source(key)) and source.name == "COMMANDLINE"}
    found = [value for value in resolve(flags).values() if name in (None, value.setting.name)]
    secrets = [] if name else [variable for variable in SECRETS if os.environ.get(variable)]
    if as_json:
        told = {value.setting.name: {"value": _plain(value.value), "source": value.source, "where": value.where or None} for value in found}
        click.echo(dumps({"settings": told, "secrets_set": secrets}))
        return
    rows = [[value.setting.name, safe(_shown(value.value)), value.source, safe(value.where)] for value in found]
    rows += [[variable, "set, not shown", "environment", variable] for variable in secrets]
    click.echo(table(["setting", "value", "source", "where"], ["VARCHAR"] * 4, rows, on_terminal()), nl=False)


@config.command()
@json_option
def path(as_json: bool) -> None:
    """Where the files of settings are, or would be, and which of them count.

    Example: steward config path
    """
    from tui.settings import files

    found = files()
    if as_json:
        told = [{"scope": file.scope, "path": str(file.path), "exists": file.exists, "ignored": file.ignored or None} for file in found]
        click.echo(dumps({"files": told}))
        return
    for file in found:
        state = f"ignored: {file.ignored}" if file.ignored else "counts" if file.exists else "not there"
        click.echo(f"{file.scope:<8} {state:<10} {safe(str(file.path))}")


@config.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@click.pass_context
def validate(ctx: click.Context, file: Path | None, as_json: bool) -> None:
    """Check FILE, or the files that count; exit code 2 and file, line and what is meant where one has a fault.

    \b
    steward config validate
    steward config validate .steward.toml
    """  # noqa: D301
    from catalog.errors import UsageError
    from tui.settings import PROJECT_FILE, File, files, read_file

    looked = [one for one in files() if one.exists and not one.ignored]
    if file is not None:
        looked = [File("project" if file.name == PROJECT_FILE else "user", file, True)]
    faults: list[UsageError] = []
    for one in looked:
        try:
            count = len(read_file(one))
        except UsageError as fault:
            faults.append(fault)
            if not as_json:
                click.echo(f"steward: {safe(fault.what)}\n  {safe(fault.hint)}".rstrip(), err=True)
        else:
            if not as_json:
                click.echo(f"{safe(str(one.path))}: {count} {'setting' if count == 1 else 'settings'}, no fault")
    if as_json:
        told = [{"fault": fault.what, "hint": fault.hint or None} for fault in faults]
        click.echo(dumps({"files": [str(one.path) for one in looked], "ok": not faults, "faults": told}))
    elif not looked:
        click.echo("No file of settings counts here; see: steward config path", err=True)
    ctx.exit(UsageError.exit_code if faults else 0)


@config.command()
@click.option("--project", is_flag=True, help="For this folder and those below, instead of for you.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@json_option
def init(project: bool, force: bool, as_json: bool) -> None:
    """Begin a file with every setting in it, commented out.

    \b
    steward config init
    steward config init --project
    """  # noqa: D301
    from catalog.errors import UsageError
    from tui.settings import PROJECT_FILE, template, user_file

    target = Path.cwd() / PROJECT_FILE if project else user_file()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with target.open("w" if force else "x", encoding="utf-8") as file:
            file.write(template(project))
    except FileExistsError:
        raise UsageError(f"{target} is there already.", "See it with: steward config show; --force writes over it.") from None
    click.echo(dumps({"path": str(target)})) if as_json else click.echo(f"{safe(str(target))} is begun; every line in it is a comment.", err=True)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int | float) else _shown(value)


def _shown(value: object) -> str:
    """The value for people; a password in an address, which is refused later, is not shown either."""
    from urllib.parse import urlsplit

    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    if "://" in text and "@" in text:
        parts = urlsplit(text)
        return text.replace(parts.netloc, f"…@{parts.netloc.rpartition('@')[2]}")
    return text
