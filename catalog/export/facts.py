"""What one asker may see of datasets, read from their redacted snapshot; every export is made of this and of nothing else.

Columns that the policy hides are absent and masked cells stay masked. Knows no format.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from catalog.errors import UsageError
from catalog.quality.freshness import opened
from catalog.semantic import views

Row = Mapping[str, Any]
"""Cells by column; a column that the asker may not see has none."""
ABOUT = {"policies": "target", "lineage": "downstream"}
"""Column that says which dataset a row is about, where it is not called ``dataset``."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Datasets in the order of their names and nodes, and rows of other views by the dataset that they are about."""

    datasets: tuple[Row, ...]
    about: Mapping[tuple[str, str], tuple[Row, ...]] = field(default_factory=dict)
    """Rows by view and dataset name."""
    nodes: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    """Nodes that hold a dataset of a name, also of one that is not to be exported."""

    def of(self, view: str, dataset: Row) -> list[Row]:
        """Rows of a view about this dataset on its node."""
        rows = self.about.get((view, dataset["name"]), ())
        one_node = len(self.nodes.get(dataset["name"], ())) < 2
        return [row for row in rows if one_node or row.get("node") == dataset.get("node")]

    def edges(self, dataset: Row) -> list[Row]:
        """Direct flows from other datasets into this one; none where the asker may not see which flows are direct."""
        rows = self.of("lineage", dataset)
        return [
            row
            for row in rows
            if row.get("depth") == 1 and row.get("upstream") and row.get("upstream_kind") == "dataset" == row.get("downstream_kind")
        ]

    def sources(self, dataset: Row) -> list[tuple[str, str | None]]:
        """Name of each dataset that this one is made of, and the job that moves the data; columns aside."""
        found = dict.fromkeys((str(row["upstream"]), row.get("job")) for row in self.edges(dataset) if row["upstream"] != dataset["name"])
        return sorted(found, key=lambda pair: (pair[0], pair[1] or ""))

    def latest(self, dataset: Row) -> list[Row]:
        """The newest measurement of each metric of the dataset and of its columns."""
        newest: dict[tuple[str, str], Row] = {}
        for row in self.of("quality_metrics", dataset):
            if isinstance(row.get("measured_at"), datetime) and isinstance(row.get("value"), (int, float)) and row.get("metric"):
                key = (row.get("column_name") or "", row["metric"])
                if key not in newest or newest[key]["measured_at"] < row["measured_at"]:
                    newest[key] = row
        return [newest[key] for key in sorted(newest)]

    def home_of(self, name: str, near: Any) -> tuple[bool, str | None]:
        """Whether a dataset of this name is known, and the node that holds it: the one that is ``near`` if it does."""
        nodes = self.nodes.get(name, ())
        return bool(nodes), near if near in nodes or not nodes else nodes[0]

    def chosen(self, names: Iterable[str]) -> "Facts":
        """Only the datasets of these names, in any case, or of these aliases. Raises UsageError for a name that none bears."""
        wanted = list(names)
        if not wanted:
            return self
        picked = set()
        for name in wanted:
            bearers = [row["name"] for row in self.datasets if row["name"] == name]
            bearers = bearers or [row["name"] for row in self.datasets if row["name"].casefold() == name.casefold()]
            bearers = bearers or [row["name"] for row in self.datasets if name.casefold() in (alias.casefold() for alias in texts(row.get("aliases")))]
            if not bearers:
                raise UsageError(f"There is no dataset named {name!r}.", "Run 'steward sql \"SELECT name FROM datasets\"' to see those that you may see.")
            picked.update(bearers)
        return Facts(tuple(row for row in self.datasets if row["name"] in picked), self.about, self.nodes)


