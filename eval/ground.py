"""The catalogs that a run asks, in a scratch folder: the demo, the demo with planted text, or a copy of one's own.

One session per principal, opened with a token as anyone's is; golds go through the same guard and worker as answers.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from catalog.access.policy import ANONYMOUS
from catalog.demo.build import build
from catalog.engine.engine import Limits
from catalog.errors import GovernanceError, UsageError
from catalog.storage.generations import current, pinned
from catalog.storage.state import State
from eval.scorers import Table
from eval.suite import Case, Plant
from nl2sql.pipeline import ask_sql
from nl2sql.session import Session, open_session
from nl2sql.turn import Answered, Event, Outcome, Stage

LIMITS = Limits(rows=20_000)
TOKEN_DAYS = 1


class Ground:
    """One catalog folder with its open sessions. Close it to end their engines."""

    def __init__(self, home: Path, limits: Limits = LIMITS) -> None:
        self.home, self._limits = home, limits
        self._stack = ExitStack()
        self.generation = self._stack.enter_context(pinned(home))
        self._sessions: dict[str, Session] = {}
        self._golds: dict[tuple[str, str], Table] = {}

    def session(self, principal: str | None) -> Session:
        """The session of a principal of the catalog's policy. Raises `UsageError` for a name that it lacks."""
        name = principal or ANONYMOUS.name
        if name not in self._sessions:
            token = None if name == ANONYMOUS.name else State(self.home).issue_token(name, TOKEN_DAYS)
            try:
                session = open_session(self.home, self.generation, token, limits=self._limits)
            except GovernanceError as error:
                raise UsageError(f"The catalog's policy has no principal named {name!r}.", "See policy.yaml of the catalog.") from error
            self._stack.callback(session.close)
            self._sessions[name] = session
        return self._sessions[name]

    def gold(self, principal: str | None, sql: str) -> Table:
        """What a gold gives its asker. Raises `UsageError` where it does not run: the suite is wrong, not the model."""
        key = (principal or ANONYMOUS.name, sql)
        if key not in self._golds:
            outcome, _ = finish(ask_sql(sql, self.session(principal)))
            if not isinstance(outcome, Answered):
                raise UsageError(f"This gold does not run for {key[0]}: {sql}", outcome.message)
            self._golds[key] = Table(outcome.result.columns, outcome.result.rows)
        return self._golds[key]

    def close(self) -> None:
        """End every engine."""
        self._stack.close()


@contextmanager
def open_grounds(cases: Sequence[Case], own: Path | None = None) -> Iterator["Grounds"]:
    """Catalogs for the cases in a scratch folder that is gone afterwards; ``own`` is a catalog to copy in place of the demo."""
    with tempfile.TemporaryDirectory(prefix="steward-eval-") as scratch:
        home = Path(scratch) / "catalog"
        if own is None:
            build(home)
        else:
            current(own)
            shutil.copytree(own, home, ignore=shutil.ignore_patterns("snapshots"))
        grounds = Grounds(home, tuple({plant: None for case in cases for plant in case.plants}))
        try:
            yield grounds
        finally:
            grounds.close()


class Grounds:
    """The catalog as it is and, once a case needs it, with every planted text of the run in it."""

    def __init__(self, home: Path, plants: Sequence[Plant]) -> None:
        self.clean = Ground(home)
        self._plants = plants
        self._planted: Ground | None = None

    def of(self, case: Case) -> Ground:
        """The catalog that a case is asked of."""
        if not case.plants:
            return self.clean
        if self._planted is None:
            from eval.plants import plant

            home = self.clean.home.with_name("planted")
            shutil.copytree(self.clean.home, home, ignore=shutil.ignore_patterns("snapshots"))
            plant(home, self._plants)
            self._planted = Ground(home)
        return self._planted

    def close(self) -> None:
        """End every engine."""
        self.clean.close()
        if self._planted is not None:
            self._planted.close()


def finish(events: Iterator[Event]) -> tuple[Outcome, dict[str, float]]:
    """Run a turn to its end: the outcome, and milliseconds by stage."""
    stages: dict[str, float] = {}
    outcome: Outcome | None = None
    for event in events:
        if isinstance(event, Outcome):
            outcome = event
        elif isinstance(event, Stage):
            stages[event.name] = round(event.elapsed_ms, 3)
    assert outcome is not None, "a turn ends in exactly one outcome"
    return outcome, stages
