"""Names in one part of a statement: relations in FROM, CTEs in lexical scope, and what a column name stands for.

``SELECT name FROM datasets d`` → ``d.name``. Every name is resolved here and nowhere else, so that the engine has none
left to interpret.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from nl2sql.errors import NotAllowed, UnknownColumn
from nl2sql.guard.identifiers import fold
from nl2sql.guard.kinds import Kind
from nl2sql.guard.tree import Node


@dataclass(frozen=True, slots=True)
class Bound:
    """An expression whose every name is resolved, with the kind of its values."""

    node: Node
    kind: Kind


@dataclass(frozen=True, slots=True)
class Relation:
    """Columns by name in lower case, in order; ``weight`` counts the views that reading it scans."""

    columns: Mapping[str, Kind]
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Source:
    """A relation in FROM under the alias that its author wrote."""

    alias: str
    relation: Relation

    def column(self, name: str) -> Bound:
        return Bound(column_ref(self.alias, fold(name)), self.relation.columns[fold(name)])


@dataclass(frozen=True, slots=True)
class Scope:
    """Sources by lower-case alias, columns that USING merged, CTEs, and the scope around it."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    merged: Mapping[str, Bound] = field(default_factory=dict)
    ctes: Mapping[str, Relation] = field(default_factory=dict)
    parent: "Scope | None" = None
    aliases: Mapping[str, Bound] = field(default_factory=dict)

    def chain(self) -> Iterator["Scope"]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def column(self, name: str) -> Bound | None:
        """What an unqualified name stands for: the nearest column, else an alias of the same SELECT list."""
        key, passed = fold(name), set[str]()
        for scope in self.chain():
            found = scope.own(key)
            if found is not None:
                alias = fold(found.node["column_names"][0]) if found.node["class"] == "COLUMN_REF" else ""
                if alias in passed:
                    raise NotAllowed(f"The column {shown(name)} is ambiguous here.", "Give each view its own alias.")
                return found
            if scope is self and key in self.aliases:
                return self.aliases[key]
            passed |= scope.sources.keys()
        return None

    def own(self, key: str) -> Bound | None:
        """The column of this scope alone. Raises `NotAllowed` where several sources have it."""
        if key in self.merged:
            return self.merged[key]
        found = [source for source in self.sources.values() if key in source.relation.columns]
        if len(found) > 1:
            raise NotAllowed(f"The column {shown(key)} is in several views here.", f"Write {found[0].alias}.{key}, for example.")
        return found[0].column(key) if found else None

    def qualified(self, alias: str, name: str) -> Bound:
        """``alias.name`` in the nearest scope that has the alias. Raises `UnknownColumn`."""
        for scope in self.chain():
            source = scope.sources.get(fold(alias))
            if source is not None:
                if fold(name) in source.relation.columns:
                    return source.column(name)
                raise unknown_column(name, source.relation.columns, source.alias)
        raise unknown_column(f"{alias}.{name}", self.names())

    def names(self) -> set[str]:
        """Every column name in reach, for suggestions."""
        own = {name for scope in self.chain() for s in scope.sources.values() for name in s.relation.columns}
        return own | set(self.aliases)


def column_ref(*names: str) -> Node:
    return {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "column_names": list(names)}


def shown(identifier: str) -> str:
    """An identifier as its author typed it, short and printable."""
    text = "".join(c if c.isprintable() else "?" for c in identifier)
    return f"'{text[:40]}…'" if len(text) > 40 else f"'{text}'"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(fold(name).rpartition(".")[2], sorted(known), n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def unknown_column(name: str, known: Iterable[str], alias: str = "") -> UnknownColumn:
    """The one text for a column that is not there, whether or not it exists for others."""
    what = f"{shown(alias)} has no column {shown(name)}." if alias else f"Nothing in this part of the query has a column {shown(name)}."
    return UnknownColumn(what, did_you_mean(name, known) or "Run 'steward views' to see the columns you may use.")
