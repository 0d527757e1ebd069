"""Says in plain words how a question was read, so that a person can see a misreading before trusting the rows."""

from collections.abc import Iterable
from datetime import timedelta

from catalog.semantic import views
from nl2sql.plan.language import (
    AGES,
    DATE_PARTS,
    LENGTH,
    MEAN_AGE,
    OF,
    RETURNING,
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
)
from nl2sql.plan.lengths import start_of
from nl2sql.plan.meant import meant
from nl2sql.plan.results import result_unit, unit_factor
from nl2sql.values import Bindings, Number, Period, Text

OPERATORS = {
    "EQ": "is", "NE": "is not", "LT": "is below", "LE": "is at most", "GT": "is above", "GE": "is at least",
    "IS_NULL": "is not set", "NOT_NULL": "is set", "IS_TRUE": "is true", "IS_FALSE": "is false", "PAST": "is in the past", "FUTURE": "is in the future",
    "HAS": "include", "HAS_NOT": "do not include", "CONTAINS": "mentions",
}  # fmt: skip
MOST_NAMED = 8
"""Of the values that a word stands for, as a continent for its countries, those that are named."""
LENGTHS = {"SPAN_LT": "less than", "SPAN_LE": "at most", "SPAN_GT": "more than", "SPAN_GE": "at least"}
FUNCTIONS = {"SUM": "total", "AVG": "average", "MEDIAN": "median", "MIN": "lowest", "MAX": "highest", "COUNT_DISTINCT": "number of different"}


def explain(query: Query, bindings: Bindings, unit: str = "") -> str:
    """One line: ``name of datasets where personal data is true and held by a node outside the European Union``.

    ``unit`` as in `compile_query`.
    """
    query = meant(query)
    what = ", ".join(_result(item, bindings, unit) for item in query.select if item.fn != "SHOW")
    rows = query.view.replace("_", " ") + "".join(f" with their {join.view.replace('_', ' ')}" for join in query.joins)
    text = f"{what} of {rows}" if what else rows
    if query.latest:
        text = f"latest {text}"
    if query.where:
        text += " where " + " and ".join(_predicate(p, bindings) for p in query.where)
    if query.newest:
        text += f", only those whose newest row says: {_all(query.newest, bindings)}"
    if query.having:
        item, op, value = query.having
        than = f"the {explain_item(value, bindings)}" if isinstance(value, Item) else _value(value, bindings)
        text += f", only where the {explain_item(item, bindings)} {OPERATORS[op]} {than}"
    if query.order:
        item, direction = query.order
        text += f", ordered by {_result(item, bindings, unit)}, {_direction(item, direction)}"
    if query.limit:
        text += f", the first {_value(query.limit, bindings)}{' and the last as well' if query.both_ends else ''}"
    if query.skip:
        text += f" after leaving out the first {_value(query.skip, bindings)}"
    if query.per:
        text += f" for each {_column(query.per)}"
    return text


def _result(item: Item, bindings: Bindings, unit: str) -> str:
    """A result column in words, and the unit that it was asked in."""
    words = explain_item(item, bindings)
    return f"{words.removesuffix(f', {result_unit(item)}')} in {unit}" if unit_factor(item, unit) else words


def explain_item(item: Item, bindings: Bindings) -> str:
    """A result column in words."""
    match item.fn:
        case "":
            return _measure(item.args[0]) if "#" in item.args[0] else _column(item.args[0])
        case "COUNT":
            return "number"
        case "DIFF":
            return f"{_column(item.args[0])} minus {_column(item.args[1])}"
        case fn if fn == LENGTH:
            return f"number of {_column(item.args[0])}"
        case "ABS":
            return f"{_column(item.args[0])} in either direction"
        case fn if fn in AGES:
            return f"{fn.lower().replace('_', ' ')} {_column(item.args[0])}"
        case fn if fn in SPANS:
            return f"{fn.partition('_')[0].lower()} from {_column(item.args[0])} to {_column(item.args[1])}"
        case fn if fn in SPAN_AGGREGATES:
            function, _, part = fn.partition("_")
            return f"{FUNCTIONS.get(function)} {part.lower()} from {_column(item.args[0])} to {_column(item.args[1])}"
        case fn if fn == MEAN_AGE:
            return f"average days since {_column(item.args[0])}"
        case "SHARE":
            return "share of the number"
        case "SHARE_OF":
            return f"share of the total {_column(item.args[0])}"
        case "SHARE_SUM":
            return f"share of the total {_column(item.args[0])} where {_all(item.conditions, bindings)}"
        case "COUNT_IF" | "SHARE_IF":
            kind = "number" if item.fn == "COUNT_IF" else "share"
            given = f", of those where {_all(item.among, bindings)}" if item.among else ""
            return f"{kind} where {_all((c for c in item.conditions if c not in item.among), bindings)}{given}"
        case "AVG_IF" | "SUM_IF":
            return f"{'average' if item.fn == 'AVG_IF' else 'total'} {_column(item.args[0])} where {_all(item.conditions, bindings)}"
        case "MIN" | "MAX" if column_of(item.args[0]).is_time:
            return f"{'earliest' if item.fn == 'MIN' else 'latest'} {_column(item.args[0])}"
        case fn if fn in FUNCTIONS:
            return f"{FUNCTIONS[fn]} {_column(item.args[0])}"
    return f"{item.fn.lower()} of {_column(item.args[0])}"


