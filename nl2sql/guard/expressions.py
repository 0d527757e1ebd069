"""Binds expressions: resolves each name, types each part, and rewrites what would read the clock or could fail on data.

``CAST(x AS INTEGER)`` of text becomes ``TRY_CAST``, ``now()`` the asker's clock, a text literal beside a date a date
literal. Anything that would need an implicit cast that may fail is refused.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nl2sql.errors import NotAllowed
from nl2sql.guard import functions, kinds
from nl2sql.guard.functions import Argument, Literal
from nl2sql.guard.kinds import Kind
from nl2sql.guard.literals import cast, interval_of, is_plain_call, literal_of, series_is_small
from nl2sql.guard.scope import Bound, Relation, Scope, did_you_mean, shown, unknown_column
from nl2sql.guard.tree import Node

CLOCK_TIMESTAMPS = frozenset({"now", "current_timestamp", "get_current_timestamp", "localtimestamp", "transaction_timestamp"})
CLOCK_DATES = frozenset({"current_date", "today"})
SERIES = frozenset({"range", "generate_series"})
KEYWORDS = frozenset({"trim", "substring"})
"""Functions with a grammar of their own, which DuckDB's parser puts into a schema."""
SPELT = {"position": "strpos"}
"""Functions written by another of their names, because their own has a grammar of its own."""
LITERAL_HINT = "Write DATE '2026-01-31', TIMESTAMP '2026-01-31 12:00:00', INTERVAL '7 days' or a plain number."
TRY_CAST_HINT = "Compare values of one type, or convert one side with TRY_CAST."


