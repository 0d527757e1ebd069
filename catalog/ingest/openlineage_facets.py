"""OpenLineage dataset facets as records: schema, tags, ownership, documentation, symlinks, lifecycle, quality.

https://openlineage.io/docs/spec/facets/dataset-facets
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from catalog.ingest.licences import from_prose
from catalog.ingest.parts import Part
from catalog.storage.records import Dataset, DatasetColumn, Metric, QualityCheck, Record

PII_CATEGORIES = (
    ("email", r"e-?mail"),
    ("phone", r"phone|mobile"),
    ("birth date", r"birth|dob"),
    ("national id", r"national|ssn|social security|passport"),
    ("ip address", r"\bip\b|ip[ _]?addr"),
    ("address", r"address|postal|street"),
    ("location", r"location|geo|latitude|longitude"),
    ("health", r"health|medical|phi\b|diagnos"),
    ("financial", r"financ|iban|card|account|salary"),
    ("name", r"\bname"),
)
DATA_TYPES = frozenset({"text", "image", "audio", "video", "tabular", "geospatial", "multimodal", "code"})
CLASSES = frozenset({"public", "internal", "confidential", "restricted"})
CHECKS = (
    ("not_null", r"not_?null|not_be_null|missing|completeness"),
    ("unique", r"unique|duplicate"),
    ("accepted_values", r"accepted_values|in_set|allowed|enum"),
    ("foreign_key", r"relationship|foreign|referential|orphan"),
    ("freshness", r"fresh|recency|stale"),
    ("row_count", r"row_?count|volume"),
    ("format", r"regex|format|pattern|match|of_type"),
    ("range", r"between|range|min|max|greater|less|positive"),
    ("custom", r"drift|distribution|schema|custom"),
)
EARLIER = {"dataQualityMetrics": ("dataQuality",), "dataQualityAssertions": ("greatExpectations_assertions",), "outputStatistics": ("stats",)}
"""Facets under the names that earlier versions gave them."""
OUTCOMES = {"pass": "passed", "passed": "passed", "success": "passed", "fail": "failed", "failed": "failed", "error": "error"}
"""Outcomes of the test facet; a test that was skipped has none."""
MEASURED = ("dataQualityMetrics", "dataQualityAssertions", "inputStatistics", "outputStatistics")
"""Facets that say nothing without the time of the event."""
DRIFT = "population_stability"
SEVERITIES = {"error": "high", "warn": "medium", "warning": "medium", "info": "low"}


@dataclass(frozen=True, slots=True)
class Facets:
    """The facets of a dataset, wherever an event keeps them; one that says it is deleted is absent."""

    dataset: Part
    _found: dict[str, Part] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Part:
        if name not in self._found:
            self._found[name] = self._look(name)
        return self._found[name]

    def _look(self, name: str) -> Part:
        for called in (name, *EARLIER.get(name, ())):
            for place in ("facets", "inputFacets", "outputFacets"):
                held = self.dataset.value.get(place) if isinstance(self.dataset.value, dict) else None
                if isinstance(held, dict) and held.get(called) is not None:
                    part = self.dataset[place][called]
                    if part.present and part["_deleted"].value is not True:
                        return part
        return Part(None, f".facets.{name}", self.dataset.complain, self.dataset)


def about_dataset(facets: Facets, name: str, *, node: str, at: datetime | None, written: datetime | None) -> Dataset:
    """The dataset as one event states it; ``written`` is when a finished run wrote it."""
    metrics, change = facets["dataQualityMetrics"], facets["lifecycleStateChange"]
    said = list(_tags(facets))
    tags = [(key, value) for key, value, column in said if column is None]
    column_tags = [(key, value) for key, value, column in said if column is not None]
    owners = facets["ownership"]["owners"].each()
    licence = from_prose(next(iter(_tagged(facets, "licence", "license")), None))
    sensitivity = next((word for word in _tagged(facets, "sensitivity") if word in CLASSES), "public")
    return Dataset(
        node=node,
        sensitivity=sensitivity,
        name=name,
        description=facets["documentation"]["description"].text(),
        domain=next((value for key, value in tags if key == "domain"), None),
        data_type=next((word for word in _tagged(facets, "data_type") if word in DATA_TYPES), "tabular" if facets["schema"]["fields"].value else None),
        format=facets["storage"].first("fileFormat", "storageLayer").line(),
        owner=", ".join(dict.fromkeys(_owner(line) for part in owners if part["type"].line() != "STEWARD" and (line := part["name"].line()))) or None,
        steward=next((_owner(line) for part in facets["ownership"]["owners"].each() if part["type"].line() == "STEWARD" and (line := part["name"].line())), None),
        licence=licence.name if licence else None,
        licence_class=licence.licence_class if licence else None,
        pii=True if any(_is_marked(tag, "pii") for tag in [*tags, *column_tags]) else None,
        phi=True if any(_is_marked(tag, "phi") for tag in [*tags, *column_tags]) else None,
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


def _tags(facets: Facets) -> Iterator[tuple[str, str, str | None]]:
    """Key, value and field of every tag, those that Marquez writes inside the schema included."""
    for tag in facets["tags"]["tags"].each():
        if key := tag["key"].line():
            value = tag["value"].line() if not isinstance(tag["value"].value, bool) else str(tag["value"].value).lower()
            yield key.lower(), (value or "true").lower(), tag["field"].line()
    for column in facets["schema"]["fields"].each():
        for tag in column["tags"].each():
            key = tag["key"].line() if isinstance(tag.value, dict) else tag.line()
            if key:
                yield key.lower(), "true", column["name"].line()


def _tagged(facets: Facets, *keys: str) -> list[str]:
    """Values of the dataset's own tags of these keys, as they are written."""
    tags = facets["tags"]["tags"].each()
    return [value for tag in tags if (tag["key"].line() or "").lower() in keys and not tag["field"].present and (value := tag["value"].line())]


