"""What dbt measured: a catalog's types and sizes, run results as runs of checks, and the freshness of sources."""

import re
from collections.abc import Iterator
from datetime import datetime

from catalog.ingest.dbt_names import artifact_time, is_dataset, kind, listed, relation, short_name, typed, unit_tested
from catalog.ingest.parts import Part
from catalog.ingest.reading import CheckRun
from catalog.storage.records import Dataset, DatasetColumn, Metric, Record

STATUSES = {"pass": "passed", "success": "passed", "warn": "failed", "fail": "failed", "error": "error", "runtime error": "error"}
"""dbt's words for how a test ended; one that was skipped has no result."""
ROWS = ("num_rows", "row_count", "rows")
SIZES = ("num_bytes", "bytes", "size")


def catalog(root: Part, node: str) -> Iterator[Record]:
    """Columns with the warehouse's types, and sizes, as the catalog query found them."""
    at = artifact_time(root)
    for key in ("nodes", "sources"):
        for unique_id, entry in listed(root, key):
            if not is_dataset(unique_id):
                continue
            metadata = entry["metadata"] if isinstance(entry["metadata"].value, dict) else Part({}, entry.path, entry.complain)
            stats = {line: stat["value"] for name, stat in _members(entry["stats"]) if (line := name.lower())}
            rows, size = _first(stats, ROWS), _first(stats, SIZES)
            table = relation(metadata["database"], metadata["schema"], metadata["name"])
            modified = stats.get("last_modified", stats.get("last_altered"))
            yield short_name(unique_id, node)
            yield Dataset(
                node=node,
                name=unique_id,
                description=metadata["comment"].text(),
                data_type="tabular",
                owner=metadata["owner"].line(),
                row_count=rows,
                bytes=size,
                last_updated=_stamp(modified) if modified else None,
                aliases=(table,) if table and table != typed(unique_id) else (),
                as_of=at,
            )
            for column, part in _members(entry["columns"]):
                if name := part["name"].line() or " ".join(column.split()):
                    yield DatasetColumn(
                        node=node, dataset=unique_id, column_name=name, type=part["type"].line(), definition=part["comment"].text(), as_of=at
                    )
            for metric, value, unit in (("row_count", rows, "count"), ("bytes", size, "bytes")):
                if value is not None and at is not None:
                    yield Metric(
                        node=node, dataset=unique_id, dimension="volume", metric=metric, value=float(value), unit=unit, measured_at=at, as_of=at
                    )


def run_results(root: Part, node: str) -> Iterator[Record]:
    """Tests as runs of checks, and when a model, seed or snapshot was last built."""
    at, run = artifact_time(root), root["metadata"]["invocation_id"].line()
    for i, result in enumerate(root["results"].each()):
        unique_id = result["unique_id"].line() if isinstance(result.value, dict) else None
        if unique_id is None:
            result.complain(result.path, "a result with a unique_id")
            continue
        status, finished = (result["status"].line() or "").lower(), _finished(result) or at
        if kind(unique_id) in ("test", "unit_test"):
            if status in STATUSES:
                yield CheckRun(
                    node=node,
                    check_id="/".join(text for text in (unique_id, run or (at.isoformat() if at else str(i))) if text),
                    declared=unique_id,
                    dataset=unit_tested(unique_id),
                    check_name="custom" if kind(unique_id) == "unit_test" else None,
                    actual=_actual(result, status),
                    status=STATUSES[status],
                    severity="medium" if status == "warn" else None,
                    opened=finished,
                    as_of=at,
                )
            elif status not in ("skipped", "no-op", ""):
                result.complain(result["status"].path, f"one of {', '.join(STATUSES)} or skipped")
        elif is_dataset(unique_id) and status == "success":
            yield short_name(unique_id, node)
            yield Dataset(node=node, name=unique_id, last_updated=None if _is_view(result) else finished, as_of=at)


def sources(root: Part, node: str) -> Iterator[Record]:
    """How old each source is: a metric in hours, and the run of a freshness check."""
    at, run = artifact_time(root), root["metadata"]["invocation_id"].line()
    for result in root["results"].each():
        unique_id = result["unique_id"].line() if isinstance(result.value, dict) else None
        if unique_id is None or not is_dataset(unique_id):
            result.complain(result.path, "a result with a source's unique_id")
            continue
        loaded, measured = result["max_loaded_at"].moment(), result["snapshotted_at"].moment() or at
        age = result["max_loaded_at_time_ago_in_s"].number()
        status = (result["status"].line() or "").lower()
        yield short_name(unique_id, node)
        yield Dataset(node=node, name=unique_id, last_updated=loaded, as_of=at)
        if age is not None and age >= 0 and measured:
            yield Metric(
                node=node, dataset=unique_id, dimension="freshness", metric="freshness", value=age / 3600, unit="hours", measured_at=measured, as_of=at
            )
        if status in STATUSES:
            yield CheckRun(
                node=node,
                check_id="/".join(text for text in (unique_id, "freshness", run or (measured.isoformat() if measured else "")) if text),
                declared=f"{unique_id}/freshness",
                dataset=unique_id,
                check_name="freshness",
                expected=_limits(result["criteria"]),
                actual=f"{age / 3600:.1f} hours" if age is not None else result["error"].line(),
                # A source past its first limit is a failure of lesser severity; so is one that could not be queried an error.
                status="error" if status == "runtime error" else "passed" if status == "pass" else "failed",
                severity={"warn": "medium", "error": "high"}.get(status),
                opened=measured,
                as_of=at,
            )


def _members(part: Part) -> Iterator[tuple[str, Part]]:
    """Objects inside an object, which may be absent; another thing among them is reported."""
    if part.present:
        for key, value in part.members():
            if isinstance(value.value, dict):
                yield key, value
            else:
                value.complain(value.path, "an object")


def _first(stats: dict[str, Part], names: tuple[str, ...]) -> int | None:
    return next((whole for name in names if name in stats and (whole := stats[name].whole()) is not None), None)


def _stamp(part: Part) -> datetime | None:
    """A time as warehouses print it: ``2024-10-29 12:00UTC``."""
    text = part.line() if isinstance(part.value, str) else None
    return Part(re.sub(r"\s*UTC$", "+00:00", text), part.path, lambda path, expected: None).moment() if text else None


def _finished(result: Part) -> datetime | None:
    """When the last step of a result was done."""
    times = [step["completed_at"].moment() for step in result["timing"].each() if isinstance(step.value, dict)]
    return max((time for time in times if time), default=None)


def _actual(result: Part, status: str) -> str | None:
    """How many rows failed, or what went wrong; a passed test found none."""
    failures = result["failures"]
    if isinstance(failures.value, int) and not isinstance(failures.value, bool):
        return f"{failures.value} failing rows"
    message = result["message"].text()
    return " ".join(message.split())[:500] if message and status not in ("pass", "success") else None


def _is_view(result: Part) -> bool:
    """Whether a view was built, which changes no data."""
    response = result["adapter_response"]
    said = [response["code"].value, response["_message"].value] if isinstance(response.value, dict) else []
    return any("VIEW" in text.upper() for text in [*said, result["message"].value] if isinstance(text, str))


def _limits(criteria: Part) -> str | None:
    """``warn after 12 hours; error after 24 hours``."""
    said = []
    for key in ("warn_after", "error_after"):
        limit = criteria[key] if isinstance(criteria.value, dict) else criteria
        if isinstance(limit.value, dict) and (count := limit["count"].line()) and (period := limit["period"].line()):
            said.append(f"{key.replace('_', ' ')} {count} {period}s")
    return "; ".join(said) or None
