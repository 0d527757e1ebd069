"""Each format: what its documents become, and that no document of any shape makes a reader fail."""

import copy
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import BadDocument
from catalog.ingest.aws_open_data import frequency
from catalog.ingest.readers import READERS
from catalog.ingest.reading import Context, Document

from .conftest import NOW, Desk

Entry = Callable[..., dict[str, Any]]

AWS = """
Name: Rain gauges of the world
Description: |
  Hourly rain.
  From many places.
ManagedBy: "[Met Office](https://example.org/)"
Contact: Write to rain@example.org or post on the forum.
DeprecatedNotice: Use the new gauges.
UpdateFrequency: New data is added daily.
Deprecated: yes
Tags: [aws-pds, weather, netcdf, geospatial, machine learning]
License: |
  See [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)
RegistryEntryLastModified: 2025-05-06
Resources:
  - {ARN: "arn:aws:s3:::a", Region: us-east-1, Type: S3 Bucket}
  - {ARN: "arn:aws:s3:::b", Region: eu-west-2, Type: S3 Bucket}
  - {ARN: "arn:aws:s3:::c", Region: eu-west-2, Type: S3 Bucket, RequesterPays: true, ControlledAccess: "https://ask.example"}
"""


def test_aws_open_data(desk: Desk) -> None:
    desk.put("a.yaml", AWS)
    assert desk.ingest().problems == []
    row = desk.one("SELECT * FROM dataset")
    said = {
        "name": "Rain gauges of the world",
        "description": "Hourly rain.\nFrom many places.\nUse the new gauges.",
        "owner": "Met Office",
        "steward": "rain@example.org",
        "licence": "CC BY 4.0",
        "licence_class": "commercial",
        "update_frequency": "daily",
        "region": "eu-west-2",
        "domain": "weather",
        "data_type": "geospatial",
        "format": "netcdf",
        "tasks": ["machine learning"],
        "deprecated": True,
        "as_of": datetime(2025, 5, 6),
    }
    assert {key: row[key] for key in said} == said
    assert desk.rows("SELECT name, type, effect, target FROM policy ORDER BY 1") == [
        ("controlled access: https://ask.example", "access", "oblige", "Rain gauges of the world"),
        ("requester pays", "access", "oblige", "Rain gauges of the world"),
    ]


@pytest.mark.parametrize(
    ("text", "promised"),
    [
        ("Daily", "daily"),
        ("Not updated", "never"),
        ("None", "never"),
        ("This dataset is no longer updated", "never"),
        ("Every 6 hours", "hourly"),
        ("4 times each day at around 00, 06, 12 and 18 UTC.", "hourly"),
        ("Data is delivered in real-time", "streaming"),
        ("Annually", "yearly"),
        ("Semi-annually", None),
        ("bi-weekly", None),
        ("Monthly, quarterly, and annually, depending on the dataset.", None),
        ("As needed", None),
        ("Varies by dataset", None),
        ("", None),
        (None, None),
    ],
)
def test_update_frequency(text: str | None, promised: str | None) -> None:
    assert frequency(text) == promised


