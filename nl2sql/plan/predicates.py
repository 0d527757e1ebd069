"""Conditions of a plan as SQL. Knows nothing about results, groups or order."""

from collections.abc import Iterable

from catalog.semantic import Column, views
from nl2sql.errors import BadPlan
from nl2sql.plan.cells import ENTRY, Cells, quoted, relation
from nl2sql.plan.language import OF, SPAN_BOUNDS, Condition, Either, Exists, Not, Or, Predicate, Segment, column_of
from nl2sql.plan.lengths import start_of
from nl2sql.plan.parts import own_key
from nl2sql.plan.results import unit_of
from nl2sql.plan.rows import POLICY_NAMES, averaged
from nl2sql.values import SECONDS_IN, Number, Period, Text

SIGNS = {"EQ": "=", "NE": "<>", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
OF_COLUMNS = "columns"
"""The view that has a row for each column of a dataset."""


class Predicates(Cells):
    """Conditions of one query."""

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
                either = list(dict.fromkeys((self.predicate(left), self.predicate(right))))
                return f"({' OR '.join(either)})" if len(either) > 1 else either[0]
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
        key, related_key = self.column(outer), self.cell(inner)
        rows = relation(exists.join.view)
        if column_of(inner).is_list:
            rows, related_key = f"{rows} {self.entries(inner)}", f"{ENTRY}.{inner.split('.')[1]}"
        tests = [f"{related_key} IS NOT NULL", *(self.predicate(c) for c in exists.conditions)]
        if outer.split(".")[0] == OF_COLUMNS and (names := column_names(outer, inner)):
            key, related_key = (f"concat_ws('|', {end}, {self.cell(name)})" for end, name in zip((key, related_key), names, strict=True))
            tests.append(f"{self.cell(names[1])} IS NOT NULL")
        related = f"FROM {rows} WHERE {' AND '.join(tests)}"
        if exists.times:
            op, number = exists.times
            related += f" GROUP BY {related_key} HAVING count(*) {SIGNS[op]} {self.number(number)}"
        if column_of(outer).is_list:
            if exists.times:
                raise BadPlan("of the entries of a list no rows are counted")
            any_of_them = f"list_has_any({self.cell(outer)}, (SELECT list({related_key}) {related}))"
            return f"{'NOT ' if exists.negated else ''}coalesce({any_of_them}, FALSE)"
        return f"{key} {'NOT IN' if exists.negated else 'IN'} (SELECT {related_key} {related})"

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
                tests = [f"list_contains({column}, {quoted(v)})" for v in self.value(condition.value, Text).values]
                joined = f"({' OR '.join(tests)})" if len(tests) > 1 else tests[0]
                return joined if op == "HAS" else f"NOT coalesce({joined}, FALSE)"
            case op if op in SPAN_BOUNDS:
                number = self.value(condition.value, Number)
                return f"{column} {SIGNS[SPAN_BOUNDS[op]]} {self.cell(start_of(condition.column))} + INTERVAL '{number.value * SECONDS_IN[number.unit]:.0f}' SECOND"
            case "EQ" if condition.column in POLICY_NAMES and condition.value.startswith("@"):
                either = (f"{self.cell(name)} {self.comparison(condition, spec)}" for name in POLICY_NAMES)
                return f"({' OR '.join(either)})"
            case "CONTAINS":
                tests = [f"contains(lower({column}), {quoted(v.lower())})" for v in self.texts(condition.value, spec)]
                return f"({' OR '.join(tests)})" if len(tests) > 1 else tests[0]
        return f"{column} {self.comparison(condition, spec)}"

    def comparison(self, condition: Condition, spec: Column) -> str:
        sign = SIGNS[condition.op]
        if "." in condition.value and condition.value.split(".")[0] in views():
            return f"{sign} {self.column(condition.value)}"
        if condition.value == "MEAN":
            return f"{sign} ({self.mean(condition.column)})"
        if condition.value.startswith(OF):
            return self.value_of(condition)
        if spec.is_number:
            return f"{sign} {self.number(condition.value, unit_of(condition.column, self.where))}"
        values = [quoted(v) for v in self.texts(condition.value, spec)]
        if len(values) == 1:
            return f"{sign} {values[0]}"
        return f"{'IN' if condition.op == 'EQ' else 'NOT IN'} ({', '.join(values)})"

    def mean(self, token: str) -> str:
        """The average of a column over the rows of its view that are of the kind and time that the conditions on that view say."""
        view = token.split(".")[0]
        tests = "".join(f" AND {self.predicate(p)}" for p in averaged(self.where, view))
        return f"SELECT avg({self.column(token)}) FROM {relation(view)} WHERE {self.column(token)} IS NOT NULL{tests}"

    def value_of(self, condition: Condition) -> str:
        """Compared with what the same column holds for a thing that is named: with all of it, where several nodes tell of that thing."""
        view, key = condition.column.split(".")[0], own_key(condition.column.split(".")[0])[0]
        names = ", ".join(map(quoted, self.value(condition.value.removeprefix(OF), Text).values))
        column = self.column(condition.column)
        rows = f"FROM {relation(view)} WHERE {self.column(key)} IN ({names}) AND {column} IS NOT NULL"
        if condition.op in ("EQ", "NE"):
            return f"{'IN' if condition.op == 'EQ' else 'NOT IN'} (SELECT {column} {rows})"
        most = "max" if condition.op in ("GT", "GE") else "min"
        return f"{SIGNS[condition.op]} (SELECT {most}({column}) {rows})"

    def during(self, column: str, period: Period) -> str:
        tests = []
        if period.start:
            tests.append(f"{column} >= TIMESTAMP '{period.start:%Y-%m-%d %H:%M:%S}'")
        if period.end:
            sign = "<=" if period.end == self.now else "<"  # what happened this second is there too
            tests.append(f"{column} {sign} TIMESTAMP '{period.end:%Y-%m-%d %H:%M:%S}'")
        return f"({' AND '.join(tests or [f'{column} IS NOT NULL'])})"


def column_names(one: str, other: str) -> tuple[str, ...]:
    """What is told of a column is told of it in its dataset, not of every column there: the names of the columns of both views, that of columns among them.

    Empty where two views tell of other things, or meet by other than their dataset. Checks beside measurements tell of whole datasets, and so do other columns.
    """
    ends = [end.split(".") for end in (one, other)]
    is_of_columns = [view for view, _ in ends].count(OF_COLUMNS) == 1 and all("column_name" in views()[view].columns for view, _ in ends)
    return tuple(f"{view}.column_name" for view, name in ends if name == "dataset") if is_of_columns else ()
