"""What a result column is called, and the unit that its values come in. Compiles nothing."""

import re
from collections.abc import Iterable
from functools import cache

from catalog.semantic import views
from nl2sql.plan.language import (
    DATE_PARTS,
    MEAN_AGE,
    PARTIAL,
    SPAN_AGGREGATES,
    SPANS,
    Condition,
    Item,
    Predicate,
    Query,
    column_of,
)
from nl2sql.values import BYTES_IN, SECONDS_IN

AMOUNTS = {"": "size", "SUM": "total", "SUM_IF": "total_if", "AVG": "average", "AVG_IF": "average_if"}
"""Names of amounts in an asked unit: ``total_tb``."""
SHARES = frozenset({"SHARE", "SHARE_OF", "SHARE_IF", "SHARE_SUM"})
UNITS = {"volume": "count", "freshness": "hours"}
"""Kinds of measurements that are no ratios, and what they are instead."""


def alias(item: Item, number: int, unit: str) -> str:
    """The name of the result's column ``number``; empty for a plain column, which keeps its own."""
    counted = f"_{number}" if item.fn in PARTIAL else ""
    if unit_factor(item, unit):
        kind = "duration" if unit in SECONDS_IN else "total" if _is_measure(item) else AMOUNTS.get(item.fn, item.fn.lower())
        return f"{kind}_{unit.lower()}{counted}"
    match item.fn:
        case "":
            return item.args[0].split("#")[1] if _is_measure(item) else ""
        case "COUNT" | "SHARE" as fn:
            return fn.lower()
        case "DIFF":
            return "difference"
        case "COUNT_DISTINCT":
            return f"distinct_{item.args[0].split('.')[1]}"
        case fn if fn in DATE_PARTS:
            return fn.lower()
        case fn if fn in SPANS or fn in SPAN_AGGREGATES:
            start, end = (token.split(".")[1] for token in item.args)
            return f"{fn.lower().removesuffix('_between')}_{start}_to_{end}"
        case fn if fn == MEAN_AGE:
            return f"avg_days_since_{item.args[0].split('.')[1]}"
        case fn if counted:
            return f"{fn.lower()}{counted}"
        case fn:
            return f"{fn.lower()}_{item.args[0].split('.')[1]}"


def unit_factor(item: Item, unit: str) -> float:
    """What a result column is divided by to be in ``unit``; 0 where it stays as it is, being no amount of bytes or of time, or in that unit already."""
    scale = BYTES_IN if unit in BYTES_IN else SECONDS_IN
    own = scale.get(result_unit(item))
    return 0.0 if own is None or scale.get(unit, own) == own else scale[unit] / own


def unit_meant(query: Query, unit: str) -> str:
    """The asked unit, unless the first amount is in it anyway and none is plain bytes: of "update size in MB and data per node" the data stays in its own."""
    own = [found for item in query.select if (found := result_unit(item)) in BYTES_IN]
    return "" if own[:1] == [unit] and "bytes" not in own else unit


def result_unit(item: Item, where: Iterable[Predicate] = ()) -> str:
    """The unit of a value: that of its column, or what stands after the comma in the meaning of a measure, else of what it measures. Shares are a ratio.

    ``where`` as in `unit_of`.
    """
    if item.fn in SHARES:
        return "ratio"
    if _is_measure(item):
        _, told, unit = views()[item.args[0].split("#")[0]].measures[item.args[0].split("#")[1]].meaning.rpartition(", ")
        return unit if told else next((unit_of(column, where) for column in _measured(item.args[0])), "")
    if item.fn in SPANS or item.fn in SPAN_AGGREGATES:
        return "hours" if "HOURS" in item.fn else "days"
    return unit_of(item.args[0], where) if item.args and item.fn != "COUNT_DISTINCT" else ""


def unit_of(token: str, where: Iterable[Predicate] = ()) -> str:
    """The unit of a column. Where each row tells its own, as measurements do, ``where`` tells it: the row's unit, or the kind of measurement."""
    unit, (view, _) = column_of(token).unit, token.split(".")
    if unit != "ratio" or "unit" not in views()[view].columns:
        return unit
    own = {value: value for value in views()[view].columns["unit"].values} | UNITS
    told = (p.value.strip("'") for p in where if isinstance(p, Condition) and p.op == "EQ" and p.column.startswith(f"{view}."))
    return next((own[value] for value in told if value in own), unit)


@cache
def _measured(token: str) -> tuple[str, ...]:
    """The columns with a unit that a measure is an amount of, where all have the same one: the best accuracy is an accuracy. Numbers of things have none."""
    view, name = token.split("#")
    sql = views()[view].measures[name].sql
    columns = tuple(f"{view}.{c}" for c in dict.fromkeys(re.findall(rf"\b{view}\.(\w+)", sql)) if column_of(f"{view}.{c}").unit)
    return columns if len({column_of(c).unit for c in columns}) == 1 and "COUNT(" not in sql.upper() else ()


def _is_measure(item: Item) -> bool:
    return item.fn == "" and "#" in item.args[0]
