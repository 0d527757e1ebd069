"""Reading published metadata documents into the catalog: ``steward ingest PATH… --node NAME``.

One bad document is reported and the rest kept; a run is one generation or none. Formats are in ``readers``.
"""

import gc
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.claims.weighing import weighed
from catalog.errors import BadDocument, CatalogUnavailable, UsageError
from catalog.ingest.documents import content, find, parsed
from catalog.ingest.readers import all_readers
from catalog.ingest.reading import Context, Document, Reader, Schema, rows_of, told_apart
from catalog.ingest.settle import settle
from catalog.ingest.statements import TABLES, read_statements, replace_statements, write
from catalog.storage import records
from catalog.storage.generations import NothingToWrite, writing
from catalog.storage.records import Node, Record
from catalog.storage.rows import upsert

if TYPE_CHECKING:
    import duckdb

__all__ = ["Found", "Problem", "Progress", "Report", "ingest", "ingest_into", "known_documents", "naive"]

Progress = Callable[[int, int], None]
"""Called with the number of files done and of all files."""
MOST_PROBLEMS = 20
"""Complaints about one document that are kept."""
COLLECTED = 1_000_000
"""New objects after which Python looks for cycles among them."""
FEW_ROWS = 1_000_000
"""Rows of a catalog to which one thread adds."""
MOST_RECORDS = 250_000
"""Records of one document: an event with n inputs and n outputs states n² edges."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong: the file, the path inside it, and what was expected there."""

    file: str
    path: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file} {self.path}: expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read, the name that its document is known by, and what is wrong with it ('' when nothing)."""

    path: Path
    name: str
    wrong: str = ""


@dataclass(slots=True)
class Report:
    """What a run read and wrote."""

    documents: Counter[str] = field(default_factory=Counter)
    """Documents read anew, by kind."""
    unchanged: int = 0
    skipped: list[str] = field(default_factory=list)
    """Files that are well formed but no document of a known kind."""
    problems: list[Problem] = field(default_factory=list)
    records: Counter[str] = field(default_factory=Counter)
    """Rows of the node that come from its documents, by storage table; empty when nothing changed."""
    unresolved: tuple[str, ...] = ()
    """Names of parents that no dataset in the catalog bears."""
    changed: bool = False
    """Whether any document stated something new or took back what it stated."""


def ingest(
    home: Path,
    paths: Sequence[Path],
    node: str,
    now: datetime | None = None,
    progress: Progress = lambda done, total: None,
    *,
    readers: tuple[Reader, ...] | None = None,
) -> Report:
    """Read the documents under the paths as published by a node, into the catalog's next generation.

    A document that changed since it was last read from the same path takes back what it stated; one that became
    unreadable keeps it. Raises UsageError for a path that does not exist or a node without a name, and
    CatalogUnavailable.
    """
    if not node.strip():
        raise UsageError("The node that publishes the documents needs a name.", "Give one with --node.")
    moment = naive(now)
    files = [Found(path, _name(path), wrong) for path, wrong in find(list(paths))]
    with _seldom_collected(), writing(home) as connection, weighed(connection, home):
        share_out(connection)
        report = _ingested(connection, files, node, moment, progress, readers)
        if not report.changed:
            raise NothingToWrite
    return report


def _ingested(
    connection: "duckdb.DuckDBPyConnection", files: Sequence[Found], node: str, moment: datetime, progress: Progress, readers: tuple[Reader, ...] | None
) -> Report:
    """`ingest_into`, which a pull does for each node by itself. Raises CatalogUnavailable for what no table can hold."""
    import duckdb

    try:
        return ingest_into(connection, files, node, moment, progress, readers=readers)
    except (duckdb.DataError, duckdb.InvalidInputException) as unfit:
        what = str(unfit).partition("\n")[0][:200]
        raise CatalogUnavailable(f"The catalog cannot hold what these documents say: {what}.", "Nothing was read. Read them one by one to find which it is.") from unfit


def ingest_into(
    connection: "duckdb.DuckDBPyConnection",
    files: Sequence[Found],
    node: str,
    moment: datetime,
    progress: Progress = lambda done, total: None,
    *,
    withdrawn: Sequence[str] = (),
    readers: tuple[Reader, ...] | None = None,
) -> Report:
    """Read these files as published by a node into a catalog that is being written; ``moment`` is UTC without a zone.

    Documents by the names ``withdrawn`` take back what they stated. Claims are left as stated: use it inside `weighed`.
    """
    readers = all_readers() if readers is None else readers
    report = Report()
    known = known_documents(connection, node)
    gone = [name for name in withdrawn if name in known]
    stated: dict[str, list[Record]] = {name: [] for name in gone}
    entries: list[records.Document] = []
    for done, file in enumerate(files):
        progress(done, len(files))
        if file.wrong:
            report.problems.append(Problem(str(file.path), "$", f"a file, but it is {file.wrong}"))
        elif (read := _Reading(file, node, readers, report).read(known)) is not None:
            kind, digest, found = read
            stated[file.name] = found
            entries.append(
                records.Document(
                    node=node,
                    path=file.name,
                    kind=kind,
                    sha256=digest,
                    ingested=moment,
                    records=rows_of(found).total(),
                    as_of=moment,
                    origin="measured",
                )
            )
    progress(len(files), len(files))
    if not stated:
        return report
    report.changed = True
    upsert(connection, entries)
    connection.execute("DELETE FROM document WHERE node = $1 AND list_contains($2, path)", [node, gone or [""]])
    fresh = {path: stated[path] for path in replace_statements(connection, node, stated)}
    settled = settle(read_statements(connection, node, fresh, moment), _elsewhere(connection, node))
    write(connection, node, settled.records)
    _introduce(connection, node, moment)
    report.records = rows_of(settled.records)
    report.unresolved = settled.unresolved
    return report


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file on its way to records; what is wrong goes to the report."""

    file: Found
    node: str
    readers: tuple[Reader, ...]
    report: Report

    def read(self, known: dict[str, str]) -> tuple[str, str, list[Record]] | None:
        """Kind, SHA-256 and records of a new or changed document; None for any other file."""
        problems: dict[str, Problem] = {}

        def complain(path: str, expected: str) -> None:
            # A list whose elements are all wrong in one way is one problem, shown at the first of them.
            place = re.sub(r"\[\d+\]", "[]", path)
            if len(problems) < MOST_PROBLEMS:
                problems.setdefault(place, Problem(str(self.file.path), path, expected))

        try:
            data, digest = content(self.file.path)
            if known.get(self.file.name) == digest:
                self.report.unchanged += 1
                return None
            document = Document(str(self.file.path), parsed(data, self.file.path.suffix.lower()))
            reader = next((reader for reader in self.readers if reader.detects(document)), None)
            if reader is None:
                self.report.skipped.append(str(self.file.path))
                return None
            found = told_apart(_upto(MOST_RECORDS, reader.read(document, Context(self.node, complain))))
            if any(record.node != self.node for record in found):
                raise BadDocument("$", "statements of the node that publishes it")
            if problems and not found:
                return None
        except BadDocument as error:
            complain(error.path, error.expected)
            return None
        except RecursionError:
            complain("$", "less nesting")
            return None
        finally:
            self.report.problems.extend(problems.values())
        self.report.documents[reader.kind] += 1
        return reader.kind, digest, found


