"""Decides what a principal may see: pure functions over rules, deny by default, every decision citing its rules.

Knows the semantic layer; knows nothing about files (see ``policy_file``), SQL text of askers or the engine.

How rules combine, whatever their order, so that a further filter, mask or deny takes away and a further allow shows only
what some allow covers:

- allow: an allow whose rows and columns another one covers adds nothing. Of those left, rows are OR-ed and columns
  intersected: every cell shown is one that each of them would have shown on its own rows.
- filter: row predicates of every filter that applies are AND-ed on top.
- mask: the strictest of null, hash, bucket, partial wins.
- deny: takes views or columns out last.
- grant: an allow, or with ``only`` a filter, whose rows are those of the datasets that the principal holds a live grant for.
- aggregate: a deny of the columns it protects, and a cube of them: a relation of its own that no allow is needed for.
- purposes: an allow or grant that names some adds nothing unless the asker holds and has stated one of them.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path

from catalog.access.policy_rules import (
    ANONYMOUS,
    ATTRIBUTES,
    BUILT_IN_ROLES,
    CLEARANCES,
    NO_RULE,
    POLICY_FILE,
    PURPOSE_RULE,
    REVIEWERS,
    STRICTNESS,
    AggregateRule,
    AllowRule,
    Columns,
    DenyRule,
    FilterRule,
    GrantRule,
    LiveGrant,
    MaskRule,
    Measure,
    Policy,
    Principal,
    Rule,
    Scalar,
    Treatment,
    Where,
)
from catalog.semantic import Column, View, views

__all__ = [
    "ANONYMOUS",
    "ATTRIBUTES",
    "BUILT_IN_ROLES",
    "CLEARANCES",
    "NO_RULE",
    "POLICY_FILE",
    "PURPOSE_RULE",
    "REVIEWERS",
    "STRICTNESS",
    "AggregateRule",
    "AllowRule",
    "Authorisation",
    "Columns",
    "Cube",
    "Deny",
    "DenyRule",
    "FilterRule",
    "GrantRule",
    "LiveGrant",
    "MaskRule",
    "Measure",
    "Permit",
    "Policy",
    "Principal",
    "Rule",
    "Scalar",
    "Treatment",
    "Where",
    "authorise",
    "dataset_column",
    "decide",
    "ensure_policy",
    "gates",
    "load_policy",
    "masked_type",
    "purpose_denial",
]


@dataclass(frozen=True, slots=True)
class Permit:
    """What may be seen of a view: a column that is absent may not. ``row_filter`` is SQL over its columns, empty for all rows."""

    view: str
    columns: Mapping[str, Treatment]
    row_filter: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cube:
    """Groups of a view that may be seen: its ``rule`` says which, ``row_filter`` (SQL) over which rows; ``rules`` are cited."""

    rule: AggregateRule
    row_filter: str
    rules: tuple[str, ...]

    @property
    def columns(self) -> Mapping[str, str]:
        """Columns and their DuckDB types: ``level``, the dimensions, the measures."""
        columns = views()[self.rule.view].columns
        measured = {m.name: _measured_type(m, columns) for m in self.rule.measures}
        return {"level": "INTEGER", **{name: columns[name].type for name in self.rule.dimensions}, **measured}


@dataclass(frozen=True, slots=True)
class Deny:
    """Nothing of the view may be seen; ``rule`` says why."""

    rule: str


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Every decision of one policy for one principal; each view is in ``permits`` or in ``denials``, each cube in ``cubes`` or there.

    ``gates`` are the grant rules that bear on the principal: with any, the decision holds only while the grants do. ``base`` is
    what holds without grants and stated purpose, where that differs: cubes are made of that alone, so that no two of them
    differ by a few entities.
    """

    principal: Principal
    policy_version: str
    permits: Mapping[str, Permit]
    denials: Mapping[str, Deny]
    cubes: Mapping[str, Cube] = field(default_factory=dict)
    gates: tuple[str, ...] = ()
    base: "Authorisation | None" = None


def load_policy(path: Path) -> Policy:
    """The policy in a YAML file. Raises `CatalogUnavailable` without the file, `UsageError` naming file, line and field."""
    from catalog.access.policy_file import read_policy  # pydantic and yaml, about 0.1 s that only readers of a file pay

    return read_policy(path)


