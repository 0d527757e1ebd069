"""The plan language: what the embedded model writes instead of SQL, over a closed vocabulary of the semantic layer.

``FROM datasets WHERE datasets.pii IS_TRUE datasets:stale SELECT datasets.name`` is a plan. This module holds its words and what
they spell; ``nl2sql.plan.grammar`` reads them, ``nl2sql.plan.sql`` compiles them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from catalog.semantic import Column, edges, views

SLOT_KINDS = tuple(sorted({c.slot for v in views().values() for c in v.columns.values() if c.slot} | {"number", "period", "term"}))
SLOTS_PER_KIND = 3
NUMBERS = ("0", "1", "2", "3", "4", "5", "10", "20", "50", "100", "0.5", "0.8", "0.9", "0.95")
COMPARISONS = ("EQ", "NE", "LT", "LE", "GT", "GE")
AGGREGATES = ("COUNT_DISTINCT", "SUM", "AVG", "MEDIAN", "MIN", "MAX")
PARTIAL = ("COUNT_IF", "SHARE_IF", "AVG_IF", "SUM_IF", "SHARE_SUM")
"""Aggregates over the rows that meet conditions of their own, so that two periods or groups stand side by side.

``SHARE_IF`` is a share of the rows, ``SHARE_SUM`` their share of the sum of a column.
"""
AGES = ("HOURS_SINCE", "DAYS_SINCE", "DAYS_UNTIL")
"""How far a time lies from the asker's clock. Results only: rows are ordered by the time itself."""
SPANS = ("DAYS_BETWEEN", "HOURS_BETWEEN")
"""How long from one time column of a row to another."""
SPAN_BOUNDS = {"SPAN_LT": "LT", "SPAN_LE": "LE", "SPAN_GT": "GT", "SPAN_GE": "GE"}
"""Bounds on how long it took until a time. No words of the model's, which no vocabulary holds: `nl2sql.said.own_span` alone writes them."""
SPAN_AGGREGATES = ("AVG_DAYS", "MAX_DAYS", "AVG_HOURS", "MAX_HOURS")
MEAN_AGE = "AVG_AGE"
"""Days from a time to the asker's clock, averaged."""
GROUP_SHARES = ("SHARE", "SHARE_OF")
"""What part of all rows, or of the sum of a column over all rows, a group holds. Only beside what the rows are grouped by."""
ARMS = 3
"""Arms of an EITHER at most."""
MODEL_PARTS = ("DAY", "WEEK", "MONTH", "YEAR")
RETURNING = ("WEEKDAY", "HOUR")
"""Parts of a date that come again: Monday, nine o'clock."""
DATE_PARTS = (*MODEL_PARTS, "QUARTER", *RETURNING)
"""Parts of a date that rows are grouped by. Those that are no words of the model's, rewriting alone writes."""
LENGTH = "LEN"
"""How many entries the list of a row has. No word of the model's either."""
OF = "OF "
"""Stands before the slot of a thing whose own value a column is compared with: ``datasets.row_count GT OF @dataset1``. Rewriting alone writes it."""
HEADS = ("FROM", "ASK", "WHICH", "REFUSE", "DATA", "CHANGE")
END = "<end>"
KEYWORDS = (
    *HEADS,
    *("JOIN", "LATEST", "WHERE", "SELECT", "HAVING", "ORDER", "ASC", "DESC", "LIMIT", "OR", "NOT", "EXISTS", "NOT_EXISTS", "END"),
    *COMPARISONS,
    *("IS_NULL", "NOT_NULL", "IS_TRUE", "IS_FALSE", "DURING", "NOT_DURING", "PAST", "FUTURE", "HAS", "HAS_NOT", "CONTAINS"),
    *("EITHER", "OR_ELSE", "COUNT", "SHOW", "DIFF", "ABS", "MEAN", "PER", "SKIP"),
    *PARTIAL,
    *AGES,
    *SPANS,
    *SPAN_AGGREGATES,
    MEAN_AGE,
    *GROUP_SHARES,
    *AGGREGATES,
    *MODEL_PARTS,
)


def literal(value: str) -> str:
    """The token of one value of a closed vocabulary: ``in review`` → ``'in_review'``."""
    return f"'{value.replace(' ', '_')}'"


@cache
def vocabulary() -> tuple[str, ...]:
    """Every token of the plan language, in an order that depends on the semantic layer alone."""
    columns = [f"{v.name}.{c.name}" for v in views().values() for c in v.columns.values()]
    literals = {literal(x) for v in views().values() for c in v.columns.values() for x in c.values}
    segments = [f"{v.name}:{s}" for v in views().values() for s in v.segments]
    measures = [f"{v.name}#{m}" for v in views().values() for m in v.measures]
    slots = [f"@{kind}{n}" for kind in SLOT_KINDS for n in range(1, SLOTS_PER_KIND + 1)]
    kinds = [f"?{kind}" for kind in SLOT_KINDS]
    return (END, *KEYWORDS, *NUMBERS, *views(), *columns, *segments, *measures, *map(str, edges()), *sorted(literals), *slots, *kinds)


