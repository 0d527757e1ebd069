"""``steward export``: what an asker may see of the catalog, in the formats of other systems."""

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.completion import names as completed
from tui.options import token_option
from tui.safe import safe

if TYPE_CHECKING:
    from catalog.access.policy import Permit
    from catalog.export.facts import Facts
    from nl2sql.session import Session

FORMATS = ("openlineage", "croissant", "dcat", "parquet")
LONGEST = 2000
"""Characters of dataset names that the audit log keeps."""


@click.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(FORMATS))
@click.option("--out", type=click.Path(path_type=Path), help="File to write, or folder where there are several.  [default: standard output]")
@click.option("--dataset", "names", multiple=True, metavar="NAME", shell_complete=completed("dataset"), help="Only this dataset; may be given several times.")
@click.option("--json", "as_json", is_flag=True, help="What was written, as one JSON object; needs --out.")
@token_option
@click.option("--purpose", default="", metavar="PURPOSE", help="What you ask for, one of your own; some rules allow more for it.")
@click.pass_context
def export(ctx: click.Context, form: str, out: Path | None, names: tuple[str, ...], as_json: bool, token: str | None, purpose: str) -> None:
    """Write what you may see in FORMAT: openlineage, croissant, dcat or parquet.

    The same policy as for a question decides: rows that are not yours are not in it, masked cells stay masked, lineage ends at what
    you may not know of. Every export is in the audit log.

    \b
    steward export openlineage --out events.jsonl
    steward export croissant --dataset C4
    steward export croissant --out folder
    steward export dcat --out catalog.ttl
    steward export dcat --out catalog.jsonld
    steward export parquet --out tables.zip
    """  # noqa: D301  click reads the backspace
    from catalog.errors import UsageError
    from catalog.storage.generations import default_home, pinned
    from nl2sql.session import open_session
    from tui.envelope import dumps
    from tui.output import on_terminal

    if form == "parquet" and (names or out is None):
        raise UsageError("Parquet files are of whole views." if names else "Parquet files need a place.", "Give --out FOLDER or FILE.zip, and no --dataset.")
    if as_json and out is None:
        raise UsageError("--json tells what was written, and --out is missing.", "Give --out, or read standard output.")
    home = ctx.obj or default_home()
    with pinned(home) as generation, closing(open_session(home, generation, token, purpose=purpose)) as session:
        result = run_export(session, form, out, names)
        who = session.principal.name
    if out is None:
        click.echo(_on_screen(result.data) if on_terminal() else result.data, nl=False)
    for masked in result.masked:
        click.echo(f"masked for you: {masked}", err=True)
    if as_json:
        click.echo(dumps({"format": form, "principal": who, "out": str(out), "datasets": result.datasets, "files": result.files, "masked": list(result.masked)}))
    elif out is not None:
        click.echo(safe(f"{result.what} in {out}"), err=True)


