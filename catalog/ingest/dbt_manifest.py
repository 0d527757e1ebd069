"""A dbt manifest: models, seeds, snapshots and sources as datasets, what depends on what, exposures as reports, tests as checks."""

import re
from collections.abc import Iterator
from dataclasses import replace

from catalog.ingest.dbt_names import artifact_time, is_dataset, kind, listed, relation, short_name, typed, unit_tested
from catalog.ingest.parts import Part
from catalog.ingest.vocabulary import (
    check_kind,
    classification,
    every,
    hours,
    is_health,
    is_personal,
    pii_category,
    severity,
)
from catalog.storage.records import Dataset, DatasetColumn, LineageEdge, QualityCheck, Record

GENERIC = {"not_null": "not_null", "unique": "unique", "accepted_values": "accepted_values", "relationships": "foreign_key"}
DECLARED = {"primary_key": ("is_key", True), "not_null": ("nullable", False)}
"""Constraints of a model's contract and what they say of a column."""

CONSTRAINTS = {"unique": "unique", "foreign_key": "foreign_key", "check": "custom"}
"""Constraints that are checks of a table, by their kind of check."""


def manifest(root: Part, node: str) -> Iterator[Record]:
    """Records of a manifest of any version."""
    at = artifact_time(root)
    parents = {child: each.lines() for child, each in root["parent_map"].members()} if root["parent_map"].present else {}
    for record in _records(root, parents, node):
        yield replace(record, as_of=at)


def _records(root: Part, parents: dict[str, tuple[str, ...]], node: str) -> Iterator[Record]:
    for key in ("nodes", "sources"):
        for unique_id, entry in listed(root, key):
            if is_dataset(unique_id):
                yield short_name(unique_id, node)
                yield _dataset(entry, unique_id, node)
                yield from _columns(entry, unique_id, node)
                yield from _constraints(entry, unique_id, node)
                yield from _edges(entry, unique_id, parents, node)
            elif kind(unique_id) == "test":
                yield from _test(entry, unique_id, node)
    for unique_id, entry in listed(root, "unit_tests"):
        described = entry["description"].text() or (entry["name"].line() or "").replace("_", " ")
        tested = next(iter(parent for parent in _upstream(entry, unique_id, parents) if typed(parent) == entry["model"].line()), unit_tested(unique_id))
        yield QualityCheck(
            node=node, check_id=unique_id, dataset=tested or unique_id, check_name="custom", expected=" ".join(described.split())[:500] or None
        )
    for unique_id, exposure in listed(root, "exposures"):
        report = exposure["label"].line() or exposure["name"].line() or typed(unique_id)
        for parent in _upstream(exposure, unique_id, parents):
            yield LineageEdge(node=node, upstream=parent, downstream=report, downstream_kind="report", job=None, transform_type="transformation")


def _meta(entry: Part) -> list[Part]:
    """A node's own metadata: beside it, and since 1.10 in its configuration."""
    return [part for part in (entry["meta"], entry["config"]["meta"], entry["source_meta"]) if isinstance(part.value, dict)]


def _said(entry: Part, *keys: str) -> str | None:
    """The first line that the metadata has under one of the keys."""
    for meta in _meta(entry):
        for key in keys:
            part = meta[key]
            if isinstance(part.value, dict):
                part = part.first("name", "email")
            if part.present and not isinstance(part.value, (list, dict, bool)) and (line := part.line()):
                return line
            if isinstance(part.value, list) and (lines := [each for each in part.value if isinstance(each, str)]):
                return ", ".join(lines)[:500]
    return None


def _words(entry: Part) -> list[str]:
    """Tags, and metadata as ``key: value``, in which personal data is marked."""
    words = [*entry["tags"].lines(), *(entry["config"]["tags"].lines() if isinstance(entry["config"].value, dict) else ())]
    for meta in _meta(entry):
        for key, part in meta.members():
            if isinstance(part.value, (str, bool)):
                words.append(f"{key}: {str(part.value).lower()}")
    return words


