"""What ends while a query runs: its answer is not released, the log says so, and nothing made by it is kept."""

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
from nl2sql.backends.base import Clarify, SqlDraft
from nl2sql.backends.scripted import ScriptedBackend
from nl2sql.pipeline import ask, ask_sql
from nl2sql.session import Session, open_session
from nl2sql.turn import Answered, AskedBack, Denied, Drafted, Failed
from tests.entitled import GATED, NOW, ended

SQL = "SELECT name FROM datasets ORDER BY name"

Change = Callable[["World"], None]


class World:
    """A catalog, its clock of grants and tokens, and whoever asks in it."""

    def __init__(self, home: Path) -> None:
        self.home, self.now = home, NOW
        self.policy = home / POLICY_FILE
        self.opened: list[Session] = []

    def utc(self, now: datetime | None) -> datetime:
        return now or self.now

    def ask_for(self, name: str, purpose: str = "") -> Session:
        with pinned(self.home) as generation:
            token = State(self.home).issue_token(name, 30) if name != "anonymous" else None
            self.opened.append(open_session(self.home, generation, token, purpose=purpose))
        return self.opened[-1]

    def rewrite(self, old: str, new: str) -> None:
        text = self.policy.read_text(encoding="utf-8")
        assert old in text
        self.policy.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def world(demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    home = Path(shutil.copytree(demo_home, tmp_path / "home", ignore=shutil.ignore_patterns("snapshots")))
    with (home / POLICY_FILE).open("a", encoding="utf-8") as policy:
        policy.write(GATED)
    ours = World(home)
    monkeypatch.setattr("catalog.access.grants.utc", ours.utc)
    monkeypatch.setattr("catalog.storage.state.utc", ours.utc)
    yield ours
    for session in ours.opened:
        session.close()


def kept(session: Session) -> list[Path]:
    return list(session.engine._directory.glob("*"))


def while_it_runs(monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]) -> list[list[tuple[Any, ...]]]:
    """Have ``change`` happen once the engine has the rows and before anybody else does; the rows."""
    run, found = Engine.run, list[list[tuple[Any, ...]]]()

    def slowly(self: Engine, *arguments: Any) -> Any:
        result = run(self, *arguments)
        found.append(result.rows)
        change()
        return result

    monkeypatch.setattr(Engine, "run", slowly)
    return found


CHANGES: dict[str, tuple[Change, str]] = {
    "token revoked": (lambda w: _ignore(State(w.home).revoke_tokens("max")), "token"),
    "token expires": (lambda w: setattr(w, "now", NOW + timedelta(days=30)), "token"),
    "grant revoked": (lambda w: _ignore(Grants(w.home).revoke("max", "DEV/granted")), "gated"),
    "grant expires": (lambda w: setattr(w, "now", NOW + timedelta(days=1)), "gated"),
    "view denied": (lambda w: w.rewrite("  - id: gated", "  - id: shut\n    deny: [engineer]\n    views: [datasets]\n  - id: gated"), "policy"),
    "principal removed": (lambda w: w.rewrite("  max:", "  maxim:"), "policy"),
    "purpose taken": (lambda w: w.rewrite("purposes: [training]", "purposes: [research]"), "policy"),
}


def _ignore(_: object) -> None: ...


@pytest.mark.parametrize(("change", "rule"), CHANGES.values(), ids=CHANGES.keys())
def test_what_ends_during_a_query_keeps_its_answer_back(
    world: World, monkeypatch: pytest.MonkeyPatch, change: Change, rule: str
) -> None:
    Grants(world.home).give("max", "DEV/granted", days=1)
    session = world.ask_for("max")
    first = ended(ask_sql(SQL, session))
    assert isinstance(first, Answered) and first.result.rows and kept(session)
    rows = while_it_runs(monkeypatch, lambda: change(world))
    outcome = ended(ask_sql(SQL, session))
    assert rows == [first.result.rows]
    assert isinstance(outcome, Denied)
    assert (outcome.stage, outcome.decision.verdict, outcome.decision.rules) == ("run", "denied", (rule,))
    assert not any(str(cell) in repr(outcome) for row in rows[0] for cell in row)
    entry = next(e for e in reversed(session.audit.entries()) if e.action == "query")
    assert (entry.decision, entry.policy, entry.row_count) == ("denied", rule, None)
    assert kept(session) == []
    assert session.audit.verify().ok


def test_a_policy_written_anew_that_says_the_same_keeps_nothing_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    session = world.ask_for("max")
    while_it_runs(monkeypatch, lambda: world.rewrite("  - id: gated", "  # a remark\n  - id: gated"))
    assert isinstance(ended(ask_sql(SQL, session)), Answered)


