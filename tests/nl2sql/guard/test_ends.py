"""Which names a statement fixes, and that leaving out all other lineage changes none of its rows."""

from datetime import datetime

import duckdb
import pytest

from catalog.storage.closure import Fixed
from nl2sql.guard import Schema, approve

SCHEMA = Schema({
    "lineage": {"upstream": "VARCHAR", "downstream": "VARCHAR", "depth": "INTEGER"},
    "datasets": {"name": "VARCHAR", "owner": "VARCHAR"},
})  # fmt: skip
ROWS = """
CREATE TABLE lineage AS SELECT * FROM (VALUES ('a', 'b', 1), ('b', 'c', 1), ('a', 'c', 2), ('c', 'd', 1), ('b', 'd', 2), ('a', 'd', 3), ('x', 'd', 1)) t(upstream, downstream, depth);
CREATE TABLE datasets AS SELECT * FROM (VALUES ('a', 'o'), ('b', 'o'), ('c', 'p'), ('d', NULL), ('x', 'p')) t(name, owner)
"""


def up(*names: str, hops: int = 0) -> Fixed:
    return Fixed(upstream=frozenset(names), hops=hops)


def down(*names: str, hops: int = 0) -> Fixed:
    return Fixed(downstream=frozenset(names), hops=hops)


