"""Asks a benchmark's questions of a backend and scores each: drafted, guarded, run in the sandboxed worker, compared with the gold."""

import random
import tempfile
from collections.abc import Container, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from catalog.engine.engine import Engine, Limits
from catalog.errors import GovernanceError, QueryFailed, QueryTimeout, UsageError
from eval.ahead import Ahead
from eval.external.databases import Databases, Prepared
from eval.external.describe import with_evidence
from eval.external.formats import External, Format, Item, load
from eval.features import FEATURES
from eval.judge import difference
from eval.record import Cells, Record
from eval.scorers import SCORERS, Table
from eval.scorers.distinct import without_distinct
from eval.suite import Comparison, Tag
from nl2sql.backends.base import Backend, Clarify, Context, Decline, Draft, SqlDraft
from nl2sql.errors import Repairable, SqlSyntax
from nl2sql.guard import approve
from nl2sql.linking.link import Linked

LIMITS = Limits(rows=50_000, deadline_s=30.0, memory_mb=2048, output_bytes=200_000_000)
RULES: dict[Format, str] = {"spider": "test-suite", "bird": "bird-set"}
"""The scorer that a benchmark's own figures go by."""
NOBODY = "external"
"""Principal of a question to which no policy applies."""

Key = tuple[str, str, int, int]


def run_external(
    folder: Path, backend: Backend, *, limit: int | None = None, seed: int = 0, scorer: str = "", done: Container[Key] = ()
) -> Iterator[Record]:
    """Records of the benchmark in a folder, each as its question ends; those whose key is in ``done`` are not asked.

    ``limit`` questions are drawn by ``seed``; the scorer is the benchmark's own where none is named. Raises `UsageError` at once
    for a folder, backend or scorer that cannot be used, later for a database that cannot be read.
    """
    if not backend.reads_schema:
        raise UsageError(
            f"The {backend.name} backend knows Steward's own views only, so it cannot be asked about other databases.",
            "Choose a backend that reads a schema: vllm, vllm-engine:MODEL, transformers:MODEL or scripted:FILE.",
        )
    if scorer and scorer not in SCORERS:
        raise UsageError(f"There is no scorer {scorer!r}.", f"Choose one of: {', '.join(SCORERS)}.")
    external = load(folder)
    items = list(external.items)
    if limit is not None and limit < len(items):
        items = [items[at] for at in sorted(random.Random(seed).sample(range(len(items)), limit))]
    return _records(external, [item for item in items if _key(external, item) not in done], backend, scorer or RULES[external.format])


def _records(external: External, items: list[Item], backend: Backend, scorer: str) -> Iterator[Record]:
    with tempfile.TemporaryDirectory(prefix="steward-external-") as scratch:
        work = Path(scratch)
        databases = Databases(work)
        with Engine(work) as engine:
            ahead = Ahead(backend)
            asker = _Asker(external, ahead, engine, scorer)
            for item in ahead.over(items, lambda item: [asker.context(item, databases.prepared(external.databases[item.database]))]):
                yield asker.record(item, databases.prepared(external.databases[item.database]))


