"""What a node publishes: its documents under The Update Framework, as a plain folder that any file server can carry.

    PUBLICATION/metadata/N.root.json, N.targets.json, N.snapshot.json, timestamp.json
    PUBLICATION/targets/<path>/<sha256>.<name>

The node keeps its keys in ``FOLDER/keys`` and its own metadata in ``FOLDER/metadata``; a publication is made from those
alone and never read back. Specification: theupdateframework.github.io/specification, 1.0.31, consistent snapshots.
"""

import os
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from securesystemslib.exceptions import StorageError
from securesystemslib.signer import CryptoSigner, Key
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Snapshot, T, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from catalog.errors import UsageError
from catalog.ingest.documents import LARGEST_BYTES, STRUCTURED
from catalog.pull.fetch import wrong_name

ROLES = ("root", "targets", "snapshot", "timestamp")
NODE_FIELD = "x-steward-node"
"""Signed field of targets.json: what ``node.toml`` says of the node."""
PUBLISHED_FIELD = "x-steward-published"
"""Signed field of timestamp.json: when the node published, UTC, ISO 8601."""
NODE_FACTS = ("name", "operator", "network", "country", "jurisdiction", "kind")
RENEW = timedelta(days=14)
"""How long before they expire snapshot and targets are signed anew, changed or not."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """Days that each role's metadata is good for. The timestamp's bounds how long a stale copy can pass for the last one."""

    root: int = 365
    targets: int = 90
    snapshot: int = 90
    timestamp: int = 7


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication says now, and what is new in it since the last one; names are paths below ``documents``."""

    version: int
    documents: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    left_out: tuple[str, ...]
    """Files that are no documents, by name and reason."""
    expires: datetime
    root_expires: datetime
    root: Path
    """The trusted root that catalogs pin: hand it over by a way that you trust."""


def init_keys(folder: Path, root_keys: int = 1, root_threshold: int = 1, expiry: Expiry = Expiry(), now: datetime | None = None) -> Path:
    """Make a node's keys and its first root; returns the root's file, which catalogs pin.

    Private keys are PEM files in ``FOLDER/keys`` that only their owner reads. Those of the root sign other keys and
    nothing else: they may be moved away until a key is replaced. Raises UsageError where keys are already.
    """
    if not 1 <= root_threshold <= root_keys <= 9:
        raise UsageError(f"{root_threshold} of {root_keys} root keys cannot be asked for.", "Choose at most 9, and a threshold up to that.")
    with _locked(folder):
        if _root_versions(folder):
            raise UsageError(f"{folder} has keys.", "Replace them with 'steward node rotate'.")
        root = Root(expires=_in(expiry.root, now), consistent_snapshot=True)
        signers = [_new_key(folder / "keys", "root", root) for _ in range(root_keys)]
        root.roles["root"].threshold = root_threshold
        for role in ROLES[1:]:
            _new_key(folder / "keys", role, root)
        path = folder / "metadata" / "1.root.json"
        _write(path, _signed(root, signers))
        return path


def publish(folder: Path, to: Path, expiry: Expiry = Expiry(), now: datetime | None = None) -> Published:
    """Sign the documents under ``FOLDER/documents`` and lay the publication out in ``to``.

    What is unchanged keeps its signature; ``timestamp.json`` is new each time and written last, so that readers see the
    last publication until this one is whole. Makes keys where there are none. Raises UsageError.
    """
    if not (folder / "documents").is_dir():
        raise UsageError(f"{folder} has no documents to publish.", "Profile data into it first: steward node profile")
    inside = to.resolve()
    if inside == folder.resolve() or any(inside.is_relative_to((folder / d).resolve()) for d in ("documents", "keys", "metadata")):
        raise UsageError(f"A publication cannot lie in {to}: what is there is the node's own.", "Choose a folder of its own.")
    if not _root_versions(folder):
        init_keys(folder, expiry=expiry, now=now)
    with _locked(folder):
        root = _load(_root_file(folder), Root)
        found, left_out = _documents(folder / "documents")
        facts = _facts(folder)
        signing = _Signing(folder, root.signed, now)

        before = signing.last("targets", Targets)
        targets = Targets(targets={name: TargetFile.from_data(name, path.read_bytes(), ["sha256"]) for name, path in found.items()})
        targets.unrecognized_fields[NODE_FIELD] = facts
        told = before.targets if before else {}
        same = before and before.targets == targets.targets and before.unrecognized_fields.get(NODE_FIELD) == facts
        targets_meta = signing.sign("targets", targets, expiry.targets, before if same else None)

        last = signing.last("snapshot", Snapshot)
        snapshot = Snapshot(meta={"targets.json": targets_meta})
        snapshot_meta = signing.sign("snapshot", snapshot, expiry.snapshot, last if last and last.meta == snapshot.meta else None)

        timestamp = Timestamp(snapshot_meta=snapshot_meta)
        timestamp.unrecognized_fields[PUBLISHED_FIELD] = _moment(now).isoformat()
        signing.sign("timestamp", timestamp, expiry.timestamp, None)

        _lay_out(folder, to, found, targets_meta.version, snapshot_meta.version)
    names = targets.targets
    return Published(
        version=timestamp.version,
        documents=len(names),
        added=tuple(sorted(names.keys() - told.keys())),
        changed=tuple(sorted(name for name in names.keys() & told.keys() if names[name] != told[name])),
        removed=tuple(sorted(told.keys() - names.keys())),
        left_out=tuple(left_out),
        expires=timestamp.expires,
        root_expires=root.signed.expires,
        root=_root_file(folder),
    )


