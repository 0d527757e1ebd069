"""What the screens ask of the engine, as one person over one catalog; every look-up is the same as on the command line.

Knows nothing of widgets. One question runs at a time; any thread may stop it.
"""

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from catalog.access.policy import POLICY_FILE, load_policy
from catalog.access.policy_explain import Explanation, explain
from catalog.audit.receipt import issue
from catalog.engine.engine import Engine, Limits
from catalog.engine.folders import directory
from catalog.errors import GovernanceError
from catalog.graph.sides import Side
from catalog.review.feedback import Verdict
from catalog.storage.generations import current, pinned
from nl2sql.backends.base import Backend
from nl2sql.guard import approve
from nl2sql.pipeline import ask, ask_sql
from nl2sql.readings.conversation import Earlier
from nl2sql.session import Session, open_session, read_clock
from nl2sql.similar import Hit, similar_to
from nl2sql.stop import Stop
from nl2sql.turn import Event, Outcome
from tui import last
from tui.looking import COLUMN_FLOWS, looking
from tui.views import described


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The asker, and what they ask of."""

    name: str
    roles: tuple[str, ...]
    clearance: str
    jurisdictions: tuple[str, ...]
    purposes: tuple[str, ...]
    generation: int
    clock: str
    model: str
    open_views: tuple[str, ...]
    closed_views: tuple[str, ...]


@dataclass(slots=True)
class Pending:
    """A question on its way; ``stopped`` once somebody does not want it any more."""

    events: Callable[[Session, Stop], Iterator[Event]]
    stopped: Stop = field(default_factory=Stop)


class Desk:
    """One person's session, opened anew when the catalog has a new generation."""

    def __init__(self, home: Path, backend: Backend, limits: Limits | None = None, purpose: str = "") -> None:
        self.home, self.backend, self.limits, self.purpose = home, backend, limits or Limits(), purpose
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        """Held while the running question changes or is stopped, so that no other one is killed for it."""
        self._running: Pending | None = None
        self._opened = ExitStack()
        self._session: Session | None = None
        self._names: tuple[Session, list[str]] | None = None
        """Names that may be mentioned, of the session that they are of."""
        self.sitting = 0
        """Counts who sat here: what was looked up in an earlier sitting is not for the eyes of this one."""

    @property
    def session(self) -> Session:
        """The open session; only for what changes nothing in it."""
        assert self._session is not None, "a desk is opened first"
        return self._session

    @property
    def is_closed(self) -> bool:
        """Whether nobody sits at it."""
        return self._session is None

    def open(self, token: str | None) -> None:
        """Become the bearer of ``token``; who was there before is stopped and closed, once this one is open. Raises what `open_session` raises."""
        self.give_up()
        with self._turn:
            self._open(token)
            self.sitting += 1

    def switch(self, token: str | None) -> None:
        """Become somebody else, who states no purpose. Raises what `open` raises, and nothing has changed then."""
        was, self.purpose = self.purpose, ""
        try:
            self.open(token)
        except (GovernanceError, OSError):
            self.purpose = was
            raise

    def _open(self, token: str | None) -> None:
        with ExitStack() as opening:
            generation = opening.enter_context(pinned(self.home))
            session = open_session(self.home, generation, token, limits=self.limits, purpose=self.purpose)
            opening.callback(session.close)
            opened = opening.pop_all()
        self._opened.close()
        self._opened, self._session = opened, session

    def close(self) -> None:
        """End the engine; a question that runs is stopped."""
        self.give_up()
        with self._turn:
            self._opened.close()
            self._session = None

    @property
    def who(self) -> Who:
        """The asker as they are known now."""
        session = self.session
        principal, allowed = session.principal, session.authorisation
        return Who(
            name=principal.name,
            roles=tuple(principal.roles),
            clearance=principal.clearance,
            jurisdictions=tuple(principal.jurisdictions),
            purposes=tuple(principal.purposes),
            generation=session.generation.number,
            clock=f"{session.now:%Y-%m-%d}",
            model=self.backend.name,
            open_views=tuple(sorted([*allowed.permits, *allowed.cubes])),
            closed_views=tuple(sorted(allowed.denials)),
        )

    def question(self, text: str, before: Sequence[Earlier]) -> Pending:
        """A question in words, after the turns before it."""
        return Pending(lambda session, stop: ask(text, session, self.backend, before=before, stop=stop))

    def statement(self, sql: str) -> Pending:
        """A person's own SQL."""
        return Pending(lambda session, stop: ask_sql(sql, session, stop=stop))

    def answer(self, pending: Pending) -> Generator[Event, None, None]:
        """The events of a question. One that is stopped ends early, its engine killed: that is recorded and not shown. Raises `GovernanceError`."""
        with self._turn:
            session = self._renewed()
            with self._guard:
                self._running = pending
            events = pending.events(session, pending.stopped)
            try:
                for event in events:
                    if pending.stopped.is_set():
                        continue
                    if isinstance(event, Outcome):
                        last.remember(session, event)
                    yield event
            finally:
                if isinstance(events, Generator):
                    events.close()
                with self._guard:
                    self._running = None
                if pending.stopped.is_set():  # the killed child is no use to the next question
                    session.engine.close()
                    session.engine = Engine(directory(self.home, session.principal))

    def stop(self, pending: Pending) -> None:
        """Stop a question, whether it runs, waits or has ended: a model server hears of it, and the engine is killed."""
        with self._guard:
            pending.stopped.set()
            if self._running is pending:
                self.session.engine.kill()

    def give_up(self) -> None:
        """Stop whatever runs."""
        if running := self._running:
            self.stop(running)

    def outcome(self, sql: str) -> Outcome:
        """What a statement of the app's own comes to, under the same guard. Raises `GovernanceError`."""
        *_, last = self.answer(self.statement(sql))
        assert isinstance(last, Outcome), "a turn ends in one outcome"
        return last

    def views(self) -> dict[str, dict[str, Any]]:
        """What may be asked about: meaning and columns by view."""
        return described(self.session.authorisation)

    def explained(self, view: str) -> Explanation:
        """What the asker may see of a view and why, with the rules that speak of them. Raises `GovernanceError`."""
        found = explain(load_policy(self.home / POLICY_FILE), self.session.principal, view)
        return replace(found, reasons=tuple(reason for reason in found.reasons if reason.applies))

    def views_of(self, sql: str) -> tuple[str, ...]:
        """Views that a statement reads, as the guard has it; none where it would not be approved."""
        try:
            return tuple(sorted(approve(sql, self.session.schema, self.session.now).views))
        except GovernanceError:
            return ()

    def lineage(self, name: str, depth: int) -> Mapping[str, Side]:
        """What a place comes from and flows into. Raises `GovernanceError`: `Ambiguous` where several bear the name."""
        from catalog.graph.names import resolve
        from catalog.graph.sides import side

        with looking(self.home, self.session.token, f"lineage of {name}") as look:
            place = resolve(look.connection, name)
            if place.column is not None:
                look.require("lineage", *COLUMN_FLOWS)
            graph = look.graph(place)
            sides = {"upstream": side(graph, place, up=True, depth=depth), "downstream": side(graph, place, up=False, depth=depth)}
            look.rows = sum(len(found.hops) for found in sides.values())
        return sides

    def similar(self, text: str, view: str, most: int = 20) -> list[Hit]:
        """What means nearly the same. Raises `GovernanceError`."""
        with self._turn:
            return similar_to(text, most, self._renewed(), view)

    def names_like(self, part: str, most: int = 8) -> list[str]:
        """Datasets and models whose name has this in it, those that begin with it first. Raises `GovernanceError`."""
        session, wanted = self.session, part.lower()
        if self._names is None or self._names[0] is not session:
            kinds = session.index.names.values()
            self._names = (session, sorted({name for kind in kinds for slot in ("dataset", "model") for name in kind.get(slot, ())}, key=str.lower))
        fitting = [name for name in self._names[1] if wanted in name.lower()]
        return sorted(fitting, key=lambda name: not name.lower().startswith(wanted))[:most]

    def settle_alert(self, alert: str, what: str) -> dict[str, Any]:
        """Acknowledge (``ack``) or ``resolve`` an alert as the asker, recorded as on the command line. Raises `GovernanceError`."""
        from tui.alerting import changed

        return changed(self.home, self.session.token, alert, what)

    def feedback(self, verdict: Verdict, outcome: Outcome, note: str) -> int:
        """Put what the asker says of an answer into the queue of the reviewers; its number there. Raises `GovernanceError`."""
        from nl2sql.feedback import Told, give

        seq = outcome.statement.seq if outcome.statement else None
        with pinned(self.home) as generation, closing(open_session(self.home, generation, self.session.token)) as session:
            session.renew()
            return give(verdict, Told(outcome.question, outcome.sql, self.session.now, seq), session, note).number

    def receipt(self, outcome: Outcome) -> str:
        """The receipt of a turn, as a file holds it."""
        assert outcome.statement is not None, "every turn is recorded"
        audit = self.session.audit
        return issue(outcome.statement, audit.prove(outcome.statement.seq), audit.vkey).text

    def _renewed(self) -> Session:
        """The session, over the newest generation and by the catalog's clock."""
        session = self.session
        if current(self.home).number != session.generation.number:
            self._open(session.token)
        self.session.now = read_clock(self.home)
        return self.session
