"""The semantic layer: the views that people and models see, each declared once in ``views/<name>.toml``.

DDL, prompt text, policy scope, the query vocabulary and ``docs/views.md`` are all derived from what is loaded here.
Knows nothing about storage engines, policies or language models.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

VIEW_FILES = Path(__file__).parent / "views"

CORE_TYPES = frozenset({"VARCHAR", "VARCHAR[]", "BIGINT", "INTEGER", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a view.

    ``slot`` names the kind of value a person may mention (dataset, country …), ``values`` a closed vocabulary,
    ``ref`` the column it points to, ``text`` free text, ``sensitivity`` the clearance its values need,
    ``given`` another column and the one value of it that rows have in which this one is set,
    ``always`` that none of those rows goes without: null there is what a publisher left out.
    """

    name: str
    type: str
    meaning: str
    synonyms: tuple[str, ...] = ()
    unit: str = ""
    slot: str = ""
    values: tuple[str, ...] = ()
    ref: str = ""
    text: bool = False
    sensitivity: str = "public"
    given: tuple[str, str] | None = None
    always: bool = False

    @property
    def is_number(self) -> bool:
        return self.type in ("BIGINT", "INTEGER", "DOUBLE")

    @property
    def is_time(self) -> bool:
        return self.type in ("DATE", "TIMESTAMP")

    @property
    def null_tells(self) -> bool:
        """Its meaning says what null stands for, such as never; elsewhere null is what nobody knows."""
        return "null " in self.meaning

    @property
    def is_list(self) -> bool:
        return self.type.endswith("[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A named predicate (segment) or certified aggregate (measure) over one view; ``{now}`` is the asker's clock.

    ``given`` is a column and the one value of it that rows have for which the measure has any.
    """

    name: str
    sql: str
    meaning: str
    given: tuple[str, str] | None = None

    def names(self, columns: Iterable[str]) -> bool:
        """Whether its SQL has one of these words: it is not for those who may not see the column."""
        return bool(set(re.findall(r"\w+", self.sql)) & set(columns))


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view: its meaning, key, columns, and the SQL that makes it from storage."""

    name: str
    meaning: str
    synonyms: tuple[str, ...]
    key: tuple[str, ...]
    display: tuple[str, ...]
    sql: str
    columns: Mapping[str, Column]
    segments: Mapping[str, Formula]
    measures: Mapping[str, Formula]
    time: str = ""
    latest_by: tuple[str, ...] = ()


COMMON_COLUMNS = (
    Column(name="node", type="VARCHAR", slot="node", ref="nodes.node", meaning="node that published the row", synonyms=("node", "host")),
    Column(
        name="jurisdiction",
        type="VARCHAR",
        slot="jurisdiction",
        meaning="legal area of the node: EU for member states of the European Union, else its country code",
        synonyms=("jurisdiction", "legal area"),
    ),
    Column(
        name="sensitivity",
        type="VARCHAR",
        values=("public", "internal", "confidential", "restricted"),
        meaning="who may know of the row",
        synonyms=("sensitivity",),
    ),
    Column(name="as_of", type="TIMESTAMP", meaning="when the row was published or measured, UTC", synonyms=("as of",)),
    Column(
        name="origin",
        type="VARCHAR",
        values=("published", "measured", "synthetic"),
        meaning="published by a node, measured by the catalog, or synthetic",
        synonyms=("origin",),
    ),
)


def _column(name: str, spec: dict[str, Any]) -> Column:
    column = Column(name=name, **_fields(spec))
    assert column.type in CORE_TYPES, f"{name}: unknown type {column.type}"
    return column


def _formulas(specs: dict[str, dict[str, Any]]) -> dict[str, Formula]:
    return {name: Formula(name=name, **_fields(spec)) for name, spec in specs.items()}


def _fields(spec: dict[str, Any]) -> dict[str, Any]:
    """Lists as tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in spec.items()}


def _view(path: Path) -> View:
    spec = tomllib.loads(path.read_text(encoding="utf-8"))
    columns = {name: _column(name, column) for name, column in spec["columns"].items()}
    for column in COMMON_COLUMNS:
        columns.setdefault(column.name, column)
    return View(
        name=path.stem,
        meaning=spec["meaning"],
        synonyms=tuple(spec["synonyms"]),
        key=tuple(spec["key"]),
        display=tuple(spec["display"]),
        sql=spec["sql"].strip(),
        columns=columns,
        segments=_formulas(spec.get("segments", {})),
        measures=_formulas(spec.get("measures", {})),
        time=spec.get("time", ""),
        latest_by=tuple(spec.get("latest_by", ())),
    )


@cache
def views() -> Mapping[str, View]:
    """Every view by name, in alphabetical order."""
    return {path.stem: _view(path) for path in sorted(VIEW_FILES.glob("*.toml"))}


@dataclass(frozen=True, slots=True)
class Edge:
    """Two columns that mean the same thing, so that their views can be joined: ``datasets.name=replicas.dataset``."""

    left: str
    right: str

    def __str__(self) -> str:
        return f"{self.left}={self.right}"

    @property
    def view_names(self) -> tuple[str, str]:
        return self.left.split(".")[0], self.right.split(".")[0]


EXTRA_EDGES = (
    Edge("lineage.downstream", "models.name"),
    Edge("datasets.generating_model", "models.name"),
    Edge("models.name", "training_rounds.model"),
    Edge("audit_log.policy", "policies.policy_id"),
    Edge("claims.claimant", "nodes.node"),
    Edge("market.seller", "nodes.operator"),
    Edge("nodes.node", "training_rounds.slowest_node"),
)


@cache
def edges() -> tuple[Edge, ...]:
    """Every way two views join: by dataset, by publishing node, and the few others that are declared."""
    by_dataset = [("datasets", "name")]
    by_dataset += [(v.name, c.name) for v in views().values() for c in v.columns.values() if c.ref == "datasets.name"]
    pairs = [
        Edge(f"{a}.{x}", f"{b}.{y}") for i, (a, x) in enumerate(by_dataset) for b, y in by_dataset[i + 1 :] if a != b
    ]
    pairs += [Edge("nodes.node", f"{v.name}.node") for v in views().values() if v.name != "nodes"]
    return tuple(sorted([*pairs, *EXTRA_EDGES], key=str))
