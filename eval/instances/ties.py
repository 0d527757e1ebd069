"""Whether an answer hangs on the order in which an engine happens to read rows. Knows SQL text only."""

from sqlglot import exp

from eval.scopes import DIALECT, parsed

PICKS = (exp.ArgMax, exp.ArgMin, exp.First, exp.Last, exp.AnyValue)
"""Aggregates that take the first of equals."""


def tie_breaks(sql: str, order: bool = False) -> tuple[str, str] | None:
    """The query with ties broken one way and the other way; None where its answer cannot depend on the order of rows.

    With ``order`` the order of the answer's own rows counts.
    """
    tree = parsed(sql)
    first, last = (_broken(tree.copy(), descending, order) for descending in (False, True))
    return None if first is None or last is None else (first, last)


def _broken(tree: exp.Expr, descending: bool, ordered: bool) -> str | None:
    changed = False
    for query in list(tree.find_all(exp.Query)):
        distinct = query.args.get("distinct")
        cut = query.args.get("limit") or query.args.get("offset") or (isinstance(distinct, exp.Distinct) and distinct.args.get("on"))
        if cut or (ordered and query is tree and query.args.get("order")):
            order = query.args.get("order") or exp.Order(expressions=[])
            order.set("expressions", [*order.expressions, *(_by(exp.Literal.number(i), descending) for i in range(1, len(query.selects) + 1))])
            query.set("order", order)
            changed = True
    for pick in list(tree.find_all(*PICKS)):
        last = "expression" if pick.expression else "this"
        pick.set(last, exp.Order(this=pick.args[last], expressions=[_by(pick.this.copy(), descending)]))
        changed = True
    for window in list(tree.find_all(exp.Window)):
        select = window.find_ancestor(exp.Select)
        columns = [column for item in (select.selects if select else ()) for column in item.find_all(exp.Column) if column.find_ancestor(exp.Window) is None]
        order = window.args.get("order") or exp.Order(expressions=[])
        order.set("expressions", [*order.expressions, *(_by(column.copy(), descending) for column in columns)])
        if order.expressions:
            window.set("order", order)
            changed = True
    return tree.sql(dialect=DIALECT) if changed else None


def _by(key: exp.Expr, descending: bool) -> exp.Ordered:
    return exp.Ordered(this=key, desc=descending, nulls_first=descending)
