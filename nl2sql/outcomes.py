"""The ways in which a turn can end, each with the decision behind it: who asked, what was decided, by which rules of which version of the policy. All are recorded."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from catalog.engine.engine import Approved
from catalog.errors import AccessDenied, GovernanceError
from nl2sql.backends.base import DeclineKind, SqlDraft
from nl2sql.closed import columns_named
from nl2sql.election import Elected
from nl2sql.errors import Stopped
from nl2sql.recording import record
from nl2sql.session import Session, read_clock
from nl2sql.stop import Stop
from nl2sql.turn import AskedBack, Cancelled, Decision, Denied, Event, Failed, Outcome, Refused, VerifiedBy

OFFERED_READINGS = 3
"""Readings that are offered of those put to the vote; of more that are ranked, those of which one has to be open to the asker."""
NARROWS = " To leave something out of the answer before, say: without …"
"""After a request for a change that follows an answer, which may have been meant for that."""
DECLINED = {
    "out_of_scope": "This is not a question about the catalog. I answer what data we have, where it comes from, how good it is and who may use it.",
    "data_request": "This asks for the data itself. The catalog knows only about data: ask which datasets could answer it, then ask their owner for access.",
    "change_request": "This asks for a change. Asking never changes anything: take it to the owner or steward of what you want changed.",
}


@dataclass(slots=True)
class Outcomes:
    """What one question of a session may come to."""

    session: Session
    question: str
    stop: Stop = field(default_factory=Stop)
    """Set once nobody waits for the outcome any more."""
    verified: VerifiedBy | None = None
    """Who approved the SQL, where the question is a verified one."""
    follows: bool = False
    """Whether there are questions before it."""
    in_full: str = ""
    """The question with the names of what it points at, where it was read so."""

    def begin(self, sql: str | None, dataset: str | None = None, action: str = "query") -> int:
        """Record the intent, by the catalog's clock: the asker's own ``now`` does not date the log."""
        session = self.session
        roles = ",".join(session.principal.roles)
        purpose, now = session.principal.purpose or None, read_clock(session.home)
        return session.audit.begin(session.principal.name, roles, action, self.question or None, sql, dataset=dataset, purpose=purpose, now=now)

    def end(self, outcome: Outcome, sql: str | None) -> Iterator[Event]:
        """Record a turn in which nothing ran; what it tells by a token, policy or grant that has ended meanwhile is not told."""
        try:
            self.session.require_current()
        except AccessDenied as ended:
            decision = self.decision("denied", cited(ended))
            outcome = Denied(message=ended.what, hint=ended.hint, decision=decision, stage=outcome.stage, question=self.question)
        except GovernanceError as error:
            outcome = self.failed(error, outcome.stage)
        yield self.recorded(outcome, sql)

    def recorded(self, outcome: Outcome, sql: str | None) -> Outcome:
        """A turn in which nothing ran, as the log has it."""
        return record(self.session, self.begin(sql), outcome, outcome.decision.verdict, outcome.decision.rules, 0)

    def decision(self, verdict: str, rules: tuple[str, ...] = (), masked: tuple[str, ...] = ()) -> Decision:
        """A verdict on the asker under the policy in force."""
        return Decision(self.session.principal.name, verdict, rules, masked, self.session.authorisation.policy_version)

    def allowed(self, approved: Approved) -> Decision:
        """Approved SQL names every column after a dot; a masked column of that name counts as shown masked."""
        permits = [self.session.authorisation.permits[view] for view in sorted(approved.views - self.session.authorisation.cubes.keys())]
        named = columns_named(approved.sql)
        masked = tuple(f"{p.view}.{c}" for p in permits for c, how in p.columns.items() if how != "show" and c in named)
        return self.decision("masked" if masked else "allowed", approved.rules, masked)

    def about(self, draft: SqlDraft, sql: str, own: bool) -> dict[str, Any]:
        """What every end of a turn with SQL tells; nobody is unsure of what a person wrote or approved."""
        sure = None if own or self.verified else draft.confidence
        return {"question": self.question, "in_full": self.in_full, "reading": draft.reading, "sql": sql, "confidence": sure, "verified": self.verified}

    def refused(self, kind: DeclineKind, confidence: float | None, message: str = "") -> Refused:
        """A question that is not answered, with what it may be taken to."""
        message = message or DECLINED[kind] + (NARROWS if self.follows and kind == "change_request" else "")
        return Refused(message=message, reason=kind, decision=self.decision("declined"), question=self.question, confidence=confidence)

    def denied(self, what: str, hint: str, rules: tuple[str, ...], draft: SqlDraft, own: bool) -> Denied:
        """What policy withholds, by the rules that say so."""
        return Denied(message=what, hint=hint, decision=self.decision("denied", rules), **self.about(draft, draft.sql, own))

    def cancelled(self, stage: str, draft: SqlDraft | None = None, sql: str = "") -> Cancelled:
        """A turn that nobody waits for any more."""
        reading = draft.reading if draft else ""
        return Cancelled(message=Stopped().what, stage=stage, decision=self.decision("declined"), question=self.question, reading=reading, sql=sql)

    def failed(self, error: GovernanceError, stage: str, draft: SqlDraft | None = None, sql: str = "") -> Failed | Cancelled:
        """What went wrong; whatever it is that an unwanted turn ends with, it was stopped."""
        if self.stop.is_set():
            return self.cancelled(stage, draft, sql)
        return Failed(
            message=error.what,
            hint=error.hint,
            exit_code=error.exit_code,
            stage=stage,
            decision=self.decision("declined"),
            question=self.question,
            reading=draft.reading if draft else "",
            sql=sql,
        )

    def undecided(self, elected: Elected[tuple[Approved, SqlDraft]]) -> AskedBack:
        """The question back where samples of a model find different things."""
        readings = [elected.winner, *elected.others]
        return AskedBack(
            message="I read this in several ways, and they find different things. Ask it more exactly, or choose one.",
            choices=tuple(draft.reading or draft.sql for _, draft in readings)[:OFFERED_READINGS],
            statements=tuple(draft.sql for _, draft in readings)[:OFFERED_READINGS],
            decision=self.decision("declined"),
            question=self.question,
            confidence=elected.share,
        )


def cited(denied: AccessDenied) -> tuple[str, ...]:
    """The rules that a denial names."""
    return tuple(denied.rule.split(", "))
