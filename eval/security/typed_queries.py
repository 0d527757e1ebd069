"""Random SELECTs over one asker's schema, written so that the guard's types come out right: most are approved, and most of those run.

What may be called comes from the guard's own list (``functions.signatures``), so that every listed function is written. Seeded:
one seed gives one series of statements.
"""

from collections.abc import Sequence
from dataclasses import replace

from eval.security.typed_expressions import PLAIN, Expressions, Place, Source, Style
from nl2sql.guard.identifiers import quoted
from nl2sql.guard.kinds import Kind

__all__ = ["Place", "Queries", "Source", "Style"]

FORBIDDEN = ("consents", "audit_log", "secret_people", "priv_datasets", "sqlite_master", "duckdb_tables")
SET_OPERATIONS = ("UNION", "UNION ALL", "EXCEPT", "EXCEPT ALL", "INTERSECT", "INTERSECT ALL", "UNION BY NAME", "UNION ALL BY NAME")


class Queries(Expressions):
    """Writes statements; ``words`` are text values that occur, so that some conditions hold."""

    def statement(self) -> str:
        """The next statement."""
        self.aliases = 0
        depth = self.style.depth
        if self.style.mixed:
            depth = min(self.random.randint(1, depth), self.random.randint(1, depth))
        text, _ = self.query(Place(), depth, with_ctes=True)
        return text

    def query(self, outer: Place, depth: int, kinds: Sequence[Kind] | None = None, with_ctes: bool = False) -> tuple[str, dict[str, Kind]]:
        """A query and the columns it gives, of these kinds where some are asked for."""
        ctes, parts = dict(outer.ctes), list[str]()
        if with_ctes and self.chance(0.3):
            for _ in range(self.random.randint(1, 2)):
                name = self.alias("c")
                inner, columns = self.query(Place(ctes=ctes), depth - 1)
                parts.append(f"{name} AS {self.pick(('', '', '', 'MATERIALIZED ', 'NOT MATERIALIZED '))}({inner})")
                ctes[name] = columns
        outer = replace(outer, ctes=ctes)
        if depth > 1 and self.chance(0.15):
            body, columns = self.set_operation(outer, depth, kinds)
        elif depth > 1 and kinds is None and not with_ctes and self.chance(0.05):
            body, columns = self.values(outer)
        else:
            body, columns = self.select(outer, depth, kinds)
        return (f"WITH {', '.join(parts)} " if parts else "") + body, columns

    def set_operation(self, outer: Place, depth: int, kinds: Sequence[Kind] | None) -> tuple[str, dict[str, Kind]]:
        kinds = kinds or [self.pick(PLAIN) for _ in range(self.random.randint(1, 3))]
        inner = replace(outer, sources=())
        left, columns = self.select(inner, depth - 1, kinds, bare=True)
        right, _ = self.select(inner, depth - 1, kinds, bare=True, names=list(columns))
        return f"({left}) {self.pick(SET_OPERATIONS)} ({right})" + self.ending(), columns

    def values(self, outer: Place) -> tuple[str, dict[str, Kind]]:
        kinds = [self.pick(PLAIN) for _ in range(self.random.randint(1, 3))]
        rows = ", ".join(f"({', '.join(self.literal(kind) for kind in kinds)})" for _ in range(self.random.randint(1, 3)))
        return f"VALUES {rows}", {f"col{at}": kind for at, kind in enumerate(kinds)}

    def select(
        self, outer: Place, depth: int, kinds: Sequence[Kind] | None, bare: bool = False, names: Sequence[str] = ()
    ) -> tuple[str, dict[str, Kind]]:
        sources, text = self.from_clause(outer, depth)
        place = Place((*sources, *outer.sources), outer.ctes)
        where = f" WHERE {self.expression('bool', place, depth, leaf=0.1)}" if self.chance(0.6) else ""
        if kinds is None and not names and self.chance(0.06):
            return self.star(text, where, sources)
        kinds = kinds or [self.pick(PLAIN) for _ in range(self.random.randint(1, 4))]
        names = names or [self.alias("x") for _ in kinds]
        grouped = self.chance(0.35)
        having = group = ""
        if grouped:
            place = replace(place, sources=sources)  # what a group is made of is its own
            groups = tuple((self.expression(kind, place.inside, 1, leaf=0.8, constant=False), kind) for kind in self.kinds_of(sources, 2))
            groups = tuple((sql, kind) for sql, kind in groups if "." in sql)
            place = replace(place, groups=groups)
            group = self.grouping([sql for sql, _ in groups])
            having = f" HAVING {self.expression('bool', place, depth - 1, leaf=0.1)}" if self.chance(0.3) else ""
        else:
            place = replace(place, window=self.chance(0.4))
        items = [self.expression(kind, place, depth) for kind in kinds]
        distinct = "DISTINCT " if not grouped and self.chance(0.12) else ""
        if not distinct and not grouped and not self.style.settled and self.chance(0.04):
            distinct = f"DISTINCT ON ({self.column(Place(sources))}) "
        listed = ", ".join(f"{item} AS {name}" for item, name in zip(items, names, strict=True))
        qualify = ""
        if not grouped and not distinct and self.chance(0.06):
            qualify = f" QUALIFY {self.window('whole', Place(sources), 1)} <= {self.random.randint(1, 5)}"
        body = f"SELECT {distinct}{listed} FROM {text}{where}{group}{having}{qualify}"
        ends = "" if bare and self.chance(0.5) else self.ending("ON (" in distinct)
        return body + ends, dict(zip(names, kinds, strict=True))

    def star(self, text: str, where: str, sources: Sequence[Source]) -> tuple[str, dict[str, Kind]]:
        columns: dict[str, Kind] = {}
        for source in sources:
            for name, kind in source.columns.items():
                called, count = name, 0
                while called in columns:
                    count += 1
                    called = f"{name}_{count}"
                columns[called] = kind
        first = sources[0]
        if len(sources) == 1 and len(first.columns) > 1 and self.chance(0.5):
            left_out = self.pick(list(first.columns))
            return f"SELECT * EXCLUDE ({quoted(left_out)}) FROM {text}{where}", {n: k for n, k in columns.items() if n != left_out}
        if self.chance(0.3):
            return f"SELECT {first.alias}.* FROM {text}{where}", dict(first.columns)
        return f"SELECT * FROM {text}{where}", columns

    def grouping(self, groups: Sequence[str]) -> str:
        if not groups:
            return ""
        listed = ", ".join(groups)
        if self.chance(0.15):
            return f" GROUP BY {self.pick(('ROLLUP', 'CUBE'))} ({listed})"
        if self.chance(0.1):
            return f" GROUP BY GROUPING SETS (({listed}), ({groups[0]}), ())"
        return f" GROUP BY {listed}"

    def ending(self, ordered: bool = False) -> str:
        """ORDER BY and LIMIT; where results must be settled, all columns order them before any are cut off."""
        limit = f" LIMIT {self.random.randint(0, 20)}" + (f" OFFSET {self.random.randint(0, 3)}" if self.chance(0.2) else "")
        order = f" ORDER BY {self.pick(('ALL', 'ALL DESC', '1', '1 DESC NULLS LAST', '1 ASC NULLS FIRST'))}"
        if self.style.settled:
            return self.pick(("", "", " ORDER BY 1", " ORDER BY ALL" + limit))
        return (order if ordered or self.chance(0.4) else "") + (limit if self.chance(0.3) else "")

    def from_clause(self, outer: Place, depth: int) -> tuple[tuple[Source, ...], str]:
        sources, text = self.relation(outer, depth)
        for _ in range(self.pick((0, 0, 0, 1, 1, 2)) if depth > 1 else 0):
            more, right = self.relation(outer, depth - 1)
            shared = sorted(set(sources[0].columns.items()) & set(more[0].columns.items())) if len(sources) == 1 else []
            shared = [pair for pair in shared if not pair[1].endswith("[]")]
            roll = self.random.random()
            if roll < 0.08 and "unnest" not in right:
                text, sources = f"{text} CROSS JOIN {right}", (*sources, *more)
            elif roll < 0.14:
                text, sources = f"{text}, {right}", (*sources, *more)
            elif shared and roll < 0.3:
                name, _ = self.pick(shared)
                text = f"{text} {self.pick(('', 'LEFT ', 'RIGHT ', 'FULL '))}JOIN {right} USING ({quoted(name)})"
                sources = (*sources, *more)
            else:
                condition = self.joined(sources, more)
                word = self.pick(("", "", "LEFT ", "RIGHT ", "FULL ", "SEMI ", "ANTI "))
                text = f"{text} {word}JOIN {right} ON {condition}"
                sources = sources if word in ("SEMI ", "ANTI ") else (*sources, *more)
        lists = [(s.alias, c, k) for s in sources for c, k in s.columns.items() if k.endswith("[]")]
        if lists and " JOIN " not in text and self.chance(0.15):
            alias, (of, column, kind) = self.alias("u"), self.pick(lists)
            self.written["unnest"] += 1
            text, sources = f"{text}, unnest({of}.{quoted(column)}) AS {alias}(v)", (*sources, Source(alias, {"v": kind[:-2]}))
        return sources, text

    def relation(self, outer: Place, depth: int) -> tuple[tuple[Source, ...], str]:
        alias, roll = self.alias(self.style.prefix), self.random.random()
        if self.chance(self.style.hidden):
            return (Source(alias, {"node": "text"}),), f"{self.pick(FORBIDDEN)} AS {alias}"
        if outer.ctes and roll < 0.4:
            name = self.pick(list(outer.ctes))
            return (Source(alias, outer.ctes[name]),), f"{name} AS {alias}"
        if depth > 1 and roll < 0.5:
            inner, columns = self.query(Place(ctes=outer.ctes), depth - 1)
            return (Source(alias, columns),), f"({inner}) AS {alias}"
        if roll < 0.53:
            return (Source(alias, {"v": "whole"}),), f"range({self.random.randint(1, 9)}) AS {alias}(v)"
        if roll < 0.55:
            kind = self.pick(PLAIN)
            return (Source(alias, {"v": kind}),), f"(SELECT {self.literal(kind)} AS v) AS {alias}"
        name = self.pick(list(self.relations))
        return (Source(alias, self.relations[name]),), f"{name} AS {alias}"

    def joined(self, left: Sequence[Source], right: Sequence[Source]) -> str:
        """A join's condition: two columns of one kind, those of one name first."""
        pairs = [
            (f"{a.alias}.{quoted(n)} = {b.alias}.{quoted(m)}", n == m)
            for a in left
            for b in right
            for n, k in a.columns.items()
            for m, j in b.columns.items()
            if k == j and k in ("text", "whole", "date")
        ]
        alike = [sql for sql, same in pairs if same]
        condition = self.pick(alike if alike and self.chance(0.7) else [sql for sql, _ in pairs] or ["1 = 1"])
        if self.chance(0.2):
            condition += f" AND {self.expression('bool', replace(Place((*left, *right)), subquery=False), 1)}"
        return condition

    def kinds_of(self, sources: Sequence[Source], most: int) -> list[Kind]:
        found = sorted({k for s in sources for k in s.columns.values() if not k.endswith("[]") and k != "interval"})
        return [self.pick(found) for _ in range(self.random.randint(0, most))] if found else []