def rotate(folder: Path, roles: Iterable[str], root_keys: Path | None = None, expiry: Expiry = Expiry(), now: datetime | None = None) -> int:
    """Replace the keys of these roles, and renew the root, which names them; returns the root's new version.

    The new root is signed by the last root's keys, so that who trusts that one trusts this one, and by its own. Root keys
    are read from ``root_keys`` when they are kept apart, and new ones written there. The next ``publish`` makes it known.
    Raises UsageError when a key is missing.
    """
    roles = list(dict.fromkeys(roles))
    with _locked(folder):
        last = _load(_root_file(folder), Root)
        store = {role: root_keys if role == "root" and root_keys else folder / "keys" for role in ROLES}
        signers = _signers(last.signed, "root", (store["root"],))
        root = _load(_root_file(folder), Root).signed
        root.version += 1
        root.expires = _in(expiry.root, now)
        replaced = [keyid for role in roles for keyid in root.roles[role].keyids]
        for role in roles:
            old = list(root.roles[role].keyids)
            for keyid in old:
                root.revoke_key(keyid, role)
            fresh = [_new_key(store[role], role, root) for _ in old]
            signers += fresh if role == "root" else []
        _write(folder / "metadata" / f"{root.version}.root.json", _signed(root, signers))
        for role in roles:
            for path in store[role].glob(f"{role}-*.pem"):
                if path.stem.removeprefix(f"{role}-") in {keyid[:16] for keyid in replaced}:
                    path.unlink()
        return root.version


@dataclass(slots=True)
class _Signing:
    """Signs a node's own metadata; what stands already in its folder keeps its version and its signature."""

    folder: Path
    root: Root
    now: datetime | None

    def last(self, role: str, kind: type[T]) -> T | None:
        """What was last signed for a role, if anything."""
        path = self._path(role)
        return _load(path, kind).signed if path.exists() else None

    def sign(self, role: str, signed: Signed, days: int, same: Signed | None) -> MetaFile:
        """Give ``signed`` the next version and write it; where ``same`` says as much and holds on, keep that one."""
        path = self._path(role)
        before = path.read_bytes() if path.exists() else None
        if same is not None and before is not None and self._holds(role, before):
            return MetaFile.from_data(same.version, before, ["sha256"])
        signed.version = Metadata.from_bytes(before).signed.version + 1 if before else 1
        signed.expires = _in(days, self.now)
        data = _signed(signed, _signers(self.root, role, (self.folder / "keys",)))
        _write(path, data)
        return MetaFile.from_data(signed.version, data, ["sha256"])

    def _holds(self, role: str, data: bytes) -> bool:
        metadata: Metadata[Any] = Metadata.from_bytes(data)
        if metadata.signed.expires - _moment(self.now) < RENEW:
            return False
        try:
            self.root.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
        except RepositoryError:
            return False
        return True

    def _path(self, role: str) -> Path:
        return self.folder / "metadata" / f"{role}.json"


