"""Decisions that two names mean one dataset: made and undone by whoever has the folder, kept in its state, never guessed.

A merge moves no row: each name keeps its own, so that a policy or grant that names one opens nothing of the other. Both carry the
other's name as an alias, and claims about both are weighed together (``catalog.claims.weighing``). Every merge and split is in the audit
log, as an action in the role of the operator, and holds for every later ingest and pull until it is undone.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.audit.log import OPERATOR, AuditLog
from catalog.audit.records import ERASED
from catalog.errors import CatalogUnavailable, UsageError
from catalog.storage.generations import current, writing
from catalog.storage.sqlite_file import SqliteFile
from catalog.storage.state import utc

if TYPE_CHECKING:
    import duckdb

STATE = "state.sqlite"
SCHEMA = """
CREATE TABLE IF NOT EXISTS same_dataset (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, other TEXT NOT NULL, merged TEXT NOT NULL, merged_by TEXT NOT NULL,
    split TEXT, split_by TEXT);
"""


@dataclass(frozen=True, slots=True)
class Merge:
    """One decision; times are UTC, ``by`` is a principal or the operator."""

    name: str
    other: str
    at: datetime
    by: str
    split_at: datetime | None = None
    split_by: str | None = None


class Merges:
    """The decisions of one catalog folder. Every method raises CatalogUnavailable when the file cannot be used."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._file = SqliteFile(home / STATE, SCHEMA, ("same_dataset",))

    def all(self) -> list[Merge]:
        """Every decision ever made, oldest first."""
        with self._file.connection() as connection:
            rows = connection.execute("SELECT name, other, merged, merged_by, split, split_by FROM same_dataset ORDER BY number").fetchall()
        try:
            return [Merge(str(n), str(o), _time(at), str(by), _time(out) if out else None, out_by) for n, o, at, by, out, out_by in rows]
        except (ValueError, OverflowError):
            raise CatalogUnavailable("The record of a merge is damaged.", f"Restore {STATE} from a backup.") from None

    def live(self) -> list[Merge]:
        """Decisions that hold, oldest first."""
        return [merge for merge in self.all() if merge.split_at is None]

    def merge(self, name: str, other: str, by: str = OPERATOR, now: datetime | None = None) -> None:
        """Decide that two datasets are one, and weigh their claims together in the next generation.

        The decision is durable before the generation that shows it; made again after a kill in between, it is carried out. Raises
        UsageError for a name that no dataset of the catalog bears and for what is merged already, CatalogUnavailable.
        """
        from catalog.claims.weighing import weighed, weighed_as

        current(self.home)
        if name == other:
            raise UsageError("A dataset is already what it is.", "Give two names.")
        with writing(self.home) as connection:
            for one in (name, other):
                require_dataset(connection, one)
            decided = any(name in group and other in group for group in groups((m.name, m.other) for m in self.live()))
            if decided and any({name, other} <= group for group in weighed_as(connection)):
                raise UsageError(f"{name} and {other} are merged already.", "What holds: steward catalog matches --merged.")
            with self._recorded(f"merge {name} with {other}", name):
                if not decided:
                    with self._file.transaction() as state:
                        state.execute("INSERT INTO same_dataset (name, other, merged, merged_by) VALUES (?, ?, ?, ?)", [name, other, utc(now).isoformat(), by])
                with weighed(connection, self.home):
                    pass

    def split(self, name: str, other: str, by: str = OPERATOR, now: datetime | None = None) -> None:
        """Undo a merge of these two, in whichever order they were named; raises UsageError where none holds."""
        from catalog.claims.weighing import weighed, weighed_as

        current(self.home)
        with writing(self.home) as connection:
            live = self.live()
            if not any({m.name, m.other} == {name, other} for m in live):
                undone = any({m.name, m.other} == {name, other} for m in self.all())
                shown = any({name, other} <= group for group in weighed_as(connection))
                if not undone or not shown or any({name, other} <= group for group in groups((m.name, m.other) for m in live)):
                    raise UsageError(f"{name} and {other} were not merged with each other.", "What holds: steward catalog matches --merged.")
            with self._recorded(f"split {name} from {other}", name):
                with self._file.transaction() as state:
                    state.execute(
                        "UPDATE same_dataset SET split = ?, split_by = ? WHERE split IS NULL AND ((name = ? AND other = ?) OR (name = ? AND other = ?))",
                        [utc(now).isoformat(), by, name, other, other, name],
                    )
                with weighed(connection, self.home):
                    pass

    def erase(self, person: str) -> int:
        """Forget who decided; the decisions hold. Returns how many were theirs."""
        with self._file.transaction() as state:
            count = state.execute("UPDATE same_dataset SET merged_by = ? WHERE merged_by = ?", [ERASED, person]).rowcount
            count += state.execute("UPDATE same_dataset SET split_by = ? WHERE split_by = ?", [ERASED, person]).rowcount
        self._file.empty_journal()
        return count

    @contextmanager
    def _recorded(self, what: str, dataset: str) -> Iterator[None]:
        """Record the intent and what became of it; the view's word for what changes rows is ``ingest``."""
        log, verdict = AuditLog(self.home), "declined"
        seq = log.begin(OPERATOR, OPERATOR, "ingest", what, None, dataset=dataset)
        try:
            yield
            verdict = "allowed"
        finally:
            log.end(seq, verdict)


def live_merges(home: Path) -> list[tuple[str, str]]:
    """Pairs of names that are one dataset; none, and no file made, where nothing was ever decided."""
    return [(merge.name, merge.other) for merge in Merges(home).live()] if (home / STATE).exists() else []


def groups(pairs: Iterable[tuple[str, str]]) -> list[frozenset[str]]:
    """Names that are one dataset, by way of others too."""
    group_of: dict[str, set[str]] = {}
    for name, other in pairs:
        joined = group_of.get(name, {name}) | group_of.get(other, {other})
        for member in joined:
            group_of[member] = joined
    return [frozenset(group) for group in {id(group): group for group in group_of.values()}.values()]


def require_dataset(connection: "duckdb.DuckDBPyConnection", name: str) -> None:
    """Raise UsageError, with the nearest names, unless a dataset bears this very name."""
    if connection.execute("SELECT 1 FROM dataset WHERE name = $1 LIMIT 1", [name]).fetchone():
        return
    near = connection.execute(
        "SELECT DISTINCT name, jaro_winkler_similarity(lower(name), lower($1)) AS likeness FROM dataset WHERE likeness >= 0.85 ORDER BY likeness DESC, name LIMIT 3",
        [name],
    ).fetchall()
    hint = f"Did you mean {' or '.join(str(row[0]) for row in near)}?" if near else "Give the name as the catalog writes it."
    raise UsageError(f"The catalog has no dataset named {name!r}.", hint)


def _time(text: str) -> datetime:
    return utc(datetime.fromisoformat(text))
