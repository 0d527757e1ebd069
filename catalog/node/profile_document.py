"""Profiles of one dataset as OpenLineage run events (spec 2-0-2), one per line, the newest last.

What leaves the node is decided here: names, types, counts and shares always; least, greatest and quantiles only of numbers and
times that are not personal by their looks, or of columns that the node shares. The newest event has all facets, older ones
measurements and checks alone. The same profiles give the same bytes. https://openlineage.io/docs/spec/facets/dataset-facets
"""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from catalog.node.drift import STEPS
from catalog.node.node import About, NodeFolder

PRODUCER = "urn:datasteward:node-profile"
EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = "https://openlineage.io/spec/facets"
RUNS = UUID("5f0f3c6e-3b8e-5d0c-9b1a-6d6f1c0f7a11")
"""Namespace of run identifiers, which are made of node, dataset and content."""
FEWEST = 10
"""Values a column must have before its least and greatest are told: of fewer they would be somebody's."""
LOST_ROWS = 0.5
"""Share of the rows of the last profile that must be there."""

Record = dict[str, Any]


def document(node: NodeFolder, records: list[Record]) -> str:
    """The document of a dataset's profiles, oldest first."""
    events = [_event(node, record, newest=record is records[-1]) for record in records]
    return "".join(json.dumps(event, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n" for event in events)


def slug(name: str) -> str:
    """A dataset's name as the name of a file; names that would read the same there differ by a hash."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")[:80]
    return plain if plain == name else f"{plain or 'dataset'}-{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def _event(node: NodeFolder, record: Record, newest: bool) -> Record:
    namespace, name = f"steward://{node.name}", record["dataset"]
    facets: Record = {"dataQualityMetrics": _facet("1-0-0/DataQualityMetricsDatasetFacet", _metrics(node, record))}
    measures = {"columns": {column["name"]: told for column in record["columns"] if (told := _measures(node, record, column))}}
    newest_value = max((c["max"] for c in record["columns"] if c["kind"] == "time" and "max" in c and _may_be_told(node, record, c)), default=None)
    if newest_value is not None:
        measures["newestValue"] = newest_value
    if record["rejected"]:
        measures["validity"] = round(record["rows"] / (record["rows"] + record["rejected"]), 6)
    if newest:
        facets |= _descriptive(node, record)
        measures["content_hash"] = record["content_hash"]
    facets["steward_profile"] = {"_producer": PRODUCER, "_schemaURL": f"{PRODUCER}:facet:1", **measures}
    checks = {"assertions": list(_checks(record))}
    return {
        "eventTime": record["measured"],
        "eventType": "COMPLETE",
        "producer": PRODUCER,
        "schemaURL": EVENT,
        "run": {"runId": str(uuid5(RUNS, f"{node.name}\n{name}\n{record['content_hash']}"))},
        "job": {"namespace": namespace, "name": "steward node profile"},
        "inputs": [
            {
                "namespace": namespace,
                "name": name,
                "facets": facets,
                "inputFacets": {"dataQualityAssertions": _facet("1-1-0/DataQualityAssertionsDatasetFacet", checks)},
            }
        ],
        "outputs": [],
    }


def _facet(schema: str, content: Record) -> Record:
    return {"_producer": PRODUCER, "_schemaURL": f"{FACETS}/{schema}.json", **content}


def _descriptive(node: NodeFolder, record: Record) -> Record:
    """Facets that say what the dataset is."""
    about = node.datasets.get(record["dataset"], About())
    tags = [{"key": "domain", "value": about.domain, "source": "USER"}] if about.domain else []
    for column in record["columns"]:
        for finding in column["pii"][:1]:
            tags.append({"key": "pii", "value": finding["category"], "source": "STEWARD", "field": column["name"]})
    names = sorted({file["name"] for file in record["files"]})
    alias = names[0] if len(names) == 1 else None
    facets = {
        "schema": _facet("1-2-0/SchemaDatasetFacet", {"fields": _schema(record["columns"])}),
        "storage": _facet("1-0-1/StorageDatasetFacet", {"storageLayer": "file", "fileFormat": record["kind"]}),
        "version": _facet("1-0-1/DatasetVersionDatasetFacet", {"datasetVersion": record["content_hash"][:12]}),
    }
    if tags:
        facets["tags"] = _facet("1-0-0/TagsDatasetFacet", {"tags": tags})
    if about.description:
        facets["documentation"] = _facet("1-1-0/DocumentationDatasetFacet", {"description": about.description})
    if owner := about.owner or node.operator:
        facets["ownership"] = _facet("1-0-1/OwnershipDatasetFacet", {"owners": [{"name": owner, "type": "OWNER"}]})
    if alias and alias != record["dataset"]:
        same = {"namespace": f"steward://{node.name}", "name": alias, "type": "FILE"}
        facets["symlinks"] = _facet("1-0-1/SymlinksDatasetFacet", {"identifiers": [same]})
    if record.get("gone"):
        facets["lifecycleStateChange"] = _facet("1-0-1/LifecycleStateChangeDatasetFacet", {"lifecycleStateChange": "DROP"})
    return facets


def _schema(columns: list[Record]) -> list[Record]:
    """Fields in their order, those of a structure within it."""
    nested: dict[str, list[Record]] = {}
    top: list[Record] = []
    for column in columns:
        above, dot, name = column["name"].rpartition(".")
        inside = nested.get(above) if dot else None
        entry = {"name": column["name"] if inside is None else name, "type": column["type"]}
        if column["type"].startswith("STRUCT("):
            entry |= {"type": "STRUCT", "fields": nested.setdefault(column["name"], [])}
        (top if inside is None else inside).append(entry)
    return top


def _metrics(node: NodeFolder, record: Record) -> Record:
    return {
        "rowCount": record["rows"],
        "bytes": record["bytes"],
        "fileCount": len(record["files"]),
        "lastUpdated": record["changed"],
        "columnMetrics": {column["name"]: _column(node, record, column) for column in record["columns"]},
    }


def _column(node: NodeFolder, record: Record, column: Record) -> Record:
    told: Record = {"nullCount": column["nulls"], "count": record["rows"] - column["nulls"]}
    if "distinct" in column:
        told["distinctCount"] = column["distinct"]
    if column["kind"] == "number" and "min" in column and _may_be_told(node, record, column):
        inner = range(1, STEPS)
        told |= {name: column[name] for name in ("min", "max")}
        told["quantiles"] = {f"{step / STEPS:g}": column["quantiles"][step] for step in inner} if column["quantiles"] else {}
    return told


def _may_be_told(node: NodeFolder, record: Record, column: Record) -> bool:
    """Whether a column's least and greatest value may leave the node."""
    path = f"{record['dataset']}.{column['name']}"
    if path in node.withhold:
        return False
    if path in node.share:
        return True
    return column["kind"] in ("number", "time") and not column["pii"] and column["size"] >= FEWEST


def _measures(node: NodeFolder, record: Record, column: Record) -> Record:
    """What the standard's facets have no place for."""
    told: Record = {}
    if column["kind"] != "number" and "min" in column and _may_be_told(node, record, column):
        told |= {name: column[name] for name in ("min", "max")}
    if column["pii"]:
        told["pii"] = column["pii"]
    if "duplicates" in column:
        told |= {"key": column["duplicates"] == 0, "duplicates": column["duplicates"]}
    if "psi" in column:
        told |= {"psi": column["psi"], "drifted": column["drifted"]}
    if "exact" in column:
        told["distinctIsExact"] = column["exact"]
    return told


def _checks(record: Record) -> Iterator[Record]:
    """What a profile checks by itself: keys stay keys, columns stay, rows stay, values do not drift."""
    for column in record["columns"]:
        duplicates = column.get("duplicates", record["rows"] - column["nulls"] - column.get("distinct", 0) if column.get("was_key") else None)
        if duplicates is not None:
            yield _check("unique", duplicates == 0, "0", str(duplicates), column["name"])
        if column.get("drifted"):
            yield _check("distribution_drift", False, "population stability index below 0.25", f"{column['psi']:.2f}", column["name"])
    if since := record.get("since"):
        least = int(since["rows"] * LOST_ROWS)
        yield _check("row_count", record["rows"] >= least, f"at least {least}", str(record["rows"]))
        gone = [*since["removed"], *since["retyped"]]
        yield _check("schema", not gone, "the columns and types before", ", ".join(gone)[:300] or "the same")


def _check(assertion: str, success: bool, expected: str, actual: str, column: str | None = None) -> Record:
    said = {"assertion": assertion, "success": success, "expected": expected, "actual": actual, "severity": "warn"}
    return {**said, "column": column} if column else said