class Expressions:
    """The expression half of the binder; `query` is supplied by the query half."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def query(self, query: Node, scope: Scope, named: bool) -> tuple[Node, Relation]:
        """A subquery rewritten, and what it gives; ``named`` where its columns need names of their own."""
        raise NotImplementedError

    def expression(self, node: Node, scope: Scope) -> Bound:
        """The node with every name resolved. Raises `Repairable` errors; an alias here would be a named argument."""
        if node["alias"]:
            raise NotAllowed("Named arguments are not part of what Steward runs.")
        match node["class"]:
            case "CONSTANT":
                return Bound(node, "null" if node["value"]["is_null"] else kinds.of_type(node["value"]["type"]))
            case "COLUMN_REF":
                return self.column(node["column_names"], scope)
            case "FUNCTION":
                return self.function(node, scope)
            case "WINDOW":
                return self.window(node, scope)
            case "CAST":
                return self.cast(node, scope)
            case "COMPARISON":
                left, right = self.alike([node["left"], node["right"]], scope)
                return Bound({**node, "left": left.node, "right": right.node}, "bool")
            case "BETWEEN":
                value, lower, upper = self.alike([node["input"], node["lower"], node["upper"]], scope)
                return Bound({**node, "input": value.node, "lower": lower.node, "upper": upper.node}, "bool")
            case "CONJUNCTION":
                return Bound({**node, "children": [self.truth(c, scope).node for c in node["children"]]}, "bool")
            case "OPERATOR":
                return self.operator(node, scope)
            case "CASE":
                return self.case(node, scope)
            case "SUBQUERY":
                return self.subquery(node, scope)
        raise NotAllowed("A star stands only alone in a SELECT list or in count(*).")

    def column(self, names: Sequence[str], scope: Scope) -> Bound:
        if len(names) == 2:
            return scope.qualified(names[0], names[1])
        if len(names) != 1:
            raise NotAllowed("Names have at most two parts: view.column.")
        found = scope.column(names[0])
        if found is None and names[0].lower() in CLOCK_TIMESTAMPS | CLOCK_DATES:
            return self.clock(names[0].lower())
        if found is None:
            raise unknown_column(names[0], scope.names())
        return found

    def clock(self, name: str) -> Bound:
        if name in CLOCK_DATES:
            return Bound(cast(f"{self.now:%Y-%m-%d}", "DATE"), "date")
        return Bound(cast(f"{self.now:%Y-%m-%d %H:%M:%S}", "TIMESTAMP"), "timestamp")

    def function(self, node: Node, scope: Scope) -> Bound:
        name, children, orders = node["function_name"].lower(), node["children"], node["order_bys"]["orders"]
        aggregate = name in functions.signatures("aggregate")
        if not aggregate and not is_plain_call(node):
            raise NotAllowed(f"{shown(name)} takes no DISTINCT, FILTER or ORDER BY.")
        if name in CLOCK_TIMESTAMPS | CLOCK_DATES and not children:
            return self.clock(name)
        if interval_of(node) is not None:
            return Bound(node, "interval")
        if name in SERIES:
            return self.series({**node, "schema": ""}, scope)
        table = functions.signatures("aggregate" if aggregate else "scalar")
        if name.startswith("quantile") and len(children) == 1 and len(orders) == 1:
            # percentile_cont(0.5) WITHIN GROUP (ORDER BY x) carries its value in the ORDER BY, which gives the direction.
            children = [orders[0]["expression"], *children]
        bound, kind = self.call(name, table, children, scope)
        rewritten = {**node, "function_name": SPELT.get(name, name), "schema": "main" if name in KEYWORDS else "", "children": bound}
        rewritten["order_bys"] = {"type": "ORDER_MODIFIER", "orders": self.orders(orders, scope)}
        rewritten["filter"] = self.truth(node["filter"], scope).node if node["filter"] else None
        return Bound(rewritten, kind)

    def series(self, node: Node, scope: Scope) -> Bound:
        arguments = [self.expression(c, scope) for c in node["children"]]
        if not series_is_small([a.node for a in arguments]):
            raise NotAllowed("range and generate_series take literal bounds and give at most 10,000 values.")
        kind = "whole" if arguments[0].kind == "whole" else "timestamp"
        return Bound({**node, "function_name": node["function_name"].lower(), "children": [a.node for a in arguments]}, f"{kind}[]")

    def call(
        self, name: str, table: dict[str, tuple[functions.Signature, ...]], children: Sequence[Node], scope: Scope
    ) -> tuple[list[Node], Kind]:
        """The arguments as a listed function reads them, and the kind it gives."""
        if name not in table:
            known = functions.signatures("scalar").keys() | functions.signatures("aggregate").keys()
            raise NotAllowed(f"The function {shown(name)} is not among those Steward runs.", did_you_mean(name, known))
        bound = [self.expression(c, scope) for c in children]
        found = functions.resolve(table[name], [_argument(b) for b in bound])
        if found is None:
            raise NotAllowed(f"{shown(name)} does not take {' and '.join(kinds.words(b.kind) for b in bound) or 'nothing'} here.", TRY_CAST_HINT)
        return [_as(b, kind).node for b, kind in zip(bound, found.arguments, strict=True)], found.kind

    def window(self, node: Node, scope: Scope) -> Bound:
        name = node["function_name"].lower()
        children, kind = self.call(name, functions.signatures("window"), node["children"], scope)
        rewritten = {**node, "function_name": name, "schema": "", "children": children}
        rewritten["partitions"] = [self.expression(p, scope).node for p in node["partitions"]]
        rewritten["orders"] = self.orders(node["orders"], scope)
        rewritten["filter_expr"] = self.truth(node["filter_expr"], scope).node if node["filter_expr"] else None
        for field in ("start_expr", "end_expr", "offset_expr"):
            if node[field] is not None:
                bound = self.expression(node[field], scope)
                if bound.kind not in ("whole", "interval") or (interval_of(bound.node) is None and not isinstance(literal_of(bound.node), int)):
                    raise NotAllowed("A window's frame and offset are literal numbers or intervals.")
                rewritten[field] = bound.node
        if node["default_expr"] is not None:
            default = self.expression(node["default_expr"], scope)
            default = _as(default, _joined([Bound(children[0], kind), default]))
            rewritten["default_expr"] = default.node
        return Bound(rewritten, kind)

    def cast(self, node: Node, scope: Scope) -> Bound:
        child = self.expression(node["child"], scope)
        kind, target = kinds.of_type(node["cast_type"]), node["cast_type"]["id"]
        text = literal_of(child.node)
        sure = kinds.cast_is_sure(child.kind, target) or (child.kind == kind and child.kind.endswith("[]"))
        if child.kind == "text" and isinstance(text, str):
            if not kinds.literal_fits(text, kind) and not node["try_cast"]:
                raise NotAllowed(f"A text here does not read as {target}.", LITERAL_HINT)
            sure = target not in ("TINYINT", "SMALLINT", "DECIMAL") and kinds.literal_fits(text, kind)
        if not kinds.castable(child.kind, kind) and not sure:
            raise NotAllowed(f"There is no cast from {kinds.words(child.kind)} to {target}.")
        return Bound({**node, "child": child.node, "try_cast": node["try_cast"] or not sure}, kind)

    def operator(self, node: Node, scope: Scope) -> Bound:
        match node["type"]:
            case "OPERATOR_NOT":
                return Bound({**node, "children": [self.truth(node["children"][0], scope).node]}, "bool")
            case "OPERATOR_IS_NULL" | "OPERATOR_IS_NOT_NULL":
                return Bound({**node, "children": [self.expression(node["children"][0], scope).node]}, "bool")
            case "ARRAY_EXTRACT" | "ARRAY_SLICE":
                first, *rest = [self.expression(c, scope) for c in node["children"]]
                if not first.kind.endswith("[]") or any(r.kind != "whole" for r in rest) or len(rest) > 2:
                    raise NotAllowed("Only lists are indexed, and only by whole numbers.")
                kind = first.kind.removesuffix("[]") if node["type"] == "ARRAY_EXTRACT" else first.kind
                return Bound({**node, "children": [first.node, *(r.node for r in rest)]}, kind)
        children = self.alike(node["children"], scope)
        shared = _joined(children)
        kind = {"OPERATOR_COALESCE": shared, "ARRAY_CONSTRUCTOR": f"{shared}[]"}.get(node["type"], "bool")
        return Bound({**node, "children": [c.node for c in children]}, kind)

    def case(self, node: Node, scope: Scope) -> Bound:
        whens = [self.truth(check["when_expr"], scope).node for check in node["case_checks"]]
        *thens, other = self.alike([*(check["then_expr"] for check in node["case_checks"]), node["else_expr"]], scope)
        checks = [{"when_expr": when, "then_expr": then.node} for when, then in zip(whens, thens, strict=True)]
        return Bound({**node, "case_checks": checks, "else_expr": other.node}, _joined([*thens, other]))

    def subquery(self, node: Node, scope: Scope) -> Bound:
        inner, relation = self.query(node["subquery"], scope, named=False)
        if (node["child"] is None) == (node["subquery_type"] == "ANY"):
            raise NotAllowed("This form of subquery is not part of what Steward runs.")
        if node["subquery_type"] == "EXISTS":
            return Bound({**node, "subquery": inner}, "bool")
        if len(relation.columns) != 1:
            raise NotAllowed("A subquery used as a value gives one column.")
        (kind,) = relation.columns.values()
        if node["subquery_type"] == "SCALAR":
            return Bound({**node, "subquery": inner}, kind)
        child = self.expression(node["child"], scope)
        if kinds.unify(child.kind, kind) is None:
            raise NotAllowed(f"Here {kinds.words(child.kind)} meets {kinds.words(kind)}.", TRY_CAST_HINT)
        return Bound({**node, "subquery": inner, "child": child.node}, "bool")

    def truth(self, node: Node, scope: Scope) -> Bound:
        """An expression that stands where a condition must."""
        bound = self.expression(node, scope)
        if bound.kind not in ("bool", "null"):
            raise NotAllowed(f"A condition is true or false; here stands {kinds.words(bound.kind)}.", TRY_CAST_HINT)
        return bound

    def alike(self, nodes: Sequence[Node], scope: Scope) -> list[Bound]:
        """Expressions that meet in one kind, text literals turned into literals of that kind."""
        bound = [self.expression(n, scope) for n in nodes]
        shared = _joined(bound)
        return [_as(b, shared) for b in bound]

    def orders(self, orders: Sequence[Node], scope: Scope) -> list[Node]:
        return [{**order, "expression": self.expression(order["expression"], scope).node} for order in orders]


def _argument(bound: Bound) -> Argument:
    value: Literal = literal_of(bound.node)
    return Argument(bound.kind, value is not None, value)


def _joined(bound: Sequence[Bound]) -> Kind:
    """The kind that holds all of them. Raises `NotAllowed` where a cast would be needed that may fail."""
    shared: Kind = "null"
    for b in sorted(bound, key=lambda b: b.kind == "text" and isinstance(literal_of(b.node), str)):
        wider = kinds.unify(shared, b.kind)
        text: Any = literal_of(b.node)
        if wider is None and b.kind == "text" and isinstance(text, str):
            wider = shared if shared in _TYPES and kinds.literal_fits(text, shared) else None
        if wider is None:
            raise NotAllowed(f"Here {kinds.words(shared)} meets {kinds.words(b.kind)}.", TRY_CAST_HINT)
        shared = wider
    return shared


_TYPES = {"date": "DATE", "timestamp": "TIMESTAMP", "bool": "BOOLEAN", "interval": "INTERVAL"}


def _as(bound: Bound, kind: Kind) -> Bound:
    """A text literal that stands for another kind, written as a literal of that kind."""
    text = literal_of(bound.node)
    if bound.kind == "text" and isinstance(text, str) and kind in _TYPES:
        return Bound(cast(text, _TYPES[kind]), kind)
    return bound
