"""What may not be read may be read nowhere: each probe in each place where an expression can stand."""

from datetime import datetime

import duckdb
import pytest

from catalog.access.policy import Authorisation
from catalog.errors import GovernanceError
from nl2sql.guard import approve, schema_of

PROBES = {
    "hidden column": "stake",
    "hidden column, qualified": "n.stake",
    "hidden column in a subquery": "(SELECT max(stake) FROM nodes)",
    "hidden column of the outer query": "(SELECT n.stake)",
    "denied view": "(SELECT max(subjects) FROM consents)",
    "unknown relation": "(SELECT max(id) FROM secret_people)",
    "denied view by EXISTS": "CAST(EXISTS (FROM consents) AS INTEGER)",
    "unlisted function": "txid_current()",
}
PLACES = [
    "SELECT {} FROM nodes n",
    "SELECT node, {} AS x FROM nodes n",
    "SELECT DISTINCT ON ({}) node FROM nodes n",
    "SELECT node FROM nodes n WHERE {} > 1",
    "SELECT node FROM nodes n WHERE uptime BETWEEN {} AND 1",
    "SELECT node FROM nodes n WHERE uptime IN (1, {})",
    "SELECT node FROM nodes n WHERE {} IN (SELECT 1.0)",
    "SELECT node FROM nodes n WHERE NOT ({} IS NULL OR uptime > 1)",
    "SELECT node FROM nodes n WHERE {} IS DISTINCT FROM 1 AND TRUE",
    "SELECT count(*) FROM nodes n GROUP BY {}",
    "SELECT count(*) FROM nodes n GROUP BY GROUPING SETS (({}), ())",
    "SELECT count(*) FROM nodes n HAVING max({}) > 1",
    "SELECT node FROM nodes n QUALIFY row_number() OVER (PARTITION BY {}) = 1",
    "SELECT node FROM nodes n QUALIFY row_number() OVER (ORDER BY {} DESC) = 1",
    "SELECT node FROM nodes n ORDER BY {}",
    "SELECT node FROM nodes n ORDER BY uptime + {}",
    "SELECT node FROM nodes n LIMIT {}",
    "SELECT node FROM nodes n LIMIT 1 OFFSET {}",
    "SELECT sum({}) FROM nodes n",
    "SELECT count(*) FILTER (WHERE {} > 1) FROM nodes n",
    "SELECT list(node ORDER BY {}) FROM nodes n",
    "SELECT quantile_cont(0.5 ORDER BY {}) FROM nodes n",
    "SELECT sum({}) OVER () FROM nodes n",
    "SELECT sum(uptime) FILTER (WHERE {} > 1) OVER () FROM nodes n",
    "SELECT sum(uptime) OVER (ORDER BY uptime ROWS {} PRECEDING) FROM nodes n",
    "SELECT lag(uptime, {}) OVER (ORDER BY node) FROM nodes n",
    "SELECT lag(uptime, 1, {}) OVER (ORDER BY node) FROM nodes n",
    "SELECT CASE WHEN {} > 1 THEN 1 END FROM nodes n",
    "SELECT CASE {} WHEN 1 THEN 1 END FROM nodes n",
    "SELECT CASE WHEN TRUE THEN {} END FROM nodes n",
    "SELECT CASE WHEN TRUE THEN 1.0 ELSE {} END FROM nodes n",
    "SELECT coalesce(uptime, {}) FROM nodes n",
    "SELECT CAST({} AS VARCHAR) FROM nodes n",
    "SELECT TRY_CAST({} AS INTEGER) FROM nodes n",
    "SELECT round({}, 1) FROM nodes n",
    "SELECT concat('a', {}) FROM nodes n",
    "SELECT [{}] FROM nodes n",
    "SELECT ARRAY[1.0, {}] FROM nodes n",
    "SELECT ([1, 2])[{}] FROM nodes n",
    "SELECT ([1, 2])[1:{}] FROM nodes n",
    "SELECT INTERVAL ({}) DAY FROM nodes n",
    "SELECT to_days(7) FILTER (WHERE {} > 1) FROM nodes n",
    "SELECT to_days(CAST(trunc(CAST(7 AS DOUBLE)) FILTER (WHERE {} > 1) AS INTEGER)) FROM nodes n",
    "SELECT now() FILTER (WHERE {} > 1) FROM nodes n",
    "SELECT range(3) FILTER (WHERE {} > 1) FROM nodes n",
    "SELECT range({}) FROM nodes n",
    "SELECT unnest([{}]) FROM nodes n",
    "SELECT 1 FROM nodes n, unnest([{}]) u(x)",
    "SELECT 1 FROM nodes n, range({}) u(x)",
    "SELECT 1 FROM nodes n JOIN replicas r ON {} > 1",
    "SELECT 1 FROM replicas r JOIN nodes n ON r.node = n.node AND {} = 1",
    "SELECT 1 FROM replicas r SEMI JOIN nodes n ON {} = 1",
    "SELECT 1 FROM nodes n, (SELECT {} AS x) s",
    "SELECT 1 FROM nodes n, (VALUES ({})) v(x)",
    "SELECT (VALUES ({})) FROM nodes n",
    "SELECT x FROM (SELECT {} AS x FROM nodes n) s",
    "WITH a AS (SELECT {} AS x FROM nodes n) SELECT x FROM a",
    "SELECT 1 FROM nodes n WHERE EXISTS (WITH a AS (SELECT {} AS x FROM nodes n) FROM a)",
    "SELECT {} FROM nodes n UNION SELECT 1.0",
    "SELECT 1.0 AS x UNION ALL BY NAME SELECT {} AS x FROM nodes n",
    "SELECT 1.0 EXCEPT (SELECT {} FROM nodes n ORDER BY 1 LIMIT 1)",
    "SELECT a + 1 FROM (SELECT {} AS a FROM nodes n)",
    "SELECT {} AS a, a + 1 AS b FROM nodes n WHERE b > 1",
]


