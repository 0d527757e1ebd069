"""Takes a backup of a catalog folder: its current generation, policy, grants and tokens, audit log and keys, in one signed file.

A backup holds what the folder holds, secrets too, and is for its owner alone. Snapshots are left out: they are made again.
"""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from catalog.audit.log import OPERATOR, AuditLog
from catalog.audit.signed_note import Signer
from catalog.audit.verify import Verdict
from catalog.backup.backup_file import (
    SMALL,
    SUFFIX,
    Manifest,
    Member,
    Progress,
    most_bytes,
    open_archive,
    sha256_of,
    silent,
    write_archive,
)
from catalog.errors import CatalogUnavailable, GovernanceError, UsageError
from catalog.storage.database import open_generation
from catalog.storage.encryption import CONFIG, generation_key, is_sealed
from catalog.storage.generations import Generation, pinned

FILES = ("policy.yaml", "policy_tests.yaml", "clock", "mask.key", "audit.key", CONFIG)
"""Files of the folder that are copied as they are, where they are there."""
ABANDONED_S = 86_400
"""Age in seconds at which what a killed backup or restore test left behind is removed."""
SCRATCH = ".backup-"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was taken."""

    path: Path
    bytes: int
    manifest: Manifest
    log: Verdict
    """What verifying the copied audit log found."""
    removed: tuple[Path, ...] = ()
    """Older backups that were one too many."""


def back_up(home: Path, target: Path, clock: datetime, *, force: bool = False, keep: int = 0, progress: Progress = silent) -> Backup:
    """Write a backup into ``target``, or into a folder under a name that tells the time; durable when this returns.

    The export is an action in the audit log, and begins before anything leaves the folder. With ``keep`` only so many of this
    catalog's backups stay in the folder of the new one. Raises UsageError for a file that exists (unless forced) or lies in the
    catalog's folder, CatalogUnavailable for a catalog that cannot be read or a disk that is full.
    """
    now = datetime.now(UTC)
    path = target / f"steward-{now:%Y%m%dT%H%M%SZ}{SUFFIX}" if target.is_dir() else target
    if path.parent.resolve().is_relative_to(home.resolve()):
        raise UsageError("A backup must not lie in the catalog's own folder.", "Choose another disk: what destroys the one must spare the other.")
    if os.path.lexists(path) and not force:
        raise UsageError(f"{path} exists.", "Choose another name, or --force to replace it.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.")
    sweep_scratch(home)
    with pinned(home) as generation, tempfile.TemporaryDirectory(prefix=SCRATCH, dir=home) as scratch:
        log = AuditLog(home)
        vkey = log.vkey  # made with the log, if nobody has asked anything yet
        sources = _stage(home, Path(scratch), generation)
        sources |= _witnesses(Path(scratch))
        verdict = _verdict(Path(scratch))
        members = tuple(Member(name=name, size=source.stat().st_size, sha256=sha256_of(source)) for name, source in sources.items())
        manifest = Manifest(
            format=1,
            created=now.isoformat(timespec="seconds"),
            clock=clock.isoformat(timespec="seconds"),
            generation=generation.number,
            encrypted=is_sealed(generation.path),
            tables=count_rows(generation.path),
            log_size=verdict.size,
            log_root=verdict.root,
            vkey=vkey,
            members=members,
        )
        seq = log.begin(OPERATOR, OPERATOR, "export", "backup of the catalog", None, now=clock)
        _write(path, manifest, Signer.load(home / "audit.key"), sources, force, progress)
        log.end(seq, "allowed", row_count=sum(manifest.tables.values()), now=clock)
    removed = _rotate(path, vkey, keep) if keep else ()
    return Backup(path, path.stat().st_size, manifest, verdict, removed)


def count_rows(path: Path) -> dict[str, int]:
    """Rows of every table of a generation. Raises CatalogUnavailable for a file that cannot be read, or that holds more than tables."""
    import duckdb

    try:
        with open_generation(path, generation_key(path)) as connection:
            if connection.execute("SELECT 1 FROM duckdb_functions() WHERE NOT internal").fetchone():
                raise CatalogUnavailable(f"{path.name} holds macros, which no catalog does.")
            names = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal ORDER BY 1").fetchall()]
            quoted = {name: name.replace('"', '""') for name in names}
            return {name: (connection.execute(f'SELECT count(*) FROM "{quoted[name]}"').fetchone() or (0,))[0] for name in names}
    except duckdb.Error as error:
        raise CatalogUnavailable(f"{path.name} cannot be read: {type(error).__name__}.", "Build the catalog anew, or restore it from a backup.") from None


def sweep_scratch(home: Path) -> None:
    """Remove what killed backups and restore tests left behind."""
    for ruin in home.glob(f"{SCRATCH}*"):
        with suppress(FileNotFoundError):
            if time.time() - ruin.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(ruin, ignore_errors=True)


def _stage(home: Path, scratch: Path, generation: Generation) -> dict[str, Path]:
    """Copies, each whole in itself, of what may change; what cannot change is read where it is."""
    staged = {generation.path.name: generation.path}
    for source in sorted(home.glob("*.sqlite")):
        if most_bytes(source.name) is not None:
            staged[source.name] = scratch / source.name
            _copy_sqlite(source, scratch / source.name)
    for name in FILES:
        with suppress(FileNotFoundError):
            (scratch / name).write_bytes((home / name).read_bytes())
            (scratch / name).chmod(0o600)
            staged[name] = scratch / name
    return staged


def _copy_sqlite(source: Path, target: Path) -> None:
    """One state of a SQLite file that others may be writing to."""
    target.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(source, timeout=30)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # so that one file holds it all; a restore sets it back
    except sqlite3.Error as error:
        raise CatalogUnavailable(f"{source} cannot be copied: {error}.") from error


def _witnesses(scratch: Path) -> dict[str, Path]:
    """Copies of checkpoints that the log knows and that are at hand."""
    with closing(sqlite3.connect(scratch / "audit.sqlite")) as connection:
        known = [Path(path) for (path,) in connection.execute("SELECT path FROM audit_witness ORDER BY path")]
    (scratch / "witness").mkdir(mode=0o700)
    found: dict[str, Path] = {}
    for path in known:
        with suppress(OSError):
            if path.is_file() and path.stat().st_size <= SMALL and len(found) < 999:
                name = f"witness/{len(found) + 1}.jsonl"
                found[name] = scratch / name
                found[name].write_bytes(path.read_bytes())
    return found


def _verdict(folder: Path) -> Verdict:
    log = AuditLog(folder)
    try:
        return log.verify()
    finally:
        log.close()


def _write(path: Path, manifest: Manifest, signer: Signer, sources: Mapping[str, Path], force: bool, progress: Progress) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=SCRATCH)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            write_archive(file, manifest, signer, sources, progress)
            file.flush()
            os.fsync(file.fileno())
        if force:
            Path(draft).replace(path)
        else:
            os.link(draft, path)  # unlike a rename, never over another file
            Path(draft).unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except FileExistsError:
        raise UsageError(f"{path} exists.", "Choose another name, or --force to replace it.") from None
    except OSError as error:
        raise CatalogUnavailable(f"The backup {path} cannot be written: {error.strerror}.", "See that the disk has room.") from error
    finally:
        Path(draft).unlink(missing_ok=True)


def _rotate(newest: Path, vkey: str, keep: int) -> tuple[Path, ...]:
    """Remove this catalog's older backups beside the newest; what is signed by another key, or by none, is left alone."""
    found: list[tuple[str, Path]] = []
    for path in newest.parent.glob(f"*{SUFFIX}"):
        if path.is_symlink() or path.samefile(newest):
            continue
        with suppress(GovernanceError), open_archive(path, vkey) as archive:
            found.append((archive.manifest.created, path))
    removed = tuple(path for _, path in sorted(found, reverse=True)[keep - 1 :])
    for path in removed:
        path.unlink(missing_ok=True)
    return removed
