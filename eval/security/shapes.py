"""Shapes that attacks take besides their place in a statement: wrappings, payloads that break out of a text, and probes that fail.

Text in, text out; knows the names of views and nothing of guards.
"""

import base64
from collections.abc import Callable, Iterator
from random import Random

Wrapping = Callable[[str], str]
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x41, 0x7B) if chr(code).isalpha()}
CONFUSABLE = str.maketrans("aceopsxy", "асеорѕху")
"""Latin letters to Cyrillic ones that look the same."""


def _text(sql: str) -> str:
    return "'" + sql.replace("'", "''") + "'"


def _swapped(sql: str) -> str:
    random = Random(sql)
    return "".join(c.upper() if random.random() < 0.5 else c.lower() for c in sql)


WRAPPINGS: dict[str, Wrapping] = {
    "lower": str.lower,
    "upper": str.upper,
    "mixed case": _swapped,
    "parentheses": lambda sql: f"({sql})",
    "double parentheses": lambda sql: f"(({sql}))",
    "derived table": lambda sql: f"SELECT * FROM ({sql}) t",
    "table in a table": lambda sql: f"SELECT * FROM (SELECT * FROM ({sql}) a) b",
    "cte": lambda sql: f"WITH q AS ({sql}) SELECT * FROM q",
    "cte of two": lambda sql: f"WITH p AS (SELECT 1), q AS ({sql}) SELECT q.* FROM q, p",
    "cte named like a view": lambda sql: f"WITH models AS ({sql}) SELECT * FROM models",
    "recursive cte": lambda sql: f"WITH RECURSIVE q AS ({sql}) SELECT * FROM q",
    "union with nothing": lambda sql: f"{sql} UNION ALL {sql}",
    "array": lambda sql: f"SELECT ARRAY({sql})",
    "value": lambda sql: f"VALUES (({sql}))",
    "exists": lambda sql: f"SELECT EXISTS ({sql})",
    "count": lambda sql: f"SELECT count(*) FROM ({sql}) t",
    "lateral": lambda sql: f"SELECT t.* FROM nodes, LATERAL ({sql}) t",
    "whole row": lambda sql: f"SELECT t FROM ({sql}) t",
    "star of columns": lambda sql: f"SELECT COLUMNS(*) FROM ({sql}) t",
    "comments for spaces": lambda sql: sql.replace(" ", "/**/"),
    "nested comments": lambda sql: sql.replace(" ", " /* /* */ ; -- */ */ ", 1),
    "line comments": lambda sql: sql.replace(" ", " --x\n", 2),
    "line breaks": lambda sql: sql.replace(" ", "\r\n\t"),
    "no-break spaces": lambda sql: sql.replace(" ", "\u00a0"),
    "ideographic spaces": lambda sql: sql.replace(" ", "\u3000"),
    "zero-width spaces": lambda sql: sql.replace("a", "a\u200b"),
    "byte order mark": lambda sql: "\ufeff" + sql,
    "full-width letters": lambda sql: sql.translate(FULL_WIDTH),
    "cyrillic look-alikes": lambda sql: sql.translate(CONFUSABLE),
    "combining marks": lambda sql: sql.replace("e", "e\u0301", 1),
    "nul at the end": lambda sql: sql + "\x00",
    "nul within": lambda sql: sql.replace(" ", " \x00", 1),
    "semicolon": lambda sql: sql + ";",
    "empty statements": lambda sql: f";;{sql};;",
    "behind a query": lambda sql: f"SELECT 1; {sql}",
    "before a query": lambda sql: f"{sql}; SELECT 1",
    "behind a comment": lambda sql: f"SELECT 1 /* ; */ ; {sql} --",
    "explain": lambda sql: f"EXPLAIN {sql}",
    "explain analyze": lambda sql: f"EXPLAIN ANALYZE {sql}",
    "describe": lambda sql: f"DESCRIBE {sql}",
    "summarize": lambda sql: f"SUMMARIZE {sql}",
    "create table": lambda sql: f"CREATE TEMP TABLE x AS {sql}",
    "create view": lambda sql: f"CREATE TEMP VIEW nodes AS {sql}",
    "copy": lambda sql: f"COPY ({sql}) TO '{{home}}/out.csv'",
    "copy to stdout": lambda sql: f"COPY ({sql}) TO '/dev/stdout'",
    "prepare": lambda sql: f"PREPARE p AS {sql}",
    "execute immediate": lambda sql: f"EXECUTE IMMEDIATE {_text(sql)}",
    "query()": lambda sql: f"SELECT * FROM query({_text(sql)})",
    "query() quoted": lambda sql: f'SELECT * FROM "query"({_text(sql)})',
    "query() of dollars": lambda sql: f"SELECT * FROM query($a${sql}$a$)",
    "query() in halves": lambda sql: f"SELECT * FROM query({_text(sql[:9])} || {_text(sql[9:])})",
    "query() decoded": lambda sql: f"SELECT * FROM query(decode(from_base64('{base64.b64encode(sql.encode()).decode()}')))",
    "dotted query": lambda sql: f"SELECT {_text(sql)}.query()",
    "serialised": lambda sql: f"FROM json_execute_serialized_sql(json_serialize_sql({_text(sql)}))",
    "pragma serialised": lambda sql: f"PRAGMA json_execute_serialized_sql(json_serialize_sql({_text(sql)}))",
    "pivot": lambda sql: f"PIVOT ({sql}) ON name USING count(*)",
    "insert": lambda sql: f"INSERT INTO nodes {sql}",
    "attach": lambda sql: f"ATTACH ':memory:' AS m; {sql}",
    "setting first": lambda sql: f"SET enable_external_access = true; {sql}",
    "escape text": lambda sql: f"SELECT E'\\'' || ({sql} LIMIT 1) --'",
    "backslash text": lambda sql: f"SELECT name FROM datasets WHERE name = '\\' UNION ALL ({sql}) --'",
}
"""What is put around a whole statement."""

