"""Whether a source's publication is to be believed: verifies it with TUF's client, or says what is wrong with it.

``examine`` brings the documents of one source, verified, into a folder. Knows nothing of what documents say.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from securesystemslib.exceptions import Error as SecureSystemsError
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    SlowRetrievalError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Root, TargetFile, Targets, Timestamp
from tuf.ngclient import Updater

from catalog.ingest.documents import LARGEST_BYTES, STRUCTURED
from catalog.node.publication import NODE_FACTS, NODE_FIELD, PUBLISHED_FIELD, ROLES
from catalog.node.sources import Source
from catalog.pull.fetch import Cached, Fetcher, Forbidden, Limits, Unreachable, fetcher, wrong_name

MOST_DOCUMENTS = 10_000
KINDS = ("storage", "compute", "validator", "gateway")
STRANGE: tuple[type[Exception], ...] = (
    *(RepositoryError, DownloadError, SecureSystemsError, UnsupportedAlgorithm, InvalidSignature),
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, RuntimeError, TypeError, ValueError),
)
"""What a stranger's bytes may raise in the parsers and libraries that read them; it must not end the pull of other sources.
An OSError is not among them: the network's are DownloadErrors, so that one is of this machine's disk."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """What a fault is to the catalog: the event's kind and severity, and whether a signature was refuted."""

    event: str
    severity: str
    text: str
    refutes: bool = False


