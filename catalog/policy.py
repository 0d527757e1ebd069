"""Decides what a principal may see: pure functions over rules, deny by default, every decision citing its rules.

Knows the semantic layer; knows nothing about files (see ``policy_file``), SQL text of askers or the engine.

How rules combine, whatever their order, so that a further filter, mask or deny takes away and a further allow shows only
what some allow covers:

- allow: an allow whose rows and columns another one covers adds nothing. Of those left, rows are OR-ed and columns
  intersected: every cell shown is one that each of them would have shown on its own rows.
- filter: row predicates of every filter that applies are AND-ed on top.
- mask: the strictest of null, hash, bucket, partial wins.
- deny: takes views or columns out last.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Literal

from catalog.errors import UsageError
from catalog.semantic import Column, views

CLEARANCES = ("public", "internal", "confidential", "restricted")
ATTRIBUTES = ("$clearance", "$jurisdictions", "$organisation", "$node", "$purposes")
BUILT_IN_ROLES = frozenset({"anonymous", "member"})
POLICY_FILE = "policy.yaml"
NO_RULE = "default"
"""What a denial cites when no rule allows: deny by default."""

Scalar = str | bool | int | float
Treatment = Literal["show", "partial", "bucket", "hash", "null"]
STRICTNESS: tuple[Treatment, ...] = ("show", "partial", "bucket", "hash", "null")


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks: roles and attributes. ``jurisdictions`` of ``("*",)`` are all of them; an empty attribute matches nothing."""

    name: str
    roles: tuple[str, ...]
    organisation: str = ""
    clearance: str = "public"
    jurisdictions: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    node: str = ""


ANONYMOUS = Principal(name="anonymous", roles=("anonymous",))

Where = Mapping[str, tuple[Scalar, ...]]
"""Column to the values or attribute references it may hold; entries are AND-ed."""

Columns = Mapping[str, frozenset[str]]
"""View to column names."""


@dataclass(frozen=True, slots=True)
class AllowRule:
    """Principals with one of ``roles`` see these columns of the rows that ``where`` keeps."""

    id: str
    roles: frozenset[str]
    columns: Columns
    where: Where


@dataclass(frozen=True, slots=True)
class FilterRule:
    """Principals with one of ``roles`` see at most the rows that ``where`` keeps."""

    id: str
    roles: frozenset[str]
    views: frozenset[str]
    where: Where


@dataclass(frozen=True, slots=True)
class MaskRule:
    """Everyone without one of the ``unless`` roles sees these ``view.column`` cells treated."""

    id: str
    treatments: Mapping[str, Treatment]
    unless: frozenset[str]


@dataclass(frozen=True, slots=True)
class DenyRule:
    """Principals with one of ``roles`` never see these columns; a view of which all columns are denied is denied."""

    id: str
    roles: frozenset[str]
    columns: Columns


Rule = AllowRule | FilterRule | MaskRule | DenyRule


@dataclass(frozen=True, slots=True)
class Policy:
    """Principals and rules. ``version`` is the SHA-256 of their canonical form, hex."""

    version: str
    principals: Mapping[str, Principal]
    rules: tuple[Rule, ...]

    def principal(self, name: str) -> Principal:
        """The principal of that name. Raises `UsageError` for any other: nobody is taken for anonymous in silence."""
        if name == ANONYMOUS.name:
            return ANONYMOUS
        if name not in self.principals:
            raise UsageError(f"The policy has no principal named {name!r}.", "Use a name from policy.yaml, or no name to ask anonymously.")
        return self.principals[name]


