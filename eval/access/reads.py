"""Which columns of which views a statement reads, by its text alone: a resolver of names over sqlglot's tree of it.

``SELECT name FROM datasets WHERE steward = 'x'`` → datasets, datasets.name, datasets.steward. Errs to the side of more: a
CTE that nothing uses counts, and a construct that is not on the list of known ones is reported as unclear. Runs nothing.
"""

from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from catalog.semantic import views
from eval.access.names import Relation, Scope, renamed
from eval.access.vocabulary import CALLED, NODES, PARTS, TYPES

Read = tuple[str, str]
"""View and column; the column is empty for the view itself, which ``count(*)`` reads too."""


@dataclass(frozen=True, slots=True)
class Reads:
    """``columns`` of views; ``strangers`` are relations that are no view; ``unclear`` says what cannot be analysed."""

    columns: frozenset[Read]
    strangers: frozenset[str]
    unclear: tuple[str, ...]


def reads(sql: str) -> Reads:
    """Everything one statement reads. Never raises: what cannot be parsed is unclear."""
    reader = _Reader()
    try:
        if "/*" in sql:  # where such a comment ends is a matter of dialect
            reader.unclear.append("a comment")
        statements = sqlglot.parse(sql, dialect="duckdb")
        if len(statements) == 1 and isinstance(statements[0], exp.Query):
            reader.query(statements[0], Scope())
        else:
            reader.unclear.append("something else than one query")
    except (SqlglotError, RecursionError, ValueError) as bad:
        reader.unclear.append(f"no parse: {type(bad).__name__}")
    return Reads(frozenset(reader.columns), frozenset(reader.strangers), tuple(dict.fromkeys(reader.unclear)))


