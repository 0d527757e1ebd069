"""Grants: which principal may use which dataset, until when. Given and revoked by whoever has the folder, kept in its state.

Rules of kind ``grant`` say what a grant is good for; rows of the view ``grants`` are what nodes publish and open nothing.
Every gift and revocation is in the audit log, as an action of its principal in the role of the operator.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from catalog.access.policy import LiveGrant
from catalog.audit.log import OPERATOR, AuditLog
from catalog.engine.folders import forget
from catalog.errors import CatalogUnavailable, UsageError
from catalog.reserved import require_free
from catalog.storage.database import open_generation
from catalog.storage.encryption import generation_key
from catalog.storage.generations import pinned
from catalog.storage.sqlite_file import SqliteFile
from catalog.storage.state import utc

PERMISSIONS = ("read", "compute", "write", "admin")
LONGEST_DAYS = 3650
SCHEMA = """
CREATE TABLE IF NOT EXISTS dataset_grant (
    number INTEGER PRIMARY KEY, principal TEXT NOT NULL, dataset TEXT NOT NULL, permission TEXT NOT NULL,
    given TEXT NOT NULL, expires TEXT NOT NULL, revoked TEXT);
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant as it was given; times are UTC."""

    principal: str
    dataset: str
    permission: str
    given: datetime
    expires: datetime
    revoked: datetime | None

    def state(self, now: datetime) -> str:
        """``live``, ``expired`` or ``revoked`` at a moment; the moment of expiry is no longer live."""
        return "revoked" if self.revoked else "expired" if utc(now) >= self.expires else "live"


def has_dataset(home: Path, name: str) -> bool:
    """Whether the catalog holds a dataset of that very name. Raises CatalogUnavailable without a catalog."""
    import duckdb

    with pinned(home) as generation:
        try:
            with open_generation(generation.path, generation_key(generation.path)) as connection:
                return connection.execute("SELECT 1 FROM dataset WHERE name = ? LIMIT 1", [name]).fetchone() is not None
        except duckdb.Error as error:
            raise CatalogUnavailable(f"{generation.path} cannot be read.", "Build the catalog anew.") from error


class Grants:
    """The grants of one catalog folder; threads and processes may share it. Every method raises CatalogUnavailable when the file cannot be used.

    Moments are the time of day unless given, as for tokens, and never an asker's or a demo's clock.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._file = SqliteFile(home / "state.sqlite", SCHEMA, ("dataset_grant",))

    def live(self, principal: str, now: datetime | None = None) -> tuple[LiveGrant, ...]:
        """What a principal may use at this moment, in a stable order; of several grants of the same thing the longest."""
        at = utc(now)
        found: dict[tuple[str, str], datetime] = {}
        for grant in self._read("WHERE principal = ?", [principal]):
            if grant.state(at) == "live":
                key = (grant.dataset, grant.permission)
                found[key] = max(grant.expires, found.get(key, grant.expires))
        return tuple(LiveGrant(*key, expires.isoformat()) for key, expires in sorted(found.items()))

    def give(self, principal: str, dataset: str, permission: str = "read", days: int = 90, now: datetime | None = None) -> Grant:
        """Give a principal the use of a dataset for so many days. Raises UsageError for what is no grant."""
        if not principal or not dataset or permission not in PERMISSIONS:
            raise UsageError(f"A grant names a principal, a dataset and one of {', '.join(PERMISSIONS)}.")
        require_free(principal)
        if not 0 < days <= LONGEST_DAYS:
            raise UsageError(f"A grant cannot be valid for {days} days.", f"Choose 1 to {LONGEST_DAYS} days.")
        given = utc(now)
        grant = Grant(principal, dataset, permission, given, given + timedelta(days=days), None)
        with self._recorded("grant", principal, dataset), self._file.transaction() as connection:
            connection.execute(
                "INSERT INTO dataset_grant (principal, dataset, permission, given, expires) VALUES (?, ?, ?, ?, ?)",
                [principal, dataset, permission, given.isoformat(), grant.expires.isoformat()],
            )
        return grant

    def revoke(self, principal: str, dataset: str, permission: str | None = None, now: datetime | None = None) -> int:
        """Revoke a principal's grants of a dataset from this moment on, and remove all that was made by them; returns how many were live.

        First the revocation is durable, then the snapshots and names of the principal go: a reader in between finds either
        no grant or none of what it opened.
        """
        at = utc(now)
        live = [g for g in self._read("WHERE principal = ? AND dataset = ?", [principal, dataset]) if g.state(at) == "live"]
        with self._recorded("revoke", principal, dataset):
            with self._file.transaction() as connection:
                connection.execute(
                    "UPDATE dataset_grant SET revoked = ? WHERE principal = ? AND dataset = ? AND permission = coalesce(?, permission) AND revoked IS NULL",
                    [at.isoformat(), principal, dataset, permission],
                )
            forget(self.home, principal)
        return sum(permission in (None, grant.permission) for grant in live)

    def all(self) -> list[Grant]:
        """Every grant ever given, oldest first."""
        return list(self._read("", []))

    def _read(self, where: str, values: list[str]) -> Iterator[Grant]:
        with self._file.connection() as connection:
            sql = f"SELECT principal, dataset, permission, given, expires, revoked FROM dataset_grant {where} ORDER BY number"
            rows = connection.execute(sql, values).fetchall()
        for principal, dataset, permission, given, expires, revoked in rows:
            try:
                moments = [None if text is None else utc(datetime.fromisoformat(text)) for text in (given, expires, revoked)]
            except (TypeError, ValueError, OverflowError):
                moments = []
            if len(moments) < 3 or moments[0] is None or moments[1] is None:
                raise CatalogUnavailable("A grant's record is damaged.", "Restore state.sqlite from a backup.")
            yield Grant(str(principal), str(dataset), str(permission), moments[0], moments[1], moments[2])

    @contextmanager
    def _recorded(self, action: str, principal: str, dataset: str) -> Iterator[None]:
        """Record the intent before anything changes and the outcome after, which a failure does not reach."""
        log = AuditLog(self.home)
        seq = log.begin(principal, OPERATOR, action, None, None, dataset=dataset)
        yield
        log.end(seq, "allowed")
