"""``steward audit``: verify the log, take its checkpoints, keep copies of them outside, prove a record, erase a person.

Acts on the catalog's files, so whoever may read the folder may do it; entries are read as the view ``audit_log``, under policy.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.alerts import alerts
from tui.options import json_option

if TYPE_CHECKING:
    from catalog.audit.log import AuditLog
    from catalog.audit.verify import Verdict

FLAWED = 1
"""Exit code when something does not hold."""


@click.group()
def audit() -> None:
    """The audit log: a signed Merkle log of every question, decision and result."""


audit.add_command(alerts)


@audit.command()
@click.option(
    "--witness",
    "copies",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A copy of checkpoints to compare with, besides those known.",
)
@json_option
@click.pass_context
def verify(ctx: click.Context, copies: tuple[Path, ...], as_json: bool) -> None:
    """Recompute the log from its records and compare it with every checkpoint; exit code 1 and what is wrong, and where.

    \b
    steward audit verify
    steward audit verify --witness /mnt/elsewhere/steward.log
    """  # noqa: D301  click reads the backspace
    from dataclasses import asdict

    from catalog.audit.witness import copy_file
    from tui.envelope import dumps

    verdict = _log(ctx).verify(copy_file(path) for path in copies)
    if as_json:
        click.echo(dumps({"verified": verdict.ok, **asdict(verdict)}))
    else:
        _show(verdict)
    ctx.exit(0 if verdict.ok else FLAWED)


def _show(verdict: "Verdict") -> None:
    from tui.safe import safe

    for flaw in verdict.flaws:
        action = "" if flaw.seq is None else f" (action {flaw.seq})"
        click.echo(safe(f"{flaw.where}{action}: {flaw.what}"), err=True)
    if verdict.more:
        click.echo(f"and {verdict.more:,} more", err=True)
    for note in verdict.notes:
        click.echo(safe(note), err=True)
    click.echo(
        f"{'verified' if verdict.ok else 'NOT VERIFIED':<12} {verdict.actions:,} actions, {verdict.erased:,} of erased people, in {verdict.size:,} records"
    )
    click.echo(
        f"{'checkpoints':<12} {verdict.checkpoints:,} in the log, {len(verdict.copies)} {'copy' if len(verdict.copies) == 1 else 'copies'} outside"
    )
    click.echo(f"{'root':<12} {verdict.root}")
    if verdict.ok and not verdict.copies:
        click.echo(
            "No copy outside was compared: who can write this folder can rewrite the log. Keep one: steward audit witness FILE.",
            err=True,
        )


@audit.command()
@click.option("--key", is_flag=True, help="The public key instead, as 'steward receipt verify --key' takes it.")
@click.option("--json", "as_json", is_flag=True, help="Both, as one JSON object.")
@click.pass_context
def checkpoint(ctx: click.Context, key: bool, as_json: bool) -> None:
    """The log as it stands: origin, number of records, root and signature, as a signed note on standard output.

    \b
    steward audit checkpoint
    steward audit checkpoint --key
    """  # noqa: D301  click reads the backspace
    from tui.envelope import dumps

    log = _log(ctx)
    if as_json:
        click.echo(dumps({"checkpoint": log.checkpoint(), "vkey": log.vkey}))
        return
    click.echo(log.vkey if key else log.checkpoint(), nl=key)


@audit.command()
@click.argument("seq", type=click.IntRange(1, 2**62))
@click.option("--intent", is_flag=True, help="What was about to be done instead of how it ended.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write into this file.")
@click.pass_context
def prove(ctx: click.Context, seq: int, intent: bool, out: Path | None) -> None:
    """Proof, as JSON, that the record of action SEQ is in the log; it holds no personal text.

    Example: steward audit prove 7 --out proof.json
    """
    import base64
    import json

    from tui.envelope import dumps

    log = _log(ctx)
    proof = log.prove(seq, "intent" if intent else "outcome")
    fields: dict[str, Any] = {
        "index": proof.index,
        "size": proof.size,
        "record": proof.leaf.decode("utf-8"),
        "path": [base64.b64encode(step).decode("ascii") for step in proof.path],
        "checkpoint": proof.checkpoint,
        "vkey": log.vkey,
    }
    if out is None:
        click.echo(dumps(fields))
    else:
        out.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


@audit.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.pass_context
def witness(ctx: click.Context, target: Path) -> None:
    """Add the log's checkpoint to a copy outside, TARGET a file or a folder.

    Refused, with exit code 1, when the log does not continue what the copy has seen. Keep the copy where who runs this catalog cannot write.

    Example: steward audit witness /mnt/elsewhere/steward.log
    """
    from catalog.audit.witness import witness as add
    from tui.safe import safe

    path, before, now = add(_log(ctx), target)
    what = f"continues its first {before:,}" if before else "begins here"
    click.echo(safe(f"{path} covers {now:,} records; the log {what}."), err=True)


@audit.command("rotate-key")
@click.pass_context
def rotate_key(ctx: click.Context) -> None:
    """Sign the log with a new key from here on; the change is an entry that the old key and the new one sign.

    Receipts, proofs and copies made before stay good. Hand out the new key, and 'steward audit keys' to those who know the old one.

    Example: steward audit rotate-key
    """
    old, new = _log(ctx).rotate_key()
    click.echo(new)
    click.echo(f"The log goes on under this key; {old.split('+')[1]} has signed its last.", err=True)


@audit.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write into this file.")
@click.pass_context
def keys(ctx: click.Context, out: Path | None) -> None:
    """Every change of the log's key as JSON, for whoever knows one of its keys: 'steward receipt verify --keys'.

    Example: steward audit keys --out keys.json
    """
    import json

    from catalog.audit.rotation import to_fields

    log = _log(ctx)
    log.keys()  # raises where they do not hold
    text = json.dumps(to_fields(log.handovers()), indent=2)
    if out is None:
        click.echo(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")


@audit.command()
@click.argument("principal")
@click.pass_context
def erase(ctx: click.Context, principal: str) -> None:
    """Forget who PRINCIPAL is and what they asked: their actions stay, of an actor 'erased', and every proof still holds.

    Tokens and policy.yaml name the principal too: see 'steward token revoke'.

    Example: steward audit erase max
    """
    from tui.safe import safe

    count = _log(ctx).erase(principal)
    click.echo(safe(f"{count:,} actions are of nobody now; {principal} is no longer in the audit log."), err=True)


def _log(ctx: click.Context) -> "AuditLog":
    """The log of the catalog; raises CatalogUnavailable where none was begun."""
    from catalog.audit.log import AuditLog
    from catalog.errors import CatalogUnavailable
    from catalog.storage.generations import default_home

    home: Path = ctx.obj or default_home()
    if not (home / "audit.sqlite").exists():
        raise CatalogUnavailable(f"There is no audit log in {home}.", "It begins with the first question.")
    return AuditLog(home)