def read_facts(snapshot: Path, view_names: Iterable[str]) -> Facts:
    """Facts of a snapshot that holds these views, ``datasets`` with its names among them. Raises CatalogUnavailable."""
    about: dict[tuple[str, str], list[Row]] = {}
    datasets: list[Row] = []
    with opened(snapshot) as connection:
        for view in sorted(view_names):
            result = connection.execute(f'SELECT * FROM "{view}" ORDER BY ALL')
            names = [column[0] for column in result.description]
            rows: list[Row] = [dict(zip(names, cells, strict=True)) for cells in result.fetchall()]
            key = ABOUT.get(view, "dataset")
            for row in rows:
                if view == "datasets" and isinstance(row.get("name"), str):
                    datasets.append(row)
                elif isinstance(row.get(key), str):
                    about.setdefault((view, row[key]), []).append(row)
    nodes: dict[str, list[str | None]] = {}
    for row in datasets:
        nodes.setdefault(row["name"], []).append(row.get("node"))
    ordered = sorted(datasets, key=lambda row: (row["name"], str(row.get("node"))))
    return Facts(tuple(ordered), {key: tuple(rows) for key, rows in about.items()}, {name: tuple(held) for name, held in nodes.items()})


def urn(kind: str, *names: str | None) -> str:
    """An address for a thing that has none of its own, the same in every export: ``urn:steward:dataset:C4``."""
    return ":".join(["urn:steward", kind, *(quote(name, safe="") for name in names if name)])


def dataset_urn(facts: Facts, dataset: Row) -> str:
    """The address of a dataset; its node is part of it where several hold one of the name."""
    twins = len(facts.nodes.get(dataset["name"], ())) > 1
    return urn("dataset", dataset["name"], str(dataset.get("node")) if twins else None)


def address(dataset: Row) -> str | None:
    """Where the dataset can be found on the web, when one of its other names says so."""
    return next((alias for alias in texts(dataset.get("aliases")) if alias.startswith(("https://", "http://")) and not set(alias) & set(' <>"{}|\\^`')), None)


def texts(value: Any) -> list[str]:
    """Texts of a cell that holds a list; a masked list is one text or none."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [text for text in values if isinstance(text, str) and text]


def text(value: Any) -> str | None:
    """A cell as text; a masked one may be of another type than its column."""
    return value if isinstance(value, str) and value else None


def whole(value: Any) -> int | None:
    """A cell as a whole number from 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def moment(value: Any) -> str | None:
    """A time in ISO 8601 with its zone, which is UTC."""
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else value.isoformat() if isinstance(value, date) else None


def media_type(form: str | None) -> str | None:
    """The media type of a file format by its short name."""
    from catalog.ingest.croissant import FORMATS

    found = {short: media for media, short in reversed(FORMATS.items())}
    return found.get((form or "").lower())


def licence_address(name: str | None) -> str | None:
    """The address of a licence's text, for the licences that have one everybody uses."""
    from catalog.ingest.licences import recognise

    found = recognise(name)
    if len(found) != 1:
        return None
    parts = found[0].name.split()
    if parts[0] == "CC" and len(parts) == 3:
        return f"https://creativecommons.org/licenses/{parts[1].lower()}/{parts[2]}/"
    return LICENCES.get(found[0].name)


LICENCES = {
    "CC0 1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "Apache License 2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "MIT License": "https://opensource.org/licenses/MIT",
    "BSD 3-Clause License": "https://opensource.org/licenses/BSD-3-Clause",
    "ODbL 1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "ODC BY 1.0": "https://opendatacommons.org/licenses/by/1-0/",
    "PDDL 1.0": "https://opendatacommons.org/licenses/pddl/1-0/",
}


def needed(form: str) -> tuple[str, ...]:
    """Views that a format is made of; those that the asker may not see are left out."""
    return {
        "openlineage": ("datasets", "columns", "lineage", "quality_metrics", "quality_checks"),
        "croissant": ("datasets", "columns", "lineage"),
        "dcat": ("datasets", "columns", "lineage", "quality_metrics", "policies", "consents", "compliance", "market"),
    }.get(form, tuple(views()))
