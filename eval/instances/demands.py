"""What golds ask of the data: for every SELECT the rows it reads, the tests on their cells and the cells that must agree.

``SELECT d.name FROM datasets d JOIN grants g ON g.dataset = d.name WHERE NOT d.pii`` → a dataset and a grant, one link, one
test. Whatever SQL it does not understand it leaves out: demands make interesting rows likely and decide nothing.
"""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlglot import exp

from eval.scopes import owner, parsed, sources

Op = Literal["=", "<", "<=", ">", ">=", "null", "in", "like", "has", "length"]
Cell: TypeAlias = tuple[int, str]
"""Row of a situation, column of its view."""

OPS: dict[type[exp.Expr], Op] = {exp.EQ: "=", exp.NEQ: "=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
                                 exp.NullSafeEQ: "=", exp.NullSafeNEQ: "="}  # fmt: skip
MIRRORED: dict[Op, Op] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
NEGATIVE = (exp.NEQ, exp.NullSafeNEQ)
TRANSPARENT = (exp.Cast, exp.TryCast, exp.Coalesce, exp.Lower, exp.Paren, exp.TimestampTrunc, exp.Max, exp.Min)
"""What a cell may stand in and still be the thing that is compared."""

MOST_REPEATS = 12


@dataclass(frozen=True, slots=True)
class Test:
    """A cell against a constant. ``wanted``: its truth when the query's condition holds; None where either will do."""

    cell: Cell
    op: Op
    value: Any
    wanted: bool | None


@dataclass(frozen=True, slots=True)
class Link:
    """Two cells against each other; ``has``: the left is a list that holds the right."""

    left: Cell
    right: Cell
    op: Op
    wanted: bool | None


@dataclass(frozen=True, slots=True)
class Situation:
    """Rows that a query looks for, by view; ``absent`` ones stand in a NOT EXISTS, ``repeat`` copies fill its groups or its LIMIT."""

    rows: tuple[str, ...]
    absent: frozenset[int]
    tests: tuple[Test, ...]
    links: tuple[Link, ...]
    group: tuple[Cell, ...] = ()
    repeat: int = 1


def situations(golds: Iterable[str]) -> list[Situation]:
    """One situation per distinct gold and side of a UNION."""
    found = []
    for sql in dict.fromkeys(golds):
        for select in _outermost(parsed(sql)):
            reader = _Reader(select)
            if reader.rows:
                found.append(reader.situation())
    return found


def constant(node: exp.Expr | None) -> Any:
    """The Python value of a constant expression: a number, text, boolean, date or datetime; None for anything else."""
    match node:
        case exp.Paren():
            return constant(node.this)
        case exp.Literal():
            return node.this if node.is_string else float(node.this) if set(node.this) & set(".eE") else int(node.this)
        case exp.Boolean():
            return bool(node.this)
        case exp.Neg() if isinstance(value := constant(node.this), int | float):
            return -value
        case exp.Cast() if isinstance(value := constant(node.this), str | date):
            return _time(value, node.to.this)
        case exp.Add() | exp.Sub() if isinstance(node.expression, exp.Interval):
            return _shifted(constant(node.this), node.expression, 1 if isinstance(node, exp.Add) else -1)
    return None


def _time(value: str | date, kind: object) -> Any:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if kind == exp.DataType.Type.DATE:
        return value.date() if isinstance(value, datetime) else value
    return value if kind in exp.DataType.TEMPORAL_TYPES else None


