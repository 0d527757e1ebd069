"""Croissant as others write it: graphs, lists, contexts of every kind, languages, files inside files, references, terms of use."""

from typing import Any

import pytest

from catalog.ingest.readers import READERS
from catalog.ingest.reading import Context, Document
from catalog.storage.records import Dataset, DatasetColumn, GovernancePolicy, LineageEdge, QualityCheck

from .samples import stated

CONFORMS = "http://mlcommons.org/croissant/1.1"
PLAIN: dict[str, Any] = {
    "@type": "sc:Dataset",
    "conformsTo": CONFORMS,
    "name": "Rain",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "creator": "Met Office",
    "recordSet": [{"@type": "cr:RecordSet", "@id": "days", "key": {"@id": "days/day"}, "field": [{"@id": "days/day", "dataType": "sc:Date"}]}],
}
PREFIXED = {
    "@context": {"schema": "https://schema.org/", "croissant": "http://mlcommons.org/croissant/", "terms": "http://purl.org/dc/terms/"},
    "@type": "schema:Dataset",
    "terms:conformsTo": {"@id": CONFORMS},
    "schema:name": "Rain",
    "schema:license": {"@id": "https://creativecommons.org/licenses/by/4.0/"},
    "schema:creator": {"@type": "schema:Organization", "schema:name": "Met Office"},
    "croissant:recordSet": {
        "@id": "days",
        "croissant:key": {"@id": "days/day"},
        "croissant:field": {"@id": "days/day", "croissant:dataType": {"@id": "schema:Date"}},
    },
}
EXPANDED = [
    {
        "@type": ["https://schema.org/Dataset"],
        "http://purl.org/dc/terms/conformsTo": [{"@id": CONFORMS}],
        "https://schema.org/name": [{"@value": "Rain"}],
        "https://schema.org/license": [{"@value": "https://creativecommons.org/licenses/by/4.0/"}],
        "https://schema.org/creator": [{"https://schema.org/name": [{"@value": "Met Office"}]}],
        "http://mlcommons.org/croissant/recordSet": [
            {
                "@id": "days",
                "http://mlcommons.org/croissant/key": [{"@id": "days/day"}],
                "http://mlcommons.org/croissant/field": [{"@id": "days/day", "http://mlcommons.org/croissant/dataType": [{"@id": "https://schema.org/Date"}]}],
            }
        ],
    }
]
GRAPH = {
    "@context": ["https://w3id.org/ro/crate/1.1/context", {"cr": "http://mlcommons.org/croissant/"}],
    "@graph": [
        {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"}},
        {
            "@id": "./",
            "@type": "Dataset",
            "conformsTo": {"@id": CONFORMS},
            "name": "Rain",
            "license": {"@id": "#by"},
            "creator": [{"@id": "#met"}],
            "hasPart": {"@id": "raw/"},
            "cr:recordSet": {"@id": "days"},
        },
        {"@id": "raw/", "@type": "Dataset", "name": "A folder"},
        {"@id": "#by", "@type": "CreativeWork", "name": "CC BY 4.0"},
        {"@id": "#met", "@type": "Organization", "name": "Met Office", "parentOrganization": {"@id": "#met"}},
        {"@id": "days", "@type": "cr:RecordSet", "cr:key": {"@id": "days/day"}, "cr:field": [{"@id": "days/day"}]},
        {"@id": "days/day", "@type": "cr:Field", "cr:dataType": "sc:Date"},
    ],
}


@pytest.mark.parametrize("document", [PLAIN, PREFIXED, EXPANDED, GRAPH, [PLAIN]], ids=["plain", "prefixed", "expanded", "graph", "list"])
def test_every_spelling_says_the_same(document: Any) -> None:
    (dataset,) = stated(document, Dataset)
    assert (dataset.name, dataset.licence, dataset.owner) == ("Rain", "CC BY 4.0", "Met Office")
    assert [(c.column_name, c.type, c.is_key) for c in stated(document, DatasetColumn)] == [("day", "Date", True)]


def test_a_term_may_have_any_name_that_its_context_gives_it() -> None:
    document = {"@context": {"titel": "sc:name", "type": "@type", "sc": "https://schema.org/", "x": "http://mlcommons.org/croissant/"}, "type": "sc:Dataset", "titel": "Regen"}
    assert [d.name for d in stated(document, Dataset)] == ["Regen"]


def test_several_datasets_of_a_list_and_of_a_graph() -> None:
    other = PLAIN | {"name": "Snow"}
    assert [d.name for d in stated([PLAIN, other], Dataset)] == ["Rain", "Snow"]
    assert [d.name for d in stated({"@graph": [PLAIN, other, {"@type": "sc:Dataset", "name": "only a source"}]}, Dataset)] == ["Rain", "Snow"]


def test_a_nameless_dataset_among_others_is_reported() -> None:
    problems: list[tuple[str, str]] = []
    found = Document("a", [PLAIN, PLAIN | {"name": None}])
    reader = next(reader for reader in READERS if reader.detects(found))
    names = [r.name for r in reader.read(found, Context("n", lambda path, expected: problems.append((path, expected)))) if isinstance(r, Dataset)]
    assert names == ["Rain"] and problems == [("$[1].name", "the name of the dataset")]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"en": "Rain", "fr": "Pluie"}, "Rain"),
        ({"fr": "Pluie"}, "Pluie"),
        ([{"@language": "fr", "@value": "Pluie"}, {"@language": "en-GB", "@value": "Rain"}], "Rain"),
        ({"@value": "Rain", "@language": "en"}, "Rain"),
    ],
)
def test_names_in_several_languages(said: Any, name: str) -> None:
    assert [d.name for d in stated(PLAIN | {"name": said}, Dataset)] == [name]


