"""What people say of answers: given by who asked, read and decided by reviewers. Nothing learns from it before that."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from catalog.engine.snapshot import NAMES
from catalog.errors import AccessDenied, UsageError
from catalog.review.feedback import LONGEST_NOTE, Feedback, FeedbackQueue, Said, Verdict
from catalog.review.verified import VerifiedQuery
from nl2sql.errors import Repairable
from nl2sql.guard import approve, parse
from nl2sql.holes import texts
from nl2sql.linking.index import LONGEST_NAME, words
from nl2sql.linking.link import link
from nl2sql.pairs import LONGEST, drafted, is_name
from nl2sql.reviewing import is_reviewer, propose, recorded, require_reviewer
from nl2sql.session import Session
from nl2sql.values import Text
from nl2sql.verified import layer_version, person


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that somebody got: what they asked, the SQL that ran and the clock that it was made for, each as far as it is known."""

    question: str
    sql: str
    clock: datetime | None
    seq: int | None


def give(verdict: Verdict, about: Told, session: Session, note: str = "", corrected: str = "") -> Feedback:
    """Put what somebody says of their answer into the queue.

    Raises `UsageError` for a note or question too long; for corrected SQL that is not theirs to run, what the guard raises.
    """
    if len(note) > LONGEST_NOTE:
        raise UsageError(f"The note is longer than {LONGEST_NOTE:,} characters.", "Say it in a few sentences.")
    if corrected:
        approve(corrected, session.schema, session.now)
    with recorded(session, f"feedback {verdict}" + (f" on action {about.seq}" if about.seq else ""), "ingest", corrected or None) as told:
        clock = about.clock.isoformat() if about.clock else ""
        said = Said(question=about.question, sql=about.sql, clock=clock, seq=about.seq, corrected=corrected, note=note, names=_names(about, corrected, note, session))
        entry = FeedbackQueue(session.home).give(verdict, said, session.principal.name)
        told.rows = 1
    return entry


def answered(seq: int, session: Session) -> Told:
    """What the asker asked in an action of the audit log, which keeps no SQL. Raises `UsageError` for an action that is none of theirs."""
    entry = next((e for e in session.audit.entries() if e.seq == seq), None) if session.token else None
    if entry is None or entry.actor != session.principal.name or not entry.question or entry.action != "query":
        raise UsageError(f"Action {seq} is no question of yours.", "Say who you are: --token; the number stands in the receipt and in steward chat.")
    return Told(entry.question, "", None, seq)


def of_receipt(file: Path, session: Session) -> Told:
    """What a receipt of this catalog's says was asked and run. Raises `VerificationFailed` for one that does not hold, `UsageError` without the file."""
    from catalog.audit.receipt import LONGEST as LONGEST_RECEIPT
    from catalog.audit.receipt import verify

    try:
        with file.open("rb") as content:
            said = verify(content.read(LONGEST_RECEIPT + 1), session.audit.vkey).receipt.statement
    except OSError as error:
        raise UsageError(f"The receipt {file} cannot be read: {error.strerror}.") from None
    return Told(said.question, said.sql, datetime.fromisoformat(said.today).replace(tzinfo=None), said.seq)


def listed(session: Session) -> list[Feedback]:
    """Entries that the asker may see: their own, and as a reviewer those of which the SQL is theirs to run and the names are theirs to know."""
    with recorded(session, "feedback list") as told:
        reviews = is_reviewer(session)
        found = [shown for entry in FeedbackQueue(session.home).all() if (shown := _shown(entry, session, reviews))]
        told.rows = len(found)
    return found


def shown(number: int, session: Session) -> Feedback:
    """One of those. Raises `UsageError` for any other, whether there is one or not."""
    with recorded(session, f"feedback show {number}") as told:
        entry = _found(number, session)
        told.rows = 1
    return entry


