"""``steward node publish`` and ``rotate``: what a node signs, and with which keys."""

from pathlib import Path

import click

from tui.envelope import dumps
from tui.options import json_option
from tui.safe import safe

SHOWN = 10
"""Names of documents that are listed one by one."""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--to", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the publication; any file server can carry it.")
@click.option("--days", type=click.IntRange(1, 365), default=7, show_default=True, help="How long the publication holds before it must be published again.")
@json_option
def publish(folder: Path, to: Path, days: int, as_json: bool) -> None:
    """Sign the documents of the node in FOLDER and lay them out as a publication.

    Unchanged documents keep their signature; publish again before it expires, changed or not. Keys are made where there are none.

    Example: steward node publish berlin-1 --to /srv/www/berlin-1
    """
    from catalog.node.publication import Expiry
    from catalog.node.publication import publish as sign

    done = sign(folder, to, Expiry(timestamp=days))
    if as_json:
        changes = {"added": done.added, "changed": done.changed, "removed": done.removed, "left_out": done.left_out}
        times = {"expires": done.expires.isoformat(), "root_expires": done.root_expires.isoformat()}
        click.echo(dumps({"version": done.version, "documents": done.documents, **changes, **times, "root": str(done.root)}))
        return
    for sign_, names in (("+", done.added), ("~", done.changed), ("-", done.removed)):
        for name in names[:SHOWN]:
            click.echo(f"{sign_} {safe(name)}")
        if len(names) > SHOWN:
            click.echo(f"{sign_} and {len(names) - SHOWN:,} more")
    for reason in done.left_out:
        click.echo(f"left out {safe(reason)}", err=True)
    changed = len(done.added) + len(done.changed) + len(done.removed)
    click.echo(f"Publication {done.version}: {done.documents:,} documents, {f'{changed:,} changed' if changed else 'none changed'}; holds until {done.expires:%Y-%m-%d %H:%M} UTC.")
    if done.version == 1:
        click.echo(f"Catalogs pin the root {done.root}: steward source add NAME {to} --root {done.root.name}", err=True)
    if (done.root_expires - done.expires).days < 30:
        click.echo(f"The root expires on {done.root_expires:%Y-%m-%d}: steward node rotate {folder} --role root", err=True)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--role", "roles", multiple=True, type=click.Choice(["root", "targets", "snapshot", "timestamp"]), help="Whose keys; may be repeated.  [default: all but root]")
@click.option("--root-keys", type=click.Path(file_okay=False, exists=True, path_type=Path), help="Where the root's keys are, when kept apart.")
def rotate(folder: Path, roles: tuple[str, ...], root_keys: Path | None) -> None:
    """Replace keys of the node in FOLDER.

    The new root is signed by the last one's keys, so that catalogs that trust that one follow. It counts from the next publication on.

    Example: steward node rotate berlin-1 --role timestamp --root-keys /media/stick/keys
    """
    from catalog.node.publication import rotate as replace

    chosen = roles or ("targets", "snapshot", "timestamp")
    version = replace(folder, chosen, root_keys)
    click.echo(f"Root {version}: new keys for {', '.join(chosen)}. Publish to make it known.", err=True)