def _predicate(predicate: Predicate, bindings: Bindings) -> str:
    match predicate:
        case Segment(token):
            view, name = token.split(":")
            return views()[view].segments[name].meaning
        case Not(inner):
            return f"not ({_predicate(inner, bindings)})"
        case Or(left, right):
            return f"({_predicate(left, bindings)} or {_predicate(right, bindings)})"
        case Either(arms):
            return f"(either {', or '.join(_all(arm, bindings) for arm in arms)})"
        case Exists(join, conditions, negated, times):
            inside = f" where {_all(conditions, bindings)}" if conditions else ""
            if times:
                number = f"the number of {join.view.replace('_', ' ')}{inside} {OPERATORS[times[0]]} {_value(times[1], bindings)}"
                return f"not ({number})" if negated else number
            return f"there {'are no' if negated else 'are'} {join.view.replace('_', ' ')}{inside}"
        case Condition(column, "DURING" | "NOT_DURING" as op, value):
            return f"{_column(column)} {'not ' if op == 'NOT_DURING' else ''}{_value(value, bindings)}"
        case Condition(column, op, value) if op in SPAN_BOUNDS:
            return f"{_column(column)} {LENGTHS[op]} {_value(value, bindings)} after {_column(start_of(column))}"
        case Condition(column, op, value):
            said = f" {_value(value, bindings)}" if value else ""
            return f"{_column(column)} {OPERATORS[op]}{said}"


def _direction(item: Item, direction: str) -> str:
    """Numbers, times and names each have their own words for an order."""
    down = direction == "DESC"
    if item.fn in ("", "MIN", "MAX", *DATE_PARTS) and item.fn not in RETURNING and "#" not in item.args[0]:
        column = column_of(item.args[0])
        if column.is_time:
            return "latest first" if down else "earliest first"
        if not column.is_number:
            return "from Z to A" if down else "from A to Z"
    return "highest first" if down else "lowest first"


def _all(conditions: Iterable[Predicate], bindings: Bindings) -> str:
    return " and ".join(_predicate(c, bindings) for c in conditions)


def _column(token: str) -> str:
    view, name = token.split(".")
    synonyms = views()[view].columns[name].synonyms
    return synonyms[0] if synonyms else name


def _measure(token: str) -> str:
    view, name = token.split("#")
    return views()[view].measures[name].meaning


def _value(token: str, bindings: Bindings) -> str:
    if token == "MEAN":
        return "the average"
    if token.startswith(OF):
        return f"that of {_value(token.removeprefix(OF), bindings)}"
    match bindings.get(token):
        case Text(values) if len(values) > MOST_NAMED:
            return f"{', '.join(values[:MOST_NAMED])} or {len(values) - MOST_NAMED} more"
        case Text(values):
            return " or ".join(values)
        case Number(value, unit):
            plain = f"{value:,.10g}"
            return f"{plain} {unit.removesuffix('s') if value == 1 else unit}".strip()
        case Period(start, end):
            if start and end:
                return f"from {start:%Y-%m-%d} to {end - timedelta(seconds=1):%Y-%m-%d}"
            return f"since {start:%Y-%m-%d}" if start else f"before {end:%Y-%m-%d}" if end else "at any time"
    return _column(token) if "." in token and token.split(".")[0] in views() else token.strip("'").replace("_", " ")
