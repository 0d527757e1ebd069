"""Compiles a plan to DuckDB SQL over the semantic layer. Decides nothing about access: the guard reads what comes out."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from catalog.semantic import Column, views
from nl2sql.errors import BadPlan
from nl2sql.plan.language import (
    AGGREGATES,
    DATE_PARTS,
    MEAN_AGE,
    SPAN_AGGREGATES,
    SPAN_BOUNDS,
    SPANS,
    Condition,
    Either,
    Exists,
    Item,
    Not,
    Or,
    Predicate,
    Query,
    Segment,
    column_of,
    literal,
)
from nl2sql.plan.lengths import start_of
from nl2sql.plan.meant import meant
from nl2sql.plan.parts import own_key, plain_groups
from nl2sql.plan.results import alias, result_unit, unit_factor
from nl2sql.plan.rows import at_once, averaged, compared, counted, has_shares, listed, must_be_set
from nl2sql.values import SECONDS_IN, Bindings, Number, Period, Text

SIGNS = {"EQ": "=", "NE": "<>", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
V = TypeVar("V", Text, Number, Period)
SCALE_FROM_BYTES = {"bytes": 1.0, "GB": 1e-9, "MB": 1e-6}
ENTRY = "entry"
"""What the entries of a list that rows are grouped by are called beside the views."""
POLICY_NAMES = ("policies.policy_id", "policies.name")
"""A policy is called by either."""
AGE_UNITS = {"HOURS_SINCE": "hour", "DAYS_SINCE": "day", "DAYS_UNTIL": "day"}


def compile_query(query: Query, bindings: Bindings, now: datetime, unit: str = "") -> str:
    """SQL text of a query plan, with slots replaced by values and ``now`` as the clock.

    Rows are distinct wherever the result neither aggregates nor ends after the first few: of those, equal ones count too.
    What a result is cut by, ordered by or ranked in is shown.
    Amounts of bytes come in the ``unit`` that was asked for, a key of `values.BYTES_IN`; conditions stay in that of the column.
    Raises `BadPlan` for a slot without a value or a value of the wrong kind.
    """
    return _Compiler(bindings, now, unit).query(query)


class _Compiler:
    def __init__(self, bindings: Bindings, now: datetime, unit: str) -> None:
        self.bindings = bindings
        self.now = now
        self.unit = unit
        self.where: tuple[Predicate, ...] = ()
        self.listed = ""

    def query(self, query: Query) -> str:
        query = meant(query)
        self.where, self.listed = query.where, listed(query)
        items = list(dict.fromkeys(_expand(query)))
        if query.order and query.order[0] not in items:
            items.append(query.order[0])
        items = list(dict.fromkeys([*items, *compared(query)]))
        if query.per and Item("", (query.per,)) not in items:
            items.insert(0, Item("", (query.per,)))
        grouped = query.is_grouped
        columns = [self.labelled(item, number, query) for number, item in enumerate(items, 1)]
        distinct = "" if grouped or (query.limit and not query.per) else "DISTINCT "
        parts = [f"SELECT {distinct}{', '.join(columns)}", f"FROM {self.source(query)}"]
        parts += [f"JOIN {_relation(join.view)} ON {self.equal(join.edge)}" for join in query.joins]
        if self.listed:
            parts.append(f"CROSS JOIN unnest({self.cell(self.listed)}) AS {ENTRY}({self.listed.split('.')[1]})")
        tests = [*self.tests(query), *(f"{self.item(item, query)} IS NOT NULL" for item in must_be_set(query, items))]
        if some := counted(query, items):
            tests.append(f"({' OR '.join(self.all_of(c) for c in some)})")
        if tests:
            parts.append("WHERE " + " AND ".join(tests))
        keys = [self.item(i, query) for i in items if not i.is_aggregate]
        if grouped and keys:
            parts.append("GROUP BY " + ", ".join(keys))
        if query.having:
            # The rows that a share is of are not only those of the groups that are kept.
            word = "QUALIFY" if has_shares(items, query) else "HAVING"
            parts.append(f"{word} {self.having(*query.having, query)}")
        if query.per:
            parts.append(f"QUALIFY {self.ranked(query)}")
        if query.order:
            item, direction = query.order
            first = f"{self.column(query.per)}, " if query.per else ""
            # Which of equal rows are left out must not depend on how many are shown.
            rest = [self.item(i, query) for i in items if i != item and not i.is_aggregate] if query.skip else []
            parts.append(", ".join([f"ORDER BY {first}{self.shown(item, query)} {direction} NULLS LAST", *rest]))
        if query.limit and not query.per:
            parts.append(f"LIMIT {self.rows(query.limit)}")
        if query.skip:
            parts.append(f"OFFSET {self.rows(query.skip)}")
        return " ".join(parts)

    def tests(self, query: Query) -> list[str]:
        """The conditions of the rows; one per value where each value is asked of what is listed."""
        thing, groups = at_once(query)
        if not thing:
            return [self.predicate(p) for p in query.where]
        first, *others = groups
        column = self.column(thing)
        return [self.all_of(first), *(f"{column} IN (SELECT {column} FROM {_relation(query.view)} WHERE {self.all_of(g)})" for g in others)]

    def rows(self, token: str) -> int:
        return int(float(self.number(token)))

    def ranked(self, query: Query) -> str:
        """The first rows of each group, all of them where several share a place; what has no value is no first."""
        assert query.order is not None
        item, direction = query.order
        value = self.item(item, query)
        rank = f"rank() OVER (PARTITION BY {self.column(query.per)} ORDER BY {value} {direction} NULLS LAST)"
        return f"{rank} <= {self.rows(query.limit)} AND {value} IS NOT NULL"

    def having(self, item: Item, op: str, than: str | Item, query: Query) -> str:
        """A sum over no row is nothing, which beside another aggregate counts as 0."""
        if isinstance(than, str):
            return f"{self.item(item, query)} {SIGNS[op]} {self.number(than, result_unit(item))}"
        sides = [f"coalesce({self.item(i, query)}, 0)" if i.fn in ("SUM", "SUM_IF") else self.item(i, query) for i in (item, than)]
        return f"{sides[0]} {SIGNS[op]} {sides[1]}"

    def labelled(self, item: Item, number: int, query: Query) -> str:
        """A result column under a name that says what the value is."""
        name = alias(item, number, self.unit)
        return f"{self.shown(item, query)} AS {name}" if name else self.shown(item, query)

    def shown(self, item: Item, query: Query) -> str:
        """A result column's value in the unit that was asked for."""
        factor = unit_factor(item, self.unit)
        value = f"({self.item(item, query)})" if item.fn == "DIFF" and factor else self.item(item, query)
        return f"{value} / {factor:.10g}" if factor else value

    def source(self, query: Query) -> str:
        """The view, of which LATEST keeps the newest row of each thing."""
        view, relation = views()[query.view], _relation(query.view)
        if not query.latest:
            return relation
        keys = ", ".join(f"{relation}.{c}" for c in view.latest_by)
        running = " NULLS FIRST" if view.columns[view.time].null_tells else ""  # what has not ended yet is the newest
        newest = f"row_number() OVER (PARTITION BY {keys} ORDER BY {relation}.{view.time} DESC{running}) = 1"
        # A star is what the asker may see of the view; a name would ask for a column that they need not have.
        return f"(SELECT * FROM {relation} QUALIFY {newest}) AS {relation}"

    def equal(self, edge: str) -> str:
        left, right = edge.split("=")
        return f"{self.column(left)} = {self.column(right)}"

    def column(self, token: str) -> str:
        """A column; of the list that rows are grouped by, one entry."""
        return f"{ENTRY}.{token.split('.')[1]}" if token == self.listed else self.cell(token)

    def cell(self, token: str) -> str:
        """A column as the row has it, a list as a whole."""
        view, name = token.split(".")
        return f"{_relation(view)}.{name}"

    def item(self, item: Item, query: Query) -> str:
        match item.fn:
            case "":
                return self.formula(item.args[0]) if "#" in item.args[0] else self.column(item.args[0])
            case "COUNT":
                return self.count(query)
            case "COUNT_IF":
                return f"count(CASE WHEN {self.all_of(item.conditions)} THEN 1 END)"
            case "SHARE_IF":
                return f"avg(CASE WHEN {self.all_of(item.conditions)} THEN 1.0 ELSE 0.0 END)"
            case "SHARE_SUM":
                column = self.column(item.args[0])
                return f"sum(CASE WHEN {self.all_of(item.conditions)} THEN {column} ELSE 0 END) / nullif(sum({column}), 0)"
            case "AVG_IF" | "SUM_IF" as fn:
                return f"{fn[:3].lower()}(CASE WHEN {self.all_of(item.conditions)} THEN {self.column(item.args[0])} END)"
            case "COUNT_DISTINCT":
                return f"count(DISTINCT {self.column(item.args[0])})"
            case "SHARE":
                count = self.item(Item("COUNT"), query)
                return f"{count} / sum({count}) OVER ()"
            case "SHARE_OF":
                total = f"sum({self.column(item.args[0])})"
                return f"{total} / nullif(sum({total}) OVER (), 0)"
            case "DIFF":
                return f"{self.column(item.args[0])} - {self.column(item.args[1])}"
            case "HOURS_SINCE" | "DAYS_SINCE" as fn:
                return f"date_diff('{AGE_UNITS[fn]}', {self.column(item.args[0])}, {self.clock()})"
            case "DAYS_UNTIL" as fn:
                return f"date_diff('{AGE_UNITS[fn]}', {self.clock()}, {self.column(item.args[0])})"
            case fn if fn in SPANS:
                return self.span(fn.partition("_")[0], item)
            case fn if fn in SPAN_AGGREGATES:
                function, _, part = fn.partition("_")
                return f"{function.lower()}({self.span(part, item)})"
            case fn if fn == MEAN_AGE:
                return f"avg({self.item(Item('DAYS_SINCE', item.args), query)})"
            case fn if fn in AGGREGATES or fn == "ABS":
                return f"{fn.lower()}({self.column(item.args[0])})"
            case "YEAR":
                return f"year({self.column(item.args[0])})"
            case fn if fn in DATE_PARTS:
                return f"CAST(date_trunc('{fn.lower()}', {self.column(item.args[0])}) AS DATE)"
        raise BadPlan(f"{item.fn} is no result column here")

    def count(self, query: Query) -> str:
        """How many rows of the view there are, whatever multiplies them; of a thing that is named, how many are joined to it."""
        joined = [join.view for join in query.joins if not join.adds_one_row]
        groups = set(plain_groups(query))
        is_named = set(own_key(query.view)) <= groups or (query.view == "policies" and not groups.isdisjoint(POLICY_NAMES))
        keys = [self.column(token) for token in own_key(joined[0] if joined and is_named else query.view)]
        if not joined or (is_named and len(joined) == 1 and len(keys) > 1):
            return "count(*)"
        return f"count(DISTINCT {keys[0]})" if len(keys) == 1 else f"count(DISTINCT concat_ws('|', {', '.join(keys)}))"

    def span(self, part: str, item: Item) -> str:
        """``part`` is DAYS or HOURS, of which a result counts whole days, and hours and means their parts too."""
        start, end = (self.column(token) for token in item.args)
        if part == "HOURS":
            return f"date_diff('minute', {start}, {end}) / 60.0"
        return f"date_diff('day', {start}, {end})" if item.fn in SPANS else f"date_diff('hour', {start}, {end}) / 24.0"

    def formula(self, token: str) -> str:
        view, _, name = token.partition("#")
        return views()[view].measures[name].sql.replace("{now}", self.clock())

    def clock(self) -> str:
        return f"TIMESTAMP '{self.now:%Y-%m-%d %H:%M:%S}'"

    def all_of(self, conditions: Iterable[Predicate]) -> str:
        return " AND ".join(self.predicate(c) for c in conditions) or "TRUE"

    def predicate(self, predicate: Predicate) -> str:
        match predicate:
            case Segment(token):
                view, name = token.split(":")
                return f"({views()[view].segments[name].sql.replace('{now}', self.clock())})"
            case Not(Condition(column, "EQ", value)):
                return self.predicate(Condition(column, "NE", value))
            case Not(inner):
                return f"NOT coalesce({self.predicate(inner)}, FALSE)"
            case Or(left, right):
                return f"({self.predicate(left)} OR {self.predicate(right)})"
            case Either(arms):
                return f"({' OR '.join(f'({self.all_of(arm)})' if len(arm) > 1 else self.all_of(arm) for arm in arms)})"
            case Exists():
                return self.exists(predicate)
            case Condition():
                return self.condition(predicate)

    def exists(self, exists: Exists) -> str:
        """A semi-join or anti-join as IN over the related view, whose columns alone the conditions name; of a list any entry will do."""
        left, right = exists.join.edge.split("=")
        outer, inner = (left, right) if right.split(".")[0] == exists.join.view else (right, left)
        tests = [f"{self.column(inner)} IS NOT NULL", *(self.predicate(c) for c in exists.conditions)]
        related = f"FROM {_relation(exists.join.view)} WHERE {' AND '.join(tests)}"
        if column_of(outer).is_list:
            any_of_them = f"list_has_any({self.cell(outer)}, (SELECT list({self.column(inner)}) {related}))"
            return f"{'NOT ' if exists.negated else ''}coalesce({any_of_them}, FALSE)"
        related = f"SELECT {self.column(inner)} {related}"
        return f"{self.column(outer)} {'NOT IN' if exists.negated else 'IN'} ({related})"

    def condition(self, condition: Condition) -> str:
        spec = column_of(condition.column)
        column = self.cell(condition.column)
        match condition.op:
            case "IS_NULL":
                return f"coalesce(len({column}), 0) = 0" if spec.is_list else f"{column} IS NULL"
            case "NOT_NULL":
                return f"len({column}) > 0" if spec.is_list else f"{column} IS NOT NULL"
            case "IS_TRUE":
                return column
            case "IS_FALSE":
                return f"NOT {column}"
            case "PAST" | "FUTURE" as op:
                now = f"CAST({self.clock()} AS DATE)" if spec.type == "DATE" else self.clock()
                return f"{column} {'<' if op == 'PAST' else '>='} {now}"
            case "DURING":
                return self.during(column, self.value(condition.value, Period))
            case "NOT_DURING":
                during = self.during(column, self.value(condition.value, Period))
                return f"NOT coalesce({during}, FALSE)" if spec.null_tells else f"NOT {during}"
            case "HAS" | "HAS_NOT" as op:
                tests = [f"list_contains({column}, {_quoted(v)})" for v in self.value(condition.value, Text).values]
                joined = f"({' OR '.join(tests)})" if len(tests) > 1 else tests[0]
                return joined if op == "HAS" else f"NOT coalesce({joined}, FALSE)"
            case op if op in SPAN_BOUNDS:
                number = self.value(condition.value, Number)
                return f"{column} {SIGNS[SPAN_BOUNDS[op]]} {self.cell(start_of(condition.column))} + INTERVAL '{number.value * SECONDS_IN[number.unit]:.0f}' SECOND"
            case "EQ" if condition.column in POLICY_NAMES and condition.value.startswith("@"):
                either = (f"{self.cell(name)} {self.comparison(condition, spec)}" for name in POLICY_NAMES)
                return f"({' OR '.join(either)})"
            case "CONTAINS":
                tests = [f"contains(lower({column}), {_quoted(v.lower())})" for v in self.texts(condition.value, spec)]
                return f"({' OR '.join(tests)})" if len(tests) > 1 else tests[0]
        return f"{column} {self.comparison(condition, spec)}"

    def comparison(self, condition: Condition, spec: Column) -> str:
        sign = SIGNS[condition.op]
        if "." in condition.value and condition.value.split(".")[0] in views():
            return f"{sign} {self.column(condition.value)}"
        if condition.value == "MEAN":
            return f"{sign} ({self.mean(condition.column)})"
        if spec.is_number:
            return f"{sign} {self.number(condition.value, spec.unit)}"
        values = [_quoted(v) for v in self.texts(condition.value, spec)]
        if len(values) == 1:
            return f"{sign} {values[0]}"
        return f"{'IN' if condition.op == 'EQ' else 'NOT IN'} ({', '.join(values)})"

    def mean(self, token: str) -> str:
        """The average of a column over the rows of its view that are of the kind and time that the conditions on that view say."""
        view = token.split(".")[0]
        tests = "".join(f" AND {self.predicate(p)}" for p in averaged(self.where, view))
        return f"SELECT avg({self.column(token)}) FROM {_relation(view)} WHERE {self.column(token)} IS NOT NULL{tests}"

    def during(self, column: str, period: Period) -> str:
        tests = []
        if period.start:
            tests.append(f"{column} >= TIMESTAMP '{period.start:%Y-%m-%d %H:%M:%S}'")
        if period.end:
            sign = "<=" if period.end == self.now else "<"  # what happened this second is there too
            tests.append(f"{column} {sign} TIMESTAMP '{period.end:%Y-%m-%d %H:%M:%S}'")
        return f"({' AND '.join(tests or [f'{column} IS NOT NULL'])})"

    def texts(self, token: str, spec: Column) -> tuple[str, ...]:
        if token.startswith("@"):
            return self.value(token, Text).values
        return (next(v for v in spec.values if literal(v) == token),)

    def number(self, token: str, unit: str = "") -> str:
        """A number in the unit of what it is compared with."""
        if not token.startswith("@"):
            return token
        number = self.value(token, Number)
        value = number.value
        if number.unit == "percent" and unit in ("ratio", ""):
            value /= 100
        elif number.unit == "bytes":
            value *= SCALE_FROM_BYTES.get(unit, 1.0)
        elif number.unit in SECONDS_IN:
            own = "hours" if unit == "ratio" else unit  # of the readings of quality those that are times
            value *= SECONDS_IN[number.unit] / SECONDS_IN.get(own, SECONDS_IN[number.unit])
        elif unit == "ratio" and 1 < value <= 100:
            value /= 100
        return f"{int(value)}" if value == int(value) else f"{value:.10g}"

    def value(self, token: str, kind: type[V]) -> V:
        bound = self.bindings.get(token)
        if not isinstance(bound, kind):
            raise BadPlan(f"{token} is not a {kind.__name__.lower()} in this question")
        return bound


def _expand(query: Query) -> Iterable[Item]:
    for item in query.select:
        if item.fn == "SHOW":
            yield from (Item("", (f"{query.view}.{c}",)) for c in views()[query.view].display)
        else:
            yield item


def _relation(view: str) -> str:
    return '"columns"' if view == "columns" else view


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
