"""Trees that DuckDB 2.0 gives for curated statements, one per line: written where 2.0 is installed, compared where 1.5 is.

``pip install --target build/duckdb2 duckdb==2.0.0; PYTHONPATH=build/duckdb2 python -m tests.nl2sql.guard.golden_trees``
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.security.typed_queries import Queries, Style
from nl2sql.guard import parse, schema_of
from tests.nl2sql.guard.conftest import HIDDEN_COLUMNS, HIDDEN_VIEWS, authorisation_for
from tests.nl2sql.guard.test_attacks import MORE
from tests.nl2sql.guard.test_everywhere import PLACES, SHADOWS
from tests.nl2sql.guard.test_golden import BENIGN, GOLDEN, cases

TREES = GOLDEN / "trees-2.0.jsonl.gz"
SUITES = Path(__file__).parents[3] / "eval" / "suites"
TYPED = 40
LONGEST = 1_000
"""Characters of a statement; longer ones say nothing new about single nodes."""

LITERALS = [
    "SELECT 0, 1, -1, -0, 1_000, 2147483647, 2147483648, -2147483647, -2147483648, 9223372036854775807, -9223372036854775808",
    "SELECT 9223372036854775808",
    "SELECT -9223372036854775809",
    "SELECT 170141183460469231731687303715884105727",
    "SELECT -170141183460469231731687303715884105728",
    "SELECT 340282366920938463463374607431768211455",
    "SELECT 99999999999999999999999999999999999999999999",
    "SELECT 1.5, -1.5, 1.50, 0.05, .5, 5., 00.5, -0.0, 1_000.5, 123456789012345.678",
    "SELECT 1234567890123456789.5",
    "SELECT 1234567890123456789012345678901234567.5",
    "SELECT 123456789012345678901234567890123456789.5",
    "SELECT 1e3, 1E-3, -2.5e+2, 1e308",
    "SELECT 'a''b', '', 'é', NULL, TRUE, false, true AS t, 'x' AS s",
    "SELECT pii IS TRUE, pii IS NOT FALSE, pii IS UNKNOWN, pii = true, NOT pii FROM datasets",
    "SELECT TRUE IS NOT DISTINCT FROM FALSE, pii IS DISTINCT FROM TRUE FROM datasets",
    "SELECT x'00'",
    "SELECT INTERVAL 7 DAY, INTERVAL '7' DAY, INTERVAL '7 days', INTERVAL (-3) MONTH, to_days(7)",
    "SELECT name::text, row_count::int, row_count::int4, row_count::\"int\", row_count::long, bytes::float8, bytes::real FROM datasets",
    "SELECT bytes::DECIMAL, bytes::DECIMAL(4), bytes::NUMERIC(10, 2), languages::VARCHAR[], name::VARCHAR(10), name::string FROM datasets",
    "SELECT TRY_CAST(name AS DATE), CAST(last_updated AS datetime), last_updated::date FROM datasets",
    "SELECT languages::VARCHAR[][] FROM datasets",
    "SELECT row_count::INTEGER[3] FROM datasets",
    "SELECT name::main.text FROM datasets",
    "SELECT name::JSON FROM datasets",
    "SELECT last_updated::TIMESTAMPTZ FROM datasets",
    "SELECT name::STRUCT(a INTEGER) FROM datasets",
    "SELECT name::no_such_type FROM datasets",
    "SELECT row_count::DECIMAL(99, 2) FROM datasets",
    "SELECT NOT (row_count > 2), NOT (row_count = 2), NOT (row_count IN (1, 2)), NOT (name LIKE 'a'), row_count NOT BETWEEN 1 AND 2 FROM datasets",
    "SELECT name FROM datasets UNION SELECT owner FROM datasets UNION SELECT node FROM nodes",
    "SELECT name FROM datasets UNION ALL (SELECT owner FROM datasets EXCEPT SELECT node FROM nodes) ORDER BY 1 LIMIT 2 OFFSET 1",
    "SELECT name FROM datasets EXCEPT SELECT owner FROM datasets EXCEPT SELECT node FROM nodes",
    "WITH a AS MATERIALIZED (SELECT node FROM nodes), b(x) AS NOT MATERIALIZED (SELECT * FROM a) SELECT x FROM b",
    "SELECT lag(uptime) OVER (), lead(uptime, 2) OVER w, lag(uptime, 1, 0.5) OVER w FROM nodes WINDOW w AS (PARTITION BY country ORDER BY node)",
    "SELECT last_value(uptime RESPECT NULLS) OVER w, nth_value(node, 2 IGNORE NULLS) OVER w FROM nodes WINDOW w AS (ORDER BY node)",
    "SELECT if(pii, 1, 2), ifnull(owner, 'x'), coalesce(owner, 'y') FROM datasets",
    "SELECT name FROM datasets LIMIT 5%",
    "SELECT d.name FROM datasets d, nodes n LEFT JOIN replicas r USING (node) CROSS JOIN policies p WHERE n.node = d.node",
    "SELECT trim(owner), substring(owner, 1, 2), position('a' IN owner), lower(main.upper(owner)) FROM datasets",
    "SELECT name FROM memory.main.datasets",
    "SELECT system.main.lower(name) FROM datasets",
]


def statements() -> Iterator[str]:
    """The guard's own tests, golds that may be seen, statements of the typed generator, and literals of every form."""
    yield from LITERALS
    for case in cases():
        _, sql, kind, expected = case.values  # type: ignore[attr-defined]
        yield sql
        if kind == "sql":
            yield expected
    yield from (place.format("n.uptime") for place in PLACES)
    yield from (*BENIGN, *SHADOWS, *MORE)
    for suite in sorted(SUITES.glob("*.dev.jsonl")):
        items = [json.loads(line) for line in suite.read_text(encoding="utf-8").splitlines()]
        golds = [sql for item in items for turn in (item, *item.get("turns", [])) for sql in turn.get("gold", [])]
        yield from golds[::12]
    writer = Queries(schema_of(authorisation_for(HIDDEN_COLUMNS, HIDDEN_VIEWS)), 2026, Style(depth=2))
    yield from (writer.statement() for _ in range(TYPED))


