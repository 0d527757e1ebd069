"""Prepares a benchmark's databases when they are first asked: a native file for golds, a snapshot for drafts, a schema for the guard."""

from dataclasses import dataclass
from pathlib import Path

from catalog.engine.foreign import copy_duckdb, copy_sqlite, query_duckdb
from eval.external.describe import described
from eval.external.formats import Source
from eval.external.native import Result, build_dump, run_sqlite
from nl2sql.guard import Schema


@dataclass(frozen=True, slots=True)
class Prepared:
    """One database, ready to be asked. ``text`` describes what ``schema`` opens."""

    source: Source
    native: Path
    snapshot: Path
    schema: Schema
    text: str

    def gold(self, sql: str, deadline_s: float, most_rows: int) -> Result:
        """Columns and rows of a gold, at most one row more than asked for. Raises `QueryTimeout` and `QueryFailed`."""
        run = query_duckdb if self.source.kind == "duckdb" else run_sqlite
        return run(self.native, sql, deadline_s, most_rows)


class Databases:
    """Every database that was asked so far, copied into ``work``, which is for one run and holds nothing else."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._prepared: dict[str, Prepared] = {}

    def prepared(self, source: Source) -> Prepared:
        """The database, copied at its first use. Raises `UsageError` for a file that cannot be read."""
        if source.name not in self._prepared:
            self._prepared[source.name] = self._prepare(source, len(self._prepared))
        return self._prepared[source.name]

    def _prepare(self, source: Source, number: int) -> Prepared:
        native, snapshot = source.path, self._work / f"database{number}.duckdb"
        if source.kind == "dump":
            native = self._work / f"database{number}.sqlite"
            build_dump(source.path, native)
        tables = (copy_duckdb if source.kind == "duckdb" else copy_sqlite)(native, snapshot)
        schema = Schema(tables)
        return Prepared(source, native, snapshot, schema, described(schema, None if source.kind == "duckdb" else native, source.descriptions))
