"""DCAT 2 and 3, DCAT-AP, HealthDCAT-AP and data.json catalogs, as Turtle, N-Triples, RDF/XML or JSON-LD: datasets, columns, lineage, quality.

Who may use what, and the law, are read by ``dcat_rights``. https://www.w3.org/TR/vocab-dcat-3/, https://semiceu.github.io/DCAT-AP/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.errors import BadDocument
from catalog.ingest.aws_open_data import frequency
from catalog.ingest.croissant import FORMATS
from catalog.ingest.dcat_graph import Thing, contexts_of, graph_of, of_type
from catalog.ingest.dcat_rights import has_health_data, has_personal_data, is_known_law, rights, terms_of
from catalog.ingest.dcat_terms import ACCESS, DATA_TYPES, DIMENSIONS, FREQUENCIES, THEMES, first_match
from catalog.ingest.documents import RdfText
from catalog.ingest.languages import language_name
from catalog.ingest.parts import LONGEST_LINE, Part
from catalog.ingest.reading import Context, Document, ShortName
from catalog.ingest.vocabulary import classification, pii_category
from catalog.storage.records import Dataset, DatasetColumn, LineageEdge, Metric, Record

SOURCES = ("prov:wasDerivedFrom", "dct:source", "prov:hadPrimarySource", "prov:wasRevisionOf", "dcat:previousVersion", "dcat:prev", "adms:prev")
"""Terms by which a dataset says what it was made from; in PROV-O a revision is derived too."""
OWNERS = ("dct:publisher", "dct:creator", "geodcat:custodian", "geodcat:owner")
"""Terms for whom the data belongs to, the most telling first."""
EDGES = (("startDate", "time:hasBeginning"), ("endDate", "time:hasEnd"))
INSTANTS = tuple(f"time:inXSD{kind}" for kind in ("DateTimeStamp", "DateTime", "Date", "gYearMonth", "gYear"))
"""How DCAT and OWL-Time write the edges of a period."""
RETIRED = re.compile(r"deprecated|withdrawn|discontinued|obsolete", re.IGNORECASE)

NO_CATALOG = re.compile(r"\b(sh|shacl):(NodeShape|PropertyShape|property|path|targetClass)\b|<http://www\.w3\.org/ns/shacl#NodeShape>|\ba\s+owl:Ontology\b|owl:Ontology\s+rdf:about")
DATA_JSON = {"@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld", "@type": "dcat:Catalog"}
"""What a data.json catalog may leave unsaid."""


def _is_data_json(value: object) -> bool:
    """Whether a document is a catalog of Project Open Data, which says so by what it conforms to."""
    return isinstance(value, dict) and "project-open-data.cio.gov/v1.1/schema" in str(value.get("conformsTo")) and isinstance(value.get("dataset"), list)


def _lists_data(value: object) -> bool:
    """Whether a document that declares shapes or an ontology lists data as well: editors put an ontology's header on whatever they save."""
    try:
        return bool(of_type(graph_of(value), lambda path, expected: None, "dcat:Dataset", "dcat:DatasetSeries", "dcat:Catalog"))
    except (BadDocument, RecursionError):
        return False


