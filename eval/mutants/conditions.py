"""Changes of what is asked of a row: conditions, comparisons, constants and arithmetic."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from eval.mutants.edit import Trees, Values, changed, is_instant, known_values, may_be_null

COMPARISONS: Mapping[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.EQ: (exp.NEQ,),
    exp.NEQ: (exp.EQ, exp.NullSafeNEQ),
    exp.LT: (exp.LTE, exp.GT),
    exp.LTE: (exp.LT, exp.GTE),
    exp.GT: (exp.GTE, exp.LT),
    exp.GTE: (exp.GT, exp.LTE),
    exp.NullSafeNEQ: (exp.NullSafeEQ, exp.NEQ),
    exp.NullSafeEQ: (exp.NullSafeNEQ, exp.EQ),
}
SAME_BUT_FOR_AN_INSTANT: frozenset[frozenset[type[exp.Expr]]] = frozenset({frozenset({exp.LT, exp.LTE}), frozenset({exp.GT, exp.GTE})})
SAME_BUT_FOR_NULL: frozenset[frozenset[type[exp.Expr]]] = frozenset({frozenset({exp.EQ, exp.NullSafeEQ}), frozenset({exp.NEQ, exp.NullSafeNEQ})})
OPPOSITES: Mapping[type[exp.Expr], type[exp.Expr]] = {exp.Add: exp.Sub, exp.Sub: exp.Add, exp.Mul: exp.Div, exp.Div: exp.Mul}
PARTS = ("MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


def dropped(tree: exp.Expr) -> Trees:
    """Without one side of an AND or OR."""
    yield from changed(tree, (exp.And, exp.Or), lambda node: (node.this, node.expression))


def dropped_clause(tree: exp.Expr) -> Trees:
    """Without a WHERE, a HAVING, a FILTER, a COALESCE or a NULLIF."""
    yield from changed(tree, (exp.Filter,), lambda node: (node.this,))
    yield from changed(tree, (exp.Where,), lambda node: () if isinstance(node.parent, exp.Filter) else (None,))
    yield from changed(tree, (exp.Having,), lambda node: (None,))
    yield from changed(tree, (exp.Coalesce, exp.Nullif), lambda node: (node.this,) if any(map(may_be_null, node.find_all(exp.Column))) else ())


def comparison(tree: exp.Expr) -> Trees:
    """``<`` for ``<=``, ``<>`` for ``=`` and the like."""

    def others(node: exp.Expr) -> Iterator[exp.Expr]:
        columns = list(node.find_all(exp.Column))
        for kind in COMPARISONS[type(node)]:
            pair = {kind, type(node)}
            if pair in SAME_BUT_FOR_AN_INSTANT and any(map(is_instant, columns)):
                continue
            if pair not in SAME_BUT_FOR_NULL or any(map(may_be_null, columns)):
                yield kind(this=node.this.copy(), expression=node.args["expression"].copy())

    yield from changed(tree, tuple(COMPARISONS), others)


def negation(tree: exp.Expr) -> Trees:
    """NOT left out, or put before a test that has none."""

    def negated(node: exp.Expr) -> Iterator[exp.Expr]:
        bare = not isinstance(node, exp.Column) or isinstance(node.parent, exp.Where | exp.And | exp.Or | exp.Paren)
        if bare and not isinstance(node.parent, exp.Not):
            yield exp.Not(this=node.copy())

    yield from changed(tree, (exp.Not,), lambda node: (node.this,))
    yield from changed(tree, (exp.Exists, exp.In, exp.Like, exp.ILike, exp.Is, exp.Between, exp.ArrayContains, exp.Column), negated)


def and_or(tree: exp.Expr) -> Trees:
    """OR for AND and back; the other connectives keep what they bind."""
    yield from changed(tree, (exp.And,), lambda node: (exp.Paren(this=exp.Or(this=node.this.copy(), expression=node.expression.copy())),))
    yield from changed(tree, (exp.Or,), lambda node: (exp.Paren(this=exp.And(this=node.this.copy(), expression=node.expression.copy())),))


def literal(tree: exp.Expr, values: Values, tolerance: float) -> Trees:
    """The next number up and down, the day before and after, another pattern, or up to two other values of the column."""
    yield from changed(tree, (exp.Literal,), lambda node: _others(node, values, tolerance))


def _others(node: exp.Literal, values: Values, tolerance: float) -> list[exp.Expr]:
    text, parent = str(node.this), node.parent
    if isinstance(parent, exp.Limit | exp.Ordered):
        return []
    if not node.is_string or isinstance(parent, exp.Interval):
        scales = isinstance(parent, exp.Mul | exp.Div)
        return [exp.Literal(this=other, is_string=node.is_string) for other in _numbers(text) if not (scales and _close(text, other, tolerance))]
    if isinstance(parent, exp.Cast):
        return [exp.Literal.string(other) for other in _days(text)]
    if isinstance(parent, exp.Like | exp.ILike):
        return [exp.Literal.string(other) for other in (text.removeprefix("%"), text.removesuffix("%"), text.strip("%"))]
    column = parent.find(exp.Column) if parent is not None else None
    known = [value for value in known_values(column, values) if value != text] if column is not None else []
    start = sum(map(ord, text))
    return [exp.Literal.string(other) for other in dict.fromkeys(known[(start + step) % len(known)] for step in (0, 1) if known)]


def _numbers(text: str) -> list[str]:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return []
    unit = Decimal((0, (1,), min(int(number.as_tuple().exponent), 0)))
    return [format(other, "f") for other in (number + unit, number - unit) if other >= 0]


def _close(number: str, other: str, tolerance: float) -> bool:
    return abs(float(number) - float(other)) <= tolerance * max(abs(float(number)), abs(float(other)))


def _days(text: str) -> list[str]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return []
    return [(moment + timedelta(days=days)).isoformat(" ")[: len(text)] for days in (1, -1)]


def list_entry(tree: exp.Expr) -> Trees:
    """An IN list without one of its entries."""

    def others(node: exp.In) -> Iterator[exp.Expr]:
        for entry in range(len(node.expressions) if len(node.expressions) > 1 else 0):
            shorter = node.copy()
            shorter.expressions[entry].pop()
            yield shorter

    yield from changed(tree, (exp.In,), others)


def date_part(tree: exp.Expr) -> Trees:
    """The next coarser and finer unit of a truncation, a difference, an interval or an extraction."""

    def others(node: exp.Expr) -> Iterator[exp.Expr]:
        unit = node.this if isinstance(node, exp.Extract) else node.args.get("unit")
        name = unit.name.upper() if isinstance(unit, exp.Expr) else ""
        if name in PARTS:
            at = PARTS.index(name)
            for part in PARTS[max(at - 1, 0) : at + 2]:
                other = node.copy()
                other.set("this" if isinstance(node, exp.Extract) else "unit", exp.var(part))
                yield other

    yield from changed(tree, (exp.TimestampTrunc, exp.DateTrunc, exp.DateDiff, exp.Interval, exp.Extract), others)


def arithmetic(tree: exp.Expr) -> Trees:
    """``-`` for ``+``, ``/`` for ``*`` and back."""

    def others(node: exp.Expr) -> Iterator[exp.Expr]:
        yield OPPOSITES[type(node)](this=node.this.copy(), expression=node.args["expression"].copy())

    yield from changed(tree, tuple(OPPOSITES), others)
