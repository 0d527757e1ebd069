"""Vocabularies of linked data catalogs and the words that the catalog's views have for them.

DCAT 3 (https://www.w3.org/TR/vocab-dcat-3/), DCAT-AP 3, HealthDCAT-AP, ODRL 2.2, DPV 2.1, DQV, PROV-O, SPDX, CSVW, and the authority
tables of the EU Publications Office.
"""

import re
from collections.abc import Iterable
from typing import Any

BASE = "http://document.invalid/"
"""What relative addresses of a document are resolved against; taken off again where one is shown."""
STEWARD = "urn:steward:term:"
"""Terms that no vocabulary has, for what is read back from Steward's own exports."""

NAMESPACES: dict[str, tuple[str, ...]] = {
    "adms": ("http://www.w3.org/ns/adms#", "https://www.w3.org/ns/adms#"),
    "csvw": ("http://www.w3.org/ns/csvw#",),
    "dcat": ("http://www.w3.org/ns/dcat#", "https://www.w3.org/ns/dcat#"),
    "dcatap": ("http://data.europa.eu/r5r/",),
    "dct": ("http://purl.org/dc/terms/", "http://purl.org/dc/terms/#", "http://purl.org/dc/elements/1.1/"),
    "dpv": ("https://w3id.org/dpv#", "http://www.w3.org/ns/dpv#", "https://w3id.org/dpv/dpv-owl#", "https://w3id.org/dpv/owl#"),
    "dqv": ("http://www.w3.org/ns/dqv#",),
    "foaf": ("http://xmlns.com/foaf/0.1/",),
    "geodcat": ("http://data.europa.eu/930/",),
    "health": ("http://healthdataportal.eu/ns/health#", "http://healthdcat-ap.eu/ns#"),
    "odrl": ("http://www.w3.org/ns/odrl/2/",),
    "owl": ("http://www.w3.org/2002/07/owl#",),
    "pav": ("http://purl.org/pav/",),
    "pod": ("https://project-open-data.cio.gov/v1.1/schema#",),
    "prov": ("http://www.w3.org/ns/prov#",),
    "rdf": ("http://www.w3.org/1999/02/22-rdf-syntax-ns#",),
    "rdfs": ("http://www.w3.org/2000/01/rdf-schema#",),
    "schema": ("http://schema.org/", "https://schema.org/"),
    "sdmx": ("http://purl.org/linked-data/sdmx/2009/attribute#",),
    "skos": ("http://www.w3.org/2004/02/skos/core#",),
    "spdx": ("http://spdx.org/rdf/terms#",),
    "st": (STEWARD,),
    "time": ("http://www.w3.org/2006/time#",),
    "vcard": ("http://www.w3.org/2006/vcard/ns#",),
    "void": ("http://rdfs.org/ns/void#",),
    "xsd": ("http://www.w3.org/2001/XMLSchema#",),
}
"""Prefix to the spellings of its namespace, the right one first."""
LABELS = ("foaf:name", "vcard:fn", "vcard:organization-name", "skos:prefLabel", "rdfs:label", "dct:title", "schema:name", "dct:description", "csvw:name")