def promote(number: int, session: Session, question: str = "", sql: str = "") -> VerifiedQuery:
    """Propose a verified query made of an entry: its corrected SQL or, of a good answer, the SQL that ran, unless other SQL is given.

    Its author is who wrote that SQL: the one who corrected it, else the reviewer, who cannot approve it alone then. Raises
    `AccessDenied` for who may not review, `UsageError` where there is no SQL or no question, and what the guard raises.
    """
    require_reviewer(session)
    entry = _found(number, session)
    if entry.status != "open":
        raise UsageError(f"Feedback {number} is {entry.status} already.")
    said = entry.said
    used = sql or said.corrected or (said.sql if entry.verdict == "good" else "")
    if not used:
        raise UsageError(f"Feedback {number} has no SQL that is right.", f'Give it: steward feedback promote {number} --sql "SELECT …"')
    if not (question or said.question):
        raise UsageError(f"Feedback {number} is of SQL that no question asked for.", f'Give the question: steward feedback promote {number} --question "…"')
    clock = datetime.fromisoformat(said.clock) if said.clock and used == said.sql else None
    author = FeedbackQueue(session.home).one(number).author if used == said.corrected else ""
    query = propose(drafted(question or said.question, used, session, layer_version(), clock), session, author)
    FeedbackQueue(session.home).close(number, "promoted", session.principal.name)
    return query


def dismiss(number: int, session: Session) -> Feedback:
    """Close an entry without making anything of it. Raises `AccessDenied` for who may not review, `UsageError`."""
    with recorded(session, f"feedback dismiss {number}", "ingest"):
        require_reviewer(session)
        _found(number, session)
        return FeedbackQueue(session.home).close(number, "dismissed", session.principal.name)


def _found(number: int, session: Session) -> Feedback:
    entry = next((e for e in FeedbackQueue(session.home).all() if e.number == number), None)
    found = _shown(entry, session, is_reviewer(session)) if entry else None
    if found is None:
        raise UsageError(f"There is no feedback {number}.", "steward feedback list names what you may see.")
    return found


def _shown(entry: Feedback, session: Session, reviews: bool) -> Feedback | None:
    """An entry as the asker may see it; SQL that is not theirs to run is left out of their own, and closes those of others, as does a name that they may not know."""
    own = bool(session.token) and entry.author == session.principal.name
    said = entry.said
    open_ = {text: not text or _is_open(text, session) for text in (said.sql, said.corrected)}
    if not own and not (reviews and all(open_.values()) and all(is_name(session.index, name) for name in said.names)):
        return None
    kept = replace(said, sql=said.sql if open_[said.sql] else "", corrected=said.corrected if open_[said.corrected] else "", question=said.question[: 4 * LONGEST])
    who = entry.author if own else person(entry.author, session) or "somebody"
    closed_by = entry.closed_by and (person(entry.closed_by, session) or "a reviewer")
    return replace(entry, author=who, closed_by=closed_by, said=kept)


def _names(about: Told, corrected: str, note: str, session: Session) -> tuple[str, ...]:
    """Datasets, models and nodes of the author's catalog in what they say: spelt out, meant by the question as the linker reads it, or texts of the SQL."""
    index = session.index
    meant = link(about.question, index, session.now, session.principal.node).mentions.values() if about.question else ()
    found = {value for m in meant if m.known and m.kind in NAMES and isinstance(m.value, Text) for value in m.value.values}
    spelt = {text.strip("%") for sql in (about.sql, corrected) for text in _texts(sql)}
    for said in map(words, (about.question, note)):
        spelt |= {" ".join(said[at : at + size]) for at in range(len(said)) for size in range(1, LONGEST_NAME + 1)}
    for text in spelt:
        kinds = index.names.get(" ".join(words(text)[:LONGEST_NAME]), {})
        found |= {value for kind in NAMES for value in kinds.get(kind, ())}
    return tuple(sorted(found))


def _texts(sql: str) -> tuple[str, ...]:
    try:
        return texts(parse.tree_of(sql)) if sql else ()
    except Repairable:
        return ()


def _is_open(sql: str, session: Session) -> bool:
    try:
        approve(sql, session.schema, session.now)
    except (Repairable, AccessDenied):
        return False
    return True
