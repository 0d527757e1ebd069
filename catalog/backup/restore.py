"""Restores a backup into a folder, or into a passing one as a test. Everything is verified before anything is put in place.

A backup is as old as it is: what was revoked since would count again, so a restored catalog has no live token or grant unless asked for.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from catalog.access.grants import Grants
from catalog.audit.log import OPERATOR, AuditLog
from catalog.audit.merkle import verify_consistency
from catalog.audit.records import AUDIT_NODE
from catalog.audit.signed_note import Signer
from catalog.backup.backup import SCRATCH, count_rows, sweep_scratch
from catalog.backup.backup_file import Archive, Manifest, Progress, open_archive, silent
from catalog.errors import CatalogUnavailable, GovernanceError, UsageError, VerificationFailed
from catalog.storage.encryption import CONFIG, keys_of
from catalog.storage.generations import writing
from catalog.storage.records import Replica
from catalog.storage.rows import upsert
from catalog.storage.state import State

WHOLE = "steward catalog"
"""What the view ``replicas`` calls the catalog itself, of which a backup is a copy."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A catalog that was restored."""

    folder: Path
    manifest: Manifest
    replaced: Path | None
    """Where the catalog is now that was there before."""
    tokens: int
    """Tokens that were revoked, since they may have been after the backup."""
    grants: int


@dataclass(slots=True)
class Tested:
    """What a restore test found."""

    manifest: Manifest | None = None
    integrity_ok: bool = False
    """The file is signed by this catalog, and every byte is what was signed."""
    restore_ok: bool = False
    """The catalog in it opens, its rows are all there and its audit log verifies."""
    recorded: bool = False
    """The test is a row of the view ``replicas``."""
    flaws: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def restore(file: Path, folder: Path, *, force: bool = False, keep_access: bool = False, vkey: str | None = None, progress: Progress = silent) -> Restored:
    """Make ``folder`` the catalog of a backup, at once; a catalog that was there is kept beside it, and only with ``force`` made way.

    The restored log gets an action that says so. ``vkey`` is the key that must have signed the backup; without it that of the
    catalog in ``folder``, or else the backup's own. Raises UsageError, VerificationFailed, CatalogUnavailable; ``folder`` is
    untouched then.
    """
    folder = folder.absolute()
    live = (folder / "CURRENT").exists() or (folder / "audit.sqlite").exists()
    if live and not force:
        raise UsageError(f"There is a catalog in {folder}.", "Choose another folder, or --force: the catalog there is kept under another name.")
    if folder.is_symlink() or (folder.exists() and not live and (not folder.is_dir() or any(folder.iterdir()))):
        raise UsageError(f"{folder} is not an empty folder.", "Choose another folder.")
    vkey = vkey or _key_of(folder)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open_archive(file, vkey) as archive:
        archive.check(progress)
        _require_room(folder.parent, archive.manifest)
        draft = Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{folder.name}-", dir=folder.parent))
        try:
            _unpack(archive, draft, silent)
            if flaws := _flaws(draft, archive.manifest):
                raise VerificationFailed(f"The backup cannot be restored: {flaws[0]}.", "Nothing was changed. Try an older backup.")
            _share(draft)
            tokens, grants = (0, 0) if keep_access else _revoke_access(draft)
            _record_restore(draft, archive.manifest)
            replaced = _put_in_place(draft, folder, live)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return Restored(folder, archive.manifest, replaced, tokens, grants)


