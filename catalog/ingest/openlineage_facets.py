"""OpenLineage dataset facets as records: schema, tags, ownership, documentation, symlinks, lifecycle, quality.

https://openlineage.io/docs/spec/facets/dataset-facets
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from catalog.ingest.licences import from_prose
from catalog.ingest.parts import Part
from catalog.ingest.plain_fields import keys_of, plain_lines
from catalog.ingest.reading import Schema
from catalog.ingest.vocabulary import check_kind, classification, pii_category, severity
from catalog.storage.records import Dataset, DatasetColumn, Metric, QualityCheck, Record
from catalog.storage.rows import changed

DATA_TYPES = frozenset({"text", "image", "audio", "video", "tabular", "geospatial", "multimodal", "code"})
PLACES = ("facets", "inputFacets", "outputFacets")
EARLIER = {"dataQualityMetrics": ("dataQuality",), "dataQualityAssertions": ("greatExpectations_assertions",), "outputStatistics": ("stats",)}
"""Facets under the names that earlier versions gave them."""
OUTCOMES = {"pass": "passed", "passed": "passed", "success": "passed", "fail": "failed", "failed": "failed", "error": "error"}
"""Outcomes of the test facet; a test that was skipped has none."""
MEASURED = ("dataQualityMetrics", "dataQualityAssertions", "inputStatistics", "outputStatistics")
"""Facets that say nothing without the time of the event."""
DRIFT = "population_stability"


class _Absent(Part):
    """A facet that an event does not have; what is in it is absent as well."""

    __slots__ = ()

    def __getitem__(self, key: str) -> Part:
        return self


NOTHING = frozenset[str]()
ABSENT = _Absent(None, "", lambda path, expected: None)


class Facets:
    """The facets of a dataset, wherever an event keeps them; one that says it is deleted is absent."""

    __slots__ = ("_found", "_names", "_places", "_tags", "dataset")

    def __init__(self, dataset: Part) -> None:
        self.dataset = dataset
        value = dataset.value if isinstance(dataset.value, dict) else {}
        self._places = [(place, held) for place in PLACES if isinstance(held := value.get(place), dict) and held]
        self._names = set[str]().union(*[held for _, held in self._places]) if self._places else NOTHING
        self._found: dict[str, Part] = {}
        self._tags: list[tuple[str, str, str | None]] | None = None

    def __bool__(self) -> bool:
        """Whether the event says anything of the dataset but its name."""
        return bool(self._places)

    def __getitem__(self, name: str) -> Part:
        part = self._found.get(name)
        if part is None:
            part = self._found[name] = self._look(name)
        return part

    def _look(self, name: str) -> Part:
        names = (name, *EARLIER[name]) if name in EARLIER else (name,)
        if self._names.isdisjoint(names):
            return ABSENT
        for called in names:
            for place, held in self._places:
                if held.get(called) is not None:
                    part = self.dataset[place][called]
                    if part.present and part["_deleted"].value is not True:
                        return part
        return ABSENT

    @property
    def tags(self) -> list[tuple[str, str, str | None]]:
        """Key, value and field of every tag, those that Marquez writes inside the schema included."""
        if self._tags is None:
            self._tags = list(self._read_tags())
        return self._tags

    def _read_tags(self) -> Iterator[tuple[str, str, str | None]]:
        for tag in self["tags"]["tags"].each():
            if key := tag["key"].line():
                value = tag["value"].line() if not isinstance(tag["value"].value, bool) else str(tag["value"].value).lower()
                yield key.lower(), (value or "true").lower(), tag["field"].line()
        fields = self["schema"]["fields"]
        for column in fields.each() if "tags" in keys_of(fields.value) else ():
            if not isinstance(column.value, dict) or "tags" not in column.value:
                continue
            for tag in column["tags"].each():
                key = tag["key"].line() if isinstance(tag.value, dict) else tag.line()
                if key:
                    yield key.lower(), "true", column["name"].line()


BARE = Dataset(node="", name="")
"""Of which nothing is said but that it is there."""


def about_dataset(facets: Facets, name: str, *, node: str, at: datetime | None, written: datetime | None) -> Dataset:
    """The dataset as one event states it; ``written`` is when a finished run wrote it."""
    if not facets:
        return changed(BARE, {"node": node, "name": name, "last_updated": written, "as_of": at})
    metrics, change = facets["dataQualityMetrics"], facets["lifecycleStateChange"]
    own = _own_tags(facets)
    domain = next((value for key, value, column in facets.tags if key == "domain" and column is None), None)
    owners = [(part.line_of("type"), _owner(line)) for part in facets["ownership"]["owners"].each() if (line := part.line_of("name"))]
    stated = next((value for key, value in own if key in ("licence", "license")), None)
    licence = from_prose(stated) if stated else None
    return Dataset(
        node=node,
        sensitivity=next((classification(value) or "restricted" for key, value in own if key == "sensitivity"), "public"),
        name=name,
        description=facets["documentation"]["description"].text(),
        domain=domain,
        data_type=next((value for key, value in own if key == "data_type" and value in DATA_TYPES), "tabular" if facets["schema"]["fields"].value else None),
        format=facets["storage"].first("fileFormat", "storageLayer").line(),
        owner=", ".join(dict.fromkeys(owner for role, owner in owners if role != "STEWARD")) or None,
        steward=next((owner for role, owner in owners if role == "STEWARD"), None),
        licence=licence.name if licence else None,
        licence_class=licence.licence_class if licence else None,
        pii=True if any(_is_marked((key, value), "pii") for key, value, _ in facets.tags) else None,
        phi=True if any(_is_marked((key, value), "phi") for key, value, _ in facets.tags) else None,
        row_count=metrics["rowCount"].whole(),
        bytes=metrics["bytes"].whole(),
        version=facets["version"]["datasetVersion"].line(),
        content_hash=_sha256(facets["steward_profile"]["content_hash"]),
        last_updated=metrics["lastUpdated"].moment() or written,
        deprecated=(change["lifecycleStateChange"].line() or "").upper() == "DROP",
        aliases=_other_names(facets, change),
        as_of=at,
    )


def _other_names(facets: Facets, change: Part) -> tuple[str, ...]:
    names = [part["name"].line() for part in facets["symlinks"]["identifiers"].each()]
    if (change["lifecycleStateChange"].line() or "").upper() == "RENAME":
        names.append(change["previousIdentifier"]["name"].line())
    return tuple(dict.fromkeys(name for name in names if name))


def _sha256(digest: Part) -> str | None:
    """Hex of a SHA-256, as a profile of Steward's own states it."""
    text = digest.line()
    if text is None or re.fullmatch(r"[0-9a-f]{64}", text):
        return text
    digest.complain(digest.path, "a SHA-256 in lower-case hex")
    return None


