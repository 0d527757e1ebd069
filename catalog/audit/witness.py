"""Copies of checkpoints outside the catalog folder: what makes a rewritten or cut log visible to whoever keeps them.

A copy is a file of JSON lines, each a signed checkpoint, the key and the time; its first line fixes the key, and a line of another
key holds the handovers that lead to it. A checkpoint is added only when the log proves that it continues the last one. Put it where the log's owner cannot write: another machine, a git repository, paper.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.audit.merkle import verify_consistency
from catalog.audit.rotation import Keys, follow, from_fields, to_fields
from catalog.audit.signed_note import BadNote, Checkpoint, open_note
from catalog.errors import UsageError, VerificationFailed
from catalog.storage.state import utc

if TYPE_CHECKING:
    from catalog.audit.log import AuditLog

NAME = "steward-checkpoints.jsonl"
"""How the copy is called in a folder."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A checkpoint that a copy holds."""

    at: str
    checkpoint: Checkpoint
    vkey: str


def copy_file(target: Path) -> Path:
    """The file of a copy, given the file or its folder."""
    return target / NAME if target.is_dir() else target


def read_copies(path: Path, keys: Keys) -> list[Copied]:
    """The checkpoints of a copy, oldest first; a last line that was cut off is not there.

    The copy's own handovers must lead from its first key to its last, each a key of the log, within what it answers for. Raises UsageError for a file that cannot be read, VerificationFailed for one that is no copy of this log's checkpoints.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The copy {path} cannot be read: {error}.") from None
    found: list[Copied] = []
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            kept: Any = json.loads(line)
            vkey, known = kept["vkey"], found[-1].vkey if found else kept["vkey"]
            led = follow(known, from_fields(kept["handovers"])).current if vkey != known else known
            if led != vkey or not any(vkey == key for key, _ in keys.all):
                raise VerificationFailed(
                    f"Line {number} of {path} is of another key: another log, or this one begun anew."
                )
            checkpoint = Checkpoint.parse(open_note(kept["checkpoint"], vkey))
            limit = dict(keys.all)[vkey]
            if limit is not None and checkpoint.size > limit:
                raise BadNote("its key was replaced before")
            found.append(Copied(str(kept["at"]), checkpoint, vkey))
        except (ValueError, TypeError, KeyError, RecursionError, BadNote) as error:
            raise VerificationFailed(f"Line {number} of {path} is not a signed checkpoint: {error}.") from None
    return found


def witness(log: "AuditLog", target: Path, now: datetime | None = None) -> tuple[Path, int, int]:
    """Add the log's checkpoint to a copy; returns its file, the records it covered before (0 for a new copy) and covers now.

    Raises VerificationFailed when the log does not continue what the copy has, UsageError for a file that cannot be used.
    """
    path, note, keys = copy_file(target), log.checkpoint(), log.keys()
    new = keys.open(note)
    copied = read_copies(path, keys) if path.exists() else []
    old = copied[-1].checkpoint if copied else None
    if old is not None:
        _check_continues(log, old, new, path)
    if old is None or new.size > old.size:
        line: dict[str, Any] = {"at": utc(now).isoformat(timespec="seconds"), "vkey": keys.current, "checkpoint": note}
        if copied and copied[-1].vkey != keys.current:
            before = [key for key, _ in keys.all].index(copied[-1].vkey)
            line["handovers"] = to_fields(log.handovers()[before:])
        _add(path, line)
    log.remember_witness(path)
    return path, old.size if old else 0, new.size


def _check_continues(log: "AuditLog", old: Checkpoint, new: Checkpoint, path: Path) -> None:
    if new.size < old.size:
        raise VerificationFailed(f"The log has {new.size} records and {path} has seen {old.size}: its end is missing.")
    if not verify_consistency(old.size, new.size, log.consistency(old.size, new.size), old.root, new.root):
        raise VerificationFailed(
            f"The log does not continue what {path} has seen: something in its first {old.size} records was changed."
        )


def _add(path: Path, line: dict[str, Any]) -> None:
    """Append a line durably; what a kill left of one is cut off first."""
    try:
        with path.open("a+b") as file:
            file.seek(0)
            kept = file.read()
            if not kept.endswith(b"\n") and kept:
                file.truncate(kept.rfind(b"\n") + 1)
            file.write((json.dumps(line) + "\n").encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UsageError(f"The copy {path} cannot be written: {error}.") from None
