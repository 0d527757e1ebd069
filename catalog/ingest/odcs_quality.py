"""What a data contract promises: quality rules as checks that have not run, service levels as checks and policies.

A contract measures nothing, so none of these checks has a status.
"""

import json
import re
from collections.abc import Iterator
from datetime import date

from catalog.ingest.aws_open_data import frequency as promised
from catalog.ingest.parts import Part
from catalog.ingest.vocabulary import check_kind, every, hours, severity
from catalog.storage.records import GovernancePolicy, QualityCheck

OPERATORS = {
    "mustBe": "=", "mustNotBe": "≠", "mustBeGreaterThan": ">", "mustBeGreaterOrEqualTo": "≥", "mustBeGreaterThanOrEqualTo": "≥",
    "mustBeLessThan": "<", "mustBeLessOrEqualTo": "≤", "mustBeLessThanOrEqualTo": "≤", "mustBeBetween": "between", "mustNotBeBetween": "not between",
}  # fmt: skip
METRICS = {
    "nullValues": "not_null", "missingValues": "not_null", "nullCheck": "not_null", "duplicateValues": "unique", "duplicateCount": "unique",
    "uniqueCheck": "unique", "rowCount": "row_count", "countCheck": "row_count", "freshness": "freshness",
}  # fmt: skip
DIMENSIONS = {"timeliness": "freshness", "tm": "freshness", "uniqueness": "unique", "uq": "unique"}
LIMITS = {"minimum": "≥", "maximum": "≤", "exclusiveMinimum": ">", "exclusiveMaximum": "<", "minLength": "length ≥", "maxLength": "length ≤"}
SERVICE_CHECKS = {
    "latency": "freshness", "ly": "freshness", "freshness": "freshness", "timeofavailability": "freshness", "ta": "freshness",
    "availability": "custom", "av": "custom", "throughput": "custom", "th": "custom", "errorrate": "custom", "er": "custom",
    "timetodetect": "custom", "td": "custom", "timetonotify": "custom", "tn": "custom", "timetorepair": "custom", "tr": "custom",
    "completeness": "not_null",
}  # fmt: skip
"""Service level properties, with the abbreviations of the data QoS table, that are checked rather than dated."""
PROMISES = frozenset({
    "frequency", "fy", "updatefrequency", "retention", "re", "generalavailability", "ga", "endofsupport", "es", "endoflife", "el",
})  # fmt: skip
"""Service level properties that are no checks; one of the contract's own making is a check of what its name says."""


def checks(rules: Part, column: str | None, *, dataset: str, node: str) -> Iterator[QualityCheck]:
    """Rules of a table (``column`` None) or of a column, as checks without a status."""
    for i, rule in enumerate(rules.each()):
        if not isinstance(rule.value, dict):
            rule.complain(rule.path, "a quality rule")
            continue
        tested = column or _single(rule)
        named = rule.first("id", "name", "toolRuleName", "templateName", "code", "metric", "rule").line()
        yield QualityCheck(
            node=node,
            check_id="/".join(text for text in (dataset, tested, named or "rule", str(i)) if text),
            dataset=dataset,
            column_name=tested,
            check_name=_kind(rule),
            expected=_expected(rule),
            severity=severity(rule["severity"].line()),
        )


def property_checks(prop: Part, path: str, *, dataset: str, node: str) -> Iterator[QualityCheck]:
    """What a column's own declaration demands of its values: that they are unique, in bounds, of a pattern."""
    demanded = []
    if prop.first("unique", "isUnique").flag():
        demanded.append(("unique", "no duplicates"))
    options = prop["logicalTypeOptions"]
    if isinstance(options.value, dict):
        bounds = [f"{_sign(options, key, sign)} {line}" for key, sign in LIMITS.items() if not isinstance(options[key].value, bool) and (line := options[key].line())]
        if bounds:
            demanded.append(("range", " and ".join(bounds)))
        if pattern := options["pattern"].line():
            demanded.append(("format", f"matches {pattern}"))
    for kind, expected in demanded:
        yield QualityCheck(
            node=node,
            check_id=f"{dataset}/{path}/declared {kind}",
            dataset=dataset,
            column_name=path,
            check_name=kind,
            expected=expected,
        )


def _sign(options: Part, key: str, sign: str) -> str:
    """The sign of a bound, which before 3.1 another option excludes: ``exclusiveMaximum: true``."""
    return {"minimum": ">", "maximum": "<"}[key] if options[f"exclusive{key.capitalize()}"].value is True and key in ("minimum", "maximum") else sign


def frequency(levels: Part, table: str, names: dict[str, str]) -> str | None:
    """How often a table is promised to change, by the first level that says so."""
    for level in _of(levels, table, names):
        if _property(level) in ("frequency", "fy", "updatefrequency"):
            value, unit = level["value"], level["unit"].line()
            number = _number(value)
            if found := every(hours(number, unit)) if number is not None else promised(value.line()):
                return found
    return None


def service_checks(levels: Part, table: str, names: dict[str, str], *, node: str) -> Iterator[QualityCheck]:
    """Service levels that can be checked, as checks without a status."""
    for i, level in enumerate(_of(levels, table, names)):
        name, said = _property(level), level["property"].line()
        if said and name not in PROMISES and (value := _value(level)):
            yield QualityCheck(
                node=node,
                check_id=f"{names[table]}/service level/{said}/{i}",
                dataset=names[table],
                column_name=_column(level, table),
                check_name=SERVICE_CHECKS.get(name) or check_kind(said),
                expected=f"{said} {value}",
                severity="high" if (level["driver"].line() or "").lower() == "regulatory" else None,
            )


