"""Small changing state in SQLite beside the generations: tokens, and the audit log as a chain of hashed records.

Each audited action is two records: an intent, durable before anything runs, and an outcome after it. Nothing is ever
updated. Knows nothing about policies, SQL or DuckDB.
"""

import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

from catalog.errors import CatalogUnavailable, UsageError
from catalog.records import AuditEntry

AUDIT_NODE = "steward"
GENESIS = "0" * 64
"""Previous hash of the first record."""
DECISIONS = ("allowed", "denied", "masked", "declined")
BUSY_S = 30.0

ENTRY_TYPES = {name: get_args(hint) or hint for name, hint in get_type_hints(AuditEntry).items() if name not in ("table", "key")}
"""Fields of an entry and what each may be: whoever edits the file must not break its readers."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS token (
    hash TEXT PRIMARY KEY, principal TEXT NOT NULL, issued TEXT NOT NULL, expires TEXT NOT NULL, revoked TEXT);
CREATE TABLE IF NOT EXISTS audit_record (
    number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('intent', 'outcome')),
    body TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE (seq, kind));
"""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of an issued token: never its text."""

    principal: str
    issued: datetime
    expires: datetime
    revoked: datetime | None


class State:
    """The state of one catalog folder. Each call opens its own connection, so threads and processes may share it.

    Every method raises CatalogUnavailable when the file cannot be used.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "state.sqlite"
        with self._connection() as connection:
            made = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name IN ('token', 'audit_record')").fetchone() == (2,)
        if not made:
            self._make()

    def _make(self) -> None:
        """Lay out a new file, one process at a time: SQLite does not wait for a change of its journal's mode."""
        from filelock import FileLock, Timeout  # only the first use of a folder needs it

        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=BUSY_S, mode=0o600), self._connection() as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(SCHEMA)
        except Timeout as busy:
            raise CatalogUnavailable(f"{self.path} is being made by another process that does not end.") from busy

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
            with closing(sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise CatalogUnavailable(f"{self.path} cannot be used: {error}.") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One writer at a time; durable when the block ends, undone when it raises."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def issue_token(self, principal: str, days: int, now: datetime | None = None) -> str:
        """A new token for a principal, valid for so many days; its text is returned once and kept nowhere.

        Raises UsageError for a principal without a name or a validity that is not positive.
        """
        issued = _utc(now)
        if not principal:
            raise UsageError("A token needs the name of a principal.")
        if not 0 < days <= 3650:
            raise UsageError(f"A token cannot be valid for {days} days.", "Choose 1 to 3650 days.")
        text = f"steward_{secrets.token_urlsafe(32)}"
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO token VALUES (?, ?, ?, ?, NULL)",
                [_sha256(text), principal, issued.isoformat(), (issued + timedelta(days=days)).isoformat()],
            )
        return text

    def verify_token(self, text: str, now: datetime | None = None) -> str | None:
        """The principal that a token proves; None when it is unknown, revoked, or at or past its expiry."""
        presented = _sha256(text)
        with self._connection() as connection:
            row = connection.execute(
                "SELECT hash, principal, expires, revoked FROM token WHERE hash = ?", [presented]
            ).fetchone()
        if row is None or not hmac.compare_digest(row[0], presented):
            return None
        if row[3] is not None or _utc(now) >= _read(row[2]):
            return None
        return str(row[1])

    def revoke_tokens(self, principal: str, now: datetime | None = None) -> int:
        """Revoke every token of a principal from this moment on; returns how many were still unrevoked."""
        with self._transaction() as connection:
            return connection.execute(
                "UPDATE token SET revoked = ? WHERE principal = ? AND revoked IS NULL",
                [_utc(now).isoformat(), principal],
            ).rowcount

    def tokens(self) -> list[Token]:
        """Every token issued, oldest first."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT principal, issued, expires, revoked FROM token ORDER BY issued"
            ).fetchall()
        return [Token(name, _read(issued), _read(ends), _read(out) if out else None) for name, issued, ends, out in rows]

    def begin(
        self,
        actor: str,
        role: str | None,
        action: str,
        question: str | None,
        sql: str | None,
        *,
        dataset: str | None = None,
        purpose: str | None = None,
        now: datetime | None = None,
    ) -> int:
        """Record what is about to be done, durably, and return its position in the log.

        The SQL itself is not kept, only its SHA-256: it may quote what the log's readers may not see. A nonce keeps
        readers from whom actor or question is masked from testing guesses against the hashes of the chain.
        """
        intent = {
            "action": action,
            "actor": actor,
            "at": _utc(now).isoformat(),
            "dataset": dataset,
            "nonce": secrets.token_hex(16),
            "purpose": purpose,
            "question": question,
            "role": role,
            "sql_hash": None if sql is None else _sha256(sql),
        }
        with self._transaction() as connection:
            seq = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM audit_record").fetchone()[0]
            _append(connection, seq, "intent", intent)
        return int(seq)

    def end(
        self,
        seq: int,
        decision: str,
        policy: str | None = None,
        row_count: int | None = None,
        now: datetime | None = None,
    ) -> None:
        """Record how the action ``seq`` ended, durably; raises UsageError when it never began or has ended."""
        assert decision in DECISIONS, decision
        outcome = {"at": _utc(now).isoformat(), "decision": decision, "policy": policy, "row_count": row_count}
        with self._transaction() as connection:
            kinds = {kind for (kind,) in connection.execute("SELECT kind FROM audit_record WHERE seq = ?", [seq])}
            if kinds != {"intent"}:
                raise UsageError(f"Audit entry {seq} {'has ended already' if kinds else 'never began'}.")
            _append(connection, seq, "outcome", outcome)

    def audit_entries(self) -> list[AuditEntry]:
        """The log, one entry per action in order.

        An action that never ended, because its process died, has the decision '' and no row count: it was neither
        allowed nor denied to the end. ``entry_hash`` is that of the entry's last record; an entry is ``verified``
        when its records have the hashes they say, each over the record before it.
        """
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT number, seq, kind, CAST(body AS TEXT), CAST(hash AS TEXT) FROM audit_record ORDER BY number"
            ).fetchall()
        entries: dict[int, dict[str, Any]] = {}
        previous, expected_number = GENESIS, 1
        for number, seq, kind, body, stored in rows:
            good = number == expected_number and stored == _chained(previous, number, seq, kind, body)
            entry = entries.setdefault(seq, {"decision": "", "verified": True})
            entry.update(_content(number, kind, body), entry_hash=stored, verified=entry["verified"] and good)
            previous, expected_number = stored, number + 1
        return [_entry(seq, content) for seq, content in entries.items()]


def _append(connection: sqlite3.Connection, seq: int, kind: str, content: Mapping[str, Any]) -> None:
    last = connection.execute("SELECT number, hash FROM audit_record ORDER BY number DESC LIMIT 1").fetchone()
    number, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    body = _canonical(content)
    values = [number, seq, kind, body, _chained(previous, number, seq, kind, body)]
    connection.execute("INSERT INTO audit_record VALUES (?, ?, ?, ?, ?)", values)


def _chained(previous: str, number: int, seq: int, kind: str, body: str) -> str:
    return _sha256(_canonical({"body": body, "kind": kind, "number": number, "previous": previous, "seq": seq}))


def _canonical(content: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces, as RFC 8785 writes strings and whole numbers."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace").decode("utf-8")


def _content(number: int, kind: str, body: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
        at = datetime.fromisoformat(content.pop("at")).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, TypeError, AttributeError, KeyError):
        raise CatalogUnavailable(f"Audit record {number} is damaged.", "Restore state.sqlite from a backup.") from None
    return {**content, "as_of": at} if kind == "outcome" else {**content, "at": at, "as_of": at}


def _entry(seq: int, content: dict[str, Any]) -> AuditEntry:
    content.pop("nonce", None)
    try:
        entry = AuditEntry(node=AUDIT_NODE, sensitivity="confidential", origin="measured", seq=seq, **content)
    except TypeError:
        entry = None
    if entry is None or not all(isinstance(getattr(entry, name), kinds) for name, kinds in ENTRY_TYPES.items()):
        raise CatalogUnavailable(f"Audit entry {seq} is damaged.", "Restore state.sqlite from a backup.")
    return entry


def _read(written: object) -> datetime:
    try:
        return _utc(datetime.fromisoformat(str(written)))
    except (ValueError, OverflowError):
        raise CatalogUnavailable("A token's record is damaged.", "Restore state.sqlite from a backup.") from None


def _utc(now: datetime | None) -> datetime:
    """A moment with its zone; one without a zone is UTC, as everywhere in the catalog."""
    if now is None:
        return datetime.now(UTC)
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
