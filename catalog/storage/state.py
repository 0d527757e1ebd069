"""Tokens that prove who asks, in SQLite beside the generations: only their hashes. Knows nothing about policies."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from catalog.errors import CatalogUnavailable, UsageError
from catalog.reserved import require_free
from catalog.storage.sqlite_file import SqliteFile

SCHEMA = """
CREATE TABLE IF NOT EXISTS token (
    hash TEXT PRIMARY KEY, principal TEXT NOT NULL, issued TEXT NOT NULL, expires TEXT NOT NULL, revoked TEXT);
"""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of an issued token: never its text."""

    principal: str
    issued: datetime
    expires: datetime
    revoked: datetime | None


class State:
    """The tokens of one catalog folder; threads and processes may share it. Every method raises CatalogUnavailable when the file cannot be used."""

    def __init__(self, home: Path) -> None:
        self.path = home / "state.sqlite"
        self._file = SqliteFile(self.path, SCHEMA, ("token",))

    def issue_token(self, principal: str, days: int, now: datetime | None = None) -> str:
        """A new token for a principal, valid for so many days; its text is returned once and kept nowhere.

        Raises UsageError for a principal without a name or with a reserved one, and for a validity that is not positive.
        """
        issued = utc(now)
        if not principal:
            raise UsageError("A token needs the name of a principal.")
        require_free(principal)
        if not 0 < days <= 3650:
            raise UsageError(f"A token cannot be valid for {days} days.", "Choose 1 to 3650 days.")
        text = f"steward_{secrets.token_urlsafe(32)}"
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT INTO token VALUES (?, ?, ?, ?, NULL)",
                [_sha256(text), principal, issued.isoformat(), (issued + timedelta(days=days)).isoformat()],
            )
        return text

    def verify_token(self, text: str, now: datetime | None = None) -> str | None:
        """The principal that a token proves; None when it is unknown, revoked, or at or past its expiry."""
        presented = _sha256(text)
        with self._file.connection() as connection:
            row = connection.execute(
                "SELECT hash, principal, expires, revoked FROM token WHERE hash = ?", [presented]
            ).fetchone()
        if row is None or not hmac.compare_digest(row[0], presented):
            return None
        if row[3] is not None or utc(now) >= _read(row[2]):
            return None
        return str(row[1])

    def revoke_tokens(self, principal: str, now: datetime | None = None) -> int:
        """Revoke every token of a principal from this moment on; returns how many were still unrevoked.

        Once that is durable, the snapshots and names kept for the principal go.
        """
        from catalog.engine.folders import forget  # what only presents tokens need not load

        with self._file.transaction() as connection:
            count = connection.execute(
                "UPDATE token SET revoked = ? WHERE principal = ? AND revoked IS NULL",
                [utc(now).isoformat(), principal],
            ).rowcount
        forget(self.path.parent, principal)
        return count

    def tokens(self) -> list[Token]:
        """Every token issued, oldest first."""
        with self._file.connection() as connection:
            rows = connection.execute(
                "SELECT principal, issued, expires, revoked FROM token ORDER BY issued"
            ).fetchall()
        return [
            Token(name, _read(issued), _read(ends), _read(out) if out else None) for name, issued, ends, out in rows
        ]


def _read(written: object) -> datetime:
    try:
        return utc(datetime.fromisoformat(str(written)))
    except (ValueError, OverflowError):
        raise CatalogUnavailable("A token's record is damaged.", "Restore state.sqlite from a backup.") from None


def utc(now: datetime | None) -> datetime:
    """A moment with its zone; one without a zone is UTC, as everywhere in the catalog."""
    if now is None:
        return datetime.now(UTC)
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
