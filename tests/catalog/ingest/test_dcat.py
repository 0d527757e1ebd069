"""DCAT: what catalogs in every syntax become, that nothing is fetched, and that no text of any shape makes the reader fail."""

import json
import socket
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import BadDocument
from catalog.ingest.dcat import Dcat
from catalog.ingest.documents import RdfText, parsed
from catalog.ingest.reading import Context, Document

from .conftest import Desk

HEALTH = """
@prefix adms: <http://www.w3.org/ns/adms#> .
@prefix csvw: <http://www.w3.org/ns/csvw#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcatap: <http://data.europa.eu/r5r/> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix dpv: <https://w3id.org/dpv#> .
@prefix dqv: <http://www.w3.org/ns/dqv#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix health: <http://healthdataportal.eu/ns/health#> .
@prefix odrl: <http://www.w3.org/ns/odrl/2/> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix spdx: <http://spdx.org/rdf/terms#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix ex: <https://example.org/> .
@prefix eu: <http://publications.europa.eu/resource/authority/> .

ex:catalog a dcat:Catalog ; dct:title "Hospital" ; dcat:dataset ex:stays, ex:raw .

ex:stays a dcat:Dataset ;
  dct:title "Séjours"@fr, "Hospital stays"@en ;
  dct:description "Chaque séjour."@fr, "Every stay."@en ;
  dct:identifier "stays-1" ;
  dct:publisher [ a foaf:Organization ; foaf:name "Sciensano" ] ;
  dcat:contactPoint [ a vcard:Kind ; vcard:hasEmail <mailto:data@example.org> ] ;
  dct:accessRights <http://publications.europa.eu/resource/authority/access-right/NON_PUBLIC> ;
  dcat:theme <http://publications.europa.eu/resource/authority/data-theme/HEAL> ;
  dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/MONTHLY> ;
  dct:language <http://publications.europa.eu/resource/authority/language/NLD> ;
  dct:spatial <http://publications.europa.eu/resource/authority/country/BEL> ;
  dct:temporal [ a dct:PeriodOfTime ; dcat:startDate "2020-01-01"^^xsd:date ; dcat:endDate "2021-12-31"^^xsd:date ] ;
  dct:modified "2026-02-03T04:05:06+01:00"^^xsd:dateTime ;
  dcat:version "7" ;
  dcatap:applicableLegislation <http://data.europa.eu/eli/reg/2016/679/oj>, <http://data.europa.eu/eli/reg/2025/327/oj> ;
  adms:status <http://publications.europa.eu/resource/authority/dataset-status/DEPRECATED> ;
  health:numberOfRecords 1000 ; health:numberOfUniqueIndividuals 400 ;
  health:retentionPeriod [ a dct:PeriodOfTime ; dcat:startDate "2020-01-01"^^xsd:date ; dcat:endDate "2034-12-31"^^xsd:date ] ;
  dpv:hasLegalBasis dpv:Consent ; dpv:hasPurpose dpv:AcademicResearch ;
  dpv:hasPersonalData <https://w3id.org/dpv/dpv-pd#HealthRecord> ;
  prov:wasDerivedFrom ex:raw, <https://elsewhere.org/registry> ;
  prov:wasGeneratedBy [ a prov:Activity ; rdfs:label "linkage" ; prov:used ex:raw ] ;
  dct:conformsTo [ a csvw:Schema ; csvw:primaryKey "id" ; csvw:column
    ( [ csvw:name "id" ; csvw:datatype "string" ; csvw:required true ]
      [ csvw:name "mail" ; dct:description "Address of the patient." ; dpv:hasPersonalData <https://w3id.org/dpv/dpv-pd#EmailAddress> ] ) ] ;
  dqv:hasQualityMeasurement [ dqv:isMeasurementOf [ rdfs:label "share of filled cells" ; dqv:inDimension <http://www.w3.org/2016/05/ldqd#completeness> ] ;
    dqv:value "0.97"^^xsd:double ; prov:generatedAtTime "2026-02-01T00:00:00Z"^^xsd:dateTime ] ;
  odrl:hasPolicy ex:offer ;
  dcat:distribution [ a dcat:Distribution ; dct:license <http://publications.europa.eu/resource/authority/licence/CC_BYNC_4_0> ;
    dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv> ; dcat:byteSize "2048.0"^^xsd:decimal ;
    spdx:checksum [ spdx:algorithm spdx:checksumAlgorithm_sha256 ; spdx:checksumValue "%s"^^xsd:hexBinary ] ] .

ex:offer a odrl:Offer ; odrl:assigner [ foaf:name "Sciensano" ] ;
  odrl:permission ex:allow ; odrl:prohibition ex:forbid .
ex:allow odrl:action odrl:read ; odrl:assignee [ rdfs:label "researchers" ] ;
  odrl:constraint [ odrl:leftOperand odrl:purpose ; odrl:operator odrl:eq ; odrl:rightOperand dpv:AcademicResearch ],
    [ odrl:leftOperand odrl:dateTime ; odrl:operator odrl:lteq ; odrl:rightOperand "2027-06-30"^^xsd:date ] ;
  odrl:duty [ odrl:action odrl:compensate ;
    odrl:constraint [ odrl:leftOperand odrl:payAmount ; odrl:operator odrl:eq ; odrl:rightOperand "12.5"^^xsd:decimal ; odrl:unit <https://example.org/EUR> ] ] .
ex:forbid odrl:action odrl:distribute .

ex:raw a dcat:Dataset ; dct:title "Raw stays" ; dct:license "CC0 1.0" .
""" % ("AB" * 32)


