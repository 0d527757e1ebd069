"""``ask()``: the one way of a question, from words to a governed answer, as a stream of stages and one outcome.

Intent is recorded durably before anything is asked of the data, the outcome after. A denial never goes back to the model.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from catalog.engine import Approved
from catalog.errors import AccessDenied, GovernanceError, QueryFailed, QueryTimeout
from catalog.freshness import freshness
from catalog.snapshot import prepare
from nl2sql.answer import sentence
from nl2sql.backends.base import Backend, Clarify, Context, Decline, Draft, SqlDraft
from nl2sql.errors import Repairable
from nl2sql.guard import approve
from nl2sql.linking.link import Linked, link
from nl2sql.session import Session
from nl2sql.turn import (
    Answered,
    AskedBack,
    Decision,
    Denied,
    Drafted,
    Event,
    Failed,
    Freshness,
    Outcome,
    Refused,
    Stage,
)

LONGEST_QUESTION = 2000
"""Characters; people do not need more, attacks do."""
DECLINED = {
    "out_of_scope": "This is not a question about the catalog. I answer what data we have, where it comes from, how good it is and who may use it.",
    "data_request": "This asks for the data itself. The catalog knows only about data: ask which datasets could answer it, then ask their owner for access.",
    "change_request": "This asks for a change. Asking never changes anything: take it to the owner or steward of what you want changed.",
}


def ask(question: str, session: Session, backend: Backend, run: bool = True) -> Iterator[Event]:
    """Answer a question for the session's principal; with ``run`` false the approved SQL is shown and not executed."""
    question = question.strip()
    if len(question) > LONGEST_QUESTION:
        question, too_long = question[:LONGEST_QUESTION], True
    else:
        too_long = False
    turn = _Turn(session, question, run)
    if too_long or not question:
        what = "empty" if not question else f"longer than {LONGEST_QUESTION} characters"
        yield from turn.end(turn.refused("out_of_scope", None, f"The question is {what}."), None)
        return
    started = perf_counter()
    linked = link(question, session.index, session.now)
    yield Stage("context", _ms(started), linked.text)
    started = perf_counter()
    drafts = backend.draft(Context(question=question, linked=linked, now=session.now))
    yield Stage("draft", _ms(started), type(drafts[0]).__name__)
    yield from turn.conclude(drafts, linked)


def ask_sql(sql: str, session: Session, run: bool = True) -> Iterator[Event]:
    """A person's own SQL through the same guard and worker."""
    yield from _Turn(session, "", run).conclude([SqlDraft(sql, "", 1.0)], None, own=True)


