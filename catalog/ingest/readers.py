"""The formats that ``steward ingest`` reads; to add one, write a ``Reader`` and list it here."""

from catalog.ingest.aws_open_data import AwsOpenData
from catalog.ingest.croissant import Croissant
from catalog.ingest.data_provenance import DataProvenance
from catalog.ingest.openlineage import OpenLineage
from catalog.ingest.reading import Reader

READERS: tuple[Reader, ...] = (DataProvenance(), AwsOpenData(), Croissant(), OpenLineage())
"""In the order they are asked; the first that detects a document reads it."""
