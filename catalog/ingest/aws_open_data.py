"""Registry of Open Data on AWS: one YAML file per dataset, with its licence in prose and the buckets it lies in.

https://github.com/awslabs/open-data-registry
"""

import re
from collections.abc import Iterator

from catalog.errors import BadDocument
from catalog.ingest.licences import from_prose
from catalog.ingest.parts import Part
from catalog.ingest.reading import Context, Document
from catalog.storage.records import Dataset, GovernancePolicy, Record

REQUIRED = ("Name", "Description", "License", "ManagedBy", "Resources")
ADMINISTRATIVE = frozenset({"aws-pds", "amazon.science", "strides", "deafrica", "global", "metadata", "labeled", "us"})
FORMATS = (
    *(
        "parquet",
        "csv",
        "json",
        "geojson",
        "geotiff",
        "cog",
        "netcdf",
        "zarr",
        "hdf5",
        "hdf",
        "fastq",
        "fasta",
        "bam",
        "cram",
    ),
    *("vcf", "xml", "grib", "grib2", "laz", "las", "dicom", "nifti", "fits", "avro", "orc", "geoparquet", "shapefile"),
)
DATA_TYPES = (
    (
        "geospatial",
        (
            "geospatial",
            "satellite imagery",
            "aerial imagery",
            "earth observation",
            "elevation",
            "land cover",
            "mapping",
            "lidar",
        ),
    ),
    (
        "image",
        (
            "computer vision",
            "imaging",
            "image processing",
            "microscopy",
            "medical imaging",
            "radiology",
            "neuroimaging",
        ),
    ),
    ("audio", ("audio", "speech", "speech recognition", "bioacoustics")),
    ("video", ("video",)),
    ("text", ("natural language processing", "text", "text analysis", "translation", "machine translation")),
    ("tabular", ("csv", "parquet", "survey", "census", "statistics", "financial markets")),
)
TASKS = {
    "computer vision", "natural language processing", "object detection", "segmentation", "image processing", "classification",
    "information retrieval", "machine translation", "speech recognition", "question answering", "text analysis", "forecast",
    "signal processing", "deep learning", "machine learning", "benchmark",
}  # fmt: skip
FREQUENCIES = (
    ("never", r"^(never|none|static|finali[sz]ed|n/?a)\b|\b(not|never|no longer) (be |being |currently )*(being )?updated|^not (currently|expected|updated)"
              r"|\bno (future |further |planned )?updates|will not be updated|static (data|release|database)|none planned|final version"),
    ("streaming", r"\breal[ -]?time\b|\bstreaming\b|\bcontinuous(ly)?\b|\bevery (few |\d+ )?(seconds?|minutes?)\b|^\d+ minutes?\b|\bminutely\b"),
    ("hourly", r"\bhourly\b|\bevery hour\b|\bevery ([1-9]|1\d) hours\b|\b([2-9]|\d\d) times (a|each|per) day\b|^1 hour"),
    ("daily", r"\bdaily\b|\bevery day\b|\bonce (a|per) day\b|\b1 time a day\b|\bevery 24 hours\b|\bnightly\b"),
    ("weekly", r"(?<!bi-)(?<!bi)\bweekly\b|\bevery week\b|\bonce (a|per) week\b|\bevery 7 days\b"),
    ("monthly", r"(?<!bi-)(?<!bi)\bmonthly\b|\bevery month\b|\bonce (a|per) month\b"),
    ("quarterly", r"\bquarterly\b|\bevery (quarter|three months|3 months)\b"),
    ("yearly", r"(?<!semi-)(?<!semi )(?<!bi-)\b(yearly|annual|annually)\b|\bevery year\b|\bonce (a|per) year\b"),
)  # fmt: skip


class AwsOpenData:
    """Reads a registry entry as one dataset."""

    kind = "aws-open-data"

    def detects(self, document: Document) -> bool:
        """An object with the registry's required keys."""
        return isinstance(document.value, dict) and all(key in document.value for key in REQUIRED)

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """The entry's dataset, and on which conditions its resources may be read."""
        entry = context.root(document)
        licence = from_prose(entry["License"].text())
        tags = entry["Tags"].lines()
        lower = [tag.lower() for tag in tags]
        subjects = [tag for tag in tags if tag.lower() not in ADMINISTRATIVE | set(FORMATS)]
        changed = entry.first("RegistryEntryLastModified", "RegistryEntryAdded")
        name = entry["Name"].line()
        if name is None:
            raise BadDocument("$.Name", "the name of the dataset")
        yield Dataset(
            node=context.node,
            name=name,
            description="\n".join(text for key in ("Description", "DeprecatedNotice") if (text := entry[key].text())) or None,
            domain=subjects[0] if subjects else None,
            data_type=next((kind for kind, words in DATA_TYPES if any(word in lower for word in words)), None),
            format=next((tag for tag in lower if tag in FORMATS), None),
            owner=_manager(entry["ManagedBy"]),
            steward=_contact(entry["Contact"]),
            licence=licence.name if licence else None,
            licence_class=licence.licence_class if licence else None,
            tasks=tuple(tag for tag in lower if tag in TASKS),
            region=_region(entry["Resources"]),
            update_frequency=frequency(entry["UpdateFrequency"].text()),
            deprecated=bool(entry["Deprecated"].flag()) if entry["Deprecated"].present else entry["DeprecatedNotice"].present,
            as_of=changed.moment() if changed.present else None,
        )
        for condition in _conditions(entry["Resources"]):
            yield GovernancePolicy(
                node=context.node,
                policy_id=f"{name}/access/{condition}",
                name=condition,
                type="access",
                effect="oblige",
                action="read",
                target=name,
                as_of=changed.moment() if changed.present else None,
            )


def frequency(text: str | None) -> str | None:
    """The update frequency that a phrase promises; None when it promises none or several."""
    said = " ".join((text or "").lower().split())
    found = [name for name, pattern in FREQUENCIES if re.search(pattern, said)]
    return found[0] if len(found) == 1 else None


def _manager(part: Part) -> str | None:
    """The organisation's name without its address: ``[NOAA](http://www.noaa.gov/)`` → ``NOAA``."""
    text = re.sub(r"\[([^\]]*)\]\s*\([^)]*\)", r"\1", part.line() or "")
    text = re.sub(r"\(?\bhttps?://[^\s)]+\)?", "", text)
    return " ".join(text.split()).strip(" ,;") or None


def _contact(part: Part) -> str | None:
    """The address to write to among the prose of a contact; None when it has none."""
    match = re.search(r"[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63})+", part.text() or "")
    return match[0] if match else None


def _conditions(resources: Part) -> tuple[str, ...]:
    """What a resource asks of who reads it."""
    found = []
    for resource in resources.each():
        if isinstance(resource.value, dict):
            found += ["requester pays"] if resource["RequesterPays"].value is True else []
            found += ["an AWS account is required"] if resource["AccountRequired"].value is True else []
            place = resource["ControlledAccess"]
            found += [f"controlled access: {place.line()}"] if isinstance(place.value, str) and place.line() else []
    return tuple(dict.fromkeys(found))


def _region(resources: Part) -> str | None:
    """The region of most resources, the earlier one when two hold as many."""
    regions = [region for resource in resources.each() if (region := resource["Region"].line())]
    return max(dict.fromkeys(regions), key=regions.count, default=None)
