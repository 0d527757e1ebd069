"""Reviews of verified queries: who may propose, read, approve and remove them, and what runs for whom. All of it is recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from catalog.access.policy import POLICY_FILE, Policy, load_policy
from catalog.audit.log import TRIAL
from catalog.engine.engine import Approved
from catalog.errors import AccessDenied, GovernanceError, UsageError
from catalog.review.verified import Pair, VerifiedQueries, VerifiedQuery
from catalog.semantic import views
from nl2sql.closed import columns_named
from nl2sql.pairs import filled, is_name, ranked
from nl2sql.session import Session, read_clock
from nl2sql.turn import VerifiedBy
from nl2sql.verified import approved_for, badge, is_stale, layer_version, open_sql, person

REVIEW = "reviewers"
"""What a denial cites where somebody may not decide."""
LONGEST_NOTE = 2000
"""Characters of a reviewer's note."""
MOST_SUGGESTED = 50
TRIED = 4
"""How many pairs are tried for each suggestion that is wanted."""
STALE = "stale"


@dataclass(frozen=True, slots=True)
class Shown:
    """A pair as somebody may see it: ``state`` is its status or ``stale``; ``pair`` is None where its text is not open to them."""

    query: VerifiedQuery
    state: str
    author: str
    reviewer: str | None
    pair: Pair | None
    is_older: bool
    """It was written for another version of the semantic layer."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question that ran for this asker a moment ago; ``form`` is the question with its holes."""

    number: int
    question: str
    form: str
    verified: VerifiedBy


@dataclass(slots=True)
class Told:
    """How many rows were told, for the audit log."""

    rows: int = 0


@contextmanager
def recorded(session: Session, asked: str, action: str = "query", sql: str | None = None) -> Iterator[Told]:
    """Record what is done with reviewed texts like a question; what changes them is an ``ingest``, as the view calls it.

    What was looked up may be told once this is left. Raises `AccessDenied` when token, policy or grant ended meanwhile.
    """
    principal, log = session.principal, session.audit
    told, verdict, rules = Told(), "declined", None
    seq = log.begin(principal.name, ",".join(principal.roles), action, asked[:2000], sql, purpose=principal.purpose or None, now=read_clock(session.home))
    try:
        session.require_current()
        yield told
        if action != "ingest":  # what was changed is changed
            session.require_current()
        verdict = "allowed"
    except AccessDenied as denied:
        verdict, rules = "denied", denied.rule
        raise
    finally:
        log.end(seq, verdict, rules, told.rows if verdict == "allowed" else 0, now=read_clock(session.home))


def propose(pair: Pair, session: Session, author: str = "") -> VerifiedQuery:
    """Keep a pair for review, by default as the asker's. Raises `UsageError`."""
    with recorded(session, f"verified add: {pair.question}", "ingest", pair.sql):
        return VerifiedQueries(session.home).propose(pair, author or session.principal.name)


def review(number: int, approved: bool, note: str, session: Session) -> VerifiedQuery:
    """Approve or reject a pair.

    Who approves has a reviewing role, is not its author unless nobody else has one, may run its SQL, and it ran for them just now.
    Raises `AccessDenied`, and `UsageError` for a pair that cannot be approved.
    """
    if len(note) > LONGEST_NOTE:
        raise UsageError(f"The note is longer than {LONGEST_NOTE:,} characters.", "Say it in a few sentences.")
    store = VerifiedQueries(session.home)
    with recorded(session, f"verified {'approve' if approved else 'reject'} {number}", "ingest"):
        policy = require_reviewer(session)
        query = _found(number, session)
        if approved and query.status == "proposed":
            _require_another(query, policy, session)
            _require_that_it_runs(query, session)
        return store.review(number, approved, session.principal.name, note)


def remove(number: int, session: Session) -> None:
    """Remove a pair for good: a reviewer any, its author while nobody approved it. Raises `AccessDenied`, `UsageError`."""
    store = VerifiedQueries(session.home)
    with recorded(session, f"verified remove {number}", "ingest"):
        if not _is_own(query := _found(number, session), session) or query.status == "approved":
            require_reviewer(session)
        store.remove(number)


def require_reviewer(session: Session) -> Policy:
    """The policy, where it lets the asker review. Raises `AccessDenied`."""
    policy = load_policy(session.home / POLICY_FILE)
    if not policy.may_review(session.principal):
        raise AccessDenied("Reviews are decided by those whom the policy names.", REVIEW, f"It names the role{'s' if len(policy.reviewers) > 1 else ''} {', '.join(sorted(policy.reviewers)) or '(none)'}.")
    return policy


def is_reviewer(session: Session) -> bool:
    """Whether the asker may decide."""
    return load_policy(session.home / POLICY_FILE).may_review(session.principal)


def listed(session: Session) -> list[Shown]:
    """What the asker may see: approved pairs that they could ask, their own, and as a reviewer every one that they could ask, or that is stale."""
    with recorded(session, "verified list") as told:
        reviews = is_reviewer(session)
        found = [one for query in VerifiedQueries(session.home).all() if (one := _shown(query, session, reviews))]
        told.rows = len(found)
    return found


