"""The formats that ``steward ingest`` reads, and the entry points through which an installed package adds its own.

A package names its reader in the group ``steward.readers``; docs/formats.md shows one.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from catalog.errors import UsageError
from catalog.ingest.aws_open_data import AwsOpenData
from catalog.ingest.croissant import Croissant
from catalog.ingest.data_provenance import DataProvenance
from catalog.ingest.dbt import Dbt
from catalog.ingest.dcat import Dcat
from catalog.ingest.flower import Flower
from catalog.ingest.great_expectations import GreatExpectations
from catalog.ingest.ocean import Ocean
from catalog.ingest.odcs import Odcs
from catalog.ingest.openlineage import OpenLineage
from catalog.ingest.reading import Reader

READERS: tuple[Reader, ...] = (DataProvenance(), AwsOpenData(), Croissant(), OpenLineage(), Odcs(), Dbt(), GreatExpectations(), Dcat(), Ocean(), Flower())
"""In the order they are asked; the first that detects a document reads it."""
GROUP = "steward.readers"
FAILURES = (ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, OSError, RuntimeError, SyntaxError, TypeError, ValueError)
"""What loading the package of somebody else may end in."""


@cache
def all_readers() -> tuple[Reader, ...]:
    """The built-in readers, then those of installed packages by name. Raises UsageError for one that is broken."""
    added = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return (*READERS, *map(_loaded, added))


def _loaded(point: EntryPoint) -> Reader:
    """The reader that an entry point names: an instance, or a class that is made without arguments."""
    try:
        found = point.load()
        reader: Reader = found() if isinstance(found, type) else found
    except FAILURES as error:
        raise UsageError(f"The reader {point.name} ({point.value}) cannot be loaded: {error!r}.", _advice(point)) from error
    if not (isinstance(getattr(reader, "kind", None), str) and callable(getattr(reader, "detects", None)) and callable(getattr(reader, "read", None))):
        raise UsageError(f"The reader {point.name} ({point.value}) is none: it lacks kind, detects or read.", _advice(point))
    if reader.kind in {own.kind for own in READERS}:
        raise UsageError(f"The reader {point.name} ({point.value}) calls its format {reader.kind}, as one of Steward's does.", _advice(point))
    return reader


def _advice(point: EntryPoint) -> str:
    package = f" {point.dist.name}" if point.dist else ""
    return f"Repair or uninstall the package{package} that brings it; docs/formats.md says what a reader is."