def _owner(name: str) -> str:
    """The owner without its kind: ``team:payments`` → ``payments``."""
    return re.sub(r"^(team|user|group|application|service):", "", name)


def _own_tags(facets: Facets) -> list[tuple[str, str]]:
    """Key and value of the dataset's own tags that have a value, as it is written."""
    tags = facets["tags"]["tags"].each()
    return [((tag["key"].line() or "").lower(), value) for tag in tags if not tag["field"].present and (value := tag["value"].line())]


def _is_marked(tag: tuple[str, str], mark: str) -> bool:
    key, value = tag
    if value in ("false", "no", "none", "0"):
        return False
    return key == mark or key.startswith((f"{mark}:", f"{mark}.", f"{mark}_")) or value == mark


def about_columns(facets: Facets, name: str, *, node: str, at: datetime | None) -> Iterator[Schema | DatasetColumn]:
    """Columns of the schema facet, nested ones by their path ``a.b``, with what tags say of them."""
    speaks_elsewhere = facets.tags or facets["dataQualityMetrics"].present or facets["steward_profile"].present
    if not speaks_elsewhere and (lines := plain_lines(facets["schema"]["fields"].value)) is not None:
        columns, types, definitions = lines
        yield Schema(node=node, dataset=name, columns=columns, types=types, definitions=definitions, as_of=at)
        return
    tagged: dict[str, list[tuple[str, str]]] = {}
    for key, value, tagged_column in facets.tags:
        if tagged_column:
            tagged.setdefault(tagged_column, []).append((key, value))
    nulls = {column: values["nullCount"].whole() for column, values in facets["dataQualityMetrics"]["columnMetrics"].members()}
    measured = facets["steward_profile"]["columns"]
    blank = DatasetColumn(node=node, dataset=name, column_name="", as_of=at)
    said: dict[str, Any]
    for path, part in _fields(facets["schema"]["fields"], ""):
        said = {"column_name": path, "type": part.line_of("type"), "definition": part["description"].text()}
        if path in tagged:
            said |= _told_by(tagged.pop(path))
        if nulls.get(path):
            said["nullable"] = True
        if measured.present:
            said["is_key"] = measured[path]["key"].flag()
        yield changed(blank, said)
    for path, tags in tagged.items():
        yield changed(blank, {"column_name": path, **_told_by(tags)})


