"""Changes of what is read and shown: joins, groups, aggregates, columns, order and limits."""

from collections.abc import Iterator, Mapping

from sqlglot import exp

from eval.mutants.edit import Trees, changed, conjuncts, may_be_null, rejects_null, siblings
from eval.scopes import owner, sources
from eval.suite import Comparison

AGGREGATES: Mapping[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.Sum: (exp.Avg, exp.Max, exp.Count),
    exp.Avg: (exp.Sum, exp.Max, exp.Count),
    exp.Min: (exp.Max, exp.Count),
    exp.Max: (exp.Min, exp.Count),
    exp.ArgMax: (exp.ArgMin,),
    exp.ArgMin: (exp.ArgMax,),
    exp.LogicalAnd: (exp.LogicalOr,),
    exp.LogicalOr: (exp.LogicalAnd,),
}


def aggregate(tree: exp.Expr) -> Trees:
    """Another aggregate of the same thing; a COUNT of rows, of values or of distinct values."""

    def others(node: exp.Expr) -> Iterator[exp.Expr]:
        for kind in AGGREGATES[type(node)]:
            yield kind(this=node.this.copy()) if "expression" not in node.args else kind(this=node.this.copy(), expression=node.args["expression"].copy())

    yield from changed(tree, tuple(AGGREGATES), others)
    yield from changed(tree, (exp.Count,), _counts)


def _counts(node: exp.Count) -> Iterator[exp.Expr]:
    counted = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    select = node.find_ancestor(exp.Select)
    columns = [counted] if isinstance(counted, exp.Column) else []
    if isinstance(counted, exp.Star) and select is not None:
        alias, view = next(iter(sources(select).items()), ("", None))
        columns = [placed for name in (view.columns if view else ()) if (placed := _in_place(exp.column(name, table=alias), node))]
    around = node.parent.parent if isinstance(node.parent, exp.Filter) else node.parent
    only_any = isinstance(around, exp.Predicate) and any(part.name == "0" for part in (around.this, around.args.get("expression")) if part)
    distinct = [] if only_any else [c for c in columns if select is None or not _is_key(c, select)]
    values = [c for c in columns if may_be_null(c)]
    if isinstance(node.this, exp.Distinct):
        yield from (exp.Count(this=c.copy()) for c in distinct)
    else:
        yield from (exp.Count(this=exp.Distinct(expressions=[c.copy()])) for c in distinct[:2])
    if isinstance(counted, exp.Star):
        yield from (exp.Count(this=c.copy()) for c in values[:2])
    elif isinstance(counted, exp.Column) and (values or (isinstance(node.this, exp.Distinct) and distinct)):
        yield exp.Count(this=exp.Star())


def _is_key(column: exp.Column, select: exp.Select) -> bool:
    """With the keys of its groups the column is the key of a view, of which every joined view adds at most one row."""
    found, group = owner(column), select.args.get("group")
    fixed = {key.name for key in (group.expressions if group else ()) if isinstance(key, exp.Column) and _alias(key) == _alias(column)}
    once = all(_adds_one(join) for join in select.args.get("joins") or ())
    return found is not None and once and not may_be_null(column) and fixed | {column.name} >= set(found.view.key)


def _adds_one(join: exp.Join) -> bool:
    """Joined by equality with the whole key of its view."""
    ends = [side for test in conjuncts(join.args.get("on")) if isinstance(test, exp.EQ) for side in (test.this, test.expression)]
    joined = [(found, side.name) for side in ends if isinstance(side, exp.Column) and (found := owner(side)) and found.alias == join.alias_or_name]
    return bool(joined) and {name for _, name in joined} >= set(joined[0][0].view.key)


def _in_place(column: exp.Column, node: exp.Expr) -> exp.Column | None:
    """The column as it would read where ``node`` stands."""
    placed = column.copy()
    placed.parent = node
    return placed if isinstance(placed, exp.Column) and owner(placed) else None


def group_key(tree: exp.Expr) -> Trees:
    """Without one of the keys, or by another column of the same type, shown as well where the key is."""
    for number, select in enumerate(tree.find_all(exp.Select)):
        keys = select.args["group"].expressions if select.args.get("group") else []
        for key in keys:
            for other in [None, *(siblings(key)[:2] if isinstance(key, exp.Column) else [])]:
                copy = tree.copy()
                here = list(copy.find_all(exp.Select))[number]
                for part in [*here.args["group"].expressions, *(item.unalias() for item in here.expressions)]:
                    if part == key:
                        if other is not None:
                            part.replace(other.copy())
                        elif len(here.expressions) > 1 or part.find_ancestor(exp.Group):
                            (part.parent if isinstance(part.parent, exp.Alias) else part).pop()
                if not here.args["group"].expressions:
                    here.args["group"].pop()
                yield copy