def _dataset(entry: Part, unique_id: str, node: str) -> Dataset:
    columns = [part for _, part in entry["columns"].members()] if entry["columns"].present else []
    words = [*_words(entry), *(word for column in columns for word in _words(column))]
    name = entry.first("alias", "identifier", "name")
    owner = entry["owner"]["name"].line() if isinstance(entry["owner"].value, dict) else None
    deprecated = entry["deprecation_date"].present and entry["deprecation_date"].moment() is not None
    checksum = entry["checksum"] if isinstance(entry["checksum"].value, dict) else Part(None, "", entry.complain)
    is_seed = kind(unique_id) == "seed" and checksum["name"].value == "sha256"
    table = relation(entry["database"], entry["schema"], name)
    return Dataset(
        node=node,
        name=unique_id,
        description=entry["description"].text() or entry["source_description"].text(),
        domain=_said(entry, "domain", "subject", "subject_area"),
        data_type="tabular",
        owner=_said(entry, "owner", "team", "owned_by") or owner or entry["group"].line(),
        steward=_said(entry, "steward", "data_steward", "contact", "maintainer"),
        pii=True if is_personal(words) else False if any(re.fullmatch(r"(contains_)?pii: (false|no|none)", w.lower()) for w in words) else None,
        phi=True if is_health(words) else None,
        version=entry["version"].line() if kind(unique_id) == "model" else None,
        content_hash=checksum["checksum"].line() if is_seed else None,
        update_frequency=_frequency(entry),
        deprecated=deprecated,
        aliases=(table,) if table and table != typed(unique_id) else (),
    )


def _frequency(entry: Part) -> str | None:
    """How often a source is supposed to be loaded: the age at which dbt warns, or fails."""
    freshness = entry["freshness"] if isinstance(entry["freshness"].value, dict) else entry["config"]["freshness"]
    if not isinstance(freshness.value, dict):
        return None
    for key in ("warn_after", "error_after"):
        limit = freshness[key]
        if isinstance(limit.value, dict) and limit["count"].present:
            return every(hours(limit["count"].number(), limit["period"].line()))
    return None


def _columns(entry: Part, unique_id: str, node: str) -> Iterator[DatasetColumn]:
    keys = {line for constraint in entry["constraints"].each() if constraint["type"].value == "primary_key" for line in constraint["columns"].lines()}
    for key, part in entry["columns"].members() if entry["columns"].present else ():
        if not isinstance(part.value, dict):
            part.complain(part.path, "an object")
            continue
        name, words = part["name"].line() or " ".join(key.split()), _words(part)
        constraints = {line for constraint in part["constraints"].each() if (line := constraint["type"].line())}
        declared = dict(value for kind_, value in DECLARED.items() if kind_ in constraints)
        if name in keys:
            declared["is_key"] = True
        if not name:
            continue
        yield DatasetColumn(
            node=node,
            dataset=unique_id,
            column_name=name,
            type=part["data_type"].line(),
            definition=part["description"].text(),
            glossary_term=_said(part, "glossary_term", "business_term", "term"),
            pii_category=pii_category([*words, name]) if is_personal(words) or is_health(words) else None,
            classification=next((c for key_ in ("classification", "sensitivity") if (c := classification(_said(part, key_)))), None),
            is_key=declared.get("is_key"),
            nullable=declared.get("nullable"),
            critical=True if any(re.fullmatch(r"(critical|cde|critical_data_element)(: true)?", w.lower()) for w in words) else None,
        )


