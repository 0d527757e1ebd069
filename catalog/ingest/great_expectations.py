"""Great Expectations 1.x and 0.13–0.18: validation results, results of checkpoints, and expectation suites.

An expectation of a suite is a declared check; each validation is a run of it. https://docs.greatexpectations.io/docs/reference/api/
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from catalog.ingest.great_expectations_names import asset_of, cited, moment_of, suite_of, table_of
from catalog.ingest.parts import Part
from catalog.ingest.reading import CheckRun, Context, Document
from catalog.ingest.vocabulary import check_kind, severity
from catalog.storage.records import Dataset, Metric, QualityCheck, Record

AGGREGATES = re.compile(r"expect_(?:column|table)_(.+?)_to_(?:be_between|equal|be_in_set|equal_other_table)$")
"""Expectations on one number, and the metric that it is."""
DIMENSIONS = {"not_null": "completeness", "unique": "uniqueness"}
COUNTS = {"row_count": ("volume", "row_count"), "column_count": ("volume", "column_count"), "unique_value_count": ("uniqueness", "distinct_count")}
SHARES = {"proportion_of_unique_values": "uniqueness", "proportion_of_non_null_values": "completeness"}
IRRELEVANT = frozenset({"batch_id", "column", "result_format", "catch_exceptions", "include_config", "meta"})


class GreatExpectations:
    """Reads expectations as checks and what they observed as metrics."""

    kind = "great-expectations"

    def detects(self, document: Document) -> bool:
        """A validation result, the results of a checkpoint, or a suite; or a list with at least one."""
        value = document.value
        return any(_shape(each) for each in value) if isinstance(value, list) else _shape(value) is not None

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """Checks and metrics of every result; what is none in a list is reported."""
        for part in context.root(document).each():
            match _shape(part.value):
                case "suite":
                    yield from _suite(part, context.node)
                case "checkpoint":
                    yield from _checkpoint(part, context.node)
                case "result":
                    yield from _Validation.of(part, None, None, context.node).records()
                case _:
                    context.complain(part.path, "a validation result or an expectation suite")


def _shape(value: Any) -> str | None:
    """Which of the documents a value is, by its keys."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("run_results"), dict) or isinstance(value.get("validation_results"), list):
        return "checkpoint"
    results = value.get("results")
    if isinstance(results, list) and "success" in value and (
        isinstance(value.get("statistics"), dict) or any(isinstance(each, dict) and "expectation_config" in each for each in results)
    ):
        return "result"
    expectations = value.get("expectations")
    if isinstance(expectations, list) and ("expectation_suite_name" in value or "name" in value or "data_asset_type" in value):
        named = (isinstance(each, dict) and isinstance(each.get("type", each.get("expectation_type")), str) for each in expectations)
        meta = value.get("meta")
        is_empty = not expectations and isinstance(meta, dict) and "great_expectations_version" in meta
        return "suite" if any(named) or "expectation_suite_name" in value or is_empty else None
    return None


def _checkpoint(part: Part, node: str) -> Iterator[Record]:
    """Every validation of a checkpoint's run, as it is stored or as ``describe()`` prints it."""
    run = part["run_id"]
    at = moment_of(run["run_time"]) if isinstance(run.value, dict) else None
    if part["run_results"].present:
        for key, entry in part["run_results"].members():
            validation = entry["validation_result"] if isinstance(entry.value, dict) and "validation_result" in entry.value else entry
            if isinstance(validation.value, dict):
                yield from _Validation.of(validation, key, at, node).records()
            else:
                entry.complain(entry.path, "a validation result")
    else:
        for validation in part["validation_results"].each():
            if isinstance(validation.value, dict):
                yield from _Validation.of(validation, None, at, node).records()
            else:
                validation.complain(validation.path, "a validation result")


def _suite(part: Part, node: str) -> Iterator[QualityCheck]:
    """Expectations that have not been checked, of the asset that the suite cites, else of the suite's own name."""
    suite = part.first("name", "expectation_suite_name").line() or ""
    dataset = cited(part["meta"]) or suite
    if not dataset:
        part.complain(part["name"].path, "the name of the suite")
        return
    for expectation in part["expectations"].each():
        if (check := _declared(expectation, suite, dataset, node)) is not None:
            yield check