@pytest.mark.parametrize(
    ("said", "owner"),
    [
        ("Ada", "Ada"),
        (["Ada", {"@type": "Person", "givenName": "Grace", "familyName": "Hopper"}], "Ada, Grace Hopper"),
        ({"@type": "Organization", "url": "https://met.example"}, None),
        ([{"name": ["Ada"]}], "Ada"),
    ],
)
def test_creators(said: Any, owner: str | None) -> None:
    assert [d.owner for d in stated(PLAIN | {"creator": said}, Dataset)] == [owner]


def test_what_lies_inside_an_archive_is_not_counted_again() -> None:
    archive = {"@id": "a.zip", "contentSize": "4.5 MB", "encodingFormat": "application/zip", "sha256": "cd" * 32}
    inside = {"@type": "cr:FileSet", "containedIn": {"@id": "a.zip"}, "encodingFormat": "text/csv", "includes": "*.csv"}
    (dataset,) = stated(PLAIN | {"distribution": [archive, inside]}, Dataset)
    assert (dataset.bytes, dataset.content_hash, dataset.format, dataset.data_type) == (4_500_000, "cd" * 32, "csv", "tabular")


@pytest.mark.parametrize("sizes", [("99999999999999 TB",), ("9223372036854775807 B", "1 TB"), ("1e400 B",), ("9" * 400,)])
def test_a_size_that_nothing_has_is_not_said(sizes: tuple[str, ...]) -> None:
    files = [{"@id": f"f{at}", "contentSize": size} for at, size in enumerate(sizes)]
    assert [d.bytes for d in stated(PLAIN | {"distribution": files}, Dataset)] == [None]


def test_references_are_checks_and_an_enumeration_of_0_8_is_no_column() -> None:
    sets = [
        {"@id": "ratings", "field": [{"@id": "ratings/film", "references": {"field": {"@id": "films/id"}}}, {"name": "stars", "references": "#{stars/n}"}]},
        {"name": "stars", "isEnumeration": True, "field": {"name": "n"}},
    ]
    document = PLAIN | {"recordSet": sets}
    assert [c.column_name for c in stated(document, DatasetColumn)] == ["film", "stars"]
    checks = [(c.column_name, c.check_name, c.expected, c.status) for c in stated(document, QualityCheck)]
    assert checks == [("film", "foreign_key", "in films/id", None), ("stars", "foreign_key", "in stars/n", None)]


