"""What a Great Expectations document is about: the asset of its batch, its suite, its time.

Versions and ways of running write them in many places; the first that names it decides.
"""

import re
from datetime import datetime

from catalog.ingest.parts import Part


def asset_of(part: Part, meta: Part, key: str | None) -> str | None:
    """The dataset that a batch is of, by the first part of its description that names it."""
    active = [meta[name] for name in ("active_batch_definition", "batch_definition", "batch_request")]
    for place in (part, meta, *(each for each in active if isinstance(each.value, dict))):
        if line := place.first("data_asset_name", "asset_name").line():
            return line
    if table := table_of(meta):
        return table
    for name in ("batch_spec", "batch_kwargs"):
        spec = meta[name]
        if isinstance(spec.value, dict) and (path := spec.first("path", "s3").line()):
            return path.rstrip("/").rsplit("/", 1)[-1]
    return cited(meta) or _batch(part, meta, key)


def table_of(meta: Part) -> str | None:
    """The table that a batch was read from, ``schema.table``: the asset may have a name of its own."""
    for name in ("batch_spec", "batch_kwargs"):
        spec = meta[name]
        if isinstance(spec.value, dict) and (table := spec.first("table_name", "table", "data_asset_name").line()):
            schema = spec["schema_name"].line() or spec["schema"].line()
            return f"{schema}.{table}" if schema and "." not in table else table
    return None


def _batch(part: Part, meta: Part, key: str | None) -> str | None:
    """The identifier of a batch, ``source-asset``, which is all that a result without batch metadata has."""
    if line := part["batch_id"].line() or meta["batch_id"].line():
        return line
    match = re.fullmatch(r"ValidationResultIdentifier::(.+)/([^/]+)/([^/]+)/([^/]+)", key or "")
    return match[4] if match else None


def suite_of(key: str | None) -> str | None:
    """The suite that the key of a checkpoint's result names."""
    match = re.fullmatch(r"ValidationResultIdentifier::(.+)/([^/]+)/([^/]+)/([^/]+)", key or "")
    return match[1] if match else None


def cited(meta: Part) -> str | None:
    """The asset that a suite was made from, as its citations have it."""
    if not isinstance(meta.value, dict):
        return None
    for citation in meta["citations"].each():
        request = citation["batch_request"]
        if isinstance(request.value, dict) and (line := request["data_asset_name"].line()):
            return line
    return None


def moment_of(part: Part) -> datetime | None:
    """A time in ISO 8601, also as run identifiers write it: ``20240131T120000.123456Z``."""
    return part.moment() if isinstance(part.value, str) else None
