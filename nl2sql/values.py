"""The values that a question mentions, each bound to a typed slot of the plan language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Text:
    """Catalog values a span of the question stands for; several when the same name is spelt in several ways."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A number with the unit written beside it: ``bytes`` (already multiplied out), ``percent``, ``seconds`` to ``weeks``, or none."""

    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span of time in UTC; None on a side that is open."""

    start: datetime | None
    end: datetime | None


Value = Text | Number | Period
BYTES_IN = {"bytes": 1.0, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15}
"""Bytes in a unit that people ask amounts in; decimal, as drives are sold."""
SECONDS_IN = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0, "weeks": 604800.0}
Bindings = Mapping[str, Value]
"""Slot token (``@dataset1``) to the value it stands for."""
