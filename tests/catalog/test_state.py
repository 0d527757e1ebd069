"""State: tokens prove a principal until they end."""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from catalog.errors import CatalogUnavailable, UsageError
from catalog.storage.state import State

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


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"not a database, but long enough to be read as the header of one" * 20)
    with pytest.raises(CatalogUnavailable):
        State(tmp_path)


@pytest.mark.parametrize("expires", ["never", "", "99999-01-01"])
def test_a_token_of_which_the_end_cannot_be_read_proves_nobody(state: State, expires: str) -> None:
    text = state.issue_token("ada", 7, NOW)
    tamper(state, f"UPDATE token SET expires = '{expires}'")
    for use in (lambda: state.verify_token(text, NOW), state.tokens):
        with pytest.raises(CatalogUnavailable, match="damaged"):
            use()