def test_annotations_are_columns_unless_they_are_statistics() -> None:
    fields = [{"name": "image", "annotation": {"name": "label", "dataType": "sc:Text"}}, {"name": "age", "annotation": [{"@id": "age/mean", "value": 42.5}]}]
    count = {"name": "count", "value": 1450, "dataType": "http://www.wikidata.org/entity/Q4049983"}
    document = PLAIN | {"recordSet": {"name": "people", "cr:annotation": [count], "field": fields}}
    assert [c.column_name for c in stated(document, DatasetColumn)] == ["image", "image.label", "age"]
    assert [d.row_count for d in stated(document, Dataset)] == [1450]


@pytest.mark.parametrize(
    ("said", "pii"),
    [
        ("The dataset does not contain personal data.", False),
        (["None"], False),
        ("It contains no PII", False),
        ([], None),
        (["Gender", "Age"], True),
        ({"@value": "Faces", "@language": "en"}, True),
    ],
)
def test_personal_data(said: Any, pii: bool | None) -> None:
    assert [d.pii for d in stated(PLAIN | {"rai:personalSensitiveInformation": said}, Dataset)] == [pii]


def test_what_rai_asks_to_say_is_kept() -> None:
    said = {"rai:dataLimitations": ["Few nights.", "No sea."], "rai:dataBiases": "Towards Europe.", "temporalCoverage": "2020/2021"}
    (dataset,) = stated(PLAIN | {"description": "Rain gauges."} | said, Dataset)
    assert dataset.description == "Rain gauges.\nLimitations: Few nights.; No sea.\nBiases: Towards Europe.\nTemporal coverage: 2020/2021"


def test_addresses_and_identifiers_are_other_names() -> None:
    said = {"url": "https://met.example/rain", "identifier": ["doi:10.1/2", {"@type": "PropertyValue", "value": "ark:/3"}], "version": {"@value": "2.0"}}
    (dataset,) = stated(PLAIN | said, Dataset)
    assert dataset.aliases == ("https://met.example/rain", "doi:10.1/2", "ark:/3") and dataset.version == "2.0"


def test_terms_of_use_inside_an_offer() -> None:
    """The example of the specification, 1.1: a purpose of the Data Use Ontology with a condition."""
    permission = {
        "odrl:action": {"@id": "duo:0000006", "name": "Health use"},
        "odrl:constraint": [
            {"name": "Non-commercial use only", "odrl:operator": {"@id": "odrl:eq"}, "odrl:rightOperand": {"@id": "duo:0000018"}},
            {"odrl:leftOperand": {"@id": "odrl:spatial"}, "odrl:operator": {"@id": "odrl:eq"}, "odrl:rightOperand": "EU"},
        ],
    }
    (policy,) = stated(PLAIN | {"usageInfo": {"@type": ["CreativeWork", "odrl:Offer"], "odrl:permission": permission}}, GovernancePolicy)
    assert (policy.name, policy.purpose) == ("permit health or medical research; Non-commercial use only; spatial eq EU", "research")


def test_activities_and_what_they_used() -> None:
    activity = {"@type": "prov:Activity", "prov:label": "cleaning", "prov:used": [{"@id": "urn:raw", "prov:label": "Raw rain"}]}
    (edge,) = stated(PLAIN | {"prov:wasGeneratedBy": activity}, LineageEdge)
    assert (edge.upstream, edge.downstream, edge.job) == ("Raw rain", "Rain", "cleaning")
    agent = {"@type": "prov:SoftwareAgent", "prov:label": "gpt-x"}
    (dataset,) = stated(PLAIN | {"prov:wasGeneratedBy": {"prov:label": "generation by an AI model", "prov:wasAssociatedWith": agent}}, Dataset)
    assert dataset.generating_model == "gpt-x"


def test_a_graph_of_many_references_ends() -> None:
    nodes = [{"@id": f"#{n}", "x": [{"@id": f"#{n + 1}"}] * 10} for n in range(25)]
    found = Document("a", {"@context": {"cr": "http://mlcommons.org/croissant/"}, "@graph": [{"@type": "Dataset", "@id": "./", "name": "n", "creator": {"@id": "#0"}}, *nodes]})
    reader = next(reader for reader in READERS if reader.detects(found))
    with pytest.raises(Exception, match="references"):
        list(reader.read(found, Context("n", lambda path, expected: None)))
