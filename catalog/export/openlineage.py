"""Datasets as OpenLineage events: one DatasetEvent for each, and one RunEvent for each job that wrote it.

Models and reports are no datasets and are left out. https://openlineage.io/spec/2-0-2/OpenLineage.json
"""

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from catalog.export.facts import Facts, Row, moment, text, texts, urn, whole

PRODUCER = "urn:steward:export"
SPEC = "https://openlineage.io/spec"
EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs"
FACETS = {
    "schema": "1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet",
    "documentation": "1-1-0/DocumentationDatasetFacet.json#/$defs/DocumentationDatasetFacet",
    "ownership": "1-0-1/OwnershipDatasetFacet.json#/$defs/OwnershipDatasetFacet",
    "tags": "1-0-0/TagsDatasetFacet.json#/$defs/TagsDatasetFacet",
    "symlinks": "1-0-1/SymlinksDatasetFacet.json#/$defs/SymlinksDatasetFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet",
    "storage": "1-0-1/StorageDatasetFacet.json#/$defs/StorageDatasetFacet",
    "lifecycleStateChange": "1-0-1/LifecycleStateChangeDatasetFacet.json#/$defs/LifecycleStateChangeDatasetFacet",
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet",
    "lineage": "1-0-0/LineageFacet.json#/$defs/LineageDatasetFacet",
    "dataQualityMetrics": "1-0-3/DataQualityMetricsInputDatasetFacet.json#/$defs/DataQualityMetricsInputDatasetFacet",
    "dataQualityAssertions": "1-1-0/DataQualityAssertionsDatasetFacet.json#/$defs/DataQualityAssertionsDatasetFacet",
}
SUBTYPES = {"copy": "IDENTITY"}
"""Names of transformations that OpenLineage has another word for."""
INDIRECT = frozenset({"join", "filter"})
UNDATED = "1970-01-01T00:00:00Z"
"""Of an event about a dataset of which no time is known: older than any statement that has one."""
SEVERITIES = {"high": "error", "critical": "error", "medium": "warn", "low": "info"}

Json = dict[str, Any]


def events(facts: Facts) -> Iterator[Json]:
    """Events in the order of datasets: what is known of the dataset itself, then its jobs by name."""
    for dataset in facts.datasets:
        yield _dataset_event(facts, dataset)
        edges = [edge for edge in facts.edges(dataset) if edge.get("job")]
        for job in sorted({str(edge["job"]) for edge in edges}):
            yield _run_event(facts, dataset, job, [edge for edge in edges if edge["job"] == job])


def _dataset_event(facts: Facts, dataset: Row) -> Json:
    jobless = [edge for edge in facts.edges(dataset) if not edge.get("job")]
    facets = _facets({**_about(dataset, facts), **_quality(facts, dataset), **_flows(facts, dataset, jobless)})
    return {
        "eventTime": moment(dataset.get("as_of")) or moment(dataset.get("last_updated")) or UNDATED,
        "producer": PRODUCER,
        "schemaURL": f"{EVENT}/DatasetEvent",
        "dataset": {**_identity(dataset["name"], dataset.get("node")), "facets": facets},
    }


def _run_event(facts: Facts, dataset: Row, job: str, edges: list[Row]) -> Json:
    """The last run of a job; one whose time is not known is no completion."""
    runs = [edge["last_run"] for edge in edges if isinstance(edge.get("last_run"), datetime)]
    at = moment(max(runs)) if runs else moment(dataset.get("as_of")) or UNDATED
    output = _identity(dataset["name"], dataset.get("node"))
    known = [name for name in dict.fromkeys(str(edge["upstream"]) for edge in edges) if facts.home_of(name, None)[0] and name != dataset["name"]]
    facets: Json = {} if moment(dataset.get("last_updated")) is None else {"dataQualityMetrics": {"lastUpdated": moment(dataset["last_updated"]), "columnMetrics": {}}}
    return {
        "eventTime": at,
        "eventType": "COMPLETE" if runs else "OTHER",
        "producer": PRODUCER,
        "schemaURL": f"{EVENT}/RunEvent",
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, urn("run", output["namespace"], output["name"], job, at)))},
        "job": {"namespace": output["namespace"], "name": job},
        "inputs": [_source(facts, name, dataset) for name in known],
        "outputs": [{**output, "facets": _facets({**facets, **_flows(facts, dataset, edges)})}],
    }


def _identity(name: str, node: Any) -> Json:
    return {"namespace": f"steward://{node}" if text(node) else "steward://catalog", "name": name}


def _source(facts: Facts, name: str, dataset: Row) -> Json:
    return _identity(name, facts.home_of(name, dataset.get("node"))[1])


def _facets(facets: Json) -> Json:
    """Facets that say something, each with who made it and by which schema."""
    return {name: {"_producer": PRODUCER, "_schemaURL": f"{SPEC}/facets/{FACETS[name]}", **said} for name, said in facets.items() if said}