def _is_marked(tag: tuple[str, str], mark: str) -> bool:
    key, value = tag
    if value in ("false", "no", "none", "0"):
        return False
    return key == mark or key.startswith((f"{mark}:", f"{mark}.", f"{mark}_")) or value == mark


def about_columns(facets: Facets, name: str, *, node: str, at: datetime | None) -> Iterator[DatasetColumn]:
    """Columns of the schema facet, nested ones by their path ``a.b``, with what tags say of them."""
    tagged: dict[str, list[tuple[str, str]]] = {}
    for key, value, tagged_column in _tags(facets):
        if tagged_column:
            tagged.setdefault(tagged_column, []).append((key, value))
    nulls = {column: values["nullCount"].whole() for column, values in facets["dataQualityMetrics"]["columnMetrics"].members()}
    measured = facets["steward_profile"]["columns"]
    for path, part in _fields(facets["schema"]["fields"], ""):
        tags = tagged.pop(path, [])
        column = _column(path, tags, name, node, at, type_=part["type"].line(), definition=part["description"].text())
        is_key, nullable = measured[path]["key"].flag() if measured.present else None, True if nulls.get(path) else None
        yield column if is_key is None and nullable is None else replace(column, is_key=is_key, nullable=nullable)
    for path, tags in tagged.items():
        yield _column(path, tags, name, node, at, type_=None, definition=None)


def _fields(fields: Part, above: str) -> Iterator[tuple[str, Part]]:
    for part in fields.each():
        if name := part["name"].line():
            yield f"{above}{name}", part
            yield from _fields(part["fields"], f"{above}{name}.")


def _column(
    path: str,
    tags: list[tuple[str, str]],
    dataset: str,
    node: str,
    at: datetime | None,
    *,
    type_: str | None,
    definition: str | None,
) -> DatasetColumn:
    words = " ".join(f"{key} {value}" for key, value in tags if _is_marked((key, value), "pii"))
    return DatasetColumn(
        node=node,
        dataset=dataset,
        column_name=path,
        type=type_,
        definition=definition,
        pii_category=next((kind for kind, pattern in PII_CATEGORIES if words and re.search(pattern, words)), None),
        classification=next((v for k, v in tags if k in ("classification", "sensitivity") and v in CLASSES), None),
        as_of=at,
    )


def about_quality(facets: Facets, name: str, *, node: str, at: datetime | None, run: str) -> Iterator[Record]:
    """Metrics and checks of one event; without the event's time nothing says when they were measured."""
    if at is None:
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
    kind = next((name for name, pattern in CHECKS if re.search(pattern, stated.lower())), "custom")
    column = check["column"].line() or (params.first("column", "column_name").line() if isinstance(params.value, dict) else None)
    severity = (check["severity"].line() or "").lower()
    expected = check["expected"].line() or _arguments(params) or check["description"].line() or check["content"].line()
    return QualityCheck(
        node=node,
        check_id="/".join(part for part in (dataset, column, check["name"].line() or stated, run) if part),
        dataset=dataset,
        column_name=column,
        check_name=kind,
        expected=expected,
        actual=check["actual"].line(),
        status=status,
        severity=SEVERITIES.get(severity, severity if severity in ("low", "medium", "high", "critical") else None),
        opened=at,
        as_of=at,
    )


def _arguments(params: Part) -> str | None:
    said = [f"{key}: {value}" for key, value in params.value.items() if key not in ("column", "column_name")] if isinstance(params.value, dict) else []
    return "; ".join(said)[:500] or None
