"""The sentence above the rows: how many, how the question was read, and what to keep in mind. Written from templates only."""

from catalog.engine import ResultSet
from nl2sql.linking.link import Linked
from nl2sql.turn import Freshness


def sentence(result: ResultSet, reading: str, linked: Linked | None, fresh: Freshness) -> str:
    """Says what was found; names that the asker's catalog does not hold are called out, hidden and absent ones alike."""
    parts = [_found(result)]
    if reading:
        parts.append(f"Read as: {reading}.")
    for mention in (linked.mentions.values() if linked else ()):
        if not mention.known and mention.kind != "term":
            parts.append(f"Nothing named {mention.surface.strip(chr(34) + chr(39))!r} is in the catalog that you can see.")
    if fresh.synthetic:
        parts.append("Some of these rows are synthetic.")
    return " ".join(parts)


def _found(result: ResultSet) -> str:
    count = len(result.rows)
    if count == 0:
        return "Nothing matches."
    if result.truncated:
        return f"The first {count:,} rows; there are more."
    if count == 1 and len(result.columns) == 1:
        return f"{result.columns[0].replace('_', ' ').capitalize()}: {_shown(result.rows[0][0])}."
    return "1 row." if count == 1 else f"{count:,} rows."


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
