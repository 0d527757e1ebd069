"""What a node's statements amount to: one name and one record per dataset, parents found.

A pure function; knows nothing about documents, formats or storage.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from catalog.ingest.names import Names
from catalog.ingest.reading import CheckRun, ShortName
from catalog.storage.records import Dataset, DatasetColumn, LineageEdge, Model, QualityCheck, Record
from catalog.storage.rows import Key, changed, merged, record_key

COMPLETED = (Dataset, DatasetColumn, LineageEdge, Model)
"""Records that several documents describe: what a newer one leaves out stays as an older one said."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Settled:
    """Records of a node, and the parents that no dataset of the catalog bears the name of."""

    records: list[Record]
    unresolved: tuple[str, ...]


def settle(stated: Iterable[Record], elsewhere: Iterable[tuple[str, Iterable[str]]]) -> Settled:
    """Records from what documents state, oldest first; ``elsewhere`` are names and aliases of other nodes' datasets."""
    stated = list(stated)
    shorts = {record.identifier: record.short for record in stated if isinstance(record, ShortName)}
    rename = _typed_names(shorts, {record.name for record in stated if isinstance(record, Dataset)})
    rows: dict[tuple[str, Key], Record] = {}
    for record in stated:
        if not isinstance(record, ShortName):
            _add(rows, _renamed(record, rename, shorts))
    for key, record in rows.items():
        if isinstance(record, Dataset) and record.licence_class is None:
            rows[key] = changed(record, {"licence_class": "unspecified"})
    datasets = [record for record in rows.values() if isinstance(record, Dataset)]
    names = Names([*((record.name, record.aliases) for record in datasets), *elsewhere])
    others = [record for record in rows.values() if not isinstance(record, (LineageEdge, QualityCheck, CheckRun))]
    checks = [record for record in rows.values() if isinstance(record, (QualityCheck, CheckRun))]
    edges, unresolved = _edges((record for record in rows.values() if isinstance(record, LineageEdge)), names)
    return Settled([*others, *_checks(checks), *edges], unresolved)


def _typed_names(shorts: Mapping[str, str], datasets: set[str]) -> dict[str, str]:
    """The name that people type for each identifier: the short one, unless another dataset's name reads the same."""
    bearers: dict[str, set[str]] = {}
    for identifier, short in shorts.items():
        bearers.setdefault(short.casefold(), set()).add(identifier)
    for name in {*datasets, *shorts}:
        bearers.setdefault(name.casefold(), set()).add(name)
    return {i: short if bearers[short.casefold()] == {i} else i for i, short in shorts.items()}


def _renamed(record: Record, rename: Mapping[str, str], shorts: Mapping[str, str]) -> Record:
    if isinstance(record, Dataset) and record.name in rename:
        name = rename[record.name]
        return changed(record, {"name": name, "aliases": (*record.aliases, shorts[record.name], record.name)})
    changes: dict[str, Any] = {name: rename[value] for name in _naming(type(record)) if (value := getattr(record, name)) in rename}
    return changed(record, changes) if changes else record


_NAMING: dict[type[Record], tuple[str, ...]] = {}


def _naming(record_type: type[Record]) -> tuple[str, ...]:
    """Fields that name a dataset."""
    if record_type not in _NAMING:
        _NAMING[record_type] = tuple(field.name for field in fields(record_type) if field.name in ("dataset", "upstream", "downstream", "target"))
    return _NAMING[record_type]


def _add(rows: dict[tuple[str, Key], Record], record: Record) -> None:
    key = (record.table, record_key(record))
    earlier = rows.get(key)
    if earlier is not None and isinstance(record, COMPLETED):
        record = _completed(earlier, record)
    if isinstance(record, Dataset):
        said = (*earlier.aliases, *record.aliases) if isinstance(earlier, Dataset) else record.aliases
        record = changed(record, {"aliases": tuple(dict.fromkeys(alias for alias in said if alias != record.name))})
    rows[key] = record


def _completed(earlier: Record, later: R) -> R:
    assert isinstance(earlier, type(later))
    return merged(earlier, later)


def _edges(edges: Iterable[LineageEdge], names: Names) -> tuple[list[Record], tuple[str, ...]]:
    """Edges between the datasets that their ends mean; one that leads from a dataset to itself is none."""
    rows: dict[tuple[str, Key], Record] = {}
    unresolved: set[str] = set()
    for edge in edges:
        ends: dict[str, Any] = {}
        for end, kind in (("upstream", edge.upstream_kind), ("downstream", edge.downstream_kind)):
            written = getattr(edge, end)
            found = names.resolve(written) if kind == "dataset" else written
            if found is None:
                unresolved.add(written)
            ends[end] = found or written
        edge = changed(edge, ends)
        if edge.upstream != edge.downstream or edge.upstream_column or edge.downstream_column:
            _add(rows, edge)
    return list(rows.values()), tuple(sorted(unresolved))


def _checks(stated: Iterable[QualityCheck | CheckRun]) -> Iterator[QualityCheck]:
    """Every run of a check, with what its declaration says of it, and every declared check that has not run."""
    checks = {record.check_id: record for record in stated if isinstance(record, QualityCheck)}
    runs = [record for record in stated if isinstance(record, CheckRun)]
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
