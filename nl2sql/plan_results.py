"""What a result column is called, and the unit that its values come in. Knows nothing about SQL."""

from catalog.semantic import Column, views
from nl2sql.plan import DATE_PARTS, PARTIAL, Item, column_of
from nl2sql.values import BYTES_IN

AMOUNTS = {"": "size", "SUM": "total", "SUM_IF": "total_if", "AVG": "average", "AVG_IF": "average_if"}
"""Names of amounts in an asked unit: ``total_tb``."""


def alias(item: Item, number: int, unit: str) -> str:
    """The name of the result's column ``number``; empty for a plain column, which keeps its own."""
    counted = f"_{number}" if item.fn in PARTIAL else ""
    if unit_factor(item, unit):
        kind = "total" if _is_measure(item) else AMOUNTS.get(item.fn, item.fn.lower())
        return f"{kind}_{unit.lower()}{counted}"
    match item.fn:
        case "":
            return item.args[0].split("#")[1] if _is_measure(item) else ""
        case "COUNT":
            return "count"
        case "DIFF":
            return "difference"
        case "COUNT_DISTINCT":
            return f"distinct_{item.args[0].split('.')[1]}"
        case fn if fn in DATE_PARTS:
            return fn.lower()
        case fn if counted:
            return f"{fn.lower()}{counted}"
        case fn:
            return f"{fn.lower()}_{item.args[0].split('.')[1]}"


def unit_factor(item: Item, unit: str) -> float:
    """What a result column is divided by to be in ``unit``; 0 where it stays as it is, being no amount of bytes or in that unit already."""
    if item.fn in ("COUNT_DISTINCT", "SHARE_SUM") or unit not in BYTES_IN:
        return 0.0
    own = BYTES_IN.get(_unit(item))
    return 0.0 if own in (None, BYTES_IN[unit]) else BYTES_IN[unit] / own


def _unit(item: Item) -> str:
    """The unit of a value: that of its column, or what stands after the comma in the meaning of a measure."""
    if not _is_measure(item):
        column = result_column(item)
        return column.unit if column else ""
    view, name = item.args[0].split("#")
    return views()[view].measures[name].meaning.rpartition(", ")[2]


def _is_measure(item: Item) -> bool:
    return item.fn == "" and "#" in item.args[0]


def result_column(item: Item) -> Column | None:
    """The column that a result is made from, if one."""
    return column_of(item.args[0]) if item.args and "." in item.args[0] else None
