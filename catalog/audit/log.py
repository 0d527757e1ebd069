"""The audit log of a catalog folder: a Merkle log (RFC 9162) of records, signed after every action.

An action is two records: an intent, durable before anything runs, and an outcome after it. Records are never changed; the names and
texts that they hash lie beside them and can be erased. Who can write the folder can rewrite the log and sign it again: only a copy of a
checkpoint elsewhere (``catalog.audit.witness``) shows that. Knows nothing about policies, SQL or DuckDB.
"""

import base64
import os
import secrets
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.audit.merkle import Frontier, consistency_proof, frontier, inclusion_proof, leaf_hash
from catalog.audit.records import clean, parsed
from catalog.audit.seal import keys_for_texts, opener, reseal
from catalog.audit.store import SCHEMA, TABLES, Tree, add_intent, append, newest_key, refuse_older, size_of, text_of
from catalog.errors import CatalogUnavailable, UsageError, VerificationFailed
from catalog.storage.encryption import keys_of
from catalog.storage.records import AuditEntry
from catalog.storage.sqlite_file import SqliteFile

if TYPE_CHECKING:
    from catalog.audit.entries import Kept
    from catalog.audit.rotation import Handover, Keys
    from catalog.audit.signed_note import Signer
    from catalog.audit.verify import Verdict

DECISIONS = ("allowed", "denied", "masked", "declined")
KEPT_EVERY = 64
"""Records. Of every run of so many one checkpoint is kept, and the newest of all; the others can be signed again, byte for byte."""
OPERATOR = "operator"
"""Who acts on the files themselves."""
TRIAL = "trial"
"""Action of a statement that runs for the vote on a question, which is an action of its own: nobody is shown what it finds."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That a record stands in the log: ``merkle.verify_inclusion(leaf_hash(leaf), index, size, path, root of the checkpoint)``."""

    index: int
    size: int
    leaf: bytes
    """The record itself, canonical JSON."""
    path: tuple[bytes, ...]
    checkpoint: str
    """Signed note over size and root."""


