"""Croissant 0.8, 1.0 and 1.1: JSON-LD about machine learning datasets, with record sets, files, RAI and provenance terms.

Terms are read however a context spells them; see ``croissant_documents``. https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

import re
from collections.abc import Iterator

from catalog.errors import BadDocument
from catalog.ingest.aws_open_data import frequency
from catalog.ingest.croissant_columns import columns, fields_of
from catalog.ingest.croissant_documents import croissants
from catalog.ingest.croissant_usage import usage
from catalog.ingest.jsonld import bare, local_name, name_of, names_of, text_of, texts
from catalog.ingest.languages import NAMES, language_name
from catalog.ingest.licences import Licence, from_prose, governing
from catalog.ingest.parts import LARGEST, LONGEST_TEXT, Part
from catalog.ingest.reading import Context, Document
from catalog.storage.records import Dataset, LineageEdge, Record

FORMATS = {
    "text/csv": "csv", "text/tab-separated-values": "tsv", "application/x-parquet": "parquet", "application/vnd.apache.parquet": "parquet",
    "application/json": "json", "application/jsonlines": "jsonl", "application/x-jsonlines": "jsonl", "application/jsonl": "jsonl",
    "text/plain": "text", "text/txt": "text", "application/zip": "zip", "application/x-tar": "tar", "application/gzip": "gzip", "application/x-gzip": "gzip",
    "image/jpeg": "jpeg", "image/png": "png", "audio/mpeg": "mp3", "audio/wav": "wav", "video/mp4": "mp4", "application/pdf": "pdf",
}  # fmt: skip
CONTAINERS = frozenset({"zip", "tar", "gzip", "git", "git+https"})
MODALITIES = (
    ("image", ("imageobject", "image/")),
    ("audio", ("audioobject", "audio/")),
    ("video", ("videoobject", "video/")),
)
LANGUAGES = frozenset(NAMES.values())
TASK = re.compile(
    r"[a-z]+(-[a-z]+)*-(classification|generation|answering|translation|recognition|detection|segmentation|retrieval|"
    r"forecasting|regression|similarity|ranking)|summarization|translation|fill-mask|text-to-\w+|image-to-\w+|robotics"
)
"""Task names as Hugging Face writes them among the keywords."""
CARDINALITY = "Q4049983"
"""Wikidata's term for how many there are, by which an annotation counts the records of a set."""
GENERATED = re.compile(r"\b(ai|language)[ -]model|\bllm\b|synthetic", re.IGNORECASE)
DENIES = re.compile(
    r"^(none|no|not applicable|n/?a)\b|\b(does|do|did) not (contain|include|have|collect)|\bcontains? no\b|\bno (personal|sensitive|pii|personally)\b|\bfree of (personal|pii)"
)
RAI = {
    "dataCollection": "Collection", "dataCollectionType": "Collection type", "dataCollectionRawData": "Raw data", "dataCollectionMissingData": "Missing data",
    "dataCollectionTimeframe": "Collected", "dataCollectionTimeFrame": "Collected", "dataPreprocessingProtocol": "Preprocessing",
    "dataManipulationProtocol": "Manipulation", "dataImputationProtocol": "Imputation", "dataAnnotationProtocol": "Annotation",
    "dataAnnotationPlatform": "Annotation platform", "dataAnnotationAnalysis": "Annotation analysis", "annotationsPerItem": "Annotations per item",
    "annotatorDemographics": "Annotators", "machineAnnotationTools": "Annotation tools", "personalSensitiveInformation": "Personal and sensitive information",
    "dataUseCases": "Use cases", "dataLimitations": "Limitations", "dataBiases": "Biases", "dataSocialImpact": "Social impact",
    "dataReleaseMaintenancePlan": "Maintenance",
}  # fmt: skip
"""Terms of RAI and the label of the line that each becomes."""
UNITS = {
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}


class Croissant:
    """Reads one dataset with its columns and what it was derived from."""

    kind = "croissant"

    def detects(self, document: Document) -> bool:
        """A JSON-LD dataset that conforms to Croissant, or has its vocabulary or parts: alone, in a list or in a graph."""
        try:
            return bool(croissants(document.value))
        except (BadDocument, RecursionError):
            return True  # said when it is read

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """The datasets, their columns and their parents; raises BadDocument where the only one has no name."""
        found = croissants(document.value)
        for path, value in found:
            root = Part(value, path, context.complain)
            name = name_of(root["name"]) or _from_url(root["url"]) or _from_files(root) or _identity(root["@id"])
            if name is not None:
                yield from _described(root, name, context.node)
            elif len(found) > 1:
                context.complain(f"{path}.name", "the name of the dataset")
            else:
                raise BadDocument(f"{path}.name", "the name of the dataset")


