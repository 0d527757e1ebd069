"""What a record of the audit log says: canonical JSON without personal text. Who asked is a pseudonym, what they wrote a salted hash.

Names and texts lie beside the records and can be erased; a record proves them as long as they are there. Knows no file.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, get_args, get_type_hints

from catalog.errors import CatalogUnavailable
from catalog.storage.records import AuditEntry

AUDIT_NODE = "steward"
ERASED = "erased"
"""How an actor is shown of whom nothing is kept."""
FIELDS = ("question", "purpose", "sql")
"""Personal texts of an intent: hashed in the record, kept beside it. The SQL is kept nowhere; its SHA-256 stands for it."""
ENTRY_TYPES = {name: frozenset(get_args(hint) or (hint,)) for name, hint in get_type_hints(AuditEntry).items() if name not in ("table", "key")}  # fmt: skip
"""Fields of an entry and what each may be: whoever edits the file must not break its readers."""
_VALUES = attrgetter(*ENTRY_TYPES)


@dataclass(frozen=True, slots=True)
class Text:
    """What lies beside an intent until it is erased; ``salt`` keeps its hashes from being guessed."""

    pseudonym: str
    question: str | None
    purpose: str | None
    sql: str | None
    """SHA-256 of the SQL in hexadecimal."""
    salt: bytes

    def hashes(self) -> dict[str, str | None]:
        """The fields as the record has them."""
        return {field: salted(self.salt, field, getattr(self, field)) for field in FIELDS}


def pseudonym(key: bytes, name: str) -> str:
    """What a principal is called in records; without the key it leads back to nobody."""
    return hmac.digest(key, f"actor\0{name}".encode(), "sha256").hex()[:32]


def salted(salt: bytes, field: str, text: str | None) -> str | None:
    """A hash that shows a text to be the recorded one to whoever has the salt, and nothing to anybody else."""
    return None if text is None else hashlib.sha256(b"%s%s\0%s" % (salt, field.encode(), text.encode())).hexdigest()


def canonical(content: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces, as RFC 8785 writes strings and whole numbers; lone surrogates become '?'."""
    return clean(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def clean(text: str) -> str:
    """Text as UTF-8 can hold it."""
    return text.encode("utf-8", "replace").decode("utf-8")


def parsed(body: str) -> dict[str, Any] | None:
    """The content of a record; None when it is none."""
    try:
        content = json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def entry(
    intent: dict[str, Any],
    outcome: dict[str, Any] | None,
    text: Text | None,
    actor: str,
    entry_hash: str,
    verified: bool,
) -> AuditEntry:
    """The entry of an action, from its records and what lies beside them; raises CatalogUnavailable when they say no such thing.

    An action that never ended, because its process died, has the decision '' and no row count: it was neither allowed
    nor denied to the end.
    """
    ended = outcome or {"decision": "", "policy": None, "row_count": None}
    try:
        at = _moment(intent["at"])
        found = AuditEntry(
            node=AUDIT_NODE, sensitivity="confidential", origin="measured", as_of=_moment(outcome["at"]) if outcome else at,
            seq=intent["seq"], at=at, actor=actor, role=intent["role"], action=intent["action"], dataset=intent["dataset"],
            decision=ended["decision"], policy=ended["policy"], row_count=ended["row_count"], entry_hash=entry_hash, verified=verified,
            question=text.question if text else None, purpose=text.purpose if text else None, sql_hash=text.sql if text else None,
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, OverflowError):
        found = None
    if found is None or not _fit(tuple(map(type, _VALUES(found)))):
        raise CatalogUnavailable(
            f"Audit entry {intent.get('seq')} is damaged.",
            "See 'steward audit verify'; restore audit.sqlite from a backup.",
        )
    return found


def _moment(written: Any) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC).replace(tzinfo=None)


@lru_cache(256)
def _fit(types: tuple[type, ...]) -> bool:
    """Whether an entry may have fields of these types; a log has few combinations of them."""
    return all(found in kinds for found, kinds in zip(types, ENTRY_TYPES.values(), strict=True))
