"""Golden cases: what is refused and why, and what accepted text becomes. Format: ``tests/golden/guard/*.sql``."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from catalog.access.policy import Authorisation
from catalog.errors import AccessDenied, GovernanceError
from nl2sql.guard import approve, schema_of

GOLDEN = Path(__file__).parents[2] / "golden" / "guard"
CASE = re.compile(r"# case: (?P<case>.*?)  # actor: (?P<actor>\w+)\n(?P<sql>.*?)\n-- (?P<kind>sql|deny): (?P<expected>.*)", re.DOTALL)


def cases() -> Iterator[object]:
    for path in (GOLDEN / "rewritten.sql", GOLDEN / "refused.sql"):
        for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
            found = CASE.fullmatch(block)
            assert found, block
            yield pytest.param(*found.group("actor", "sql", "kind", "expected"), id=found["case"])


def outcome(sql: str, asker: Authorisation, now: datetime) -> tuple[str, str]:
    try:
        return "sql", approve(sql, schema_of(asker), now).sql
    except AccessDenied as denied:
        return "deny", denied.rule
    except GovernanceError as refused:
        return "deny", f"{type(refused).__name__}: {refused.what}"


@pytest.mark.parametrize(("actor", "sql", "kind", "expected"), list(cases()))
def test_golden(actor: str, sql: str, kind: str, expected: str, request: pytest.FixtureRequest, now: datetime) -> None:
    asker = request.getfixturevalue(actor)
    assert outcome(sql, asker, now) == (kind, expected)
    if kind == "sql":
        assert outcome(expected, asker, now) == ("sql", expected), "approved text is approved again as it is"


BENIGN = (GOLDEN / "benign.sql").read_text(encoding="utf-8").splitlines()
CLOCK = ("now()", "today()", "current_")


@pytest.mark.parametrize("sql", BENIGN)
def test_what_analysts_write_is_approved_and_means_the_same(
    sql: str, analyst: Authorisation, everyone: Authorisation, now: datetime, toy: duckdb.DuckDBPyConnection
) -> None:
    for asker in (analyst, everyone):
        approved = approve(sql, schema_of(asker), now)
        assert approve(approved.sql, schema_of(asker), now).sql == approved.sql
        assert set(approved.rules) == {f"allow-{view}" for view in approved.views}
        found = sorted(map(repr, toy.execute(approved.sql).fetchall()))
        assert "CANARY" not in str(found) or asker is everyone
    if not any(word in sql for word in CLOCK) and "BIGINT" not in sql:
        assert found == sorted(map(repr, toy.execute(sql).fetchall()))
