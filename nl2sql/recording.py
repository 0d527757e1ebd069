"""Tells the audit log how a turn ended, in a way that a receipt can be held against."""

from dataclasses import replace

from catalog.audit.receipt import Ruling, Source, Statement, answer, salt
from catalog.storage.state import utc
from nl2sql.session import Session, read_clock
from nl2sql.turn import Answered, Outcome


def record(session: Session, seq: int, outcome: Outcome, verdict: str, rules: tuple[str, ...], row_count: int | None) -> Outcome:
    """End the action ``seq`` in the log, durably, by the catalog's clock; the outcome with what was stated of it."""
    at = utc(read_clock(session.home))
    statement = Statement(
        seq=seq,
        at=at.isoformat(),
        today=utc(session.now).isoformat(),
        principal=session.audit.pseudonym(seq),
        question=_clean(outcome.question),
        reading=_clean(outcome.reading),
        status=outcome.status,
        sql=_clean(outcome.sql),
        decision=Ruling(verdict=verdict, rules=rules, masked=outcome.decision.masked, policy_version=outcome.decision.policy_version),
        source=Source(generation=session.generation.number, sha256=session.generation.sha256),
        answer=None,
        salt=salt(),
    )
    if isinstance(outcome, Answered):
        result = outcome.result
        given = answer([_clean(c) for c in result.columns], result.types, result.rows, result.truncated)
        statement = replace(statement, answer=given)
    session.audit.end(seq, verdict, ", ".join(rules) or None, row_count, now=at, receipt=statement.commitment)
    return replace(outcome, statement=statement)


def _clean(text: str) -> str:
    """Text as UTF-8, and so a receipt, can hold it."""
    return text.encode("utf-8", "replace").decode("utf-8")
