"""Names in one part of a statement and what each stands for: relations in FROM, CTEs, aliases, and the part around it.

Knows nothing of which view is open to whom.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Relation:
    """Column names in order; ``view`` is empty for what a query makes, whose own reads are counted where it is written."""

    columns: tuple[str, ...]
    view: str = ""


@dataclass(slots=True)
class Scope:
    """Names that one SELECT may use: sources by alias, aliases of its list, columns that USING merged, CTEs, the scope around it."""

    parent: "Scope | None" = None
    ctes: dict[str, Relation] = field(default_factory=dict)
    sources: dict[str, Relation] = field(default_factory=dict)
    aliases: set[str] = field(default_factory=set)
    merged: set[str] = field(default_factory=set)

    def chain(self) -> Iterator["Scope"]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def cte(self, name: str) -> Relation | None:
        return next((scope.ctes[name] for scope in self.chain() if name in scope.ctes), None)

    def find(self, name: str) -> "Found":
        """What an unqualified name reads: the nearest column, else an alias of the list, else a whole row, ``SELECT d FROM datasets d``."""
        is_alias = False
        for scope in self.chain():
            holders = tuple((source, [name]) for source in scope.sources.values() if name in source.columns)
            if holders:
                ambiguous = is_alias or (len(holders) > 1 and name not in scope.merged)
                return Found(holders, f"the name {name} is ambiguous" if ambiguous else "")
            if name in scope.sources:
                return Found(((scope.sources[name], list(scope.sources[name].columns)),))
            is_alias = is_alias or (scope is self and name in scope.aliases)
        return Found((), "" if is_alias else f"nothing is called {name}")


@dataclass(frozen=True, slots=True)
class Found:
    """The columns that a name reads, by source; ``unclear`` where that is not certain."""

    reads: tuple[tuple[Relation, list[str]], ...]
    unclear: str = ""


def renamed(columns: tuple[str, ...], node: exp.Expr) -> tuple[str, ...]:
    """The columns after ``AS t(a, b)``."""
    names = tuple(name.lower() for name in node.alias_column_names)
    return names + columns[len(names) :]
