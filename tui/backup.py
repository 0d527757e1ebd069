"""``steward backup`` and ``steward restore``: act on the catalog's files, so whoever may read the folder may do it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.options import json_option
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.backup.backup_file import Manifest
    from catalog.backup.restore import Tested

FAILED = 1
"""Exit code of a restore test that did not work."""


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace TARGET where it exists.")
@click.option("--keep", type=click.IntRange(1, 10_000), help="Keep so many of this catalog's backups in the folder, this one among them; remove older ones.")
@json_option
@click.pass_context
def backup(ctx: click.Context, target: Path, force: bool, keep: int | None, as_json: bool) -> None:
    """Write the catalog into one signed file, TARGET, or into the folder TARGET under a name that tells the time.

    Questions and ingests may go on meanwhile. The file holds the catalog's secrets too: it is readable by you alone, keep it so.

    Example: steward backup /mnt/other-disk --keep 7
    """
    from catalog.backup.backup import back_up
    from catalog.storage.generations import default_home
    from nl2sql.session import read_clock
    from tui.envelope import dumps

    home: Path = ctx.obj or default_home()
    taken = back_up(home, target, read_clock(home), force=force, keep=keep or 0, progress=_Progress("written"))
    if as_json:
        fields = {"path": str(taken.path), "bytes": taken.bytes, **_described(taken.manifest), "log_verified": taken.log.ok}
        click.echo(dumps(fields | {"removed": [str(path) for path in taken.removed]}))
    else:
        click.echo(safe(str(taken.path)))
        _tell(taken.manifest)
        if taken.removed:
            click.echo(f"{len(taken.removed)} older {'backup' if len(taken.removed) == 1 else 'backups'} removed.", err=True)
    if not taken.log.ok:
        click.echo("The audit log in it does not verify: see steward audit verify.", err=True)
    click.echo(safe(f"Test it: steward restore {taken.path} --verify"), err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "folder", type=click.Path(path_type=Path), help="Restore into this folder, a new or an empty one.")
@click.option("--verify", is_flag=True, help="Restore into a passing folder, look whether all is there, and record the test.")
@click.option("--force", is_flag=True, help="With --to: take the place of a catalog, which is kept beside it under another name.")
@click.option("--keep-access", is_flag=True, help="With --to: tokens and grants count as they did then, even those revoked since.")
@click.option("--key", help="Public key that must have signed the backup.  [default: that of the catalog there, else the backup's own]")
@json_option
@click.pass_context
def restore(ctx: click.Context, file: Path, folder: Path | None, verify: bool, force: bool, keep_access: bool, key: str | None, as_json: bool) -> None:
    """Restore the backup FILE, or test whether it could be restored.

    Everything is verified before anything is put in place. Exit code 1 when the backup does not hold.

    \b
    steward restore nightly.stewardbackup --verify
    steward restore nightly.stewardbackup --to /srv/catalog
    """  # noqa: D301  click reads the backspace
    from catalog.storage.generations import default_home
    from nl2sql.session import read_clock

    if verify == (folder is not None):
        raise click.UsageError("Give either --to FOLDER or --verify.")
    if verify and (force or keep_access):
        raise click.UsageError("--force and --keep-access go with --to.")
    home: Path = ctx.obj or default_home()
    if folder is None:
        from catalog.backup.restore import restore_test

        tested = restore_test(file, home, read_clock(home), vkey=key, progress=_Progress("checked"))
        _show_test(tested, as_json)
        ctx.exit(0 if tested.restore_ok else FAILED)
    _restore(file, folder, force, keep_access, key, as_json)


def _restore(file: Path, folder: Path, force: bool, keep_access: bool, key: str | None, as_json: bool) -> None:
    from catalog.backup.restore import restore as put_back
    from tui.envelope import dumps

    done = put_back(file, folder, force=force, keep_access=keep_access, vkey=key, progress=_Progress("checked"))
    if as_json:
        fields = {"folder": str(done.folder), "replaced": str(done.replaced) if done.replaced else None, "tokens_revoked": done.tokens, "grants_revoked": done.grants}
        click.echo(dumps(fields | _described(done.manifest)))
        return
    click.echo(safe(f"Restored into {done.folder}."), err=True)
    _tell(done.manifest)
    if done.replaced:
        click.echo(safe(f"The catalog that was there is now {done.replaced}."), err=True)
    if not keep_access:
        click.echo(f"{done.tokens} tokens and {done.grants} grants were revoked, since they may have been after the backup: steward token issue NAME.", err=True)
    click.echo("The audit log goes back to then: steward audit verify compares it with the copies of checkpoints outside.", err=True)


def _show_test(tested: "Tested", as_json: bool) -> None:
    from tui.envelope import dumps

    fields: dict[str, Any] = {"restore_ok": tested.restore_ok, "integrity_ok": tested.integrity_ok, "recorded": tested.recorded}
    if as_json:
        click.echo(dumps(fields | {"flaws": tested.flaws, "notes": tested.notes} | (_described(tested.manifest) if tested.manifest else {})))
        return
    for line in (*tested.flaws, *tested.notes):
        click.echo(safe(line), err=True)
    click.echo(f"restore    {'works' if tested.restore_ok else 'DOES NOT WORK'}")
    click.echo(f"integrity  {'signed by this key, every byte as signed' if tested.integrity_ok else 'NOT what was signed'}")
    if tested.manifest:
        _tell(tested.manifest)
    click.echo("Recorded: the view replicas answers when a restore was last tested." if tested.recorded else "Not recorded: there is no catalog here.", err=True)


def _described(manifest: "Manifest") -> dict[str, Any]:
    return {
        "created": manifest.created,
        "generation": manifest.generation,
        "encrypted": manifest.encrypted,
        "rows": manifest.tables,
        "log_records": manifest.log_size,
        "key": manifest.vkey,
    }


def _tell(manifest: "Manifest") -> None:
    rows, tables = sum(manifest.tables.values()), len(manifest.tables)
    click.echo(
        safe(f"Taken at {manifest.created}: generation {manifest.generation}, {rows:,} rows in {tables} tables, {manifest.log_size:,} records in the audit log."),
        err=True,
    )


class _Progress:
    """A line that counts on a terminal; each quarter elsewhere, of what is larger than a gigabyte."""

    def __init__(self, verb: str) -> None:
        self._verb, self._told = verb, 0

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // max(total, 1)
        on_screen = sys.stderr.isatty()
        if percent < self._told + (1 if on_screen else 25) or not (on_screen or total > 1 << 30):
            return
        self._told = percent
        line = f"{percent:3} % of {total / 1e6:,.0f} MB {self._verb}"
        click.echo(f"\r{line}" if on_screen else line, nl=not on_screen or percent == 100, err=True)