def _on_screen(data: bytes) -> str:
    """The same lines without what a terminal might act on; a file and a pipe get every character."""
    return "\n".join(map(safe, data.decode("utf-8", "replace").split("\n")))


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds: ``data`` for standard output where no file was asked for, else how many ``files`` were written."""

    data: bytes
    files: int
    datasets: int
    rows: int
    what: str
    masked: tuple[str, ...]


def run_export(session: "Session", form: str, out: Path | None, names: tuple[str, ...] = ()) -> Exported:
    """Export as the asker of a session and record it. Nothing is written when what it rests on has changed meanwhile.

    Raises `AccessDenied` when datasets are not open to the asker, `UsageError` for a name that no dataset bears and a place
    that cannot be written to.
    """
    from catalog.errors import AccessDenied
    from nl2sql.session import read_clock

    session.renew()
    principal, log = session.principal, session.audit
    asked = f"export {form}" + (f" of {', '.join(names)}"[:LONGEST] if names else "")
    seq = log.begin(
        principal.name, ",".join(principal.roles), "export", asked, None, purpose=principal.purpose or None, now=read_clock(session.home)
    )
    rules, verdict, rows = _rules(session, form), "declined", 0
    try:
        exported, write = _made(session, form, out, names)
        session.require_current()
        write()
        verdict, rows = "masked" if exported.masked else "allowed", exported.rows
        return exported
    except AccessDenied as denied:
        verdict, rules = "denied", (denied.rule,)
        raise
    finally:  # an interrupted export has an outcome too
        log.end(seq, verdict, ", ".join(rules) or None, rows, now=read_clock(session.home))


def _made(session: "Session", form: str, out: Path | None, names: tuple[str, ...]) -> tuple[Exported, Callable[[], None]]:
    """What the export holds, and the act of writing it."""
    from catalog.engine.snapshot import prepare

    seen = _seen(session, form)
    snapshot = prepare(session.home, session.generation, session.audit, session.authorisation, seen, session.now)
    masked = _masked({name: session.authorisation.permits[name] for name in seen if name in session.authorisation.permits})
    if form == "parquet":
        assert out is not None
        return _tables(snapshot, seen, out, masked)
    from catalog.export.facts import read_facts

    facts = read_facts(snapshot, seen).chosen(names)
    files = _documents(facts, form, out)
    count = len(facts.datasets)
    what = f"{count:,} dataset{'' if count == 1 else 's'}"
    if out is None or None in files:
        data = next(iter(files.values()), b"")
        return Exported(data, int(out is not None), count, count, what, masked), lambda: _write(out, data) if out else None
    return Exported(b"", len(files), count, count, what, masked), lambda: _write_folder(out, {str(name): data for name, data in files.items()})


def _documents(facts: "Facts", form: str, out: Path | None) -> dict[str | None, bytes]:
    """Files by name; the only one has none where the place itself is the file."""
    suffix = out.suffix.lower() if out else ""
    if form == "dcat":
        from catalog.export.dcat import document

        return {None: document(facts, "json-ld" if suffix in (".jsonld", ".json") else "turtle").encode()}
    if form == "openlineage":
        from catalog.export.openlineage import events

        found = list(events(facts))
        return {None: _json(found) if suffix == ".json" else "".join(_line(event) for event in found).encode("utf-8", "replace")}
    from catalog.errors import UsageError
    from catalog.export.croissant import document as croissant
    from catalog.export.croissant import file_names

    documents = [_json(croissant(facts, dataset)) for dataset in facts.datasets]
    if len(documents) == 1 and (out is None or suffix in (".json", ".jsonld")):
        return {None: documents[0]}
    if out is None or suffix in (".json", ".jsonld"):
        raise UsageError(f"Croissant has one document for each dataset, and there are {len(documents):,}.", "Give --out FOLDER, or one --dataset NAME.")
    return dict(zip(file_names(facts), documents, strict=True))


def _seen(session: "Session", form: str) -> list[str]:
    """Views, and for Parquet cubes, that the asker may see of those that the format is made of. Raises `AccessDenied`."""
    from catalog.errors import AccessDenied
    from catalog.export.facts import needed

    allowed = session.authorisation
    if form == "parquet":
        found = [*allowed.permits, *allowed.cubes]
        if not found:
            raise AccessDenied("No view is open to you.", next(iter(allowed.denials.values())).rule)
        return sorted(found)
    if "datasets" in allowed.denials:
        raise AccessDenied("The view datasets is not open to you.", allowed.denials["datasets"].rule)
    if allowed.permits["datasets"].columns.get("name") is None:
        raise AccessDenied("The names in the view datasets are not open to you.", ", ".join(allowed.permits["datasets"].rules))
    return [name for name in needed(form) if name in allowed.permits]


def _rules(session: "Session", form: str) -> tuple[str, ...]:
    """The rules that decide about the views that the format is made of."""
    from catalog.export.facts import needed

    allowed = session.authorisation
    cubes = [rule for cube in allowed.cubes.values() for rule in cube.rules] if form == "parquet" else []
    return tuple(sorted({*cubes, *(rule for name in needed(form) if name in allowed.permits for rule in allowed.permits[name].rules)}))


def _masked(permits: Mapping[str, "Permit"]) -> tuple[str, ...]:
    """Columns that are shown masked, with how: ``datasets.owner (partial)``."""
    return tuple(f"{view}.{column} ({how})" for view, permit in sorted(permits.items()) for column, how in permit.columns.items() if how != "show")


def _tables(snapshot: Path, names: list[str], out: Path, masked: tuple[str, ...]) -> tuple[Exported, Callable[[], None]]:
    from catalog.export.tables import write_tables, zipped_tables

    if out.suffix.lower() == ".zip":
        data, counts = zipped_tables(snapshot, names)
        return Exported(b"", 1, counts.get("datasets", 0), sum(counts.values()), f"{len(counts)} tables", masked), lambda: _write(out, data)
    with tempfile.TemporaryDirectory() as scratch:
        counts = write_tables(snapshot, names, Path(scratch))
        files = {file.name: file.read_bytes() for file in sorted(Path(scratch).iterdir())}
    exported = Exported(b"", len(files), counts.get("datasets", 0), sum(counts.values()), f"{len(counts)} tables", masked)
    return exported, lambda: _write_folder(out, files)


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a new or empty folder: what lies there from an export before might be what one may no longer see."""
    from catalog.errors import UsageError

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is {'not empty' if folder.is_dir() else 'a file'}.", "Give a new folder, or empty it first.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        _write(folder / name, data)


def _write(path: Path, data: bytes) -> None:
    """The whole file or none."""
    from catalog.errors import UsageError

    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"{path} is a folder." if path.is_dir() else f"There is no folder {path.parent}.", "Give a file in a folder that is there.")
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".steward-", delete=False) as draft:
        draft.write(data)
    umask = os.umask(0)
    os.umask(umask)
    Path(draft.name).chmod(0o666 & ~umask)
    Path(draft.name).replace(path)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n"


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")