@dataclass(frozen=True, slots=True)
class Permit:
    """What may be seen of a view: a column that is absent may not. ``row_filter`` is SQL over its columns, empty for all rows."""

    view: str
    columns: Mapping[str, Treatment]
    row_filter: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deny:
    """Nothing of the view may be seen; ``rule`` says why."""

    rule: str


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Every decision of one policy for one principal; each view is in ``permits`` or in ``denials``."""

    principal: Principal
    policy_version: str
    permits: Mapping[str, Permit]
    denials: Mapping[str, Deny]


def load_policy(path: Path) -> Policy:
    """The policy in a YAML file. Raises `CatalogUnavailable` without the file, `UsageError` naming file, line and field."""
    from catalog.policy_file import read_policy  # pydantic and yaml, about 0.1 s that only readers of a file pay

    return read_policy(path)


def ensure_policy(home: Path) -> Path:
    """The policy file of a catalog folder; a new folder gets one that shows anonymous public metadata only."""
    path = home / POLICY_FILE
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes((Path(__file__).parent / "default_policy.yaml").read_bytes())
    return path


def authorise(principal: Principal, policy: Policy) -> Authorisation:
    """Decide every view for one principal."""
    decisions = {name: decide(principal, policy, name) for name in views()}
    return Authorisation(
        principal,
        policy.version,
        {name: d for name, d in decisions.items() if isinstance(d, Permit)},
        {name: d for name, d in decisions.items() if isinstance(d, Deny)},
    )


def decide(principal: Principal, policy: Policy, view_name: str) -> Permit | Deny:
    """What ``principal`` may see of one view, by the rules alone."""
    roles = frozenset(principal.roles)
    allows, filters, masks, denies = [], [], [], []
    for rule in sorted(policy.rules, key=attrgetter("id")):
        match rule:
            case AllowRule() if rule.roles & roles and view_name in rule.columns:
                allows.append(_Grant(rule.id, rule.columns[view_name], _bind(rule.where, principal)))
            case FilterRule() if rule.roles & roles and view_name in rule.views:
                filters.append(rule)
            case MaskRule() if not rule.unless & roles:
                masks.append(rule)
            case DenyRule() if rule.roles & roles and view_name in rule.columns:
                denies.append(rule)
    if not allows:
        return Deny(denies[0].id if denies else NO_RULE)
    grants = _not_covered(allows)
    denied = frozenset[str]().union(*(rule.columns[view_name] for rule in denies))
    shared = frozenset[str].intersection(*(grant.columns for grant in grants))
    view = views()[view_name]
    treatments = {name: _treatment(masks, view_name, name) for name in view.columns if name in shared - denied}
    if not treatments:
        return Deny(denies[0].id if denies else grants[0].rule)
    cited = [*(g.rule for g in grants), *(rule.id for rule in filters), *(rule.id for rule in denies)]
    cited += [rule.id for rule in masks if any(f"{view_name}.{name}" in rule.treatments for name in treatments)]
    row_filter = _all_of([
        _any_of(_predicate(grant.where, view.columns) for grant in grants),
        *(_predicate(_bind(rule.where, principal), view.columns) for rule in filters),
    ])
    return Permit(view_name, treatments, row_filter, tuple(sorted(cited)))


def masked_type(column: Column, treatment: Treatment) -> str:
    """DuckDB type of a column's cells once treated: a hash or a partial value is text, the others keep the type."""
    return "VARCHAR" if treatment in ("hash", "partial") else column.type


Bound = Mapping[str, frozenset[Scalar]]


@dataclass(frozen=True, slots=True)
class _Grant:
    """An allow rule on one view for one principal, its attribute references replaced by values."""

    rule: str
    columns: frozenset[str]
    where: Bound

    @property
    def is_empty(self) -> bool:
        return any(not values for values in self.where.values())

    def covers(self, other: "_Grant") -> bool:
        return other.columns <= self.columns and all(
            name in other.where and other.where[name] <= values for name, values in self.where.items()
        )


def _not_covered(grants: list[_Grant]) -> list[_Grant]:
    live = [grant for grant in grants if not grant.is_empty] or grants
    return [a for a in live if not any(b.covers(a) and not a.covers(b) for b in live)]


def _bind(where: Where, principal: Principal) -> Bound:
    """Replace references by the principal's values; an attribute that is every value leaves the column free."""
    bound = {}
    for column, values in where.items():
        if "$jurisdictions" in values and "*" in principal.jurisdictions:
            continue
        bound[column] = frozenset(x for value in values for x in _values(value, principal))
    return bound


def _values(value: Scalar, principal: Principal) -> Iterable[Scalar]:
    match value:
        case "$clearance":
            return CLEARANCES[: CLEARANCES.index(principal.clearance) + 1] if principal.clearance in CLEARANCES else ()
        case "$jurisdictions":
            return principal.jurisdictions
        case "$organisation":
            return filter(None, [principal.organisation])
        case "$node":
            return filter(None, [principal.node])
        case "$purposes":
            return principal.purposes
    return (value,)


def _treatment(masks: Iterable[MaskRule], view_name: str, column: str) -> Treatment:
    chosen = (rule.treatments.get(f"{view_name}.{column}", "show") for rule in masks)
    return max(chosen, key=STRICTNESS.index, default="show")


def _predicate(where: Bound, columns: Mapping[str, Column]) -> str:
    return _all_of(_member(columns[name], values) for name, values in sorted(where.items()))


def _member(column: Column, values: frozenset[Scalar]) -> str:
    if not values:
        return "FALSE"
    literals = ", ".join(sorted(_literal(value) for value in values))
    return f'list_has_any("{column.name}", [{literals}])' if column.is_list else f'"{column.name}" IN ({literals})'


def _literal(value: Scalar) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _all_of(predicates: Iterable[str]) -> str:
    """AND of predicates in a stable order; empty means every row."""
    wanted = sorted({p for p in predicates if p})
    return "FALSE" if "FALSE" in wanted else " AND ".join(wanted)


def _any_of(predicates: Iterable[str]) -> str:
    wanted = sorted(set(predicates))
    if "" in wanted:
        return ""
    some = [p for p in wanted if p != "FALSE"] or wanted[:1]
    return some[0] if len(some) == 1 else "(" + " OR ".join(f"({p})" for p in some) + ")"
