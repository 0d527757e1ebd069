"""What a backend is given and what it may say: the seam between question and model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from catalog.errors import GovernanceError
from nl2sql.guard.schema import Schema
from nl2sql.linking.link import Linked
from nl2sql.stop import Stop

DeclineKind = Literal["out_of_scope", "data_request", "change_request"]
Tell = Callable[[str], None]
"""Takes a text in the making, all of it that is there."""
MOST_TOLD = 4_000
"""Characters of a text in the making; what it has beyond them is not told."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """SQL that was drafted for the question and cannot run, and why; the reason names nothing that the asker may not see."""

    sql: str
    what: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A question as one asker put it: its values linked against what this asker may see, and the clock.

    ``schema`` is what the asker's SQL may read: a model that is told about views is told about these. ``schema_text`` describes the
    tables of a database that is not Steward's, as DDL with comments; what it quotes is data. ``attempts`` are to be mended.
    ``examples`` are verified questions and their SQL, the same for everybody of the asker's scope. ``told`` hears the likeliest text
    while it is written, where the backend can tell; ``stop`` says that nobody waits for it any more.
    """

    question: str
    linked: Linked
    now: datetime
    schema: Schema | None = None
    schema_text: str = ""
    attempts: tuple[Attempt, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    told: Tell | None = field(default=None, compare=False, repr=False)
    stop: Stop = field(default_factory=Stop, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SqlDraft:
    """SQL with the reading behind it in words and the calibrated probability that it is right.

    Of a backend that samples, the share of its samples that say so. ``unused`` are values that the question names and the SQL leaves
    out, in the question's words. ``is_whole`` says that what follows other questions asks for the same without them.
    """

    sql: str
    reading: str
    confidence: float
    unused: tuple[str, ...] = ()
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Clarify:
    """A question back, with choices.

    ``drafts`` are the readings behind the choices, in the same order, where the backend has them: what the asker may not see is
    not offered. ``kind`` is the slot kind of the name that is asked for, where one is.
    """

    message: str
    choices: tuple[str, ...]
    confidence: float
    drafts: tuple[SqlDraft, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Decline:
    """Not a question that the catalog answers."""

    kind: DeclineKind
    confidence: float


Draft = SqlDraft | Clarify | Decline


class Backend(Protocol):
    """Drafts for a question, best first; at least one."""

    name: str

    @property
    def reads_schema(self) -> bool:
        """Whether it drafts over the tables of ``Context.schema_text``; one that does not knows Steward's own views only."""
        ...

    @property
    def samples(self) -> bool:
        """Whether its drafts are samples to be put to the vote, and whether it mends ``Context.attempts``; else they are ranked."""
        ...

    @property
    def tells(self) -> bool:
        """Whether it waits for a server and tells what that writes meanwhile; what computes here drafts in the thread that asks."""
        ...

    def draft(self, context: Context) -> list[Draft]:
        """What the question may mean. Raises `BackendUnavailable`, and `Stopped` once ``Context.stop`` is set, as soon as it can."""
        ...


@runtime_checkable
class Batching(Protocol):
    """A backend that drafts for many questions faster together than one after the other."""

    def draft_all(self, contexts: Sequence[Context]) -> list[list[Draft] | GovernanceError]:
        """For each question what ``draft`` returns or raises."""
        ...
