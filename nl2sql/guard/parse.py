"""Reads SQL text with both parsers, DuckDB's and sqlglot's, within size limits, and has DuckDB bind what is to run.

The engine here is an in-memory database of empty views with files, network and settings closed. It knows no data.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from nl2sql.errors import NotAllowed, SqlSyntax
from nl2sql.guard import tree2
from nl2sql.guard.identifiers import fold, quoted
from nl2sql.guard.scope import shown
from nl2sql.guard.tree import Node, relation_names, walk

if TYPE_CHECKING:
    import duckdb

    from nl2sql.guard.schema import Declared

MAX_BYTES = 20_000
MAX_NODES = 6_000
"""Objects of the parse tree."""
MAX_DEPTH = 160
"""Levels of the parse tree; one nested expression takes two, one subquery about six."""
MAX_TEXT = 2_000
"""Characters of one literal."""
MAX_JOINS = 12
MAX_CTES = 16
MAX_SET_OPERATIONS = 16

SERIALIZE = "SELECT json_serialize_sql(?::VARCHAR, skip_null := false, skip_empty := false, skip_default := false)"
_local = threading.local()
_WORD = re.compile(r"[A-Za-z_]\w*")

MAX_ENGINES = 8


def engine(declared: "Declared" = ()) -> "duckdb.DuckDBPyConnection":
    """This thread's empty engine with these views, made on first use (about 20 ms)."""
    import duckdb

    engines: dict[Declared, duckdb.DuckDBPyConnection] = _local.__dict__.setdefault("engines", {})
    if declared not in engines:
        while len(engines) >= MAX_ENGINES:
            engines.pop(next(iter(engines))).close()
        connection = duckdb.connect(":memory:", config={"threads": 1, "python_enable_replacements": False})
        for view, columns in declared:
            listed = ", ".join(f"{quoted(name)} {sql_type}" for name, sql_type in columns)
            connection.execute(f"CREATE TABLE {quoted(view)} ({listed})")
        connection.execute("PRAGMA disable_optimizer")
        connection.execute("SET enable_external_access = false; SET lock_configuration = true")
        engines[declared] = connection
    engines[declared] = engines.pop(declared)  # the one used longest ago is the first to go
    return engines[declared]


def statements_of(text: str) -> frozenset[str]:
    """Kinds of the statements that a text is, such as ``DROP``; none where it is no SQL. It is parsed and never run."""
    import duckdb

    try:
        return frozenset(statement.type.name for statement in engine().extract_statements(text))
    except duckdb.Error:
        return frozenset()