def _about(dataset: Row, facts: Facts) -> Json:
    columns = [row for row in facts.of("columns", dataset) if text(row.get("column_name"))]
    fields = [_some({"name": row["column_name"], "type": text(row.get("type")), "description": text(row.get("definition"))}) for row in columns]
    owners = [{"name": owner} for owner in [text(dataset.get("owner"))] if owner]
    owners += [{"name": steward, "type": "STEWARD"} for steward in [text(dataset.get("steward"))] if steward]
    namespace = _identity(dataset["name"], dataset.get("node"))["namespace"]
    aliases = [{"namespace": namespace, "name": alias, "type": "ALIAS"} for alias in texts(dataset.get("aliases"))]
    description, version, form = (text(dataset.get(column)) for column in ("description", "version", "format"))
    tags = [*_tags(dataset), *(tag for row in columns for tag in _column_tags(row))]
    return {
        "schema": {"fields": fields} if fields else {},
        "documentation": {"description": description} if description else {},
        "ownership": {"owners": owners} if owners else {},
        "tags": {"tags": tags} if tags else {},
        "symlinks": {"identifiers": aliases} if aliases else {},
        "version": {"datasetVersion": version} if version else {},
        "storage": {"storageLayer": "file", "fileFormat": form} if form else {},
        "lifecycleStateChange": {"lifecycleStateChange": "DROP"} if dataset.get("deprecated") is True else {},
    }


def _tags(dataset: Row) -> Iterator[Json]:
    """What OpenLineage has no facet for."""
    for column in ("domain", "licence", "licence_class", "data_type", "sensitivity", "update_frequency", "region", "generating_model", "content_hash", "origin"):
        if value := text(dataset.get(column)):
            yield {"key": column, "value": value, "source": "STEWARD"}
    for column in ("pii", "phi"):
        if isinstance(dataset.get(column), bool):
            yield {"key": column, "value": str(dataset[column]).lower(), "source": "STEWARD"}
    for column, key in (("languages", "language"), ("tasks", "task")):
        for value in texts(dataset.get(column)):
            yield {"key": key, "value": value, "source": "STEWARD"}


def _column_tags(row: Row) -> Iterator[Json]:
    for column, key in (("pii_category", "pii"), ("classification", "classification"), ("glossary_term", "glossary_term")):
        if value := text(row.get(column)):
            yield {"key": key, "value": value, "source": "STEWARD", "field": row["column_name"]}


def _quality(facts: Facts, dataset: Row) -> Json:
    rows = whole(dataset.get("row_count"))
    metrics: dict[str, Json] = {}
    for row in facts.latest(dataset):
        column, metric, value = row.get("column_name"), row["metric"], row["value"]
        if not column:
            rows = int(value) if metric == "row_count" and rows is None else rows
        elif metric in ("null_count", "distinct_count"):
            metrics.setdefault(column, {})["nullCount" if metric == "null_count" else "distinctCount"] = int(value)
        elif metric == "completeness" and rows and 0 <= value <= 1:
            metrics.setdefault(column, {}).setdefault("nullCount", round((1 - value) * rows))
    said = _some({"rowCount": rows, "bytes": whole(dataset.get("bytes")), "lastUpdated": moment(dataset.get("last_updated"))})
    checks = [_assertion(row) for row in facts.of("quality_checks", dataset) if row.get("status") in ("passed", "failed") and text(row.get("check_name"))]
    return {
        "dataQualityMetrics": {**said, "columnMetrics": metrics} if said or metrics else {},
        "dataQualityAssertions": {"assertions": checks} if checks else {},
    }


def _assertion(row: Row) -> Json:
    return _some({
        "assertion": row["check_name"],
        "success": row["status"] == "passed",
        "column": text(row.get("column_name")),
        "severity": SEVERITIES.get(str(row.get("severity"))),
        "name": text(row.get("check_id")),
        "expected": text(row.get("expected")),
        "actual": text(row.get("actual")),
    })


def _flows(facts: Facts, dataset: Row, edges: list[Row]) -> Json:
    """Column edges as the columnLineage facet, edges between whole datasets as the lineage facet."""
    fields: dict[str, list[Json]] = {}
    filters: list[Json] = []
    inputs: list[Json] = []
    for edge in edges:
        source = _source(facts, edge["upstream"], dataset)
        kind = text(edge.get("transform_type")) or "transformation"
        step = _some({
            "type": "INDIRECT" if kind in INDIRECT else "DIRECT",
            "subtype": SUBTYPES.get(kind, kind.upper()),
            "masking": edge.get("masking") if isinstance(edge.get("masking"), bool) else None,
        })
        upstream, downstream = text(edge.get("upstream_column")), text(edge.get("downstream_column"))
        if upstream and downstream:
            fields.setdefault(downstream, []).append({**source, "field": upstream, "transformations": [step]})
        elif upstream:
            filters.append({**source, "field": upstream, "transformations": [step]})
        elif not downstream and source["name"] != dataset["name"]:
            inputs.append({**source, "type": "DATASET", "transformations": [step]})
    columns = {name: {"inputFields": sources} for name, sources in sorted(fields.items())}
    return {
        "columnLineage": {"fields": columns, **({"dataset": filters} if filters else {})} if columns or filters else {},
        "lineage": {"inputs": inputs} if inputs else {},
    }


def _some(said: Json) -> Json:
    return {key: value for key, value in said.items() if value is not None}
