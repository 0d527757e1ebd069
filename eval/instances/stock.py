"""What generated catalogs are made of: the demo's records by view, and for every column the values that occur or that golds name."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import Any, get_args, get_type_hints

from catalog.demo.build import records
from catalog.semantic import views
from catalog.storage.records import RECORD_TYPES, Record
from eval.instances.demands import Op, Situation, literals

TABLES = {
    **{"datasets": "dataset", "nodes": "node", "columns": "dataset_column", "lineage": "edge", "models": "model", "quality_metrics": "metric"},
    **{"quality_checks": "quality_check", "policies": "policy", "grants": "access_grant", "consents": "consent", "compliance": "compliance"},
    **{"claims": "claim", "audit_log": "audit_entry", "replicas": "replica", "node_events": "node_event", "market": "market_event"},
    **{"training_rounds": "training_round"},
}
"""View to the storage table that its rows come from."""

RECORD_OF: Mapping[str, type[Record]] = {view: next(t for t in RECORD_TYPES if t.table == table) for view, table in TABLES.items()}

VIEW_OF: Mapping[type[Record], str] = {type_: view for view, type_ in RECORD_OF.items()}

IDENTITY = {
    **{"datasets": "name", "models": "name", "nodes": "node", "policies": "policy_id", "grants": "grant_id", "consents": "consent_id"},
    **{"claims": "claim_id", "audit_log": "seq", "node_events": "event_id", "market": "event_id", "quality_checks": "check_id"},
}
"""Column that tells one row of a view from another."""

SCORES = (0.2, 0.5, 0.8, 0.9, 0.95, 1.0)
MOST_VALUES = 60


@dataclass(frozen=True, slots=True)
class Stock:
    """Records and values to draw from."""

    records: Mapping[str, list[Record]]
    values: Mapping[tuple[str, str], list[Any]]

    def pool(self, view: str, column: str) -> list[Any]:
        """Values of a column that are not NULL; empty where none occurs."""
        return self.values.get((view, column), [])


@cache
def optional(view: str) -> frozenset[str]:
    """Stored columns of a view that may be NULL."""
    hints = get_type_hints(RECORD_OF[view])
    return frozenset(f.name for f in fields(RECORD_OF[view]) if type(None) in get_args(hints[f.name]))


def stock(now: datetime, situations: Iterable[Situation] = ()) -> Stock:
    """The demo at a moment, with the constants of the situations among the values."""
    by_type: dict[type[Record], list[Record]] = {}
    for record in records(now):
        by_type.setdefault(type(record), []).append(record)
    held = {view: by_type[RECORD_OF[view]] for view in views()}
    named = literals(situations)
    values: dict[tuple[str, str], list[Any]] = {}
    for view, rows in held.items():
        for column in views()[view].columns.values():
            if column.name in optional(view) | {f.name for f in fields(RECORD_OF[view])}:
                seen = dict.fromkeys(getattr(row, column.name) for row in rows)
                seen.pop(None, None)
                step = max(1, len(seen) // MOST_VALUES)
                known: list[Any] = list(seen)[::step]
            elif column.name in ("country", "jurisdiction"):
                known = list(dict.fromkeys(getattr(node, column.name) for node in held["nodes"]))
            else:
                known = list(SCORES) if column.name == "quality_score" else []
            if not column.is_list:
                known = list(dict.fromkeys([*known, *column.values, *(fitted(v, column.type) for v in named.get((view, column.name), ()))]))
            values[view, column.name] = [value for value in known if value is not None]
    return Stock(held, values)


def fitted(value: Any, type_: str) -> Any:
    """A constant as a value of a column's type; None where it is none."""
    match type_, value:
        case "TIMESTAMP", datetime():
            return value
        case "TIMESTAMP", date():
            return datetime.combine(value, time())
        case "DATE", datetime():
            return value.date()
        case ("DATE", date()) | ("VARCHAR", str()) | ("BOOLEAN", bool()):
            return value
        case ("BIGINT" | "INTEGER"), int() | float():
            return int(value)
        case "DOUBLE", int() | float():
            return float(value)
    return None


def near(op: Op, value: Any, type_: str, current: Any, random: Random) -> list[Any]:
    """Values of a column on, beside and around the constant of a test."""
    if op == "null":
        return [None]
    if op == "in":
        return [fitted(part, type_) for part in value]
    if op in ("has", "length"):
        rest = tuple(part for part in current or () if part != value)
        return [rest, (), None, rest[:1]] + ([(*rest, value), (value,)] if op == "has" else [])
    if op == "like":
        word = value.strip("%")
        return [word, f"{word} 2", f"the {word}", f"the {word} set", f"my {word.upper()} set", f"{word[:-1]}-", current]
    base = fitted(value, type_)
    match base:
        case bool():
            return [True, False, None]
        case int():
            return [base, base - 1, base + 1, base * 2, max(0, base - random.randrange(1, 9)), base + random.randrange(1, 9)]
        case float():
            step = max(abs(base), 1.0)
            ways = (0.0, 0.001 * step, 0.005, 0.5, step * random.random())
            return [base + sign * way for way in ways for sign in (1, -1)]
        case datetime():
            steps = (timedelta(0), timedelta(seconds=1), timedelta(hours=random.randrange(1, 24)), timedelta(days=random.randrange(1, 60)))
            return [base + sign * step for step in steps for sign in (1, -1)]
        case date():
            return [base + timedelta(days=days) for days in (0, 1, -1, random.randrange(2, 60), -random.randrange(2, 60))]
    return [base]


def holds(op: Op, value: Any, constant: Any) -> bool | None:
    """Truth of a test on a value, None where SQL says NULL."""
    if op == "null":
        return value is None
    if value is None:
        return None
    if op == "in":
        return bool(value in constant)
    if op == "has":
        return bool(constant in value)
    if op == "length":
        return bool(len(value) == constant)
    if op == "like":
        pattern = "".join(".*" if part == "%" else re.escape(part) for part in constant)
        return re.fullmatch(pattern, value, re.IGNORECASE | re.DOTALL) is not None
    if isinstance(value, datetime) and not isinstance(constant, datetime) and isinstance(constant, date):
        value = value.date()
    elif isinstance(constant, datetime) and isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    try:
        return bool({"=": value == constant, "<": value < constant, "<=": value <= constant, ">": value > constant, ">=": value >= constant}[op])
    except TypeError:
        return bool(value == constant) if op == "=" else None