def _described(root: Part, name: str, node: str) -> Iterator[Record]:
    licence = governing(_licences(root))
    every = list(root["distribution"].each())
    files = [file for file in every if isinstance(file.value, dict) and not file["containedIn"].present]  # not what lies inside another
    sizes = [_size(file["contentSize"]) for file in files]
    whole = sum(size or 0 for size in sizes)
    hashes = {digest for file in files if (digest := _line(file["sha256"])) and re.fullmatch(r"[0-9a-fA-F]{64}", digest)}
    described_at = bare(root.first("sdDatePublished", "dateModified", "datePublished")).moment()
    yield Dataset(
        node=node,
        name=name,
        description=_description(root),
        data_type=_data_type(root, every),
        format=_format(every),
        owner=_owner(root),
        licence=licence.name if licence else None,
        licence_class=licence.licence_class if licence else None,
        pii=_personal(root),
        row_count=_records(root),
        bytes=whole if files and None not in sizes and whole <= LARGEST else None,
        languages=_languages(root),
        tasks=tuple(word for word in _keywords(root) if TASK.fullmatch(word)),
        generating_model=_generator(root),
        version=bare(root["version"]).line(),
        content_hash=next(iter(hashes)).lower() if len(hashes) == 1 and len(files) == 1 else None,
        update_frequency=frequency(text_of(root["dataReleaseMaintenancePlan"])),
        last_updated=bare(root.first("dateModified", "datePublished", "dateCreated")).moment(),
        aliases=_aliases(root),
        as_of=described_at,
    )
    yield from columns(root, name, node)
    yield from usage(root, name, node, described_at)
    for key in ("prov:wasDerivedFrom", "isBasedOn"):
        for source in root[key].each():
            if parent := _source(source):
                yield LineageEdge(node=node, upstream=parent, downstream=name)
    for activity in root["prov:wasGeneratedBy"].each():
        for source in activity["prov:used"].each():
            if parent := _source(source):
                yield LineageEdge(node=node, upstream=parent, downstream=name, job=_source(activity))


def _line(part: Part) -> str | None:
    """A line, or None for anything else: nobody fails for a checksum that is no text."""
    return part.line() if isinstance(part.value, str) else None


def _identity(part: Part) -> str | None:
    """An identifier as a name, unless it only says that it is the root of the document."""
    return None if part.value in ("./", ".", "#", "") else name_of(part)


def _aliases(root: Part) -> tuple[str, ...]:
    """Other names, the name on Hugging Face else the address of the page, identifiers, addresses of the same dataset elsewhere."""
    pages = [page for page in root["url"].lines() if page.startswith(("http://", "https://"))] if not isinstance(root["url"].value, dict) else []
    said = [*names_of(root["alternateName"]), *(_hosted(root["url"]) or pages), *_identifiers(root["identifier"]), *_same(root["sameAs"])]
    return tuple(dict.fromkeys(said))


def _identifiers(part: Part) -> list[str]:
    """Identifiers such as a DOI, written as text or as a value with its kind."""
    return [line for each in part.each() if (line := name_of(each.first("value", "url", "@id") if isinstance(each.value, dict) else each))]


def _description(root: Part) -> str | None:
    """The description, and a line for each thing that RAI asks to say and no column holds."""
    said = [text_of(root["description"])]
    for term, label in RAI.items():
        if lines := [text for each in root[term].each() if (text := text_of(each))]:
            said.append(f"{label}: {'; '.join(lines)}")
    for label, term in (("Temporal coverage", "temporalCoverage"), ("Spatial coverage", "spatialCoverage")):
        if lines := names_of(root[term]):
            said.append(f"{label}: {', '.join(lines)}")
    return "\n".join(text for text in said if text)[:LONGEST_TEXT] or None


def _records(root: Part) -> int | None:
    """The number of records that an annotation of the only record set counts."""
    sets = list(root["recordSet"].each())
    for annotation in sets[0]["annotation"].each() if len(sets) == 1 else ():
        if annotation["value"].present and any(local_name(t) == CARDINALITY for t in texts(annotation["dataType"].value)):
            return annotation["value"].whole()
    return None