def _declared(expectation: Part, suite: str, dataset: str, node: str) -> QualityCheck | None:
    name = expectation.first("type", "expectation_type").line() if isinstance(expectation.value, dict) else None
    if name is None:
        expectation.complain(expectation.path, "an expectation and its type")
        return None
    return QualityCheck(
        node=node,
        check_id=_identity(expectation, suite, name),
        dataset=dataset,
        column_name=_column(expectation["kwargs"]),
        check_name=_kind(name),
        expected=_expected(name, expectation["kwargs"]),
        severity=_severity(expectation),
    )


@dataclass(frozen=True, slots=True)
class _Validation:
    """One suite checked against one batch of data."""

    part: Part
    node: str
    dataset: str
    suite: str
    at: datetime | None
    run: str

    @classmethod
    def of(cls, part: Part, key: str | None, at: datetime | None, node: str) -> "_Validation":
        meta = part["meta"] if isinstance(part["meta"].value, dict) else Part({}, f"{part.path}.meta", part.complain)
        run_id = meta["run_id"]
        # A run of 0.9 and earlier has a text for an identifier, most often its time.
        stamps = [run_id["run_time"]] if isinstance(run_id.value, dict) else [Part(run_id.value, "", lambda path, expected: None)]
        stamps += [meta["validation_time"], meta["batch_markers"]["ge_load_time"]] if isinstance(meta["batch_markers"].value, dict) else [meta["validation_time"]]
        time = next((moment for stamp in stamps if stamp.present and (moment := moment_of(stamp))), at)
        suite = part["suite_name"].line() or meta["expectation_suite_name"].line() or suite_of(key) or ""
        name = (run_id["run_name"].line() if isinstance(run_id.value, dict) else run_id.line()) or ""
        run = "/".join(text for text in (name, time.isoformat() if time else "") if text) or part["id"].line() or meta["validation_id"].line() or "run"
        return cls(part, node, asset_of(part, meta, key) or suite or "unnamed", suite, time, run)

    def records(self) -> Iterator[Record]:
        if self.dataset == "unnamed":
            self.part.complain(self.part["meta"].path, "the name of the asset or of the suite")
            return
        table = table_of(self.part["meta"]) if isinstance(self.part["meta"].value, dict) else None
        yield Dataset(node=self.node, name=self.dataset, aliases=(table,) if table and table != self.dataset else (), as_of=self.at)
        sizes: dict[str, float] = {}
        shares: dict[tuple[str, str], float] = {}
        seen: dict[str, int] = {}
        for result in self.part.first("results", "expectations").each():
            # describe() prints an expectation beside its result; everywhere else it is the result's configuration.
            config = result["expectation_config"] if isinstance(result.value, dict) and "expectation_config" in result.value else result
            declared = _declared(config, self.suite, self.dataset, self.node)
            if declared is None:
                continue
            count = seen[declared.check_id] = seen.get(declared.check_id, 0) + 1
            check = self._run(result, declared, count)
            if check is not None:
                yield check
            if self.at is not None and isinstance(result["result"].value, dict):
                self._share(result["result"], declared, sizes, shares)
                yield from self._observed(result["result"]["observed_value"], declared, config)
        for metric, value in sizes.items():
            yield self._metric("volume", metric, value, "count", None)
        for (column, dimension), value in shares.items():
            yield self._metric(dimension, dimension, value, "ratio", column)

    def _run(self, result: Part, declared: QualityCheck, count: int) -> CheckRun | None:
        raised = _exception(result["exception_info"])
        success = result["success"].flag()
        if success is None and raised is None:
            result.complain(result["success"].path, "whether the expectation succeeded")
            return None
        run = f"{self.run}/{self.dataset}" + (f"/{count}" if count > 1 else "")
        return CheckRun(
            node=self.node,
            check_id=f"{declared.check_id}/{run}",
            declared=declared.check_id,
            dataset=self.dataset,
            column_name=declared.column_name,
            check_name=declared.check_name,
            expected=declared.expected,
            actual=raised or _actual(result["result"]),
            status="error" if raised else "passed" if success else "failed",
            severity=declared.severity or _severity(result),
            opened=self.at,
            as_of=self.at,
        )

    def _share(self, result: Part, declared: QualityCheck, sizes: dict[str, float], shares: dict[tuple[str, str], float]) -> None:
        """Rows of the batch, and the share of a column's values that are as expected: the lowest, where several expectations tell."""
        if (elements := result["element_count"].whole()) is not None:
            sizes["element_count"] = max(float(elements), sizes.get("element_count", 0.0))
        unexpected = result["unexpected_percent"].number()
        if unexpected is not None and 0 <= unexpected <= 100 and declared.column_name:
            key = (declared.column_name, DIMENSIONS.get(declared.check_name, "validity"))
            shares[key] = min(1 - unexpected / 100, shares.get(key, 1.0))

    def _observed(self, observed: Part, declared: QualityCheck, config: Part) -> Iterator[Metric]:
        """A number that has a unit of the view; a mean or a maximum has the column's own and stays in the check."""
        match = AGGREGATES.fullmatch(config.first("type", "expectation_type").line() or "")
        if match is None or isinstance(observed.value, bool) or not isinstance(observed.value, (int, float)):
            return
        value, metric = observed.number(), match[1]
        if value is None:
            return
        if metric in COUNTS:
            yield self._metric(*COUNTS[metric], value, "count", declared.column_name)
        elif metric in SHARES and 0 <= value <= 1:
            yield self._metric(SHARES[metric], f"{SHARES[metric]} observed", value, "ratio", declared.column_name)

    def _metric(self, dimension: str, metric: str, value: float, unit: str, column: str | None) -> Metric:
        assert self.at is not None
        return Metric(
            node=self.node,
            dataset=self.dataset,
            column_name=column,
            dimension=dimension,
            metric=metric,
            value=value,
            unit=unit,
            measured_at=self.at,
            as_of=self.at,
        )