class _Asker:
    """Asks one question at a time, of one backend and by one rule."""

    def __init__(self, external: External, backend: Ahead, engine: Engine, scorer: str) -> None:
        self._external, self._backend, self._engine, self._scorer = external, backend, engine, scorer
        self._now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        self._cold = True

    def context(self, item: Item, database: Prepared) -> Context:
        """What the backend is given for a question; all of a run are asked as of its start."""
        text = with_evidence(database.text, item.evidence)
        return Context(question=item.question, linked=Linked(item.question, {}, {}), now=self._now, schema=database.schema, schema_text=text)

    def record(self, item: Item, database: Prepared) -> Record:
        """What came of one question. A gold that does not run is nobody's wrong answer: the question counts as ``infra``, unasked."""
        compare = Comparison.model_validate({"order": "order by" in item.gold.lower()})  # as the test-suite rule has it
        dialect = "duckdb" if database.source.kind == "duckdb" else "sqlite"
        try:
            columns, rows = database.gold(self._written(item.gold, dialect), LIMITS.deadline_s, LIMITS.rows)
            if len(rows) > LIMITS.rows:
                raise QueryFailed(f"The result has more than {LIMITS.rows:,} rows.")
            found = self._asked(item, database, _plain(columns, rows), compare)
        except (QueryFailed, QueryTimeout, SqlSyntax) as bad:
            found = {"got": "infra", "reason": "infra", "detail": f"gold: {bad.what}"}
        suite, id_, turn, repeat = _key(self._external, item)
        return Record(
            id=id_,
            suite=suite,
            turn=turn,
            repeat=repeat,
            question=item.question,
            principal=NOBODY,
            tags=_tags(item),
            expected=("answer",),
            gold=(item.gold,),
            compare=compare,
            **{"right": False, "total_ms": 0.0, **found},
        )

    def _asked(self, item: Item, database: Prepared, gold: Table, compare: Comparison) -> dict[str, Any]:
        """Fields of the record that tell of the answer."""
        spent = self._backend.spent_ms
        clock = _Clock()
        cold, self._cold = self._cold, False
        try:
            drafts = self._backend.draft(self.context(item, database))
        except GovernanceError as error:
            clock.lap("draft", self._backend.spent_ms - spent)
            return {"got": "infra", "reason": "infra", "detail": error.what, "message": error.what, "cold": cold, **clock.fields()}
        clock.lap("draft", self._backend.spent_ms - spent)
        found = self._answered(drafts, database, gold, compare, clock)
        return {"confidence": drafts[0].confidence, "cold": cold, **found, **clock.fields()}

    def _answered(self, drafts: list[Draft], database: Prepared, gold: Table, compare: Comparison, clock: "_Clock") -> dict[str, Any]:
        first = drafts[0]
        if isinstance(first, Clarify):
            said = {"message": first.message, "choices": first.choices}
            return {"got": "ask_back", "reason": "other_outcome", "detail": "ask_back where answer is right", **said}
        if isinstance(first, Decline):
            got = "refuse" if first.kind == "out_of_scope" else first.kind
            return {"got": got, "reason": "other_outcome", "detail": f"{got} where answer is right"}
        refused: dict[str, Any] = {}
        for draft in (d for d in drafts if isinstance(d, SqlDraft)):
            try:
                approved = approve(draft.sql, database.schema, self._now)
                scored = approve(self._written(approved.sql, "duckdb"), database.schema, self._now)
            except Repairable as bad:
                refused = refused or {"got": "failed", "reason": "rejected", "detail": bad.what, "message": bad.what, "sql": draft.sql}
                continue
            clock.lap("guard")
            about = {"sql": approved.sql, "reading": draft.reading, "confidence": draft.confidence}
            try:
                result = self._engine.run(scored, database.snapshot, LIMITS)
            except QueryTimeout as late:
                return {**about, "got": "timeout", "reason": "timeout", "detail": late.what, "message": late.what}
            except QueryFailed as bad:
                return {**about, "got": "failed", "reason": "query_failed", "detail": bad.what, "message": bad.what}
            finally:
                clock.lap("run")
            predicted = _plain(result.columns, result.rows)
            right = not result.truncated and SCORERS[self._scorer](gold, predicted, compare)
            about |= {"result": Cells.of(predicted.columns, predicted.rows), "gold_result": Cells.of(gold.columns, gold.rows), "one_instance": right}
            detail = "" if right else f"more than {LIMITS.rows:,} rows" if result.truncated else difference(gold, predicted)
            return {**about, "got": "answer", "right": right, "reason": "right" if right else "wrong_rows", "detail": detail}
        clock.lap("guard")
        return refused

    def _written(self, sql: str, dialect: str) -> str:
        """What the rule runs: the test-suite rule leaves DISTINCT out of both queries. SQL without one stays as it is."""
        return without_distinct(sql, dialect) if self._scorer == "test-suite" and "distinct" in sql.lower() else sql


class _Clock:
    """Milliseconds per stage."""

    def __init__(self) -> None:
        self._last = perf_counter()
        self._stages: dict[str, float] = {}
        self._total = 0.0

    def lap(self, stage: str, before: float = 0.0) -> None:
        """End a stage, of which so many milliseconds were spent ``before`` its turn."""
        now = perf_counter()
        spent = (now - self._last) * 1000 + before
        self._stages[stage] = round(spent, 3)
        self._last = now
        self._total += spent

    def fields(self) -> dict[str, Any]:
        return {"stages_ms": self._stages, "total_ms": round(self._total, 3)}


def _key(external: External, item: Item) -> Key:
    return f"{external.format}:{item.database}", item.id, 0, 0


def _tags(item: Item) -> dict[str, Tag]:
    tags: dict[str, Tag] = {"db": item.database}
    if item.difficulty:
        tags["difficulty"] = item.difficulty
    try:
        tree = parse_one(item.gold, dialect="sqlite")
    except SqlglotError:
        return tags
    used = tuple(name for name, kinds in FEATURES.items() if tree.find(*kinds))
    nested = ("subquery",) if len(list(tree.find_all(exp.Select))) > 1 and not tree.find(exp.SetOperation, exp.CTE) else ()
    return {**tags, "feature": used + nested or ("plain",)}


def _plain(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    """A result as SQLite has it, which knows no dates, truth values or decimals, so that both sides compare alike."""
    return Table(columns, [tuple(map(_cell, row)) for row in rows])


def _cell(value: Any) -> Any:
    match value:
        case None | str() | float():
            return value
        case bool() | int():
            return int(value)
        case Decimal():
            return float(value)
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "replace")
        case list() | tuple():
            return [_cell(item) for item in value]
    return str(value)