_TEXT = {
    "title": "dct:title", "description": "dct:description", "identifier": "dct:identifier", "issued": "dct:issued", "modified": "dct:modified",
    "releaseDate": "dct:issued", "modificationDate": "dct:modified", "keyword": "dcat:keyword", "version": "dcat:version", "byteSize": "dcat:byteSize",
    "startDate": "dcat:startDate", "endDate": "dcat:endDate", "checksumValue": "spdx:checksumValue", "name": "foaf:name", "fn": "vcard:fn",
    "accessLevel": "pod:accessLevel", "bureauCode": "pod:bureauCode", "programCode": "pod:programCode", "format": "dct:format", "mediaType": "dcat:mediaType",
    "prefLabel": "skos:prefLabel", "alternative": "dct:alternative", "language": "dct:language", "spatial": "dct:spatial", "temporal": "dct:temporal",
    "theme": "dcat:theme", "accrualPeriodicity": "dct:accrualPeriodicity", "license": "dct:license", "rights": "dct:rights",
    "preferredLabel": "skos:prefLabel", "notation": "skos:notation", "numberOfRecords": "health:numberOfRecords",
    "numberOfUniqueIndividuals": "health:numberOfUniqueIndividuals", "populationCoverage": "health:populationCoverage", "listingDate": "dct:issued",
    "label": "rdfs:label", "definition": "skos:definition", "value": "dqv:value",
}  # fmt: skip
_TEXT |= {f"{name}Map": _TEXT[name] for name in ("title", "description", "keyword", "label", "prefLabel", "definition")}
_THINGS = {
    "dataset": "dcat:dataset", "catalog": "dcat:catalog", "record": "dcat:record", "service": "dcat:service", "distribution": "dcat:distribution",
    "datasetDistribution": "dcat:distribution", "publisher": "dct:publisher", "creator": "dct:creator", "contactPoint": "dcat:contactPoint",
    "hasEmail": "vcard:hasEmail", "accessRights": "dct:accessRights", "licence": "dct:license", "frequency": "dct:accrualPeriodicity",
    "geographicalCoverage": "dct:spatial", "temporalCoverage": "dct:temporal", "applicableLegislation": "dcatap:applicableLegislation",
    "conformsTo": "dct:conformsTo", "linkedSchemas": "dct:conformsTo", "source": "dct:source", "inSeries": "dcat:inSeries", "status": "adms:status",
    "otherIdentifier": "adms:identifier", "checksum": "spdx:checksum", "algorithm": "spdx:algorithm", "accessURL": "dcat:accessURL",
    "accessUrl": "dcat:accessURL", "downloadURL": "dcat:downloadURL", "downloadUrl": "dcat:downloadURL", "landingPage": "dcat:landingPage",
    "wasDerivedFrom": "prov:wasDerivedFrom", "wasGeneratedBy": "prov:wasGeneratedBy", "hasPolicy": "odrl:hasPolicy", "permission": "odrl:permission",
    "prohibition": "odrl:prohibition", "obligation": "odrl:obligation", "duty": "odrl:duty", "action": "odrl:action", "assignee": "odrl:assignee",
    "constraint": "odrl:constraint", "leftOperand": "odrl:leftOperand", "operator": "odrl:operator", "isPartOf": "dct:isPartOf", "hasVersion": "dcat:hasVersion",
    "primaryTopic": "foaf:primaryTopic", "type": "dct:type", "catalogue": "dcat:catalog", "sample": "adms:sample", "email": "vcard:hasEmail",
    "previous": "dcat:prev", "prev": "dcat:prev", "previousVersion": "dcat:previousVersion", "seriesMember": "dcat:seriesMember", "used": "prov:used",
    "changeType": "adms:status", "sourceMetadata": "dct:source", "applicationProfile": "dct:conformsTo", "isReplacedBy": "dct:isReplacedBy", "sameAs": "owl:sameAs",
    "legalBasis": "dpv:hasLegalBasis", "hasLegalBasis": "dpv:hasLegalBasis", "personalData": "dpv:hasPersonalData", "hasPersonalData": "dpv:hasPersonalData",
    "purpose": "dpv:hasPurpose", "hasPurpose": "dpv:hasPurpose", "retentionPeriod": "health:retentionPeriod", "healthTheme": "health:healthTheme",
    "category": "dct:type", "hasQualityMeasurement": "dqv:hasQualityMeasurement", "isMeasurementOf": "dqv:isMeasurementOf", "inDimension": "dqv:inDimension",
    "unitMeasure": "sdmx:unitMeasure",
}  # fmt: skip
_CLASSES = {name: f"dcat:{name}" for name in ("Catalog", "CatalogRecord", "Dataset", "DatasetSeries", "Distribution", "DataService")} | {
    "Catalogue": "dcat:Catalog", "DatasetMemberOfADatasetSeries": "dcat:Dataset", "PeriodOfTime": "dct:PeriodOfTime", "Agent": "foaf:Agent", "Kind": "vcard:Kind", "Offer": "odrl:Offer", "Set": "odrl:Set", "Policy": "odrl:Policy",
}  # fmt: skip
_PREFIXES = {prefix: spellings[0] for prefix, spellings in NAMESPACES.items()} | {
    "Dcat": NAMESPACES["dcat"][0], "dcterms": NAMESPACES["dct"][0], "dc": NAMESPACES["dct"][2], "sdo": NAMESPACES["schema"][0], "healthdcatap": NAMESPACES["health"][0],
}  # fmt: skip
_TERMS: dict[str, Any] = _TEXT | {name: {"@id": term, "@type": "@id"} for name, term in _THINGS.items()}
_BEARERS = (
    "Catalogue", "CatalogueRecord", "DataService", "Dataset", "DatasetSeries", "Distribution", "Agent", "Kind", "Checksum", "Concept", "Identifier", "PeriodOfTime",
    "LicenceDocument", "RightsStatement", "Activity",
)  # fmt: skip
_KNOWN: dict[str, Any] = _PREFIXES | _CLASSES | _TERMS | {f"{bearer}.{name}": term for bearer in _BEARERS for name, term in _TERMS.items()}
"""The contexts of DCAT-AP 3.0.1 and before and of DCAT-US: terms alone, and as 3.0.0 has them, ``Dataset.title``."""
SPOKEN = frozenset({*_TEXT, "comment", "purpose", "hasVersion"})
"""Terms whose value may be a map of languages: ``{"en": "Bees"}``."""
_REMOTE = (
    (r"semiceu\.github\.io/|data\.europa\.eu/.*dcat-?ap|w3\.org/ns/dcat|project-open-data\.cio\.gov/|healthdcat|dcat-?us|w3id\.org/dspace/|w3\.org/ns/odrl\.jsonld", _KNOWN),
    (r"^https?://(www\.)?schema\.org/?(docs/jsonldcontext\.jsonld?)?$", {"@vocab": "http://schema.org/"}),
    (r"w3id\.org/dpv", {"@vocab": NAMESPACES["dpv"][0]}),
)


