"""dbt artifacts: manifest v1–v12 and of fusion, catalog, run results, source freshness. What each says is read by the part named for it.

The JSON is read directly: the artifacts differ by version in few of the fields that matter here, the generated parsers refuse a
document for one unknown field, and no parser has every version. https://docs.getdbt.com/reference/artifacts/dbt-artifacts
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from catalog.ingest.dbt_manifest import manifest
from catalog.ingest.dbt_results import catalog, run_results, sources
from catalog.ingest.parts import Part
from catalog.ingest.reading import Context, Document
from catalog.storage.records import Record

ARTIFACTS: dict[str, Callable[[Part, str], Iterator[Record]]] = {
    "manifest": manifest,
    "catalog": catalog,
    "run-results": run_results,
    "sources": sources,
}


class Dbt:
    """Reads the artifacts of a dbt project; documents of one project join by their nodes' unique ids."""

    kind = "dbt"

    def detects(self, document: Document) -> bool:
        """An object whose metadata names an artifact's schema, or that has the parts of one."""
        return _artifact(document.value) is not None

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """Records that the artifact states."""
        artifact = _artifact(document.value)
        assert artifact is not None
        yield from ARTIFACTS[artifact](context.root(document), context.node)


def _artifact(value: Any) -> str | None:
    """Which artifact a document is; older and newer ones without a schema version are told by their keys."""
    if not isinstance(value, dict):
        return None
    metadata = value.get("metadata")
    named = metadata.get("dbt_schema_version") if isinstance(metadata, dict) else None
    if isinstance(named, str) and (match := re.search(r"/(manifest|catalog|run-results|sources)/v\d+", named)):
        return match[1]
    if isinstance(value.get("nodes"), dict):
        if isinstance(value.get("parent_map"), dict) or (isinstance(value.get("macros"), dict) and "sources" in value):
            return "manifest"
        if isinstance(metadata, dict) and "dbt_version" in metadata:
            return "catalog"
    if isinstance(value.get("results"), list) and "elapsed_time" in value:
        return "run-results" if any(isinstance(each, dict) and "unique_id" in each for each in value["results"]) else None
    return None