def order(tree: exp.Expr, compare: Comparison) -> Trees:
    """Another direction, or none, of an order that decides what a LIMIT keeps or that counts itself."""

    def matters(node: exp.Expr) -> bool:
        query = node.find_ancestor(exp.Query)
        return query is not None and bool(query.args.get("limit") or node.find_ancestor(exp.Window) or (compare.order and query is tree))

    def turned(node: exp.Ordered) -> Iterator[exp.Expr]:
        if matters(node):
            other = node.copy()
            other.set("desc", not node.args.get("desc"))
            other.set("nulls_first", False)
            yield other

    yield from changed(tree, (exp.Ordered,), turned)
    yield from changed(tree, (exp.Order,), lambda node: (None,) if matters(node) else ())


def limit(tree: exp.Expr, compare: Comparison) -> Trees:
    """One row more or less, or all."""

    def others(node: exp.Limit) -> Iterator[exp.Expr | None]:
        free = not compare.limit and node.parent is tree
        size = int(node.expression.name) if node.expression.is_int else 0
        sizes = ([] if free else [size + 1]) + [size - 1] * (size > 1)
        yield from (exp.Limit(expression=exp.Literal.number(n)) for n in sizes)
        if not free:
            yield None

    yield from changed(tree, (exp.Limit,), others)


def distinct(tree: exp.Expr, compare: Comparison) -> Trees:
    """DISTINCT left out where duplicates count or a LIMIT cuts them, or put where duplicates count."""

    def counts(query: exp.Expr | None) -> bool:
        return query is not None and bool(query.args.get("limit") or (compare.duplicates and query is tree))

    def without(node: exp.Distinct) -> Iterator[None]:
        if isinstance(node.parent, exp.Select) and counts(node.parent):
            yield None

    def put(select: exp.Select) -> Iterator[exp.Expr]:
        if not select.args.get("distinct") and compare.duplicates and select is tree:
            other = select.copy()
            other.set("distinct", exp.Distinct())
            yield other

    yield from changed(tree, (exp.Distinct,), without)
    yield from changed(tree, (exp.Select,), put)


def join_kind(tree: exp.Expr) -> Trees:
    """INNER for LEFT and back, unless NULLs that a LEFT JOIN adds fail another condition."""

    def others(node: exp.Join) -> Iterator[exp.Expr]:
        if node.args.get("on") and not _rejected(node):
            other = node.copy()
            other.set("side", None if node.side == "LEFT" else "LEFT")
            other.set("kind", None)
            yield other

    yield from changed(tree, (exp.Join,), others)


def _rejected(join: exp.Join) -> bool:
    """A condition of the WHERE, or of a later INNER JOIN, is never true of a row that the join fills with NULLs."""
    select = join.find_ancestor(exp.Select)
    assert select is not None
    joins = select.args["joins"]
    later = [j.args.get("on") for j in joins[joins.index(join) + 1 :] if j.side != "LEFT"]
    where = select.args.get("where")
    tests = [test for condition in (*later, where.this if where else None) for test in conjuncts(condition)]
    return any(rejects_null(test, lambda column: _alias(column) == join.alias_or_name) for test in tests)


def _alias(column: exp.Column) -> str | None:
    found = owner(column)
    return found.alias if found else None


def join_condition(tree: exp.Expr) -> Trees:
    """No condition, or another column of the joined view in it."""

    def others(node: exp.Join) -> Iterator[exp.Expr]:
        if on := node.args.get("on"):
            other = node.copy()
            other.set("on", exp.true())
            yield other
            for number, used in enumerate(on.find_all(exp.Column)):
                for instead in siblings(used)[:1]:
                    other = node.copy()
                    list(other.args["on"].find_all(exp.Column))[number].replace(instead)
                    yield other

    yield from changed(tree, (exp.Join,), others)


def direction(tree: exp.Expr) -> Trees:
    """Lineage read the other way round, in the conditions and in the whole query."""
    swapped = {f"{a}stream{part}": f"{b}stream{part}" for a, b in (("up", "down"), ("down", "up")) for part in ("", "_kind", "_column")}
    for whole in (True, False):
        copy = tree.copy()
        for column in list(copy.find_all(exp.Column)):
            if column.name in swapped and (whole or column.find_ancestor(exp.Where, exp.Join)):
                column.set("this", exp.to_identifier(swapped[column.name]))
        yield copy


def depth(tree: exp.Expr) -> Trees:
    """Direct flows only, where every depth is asked for."""

    def others(select: exp.Select) -> Iterator[exp.Expr]:
        for alias, view in sources(select).items():
            if view.name == "lineage" and not any(column.name == "depth" for column in select.find_all(exp.Column)):
                yield select.where(exp.column("depth", table=alias).eq(1), copy=True)

    yield from changed(tree, (exp.Select,), others)


def column(tree: exp.Expr) -> Trees:
    """Another column of the same view and type."""

    def others(node: exp.Column) -> list[exp.Column]:
        decides = node.find_ancestor(exp.Order) is None or (query := node.find_ancestor(exp.Query)) is None or query.args.get("limit")
        return siblings(node)[:2] if decides and node.find_ancestor(exp.Join, exp.Group) is None else []

    yield from changed(tree, (exp.Column,), others)


def set_side(tree: exp.Expr) -> Trees:
    """One side of a UNION, INTERSECT or EXCEPT alone."""
    yield from changed(tree, (exp.SetOperation,), lambda node: (node.this, node.expression))
