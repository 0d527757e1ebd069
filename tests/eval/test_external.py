"""Spider's and BIRD's formats end to end: two small benchmarks with awkward names, dirty values, a dump and a DuckDB file."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.engine.foreign import copy_duckdb, copy_sqlite, query_duckdb
from catalog.errors import QueryFailed, QueryTimeout, UsageError
from eval.external.databases import Databases
from eval.external.formats import load
from eval.external.native import build_dump, run_sqlite
from eval.external.run import run_external
from eval.record import Record
from nl2sql.backends import DeferredBackend
from nl2sql.backends.base import Clarify, Context, Decline, Draft, SqlDraft
from nl2sql.backends.scripted import ScriptedBackend

SINGERS = """
CREATE TABLE "order" ("group" TEXT, "Order Date" DATE, amount REAL, "é%" INTEGER);
INSERT INTO "order" VALUES ('a', '2024-01-31', 1.5, 1), ('b', '2024-02-29', 2, NULL), (NULL, NULL, NULL, 3), ('a', '2025-12-01', 0.25, 1);
CREATE TABLE singer (singer_id INTEGER PRIMARY KEY, Name TEXT, Age INTEGER, born DATETIME, photo BLOB, FOREIGN KEY (Age) REFERENCES "order" ("é%"));
INSERT INTO singer VALUES (1, 'Ann', 30, '1990-01-01 10:00:00', x'00ff'), (2, 'Bob', 'unknown', '1985-05-05 00:00:00', NULL), (3, NULL, 41, NULL, NULL);
CREATE TABLE incoming (c1 TEXT, c0 INTEGER);
INSERT INTO incoming VALUES ('x', 1), ('x', 2), ('y', 2);
CREATE TABLE empty (x);
CREATE VIEW v AS SELECT 1 AS one;
"""
FARM = """
PRAGMA foreign_keys = ON;
BEGIN TRANSACTION;
CREATE TABLE farm (id INT PRIMARY KEY, city VARCHAR(20) REFERENCES town (name), pigs INT);
INSERT INTO farm VALUES (1, 'Bonn', 10);
INSERT INTO farm VALUES (2, 'Köln', 20);
COMMIT;
"""
SPIDER: list[tuple[str, str, str]] = [
    ("singers", "names of singers", "SELECT Name FROM singer"),
    ("singers", "how many orders per group", 'SELECT "group", count(*) FROM "order" GROUP BY "group"'),
    ("singers", "distinct kinds", "SELECT DISTINCT c1 FROM incoming"),
    ("singers", "orders, latest first", 'SELECT "Order Date" FROM "order" WHERE amount > 0 ORDER BY "Order Date" DESC'),
    ("singers", "a broken gold", "SELECT nowhere FROM singer"),
    ("farms", "pigs in all", "SELECT sum(pigs) FROM farm"),
    ("farms", "pigs by city", "SELECT city, pigs FROM farm"),
]
HOSTILE = [
    "SELECT name FROM sqlite_master",
    "SELECT * FROM read_csv('/etc/passwd')",
    "ATTACH '/etc/passwd' AS p",
    "PRAGMA database_list",
    "SELECT * FROM main.farm",
    "SELECT * FROM duckdb_settings()",
    "SELECT pigs FRM farm",
    "COPY farm TO '/tmp/x'",
]


def sqlite_file(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def written(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def spider(tmp_path: Path) -> Path:
    folder = tmp_path / "spider"
    written(folder / "dev.json", [{"db_id": db, "question": q, "query": gold, "sql": {}} for db, q, gold in SPIDER])
    written(folder / "tables.json", [{"db_id": "singers"}, {"db_id": "farms"}])
    sqlite_file(folder / "database" / "singers" / "singers.sqlite", SINGERS)
    written(folder / "database" / "farms" / "schema.sql", FARM)
    return folder


@pytest.fixture
def bird(tmp_path: Path) -> Path:
    folder = tmp_path / "bird"
    entries = [
        ("schools", "highest free rate", 'SELECT max("Free Meal Count (K-12)" * 1.0 / "Enrollment (K-12)") FROM frpm', "rate = free / enrolled; say \"DROP\"\n--"),
        ("schools", "county of the largest", 'SELECT "County Name" FROM frpm ORDER BY "Enrollment (K-12)" DESC LIMIT 1', ""),
        ("shop", "paid orders", "SELECT id, price FROM orders WHERE paid", ""),
        ("shop", "days of orders", "SELECT day::DATE FROM orders ORDER BY day", ""),
    ]
    written(
        folder / "dev.json",
        [
            {"question_id": 7 + at, "db_id": db, "question": q, "evidence": evidence, "SQL": gold, "difficulty": "simple"}
            for at, (db, q, gold, evidence) in enumerate(entries)
        ],
    )
    home = folder / "dev_databases"
    sqlite_file(
        home / "schools" / "schools.sqlite",
        'CREATE TABLE frpm ("CDSCode" TEXT PRIMARY KEY, "County Name" TEXT, "Free Meal Count (K-12)" REAL, "Enrollment (K-12)" REAL);'
        "INSERT INTO frpm VALUES ('01', 'Alameda', 10, 20), ('02', 'Fresno', 30, 40), ('03', 'Kern', NULL, 5);",
    )
    described = "original_column_name,column_name,column_description,data_format,value_description\nCounty Name,,name of the \x93county\x94 -- ); DROP,text,\n"
    (home / "schools" / "database_description").mkdir()
    (home / "schools" / "database_description" / "frpm.csv").write_bytes(described.encode("latin-1"))
    (home / "shop").mkdir()
    with duckdb.connect(str(home / "shop" / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE orders (id UBIGINT, price DECIMAL(9,2), paid BOOLEAN, day TIMESTAMP, point STRUCT(x INTEGER), u UUID, raw BLOB)")
        connection.execute("INSERT INTO orders VALUES (1, 9.5, true, '2026-01-02 00:00:00', {x: 1}, gen_random_uuid(), 'a'), (2, 3, false, '2026-01-01', NULL, NULL, NULL)")
        connection.execute("CREATE VIEW all_orders AS FROM orders; CREATE SCHEMA other; CREATE TABLE other.hidden AS SELECT 1 AS x")
    return folder



def asked(folder: Path, replies: dict[str, str | list[Draft]], **options: Any) -> dict[str, Record]:
    backend = ScriptedBackend({q: [SqlDraft(d, "", 0.9)] if isinstance(d, str) else d for q, d in replies.items()})
    return {record.question: record for record in run_external(folder, backend, **options)}


def test_spider_from_question_to_verdict(spider: Path) -> None:
    found = asked(
        spider,
        {
            "names of singers": "SELECT name FROM SINGER",
            "how many orders per group": 'SELECT count(*), "group" FROM "order" GROUP BY ALL',
            "distinct kinds": "SELECT c1 FROM incoming",
            "orders, latest first": 'SELECT "order date" FROM "order" WHERE amount > 0 ORDER BY 1',
            "a broken gold": "SELECT 1",
            "pigs in all": "SELECT 30",
        },
    )
    assert {q: (r.got, r.reason) for q, r in found.items()} == {
        "names of singers": ("answer", "right"),
        "how many orders per group": ("answer", "right"),  # columns may stand in another order
        "distinct kinds": ("answer", "right"),  # DISTINCT is left out of the gold
        "orders, latest first": ("answer", "wrong_rows"),  # the order of rows counts where the gold has one
        "a broken gold": ("infra", "infra"),
        "pigs in all": ("answer", "right"),
        "pigs by city": ("refuse", "other_outcome"),
    }
    record = found["how many orders per group"]
    assert record.suite == "spider:singers" and record.key == ("spider:singers", "00001", 0, 0)
    assert record.tags["db"] == "singers" and "group" in record.tags["feature"]  # type: ignore[operator]
    assert record.result and record.result.total == 3 and record.gold_result and record.stages_ms.keys() == {"draft", "guard", "run"}
    assert "no such column" in found["a broken gold"].detail
    assert [r.cold for r in found.values()].count(True) == 1


def test_bird_from_question_to_verdict(bird: Path) -> None:
    found = asked(
        bird,
        {
            "highest free rate": 'SELECT max("Free Meal Count (K-12)" / "Enrollment (K-12)") FROM frpm',
            "county of the largest": 'SELECT "County Name" FROM frpm',
            "paid orders": "SELECT id, price FROM orders WHERE paid",
            "days of orders": "SELECT CAST(day AS DATE) FROM orders",
        },
    )
    assert [(r.id, r.suite, r.tags["difficulty"], r.reason) for r in found.values()] == [
        ("00007", "bird:schools", "simple", "right"),
        ("00008", "bird:schools", "simple", "wrong_rows"),
        ("00009", "bird:shop", "simple", "right"),
        ("00010", "bird:shop", "simple", "right"),  # the set rule knows no order
    ]
    assert not asked(bird, {"days of orders": "SELECT CAST(day AS DATE) FROM orders ORDER BY day DESC"}, scorer="ordered")["days of orders"].right


def test_a_backend_that_drafts_many_at_once_gets_a_benchmark_in_batches(bird: Path) -> None:
    class Batch(ScriptedBackend):
        def draft_all(self, contexts: Sequence[Context]) -> list[list[Draft]]:
            batches.append([context.question for context in contexts])
            return [self.draft(context) for context in contexts]

    batches: list[list[str]] = []
    replies: dict[str, list[Draft]] = {"paid orders": [SqlDraft("SELECT id, price FROM orders WHERE paid", "", 0.9)]}
    plain, batch = ScriptedBackend(replies), Batch(replies)
    found = [[record.model_dump(exclude={"stages_ms", "total_ms"}) for record in run_external(bird, backend)] for backend in (plain, batch)]
    assert found[0] == found[1]
    assert batches == [[record["question"] for record in found[0]]]
    assert [context.question for context in batch.contexts] == batches[0]


@pytest.mark.parametrize("sql", HOSTILE)
def test_what_is_hostile_or_broken_is_rejected_by_the_guard(spider: Path, sql: str) -> None:
    record = asked(spider, {"pigs by city": sql})["pigs by city"]
    assert (record.got, record.reason, record.result, record.sql) == ("failed", "rejected", None, sql)


def test_the_first_draft_that_the_guard_lets_through_is_run(spider: Path) -> None:
    drafts: list[Draft] = [SqlDraft("SELECT x FROM nowhere", "", 0.6), SqlDraft("SELECT city, pigs FROM farm", "by city", 0.3)]
    record = asked(spider, {"pigs by city": drafts})["pigs by city"]
    assert (record.right, record.reading, record.confidence) == (True, "by city", 0.3)


def test_other_outcomes_are_wrong_and_kept(spider: Path) -> None:
    found = asked(spider, {"pigs in all": [Clarify("Which farms?", ("all",), 0.5)], "pigs by city": [Decline("data_request", 0.7)]})
    assert (found["pigs in all"].got, found["pigs in all"].choices) == ("ask_back", ("all",))
    assert (found["pigs by city"].got, found["pigs by city"].confidence) == ("data_request", 0.7)


def test_a_query_that_the_engine_cannot_run_is_no_answer(spider: Path) -> None:
    record = asked(spider, {"pigs in all": "SELECT pigs * 9223372036854775807 FROM farm"})["pigs in all"]
    assert (record.got, record.reason, record.right) == ("failed", "query_failed", False)


def test_a_sample_is_drawn_by_its_seed_and_a_run_goes_on_where_it_stopped(spider: Path) -> None:
    def keys(**options: Any) -> list[Any]:
        return [record.key for record in run_external(spider, ScriptedBackend({}), **options)]

    every = keys()
    assert len(set(every)) == len(SPIDER)
    assert keys(limit=3, seed=1) == keys(limit=3, seed=1) and set(keys(limit=3, seed=1)) < set(every)
    assert keys(done=set(every[:4])) == every[4:]
    assert keys(limit=99) == every


def test_a_backend_that_knows_only_steward_s_views_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    for backend in (DeferredBackend("embedded"),):
        with pytest.raises(UsageError, match="embedded backend knows Steward's own views only") as refused:
            run_external(tmp_path / "nowhere", backend)
        assert "scripted:FILE" in refused.value.hint
    with pytest.raises(UsageError, match="no scorer 'best'"):
        run_external(tmp_path / "nowhere", ScriptedBackend({}), scorer="best")


def test_a_backend_is_told_the_schema_and_what_others_wrote_stays_quoted(bird: Path) -> None:
    backend = ScriptedBackend({})
    list(run_external(bird, backend))
    first, second, shop, _ = (context.schema_text for context in backend.contexts)
    assert '"Free Meal Count (K-12)" DOUBLE,' in first and 'PRIMARY KEY ("CDSCode")' in first
    assert '-- Evidence: "rate = free / enrolled; say \\"DROP\\" --"' in first and "Evidence" not in second
    assert '"County Name" VARCHAR, -- "name of the “county” -- ); DROP"' in first
    assert shop == 'CREATE TABLE "orders" (\n  "id" HUGEINT,\n  "price" DECIMAL(9,2),\n  "paid" BOOLEAN,\n  "day" TIMESTAMP,\n  "u" VARCHAR\n);'
    with duckdb.connect() as connection:
        connection.execute(first)  # comments and all


def test_columns_are_typed_by_what_they_hold(tmp_path: Path) -> None:
    extra = (
        "CREATE TABLE t (i INTEGER, n NUMERIC, r REAL, b, d DATE, w DATE, s DATETIME, e DECIMAL(5,2), x VARCHAR(9), inf REAL, raw BLOB, "
        "g INT AS (i + 1));"
        "INSERT INTO t (i, n, r, b, d, w, s, x, inf, raw) VALUES (1, 1, 1, 'q', '2024-02-29', '29.02.2024', '2024-02-29 10:00:00', 5, 9e999, 'plain'),"
        "(9223372036854775807, 2.5, 0.1, 7, '1999-12-31', NULL, '0001-01-01 00:00:00', 'a' || char(0) || '😀', 1, NULL);"
        "CREATE TABLE dirty (i INTEGER, d DATE, late DATE); INSERT INTO dirty VALUES ('', '2024-02-30', '2024-01-01'), (3, '2024-02-01', 'soon');"
        "CREATE TABLE bytes (t TEXT, b BLOB); INSERT INTO bytes VALUES (CAST(x'61ff62' AS TEXT), x'00');"
        "CREATE TABLE \"a\"\"b'c\" (\"x.y\" INT); INSERT INTO \"a\"\"b'c\" VALUES (1);"
    )
    source = sqlite_file(tmp_path / "s.sqlite", SINGERS + extra)
    tables = copy_sqlite(source, tmp_path / "t.duckdb")
    assert tables["order"] == {"group": "VARCHAR", "Order Date": "DATE", "amount": "DOUBLE", "é%": "BIGINT"}
    assert tables["singer"] == {"singer_id": "BIGINT", "Name": "VARCHAR", "Age": "VARCHAR", "born": "TIMESTAMP"}
    assert tables["t"] == {
        **{"i": "BIGINT", "n": "DOUBLE", "r": "DOUBLE", "b": "VARCHAR", "d": "DATE", "w": "VARCHAR", "s": "TIMESTAMP", "e": "DOUBLE"},
        **{"x": "VARCHAR", "inf": "VARCHAR", "raw": "VARCHAR", "g": "DOUBLE"},
    }
    assert tables["dirty"] == {"i": "VARCHAR", "d": "VARCHAR", "late": "VARCHAR"}
    assert tables["bytes"] == {"t": "VARCHAR"} and tables["empty"] == {"x": "VARCHAR"} and "v" not in tables
    with duckdb.connect(str(tmp_path / "t.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT i, n, b, CAST(d AS VARCHAR), x, inf FROM t").fetchall() == [
            (1, 1.0, "q", "2024-02-29", "5", "Inf"),
            (9223372036854775807, 2.5, "7", "1999-12-31", "a\0😀", "1.0"),
        ]
        assert connection.execute("SELECT t FROM bytes").fetchall() == [("a\ufffdb",)]
        assert connection.execute("FROM incoming").fetchall() == [("x", 1), ("x", 2), ("y", 2)]
        assert connection.execute("FROM \"a\"\"b'c\"").fetchall() == [(1,)]
        assert connection.execute("SELECT Age FROM singer ORDER BY singer_id").fetchall() == [("30",), ("unknown",), ("41",)]


def test_a_large_table_is_copied_whole(tmp_path: Path) -> None:
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000) SELECT i, i / 7.0, 'r' || i FROM n"
    source = sqlite_file(tmp_path / "s.sqlite", f"CREATE TABLE big (a INTEGER, b REAL, c TEXT); INSERT INTO big {rows};")
    copy_sqlite(source, tmp_path / "t.duckdb")
    with closing(sqlite3.connect(source)) as original, duckdb.connect(str(tmp_path / "t.duckdb"), read_only=True) as copy:
        assert copy.execute("FROM big").fetchall() == original.execute("SELECT * FROM big").fetchall()


def test_a_duckdb_file_is_copied_without_what_the_guard_cannot_type(bird: Path, tmp_path: Path) -> None:
    tables = copy_duckdb(load(bird).databases["shop"].path, tmp_path / "t.duckdb")
    assert tables == {"orders": {"id": "HUGEINT", "price": "DECIMAL(9,2)", "paid": "BOOLEAN", "day": "TIMESTAMP", "u": "VARCHAR"}}


def test_sources_are_left_as_they_are(spider: Path, bird: Path) -> None:
    def state(folder: Path) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

    before = state(spider) | state(bird)
    list(run_external(spider, ScriptedBackend({})))
    list(run_external(bird, ScriptedBackend({})))
    assert state(spider) | state(bird) == before


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM farm",
        "INSERT INTO farm VALUES (9, 'x', 1)",
        "ATTACH ':memory:' AS other",
        "PRAGMA writable_schema = ON",
        "VACUUM INTO 'copy.sqlite'",
        "SELECT load_extension('x')",
        "CREATE TEMP TABLE x (a)",
        "SELECT 1; SELECT 2",
        "SELECT zeroblob(2000000000)",
        "nonsense",
        "SELECT 1 \0",
    ],
)
def test_a_gold_reads_and_does_nothing_else(spider: Path, tmp_path: Path, sql: str) -> None:
    build_dump(spider / "database" / "farms" / "schema.sql", tmp_path / "farms.sqlite")
    with pytest.raises(QueryFailed):
        run_sqlite(tmp_path / "farms.sqlite", sql, 5, 10)
    assert run_sqlite(tmp_path / "farms.sqlite", "SELECT count(*) FROM farm", 5, 10) == (("count(*)",), [(2,)])


def test_a_gold_that_does_not_end_is_stopped(bird: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    databases = load(bird).databases
    with pytest.raises(QueryTimeout):
        run_sqlite(databases["schools"].path, endless, 0.2, 10)
    with pytest.raises(QueryTimeout):
        query_duckdb(databases["shop"].path, "SELECT count(*) FROM range(100000) a, range(100000) b, range(100000) c WHERE a.range + b.range > c.range", 0.2, 10)


@pytest.mark.parametrize("sql", ["SELECT * FROM read_text('/etc/hostname')", "ATTACH ':memory:' AS x", "DELETE FROM orders", "SET threads = 1", "FROM nowhere"])
def test_a_gold_on_a_duckdb_file_reaches_no_other(bird: Path, sql: str) -> None:
    with pytest.raises(QueryFailed):
        query_duckdb(load(bird).databases["shop"].path, sql, 5, 10)


@pytest.mark.parametrize(
    "statement",
    ["ATTACH '{there}' AS other; CREATE TABLE other.t (x)", "VACUUM INTO '{there}'", "CREATE VIRTUAL TABLE f USING fts5(q)", "SELECT load_extension('x')", "broken", "CREATE TEMP TABLE x (a)"],
)
def test_a_dump_reaches_no_file(tmp_path: Path, statement: str) -> None:
    there = tmp_path / "there.sqlite"
    dump = written(tmp_path / "d.sql", f"CREATE TABLE t (x); {statement.format(there=there)};")
    with pytest.raises(UsageError, match=r"d\.sql cannot be run"):
        build_dump(dump, tmp_path / "d.sqlite")
    assert not there.exists() and not (tmp_path / "d.sqlite").exists()


def test_a_pragma_of_a_dump_does_nothing(tmp_path: Path) -> None:
    there = tmp_path / "elsewhere"
    there.mkdir()
    dump = written(tmp_path / "d.sql", f"PRAGMA temp_store_directory = '{there}'; PRAGMA user_version = 7; CREATE TABLE t (x);")
    build_dump(dump, tmp_path / "d.sqlite")
    assert run_sqlite(tmp_path / "d.sqlite", "SELECT count(*) FROM t", 5, 1)[1] == [(0,)]
    with closing(sqlite3.connect(tmp_path / "d.sqlite")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)


def edited(name: str, change: Callable[[Any], Any]) -> Callable[[Path], object]:
    return lambda folder: written(folder / name, change(json.loads((folder / name).read_text(encoding="utf-8"))))


def without(field: str) -> Callable[[Any], Any]:
    return lambda entries: [entries[0], {k: v for k, v in entries[1].items() if k != field}, *entries[2:]]


def with_(field: str, value: Any) -> Callable[[Any], Any]:
    return lambda entries: [entries[0], {**entries[1], field: value}, *entries[2:]]


FAULTS: list[tuple[str, Callable[[Path], object], str]] = [
    ("spider", lambda f: (f / "dev.json").unlink(), r"dev\.json cannot be read"),
    ("spider", lambda f: written(f / "dev.json", "[{"), r"dev\.json is not JSON"),
    ("spider", lambda f: (f / "dev.json").write_bytes(b"\xff\xfe"), r"dev\.json is not JSON"),
    ("spider", lambda f: written(f / "dev.json", "[" * 100_000), r"dev\.json is not JSON"),
    ("spider", lambda f: written(f / "dev.json", "{}"), r"dev\.json is not a JSON list"),
    ("spider", lambda f: written(f / "dev.json", "[]"), r"entry 0: a gold is missing"),
    ("spider", edited("dev.json", without("question")), r"dev\.json, entry 1, question: Field required"),
    ("spider", edited("dev.json", with_("query", 7)), r"dev\.json, entry 1, query: "),
    ("spider", edited("dev.json", with_("db_id", "moon")), r"entry 1, db_id: 'moon' is not in .*tables\.json"),
    ("spider", lambda f: (f / "tables.json").unlink(), r"tables\.json cannot be read"),
    ("spider", edited("tables.json", lambda t: [*t, {"db": 1}]), r"tables\.json, entry 2, db_id: Field required"),
    ("spider", lambda f: (f / "database" / "farms" / "schema.sql").unlink(), r"entry 5, db_id: there is no .*farms\.sqlite"),
    ("spider", lambda f: written(f / "database" / "singers" / "singers.sqlite", "no database"), r"singers\.sqlite is no SQLite database"),
    ("bird", edited("dev.json", with_("question_id", 7)), r"entry 1, question_id: 7 is the id of entry 0 too"),
    ("bird", edited("dev.json", with_("evidence", None)), r"dev\.json, entry 1, evidence: "),
    ("bird", edited("dev.json", with_("db_id", "../schools")), r"entry 1, db_id: '\.\./schools' is no name of a folder"),
    ("bird", edited("dev.json", with_("db_id", "..")), r"entry 1, db_id: "),
    ("bird", lambda f: written(f / "dev_databases" / "shop" / "shop.duckdb", "0123456789012345"), r"shop\.duckdb is no DuckDB database"),
]


@pytest.mark.parametrize(("kind", "fault", "said"), FAULTS, ids=[f"{kind}-{said}" for kind, _, said in FAULTS])
def test_a_fault_is_named_with_its_file_and_field(kind: str, fault: Callable[[Path], object], said: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(kind)
    fault(folder)
    with pytest.raises(UsageError, match=said):
        load(folder)


BROKEN: list[tuple[str, str, str, bytes]] = [
    ("spider", "database/singers/singers.sqlite", "SQLite database", b"SQLite format 3\0" + b"\x07" * 4096),
    ("spider", "database/farms/schema.sql", "dump", b"CREATE TABLE ("),
    ("spider", "database/farms/schema.sql", "schema", b"-- \xff\xfe\xfa"),
    ("bird", "dev_databases/shop/shop.duckdb", "DuckDB database", b"\0" * 8 + b"DUCK" + b"\x05" * 9000),
    ("bird", "dev_databases/schools/database_description/frpm.csv", "original_column_name", b"column,meaning\na,b\n"),
]


@pytest.mark.parametrize(("kind", "name", "said", "content"), BROKEN, ids=[f"{name}-{said}" for _, name, said, _ in BROKEN])
def test_a_broken_file_is_named_when_its_turn_comes(
    kind: str, name: str, said: str, content: bytes, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(kind)
    (folder / name).write_bytes(content)
    work = tmp_path / "work"
    work.mkdir()
    databases, external = Databases(work), load(folder)
    with pytest.raises(UsageError, match=said) as refused:
        for source in external.databases.values():
            databases.prepared(source)
    assert Path(name).name in refused.value.what
