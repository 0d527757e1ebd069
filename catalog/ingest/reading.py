"""What a reader of one format is, and what it is given. A user's own format is one small class with these three members.

``READERS`` in ``catalog.ingest.readers`` lists them; a record's ``as_of`` is the document's own date, or None.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from catalog.ingest.parts import Complain, Part
from catalog.storage.records import DatasetColumn, Record


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: where it lies and the value that its JSON or YAML holds."""

    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class Context:
    """For whom a document is read, and where to say what is wrong in it."""

    node: str
    complain: Complain

    def root(self, document: Document) -> Part:
        """The document's value as a Part, from which every other is reached."""
        return Part(document.value, "$", self.complain)


class Reader(Protocol):
    """One format: its name, how its documents are recognised by content, and the records they state."""

    kind: str

    def detects(self, document: Document) -> bool:
        """Whether a document is of this format; must not raise for any value."""
        ...

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """Records that the document states; raises BadDocument when it cannot be read at all."""
        ...


@dataclass(frozen=True, kw_only=True)
class ShortName(Record):
    """A dataset's identifier within its format, and the name that people type, used where no other dataset has it."""

    table: ClassVar[str] = "short_name"
    key: ClassVar[tuple[str, ...]] = ("node", "identifier")

    identifier: str
    short: str


@dataclass(frozen=True, kw_only=True)
class Schema(Record):
    """Columns of a dataset, each name once, of which no more is stated than type and definition: a line for each column, empty where it is not.

    It stands for a `DatasetColumn` of each: a document states hundreds of thousands, which are kept and written by the dataset.
    """

    table: ClassVar[str] = "schema"
    key: ClassVar[tuple[str, ...]] = ("node", "dataset")

    dataset: str
    columns: str
    types: str
    definitions: str

    def __len__(self) -> int:
        """How many columns."""
        return self.columns.count("\n") + 1

    def each(self) -> Iterator[DatasetColumn]:
        """The columns, one by one."""
        for name, type_, definition in zip(self.columns.split("\n"), self.types.split("\n"), self.definitions.split("\n"), strict=True):
            yield DatasetColumn(
                node=self.node,
                sensitivity=self.sensitivity,
                as_of=self.as_of,
                origin=self.origin,
                dataset=self.dataset,
                column_name=name,
                type=type_ or None,
                definition=definition or None,
            )


def rows_of(records: Iterable[Record]) -> Counter[str]:
    """How many rows of each storage table records are."""
    counted = Counter[str]()
    for record in records:
        if isinstance(record, Schema):
            counted[DatasetColumn.table] += len(record)
        else:
            counted[record.table] += 1
    return counted


def told_apart(records: Sequence[Record]) -> list[Record]:
    """Records of a document in which no dataset has both a schema and columns one by one, whose order storage would not tell."""
    alone = {record.dataset for record in records if isinstance(record, DatasetColumn)}
    found = list[Record]()
    for record in records:
        if isinstance(record, Schema) and record.dataset in alone:
            found.extend(record.each())
        else:
            found.append(record)
    return found


@dataclass(frozen=True, kw_only=True)
class CheckRun(Record):
    """One run of a check that another document may declare: what this one leaves out is as the declaration says.

    A run without a declaration is kept as far as it goes; a declared check that has run is shown by its runs alone.
    """

    table: ClassVar[str] = "check_run"
    key: ClassVar[tuple[str, ...]] = ("node", "check_id")

    check_id: str
    declared: str
    """``check_id`` of the QualityCheck without a status that declares it."""
    dataset: str | None = None
    column_name: str | None = None
    check_name: str | None = None
    expected: str | None = None
    actual: str | None = None
    status: str
    severity: str | None = None
    opened: datetime | None = None