def ensure_policy(home: Path) -> Path:
    """The policy file of a catalog folder; a new folder gets one that shows anonymous public metadata only."""
    path = home / POLICY_FILE
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError), path.open("xb") as file:  # a link that leads nowhere is not followed
            file.write((Path(__file__).parent / "default_policy.yaml").read_bytes())
    return path


def authorise(principal: Principal, policy: Policy) -> Authorisation:
    """Decide every view and every cube for one principal."""
    plain = replace(principal, purpose="", grants=())
    decisions = {name: decide(principal, policy, name) for name in views()}
    cubes = _cubes(plain, policy)
    return Authorisation(
        principal,
        policy.version,
        {name: d for name, d in decisions.items() if isinstance(d, Permit)},
        {name: d for name, d in (decisions | cubes).items() if isinstance(d, Deny)},
        {name: d for name, d in cubes.items() if isinstance(d, Cube)},
        gates(principal, policy),
        authorise(plain, policy) if cubes and plain != principal else None,
    )


def gates(principal: Principal, policy: Policy) -> tuple[str, ...]:
    """Grant rules for one of the principal's roles: without any, grants need not be looked up."""
    roles = frozenset(principal.roles)
    return tuple(sorted(rule.id for rule in policy.rules if isinstance(rule, GrantRule) and rule.roles & roles))


def purpose_denial(principal: Principal, policy: Policy, purpose: str) -> Deny | None:
    """Why ``principal`` may not state ``purpose``, or None where it is theirs: the first rule that asks for it decides."""
    if purpose in principal.purposes:
        return None
    asking = sorted(rule.id for rule in policy.rules if isinstance(rule, AllowRule | GrantRule) and purpose in rule.purposes)
    return Deny(asking[0] if asking else PURPOSE_RULE)


def dataset_column(view_name: str) -> str:
    """The column that says which one dataset a row of the view is about; empty where no column or more than one does."""
    if view_name == "datasets":
        return "name"
    about = [column.name for column in views()[view_name].columns.values() if column.ref == "datasets.name"]
    return about[0] if len(about) == 1 and not views()[view_name].columns[about[0]].is_list else ""


def decide(principal: Principal, policy: Policy, view_name: str) -> Permit | Deny:
    """What ``principal`` may see of one view, by the rules alone."""
    roles = frozenset(principal.roles)
    view = views()[view_name]
    allows, filters, masks = list[_Grant](), list[tuple[str, str]](), list[MaskRule]()
    denies, unstated = list[tuple[str, frozenset[str]]](), list[str]()
    for rule in sorted(policy.rules, key=attrgetter("id")):
        match rule:
            case AllowRule() | GrantRule(only=False) if rule.roles & roles and view_name in rule.columns:
                if not _serves(rule.purposes, principal):
                    unstated.append(rule.id)
                    continue
                where = _bind(rule.where, principal)
                if isinstance(rule, GrantRule):
                    where = _granted(rule, principal, view_name, where)
                allows.append(_Grant(rule.id, rule.columns[view_name], where))
            case GrantRule(only=True) if rule.roles & roles and view_name in rule.columns:
                filters.append((rule.id, _gate(rule, principal, view)))
            case FilterRule() if rule.roles & roles and view_name in rule.views:
                filters.append((rule.id, _predicate(_bind(rule.where, principal), view.columns)))
            case MaskRule() if not rule.unless & roles:
                masks.append(rule)
            case DenyRule() if rule.roles & roles and view_name in rule.columns:
                denies.append((rule.id, rule.columns[view_name]))
            case AggregateRule() if rule.roles & roles and view_name == rule.view:
                denies.append((rule.id, rule.protected))
    if not allows:
        return Deny(next(iter([*(id_ for id_, _ in denies), *unstated]), NO_RULE))
    grants = _not_covered(allows)
    denied = frozenset[str]().union(*(columns for _, columns in denies))
    shared = frozenset[str].intersection(*(grant.columns for grant in grants))
    treatments = {name: _treatment(masks, view_name, name) for name in view.columns if name in shared - denied}
    if not treatments:
        return Deny(denies[0][0] if denies else grants[0].rule)
    cited = [*(g.rule for g in grants), *(id_ for id_, _ in filters), *(id_ for id_, _ in denies)]
    cited += [rule.id for rule in masks if any(f"{view_name}.{name}" in rule.treatments for name in treatments)]
    row_filter = _all_of([
        _any_of(_predicate(grant.where, view.columns) for grant in grants),
        *(predicate for _, predicate in filters),
    ])
    return Permit(view_name, treatments, row_filter, tuple(sorted(cited)))


