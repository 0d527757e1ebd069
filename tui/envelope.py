"""One outcome as a JSON object: the same fields from every front door."""

import json
import math
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from catalog.errors import AccessDenied, GovernanceError
from catalog.unseen import UNSEEN

if TYPE_CHECKING:
    from nl2sql.turn import Outcome

_FORMAT = (
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001-\U000e007f"
)
"""Categories Cf, Zl and Zp of Unicode 16."""
_UNSEEN = re.compile(f"[\x7f-\x9f\ue000-\uf8ff\U000f0000-\U0010ffff{_FORMAT}{UNSEEN}]")
EMPTY: dict[str, Any] = {
    "status": "failed", "question": None, "message": "", "reading": None, "sql": None, "columns": [], "rows": [], "truncated": False, "caveats": [],
    "decision": None, "confidence": None, "verified": None, "as_of": None, "stage": "session", "stages": {},
}  # fmt: skip
"""Every field that an answer has, whatever became of it."""


def envelope(outcome: "Outcome", stages: dict[str, float]) -> dict[str, Any]:
    """The fields of the contract; those that do not apply are null or empty."""
    from nl2sql.turn import (  # with the engine's types: 25 ms that a completion need not pay
        Answered,
        AskedBack,
        Denied,
        Failed,
        Refused,
    )

    decision = outcome.decision
    fields = EMPTY | {
        "status": outcome.status,
        "question": outcome.question or None,
        "message": outcome.message,
        "reading": outcome.reading or None,
        "sql": outcome.sql or None,
        "decision": {
            "principal": decision.principal,
            "verdict": decision.verdict,
            "rules": list(decision.rules),
            "masked": list(decision.masked),
            "policy_version": decision.policy_version,
        },
        "confidence": None if outcome.confidence is None else round(outcome.confidence, 4),
        "verified": {"id": outcome.verified.number, "by": outcome.verified.by, "on": outcome.verified.on} if outcome.verified else None,
        "stage": outcome.stage,
        "stages": {name: round(ms, 1) for name, ms in stages.items()},
    }
    match outcome:
        case Answered(result=result, freshness=fresh, caveats=caveats):
            fields |= {"columns": list(result.columns), "rows": [[cell(v) for v in row] for row in result.rows], "truncated": result.truncated, "caveats": list(caveats)}
            fields["as_of"] = {
                "generation": fresh.generation,
                "oldest": _iso(fresh.oldest),
                "newest": _iso(fresh.newest),
                "synthetic": fresh.synthetic,
            }
        case AskedBack(choices=choices):
            fields["choices"] = list(choices)
        case Refused(reason=reason):
            fields["reason"] = reason
        case Denied(hint=hint):
            fields["hint"] = hint
        case Failed(hint=hint, exit_code=code):
            fields |= {"hint": hint, "exit_code": code}
    return fields


def problem(error: GovernanceError, question: str | None = None) -> dict[str, Any]:
    """The fields of a turn that never began: no catalog, nobody's token, a line that cannot be read."""
    fields = EMPTY | {"question": question, "message": error.what, "hint": error.hint, "exit_code": error.exit_code}
    if isinstance(error, AccessDenied):
        decision = {"principal": None, "verdict": "denied", "rules": [error.rule], "masked": [], "policy_version": None}
        fields |= {"status": "denied", "decision": decision}
    return fields


def cell(value: Any) -> Any:
    """A value as JSON has it; times in ISO 8601, numbers that JSON lacks as text."""
    match value:
        case date():
            return value.isoformat()
        case float() if not math.isfinite(value):
            return str(value)
        case list() | tuple():
            return [cell(v) for v in value]
    return value


def dumps(fields: dict[str, Any]) -> str:
    """One line of JSON (RFC 8259). What a terminal might act on or a reader cannot see is escaped; lone surrogates, which no UTF-8 has, become '?'."""
    text = json.dumps(fields, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace").decode("utf-8")
    return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _iso(moment: str | None) -> str | None:
    return moment.replace(" ", "T") if moment else None
