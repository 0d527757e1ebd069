"""Compiles a plan to DuckDB SQL over the semantic layer. Decides nothing about access: the guard reads what comes out.

Its parts lie beside it: `cells` has the columns and values, `predicates` the conditions, `amounts` the result columns.
"""

from collections.abc import Iterable
from datetime import datetime

from catalog.semantic import views
from nl2sql.errors import BadPlan
from nl2sql.plan.amounts import Amounts
from nl2sql.plan.cells import relation
from nl2sql.plan.language import OF, Condition, Item, Query, column_of
from nl2sql.plan.meant import meant
from nl2sql.plan.parts import plain_groups
from nl2sql.plan.predicates import SIGNS, column_names
from nl2sql.plan.results import alias, result_unit, unit_factor
from nl2sql.plan.rows import at_once, compared, counted, has_shares, listed, must_be_set
from nl2sql.values import Bindings


def compile_query(query: Query, bindings: Bindings, now: datetime, unit: str = "") -> str:
    """SQL text of a query plan, with slots replaced by values and ``now`` as the clock.

    Rows are distinct wherever the result neither aggregates nor ends after the first few: of those, equal ones count too.
    What a result is cut by, ordered by or ranked in is shown.
    Amounts of bytes or of time come in the ``unit`` that was asked for, a key of `values.BYTES_IN` or `values.SECONDS_IN`; conditions stay in that of
    the column.
    Raises `BadPlan` for a slot without a value or a value of the wrong kind.
    """
    return _Compiler(bindings, now, unit).query(query)