def sets(rows: list[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    return set(rows)


def test_a_health_dataset_in_turtle(desk: Desk) -> None:
    desk.put("stays.ttl", HEALTH)
    report = desk.ingest()
    assert report.problems == [] and report.unresolved == ("https://elsewhere.org/registry",)
    row = desk.one("SELECT * FROM dataset WHERE name = 'Hospital stays'")
    said = {
        "sensitivity": "confidential",
        "domain": "health",
        "data_type": "tabular",
        "format": "csv",
        "owner": "Sciensano",
        "steward": "data@example.org",
        "licence": "CC BY-NC 4.0",
        "licence_class": "non-commercial",
        "pii": True,
        "phi": True,
        "row_count": 1000,
        "bytes": 2048,
        "languages": ["Dutch"],
        "version": "7",
        "content_hash": "ab" * 32,
        "update_frequency": "monthly",
        "last_updated": datetime(2026, 2, 3, 3, 5, 6),
        "deprecated": True,
        "aliases": ["Séjours", "stays-1", "https://example.org/stays"],
    }
    assert {key: row[key] for key in said} == said
    assert row["description"].splitlines() == [
        "Every stay.",
        "Spatial coverage: BEL.",
        "Temporal coverage: 2020-01-01 to 2021-12-31.",
        "Applicable legislation: http://data.europa.eu/eli/reg/2025/327/oj.",
    ]
    assert desk.rows("SELECT column_name, type, definition, pii_category, is_key, nullable FROM dataset_column ORDER BY ALL") == [
        ("id", "string", None, None, True, False),
        ("mail", None, "Address of the patient.", "email", False, None),
    ]
    assert sets(desk.rows("SELECT upstream, downstream, job FROM edge")) == {
        ("Raw stays", "Hospital stays", None),
        ("Raw stays", "Hospital stays", "linkage"),
        ("https://elsewhere.org/registry", "Hospital stays", None),
    }
    assert desk.rows("SELECT dataset, dimension, metric, value, unit, measured_at FROM metric") == [
        ("Hospital stays", "completeness", "share of filled cells", 0.97, "ratio", datetime(2026, 2, 1)),
    ]
    assert sets(desk.rows("SELECT type, effect, action, target, assignee, purpose, valid_to FROM policy")) == {
        ("access", "permit", "read", "Hospital stays", "researchers", "research", date(2027, 6, 30)),
        ("sharing", "prohibit", "share", "Hospital stays", None, None, None),
        ("retention", "oblige", "retain", "Hospital stays", None, None, date(2034, 12, 31)),
    }
    assert desk.rows("SELECT dataset, seller, service, event, price, token FROM market_event") == [("Hospital stays", "Sciensano", "access", "listed", 12.5, "EUR")]
    assert desk.rows("SELECT dataset, purpose, legal_basis, status, subjects FROM consent") == [("Hospital stays", "research", "consent", "given", 400)]
    assert sets(desk.rows("SELECT regulation, requirement, status, retention_until FROM compliance")) == {
        ("GDPR", "lawful basis", "not assessed", None),
        ("GDPR", "retention", "not assessed", date(2034, 12, 31)),
    }
    raw = desk.one("SELECT licence, sensitivity FROM dataset WHERE name = 'Raw stays'")
    assert raw == {"licence": "CC0 1.0", "sensitivity": "public"}
    assert sets(desk.rows("SELECT DISTINCT sensitivity FROM policy UNION SELECT sensitivity FROM dataset_column")) == {("confidential",)}


XML = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcat="http://www.w3.org/ns/dcat#" xmlns:dct="http://purl.org/dc/terms/">
<dcat:Dataset rdf:about="https://example.org/rain"><dct:title xml:lang="en">Rain</dct:title><dct:license>MIT</dct:license></dcat:Dataset></rdf:RDF>"""
TRIPLES = """<https://example.org/rain> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .
<https://example.org/rain> <http://purl.org/dc/terms/title> "Rain"@en .
<https://example.org/rain> <http://purl.org/dc/terms/license> "MIT" .
"""
EXPANDED = [{
    "@id": "https://example.org/rain",
    "@type": ["http://www.w3.org/ns/dcat#Dataset"],
    "http://purl.org/dc/terms/title": [{"@value": "Rain", "@language": "en"}],
    "http://purl.org/dc/terms/license": [{"@value": "MIT"}],
}]  # fmt: skip
PREFIXED: dict[str, Any] = {
    "@context": {"d": "http://www.w3.org/ns/dcat#", "dcterms": "http://purl.org/dc/terms/"},
    "@graph": [{"@id": "https://example.org/rain", "@type": "d:Dataset", "dcterms:title": "Rain", "dcterms:license": "MIT"}],
}
SCOPED = {
    "@context": {
        "@vocab": "http://www.w3.org/ns/dcat#",
        "Dataset": {"@id": "http://www.w3.org/ns/dcat#Dataset", "@context": {"name": {"@id": "http://purl.org/dc/terms/title", "@container": "@language"}}},
        "terms": "http://purl.org/dc/terms/license",
    },
    "@id": "https://example.org/rain", "@type": "Dataset", "name": {"fr": "Pluie", "en": "Rain"}, "terms": "MIT",
}  # fmt: skip
KNOWN = {
    "@context": "https://semiceu.github.io/DCAT-AP/releases/3.0.1/context/dcat-ap.jsonld",
    "@id": "https://example.org/cat",
    "@type": "Catalogue",
    "dataset": [{
        "@id": "https://example.org/rain", "@type": "Dataset", "title": {"@language": "en", "@value": "Rain"},
        "datasetDistribution": [{"@type": "Distribution", "licence": {"@id": "https://opensource.org/licenses/MIT"}}],
    }],
}  # fmt: skip
DATA_JSON = {
    "@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld",
    "@type": "dcat:Catalog",
    "dataset": [{"@id": "https://example.org/rain", "@type": "dcat:Dataset", "title": "Rain", "license": "https://opensource.org/licenses/MIT", "accessLevel": "public"}],
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.rdf", XML),
        ("a.xml", XML),
        ("a.nt", TRIPLES),
        ("a.txt", "# a comment\n@prefix x: <http://x.org/> .\n" + TRIPLES),
        ("a.jsonld", EXPANDED),
        ("b.jsonld", PREFIXED),
        ("c.json", SCOPED),
        ("d.jsonld", KNOWN),
        ("data.json", DATA_JSON),
    ],
)
def test_one_dataset_in_every_syntax(desk: Desk, name: str, content: Any) -> None:
    desk.put(name, content)
    report = desk.ingest()
    assert (report.problems, report.documents) == ([], {"dcat": 1})
    assert desk.rows("SELECT name, licence FROM dataset") == [("Rain", "MIT License")]


@pytest.mark.parametrize(
    ("content", "path", "expected"),
    [
        ({**PREFIXED, "@context": ["https://evil.example/dcat-ap-context.jsonld"]}, "$.@context", "fetches none"),
        ({**PREFIXED, "@context": "file:///etc/passwd"}, "$.@context", "fetches none"),
        ({**PREFIXED, "@context": [PREFIXED["@context"], {"x": {"@id": "d:x", "@context": "local.jsonld"}}]}, "$.@context[1].x.@context", "fetches none"),
        ({**PREFIXED, "@context": {**PREFIXED["@context"], "@import": "https://evil.example/"}}, "$.@context.@import", "Steward fetches nothing"),
        ({"@context": PREFIXED["@context"], "@type": "d:Dataset", "d:x": {"@context": "https://evil.example/", "d:y": 1}}, "$.d:x.@context", "fetches none"),
    ],
)
def test_a_context_elsewhere_is_refused_and_never_fetched(desk: Desk, monkeypatch: pytest.MonkeyPatch, content: Any, path: str, expected: str) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError("something was opened")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    desk.put("a.jsonld", json.dumps(content).replace('"@type": "d:Dataset"', '"@type": "dcat:Dataset"'))
    report = desk.ingest()
    assert [problem.path for problem in report.problems] == [path] and expected in report.problems[0].expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.ttl", "@prefix dcat: <http://www.w3.org/ns/dcat#> .\n<a> a dcat:Dataset ;;; 7 .", "syntax error at line 2"),
        ("a.ttl", "@prefix dcat: <http://www.w3.org/ns/dcat#> .\n<a> a dcat:Distribution .", "a dcat:Dataset"),
        ("a.rdf", XML.replace("<rdf:RDF", '<!DOCTYPE x [<!ENTITY a "b">]><rdf:RDF', 1), "without a document type declaration"),
        ("a.rdf", XML[:-20], "RDF/XML"),
        ("a.ttl", "@prefix dcat: <http://www.w3.org/ns/dcat#> .\n<> a dcat:Dataset; dcat:x " + "[ dcat:x " * 3000 + "1" + "]" * 3000 + " .", "less nesting"),
        ("a.jsonld", '{"@context": {"dcat": "http://www.w3.org/ns/dcat#"}, "@type": "dcat:Dataset", "dcat:x": ' + "[" * 150 + "]" * 150 + "}", "100 levels"),
        ("a.jsonld", {"@context": {"dcat": "http://www.w3.org/ns/dcat#", "x": {"@id": []}}, "@type": "dcat:Dataset"}, "JSON-LD"),
    ],
)
def test_what_cannot_be_read_is_explained(desk: Desk, name: str, content: Any, expected: str) -> None:
    desk.put(name, content)
    (problem,) = desk.ingest().problems
    assert expected in problem.expected


def test_what_is_wrong_in_a_dataset_is_named_and_the_rest_kept(desk: Desk) -> None:
    head = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix dqv: <http://www.w3.org/ns/dqv#> ."
    body = '<https://e.org/a> a dcat:Dataset; dct:title "A"; dct:modified "soon"; dqv:hasQualityMeasurement [ dqv:value "x" ] . [] a dcat:Dataset .'
    desk.put("a.ttl", f"{head}\n{body}")
    report = desk.ingest()
    assert {problem.path for problem in report.problems} == {"<https://e.org/a> dct:modified", "<https://e.org/a> dqv:hasQualityMeasurement", "[] dct:title"}
    assert desk.rows("SELECT name FROM dataset") == [("A",)]


def test_reading_twice_changes_nothing(desk: Desk) -> None:
    path = desk.put("stays.ttl", HEALTH)
    desk.ingest()
    before = desk.everything()
    path.unlink()
    desk.put("stays.ttl", HEALTH + "\n# and a comment")
    assert desk.ingest().documents == {"dcat": 1}
    after = desk.everything()
    assert {table: rows for table, rows in after.items() if table not in ("document", "statement")} == {
        table: rows for table, rows in before.items() if table not in ("document", "statement")
    }


def _read(document: Document) -> None:
    with suppress(BadDocument, RecursionError):
        list(Dcat().read(document, Context("n", lambda path, expected: None)))


@settings(max_examples=60)
@given(st.data())
def test_no_turtle_makes_the_reader_fail(data: st.DataObject) -> None:
    lines = HEALTH.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(18, len(lines) - 1))
        lines[at] = data.draw(st.sampled_from(["", lines[at].replace('"', ""), lines[at].replace("dct:", "dcat:"), lines[at][: len(lines[at]) // 2], f"{lines[at]} [ ]", data.draw(st.text(max_size=20))]))
    _read(Document("x", RdfText("\n".join(lines), "turtle")))


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["@id", "d:Dataset", "https://e.org/x", "_:b"])
KEYS = st.sampled_from(["@id", "@type", "@value", "@list", "@graph", "@language", "@reverse", "d:distribution", "dcterms:title", "dcterms:modified", "dcterms:license", "odrl:hasPolicy", "dcterms:conformsTo"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)


@settings(max_examples=80)
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_no_json_ld_makes_the_reader_fail(body: dict[str, Any]) -> None:
    document = Document("x", {"@context": {**PREFIXED["@context"], "odrl": "http://www.w3.org/ns/odrl/2/"}, "@type": "d:Dataset", **body})
    if Dcat().detects(document):
        _read(document)


@pytest.mark.parametrize("value", [None, [], {}, "x", 3, {"@context": []}, [{"@type": 3}], {"@graph": [None]}, {"@context": {"@vocab": 3}}])
def test_what_is_no_catalog_is_left_alone(value: Any) -> None:
    assert not Dcat().detects(Document("x", value))


def test_prose_and_shapes_are_not_catalogs() -> None:
    assert not isinstance(parsed(b"Dear all,\n@prefix is a word", ".txt"), RdfText)
    assert not Dcat().detects(Document("x", parsed(b"@prefix sh: <http://www.w3.org/ns/shacl#> .", ".ttl")))
