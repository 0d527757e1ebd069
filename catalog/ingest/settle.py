"""What a node's statements amount to: one name and one record per dataset, parents found.

A pure function; knows nothing about documents, formats or storage.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, TypeVar

from catalog.ingest.names import Names
from catalog.ingest.reading import CheckRun, Schema, ShortName
from catalog.storage.records import Dataset, DatasetColumn, LineageEdge, Model, QualityCheck, Record
from catalog.storage.rows import changed, completed, key_of

COMPLETED = (Dataset, DatasetColumn, LineageEdge, Model)
"""Records that several documents describe: what a newer one leaves out stays as an older one said."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Settled:
    """Records of a node, and the parents that no dataset of the catalog bears the name of."""

    records: list[Record]
    unresolved: tuple[str, ...]


class _Stated:
    """Records by their type, in the order in which they were stated."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._by_type: dict[type[Record], list[Record]] = {}
        for record in records:
            # Schemas stand among the columns, for a newer one of the two completes the older.
            self._by_type.setdefault(DatasetColumn if type(record) is Schema else type(record), []).append(record)

    def take(self, record_type: type[R]) -> list[R]:
        """Those of a type, which are gone from here."""
        return self._by_type.pop(record_type, [])  # type: ignore[return-value]  # a list under a type is of that type

    def __iter__(self) -> Iterator[list[Record]]:
        """What was not taken, type by type."""
        return iter(self._by_type.values())


def settle(stated: Iterable[Record], elsewhere: Iterable[tuple[str, Iterable[str]]]) -> Settled:
    """Records from what documents state, oldest first; ``elsewhere`` are names and aliases of other nodes' datasets."""
    given = _Stated(stated)
    shorts = {record.identifier: record.short for record in given.take(ShortName)}
    named = given.take(Dataset)
    rename = _typed_names(shorts, {record.name for record in named})
    datasets = _datasets(named, rename, shorts)
    edges = _rows(_renamed(given.take(LineageEdge), rename))
    checks = _checks(_rows(_renamed(given.take(QualityCheck), rename)), _rows(_renamed(given.take(CheckRun), rename)))
    columns = _columns(given.take(DatasetColumn), rename)
    others = [record for records in given for record in _rows(_renamed(records, rename))]
    linked, unresolved = _linked(edges, Names([*((record.name, record.aliases) for record in datasets), *elsewhere]))
    return Settled([*datasets, *columns, *others, *checks, *linked], unresolved)


def _typed_names(shorts: Mapping[str, str], datasets: set[str]) -> dict[str, str]:
    """The name that people type for each identifier: the short one, unless another dataset's name reads the same."""
    bearers: dict[str, set[str]] = {}
    for identifier, short in shorts.items():
        bearers.setdefault(short.casefold(), set()).add(identifier)
    for name in {*datasets, *shorts}:
        bearers.setdefault(name.casefold(), set()).add(name)
    return {i: short if bearers[short.casefold()] == {i} else i for i, short in shorts.items()}


def _renamed(records: Sequence[R], rename: Mapping[str, str]) -> Iterable[R]:
    """Records of one type with the names that people type in place of the identifiers of datasets."""
    naming = _naming(type(records[0])) if records and rename else ()
    if not naming:
        return records
    known = rename.keys()
    named: Callable[[R], Any] = attrgetter(*naming)
    if len(naming) == 1:
        return [changed(record, {naming[0]: rename[name]}) if (name := named(record)) in known else record for record in records]
    return [
        record if known.isdisjoint(names := named(record)) else changed(record, {field: rename.get(name, name) for field, name in zip(naming, names, strict=True)})
        for record in records
    ]


_NAMING: dict[type[Record], tuple[str, ...]] = {}


def _naming(record_type: type[Record]) -> tuple[str, ...]:
    """Fields that name a dataset."""
    if record_type not in _NAMING:
        _NAMING[record_type] = tuple(field.name for field in fields(record_type) if field.name in ("dataset", "upstream", "downstream", "target"))
    return _NAMING[record_type]


def _rows(records: Iterable[R]) -> list[R]:
    """One record for each key, of records of one type: the newest, completed by older ones where several documents describe one thing."""
    stated = list(records)
    if not stated:
        return []
    if isinstance(stated[0], COMPLETED):
        return completed(stated)
    key = key_of(type(stated[0]))
    return list({key(record): record for record in stated}.values())


