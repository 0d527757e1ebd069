"""The sentence above the rows: how many, how the question was read, and what to keep in mind. Written from templates only."""

from datetime import date, datetime

from catalog.engine.engine import Approved, ResultSet
from catalog.storage.closure import Cut
from nl2sql.linking.link import Linked
from nl2sql.turn import Freshness


def sentence(result: ResultSet, reading: str, linked: Linked | None, fresh: Freshness, caveats: tuple[str, ...] = ()) -> str:
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
    return " ".join([*parts, *caveats])


def left_out(unused: tuple[str, ...]) -> tuple[str, ...]:
    """What to say of values that the question names and the statement does not look at: a condition that was dropped looks like an answer."""
    listed = ", ".join(f"'{value}'" for value in unused)
    return (f"Not used: {listed}.",) if unused else ()


def cut_short(approved: Approved, cut: Cut | None) -> tuple[str, ...]:
    """What to say where lineage ends before that of the catalog does and the statement might have read on; nothing where it would not."""
    known = approved.fixed
    if cut is None or (known is not None and not known.names and known.hops <= cut.hops):
        return ()
    hops = "direct flows only" if cut.hops == 1 else f"{cut.hops} hops"
    left = "longer ways are" if cut.more is None else f"at least {cut.more:,} pair{'s' if cut.more > 1 else ''} farther apart {'are' if cut.more > 1 else 'is'}"
    advice = "" if known is not None and known.names else " Name the upstream or the downstream to see all of its lineage."
    return (f"Lineage is shown to {hops}; {left} left out.{advice}",)


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
