"""A value inside a document together with its path, so that what is wrong is reported and the rest is kept.

Knows JSON's types, numbers and times; knows no format.
"""

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

Complain = Callable[[str, str], None]
"""Reports a path inside the document and what was expected there."""

LARGEST = 2**63 - 1
ZONE = re.compile(r"\s*(UTC|GMT)$")
NO_DAY = re.compile(r"\d{4}(-\d{2})?", re.ASCII)
LONGEST_LINE = 500
LONGEST_TEXT = 20_000


class Part:
    """One value of a document; ``Part(...)["a"][0].line()`` is its text, or None when it is absent or of another type.

    A present value of a wrong type is reported; null and empty text count as absent. A document has millions of parts and few complaints:
    a path is put together when somebody asks for it.
    """

    __slots__ = ("_above", "_step", "complain", "value")

    def __init__(self, value: Any, path: str | int, complain: Complain, above: "Part | None" = None) -> None:
        """``path`` is the whole path, or the last step of it below ``above``: an element's number, or a key after its point."""
        self.value = value
        self.complain = complain
        self._step = path
        self._above = above

    @property
    def path(self) -> str:
        """Where the value stands: ``$.outputs[0].facets``."""
        steps, part = [self._step], self._above
        while part is not None:
            steps.append(part._step)
            part = part._above
        return "".join(f"[{step}]" if isinstance(step, int) else step for step in reversed(steps))

    def __getitem__(self, key: str) -> "Part":
        """The value of an object's key; an absent Part when there is none."""
        value = self.value
        return Part(value.get(key) if isinstance(value, dict) else None, "." + key, self.complain, self)

    def first(self, *keys: str) -> "Part":
        """The first of several keys that is present: formats rename their fields."""
        return next((part for key in keys if (part := self[key]).present), self[keys[0]])

    @property
    def present(self) -> bool:
        """Whether anything stands there; null and an empty text are nothing."""
        return self.value is not None and self.value != ""

    def _wrong(self, expected: str) -> None:
        if self.present:
            self.complain(self.path, expected)

    def members(self) -> Iterator[tuple[str, "Part"]]:
        """Keys and values of an object."""
        if isinstance(self.value, dict):
            for key in self.value:
                yield str(key), self[key] if isinstance(key, str) else Part(self.value[key], self.path, self.complain)
        else:
            self._wrong("an object")

    def each(self) -> Iterator["Part"]:
        """Elements of a list; a single value is a list of one, as JSON-LD has it."""
        if isinstance(self.value, list):
            for i, value in enumerate(self.value):
                yield Part(value, i, self.complain, self)
        elif self.present:
            yield self

    def text(self) -> str | None:
        """Text without outer white space, at most 20,000 characters of it."""
        if isinstance(self.value, str):
            return self.value.strip()[:LONGEST_TEXT] or None
        self._wrong("text")
        return None

    def line(self) -> str | None:
        """Text on one line, as names are; a number is its text."""
        value = self.value
        if value is None:
            return None
        if isinstance(value, str):
            return one_line(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)[:LONGEST_LINE]
        return self.text()

    def line_of(self, key: str) -> str | None:
        """``self[key].line()``, in a third of the time where the key holds text or nothing."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        if isinstance(value, str):
            return one_line(value)
        return None if value is None else self[key].line()

    def lines(self) -> tuple[str, ...]:
        """Distinct lines of a list, in order."""
        return tuple(dict.fromkeys(line for part in self.each() if (line := part.line())))

    def whole(self) -> int | None:
        """A whole number from 0 that storage can hold; text of digits counts."""
        value = self.value
        if value is None:
            return None
        if isinstance(value, str) and re.fullmatch(r"\d{1,19}", value.strip(), re.ASCII):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST:
            return value
        self._wrong("a whole number")
        return None

    def number(self) -> float | None:
        """A finite number."""
        if isinstance(self.value, (int, float)) and not isinstance(self.value, bool):
            try:
                value = float(self.value)
            except OverflowError:
                value = math.inf
            if math.isfinite(value):
                return value
        self._wrong("a finite number")
        return None

    def flag(self) -> bool | None:
        """True or false, also as the words that YAML and JSON-LD authors use."""
        if isinstance(self.value, bool):
            return self.value
        if isinstance(self.value, str) and self.value.strip().lower() in ("true", "yes", "false", "no"):
            return self.value.strip().lower() in ("true", "yes")
        self._wrong("true or false")
        return None

    def moment(self) -> datetime | None:
        """A date or time in ISO 8601, in UTC without a zone; a time that has no zone is UTC."""
        value = self.value
        if isinstance(value, str):
            value = _moment(value.strip())
        elif isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
        if isinstance(value, datetime):
            try:
                return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            except OverflowError:
                pass
        self._wrong("a date or time in ISO 8601")
        return None


def one_line(text: str) -> str | None:
    """Text on one line, as names are, at most 500 characters of it; None where nothing is left."""
    return " ".join(text.strip()[:LONGEST_TEXT].split())[:LONGEST_LINE] or None


def _moment(text: str) -> datetime | None:
    text = ZONE.sub("+00:00", text)
    if NO_DAY.fullmatch(text):
        text = f"{text}-01" if len(text) == 7 else f"{text}-01-01"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