@pytest.mark.parametrize("place", PLACES)
def test_no_place_reads_it(place: str, analyst: Authorisation, everyone: Authorisation, now: datetime) -> None:
    for probe in PROBES.values():
        with pytest.raises(GovernanceError):
            approve(place.format(probe), schema_of(analyst), now)


def test_the_places_are_real(analyst: Authorisation, now: datetime) -> None:
    """A permitted column passes in the places, so what refuses a probe is the probe."""
    refused = []
    for place in PLACES:
        try:
            approve(place.format("n.uptime"), schema_of(analyst), now)
        except GovernanceError as error:
            refused.append((place, error.what))
    allowed = len(PLACES) - len(refused)
    assert allowed >= 44, refused


SHADOWS = [
    "SELECT country AS stake, count(*) FROM nodes GROUP BY stake ORDER BY stake",
    "SELECT trust_score AS stake FROM nodes WHERE stake > 0.5",
    "SELECT DISTINCT ON (stake) country AS stake FROM nodes ORDER BY stake",
    "SELECT max(uptime) AS stake FROM nodes HAVING stake > 0.1",
    "SELECT country AS stake, row_number() OVER (ORDER BY stake, node) FROM nodes",
    "SELECT node AS stake FROM nodes UNION SELECT country FROM nodes ORDER BY stake",
    "SELECT stake FROM (SELECT country AS stake FROM nodes) nodes ORDER BY stake",
    "SELECT s.stake FROM nodes n JOIN (SELECT country AS stake, node FROM nodes) s ON s.node = n.node",
    "SELECT stake FROM nodes n JOIN (SELECT country AS stake, node FROM nodes) s USING (node)",
    "SELECT a.stake FROM (SELECT 0.5 AS stake) a CROSS JOIN nodes n JOIN (SELECT 0.5 AS stake) b ON a.stake = b.stake",
    "SELECT (SELECT stake) AS x FROM (SELECT node AS stake FROM replicas) t CROSS JOIN nodes",
    "SELECT * FROM nodes",
    "SELECT n.* EXCLUDE (node) FROM nodes n",
    "WITH stake AS (SELECT node FROM nodes) SELECT stake.node FROM stake",
]


@pytest.mark.parametrize("sql", SHADOWS)
def test_names_like_hidden_columns_mean_the_same_with_and_without_them(
    sql: str, analyst: Authorisation, now: datetime, toy: duckdb.DuckDBPyConnection, redacted: duckdb.DuckDBPyConnection
) -> None:
    approved = approve(sql, schema_of(analyst), now).sql
    seen = redacted.execute(approved).fetchall()
    assert sorted(map(repr, toy.execute(approved).fetchall())) == sorted(map(repr, seen))
    assert sorted(map(repr, redacted.execute(sql).fetchall())) == sorted(map(repr, seen))
