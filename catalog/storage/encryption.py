"""Where the key of an encrypted catalog comes from, and what is derived from it. Knows nothing about DuckDB or SQLite.

The key is 32 random bytes outside of the catalog's folder: in a file of the owner's, or in the keyring of the system. The folder holds
``encryption.json``, which says where to look and recognises the key; from the key come others by HKDF (RFC 5869), one for each use.
"""

import hmac
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from catalog.errors import CatalogUnavailable, UsageError
from catalog.opening import NotRegular, regular

CONFIG = "encryption.json"
KEY_VARIABLE = "STEWARD_KEY_FILE"
"""Names the key file; wins over what the folder says."""
SERVICE = "steward"
"""Under which the system's keyring keeps keys."""
SEALED = ".sealed.duckdb"
"""How the names of encrypted databases end."""
NONCE = 12
LONGEST_CONFIG = 10_000
"""Characters of what the folder says of its key that are read."""
EXTRA = "pip install 'datasteward[encryption]'"


@dataclass(frozen=True, slots=True)
class Config:
    """What the folder says of its key."""

    identity: str
    """Tells this key from others; the name of its entry in a keyring."""
    check: str
    """Derived from the key: shows the right one, and nothing of it."""
    key_file: str | None
    """None for the keyring."""
    active: bool = True
    """New files are encrypted; false while and after decrypting, when old ones may still need the key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The key of one catalog; never shown."""

    _master: bytes = field(repr=False)

    @property
    def check(self) -> str:
        """What recognises the key."""
        return self._derived("check").hex()[:32]

    @property
    def generation(self) -> str:
        """Key of the catalog's own database, as DuckDB takes it."""
        return self._derived("generation").hex()

    def snapshot(self, folder: str) -> str:
        """Key of the snapshots in one principal's folder: all that the process that runs their SQL is told."""
        return self._derived(f"snapshot/{folder}").hex()

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """AES-256-GCM, a random nonce in front; opens only for the same purpose."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(NONCE)
        return nonce + AESGCM(self._derived("bytes")).encrypt(nonce, plain, purpose.encode("utf-8"))

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """What was sealed; raises ValueError when it was not by this key, for this purpose, or has been changed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self._derived("bytes")).decrypt(sealed[:NONCE], sealed[NONCE:], purpose.encode("utf-8"))
        except InvalidTag:
            raise ValueError("not sealed by this key for this purpose") from None

    def _derived(self, purpose: str) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), 32, None, f"steward/1/{purpose}".encode()).derive(self._master)


def read_config(home: Path) -> Config | None:
    """What the folder says of its key; None for a catalog that never was encrypted. Raises CatalogUnavailable for a damaged file."""
    path = home / CONFIG
    try:
        with open(path, encoding="utf-8", opener=regular) as file:
            found: Any = json.loads(file.read(LONGEST_CONFIG))
        config = Config(found["identity"], found["check"], found["key_file"], found["active"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError):
        config = None
    if config is None or not (
        isinstance(config.identity, str)
        and isinstance(config.check, str)
        and isinstance(config.active, bool)
        and (config.key_file is None or isinstance(config.key_file, str))
    ):
        raise CatalogUnavailable(f"{path} is damaged.", "Restore it from a backup.")
    return config


def write_config(home: Path, config: Config) -> None:
    """Say durably where the key is."""
    content = {"identity": config.identity, "check": config.check, "key_file": config.key_file, "active": config.active}
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=home, prefix=".encryption-", delete=False) as draft:  # mode 0600
        draft.write(json.dumps(content, indent=2) + "\n")
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).replace(home / CONFIG)
    _sync(home)


def is_active(home: Path) -> bool:
    """Whether what is written to the catalog from now on is encrypted."""
    config = read_config(home)
    return config is not None and config.active


def is_sealed(path: Path) -> bool:
    """Whether a database of the catalog is an encrypted one, by its name."""
    return path.name.endswith(SEALED)


def generation_key(path: Path) -> str | None:
    """The key of a generation; None when it is not encrypted. Raises CatalogUnavailable without the right key."""
    return keys_of(path.parent).generation if is_sealed(path) else None


def snapshot_key(path: Path) -> str | None:
    """The key of a snapshot; None when it is not encrypted. Raises CatalogUnavailable without the right key."""
    return keys_of(path.parents[2]).snapshot(path.parent.name) if is_sealed(path) else None


