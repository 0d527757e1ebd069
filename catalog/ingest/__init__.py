"""Reading published metadata documents into the catalog: ``steward ingest PATH… --node NAME``.

One bad document is reported and the rest kept; a run is one generation or none. Formats are in ``readers``.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from catalog import records
from catalog.errors import BadDocument, UsageError
from catalog.generations import NothingToWrite, writing
from catalog.ingest.documents import content, find, parsed
from catalog.ingest.readers import READERS
from catalog.ingest.reading import Context, Document, Reader
from catalog.ingest.settle import settle
from catalog.ingest.statements import TABLES, replace_statements, statements, write
from catalog.records import Node, Record
from catalog.rows import upsert

if TYPE_CHECKING:
    import duckdb

__all__ = ["Problem", "Progress", "Report", "ingest"]

Progress = Callable[[int, int], None]
"""Called with the number of files done and of all files."""
MOST_PROBLEMS = 20
"""Complaints about one document that are kept."""
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


def ingest(
    home: Path,
    paths: Sequence[Path],
    node: str,
    now: datetime | None = None,
    progress: Progress = lambda done, total: None,
    *,
    readers: tuple[Reader, ...] = READERS,
) -> Report:
    """Read the documents under the paths as published by a node, into the catalog's next generation.

    A document that changed since it was last read from the same path takes back what it stated; one that became
    unreadable keeps it. Raises UsageError for a path that does not exist or a node without a name, and
    CatalogUnavailable.
    """
    if not node.strip():
        raise UsageError("The node that publishes the documents needs a name.", "Give one with --node.")
    moment = _naive(now)
    files = list(find(list(paths)))
    report = Report()
    with writing(home) as connection:
        known = _known_documents(connection, node)
        stated: dict[str, list[Record]] = {}
        entries: list[records.Document] = []
        for done, (path, wrong) in enumerate(files):
            progress(done, len(files))
            if wrong:
                report.problems.append(Problem(str(path), "$", f"a file, but it is {wrong}"))
            elif (read := _Reading(path, node, readers, report).read(known)) is not None:
                kind, digest, found = read
                name = _name(path)
                stated[name] = found
                entries.append(
                    records.Document(
                        node=node,
                        path=name,
                        kind=kind,
                        sha256=digest,
                        ingested=moment,
                        records=len(found),
                        as_of=moment,
                        origin="measured",
                    )
                )
        progress(len(files), len(files))
        if not entries:
            raise NothingToWrite
        upsert(connection, entries)
        replace_statements(connection, node, stated)
        settled = settle((s.record for s in statements(connection, node)), _elsewhere(connection, node))
        write(connection, node, settled.records)
        _introduce(connection, node, moment)
        report.records = Counter(record.table for record in settled.records)
        report.unresolved = settled.unresolved
    return report


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file on its way to records; what is wrong goes to the report."""

    path: Path
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
                problems.setdefault(place, Problem(str(self.path), path, expected))

        try:
            data, digest = content(self.path)
            if known.get(_name(self.path)) == digest:
                self.report.unchanged += 1
                return None
            document = Document(str(self.path), parsed(data, self.path.suffix.lower()))
            reader = next((reader for reader in self.readers if reader.detects(document)), None)
            if reader is None:
                self.report.skipped.append(str(self.path))
                return None
            found = list(islice(reader.read(document, Context(self.node, complain)), MOST_RECORDS + 1))
            if len(found) > MOST_RECORDS:
                raise BadDocument("$", f"at most {MOST_RECORDS:,} records")
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


def _naive(now: datetime | None) -> datetime:
    moment = datetime.now(UTC) if now is None else now
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _name(path: Path) -> str:
    """What a document is known by: its absolute path, so that a folder may be read from anywhere."""
    return str(path.resolve()).encode("utf-8", "replace").decode("utf-8")


def _known_documents(connection: "duckdb.DuckDBPyConnection", node: str) -> dict[str, str]:
    connection.execute(TABLES)
    return dict(connection.execute("SELECT path, sha256 FROM document WHERE node = $1", [node]).fetchall())


def _elsewhere(connection: "duckdb.DuckDBPyConnection", node: str) -> list[tuple[str, list[str]]]:
    rows = connection.execute("SELECT name, aliases FROM dataset WHERE node <> $1 AND sensitivity = 'public'", [node])
    return [(name, aliases or []) for name, aliases in rows.fetchall()]


def _introduce(connection: "duckdb.DuckDBPyConnection", node: str, moment: datetime) -> None:
    """Enter the node unless the catalog knows it; where it stands is not known from its documents."""
    if not connection.execute("SELECT 1 FROM node WHERE node = $1", [node]).fetchall():
        upsert(connection, [Node(node=node, as_of=moment, origin="measured")])