def _constraints(entry: Part, unique_id: str, node: str) -> Iterator[QualityCheck]:
    """Constraints of a model's contract that no column of the views holds, as checks that have not run."""
    stated: list[tuple[str | None, Part]] = [(None, constraint) for constraint in entry["constraints"].each()]
    for name, column in entry["columns"].members() if entry["columns"].present else ():
        stated += ((column["name"].line() or name, constraint) for constraint in column["constraints"].each()) if isinstance(column.value, dict) else ()
    for column_name, constraint in stated:
        type_ = constraint["type"].line() if isinstance(constraint.value, dict) else None
        if type_ in CONSTRAINTS:
            columns = ", ".join(constraint["columns"].lines()) or column_name
            referred = ", ".join([line for line in (constraint["to"].line(), *constraint["to_columns"].lines()) if line])
            expected = constraint["expression"].line() or (f"in {referred}" if referred else None)
            yield QualityCheck(
                node=node,
                check_id="/".join(text for text in (unique_id, columns, "constraint", type_, constraint["name"].line()) if text),
                dataset=unique_id,
                column_name=columns if columns and "," not in columns else None,
                check_name=CONSTRAINTS[type_],
                expected=expected,
            )


def _upstream(entry: Part, unique_id: str, parents: dict[str, tuple[str, ...]]) -> list[str]:
    """Datasets that a node is made of, from its own statement and from the manifest's map."""
    depends = entry["depends_on"]
    nodes = depends["nodes"].lines() if isinstance(depends.value, dict) else ()
    return [parent for parent in dict.fromkeys((*nodes, *parents.get(unique_id, ()))) if is_dataset(parent)]


def _edges(entry: Part, unique_id: str, parents: dict[str, tuple[str, ...]], node: str) -> Iterator[LineageEdge]:
    for parent in _upstream(entry, unique_id, parents):
        if parent != unique_id:
            flow = "copy" if kind(unique_id) == "snapshot" else "transformation"
            yield LineageEdge(node=node, upstream=parent, downstream=unique_id, job=f"dbt: {typed(unique_id)}", transform_type=flow)


def _test(entry: Part, unique_id: str, node: str) -> Iterator[QualityCheck]:
    """A test as a check that has not run, of the dataset it is attached to or, for one in SQL, the first it reads."""
    tested = [parent for parent in entry["depends_on"]["nodes"].lines() if is_dataset(parent)] if entry["depends_on"].present else []
    attached = entry["attached_node"].line()
    metadata = entry["test_metadata"] if isinstance(entry["test_metadata"].value, dict) else Part({}, entry.path, entry.complain)
    name, arguments = metadata["name"].line(), metadata["kwargs"]
    if not attached and name == "relationships" and len(tested) > 1:
        tested = _other_than_referred(tested, arguments["to"].line()) or tested
    config = entry["config"] if isinstance(entry["config"].value, dict) else entry
    yield QualityCheck(
        node=node,
        check_id=unique_id,
        dataset=attached if attached and is_dataset(attached) else (tested[0] if tested else unique_id),
        column_name=entry["column_name"].line() or (arguments["column_name"].line() if isinstance(arguments.value, dict) else None),
        check_name=GENERIC.get(name or "") or check_kind(name, entry["name"].line() if not name else None),
        expected=_expected(entry, name, arguments),
        severity=severity(config["severity"].line()),
    )


def _other_than_referred(tested: list[str], referred: str | None) -> list[str]:
    return [dataset for dataset in tested if f"'{dataset.rsplit('.', 1)[-1]}'" not in (referred or "").replace('"', "'")]


def _expected(entry: Part, name: str | None, arguments: Part) -> str | None:
    """What the test demands: its arguments, or its description."""
    if isinstance(arguments.value, dict):
        given = {key: part for key, part in arguments.members() if key not in ("model", "column_name")}
        if isinstance(given.get("arguments", arguments).value, dict) and "arguments" in given:
            given = dict(given["arguments"].members())
        said = [f"{key}: {', '.join(map(str, part.value)) if isinstance(part.value, list) else part.value}" for key, part in given.items() if part.present]
        if said:
            return "; ".join(said)[:500]
    described = entry["description"].text()
    return " ".join(described.split())[:500] if described else {"not_null": "no nulls", "unique": "no duplicates"}.get(name or "")