def test_data_provenance(desk: Desk, summary: Entry) -> None:
    licences = [{"License": "OpenAI"}, {"License": "CC BY-NC 4.0"}, {"License": "Unspecified"}]
    sources = {
        "HF Dataset": "lab/alpaca",
        "HF Yaml License": "CC BY-NC 4.0",
        "GitHub License": "Apache License 2.0",
        "PwC License Name": "",
        "HF Date": "2023-03-13",
        "Text Topics": ["Medicine", "Law"],
    }
    desk.put(
        "a.json",
        {
            "x-alpaca": summary(
                "x-alpaca",
                **{
                    "Dataset Name": "alpaca",
                    "Licenses": licences,
                    "Model Generated": ["OpenAI GPT-3", "Other"],
                    "Inferred Metadata": sources,
                    "Derived from Datasets": ["Seeds", "https://huggingface.co/datasets/lab/base"],
                },
            )
        },
    )
    desk.put("b.json", {"base": summary("base", **{"Inferred Metadata": {"HF Dataset": "lab/base"}})})
    report = desk.ingest()
    row = desk.one("SELECT * FROM dataset WHERE name = 'alpaca'")
    said = {
        "owner": "University of Somewhere, Other Lab",
        "licence": "CC BY-NC 4.0",
        "licence_class": "non-commercial",
        "row_count": 10,
        "languages": ["English"],
        "tasks": ["Summarization"],
        "generating_model": "OpenAI GPT-3",
        "last_updated": datetime(2023, 3, 13),
        "description": "Text sources: wikipedia. Topics: Medicine, Law.",
        "domain": "Medicine",
        "as_of": NOW,
    }
    assert {key: row[key] for key in said} == said
    assert set(row["aliases"]) == {"x-alpaca", "lab/alpaca", "x-alpaca collection"}
    assert desk.rows("SELECT upstream, upstream_kind, downstream, transform_type FROM edge ORDER BY ALL") == [
        ("OpenAI GPT-3", "model", "alpaca", "generation"),
        ("Seeds", "dataset", "alpaca", None),
        ("base", "dataset", "alpaca", None),
    ]
    assert report.unresolved == ("Seeds",)
    assert desk.rows(
        "SELECT claimant, claimed_value, weight, consensus_value, agreement, disputed, quorum_met "
        "FROM claim WHERE dataset = 'alpaca' AND attribute = 'licence' ORDER BY ALL"
    ) == [
        ("Data Provenance Initiative", "CC BY-NC 4.0", 2.0, "CC BY-NC 4.0", 0.75, True, True),
        ("GitHub", "Apache License 2.0", 1.0, "CC BY-NC 4.0", 0.75, True, True),
        ("Hugging Face", "CC BY-NC 4.0", 1.0, "CC BY-NC 4.0", 0.75, True, True),
    ]
    assert desk.rows("SELECT claimant, consensus_value, disputed, quorum_met FROM claim WHERE dataset = 'base' AND attribute = 'licence'") == [
        ("Data Provenance Initiative", "CC BY 4.0", False, False)
    ]
    assert desk.rows("SELECT name FROM model") == [("OpenAI GPT-3",)]


def test_half_of_the_weight_is_no_consensus(desk: Desk, summary: Entry) -> None:
    sources = {"HF Yaml License": "MIT License", "GitHub License": "MIT License"}
    desk.put("a.json", {"d": summary("d", **{"Inferred Metadata": sources})})
    desk.ingest()
    assert desk.rows("SELECT DISTINCT consensus_value, agreement, disputed FROM claim WHERE attribute = 'licence'") == [(None, 0.5, True)]


def test_a_collection_of_several_is_a_dataset_made_of_them(desk: Desk, summary: Entry) -> None:
    desk.put("a.json", {name: summary(name, Collection="All", **{"Dataset Name": "Same"}) for name in ("p1", "p2")})
    desk.ingest()
    assert desk.rows("SELECT upstream, downstream, transform_type FROM edge ORDER BY ALL") == [
        ("p1", "All", "copy"),
        ("p2", "All", "copy"),
    ]
    assert desk.rows("SELECT name, aliases FROM dataset ORDER BY ALL") == [
        ("All", []),
        ("p1", ["Same", "org/p1"]),
        ("p2", ["Same", "org/p2"]),
    ]