def _fields(fields: Part, above: str) -> Iterator[tuple[str, Part]]:
    for part in fields.each():
        if name := part.line_of("name"):
            yield f"{above}{name}", part
            if "fields" in part.value:
                yield from _fields(part["fields"], f"{above}{name}.")


def _told_by(tags: list[tuple[str, str]]) -> dict[str, Any]:
    """What its tags say of a column."""
    words = [f"{key} {value}" for key, value in tags if _is_marked((key, value), "pii")]
    return {
        "pii_category": pii_category(words),
        "classification": next((own for key, value in tags if key in ("classification", "sensitivity") and (own := classification(value))), None),
    }


def about_quality(facets: Facets, name: str, *, node: str, at: datetime | None, run: str) -> Iterator[Record]:
    """Metrics and checks of one event; without the event's time nothing says when they were measured."""
    if at is None or not any(facets[facet].present for facet in (*MEASURED, "steward_profile")):
        return
    metrics = facets["dataQualityMetrics"]
    rows = metrics["rowCount"].whole()
    measured: list[tuple[str | None, str, str, str, float | None]] = [
        (None, "volume", "row_count", "count", rows),
        (None, "volume", "bytes", "bytes", metrics["bytes"].whole()),
        (None, "volume", "file_count", "count", metrics["fileCount"].whole()),
        (None, "volume", "rows_written", "count", facets["outputStatistics"]["rowCount"].whole()),
        (None, "volume", "bytes_written", "bytes", facets["outputStatistics"]["size"].whole()),
        (None, "volume", "files_written", "count", facets["outputStatistics"]["fileCount"].whole()),
        (None, "volume", "rows_read", "count", facets["inputStatistics"]["rowCount"].whole()),
        (None, "volume", "bytes_read", "bytes", facets["inputStatistics"]["size"].whole()),
        (None, "volume", "files_read", "count", facets["inputStatistics"]["fileCount"].whole()),
    ]
    for column, values in metrics["columnMetrics"].members():
        nulls, named = values["nullCount"].whole(), " ".join(column.split())
        measured.append((named, "completeness", "null_count", "count", nulls))
        measured.append((named, "uniqueness", "distinct_count", "count", values["distinctCount"].whole()))
        if nulls is not None and rows and nulls <= rows:
            measured.append((named, "completeness", "completeness", "ratio", 1 - nulls / rows))
    measured += _profiled(facets["steward_profile"], rows)
    drifted = {column for column, values in facets["steward_profile"]["columns"].members() if values["drifted"].flag()}
    for column_name, dimension, metric, unit, value in measured:
        if value is not None:
            yield Metric(
                node=node,
                dataset=name,
                column_name=column_name,
                dimension=dimension,
                metric=metric,
                value=float(value),
                unit=unit,
                is_anomaly=column_name in drifted if metric == DRIFT else None,
                measured_at=at,
                as_of=at,
            )
    yield from _numbered(check for assertion in facets["dataQualityAssertions"]["assertions"].each() for check in _check(assertion, name, node, at, run))


