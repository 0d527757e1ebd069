"""Linked data as national profiles and older contexts write it, and documents of the vocabulary that describe no data."""

from typing import Any

import pytest

from catalog.errors import BadDocument
from catalog.ingest.documents import RdfText
from catalog.ingest.readers import READERS
from catalog.ingest.reading import Context, Document
from catalog.storage.records import Dataset, LineageEdge, Record

from .samples import stated

AP_3 = "https://semiceu.github.io/uri.semic.eu-generated/DCAT-AP/releases/3.0.0/context/dcat-ap.jsonld"
US_3 = "https://raw.githubusercontent.com/DOI-DO/dcat-us/main/context/dcat-us-3.0.jsonld"
BEES: dict[str, Any] = {
    "@context": AP_3,
    "@graph": [
        {
            "@id": "https://d.example/2023",
            "@type": ["Dataset", "DatasetMemberOfADatasetSeries"],
            "title": {"el": "Μέλισσες", "en": "Bees"},
            "releaseDate": "2023-03-21",
            "inSeries": "https://d.example/series",
            "previous": "https://d.example/2022",
        },
        {"@id": "https://d.example/series", "@type": "DatasetSeries", "title": {"en": ["All bees"]}, "seriesMember": ["https://d.example/2023", "https://d.example/2021"]},
    ],
}


def kinds(value: Any) -> list[str]:
    return [reader.kind for reader in READERS if reader.detects(Document("a", value))]


def read(value: Any) -> list[Record]:
    reader = next(reader for reader in READERS if reader.detects(Document("a", value)))
    return list(reader.read(Document("a", value), Context("n", lambda path, expected: None)))


def test_texts_in_several_languages_and_places_in_a_series() -> None:
    """DCAT-AP's own context says a text by a map of languages."""
    assert [(d.name, d.aliases, str(d.last_updated)[:10]) for d in stated(BEES, Dataset)] == [
        ("https://d.example/2023", ("Μέλισσες",), "2023-03-21"),
        ("https://d.example/series", (), "None"),
    ]
    assert {r.short for r in read(BEES) if hasattr(r, "short")} == {"Bees", "All bees"}
    assert sorted({(e.upstream, e.downstream, e.transform_type) for e in stated(BEES, LineageEdge)}) == [
        ("https://d.example/2021", "https://d.example/series", "copy"),
        ("https://d.example/2022", "https://d.example/2023", None),
        ("https://d.example/2023", "https://d.example/series", "copy"),
    ]


def test_terms_with_the_class_before_them() -> None:
    """As the context of DCAT-AP 3.0.0 has them."""
    document = {
        "@context": AP_3,
        "@id": "https://d.example/1",
        "@type": "Dataset",
        "Dataset.title": {"en": "Rain"},
        "Dataset.publisher": {"@type": "Agent", "Agent.name": ["Met Office"]},
        "Dataset.frequency": "http://publications.europa.eu/resource/authority/frequency/DAILY",
        "Dataset.datasetDistribution": {"@type": "Distribution", "Distribution.licence": "https://creativecommons.org/licenses/by/4.0/"},
    }
    assert [(d.owner, d.update_frequency, d.licence) for d in stated(document, Dataset)] == [("Met Office", "daily", "CC BY 4.0")]


def test_dcat_us() -> None:
    document = {
        "@context": US_3,
        "@id": "https://d.example/1",
        "@type": "dcat:Dataset",
        "title": "Sea ice",
        "titleMap": {"en": "Sea ice", "es": "Hielo marino"},
        "identifier": {"@type": "adms:Identifier", "notation": "10.1/2"},
        "publisher": {"@type": "org:Organization", "label": "NOAA"},
    }
    assert [(d.owner, d.aliases) for d in stated(document, Dataset)] == [("NOAA", ("Hielo marino", "10.1/2"))]


@pytest.mark.parametrize("change", [{}, {"@type": "dcat:Catalog"}, {"@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld"}])
def test_a_data_json_catalog_needs_no_context(change: dict[str, Any]) -> None:
    document = {
        "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
        "dataset": [{"title": "Roads", "identifier": "r-1", "accessLevel": "public", "publisher": {"name": "DOT"}, "accrualPeriodicity": "R/P1Y"}],
    } | change
    assert [(d.owner, d.update_frequency, d.sensitivity) for d in stated(document, Dataset)] == [("DOT", "yearly", "public")]


PREFIXES = "@prefix dcat: <http://www.w3.org/ns/dcat#> .\n@prefix sh: <http://www.w3.org/ns/shacl#> .\n@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"