class _Compiler(Amounts):
    def __init__(self, bindings: Bindings, now: datetime, unit: str) -> None:
        super().__init__(bindings, now)
        self.unit = unit

    def query(self, query: Query) -> str:
        query = meant(query)
        self.where, self.listed = query.where, listed(query)
        items = list(dict.fromkeys(_expand(query)))
        if query.order and query.order[0] not in items:
            items.append(query.order[0])
        items = list(dict.fromkeys([*items, *compared(query)]))
        if query.per and Item("", (query.per,)) not in items:
            items.insert(0, Item("", (query.per,)))
        grouped, is_cut = query.is_grouped, bool(query.limit) and not query.per and not query.both_ends
        columns = [self.labelled(item, number, query) for number, item in enumerate(items, 1)]
        distinct = "" if grouped or is_cut else "DISTINCT "
        parts = [f"SELECT {distinct}{', '.join(columns)}", f"FROM {self.source(query)}"]
        if self.listed:
            parts.append(self.entries(self.listed))
        parts += [f"JOIN {relation(join.view)} ON {self.equal(join.edge)}" for join in query.joins]
        rows = [self.all_of(query.newest)] if query.newest else self.tests(query)
        tests = [*rows, *(f"{self.item(item, query)} IS NOT NULL" for item in must_be_set(query, items))]
        if some := counted(query, items):
            tests.append(f"({' OR '.join(self.all_of(c) for c in some)})")
        if tests:
            parts.append("WHERE " + " AND ".join(tests))
        keys = [self.item(i, query) for i in items if not i.is_aggregate]
        if grouped and keys:
            parts.append("GROUP BY " + ", ".join(keys))
        places = []
        if query.having:
            # The rows that a share is of are not only those of the groups that are kept.
            if has_shares(items, query):
                places.append(self.having(*query.having, query))
            else:
                parts.append(f"HAVING {self.having(*query.having, query)}")
        if query.per or query.both_ends:
            places.append(self.ranked(query))
        if places:
            parts.append(f"QUALIFY {' AND '.join(places)}")
        if query.order:
            item, direction = query.order
            first = f"{self.column(query.per)}, " if query.per else ""
            # Which of equal rows are left out must depend neither on how many are shown nor on which thread is first.
            rest = [self.item(i, query) for i in items if i != item and not i.is_aggregate] if is_cut or query.skip else []
            parts.append(", ".join([f"ORDER BY {first}{self.shown(item, query)} {direction} NULLS LAST", *rest]))
        if is_cut:
            parts.append(f"LIMIT {self.rows(query.limit)}")
        if query.skip:
            parts.append(f"OFFSET {self.rows(query.skip)}")
        return " ".join(parts)

    def tests(self, query: Query) -> list[str]:
        """The conditions of the rows; one per value where each value is asked of what is listed."""
        thing, groups = at_once(query, self.bindings)
        if not thing:
            return [self.predicate(p) for p in query.where]
        first, *others = groups
        column = self.column(thing)
        return [self.all_of(first), *(f"{column} IN (SELECT {column} FROM {relation(query.view)} WHERE {self.all_of(g)})" for g in others)]

    def rows(self, token: str) -> int:
        return int(float(self.number(token)))

    def ranked(self, query: Query) -> str:
        """The first rows of each group, or the first and the last of all, with all that share a place; what has no value is no first."""
        assert query.order is not None
        item, direction = query.order
        value, group = self.item(item, query), f"PARTITION BY {self.column(query.per)} " if query.per else ""
        ways = ("ASC", "DESC") if query.both_ends else (direction,)
        ends = " OR ".join(f"rank() OVER ({group}ORDER BY {value} {way} NULLS LAST) <= {self.rows(query.limit)}" for way in ways)
        return f"{f'({ends})' if query.both_ends else ends} AND {value} IS NOT NULL"

    def having(self, item: Item, op: str, than: str | Item, query: Query) -> str:
        """A sum over no row is nothing, which beside another aggregate counts as 0."""
        if isinstance(than, str) and than.startswith(OF):
            return f"{self.item(item, query)} {SIGNS[op]} ({self.amount_of(than.removeprefix(OF), item, query)})"
        if isinstance(than, str):
            return f"{self.item(item, query)} {SIGNS[op]} {self.number(than, result_unit(item, self.where))}"
        sides = [f"coalesce({self.item(i, query)}, 0)" if i.fn in ("SUM", "SUM_IF") else self.item(i, query) for i in (item, than)]
        return f"{sides[0]} {SIGNS[op]} {sides[1]}"

    def amount_of(self, slot: str, amount: Item, query: Query) -> str:
        """The same amount of the one group that a slot names."""
        group = next((column for column in plain_groups(query) if column_of(column).slot == slot[1:-1] and not column_of(column).is_list), "")
        if not group or query.newest or self.listed:
            raise BadPlan(f"no group is one {slot[1:-1]}")
        joins = "".join(f" JOIN {relation(join.view)} ON {self.equal(join.edge)}" for join in query.joins)
        tests = [*self.tests(query), self.condition(Condition(group, "EQ", slot))]
        return f"SELECT {self.item(amount, query)} FROM {self.source(query)}{joins} WHERE {' AND '.join(tests)}"

    def labelled(self, item: Item, number: int, query: Query) -> str:
        """A result column under a name that says what the value is."""
        name = alias(item, number, self.unit)
        return f"{self.shown(item, query)} AS {name}" if name else self.shown(item, query)

    def shown(self, item: Item, query: Query) -> str:
        """A result column's value in the unit that was asked for."""
        factor = unit_factor(item, self.unit)
        value = f"({self.item(item, query)})" if item.fn == "DIFF" and factor else self.item(item, query)
        if not factor:
            return value
        return f"{value} / {factor:.10g}" if factor >= 1 else f"{value} * {1 / factor:.10g}"

    def source(self, query: Query) -> str:
        """The view, of which LATEST keeps the newest row of each of its things, and conditions on the newest keep those of each thing listed."""
        view, rows = views()[query.view], relation(query.view)
        # A star is what the asker may see of the view; a name would ask for a column that they need not have.
        if query.newest:
            if query.joins or query.latest or not view.time or not query.select[0].args or "#" in query.select[0].args[0]:
                raise BadPlan("nothing is listed of which there is a newest row")
            newest = f"rank() OVER (PARTITION BY {self.cell(query.select[0].args[0])} ORDER BY {self.by_age(query.view)}) = 1"
            return f"(SELECT * FROM {rows} WHERE {' AND '.join(self.tests(query)) or 'TRUE'} QUALIFY {newest}) AS {rows}"
        if not query.latest:
            return rows
        keys = ", ".join(f"{rows}.{c}" for c in view.latest_by)
        return f"(SELECT * FROM {rows} QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {self.by_age(query.view)}) = 1) AS {rows}"

    def by_age(self, name: str) -> str:
        """The newest row first: the last of those that are numbered, and what has not ended yet."""
        view = views()[name]
        if numbered := [c for c in view.key if c not in view.latest_by and view.columns[c].is_number and view.latest_by]:
            return f"{relation(name)}.{numbered[0]} DESC"
        return f"{relation(name)}.{view.time} DESC{' NULLS FIRST' if view.columns[view.time].null_tells else ''}"

    def equal(self, edge: str) -> str:
        """What joins two views: the same value, an entry of a list, and between what is told of columns the same column."""
        left, right = edge.split("=")
        for entries, one in ((left, right), (right, left)):
            if column_of(entries).is_list and entries != self.listed:
                return f"list_contains({self.cell(entries)}, {self.column(one)})"
        pairs = [(left, right), *filter(None, [column_names(left, right)])]
        return " AND ".join(f"{self.column(one)} = {self.column(other)}" for one, other in pairs)


def _expand(query: Query) -> Iterable[Item]:
    for item in query.select:
        if item.fn == "SHOW":
            yield from (Item("", (f"{query.view}.{c}",)) for c in views()[query.view].display)
        else:
            yield item