def shown(number: int, session: Session) -> Shown:
    """One of those. Raises `UsageError` for any other, whether there is one or not."""
    with recorded(session, f"verified show {number}") as told:
        found = _shown(_found(number, session), session, is_reviewer(session))
        assert found is not None
        told.rows = 1
    return found


def exported(session: Session) -> list[VerifiedQuery]:
    """Approved pairs that the asker could ask, recorded as an export."""
    with recorded(session, "verified export", "export") as told:
        found = [query for query in VerifiedQueries(session.home).approved() if open_sql(query.pair, session)]
        told.rows = len(found)
    return found


def suggestions(text: str, most: int, session: Session) -> list[Suggestion]:
    """Questions that run for the asker: approved pairs with names that they may see, the likest to ``text`` first, each run just now."""
    if not 1 <= most <= MOST_SUGGESTED:
        raise UsageError(f"{most} suggestions are not given; 1 to {MOST_SUGGESTED} are.")
    found: list[Suggestion] = []
    with recorded(session, f"suggest: {text}" if text else "suggest") as told:
        known = [query for query in VerifiedQueries(session.home).approved() if open_sql(query.pair, session)]
        for query in islice(ranked(text, known, lambda q: q.pair.question), TRIED * most):
            spoken = filled(query.pair, session)
            if spoken is None or (approved := approved_for(query.pair, session, spoken[1])) is None or not _runs(approved, session):
                continue
            found.append(Suggestion(query.number, spoken[0], query.pair.question, badge(query, session)))
            if len(found) == most:
                break
        told.rows = len(found)
    return found


def _shown(query: VerifiedQuery, session: Session, reviews: bool) -> Shown | None:
    is_open = open_sql(query.pair, session) is not None
    state: str = query.status
    if not is_open:
        if not (reviews or _is_own(query, session)) or not is_stale(query.pair, session):
            return None
        state = STALE
    elif query.status != "approved" and not reviews and not _is_own(query, session):
        return None
    older = query.pair.layer != layer_version()
    author, reviewer = person(query.author, session) or "somebody", query.reviewer and (person(query.reviewer, session) or "a reviewer")
    without = replace(query, author=author, reviewer=reviewer, note=query.note if reviews or _is_own(query, session) else "")
    return Shown(without, state, author, reviewer, query.pair if is_open or _may_read(query.pair, session) else None, older)


def _may_read(pair: Pair, session: Session) -> bool:
    """Whether the text of a stale pair is open: its relations, the columns that its SQL names, and its names are."""
    permits, allowed = session.authorisation.permits, {*session.authorisation.permits, *session.authorisation.cubes}
    named = columns_named(pair.sql)
    closed = any(column in named and permits[view].columns.get(column) != "show" for view in pair.relations if view in permits for column in views()[view].columns)
    return allowed.issuperset(pair.relations) and not closed and all(is_name(session.index, name) for name in pair.names)


def _found(number: int, session: Session) -> VerifiedQuery:
    """A pair that the asker may see. Raises `UsageError` for any other, whether there is one or not."""
    query = next((q for q in VerifiedQueries(session.home).all() if q.number == number), None)
    if query is None or _shown(query, session, is_reviewer(session)) is None:
        raise UsageError(f"There is no verified query {number}.", "steward verified list names those that you may see.")
    return query


def _is_own(query: VerifiedQuery, session: Session) -> bool:
    """Whether the asker proposed it; the anonymous principal may be anybody."""
    return bool(session.token) and query.author == session.principal.name


def _require_another(query: VerifiedQuery, policy: Policy, session: Session) -> None:
    others = [name for name, one in policy.principals.items() if name != session.principal.name and policy.may_review(one)]
    if _is_own(query, session) and others:
        raise AccessDenied("You proposed this yourself, and others may review.", REVIEW, "Ask another reviewer to approve it.")


def _require_that_it_runs(query: VerifiedQuery, session: Session) -> None:
    """Raise `UsageError` unless the SQL is approved for the asker and runs with values that they may see."""
    spoken = filled(query.pair, session)
    approved = approved_for(query.pair, session, spoken[1] if spoken else None)
    if approved is None:
        raise UsageError(f"Verified query {query.number} cannot be approved: the guard does not pass its SQL for you.", "Reject it, and propose it anew.")
    if not _runs(approved, session):
        raise UsageError(f"Verified query {query.number} cannot be approved: its SQL did not run.", "Reject it, and propose it anew.")


def _runs(approved: Approved, session: Session) -> bool:
    """Whether approved SQL runs now. An action of its own in the log; nobody is shown what it finds."""
    with recorded(session, "dry run of a verified query", TRIAL, approved.sql):
        try:
            snapshot = session.snapshot(approved.views, approved.fixed)
            session.engine.run(approved, snapshot, session.limits)
        except AccessDenied:
            raise
        except GovernanceError:
            return False
    return True