def remote_context(address: str) -> dict[str, Any] | None:
    """What is known of a context that lies elsewhere: the terms that are read, not all that it declares; None for any other."""
    return next((terms for pattern, terms in _REMOTE if re.search(pattern, address, re.IGNORECASE)), None)


THEMES = {
    "agri": "agriculture", "econ": "economy", "educ": "education", "ener": "energy", "envi": "environment", "gove": "government", "heal": "health",
    "intr": "international", "just": "justice", "regi": "regions", "soci": "society", "tech": "science", "tran": "transport",
}  # fmt: skip
"""http://publications.europa.eu/resource/authority/data-theme"""
FREQUENCIES = {
    "continual": "streaming", "continuous": "streaming", "cont": "streaming", "update_cont": "streaming", "r/pt1s": "streaming", "1min": "streaming",
    "hourly": "hourly", "bihourly": "hourly", "trihourly": "hourly", "r/pt1h": "hourly", "pt1h": "hourly",
    "daily": "daily", "daily_2": "daily", "r/p1d": "daily", "p1d": "daily", "weekly": "weekly", "r/p1w": "weekly", "p1w": "weekly", "r/p7d": "weekly", "p7d": "weekly",
    "monthly": "monthly", "r/p1m": "monthly", "p1m": "monthly", "quarterly": "quarterly", "r/p3m": "quarterly", "p3m": "quarterly",
    "freq-n": "streaming", "freq-h": "hourly", "freq-d": "daily", "freq-w": "weekly", "freq-m": "monthly", "freq-q": "quarterly", "freq-a": "yearly",
    "annual": "yearly", "annually": "yearly", "yearly": "yearly", "r/p1y": "yearly", "p1y": "yearly", "never": "never", "not_planned": "never", "notplanned": "never",
}  # fmt: skip
"""Codes of the EU frequency table, Dublin Core's, SDMX's, INSPIRE's and ISO 8601's; several times a week or every other year promise none of the view's."""
ACCESS = {
    "public": "public", "open": "public", "open_access": "public", "restricted": "internal", "restricted public": "internal", "registered": "internal",
    "non_public": "confidential", "non-public": "confidential", "confidential": "confidential", "sensitive": "restricted",
}  # fmt: skip
"""Access rights to who may know of the row. What the data asks for its metadata gets too: a publisher who means less says so."""
ACCESS_RIGHTS = {"public": "PUBLIC", "internal": "RESTRICTED", "confidential": "NON_PUBLIC", "restricted": "NON_PUBLIC"}
LEGISLATION = (
    ("GDPR", r"2016/679|\bgdpr\b|general data protection regulation"),
    ("EU AI Act", r"2024/1689|\bai act\b|artificial intelligence act"),
    ("HIPAA", r"\bhipaa\b|health insurance portability"),
    ("CCPA", r"\bccpa\b|california consumer privacy"),
)
FIRST_REQUIREMENT = {"GDPR": "lawful basis", "EU AI Act": "transparency", "HIPAA": "security", "CCPA": "opt-out"}
"""What is asked first where a document only says that a law applies."""
LEGISLATION_IRIS = {"GDPR": "http://data.europa.eu/eli/reg/2016/679/oj", "EU AI Act": "http://data.europa.eu/eli/reg/2024/1689/oj"}
LEGAL_BASES = (
    ("consent", r"consent|a6-1-a\b|a9-2-a\b"),
    ("contract", r"contract|a6-1-b\b"),
    ("legal obligation", r"legal ?obligation|a6-1-c\b"),
    ("vital interests", r"vital ?interest|a6-1-d\b|a9-2-c\b"),
    ("public task", r"public ?interest|public ?task|official ?authority|a6-1-e\b|a9-2-[gij]\b"),
    ("legitimate interests", r"legitimate ?interest|a6-1-f\b"),
)
PURPOSES = (
    ("training", r"training|machine ?learning|\bai\b|artificial intelligence"),
    ("research", r"research|scientific|\bscience\b"),
    ("marketing", r"marketing|advertis"),
    ("care", r"\bcare\b|healthcare|treatment|patient"),
    ("audit", r"audit|complian|legal|accountab"),
    ("resale", r"resale|resell|\bsell|commercial"),
    ("analytics", r"analy|statistic|optimi[sz]ation|service|monitor"),
)
DIMENSIONS = (
    ("completeness", r"complete|coverage|missing|null"),
    ("uniqueness", r"unique|duplicat|concise"),
    ("freshness", r"fresh|current|timel|up-?to-?date|age\b|staleness"),
    ("volume", r"volume|row|record|size|count|amount"),
    ("drift", r"drift|distribution|stability"),
    ("accuracy", r"accura|precision|correct"),
    ("consistency", r"consisten|coheren"),
    ("validity", r"valid|conform|complian|syntax|format|credib"),
)
ACTIONS = (
    ("train", r"train|machinelearn|textanddatamining"),
    ("share", r"distribute|share|sell|transfer|sublicen|give|lease|grantuse|publish|commercial"),
    ("export", r"export|extract|copy|reproduce|download|move"),
    ("delete", r"delete|erase|remove"),
    ("retain", r"archive|retain|store|keep"),
    ("read", r"^use$|read|view|query|access|display|present|play|index"),
)
ACTION_TYPES = {"read": "access", "train": "usage", "share": "sharing", "export": "sharing", "delete": "retention", "retain": "retention"}
POLICY_TYPES = frozenset({"access", "retention", "residency", "usage", "sharing"})
ODRL_ACTIONS = {"read": "odrl:read", "train": "st:train", "share": "odrl:distribute", "export": "odrl:extract", "delete": "odrl:delete", "retain": "odrl:archive"}
DATA_TYPES = (
    ("geospatial", r"geospatial|geojson|\bshp\b|gpkg|geotiff|\bgml\b|\bkml\b|\bwms\b|\bwfs\b|vnd\.google-earth|netcdf"),
    ("image", r"^image/|jpe?g|\bpng\b|dicom"),
    ("audio", r"^audio/|\bmp3\b|\bwav\b|flac"),
    ("video", r"^video/|\bmp4\b"),
    ("tabular", r"csv|tsv|parquet|xlsx?|\bods\b|spreadsheet|tabular|statistical"),
    ("text", r"^text/plain|\btxt\b|^text$"),
)


def first_match(table: Iterable[tuple[str, str]], text: str) -> str | None:
    """The first word of a table of words and patterns whose pattern a text has, case and camelCase aside."""
    spread = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ").lower()
    return next((word for word, pattern in table if re.search(pattern, spread) or re.search(pattern, text.lower())), None)