class Dcat:
    """Reads every dataset and series of a catalog with its columns, sources, measurements, policies and legal terms."""

    kind = "dcat"

    def detects(self, document: Document) -> bool:
        """RDF text or JSON-LD that has DCAT's vocabulary; shapes, ontologies and contexts that list no data are not."""
        if isinstance(document.value, RdfText):
            if re.search(r"www\.w3\.org/ns/dcat#", document.value.text) is None:
                return False
            return NO_CATALOG.search(document.value.text) is None or _lists_data(document.value)
        if _is_data_json(document.value):
            return True
        if isinstance(document.value, dict) and document.value.keys() <= {"@context", "@id", "$schema"}:
            return False
        said = contexts_of(document.value) if isinstance(document.value, (dict, list)) else ""
        if re.search(r'www\.w3\.org/ns/dcat|"dcat:|dcat-?ap|dcat-?us|project-open-data\.cio\.gov/v1\.1/schema/catalog', said, re.IGNORECASE) is None:
            return False
        return re.search(r"\b(sh|shacl):NodeShape|ns/shacl#NodeShape|owl#?:?Ontology", said) is None or _lists_data(document.value)

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """Records of every dataset; raises BadDocument where there is neither one nor a catalog or service, or the text cannot be parsed."""
        graph = graph_of(DATA_JSON | document.value if _is_data_json(document.value) else document.value)
        listed = [each for each in of_type(graph, context.complain, "dcat:Catalog") for each in each.all("dcat:dataset")]
        typed = of_type(graph, context.complain, "dcat:Dataset", "dcat:DatasetSeries")
        things = {each.node: each for each in [*typed, *(each for each in listed if _titles(each))]}
        if not things and not of_type(graph, context.complain, "dcat:Catalog", "dcat:DataService"):
            raise BadDocument("$", "a dcat:Dataset")
        for thing in things.values():
            if (identifier := _identifier(thing)) is None:
                context.complain(f"{thing.path} dct:title", "the title of the dataset")
                continue
            sensitivity = _sensitivity(thing)
            for record in _Described(thing, identifier, context.node).records():
                yield replace(record, sensitivity=sensitivity)


def _titles(thing: Thing) -> list[str]:
    """Titles, else labels and names of other vocabularies, English first."""
    return thing.texts("dct:title") or thing.texts("rdfs:label", "skos:prefLabel", "schema:name")


def _identifier(thing: Thing) -> str | None:
    """What tells the dataset from all others: its address, else its identifier or title."""
    named = thing.iri or thing.one("dct:identifier").line() or next(iter(_titles(thing)), None)
    return " ".join(named.split())[:LONGEST_LINE] if named else None


def _sensitivity(thing: Thing) -> str:
    """Who may know of it, by Steward's own word or by the access rights; nothing said is public."""
    if own := classification(thing.one("st:sensitivity").line()):
        return own
    said = [each.code for each in thing.all("dct:accessRights")] + thing.labels("dct:accessRights") + thing.labels("pod:accessLevel")
    order = list(ACCESS.values())
    return max((ACCESS[word.lower()] for word in said if word.lower() in ACCESS), key=order.index, default="public")


