"""What a backend is given for a question: names linked among what the asker may see, the verified query that answers, examples. Asks no model."""

from collections.abc import Sequence
from dataclasses import replace

from nl2sql.backends.base import Backend, Context
from nl2sql.change import is_change
from nl2sql.linking.link import Linked, link
from nl2sql.readings.conversation import Earlier, in_context
from nl2sql.readings.returning import asked_again
from nl2sql.session import Session
from nl2sql.verified import Match, examples, matching

LONGEST_QUESTION = 2000
"""Characters; people do not need more, attacks do."""


def context_of(question: str, session: Session, backend: Backend, before: Sequence[Earlier] = ()) -> Context | None:
    """What `ask` gives the backend for a question; None where it asks no model. Nothing is drafted, run or recorded."""
    question = cleaned(question)
    session.renew()
    context = understood(question, session, before)[2] if 0 < len(question) <= LONGEST_QUESTION else None
    return context and prompted(context, session, backend)


def cleaned(question: str) -> str:
    """The question without blanks around it and without halves of characters, which no log holds."""
    return question.strip().encode("utf-8", "replace").decode("utf-8")


def understood(question: str, session: Session, before: Sequence[Earlier]) -> tuple[Linked, Match | None, Context | None]:
    """The question with its names linked, the verified query that answers it, and what a model is given where neither that nor a rule does."""
    linked = link(in_context(*asked_again(question, before)), session.index, session.now, session.principal.node)
    match = matching(question, linked, bool(before), session)
    if match is not None or is_change(question):
        return linked, match, None
    return linked, None, Context(question=question, linked=linked, now=session.now, schema=session.schema)


def prompted(context: Context, session: Session, backend: Backend) -> Context:
    """The context with what a model that samples is shown besides."""
    return replace(context, examples=examples(session)) if backend.samples else context