def _generator(root: Part) -> str | None:
    """The model that generated the data: a software agent whose activity says that it is one."""
    for activity in root["prov:wasGeneratedBy"].each():
        for agent in activity["prov:wasAssociatedWith"].each():
            kinds = {local_name(t) for t in texts(agent["@type"].value)}
            if "SoftwareAgent" in kinds and (GENERATED.search(_source(activity) or "") or "model" in (_source(agent) or "").lower()):
                return _source(agent)
    return None


def _keywords(root: Part) -> list[str]:
    """Keywords, also those that one text lists with commas or that are defined terms."""
    return [word for said in names_of(root["keywords"]) for word in (part.strip() for part in said.split(",")) if word]


def _hosted(url: Part) -> list[str]:
    """The name on Hugging Face, when the dataset lives there."""
    match = re.match(r"https?://huggingface\.co/datasets/([^?#]+)", name_of(url) or "")
    return [match[1].strip("/")] if match else []


def _from_url(url: Part) -> str | None:
    hosted = _hosted(url)
    return hosted[0] if hosted else None


def _from_files(root: Part) -> str | None:
    """The repository on Hugging Face that a file lies in, for a dataset that has neither name nor address."""
    for part in root["distribution"].each():
        match = re.match(r"https?://huggingface\.co/datasets/([^/?#]+/[^/?#]+)", _line(part["contentUrl"]) or "")
        if match:
            return match[1]
    return None


def _same(part: Part) -> list[str]:
    """Names of the same dataset elsewhere: on Hugging Face its name there, else its address."""
    return [name for each in part.each() if (line := name_of(each)) for name in (_hosted(Part(line, each.path, each.complain)) or [line])]


def _licences(root: Part) -> list[Licence]:
    found = []
    for part in root["license"].each():
        stated = part.first("name", "url", "@id") if isinstance(part.value, dict) and "@value" not in part.value else part
        if licence := from_prose((text_of(stated) or "").removeprefix("https://choosealicense.com/licenses/").strip("/")):
            found.append(licence)
    return found


def _languages(root: Part) -> tuple[str, ...]:
    stated = [language_name(code) for code in names_of(root["inLanguage"])]
    return tuple(dict.fromkeys(stated or [word for word in _keywords(root) if word in LANGUAGES]))


def _owner(root: Part) -> str | None:
    for key in ("creator", "publisher", "author", "maintainer", "prov:wasAttributedTo"):
        if names := names_of(root[key]):
            return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return None


def _personal(root: Part) -> bool | None:
    """Whether the RAI term names personal data; an empty or denying statement is False, no statement None."""
    said = [text.lower() for each in root["personalSensitiveInformation"].each() if (text := text_of(each))]
    if not said:
        return None
    return not all(DENIES.search(text) for text in said)


def _format(files: list[Part]) -> str | None:
    """The file format of the data rather than of the archive around it."""
    types = [line.lower() for file in files for line in texts(file["encodingFormat"].value) if not line.startswith("http")]
    formats = list(dict.fromkeys(FORMATS.get(mime, mime.rsplit("/", 1)[-1].removeprefix("x-")) for mime in types))
    return next((name for name in formats if name not in CONTAINERS), formats[0] if formats else None)


def _data_type(root: Part, files: list[Part]) -> str | None:
    """The modality that keywords, field types and files show; several of image, audio, video and text are multimodal."""
    shown = [local_name(t).lower() for field in fields_of(root) for t in texts(field["dataType"].value)]
    shown += [t.lower() for file in files for t in texts(file["encodingFormat"].value)]
    words = {word.lower() for word in _keywords(root)}
    found = [kind for kind, marks in MODALITIES if kind in words or any(mark in t for t in shown for mark in marks)]
    if "text" in words:
        found.append("text")
    if len(found) > 1:
        return "multimodal"
    if found:
        return found[0]
    return "tabular" if "tabular" in words or any("csv" in t or "parquet" in t for t in shown) else None


def _size(part: Part) -> int | None:
    """Bytes of a content size such as ``1,234 B``, ``12 MB`` or a bare number."""
    match = re.fullmatch(r"([\d.,]+)\s*([kmgt]?i?b)?(?:ytes)?", (part.line() or "").lower())
    if match is None:
        return None
    try:
        return round(float(match[1].replace(",", "")) * UNITS[match[2] or "b"])
    except (ValueError, OverflowError):
        return None


def _source(part: Part) -> str | None:
    """The name of what a dataset was derived from: a name or address, also inside an object."""
    if not isinstance(part.value, dict):
        return part.line()
    for key in ("name", "prov:label", "label", "rdfs:label", "prov:atLocation", "url", "@id"):
        if line := name_of(part[key]):
            return line
    return None