def _identity(expectation: Part, suite: str, name: str) -> str:
    """The same for an expectation of a suite and for a result of it: its id, or a digest of what it says."""
    kwargs = expectation["kwargs"].value
    said = {k: v for k, v in kwargs.items() if k not in ("batch_id", "result_format")} if isinstance(kwargs, dict) else kwargs
    own = expectation["id"].line() if isinstance(expectation["id"].value, str) else None
    digest = sha256(json.dumps([name, said], sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()[:12]
    return "/".join(text for text in (suite, name, own or digest) if text)


def _kind(name: str) -> str:
    """The kind of check; an expectation on a column's minimum, mean or sum is one of range."""
    if name.startswith("expect_table_row_count"):
        return "row_count"
    if name in ("expect_column_values_to_be_null",):
        return "custom"
    if "to_be_in_set" in name or "to_be_in_type_list" in name:
        return "accepted_values" if "set" in name else "format"
    if "other_table" in name or "referential" in name:
        return "foreign_key"
    if "length" in name or ("between" in name and "unique" not in name):
        return "range"
    return check_kind(name)


def _column(kwargs: Part) -> str | None:
    if not isinstance(kwargs.value, dict):
        return None
    if column := kwargs["column"].line():
        return column
    pair = [line for key in ("column_A", "column_B") if (line := kwargs[key].line())]
    return ", ".join([*pair, *kwargs["column_list"].lines()]) or None


def _expected(name: str, kwargs: Part) -> str | None:
    """The expectation with its arguments: ``values to be between; min_value: 0; max_value: 9``."""
    given = kwargs.value if isinstance(kwargs.value, dict) else {}
    said = [re.sub(r"^expect_(column_|table_)?", "", name).replace("_", " ")]
    for key, value in given.items():
        if key not in IRRELEVANT and value is not None and not str(key).startswith("column"):
            said.append(f"{key}: {value if isinstance(value, (str, int, float)) else json.dumps(value, default=str)}"[:200])
    return "; ".join(said)[:500]


def _severity(expectation: Part) -> str | None:
    """1.x has it beside the expectation, earlier versions by custom in its metadata."""
    meta = expectation["meta"]
    stated = expectation["severity"] if expectation["severity"].present else meta["severity"] if isinstance(meta.value, dict) else expectation["severity"]
    return severity(stated.line()) if isinstance(stated.value, str) else None


def _exception(info: Part) -> str | None:
    """What was raised: 0.18 has one, 1.x may have one for each metric."""
    if not isinstance(info.value, dict):
        return None
    for part in (info, *(each for _, each in info.members() if isinstance(each.value, dict))):
        if part["raised_exception"].value is True:
            message = part["exception_message"].text()
            return " ".join(message.split())[:500] if message else "an exception"
    return None


def _actual(result: Part) -> str | None:
    """The observed value, or how many values were unexpected."""
    if not isinstance(result.value, dict):
        return None
    observed = result["observed_value"].value
    if observed is not None:
        text = observed if isinstance(observed, (str, int, float, bool)) else json.dumps(observed, default=str)
        return " ".join(str(text).split())[:500] or None
    count, of = result["unexpected_count"].whole(), result["element_count"].whole()
    return None if count is None else f"{count} unexpected of {of}" if of is not None else f"{count} unexpected"