CROISSANT = {
    "@context": {"@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/"},
    "@type": "sc:Dataset",
    "conformsTo": "http://mlcommons.org/croissant/1.1",
    "name": "Films",
    "alternateName": ["Movies"],
    "url": "https://huggingface.co/datasets/lab/films",
    "description": {"@value": "About films."},
    "license": ["https://choosealicense.com/licenses/cc-by-sa-4.0/"],
    "creator": [{"@type": "Organization", "name": "Lab"}, {"@type": "Person", "name": "Ada"}],
    "inLanguage": ["en", "de-AT"],
    "keywords": ["question-answering", "Text", "1K - 10K"],
    "datePublished": "2024-01-02",
    "dateModified": "2024-03-04T05:06:07+01:00",
    "version": 2,
    "rai:personalSensitiveInformation": ["Names of actors"],
    "rai:dataReleaseMaintenancePlan": "New films are added monthly.",
    "sameAs": "https://films.example",
    "usageInfo": [
        {"@type": "odrl:Offer", "odrl:permission": [{"odrl:action": "odrl:use"}], "odrl:prohibition": {"odrl:action": {"@id": "odrl:distribute"}}},
        {"@type": "DefinedTerm", "name": "GRU", "termCode": "DUO:0000042"},
    ],
    "isBasedOn": [{"@type": "Dataset", "name": "Scripts"}, "https://huggingface.co/datasets/lab/films-raw"],
    "prov:wasDerivedFrom": {"@id": "https://example.org/x", "prov:label": "Subtitles"},
    "distribution": [
        {"@type": "cr:FileObject", "encodingFormat": "text/csv", "contentSize": "1.5 MB", "sha256": "AB" * 32}
    ],
    "recordSet": [
        {
            "@type": "cr:RecordSet",
            "name": "films",
            "key": {"@id": "films/id"},
            "field": [
                {"@id": "films/id", "dataType": "sc:Integer", "description": "Identifier.", "equivalentProperty": "sc:identifier"},
                {"@id": "films/title", "name": "films/title", "dataType": ["sc:Text", "sc:name"]},
            ],
        },
        {"@type": "cr:RecordSet", "name": "casts", "field": {"@id": "casts/title", "dataType": "sc:Text"}},
        {"@type": "cr:RecordSet", "name": "genres", "dataType": "sc:Enumeration", "field": [{"name": "genre"}]},
    ],
}


def test_croissant(desk: Desk) -> None:
    desk.put("a.json", CROISSANT)
    assert desk.ingest().problems == []
    row = desk.one("SELECT * FROM dataset")
    said = {
        "name": "Films",
        "description": "About films.\nPersonal and sensitive information: Names of actors\nMaintenance: New films are added monthly.",
        "owner": "Lab, Ada",
        "licence": "CC BY-SA 4.0",
        "licence_class": "commercial",
        "pii": True,
        "bytes": 1_500_000,
        "format": "csv",
        "content_hash": "ab" * 32,
        "languages": ["English", "German"],
        "tasks": ["question-answering"],
        "data_type": "text",
        "version": "2",
        "last_updated": datetime(2024, 3, 4, 4, 6, 7),
        "as_of": datetime(2024, 3, 4, 4, 6, 7),
        "aliases": ["Movies", "lab/films", "https://films.example"],
        "update_frequency": "monthly",
    }
    assert {key: row[key] for key in said} == said
    assert desk.rows("SELECT column_name, type, definition, glossary_term, is_key FROM dataset_column ORDER BY ALL") == [
        ("casts/title", "Text", None, None, None),
        ("films/title", "Text, name", None, None, False),
        ("id", "Integer", "Identifier.", "identifier", True),
    ]
    assert desk.rows("SELECT name, type, effect, action, purpose, target FROM policy ORDER BY policy_id") == [
        ("permit use", "usage", "permit", "read", None, "Films"),
        ("prohibit distribute", "usage", "prohibit", "share", None, "Films"),
        ("general research use", "usage", "permit", None, "research", "Films"),
    ]
    assert {name for (name,) in desk.rows("SELECT upstream FROM edge")} == {
        "Scripts",
        "https://huggingface.co/datasets/lab/films-raw",
        "Subtitles",
    }


def test_croissant_without_a_name_is_called_as_its_repository(desk: Desk) -> None:
    repo = {"@type": "cr:FileObject", "contentUrl": "https://huggingface.co/datasets/lab/films/tree/x", "sha256": "https://example.org/80"}
    desk.put("a.json", {"@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.0", "distribution": [repo]})
    assert desk.ingest().problems == []
    assert desk.rows("SELECT name, content_hash FROM dataset") == [("lab/films", None)]


def test_croissant_0_8_without_conforms_to(desk: Desk) -> None:
    old = {"@context": {"ml": "http://mlcommons.org/schema/"}, "@type": "https://schema.org/Dataset", "name": "Old"}
    desk.put("a.json", old)
    desk.put("b.json", {"@type": "sc:Person", "name": "Nobody"})
    report = desk.ingest()
    assert report.documents == {"croissant": 1} and len(report.skipped) == 1