def test_a_change_of_policy_reaches_who_has_no_token(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    session = world.ask_for("anonymous")
    while_it_runs(monkeypatch, lambda: world.rewrite("  max:", "  maxim:"))
    outcome = ended(ask_sql(SQL, session))
    assert isinstance(outcome, Denied)
    assert outcome.decision.rules == ("policy",)


@pytest.mark.parametrize("how", ["clarified", "drafted"])
def test_a_policy_that_cannot_be_read_tells_nothing_of_what_ran_nothing(world: World, how: str) -> None:
    session = world.ask_for("max")
    draft = Clarify("Which?", ("DEV/granted", "DEV/other"), 0.5) if how == "clarified" else SqlDraft(SQL, "names", 0.9)

    class Slow(ScriptedBackend):
        def draft(self, context: Any) -> Any:
            world.policy.write_text("principals: [", encoding="utf-8")
            return super().draft(context)

    outcome = ended(ask("q", session, Slow({"q": [draft]}), run=False))
    assert isinstance(outcome, Failed), outcome
    assert "DEV/" not in repr(outcome)
    assert session.audit.entries()[-1].decision == "declined"


@pytest.mark.parametrize("damage", ["principals: [", ""])
def test_a_policy_that_cannot_be_read_releases_nothing(world: World, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    session = world.ask_for("max")
    rows = while_it_runs(monkeypatch, lambda: _ignore(world.policy.write_text(damage, encoding="utf-8") if damage else world.policy.unlink()))
    outcome = ended(ask_sql(SQL, session))
    assert rows[0] and not isinstance(outcome, Answered)
    assert not any(str(cell) in repr(outcome) for row in rows[0] for cell in row)


@pytest.mark.parametrize("how", ["clarified", "drafted"])
@pytest.mark.parametrize(("change", "rule"), [CHANGES[name] for name in ("token revoked", "view denied")])
def test_what_ran_nothing_tells_nothing_either(world: World, how: str, change: Change, rule: str) -> None:
    session = world.ask_for("max")
    draft = Clarify("Which?", ("DEV/granted", "DEV/other"), 0.5) if how == "clarified" else SqlDraft(SQL, "names", 0.9)

    class Slow(ScriptedBackend):
        def draft(self, context: Any) -> Any:
            change(world)
            return super().draft(context)

    outcome = ended(ask("q", session, Slow({"q": [draft]}), run=False))
    assert isinstance(outcome, Denied), outcome
    assert outcome.decision.rules == (rule,)
    assert "DEV/" not in repr(outcome)


@pytest.mark.parametrize("name", ["token revoked", "token expires"])
def test_a_session_that_is_open_answers_no_more(world: World, name: str) -> None:
    session = world.ask_for("max")
    assert isinstance(ended(ask_sql(SQL, session)), Answered)
    CHANGES[name][0](world)
    for _ in range(2):
        outcome = ended(ask_sql(SQL, session))
        assert isinstance(outcome, Denied)
        assert outcome.decision.rules == ("token",)
        outcome = ended(ask("q", session, ScriptedBackend({"q": [Clarify("Which?", ("a", "b"), 0.5)]})))
        assert isinstance(outcome, Denied)
    assert kept(session) == []


def test_a_session_that_is_open_answers_by_the_policy_in_force(world: World) -> None:
    session = world.ask_for("max")
    assert isinstance(ended(ask_sql(SQL, session)), Answered)
    CHANGES["view denied"][0](world)
    outcome = ended(ask_sql(SQL, session))
    assert isinstance(outcome, Denied)
    assert outcome.decision.rules == ("shut",)
    world.rewrite("  max:", "  maxim:")
    assert isinstance(ended(ask_sql("SELECT 1 AS one", session)), Denied)


def test_a_purpose_that_is_taken_ends_the_session_that_stated_it(world: World) -> None:
    session = world.ask_for("max", "training")
    assert isinstance(ended(ask_sql("SELECT count(*) FROM policies", session)), Answered)
    world.rewrite("    purposes: [training, analytics]", "    purposes: [analytics]")
    outcome = ended(ask_sql("SELECT count(*) FROM policies", session))
    assert not isinstance(outcome, Answered | AskedBack | Drafted)


def test_revoking_tokens_removes_what_was_kept_for_that_principal_alone(world: World) -> None:
    mine, hers = world.ask_for("max"), world.ask_for("ada")
    for session in (mine, hers):
        assert session.index.names
        assert isinstance(ended(ask_sql(SQL, session)), Answered)
    assert {path.suffix for path in kept(mine)} == {".duckdb", ".json"}
    State(world.home).revoke_tokens("max")
    assert kept(mine) == [] and kept(hers)
    with pinned(world.home) as generation, pytest.raises(AccessDenied):
        open_session(world.home, generation, mine.token)


def test_a_session_does_not_show_its_token(world: World) -> None:
    session = world.ask_for("max")
    assert session.token and session.token not in repr(session)
