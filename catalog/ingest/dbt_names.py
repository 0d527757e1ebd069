"""Names of a dbt project's nodes, the same from every artifact: each document is read without the others.

A node's unique id identifies it; people type the model's name, or source and table: ``source.shop.raw.orders`` → ``raw.orders``.
"""

from collections.abc import Iterator
from datetime import datetime

from catalog.ingest.parts import Part
from catalog.ingest.reading import ShortName

DATASETS = ("model", "seed", "snapshot", "source")
"""Kinds of node that are datasets; the unique id starts with the kind."""


def kind(unique_id: str) -> str:
    """The kind of node: ``model.shop.orders`` → ``model``."""
    return unique_id.partition(".")[0]


def is_dataset(unique_id: str) -> bool:
    """Whether a node holds data: models, seeds, snapshots and sources do."""
    return kind(unique_id) in DATASETS and unique_id.count(".") >= 2


def typed(unique_id: str) -> str:
    """The name that people type: all after kind and project, ``model.shop.orders.v2`` → ``orders.v2``."""
    return unique_id.split(".", 2)[-1]


def short_name(unique_id: str, node: str) -> ShortName:
    """The record that lets people type the short name where no other dataset has it."""
    return ShortName(node=node, identifier=unique_id, short=typed(unique_id))


def relation(database: Part, schema: Part, name: Part) -> str | None:
    """The name of a table in its warehouse, as other tools write it: ``db.schema.table``."""
    table = name.line()
    said = [line for part in (database, schema) if (line := part.line())]
    return ".".join([*said, table]) if table else None


def unit_tested(unique_id: str) -> str | None:
    """The model that a unit test is of: ``unit_test.shop.orders.adds_up`` → ``model.shop.orders``; None for another test."""
    kind_, project, model, *rest = [*unique_id.split("."), "", ""]
    return f"model.{project}.{model}" if kind_ == "unit_test" and any(rest) else None


def artifact_time(artifact: Part) -> datetime | None:
    """When the artifact was made."""
    return artifact["metadata"]["generated_at"].moment() if artifact["metadata"]["generated_at"].present else artifact["generated_at"].moment()


def listed(part: Part, key: str) -> Iterator[tuple[str, Part]]:
    """Nodes of an artifact by unique id; a thing that is no object is reported."""
    for unique_id, entry in part[key].members() if part[key].present else ():
        if isinstance(entry.value, dict):
            yield " ".join(unique_id.split())[:500], entry
        else:
            entry.complain(entry.path, "an object")
