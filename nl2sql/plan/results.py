"""What a result column is called, and the unit that its values come in. Knows nothing about SQL."""

from catalog.semantic import views
from nl2sql.plan.language import DATE_PARTS, MEAN_AGE, PARTIAL, SPAN_AGGREGATES, SPANS, Item, Query, column_of
from nl2sql.values import BYTES_IN

AMOUNTS = {"": "size", "SUM": "total", "SUM_IF": "total_if", "AVG": "average", "AVG_IF": "average_if"}
"""Names of amounts in an asked unit: ``total_tb``."""
SHARES = frozenset({"SHARE", "SHARE_OF", "SHARE_IF", "SHARE_SUM"})


def alias(item: Item, number: int, unit: str) -> str:
    """The name of the result's column ``number``; empty for a plain column, which keeps its own."""
    counted = f"_{number}" if item.fn in PARTIAL else ""
    if unit_factor(item, unit):
        kind = "total" if _is_measure(item) else AMOUNTS.get(item.fn, item.fn.lower())
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
    """What a result column is divided by to be in ``unit``; 0 where it stays as it is, being no amount of bytes or in that unit already."""
    if unit not in BYTES_IN:
        return 0.0
    own = BYTES_IN.get(result_unit(item))
    return 0.0 if own in (None, BYTES_IN[unit]) else BYTES_IN[unit] / own


def unit_meant(query: Query, unit: str) -> str:
    """The asked unit, unless the first amount is in it anyway and none is plain bytes: of "update size in MB and data per node" the data stays in its own."""
    own = [found for item in query.select if (found := result_unit(item)) in BYTES_IN]
    return "" if own[:1] == [unit] and "bytes" not in own else unit


def result_unit(item: Item) -> str:
    """The unit of a value: that of its column, or what stands after the comma in the meaning of a measure. Shares are a ratio."""
    if item.fn in SHARES:
        return "ratio"
    if not _is_measure(item):
        return column_of(item.args[0]).unit if item.args and item.fn != "COUNT_DISTINCT" else ""
    view, name = item.args[0].split("#")
    return views()[view].measures[name].meaning.rpartition(", ")[2]


def _is_measure(item: Item) -> bool:
    return item.fn == "" and "#" in item.args[0]
