"""Grants and purposes on the way of a question: what they open, and that nothing is shown by one that has ended."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.access.grants import Grants
from catalog.access.policy import POLICY_FILE
from catalog.engine.engine import Engine
from catalog.errors import AccessDenied
from catalog.storage.generations import pinned
from catalog.storage.state import State
from nl2sql.backends.base import Clarify
from nl2sql.backends.scripted import ScriptedBackend
from nl2sql.pipeline import ask, ask_sql
from nl2sql.session import Session, open_session
from nl2sql.turn import Answered, AskedBack, Denied
from tests.entitled import GATED, NOW, ended

RULES = """\
  - id: consent-groups
    aggregate: {roles: [engineer], view: consents, entity: consent_id, dimensions: [purpose, status], measures: [count, sum(subjects)]}
  - id: market-groups
    aggregate: {roles: [engineer], view: market, entity: buyer, dimensions: [service, event], measures: [count]}
"""
INTERNAL = "SELECT name FROM datasets WHERE sensitivity = 'internal' ORDER BY name"

Open = Callable[..., Session]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def utc(self, now: datetime | None) -> datetime:
        return now or self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    ours = Clock()
    monkeypatch.setattr("catalog.access.grants.utc", ours.utc)
    return ours


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    home = Path(shutil.copytree(demo_home, tmp_path / "home", ignore=shutil.ignore_patterns("snapshots")))
    with (home / POLICY_FILE).open("a", encoding="utf-8") as policy:
        policy.write(GATED + RULES)
    return home


@pytest.fixture
def opened(home: Path, clock: Clock) -> Iterator[Open]:
    sessions: list[Session] = []
    with pinned(home) as generation:

        def open_for(name: str = "max", purpose: str = "", now: datetime | None = None) -> Session:
            session = open_session(home, generation, State(home).issue_token(name, 1), now, purpose=purpose)
            sessions.append(session)
            return session

        yield open_for
        for session in sessions:
            session.close()


def rows(session: Session, sql: str = INTERNAL) -> list[tuple[Any, ...]]:
    outcome = ended(ask_sql(sql, session))
    assert isinstance(outcome, Answered), outcome
    return outcome.result.rows


def kept(home: Path) -> list[Path]:
    return [path for path in home.glob("snapshots/*/*") if path.is_file()]


@pytest.fixture
def secret(opened: Open) -> str:
    """A dataset that max does not see without a grant."""
    return str(rows(opened("ada"))[0][0])


def test_a_grant_opens_its_dataset_to_a_session_that_is_open(home: Path, opened: Open, secret: str, clock: Clock) -> None:
    session, other = opened(), opened("mia")
    assert rows(session) == []
    Grants(home).give("max", secret, days=2)
    assert rows(session) == [(secret,)]
    assert rows(other) == []
    clock.now = NOW + timedelta(days=2) - timedelta(seconds=1)
    assert rows(session) == [(secret,)]
    clock.now = NOW + timedelta(days=2)
    assert rows(session) == []


def test_the_askers_clock_makes_no_grant_live(home: Path, opened: Open, secret: str, clock: Clock) -> None:
    Grants(home).give("max", secret, days=1)
    clock.now = NOW + timedelta(days=1)
    assert rows(opened(now=datetime(2026, 11, 1))) == []


def test_what_is_about_the_dataset_opens_with_it(home: Path, opened: Open, secret: str) -> None:
    about = f"SELECT count(*) FROM \"columns\" WHERE dataset = '{secret}'"
    session = opened()
    assert rows(session, about) == [(0,)]
    Grants(home).give("max", secret)
    assert rows(session, about) == rows(opened("ada"), about)


def test_revoking_removes_snapshots_and_names_in_the_same_turn(home: Path, opened: Open, secret: str) -> None:
    Grants(home).give("max", secret)
    session, ada = opened(), opened("ada")
    assert (rows(session), bool(rows(ada))) == ([(secret,)], True)
    assert secret.lower() in " ".join(session.index.names) or any(secret in v for kinds in session.index.names.values() for v in kinds.get("dataset", []))
    mine = [path for path in kept(home) if secret.encode() in path.read_bytes()]
    assert {path.suffix for path in mine} >= {".json"}
    Grants(home).revoke("max", secret)
    left = kept(home)
    assert left, "other principals keep theirs"
    assert len({path.parent for path in left}) == 1
    assert rows(session) == []
    assert not any(secret in v for kinds in session.index.names.values() for v in kinds.get("dataset", []))


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_query_that_runs_while_a_grant_ends_shows_nothing(
    home: Path, opened: Open, secret: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    Grants(home).give("max", secret, days=1)
    session = opened()
    run = Engine.run

    def slowly(self: Engine, *arguments: Any) -> Any:
        found = run(self, *arguments)
        assert found.rows == [(secret,)]
        if how == "revoked":
            Grants(home).revoke("max", secret)
        clock.now = NOW + timedelta(days=1)
        return found

    monkeypatch.setattr(Engine, "run", slowly)
    outcome = ended(ask_sql(INTERNAL, session))
    assert isinstance(outcome, Denied)
    assert (outcome.stage, outcome.decision.verdict, outcome.decision.rules) == ("run", "denied", ("gated",))
    assert secret not in repr(outcome)
    entry = session.audit.entries()[-1] if how == "expired" else next(e for e in reversed(session.audit.entries()) if e.action == "query")
    assert (entry.decision, entry.policy, entry.row_count) == ("denied", "gated", None)
    assert not [path for path in kept(home) if secret.encode() in path.read_bytes() and path.parent.name == session.engine._directory.name]


def test_a_question_asked_back_tells_nothing_by_a_grant_that_has_ended(home: Path, opened: Open, secret: str, clock: Clock) -> None:
    Grants(home).give("max", secret, days=1)

    class Slow(ScriptedBackend):
        def draft(self, context: Any) -> Any:
            clock.now = NOW + timedelta(days=1)
            return super().draft(context)

    backend = Slow({"q": [Clarify("Which?", (secret,), 0.5)]})
    outcome = ended(ask("q", opened(), backend))
    assert isinstance(outcome, Denied)
    assert secret not in repr(outcome)
    assert isinstance(ended(ask("q", opened(), backend)), AskedBack)


def test_a_purpose_opens_what_a_rule_asks_it_for_and_is_recorded(home: Path, opened: Open) -> None:
    plain, stated = opened(), opened(purpose="training")
    denied = ended(ask_sql("SELECT count(*) FROM policies", plain))
    assert isinstance(denied, Denied)
    assert denied.decision.rules == ("care-only",)
    assert rows(stated, "SELECT count(*) > 0 FROM policies") == [(True,)]
    entry = stated.audit.entries()[-1]
    assert (entry.purpose, entry.policy) == ("training", "care-only")
    assert isinstance(ended(ask_sql("SELECT count(*) FROM policies", plain)), Denied), "each purpose has snapshots of its own"
    assert isinstance(ended(ask_sql("SELECT count(*) FROM policies", opened(purpose="analytics"))), Denied)


@pytest.mark.parametrize(("name", "purpose", "rule"), [("mia", "training", "care-only"), ("max", "resale", "purpose")])
def test_a_purpose_of_others_is_denied_and_recorded(opened: Open, name: str, purpose: str, rule: str) -> None:
    log = opened("ada").audit
    with pytest.raises(AccessDenied) as denied:
        opened(name, purpose)
    assert denied.value.rule == rule
    entry = log.entries()[-1]
    assert (entry.actor, entry.decision, entry.policy, entry.purpose) == (name, "denied", rule, purpose)


def test_a_cube_is_the_same_whatever_one_is_given(home: Path, opened: Open, secret: str) -> None:
    cube = "SELECT * FROM market_cube ORDER BY ALL"
    first = rows(opened(), cube)
    sold = str(rows(opened("ada"), "SELECT m.dataset FROM market m JOIN datasets d ON d.name = m.dataset WHERE d.sensitivity = 'internal' ORDER BY 1 LIMIT 1")[0][0])
    Grants(home).give("max", sold)
    Grants(home).give("max", secret)
    assert first and rows(opened(), cube) == first == rows(opened(purpose="training"), cube)
    outcome = ended(ask_sql("SELECT consent_id FROM consents", opened()))
    assert isinstance(outcome, Denied)
    assert outcome.decision.rules == ("consent-groups",)


def test_who_left_the_policy_leaves_no_snapshot(home: Path, opened: Open) -> None:
    rows(opened("ada"))
    before = {path.parent for path in kept(home)}
    policy = home / POLICY_FILE
    policy.write_text(policy.read_text(encoding="utf-8").replace("  ada:", "  adam:"), encoding="utf-8")
    opened("max")
    assert before and not any(folder.exists() for folder in before)
