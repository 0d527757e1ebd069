"""Croissant 0.8, 1.0 and 1.1: JSON-LD about machine learning datasets, with record sets, files, RAI and provenance terms.

Keys are read by their local names, with or without a prefix. https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

import re
from collections import Counter
from collections.abc import Iterator

from catalog.errors import BadDocument
from catalog.ingest.aws_open_data import frequency
from catalog.ingest.croissant_usage import usage
from catalog.ingest.jsonld import bare, local_name, name_of, names_of, text_of, texts
from catalog.ingest.languages import NAMES, language_name
from catalog.ingest.licences import Licence, from_prose, governing
from catalog.ingest.parts import Part
from catalog.ingest.reading import Context, Document
from catalog.storage.records import Dataset, DatasetColumn, LineageEdge, Record

FORMATS = {
    "text/csv": "csv", "text/tab-separated-values": "tsv", "application/x-parquet": "parquet", "application/vnd.apache.parquet": "parquet",
    "application/json": "json", "application/jsonlines": "jsonl", "application/x-jsonlines": "jsonl", "application/jsonl": "jsonl",
    "text/plain": "text", "application/zip": "zip", "application/x-tar": "tar", "application/gzip": "gzip", "application/x-gzip": "gzip",
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
        """A JSON-LD dataset that conforms to Croissant, or has its vocabulary or parts."""
        value = document.value
        if not isinstance(value, dict) or "Dataset" not in [local_name(t) for t in texts(value.get("@type"))]:
            return False
        said = [*texts(value.get("conformsTo")), *texts(value.get("dct:conformsTo")), *texts(_context_terms(value))]
        return any("croissant" in text or "mlcommons.org" in text for text in said) or "recordSet" in value

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """The dataset, its columns and its parents; raises BadDocument when it has no name."""
        root = context.root(document)
        name = name_of(root["name"]) or name_of(root["@id"]) or _from_url(root["url"]) or _from_files(root)
        if name is None:
            raise BadDocument("$.name", "the name of the dataset")
        node = context.node
        licence = governing(_licences(root))
        columns = list(_columns(root, name, node))
        files = [part for key in ("distribution", "cr:distribution") for part in root[key].each()]
        sizes = [_size(file["contentSize"]) for file in files]
        hashes = {digest for file in files if (digest := file["sha256"].line()) and re.fullmatch(r"[0-9a-fA-F]{64}", digest)}
        modified = root.first("dateModified", "datePublished", "dateCreated")
        yield Dataset(
            node=node,
            name=name,
            description=text_of(root["description"]),
            data_type=_data_type(root, files),
            format=_format(files),
            owner=_owner(root),
            licence=licence.name if licence else None,
            licence_class=licence.licence_class if licence else None,
            pii=_personal(root),
            bytes=sum(size or 0 for size in sizes) if files and None not in sizes else None,
            languages=_languages(root),
            tasks=tuple(word for word in root["keywords"].lines() if TASK.fullmatch(word)),
            version=bare(root["version"]).line(),
            content_hash=next(iter(hashes)).lower() if len(hashes) == 1 and len(files) == 1 else None,
            update_frequency=frequency(text_of(root.first("rai:dataReleaseMaintenancePlan", "dataReleaseMaintenancePlan"))),
            last_updated=bare(modified).moment(),
            aliases=tuple(dict.fromkeys([*names_of(root["alternateName"]), *_hosted(root["url"]), *_same(root["sameAs"])])),
            as_of=bare(root.first("sdDatePublished", "dateModified", "datePublished")).moment(),
        )
        yield from columns
        yield from usage(root, name, node, bare(root.first("sdDatePublished", "dateModified", "datePublished")).moment())
        for key in ("prov:wasDerivedFrom", "wasDerivedFrom", "isBasedOn", "sc:isBasedOn"):
            for source in root[key].each():
                if parent := _source(source):
                    yield LineageEdge(node=node, upstream=parent, downstream=name)


def _context_terms(value: dict[str, object]) -> list[object]:
    context = value.get("@context")
    contexts = context if isinstance(context, list) else [context]
    return [term for entry in contexts for term in (entry.values() if isinstance(entry, dict) else [entry])]


def _hosted(url: Part) -> list[str]:
    """The name on Hugging Face, when the dataset lives there."""
    match = re.match(r"https?://huggingface\.co/datasets/([^?#]+)", url.line() or "")
    return [match[1].strip("/")] if match else []


def _from_url(url: Part) -> str | None:
    hosted = _hosted(url)
    return hosted[0] if hosted else None


def _from_files(root: Part) -> str | None:
    """The repository on Hugging Face that a file lies in, for a dataset that has neither name nor address."""
    for part in root.first("distribution", "cr:distribution").each():
        match = re.match(r"https?://huggingface\.co/datasets/([^/?#]+/[^/?#]+)", part["contentUrl"].line() or "")
        if match:
            return match[1]
    return None


def _same(part: Part) -> list[str]:
    """Names of the same dataset elsewhere: on Hugging Face its name there, else its address."""
    return [name for each in part.each() if (line := name_of(each)) for name in (_hosted(Part(line, each.path, each.complain)) or [line])]


def _licences(root: Part) -> list[Licence]:
    found = []
    for key in ("license", "sc:license"):
        for part in root[key].each():
            stated = part.first("name", "url", "@id") if isinstance(part.value, dict) else part
            if licence := from_prose(
                (stated.text() or "").removeprefix("https://choosealicense.com/licenses/").strip("/")
            ):
                found.append(licence)
    return found


def _languages(root: Part) -> tuple[str, ...]:
    stated = [language_name(code) for code in names_of(root["inLanguage"])]
    return tuple(dict.fromkeys(stated or [word for word in root["keywords"].lines() if word in LANGUAGES]))


def _owner(root: Part) -> str | None:
    for key in ("creator", "publisher", "sc:creator", "author", "maintainer"):
        if names := names_of(root[key]):
            return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return None


def _personal(root: Part) -> bool | None:
    """Whether the RAI term names personal data; an empty or denying statement is False, no statement None."""
    part = root.first("rai:personalSensitiveInformation", "personalSensitiveInformation")
    said = [text.lower() for each in part.each() if (text := each.text())]
    if not said:
        return None
    return not all(re.match(r"(none|no|not applicable|n/?a)\b", text) for text in said)


def _format(files: list[Part]) -> str | None:
    """The file format of the data rather than of the archive around it."""
    types = [line.lower() for file in files for line in file["encodingFormat"].lines() if not line.startswith("http")]
    formats = list(dict.fromkeys(FORMATS.get(mime, mime.rsplit("/", 1)[-1].removeprefix("x-")) for mime in types))
    return next((name for name in formats if name not in CONTAINERS), formats[0] if formats else None)


def _data_type(root: Part, files: list[Part]) -> str | None:
    """The modality that keywords, field types and files show; several of image, audio, video and text are multimodal."""
    shown = [local_name(t).lower() for field in _fields(root) for t in texts(field["dataType"].value)]
    shown += [t.lower() for file in files for t in texts(file["encodingFormat"].value)]
    words = {word.lower() for word in root["keywords"].lines()}
    found = [kind for kind, marks in MODALITIES if kind in words or any(mark in t for t in shown for mark in marks)]
    if "text" in words:
        found.append("text")
    if len(found) > 1:
        return "multimodal"
    if found:
        return found[0]
    return "tabular" if "tabular" in words or any("csv" in t or "parquet" in t for t in shown) else None


def _fields(root: Part) -> Iterator[Part]:
    for record_set in root.first("recordSet", "cr:recordSet").each():
        yield from (field for _, field in _nested(record_set.first("field", "cr:field"), ""))


def _nested(fields: Part, above: str) -> Iterator[tuple[str, Part]]:
    """Fields with their names, those inside others by their path ``box.x``."""
    for field in fields.each():
        name = _short(field)
        yield f"{above}{name}" if name else "", field
        yield from _nested(field.first("subField", "cr:subField"), f"{above}{name}." if name else above)


def _columns(root: Part, dataset: str, node: str) -> Iterator[DatasetColumn]:
    """Fields of the record sets that hold data; a name that several of these have is ``record set/field``."""
    sets = [
        (
            record_set,
            [(name, field) for name, field in _nested(record_set.first("field", "cr:field"), "") if name],
        )
        for record_set in root.first("recordSet", "cr:recordSet").each()
        if not {local_name(t) for t in texts(record_set["dataType"].value)} & {"Enumeration", "Split"}
    ]
    bearers = Counter(name for _, fields in sets for name in {name for name, _ in fields})
    for record_set, fields in sets:
        keys = {local_name(key) for key in texts(record_set["key"].value)}
        for name, field in fields:
            types = [local_name(t) for t in texts(field["dataType"].value)]
            yield DatasetColumn(
                node=node,
                dataset=dataset,
                column_name=name if bearers[name] == 1 else f"{_short(record_set)}/{name}",
                type=", ".join(types) or None,
                definition=text_of(field["description"]),
                glossary_term=next((local_name(t) for t in texts(field["equivalentProperty"].value)), None),
                is_key=name in keys if keys else None,
            )


def _short(part: Part) -> str | None:
    name = name_of(part["name"]) or name_of(part["@id"])
    return name.rstrip("/").rsplit("/", 1)[-1] if name else None


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
    for key in ("name", "prov:label", "prov:atLocation", "url", "@id"):
        if line := name_of(part[key]):
            return line
    return None