def _profiled(profile: Part, rows: int | None) -> Iterator[tuple[str | None, str, str, str, float | None]]:
    """What the profiler of Steward's own nodes measures beside the standard's facets; see ``profile_document``."""
    yield None, "validity", "valid_rows", "ratio", profile["validity"].number()
    for column, values in profile["columns"].members():
        named = " ".join(column.split())
        duplicates = values["duplicates"].whole()
        if duplicates is not None and rows and duplicates <= rows:
            yield named, "uniqueness", "uniqueness", "ratio", 1 - duplicates / rows
        yield named, "drift", DRIFT, "ratio", values["psi"].number()
        confidence = [share for finding in values["pii"].each() if (share := finding["confidence"].number()) is not None]
        if confidence:
            yield named, "accuracy", "pii_confidence", "ratio", max(confidence)


def _numbered(checks: Iterable[QualityCheck]) -> Iterator[QualityCheck]:
    """Checks of one run, each by an identifier of its own: one kind of test may stand twice at a column, with other arguments."""
    seen: dict[str, int] = {}
    for check in checks:
        count = seen[check.check_id] = seen.get(check.check_id, 0) + 1
        yield check if count == 1 else replace(check, check_id=f"{check.check_id}/{count}")


def _check(assertion: Part, dataset: str, node: str, at: datetime, run: str) -> Iterator[QualityCheck]:
    stated, success = assertion["assertion"].line(), assertion["success"].flag()
    if stated is None or success is None:
        assertion.complain(assertion.path, "an assertion and whether it succeeded")
        return
    yield _ran(assertion, stated, dataset, node=node, at=at, run=run, status="passed" if success else "failed")


def about_tests(tests: Part, dataset: str | None, *, node: str, at: datetime | None, run: str) -> Iterator[QualityCheck]:
    """Tests that a run's facet reports, of the first dataset that the run read or wrote, else under the name of its job."""
    yield from _numbered(_tests(tests, dataset, node, at, run))


def _tests(tests: Part, dataset: str | None, node: str, at: datetime | None, run: str) -> Iterator[QualityCheck]:
    for test in tests.each():
        named, outcome = test["name"].line(), test["status"].line()
        status = OUTCOMES.get((outcome or "").lower())
        if named is None or dataset is None or (status is None and (outcome or "").lower() not in ("skip", "skipped")):
            test.complain(test.path, "a test with a name and a status, of a run with a dataset or a job")
        elif status and at is not None:
            yield _ran(test, test["type"].line() or named, dataset, node=node, at=at, run=run, status=status)


def _ran(check: Part, stated: str, dataset: str, *, node: str, at: datetime, run: str, status: str) -> QualityCheck:
    """A check that ran; the arguments or the body stand for what was expected where nothing else does."""
    params = check["params"]
    column = check["column"].line() or (params.first("column", "column_name").line() if isinstance(params.value, dict) else None)
    expected = check["expected"].line() or _arguments(params) or check["description"].line() or check["content"].line()
    return QualityCheck(
        node=node,
        check_id="/".join(part for part in (dataset, column, check["name"].line() or stated, run) if part),
        dataset=dataset,
        column_name=column,
        check_name=check_kind(stated),
        expected=expected,
        actual=check["actual"].line(),
        status=status,
        severity=severity(check["severity"].line()),
        opened=at,
        as_of=at,
    )


def _arguments(params: Part) -> str | None:
    said = [f"{key}: {value}" for key, value in params.value.items() if key not in ("column", "column_name")] if isinstance(params.value, dict) else []
    return "; ".join(said)[:500] or None
