"""SQL with holes: the guard's own text, in which ``'{dataset}'`` stands where a value of the question belongs.

A hole is a literal of its own in DuckDB's tree. A value takes its place in the tree, never in the text, and what is written from that
goes through the guard like any other SQL: no value can be more than a literal. Knows names and types, no data.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from catalog.errors import UsageError
from catalog.semantic import views
from nl2sql.guard import approve, parse, render
from nl2sql.guard.literals import literal_of
from nl2sql.guard.schema import Schema
from nl2sql.guard.tree import Node, walk
from nl2sql.plan.language import SLOT_KINDS, SLOTS_PER_KIND
from nl2sql.values import Bindings, Number, Period, Text, Value

NAME = rf"(?:{'|'.join(SLOT_KINDS)})[2-{SLOTS_PER_KIND}]?"
IN_QUESTION = re.compile(rf"\{{({NAME})(?:=([^{{}}]+))?\}}")
"""A hole of a question, ``{dataset}`` or with an example ``{dataset=C4}``."""
IN_SQL = re.compile(rf"\{{(?:(?P<hole>{NAME})(?:\.(?P<side>start|end))?|(?P<clock>now|today))\}}")
"""A literal that is a hole: ``{dataset}``, ``{period.start}``, ``{now}``."""
CLOCK = datetime(9871, 3, 17, 5, 43, 21)
"""Stands for the asker's clock while a text is made, and is in nobody's data."""
SIDES = {"start": datetime(9871, 3, 18), "end": datetime(9871, 3, 19)}
FIRST_NUMBER = 987_654_301
"""From here on numbers stand for holes while a text is made."""


@dataclass(frozen=True, slots=True)
class Template:
    """The guard's text with holes; ``holes`` are those that it has, ``relations`` what it reads, ``texts`` and ``dates`` its other literals."""

    sql: str
    holes: tuple[str, ...]
    relations: tuple[str, ...]
    texts: tuple[str, ...]
    dates: tuple[str, ...]


def kind_of(hole: str) -> str:
    """``dataset2`` → ``dataset``."""
    return hole.rstrip("23")


def template(sql: str, schema: Schema, holes: Sequence[str], values: Bindings | None = None, clock: datetime | None = None) -> Template:
    """The text that the guard makes of ``sql``, with ``holes`` where it has them written as ``'{dataset}'``.

    ``values``, by hole, become holes too where the text has them as literals, and ``clock`` becomes that of whoever asks. Raises what
    `approve` raises, and `UsageError` for a hole that was not declared.
    """
    marks, text = _marked(sql, holes)
    approved = approve(text, schema, CLOCK)
    tree = parse.tree_of(approved.sql)
    _mark(tree, marks + _of_values(tree, values or {}, clock))
    written = render.query(tree["node"])
    found = tuple(sorted(_sides(parse.tree_of(written))))
    if stray := sorted(set(found) - set(holes) - set(values or {})):
        raise UsageError(f"The SQL has {{{stray[0]}}}, which the question has not.", "Write the same holes in both: who owns {dataset}?")
    return Template(written, found, tuple(sorted(approved.views)), texts(tree), _dates(tree))


def bound(sql: str, values: Bindings, now: datetime) -> str:
    """The text with values in its holes and the clock. Raises `LookupError` for a hole without a value, `ValueError` for one that it cannot take.

    What comes of it is approved by nobody yet.
    """
    tree = parse.tree_of(sql)
    for name, sides in _sides(tree).items():
        value = values[name]
        if isinstance(value, Period) and {side for side, moment in (("start", value.start), ("end", value.end)) if moment} != sides:
            raise ValueError(f"{{{name}}} begins or ends where the SQL does not")
    _several(tree, values)
    for node, hole in [(node, m) for node in walk(tree) if (m := _hole(node))]:
        node |= _constant(hole, values, now)
    return render.query(tree["node"])


def example_values(sql: str, now: datetime) -> dict[str, Value]:
    """Values that fit the holes of a text and mean nothing, to see what the guard says of it."""
    start = datetime(now.year, 1, 1)
    values: dict[str, Value] = {}
    for hole, sides in _sides(parse.tree_of(sql)).items():
        period = Period(start if "start" in sides else None, start + timedelta(days=1) if "end" in sides else None)
        kind = kind_of(hole)
        values[hole] = Number(1.0) if kind == "number" else period if kind == "period" else Text(("x",))
    return values


def _sides(tree: Node) -> dict[str, set[str]]:
    """The holes of a tree, those of spans of time with the sides that it has."""
    found: dict[str, set[str]] = {}
    for node in walk(tree):
        if (hole := _hole(node)) and hole["hole"]:
            found.setdefault(hole["hole"], set()).update(filter(None, [hole["side"]]))
    return found


def _marked(sql: str, holes: Sequence[str]) -> tuple[list[tuple[Any, str]], str]:
    """The text with numbers and dates that stand for its holes of these kinds, which the guard types; texts stand for themselves."""
    marks: list[tuple[Any, str]] = [(CLOCK, "{now}"), (CLOCK.date(), "{today}")]
    for at, hole in enumerate(holes):
        if kind_of(hole) == "number":
            sql = sql.replace(f"'{{{hole}}}'", str(FIRST_NUMBER + at))
            marks.append((FIRST_NUMBER + at, f"{{{hole}}}"))
        if kind_of(hole) == "period":
            for side, moment in SIDES.items():
                stand_in = moment + timedelta(days=10 * at)
                sql = sql.replace(f"'{{{hole}.{side}}}'", f"'{stand_in:%Y-%m-%d}'")
                marks.append((stand_in, f"{{{hole}.{side}}}"))
    return marks, sql.replace("'{now}'", f"'{CLOCK:%Y-%m-%d %H:%M:%S}'").replace("'{today}'", f"'{CLOCK:%Y-%m-%d}'")


