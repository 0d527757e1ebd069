"""OpenLineage events, spec 2-0-2: what a run read and wrote, one event, a list of events (also as ``events``), or one per line.

Facets of datasets are read by ``openlineage_facets``. https://openlineage.io/spec/2-0-2/OpenLineage.json
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.ingest.openlineage_facets import (
    BARE,
    MEASURED,
    Facets,
    about_columns,
    about_dataset,
    about_quality,
    about_tests,
)
from catalog.ingest.parts import Part
from catalog.ingest.reading import Context, Document, ShortName
from catalog.storage.records import LineageEdge, Record
from catalog.storage.rows import changed

TRANSFORMS = {
    "IDENTITY": "copy",
    "AGGREGATION": "aggregation",
    "GROUP_BY": "aggregation",
    "JOIN": "join",
    "FILTER": "filter",
    "ANNOTATION": "annotation",
    "GENERATION": "generation",
    "TRAINING": "training",
    "TRANSLATION": "translation",
}
"""Subtypes of the columnLineage facet; any other is a 'transformation'."""
BROKEN = frozenset({"FAIL", "ABORT"})


class OpenLineage:
    """Reads run, job and dataset events as datasets, columns, edges, metrics and checks."""

    kind = "openlineage"

    def detects(self, document: Document) -> bool:
        """An event, or a list with at least one."""
        value = _listed(document.value)
        return any(map(_is_event, value)) if isinstance(value, list) else _is_event(value)

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """Records of every event; what is no event in a list is reported."""
        root, mentioned = context.root(document), _Mentioned()
        for event in (root["events"] if _listed(root.value) is not root.value else root).each():
            if _is_event(event.value):
                yield from _Event(event, context.node, mentioned).records()
            else:
                context.complain(event.path, "an OpenLineage event")
        for name, at in mentioned.later.items():
            yield changed(BARE, {"node": context.node, "name": name, "as_of": at})


def _listed(value: Any) -> Any:
    """The events of a page of them, as Marquez answers; any other value is itself."""
    return value["events"] if isinstance(value, dict) and isinstance(value.get("events"), list) and not _is_event(value) else value


def _is_event(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("job"), dict):
        return any(key in value for key in ("inputs", "outputs", "run", "eventType")) or {"eventTime", "producer"} <= value.keys()
    if isinstance(value.get("dataset"), dict):
        return "eventTime" in value or "schemaURL" in value
    named = (each for key in ("inputs", "outputs") if isinstance(value.get(key), list) for each in value[key])
    return any(isinstance(each, dict) and "namespace" in each and "name" in each for each in named)


class _Mentioned:
    """Datasets that events of a document mention, most of them often: what is said again and again is stated at its first and its newest time."""

    __slots__ = ("later", "named", "newest")

    def __init__(self) -> None:
        self.named: set[tuple[str, str]] = set()
        """Identifiers and names."""
        self.newest: dict[str, datetime] = {}
        """Of an identifier, the time of the newest event that says no more of it than that it is there."""
        self.later: dict[str, datetime] = {}
        """The same where that is not the first such event."""


@dataclass(frozen=True, slots=True)
class _Event:
    part: Part
    node: str
    mentioned: "_Mentioned"

    def records(self) -> Iterator[Record]:
        at, kind, ran = self.part["eventTime"].moment(), (self.part.line_of("eventType") or "").upper(), self.part["run"]
        has_run = isinstance(ran.value, dict)
        run = (ran.line_of("runId") if has_run else None) or (at.isoformat() if at else "")
        inputs, written, alone = (list(self._datasets(key)) for key in ("inputs", "outputs", "dataset"))
        outputs = [] if kind in BROKEN else written
        if not self.part["eventTime"].present and any(dataset.facets[name].present for dataset in [*inputs, *written] for name in MEASURED):
            self.part.complain(self.part["eventTime"].path, "the time of the event, without which nothing that it measured is kept")
        # A job event says what a job reads and writes, not that it has run.
        done = at if kind == "COMPLETE" or (not kind and has_run) else None
        for dataset in [*inputs, *outputs, *alone]:
            facets, name = dataset.facets, dataset.identifier
            if (name, dataset.name) not in self.mentioned.named:
                self.mentioned.named.add((name, dataset.name))
                yield dataset.short_name(self.node)
            is_written = done is not None and dataset in outputs
            if facets or is_written or at is None:
                yield about_dataset(facets, name, node=self.node, at=at, written=done if is_written else None)
            elif name not in self.mentioned.newest:
                self.mentioned.newest[name] = at
                yield about_dataset(facets, name, node=self.node, at=at, written=None)
            elif self.mentioned.newest[name] < at:
                self.mentioned.newest[name] = self.mentioned.later[name] = at
            if facets:
                yield from about_columns(facets, name, node=self.node, at=at)
                yield from about_quality(facets, name, node=self.node, at=at, run=run)
        for dataset in written if kind in BROKEN else ():
            # A failed check is often why a run broke: what was measured is kept, what should have been written is not.
            found = list(about_quality(dataset.facets, dataset.identifier, node=self.node, at=at, run=run))
            yield from [dataset.short_name(self.node), *found] if found else ()
        job = self.part["job"].line_of("name")
        if has_run and "facets" in ran.value:
            tested = next((dataset.identifier for dataset in [*inputs, *written]), job)
            yield from about_tests(ran["facets"]["test"]["tests"], tested, node=self.node, at=at, run=run)
        for output in outputs:
            flow = _Flow(self.node, output.identifier, job, at, done)
            for source in inputs:
                yield from flow.whole(source.identifier)
            yield from flow.facets(output.facets)
        for dataset in alone:
            yield from _Flow(self.node, dataset.identifier, None, at, None).facets(dataset.facets)
        if kind not in BROKEN:
            yield from self._entries(job, at, done)

    def _entries(self, job: str | None, at: datetime | None, done: datetime | None) -> Iterator[Record]:
        """Edges that the lineage facet of the job states, one entry for each dataset; what leads to or from a job alone has no dataset."""
        lineage = self.part["job"]["facets"]["lineage"]
        if not lineage.present:
            return
        for entry in lineage["entries"].each():
            if not isinstance(entry.value, dict):
                entry.complain(entry.path, "an entry of lineage")
            elif entry["name"].line() and entry["type"].line() != "JOB":
                dataset = _Dataset(entry)
                yield dataset.short_name(self.node)
                yield from _Flow(self.node, dataset.identifier, job, at, done).stated(entry)

    def _datasets(self, key: str) -> Iterator["_Dataset"]:
        for part in self.part[key].each():
            if (dataset := _Dataset(part)).name:
                yield dataset
            else:
                part.complain(part["name"].path, "the name of the dataset")


class _Dataset:
    """A dataset as an event mentions it; ``identifier`` is namespace and name as one, which no two datasets share."""

    __slots__ = ("facets", "identifier", "name")

    def __init__(self, part: Part) -> None:
        namespace, self.name = part.line_of("namespace"), part.line_of("name") or ""
        self.identifier = f"{namespace.rstrip('/')}/{self.name.lstrip('/')}" if namespace else self.name
        self.facets = Facets(part)

    def short_name(self, node: str) -> ShortName:
        return ShortName(node=node, identifier=self.identifier, short=self.name)


_EDGE = LineageEdge(node="", upstream="", downstream="")


@dataclass(frozen=True, slots=True)
class _Flow:
    """Edges into one output of one event."""

    node: str
    output: str
    job: str | None
    at: datetime | None
    last_run: datetime | None

    def whole(self, source: str) -> Iterator[LineageEdge]:
        if source != self.output:
            yield self._edge(source, None, None, "transformation", None)

    def facets(self, facets: Facets) -> Iterator[Record]:
        """Edges that the columnLineage facet and its successor, the lineage facet, state."""
        for column, field in facets["columnLineage"]["fields"].members() if facets["columnLineage"]["fields"].present else ():
            older = field["transformationType"].line()
            for source in field["inputFields"].each():
                yield from self._column(source, " ".join(column.split()), older)
        for source in facets["columnLineage"]["dataset"].each():
            yield from self._column(source, None, None)
        yield from self.stated(facets["lineage"])

    def stated(self, lineage: Part) -> Iterator[Record]:
        """Edges of a lineage facet, or of one entry of a job's."""
        for column, field in lineage["fields"].members() if lineage["fields"].present else ():
            for source in field["inputs"].each():
                yield from self._column(source, " ".join(column.split()), None)
        for source in lineage["inputs"].each():
            yield from self._column(source, None, None)

    def _column(self, source: Part, column: str | None, older: str | None) -> Iterator[Record]:
        if not source["name"].line() or source["type"].line() == "JOB":
            return
        steps = list(source["transformations"].each())
        kinds = [TRANSFORMS.get(step["subtype"].line() or "", "transformation") for step in steps]
        if older and not kinds:
            kinds = [TRANSFORMS.get(older, "transformation")]
        masks = [mask for step in steps if (mask := step["masking"].flag()) is not None]
        if older == "MASKED" and not masks:
            masks = [True]
        dataset = _Dataset(source)
        yield dataset.short_name(self.node)
        upstream = source["field"].line()
        if upstream or column or dataset.identifier != self.output:
            kind = next((k for k in kinds if k != "copy"), kinds[0] if kinds else "transformation")
            yield self._edge(dataset.identifier, upstream, column, kind, any(masks) if masks else None)

    def _edge(self, source: str, upstream: str | None, column: str | None, kind: str, masking: bool | None) -> LineageEdge:
        said = {"node": self.node, "upstream": source, "upstream_column": upstream, "downstream": self.output, "downstream_column": column, "job": self.job}
        return changed(_EDGE, {**said, "transform_type": kind, "masking": masking, "last_run": self.last_run, "as_of": self.at})
