"""What a run leaves: a manifest and one record per case, turn and repeat, as JSON lines that survive a kill."""

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from eval.suite import Comparison, Expected, Split, Tag

Got = Expected | Literal["failed", "timeout", "infra"]
"""What happened. ``failed``: SQL that the guard or the engine turned down, the model's fault; ``timeout``: a query that took too
long; ``infra``: model or catalog out of reach, counted apart and never as a wrong answer."""

Access = Literal["C", "W", "VC", "VW", "OR", "PR", "UNKNOWN"]
"""Against the policy by analysis: compliant and correct or wrong, violation though correct or wrong, over- and proper refusal."""

Reason = Literal[
    "right",
    "other_outcome",  # answered, asked back or declined where something else was right
    "wrong_rows",  # the result differs from every gold's on the demo catalog
    "wrong_elsewhere",  # right on the demo catalog, different on a seeded instance
    "wrong_choice",  # asked back without the choices that the case names
    "shown",  # text that must not occur was shown
    "violation",  # the SQL reads what the policy hides
    "rejected",  # the guard turned the SQL down
    "query_failed",
    "timeout",
    "infra",
]


SHOWN_ROWS = 50
"""Rows of a result that a record keeps."""


class Cells(BaseModel):
    """The first rows of a result; ``total`` counts all that were fetched. Cells are JSON: dates are ISO 8601 text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int

    @classmethod
    def of(cls, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> Self:
        """What a record keeps of a result."""
        return cls(columns=columns, rows=tuple(tuple(map(_plain, row)) for row in rows[:SHOWN_ROWS]), total=len(rows))


class Verdict(BaseModel):
    """What is to be said of one answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    right: bool
    reason: Reason
    detail: str = ""
    nearest_gold: str = ""
    """The gold that is matched, else the one closest to what was answered."""
    one_instance: bool | None = None
    """Right on the demo catalog alone; None where no table was compared."""
    instances_right: int = 0
    instances_scored: int = 0
    """Seeded instances on which the gold has one answer, and on how many of them the result is the gold's."""
    access: Access = "UNKNOWN"
    violations: tuple[str, ...] = ()
    result: Cells | None = None
    gold_result: Cells | None = None


class Record(Verdict):
    """One question of one case, asked once."""

    id: str
    suite: str
    turn: int = 0
    turns: int = 1
    repeat: int = 0
    question: str
    principal: str
    group: str = ""
    tags: dict[str, Tag] = {}
    expected: tuple[Expected, ...]
    gold: tuple[str, ...] = ()
    compare: Comparison = Comparison()
    got: Got
    confidence: float | None = None
    sql: str = ""
    reading: str = ""
    message: str = ""
    choices: tuple[str, ...] = ()
    stages_ms: dict[str, float] = {}
    total_ms: float
    cold: bool = False
    """The first question that a process asks; the model is open by then, its first use and every cache are still ahead."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What a resumed run knows it by."""
        return self.suite, self.id, self.turn, self.repeat


class Manifest(BaseModel):
    """What was run on what; two runs with the same manifest ask the same things of the same things."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: str
    suite_names: tuple[str, ...]
    """Suites as they were asked for: names of shipped ones, or files."""
    split: Split | Literal["all"] = "dev"
    filters: tuple[str, ...] = ()
    limit: int | None = None
    repeats: int = 1
    seed: int = 0
    instances: int = 20
    scorer: str = "steward"
    always_answer: bool = False
    """The backend shows its best reading whatever its confidence, as calibration and the coverage-risk curve need it."""
    own_catalog: str | None = None
    """Folder of the catalog that was copied and asked; none is the demo."""
    cases: int = 0
    turns: int = 0
    """Questions of one repeat."""
    suites: dict[str, str] = {}
    """File name to the SHA-256 of the file, hex; so below."""
    model_sha256: str = ""
    catalog_sha256: str = ""
    policy_version: str = ""
    steward: str = ""
    python: str = ""
    cpus: int = 0


def _plain(value: Any) -> Any:
    """A cell as JSON has it."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return str(value)
    return value
