"""Which columns approved SQL names: also those that a USING reads, which no dot precedes."""

from datetime import datetime

import pytest

from catalog.policy import ANONYMOUS, Authorisation, Permit
from catalog.semantic import views
from nl2sql.closed import columns_named
from nl2sql.guard import approve, schema_of

NOW = datetime(2026, 11, 1)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT count(*) FROM grants g JOIN grants h USING (principal)", {"principal"}),
        ("SELECT g.dataset FROM grants g JOIN grants h USING (principal, granted_by)", {"dataset", "principal", "granted_by"}),
        ("SELECT count(*) FROM market WHERE buyer IS NULL ORDER BY 1", {"buyer"}),
        ("SELECT count(*) FROM grants", set[str]()),
    ],
)
def test_every_column_that_is_read_is_named(sql: str, named: set[str]) -> None:
    permits = {name: Permit(name, dict.fromkeys(views()[name].columns, "show"), "", ("r",)) for name in ("grants", "market")}
    assert columns_named(approve(sql, schema_of(Authorisation(ANONYMOUS, "v", permits, {})), NOW).sql) == named
