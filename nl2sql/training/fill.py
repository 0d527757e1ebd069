"""Gives the slots of a synthetic question values, as the linker would find them: names of the demo, numbers with units, spans of time."""

import random
import re
from collections import defaultdict
from datetime import datetime

from nl2sql.corpus.fragments import Example
from nl2sql.linking.dates import MONTHS
from nl2sql.linking.index import NameIndex
from nl2sql.linking.mentions import Draft, Linked, Mention
from nl2sql.linking.numbers import asked_unit, find_numbers
from nl2sql.linking.periods import find_periods
from nl2sql.linking.vocabulary import WORD
from nl2sql.plan.language import SLOT_KINDS, SLOTS_PER_KIND, column_of
from nl2sql.values import Number, Period, Text, Value

SLOT = re.compile(rf"(?<!\w)(?:{'|'.join(SLOT_KINDS)})[1-{SLOTS_PER_KIND}](?!\w)")
COMPARED = r"(\S+) (?:EQ|NE|LT|LE|GT|GE) @"
SHARE_AS_WRITTEN = 0.6
"""Chance that a name is said as the catalog writes it, rather than in another way that the linker knows."""
SPANS = (
    "last week", "last month", "last year", "this week", "this month", "this quarter", "this year", "yesterday", "today", "in {year}", "in {month} {year}",
    "since {month}", "since {month} {year}", "before {month} {year}", "after {month} {year}", "in the last {n} days", "in the past {n} months", "over the last {n} weeks",
    "more than {n} days ago", "in q{quarter}", "in q{quarter} {year}", "since monday", "between {month} and {later} {year}", "on {day} {month}", "by the end of the year",
    "in the next {n} days", "within the last {n} hours", "until {month} {year}", "last {month}", "from {day} {month} on",
)  # fmt: skip


class Values:
    """Draws values for slots with one random generator; ``names`` are those that may be mentioned."""

    def __init__(self, names: NameIndex, rng: random.Random) -> None:
        self.rng = rng
        self.named: dict[str, dict[tuple[str, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
        for spelling, kinds in names.names.items():
            for kind, values in kinds.items():
                self.named[kind][tuple(values)].append(spelling)
        for spelling, spelt in names.all_columns.items():
            self.named["column"][spelt].append(spelling)
        for word in sorted(names.text_words):
            self.named["term"][word,].append(word)
        self.choices = {kind: list(values) for kind, values in self.named.items()}

    def linked(self, example: Example, now: datetime) -> Linked | None:
        """The question as the linker would hand it over; None where the catalog has no value of a kind that it holds."""
        bindings: dict[str, Value] = {}
        mentions: dict[str, Mention] = {}
        for match in SLOT.finditer(example.question):
            kind, token = match[0][:-1], f"@{match[0]}"
            if token in bindings:
                continue
            said = self._said(kind, token, example, example.question[match.end() :], now)
            if said is None:
                return None
            bindings[token], surface = said
            mentions[token] = Mention(match.start(), match.end(), kind, bindings[token], surface)
        if any(token not in bindings for token in re.findall(r"@\w+", example.plan)):
            return None
        return Linked(example.question, bindings, mentions, asked_unit(Draft(example.question)))

    def _said(self, kind: str, token: str, example: Example, after: str, now: datetime) -> tuple[Value, str] | None:
        if kind == "number":
            return self._number(self._compared(token, example.plan), after)
        return self._period(now) if kind == "period" else self._name(kind)

    def _name(self, kind: str) -> tuple[Text, str] | None:
        if kind not in self.choices:
            return None
        values = self.rng.choice(self.choices[kind])
        as_written = len(values) == 1 and not (kind in ("country", "jurisdiction") and len(values[0]) == 2)
        if as_written and self.rng.random() < SHARE_AS_WRITTEN:
            return Text(values), values[0]
        return Text(values), self.rng.choice(self.named[kind][values])

    @staticmethod
    def _compared(token: str, plan: str) -> str:
        """What kind of figure fits: ``LIMIT``, a column's unit, or a count."""
        if f"LIMIT {token}" in plan:
            return "limit"
        column = re.search(COMPARED + token[1:] + r"(?!\w)", plan)
        spec = column_of(column[1]) if column and "." in column[1] else None
        return (spec.unit or spec.type) if spec else "count"

    def _number(self, sort: str, after: str) -> tuple[Number, str]:
        """A figure and, by the linker's own reading, its unit from the words that follow."""
        word = WORD.search(after)
        percent = after.lstrip().startswith("%") or (word is not None and word[0] in ("percent", "pct", "per"))
        if sort == "limit":
            figure = str(self.rng.randint(2, 25))
        elif percent:
            figure = str(self.rng.choice((5, 10, 20, 25, 30, 50, 60, 70, 75, 80, 90, 95, 98, 99)))
        elif sort == "ratio":
            figure = str(self.rng.choice((0.05, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99)))
        elif sort == "DOUBLE":
            figure = str(self.rng.choice((0.5, 1, 1.5, 2, 2.5, 3, 5, 10)))
        elif sort in ("rows", "people", "BIGINT"):
            figure = self.rng.choice(("100", "500", "1000", "1,000", "5000", "10,000", "100k", "250000", "1 million", "2m"))
        else:
            figure = str(self.rng.choice((1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 24, 30, 40, 50, 100, 200, 500)))
        draft = Draft(f"{figure}{after[:24]}")
        find_numbers(draft)
        read = next((m for m in draft.found if m.start == 0 and isinstance(m.value, Number)), None)
        if read is None or not isinstance(read.value, Number):
            return Number(5.0), "5"
        return read.value, draft.question[: read.end]

    def _period(self, now: datetime) -> tuple[Period, str]:
        """A span of time that the linker reads whole."""
        while True:
            month = self.rng.randrange(len(MONTHS) - 1)
            span = self.rng.choice(SPANS).format(
                year=now.year - self.rng.choice((0, 0, 1, 1, 2)),
                month=MONTHS[month],
                later=MONTHS[self.rng.randrange(month + 1, len(MONTHS))],
                n=self.rng.choice((2, 3, 5, 7, 10, 14, 30, 60, 90)),
                quarter=self.rng.randint(1, 4),
                day=self.rng.randint(1, 28),
            )
            found = find_periods(span, now)
            if len(found) == 1 and (found[0].start, found[0].end) == (0, len(span)):
                return found[0].period, span