def write_beside(snapshot: Path, file: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write what was made of a snapshot into a file beside it, encrypted as the snapshot is; replaces it as a whole."""
    with tempfile.NamedTemporaryFile("wb", dir=file.parent, prefix=".beside-", delete=False) as draft:  # mode 0600
        if is_sealed(snapshot):
            plain = BytesIO()
            write(plain)
            draft.write(keys_of(snapshot.parents[2]).seal(_beside(file), plain.getvalue()))
        else:
            write(draft)
    Path(draft.name).replace(file)


def read_beside(snapshot: Path, file: Path) -> IO[bytes]:
    """What ``write_beside`` wrote; raises OSError without the file, ValueError when it is damaged."""
    if not is_sealed(snapshot):
        return open(file, "rb", opener=regular)
    with open(file, "rb", opener=regular) as sealed:
        return BytesIO(keys_of(snapshot.parents[2]).unseal(_beside(file), sealed.read()))


def _beside(file: Path) -> str:
    return f"beside/{file.parent.name}/{file.name}"


def keys_of(home: Path) -> Keys:
    """The keys of an encrypted catalog. Raises CatalogUnavailable saying where the key was looked for and what to do."""
    config = read_config(home)
    if config is None:
        raise CatalogUnavailable(f"{home / CONFIG}, which says where the catalog's key is, is missing.", "Restore it from a backup.")
    named = os.environ.get(KEY_VARIABLE) or config.key_file
    try:
        keys = read_key_file(Path(named)) if named else _from_keyring(config.identity)
    except UsageError as bad:
        raise CatalogUnavailable(f"The catalog in {home} is encrypted, and its key cannot be read. {bad.what}", bad.hint) from None
    if not hmac.compare_digest(keys.check.encode(), config.check.encode("utf-8", "replace")):
        where = f"The key in {named}" if named else "The key in the keyring"
        raise CatalogUnavailable(f"{where} is not the one that the catalog in {home} is encrypted with.", f"Name the right key file in {KEY_VARIABLE}; nothing was changed.")
    return keys


def read_key_file(path: Path) -> Keys:
    """The key in a file that only its owner can read. Raises UsageError, which never quotes the file."""
    hint = f"Name the key file in {KEY_VARIABLE}, or put it back from your own copy."
    try:
        descriptor = regular(str(path), os.O_RDONLY | os.O_NOFOLLOW)
    except NotRegular:
        raise UsageError(f"The key file {path} is not an ordinary file.", hint) from None
    except OSError as error:
        raise UsageError(f"The key file {path} cannot be read: {error.strerror}.", hint) from None
    try:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise UsageError(f"The key file {path} is not yours alone.", f"Own it and close it to others: chmod 600 {path}")
        text = os.read(descriptor, 1024).decode("ascii", "replace").strip()
    finally:
        os.close(descriptor)
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise UsageError(f"The key file {path} does not hold a key: 64 hexadecimal digits.", hint)
    return Keys(bytes.fromhex(text))


def new_config(home: Path, key_file: Path | None) -> Config:
    """Where the key of a catalog that is to be encrypted is; one is made where there is none yet.

    Raises UsageError for a key inside the catalog's folder, or a file or keyring that cannot be used.
    """
    identity = secrets.token_hex(8)
    if key_file is None:
        return Config(identity, _make_in_keyring(identity).check, None)
    if key_file.resolve().is_relative_to(home.resolve()):
        raise UsageError("The key must not lie in the catalog's own folder.", "Keep it elsewhere: who copies the folder must not get the key with it.")
    if not os.path.lexists(key_file):
        _make_key_file(key_file)
    return Config(identity, read_key_file(key_file).check, str(key_file.absolute()))


def _make_key_file(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"The key file {path} cannot be made: {error.strerror}.") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(descriptor)
    _sync(path.absolute().parent)


def _from_keyring(identity: str) -> Keys:
    text = _in_keyring(lambda ring: ring.get_password(SERVICE, identity))
    if not isinstance(text, str) or not re.fullmatch("[0-9a-f]{64}", text):
        raise UsageError(f"The keyring has no key {SERVICE} / {identity}.", f"Unlock the keyring, or name a file with the key in {KEY_VARIABLE}.")
    return Keys(bytes.fromhex(text))


def _make_in_keyring(identity: str) -> Keys:
    text = secrets.token_hex(32)
    _in_keyring(lambda ring: ring.set_password(SERVICE, identity, text))
    return _from_keyring(identity)


def _in_keyring(use: Callable[[Any], Any]) -> Any:
    """Use the system's keyring. Raises UsageError when there is none; what a keyring says is not repeated."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise UsageError("The system's keyring needs a package that is not installed.", f"{EXTRA}, or use a key file.") from None
    try:
        return use(keyring)
    except (KeyringError, RuntimeError, OSError) as error:
        raise UsageError(f"The system's keyring cannot be used ({type(error).__name__}).", "Unlock it, or use a key file.") from None


def inactive(config: Config) -> Config:
    """The same key, with which nothing more is encrypted."""
    return replace(config, active=False)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