def raw_tree(sql: str) -> Any:
    """The tree as the engine writes it, less places in the text; None where it reads no single SELECT."""
    import duckdb

    try:
        row = parse.engine().execute(parse.SERIALIZE, [sql]).fetchone()
    except (duckdb.Error, UnicodeEncodeError):
        return None
    assert row is not None
    try:
        reply = json.loads(row[0], object_hook=lambda item: {k: v for k, v in item.items() if not k.startswith("query_location")})
    except RecursionError:
        return None
    return reply["statements"][0] if not reply["error"] and len(reply["statements"]) == 1 else None


def golden() -> list[tuple[str, Any]]:
    """Each statement and its tree of DuckDB 2.0."""
    return [tuple(json.loads(line)) for line in gzip.decompress(TREES.read_bytes()).decode().splitlines()]


def main() -> None:
    """Write `TREES` anew. Only with DuckDB 2.0."""
    import duckdb

    if not duckdb.__version__.startswith("2.0."):
        raise SystemExit(f"This is DuckDB {duckdb.__version__}; the trees are those of 2.0.")
    chosen = dict.fromkeys(sql for sql in statements() if len(sql) <= LONGEST and "\x00" not in sql)
    trees = ((sql, raw_tree(sql)) for sql in chosen)
    lines = [json.dumps([sql, tree], ensure_ascii=True, separators=(",", ":")) for sql, tree in trees if tree is not None]
    TREES.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))
    print(f"{len(lines)} trees of DuckDB {duckdb.__version__} in {TREES.name}")


if __name__ == "__main__":
    main()
