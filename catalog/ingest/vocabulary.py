"""Words of other formats in the words of the views: kinds of check, severities, protection classes, personal data, frequencies.

A word that has no counterpart is None; what a format says beside it stays where the reader puts it.
"""

import re
from collections.abc import Iterable

CHECKS = (
    ("not_null", r"not_?null|null_?(values|check)|not_be_null|missing|completeness|non_?null"),
    ("unique", r"unique|duplicate"),
    ("accepted_values", r"accepted_values|in_set|allowed|enum|invalid_?values|valid_?values"),
    ("foreign_key", r"relationship|foreign|referential|orphan"),
    ("freshness", r"fresh|recency|stale|timeliness|latency|newer"),
    ("row_count", r"row_?count|count_?check|volume|table_row"),
    ("format", r"regex|format|pattern|match|of_type|type_list|parseable|strftime|json_schema|dateutil"),
    ("range", r"between|range|(?<![a-z])(min|max)|greater|less|positive|non_?negative|increasing|decreasing"),
)
SEVERITIES = {
    "info": "low", "low": "low", "minor": "low", "warn": "medium", "warning": "medium", "medium": "medium", "moderate": "medium",
    "error": "high", "high": "high", "major": "high", "critical": "critical", "blocker": "critical", "fatal": "critical",
}  # fmt: skip
CLASSES = {
    "public": "public", "open": "public", "internal": "internal", "internal use only": "internal", "general": "internal",
    "confidential": "confidential", "private": "confidential", "sensitive": "confidential", "restricted": "restricted",
    "highly confidential": "restricted", "highly restricted": "restricted", "secret": "restricted",
}  # fmt: skip
PERSONAL = re.compile(r"(?<![a-z])(pii|personal|personally identifiable|gdpr personal|personal[ _-]?data)(?![a-z])")
HEALTH = re.compile(r"(?<![a-z])(phi|health[ _-]?data|patient[ _-]?data|protected health)(?![a-z])")
DENIED = re.compile(r"(?<![a-z])(no|non|not)[ _:-]*(pii|phi|personal)|(pii|phi|personal[ _-]?data)[ _]*[:=][ _]*(false|no|none|0)\b")
PII_CATEGORIES = (
    ("email", r"e-?mail|\bmail\b"),
    ("phone", r"phone|mobile"),
    ("birth date", r"birth|\bdob\b"),
    ("national id", r"national|\bssn\b|social[ _]?security|passport|tax[ _]?id"),
    ("ip address", r"\bip\b|ip[ _]?addr"),
    ("address", r"address|postal|street|zip"),
    ("location", r"location|\bgeo|latitude|longitude"),
    ("health", r"health|medical|\bphi\b|diagnos"),
    ("financial", r"financ|iban|card|account|salary|payment"),
    ("name", r"\bname|name\b|_name"),
)
HOURS = {
    "s": 1 / 3600, "sec": 1 / 3600, "second": 1 / 3600, "mi": 1 / 60, "min": 1 / 60, "minute": 1 / 60, "h": 1.0, "hr": 1.0, "hour": 1.0,
    "d": 24.0, "day": 24.0, "w": 168.0, "wk": 168.0, "week": 168.0, "m": 730.5, "mo": 730.5, "month": 730.5, "q": 2191.5, "quarter": 2191.5,
    "y": 8766.0, "yr": 8766.0, "year": 8766.0,
}  # fmt: skip
"""Hours of a unit of time as ODCS and dbt abbreviate it."""
FREQUENCIES = (
    ("streaming", 0.0, 0.5),
    ("hourly", 0.5, 20.0),
    ("daily", 20.0, 30.0),
    ("weekly", 150.0, 180.0),
    ("monthly", 660.0, 780.0),
    ("quarterly", 2000.0, 2300.0),
    ("yearly", 8500.0, 9000.0),
)
"""Hours between two updates, from and up to, that each promises."""


def check_kind(*said: str | None) -> str:
    """The kind of check that the first telling text names; 'custom' when none does."""
    for text in said:
        spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text or "").lower()
        for kind, pattern in CHECKS:
            if re.search(pattern, spelled):
                return kind
    return "custom"


def severity(text: str | None) -> str | None:
    """How bad a failure is: ``WARN`` → medium."""
    return SEVERITIES.get((text or "").strip().lower())


def classification(text: str | None) -> str | None:
    """The protection class: ``Highly-Confidential`` → restricted."""
    return CLASSES.get(re.sub(r"[\s_-]+", " ", text or "").strip().lower())


def is_personal(words: Iterable[str]) -> bool:
    """Whether one of the words marks personal data; ``non-pii`` and ``pii: false`` do not."""
    return _marked(PERSONAL, words)


def is_health(words: Iterable[str]) -> bool:
    """Whether one of the words marks health data about persons."""
    return _marked(HEALTH, words)


def _marked(pattern: re.Pattern[str], words: Iterable[str]) -> bool:
    return any(pattern.search(word.lower()) and not DENIED.search(word.lower()) for word in words)


def pii_category(words: Iterable[str]) -> str | None:
    """The kind of personal data that words name, a tag or a column's own name; the first that names one decides."""
    for word in words:
        spelled = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", word).lower()
        for kind, pattern in PII_CATEGORIES:
            if re.search(pattern, spelled):
                return kind
    return None


def hours(value: float | None, unit: str | None) -> float | None:
    """Hours of a duration: 4 ``days`` → 96."""
    unit = (unit or "").strip().lower()
    factor = HOURS.get(unit) or HOURS.get(unit.removesuffix("s"))
    return None if value is None or factor is None or value < 0 else value * factor


def every(between: float | None) -> str | None:
    """The update frequency of one update every so many hours; None when no usual one fits."""
    if between is None:
        return None
    return next((name for name, low, high in FREQUENCIES if low <= between < high), None)
