"""The file of a backup: a tar archive whose first member is a signed manifest that names every other one, its size and its SHA-256.

This module writes one layout only, and compares every header and every byte between contents with it: links, folders, other names,
another order, extensions of the format and bytes after the end are all refused. Knows nothing about catalogs.
"""

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.audit.signed_note import LONGEST_NOTE, BadNote, open_note, sign
from catalog.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from catalog.audit.signed_note import Signer

SUFFIX = ".stewardbackup"
FORMAT = 1
MANIFEST = "manifest"
BLOCK = tarfile.BLOCKSIZE
CHUNK = 1 << 20
SMALL = 16 << 20
"""Bytes of a member that people write or that is one key; the catalog and its SQLite files may be of any size."""
NAMES: Mapping[str, int] = {
    r"gen-[1-9][0-9]{0,15}(?:\.sealed)?\.duckdb": 1 << 62,
    r"[a-z][a-z_]{0,39}\.sqlite": 1 << 62,
    r"policy\.yaml|policy_tests\.yaml": SMALL,
    r"audit\.key|mask\.key|clock|encryption\.json": 1 << 12,
    r"witness/[1-9][0-9]{0,2}\.jsonl": SMALL,
}
"""Every name that a member may have, and how many bytes at most."""

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


def silent(_done: int, _total: int) -> None:
    """Tell nobody."""


class Member(BaseModel):
    """One file in a backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    size: Annotated[int, Field(ge=0, lt=1 << 62)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What a backup says of itself. Times are ISO 8601 in UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    created: str
    clock: str
    """The catalog's own time when the backup was taken; a demo's stands still."""
    generation: int
    encrypted: bool
    tables: dict[str, int]
    """Rows of every storage table."""
    log_size: Annotated[int, Field(ge=0)]
    """Records of the audit log."""
    log_root: str
    """Root of the log's tree, hex."""
    vkey: str
    """Public key that signs the backup and the audit log."""
    members: tuple[Member, ...]

    @property
    def bytes(self) -> int:
        """Size of all members."""
        return sum(member.size for member in self.members)


@dataclass(frozen=True, slots=True)
class Archive:
    """An open backup of which the manifest is signed and the layout is right; ``check`` and ``unpack`` compare contents."""

    file: IO[bytes]
    manifest: Manifest

    def check(self, progress: Progress = silent) -> None:
        """Compare every member with its hash; raises VerificationFailed."""
        self._read_all(lambda _member: None, progress)

    def unpack(self, folder: Path, progress: Progress = silent) -> None:
        """Write every member below an empty folder, durably, comparing once more what is written; raises VerificationFailed."""
        (folder / "witness").mkdir(mode=0o700)
        self._read_all(lambda member: folder / member.name, progress)

    def _read_all(self, where: Callable[[Member], Path | None], progress: Progress) -> None:
        done, at = 0, BLOCK + _manifest_size(self.file)
        for member in self.manifest.members:
            digest, target = hashlib.sha256(), where(member)
            out = None if target is None else os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
            try:
                at += _padding(at) + BLOCK
                for chunk in _chunks(self.file, at, member.size):
                    digest.update(chunk)
                    if out:
                        out.write(chunk)
                    done += len(chunk)
                    progress(done, self.manifest.bytes)
                if out:
                    out.flush()
                    os.fsync(out.fileno())
            finally:
                if out:
                    out.close()
            if digest.hexdigest() != member.sha256:
                raise VerificationFailed(f"The backup is damaged: {member.name} is not what its manifest says.")
            at += member.size


def write_archive(file: IO[bytes], manifest: Manifest, signer: "Signer", sources: Mapping[str, Path], progress: Progress = silent) -> None:
    """Write a backup of these files; raises VerificationFailed when one is no longer what the manifest says."""
    text = json.dumps(manifest.model_dump(), sort_keys=True, separators=(",", ":")) + "\n"  # ASCII: a note has no control characters
    note = sign(text, signer).encode("utf-8")
    done = 0
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(_information(MANIFEST, len(note)), io.BytesIO(note))
        for member in manifest.members:
            with sources[member.name].open("rb") as source:
                reader = _Hashing(source, partial(_tell, progress, done, manifest.bytes))
                tar.addfile(_information(member.name, member.size), reader)
            if reader.digest.hexdigest() != member.sha256:
                raise VerificationFailed(f"{member.name} changed while it was copied.", "Take the backup again.")
            done += member.size


