"""The folder of a run: ``manifest.json`` and ``records.jsonl``, to which each record is appended as it ends.

A kill at any moment leaves whole records; a torn last line, and a dialogue of which turns are missing, are asked again.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from catalog.errors import UsageError
from eval.record import Manifest, Record

MANIFEST, RECORDS = "manifest.json", "records.jsonl"


def create(folder: Path, manifest: Manifest) -> None:
    """A folder for a new run. Raises `UsageError` where there already is one, or none can be."""
    if (folder / MANIFEST).exists():
        raise UsageError(f"{folder} holds a run already.", f"Go on with it: steward eval run --resume {folder}; or choose another --out.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
        (folder / RECORDS).touch()
    except OSError as bad:
        raise UsageError(f"{folder} cannot hold a run: {bad}.") from bad


def read(folder: Path) -> tuple[Manifest, list[Record]]:
    """The manifest of a run and its whole records. Raises `UsageError` for what is not the folder of a run."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_text(encoding="utf-8"))
        lines = (folder / RECORDS).read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError as bad:
        raise UsageError(f"{folder} is not the folder of a run.", "steward eval run writes one: see --out.") from bad
    except (OSError, ValidationError) as bad:
        raise UsageError(f"The run in {folder} cannot be read: {bad}.") from bad
    records = []
    for number, line in enumerate(lines[:-1], 1):  # what follows the last line end is torn, or nothing
        try:
            records.append(Record.model_validate_json(line))
        except ValidationError as bad:
            raise UsageError(f"{folder / RECORDS}, line {number}: this is no record: {bad}.") from bad
    return manifest, records


def whole_dialogues(records: Sequence[Record]) -> list[Record]:
    """Records less those of dialogues that ended before their last turn."""
    turns = Counter((r.suite, r.id, r.repeat) for r in records)
    return [r for r in records if turns[r.suite, r.id, r.repeat] == r.turns]


def rewrite(folder: Path, records: Sequence[Record]) -> None:
    """Put these records in place of those of a run, at once."""
    draft = folder / f"{RECORDS}.draft"
    draft.write_text("".join(map(_line, records)), encoding="utf-8")
    draft.replace(folder / RECORDS)


def append(folder: Path, record: Record) -> None:
    """Add one record, durably against a kill of this process."""
    with (folder / RECORDS).open("a", encoding="utf-8") as file:
        file.write(_line(record))


def _line(record: Record) -> str:
    return record.model_dump_json() + "\n"
