"""Verified queries in use: which one a question is, and for whom there is one at all.

A pair is nobody's permission. Its SQL is bound to the values of the question and goes through the asker's own guard, policy and worker;
where these would refuse it, the pair does not exist for them: not as an answer, a suggestion or an example.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from itertools import islice

from catalog.access.policy import POLICY_FILE, AggregateRule, load_policy
from catalog.engine.engine import Approved
from catalog.errors import AccessDenied
from catalog.review.verified import Pair, VerifiedQueries, VerifiedQuery
from catalog.semantic import VIEW_FILES, views
from nl2sql.closed import columns_named
from nl2sql.errors import Repairable
from nl2sql.guard import Schema, approve, parse
from nl2sql.holes import bound, example_values, texts
from nl2sql.linking.asked import FEWEST_WORDS
from nl2sql.linking.link import Linked, link
from nl2sql.pairs import is_name, normal, values_of
from nl2sql.session import Session
from nl2sql.turn import VerifiedBy
from nl2sql.values import Bindings

MOST_EXAMPLES = 12
"""Pairs that a model is shown."""
LOOKED_AT = 40
"""Pairs that are looked at for them."""


@dataclass(frozen=True, slots=True)
class Match:
    """The pair that a question is, its SQL with the question's values, and both in words: ``who owns {dataset}, dataset C4``."""

    query: VerifiedQuery
    sql: str
    reading: str


def matching(question: str, linked: Linked, is_follow_up: bool, session: Session) -> Match | None:
    """The approved pair whose question this is, where its SQL is approved for the asker with the values that they named.

    Within a dialogue a question is looked at by itself, and one of few words is none of these.
    """
    store = VerifiedQueries(session.home)
    if is_follow_up:
        if not store.approved():
            return None
        linked = link(question, session.index, session.now, session.principal.node)
        if len(linked.text.split()) < FEWEST_WORDS:
            return None
    for query in sorted(store.approved(normal(linked.text)), key=lambda q: sum(what.startswith("{") for what in q.pair.slots.values())):
        values = values_of(query.pair, linked)
        if values is not None and (sql := open_sql(query.pair, session, values)):
            return Match(query, sql, _reading(query.pair, linked))
    return None


def examples(session: Session) -> tuple[tuple[str, str], ...]:
    """Questions and SQL that a model may be shown for this asker, in the order in which they were proposed.

    Pairs that hold names are left out, so that everybody of the same scope has the same.
    """
    approved = (query.pair for query in islice(VerifiedQueries(session.home).approved(), LOOKED_AT))
    found = ((pair.question, pair.sql) for pair in approved if not pair.names and open_sql(pair, session))
    return tuple(islice(found, MOST_EXAMPLES))


def approved_for(pair: Pair, session: Session, values: Bindings | None = None) -> Approved | None:
    """The SQL as the asker's guard approves it, by default with values that mean nothing; None where it does not.

    A pair that holds a name which the asker may not see is not for them, nor is one that compares what they see masked with a text.
    """
    if not all(is_name(session.index, name) for name in pair.names):
        return None
    given = values if values is not None else example_values(pair.sql, session.now)
    try:
        approved = approve(bound(pair.sql, given, session.now), session.schema, session.now)
        spoken = texts(parse.tree_of(pair.sql))
    except (Repairable, AccessDenied, LookupError, ValueError):
        return None
    return None if spoken and _is_masked(approved, session) else approved


def open_sql(pair: Pair, session: Session, values: Bindings | None = None) -> str | None:
    approved = approved_for(pair, session, values)
    return approved.sql if approved else None


def badge(query: VerifiedQuery, session: Session) -> VerifiedBy:
    """Who verified it and when, as the asker may know."""
    assert query.reviewed is not None
    return VerifiedBy(query.number, person(query.reviewer, session) or "a reviewer", f"{query.reviewed:%Y-%m-%d}")


def person(name: str | None, session: Session) -> str | None:
    """A name as the asker may know it: their own, and those of others where they see who did what in the audit log."""
    permit = session.authorisation.permits.get("audit_log")
    is_open = permit is not None and permit.columns.get("actor") == "show"
    return name if name is None or is_open or name == session.principal.name else None


def is_stale(pair: Pair, session: Session) -> bool:
    """Whether the SQL would not run for somebody who sees every view and column either."""
    cubes = {rule.name for rule in load_policy(session.home / POLICY_FILE).rules if isinstance(rule, AggregateRule)}
    if cubes & set(pair.relations):
        return False  # nobody can tell who has not the cube
    try:
        approve(bound(pair.sql, example_values(pair.sql, session.now), session.now), _every_view(), session.now)
    except (Repairable, AccessDenied, LookupError, ValueError):
        return True
    return False


@cache
def layer_version() -> str:
    """Tells one semantic layer from another: a hash of the view files."""
    digest = hashlib.sha256()
    for path in sorted(VIEW_FILES.glob("*.toml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def _every_view() -> Schema:
    return Schema({view.name: {column.name: column.type for column in view.columns.values()} for view in views().values()})


def _reading(pair: Pair, linked: Linked) -> str:
    said = [f"{hole[1:-1]} {linked.mentions[f'@{slot}'].surface}" for slot, hole in pair.slots.items() if hole.startswith("{")]
    return ", ".join([pair.question.rstrip(" .?!"), *said])


def _is_masked(approved: Approved, session: Session) -> bool:
    named = columns_named(approved.sql)
    permits = [permit for view, permit in session.authorisation.permits.items() if view in approved.views]
    return any(how != "show" and column in named for permit in permits for column, how in permit.columns.items())
