"""Changes one node of a tree at a time, each time in a copy."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from sqlglot import exp

from catalog.semantic import views
from eval.instances.stock import optional
from eval.scopes import owner

N = TypeVar("N", bound=exp.Expr)
Trees: TypeAlias = Iterator[exp.Expr]
REJECTS_NULL = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Like, exp.ILike, exp.In, exp.Between, exp.ArrayContains, exp.Column)
Values: TypeAlias = Mapping[tuple[str, str], Sequence[Any]]
"""View and column to values that occur."""


def changed(tree: exp.Expr, types: tuple[type[N], ...], others: Callable[[N], Iterable[exp.Expr | None]]) -> Trees:
    """A copy of the tree for every node of these types and everything it may become; None leaves the node out."""
    for number, node in enumerate(tree.find_all(*types)):
        if not _unread(node):
            for other in others(node):
                copy = tree.copy()
                here = next(islice(copy.find_all(*types), number, None))
                if here is copy:
                    if other is not None:
                        yield other.copy()
                elif other is None:
                    here.pop()
                    yield copy
                else:
                    here.replace(other.copy())
                    yield copy


def _unread(node: exp.Expr) -> bool:
    """Within what an EXISTS selects."""
    at: exp.Expr = node
    while at.parent is not None:
        if isinstance(at.parent, exp.Select) and at.arg_key == "expressions" and isinstance(at.parent.parent, exp.Exists):
            return True
        at = at.parent
    return False


def conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    """``a AND b AND c`` → [a, b, c]."""
    if condition is None:
        return []
    inner = condition.unnest()
    return list(inner.flatten()) if isinstance(inner, exp.And) else [inner]


def siblings(column: exp.Column) -> list[exp.Column]:
    """Other columns of the same view and type, the next ones first; those that every view has come last."""
    found = owner(column)
    if found is None:
        return []
    names = [c.name for c in found.view.columns.values() if c.type == found.view.columns[column.name].type]
    start = names.index(column.name)
    return [exp.column(name, table=column.args.get("table")) for name in [*names[start + 1 :], *names[:start]]]


def may_be_null(column: exp.Column) -> bool:
    """Whether data could hold a NULL that reaches an aggregate over the column."""
    found = owner(column)
    if found is None:
        return True
    stored = column.name in found.view.columns and column.name not in ("depth", "path", "is_partial", "jurisdiction")
    if not stored or (column.name not in optional(found.view.name) and (found.view.name, column.name) not in DERIVED):
        return _outer(found.select, found.alias)
    where = found.select.args.get("where")
    tests = conjuncts(where.this if where else None)
    return not any(rejects_null(test, lambda other: other.name == column.name and owner(other) == found) for test in tests)


def is_instant(column: exp.Column) -> bool:
    """A point in time, of which nobody says on which side of it a span ends."""
    found = owner(column)
    return found is not None and column.name in found.view.columns and found.view.columns[column.name].type == "TIMESTAMP"


def rejects_null(test: exp.Expr, about: Callable[[exp.Column], bool]) -> bool:
    """Whether a condition is never true where a column that it is ``about`` is NULL: a comparison, its NOT, or IS NOT NULL."""
    inner = test.unnest()
    if isinstance(inner, exp.Not):
        inner = inner.this.unnest()
        if isinstance(inner, exp.Is):
            return isinstance(inner.this, exp.Column) and about(inner.this)
    if isinstance(inner, exp.Or):
        return all(rejects_null(part, about) for part in inner.flatten())
    if not isinstance(inner, REJECTS_NULL):
        return False
    compared = [inner] if isinstance(inner, exp.Column) else [inner.this, inner.args.get("expression")]
    return any(isinstance(part, exp.Column) and about(part) for part in compared)


DERIVED = {("datasets", "country"), ("datasets", "quality_score")}
"""Columns that no record holds and that may be NULL all the same."""


def _outer(select: exp.Select, alias: str) -> bool:
    return any(join.side == "LEFT" and join.alias_or_name == alias for join in select.args.get("joins") or ())


def known_values(column: exp.Column, values: Values) -> list[Any]:
    """Values of a column, its closed vocabulary included."""
    found = owner(column)
    if found is None:
        return []
    listed = views()[found.view.name].columns[column.name].values
    return sorted({str(v) for v in (*listed, *values.get((found.view.name, column.name), ())) if v is not None and not isinstance(v, tuple | list)})