def restore_test(file: Path, home: Path, clock: datetime, *, vkey: str | None = None, progress: Progress = silent) -> Tested:
    """Restore into a passing folder and look whether all is there; the outcome becomes a row of the catalog in ``home``, if there is one.

    Flaws are in the result. Raises UsageError for a file that is not there, CatalogUnavailable when the catalog cannot be written or
    there is no room: a test that could not be made says nothing of the backup.
    """
    if not file.is_file():
        raise UsageError(f"There is no backup {file}.")
    tested, live = Tested(), (home / "CURRENT").exists()
    if (home / CONFIG).exists():
        keys_of(home)  # a key that is not at hand says nothing about the backup
    if live:
        sweep_scratch(home)
    try:
        with open_archive(file, vkey or _key_of(home)) as archive:
            tested.manifest = archive.manifest
            archive.check(progress)
            tested.integrity_ok = True
            _try_out(archive, home if live else None, tested)
    except VerificationFailed as flaw:
        tested.flaws.append(flaw.what.rstrip("."))
    tested.restore_ok = tested.integrity_ok and not tested.flaws
    if live:
        _record_test(home, tested, clock)
        tested.recorded = True
    return tested


def _try_out(archive: Archive, home: Path | None, tested: Tested) -> None:
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=home) as scratch:
        _require_room(Path(scratch), archive.manifest)
        _unpack(archive, Path(scratch), silent)
        tested.flaws += _flaws(Path(scratch), archive.manifest)
    if home is not None and (home / "audit.sqlite").exists():
        tested.notes += _against_live(AuditLog(home), archive.manifest)


def _key_of(home: Path) -> str | None:
    """The key of the catalog in a folder; None where there is none."""
    with suppress(FileNotFoundError):
        return Signer.load(home / "audit.key").verifier
    return None


def _require_room(folder: Path, manifest: Manifest) -> None:
    if shutil.disk_usage(folder).free < manifest.bytes + manifest.bytes // 10:
        raise CatalogUnavailable(f"The disk of {folder} has no room for {manifest.bytes:,} bytes.", "Make room, or choose another disk.")


def _unpack(archive: Archive, folder: Path, progress: Progress) -> None:
    """A whole catalog folder, durable, of the members of a backup."""
    archive.unpack(folder, progress)
    name = next((m for m in archive.manifest.members if m.name.startswith("gen-")), None)
    if name is None:
        raise VerificationFailed("The backup holds no generation.")
    path = folder / name.name
    path.chmod(0o400)
    pin = folder / f"{name.name.removesuffix('.duckdb')}.pin"
    for file, text in ((pin, name.sha256), (folder / "CURRENT", name.name)):
        file.touch(mode=0o600)
        file.write_text(f"{text}\n", encoding="ascii")
        _sync(file)
    with suppress(OSError):
        (folder / "witness").rmdir()  # only an empty one goes
    _sync(folder)


def _flaws(folder: Path, manifest: Manifest) -> list[str]:
    """What is wrong with an unpacked catalog; a key that is not at hand is no flaw of it and raises CatalogUnavailable."""
    found = []
    if manifest.encrypted:
        keys_of(folder)
    try:
        rows = count_rows(next(folder.glob("gen-*.duckdb")))
        names = sorted(rows.keys() | manifest.tables.keys())
        found += [f"table {n} has {rows.get(n, 'no')} rows and should have {manifest.tables.get(n, 'none')}" for n in names if rows.get(n) != manifest.tables.get(n)]
        for path in sorted(folder.glob("*.sqlite")):
            found += _sqlite_flaws(path)
        if not found:
            found += _log_flaws(folder, manifest)
    except GovernanceError as error:
        found.append(error.what.rstrip("."))
    return found