def _documents(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Documents by their path below the folder, and what else lies there: only what is metadata by its suffix leaves the node."""
    found: dict[str, Path] = {}
    left_out = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        if path.is_symlink() or not path.is_file():
            left_out.append(f"{name}: not a regular file")
        elif path.suffix.lower() not in STRUCTURED:
            left_out.append(f"{name}: neither JSON nor YAML")
        elif reason := wrong_name(name):
            left_out.append(f"{name}: {reason}")
        elif path.stat().st_size > LARGEST_BYTES:
            left_out.append(f"{name}: more than {LARGEST_BYTES // 1_000_000} MB")
        else:
            found[name] = path
    return found, left_out


def _facts(folder: Path) -> dict[str, str]:
    try:
        with (folder / "node.toml").open("rb") as file:
            written = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder / 'node.toml'} cannot be read: {error}.") from error
    return {fact: str(written[fact]) for fact in NODE_FACTS if written.get(fact) not in (None, "")}


def _lay_out(folder: Path, to: Path, found: dict[str, Path], targets_version: int, snapshot_version: int) -> None:
    """Write the files of a publication, the timestamp last, then remove what nobody can be reading any more."""
    own, metadata, place = folder / "metadata", to / "metadata", to / "targets"
    targets = _load(own / "targets.json", Targets).signed
    kept = _files(targets)
    if (earlier := metadata / f"{targets_version - 1}.targets.json").exists():
        try:
            kept |= _files(_load(earlier, Targets).signed)
        except UsageError:
            earlier.unlink()
    for name, target in targets.targets.items():
        file = place / _stored(target)
        if not (file.exists() and sha256(file.read_bytes()).hexdigest() == target.hashes["sha256"]):
            data = found[name].read_bytes()
            if sha256(data).hexdigest() != target.hashes["sha256"]:
                raise UsageError(f"{name} changed while it was being published.", "Publish again.")
            _write(file, data)
    for version in _root_versions(folder):
        _write_new(metadata / f"{version}.root.json", (own / f"{version}.root.json").read_bytes())
    _write_new(metadata / f"{targets_version}.targets.json", (own / "targets.json").read_bytes())
    _write_new(metadata / f"{snapshot_version}.snapshot.json", (own / "snapshot.json").read_bytes())
    _write(metadata / "timestamp.json", (own / "timestamp.json").read_bytes())
    for role, version in (("targets", targets_version), ("snapshot", snapshot_version)):
        for path in metadata.glob(f"*.{role}.json"):
            if path.name.split(".")[0] not in (str(version), str(version - 1)):
                path.unlink()
    for path in [*place.rglob("*"), *metadata.glob(".*.new")]:
        if path.is_file() and path.relative_to(to).as_posix().removeprefix("targets/") not in kept:
            path.unlink()


def _files(targets: Targets) -> set[str]:
    return {_stored(target) for target in targets.targets.values()}


def _stored(target: TargetFile) -> str:
    """Where a document lies below ``targets``: its path with its hash before its name."""
    folder, slash, name = target.path.rpartition("/")
    return f"{folder}{slash}{target.hashes['sha256']}.{name}"


def _new_key(store: Path, role: str, root: Root) -> CryptoSigner:
    signer = CryptoSigner.generate_ed25519()
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(store / f"{role}-{signer.public_key.keyid[:16]}.pem", signer.private_bytes, mode=0o600)
    root.add_key(signer.public_key, role)
    return signer


def _signers(root: Root, role: str, stores: Iterable[Path]) -> list[CryptoSigner]:
    """Those of a role's keys that are at hand; raises UsageError for fewer than its threshold."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    wanted = root.roles[role]
    signers = []
    for path in sorted(path for store in stores for path in store.glob(f"{role}-*.pem")):
        try:
            signer = CryptoSigner(load_pem_private_key(path.read_bytes(), None))
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{path} is no private key that can be read: {error}.") from error
        public: Key = signer.public_key
        if public.keyid in wanted.keyids:
            signers.append(signer)
    if len(signers) < wanted.threshold:
        raise UsageError(
            f"{len(signers)} of the {wanted.threshold} {role} keys that must sign are here.",
            "Put the PEM files back, or name their folder with --root-keys." if role == "root" else "Replace them: steward node rotate",
        )
    return signers


def _signed(signed: Signed, signers: Iterable[CryptoSigner]) -> bytes:
    metadata: Metadata[Any] = Metadata(signed)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes(JSONSerializer(compact=False))


def _load(path: Path, kind: type[T]) -> Metadata[T]:
    try:
        metadata: Metadata[T] = Metadata[T].from_file(str(path))
    except (RepositoryError, StorageError) as error:
        raise UsageError(f"{path} is not TUF metadata: {error}.") from error
    if not isinstance(metadata.signed, kind):
        raise UsageError(f"{path} is not {kind.__name__.lower()} metadata.")
    return metadata


def _root_versions(folder: Path) -> list[int]:
    names = (path.name.split(".")[0] for path in (folder / "metadata").glob("*.root.json"))
    return sorted(int(name) for name in names if name.isdigit())


def _root_file(folder: Path) -> Path:
    versions = _root_versions(folder)
    if not versions:
        raise UsageError(f"{folder} has no keys.", "Make them: steward node publish")
    return folder / "metadata" / f"{versions[-1]}.root.json"


def _moment(now: datetime | None) -> datetime:
    return (now or datetime.now(UTC)).replace(microsecond=0)


def _in(days: float, now: datetime | None) -> datetime:
    return _moment(now) + timedelta(days=days)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    from filelock import FileLock

    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", "Make the node first: steward node init")
    with FileLock(folder / ".publish.lock", mode=0o600):
        yield


def _write_new(path: Path, data: bytes) -> None:
    if not (path.exists() and path.read_bytes() == data):
        _write(path, data)


def _write(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put a file in place whole and durably, or leave what is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    building = path.parent / f".{path.name}.new"
    building.unlink(missing_ok=True)
    descriptor = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    building.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
