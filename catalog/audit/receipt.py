"""Receipts: what was asked, decided and answered in one turn, and the proof that the audit log holds just that.

A ``Statement`` says what happened. Its ``commitment``, salted so that nobody can test guesses, is in the turn's outcome
record before the answer is shown; a ``Receipt`` is the statement with that record and its way to a signed checkpoint.
Checking one needs no catalog. Knows nothing about questions, SQL or screens.
"""

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from catalog.audit.result_hash import canonical, result_hash
from catalog.errors import VerificationFailed

if TYPE_CHECKING:
    from catalog.audit.rotation import Handover

FORMAT: Literal["steward-receipt/1"] = "steward-receipt/1"
LONGEST = 4_000_000
"""Bytes of a receipt that is read; the longest SQL there is makes a tenth of it."""
DOMAIN = b"steward-receipt/1\n"
"""Begins what is hashed, so that a commitment is the hash of nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What was decided: the verdict, the rules cited, the columns shown masked."""

    verdict: str
    rules: tuple[str, ...]
    masked: tuple[str, ...]
    policy_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The generation of the catalog that was asked, and the SHA-256 of its file, hex."""

    generation: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The rows given, by their hash (see ``result_hash``); ``truncated`` when a limit kept more back."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    row_count: int
    truncated: bool
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One turn. Times are ISO 8601; ``at`` is when it was recorded, ``today`` what the question took for now.

    ``principal`` is the asker's pseudonym, ``sql`` the approved text, or what was refused. ``answer`` is None when nothing ran.
    """

    seq: int
    at: str
    today: str
    principal: str
    question: str
    reading: str
    status: str
    sql: str
    decision: Ruling
    source: Source
    answer: Answer | None
    salt: str

    @property
    def commitment(self) -> str:
        """SHA-256 over the whole statement, hex: what the log holds of it."""
        return hashlib.sha256(DOMAIN + canonical(asdict(self)).encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The outcome record as the log holds it, its place there, and the signed checkpoint that it leads to. Hashes are base64."""

    record: str
    index: int
    path: tuple[str, ...]
    checkpoint: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A statement and its evidence."""

    format: Literal["steward-receipt/1"]
    statement: Statement
    log: Evidence

    @property
    def text(self) -> str:
        """The receipt as a file holds it: JSON, indented for people."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


class Proof(Protocol):
    """What the log says of one record; ``leaf`` is its bytes, ``checkpoint`` a signed note."""

    @property
    def index(self) -> int: ...
    @property
    def leaf(self) -> bytes: ...
    @property
    def path(self) -> Sequence[bytes]: ...
    @property
    def checkpoint(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Verified:
    """A receipt that holds, and what was checked, in sentences."""

    receipt: Receipt
    checks: tuple[str, ...]


def salt() -> str:
    """A salt for one statement."""
    return secrets.token_hex(32)


def answer(columns: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]], truncated: bool) -> Answer:
    """What a statement says of the rows given."""
    return Answer(
        columns=tuple(columns), types=tuple(types), row_count=len(rows), truncated=truncated, sha256=result_hash(columns, types, rows)
    )


def issue(statement: Statement, proof: Proof, key: str) -> Receipt:
    """The receipt of a turn that the log has recorded; ``key`` is the log's public one."""
    evidence = Evidence(
        record=proof.leaf.decode("utf-8"),
        index=proof.index,
        path=tuple(base64.b64encode(step).decode("ascii") for step in proof.path),
        checkpoint=proof.checkpoint,
        key=key,
    )
    return Receipt(format=FORMAT, statement=statement, log=evidence)


def verify(content: bytes, key: str | None = None, handovers: "Sequence[Handover]" = ()) -> Verified:
    """Check a receipt against itself and, with ``key``, against a key of the log as the reader knows it.

    ``handovers`` lead from that key to the receipt's, or from the receipt's to that key. Raises `VerificationFailed` for the first
    flaw found.
    """
    receipt = read(content)
    log, statement = receipt.log, receipt.statement
    size = _verify_inclusion(log)
    followed: tuple[str, ...] = ()
    if key is not None and key != log.key:
        followed = (_verify_keys(log.key, key, size, handovers),)
    _verify_record(statement, log.record)
    checks = (
        *followed,
        f"the checkpoint over {size:,} records is signed by {log.key.partition('+')[0]}",
        f"record {log.index:,} is among them",
        f"the record commits to all that the receipt says of turn {statement.seq:,}",
    )
    return Verified(receipt, checks)


def verify_rows(receipt: Receipt, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Check rows against the receipt's hash; what was checked. Raises `VerificationFailed`."""
    given = receipt.statement.answer
    if given is None:
        raise VerificationFailed("The receipt is of a turn that gave no rows.")
    if tuple(columns) != given.columns:
        raise VerificationFailed("The rows have other columns than the receipt.")
    if len(rows) != given.row_count:
        raise VerificationFailed(f"The file has {_rows(len(rows))}, the receipt is of {_rows(given.row_count)}.")
    try:
        found = result_hash(columns, given.types, rows)
    except (ValueError, OverflowError):
        found = ""
    if found != given.sha256:
        raise VerificationFailed("The rows are not those of the receipt: their hash is another.")
    return f"what the file holds is what was given, {_rows(len(rows))}"


def read(content: bytes) -> Receipt:
    """A receipt from a file: nothing may be missing, added, said twice or of another type. Raises `VerificationFailed`."""
    from pydantic import TypeAdapter, ValidationError  # 0.1 s that only a reader pays

    if len(content) > LONGEST:
        raise VerificationFailed(f"This is no receipt: it is longer than {LONGEST:,} bytes.")
    try:
        fields = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_float=_never, parse_constant=_never)
        said = canonical(fields)
        receipt = TypeAdapter(Receipt).validate_json(said, strict=True)
    except ValidationError as bad:
        where = ".".join(map(str, bad.errors()[0]["loc"]))
        raise VerificationFailed(f"This is no receipt: {where or 'it'} is missing or not what it should be.") from None
    except (ValueError, RecursionError):
        raise VerificationFailed("This is no receipt: it is not JSON of texts, whole numbers and lists.") from None
    if canonical(asdict(receipt)) != said:
        raise VerificationFailed("This is no receipt: it has fields of its own.")
    return receipt


def _verify_keys(signed: str, known: str, size: int, handovers: "Sequence[Handover]") -> str:
    """Check that the log was handed from one key to the other, and the checkpoint signed before its key was replaced; what was checked."""
    from catalog.audit.rotation import follow
    from catalog.audit.signed_note import BadNote, key_id

    try:
        keys = follow(handovers[0].keys[0], handovers) if handovers else None
        named = (key_id(known), key_id(signed))
    except BadNote as bad:
        raise VerificationFailed(f"The change of key does not hold: {bad}.") from None
    limits = dict(keys.all) if keys else {}
    if not {signed, known} <= limits.keys():
        raise VerificationFailed(
            "The receipt names another key than the one given.", "See that both are of the same log; after a change of key, give 'steward audit keys' too."
        )
    limit = limits[signed]
    if limit is not None and size > limit:
        raise VerificationFailed(f"The receipt's key answers for the first {limit:,} records only: it was replaced.")
    return f"the log was handed over between the keys {named[0]} and {named[1]}, and both signed it"


def _verify_inclusion(log: Evidence) -> int:
    """Check signature and proof; the size of the tree that the checkpoint is of."""
    from catalog.audit.merkle import leaf_hash, verify_inclusion
    from catalog.audit.signed_note import BadNote, Checkpoint, open_note

    try:
        text = open_note(log.checkpoint, log.key)
        checkpoint = Checkpoint.parse(text)
    except BadNote as bad:
        raise VerificationFailed(f"The checkpoint does not hold: {bad}.") from None
    if log.checkpoint.removeprefix(text).count("\n") != 2:  # what other keys signed is not judged, so it may not be there
        raise VerificationFailed("The checkpoint in a receipt has one signature, the log's.")
    if checkpoint.origin != log.key.partition("+")[0]:
        raise VerificationFailed(f"The checkpoint is of another log, {checkpoint.origin}.")
    leaf = leaf_hash(log.record.encode("utf-8"))
    if not verify_inclusion(leaf, log.index, checkpoint.size, [_decoded(step) for step in log.path], checkpoint.root):
        raise VerificationFailed(f"The record is not number {log.index:,} of the log that the checkpoint is of.")
    return checkpoint.size


def _verify_record(statement: Statement, text: str) -> None:
    """Check that the record is the outcome of this very turn."""
    try:
        record = json.loads(text)
        committed = record["receipt"]
        recorded = [record[name] for name in ("kind", "seq", "at", "decision", "policy", "row_count")]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise VerificationFailed("The record is not the outcome of a turn.") from None
    ruling, given = statement.decision, statement.answer
    said = ["outcome", statement.seq, statement.at, ruling.verdict, ", ".join(ruling.rules) or None]
    if recorded[:5] != said or (given is not None and recorded[5] != given.row_count):
        raise VerificationFailed("The record is of another turn or says something else of it.")
    if committed != statement.commitment:
        raise VerificationFailed("The receipt does not say what the record commits to: something in it was changed.")


def _decoded(text: str) -> bytes:
    """Bytes from base64, of which each has one spelling only. Raises `VerificationFailed`."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if base64.b64encode(content).decode("ascii") != text:
        raise VerificationFailed("A hash of the proof is not base64.")
    return content


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field is there twice")
    return fields


def _never(text: str) -> Any:
    raise ValueError(text)
