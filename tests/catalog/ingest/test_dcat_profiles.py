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