def _datasets(stated: Iterable[Dataset], rename: Mapping[str, str], shorts: Mapping[str, str]) -> list[Dataset]:
    """One record for each dataset under the name that people type, with every other name that it is given."""
    known: dict[str, dict[str, None]] = {}
    named = []
    for record in stated:
        name = rename.get(record.name, record.name)
        names = known.setdefault(name, {})
        names.update(dict.fromkeys(record.aliases))
        if record.name in rename:
            names.update({shorts[record.name]: None, record.name: None})
        named.append(record if name == record.name else changed(record, {"name": name}))
    return [
        changed(record, {"aliases": tuple(alias for alias in known[record.name] if alias != record.name), "licence_class": record.licence_class or "unspecified"})
        for record in completed(named)
    ]


def _columns(stated: Sequence[DatasetColumn | Schema], rename: Mapping[str, str]) -> Iterable[Record]:
    """Columns of each dataset under the name that people type: its schema where one is all that is stated of them, else one by one."""
    if not any(type(record) is Schema for record in stated):
        return _rows(_renamed(stated, rename))
    by_dataset: dict[str, list[DatasetColumn | Schema]] = {}
    for record in stated:
        name = rename.get(record.dataset, record.dataset)
        by_dataset.setdefault(name, []).append(record if name == record.dataset else changed(record, {"dataset": name}))
    rows: list[Record] = []
    for records in by_dataset.values():
        if (schema := _schema(records)) is not None:
            rows.append(schema)
        else:
            rows += completed([column for record in records for column in (record.each() if isinstance(record, Schema) else (record,))])
    return rows


def _schema(stated: Sequence[DatasetColumn | Schema]) -> Schema | None:
    """What the records of a dataset amount to where all are schemas of the same columns; None elsewhere."""
    first = stated[0]
    if not isinstance(first, Schema):
        return None
    for record in stated[1:]:
        if not isinstance(record, Schema) or (record.columns, record.types, record.definitions) != (first.columns, first.types, first.definitions):
            return None
    return completed(schema for schema in stated if isinstance(schema, Schema))[0] if len(stated) > 1 else first


def _linked(edges: Iterable[LineageEdge], names: Names) -> tuple[list[LineageEdge], tuple[str, ...]]:
    """Edges between the datasets that their ends mean; one that leads from a dataset to itself is none."""
    rows: list[LineageEdge] = []
    unresolved: set[str] = set()
    for edge in edges:
        ends: dict[str, Any] = {}
        is_exact = edge.upstream in names and edge.downstream in names
        for end, kind in () if is_exact else (("upstream", edge.upstream_kind), ("downstream", edge.downstream_kind)):
            written = getattr(edge, end)
            found = names.resolve(written) if kind == "dataset" else written
            if found is None:
                unresolved.add(written)
            elif found != written:
                ends[end] = found
        edge = changed(edge, ends) if ends else edge
        if edge.upstream != edge.downstream or edge.upstream_column or edge.downstream_column:
            rows.append(edge)
    return completed(rows), tuple(sorted(unresolved))


def _checks(declared_checks: Iterable[QualityCheck], runs: Sequence[CheckRun]) -> Iterator[QualityCheck]:
    """Every run of a check, with what its declaration says of it, and every declared check that has not run."""
    checks = {record.check_id: record for record in declared_checks}
    for run in runs:
        declared = checks.get(run.declared)
        yield QualityCheck(
            node=run.node,
            check_id=run.check_id,
            dataset=run.dataset or (declared.dataset if declared else run.declared),
            column_name=run.column_name or (declared.column_name if declared else None),
            check_name=run.check_name or (declared.check_name if declared else "custom"),
            expected=run.expected or (declared.expected if declared else None),
            actual=run.actual,
            status=run.status,
            severity=run.severity or (declared.severity if declared else None),
            opened=run.opened,
            as_of=run.as_of,
        )
    ran = {run.declared for run in runs} | {run.check_id for run in runs}
    yield from (check for key, check in checks.items() if check.status is not None or key not in ran)