@contextmanager
def open_archive(path: Path, vkey: str | None = None) -> Iterator[Archive]:
    """A backup whose manifest is signed by ``vkey``, or by the key that it names itself; only names, order and sizes are compared.

    Raises UsageError for a file that cannot be read, VerificationFailed for one that is no backup or not signed by that key.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"The backup {path} cannot be read: {error.strerror}.") from None
    with file:
        size = _manifest_size(file)
        manifest = _manifest(_bytes_at(file, BLOCK, size), vkey)
        _compare(file, manifest, size)
        yield Archive(file, manifest)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def most_bytes(name: str) -> int | None:
    """How many bytes a member of this name may have; None when no member may be called so."""
    return next((most for pattern, most in NAMES.items() if re.fullmatch(pattern, name, re.ASCII)), None)


def _manifest(note: bytes, vkey: str | None) -> Manifest:
    try:
        text = note.decode("utf-8")
        claimed = Manifest.model_validate_json(open_note(text, vkey or _named_key(text)))
    except BadNote as error:
        raise VerificationFailed(f"The backup is not signed by {'the key asked for' if vkey else 'its own key'}: {error}.") from None
    except (UnicodeDecodeError, ValidationError):
        raise VerificationFailed("The backup's manifest is not what this version writes.") from None
    if claimed.format != FORMAT or (vkey and claimed.vkey != vkey):
        raise VerificationFailed("The backup's manifest is of another format or names another key.")
    names = [member.name for member in claimed.members]
    if len(set(names)) != len(names):
        raise VerificationFailed("The backup's manifest names a file twice.")
    for member in claimed.members:
        most = most_bytes(member.name)
        if most is None or member.size > most:
            raise VerificationFailed(f"The backup's manifest names {member.name!r}, which no backup holds, or not of that size.")
    return claimed


def _named_key(text: str) -> str:
    return Manifest.model_validate_json(text.partition("\n\n")[0]).vkey


def _manifest_size(file: IO[bytes]) -> int:
    header = _bytes_at(file, 0, BLOCK)
    try:
        size = tarfile.TarInfo.frombuf(header, "utf-8", "strict").size
    except (tarfile.TarError, ValueError):
        raise VerificationFailed("The file is not a backup.") from None
    if not 0 < size <= LONGEST_NOTE or header != _header(MANIFEST, size):
        raise VerificationFailed("The file is not a backup: its first part is no manifest.")
    return size


def _compare(file: IO[bytes], manifest: Manifest, size: int) -> None:
    """Every header, and every byte between contents, must be what this module writes; contents are not read."""
    at, length = BLOCK + size, file.seek(0, os.SEEK_END)
    for member in manifest.members:
        filled = _padding(at)
        if _bytes_at(file, at, filled + BLOCK) != bytes(filled) + _header(member.name, member.size):
            raise VerificationFailed(f"The backup is cut off, or holds something else where {member.name} should be.")
        at += filled + BLOCK + member.size
    whole = -(-(at + _padding(at) + 2 * BLOCK) // tarfile.RECORDSIZE) * tarfile.RECORDSIZE
    if length != whole or any(_bytes_at(file, at, whole - at)):
        raise VerificationFailed("The backup is cut off, or has more in it than its manifest names.")


def _bytes_at(file: IO[bytes], at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)


def _chunks(file: IO[bytes], at: int, size: int) -> Iterator[bytes]:
    """Bytes of the file; fewer where it ends before."""
    while size and (chunk := _bytes_at(file, at, min(CHUNK, size))):
        yield chunk
        at, size = at + len(chunk), size - len(chunk)


def _padding(size: int) -> int:
    """Zeros up to the next block."""
    return -size % BLOCK


def _information(name: str, size: int) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.size, found.mode = size, 0o600
    return found


def _header(name: str, size: int) -> bytes:
    """The only header that a member of this name and size may have."""
    return _information(name, size).tobuf(tarfile.GNU_FORMAT)


def _tell(progress: Progress, before: int, total: int, count: int) -> None:
    progress(before + count, total)


class _Hashing:
    """A file that hashes what is read from it."""

    def __init__(self, source: IO[bytes], told: Callable[[int], None]) -> None:
        self.digest = hashlib.sha256()
        self._source, self._told, self._count = source, told, 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        chunk = self._source.read(size)
        self.digest.update(chunk)
        self._count += len(chunk)
        self._told(self._count)
        return chunk