def event(at: str, **changes: Any) -> dict[str, Any]:
    return {
        "eventType": "COMPLETE",
        "eventTime": at,
        "run": {"runId": f"run-{at}"},
        "job": {"namespace": "jobs", "name": "load"},
        "inputs": [{"namespace": "pg://db", "name": "public.people"}],
        "outputs": [
            {
                "namespace": "s3://lake",
                "name": "people",
                "facets": {
                    "schema": {
                        "fields": [
                            {"name": "mail", "type": "VARCHAR", "description": "Address.", "tags": ["PII"]},
                            {"name": "home", "type": "STRUCT", "fields": [{"name": "city", "type": "VARCHAR"}]},
                        ]
                    },
                    "columnLineage": {
                        "fields": {
                            "mail": {
                                "inputFields": [
                                    {
                                        "namespace": "pg://db",
                                        "name": "public.people",
                                        "field": "email",
                                        "transformations": [
                                            {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True}
                                        ],
                                    }
                                ]
                            }
                        },
                        "dataset": [
                            {
                                "namespace": "pg://db",
                                "name": "public.people",
                                "field": "id",
                                "transformations": [{"type": "INDIRECT", "subtype": "FILTER"}],
                            }
                        ],
                    },
                    "ownership": {"owners": [{"name": "team:data", "type": "OWNER"}]},
                    "documentation": {"description": "People."},
                    "tags": {
                        "tags": [{"key": "pii", "value": "email", "field": "mail"}, {"key": "domain", "value": "crm"}]
                    },
                    "symlinks": {"identifiers": [{"namespace": "hive", "name": "crm.people", "type": "TABLE"}]},
                    "version": {"datasetVersion": "7"},
                    "storage": {"fileFormat": "parquet"},
                    "dataQualityMetrics": {"rowCount": 4, "bytes": 99, "columnMetrics": {"mail": {"nullCount": 1}}},
                    "dataQualityAssertions": {
                        "assertions": [
                            {
                                "assertion": "not_null",
                                "column": "mail",
                                "success": False,
                                "severity": "error",
                                "actual": "1",
                            },
                            {"assertion": "expect_column_values_to_be_unique", "column": "id", "success": True},
                        ]
                    },
                },
            }
        ],
    } | changes


def test_openlineage(desk: Desk) -> None:
    desk.put("a.json", event("2026-01-02T00:00:00Z"))
    assert desk.ingest().problems == []
    row = desk.one("SELECT * FROM dataset WHERE name = 'people'")
    at = datetime(2026, 1, 2)
    said = {
        "description": "People.",
        "domain": "crm",
        "data_type": "tabular",
        "format": "parquet",
        "owner": "data",
        "pii": True,
        "row_count": 4,
        "bytes": 99,
        "version": "7",
        "last_updated": at,
        "aliases": ["crm.people", "s3://lake/people"],
        "as_of": at,
        "deprecated": False,
    }
    assert {key: row[key] for key in said} == said
    assert desk.rows("SELECT column_name, type, definition, pii_category FROM dataset_column ORDER BY ALL") == [
        ("home", "STRUCT", None, None),
        ("home.city", "VARCHAR", None, None),
        ("mail", "VARCHAR", "Address.", "email"),
    ]
    edges = "SELECT upstream, upstream_column, downstream, downstream_column, job, transform_type, masking, last_run FROM edge"
    assert desk.rows(f"{edges} ORDER BY transform_type, upstream_column") == [
        ("public.people", "id", "people", None, "load", "filter", None, at),
        ("public.people", "email", "people", "mail", "load", "transformation", True, at),
        ("public.people", None, "people", None, "load", "transformation", None, at),
    ]
    metrics = "SELECT column_name, dimension, metric, value, unit, is_latest FROM metric ORDER BY ALL"
    assert desk.rows(metrics) == [
        ("mail", "completeness", "completeness", 0.75, "ratio", True),
        ("mail", "completeness", "null_count", 1.0, "count", True),
        (None, "volume", "bytes", 99.0, "bytes", True),
        (None, "volume", "row_count", 4.0, "count", True),
    ]
    checks = "SELECT column_name, check_name, status, severity, actual, opened FROM quality_check ORDER BY ALL"
    assert desk.rows(checks) == [
        ("id", "unique", "passed", None, None, at),
        ("mail", "not_null", "failed", "high", "1", at),
    ]


