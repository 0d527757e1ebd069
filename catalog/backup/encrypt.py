"""Turns a catalog into an encrypted one and back: generations, snapshots, what is kept beside them, and the texts of the audit log and of reviews.

The swap of the current generation is the one moment at which it happens; a kill before or after leaves a whole catalog, and doing
it again finishes the rest.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from catalog.audit.log import AuditLog
from catalog.engine.folders import forget_everything
from catalog.errors import UsageError
from catalog.review.texts import turn_texts as turn_reviewed
from catalog.storage.database import open_to_write
from catalog.storage.encryption import (
    CONFIG,
    Config,
    inactive,
    is_sealed,
    keys_of,
    new_config,
    read_config,
    write_config,
)
from catalog.storage.generations import current, writing


@dataclass(frozen=True, slots=True)
class Turned:
    """A catalog that was encrypted or decrypted."""

    generation: int
    texts: int
    """Actions of the audit log, verified queries and feedback of which texts were sealed or opened."""
    key_file: str | None
    """None for the keyring."""
    old: tuple[Path, ...]
    """Generations of the former kind that somebody still reads; they go with a later write."""


def encrypt(home: Path, key_file: Path | None = None) -> Turned:
    """Encrypt a catalog with the key in a file, which is made where there is none, or else in the system's keyring.

    Raises UsageError for a catalog that is encrypted, a key in its folder or a file that is not the owner's alone,
    CatalogUnavailable without the extra or without room. A catalog that was encrypted halfway is finished with the key that it has.
    """
    before = current(home)
    config = read_config(home)
    if config is not None:
        _require_same(config, key_file)
        keys_of(home)
        if config.active and is_sealed(before.path) and not _of_kind(home, sealed=False):
            return _finished(home, config)
    else:
        _require_extra(home)
        config = new_config(home, key_file)
    write_config(home, Config(config.identity, config.check, config.key_file))
    with writing(home):
        pass
    texts = _turn_texts(home, sealed=True)
    forget_everything(home)
    return Turned(current(home).number, texts, config.key_file, _of_kind(home, sealed=False))


def decrypt(home: Path) -> Turned:
    """Make the catalog a plain one again; the key is left where it is, since older backups need it.

    Raises UsageError for a catalog that is not encrypted, CatalogUnavailable without its key.
    """
    current(home)
    config = read_config(home)
    if config is None:
        raise UsageError(f"The catalog in {home} is not encrypted.")
    keys_of(home)
    write_config(home, inactive(config))
    with writing(home):
        pass
    texts = _turn_texts(home, sealed=False)
    forget_everything(home)
    old = _of_kind(home, sealed=True)
    if not old:
        (home / CONFIG).unlink()
    return Turned(current(home).number, texts, config.key_file, old)


def _finished(home: Path, config: Config) -> Turned:
    """Do what a kill left undone behind the swap; raises UsageError when there is nothing."""
    texts = _turn_texts(home, sealed=True)
    if not texts and all(".sealed." in path.name for path in (home / "snapshots").glob("[!.]*/*")):
        raise UsageError(f"The catalog in {home} is encrypted.", "For another key: steward decrypt, then steward encrypt.")
    forget_everything(home)
    return Turned(current(home).number, texts, config.key_file, ())


def _turn_texts(home: Path, sealed: bool) -> int:
    """Seal or open what people wrote, in the audit log and in review; returns of how many."""
    return turn_reviewed(home, sealed) + AuditLog(home).turn_texts(sealed)


def _of_kind(home: Path, sealed: bool) -> tuple[Path, ...]:
    return tuple(path for path in sorted(home.glob("gen-*.duckdb")) if is_sealed(path) == sealed)


def _require_same(config: Config, key_file: Path | None) -> None:
    asked = None if key_file is None else str(key_file.absolute())
    if asked != config.key_file:
        where = config.key_file or "the system's keyring"
        raise UsageError(f"This catalog's key is in {where}.", "Name the same key, or decrypt first.")


def _require_extra(home: Path) -> None:
    """Write a small encrypted database, before anything else is done."""
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=home) as scratch, open_to_write(Path(scratch) / "try", "0" * 64) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1")
