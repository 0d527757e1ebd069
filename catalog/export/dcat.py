"""Datasets as a DCAT-AP 3 catalog in Turtle or JSON-LD, with CSVW columns, DQV measurements, PROV-O sources, ODRL offers and DPV terms.

Every resource has an address made of its name, so that the same facts are the same text. https://semiceu.github.io/DCAT-AP/releases/3.0.1/
"""

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from catalog.export.dcat_rights import add_rights
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
from catalog.ingest.dcat_terms import ACCESS_RIGHTS, NAMESPACES, THEMES
from catalog.ingest.languages import NAMES

if TYPE_CHECKING:
    from rdflib.term import Node

EU = "http://publications.europa.eu/resource/authority"
FREQUENCIES = {
    "streaming": "UPDATE_CONT", "hourly": "HOURLY", "daily": "DAILY", "weekly": "WEEKLY", "monthly": "MONTHLY", "quarterly": "QUARTERLY", "yearly": "ANNUAL",
    "never": "NEVER",
}  # fmt: skip
THEME_CODES = {word: code.upper() for code, word in THEMES.items()}
LANGUAGES = {name: code.upper() for code, name in NAMES.items() if len(code) == 3}
CATALOG = urn("catalog")
SHOWN_PREFIXES = ("adms", "csvw", "dcat", "dcatap", "dct", "dpv", "dqv", "foaf", "health", "odrl", "prov", "sdmx", "skos", "spdx", "st", "vcard", "void", "xsd")


class Writer:
    """Puts statements into a graph; terms are ``prefix:name`` as the reader of DCAT has them."""

    def __init__(self) -> None:
        from rdflib import Graph  # 0.2 s that only this export pays

        self.graph: Graph = Graph(bind_namespaces="none")
        for prefix in SHOWN_PREFIXES:
            self.graph.bind(prefix, NAMESPACES[prefix][0])

    def say(self, thing: str, term: str, value: "Node | str | None") -> None:
        """State that a thing has a value, unless there is none; a text is an address or a term."""
        from rdflib import URIRef

        if value is not None:
            self.graph.add((URIRef(full(thing)), URIRef(full(term)), URIRef(full(value)) if type(value) is str else value))  # type: ignore[arg-type]

    def words(self, thing: str, term: str, value: Any, kind: str | None = None) -> None:
        """State a literal, of the type ``kind`` where one is given, unless there is none."""
        from rdflib import Literal, URIRef

        if value not in (None, ""):
            plain = _xml_text(value) if isinstance(value, str) else value
            self.say(thing, term, Literal(plain, datatype=URIRef(full(kind)) if kind else None))

    def kind(self, thing: str, *types: str) -> str:
        """State what a thing is, and give it back."""
        for each in types:
            self.say(thing, "rdf:type", each)
        return thing

    def named(self, thing: str, type_: str, term: str, name: str | None) -> str:
        """A thing of a type with a name."""
        self.words(self.kind(thing, type_), term, name)
        return thing

    def time(self, thing: str, term: str, value: Any) -> None:
        """State a time or a day."""
        if isinstance(value, datetime):
            self.words(thing, term, moment(value), "xsd:dateTime")
        elif isinstance(value, date):
            self.words(thing, term, value.isoformat(), "xsd:date")


def full(term: str) -> str:
    """A term's address; an address is itself."""
    prefix, _, name = term.partition(":")
    return f"{NAMESPACES[prefix][0]}{name}" if prefix in NAMESPACES and not name.startswith("//") else term


