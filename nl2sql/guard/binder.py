"""Binds whole queries: which views and CTEs are read, what ``*`` stands for, and which columns each query gives.

Every view and column is looked up in one schema; what is not there does not exist. Builds the tree that runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from catalog.errors import AccessDenied
from nl2sql.errors import NotAllowed, UnknownRelation
from nl2sql.guard import kinds
from nl2sql.guard.expressions import SERIES, Expressions
from nl2sql.guard.identifiers import fold
from nl2sql.guard.literals import literal_of
from nl2sql.guard.naming import merged_column, name_of, named_apart, renamed
from nl2sql.guard.schema import Readable, Schema
from nl2sql.guard.scope import Bound, Relation, Scope, Source, did_you_mean, shown, unknown_column
from nl2sql.guard.tree import Node, walk

MAX_SCANS = 64
"""Views scanned by one statement, counting each use of a CTE."""
MAX_REWRITTEN = 20_000
"""Objects of the rewritten tree: an alias that is used again is written out again."""


@dataclass(frozen=True, slots=True)
class _Joined:
    """What a FROM clause makes visible."""

    sources: Mapping[str, Source]
    merged: Mapping[str, Bound]


class Binder(Expressions):
    """Binds one statement over one schema; ``views_read`` collects its views, ``relations_read`` those and its CTEs, folded."""

    def __init__(self, schema: Schema, now: datetime) -> None:
        super().__init__(now)
        self.schema = schema
        self.views_read: set[str] = set()
        self.relations_read: set[str] = set()
        self.scans = 0

    def statement(self, statement: Node) -> Node:
        """The rewritten statement. Raises `Repairable` errors, or `AccessDenied` for a view that is closed to the asker."""
        node, _ = self.query_node(statement["node"], Scope(), named=False)
        return {**statement, "node": node}

    def query(self, query: Node, scope: Scope, named: bool) -> tuple[Node, Relation]:
        before = self.scans
        node, columns = self.query_node(query["node"], scope, named)
        return {**query, "node": node}, Relation(columns, self.scans - before)

    def query_node(self, node: Node, scope: Scope, named: bool) -> tuple[Node, dict[str, kinds.Kind]]:
        scope, entries = self.with_ctes(node["cte_map"]["map"], scope)
        bind = self.select if node["type"] == "SELECT_NODE" else self.set_operation
        rewritten, columns = bind(node, scope, named)
        return {**rewritten, "cte_map": {"map": entries}}, columns

    def with_ctes(self, entries: Sequence[Node], scope: Scope) -> tuple[Scope, list[Node]]:
        rewritten = []
        for entry in entries:
            name = fold(entry["key"])
            if name in self.schema.readable or name in self.schema.closed_by:
                raise NotAllowed(f"A CTE may not be called {shown(name)}, which is a view.", "Give it another name.")
            # A CTE sees the CTEs before it and no columns of the query around it.
            query, relation = self.query(entry["value"]["query"], Scope(ctes=scope.ctes), named=True)
            called = renamed(relation, entry["value"]["aliases"])
            scope = replace(scope, ctes={**scope.ctes, name: called})
            rewritten.append({"key": entry["key"], "value": {**entry["value"], "query": query}})
        return scope, rewritten

    # FROM

    def relation(self, node: Node, outer: Scope) -> tuple[Node, _Joined]:
        match node["type"]:
            case "BASE_TABLE":
                return self.named(node, outer)
            case "SUBQUERY":
                query, relation = self.query(node["subquery"], outer, named=True)
                called = renamed(relation, node["column_name_alias"])
                return {**node, "subquery": query}, _alone(node["alias"] or "unnamed_subquery", called)
            case "TABLE_FUNCTION":
                return self.table_function(node, outer)
            case "JOIN":
                return self.join(node, outer)
            case "EMPTY":
                return node, _Joined({}, {})
        raise NotAllowed("VALUES stands only alone.")

    def named(self, node: Node, outer: Scope) -> tuple[Node, _Joined]:
        name = fold(node["table_name"])
        self.relations_read.add(name)
        cte = outer.ctes.get(name)
        if cte is None:
            if node["column_name_alias"]:
                raise NotAllowed("The columns of a view keep their names in FROM.", "Rename them in the SELECT list.")
            view = self.view(node["table_name"])
            written, relation = view.name, Relation(view.columns)
        else:
            written, relation = node["table_name"], renamed(cte, node["column_name_alias"])
        self.scans += max(relation.weight, 1)
        if self.scans > MAX_SCANS:
            raise NotAllowed("The SQL reads too many views at once.", f"At most {MAX_SCANS}, counting each use of a CTE.")
        return {**node, "table_name": written}, _alone(node["alias"] or name, relation)

    def view(self, typed: str) -> Readable:
        """A view that may be read. Raises `AccessDenied` or, in one text for all else, `UnknownRelation`."""
        name = fold(typed)
        view = self.schema.readable.get(name)
        if view is not None:
            self.views_read.add(view.name)
            return view
        rule = self.schema.closed_by.get(name)
        if rule is not None:
            raise AccessDenied(f"The view {name} is not open to you.", rule)
        hint = did_you_mean(typed, self.schema.readable) or "Run 'steward views' to see the views you may use."
        raise UnknownRelation(f"There is no view {shown(typed)}.", hint)

    def table_function(self, node: Node, outer: Scope) -> tuple[Node, _Joined]:
        function = node["function"]
        name = function["function_name"].lower()
        if name != "unnest" and name not in SERIES:
            raise NotAllowed(f"The table function {shown(name)} is not among those Steward runs.", "unnest and range are.")
        bound = self.function(function, outer)
        kind = bound.kind.removesuffix("[]")
        if len(node["column_name_alias"]) > 1:
            raise NotAllowed(f"{shown(name)} gives one column.")
        column = node["column_name_alias"][0] if node["column_name_alias"] else name
        return {**node, "function": bound.node}, _alone(node["alias"] or name, Relation({fold(column): kind}, 0))

    def join(self, node: Node, outer: Scope) -> tuple[Node, _Joined]:
        left_node, left = self.relation(node["left"], outer)
        beside = Scope(left.sources, left.merged, outer.ctes, outer)
        right_node, right = self.relation(node["right"], beside)
        if left.sources.keys() & right.sources.keys():
            (first, *_) = left.sources.keys() & right.sources.keys()
            raise NotAllowed(f"Two views are called {shown(first)} here.", "Give each its own alias.")
        sources = {**left.sources, **right.sources}
        merged = {**left.merged, **right.merged}
        for name in node["using_columns"]:
            sides = [Scope(side.sources, side.merged).own(fold(name)) for side in (left, right)]
            if sides[0] is None or sides[1] is None:
                raise unknown_column(name, Scope(sources).names())
            if kinds.unify(sides[0].kind, sides[1].kind) is None:
                raise NotAllowed(f"The column {shown(name)} has two kinds of values here.")
            merged[fold(name)] = merged_column(node["join_type"], sides[0], sides[1])
        condition = node["condition"]
        if condition is not None:
            condition = self.truth(condition, Scope(sources, merged, outer.ctes, outer)).node
        elif not node["using_columns"] and node["ref_type"] != "CROSS":
            raise NotAllowed("A JOIN needs ON or USING.")
        if node["join_type"] in ("SEMI", "ANTI"):
            sources, merged = dict(left.sources), dict(left.merged)
        return {**node, "left": left_node, "right": right_node, "condition": condition}, _Joined(sources, merged)

    # SELECT

    def select(self, node: Node, outer: Scope, named: bool) -> tuple[Node, dict[str, kinds.Kind]]:
        if node["from_table"]["type"] == "EXPRESSION_LIST":
            return self.values(node, outer)
        from_node, joined = self.relation(node["from_table"], outer)
        scope = Scope(joined.sources, joined.merged, outer.ctes, outer)
        items, scope = self.items(node["select_list"], scope)
        if named:
            items = named_apart(items)
        rewritten = {**node, "from_table": from_node, "select_list": [item.node for item in items]}
        rewritten["where_clause"] = self.truth(node["where_clause"], scope).node if node["where_clause"] else None
        rewritten["group_expressions"] = [self.expression(g, scope).node for g in node["group_expressions"]]
        groups = rewritten["group_expressions"]
        having = replace(scope, merged={**_aliases_over_columns(scope, groups), **scope.merged})
        rewritten["having"] = self.truth(node["having"], having).node if node["having"] else None
        rewritten["qualify"] = self.truth(node["qualify"], scope).node if node["qualify"] else None
        rewritten["modifiers"] = [self.modifier(m, scope) for m in node["modifiers"]]
        _check_growth(rewritten)
        return rewritten, {fold(name_of(item.node)) if named else str(at): item.kind for at, item in enumerate(items)}

    def values(self, node: Node, outer: Scope) -> tuple[Node, dict[str, kinds.Kind]]:
        rows = [[self.expression(v, outer) for v in row] for row in node["from_table"]["values"]]
        star, *more = node["select_list"]
        if more or star["class"] != "STAR" or star["columns"] or star["exclude_list"] or len({len(row) for row in rows}) != 1:
            raise NotAllowed("VALUES stands only alone, with rows of one length.")
        columns: dict[str, kinds.Kind] = {}
        for at in range(len(rows[0])):
            kind: kinds.Kind | None = "null"
            for row in rows:
                kind = kinds.unify(kind, row[at].kind) if kind else None
            if kind is None:
                raise NotAllowed("A column of VALUES holds one kind of values.")
            columns[f"col{at}"] = kind
        values = {**node["from_table"], "values": [[v.node for v in row] for row in rows]}
        modifiers = [self.output_modifier(m, columns) for m in node["modifiers"]]
        return {**node, "from_table": values, "modifiers": modifiers}, columns

    def items(self, select_list: Sequence[Node], scope: Scope) -> tuple[list[Bound], Scope]:
        """The SELECT list with stars written out, and the scope in which its aliases are known."""
        items: list[Bound] = []
        for node in select_list:
            if node["class"] == "STAR":
                items += self.star(node, scope)
                continue
            bound = self.expression({**node, "alias": ""}, scope)
            _check_growth(bound.node)
            alias = node["alias"]
            if alias and fold(alias) not in scope.aliases:
                scope = replace(scope, aliases={**scope.aliases, fold(alias): bound})
            if not alias and node["class"] == "COLUMN_REF" and name_of(bound.node) != fold(node["column_names"][-1]):
                alias = node["column_names"][-1]
            items.append(Bound({**bound.node, "alias": alias}, bound.kind))
        return items, scope

    def star(self, node: Node, scope: Scope) -> list[Bound]:
        if node["columns"]:
            raise NotAllowed("COLUMNS() is not part of what Steward runs.", "Name the columns.")
        only = fold(node["relation_name"])
        if only and only not in scope.sources:
            raise unknown_column(f"{node['relation_name']}.*", scope.sources)
        left_out = {fold(name) for name in node["exclude_list"]}
        items: list[Bound] = []
        found, merged = set[str](), set[str]()
        for key, source in scope.sources.items():
            for name in source.relation.columns:
                found.add(name)
                if (only and key != only) or name in left_out or name in merged:
                    continue
                shared = None if only else scope.merged.get(name)
                if shared is not None:
                    merged.add(name)
                bound = shared or source.column(name)
                alias = name if bound.node["class"] != "COLUMN_REF" else ""
                items.append(Bound({**bound.node, "alias": alias}, bound.kind))
        if left_out - found:
            raise unknown_column(min(left_out - found), found)
        if not items:
            raise NotAllowed("The star stands for no column here.")
        return items

    def modifier(self, node: Node, scope: Scope) -> Node:
        match node["type"]:
            case "ORDER_MODIFIER":
                return {**node, "orders": [self.ordering(order, scope) for order in node["orders"]]}
            case "DISTINCT_MODIFIER":
                targets = [self.expression(t, scope).node for t in node["distinct_on_targets"]]
                return {**node, "distinct_on_targets": targets}
        return _limit(node)

    def ordering(self, order: Node, scope: Scope) -> Node:
        node = order["expression"]
        if node["class"] == "STAR":
            return _all(order)
        if node["class"] == "COLUMN_REF" and len(node["column_names"]) == 1 and fold(node["column_names"][0]) in scope.aliases:
            return order  # a bare alias of the SELECT list comes first in ORDER BY, whatever columns are called
        return {**order, "expression": self.expression(node, scope).node}

    # UNION, EXCEPT, INTERSECT

    def set_operation(self, node: Node, scope: Scope, named: bool) -> tuple[Node, dict[str, kinds.Kind]]:
        left_node, left = self.query_node(node["left"], scope, named=True)
        right_node, right = self.query_node(node["right"], scope, named=True)
        if node["setop_type"] == "UNION_BY_NAME":
            pairs = [(name, left.get(name, "null"), right.get(name, "null")) for name in {**left, **right}]
        elif len(left) == len(right):
            pairs = [(name, kind, other) for (name, kind), other in zip(left.items(), right.values(), strict=True)]
        else:
            raise NotAllowed(f"The two sides of {node['setop_type']} give {len(left)} and {len(right)} columns.")
        columns: dict[str, kinds.Kind] = {}
        for name, kind, other in pairs:
            shared = kinds.unify(kind, other)
            if shared is None:
                raise NotAllowed(f"A {kind} meets a {other} in {shown(name)}.", "Give both sides the same kind with TRY_CAST.")
            columns[name] = shared
        modifiers = [self.output_modifier(m, columns) for m in node["modifiers"]]
        return {**node, "left": left_node, "right": right_node, "modifiers": modifiers}, columns

    def output_modifier(self, node: Node, columns: Mapping[str, kinds.Kind]) -> Node:
        """ORDER BY and LIMIT of a set operation, which know its result columns only."""
        if node["type"] == "LIMIT_MODIFIER":
            return _limit(node)
        if node["type"] == "DISTINCT_MODIFIER":
            raise NotAllowed("DISTINCT stands with SELECT.")
        for order in node["orders"]:
            by = order["expression"]
            if by["class"] == "STAR":
                _all(order)
            elif by["class"] == "COLUMN_REF" and len(by["column_names"]) == 1:
                if fold(by["column_names"][0]) not in columns:
                    raise unknown_column(by["column_names"][0], columns)
            elif not isinstance(literal_of(by), int):
                raise NotAllowed("A set operation is ordered by its result columns.", "Wrap it in a subquery.")
        return node


def _alone(alias: str, relation: Relation) -> _Joined:
    return _Joined({fold(alias): Source(alias, relation)}, {})


def _all(order: Node) -> Node:
    star = order["expression"]
    if not star["columns"] or star["relation_name"] or star["exclude_list"]:
        raise NotAllowed("ORDER BY takes columns or ALL.")
    return order


def _limit(node: Node) -> Node:
    for field in ("limit", "offset"):
        value = node[field] and literal_of(node[field])
        if node[field] is not None and not (isinstance(value, int) and value >= 0):
            raise NotAllowed("LIMIT and OFFSET are whole numbers.")
    return node


def _aliases_over_columns(scope: Scope, groups: Sequence[Node]) -> dict[str, Bound]:
    """Aliases that HAVING means though a column has their name: ``SELECT sum(n) AS n … HAVING n > 1``."""
    chosen = {}
    for name, bound in scope.aliases.items():
        column = scope.own(name) if any(name in s.relation.columns for s in scope.sources.values()) else None
        if column is not None and column.node not in groups:
            chosen[name] = bound
    return chosen


def _check_growth(node: Node) -> None:
    """Stop early at `MAX_REWRITTEN`: ``x || x AS a, a || a AS b …`` doubles with every alias."""
    if next(islice(walk(node), MAX_REWRITTEN, None), None) is not None:
        raise NotAllowed("The SQL uses its aliases too often.", "Split it into CTEs.")
