"""State: tokens prove a principal until they end; the audit log shows what happened, unfinished and tampered alike."""

import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from catalog.errors import CatalogUnavailable, UsageError
from catalog.state import State

NOW = datetime(2026, 3, 1, 12)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "home")


def tamper(state: State, sql: str) -> None:
    with sqlite3.connect(state.path) as connection:
        connection.execute(sql)
    connection.close()


@pytest.mark.parametrize(
    ("after", "principal"),
    [(timedelta(0), "ada"), (timedelta(days=7, microseconds=-1), "ada"), (timedelta(days=7), None)],
    ids=["at once", "last moment", "at expiry"],
)
def test_a_token_proves_its_principal_until_it_expires(state: State, after: timedelta, principal: str | None) -> None:
    text = state.issue_token("ada", 7, NOW)
    assert state.verify_token(text, NOW + after) == principal


@pytest.mark.parametrize("change", [str.upper, lambda t: t[:-1], lambda t: t + "x", lambda t: "", lambda t: "\ud800"])
def test_any_other_text_proves_nothing(state: State, change) -> None:  # type: ignore[no-untyped-def]  # a text function
    assert state.verify_token(change(state.issue_token("ada", 7, NOW)), NOW) is None


def test_revocation_ends_all_tokens_of_one_principal(state: State) -> None:
    first, second, other = (state.issue_token(name, 7, NOW) for name in ("ada", "ada", "bob"))
    assert state.revoke_tokens("ada", NOW) == 2
    assert state.revoke_tokens("ada", NOW) == 0
    assert [state.verify_token(t, NOW) for t in (first, second, other)] == [None, None, "bob"]
    assert [t.revoked is None for t in state.tokens()].count(False) == 2


def test_the_text_of_a_token_is_kept_nowhere(state: State) -> None:
    text = state.issue_token("ada", 7, NOW)
    kept = b"".join(path.read_bytes() for path in state.path.parent.iterdir())
    assert b"ada" in kept and text.encode() not in kept and text.removeprefix("steward_").encode() not in kept
    assert state.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("principal", "days"), [("", 1), ("ada", 0), ("ada", -1), ("ada", 10**9)])
def test_a_token_needs_a_name_and_a_validity(state: State, principal: str, days: int) -> None:
    with pytest.raises(UsageError):
        state.issue_token(principal, days, NOW)


def test_an_audited_action_is_an_intent_and_an_outcome(state: State) -> None:
    first = state.begin("ada", "steward", "query", "how many?", "SELECT 1", purpose="audit", now=NOW)
    second = state.begin("bob", None, "query", None, None, now=NOW)
    state.end(first, "masked", "p-1", 3, NOW + timedelta(seconds=1))
    done, unfinished = state.audit_entries()
    assert (first, second) == (1, 2)
    assert (done.actor, done.role, done.question, done.purpose) == ("ada", "steward", "how many?", "audit")
    assert (done.decision, done.policy, done.row_count, done.verified) == ("masked", "p-1", 3, True)
    assert (done.at, done.as_of, done.node) == (NOW, NOW + timedelta(seconds=1), "steward")
    assert (done.sensitivity, done.origin) == ("confidential", "measured")
    assert done.sql_hash == "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5"
    assert (unfinished.decision, unfinished.row_count, unfinished.verified) == ("", None, True)


def test_an_action_ends_once_and_only_after_it_began(state: State) -> None:
    seq = state.begin("ada", None, "login", None, None, now=NOW)
    state.end(seq, "allowed", now=NOW)
    for wrong in (seq, seq + 1):
        with pytest.raises(UsageError):
            state.end(wrong, "allowed", now=NOW)


