"""What a written name means: a dataset, model or report, or a column of one, by its name or another name of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.errors import GovernanceError, UsageError

if TYPE_CHECKING:
    import duckdb

LONGEST = 2000
"""Characters of a name that are looked up."""
NEAR = 0.85
"""Jaro-Winkler similarity from which a name is suggested."""
SUGGESTED = 3

NAMES = "(SELECT name FROM g_known UNION SELECT upstream FROM g_lineage UNION SELECT downstream FROM g_lineage)"
COLUMNS = """(SELECT column_name AS name FROM g_columns WHERE dataset = $of
UNION SELECT upstream_column FROM g_lineage WHERE depth = 1 AND upstream = $of
UNION SELECT downstream_column FROM g_lineage WHERE depth = 1 AND downstream = $of)"""
BEARERS = (
    f"SELECT name FROM {NAMES} WHERE name = $text",
    f"SELECT name FROM {NAMES} WHERE lower(name) = lower($text) ORDER BY name",
    "SELECT DISTINCT name FROM (SELECT name, unnest(aliases) AS alias FROM g_datasets) "
    "WHERE lower($text) IN (lower(alias), lower(split_part(alias, '/', 2))) AND name IS NOT NULL ORDER BY name",
)
"""Who bears a name, the surest sense first: the very name, the name in any case, another name (``tatsu-lab/alpaca`` is alpaca too)."""


class Ambiguous(GovernanceError):
    """A name that several things bear; ``choices`` are their own names."""

    exit_code = 6

    def __init__(self, text: str, choices: tuple[str, ...]) -> None:
        super().__init__(f"Which {text!r} is meant? {len(choices)} bear this name.", f"Ask again with one of: {', '.join(choices[:10])}.")
        self.choices = choices


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A dataset, model or report as a whole, or one column of it."""

    name: str
    column: str | None = None

    def __str__(self) -> str:
        return self.name if self.column is None else f"{self.name}.{self.column}"


def resolve(connection: "duckdb.DuckDBPyConnection", text: str) -> Place:
    """The place that ``text`` names: ``customers.email`` is a column of customers unless something is called just that.

    Raises `UsageError` for a name that nothing bears, with the nearest ones, and `Ambiguous` for one that several do.
    """
    written = text.strip().encode("utf-8", "replace").decode("utf-8")
    if not 0 < len(written) <= LONGEST:
        raise UsageError("There is no name." if not written else f"The name is longer than {LONGEST:,} characters.", "Give the name of a dataset, model or report.")
    if name := _bearer(connection, written):
        return Place(name)
    dots = [at for at in range(len(written) - 1, 0, -1) if written[at] == "."]
    for dot in dots[:8]:  # names have dots too: Llama 3.1
        name, column = _bearer(connection, written[:dot]), written[dot + 1 :]
        if name and column:
            return Place(name, _column(connection, name, column))
    near = _near(connection, NAMES, written, {})
    raise UsageError(
        f"There is no dataset, model or report named {written!r} that you may see.",
        f"Did you mean {' or '.join(near)}?" if near else "Search by meaning: steward catalog similar TEXT.",
    )


def _bearer(connection: "duckdb.DuckDBPyConnection", text: str) -> str | None:
    for query in BEARERS:
        found = [str(row[0]) for row in connection.execute(query, {"text": text}).fetchall()]
        if len(found) == 1:
            return found[0]
        if found:
            raise Ambiguous(text, tuple(found))
    return None


def _column(connection: "duckdb.DuckDBPyConnection", name: str, column: str) -> str:
    rows = connection.execute(f"SELECT name FROM {COLUMNS} WHERE lower(name) = lower($text) ORDER BY name", {"of": name, "text": column}).fetchall()
    found = [str(row[0]) for row in rows]
    if column in found or len(found) == 1:
        return column if column in found else found[0]
    if found:
        raise Ambiguous(f"{name}.{column}", tuple(f"{name}.{other}" for other in found))
    near = _near(connection, COLUMNS, column, {"of": name})
    raise UsageError(
        f"{name} has no column {column!r} that you may see.",
        f"Did you mean {' or '.join(near)}?" if near else f"Ask for {name} as a whole.",
    )


def _near(connection: "duckdb.DuckDBPyConnection", among: str, text: str, about: dict[str, str]) -> list[str]:
    likeness = "jaro_winkler_similarity(lower(name), lower($text))"
    query = f"SELECT name FROM {among} WHERE {likeness} >= {NEAR} ORDER BY {likeness} DESC, name LIMIT {SUGGESTED}"
    return [str(row[0]) for row in connection.execute(query, {"text": text, **about}).fetchall()]