def document(facts: Facts, form: str) -> str:
    """The catalog as text; ``form`` is ``turtle`` or ``json-ld``."""
    writer = Writer()
    writer.kind(CATALOG, "dcat:Catalog")
    writer.words(CATALOG, "dct:title", "Steward catalog")
    writer.words(CATALOG, "dct:description", "Datasets that a Steward catalog shows to whoever exported it.")
    writer.say(CATALOG, "dct:publisher", writer.named(urn("agent", "Steward"), "foaf:Agent", "foaf:name", "Steward"))
    for dataset in facts.datasets:
        _Described(writer, facts, dataset).write()
    if form == "turtle":
        return writer.graph.serialize(format="turtle")
    context = {prefix: NAMESPACES[prefix][0] for prefix in SHOWN_PREFIXES}
    found = json.loads(writer.graph.serialize(format="json-ld", context=context))
    return json.dumps(_ordered(found), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _ordered(value: Any) -> Any:
    """JSON-LD whose lists, which are sets, are in one order."""
    if isinstance(value, dict):
        return {key: _ordered(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted(map(_ordered, value), key=lambda each: json.dumps(each, sort_keys=True))
    return value


class _Described:
    """One dataset on its way into the graph."""

    def __init__(self, writer: Writer, facts: Facts, dataset: Row) -> None:
        self.writer, self.facts, self.dataset = writer, facts, dataset
        self.iri = dataset_urn(facts, dataset)

    def write(self) -> None:
        writer, iri = self.writer, self.iri
        writer.say(CATALOG, "dcat:dataset", writer.kind(iri, "dcat:Dataset", "dcat:Resource"))
        self._itself()
        self._categories()
        self._distribution()
        self._columns()
        self._sources()
        self._quality()
        add_rights(writer, self.facts, self.dataset, iri)

    def _itself(self) -> None:
        writer, iri, dataset = self.writer, self.iri, self.dataset
        writer.words(iri, "dct:title", dataset["name"])
        writer.words(iri, "dct:description", text(dataset.get("description")) or dataset["name"])
        for alias in texts(dataset.get("aliases")):
            writer.words(iri, "dct:alternative", alias)
        writer.words(iri, "dcat:version", text(dataset.get("version")))
        writer.time(iri, "dct:modified", dataset.get("last_updated"))
        if rows := whole(dataset.get("row_count")):
            writer.words(iri, "void:entities", rows)
        if owner := text(dataset.get("owner")):
            writer.say(iri, "dct:publisher", writer.named(urn("agent", owner), "foaf:Agent", "foaf:name", owner))
        if steward := text(dataset.get("steward")):
            writer.say(iri, "dcat:contactPoint", writer.named(urn("contact", steward), "vcard:Kind", "vcard:fn", steward))
        if isinstance(dataset.get("as_of"), datetime):
            record = writer.kind(f"{iri}:record", "dcat:CatalogRecord")
            writer.say(CATALOG, "dcat:record", record)
            writer.say(record, "foaf:primaryTopic", iri)
            writer.time(record, "dct:modified", dataset["as_of"])

    def _categories(self) -> None:
        writer, iri, dataset = self.writer, self.iri, self.dataset
        if domain := text(dataset.get("domain")):
            theme = f"{EU}/data-theme/{THEME_CODES[domain]}" if domain in THEME_CODES else urn("theme", domain)
            writer.say(iri, "dcat:theme", writer.named(theme, "skos:Concept", "skos:prefLabel", domain))
        if frequency := FREQUENCIES.get(str(dataset.get("update_frequency"))):
            writer.say(iri, "dct:accrualPeriodicity", writer.kind(f"{EU}/frequency/{frequency}", "dct:Frequency"))
        for language in texts(dataset.get("languages")):
            where = f"{EU}/language/{LANGUAGES[language]}" if language in LANGUAGES else urn("language", language)
            writer.say(iri, "dct:language", writer.named(where, "dct:LinguisticSystem", "rdfs:label", language))
        sensitivity = text(dataset.get("sensitivity"))
        if right := ACCESS_RIGHTS.get(sensitivity or ""):
            writer.say(iri, "dct:accessRights", writer.kind(f"{EU}/access-right/{right}", "dct:RightsStatement"))
            writer.words(iri, "st:sensitivity", sensitivity)
        if dataset.get("deprecated") is True:
            status = writer.named(f"{EU}/dataset-status/DEPRECATED", "skos:Concept", "skos:prefLabel", "deprecated")
            writer.say(iri, "adms:status", status)
        writer.words(iri, "st:dataType", text(dataset.get("data_type")))
        for task in texts(dataset.get("tasks")):
            writer.words(iri, "st:task", task)
            writer.words(iri, "dcat:keyword", task)

    def _distribution(self) -> None:
        writer, dataset = self.writer, self.dataset
        file = writer.kind(f"{self.iri}:distribution", "dcat:Distribution")
        writer.say(self.iri, "dcat:distribution", file)
        where = address(dataset) or self.iri
        writer.say(file, "dcat:accessURL", writer.kind(where, "rdfs:Resource"))
        if licence := text(dataset.get("licence")):
            terms = licence_address(licence) if "/" not in licence else None
            writer.say(file, "dct:license", writer.named((terms and f"{terms}#{_fragment(licence)}") or urn("licence", licence), "dct:LicenseDocument", "rdfs:label", licence))
        if form := text(dataset.get("format")):
            if media := media_type(form):
                writer.say(file, "dcat:mediaType", writer.kind(f"http://www.iana.org/assignments/media-types/{media}", "dct:MediaType"))
            else:
                writer.say(file, "dct:format", writer.named(urn("format", form), "dct:MediaTypeOrExtent", "rdfs:label", form))
        size, digest = whole(dataset.get("bytes")), text(dataset.get("content_hash"))
        if size is not None:
            writer.words(file, "dcat:byteSize", str(size), "xsd:nonNegativeInteger")
        if digest:
            checksum = writer.kind(f"{file}:checksum", "spdx:Checksum")
            writer.say(checksum, "spdx:algorithm", writer.kind("spdx:checksumAlgorithm_sha256", "spdx:ChecksumAlgorithm"))
            writer.words(checksum, "spdx:checksumValue", digest, "xsd:hexBinary")
            writer.say(file, "spdx:checksum", checksum)

    def _columns(self) -> None:
        writer = self.writer
        columns = [row for row in self.facts.of("columns", self.dataset) if text(row.get("column_name"))]
        if not columns:
            return
        schema = writer.kind(f"{self.iri}:schema", "csvw:Schema", "dct:Standard")
        writer.words(schema, "dct:title", f"Columns of {self.dataset['name']}")
        writer.say(self.iri, "dct:conformsTo", schema)
        for row in columns:
            column = writer.named(self._column(row["column_name"]), "csvw:Column", "csvw:name", row["column_name"])
            writer.say(schema, "csvw:column", column)
            writer.words(column, "csvw:datatype", text(row.get("type")))
            writer.words(column, "dct:description", text(row.get("definition")))
            writer.words(column, "st:glossaryTerm", text(row.get("glossary_term")))
            if isinstance(row.get("nullable"), bool):
                writer.words(column, "csvw:required", not row["nullable"])
            if row.get("is_key") is True:
                writer.words(schema, "csvw:primaryKey", row["column_name"])
            if category := text(row.get("pii_category")):
                kind = writer.named(urn("personal-data", category), "skos:Concept", "skos:prefLabel", category)
                writer.say(column, "dpv:hasPersonalData", kind)

    def _column(self, name: str) -> str:
        return f"{self.iri}:{urn('column', name).removeprefix('urn:steward:')}"

    def _sources(self) -> None:
        """A source is named, so that it can be told where it is not part of the export."""
        writer = self.writer
        for name, job in self.facts.sources(self.dataset):
            known, node = self.facts.home_of(name, self.dataset.get("node"))
            source = dataset_urn(self.facts, {"name": name, "node": node}) if known else urn("dataset", name)
            writer.named(source, "prov:Entity", "dct:title", name)
            if job:
                activity = writer.named(f"{self.iri}:{urn('job', job).removeprefix('urn:steward:')}", "prov:Activity", "rdfs:label", job)
                writer.say(self.iri, "prov:wasGeneratedBy", activity)
                writer.say(activity, "prov:used", source)
            else:
                writer.say(self.iri, "prov:wasDerivedFrom", source)

    def _quality(self) -> None:
        writer = self.writer
        for row in self.facts.latest(self.dataset):
            column, metric = text(row.get("column_name")), row["metric"]
            place = self._column(column) if column else self.iri
            measurement = writer.kind(f"{place}:{urn('measurement', metric).removeprefix('urn:steward:')}", "dqv:QualityMeasurement")
            kind = writer.named(urn("metric", metric), "dqv:Metric", "skos:prefLabel", metric)
            if dimension := text(row.get("dimension")):
                writer.say(kind, "dqv:inDimension", writer.named(urn("dimension", dimension), "dqv:Dimension", "skos:prefLabel", dimension))
            writer.say(measurement, "dqv:isMeasurementOf", kind)
            writer.say(measurement, "dqv:computedOn", place)
            writer.say(place, "dqv:hasQualityMeasurement", measurement)
            writer.words(measurement, "dqv:value", decimal(row["value"]), "xsd:decimal")
            if unit := text(row.get("unit")):
                writer.say(measurement, "sdmx:unitMeasure", urn("unit", unit))
            writer.time(measurement, "prov:generatedAtTime", row["measured_at"])


def decimal(value: float) -> str:
    """A number with all its digits: Turtle of rdflib writes seven of a double."""
    return f"{Decimal(repr(value)):f}"


def _fragment(name: str) -> str:
    return urn("licence", name).rsplit(":", 1)[-1]


def _xml_text(value: str) -> str:
    """Text without what neither Turtle nor XML can hold: control characters and lone surrogates."""
    return "".join(_allowed(value))


def _allowed(value: str) -> Iterable[str]:
    return (c for c in value if c in "\t\n\r" or (c >= " " and not 0xD800 <= ord(c) <= 0xDFFF))
