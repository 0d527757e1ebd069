"""Random expressions of a kind: columns in reach, literals, calls of listed functions, predicates, windows, small subqueries."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeVar

from eval.security.typed_calls import Call, calls_of, literal_argument
from nl2sql.guard import Schema
from nl2sql.guard.identifiers import quoted
from nl2sql.guard.kinds import Kind

T = TypeVar("T")
PLAIN: tuple[Kind, ...] = ("text", "text", "whole", "whole", "real", "bool", "date", "timestamp")
"""Kinds that a column of a result may have, common ones more often."""

ABSENT_COLUMNS = ("steward", "ssn", "owner_email", "rowid", "content_hash", "buyer")
FRAMES = (
    "ROWS BETWEEN 2 PRECEDING AND CURRENT ROW",
    "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
    "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW",
    "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES",
    "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE GROUP",
)
NARROW = {"BIGINT": "whole", "INTEGER": "whole", "HUGEINT": "whole", "DOUBLE": "real", "DECIMAL(12, 3)": "real", "FLOAT": "real"}


@dataclass(frozen=True, slots=True)
class Style:
    """``hidden`` is the chance that a relation or column is one that may not be read.

    With ``settled`` a result depends on no order of rows beyond what the statement asks for, and no value makes it fail: two
    plans, or a table and a view over more rows, must then give the same. ``prefix`` begins every alias. ``mixed`` statements are of
    every depth up to ``depth``, the flat ones more often: planning what is deep takes most of the time of a run.
    """

    hidden: float = 0.01
    settled: bool = False
    depth: int = 3
    prefix: str = "t"
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A relation in FROM."""

    alias: str
    columns: Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: what it may name, and whether aggregates, windows and subqueries may stand there."""

    sources: tuple[Source, ...] = ()
    ctes: Mapping[str, Mapping[str, Kind]] = field(default_factory=dict)
    groups: tuple[tuple[str, Kind], ...] | None = None
    window: bool = False
    subquery: bool = True

    @property
    def inside(self) -> "Place":
        """Within an aggregate or a window, where columns are free again."""
        return replace(self, groups=None, window=False, subquery=False)


class Expressions:
    """The expression half of the generator; `relation` and `joined` are supplied by the query half."""

    def __init__(self, schema: Schema, seed: int, style: Style | None = None, words: Sequence[str] = ("EU", "public", "d1")) -> None:
        self.random = Random(seed)
        self.style = style or Style()
        self.words = words
        self.relations = {name: dict(readable.columns) for name, readable in schema.readable.items()}
        self.calls: dict[tuple[str, Kind], list[Call]] = {}
        self.written: Counter[str] = Counter()
        self.aliases = 0

    def relation(self, outer: Place, depth: int) -> tuple[tuple[Source, ...], str]:
        """A relation of FROM and how it is written."""
        raise NotImplementedError

    def joined(self, left: Sequence[Source], right: Sequence[Source]) -> str:
        """A condition that ties two sides of a join."""
        raise NotImplementedError

    def expression(self, kind: Kind, place: Place, depth: int, leaf: float = 0.35, constant: bool = True) -> str:
        """An expression of a kind; the deeper it stands, the more likely a column or a literal."""
        if depth <= 0 or self.chance(leaf):
            return self.leaf(kind, place, constant)
        makers: list[Callable[[Kind, Place, int], str]] = [self.call, self.call, self.call]
        makers += [self.case, self.coalesce, self.cast, self.element] if not kind.endswith("[]") else [self.array]
        if kind == "bool":
            makers += [self.comparison, self.comparison, self.comparison, self.logic, self.logic, self.membership, self.null_test]
        if place.groups is not None:
            makers += [self.aggregate] * 5
        elif place.window:
            makers += [self.window] * 2
        if place.subquery and depth > 1 and place.groups is None and not kind.endswith("[]"):
            # A kind that no aggregate gives would make a subquery of several rows.
            makers += [self.scalar_subquery] if self.known("aggregate", kind) else []
            makers += [self.exists, self.in_subquery] if kind == "bool" else []
        return self.pick(makers)(kind, place, depth - 1)

    def column(self, place: Place) -> str:
        """Any column in reach, of a kind that can be ordered."""
        return self.pick([f"{s.alias}.{quoted(name)}" for s in place.sources for name in s.columns])

    def leaf(self, kind: Kind, place: Place, constant: bool = True) -> str:
        if place.groups is not None:
            found = [sql for sql, k in place.groups if k == kind]
            if not found and self.chance(0.7):
                return self.aggregate(kind, place, 0)
        else:
            found = [f"{s.alias}.{quoted(name) if self.chance(0.1) else name}" for s in place.sources for name, k in s.columns.items() if k == kind]
        if found and (not constant or self.chance(0.85)):
            if self.chance(self.style.hidden) and place.sources:
                return f"{place.sources[0].alias}.{self.pick(ABSENT_COLUMNS)}"
            return self.pick(found)
        return self.literal(kind)

    def literal(self, kind: Kind) -> str:
        if self.chance(0.04):
            return "NULL"
        if kind.endswith("[]"):
            return f"[{', '.join(self.literal(kind[:-2]) for _ in range(self.random.randint(1, 3)))}]"
        day = f"2026-{self.random.randint(1, 12):02}-{self.random.randint(1, 28):02}"
        match kind:
            case "text":
                return self.pick([f"'{word}'" for word in (*self.words, "", "a", "it''s", "é", "10", day)])
            case "whole":
                return str(self.random.randint(0, 40))
            case "real":
                return self.pick(("0.5", "2.25", "1e1", "0.125", "3.0"))
            case "bool":
                return self.pick(("TRUE", "FALSE"))
            case "date":
                return self.pick((f"DATE '{day}'", f"CAST('{day}' AS DATE)", "current_date", "today()"))
            case "timestamp":
                return self.pick((f"TIMESTAMP '{day} 12:30:00'", "now()", f"TIMESTAMP '{day}'"))
        return self.pick(("INTERVAL 7 DAY", "INTERVAL '2 hours'", "INTERVAL 1 MONTH", "INTERVAL '3' WEEK", "to_days(3)"))

    def call(self, kind: Kind, place: Place, depth: int) -> str:
        found = self.known("scalar", kind)
        return self.written_call(self.rarest(found), place, depth) if found else self.leaf(kind, place)

    def written_call(self, call: Call, place: Place, depth: int) -> str:
        self.written[call.name] += 1
        return call.text([self.argument(token, call, place, depth) for token in call.arguments])

    def argument(self, token: str, call: Call, place: Place, depth: int) -> str:
        literal = literal_argument(token, call.name, call.arguments, self.random)
        if literal is not None:
            return literal
        return self.expression(call.kind_of(token, self.random), place, depth)

    def known(self, group: str, kind: Kind) -> list[Call]:
        if (group, kind) not in self.calls:
            self.calls[group, kind] = calls_of(group, kind, settled=self.style.settled)
        return self.calls[group, kind]

    def rarest(self, calls: Sequence[Call]) -> Call:
        """One of three drawn that was written least often, so that all are written."""
        return min(self.random.choices(calls, k=3), key=lambda call: self.written[call.name])

    def aggregate(self, kind: Kind, place: Place, depth: int) -> str:
        found = self.known("aggregate", kind)
        if not found:
            return self.literal(kind)
        call = self.rarest(found)
        self.written[call.name] += 1
        arguments = [self.argument(token, call, place.inside, depth) for token in call.arguments]
        where = f" FILTER (WHERE {self.expression('bool', place.inside, 1)})" if self.chance(0.12) else ""
        if call.name.startswith("quantile_") and self.chance(0.3):
            name = call.name.replace("quantile", "percentile")
            return f"{name}({arguments[1]}) WITHIN GROUP (ORDER BY {arguments[0]}){where}"
        distinct = "DISTINCT " if call.name in ("count", "sum", "min", "max", "list") and arguments and self.chance(0.2) else ""
        order = ""
        if call.ordered and "." in arguments[0].strip("'") and (self.style.settled or self.chance(0.4)):
            order = f" ORDER BY {arguments[0]}" + self.pick(("", " DESC", " NULLS FIRST"))
        if distinct and self.style.settled and call.ordered:
            distinct = ""
        return call.text(arguments, distinct, order) + where

    def window(self, kind: Kind, place: Place, depth: int) -> str:
        found = self.known("window", kind)
        if self.style.settled:
            found = [call for call in found if not call.ordered]  # rows that tie in ORDER BY come in any order
        if not found:
            return self.leaf(kind, place)
        call, inside = self.rarest(found), place.inside
        self.written[call.name] += 1
        arguments = [self.argument(token, call, inside, min(depth, 1)) for token in call.arguments]
        if call.name in ("lag", "lead") and self.chance(0.5):
            arguments += [str(self.random.randint(1, 2))] + ([self.literal(kind)] if self.chance(0.5) and not kind.endswith("[]") else [])
        nulls = " IGNORE NULLS" if call.name in ("lag", "lead", "first_value", "last_value") and self.chance(0.2) else ""
        over = []
        if self.chance(0.5):
            over.append(f"PARTITION BY {self.column(inside)}")
        if call.name not in ("count", "sum") or self.chance(0.5):
            over.append(f"ORDER BY {self.column(inside)}{self.pick(('', ' DESC', ' NULLS FIRST'))}")
            if call.framed and not self.style.settled and self.chance(0.3):
                over.append(self.pick(FRAMES))
        return f"{call.text(arguments, nulls=nulls)} OVER ({' '.join(over)})"

    def case(self, kind: Kind, place: Place, depth: int) -> str:
        whens = [
            f"WHEN {self.expression('bool', place, depth)} THEN {self.expression(kind, place, depth)}" for _ in range(self.random.randint(1, 2))
        ]
        other = f" ELSE {self.expression(kind, place, depth)}" if self.chance(0.7) else ""
        return f"CASE {' '.join(whens)}{other} END"

    def coalesce(self, kind: Kind, place: Place, depth: int) -> str:
        return f"coalesce({self.expression(kind, place, depth)}, {self.expression(kind, place, depth)})"

    def cast(self, kind: Kind, place: Place, depth: int) -> str:
        types = {"text": ["VARCHAR"], "bool": ["BOOLEAN"], "date": ["DATE"], "timestamp": ["TIMESTAMP"]}.get(kind)
        types = types or [name for name, k in NARROW.items() if k == kind]
        sources = {"text": PLAIN, "bool": ("whole", "text", "bool"), "date": ("timestamp", "text", "date"), "timestamp": ("date", "text")}.get(kind)
        if not types:
            return self.leaf(kind, place)
        child = self.expression(self.pick(sources or ("text", "whole", "real", "bool")), place, depth)
        return f"{'TRY_CAST' if child.startswith(chr(39)) else self.pick(('TRY_CAST', 'CAST'))}({child} AS {self.pick(types)})"

    def array(self, kind: Kind, place: Place, depth: int) -> str:
        items = [self.expression(kind[:-2], place, depth) for _ in range(self.random.randint(1, 3))]
        return f"{self.pick(('', '', 'ARRAY'))}[{', '.join(items)}]" + self.pick(("", "", "[1:2]"))

    def element(self, kind: Kind, place: Place, depth: int) -> str:
        return f"({self.expression(f'{kind}[]', place, depth)})[{self.random.randint(1, 2)}]" if kind != "interval" else self.leaf(kind, place)

    def comparison(self, kind: Kind, place: Place, depth: int) -> str:
        of = self.pick((*PLAIN, "interval"))
        left, right = self.expression(of, place, depth), self.expression(of, place, depth)
        sign = self.pick(("=", "<>", "<", ">", "<=", ">=", "=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM", "BETWEEN"))
        if sign == "BETWEEN":
            return f"({left} {self.pick(('', 'NOT '))}BETWEEN {right} AND {self.expression(of, place, depth)})"
        if of in ("date", "timestamp") and self.chance(0.15):
            right = f"'2026-{self.random.randint(1, 12):02}-15'"
        return f"({left} {sign} {right})"

    def logic(self, kind: Kind, place: Place, depth: int) -> str:
        if self.chance(0.25):
            return f"(NOT {self.expression('bool', place, depth)})"
        return f"({self.expression('bool', place, depth)} {self.pick(('AND', 'OR'))} {self.expression('bool', place, depth)})"

    def membership(self, kind: Kind, place: Place, depth: int) -> str:
        of = self.pick(("text", "whole", "date"))
        values = ", ".join(self.literal(of) for _ in range(self.random.randint(1, 4)))
        return f"({self.expression(of, place, depth)} {self.pick(('IN', 'NOT IN'))} ({values}))"

    def null_test(self, kind: Kind, place: Place, depth: int) -> str:
        if self.chance(0.3):
            return f"({self.expression('bool', place, depth)} {self.pick(('IS TRUE', 'IS NOT TRUE', 'IS FALSE', 'IS NOT FALSE'))})"
        return f"({self.expression(self.pick(PLAIN), place, depth)} IS {self.pick(('', 'NOT '))}NULL)"

    def scalar_subquery(self, kind: Kind, place: Place, depth: int) -> str:
        (source,), text = self.relation(Place(ctes=place.ctes), 1)
        inner = Place((source,), groups=(), subquery=False)
        where = self.correlation(source, place)
        return f"(SELECT {self.aggregate(kind, inner, 1)} FROM {text}{where})"

    def exists(self, kind: Kind, place: Place, depth: int) -> str:
        (source,), text = self.relation(Place(ctes=place.ctes), 1)
        return f"({self.pick(('', 'NOT '))}EXISTS (SELECT 1 FROM {text}{self.correlation(source, place)}))"

    def in_subquery(self, kind: Kind, place: Place, depth: int) -> str:
        of = self.pick(("text", "text", "whole", "date"))
        (source,), text = self.relation(Place(ctes=place.ctes), 1)
        item = self.expression(of, Place((source,), subquery=False), 1, leaf=0.8)
        sign = self.pick(("IN", "IN", "NOT IN", "= ANY", "> ANY", "<= ANY"))
        return f"({self.expression(of, replace(place, subquery=False), depth)} {sign} (SELECT {item} FROM {text}{self.correlation(source, Place())}))"

    def correlation(self, source: Source, outer: Place) -> str:
        """WHERE of a subquery: tied to the query around it or not."""
        if outer.sources and outer.groups is None and self.chance(0.6):
            return f" WHERE {self.joined(outer.sources[:1], [source])}"
        return f" WHERE {self.expression('bool', Place((source,), subquery=False), 1)}" if self.chance(0.6) else ""

    def alias(self, letter: str) -> str:
        self.aliases += 1
        return f"{letter}{self.aliases}"

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self.random.random() * len(items))]