BOTH = Fixed(frozenset("a"), frozenset("a"))
CASES: list[tuple[str, Fixed | None]] = [
    ("SELECT downstream FROM lineage WHERE upstream = 'a'", up("a")),
    ("SELECT upstream FROM lineage WHERE 'd' = downstream AND depth > 1", down("d")),
    ("SELECT count(*) FROM lineage l WHERE l.upstream IN ('a', 'b')", up("a", "b")),
    ("SELECT * FROM lineage WHERE upstream = 'a' OR downstream = 'a'", BOTH),
    ("SELECT * FROM lineage WHERE upstream = 'a' OR depth = 1", up("a", hops=1)),
    ("SELECT * FROM lineage WHERE upstream = 'a' OR depth > 1", None),
    ("SELECT * FROM lineage WHERE upstream = 'a' AND downstream IN ('c', 'd')", up("a")),
    ("SELECT * FROM lineage WHERE upstream = 'a' AND depth = 1", Fixed(hops=1)),
    ("SELECT * FROM lineage WHERE depth < 3", Fixed(hops=2)),
    ("SELECT * FROM lineage WHERE depth BETWEEN 2 AND 4", Fixed(hops=4)),
    ("SELECT * FROM lineage WHERE 2 >= depth", Fixed(hops=2)),
    ("SELECT * FROM lineage WHERE depth <= 3 AND upstream = 'a'", up("a")),
    ("SELECT * FROM lineage WHERE NOT upstream = 'a'", None),
    ("SELECT * FROM lineage WHERE upstream <> 'a'", None),
    ("SELECT * FROM lineage WHERE upstream NOT IN ('a')", None),
    ("SELECT * FROM lineage WHERE lower(upstream) = 'a'", None),
    ("SELECT * FROM lineage WHERE upstream = downstream", None),
    ("SELECT count(*) FROM lineage", None),
    ("SELECT upstream, count(*) FROM lineage GROUP BY upstream HAVING upstream = 'a'", None),
    ("SELECT upstream FROM lineage WHERE downstream = 'd' UNION SELECT downstream FROM lineage WHERE upstream = 'a'", Fixed(frozenset("a"), frozenset("d"))),
    ("SELECT upstream FROM lineage WHERE downstream = 'd' UNION SELECT downstream FROM lineage", None),
    ("SELECT name FROM datasets WHERE name IN (SELECT upstream FROM lineage WHERE downstream = 'd')", down("d")),
    ("SELECT name FROM datasets d WHERE NOT EXISTS (SELECT 1 FROM lineage l WHERE l.upstream = d.name)", None),
    ("SELECT name FROM datasets d WHERE NOT EXISTS (SELECT 1 FROM lineage l WHERE l.upstream = d.name AND l.depth = 1)", Fixed(hops=1)),
    ("SELECT l.downstream FROM lineage l JOIN datasets d ON d.name = l.upstream WHERE d.name = 'a'", up("a")),
    ("SELECT l.downstream FROM lineage l JOIN datasets d ON d.name = l.upstream AND l.downstream = 'd' WHERE d.owner = 'o'", down("d")),
    ("SELECT d.name, l.downstream FROM datasets d LEFT JOIN lineage l ON l.upstream = d.name AND l.downstream = 'd'", down("d")),
    ("SELECT d.name, l.downstream FROM datasets d LEFT JOIN lineage l ON l.upstream = d.name WHERE d.name = 'a'", up("a")),
    ("SELECT l.downstream, d.name FROM lineage l LEFT JOIN datasets d ON l.upstream = d.name AND l.upstream = 'a'", None),
    ("SELECT l.downstream, d.name FROM lineage l RIGHT JOIN datasets d ON l.upstream = d.name AND l.upstream = 'a'", up("a")),
    ("SELECT l.downstream, d.name FROM lineage l FULL JOIN datasets d ON l.upstream = d.name AND l.upstream = 'a'", None),
    ("SELECT d.name FROM datasets d LEFT JOIN lineage l ON l.downstream = d.name WHERE l.upstream = 'a'", up("a")),
    ("SELECT d.name FROM datasets d SEMI JOIN lineage l ON l.downstream = d.name AND l.upstream = 'a'", up("a")),
    ("SELECT d.name FROM datasets d ANTI JOIN lineage l ON l.downstream = d.name AND l.upstream = 'a'", up("a")),
    ("SELECT l.upstream FROM lineage l ANTI JOIN datasets d ON l.downstream = d.name AND l.upstream = 'a'", None),
    ("SELECT m.downstream FROM lineage l JOIN lineage m ON m.upstream = l.downstream WHERE l.upstream = 'a'", None),
    ("SELECT m.downstream FROM lineage l JOIN lineage m ON m.upstream = l.downstream WHERE l.upstream = 'a' AND m.depth = 1", up("a", hops=1)),
    ("WITH t AS (SELECT downstream AS n FROM lineage WHERE upstream = 'a') SELECT owner FROM datasets JOIN t ON t.n = name", up("a")),
    ("SELECT n FROM (SELECT downstream AS n, upstream AS u FROM lineage) t WHERE t.u = 'a'", None),
    ("SELECT L.downstream FROM lineage AS L WHERE l.UPSTREAM = 'a'", up("a")),
    ("SELECT name FROM datasets d WHERE name = 'a' AND 1 < (SELECT count(*) FROM lineage d WHERE d.upstream = 'a')", up("a")),
]


@pytest.mark.parametrize(("sql", "expected"), CASES)
def test_what_a_statement_fixes(sql: str, expected: Fixed | None) -> None:
    approved = approve(sql, SCHEMA, datetime(2026, 11, 1))
    assert approved.fixed == expected
    if expected is not None:
        with duckdb.connect() as connection:
            connection.execute(ROWS)
            before = connection.execute(approved.sql).fetchall()
            kept = {"up": list(expected.upstream), "down": list(expected.downstream), "hops": expected.hops}
            connection.execute("DELETE FROM lineage WHERE NOT (upstream IN (SELECT unnest($up)) OR downstream IN (SELECT unnest($down)) OR depth <= $hops)", kept)
            assert sorted(map(repr, connection.execute(approved.sql).fetchall())) == sorted(map(repr, before))


def test_a_statement_without_lineage_fixes_nothing() -> None:
    assert approve("SELECT name FROM datasets WHERE name = 'a'", SCHEMA, datetime(2026, 11, 1)).fixed is None
