"""Where the catalog pulls from: each source's name, location and pinned root, and how far its metadata is trusted.

In SQLite beside the generations. What was once trusted stays so across pulls and kills: it is what makes an older
publication recognisable. Knows nothing of documents.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from catalog.errors import UsageError
from catalog.storage.sqlite_file import SqliteFile
from catalog.storage.state import utc

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LARGEST_ROOT = 512_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS source (name TEXT PRIMARY KEY, location TEXT NOT NULL, root BLOB NOT NULL, added TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trusted (
    source TEXT NOT NULL, file TEXT NOT NULL, etag TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (source, file, etag));
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A node's publication: the node's name, where it lies, and the root that its first metadata must be signed by."""

    name: str
    location: str
    root: bytes
    added: datetime

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the pinned root, hex: what to compare with the node's operator."""
        return sha256(self.root).hexdigest()


class Sources:
    """The sources of one catalog folder. Every method raises CatalogUnavailable when the file cannot be used."""

    def __init__(self, home: Path) -> None:
        self._file = SqliteFile(home / "sources.sqlite", SCHEMA, ("source", "trusted"))

    def add(self, name: str, location: str, root: bytes, replace: bool = False, now: datetime | None = None) -> Source:
        """Pull the node ``name`` from a location from now on, trusting this root; raises UsageError.

        ``replace`` forgets what was trusted of a source of that name.
        """
        from catalog.pull.fetch import checked_location

        if not NAME.fullmatch(name):
            raise UsageError(f"{name!r} cannot name a source.", "Use letters, digits, dots, dashes and underscores; at most 64.")
        _check_root(root)
        source = Source(name, checked_location(location), root, utc(now))
        with self._file.transaction() as connection:
            if not replace and connection.execute("SELECT 1 FROM source WHERE name = ?", [name]).fetchone():
                raise UsageError(f"There is a source named {name}.", "Replace it with --replace, or remove it first.")
            connection.execute("DELETE FROM trusted WHERE source = ?", [name])
            connection.execute(
                "INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?)",
                [name, source.location, root, source.added.isoformat()],
            )
        return source

    def remove(self, name: str) -> None:
        """Pull from a source no more; raises UsageError where there is none. What the catalog holds of the node stays."""
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM trusted WHERE source = ?", [name])
            if not connection.execute("DELETE FROM source WHERE name = ?", [name]).rowcount:
                raise UsageError(f"There is no source named {name}.", "See them with 'steward source list'.")

    def all(self) -> list[Source]:
        """Every source, by name."""
        with self._file.connection() as connection:
            rows = connection.execute("SELECT name, location, root, added FROM source ORDER BY name").fetchall()
        return [
            Source(name, location, root, datetime.fromisoformat(added).astimezone(UTC)) for name, location, root, added in rows
        ]

    def chosen(self, names: Iterable[str]) -> list[Source]:
        """The sources of these names, or all; raises UsageError for an unknown name and where there is no source."""
        known = {source.name: source for source in self.all()}
        if not known:
            raise UsageError("There is no source to pull from.", "Add one: steward source add NAME LOCATION --root ROOT.json")
        wanted = list(dict.fromkeys(names)) or list(known)
        for name in wanted:
            if name not in known:
                raise UsageError(f"There is no source named {name}.", "See them with 'steward source list'.")
        return [known[name] for name in wanted]

    def trusted(self, name: str) -> tuple[dict[str, bytes], dict[str, tuple[str, bytes]]]:
        """What was verified of a source before, by file; and files as last fetched, with their ETag."""
        with self._file.connection() as connection:
            rows = connection.execute("SELECT file, etag, content FROM trusted WHERE source = ?", [name]).fetchall()
        verified = {file: content for file, etag, content in rows if not etag}
        return verified, {file: (etag, content) for file, etag, content in rows if etag}

    def trust(self, source: Source, verified: Mapping[str, bytes], fetched: Mapping[str, tuple[str, bytes]]) -> None:
        """Keep what was verified and fetched in place of what was kept, durably and in one step.

        A source that was removed or replaced meanwhile keeps nothing.
        """
        rows = [(source.name, file, "", content) for file, content in verified.items()]
        rows += [(source.name, file, etag, content) for file, (etag, content) in fetched.items()]
        with self._file.transaction() as connection:
            if connection.execute("SELECT root FROM source WHERE name = ?", [source.name]).fetchone() != (source.root,):
                return
            connection.execute("DELETE FROM trusted WHERE source = ?", [source.name])
            connection.executemany("INSERT INTO trusted VALUES (?, ?, ?, ?)", rows)


def _check_root(root: bytes) -> None:
    """Raise UsageError unless these bytes are TUF root metadata that its own keys sign."""
    from tuf.api.exceptions import RepositoryError
    from tuf.api.metadata import Metadata, Root

    hint = "It is the file N.root.json that 'steward node publish' names."
    if len(root) > LARGEST_ROOT:
        raise UsageError("The root is too large to be one.", hint)
    try:
        metadata: Metadata[Root] = Metadata.from_bytes(root)
        if not isinstance(metadata.signed, Root):
            raise UsageError("This is TUF metadata, but no root.", hint)
        metadata.signed.verify_delegate("root", metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, RecursionError, ValueError, KeyError, TypeError) as error:
        raise UsageError("This is no TUF root that its own keys sign.", hint) from error
    if not metadata.signed.consistent_snapshot:
        raise UsageError("This root is of a publication without consistent snapshots, which can be read half-changed.", hint)