CARRIERS = {
    "text": "SELECT name FROM datasets WHERE name = '{}'",
    "text in brackets": "SELECT name FROM datasets WHERE (licence = '{}') ORDER BY name",
    "number": "SELECT name FROM datasets WHERE row_count = {}",
    "pattern": "SELECT name FROM datasets WHERE name LIKE '%{}%' ORDER BY name",
}
"""Statements into which a careless program pastes what somebody typed."""
CLOSINGS = {"text": ("x' ", " -- "), "text in brackets": ("x') ", " -- "), "number": ("1 ", ""), "pattern": ("x%' ", " /*")}
"""What ends the text of a carrier, and what makes the rest of the carrier go away."""
SOUGHT = {
    "column": "SELECT max(steward) FROM datasets",
    "view": "SELECT max(principal) FROM grants",
    "row": "SELECT max(name) FROM datasets WHERE sensitivity = 'restricted'",
    "schema": "SELECT max(table_name) FROM information_schema.tables",
    "file": "SELECT max(content) FROM read_text('{{file}}')",
}
TECHNIQUES = {
    "boolean": "OR (SELECT ascii(substr(({}), {n}, 1)) > {c})",
    "boolean and": "AND 1 = (CASE WHEN (({}) LIKE '{l}%') THEN 1 ELSE 0 END)",
    "boolean length": "OR length(({})) > {n}",
    "boolean union": "OR EXISTS ({}) AND 'a' < 'b'",
    "error": "AND 1 = CAST((({})) AS INTEGER)",
    "error division": "AND 1 // (CASE WHEN ({}) LIKE '{l}%' THEN 0 ELSE 1 END) > 0",
    "error raised": "AND CASE WHEN ({}) LIKE '{l}%' THEN error('yes') ELSE TRUE END",
    "union": "UNION ALL {}",
    "union null": "UNION ALL SELECT NULL UNION {}",
    "union order": "UNION SELECT ({}) ORDER BY 1",
    "stacked": "; {};",
    "stacked write": "; CREATE TABLE got AS {};",
    "inline": "OR name = ({})",
    "inline case": "OR (SELECT CASE WHEN ({}) IS NOT NULL THEN TRUE END)",
    "time": "AND (SELECT CASE WHEN ({}) LIKE '{l}%' THEN (SELECT count(*) FROM range(200000) a) ELSE 0 END) > 0",
    "time sleep": "; SELECT sleep_ms(1) WHERE ({}) LIKE '{l}%';",
}
"""How a payload gets at the value: the six families of sqlmap, and what bears on DuckDB."""


def payloads() -> Iterator[tuple[str, str, str]]:
    """What breaks out of a carrier, as id, what it is after, and the statement that comes of it."""
    for at, (carrier, template) in enumerate(CARRIERS.items()):
        opening, closing = CLOSINGS[carrier]
        for step, (technique, shape) in enumerate(TECHNIQUES.items()):
            for after, sought in SOUGHT.items():
                guess = {"n": 1 + (at + step) % 7, "c": 97 + 3 * step % 26, "l": "cnr"[: 1 + step % 3]}
                payload = shape.format(sought.replace("{{", "{").replace("}}", "}"), **guess)
                yield f"{carrier} / {technique} / {after}", after, template.replace("{}", opening + payload + closing)