class AuditLog:
    """The log of one catalog folder; threads and processes may share it.

    Every method raises CatalogUnavailable when the file or its signing key cannot be used, and VerificationFailed when what is
    kept of the tree is not what was signed: then nothing more is recorded, and nothing more is answered.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "audit.sqlite"
        self.key_path = home / "audit.key"
        self._signer_: Signer | None = None
        if not self.path.exists():
            refuse_older(home / "state.sqlite")
        self._file = SqliteFile(self.path, SCHEMA, TABLES)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._file.close()

    @property
    def vkey(self) -> str:
        """The key that checkpoints are verified with, as text."""
        with self._file.reading() as connection:
            return self._signer(connection).verifier

    def keys(self) -> "Keys":
        """Every key that the log had, from its handovers; raises VerificationFailed when they do not lead to the one in use."""
        from catalog.audit.rotation import follow
        from catalog.audit.signed_note import BadNote

        handovers, vkey = self.handovers(), self.vkey
        try:
            found = follow(handovers[0].keys[0] if handovers else vkey, handovers)
        except BadNote as bad:
            raise VerificationFailed(f"The audit log's change of key does not hold: {bad}.") from None
        if found.current != vkey:
            raise VerificationFailed("The audit log was handed to another key than the one that signs it.")
        return found

    @property
    def size(self) -> int:
        """How many records the log has; two for each action that has ended."""
        with self._file.reading() as connection:
            return size_of(connection)

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
        """Record what is about to be done, durably, and return its number.

        The SQL itself is not kept, only its SHA-256: it may quote what the log's readers may not see. A nonce keeps
        readers from whom actor or question is masked from testing guesses against the hashes of records.
        """
        with self._file.transaction() as connection:
            text = text_of(connection, actor, question, purpose, sql)
            content = {"action": action, "dataset": dataset, "role": role}
            return add_intent(connection, text, content, now, keys_for_texts(self.home))

    def end(
        self,
        seq: int,
        decision: str,
        policy: str | None = None,
        row_count: int | None = None,
        now: datetime | None = None,
        receipt: str | None = None,
    ) -> None:
        """Record how the action ``seq`` ended, durably, and sign the log; raises UsageError when it never began or has ended.

        ``receipt`` is what a receipt of the action is checked against, a hash without personal text.
        """
        assert decision in DECISIONS, decision
        outcome = {"decision": decision, "policy": policy, "receipt": receipt, "row_count": row_count}
        with self._file.transaction() as connection:
            self._end(connection, seq, outcome, now)

    def erase(self, principal: str, now: datetime | None = None) -> int:
        """Forget who ``principal`` is and what they wrote, feedback and what they proposed too; their actions stay, of an actor 'erased'.

        So do their decisions on merges and alerts.

        Returns how many actions.

        Snapshots, which may hold the log's view, go too; those of a question that is running are removed by the next one.

        The erasure is itself an action. Raises UsageError for a principal of whom the log has nothing.
        """
        from catalog.engine.folders import forget_everything
        from catalog.review.feedback import erase_person
        from catalog.storage.generations import writing

        with self._file.transaction() as connection:
            found = connection.execute(
                "SELECT pseudonym FROM audit_principal WHERE name = ?", [clean(principal)]
            ).fetchone()
            if found is None:
                raise UsageError(f"The audit log has no action of {principal}.")
            shown = self._erase_elsewhere(principal)
            erase_person(self.home, principal)  # first: a kill after it leaves a name to erase again by
            text = text_of(connection, OPERATOR, None, None, None)
            seq = add_intent(connection, text, {"action": "erase", "dataset": None, "role": None}, now)
            count = connection.execute("DELETE FROM audit_text WHERE pseudonym = ?", found).rowcount
            connection.execute("DELETE FROM audit_principal WHERE pseudonym = ?", found)
            outcome = {"decision": "allowed", "erased": found[0], "policy": None, "receipt": None, "row_count": count}
            self._end(connection, seq, outcome, now)
        self._empty_journal()
        if shown and (self.home / "CURRENT").exists():
            with writing(self.home):
                pass  # whatever is written shows the alerts as they are
        forget_everything(self.home)
        return count

    def _erase_elsewhere(self, principal: str) -> bool:
        """Who decided a merge and who took an alert lie in the catalog's state; returns whether a generation may show them."""
        from catalog.claims.merges import STATE, Merges
        from catalog.quality.alerts import Alerts

        if (self.home / STATE).exists():
            Merges(self.home).erase(principal)
            return Alerts(self.home).erase(principal) > 0
        return False

    def turn_texts(self, sealed: bool) -> int:
        """Encrypt the questions and purposes of all actions, or make them plain; returns of how many. No record changes."""
        with self._file.transaction() as connection:
            count = reseal(connection, keys_of(self.home), sealed)
        self._empty_journal()
        return count

    def _empty_journal(self) -> None:
        """Overwrite what the journal holds of old pages."""
        with self._file.connection() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def entries(self) -> list[AuditEntry]:
        """The log, one entry per action in order, each ``verified`` against the newest checkpoint.

        ``entry_hash`` is the leaf hash of the entry's last record.
        """
        from catalog.audit.entries import to_entries

        return to_entries(*self._read(inner=False))

    def verify(self, witnesses: Iterable[Path] = ()) -> "Verdict":
        """Recompute everything from the records and compare it with every kept checkpoint and copy of one; flaws are in the verdict."""
        from catalog.audit.verify import judge

        return judge(*self._read(inner=True), tuple(witnesses))

    def _read(self, inner: bool) -> tuple["Kept", str]:
        """What the file holds and the key in use, both of one moment: read again if a key was replaced in between."""
        from catalog.audit.entries import read

        while True:
            with self._file.reading() as connection:
                known = newest_key(connection)
                kept = read(connection, opener(self.home), inner)
            with self._file.reading() as connection:
                if newest_key(connection) == known:
                    return kept, self._signer(connection).verifier if kept.checkpoints else ""

    def rotate_key(self, now: datetime | None = None) -> tuple[str, str]:
        """Sign with another key from here on; returns the old public key and the new one.

        The change is an action, and the last that the old key signs; the new key signs it as well. A kill leaves the log with
        one key or the other. Raises UsageError while the log is empty: its key has signed nothing.
        """
        from catalog.audit.rotation import ROTATE, ROTATED, signed_by_both
        from catalog.audit.signed_note import Checkpoint, Signer, sign

        with self._file.transaction() as connection:
            if not size_of(connection):
                raise UsageError("The audit log is empty.", "Its key has signed nothing yet.")
            old = self._signer(connection)
            for left in self.home.glob(f"{self.key_path.name}.*"):
                left.unlink()  # of a change that a kill undid
            new = Signer.create(self.key_path, old.name)
            text = text_of(connection, OPERATOR, None, None, None)
            seq = add_intent(connection, text, {"action": ROTATE, "dataset": None, "role": None}, now)
            outcome = {"decision": "allowed", "policy": None, "receipt": None, "row_count": None, ROTATED: {"new": new.verifier, "old": old.verifier}}
            self._end(connection, seq, outcome, now)
            size = size_of(connection)
            signed = Checkpoint(old.name, size, frontier(Tree(connection), size).root())
            connection.execute("INSERT INTO audit_key VALUES (?, ?, ?)", [size, new.verifier, signed_by_both(signed, old, new)])
            connection.execute("UPDATE audit_checkpoint SET note = ? WHERE size = ?", [sign(signed.text, new), size])
        with self._file.reading() as connection:
            self._signer(connection)
        return old.verifier, new.verifier

    def handovers(self) -> tuple["Handover", ...]:
        """Every change of the log's key, oldest first, for somebody who knows one of the keys and has no log."""
        from catalog.audit.rotation import Handover

        with self._file.reading() as connection:
            found = []
            for size, note in connection.execute("SELECT size, CAST(note AS TEXT) FROM audit_key ORDER BY size").fetchall():
                row = connection.execute("SELECT CAST(body AS TEXT) FROM audit_leaf WHERE place = ?", [size - 1]).fetchone()
                path = inclusion_proof(Tree(connection), size - 1, size) if row and size <= size_of(connection) else ()
                found.append(Handover(row[0] if row else "", tuple(base64.b64encode(step).decode("ascii") for step in path), note))
            return tuple(found)

    def checkpoint(self) -> str:
        """The log as it stands, as a signed note; raises UsageError while it is empty."""
        with self._file.transaction() as connection:
            return self._newest(connection)

    def prove(self, seq: int, kind: str = "outcome", size: int | None = None) -> Proof:
        """Proof that a record of the action ``seq`` is in the log, or in its first ``size`` records.

        Raises UsageError when there is no such record.
        """
        with self._file.transaction() as connection:
            row = connection.execute(
                "SELECT place, body FROM audit_leaf WHERE seq = ? AND kind = ?", [seq, kind]
            ).fetchone()
            note = self._newest(connection)
            size = size_of(connection) if size is None else size
            if row is None or not row[0] < size <= size_of(connection):
                raise UsageError(
                    f"The audit log has no {kind} of an action {seq}{f' in its first {size} records' if row else ''}."
                )
            if size < size_of(connection):
                note = self._sign(connection, size)
            path = inclusion_proof(Tree(connection), row[0], size)
        return Proof(row[0], size, row[1].encode("utf-8"), tuple(path), note)

    def consistency(self, old_size: int, new_size: int | None = None) -> list[bytes]:
        """Proof that the log's first ``old_size`` records have stayed what they were; ``new_size`` is now unless given."""
        with self._file.reading() as connection:
            size = size_of(connection) if new_size is None else new_size
            if not 0 < old_size <= size <= size_of(connection):
                raise UsageError(f"The audit log has no first {old_size} of {size} records.")
            return consistency_proof(Tree(connection), old_size, size)

    def pseudonym(self, seq: int) -> str:
        """What the records call the actor of action ``seq``; raises UsageError for an action that never began."""
        with self._file.reading() as connection:
            row = connection.execute("SELECT body FROM audit_leaf WHERE seq = ? AND kind = 'intent'", [seq]).fetchone()
        if row is None:
            raise UsageError(f"Audit entry {seq} never began.")
        return str((parsed(row[0]) or {}).get("actor"))

    def remember_witness(self, path: Path) -> None:
        """Compare with this copy of checkpoints whenever the log is verified."""
        with self._file.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO audit_witness VALUES (?)", [str(path.resolve())])

    def _end(self, connection: sqlite3.Connection, seq: int, outcome: dict[str, Any], now: datetime | None) -> None:
        rows = dict(connection.execute("SELECT kind, body FROM audit_leaf WHERE seq = ?", [seq]).fetchall())
        if set(rows) != {"intent"}:
            raise UsageError(f"Audit entry {seq} {'has ended already' if rows else 'never began'}.")
        intent = leaf_hash(rows["intent"].encode("utf-8")).hex()  # so that the outcome proves the whole action
        tree = append(connection, seq, "outcome", {**outcome, "intent": intent}, now)
        self._sign(connection, tree.size, tree)

    def _newest(self, connection: sqlite3.Connection) -> str:
        size = size_of(connection)
        if not size:
            raise UsageError("The audit log is empty.")
        row = connection.execute("SELECT note FROM audit_checkpoint WHERE size = ?", [size]).fetchone()
        return str(row[0]) if row else self._sign(connection, size)

    def _sign(self, connection: sqlite3.Connection, size: int, tree: Frontier | None = None) -> str:
        """A signed checkpoint over the first records; kept when it is the newest."""
        from catalog.audit.signed_note import Checkpoint, sign

        signer = self._signer(connection)
        root = (tree or frontier(Tree(connection), size)).root()
        note = sign(Checkpoint(signer.name, size, root).text, signer)
        last = connection.execute("SELECT max(size) FROM audit_checkpoint").fetchone()[0] or 0
        if size > last:
            if last // KEPT_EVERY == size // KEPT_EVERY:
                connection.execute("DELETE FROM audit_checkpoint WHERE size = ?", [last])
            connection.execute("INSERT INTO audit_checkpoint VALUES (?, ?)", [size, note])
        return note

    def _signer(self, connection: sqlite3.Connection) -> "Signer":
        """The signing key; made for an empty log only, since another key is another log unless it was handed this one."""
        handed = newest_key(connection)
        if self._signer_ is not None and handed is not None and self._signer_.verifier != handed[1]:
            self._signer_ = None  # another process replaced it
        if self._signer_ is None:
            from catalog.audit.signed_note import Signer

            signed = connection.execute("SELECT 1 FROM audit_checkpoint").fetchone()
            name = f"steward/{secrets.token_hex(8)}"
            try:
                self._signer_ = Signer.load(self.key_path) if signed else Signer.load_or_create(self.key_path, name)
            except FileNotFoundError:
                raise CatalogUnavailable(
                    f"{self.key_path}, which signs the audit log, is missing.", "Restore it from a backup."
                ) from None
            if handed is not None and self._signer_.verifier != handed[1]:
                self._signer_ = None
                self._signer_ = self._adopted(handed[1])
        return self._signer_

    def _adopted(self, vkey: str) -> "Signer":
        """The key that the log was handed to, put where the old one was: the last step of a change, whoever takes it."""
        from catalog.audit.signed_note import Signer, next_path

        with suppress(FileNotFoundError):
            Path(next_path(self.key_path, vkey)).replace(self.key_path)  # bears the name of this very key: nobody puts another there
            folder = os.open(self.home, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        signer = Signer.load(self.key_path)
        if signer.verifier != vkey:
            raise CatalogUnavailable(f"{self.key_path} is not the key that the audit log was handed to.", "Restore the newest one from a backup.")
        return signer