def policies(levels: Part, table: str, names: dict[str, str], *, node: str) -> Iterator[GovernancePolicy]:
    """Retention as a duty to keep, and the time in service as permission to use."""
    dates: dict[str, date] = {}
    for i, level in enumerate(_of(levels, table, names)):
        name = _property(level)
        if name in ("retention", "re") and (value := _value(level)):
            yield GovernancePolicy(
                node=node,
                policy_id=f"{names[table]}/retention/{i}",
                name=f"retention {value}",
                type="retention",
                effect="oblige",
                action="retain",
                target=names[table],
            )
        elif name in ("generalavailability", "ga", "endofsupport", "es", "endoflife", "el") and (moment := level["value"].moment()):
            dates[{"ga": "generalavailability", "es": "endofsupport", "el": "endoflife"}.get(name, name)] = moment.date()
    if dates:
        supported = dates.get("endofsupport")
        yield GovernancePolicy(
            node=node,
            policy_id=f"{names[table]}/service",
            name=f"in service, supported until {supported}" if supported else "in service",
            type="usage",
            effect="permit",
            action="read",
            target=names[table],
            valid_from=dates.get("generalavailability"),
            valid_to=dates.get("endoflife") or supported,
        )


def _of(levels: Part, table: str, names: dict[str, str]) -> Iterator[Part]:
    """The service levels of a table: those that name it, a column of it, or no table of the contract."""
    for level in levels.each():
        if not isinstance(level.value, dict):
            level.complain(level.path, "a service level property")
            continue
        named = {part.split(".")[0].strip() for line in level.first("element", "column").lines() for part in line.split(",")}
        if table in named or not named & names.keys():
            yield level


def _column(level: Part, table: str) -> str | None:
    named = level.first("element", "column").line() or ""
    first, _, rest = named.partition(".")
    return rest or None if first == table else None


def _property(level: Part) -> str:
    return re.sub(r"[^a-z]", "", (level["property"].line() or "").lower())


def _number(part: Part) -> float | None:
    text = part.line() or ""
    return float(text) if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text, re.ASCII) else None


def _value(level: Part) -> str | None:
    """Value and unit as written: ``4 d``."""
    values = [level["value"], level["valueExt"]]
    if isinstance(values[0].value, (dict, list)):
        return None
    said = values[0].line()
    return " ".join(word for word in (said, level["unit"].line()) if word) if said else None


def _single(rule: Part) -> str | None:
    """The column of a rule of 2.2, when it is about one."""
    said = rule["column"].line() or rule["columns"].line()
    return said if said and "," not in said else None


def _kind(rule: Part) -> str:
    metric = rule.first("metric", "rule").line() or ""
    arguments = rule["arguments"].value
    if metric == "invalidValues":
        return "format" if isinstance(arguments, dict) and "pattern" in arguments else "accepted_values"
    if metric in METRICS:
        return METRICS[metric]
    dimension = DIMENSIONS.get((rule["dimension"].line() or "").lower())
    if dimension:
        return dimension
    said = check_kind(metric, rule["templateName"].line(), rule["toolRuleName"].line(), rule["name"].line(), rule["code"].line())
    return said if said != "custom" else check_kind(_implementation(rule), rule["description"].text())


def _expected(rule: Part) -> str | None:
    """The rule in one line: what is measured, what it must be, and the unit."""
    bounds = []
    for key, sign in OPERATORS.items():
        part = rule[key]
        if part.present:
            values = [str(v) for v in part.value] if isinstance(part.value, list) else [str(part.value)]
            bounds.append(f"{sign} {' and '.join(values)}"[:200])
    measured = rule.first("metric", "rule").line()
    unit = rule["unit"].line()
    said = "; ".join(line for line in (" ".join(word for word in (measured, " and ".join(bounds), unit) if word), *_arguments(rule)) if line)
    detail = rule["query"].text() or _implementation(rule) or (rule["description"].text() if not said else None)
    text = ": ".join(part for part in (said, " ".join((detail or "").split())) if part)
    return text[:500] or None


def _arguments(rule: Part) -> Iterator[str]:
    """What a rule is given: its arguments, the values that 3.0 has beside it, the custom properties that 2.2 has for them."""
    given = dict(rule["arguments"].members()) if isinstance(rule["arguments"].value, dict) else {}
    if rule["validValues"].present:
        given["validValues"] = rule["validValues"]
    for custom in rule["customProperties"].each() if rule.first("templateName", "toolRuleName", "code").present else ():
        if (key := custom["property"].line()) and custom["value"].present:
            given.setdefault(key, custom["value"])
    for key, part in given.items():
        values = part.value if isinstance(part.value, list) else [part.value]
        yield f"{key}: {', '.join(str(value) for value in values)}"[:200]


def _implementation(rule: Part) -> str | None:
    part = rule["implementation"]
    if isinstance(part.value, (dict, list)):
        return json.dumps(part.value, ensure_ascii=False, default=str)[:2000]
    return part.text()
