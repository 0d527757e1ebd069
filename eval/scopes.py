"""Which view a column of a gold belongs to. Knows plain SELECTs over the views; what it cannot resolve it calls unknown."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp, parse_one

from catalog.semantic import View, views

DIALECT = "duckdb"


@dataclass(frozen=True, slots=True)
class Owner:
    """A column of a view that one SELECT reads under an alias."""

    select: exp.Select
    alias: str
    view: View


def parsed(sql: str) -> exp.Expr:
    """The tree of one statement; raises `sqlglot.errors.ParseError`."""
    return parse_one(sql, dialect=DIALECT)


def sources(select: exp.Select) -> Mapping[str, View]:
    """Alias to view of what a SELECT reads itself; derived tables are left out."""
    listed = [select.args.get("from_") or select.args.get("from"), *(select.args.get("joins") or ())]
    tables = [part.this for part in listed if part is not None and isinstance(part.this, exp.Table)]
    return {table.alias_or_name: views()[table.name] for table in tables if table.name in views()}


def owner(column: exp.Column) -> Owner | None:
    """Where a column comes from: the innermost SELECT around it that reads a view which has it."""
    node: exp.Expr | None = column
    while node is not None:
        node = node.parent
        if isinstance(node, exp.Select):
            for alias, view in sources(node).items():
                if column.table in ("", alias) and column.name in view.columns:
                    return Owner(node, alias, view)
    return None