def _shifted(start: Any, interval: exp.Interval, sign: int) -> Any:
    try:
        number = sign * int(interval.this.name)
    except (ValueError, AttributeError):
        return None
    if not isinstance(start, date):
        return None
    moment = start if isinstance(start, datetime) else datetime.combine(start, datetime.min.time())
    unit = interval.text("unit").upper().removesuffix("S")
    if unit in ("MONTH", "QUARTER", "YEAR"):
        months = moment.year * 12 + moment.month - 1 + number * {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
        year, month = divmod(months, 12)
        return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))
    lengths = {"WEEK": 7 * 86400, "DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}
    return moment + timedelta(seconds=number * lengths[unit]) if unit in lengths else None


def _outermost(tree: exp.Expr) -> Iterator[exp.Select]:
    if isinstance(tree, exp.SetOperation):
        yield from _outermost(tree.this)
        yield from _outermost(tree.expression)
    elif isinstance(tree, exp.Select):
        yield tree


class _Reader:
    """Walks one outermost SELECT with all its subqueries."""

    def __init__(self, select: exp.Select) -> None:
        self.select = select
        self.rows: dict[tuple[int, str], int] = {}
        self.views: list[str] = []
        self.absent: set[int] = set()
        self.tests: list[Test] = []
        self.links: list[Link] = []
        for inner in select.find_all(exp.Select):
            for alias, view in sources(inner).items():
                self.rows[id(inner), alias] = len(self.views)
                if _negated(inner, select):
                    self.absent.add(len(self.views))
                self.views.append(view.name)

    def situation(self) -> Situation:
        for node in self.select.walk():
            self.read(node)
        repeat, grouped = self.copies()
        return Situation(tuple(self.views), frozenset(self.absent), tuple(self.tests), tuple(self.links), grouped, repeat)

    def copies(self) -> tuple[int, tuple[Cell, ...]]:
        """How many rows a group, a HAVING over a count or a LIMIT needs, and the cells that they share."""
        having, group, limit = (self.select.args.get(part) for part in ("having", "group", "limit"))
        if group and (having or not limit):
            numbers = [constant(n) for n in having.find_all(exp.Literal)] if having else []
            cells = [self.cell(column) for column in group.find_all(exp.Column)]
            return min(max([2, *(int(n) for n in numbers if isinstance(n, int | float))]), MOST_REPEATS), tuple(c for c in cells if c)
        wanted = constant(limit.expression) if limit else None
        return (min(wanted + 2, MOST_REPEATS) if isinstance(wanted, int) else 1), ()

    def read(self, node: exp.Expr) -> None:
        """Note what one atom of a condition asks."""
        wanted = _wanted(node)
        match node:
            case _ if type(node) in OPS:
                self.compared(node, OPS[type(node)], wanted if wanted is None else wanted != isinstance(node, NEGATIVE))
            case exp.Between() if cell := self.cell(node.this):
                self.test(cell, ">=", constant(node.args["low"]), wanted)
                self.test(cell, "<=", constant(node.args["high"]), wanted)
            case exp.Is() if isinstance(node.expression, exp.Null) and (cell := self.cell(node.this)):
                self.tests.append(Test(cell, "null", None, wanted))
            case exp.In() if cell := self.cell(node.this):
                if node.args.get("query"):
                    self.link(cell, self.cell(node.args["query"]), "=", wanted)
                else:
                    self.test(cell, "in", tuple(v for v in map(constant, node.expressions) if v is not None), wanted)
            case exp.ILike() | exp.Like() if cell := self.cell(node.this):
                self.test(cell, "like", constant(node.expression), wanted)
            case exp.ArrayContains() if cell := self.cell(node.this):
                self.test(cell, "has", constant(node.expression), wanted)
                self.link(cell, self.cell(node.expression), "has", wanted)
            case exp.Column() if isinstance(node.parent, exp.Where | exp.And | exp.Or | exp.Not | exp.Paren | exp.Coalesce | exp.If):
                if (cell := self.cell(node)) and (found := owner(node)) and found.view.columns[node.name].type == "BOOLEAN":
                    self.tests.append(Test(cell, "=", True, wanted))

    def compared(self, node: exp.Expr, op: Op, wanted: bool | None) -> None:
        left, right = node.this, node.expression
        if constant(left) is not None:
            left, right, op = right, left, MIRRORED.get(op, op)
        if isinstance(left, exp.Length) and (cell := self.cell(left.this)):
            self.test(cell, "length", constant(right), wanted)
        elif cell := self.cell(left):
            self.test(cell, op, constant(right), wanted)
            self.link(cell, self.cell(right), op, wanted)

    def test(self, cell: Cell, op: Op, value: Any, wanted: bool | None) -> None:
        if value is not None:
            self.tests.append(Test(cell, op, value, wanted))

    def link(self, left: Cell, right: Cell | None, op: Op, wanted: bool | None) -> None:
        if right is not None and right != left:
            self.links.append(Link(left, right, op, wanted))

    def cell(self, node: exp.Expr | None) -> Cell | None:
        """The cell that an expression stands for: a column, one inside a cast or the like, or what a subquery selects."""
        if isinstance(node, TRANSPARENT):
            return self.cell(node.this)
        if isinstance(node, exp.Subquery | exp.Select):
            inner = node.unnest() if isinstance(node, exp.Subquery) else node
            return self.cell(inner.expressions[0].unalias()) if isinstance(inner, exp.Select) else None
        if not isinstance(node, exp.Column) or (found := owner(node)) is None:
            return None
        row = self.rows.get((id(found.select), found.alias))
        return None if row is None else (row, node.name)


def _wanted(node: exp.Expr) -> bool | None:
    """Truth that makes the condition around ``node`` hold: turned by every NOT, and free inside an OR or a CASE."""
    truth, parent = True, node.parent
    while parent is not None and not isinstance(parent, exp.Select):
        if isinstance(parent, exp.Or | exp.If | exp.Filter):
            return None
        truth ^= isinstance(parent, exp.Not)
        parent = parent.parent
    return truth


def _negated(inner: exp.Select, outermost: exp.Select) -> bool:
    node: exp.Expr = inner
    while node is not outermost and node.parent is not None:
        node = node.parent
        if isinstance(node, exp.Not) and isinstance(node.this, exp.Exists | exp.In):
            return True
    return False


def literals(found: Iterable[Situation]) -> dict[tuple[str, str], list[Any]]:
    """Constants that golds compare a view's column with."""
    values: dict[tuple[str, str], dict[Any, None]] = {}
    for situation in found:
        for test in situation.tests:
            if test.op not in ("like", "length", "null"):
                many = test.value if isinstance(test.value, tuple) else (test.value,)
                row, column = test.cell
                values.setdefault((situation.rows[row], column), {}).update(dict.fromkeys(many))
    return {key: list(value) for key, value in values.items()}