def test_openlineage_events_one_per_line_the_newest_wins(desk: Desk) -> None:
    import json

    def described(day: int, text: str) -> dict[str, Any]:
        output = {"namespace": "db", "name": "t", "facets": {"documentation": {"description": text}}}
        return event(f"2026-01-0{day}T00:00:00Z", inputs=[], outputs=[output])

    desk.put("a.ndjson", "\n".join(json.dumps(described(day, f"of day {day}")) for day in (3, 1, 2)))
    desk.ingest()
    assert desk.rows("SELECT description, last_updated FROM dataset") == [("of day 3", datetime(2026, 1, 3))]


def test_openlineage_names_that_clash_keep_their_namespace(desk: Desk) -> None:
    at = "2026-01-01T00:00:00Z"
    desk.put(
        "a.json", event(at, inputs=[{"namespace": "a://x", "name": "t"}], outputs=[{"namespace": "b://y", "name": "T"}])
    )
    desk.ingest()
    assert desk.rows("SELECT name, aliases FROM dataset ORDER BY ALL") == [("a://x/t", ["t"]), ("b://y/T", ["T"])]
    assert desk.rows("SELECT upstream, downstream FROM edge") == [("a://x/t", "b://y/T")]


@pytest.mark.parametrize("kind", ["FAIL", "ABORT"])
def test_openlineage_runs_that_broke_moved_nothing(desk: Desk, kind: str) -> None:
    desk.put("a.json", event("2026-01-01T00:00:00Z", eventType=kind))
    desk.ingest()
    assert desk.rows("SELECT count(*) FROM edge") == [(0,)]
    assert desk.rows("SELECT name, last_updated FROM dataset") == [("public.people", None)]


@pytest.mark.parametrize(
    ("change", "deprecated", "aliases"),
    [
        ({"lifecycleStateChange": "DROP"}, True, ["db/t"]),
        (
            {"lifecycleStateChange": "RENAME", "previousIdentifier": {"namespace": "db", "name": "old"}},
            False,
            ["old", "db/t"],
        ),
    ],
)
def test_openlineage_lifecycle(desk: Desk, change: dict[str, Any], deprecated: bool, aliases: list[str]) -> None:
    output = {"namespace": "db", "name": "t", "facets": {"lifecycleStateChange": change}}
    desk.put("a.json", event("2026-01-01T00:00:00Z", inputs=[], outputs=[output]))
    desk.ingest()
    assert desk.rows("SELECT deprecated, aliases FROM dataset") == [(deprecated, aliases)]


def test_what_is_wrong_in_every_event_is_said_once(desk: Desk) -> None:
    desk.put("a.json", [event("{{TIME}}"), event("{{TIME}}"), {"no": "event"}])
    report = desk.ingest()
    assert [(p.path, p.expected) for p in report.problems] == [
        ("$[0].eventTime", "a date or time in ISO 8601"),
        ("$[2]", "an OpenLineage event"),
    ]
    assert report.records["dataset"] == 2


SUMMARY = {
    "d": {
        "Unique Dataset Identifier": "d",
        "Licenses": [{"License": "MIT License"}],
        "Inferred Metadata": {"HF Date": "2023"},
        "Derived from Datasets": ["x"],
    }
}
REGISTRY = {
    "Name": "n",
    "Description": "d",
    "License": "l",
    "ManagedBy": "m",
    "Resources": [{"Region": "r"}],
    "Tags": ["t"],
}
WHOLE = [SUMMARY, REGISTRY, CROISSANT, event("2026-01-01T00:00:00Z"), [event("2026-01-01T00:00:00Z")]]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inside for place in places(child, (*path, key)))]


@settings(max_examples=400)
@given(st.data())
def test_a_document_with_anything_in_any_place_never_breaks_a_reader(data: st.DataObject) -> None:
    document: Any = copy.deepcopy(data.draw(st.sampled_from(WHOLE)))
    place = data.draw(st.sampled_from(places(document)[1:]))
    parent = document
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = data.draw(JSON)
    for reader in READERS:
        found = Document("a", document)
        if reader.detects(found):
            try:
                for record in reader.read(found, Context("n", lambda path, expected: None)):
                    assert record.node == "n"
            except BadDocument as error:
                assert error.path.startswith("$")


@given(JSON)
def test_no_value_breaks_detection(value: Any) -> None:
    assert all(reader.detects(Document("a", value)) in (True, False) for reader in READERS)