@pytest.mark.parametrize(
    ("sql", "verified"),
    [
        ("UPDATE audit_record SET body = replace(body, 'q2', 'qx') WHERE number = 3", [True, False, True]),
        ("UPDATE audit_record SET hash = replace(hash, '0', '1') WHERE number = 4", [True, False, False]),
        ("DELETE FROM audit_record WHERE number = 4", [True, True, False]),
        ("DELETE FROM audit_record WHERE seq = 1", [False, True]),
        ("UPDATE audit_record SET seq = seq + 40 WHERE seq = 3", [True, True, False]),
    ],
    ids=["edited", "rehashed", "outcome removed", "entry removed", "renumbered"],
)
def test_a_changed_record_is_not_verified(state: State, sql: str, verified: list[bool]) -> None:
    for question in ("q1", "q2", "q3"):
        state.end(state.begin("ada", None, "query", question, "SELECT 1", now=NOW), "allowed", now=NOW)
    assert [entry.verified for entry in state.audit_entries()] == [True, True, True]
    tamper(state, sql)
    assert [entry.verified for entry in state.audit_entries()] == verified


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"at": 1}', '{"at": "2026-01-01T00:00:00+00:00"}'])
def test_a_record_that_cannot_be_read_is_named(state: State, body: str) -> None:
    state.begin("ada", None, "query", None, None, now=NOW)
    tamper(state, f"UPDATE audit_record SET body = '{body}'")
    with pytest.raises(CatalogUnavailable, match="1 is damaged"):
        state.audit_entries()


def test_an_intent_survives_the_death_of_its_process(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from catalog.state import State\n"
        "State(Path(sys.argv[1])).begin('ada', None, 'query', 'q', 'SELECT 1')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[2], check=False)
    assert ended.returncode == -9
    state = State(tmp_path)
    state.end(state.begin("bob", None, "query", "q", None, now=NOW), "denied", "p", now=NOW)
    assert [(e.seq, e.actor, e.decision, e.verified) for e in state.audit_entries()] == [
        (1, "ada", "", True),
        (2, "bob", "denied", True),
    ]


def test_processes_append_to_one_chain(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from catalog.state import State\n"
        "state = State(Path(sys.argv[1]))\n"
        "for i in range(20): state.end(state.begin(sys.argv[2], None, 'query', str(i), None), 'allowed')"
    )
    root = Path(__file__).parents[2]
    children = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), n], cwd=root) for n in "ab"]
    assert [process.wait() for process in children] == [0, 0]
    entries = State(tmp_path).audit_entries()
    assert len(entries) == 40 and all(entry.verified and entry.decision == "allowed" for entry in entries)


def test_text_that_no_encoding_holds_is_recorded(state: State) -> None:
    state.begin("ada", None, "query", "lone \ud800 surrogate", "SELECT '\ud800'", now=NOW)
    (entry,) = state.audit_entries()
    assert entry.question == "lone ? surrogate" and entry.verified


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"not a database, but long enough to be read as the header of one" * 20)
    with pytest.raises(CatalogUnavailable):
        State(tmp_path)


def test_the_chain_of_hashes_is_no_oracle_for_who_asked(tmp_path: Path) -> None:
    """With everything but the actor known, a reader from whom it is masked must not find it by trying."""
    hashes = set()
    for home in ("one", "two"):
        state = State(tmp_path / home)
        state.end(state.begin("ada", "steward", "query", None, "SELECT 1", now=NOW), "allowed", now=NOW)
        hashes.add(state.audit_entries()[0].entry_hash)
    assert len(hashes) == 2


@pytest.mark.parametrize(
    "change",
    [
        "body = replace(body, '\"row_count\":1', '\"row_count\":\"many\"')",
        "body = replace(body, '\"row_count\":1', '\"row_count\":1e400')",
        "body = replace(body, '\"actor\":\"ada\"', '\"actor\":[1]')",
        "body = x'00ff'",
        "hash = x'00ff'",
    ],
)
def test_an_entry_of_wrong_types_is_named(state: State, change: str) -> None:
    state.end(state.begin("ada", None, "query", "q", "SELECT 1", now=NOW), "allowed", row_count=1, now=NOW)
    tamper(state, f"UPDATE audit_record SET {change}")
    with pytest.raises(CatalogUnavailable, match=r"damaged|cannot be used"):
        state.audit_entries()


@pytest.mark.parametrize("expires", ["never", "", "99999-01-01"])
def test_a_token_of_which_the_end_cannot_be_read_proves_nobody(state: State, expires: str) -> None:
    text = state.issue_token("ada", 7, NOW)
    tamper(state, f"UPDATE token SET expires = '{expires}'")
    for use in (lambda: state.verify_token(text, NOW), state.tokens):
        with pytest.raises(CatalogUnavailable, match="damaged"):
            use()
