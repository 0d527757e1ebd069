"""Which one dataset an answer is about, from its SQL and its rows. Knows no screen."""

import sqlglot
from sqlglot import exp

from catalog.semantic import views
from nl2sql.turn import Answered

NAMES = frozenset({"name", "dataset"})
"""Result columns that name a dataset."""


def dataset_of(outcome: Answered) -> str | None:
    """The only dataset that the statement compares with, or that the rows name; None where there are several or none."""
    named = _compared(outcome.sql) or _listed(outcome)
    return named.pop() if len(named) == 1 else None


def _compared(sql: str) -> set[str]:
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return set()
    found = set()
    for equal in tree.find_all(exp.EQ):
        column, value = equal.left, equal.right
        if isinstance(column, exp.Column) and isinstance(value, exp.Literal) and value.is_string and _slot(column) in ("dataset", "model"):
            found.add(value.name)
    return found


def _slot(column: exp.Column) -> str:
    view = views().get(column.table)
    known = view.columns.get(column.name) if view else None
    return known.slot if known else ""


def _listed(outcome: Answered) -> set[str]:
    result = outcome.result
    at = next((at for at, name in enumerate(result.columns) if name in NAMES), None)
    return {row[at] for row in result.rows if isinstance(row[at], str)} if at is not None and result.rows else set()


def laid_out(sql: str) -> str:
    """A statement with its clauses on lines of their own; as it stands where it cannot be read."""
    try:
        return str(sqlglot.transpile(sql, read="duckdb", write="duckdb", pretty=True)[0])
    except sqlglot.errors.SqlglotError:
        return sql


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return exp.Literal.string(text).sql(dialect="duckdb")
