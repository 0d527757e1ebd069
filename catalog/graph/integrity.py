"""Six checks of what a catalog says: each a table of what is amiss, or the reason why it cannot be told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from catalog.graph.personal import personal_flows
from catalog.graph.tables import Plain, lacking
from catalog.graph.walk import Graph

REQUIRED = ("description", "owner", "licence")
"""Fields of a dataset that somebody who wants to use it must know."""
FED = 5
"""Things that a retired dataset feeds and that are named."""
ENDS = "(SELECT upstream AS name, upstream_kind AS kind FROM g_flows UNION SELECT downstream, downstream_kind FROM g_flows)"

Row = tuple[str, str]
"""What is amiss, and in which way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found. ``unknown`` says why it was not made, ``without`` which view it was made without."""

    check: str
    meaning: str
    rows: tuple[Row, ...] = ()
    unknown: str | None = None
    without: str | None = None

    @property
    def holds(self) -> bool | None:
        """Whether all is well; None when it cannot be told."""
        return None if self.unknown else not self.rows


@dataclass(frozen=True, slots=True)
class _Check:
    """``needs`` are columns by view without which there is no answer, ``uses`` a view without which there is less of one."""

    meaning: str
    find: Callable[[Graph, Plain], Iterable[Row]]
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    uses: str | None = None


def _missing(graph: Graph, plain: Plain) -> Iterable[Row]:
    fields = [name for name in REQUIRED if not lacking(plain, "datasets", name)]
    lists = ", ".join(f"CASE WHEN bool_and(coalesce({name}, '') = '') THEN '{name}' END" for name in fields)
    return _rows(graph, f"SELECT name, array_to_string(list_filter([{lists}], lambda x: x IS NOT NULL), ', ') AS gaps FROM g_datasets GROUP BY name HAVING gaps <> ''")


def _unowned(graph: Graph, plain: Plain) -> Iterable[Row]:
    return _rows(
        graph,
        """SELECT d.name, concat_ws(', ', 'downstream: ' || f.n, 'live grants: ' || g.n)
        FROM (SELECT name FROM g_datasets GROUP BY name HAVING bool_and(coalesce(owner, '') = '')) d
        LEFT JOIN (SELECT upstream AS name, count(DISTINCT downstream) AS n FROM g_flows WHERE downstream <> upstream GROUP BY upstream) f USING (name)
        LEFT JOIN (SELECT dataset AS name, count(*) AS n FROM g_live GROUP BY dataset) g USING (name)
        WHERE f.n > 0 OR g.n > 0""",
    )


def _deprecated(graph: Graph, plain: Plain) -> Iterable[Row]:
    return _rows(
        graph,
        f"""SELECT upstream, 'feeds ' || array_to_string(list(downstream ORDER BY downstream)[:{FED}], ', ')
               || CASE WHEN count(*) > {FED} THEN ' and ' || (count(*) - {FED}) || ' more' ELSE '' END
        FROM (SELECT DISTINCT upstream, downstream FROM g_flows WHERE upstream <> downstream)
        WHERE upstream IN (FROM g_retired) AND downstream NOT IN (FROM g_retired) GROUP BY upstream""",
    )


def _orphan(graph: Graph, plain: Plain) -> Iterable[Row]:
    return _rows(
        graph,
        f"""SELECT DISTINCT name, 'no lineage, no live grant' FROM g_datasets
        WHERE name NOT IN (SELECT name FROM {ENDS} WHERE name IS NOT NULL) AND name NOT IN (SELECT dataset FROM g_live WHERE dataset IS NOT NULL)""",
    )


def _untagged(graph: Graph, plain: Plain) -> Iterable[Row]:
    return [
        (str(row.place), f"{row.category} from {row.origin}")
        for row in personal_flows(graph)
        if row.outcome == "untagged" and row.kind == "dataset"
    ]


def _dangling(graph: Graph, plain: Plain) -> Iterable[Row]:
    sources = [f"SELECT name, 'lineage' AS place FROM {ENDS} WHERE kind <> 'report'"]
    sources += [f"SELECT dataset, '{view}' FROM g_{view}" for view in ("claims", "grants", "quality_checks") if not lacking(plain, view, "dataset")]
    return _rows(
        graph,
        f"SELECT name, string_agg(DISTINCT place, ', ' ORDER BY place) FROM ({' UNION ALL '.join(sources)}) "
        "WHERE name IS NOT NULL AND name NOT IN (FROM g_known) GROUP BY name",
    )


CHECKS = {
    "missing-fields": _Check(f"datasets without {', '.join(REQUIRED[:-1])} or {REQUIRED[-1]}", _missing, {"datasets": ("name",)}),
    "unowned": _Check("datasets that others rely on and nobody owns", _unowned, {"datasets": ("name", "owner"), "lineage": ("upstream", "downstream", "depth")}, "grants"),
    "deprecated-upstream": _Check("retired datasets that still feed live things", _deprecated, {"datasets": ("name", "deprecated"), "lineage": ("upstream", "downstream", "depth")}),
    "orphan": _Check(
        "datasets with neither lineage nor anybody who may use them",
        _orphan,
        {"datasets": ("name",), "lineage": ("upstream", "downstream", "depth"), "grants": ("dataset",)},
    ),
    "untagged-pii": _Check(
        "columns that receive personal data and are not tagged",
        _untagged,
        {"columns": ("dataset", "column_name", "pii_category"), "lineage": ("upstream", "upstream_column", "downstream", "downstream_column", "depth", "masking")},
    ),
    "dangling": _Check("names that lineage, claims, grants or checks refer to and the catalog lacks", _dangling, {"datasets": ("name",), "models": ("name",), "lineage": ("upstream", "downstream", "depth", "upstream_kind", "downstream_kind")}),
}


def integrity(graph: Graph, plain: Plain, now: datetime) -> list[Finding]:
    """All checks, in the order in which they stand."""
    connection = graph.connection
    connection.execute("CREATE OR REPLACE TEMP VIEW g_flows AS FROM g_lineage WHERE depth = 1")
    connection.execute("CREATE OR REPLACE TEMP VIEW g_retired AS SELECT name FROM g_datasets WHERE name IS NOT NULL GROUP BY name HAVING bool_and(deprecated)")
    connection.execute("CREATE OR REPLACE TEMP TABLE g_live AS FROM g_grants WHERE NOT coalesce(revoked, FALSE) AND (expires IS NULL OR expires > $1)", [now])
    return [_made(name, check, graph, plain) for name, check in CHECKS.items()]


def _made(name: str, check: _Check, graph: Graph, plain: Plain) -> Finding:
    closed = [view for view, columns in check.needs.items() if lacking(plain, view, *columns)]
    if closed:
        return Finding(check=name, meaning=check.meaning, unknown=f"{' and '.join(closed)}: not open to you")
    without = check.uses if check.uses and lacking(plain, check.uses, "dataset") else None
    return Finding(check=name, meaning=check.meaning, rows=tuple(sorted(check.find(graph, plain))), without=without)


def _rows(graph: Graph, query: str) -> Iterable[Row]:
    return [(str(name), str(detail)) for name, detail in graph.connection.execute(query).fetchall() if name is not None]