def _upto(most: int, records: Iterable[Record]) -> list[Record]:
    """The records, unless they are more rows than these. Raises BadDocument."""
    found, left = list[Record](), most
    for record in records:
        left -= len(record) if isinstance(record, Schema) else 1
        if left < 0:
            raise BadDocument("$", f"at most {most:,} records")
        found.append(record)
    return found


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Let Python look for cycles less often: hundreds of thousands of records have none, and looking took a fifth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def share_out(connection: "duckdb.DuckDBPyConnection") -> None:
    """Let one thread write a catalog of a few row groups, which are what threads share out: a second one costs a third more of the processor."""
    rows = connection.execute("SELECT coalesce(sum(estimated_size), 0) FROM duckdb_tables()").fetchone()
    if rows is not None and rows[0] <= FEW_ROWS:
        connection.execute("SET threads = 1")


def naive(now: datetime | None) -> datetime:
    """A moment as the catalog keeps it: UTC without a zone; None is now."""
    moment = datetime.now(UTC) if now is None else now
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _name(path: Path) -> str:
    """What a document is known by: its absolute path, so that a folder may be read from anywhere."""
    return str(path.resolve()).encode("utf-8", "replace").decode("utf-8")


def known_documents(connection: "duckdb.DuckDBPyConnection", node: str) -> dict[str, str]:
    """SHA-256 in hex by name of the documents that were read from a node."""
    connection.execute(TABLES)
    return dict(connection.execute("SELECT path, sha256 FROM document WHERE node = $1", [node]).fetchall())


def _elsewhere(connection: "duckdb.DuckDBPyConnection", node: str) -> list[tuple[str, list[str]]]:
    rows = connection.execute("SELECT name, aliases FROM dataset WHERE node <> $1 AND sensitivity = 'public'", [node])
    return [(name, aliases or []) for name, aliases in rows.fetchall()]


def _introduce(connection: "duckdb.DuckDBPyConnection", node: str, moment: datetime) -> None:
    """Enter the node unless the catalog knows it; where it stands is not known from its documents."""
    if not connection.execute("SELECT 1 FROM node WHERE node = $1", [node]).fetchall():
        upsert(connection, [Node(node=node, as_of=moment, origin="measured")])