@dataclass(frozen=True, slots=True)
class _Described:
    """One dataset of the graph."""

    thing: Thing
    name: str
    node: str

    def records(self) -> Iterator[Record]:
        thing = self.thing
        yield ShortName(node=self.node, identifier=self.name, short=self._title())
        yield self._dataset()
        yield from self._columns()
        yield from self._edges()
        yield from self._metrics()
        yield from rights(thing, self.name, self.node, self._as_of())

    def _title(self) -> str:
        found = [*_titles(self.thing), self.thing.one("dct:identifier").line() or "", self.name]
        return next(" ".join(text.split())[:LONGEST_LINE] for text in found if text.strip())

    def _as_of(self) -> datetime | None:
        records = self.thing.inverse("foaf:primaryTopic")
        return next((at for record in records if (at := record.one("dct:modified", "dct:issued").moment())), self._modified())

    def _modified(self) -> datetime | None:
        return self.thing.one("dct:modified", "dct:issued", "dct:created").moment()

    def _dataset(self) -> Dataset:
        thing, files = self.thing, self.thing.all("dcat:distribution")
        licence = terms_of([thing, *files])
        formats = [name for file in files if (name := _format(file))]
        sizes = [(file.one("st:byteSize", "dcat:byteSize")) for file in files]
        hashes = [digest for file in files if (digest := _sha256(file))]
        identifiers = [each.said or each.one("skos:notation").line() for each in thing.all("dct:identifier", "pav:hasIdentifier")]
        identifiers += [each.one("skos:notation").line() for each in thing.all("adms:identifier")]
        aliases = [*_titles(thing)[1:], *thing.texts("dct:alternative"), *identifiers, *(each.iri for each in thing.all("owl:sameAs"))]
        records = thing.one("health:numberOfRecords", "void:entities", "void:documents")
        return Dataset(
            node=self.node,
            name=self.name,
            description=self._description(),
            domain=_theme(thing),
            data_type=thing.one("st:dataType").line() or first_match(DATA_TYPES, " ".join([*formats, *thing.labels("dct:type"), *_media(files)])),
            format=formats[0] if formats else None,
            owner=next((name for term in OWNERS for name in thing.labels(term)), None),
            steward=_contact(thing),
            licence=licence.name if licence else None,
            licence_class=licence.licence_class if licence else None,
            pii=has_personal_data(thing),
            phi=has_health_data(thing),
            row_count=records.whole(),
            bytes=next((size for part in sizes if (size := _bytes(part)) is not None), None),
            languages=tuple(dict.fromkeys(language_name(code) for each in thing.all("dct:language") if (code := _language(each)))),
            tasks=tuple(dict.fromkeys(thing.texts("st:task"))),
            version=thing.one("dcat:version", "owl:versionInfo", "adms:version", "pav:version", "schema:version").line(),
            content_hash=hashes[0] if len(hashes) == len(files) == 1 else None,
            update_frequency=_frequency(thing),
            last_updated=self._modified(),
            deprecated=_is_retired(thing),
            aliases=tuple(dict.fromkeys(line for alias in aliases if alias and (line := " ".join(alias.split())[:LONGEST_LINE]) and line != self._title())),
            as_of=self._as_of(),
        )

    def _description(self) -> str | None:
        """The publisher's words, and sentences for what no column holds: coverage, standards and laws that no view knows."""
        thing = self.thing
        said = [next(iter(thing.texts("dct:description")), "")]
        if places := [each.label or (each.said if each.code.isdigit() else each.code) for each in thing.all("dct:spatial") if each.label or each.iri]:
            said.append(f"Spatial coverage: {', '.join(places)}.")
        for period in thing.all("dct:temporal"):
            if span := _span(period):
                said.append(f"Temporal coverage: {span}.")
        standards = [each.label or each.said for each in thing.all("dct:conformsTo") if not each.all("csvw:column") and (each.label or each.said)]
        if standards:
            said.append(f"Conforms to {', '.join(standards)}.")
        if laws := [each.label or each.said for each in thing.all("dcatap:applicableLegislation") if not is_known_law(each) and (each.label or each.said)]:
            said.append(f"Applicable legislation: {', '.join(laws)}.")
        text = Part("\n".join(each for each in said if each.strip()), thing.path, thing.complain)
        return text.text()

    def _columns(self) -> Iterator[DatasetColumn]:
        """Columns of CSVW schemas, wherever the dataset, its distributions or its samples carry them."""
        carriers = [self.thing, *self.thing.all("dcat:distribution"), *self.thing.all("adms:sample")]
        tables = [table for each in carriers for table in [each, *each.all("dct:conformsTo", "csvw:table", "csvw:tableSchema", "health:hasVariable")]]
        tables += [inner for each in tables for inner in each.all("csvw:tableSchema")]
        for table in tables:
            keys = {each.code for each in table.all("csvw:primaryKey")}
            for column in table.all("csvw:column"):
                if (name := column.one("csvw:name", "csvw:title", "dct:title", "rdfs:label").line()) is None:
                    column.complain(f"{column.path} csvw:name", "the name of the column")
                    continue
                personal = column.all("dpv:hasPersonalData")
                said = " ".join(each.label or each.code for each in personal)
                datatype = next(iter(column.all("csvw:datatype")), None)
                required = column.one("csvw:required")
                yield DatasetColumn(
                    node=self.node,
                    dataset=self.name,
                    column_name=name,
                    type=(datatype.code.strip() or None) if datatype else None,
                    definition=next(iter(column.texts("dct:description", "csvw:describes", "rdfs:comment", "skos:definition")), None),
                    glossary_term=next(iter(column.texts("csvw:propertyUrl", "st:glossaryTerm")), None),
                    pii_category=pii_category([said]),
                    is_key=name in keys if keys else None,
                    nullable=not required.flag() if required.present else None,
                    as_of=self._as_of(),
                )

    def _edges(self) -> Iterator[LineageEdge]:
        for term in SOURCES:
            for source in self.thing.all(term):
                yield from self._edge(source, None)
        for activity in self.thing.all("prov:wasGeneratedBy"):
            for source in activity.all("prov:used"):
                yield from self._edge(source, activity.label)
        for member in self.thing.all("dcat:seriesMember"):
            if (upstream := _identifier(member)) and upstream != self.name:
                yield LineageEdge(node=self.node, upstream=upstream, downstream=self.name, transform_type="copy", as_of=self._as_of())
        for series in self.thing.all("dcat:inSeries"):
            if upstream := _identifier(series):
                yield LineageEdge(node=self.node, upstream=self.name, downstream=upstream, transform_type="copy", as_of=self._as_of())

    def _edge(self, source: Thing, job: str | None) -> Iterator[LineageEdge]:
        """An edge from what a source is called, its address where the document describes it as a dataset."""
        described = source.types & {"Dataset", "DatasetSeries"}
        upstream = _identifier(source) if described else source.label or _identifier(source)
        if upstream and upstream != self.name:
            yield LineageEdge(node=self.node, upstream=upstream, downstream=self.name, job=job, as_of=self._as_of())

    def _metrics(self) -> Iterator[Metric]:
        """DQV measurements of the dataset and of its columns; one without a time has the dataset's."""
        places: list[tuple[Thing, str | None]] = [(self.thing, None)]
        places += [(column, column.one("csvw:name").line()) for schema in self.thing.all("dct:conformsTo") for column in schema.all("csvw:column")]
        for place, column_name in places:
            found = [*place.all("dqv:hasQualityMeasurement"), *place.inverse("dqv:computedOn")]
            for measurement in {each.node: each for each in found}.values():
                yield from self._metric(measurement, column_name)

    def _metric(self, measurement: Thing, column_name: str | None) -> Iterator[Metric]:
        metric = next(iter(measurement.all("dqv:isMeasurementOf")), None)
        value = _number(measurement.one("dqv:value"))
        at = measurement.one("prov:generatedAtTime", "dct:issued", "dct:date", "dct:modified").moment() or self._modified()
        name = (metric.label or metric.code) if metric else ""
        words = [each.code for each in metric.all("dqv:inDimension")] + metric.labels("dqv:inDimension") if metric else []
        dimension = first_match(DIMENSIONS, " ".join([*words, name]))
        if not name or value is None or at is None or dimension is None:
            measurement.complain(measurement.path, "a measurement with metric, value, a known dimension and a time")
            return
        unit, factor = _unit(measurement, value)
        yield Metric(
            node=self.node, dataset=self.name, column_name=column_name, dimension=dimension, metric=name, value=value * factor, unit=unit,
            measured_at=at, as_of=at,
        )  # fmt: skip