def _sqlite_flaws(path: Path) -> list[str]:
    """A sound file of plain tables, without triggers, views or virtual tables, which would run when it is used."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            schema = connection.execute("SELECT type, coalesce(sql, '') FROM sqlite_schema").fetchall()
            if any(kind not in ("table", "index") or "VIRTUAL" in str(sql).upper() for kind, sql in schema):
                return [f"{path.name} holds more than tables"]
            sound = connection.execute("PRAGMA integrity_check").fetchone()
            return [] if sound == ("ok",) else [f"{path.name} is damaged"]
    except sqlite3.Error as error:
        return [f"{path.name} cannot be read ({type(error).__name__})"]


def _log_flaws(folder: Path, manifest: Manifest) -> list[str]:
    with _log(folder) as log:
        if log.vkey != manifest.vkey:
            return ["the audit log in it has another key than the backup"]
        verdict = log.verify(sorted((folder / "witness").glob("*.jsonl")))
    found = [f"audit log, {flaw.where}: {flaw.what}" for flaw in verdict.flaws]
    if (verdict.size, verdict.root) != (manifest.log_size, manifest.log_root):
        found.append("the audit log is not the one that was copied")
    return found


def _against_live(log: AuditLog, manifest: Manifest) -> list[str]:
    """Whether the catalog's log goes on from the one in the backup."""
    if not manifest.log_size:
        return []
    if log.size < manifest.log_size:
        return [f"The live audit log has {log.size:,} records and the backup {manifest.log_size:,}: its end is missing, or it was restored from an older backup."]
    from catalog.audit.signed_note import Checkpoint, open_note

    now = Checkpoint.parse(open_note(log.checkpoint(), log.vkey))
    proof = log.consistency(manifest.log_size, now.size)
    if verify_consistency(manifest.log_size, now.size, proof, bytes.fromhex(manifest.log_root), now.root):
        return []
    return [f"The live audit log does not continue the backup's: its first {manifest.log_size:,} records are others."]


def _share(folder: Path) -> None:
    """Let readers and a writer of the SQLite files live together again; a backup holds each as one file."""
    for path in folder.glob("*.sqlite"):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")


def _revoke_access(folder: Path) -> tuple[int, int]:
    state, grants, now = State(folder), Grants(folder), datetime.now(UTC)
    tokens = sum(state.revoke_tokens(name) for name in {token.principal for token in state.tokens()})
    live = {(g.principal, g.dataset) for g in grants.all() if g.state(now) == "live"}
    return tokens, sum(grants.revoke(principal, dataset) for principal, dataset in sorted(live))


def _record_restore(folder: Path, manifest: Manifest) -> None:
    """Say in the restored log that, and from when, it was restored; the view's word for rows that come from outside is ``ingest``."""
    clock = datetime.fromisoformat(manifest.clock) if (folder / "clock").exists() else None  # a demo's stands still
    with _log(folder) as log:
        what = f"restore of the backup taken at {manifest.created}: generation {manifest.generation}, audit log of {manifest.log_size} records"
        seq = log.begin(OPERATOR, OPERATOR, "ingest", what, None, now=clock)
        log.end(seq, "allowed", row_count=sum(manifest.tables.values()), now=clock)


def _record_test(home: Path, tested: Tested, clock: datetime) -> None:
    taken = datetime.fromisoformat(tested.manifest.clock).replace(tzinfo=None) if tested.manifest else None
    row = Replica(
        node=AUDIT_NODE, sensitivity="internal", as_of=clock, origin="measured", dataset=WHOLE, kind="backup", last_synced=taken,
        last_restore_test=clock, restore_ok=tested.restore_ok, integrity_ok=tested.integrity_ok,
    )  # fmt: skip
    with writing(home) as connection:
        upsert(connection, [row])


def _put_in_place(draft: Path, folder: Path, live: bool) -> Path | None:
    """Rename; the catalog that was there gets another name first, once nobody writes to it."""
    from filelock import FileLock, Timeout

    replaced = None
    assert not any(path.stat().st_size for path in draft.glob("*.sqlite-wal")), "closed files have no journal"
    _sync(draft)
    if live:
        replaced = folder.with_name(f"{folder.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
        try:
            with FileLock(folder / "writer.lock", timeout=30):
                folder.rename(replaced)
                draft.rename(folder)
        except Timeout:
            raise CatalogUnavailable(f"Another process is writing to {folder}.", "Try again when it has ended.") from None
    else:
        draft.rename(folder)  # over an empty folder or none
    _sync(folder.parent)
    return replaced


@contextmanager
def _log(folder: Path) -> Iterator[AuditLog]:
    """The log of an unpacked folder, closed again before the folder moves."""
    log = AuditLog(folder)
    try:
        yield log
    finally:
        log.close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
