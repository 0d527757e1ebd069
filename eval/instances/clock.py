"""Golds and answers that read the clock, as of a moment: a generated catalog is of the demo's day, whatever the day of the run. Knows SQL text only."""

import re
from datetime import datetime

from sqlglot import exp

from eval.scopes import DIALECT, parsed
from nl2sql.guard.expressions import CLOCK_DATES, CLOCK_TIMESTAMPS

READS = re.compile(rf"\b(?:{'|'.join(sorted(CLOCK_DATES | CLOCK_TIMESTAMPS))})\b", re.IGNORECASE)
"""What SQL without it does not read the clock by."""


def as_of(sql: str, now: datetime) -> str:
    """The query with ``now()`` and its kin as literals of a moment (UTC), like the guard writes them. Raises `sqlglot.errors.ParseError` for what is no SQL."""
    return parsed(sql).transform(_told, now).sql(DIALECT) if READS.search(sql) else sql


def _told(node: exp.Expr, now: datetime) -> exp.Expr:
    name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name() if isinstance(node, exp.Func) else "").lower()
    if name in CLOCK_DATES:
        return exp.cast(exp.Literal.string(f"{now:%Y-%m-%d}"), "DATE")
    return exp.cast(exp.Literal.string(f"{now:%Y-%m-%d %H:%M:%S}"), "TIMESTAMP") if name in CLOCK_TIMESTAMPS else node
