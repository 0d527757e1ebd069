"""The guard over schemas that are not Steward's: whatever tables and columns are called, only theirs are read."""

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import AccessDenied
from nl2sql.errors import NotAllowed, Repairable, SqlSyntax, UnknownColumn, UnknownRelation
from nl2sql.guard import Schema, approve, kinds
from nl2sql.guard.identifiers import fold, quoted

NOW = datetime(2026, 11, 20, 12)
TABLES = {
    "frpm": {"CDSCode": "VARCHAR", "Free Meal Count (K-12)": "BIGINT", "Percent (%) Eligible": "DOUBLE", "2013-14 CALPADS": "BIGINT"},
    "order": {"group": "VARCHAR", "select": "BIGINT", "from": "DATE", "Order Date": "TIMESTAMP"},
    "Größe": {"Länge": "DOUBLE", "é": "BIGINT", "É": "BIGINT"},
    "read_csv": {"count": "BIGINT", "now": "VARCHAR", "rowid": "BIGINT"},
    "range": {"range": "BIGINT", "unnest": "VARCHAR"},
    "main": {"main": "BIGINT", "sqlite_master": "VARCHAR"},
    "a.b": {"c.d": "VARCHAR", 'e"f': "BIGINT"},
    "dual": {"price": "DECIMAL(18,3)", "tags": "VARCHAR[]"},
    "mixed": {"id": "BIGINT", "blob": "BLOB", "point": "STRUCT(x INTEGER)", "key": "UUID", "at": "TIME", "grid": "BIGINT[][]"},
}
SCHEMA = Schema(TABLES, closed={"Salaries": "hr-only"}, rules={"order": ("r2", "r1"), "frpm": ("r1",)})


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table of the schema with one row, and one that the schema lacks."""
    with duckdb.connect(":memory:", config={"threads": 1, "python_enable_replacements": False}) as connection:
        for table, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {quoted(table)} ({', '.join(f'{quoted(c)} {t}' for c, t in columns.items())})")
            connection.execute(f"INSERT INTO {quoted(table)} ({quoted(next(iter(columns)))}) VALUES (NULL)")
        connection.execute("CREATE TABLE secret AS SELECT 'CANARY' AS name")
        yield connection


REWRITTEN = [
    ('SELECT "Free Meal Count (K-12)" FROM frpm', 'SELECT frpm."free meal count (k-12)" FROM frpm'),
    ('SELECT "FREE MEAL COUNT (K-12)" FROM FRPM', 'SELECT frpm."free meal count (k-12)" FROM frpm'),
    ('SELECT "group", max("select") FROM "ORDER" GROUP BY "group"', 'SELECT "order"."group", max("order"."select") FROM "order" GROUP BY "order"."group"'),
    ('SELECT o."from" FROM "order" AS o', 'SELECT o."from" FROM "order" AS o'),
    ('SELECT "Länge", "é" FROM "Größe"', 'SELECT größe."länge"'),
    ("SELECT now, count(*) FROM read_csv GROUP BY now", "SELECT read_csv.now, count(*) FROM read_csv GROUP BY read_csv.now"),
    ("SELECT range, i FROM range, range(3) AS r(i)", "SELECT range.range"),
    ("SELECT main.main FROM main", "SELECT main.main FROM main"),
    ('SELECT "c.d", "e""f" FROM "a.b"', 'SELECT "a.b"."c.d", "a.b"."e""f" FROM "a.b"'),
    ("SELECT sum(price), any_value(tags[1]) FROM dual", "SELECT sum(dual.price), any_value(dual.tags[1]) FROM dual"),
    ("SELECT * FROM mixed", "SELECT mixed.id FROM mixed"),
    ("SELECT rowid FROM read_csv", "SELECT read_csv.rowid FROM read_csv"),
    ('WITH "Free" AS (SELECT "2013-14 CALPADS" AS n FROM frpm) SELECT n FROM free', "WITH"),
    ('SELECT a.cdscode FROM frpm a JOIN frpm "B" USING ("CDSCode")', "SELECT"),
]


@pytest.mark.parametrize(("sql", "start"), REWRITTEN, ids=[sql for sql, _ in REWRITTEN])
def test_names_that_need_quotes(sql: str, start: str, database: duckdb.DuckDBPyConnection) -> None:
    approved = approve(sql, SCHEMA, NOW)
    if start.isascii():
        assert approved.sql.startswith(start)
    assert approve(approved.sql, SCHEMA, NOW).sql == approved.sql
    assert database.execute(approved.sql).fetchall() == database.execute(sql.replace("*", '"id"') if "mixed" in sql else sql).fetchall()


def test_views_and_rules_are_spelt_as_the_schema_spells_them() -> None:
    approved = approve('SELECT 1 FROM "ORDER", FRPM', SCHEMA, NOW)
    assert (approved.views, approved.rules) == ({"order", "frpm"}, ("r1", "r2"))


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT * FROM secret", UnknownRelation),
        ('SELECT * FROM "größe" JOIN "GRÖßE" ON TRUE', UnknownRelation),  # Ö and ö are two letters to the engine
        ('SELECT "LÄNGE" FROM "Größe"', UnknownColumn),
        ("SELECT blob FROM mixed", UnknownColumn),
        ("SELECT point FROM mixed", UnknownColumn),
        ("SELECT mixed.point.x FROM mixed", NotAllowed),
        ("SELECT key FROM mixed", UnknownColumn),
        ('SELECT "at" FROM mixed', UnknownColumn),
        ("SELECT grid FROM mixed", UnknownColumn),
        ("SELECT rowid FROM mixed", UnknownColumn),
        ("SELECT * FROM main.frpm", NotAllowed),
        ("SELECT * FROM memory.main.frpm", NotAllowed),
        ("SELECT * FROM a.b", NotAllowed),
        ("SELECT * FROM read_csv('/etc/passwd')", NotAllowed),
        ("SELECT * FROM '/etc/passwd'", UnknownRelation),
        ("SELECT * FROM 'x.csv'", UnknownRelation),
        ("SELECT * FROM SALARIES", AccessDenied),
        ("WITH salaries AS (SELECT 1) SELECT * FROM salaries", NotAllowed),
        ("WITH frpm AS (SELECT 1) SELECT * FROM frpm", NotAllowed),
        ("ATTACH 'other.duckdb'", SqlSyntax),
        ("PRAGMA database_list", SqlSyntax),
        ("SELECT 1; SELECT 2", SqlSyntax),
        ('SELECT "no such column" FROM frpm', UnknownColumn),
        ("SELECT cdscode FROM frpm LIMIT 1, 2", SqlSyntax),
    ],
)
def test_what_a_schema_does_not_open(sql: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        approve(sql, SCHEMA, NOW)


SYSTEM = ["sqlite_master", "sqlite_temp_schema", "SQLITE_Schema", "duckdb_tables", "duckdb_secrets", "pg_class", "pg_tables", "information_schema", "pragma_database_list"]


@pytest.mark.parametrize("name", SYSTEM)
def test_a_table_called_like_the_engine_s_own_is_never_read(name: str) -> None:
    schema = Schema({name: {"name": "VARCHAR", "sql": "VARCHAR"}, "t": {"x": "BIGINT"}})
    for sql in (f"FROM {name}", f'FROM "{name}"', f"SELECT (SELECT max(sql) FROM {name.upper()}) FROM t", f"FROM main.{name}", f"FROM {name}()"):
        with pytest.raises(Repairable):
            approve(sql, schema, NOW)


@pytest.mark.parametrize("name", ["a\x00b", "line\nbreak", "\u202eback", "", "sqlite_master", "duckdb_tables", "pg_class"])
def test_what_does_not_print_or_is_the_engines_own_is_not_declared(name: str) -> None:
    schema = Schema({name: {"x": "BIGINT"}, "t": {"x": "BIGINT", "y\n": "BIGINT"}})
    assert schema.declared == (("t", (("x", "BIGINT"),)),)


def test_a_letter_that_only_python_folds_opens_nothing() -> None:
    schema = Schema({"market": {"k": "BIGINT"}})
    for sql in ('FROM "mar\u212aet"', 'SELECT "\u212a" FROM market'):
        with pytest.raises((UnknownRelation, UnknownColumn)):
            approve(sql, schema, NOW)


@pytest.mark.parametrize("relations", [{"A": {"x": "BIGINT"}, "a": {"x": "BIGINT"}}, {"a": {"x": "BIGINT", "X": "VARCHAR"}}])
def test_names_that_the_engine_cannot_tell_apart_are_no_schema(relations: dict[str, dict[str, str]]) -> None:
    with pytest.raises(ValueError, match="differ in case"):
        Schema(relations)


@pytest.mark.parametrize(
    "sql_type",
    [
        *("BLOB", "UUID", "TIME", "JSON", "BIT", "UBIGINT", "TIMESTAMP WITH TIME ZONE", "STRUCT(a INTEGER)", "MAP(VARCHAR, BIGINT)"),
        *("ENUM('a')", "BIGINT[3]", "BIGINT[][]", "", "NULL", "NULL[]", "varchar", "VARCHAR DEFAULT 1", "DECIMAL(18,3) CHECK (true)"),
        *("BIGINT); ATTACH 'x' AS (y", "DECIMAL(99,3)", "DECIMAL(4,9)"),
    ],
)
def test_a_type_without_a_kind_leaves_its_column_out(sql_type: str) -> None:
    assert kinds.of_column(sql_type) is None
    schema = Schema({"t": {"x": sql_type, "y": "BIGINT"}, "u": {"x": sql_type}})
    assert approve("FROM t", schema, NOW).sql == "SELECT t.y FROM t"
    with pytest.raises(UnknownRelation):
        approve("SELECT count(*) FROM u", schema, NOW)


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs", "Cc")), min_size=1, max_size=8)


@settings(max_examples=60)
@given(table=NAMES, column=NAMES, cte=NAMES, alias=NAMES)
def test_any_name_is_its_own_table_or_nothing(table: str, column: str, cte: str, alias: str) -> None:
    schema = Schema({table: {column: "BIGINT"}})
    sql = (
        f"WITH {quoted(cte)} AS (SELECT {quoted(column)} AS {quoted(alias)} FROM {quoted(table)}) "
        f"SELECT {quoted(alias)} FROM {quoted(cte)} AS {quoted(column)} ORDER BY {quoted(alias)}"
    )
    try:
        approved = approve(sql, schema, NOW)
    except Repairable:
        return
    with duckdb.connect(":memory:", config={"threads": 1, "python_enable_replacements": False}) as connection:
        connection.execute(f"CREATE TABLE {quoted(table)} AS SELECT 7 AS {quoted(column)}")
        assert connection.execute(approved.sql).fetchall() == [(7,)]


@settings(max_examples=60)
@given(table=NAMES, column=NAMES)
def test_a_printable_name_is_readable_in_quotes(table: str, column: str) -> None:
    schema = Schema({table: {column: "BIGINT"}})
    sql = f"SELECT {quoted(column)} FROM {quoted(table)}"
    if table.isprintable() and column.isprintable():
        assert approve(sql, schema, NOW).views == {table}
    else:
        with pytest.raises(Repairable):
            approve(sql, schema, NOW)


@settings(max_examples=60)
@given(a=st.text(max_size=4), b=st.text(max_size=4))
def test_names_are_one_exactly_where_the_engine_says_so(a: str, b: str) -> None:
    if not (a.isprintable() and b.isprintable() and a and b):
        return
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.execute(f"CREATE TABLE relation ({quoted(a)} INTEGER)")
        try:
            connection.execute(f"SELECT {quoted(b)} FROM relation")
            same = True
        except duckdb.BinderException:
            same = b.lower() == "rowid"
        assert same == (fold(a) == fold(b) or b.lower() == "rowid")
