"""What happens between a question and its end: one event per stage, drafts while they are written, then exactly one outcome.

CLI, terminal app and evals consume these and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.audit.receipt import Statement
from catalog.engine.engine import ResultSet
from nl2sql.readings.conversation import Earlier

KEPT_ROWS = 10
"""Rows of an answer that a question after it may point at; of longer ones none."""
LONGEST_NAME = 80
"""Characters of a text in them that may be such a name."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage that ended: ``context``, ``draft``, ``guard``, ``mend``, ``vote`` or ``run``, and how long it took."""

    name: str
    elapsed_ms: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Writing:
    """What a model has written of its likeliest draft so far: text that nobody has checked, of bounded length, told a few times a second.

    A later one stands in place of an earlier, and the outcome in place of all of them.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Who asked, what was decided and by which rules; ``masked`` lists columns shown altered."""

    principal: str
    verdict: str
    rules: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    policy_version: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the data of an answer is and what it is made of: as-of times in ISO 8601, rows by origin."""

    generation: int
    oldest: str | None
    newest: str | None
    synthetic: bool


@dataclass(frozen=True, slots=True)
class VerifiedBy:
    """Who approved the SQL for this very question, by number, and on which day (ISO 8601); of a person whose name is not open, 'a reviewer'."""

    number: int
    by: str
    on: str

    def __str__(self) -> str:
        return f"verified by {self.by} on {self.on}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a turn ended; ``stage`` names where. Every front door shows these same fields.

    ``statement`` is what the audit log was given of the turn, from which a receipt is made. ``verified`` says that a person wrote the SQL
    and another approved it; there is no confidence then. ``in_full`` is the question with the names of what it points at, where it was read so.
    """

    status: str
    message: str
    stage: str
    decision: Decision
    question: str = ""
    in_full: str = ""
    reading: str = ""
    sql: str = ""
    confidence: float | None = None
    statement: Statement | None = None
    verified: VerifiedBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Outcome):
    """Rows, and what they are. ``caveats`` are sentences about what they leave out; ``message`` holds them too."""

    result: ResultSet
    freshness: Freshness
    caveats: tuple[str, ...] = ()
    status: str = "answered"
    stage: str = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted(Outcome):
    """SQL that would be allowed but was not run, because the asker only wants to see it."""

    status: str = "answered"
    stage: str = "guard"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedBack(Outcome):
    """A question to the asker, with what to choose from.

    ``statements`` is the SQL of each choice where the choices are whole readings of the question, else empty: whoever chooses one may
    run it as their own, through the guard like any other.
    """

    choices: tuple[str, ...]
    statements: tuple[str, ...] = ()
    status: str = "asked_back"
    stage: str = "draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Outcome):
    """Not a question for the catalog: ``reason`` is out_of_scope, data_request or change_request.

    ``names`` says that it names what a question after it may mean.
    """

    reason: str
    names: bool = False
    status: str = "refused"
    stage: str = "draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied(Outcome):
    """The policy does not let this principal see it."""

    hint: str
    status: str = "denied"
    stage: str = "guard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Outcome):
    """Something broke at ``stage``; ``exit_code`` says what kind of thing."""

    hint: str
    exit_code: int
    status: str = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Outcome):
    """Whoever asked stopped it at ``stage``."""

    status: str = "cancelled"


Event = Stage | Writing | Outcome


def earlier(outcome: Outcome) -> Earlier | None:
    """A turn for those after it; None for one that failed or was stopped."""
    question, is_whole = outcome.in_full or outcome.question, bool(outcome.in_full)
    match outcome:
        case Answered(result=result):
            is_short = len(result.rows) <= KEPT_ROWS and not result.truncated
            return Earlier(question, tuple(map(_texts, result.rows)) if is_short else (), is_whole)
        case Drafted() | AskedBack() | Denied():
            return Earlier(question, (), is_whole)
        case Refused(names=names):
            return Earlier(question, is_refused=not names)
    return None


def _texts(row: Sequence[object]) -> tuple[str, ...]:
    """The short texts of a row."""
    return tuple(cell for cell in row if isinstance(cell, str) and len(cell) <= LONGEST_NAME)