def tree_of(sql: str) -> Node:
    """DuckDB's parse tree of one SELECT statement, without text positions.

    Raises `SqlSyntax` where the text is not exactly one SELECT, `NotAllowed` where it is too large.
    """
    import duckdb

    try:
        size = len(sql.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise SqlSyntax("The SQL holds characters that are no Unicode text.") from error
    if size > MAX_BYTES:
        raise NotAllowed("The SQL is too long.", f"Keep it under {MAX_BYTES:,} bytes.")
    try:
        row = engine().execute(SERIALIZE, [sql]).fetchone()
    except duckdb.Error as error:
        raise SqlSyntax("DuckDB cannot read the SQL.") from error
    assert row is not None
    try:
        reply = json.loads(row[0], object_hook=_without_position)
    except (RecursionError, ValueError) as error:
        raise NotAllowed("The SQL is nested too deeply or holds unreadable text.") from error
    if reply["error"]:
        raise _syntax_error(sql, reply)
    if len(reply["statements"]) != 1:
        raise SqlSyntax("Write exactly one SELECT statement.")
    if "\x00" in sql and _reader() is not _as_it_is:
        raise SqlSyntax("DuckDB cannot read the SQL.")  # 1.5 could not, and what prints and logs texts need not
    statement = _reader()(reply["statements"][0])
    _check_size(statement)
    return statement


@cache
def _reader() -> Callable[[Any], Node]:
    """What makes the trees of this engine those that ``shapes`` lists, told by a tree of the engine's own.

    Trees of DuckDB 1.5 stay as they are, those of 2.0 are translated. So do others stay, and the walk refuses them.
    """
    row = engine().execute(SERIALIZE, ["SELECT 1"]).fetchone()
    assert row is not None
    constant = json.loads(row[0])["statements"][0]["node"]["select_list"][0]
    return tree2.translated if "literal" in constant and "value" not in constant else _as_it_is


def _as_it_is(statement: Any) -> Node:
    known: Node = statement
    return known


def _without_position(item: Node) -> Node:
    item.pop("query_location", None)
    return item


def _syntax_error(sql: str, reply: Node) -> SqlSyntax:
    if reply.get("error_type") == "not implemented":
        return SqlSyntax("Only a single SELECT statement can be run.", "Questions read the catalog; nothing is changed by SQL.")
    position = str(reply.get("position", ""))
    word = _WORD.match(sql, int(position)) if position.isdigit() else None
    near = f" near {shown(word.group())}" if word else ""
    return SqlSyntax(f"DuckDB cannot read the SQL{near}.", "A column called like a word of SQL takes its view: market.at.")


def _check_size(statement: Node) -> None:
    nodes, counts = 0, Counter[str]()
    level, depth = [statement], 0
    while level:
        depth += 1
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                nodes += 1
                counts[str(item.get("type"))] += 1
                below += [v for v in item.values() if isinstance(v, dict | list)]
            else:
                below += [v for v in item if isinstance(v, dict | list)]
        level = below
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise NotAllowed("The SQL is nested too deeply or too large.", "Split it into simpler questions.")
    ctes = sum("key_targets" in item for item in walk(statement))
    texts = (item["value"] for item in walk(statement) if isinstance(item.get("value"), str))
    if counts["JOIN"] > MAX_JOINS or ctes > MAX_CTES or counts["SET_OPERATION_NODE"] > MAX_SET_OPERATIONS:
        raise NotAllowed(
            "The SQL joins too much at once.", f"At most {MAX_JOINS} joins, {MAX_CTES} CTEs and {MAX_SET_OPERATIONS} set operations."
        )
    if any(len(text) > MAX_TEXT for text in texts):
        raise NotAllowed("A text in the SQL is too long.", f"Keep each under {MAX_TEXT:,} characters.")


def agree(sql: str, statement: Node) -> None:
    """Have sqlglot read the text too. Raises `SqlSyntax` unless it sees one query over the same relations.

    Comes after DuckDB's tree was checked, because sqlglot takes exponential time on some text that is no SQL.
    """
    import sqlglot
    from sqlglot import exp

    try:
        parsed = sqlglot.parse(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise SqlSyntax("The two SQL parsers do not agree on this text.", "Write it in plainer SQL.") from error
    statements = [p for p in parsed if p is not None and not isinstance(p, exp.Semicolon)]
    named = Counter[str]()
    if len(statements) == 1 and isinstance(statements[0], exp.Query):
        tables = [t for t in statements[0].find_all(exp.Table) if isinstance(t.this, exp.Identifier)]
        named.update(".".join(fold(p.name) for p in t.parts) for t in tables)
        if named == relation_names(statement):
            return
    raise SqlSyntax("The two SQL parsers do not agree on this text.", "Write it in plainer SQL.")


def bind(sql: str, declared: "Declared") -> None:
    """Have DuckDB bind the statement over empty views, those of a schema. Raises `NotAllowed` with its reason, less any value in it."""
    import duckdb

    try:
        engine(declared).execute(f"PREPARE approved AS {sql}")
    except duckdb.Error as error:
        # Before its first quoted value a reason names nothing but names of the vetted text.
        reason = str(error).splitlines()[0].partition(": ")[2].partition("'")[0].rstrip("!. ")
        raise NotAllowed(f"The engine cannot run this: {reason[:160]}." if reason else "The engine cannot run this.") from error
