"""Datasets as Croissant 1.1 documents with RAI and provenance terms.

The data stays with its node: a document has no address to load it from, so a dataset whose checksum is not known is a file set.
https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

import hashlib
import re
from typing import Any

from catalog.export.facts import (
    Facts,
    Row,
    address,
    dataset_urn,
    licence_address,
    media_type,
    moment,
    text,
    texts,
    urn,
    whole,
)
from catalog.ingest.languages import NAMES

CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column", "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn", "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field", "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject", "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path", "prov": "http://www.w3.org/ns/prov#",
    "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated", "replace": "cr:replace",
    "samplingRate": "cr:samplingRate", "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField",
    "transform": "cr:transform",
}  # fmt: skip
"""The context that the specification asks every document to carry."""
TYPES = (
    ("sc:Boolean", r"bool"),
    ("sc:Integer", r"\b(big|small|tiny|huge|u)*int(eger)?\d*\b|\blong\b|\bserial\b"),
    ("sc:Float", r"float|double|decimal|numeric|number|\breal\b"),
    ("sc:DateTime", r"timestamp|datetime"),
    ("sc:Date", r"\bdate\b"),
    ("sc:Time", r"\btime\b"),
    ("sc:ImageObject", r"image"),
    ("sc:AudioObject", r"audio"),
    ("sc:VideoObject", r"video"),
    ("sc:URL", r"\burl\b"),
)
CODES = {name: code for code, name in reversed(NAMES.items())}
UNKNOWN_TYPE = "application/octet-stream"


def document(facts: Facts, dataset: Row) -> dict[str, Any]:
    """One dataset as a Croissant document; what is not known is left out."""
    files, record_sets = _distribution(facts, dataset)
    licence = text(dataset.get("licence"))
    described = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": dataset["name"],
        "description": text(dataset.get("description")) or dataset["name"],
        "url": address(dataset) or dataset_urn(facts, dataset),
        "alternateName": texts(dataset.get("aliases")),
        "license": _licence(licence) if licence else None,
        "creator": {"@type": "sc:Organization", "name": dataset["owner"]} if text(dataset.get("owner")) else None,
        "version": text(dataset.get("version")),
        "dateModified": moment(dataset.get("last_updated")),
        "sdDatePublished": moment(dataset.get("as_of")),
        "inLanguage": [CODES.get(name, name) for name in texts(dataset.get("languages"))],
        "keywords": _keywords(dataset),
        "isLiveDataset": True if dataset.get("update_frequency") not in (None, "never") else None,
        "rai:personalSensitiveInformation": _personal(facts, dataset),
        "rai:dataReleaseMaintenancePlan": f"Updated {dataset['update_frequency']}." if text(dataset.get("update_frequency")) else None,
        "prov:wasDerivedFrom": _sources(facts, dataset),
        "prov:wasGeneratedBy": _generated(dataset),
        "distribution": files,
        "recordSet": record_sets,
    }
    return {key: value for key, value in described.items() if value not in (None, [], "")}


def file_names(facts: Facts) -> list[str]:
    """A file name for each dataset, readable and safe on every file system, no two the same."""
    names: list[str] = []
    taken: set[str] = set()
    for dataset in facts.datasets:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", dataset["name"]).strip("._-")[:80]
        if not plain or plain.lower() in taken or plain != dataset["name"]:
            plain = f"{plain}-{hashlib.sha256(dataset_urn(facts, dataset).encode()).hexdigest()[:8]}".lstrip("-")
        taken.add(plain.lower())
        names.append(f"{plain}.json")
    return names


def _licence(name: str) -> dict[str, Any]:
    found = licence_address(name)
    return {"@type": "sc:CreativeWork", "name": name, **({"url": found} if found else {})}


def _keywords(dataset: Row) -> list[str]:
    said = [*texts(dataset.get("tasks")), text(dataset.get("data_type")), text(dataset.get("domain"))]
    return list(dict.fromkeys(word for word in said if word))


def _personal(facts: Facts, dataset: Row) -> list[str] | None:
    """What RAI asks to say of personal and sensitive data; nothing where nobody said whether there is any."""
    kinds: dict[str, list[str]] = {}
    for row in facts.of("columns", dataset):
        if text(row.get("pii_category")) and text(row.get("column_name")):
            kinds.setdefault(row["pii_category"], []).append(row["column_name"])
    said = ["Contains health data about persons."] if dataset.get("phi") is True else []
    said += [f"{kind}: {', '.join(columns)}" for kind, columns in sorted(kinds.items())]
    if dataset.get("pii") is True or said:
        return said or ["Contains personal data."]
    return ["None"] if dataset.get("pii") is False else None


def _sources(facts: Facts, dataset: Row) -> list[dict[str, Any]]:
    names = dict.fromkeys(name for name, _ in facts.sources(dataset))
    return [{"@type": "prov:Entity", "@id": urn("dataset", name), "prov:label": name} for name in names]


def _generated(dataset: Row) -> dict[str, Any] | None:
    model = text(dataset.get("generating_model"))
    agent = {"@type": "prov:SoftwareAgent", "prov:label": model}
    return {"@type": "prov:Activity", "prov:label": "generation by an AI model", "prov:wasAssociatedWith": agent} if model else None


def _distribution(facts: Facts, dataset: Row) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    columns = [row for row in facts.of("columns", dataset) if text(row.get("column_name"))]
    digest, form, size = text(dataset.get("content_hash")), text(dataset.get("format")), whole(dataset.get("bytes"))
    if not columns and not digest and not form and size is None:
        return [], []
    file: dict[str, Any] = {"@type": "cr:FileSet", "@id": "data", "name": "data", "includes": "**"}
    is_whole = digest is not None and re.fullmatch("[0-9a-f]{64}", digest) is not None
    if is_whole:
        file = {"@type": "cr:FileObject", "@id": "data", "name": "data", "contentUrl": address(dataset) or dataset_urn(facts, dataset), "sha256": digest}
    file["encodingFormat"] = media_type(form) or form or UNKNOWN_TYPE
    if size is not None:
        file["contentSize"] = f"{size} B"
    place = {"fileObject" if is_whole else "fileSet": {"@id": "data"}}
    fields = [_field(row, place) for row in columns]
    keys = [{"@id": _identity(row["column_name"])} for row in columns if row.get("is_key") is True]
    records = {"@type": "cr:RecordSet", "@id": "records", "name": "records", **({"key": keys if len(keys) > 1 else keys[0]} if keys else {}), "field": fields}
    return [file], [records] if fields else []


def _identity(column: str) -> str:
    """The identifier of a column's field: checkers take none with white space in it."""
    plain = re.sub(r"\s+", "_", column)
    return f"records/{plain}" if plain == column else f"records/{plain}-{hashlib.sha256(column.encode()).hexdigest()[:8]}"


def _field(row: Row, place: dict[str, Any]) -> dict[str, Any]:
    stated = (text(row.get("type")) or "").lower()
    field = {
        "@type": "cr:Field",
        "@id": _identity(row["column_name"]),
        "name": row["column_name"],
        "description": text(row.get("definition")),
        "dataType": next((name for name, pattern in TYPES if re.search(pattern, stated)), "sc:Text"),
        "source": {**place, "extract": {"column": row["column_name"]}},
    }
    return {key: value for key, value in field.items() if value}
