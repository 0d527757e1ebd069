"""``ask()``: the one way of a question, from words to a governed answer, as a stream of stages and one outcome.

Intent is recorded durably before anything is asked of the data, the outcome after. A denial never goes back to the model.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from catalog.audit.log import TRIAL
from catalog.engine.engine import Approved
from catalog.engine.snapshot import cut_of
from catalog.errors import AccessDenied, GovernanceError
from catalog.quality.freshness import freshness
from nl2sql.answer import cut_short, left_out, sentence
from nl2sql.backends.base import Attempt, Backend, Clarify, Context, Decline, Draft, SqlDraft
from nl2sql.closed import closed_columns, closed_named, columns_denied
from nl2sql.context import LONGEST_QUESTION, cleaned, prompted, understood
from nl2sql.election import elect, fingerprint
from nl2sql.errors import Repairable, Stopped, UnknownColumn
from nl2sql.guard import approve
from nl2sql.linking.asked import names_something
from nl2sql.linking.link import Linked
from nl2sql.outcomes import OFFERED_READINGS, Outcomes, cited
from nl2sql.readings import named
from nl2sql.readings.conversation import Earlier
from nl2sql.readings.pointed import pointed
from nl2sql.recording import record
from nl2sql.session import Session, read_clock
from nl2sql.stop import Stop
from nl2sql.telling import telling
from nl2sql.turn import (
    Answered,
    AskedBack,
    Cancelled,
    Decision,
    Denied,
    Drafted,
    Event,
    Failed,
    Freshness,
    Outcome,
    Stage,
    Writing,
)
from nl2sql.verified import Match, badge

REPAIRS = 2
"""How often a model that samples may mend SQL that cannot run. More loses accuracy in published runs."""


def ask(question: str, session: Session, backend: Backend, run: bool = True, before: Sequence[Earlier] = (), *, stop: Stop | None = None) -> Iterator[Event]:
    """Answer a question for the session's principal; with ``run`` false the approved SQL is shown and not executed.

    ``before`` are the turns of the same conversation, oldest first: "only the stale ones" narrows what they asked, "who owns that one"
    points at what the last of them showed. ``stop`` ends it from any thread while a model drafts or between two stages; what runs in the
    engine by then is for its owner to kill.
    Raises `CatalogUnavailable` only where the turn cannot be recorded.
    """
    question = cleaned(question)
    turn = _Turn(session, question[:LONGEST_QUESTION], stop or Stop(), follows=bool(before), run=run)
    if not 0 < len(question) <= LONGEST_QUESTION:
        what = f"is longer than {LONGEST_QUESTION:,} characters" if question else "is empty"
        yield from turn.end(turn.refused("out_of_scope", None, f"The question {what}. Ask for one thing in a sentence or two."), None)
        return
    started, stage = perf_counter(), "context"
    try:
        session.renew()
        said = [turn for turn in before if not turn.is_refused]
        full = pointed(question, said, session.index, session.now)
        linked, match, context = understood(full or question, session, () if full else said)
        yield Stage("context", _ms(started), linked.text)
        started, stage = perf_counter(), "draft"
        drafts = yield from turn.read(backend, match, context)
        if isinstance(drafts[0], SqlDraft) and (full or drafts[0].is_whole):
            turn.in_full = full or question
        elif full:  # by itself it asks for nothing: "and that one?"
            linked, match, context = understood(full, session, said)
            drafts = yield from turn.read(backend, match, context)
        elif before and before[-1].is_refused and not isinstance(drafts[0], SqlDraft):
            again = understood(question, session, [*said, replace(before[-1], is_refused=False)])
            insisting = yield from turn.read(backend, *again[1:])
            linked, drafts = (again[0], insisting) if not isinstance(insisting[0], Clarify) else (linked, drafts)
        elif (full := named.named_after_all(question, drafts[0], session.index)) and (again := understood(full, session, said))[2] is not None:
            redrafted = yield from turn.read(backend, *again[1:])
            linked, drafts = (again[0], redrafted) if isinstance(redrafted[0], SqlDraft) else (linked, drafts)
        yield Stage("draft", _ms(started), "verified" if match else type(drafts[0]).__name__)
    except GovernanceError as error:
        yield Stage(stage, _ms(started), "failed")
        yield from turn.end(turn.failed(error, stage), None)
        return
    yield from turn.conclude(drafts, linked)


def ask_sql(sql: str, session: Session, run: bool = True, *, stop: Stop | None = None) -> Iterator[Event]:
    """A person's own SQL through the same guard and worker."""
    turn = _Turn(session, "", stop or Stop(), run=run)
    try:
        session.renew()
    except GovernanceError as error:
        yield from turn.end(turn.failed(error, "guard", sql=sql), sql)
        return
    yield from turn.conclude([SqlDraft(sql, "", 1.0)], None, own=True)