FAULTS = {
    "unreachable": FaultKind("outage", "medium", "The node cannot be reached"),
    "slow": FaultKind("outage", "medium", "The node answers too slowly"),
    "absent": FaultKind("outage", "medium", "Something answers, but no publication is there"),
    "half written": FaultKind("rejected publication", "medium", "The publication is not whole"),
    "frozen": FaultKind("rejected publication", "medium", "The publication has expired: an old copy, or the node signs no more"),
    "rolled back": FaultKind("rejected publication", "high", "The publication is older than the last one"),
    "mixed": FaultKind("rejected publication", "high", "Parts of different publications are mixed"),
    "oversized": FaultKind("rejected publication", "high", "The publication is larger than it may be"),
    "wrong hash": FaultKind("rejected publication", "high", "Content is not what was signed", refutes=True),
    "forged": FaultKind("rejected publication", "critical", "A signature does not verify", refutes=True),
    "unknown key": FaultKind("rejected publication", "critical", "Signed with a key that is not trusted", refutes=True),
    "misnamed": FaultKind("rejected publication", "critical", "The publication is in the name of another node"),
    "led astray": FaultKind("rejected publication", "high", "The publication leads out of its place"),
    "malformed": FaultKind("rejected publication", "medium", "The publication cannot be read"),
    "bad documents": FaultKind("rejected publication", "low", "Documents of an accepted publication cannot be read"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a publication: a key of ``FAULTS`` and what is known of this case."""

    code: str
    about: str = ""

    @property
    def kind(self) -> FaultKind:
        return FAULTS[self.code]

    @property
    def text(self) -> str:
        return f"{self.kind.text}: {self.about}." if self.about else f"{self.kind.text}."


@dataclass(frozen=True, slots=True)
class Staged:
    """A document as it was signed; ``path`` holds it, or is None when the catalog has these bytes already."""

    name: str
    sha256: str
    path: Path | None


@dataclass(slots=True)
class Examined:
    """What became of one source: its documents, or the fault; and what is trusted of it from now on."""

    source: Source
    fault: Fault | None = None
    answered: bool = False
    documents: tuple[Staged, ...] = ()
    version: int = 0
    published: datetime | None = None
    facts: dict[str, str] = field(default_factory=dict)
    rotations: dict[int, str] = field(default_factory=dict)
    """Keys replaced since the pinned root, by root version."""
    verified: dict[str, bytes] = field(default_factory=dict)
    fetched: dict[str, tuple[str, bytes]] = field(default_factory=dict)


class _Refused(RepositoryError):
    """The publication is validly signed and still not acceptable."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def examine(
    source: Source,
    trusted: tuple[Mapping[str, bytes], Mapping[str, tuple[str, bytes]]],
    known: Mapping[str, str],
    work: Path,
    store: Path,
    limits: Limits,
    started: Callable[[Fetcher], None] = lambda fetch: None,
) -> Examined:
    """Verify a source's publication and bring its documents into ``store``, named by their hash.

    ``trusted`` is what ``Sources`` kept; documents that are ``known``, SHA-256 by name, are not brought. ``work`` is
    emptied; ``started`` is given what may be stopped. Whatever the source does ends in a fault; raises OSError when
    this machine's disk fails.
    """
    verified, fetched = trusted
    found = Examined(source)
    shutil.rmtree(work, ignore_errors=True)
    (work / "root_history").mkdir(parents=True)
    for name, content in verified.items():
        (work / name).write_bytes(content)
    cached = {name: Cached(etag, content) for name, (etag, content) in fetched.items()}
    with fetcher(source.location, limits, cached) as fetch:
        started(fetch)
        try:
            _verify(found, fetch, known, work, store, limits)
        except STRANGE as error:
            found.fault = _fault(error, fetch, work)
        found.answered = fetch.answered
    found.verified = dict(_kept(work))
    found.rotations = dict(_rotations(found.verified))
    found.fetched = {name: (entry.etag, entry.content) for name, entry in cached.items()}
    shutil.rmtree(work)
    return found


def _verify(found: Examined, fetch: Fetcher, known: Mapping[str, str], work: Path, store: Path, limits: Limits) -> None:
    Updater(str(work), "metadata/", fetcher=fetch, bootstrap=found.source.root).refresh()
    timestamp = Metadata[Timestamp].from_file(str(work / "timestamp.json")).signed
    targets = Metadata[Targets].from_file(str(work / "targets.json")).signed
    facts = targets.unrecognized_fields.get(NODE_FIELD)
    found.facts = _facts(facts if isinstance(facts, dict) else {})
    if found.facts.get("name", found.source.name) != found.source.name:
        raise _Refused(Fault("misnamed"))
    _check(targets.targets, limits)
    found.documents = tuple(
        Staged(name, target.hashes["sha256"], None if known.get(name) == target.hashes["sha256"] else _bring(target, fetch, store))
        for name, target in sorted(targets.targets.items())
    )
    found.version = timestamp.version
    found.published = _moment(timestamp.unrecognized_fields.get(PUBLISHED_FIELD))


def _check(targets: Mapping[str, TargetFile], limits: Limits) -> None:
    """Refuse lists of documents that no well-meaning node signs, before anything is brought."""
    if len(targets) > MOST_DOCUMENTS:
        raise _Refused(Fault("oversized", f"{len(targets):,} documents"))
    if sum(target.length for target in targets.values()) > limits.total_bytes:
        raise _Refused(Fault("oversized", f"more than {limits.total_bytes:,} bytes in all"))
    for name, target in targets.items():
        if wrong_name(name):
            raise _Refused(Fault("led astray", f"a document's name, {wrong_name(name)}"))
        if target.length > LARGEST_BYTES:
            raise _Refused(Fault("oversized", f"{_shown(name)} has {target.length:,} bytes"))
        if not re.fullmatch("[0-9a-f]{64}", str(target.hashes.get("sha256"))):
            raise _Refused(Fault("malformed", f"{_shown(name)} has no SHA-256"))


def _bring(target: TargetFile, fetch: Fetcher, store: Path) -> Path:
    """A document's verified bytes in the store; those that an earlier pull brought are not asked for again."""
    digest = target.hashes["sha256"]
    folder, slash, name = target.path.rpartition("/")
    suffix = Path(name).suffix.lower()
    path = store / f"{digest}{suffix if suffix in STRUCTURED else ''}"
    if path.exists() and sha256(path.read_bytes()).hexdigest() == digest:
        return path
    data = fetch.download_bytes(f"targets/{folder}{slash}{digest}.{name}", target.length)
    target.verify_length_and_hashes(data)
    building = store / f".{path.name}.new"
    building.write_bytes(data)
    building.replace(path)
    return path


def _facts(said: Mapping[str, Any]) -> dict[str, str]:
    """What a node says of itself, as far as it can be true."""
    facts = {key: said[key] for key in NODE_FACTS if isinstance(said.get(key), str)}
    forms = {"country": "[A-Z]{2}", "jurisdiction": "[A-Za-z][A-Za-z-]{1,31}", "kind": "|".join(KINDS)}
    return {
        key: value
        for key, value in facts.items()
        if 0 < len(value) <= 120 and value.isprintable() and re.fullmatch(forms.get(key, ".*"), value)
    }


def _moment(said: object) -> datetime | None:
    """A time as the node signed it, no later than now."""
    try:
        at = datetime.fromisoformat(str(said))
        return min(at.astimezone(UTC), datetime.now(UTC)) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _fault(error: Exception, fetch: Fetcher, work: Path) -> Fault:
    """What an error of the client says about the publication."""
    file = fetch.last.rpartition("/")[2] if fetch.last.startswith("metadata/") else "a document"
    match error:
        case _Refused():
            return error.fault
        case SlowRetrievalError():
            return Fault("slow", str(error))
        case Unreachable():
            return Fault("unreachable", str(error))
        case Forbidden():
            return Fault("led astray", str(error))
        case DownloadLengthMismatchError():
            return Fault("oversized", f"{file} goes on past the size that was signed or allowed")
        case DownloadHTTPError():
            if file == "timestamp.json":
                return Fault("absent", f"timestamp.json, status {error.status_code}")
            return Fault("half written", f"{file} is missing, status {error.status_code}")
        case ExpiredMetadataError():
            return Fault("frozen")
        case BadVersionNumberError():
            return Fault("rolled back" if file == "timestamp.json" else "mixed", file)
        case UnsignedMetadataError():
            return Fault("forged" if _known_signer(fetch.body, work) else "unknown key", file)
        case LengthOrHashMismatchError():
            if file != "a document" and _signed(fetch.body, work):
                return Fault("mixed", file)
            return Fault("half written" if not _complete(fetch.body, file) else "wrong hash", file)
        case RepositoryError() if not _complete(fetch.body, file):
            return Fault("half written", f"{file} is cut off or no JSON")
    return Fault("malformed", file)


def _complete(body: bytes, file: str) -> bool:
    """Whether metadata is JSON to its end; a document need not be."""
    if file == "a document":
        return bool(body)
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _known_signer(body: bytes, work: Path) -> bool:
    """Whether a key that the trusted root names for the role is said to have signed this."""
    metadata, root = _read(body), _read((work / "root.json").read_bytes())
    if metadata is None or root is None or metadata.signed.type not in ROLES:
        return False
    return bool(metadata.signatures.keys() & set(root.signed.roles[metadata.signed.type].keyids))


def _signed(body: bytes, work: Path) -> bool:
    """Whether metadata is validly signed by the role's trusted keys."""
    metadata, root = _read(body), _read((work / "root.json").read_bytes())
    try:
        assert metadata is not None and root is not None
        root.signed.verify_delegate(metadata.signed.type, metadata.signed_bytes, metadata.signatures)
    except (AssertionError, RepositoryError, ValueError):
        return False
    return True


def _read(body: bytes) -> "Metadata[Any] | None":
    try:
        return Metadata.from_bytes(body)
    except (RepositoryError, RecursionError, ValueError):
        return None


def _kept(work: Path) -> Iterator[tuple[str, bytes]]:
    """The client's verified metadata, to be trusted the next time."""
    names = ["timestamp.json", "snapshot.json", "targets.json"]
    for path in [*sorted((work / "root_history").iterdir()), *(work / name for name in names)]:
        if path.is_file():
            yield path.relative_to(work).as_posix(), path.read_bytes()


def _rotations(verified: Mapping[str, bytes]) -> Iterator[tuple[int, str]]:
    """Roles whose keys each verified root replaced."""
    history = (_read(content) for name, content in verified.items() if name.startswith("root_history/"))
    roots: list[Root] = sorted((entry.signed for entry in history if entry is not None), key=lambda root: int(root.version))
    for before, after in pairwise(roots):
        roles = [role for role in ROLES if set(before.roles[role].keyids) != set(after.roles[role].keyids)]
        if roles:
            yield after.version, f"Root {after.version} replaces the keys of: {', '.join(roles)}."


def _shown(name: str) -> str:
    return repr(name if len(name) <= 100 else f"{name[:99]}…")
