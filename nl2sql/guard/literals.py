"""Literals in DuckDB's tree: plain ones, typed ones (``DATE '…'``), intervals, and series with literal bounds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nl2sql.guard.kinds import literal_fits
from nl2sql.guard.tree import Node

UNIT_DAYS = {
    "years": 365.0,
    "quarters": 91.0,
    "months": 30.0,
    "weeks": 7.0,
    "days": 1.0,
    "hours": 1 / 24,
    "minutes": 1 / 1440,
    "seconds": 1 / 86400,
}
MAX_SERIES = 10_000


def literal_of(node: Node) -> str | int | float | None:
    """The value of a plain text or number literal, else None."""
    if node["class"] != "CONSTANT" or node["value"]["is_null"] or node["value"]["type"]["id"] == "BOOLEAN":
        return None
    value: Any = node["value"]["value"]
    if node["value"]["type"]["id"] == "DECIMAL":
        return float(value / 10 ** node["value"]["type"]["type_info"]["scale"])
    assert isinstance(value, str | int | float)
    return value


def cast(text: str, sql_type: str) -> Node:
    """``DATE '2026-01-01'`` as DuckDB's tree has it: a cast of a text."""
    value = {"type": {"id": "VARCHAR", "type_info": None}, "is_null": False, "value": text}
    constant = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "value": value}
    return {
        "class": "CAST",
        "type": "OPERATOR_CAST",
        "alias": "",
        "child": constant,
        "cast_type": {"id": sql_type, "type_info": None},
        "try_cast": False,
    }


def interval_of(node: Node) -> tuple[str, str] | None:
    """Amount and unit of ``INTERVAL 7 DAY``, which the tree has as ``to_days(CAST(trunc(CAST(7 AS DOUBLE)) AS INTEGER))``."""
    unit = node["function_name"].lower().removeprefix("to_") if node["class"] == "FUNCTION" else ""
    if unit not in UNIT_DAYS or not _is_call_of_one(node):
        return None
    inner = node["children"][0]
    for step in ("CAST", "FUNCTION", "CAST") if unit != "seconds" else ("CAST",):
        if inner["class"] != step or inner["alias"]:
            return None
        if step == "FUNCTION" and (inner["function_name"] != "trunc" or not _is_call_of_one(inner)):
            return None
        inner = inner["child"] if step == "CAST" else inner["children"][0]
    amount = literal_of(inner)
    if isinstance(amount, int) and abs(amount) < 1_000_000:
        return str(amount), unit
    if isinstance(amount, str) and literal_fits(amount, "whole") and len(amount) <= 6:
        return f"'{amount}'", unit
    return None


def is_plain_call(node: Node) -> bool:
    """A call without DISTINCT, FILTER or ORDER BY."""
    return not (node["filter"] or node["distinct"] or node["order_bys"]["orders"])


def _is_call_of_one(node: Node) -> bool:
    return is_plain_call(node) and len(node["children"]) == 1


def series_is_small(arguments: Sequence[Node]) -> bool:
    """Whether ``range(start, stop, step)`` over literals gives at most `MAX_SERIES` values."""
    if not 1 <= len(arguments) <= 3:
        return False
    numbers = [literal_of(a) for a in arguments]
    if all(isinstance(n, int) for n in numbers):
        whole = [n for n in numbers if isinstance(n, int)]
        start, stop, step = (0, whole[0], 1) if len(whole) == 1 else (*whole, 1)[:3]
        return step != 0 and abs(stop - start) / abs(step) <= MAX_SERIES
    if len(arguments) != 3:
        return False
    moments = [_moment(a) for a in arguments[:2]]
    step_days = _days(arguments[2])
    if moments[0] is None or moments[1] is None or not step_days:
        return False
    return abs((moments[1] - moments[0]).days) / step_days <= MAX_SERIES


def _moment(node: Node) -> datetime | None:
    if node["class"] != "CAST" or node["cast_type"]["id"] not in ("DATE", "TIMESTAMP"):
        return None
    text = literal_of(node["child"])
    return datetime.fromisoformat(text) if isinstance(text, str) and literal_fits(text, "timestamp") else None


def _days(node: Node) -> float | None:
    found = interval_of(node)
    if found is None:
        return None
    amount, unit = found
    return abs(int(amount.strip("'"))) * UNIT_DAYS[unit] or None