@dataclass(slots=True)
class _Turn(Outcomes):
    run: bool = True
    mend: Callable[[tuple[Attempt, ...]], Generator[Writing, None, list[Draft]]] | None = None
    """Asks a model that samples to draft anew; its drafts are put to the vote, those of any other are ranked."""

    def read(self, backend: Backend, match: Match | None, context: Context | None) -> Generator[Writing, None, list[Draft]]:
        """What a verified query, a rule or else the backend makes of a question."""
        if match is not None:
            self.verified = badge(match.query, self.session)
            return [SqlDraft(match.sql, match.reading, 1.0)]
        if context is None:
            return [Decline("change_request", 1.0)]
        given = prompted(context, self.session, backend)
        if backend.samples:
            self.mend = lambda attempts: self.drafted(backend, replace(given, attempts=attempts))
        return (yield from self.drafted(backend, given))

    def drafted(self, backend: Backend, context: Context) -> Generator[Writing, None, list[Draft]]:
        """What a backend drafts, told while it is written. Where whoever asked goes away meanwhile, that is recorded."""
        context = replace(context, stop=self.stop)
        try:
            if not backend.tells:
                return backend.draft(context)
            return (yield from telling(lambda told: backend.draft(replace(context, told=told)), self.stop))
        except (GeneratorExit, KeyboardInterrupt):
            self.recorded(self.cancelled("draft"), None)
            raise

    def conclude(self, drafts: list[Draft], linked: Linked | None, own: bool = False, attempts: tuple[Attempt, ...] = ()) -> Iterator[Event]:
        if self.stop.is_set():
            yield from self.end(self.cancelled("draft"), None)
            return
        match drafts[0]:
            case Clarify() as clarify:
                yield from self.clarified(clarify)
            case Decline(kind, confidence):
                refused = self.refused(kind, confidence)
                yield from self.end(self.closed(drafts[0], linked) or replace(refused, names=linked is not None and names_something(linked)), None)
            case SqlDraft():
                yield from self.execute([d for d in drafts if isinstance(d, SqlDraft)], linked, own, attempts)

    def clarified(self, asked: Clarify) -> Iterator[Event]:
        """Ask back with what the asker may see; where none of the readings is open to them, that is the answer."""
        offered, denied = list(asked.choices), list[tuple[Denied, SqlDraft]]()
        for choice, draft in zip(asked.choices, asked.drafts, strict=False):
            verdict = self.vet(draft, False)
            if isinstance(verdict, Denied):
                offered.remove(choice)
                denied.append((verdict, draft))
        if denied and not set(offered).intersection(asked.choices[:OFFERED_READINGS]):  # nothing likely is left
            yield from self.end(denied[0][0], denied[0][1].sql)
            return
        if len(offered) < 2:
            offered = list(asked.choices)  # one choice is none; what columns there are is public
        if asked.kind and not offered:
            offered = named.offered(self.question, asked.kind, self.session.index)
        is_other = bool(asked.kind and offered) and not any(named.is_of_kind(name, asked.kind, self.session.index) for name in offered)
        read = {choice: draft.sql for choice, draft in zip(asked.choices, asked.drafts, strict=False) if draft.reading}
        outcome = AskedBack(
            message="Which one do you mean? Name it in the question." if is_other else asked.message,
            choices=tuple(offered),
            statements=tuple(read[choice] for choice in offered) if offered and read.keys() >= set(offered) else (),
            decision=self.decision("declined"),
            question=self.question,
            confidence=asked.confidence,
        )
        yield from self.end(outcome, None)

    def closed(self, draft: Decline, linked: Linked | None) -> Denied | None:
        """The denial behind a refusal: a model that is told its asker's scope alone finds no view for what policy withholds."""
        if self.mend is None or linked is None or draft.kind != "out_of_scope":
            return None
        closed = closed_named(linked, self.session.authorisation)
        if closed is None:
            return None
        decision = self.decision("denied", cited(closed))
        return Denied(message=closed.what, hint=closed.hint, decision=decision, stage="draft", question=self.question, confidence=draft.confidence)

    def execute(self, drafts: list[SqlDraft], linked: Linked | None, own: bool, attempts: tuple[Attempt, ...] = ()) -> Iterator[Event]:
        """Guard the drafts, then run the best that can be approved, or the one elected. The first draft that is denied ends the turn."""
        started = perf_counter()
        approved: list[tuple[Approved, SqlDraft]] = []
        rejected: list[tuple[Denied | Failed | Cancelled, SqlDraft]] = []
        for candidate in drafts:
            verdict = self.vet(candidate, own)
            if isinstance(verdict, Approved):
                approved.append((verdict, candidate))
                if self.mend is None:
                    break
                continue
            rejected.append((verdict, candidate))
            if isinstance(verdict, Denied) and not approved:
                break
        if approved:
            yield Stage("guard", _ms(started), "approved")
            yield from self.settle(approved, linked, own)
            return
        said, draft = next((entry for entry in rejected if isinstance(entry[0], Denied)), rejected[0])
        yield Stage("guard", _ms(started), said.status)
        if self.mend is not None and isinstance(said, Failed) and len(attempts) < REPAIRS:
            yield from self.mended((*attempts, Attempt(draft.sql, said.message, said.hint)), linked)
        else:
            yield from self.end(said, draft.sql)

    def mended(self, attempts: tuple[Attempt, ...], linked: Linked | None) -> Iterator[Event]:
        """Have the model write anew what cannot run. What it says then is read like the first time."""
        assert self.mend is not None
        started = perf_counter()
        try:
            drafts = yield from self.mend(attempts)
        except GovernanceError as error:
            yield Stage("mend", _ms(started), "failed")
            yield from self.end(self.failed(error, "draft", sql=attempts[-1].sql), None)
            return
        yield Stage("mend", _ms(started), type(drafts[0]).__name__)
        yield from self.conclude(drafts, linked, attempts=attempts)

    def settle(self, approved: list[tuple[Approved, SqlDraft]], linked: Linked | None, own: bool) -> Iterator[Event]:
        """Run what was approved; of several, what the most samples find."""
        shares: dict[str, float] = {}
        for one, draft in approved:
            shares[one.sql] = shares.get(one.sql, 0.0) + draft.confidence
        distinct = {one.sql: (one, replace(draft, confidence=min(1.0, shares[one.sql]))) for one, draft in reversed(approved)}
        chosen, draft = distinct[approved[0][0].sql]
        if len(distinct) > 1 and self.run:
            started = perf_counter()
            candidates = [(pair, pair[1].confidence) for pair in reversed(distinct.values())]
            elected = elect(candidates, lambda pair: self.trial(pair[0], linked))
            yield Stage("vote", _ms(started), f"{elected.share:.2f}")
            if self.stop.is_set():
                yield from self.end(self.cancelled("vote"), None)
                return
            if not elected.is_clear:
                yield from self.end(self.undecided(elected), None)
                return
            chosen, draft = elected.winner[0], replace(elected.winner[1], confidence=elected.share)
        if self.run:
            yield from self.run_approved(chosen, draft, self.allowed(chosen), linked, own)
        else:
            about = self.about(draft, chosen.sql, own)
            yield from self.end(Drafted(message="Allowed, not run.", decision=self.allowed(chosen), **about), chosen.sql)

    def trial(self, approved: Approved, linked: Linked | None) -> str:
        """The fingerprint of what a candidate finds, of which nothing is shown; empty where it cannot run. An action of its own in the log."""
        if self.stop.is_set():
            return ""
        session, seq = self.session, self.begin(approved.sql, _only_dataset(linked), TRIAL)
        verdict, rules = "declined", approved.rules
        try:
            session.require_current()
            snapshot = session.snapshot(approved.views, approved.fixed)
            found = fingerprint(session.engine.run(approved, snapshot, session.limits))
            verdict = self.allowed(approved).verdict
            return found
        except AccessDenied as ended:
            verdict, rules = "denied", cited(ended)
            return ""
        except GovernanceError:
            return ""
        finally:
            session.audit.end(seq, verdict, ", ".join(rules) or None, 0, now=read_clock(session.home))

    def vet(self, draft: SqlDraft, own: bool) -> Approved | Denied | Failed | Cancelled:
        """What the guard says of a draft; a column that only policy withholds is denied rather than unknown."""
        session = self.session
        try:
            return approve(draft.sql, session.schema, session.now)
        except AccessDenied as closed:
            return self.denied(closed.what, closed.hint, (closed.rule,), draft, own)
        except UnknownColumn as unknown:
            columns = closed_columns(draft.sql, session.authorisation, session.now)
            if not columns:
                return self.failed(unknown, "guard", draft, draft.sql)
            withheld = columns_denied(columns)
            return self.denied(withheld.what, withheld.hint, cited(withheld), draft, own)
        except Repairable as bad:
            return self.failed(bad, "guard", draft, draft.sql)

    def run_approved(self, approved: Approved, draft: SqlDraft, decision: Decision, linked: Linked | None, own: bool) -> Iterator[Event]:
        session = self.session
        seq = self.begin(approved.sql, _only_dataset(linked))
        started = perf_counter()
        verdict, rows = "declined", None
        outcome: Outcome | None = None
        try:
            if self.stop.is_set():
                raise Stopped
            session.require_current()
            snapshot = session.snapshot(approved.views, approved.fixed)
            fresh = Freshness(session.generation.number, *freshness(snapshot, approved.views))  # first: it finds a damaged snapshot
            result = session.engine.run(approved, snapshot, session.limits)
            caveats = (*left_out(draft.unused), *cut_short(approved, cut_of(snapshot)))
            message = sentence(result, draft.reading, linked, fresh, caveats)
            session.require_current()  # what ran while token, policy or grant ended is not shown
            outcome = Answered(message=message, decision=decision, result=result, freshness=fresh, caveats=caveats, **self.about(draft, approved.sql, own))
            verdict, rows = decision.verdict, len(result.rows)
        except AccessDenied as ended:
            outcome = replace(self.denied(ended.what, ended.hint, cited(ended), draft, own), stage="run")
            verdict, decision = "denied", outcome.decision
        except GovernanceError as error:
            outcome = self.failed(error, "run", draft, approved.sql)
        finally:
            if outcome is None:  # interrupted: that is recorded too
                session.audit.end(seq, verdict, ", ".join(decision.rules) or None, now=read_clock(session.home))
        outcome = record(session, seq, outcome, verdict, decision.rules, rows)
        yield Stage("run", _ms(started), outcome.status)
        yield outcome


def _only_dataset(linked: Linked | None) -> str | None:
    """The dataset a question is about, when it names one."""
    named = [m.value for slot, m in (linked.mentions if linked else {}).items() if slot.startswith("@dataset") and m.known]
    return getattr(named[0], "values", [None])[0] if len(named) == 1 else None


def _ms(started: float) -> float:
    return (perf_counter() - started) * 1000
