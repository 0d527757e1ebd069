"""``steward receipt verify``: checks a receipt, and the rows that it is of, without a catalog or a network."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.options import json_option

if TYPE_CHECKING:
    from catalog.audit.receipt import Receipt
    from catalog.audit.rotation import Handover

OWN_KEY = "The key came from the receipt itself: this shows that nothing was changed since, not who signed. Give --key with what the log's keeper says (steward audit checkpoint --key)."
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def receipt() -> None:
    """Receipts prove what was asked, decided and answered."""


@receipt.command()
@click.argument("file", type=FILE)
@click.option("--rows", type=FILE, help="Rows to check against it, as --format csv, json or jsonl wrote them.")
@click.option("--key", help="The log's public key, as its keeper gave it to you: name+id+key.")
@click.option("--keys", type=FILE, help="Changes of the log's key, as 'steward audit keys' wrote them: for a receipt older or younger than --key.")
@json_option
@click.pass_context
def verify(ctx: click.Context, file: Path, rows: Path | None, key: str | None, keys: Path | None, as_json: bool) -> None:
    """Check the receipt FILE; exit code 1 and the reason when anything in it does not hold.

    \b
    steward ask --receipt answer.receipt.json --format csv "who owns C4" > answer.csv
    steward receipt verify answer.receipt.json --rows answer.csv --key steward/1f…+8d…+AX…
    """  # noqa: D301  click reads the backspace
    from catalog.audit.receipt import LONGEST, verify_rows
    from catalog.audit.receipt import verify as check
    from catalog.errors import VerificationFailed
    from tui.envelope import dumps
    from tui.rows_file import read_rows
    from tui.safe import safe

    try:
        with file.open("rb") as content:
            verified = check(content.read(LONGEST + 1), key, _handovers(keys))
        checks = verified.checks
        if rows is not None:
            given = verified.receipt.statement.answer
            checks += (verify_rows(verified.receipt, *read_rows(rows, given.columns if given else (), given.types if given else ())),)
    except VerificationFailed as flaw:
        if not as_json:
            raise
        click.echo(dumps({"verified": False, "flaw": flaw.what, "checked": [], "key_given": key is not None, "statement": None}))
        ctx.exit(flaw.exit_code)
    if as_json:
        said = _plain(verified.receipt)
        click.echo(dumps({"verified": True, "flaw": None, "checked": list(checks), "key_given": key is not None, "statement": said}))
        return
    _show(verified.receipt)
    for sentence in checks:
        click.echo(f"checked: {safe(sentence)}")  # the log's name in it is the receipt's own word
    if key is None:
        click.echo(OWN_KEY, err=True)


def _handovers(file: Path | None) -> "tuple[Handover, ...]":
    from catalog.audit.rotation import from_text
    from catalog.audit.signed_note import BadNote
    from catalog.errors import VerificationFailed

    try:
        return from_text(file.read_text(encoding="utf-8")) if file else ()
    except (BadNote, UnicodeDecodeError):
        raise VerificationFailed("The file of keys does not hold handovers of a log.", "Take it from: steward audit keys") from None


def _plain(found: "Receipt") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found.statement)


def _show(found: "Receipt") -> None:
    """What the receipt says, for people."""
    from tui.safe import safe

    said = found.statement
    rules = f" by {', '.join(said.decision.rules)}" if said.decision.rules else ""
    lines = {
        "question": said.question,
        "read as": said.reading,
        "SQL": said.sql,
        "decision": f"{said.decision.verdict}{rules}, policy {said.decision.policy_version[:12]}",
        "outcome": said.status + (f", rows: {said.answer.row_count:,}{' of more' if said.answer.truncated else ''}" if said.answer else ""),
        "asked by": f"{said.principal} at {said.at}",
        "catalog": f"generation {said.source.generation}, SHA-256 {said.source.sha256 or 'not known'}",
    }
    for name, text in lines.items():
        if text:
            click.echo(f"{name:<9} {safe(text)}")
