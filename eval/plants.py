"""Puts hostile text into a catalog as a publishing node would: through the one write path, under the same policy and clock.

The text is the node's own words, so it may be anything; what it must not do is change what anybody is answered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from catalog.errors import UsageError
from catalog.storage.generations import upsert, writing
from catalog.storage.records import Dataset, DatasetColumn, Record, storage_columns
from eval.suite import Plant

NAME = "name"
"""As a field: the text itself is the name, of a copy of the dataset or column that the plant points at."""
PROVENANCE = frozenset({"node", "sensitivity", "origin", "dataset", "column_name"})
"""What the catalog itself says of a record, or finds it by; no publisher's text."""

Target = tuple[str, str | None, str]
R = TypeVar("R", bound=Record)


def plant(home: Path, plants: Sequence[Plant]) -> None:
    """Write every text as the next generation of the catalog in ``home``; nothing at all where one cannot be.

    A list, such as aliases, gets the text as one more entry; anything else is replaced. A dataset that the catalog lacks is added as a copy
    of its first public one, without that one's aliases; a column that its dataset lacks is added. Raises `UsageError` for a field that a
    publisher does not fill, a name that is taken, or two texts for one place, and `CatalogUnavailable` without a catalog.
    """
    _no_two_in_one_place(plants)
    with writing(home) as connection:
        datasets, columns = (connection.execute(_select(kind)).fetchall() for kind in (Dataset, DatasetColumn))
        garden = _Garden(_records(Dataset, datasets), _records(DatasetColumn, columns))
        for one in sorted(dict.fromkeys(plants), key=lambda p: p.field != NAME):  # a plant may be in a dataset that another one names
            garden.add(one)
        upsert(connection, garden.touched.values())


def _no_two_in_one_place(plants: Sequence[Plant]) -> None:
    seen: dict[Target, Plant] = {}
    for one in plants:
        place = _place(one)
        first = seen.setdefault(place, one)
        if first != one:
            where = one.field if one.column is None else f"{one.field} of column {one.column!r}"
            raise UsageError(f"Two plants write the {where} of {one.dataset!r}: {first.text!r} and {one.text!r}.", "Plant one of them elsewhere.")


def _place(one: Plant) -> Target:
    if one.field != NAME:
        return one.dataset, one.column, one.field
    return (one.text, None, NAME) if one.column is None else (one.dataset, one.text, NAME)


class _Garden:
    """Datasets and columns of a catalog by name, and those that a plant has changed by where they are kept."""

    def __init__(self, datasets: Iterable[Dataset], columns: Iterable[DatasetColumn]) -> None:
        self._datasets: dict[str, list[Dataset]] = {}
        for dataset in datasets:
            self._datasets.setdefault(dataset.name, []).append(dataset)
        self._columns: dict[tuple[str, str], list[DatasetColumn]] = {}
        for column in columns:
            self._columns.setdefault((column.dataset, column.column_name), []).append(column)
        public = [one for name in sorted(self._datasets) for one in self._datasets[name] if one.sensitivity == "public"]
        if not public:
            raise UsageError("This catalog holds no public dataset to copy.", "Plant text in the demo: steward demo")
        self._template = public[0]
        self.touched: dict[tuple[str, ...], Record] = {}

    def add(self, one: Plant) -> None:
        """Apply one plant to what was read."""
        if one.column is None:
            self._in_dataset(one)
        else:
            self._in_column(one, one.column)

    def _in_dataset(self, one: Plant) -> None:
        if one.field == NAME:
            if one.text in self._datasets:
                raise UsageError(f"The catalog has a dataset named {one.text!r} already.", "Plant another name.")
            self._keep(replace(self._datasets.get(one.dataset, [self._template])[0], name=one.text, aliases=()))
            return
        for found in self._dataset(one.dataset):
            self._keep(_written(found, one))

    def _in_column(self, one: Plant, column: str) -> None:
        key = (one.dataset, column)
        if key not in self._columns:
            about = self._dataset(one.dataset)[0]
            same = {name: getattr(about, name) for name in ("node", "sensitivity", "as_of", "origin")}
            self._columns[key] = [DatasetColumn(dataset=about.name, column_name=column, classification=about.sensitivity, **same)]
        if one.field == NAME:
            if (one.dataset, one.text) in self._columns:
                raise UsageError(f"{one.dataset!r} has a column named {one.text!r} already.", "Plant another name.")
            self._keep(replace(self._columns[key][0], column_name=one.text))
            return
        for found in self._columns[key]:
            self._keep(_written(found, one))

    def _dataset(self, name: str) -> list[Dataset]:
        if name not in self._datasets:
            self._keep(replace(self._template, name=name, aliases=()))
        return self._datasets[name]

    def _keep(self, record: Dataset | DatasetColumn) -> None:
        self.touched[(record.table, *(getattr(record, part) for part in record.key))] = record
        if isinstance(record, Dataset):
            others = [one for one in self._datasets.get(record.name, []) if one.node != record.node]
            self._datasets[record.name] = [*others, record]
        else:
            key = (record.dataset, record.column_name)
            self._columns[key] = [*(one for one in self._columns.get(key, []) if one.node != record.node), record]


def _written(record: R, one: Plant) -> R:
    """The record with the plant's text in it."""
    hints = get_type_hints(type(record))
    fields = {name for name, kind in hints.items() if kind in (str | None, tuple[str, ...])} - PROVENANCE
    if one.field not in fields:
        what = "dataset" if one.column is None else "column"
        raise UsageError(f"A {what} has no text field {one.field!r}.", f"Choose one of: {', '.join(sorted({*fields, NAME}))}.")
    value: Any = one.text if hints[one.field] == str | None else (*getattr(record, one.field), one.text)
    return replace(record, **{one.field: value})


def _select(kind: type[Record]) -> str:
    listed = ", ".join(f'"{name}"' for name in storage_columns(kind))
    return f'SELECT {listed} FROM "{kind.table}"'


def _records(kind: type[R], rows: Iterable[tuple[Any, ...]]) -> list[R]:
    names = tuple(storage_columns(kind))
    made: list[R] = []
    for row in rows:
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in zip(names, row, strict=True)}
        made.append(kind(**values))
    return made