@dataclass(slots=True)
class _Turn:
    session: Session
    question: str
    run: bool

    def conclude(self, drafts: list[Draft], linked: Linked | None, own: bool = False) -> Iterator[Event]:
        first = drafts[0]
        match first:
            case Clarify(message, choices, confidence):
                outcome = AskedBack(message=message, choices=choices, decision=self.decision("declined"), question=self.question, confidence=confidence)
                yield from self.end(outcome, None)
            case Decline(kind, confidence):
                yield from self.end(self.refused(kind, confidence), None)
            case SqlDraft():
                yield from self.execute([d for d in drafts if isinstance(d, SqlDraft)], linked, own)

    def execute(self, drafts: list[SqlDraft], linked: Linked | None, own: bool) -> Iterator[Event]:
        """Guard the best draft that can be approved, then run it."""
        started = perf_counter()
        approved: Approved | None = None
        draft, error = drafts[0], None
        for candidate in drafts:
            try:
                approved, draft = approve(candidate.sql, self.session.authorisation, self.session.now), candidate
                break
            except AccessDenied as denied:
                yield Stage("guard", _ms(started), denied.rule)
                yield from self.end(self.denied(denied, candidate, own), candidate.sql)
                return
            except Repairable as bad:
                error = error or bad
        yield Stage("guard", _ms(started), "approved" if approved else "rejected")
        if approved is None:
            assert error is not None
            yield from self.end(self.failed(error, "guard", draft), draft.sql)
            return
        decision = self.allowed(approved)
        if not self.run:
            yield from self.end(Drafted(message="Allowed, not run.", decision=decision, **self.about(draft, approved.sql, own)), approved.sql)
            return
        yield from self.run_approved(approved, draft, decision, linked, own)

    def run_approved(self, approved: Approved, draft: SqlDraft, decision: Decision, linked: Linked | None, own: bool) -> Iterator[Event]:
        session = self.session
        dataset = _only_dataset(linked)
        seq = session.state.begin(
            session.principal.name, ",".join(session.principal.roles), "query", self.question or None, approved.sql, dataset=dataset, now=session.now
        )
        started = perf_counter()
        outcome: Outcome
        try:
            snapshot = prepare(session.home, session.generation, session.state, session.authorisation, approved.views, session.now)
            result = session.engine.run(approved, snapshot, session.limits)
            fresh = Freshness(session.generation.number, *freshness(snapshot, approved.views))
            about = self.about(draft, approved.sql, own)
            message = sentence(result, draft.reading, linked, fresh)
            outcome = Answered(message=message, decision=decision, result=result, freshness=fresh, **about)
        except (QueryFailed, QueryTimeout) as error:
            outcome = self.failed(error, "run", draft, approved.sql)
        verdict = decision.verdict if isinstance(outcome, Answered) else "declined"
        rows = len(outcome.result.rows) if isinstance(outcome, Answered) else None
        session.state.end(seq, verdict, ", ".join(decision.rules), rows, now=session.now)
        yield Stage("run", _ms(started))
        yield outcome

    def end(self, outcome: Outcome, sql: str | None) -> Iterator[Event]:
        """Record a turn in which nothing ran."""
        session = self.session
        seq = session.state.begin(
            session.principal.name, ",".join(session.principal.roles), "query", self.question or None, sql, now=session.now
        )
        verdict = outcome.decision.verdict
        session.state.end(seq, verdict, ", ".join(outcome.decision.rules) or None, 0, now=session.now)
        yield outcome

    def decision(self, verdict: str, rules: tuple[str, ...] = (), masked: tuple[str, ...] = ()) -> Decision:
        return Decision(self.session.principal.name, verdict, rules, masked, self.session.authorisation.policy_version)

    def allowed(self, approved: Approved) -> Decision:
        permits = [self.session.authorisation.permits[view] for view in sorted(approved.views)]
        masked = tuple(f"{p.view}.{c}" for p in permits for c, how in p.columns.items() if how != "show" and c in approved.sql)
        return self.decision("masked" if masked else "allowed", approved.rules, masked)

    def about(self, draft: SqlDraft, sql: str, own: bool) -> dict[str, Any]:
        confidence = None if own else draft.confidence
        return {"question": self.question, "reading": draft.reading, "sql": sql, "confidence": confidence}

    def refused(self, kind: str, confidence: float | None, why: str = "") -> Refused:
        message = f"{why} {DECLINED[kind]}".strip()
        return Refused(message=message, reason=kind, decision=self.decision("declined"), question=self.question, confidence=confidence)

    def denied(self, error: AccessDenied, draft: SqlDraft, own: bool) -> Denied:
        return Denied(
            message=error.what,
            hint=error.hint,
            decision=self.decision("denied", (error.rule,)),
            question=self.question,
            reading=draft.reading,
            confidence=None if own else draft.confidence,
        )

    def failed(self, error: GovernanceError, stage: str, draft: SqlDraft, sql: str = "") -> Failed:
        return Failed(
            message=error.what,
            hint=error.hint,
            exit_code=error.exit_code,
            stage=stage,
            decision=self.decision("declined"),
            question=self.question,
            reading=draft.reading,
            sql=sql,
        )


def _only_dataset(linked: Linked | None) -> str | None:
    """The dataset a question is about, when it names one."""
    named = [m.value for slot, m in (linked.mentions if linked else {}).items() if slot.startswith("@dataset") and m.known]
    return getattr(named[0], "values", [None])[0] if len(named) == 1 else None


def _ms(started: float) -> float:
    return (perf_counter() - started) * 1000