@dataclass(frozen=True, slots=True)
class Condition:
    """``column op value``; ``value`` is empty for tests such as IS_NULL, else a slot, literal, number or column token.

    ``MEAN`` stands for the column's average over the rows that meet the plan's other conditions, bounds on numbers aside, and ``OF @dataset1`` for
    the column's value in the rows of that dataset. A literal of a column without values of its own, which rewriting alone writes, is any text in quotes.
    """

    column: str
    op: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A named predicate of the semantic layer, ``view:name``."""

    token: str


@dataclass(frozen=True, slots=True)
class Not:
    condition: "Predicate"


@dataclass(frozen=True, slots=True)
class Or:
    left: "Predicate"
    right: "Predicate"


@dataclass(frozen=True, slots=True)
class Either:
    """All conditions of one arm hold, or all of another: two arms or three, one of them with several conditions."""

    arms: tuple[tuple["Predicate", ...], ...]


@dataclass(frozen=True, slots=True)
class Join:
    """An edge of the semantic layer and the view that it adds."""

    edge: str
    view: str

    @property
    def adds_one_row(self) -> bool:
        """The joined view has at most one row for each row before: it is joined by what names its rows, of which those hold one."""
        left, right = self.edge.split("=")
        added = left if left.split(".")[0] == self.view else right
        return not column_of(right).is_list and self.view in ("datasets", "models", "nodes", "policies") and added == f"{self.view}.{views()[self.view].key[0]}"


@dataclass(frozen=True, slots=True)
class Exists:
    """A related row exists (or none does) in the view that ``join`` adds; with ``times``, so many do: ``("GE", "2")``, which rewriting alone writes."""

    join: Join
    conditions: tuple["Predicate", ...]
    negated: bool
    times: tuple[str, str] | None = None


Predicate = Condition | Segment | Not | Or | Either | Exists


@dataclass(frozen=True, slots=True)
class Item:
    """A result column: ``fn`` is empty for a plain column or measure, else COUNT, AVG, MONTH, DIFF, DAYS_SINCE, COUNT_IF, SHARE …

    ``among`` are the conditions of the rows that a SHARE_IF is of, where these are not all rows: so many of those for so many of these, be they
    the same rows (the failed checks of May among the checks of May) or others (disputes for purchases). Rewriting alone writes it.
    """

    fn: str
    args: tuple[str, ...] = ()
    conditions: tuple[Predicate, ...] = ()
    among: tuple[Predicate, ...] = ()

    @property
    def is_aggregate(self) -> bool:
        return self.fn in _AGGREGATING or (self.fn == "" and "#" in self.args[0])

    @property
    def is_group(self) -> bool:
        """A plain column, or a part of a date, that rows can be grouped by."""
        return self.fn in DATE_PARTS or (self.fn == "" and "." in self.args[0])


_AGGREGATING = frozenset({"COUNT", *AGGREGATES, *PARTIAL, *SPAN_AGGREGATES, MEAN_AGE, *GROUP_SHARES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Rows of a view. ``having`` compares an aggregate with a number or another aggregate; with ``per``, ``limit`` counts for each of its values.

    ``skip`` rows are left out before the ``limit`` that are shown; never with ``per``.
    Two forms are of rewriting alone: ``newest`` are conditions of the newest row of each thing that is listed first, and with ``both_ends`` the last
    ``limit`` rows stand beside the first.
    """

    view: str
    joins: tuple[Join, ...] = ()
    latest: bool = False
    where: tuple[Predicate, ...] = ()
    select: tuple[Item, ...] = ()
    having: tuple[Item, str, str | Item] | None = None
    order: tuple[Item, str] | None = None
    limit: str = ""
    per: str = ""
    skip: str = ""
    newest: tuple[Predicate, ...] = ()
    both_ends: bool = False

    @property
    def is_grouped(self) -> bool:
        """Rows of the result stand for several of the view."""
        return self.having is not None or any(item.is_aggregate for item in (*self.select, *(self.order[:1] if self.order else ())))


@dataclass(frozen=True, slots=True)
class AskBack:
    """The words fit several columns or measures: ask which."""

    choices: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class AskWhich:
    """The question points at something it does not name (``this dataset``): ask which one of ``kind``."""

    kind: str


@dataclass(frozen=True, slots=True)
class Decline:
    """Not a question that the catalog answers: REFUSE (out of scope), DATA (wants the data itself) or CHANGE (a write)."""

    kind: str


Plan = Query | AskBack | AskWhich | Decline


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a plan may name: ``view.column`` tokens of the asker and the slots that the question holds.

    ``units`` are those written beside numbers (bytes, percent), ``unknown`` the slots of names that no catalog value bears.
    """

    columns: frozenset[str]
    slots: frozenset[str]
    units: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    @property
    def views(self) -> frozenset[str]:
        return frozenset(c.split(".")[0] for c in self.columns)


@cache
def full_scope() -> Scope:
    """Every column and every slot."""
    columns = frozenset(f"{v.name}.{c}" for v in views().values() for c in v.columns)
    return Scope(columns=columns, slots=frozenset(t for t in vocabulary() if t.startswith("@")))


def column_of(token: str) -> Column:
    view, name = token.split(".")
    return views()[view].columns[name]