def _theme(thing: Thing) -> str | None:
    themes = thing.all("dcat:theme") or thing.all("dct:subject")
    themes = [each for each in themes if not each.code.isdigit() or each.label]  # a thesaurus number says nothing
    known = [THEMES[each.code.lower()] for each in themes if each.code.lower() in THEMES]
    return next(iter([*known, *((each.label or each.code).lower() for each in themes if each.label or each.code)]), None)


def _contact(thing: Thing) -> str | None:
    """The contact's name, else the address to write to."""
    for contact in thing.all("dcat:contactPoint", "adms:contactPoint"):
        if said := contact.label or next(iter(contact.labels("vcard:hasEmail", "vcard:email", "foaf:mbox")), None):
            return said.removeprefix("mailto:")
    return None


def _language(language: Thing) -> str | None:
    """A language's code, which one without an address has as its notation or value, or its name."""
    return language.code.strip() or language.one("skos:notation", "rdf:value").line() or language.label


def _frequency(thing: Thing) -> str | None:
    for each in thing.all("dct:accrualPeriodicity"):
        for word in (each.code, each.label or ""):
            if promised := FREQUENCIES.get(word.strip().lower()) or (frequency(word) if not each.iri else None):
                return promised
    return None


def _format(file: Thing) -> str | None:
    """The format's short name: ``…/file-type/CSV``, ``text/csv`` and "CSV" are ``csv``."""
    for each in file.all("dct:format", "dcat:mediaType"):
        media = re.search(r"(?:media-types/)?\b((?:text|application|image|audio|video)/[\w.+-]+)$", each.said.strip())
        if media:
            return FORMATS.get(media[1].lower(), media[1].lower().rsplit("/", 1)[-1].removeprefix("x-"))
        if word := each.code.strip() or each.label:
            return word.lower()[:LONGEST_LINE]
    return None


