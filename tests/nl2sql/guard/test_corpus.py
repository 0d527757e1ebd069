"""DuckDB's own SQL tests: the guard never crashes on them, and what it accepts reads nothing unauthorised."""

from collections.abc import Sequence
from datetime import datetime

import duckdb
import pytest

from catalog.access.policy import Authorisation
from catalog.errors import GovernanceError
from nl2sql.guard import approve, schema_of

EVERY = 10


def accepted(statements: Sequence[str], asker: Authorisation, now: datetime, toy: duckdb.DuckDBPyConnection) -> int:
    """How many are accepted. Any error of the guard that is no `GovernanceError` fails the test by itself."""
    count = 0
    for sql in statements:
        try:
            approved = approve(sql, schema_of(asker), now)
        except GovernanceError:
            continue
        count += 1
        assert approved.views <= asker.permits.keys()
        try:
            answer = str(toy.execute(approved.sql).fetchall())
        except (duckdb.CatalogException, duckdb.BinderException, duckdb.PermissionException, duckdb.IOException) as error:
            pytest.fail(f"approved but not bound: {approved.sql}: {error}")
        except duckdb.Error as error:
            answer = str(error)
        assert "CANARY" not in answer, sql
    return count


def test_a_tenth_of_the_corpus(
    engine_tests: list[str], analyst: Authorisation, now: datetime, toy: duckdb.DuckDBPyConnection
) -> None:
    assert accepted(engine_tests[::EVERY], analyst, now, toy) > 50


@pytest.mark.slow
def test_the_whole_corpus(
    engine_tests: list[str], analyst: Authorisation, now: datetime, toy: duckdb.DuckDBPyConnection
) -> None:
    assert accepted(engine_tests, analyst, now, toy) > 500