def _cubes(principal: Principal, policy: Policy) -> dict[str, Cube | Deny]:
    """The cubes of one principal, who holds no grant and states no purpose. Two cubes of one view would tell apart what each hides."""
    roles = frozenset(principal.roles)
    rules = sorted((r for r in policy.rules if isinstance(r, AggregateRule) and r.roles & roles), key=attrgetter("id"))
    decisions: dict[str, Cube | Deny] = {}
    for rule in rules:
        rivals = [other for other in rules if other.view == rule.view or other.name == rule.name]
        decisions[rule.name] = _cube(rule, principal, policy) if len(rivals) == 1 else Deny(rivals[0].id)
    return decisions


def _cube(rule: AggregateRule, principal: Principal, policy: Policy) -> Cube | Deny:
    """A deny of a column it is made of closes a cube, and so does a mask of one it shows; filters bear on its rows."""
    roles, view = frozenset(principal.roles), views()[rule.view]
    shown = {*rule.dimensions, *(m.column for m in rule.measures if m.column)}
    cited, predicates = [rule.id], [_predicate(_bind(rule.where, principal), view.columns)]
    for other in sorted(policy.rules, key=attrgetter("id")):
        match other:
            case DenyRule() if other.roles & roles and other.columns.get(rule.view, frozenset()) & (shown | {rule.entity}):
                return Deny(other.id)
            case MaskRule() if not other.unless & roles and any(f"{rule.view}.{name}" in other.treatments for name in shown):
                return Deny(other.id)
            case FilterRule() if other.roles & roles and rule.view in other.views:
                predicates.append(_predicate(_bind(other.where, principal), view.columns))
                cited.append(other.id)
            case GrantRule(only=True) if other.roles & roles and rule.view in other.columns:
                predicates.append(_gate(other, principal, view))
                cited.append(other.id)
    return Cube(rule, _all_of(predicates), tuple(sorted(cited)))


def masked_type(column: Column, treatment: Treatment) -> str:
    """DuckDB type of a column's cells once treated: a hash or a partial value is text, the others keep the type."""
    return "VARCHAR" if treatment in ("hash", "partial") else column.type


def _measured_type(measure: Measure, columns: Mapping[str, Column]) -> str:
    return "DOUBLE" if measure.function == "avg" or (measure.column and columns[measure.column].type == "DOUBLE") else "BIGINT"


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


def _serves(purposes: frozenset[str], principal: Principal) -> bool:
    """A rule without purposes serves any; else the stated one must be among them and among the asker's own."""
    return not purposes or (principal.purpose in purposes and principal.purpose in principal.purposes)


def _held(rule: GrantRule, principal: Principal) -> frozenset[Scalar]:
    return frozenset(grant.dataset for grant in principal.grants if grant.permission == rule.permission)


def _granted(rule: GrantRule, principal: Principal, view_name: str, where: Bound) -> Bound:
    column, held = dataset_column(view_name), _held(rule, principal)
    return {**where, column: where.get(column, held) & held}


def _gate(rule: GrantRule, principal: Principal, view: View) -> str:
    """Rows of datasets held, and rows that are certainly none of those ``where`` keeps: what compares as unknown stays shut."""
    held = _member(view.columns[dataset_column(view.name)], _held(rule, principal))
    gated = _predicate(_bind(rule.where, principal), view.columns)
    return held if gated in ("", "FALSE") else f"({held} OR NOT ({gated}))"  # an attribute that one lacks must not open the gate


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
    return () if isinstance(value, str) and value.startswith("$") else (value,)  # an attribute that nobody knows matches nothing


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