@pytest.mark.parametrize(
    "value",
    [
        RdfText(PREFIXES + "<#s> a sh:NodeShape ; sh:targetClass dcat:Dataset .", "turtle"),
        RdfText(PREFIXES + "<http://www.w3.org/ns/dcat#> a owl:Ontology .", "turtle"),
        {"@context": {"dcat": "http://www.w3.org/ns/dcat#", "title": "dct:title"}},
        {"@context": {"dcat": "http://www.w3.org/ns/dcat#"}, "@graph": [{"@type": "sh:NodeShape"}]},
    ],
    ids=["shapes", "ontology", "context", "shapes in JSON-LD"],
)
def test_shapes_ontologies_and_contexts_describe_no_data(value: Any) -> None:
    assert kinds(value) == []


@pytest.mark.parametrize("kind", ["Catalog", "DataService"])
def test_a_catalog_or_service_alone_states_nothing(kind: str) -> None:
    assert read(RdfText(PREFIXES + f"<http://d.example/> a dcat:{kind} .", "turtle")) == []
    with pytest.raises(BadDocument, match="dcat:Dataset"):
        read(RdfText(PREFIXES + "<http://d.example/> a dcat:Distribution .", "turtle"))


ONTOLOGY = """@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<https://d.example/file> a owl:Ontology ; owl:imports <http://www.w3.org/ns/dcat> .
"""
ONTOLOGY_JSON: dict[str, Any] = {
    "@context": {"dcat": "http://www.w3.org/ns/dcat#", "owl": "http://www.w3.org/2002/07/owl#", "dct": "http://purl.org/dc/terms/"},
    "@graph": [{"@id": "https://d.example/file", "@type": "owl:Ontology"}, {"@id": "https://d.example/1", "@type": "dcat:Dataset", "dct:title": "Bees"}],
}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (RdfText(ONTOLOGY + '<https://d.example/1> a dcat:Dataset ; dct:title "Bees" .', "turtle"), ["dcat"]),
        (RdfText(ONTOLOGY + '<https://d.example/c> a dcat:Catalog .', "turtle"), ["dcat"]),
        (RdfText(ONTOLOGY + "dcat:Dataset a owl:Class .", "turtle"), []),
        (RdfText(ONTOLOGY + "<https://d.example/1> a dcat:Dataset ;;; 7 .", "turtle"), []),
        (ONTOLOGY_JSON, ["dcat"]),
        (ONTOLOGY_JSON | {"@graph": ONTOLOGY_JSON["@graph"][:1]}, []),
    ],
    ids=["turtle", "catalog", "classes alone", "broken", "json", "json header alone"],
)
def test_data_under_the_header_of_an_ontology_is_data(value: Any, kind: list[str]) -> None:
    """As editors of ontologies save it, the examples of DCAT itself among them."""
    assert kinds(value) == kind


PROSE = """@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix time: <http://www.w3.org/2006/time#> . @prefix geodcat: <http://data.europa.eu/930/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix adms: <https://www.w3.org/ns/adms#> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
<https://d.example/1> a dcat:Dataset ; rdfs:label "Bees"@en, "Bienen"@de ;
  dct:created "2024-05-06"^^xsd:date ;
  dct:subject [ skos:prefLabel "Insects" ] ;
  geodcat:custodian <https://d.example/agents/hive> ;
  dct:accrualPeriodicity <http://purl.org/linked-data/sdmx/2009/code#freq-W> ;
  dct:language [ skos:notation "fi" ], [ a dct:LinguisticSystem ; rdf:value "de-AT" ], [ rdfs:label "Klingon" ], [ a dct:LinguisticSystem ] ;
  dct:temporal [ time:hasBeginning [ time:inXSDDate "2016-03-04"^^xsd:date ] ; time:hasEnd [ time:inXSDgYear "2018"^^xsd:gYear ] ] ;
  adms:identifier [ skos:notation "10.1/bees" ] .
"""


def test_what_profiles_write_in_other_terms() -> None:
    """Labels for titles, notations for languages, OWL-Time for periods, SDMX for frequencies, custodians for publishers."""
    (bees,) = stated(RdfText(PROSE, "turtle"), Dataset)
    assert (bees.aliases, bees.owner, bees.domain, bees.update_frequency) == (("Bienen", "10.1/bees"), "hive", "insects", "weekly")
    assert set(bees.languages) == {"Finnish", "German", "Klingon"}
    assert (bees.description, str(bees.last_updated)[:10]) == ("Temporal coverage: 2016-03-04 to 2018.", "2024-05-06")
    assert [r.short for r in read(RdfText(PROSE, "turtle")) if hasattr(r, "short")] == ["Bees"]


def test_a_theme_and_a_publisher_come_before_a_subject_and_a_custodian() -> None:
    more = PROSE.replace("rdfs:label", 'dcat:theme <https://d.example/themes/hives> ; dct:publisher <https://d.example/agents/queen> ; rdfs:label', 1)
    (bees,) = stated(RdfText(more, "turtle"), Dataset)
    assert (bees.owner, bees.domain) == ("queen", "hives")
