"""Data Provenance Collection summaries of text, speech and video: AI training sets, their licences as several sources state them, their origin.

One file is an object of entries: those of text are named by their unique identifier, those of speech by the collection, those of video by the title.
https://github.com/Data-Provenance-Initiative/Data-Provenance-Collection
"""

from collections.abc import Iterator

from catalog.ingest.licences import Licence, governing, named
from catalog.ingest.names import HOSTS
from catalog.ingest.parts import Part
from catalog.ingest.reading import Context, Document, ShortName
from catalog.storage.records import Claim, Dataset, LineageEdge, Model, Record

IDENTIFIER = "Unique Dataset Identifier"
CURATOR = "Data Provenance Initiative"
CURATED_WEIGHT = 2.0
"""The curators read the licence's own page; the others are badges that a program collected, of weight 1."""
SOURCES = (
    ("HF Config License", "Hugging Face"),
    ("HF Yaml License", "Hugging Face"),
    ("GitHub License", "GitHub"),
    ("PwC License Name", "Papers with Code"),
)
NO_MODEL = frozenset({"other", "templates", "template", "human", "none", "unknown"})


class DataProvenance:
    """Reads summaries: datasets, the collections they are part of, claims about licences, generating models, parents."""

    kind = "data-provenance"

    def detects(self, document: Document) -> bool:
        """An object whose values are objects that carry a unique dataset identifier."""
        value = document.value
        return isinstance(value, dict) and any(
            isinstance(entry, dict) and IDENTIFIER in entry for entry in value.values()
        )

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """Records of every entry whose identifier is the key it stands under."""
        collections: dict[str, list[str]] = {}
        for key, entry in context.root(document).members():
            identifier = entry[IDENTIFIER].line()
            if identifier is None or not _is_named(entry, " ".join(key.split()), identifier):
                context.complain(entry[IDENTIFIER].path, "the key of the entry")
                continue
            yield from _entry(entry, identifier, context.node)
            if collection := entry["Collection"].line():
                collections.setdefault(collection, []).append(identifier)
        for collection, members in collections.items():
            yield from _collection(collection, members, context.node)


def _is_named(entry: Part, key: str, identifier: str) -> bool:
    """Whether a key names the entry under it; where it does not, the two were mixed up and neither is to be trusted."""
    names = {identifier, *(line for said in ("Collection", "Dataset Name") if (line := entry[said].line()))}
    return key in names or key.startswith(f"{identifier}:")


def _entry(entry: Part, name: str, node: str) -> Iterator[Record]:
    inferred = entry["Inferred Metadata"]
    licence = governing(_curated(entry))
    models = tuple(model for model in entry["Model Generated"].lines() if model.lower() not in NO_MODEL)
    languages = entry["Languages"].lines()
    topics = (*inferred["Text Topics"].lines(), *_known(entry["Topics"]))
    short = entry["Dataset Name"].line() or name
    yield ShortName(node=node, identifier=name, short=short)
    yield Dataset(
        node=node,
        name=name,
        description=_description(entry),
        domain=next(iter(topics), None),
        data_type=_data_type(entry, languages),
        owner=", ".join(entry["Creators"].lines()) or None,
        licence=licence.name if licence else None,
        licence_class=licence.licence_class if licence else None,
        row_count=entry["Text Metrics"]["Num Dialogs"].whole(),
        languages=languages,
        tasks=entry.first("Task Categories", "Tasks").lines(),
        generating_model=", ".join(models) or None,
        last_updated=inferred["HF Date"].moment(),
        deprecated=entry["Taken Down"].present and entry["Taken Down"].flag() is True,
        aliases=_aliases(entry, short),
    )
    yield from _claims(entry, name, node, licence)
    for model in models:
        yield Model(node=node, name=model)
        yield LineageEdge(
            node=node, upstream=model, upstream_kind="model", downstream=name, transform_type="generation"
        )
    for parent in entry["Derived from Datasets"].lines():
        yield LineageEdge(node=node, upstream=parent, downstream=name)


def _data_type(entry: Part, languages: tuple[str, ...]) -> str:
    if entry["Video Hours"].present or entry["Video Sources"].present:
        return "video"
    if entry["Hours"].present:
        return "audio"
    return "code" if languages == ("Code",) else "text"


def _known(part: Part) -> tuple[str, ...]:
    """What a list says, without the word for nothing."""
    return tuple(line for line in part.lines() if line.lower() not in ("unclear", "unspecified", "unknown"))


def _description(entry: Part) -> str | None:
    """The description that Papers with Code has, and sentences for what no column holds."""
    inferred = entry["Inferred Metadata"]
    said = [inferred["PwC Description"].text()]
    hours = entry.first("Video Hours", "Hours")
    for label, lines in (
        ("Hours", _known(hours)),
        ("Speakers", _known(entry["Speakers"])),
        ("Text sources", entry["Text Sources"].lines()),
        ("Video sources", entry["Video Sources"].lines()),
        ("Sources", entry["Source"].lines()),
        ("Topics", (*inferred["Text Topics"].lines(), *_known(entry["Topics"]))),
        ("Countries", entry.first("Countries", "Location").lines()),
        ("Released", entry["Year Released"].lines()),
        ("Paper", entry["Paper Title"].lines()),
    ):
        said.append(f"{label}: {', '.join(lines)}." if lines else None)
    return " ".join(text for text in said if text) or None


def _aliases(entry: Part, short: str) -> tuple[str, ...]:
    hosted = entry["Inferred Metadata"]["HF Dataset"].line()
    page = entry["Hugging Face URL"].line()
    if not hosted and page and "huggingface.co/datasets/" in page:
        hosted = HOSTS.sub("", page).split("?")[0].strip("/")
    return tuple(dict.fromkeys(name for name in (short, hosted) if name))


def _curated(entry: Part) -> list[Licence]:
    stated = (named(part["License"].line()) for part in entry["Licenses"].each())
    return list(dict.fromkeys(licence for licence in stated if licence))


def _claims(entry: Part, name: str, node: str, curated: Licence | None) -> Iterator[Claim]:
    """What each source states as the licence, and what that licence lets one do."""
    said = {CURATOR: curated} if curated else {}
    for field, source in SOURCES:
        if licence := named(entry["Inferred Metadata"][field].line()):
            said.setdefault(source, licence)
    for claimant, licence in said.items():
        for attribute, value in (("licence", licence.name), ("licence_class", licence.licence_class)):
            yield Claim(
                node=node,
                claim_id=f"{name}/{attribute}/{claimant}",
                dataset=name,
                attribute=attribute,
                claimed_value=value,
                claimant=claimant,
                weight=CURATED_WEIGHT if claimant == CURATOR else 1.0,
            )


def _collection(collection: str, members: list[str], node: str) -> Iterator[Record]:
    """A collection of several is a dataset made of them; one of a single dataset is another name of it."""
    if len(members) == 1:
        yield Dataset(node=node, name=members[0], aliases=(collection,))
        return
    yield Dataset(node=node, name=collection, data_type="text", description=f"Collection of {len(members)} datasets.")
    for member in members:
        yield LineageEdge(node=node, upstream=member, downstream=collection, transform_type="copy")
