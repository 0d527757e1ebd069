"""The sentence above the rows: how many, how the question was read, and what to keep in mind. Written from templates only."""

from datetime import date, datetime

from catalog.engine.engine import ResultSet
from nl2sql.linking.link import Linked
from nl2sql.turn import Freshness


def sentence(result: ResultSet, reading: str, linked: Linked | None, fresh: Freshness) -> str:
    """Says what was found; names that the asker's catalog does not hold are called out, hidden and absent ones alike."""
    parts = [_found(result)]
    if reading:
        parts.append(f"Read as: {reading}.")
    for mention in linked.mentions.values() if linked else ():
        if not mention.known and mention.kind != "term":
            named = mention.surface.strip("\"'“”`")
            parts.append(f"Nothing named '{named}' is in the catalog that you can see.")
    if fresh.synthetic and result.rows:
        parts.append("Some of the data behind this is synthetic.")
    return " ".join(parts)


def _found(result: ResultSet) -> str:
    count = len(result.rows)
    if count == 0:
        return "Nothing fits the limits on output." if result.truncated else "Nothing matches."
    if result.truncated:
        return f"The first {count:,} row{'s' if count > 1 else ''}; there are more."
    if count == 1 and len(result.columns) == 1:
        value = _shown(result.rows[0][0])
        return f"{_title(result.columns[0])}: {value}{'' if value.endswith('.') else '.'}"
    return "1 row." if count == 1 else f"{count:,} rows."


def _title(column: str) -> str:
    words = column.replace("_", " ").strip()
    return words[:1].upper() + words[1:] or "Value"


def _shown(value: object) -> str:
    """A single value in a sentence."""
    match value:
        case None:
            return "not set"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.6g}"
        case list() | tuple():
            return ", ".join(_shown(v) for v in value) or "none"
        case datetime():
            return f"{value.isoformat(' ', 'minutes')} UTC" if value.time() != datetime.min.time() else value.date().isoformat()
        case date():
            return value.isoformat()
    return str(value)
