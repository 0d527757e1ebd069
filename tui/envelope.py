"""One outcome as a JSON object: the same fields from every front door."""

import json
import math
from datetime import date, datetime
from typing import Any

from nl2sql.turn import Answered, AskedBack, Denied, Failed, Outcome, Refused


def envelope(outcome: Outcome, stages: dict[str, float]) -> dict[str, Any]:
    """The fields of the contract; those that do not apply are null or empty."""
    decision = outcome.decision
    fields: dict[str, Any] = {
        "status": outcome.status,
        "question": outcome.question or None,
        "message": outcome.message,
        "reading": outcome.reading or None,
        "sql": outcome.sql or None,
        "columns": [],
        "rows": [],
        "truncated": False,
        "decision": {
            "principal": decision.principal,
            "verdict": decision.verdict,
            "rules": list(decision.rules),
            "masked": list(decision.masked),
            "policy_version": decision.policy_version,
        },
        "confidence": None if outcome.confidence is None else round(outcome.confidence, 4),
        "as_of": None,
        "stage": outcome.stage,
        "stages": {name: round(ms, 1) for name, ms in stages.items()},
    }
    match outcome:
        case Answered(result=result, freshness=fresh):
            fields |= {"columns": list(result.columns), "rows": [[cell(v) for v in row] for row in result.rows], "truncated": result.truncated}
            fields["as_of"] = {
                "generation": fresh.generation,
                "oldest": fresh.oldest,
                "newest": fresh.newest,
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


def cell(value: Any) -> Any:
    """A value as JSON has it; times in ISO 8601, numbers that JSON lacks as text."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case float() if not math.isfinite(value):
            return str(value)
        case list() | tuple():
            return [cell(v) for v in value]
    return value


def dumps(fields: dict[str, Any]) -> str:
    """One line of JSON."""
    return json.dumps(fields, ensure_ascii=False, separators=(", ", ": "))