FAILING = {
    "raised": "error(d.name) IS NULL",
    "raised if": "CASE WHEN d.sensitivity <> 'public' THEN error('seen') ELSE TRUE END",
    "cast": "CAST(d.name AS INTEGER) IS NULL",
    "cast date": "CAST(d.description AS DATE) IS NULL",
    "parsed": "strptime(d.name, '%Y') IS NULL",
    "root": "sqrt(40.5 - d.row_count) >= 0",
    "logarithm": "ln(40.5 - d.row_count) IS NOT NULL",
    "log of two": "log2(40.5 - d.row_count) IS NOT NULL",
    "product": "d.row_count * 9000000000000000 > 0",
    "sum": "d.row_count + 9223372036854775000 > 0",
    "difference": "-9223372036854775000 - d.row_count < 0",
    "days": "DATE '2026-01-01' + CAST(d.row_count AS INTEGER) > DATE '2026-01-01'",
    "years": "to_years(CAST(d.row_count * 1000000 AS INTEGER)) IS NOT NULL",
    "interval": "TIMESTAMP '2026-01-01 00:00:00' + INTERVAL 1 DAY * d.row_count > TIMESTAMP '2026-01-01 00:00:00'",
    "hamming": "hamming(CASE WHEN d.row_count > 40 THEN 'a' ELSE 'bb' END, 'bb') >= 0",
    "modulo": "mod(d.row_count, d.row_count - 1000) IS NULL",
    "whole division": "1 // (d.row_count - 1000) >= 0",
    "sized": "length(repeat('x', d.row_count)) > 0",
    "absolute": "abs(-9223372036854775807 - d.row_count) > 0",
    "list": "list_extract(d.languages, d.row_count) IS NULL",
    "scalar of many": "d.name = (SELECT e.name FROM datasets e WHERE e.row_count > 900)",
}
"""Conditions that fail on some rows and not on others, so that an error tells of a row that the asker does not get."""
SEEN = {
    "where": "SELECT d.name FROM datasets d WHERE {} ORDER BY d.name",
    "projection": "SELECT d.name, {} AS x FROM datasets d ORDER BY ALL",
    "projection limited": "SELECT {} AS x FROM datasets d LIMIT 1",
    "beside a condition": "SELECT d.name FROM datasets d WHERE d.sensitivity = 'public' AND {} ORDER BY d.name",
    "join": "SELECT d.name FROM datasets d JOIN \"columns\" c ON c.dataset = d.name AND {} ORDER BY ALL",
    "left join": "SELECT d.name FROM nodes n LEFT JOIN datasets d ON d.node = n.node AND {} ORDER BY ALL",
    "semi join": "SELECT n.node FROM nodes n SEMI JOIN datasets d ON d.node = n.node AND {} ORDER BY ALL",
    "exists": "SELECT n.node FROM nodes n WHERE EXISTS (SELECT 1 FROM datasets d WHERE d.node = n.node AND {}) ORDER BY ALL",
    "in": "SELECT c.column_name FROM \"columns\" c WHERE c.dataset IN (SELECT d.name FROM datasets d WHERE {}) ORDER BY ALL",
    "aggregate": "SELECT count(*) FILTER (WHERE {}) FROM datasets d",
    "group": "SELECT d.domain, bool_or({}) FROM datasets d GROUP BY d.domain ORDER BY ALL",
    "order": "SELECT d.name FROM datasets d ORDER BY {}, d.name",
    "window": "SELECT d.name, count(*) OVER (PARTITION BY {}) FROM datasets d ORDER BY ALL",
    "cte": "WITH d AS MATERIALIZED (SELECT * FROM datasets) SELECT d.name FROM d WHERE {} ORDER BY ALL",
    "union": "SELECT d.name FROM datasets d WHERE {} UNION ALL SELECT m.name FROM models m ORDER BY ALL",
}
"""Where PostgreSQL's row-security tests put ``f_leak``, which tells of each row that it is called on."""


def probes() -> Iterator[tuple[str, str]]:
    """Every failing condition in every place, as id and statement."""
    for failing, condition in FAILING.items():
        for place, template in SEEN.items():
            yield f"{failing} / {place}", template.replace("{}", condition)