def _of_values(tree: Node, values: Bindings, clock: datetime | None) -> list[tuple[Any, str]]:
    """What of a question's values stands in the text, and the hole that each becomes; a number only where it stands once."""
    marks: list[tuple[Any, str]] = []
    numbers = [found for node in walk(tree) if isinstance(found := _literal(node), int | float)]
    for hole, value in values.items():
        match value:
            case Text((text,)):
                marks.append((text, f"{{{hole}}}"))
            case Text(texts):
                for listed in walk(tree):
                    if listed.get("type") == "COMPARE_IN" and {_literal(c) for c in listed["children"][1:]} == set(texts):
                        listed["children"][2:] = []
                        listed["children"][1]["value"]["value"] = f"{{{hole}}}"
            case Number(number) if numbers.count(number) == 1:
                marks.append((number, f"{{{hole}}}"))
            case Period(start, end):
                marks += [(moment, f"{{{hole}.{side}}}") for side, moment in (("start", start), ("end", end)) if moment]
    if clock is not None:
        marks += [(clock, "{now}"), (clock.date(), "{today}")]
    return marks


def _mark(tree: Node, marks: Sequence[tuple[Any, str]]) -> None:
    """Put holes in place of literals. The first mark that fits counts."""
    for node in walk(tree):
        value = _literal(node)
        if value is None:
            continue
        moment = _moment(value) if isinstance(value, str) else None
        for mark, hole in marks:
            if isinstance(mark, datetime):
                fits = moment == mark
            elif isinstance(mark, str | int | float):
                fits = type(value) is not bool and value == mark
            else:
                fits = isinstance(value, str) and value == f"{mark:%Y-%m-%d}"
            if fits:
                node |= _text(hole)
                break


def _several(tree: Node, values: Bindings) -> None:
    """Write holes that stand for several values as lists: ``= '{dataset}'`` as ``IN ('MIMIC-III', 'MIMIC-IV')``."""
    for node in walk(tree):
        if node.get("type") in ("COMPARE_EQUAL", "COMPARE_NOTEQUAL") and {"left", "right"} <= node.keys():
            sides = [node["left"], node["right"]]
            if any(_are_several(side, values) for side in sides):
                inside, outside = sorted(sides, key=lambda side: not _are_several(side, values))
                kind = "COMPARE_IN" if node["type"] == "COMPARE_EQUAL" else "COMPARE_NOT_IN"
                alias = node["alias"]
                node.clear()
                node |= {"class": "OPERATOR", "type": kind, "alias": alias, "children": [outside, inside]}
        if node.get("type") in ("COMPARE_IN", "COMPARE_NOT_IN"):
            first, *rest = node["children"]
            node["children"] = [first, *(new for old in rest for new in _listed(old, values))]


def _are_several(node: Node, values: Bindings) -> bool:
    hole = _hole(node)
    value = values.get(hole["hole"]) if hole and hole["hole"] else None
    return isinstance(value, Text) and len(value.values) > 1


def _listed(node: Node, values: Bindings) -> Iterator[Node]:
    hole = _hole(node)
    value = values.get(hole["hole"]) if hole and hole["hole"] else None
    if isinstance(value, Text) and len(value.values) > 1:
        # Marked as settled: a value that reads like a hole is none.
        yield from ({**_text(text), "alias": "", "settled": True} for text in value.values)
    else:
        yield node


def _constant(hole: re.Match[str], values: Bindings, now: datetime) -> Node:
    if hole["clock"]:
        return _text(f"{now:%Y-%m-%d %H:%M:%S}" if hole["clock"] == "now" else f"{now:%Y-%m-%d}")
    value, kind = values[hole["hole"]], kind_of(hole["hole"])
    match value:
        case Text((text,)) if kind not in ("number", "period") and hole["side"] is None:
            return _text(text)
        case Number(number) if kind == "number" and hole["side"] is None and isfinite(number):
            parsed: Node = parse.tree_of(f"SELECT {Decimal(repr(number)).normalize():f}")["node"]["select_list"][0]
            if isinstance(parsed["value"]["value"], int | float):  # a number of more digits than 64 bits hold is no literal that the guard reads
                return {"value": parsed["value"]}
        case Period(start, end) if kind == "period" and (moment := {"start": start, "end": end}.get(hole["side"] or "")):
            return _text(f"{moment:%Y-%m-%d}" if moment.time() == datetime.min.time() else f"{moment:%Y-%m-%d %H:%M:%S}")
    raise ValueError(f"{{{hole['hole']}}} cannot take this value")


def texts(tree: Node) -> tuple[str, ...]:
    """Text literals that are neither holes nor dates nor words of the semantic layer."""
    closed = {value for view in views().values() for column in view.columns.values() for value in column.values}
    return tuple(sorted(text for text in _others(tree) if text not in closed and not _moment(text)))


def _dates(tree: Node) -> tuple[str, ...]:
    return tuple(sorted(text for text in _others(tree) if _moment(text)))


def _others(tree: Node) -> set[str]:
    return {value for node in walk(tree) if isinstance(value := _literal(node), str) and not _hole(node)}


def _literal(node: Node) -> str | int | float | None:
    return literal_of(node) if node.get("class") == "CONSTANT" and "value" in node else None


def _hole(node: Node) -> re.Match[str] | None:
    value = _literal(node)
    return IN_SQL.fullmatch(value) if isinstance(value, str) and "settled" not in node else None


def _text(value: str) -> Node:
    return {"class": "CONSTANT", "type": "VALUE_CONSTANT", "value": {"type": {"id": "VARCHAR", "type_info": None}, "is_null": False, "value": value}}


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None) if re.match(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