def _media(files: list[Thing]) -> list[str]:
    return [each.said for file in files for each in file.all("dcat:mediaType")]


def _sha256(file: Thing) -> str | None:
    for checksum in file.all("spdx:checksum"):
        algorithm = " ".join([*(each.code for each in checksum.all("spdx:algorithm")), *checksum.labels("spdx:algorithm")])
        value = (checksum.one("spdx:checksumValue").line() or "").lower()
        if re.fullmatch("[0-9a-f]{64}", value) and (not algorithm or re.search(r"sha-?_?256", algorithm, re.IGNORECASE)):
            return value
    return None


def _bytes(part: Part) -> int | None:
    """DCAT 2 has sizes as decimals."""
    value = part.line()
    return Part(value.removesuffix(".0") if value else None, part.path, part.complain).whole()


def _is_retired(thing: Thing) -> bool:
    states = [word for each in thing.all("adms:status") for word in (each.code, each.label or "")]
    return any(RETIRED.search(word) for word in states) or bool(thing.all("dct:isReplacedBy"))


def _span(period: Thing) -> str:
    if period.is_literal:
        return period.label or ""
    ends = [period.one(f"dcat:{edge}", f"schema:{edge}").line() or _instant(period, term) for edge, term in EDGES]
    return " to ".join(end or "…" for end in ends) if any(ends) else period.label or ""


def _instant(period: Thing, term: str) -> str | None:
    """The date of an edge of a period as OWL-Time has it; a geological age is none."""
    dates = [line for instant in period.all(term) if (line := instant.one(*INSTANTS).line())]
    return dates[0] if dates else None


def _number(part: Part) -> float | None:
    words = {"true": 1.0, "false": 0.0}
    said = (part.line() or "").lower()
    try:
        return Part(words.get(said, float(said)) if said not in words else words[said], part.path, part.complain).number()
    except ValueError:
        return None


def _unit(measurement: Thing, value: float) -> tuple[str, float]:
    """Unit of the view and the factor to it: a percentage is a ratio; a bare number up to 1 with a fraction is one too."""
    said = " ".join(each.label or each.code for each in measurement.all("sdmx:unitMeasure", "st:unit")).lower()
    literal = next(iter(measurement.all("dqv:value")), None)
    for unit, pattern, factor in (("ratio", r"percent|%", 0.01), ("ratio", "ratio|fraction", 1.0), ("hours", "hour", 1.0), ("bytes", "byte", 1.0), ("count", "count|number", 1.0)):
        if re.search(pattern, said):
            return unit, factor
    fraction = 0 <= value <= 1 and literal is not None and ("." in literal.said or "e" in literal.said.lower())
    return ("ratio" if fraction or (literal is not None and literal.said in ("true", "false")) else "count"), 1.0
