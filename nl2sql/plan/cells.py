"""What a plan names, as SQL: columns, bound values and the clock. Every value of a question is a quoted literal or a number here, and nowhere else."""

from datetime import datetime
from typing import TypeVar

from catalog.semantic import Column
from nl2sql.errors import BadPlan
from nl2sql.plan.language import Predicate, literal
from nl2sql.values import SECONDS_IN, Bindings, Number, Period, Text

V = TypeVar("V", Text, Number, Period)
SCALE_FROM_BYTES = {"bytes": 1.0, "GB": 1e-9, "MB": 1e-6}
ENTRY = "entry"
"""What the entries of a list that rows are grouped by are called beside the views."""


class Cells:
    """Columns, values and the clock of one query; ``where`` are its conditions and ``listed`` the list column that its rows are grouped by."""

    def __init__(self, bindings: Bindings, now: datetime) -> None:
        self.bindings = bindings
        self.now = now
        self.where: tuple[Predicate, ...] = ()
        self.listed = ""

    def column(self, token: str) -> str:
        """A column; of the list that rows are grouped by, one entry."""
        return f"{ENTRY}.{token.split('.')[1]}" if token == self.listed else self.cell(token)

    def cell(self, token: str) -> str:
        """A column as the row has it, a list as a whole."""
        view, name = token.split(".")
        return f"{relation(view)}.{name}"

    def entries(self, token: str) -> str:
        """A row for each entry of a list."""
        return f"CROSS JOIN unnest({self.cell(token)}) AS {ENTRY}({token.split('.')[1]})"

    def clock(self) -> str:
        return f"TIMESTAMP '{self.now:%Y-%m-%d %H:%M:%S}'"

    def texts(self, token: str, spec: Column) -> tuple[str, ...]:
        """What a column is compared with: the texts that a slot stands for, one of its own values, or where it has none any text in quotes."""
        if token.startswith("@"):
            return self.value(token, Text).values
        for value in spec.values or (token[1:-1],):
            if not spec.values or literal(value) == token:
                return (value,)
        raise BadPlan(f"{token} is no {spec.name}")

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


def relation(view: str) -> str:
    return '"columns"' if view == "columns" else view


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
