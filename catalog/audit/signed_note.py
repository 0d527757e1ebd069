"""Signed notes (C2SP signed-note) and checkpoints of a log (C2SP tlog-checkpoint), with Ed25519 keys.

A note is text, an empty line and signature lines; a verifier's key is text too: ``name+keyid+key``. Knows nothing of what is signed.
"""

import base64
import binascii
import hashlib
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import CatalogUnavailable
from catalog.opening import NotRegular, regular

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = b"\x01"
PRIVATE = "PRIVATE+KEY+"
LONGEST_KEY = 10_000
LONGEST_NOTE = 1_000_000
"""Characters; a checkpoint has a few hundred."""
MOST_SIGNATURES = 100
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f\ud800-\udfff]+")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_UNFIT = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but the line feed, and what UTF-8 does not have."""


class BadNote(Exception):
    """A note, a key or a checkpoint is not what it should be; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A named private key."""

    name: str
    _key: "Ed25519PrivateKey"

    @classmethod
    def load_or_create(cls, path: Path, name: str) -> "Signer":
        """The key in the file, made under ``name`` when there is none; of two processes that make one, both get the same.

        Raises CatalogUnavailable for a file that is no such key.
        """
        with suppress(FileNotFoundError):
            return cls.load(path)
        _written(path, _generated(name))
        return cls.load(path)

    @classmethod
    def create(cls, path: Path, name: str) -> "Signer":
        """Another key, in a file beside ``path`` that is named after it: `next_path` of its public key."""
        draft = path.with_name(f".{path.name}-new")
        draft.unlink(missing_ok=True)
        _written(draft, _generated(name))
        signer = cls.load(draft)
        draft.replace(next_path(path, signer.verifier))
        _settled(path.parent)
        return signer

    @classmethod
    def load(cls, path: Path) -> "Signer":
        """The key in the file; raises FileNotFoundError, or CatalogUnavailable for a file that is no such key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # 6 to 40 ms

        try:
            with open(path, encoding="utf-8", opener=regular) as file:
                text = file.read(LONGEST_KEY).strip()
            name, identity, seed = _key_parts(text.removeprefix(PRIVATE) if text.startswith(PRIVATE) else "")
            signer = cls(name, Ed25519PrivateKey.from_private_bytes(seed))
            if identity != _key_id(name, signer._public):
                raise BadNote("the key does not match its id")
        except (BadNote, NotRegular, UnicodeDecodeError):
            raise CatalogUnavailable(f"{path} is not a signing key.", "Restore it from a backup.") from None
        return signer

    @property
    def verifier(self) -> str:
        """The public key as text, ``name+keyid+key``."""
        return _key_text(self.name, self._public, "")

    @property
    def _public(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def signature_line(self, text: str) -> str:
        """The line that a note of this text ends with, without its line feed."""
        signature = _key_id(self.name, self._public) + self._key.sign(text.encode("utf-8"))
        return f"— {self.name} {base64.b64encode(signature).decode('ascii')}"


def sign(text: str, signer: Signer) -> str:
    """The text as a signed note; raises BadNote for text that a note cannot hold."""
    if not text.endswith("\n") or _UNFIT.search(text):
        raise BadNote("the text of a note ends in a line feed and has no other control character")
    return f"{text}\n{signer.signature_line(text)}\n"


def open_note(note: str, vkey: str) -> str:
    """The text of a note that the key signed; raises BadNote on any flaw.

    Signatures of other keys, such as witnesses', must be well formed and are not judged.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    name, identity, key = _public_parts(vkey)
    if len(note) > LONGEST_NOTE or _UNFIT.search(note):
        raise BadNote("the note is too long or has control characters")
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not gap or not text or lines.pop() or not 0 < len(lines) <= MOST_SIGNATURES:
        raise BadNote("the note is not text, an empty line and signatures")
    text += "\n"
    signed = False
    for line in lines:
        match = _SIGNATURE.fullmatch(line)
        content = _decoded(match[2]) if match else b""
        if match is None or len(content) <= 4:
            raise BadNote("a signature line is malformed")
        if match[1] != name or content[:4] != identity:
            continue
        if signed:
            raise BadNote("the note is signed twice by one key")
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(content[4:], text.encode("utf-8"))
        except InvalidSignature:
            raise BadNote(f"the signature of {name} is wrong") from None
        signed = True
    if not signed:
        raise BadNote(f"the note is not signed by {name}")
    return text


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to: ``size`` records, of which ``root`` is the tree's hash, in the log called ``origin``."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text to sign."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """From the text of a note; raises BadNote unless it is exactly what ``text`` writes."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0] or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
            raise BadNote("a checkpoint is an origin, a size and a root")
        found = cls(lines[0], int(lines[1]), _decoded(lines[2]))
        if len(found.root) != hashlib.sha256().digest_size:
            raise BadNote("a checkpoint's root is a SHA-256")
        return found


def key_id(vkey: str) -> str:
    """Eight hexadecimal digits that tell keys apart; raises BadNote for text that is no key."""
    return _public_parts(vkey)[1].hex()


def next_path(path: Path, vkey: str) -> Path:
    """Where a key waits to take the place of the one at ``path``."""
    return path.with_name(f"{path.name}.{key_id(vkey)}")


def _generated(name: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _key_text(name, Ed25519PrivateKey.generate().private_bytes_raw(), PRIVATE)


def _written(path: Path, text: str) -> None:
    """Put a key where there is none, durably: what the key signs must not outlive it."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)  # unlike a rename, never over the key of another
    finally:
        Path(draft).unlink()
    _settled(path.parent)


def _settled(folder: Path) -> None:
    """What was named or renamed in a folder survives a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    os.fsync(opened)
    os.close(opened)


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode("utf-8") + b"\n" + ED25519 + public).digest()[:4]


def _key_text(name: str, key: bytes, kind: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not _NAME.fullmatch(name):
        raise BadNote(f"{name!r} cannot be the name of a key")
    public = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw() if kind else key
    return f"{kind}{name}+{_key_id(name, public).hex()}+{base64.b64encode(ED25519 + key).decode('ascii')}"


def _key_parts(text: str) -> tuple[str, bytes, bytes]:
    """Name, id and 32 key bytes of ``name+keyid+key``."""
    parts = text.split("+", 2)
    content = _decoded(parts[2]) if len(parts) == 3 else b""
    if (
        len(content) != 33
        or content[:1] != ED25519
        or not _NAME.fullmatch(parts[0])
        or not re.fullmatch("[0-9a-f]{8}", parts[1])
    ):
        raise BadNote("a key is name+keyid+key, for Ed25519")
    return parts[0], bytes.fromhex(parts[1]), content[1:]


def _public_parts(vkey: str) -> tuple[str, bytes, bytes]:
    name, identity, public = _key_parts(vkey)
    if identity != _key_id(name, public):
        raise BadNote("the key does not match its id")
    return name, identity, public


def _decoded(text: str) -> bytes:
    """Base64 that has one spelling only."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("not base64") from None
    if base64.b64encode(content).decode("ascii") != text:
        raise BadNote("not canonical base64")
    return content