class _Reader:
    def __init__(self) -> None:
        self.columns: set[Read] = set()
        self.strangers: set[str] = set()
        self.unclear: list[str] = []

    def query(self, node: exp.Expr, outer: Scope) -> tuple[str, ...]:
        """Read a query and give the names of its columns."""
        self.parts(node)
        scope = Scope(parent=outer)
        self.with_(node.args.get("with_"), scope)
        match node:
            case exp.Subquery(this=exp.Query() as inner):
                columns = self.query(inner, scope)
            case exp.SetOperation():
                columns = self.query(node.this, scope)
                other = self.query(node.expression, scope)
                columns += tuple(name for name in other if node.args.get("by_name") and name not in columns)
            case exp.Select():
                return self.select(node, scope)
            case _:
                self.unclear.append(type(node).__name__)
                return ()
        scope.sources[""] = Relation(columns)
        self.each(node, ("order", "limit", "offset"), scope)
        return columns

    def with_(self, node: exp.Expr | None, scope: Scope) -> None:
        if node is None:
            return
        if node.args.get("recursive"):
            self.unclear.append("WITH RECURSIVE")
            scope.ctes.update({cte.alias.lower(): Relation(()) for cte in node.expressions})
        for cte in node.expressions:
            self.parts(cte)
            scope.ctes[cte.alias.lower()] = Relation(renamed(self.query(cte.this, scope), cte))

    def select(self, node: exp.Select, scope: Scope) -> tuple[str, ...]:
        if node.args.get("kind"):
            self.unclear.append(f"SELECT AS {node.args['kind']}")
        if start := node.args.get("from_"):
            self.relation(start.this, scope)
        for join in node.args.get("joins") or ():
            self.join(join, scope)
        scope.aliases = {item.alias.lower() for item in node.expressions if isinstance(item, exp.Alias)}
        columns: list[str] = []
        for item in node.expressions:
            columns += self.item(item, scope)
        self.each(node, ("distinct", "where", "group", "having", "qualify", "windows", "limit", "offset"), scope)
        for ordered in node.args["order"].expressions if node.args.get("order") else ():
            if not (isinstance(ordered.this, exp.Column) and not ordered.this.table and ordered.this.name.lower() in scope.aliases):
                self.expression(ordered, scope)
        return tuple(columns)

    def item(self, node: exp.Expr, scope: Scope) -> list[str]:
        """One entry of a select list, and the names that it gives."""
        if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
            return self.star(node, scope)
        self.expression(node, scope)
        return [node.alias_or_name.lower() if isinstance(node, exp.Alias | exp.Column) else ""]

    def star(self, node: exp.Expr, scope: Scope) -> list[str]:
        """``*`` and ``d.*`` read every column but those in EXCLUDE."""
        star = node if isinstance(node, exp.Star) else node.this
        self.parts(star)
        left_out = {name.name.lower() for name in star.args.get("except_") or ()}
        sources = list(scope.sources.values()) if star is node else [self.source(node.text("table"), scope)]
        given: list[str] = []
        for source in filter(None, sources):
            names = [name for name in source.columns if name not in left_out]
            self.read(source, names)
            given += [name for name in names if name not in scope.merged or name not in given]
        return given

    def relation(self, node: exp.Expr, scope: Scope) -> str:
        """Add what stands in FROM to the scope and give its alias; it may use what stands before it."""
        self.parts(node)
        match node:
            case exp.Subquery(this=exp.Table() as inner) if not node.alias:
                return self.relation(inner, scope)
            case exp.Table(this=exp.Identifier()):
                relation, called = self.named(node, scope), node.name
            case exp.Table(this=exp.GenerateSeries() as call):
                self.children(call, scope)
                relation, called = Relation(renamed(("range",), node)), "range"
            case exp.Subquery(this=exp.Query() as inner) | exp.Lateral(this=exp.Subquery(this=exp.Query() as inner)):
                relation, called = Relation(renamed(self.query(inner, scope), node)), ""
            case exp.Unnest():
                self.all_of(node.expressions, scope)
                relation, called = Relation(renamed(("unnest",), node)), "unnest"
            case exp.Values():
                self.all_of(node.expressions, scope)
                relation, called = Relation(renamed(("col0", "col1", "col2", "col3"), node)), ""
            case _:
                self.unclear.append(f"{type(node).__name__} in FROM")
                for table in node.find_all(exp.Table):
                    if isinstance(table.this, exp.Identifier):
                        self.named(table, scope)
                relation, called = Relation(()), ""
        alias = (node.alias or called).lower() or f"({len(scope.sources)})"
        if alias in scope.sources:
            self.unclear.append(f"two relations called {alias}")
        scope.sources[alias] = relation
        for join in node.args.get("joins") or ():
            self.join(join, scope)
        return alias

    def named(self, node: exp.Table, scope: Scope) -> Relation:
        """A relation by its name: a CTE, a view, or a stranger."""
        name = exp.table_name(node).lower()
        if not node.db and (cte := scope.cte(name)) is not None:
            return Relation(renamed(cte.columns, node))
        if name not in views():
            self.strangers.add(name)
            return Relation(())
        if node.alias_column_names:  # by position, which depends on the columns that the snapshot has
            self.unclear.append("columns of a view renamed by position")
        self.columns.add((name, ""))
        return Relation(tuple(views()[name].columns), name)

    def join(self, node: exp.Join, scope: Scope) -> None:
        self.parts(node)
        if (node.kind or "INNER") not in ("INNER", "CROSS", "OUTER", "SEMI", "ANTI") or (node.side or "LEFT") not in ("LEFT", "RIGHT", "FULL"):
            self.unclear.append(f"{node.side} {node.kind} JOIN")
        right = self.relation(node.this, scope)
        for key in node.args.get("using") or ():
            name = key.name.lower()
            holders = [source for source in scope.sources.values() if name in source.columns]
            if len(holders) < 2:
                self.unclear.append(f"USING ({name})")
            for holder in holders:
                self.read(holder, [name])
            scope.merged.add(name)
        if on := node.args.get("on"):
            self.expression(on, scope)
        if node.kind in ("SEMI", "ANTI"):
            scope.sources.pop(right, None)

    def expression(self, node: exp.Expr, scope: Scope) -> None:
        match node:
            case exp.Query():
                self.query(node, scope)
            case exp.Column(this=exp.Star()) | exp.Star():
                if not isinstance(node.parent, exp.Count):
                    self.unclear.append("* outside a select list")
                if isinstance(node, exp.Column) or not isinstance(node.parent, exp.Count):
                    self.star(node, scope)
            case exp.Column():
                self.column(node, scope)
            case exp.DataType():
                if any(part.this.name not in TYPES for part in node.find_all(exp.DataType)):
                    self.unclear.append(f"type {node.sql('duckdb')}")
            case exp.In() if isinstance(field := node.args.get("field"), exp.Column) and not field.table:
                self.unclear.append("IN a name")
                self.children(node, scope)
            case _:
                if not (node.name.lower() in CALLED if isinstance(node, exp.Anonymous) else type(node).__name__ in NODES):
                    self.unclear.append(node.name if isinstance(node, exp.Anonymous) else type(node).__name__)
                self.children(node, scope)

    def children(self, node: exp.Expr, scope: Scope) -> None:
        self.all_of(list(node.iter_expressions()), scope)

    def all_of(self, nodes: list[exp.Expr], scope: Scope) -> None:
        for node in nodes:
            self.expression(node, scope)

    def each(self, node: exp.Expr, names: tuple[str, ...], scope: Scope) -> None:
        for name in names:
            found = node.args.get(name)
            self.all_of(found if isinstance(found, list) else [found] if found else [], scope)

    def column(self, node: exp.Column, scope: Scope) -> None:
        name, table = node.name.lower(), node.text("table")
        if node.args.get("db") or node.args.get("join_mark"):
            self.unclear.append(f"a name of several parts: {name}")
        elif table:
            source = self.source(table, scope)
            if source is not None and name in source.columns:
                self.read(source, [name])
            else:
                self.unclear.append(f"{table.lower()}.{name}")
        else:
            found = scope.find(name)
            for holder, columns in found.reads:
                self.read(holder, columns)
            self.unclear += filter(None, [found.unclear])

    def source(self, alias: str, scope: Scope) -> Relation | None:
        found = next((each.sources[alias.lower()] for each in scope.chain() if alias.lower() in each.sources), None)
        if found is None:
            self.unclear.append(f"nothing is called {alias.lower()}")
        return found

    def read(self, source: Relation, names: list[str]) -> None:
        if source.view:
            self.columns |= {(source.view, name) for name in names}

    def parts(self, node: exp.Expr) -> None:
        """Report what hangs on a node besides the parts that are read here."""
        wanted = next((PARTS[kind.__name__] for kind in type(node).__mro__ if kind.__name__ in PARTS), None)
        if wanted is not None:
            more = [name for name, value in node.args.items() if value and name not in wanted]
            self.unclear += [f"{name.strip('_')} of {type(node).__name__}" for name in more]
