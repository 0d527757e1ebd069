"""``steward encrypt`` and ``steward decrypt``: act on the catalog's files, so whoever may read the folder may do it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.options import json_option
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.backup.encrypt import Turned


@click.command()
@click.option("--key-file", type=click.Path(dir_okay=False, path_type=Path), help="File of the key, outside of the catalog's folder; made where there is none.")
@click.option("--keyring", is_flag=True, help="Make the key in the system's keyring.")
@json_option
@click.pass_context
def encrypt(ctx: click.Context, key_file: Path | None, keyring: bool, as_json: bool) -> None:
    """Encrypt the catalog: its database, what is kept for questions, and the questions in the audit log.

    Whoever loses the key loses the catalog: keep a copy of it elsewhere. The policy, names of people, tokens' hashes and the keys that sign and mask
    stay as they are.

    Example: steward encrypt --key-file ~/.config/steward/catalog.key
    """
    from catalog.backup.encrypt import encrypt as turn
    from catalog.storage.generations import default_home

    if keyring == (key_file is not None):
        raise click.UsageError("Give either --key-file FILE or --keyring.")
    turned = turn(ctx.obj or default_home(), key_file)
    if as_json:
        _as_json(turned, encrypted=True)
        return
    click.echo(f"Encrypted: generation {turned.generation}, and the texts of {turned.texts:,} actions in the audit log.", err=True)
    click.echo(safe(f"The key is in {turned.key_file or 'the system keyring'}. Without it nothing can be read again: keep a copy elsewhere."), err=True)
    _tell_old(turned)


@click.command()
@json_option
@click.pass_context
def decrypt(ctx: click.Context, as_json: bool) -> None:
    """Make an encrypted catalog a plain one again.

    The key stays where it is: backups of the encrypted catalog need it.

    Example: steward decrypt
    """
    from catalog.backup.encrypt import decrypt as turn
    from catalog.storage.generations import default_home

    turned = turn(ctx.obj or default_home())
    if as_json:
        _as_json(turned, encrypted=False)
        return
    click.echo(f"No longer encrypted: generation {turned.generation}, and the texts of {turned.texts:,} actions in the audit log.", err=True)
    _tell_old(turned)


def _as_json(turned: "Turned", encrypted: bool) -> None:
    from tui.envelope import dumps

    fields: dict[str, Any] = {"encrypted": encrypted, "generation": turned.generation, "texts": turned.texts, "key_file": turned.key_file}
    click.echo(dumps(fields | {"still_read": [path.name for path in turned.old]}))


def _tell_old(turned: "Turned") -> None:
    if turned.old:
        names = ", ".join(path.name for path in turned.old)
        click.echo(f"Somebody still reads {names}: it goes with the first write after they have ended.", err=True)
