"""Reads ``policy.yaml``, format version 1: what a rule may say, checked against the semantic layer, errors with file and line.

Decides nothing: the rules it makes are data for ``policy``.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from catalog.access.policy import (
    ATTRIBUTES,
    BUILT_IN_ROLES,
    NO_RULE,
    PURPOSE_RULE,
    REVIEWERS,
    AggregateRule,
    AllowRule,
    DenyRule,
    FilterRule,
    GrantRule,
    MaskRule,
    Measure,
    Policy,
    Principal,
    Rule,
    Scalar,
    Treatment,
    dataset_column,
)
from catalog.errors import CatalogUnavailable, UsageError
from catalog.opening import regular
from catalog.reserved import reserved
from catalog.semantic import views
from catalog.yaml_text import composed, find, first_fault

Mark = tuple[str | int, ...]
"""Keys and positions that lead to a place in the file."""

Name = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f]+$")]
Attribute = Annotated[str, Field(pattern=r"^[^\x00-\x1f]*$")]
Roles = Annotated[list[str], Field(min_length=1)]
Names = Annotated[list[str], Field(min_length=1)]

NO_CUBES = {"audit_log": "grows with every question", "lineage": "is computed for each asker"}
"""Views without cubes, and why: two cubes that differ by a few rows tell what these rows hold."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _PrincipalEntry(_Model):
    roles: list[Name] = Field(min_length=1)
    organisation: Attribute = ""
    clearance: Literal["public", "internal", "confidential", "restricted"] = "public"
    jurisdictions: list[Name] = []
    purposes: list[Name] = []
    node: Attribute = ""


class _Except(_Model):
    except_: list[str] = Field(alias="except", min_length=1)


_ColumnChoice = Literal["*"] | list[str] | _Except
_Views = Literal["*"] | Annotated[list[str], Field(min_length=1)] | Annotated[dict[str, _ColumnChoice], Field(min_length=1)]
_Values = Scalar | list[Scalar]


class _Aggregate(_Model):
    roles: Roles
    view: str
    entity: str
    k: int = Field(default=5, ge=2, le=1_000_000)
    dimensions: Annotated[list[str], Field(min_length=1, max_length=8)]
    measures: list[Annotated[str, Field(pattern=r"^(count|(sum|avg)\([a-z0-9_]+\))$")]] = Field(default=["count"], min_length=1)
    protect: Names | None = None
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] | None = None


_Where = Annotated[dict[str, _Values], Field(min_length=1)]

FIELDS: Mapping[str, tuple[set[str], set[str]]] = {
    "allow": ({"views"}, {"where", "purposes"}),
    "filter": ({"views", "where"}, set()),
    "mask": (set(), {"unless"}),
    "deny": ({"views"}, set()),
    "grant": ({"views"}, {"where", "purposes", "permission", "only"}),
    "aggregate": (set(), {"where"}),
}
"""Kinds of rules: the fields that one needs, and those that it may have."""


class _RuleEntry(_Model):
    """One of allow, filter, mask, deny, grant and aggregate says what the rule is; the other fields belong to some of them.

    An empty list is refused: a deny of nobody or of no view reads like protection and is none.
    """

    id: Name
    allow: Roles | None = None
    filter: Roles | None = None
    mask: Annotated[dict[str, Literal["null", "hash", "bucket", "partial"] | None], Field(min_length=1)] | None = None
    deny: Roles | None = None
    grant: Roles | None = None
    aggregate: _Aggregate | None = None
    views: _Views | None = None
    where: _Where | None = None
    unless: list[str] | None = None
    purposes: Annotated[list[Name], Field(min_length=1)] | None = None
    permission: Literal["read", "compute", "write", "admin"] | None = None
    only: bool | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "_RuleEntry":
        kinds = [kind for kind in FIELDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(f"a rule has exactly one of {', '.join(FIELDS)}")
        needed, allowed = FIELDS[kinds[0]]
        present = {name for name in type(self).model_fields if getattr(self, name) is not None} - {"id", *kinds}
        if stray := present - needed - allowed:
            raise ValueError(f"a rule with {kinds[0]} has no {min(stray)}")
        if missing := needed - present:
            raise ValueError(f"a rule with {kinds[0]} needs {min(missing)}")
        return self


class _PolicyFile(_Model):
    version: Literal[1]
    roles: list[Name] = []
    reviewers: list[Name] | None = None
    principals: dict[Name, _PrincipalEntry] = {}
    rules: list[_RuleEntry] = []


class _Bad(ValueError):
    """A value that does not fit the semantic layer or the rest of the file, and where it stands."""

    def __init__(self, mark: Mark, what: str) -> None:
        super().__init__(what)
        self.mark = mark


def read_policy(path: Path) -> Policy:
    """The policy in a YAML file. Raises `CatalogUnavailable` without the file, `UsageError` naming file, line and field."""
    try:
        with open(path, encoding="utf-8", opener=regular) as opened:
            text = opened.read()
    except OSError as error:
        raise CatalogUnavailable(f"The policy {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}.") from None
    try:
        root, content = composed(text)
        file = _PolicyFile.model_validate(content)
        rules = tuple(_rules(file))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}, line {line}: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML text: {error}.") from None
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply.") from None
    except ValidationError as error:
        raise _located(path, root, *first_fault(error)) from None
    except _Bad as bad:
        raise _located(path, root, bad.mark, str(bad)) from None
    principals = {name: _principal(name, entry) for name, entry in file.principals.items()}
    return Policy(_version(file), principals, rules, REVIEWERS if file.reviewers is None else frozenset(file.reviewers))


def _located(path: Path, root: yaml.Node | None, mark: Mark, what: str) -> UsageError:
    line, known = find(root, mark)
    field = ".".join(map(str, known)) or "file"
    return UsageError(f"{path}, line {line}: {field}: {what}.", "Mend the policy file; until then nothing is allowed.")


def _version(file: _PolicyFile) -> str:
    content = file.model_dump(by_alias=True, exclude_none=True)
    content["rules"] = sorted(content["rules"], key=lambda rule: str(rule["id"]))
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _principal(name: str, entry: _PrincipalEntry) -> Principal:
    return Principal(
        name=name,
        roles=(*entry.roles, "member"),
        organisation=entry.organisation,
        clearance=entry.clearance,
        jurisdictions=tuple(entry.jurisdictions),
        purposes=tuple(entry.purposes),
        node=entry.node,
    )


def _rules(file: _PolicyFile) -> Iterator[Rule]:
    held = {role for entry in file.principals.values() for role in entry.roles}
    known = BUILT_IN_ROLES | (set(file.roles) or held)
    for name, principal in file.principals.items():
        if why := reserved(name):
            raise _Bad(("principals", name), f"this name {why}")
        for at, role in enumerate(principal.roles):
            if role in BUILT_IN_ROLES or role not in known:
                raise _Bad(("principals", name, "roles", at), f"{role!r} is not a role that can be given")
    for at, role in enumerate(file.reviewers or ()):
        if role in BUILT_IN_ROLES or role not in known:
            raise _Bad(("reviewers", at), f"{role!r} is not a role that can review")
    ids, cubes = {NO_RULE, PURPOSE_RULE}, dict[str, str]()
    for at, entry in enumerate(file.rules):
        if entry.id in ids:
            raise _Bad(("rules", at, "id"), f"{entry.id!r} is taken")
        ids.add(entry.id)
        rule = _rule(entry, ("rules", at), known)
        if isinstance(rule, AggregateRule) and cubes.setdefault(rule.name, rule.view) != rule.view:
            raise _Bad(("rules", at, "aggregate", "name"), f"{rule.name!r} is a cube of {cubes[rule.name]}")
        yield rule


def _rule(entry: _RuleEntry, mark: Mark, known: set[str] | frozenset[str]) -> Rule:
    def roles(field: str) -> frozenset[str]:
        return _roles(getattr(entry, field) or [], (*mark, field), known)

    if entry.mask is not None:
        return MaskRule(entry.id, _treatments(entry.mask, (*mark, "mask")), roles("unless"))
    if entry.aggregate is not None:
        return _aggregate(entry, entry.aggregate, mark, known)
    assert entry.views is not None
    columns = _columns(entry.views, (*mark, "views"))
    if entry.deny is not None:
        return DenyRule(entry.id, roles("deny"), columns)
    where = _where(entry.where or {}, columns, (*mark, "where"))
    purposes = frozenset(entry.purposes or ())
    if entry.allow is not None:
        return AllowRule(entry.id, roles("allow"), columns, where, purposes)
    if (entry.filter is not None or entry.only) and isinstance(entry.views, dict) and any(c != "*" for c in entry.views.values()):
        raise _Bad((*mark, "views"), "a filter is about whole rows and names no columns")
    if entry.grant is not None:
        _check_grant(entry, columns, mark)
        return GrantRule(entry.id, roles("grant"), columns, where, entry.permission or "read", bool(entry.only), purposes)
    return FilterRule(entry.id, roles("filter"), frozenset(columns), where)


def _roles(names: list[str], mark: Mark, known: set[str] | frozenset[str]) -> frozenset[str]:
    for at, role in enumerate(names):
        if role not in known:
            raise _Bad((*mark, at), f"unknown role {role!r}")
    return frozenset(names)


def _check_grant(entry: _RuleEntry, columns: Mapping[str, frozenset[str]], mark: Mark) -> None:
    for at, view in enumerate(columns):
        if not dataset_column(view):
            here = (*mark, "views", at if isinstance(entry.views, list) else view)
            raise _Bad(here, f"no row of {view} is about one dataset; what is about a hidden dataset is hidden there too")
    if not entry.only:
        return
    if entry.purposes:
        raise _Bad((*mark, "purposes"), "who states no purpose would escape a rule with only")
    for name, given in (entry.where or {}).items():
        if any(isinstance(value, str) and value.startswith("$") for value in (given if isinstance(given, list) else [given])):
            raise _Bad((*mark, "where", name), "who lacks an attribute would escape a rule with only; write the values")


def _aggregate(entry: _RuleEntry, cube: _Aggregate, mark: Mark, known: set[str] | frozenset[str]) -> AggregateRule:
    here = (*mark, "aggregate")
    if cube.view not in views() or cube.view in NO_CUBES:
        why = f"{cube.view} {NO_CUBES[cube.view]} and has no cubes" if cube.view in NO_CUBES else f"unknown view {cube.view!r}"
        raise _Bad((*here, "view"), why)
    columns, name = views()[cube.view].columns, cube.name or f"{cube.view}_cube"
    if name in views() or name.startswith(("duckdb_", "pg_", "sqlite_", "pragma_", "information_schema")):
        raise _Bad((*here, "name"), f"{name!r} is taken")
    measures = tuple(_measure(text) for text in cube.measures)
    used = [("entity", [cube.entity]), ("dimensions", cube.dimensions), ("measures", [m.column for m in measures]), ("protect", cube.protect or [])]
    for field, names in used:
        for at, column in enumerate(names):
            place = (*here, field) if field == "entity" else (*here, field, at)
            if column not in columns and (column or field != "measures"):
                raise _Bad(place, f"unknown column {column!r} of {cube.view}")
            if field in ("entity", "dimensions") and (columns[column].is_list or columns[column].is_time or columns[column].type == "DOUBLE"):
                raise _Bad(place, f"{cube.view}.{column} is {columns[column].type} and makes no groups")
            if field == "measures" and column and not columns[column].is_number:
                raise _Bad(place, f"{cube.view}.{column} is no number")
    given = [cube.entity, *cube.dimensions]
    if len(set(given)) < len(given) or set(given[1:]) & {m.column for m in measures} or len(set(measures)) < len(measures):
        raise _Bad((*here, "dimensions"), "entity, dimensions and measures are each about other columns")
    if clash := {"level", *cube.dimensions} & {m.name for m in measures} or {"level"} & set(cube.dimensions):
        raise _Bad((*here, "dimensions"), f"two columns of the cube would be called {min(clash)!r}")
    if closed := set(cube.protect or []) & set(cube.dimensions):
        raise _Bad((*here, "protect"), f"{min(closed)!r} is a dimension, which the cube shows")
    where = _where(entry.where or {}, {cube.view: frozenset(columns)}, (*mark, "where"))
    return AggregateRule(
        id=entry.id,
        roles=_roles(cube.roles, (*here, "roles"), known),
        name=name,
        view=cube.view,
        entity=cube.entity,
        k=cube.k,
        dimensions=tuple(cube.dimensions),
        measures=measures,
        where=where,
        protects=frozenset(cube.protect or ()),
    )


def _measure(text: str) -> Measure:
    function, _, column = text.rstrip(")").partition("(")
    return Measure(function, column)  # type: ignore[arg-type]  # the pattern of a measure knows no other function


def _treatments(mask: Mapping[str, Treatment | None], mark: Mark) -> dict[str, Treatment]:
    for target in mask:
        view, _, column = target.partition(".")
        if view not in views() or column not in views()[view].columns:
            raise _Bad((*mark, target), f"unknown column {target!r}")
    return {target: how or "null" for target, how in mask.items()}  # YAML reads a bare null as nothing


def _columns(entry: _Views, mark: Mark) -> dict[str, frozenset[str]]:
    choices: Mapping[str, _ColumnChoice]
    if isinstance(entry, str):
        choices = dict.fromkeys(views(), "*")
    elif isinstance(entry, list):
        choices = dict.fromkeys(entry, "*")
    else:
        choices = entry
    columns = {}
    for at, (view, choice) in enumerate(choices.items()):
        here = (*mark, at if isinstance(entry, list) else view)
        if view not in views():
            raise _Bad(here, f"unknown view {view!r}")
        every = frozenset(views()[view].columns)
        named = choice if isinstance(choice, list) else choice.except_ if isinstance(choice, _Except) else []
        for place, column in enumerate(named):
            if column not in every:
                raise _Bad((*here, "except", place), f"unknown column {column!r} of {view}")
        columns[view] = frozenset(named) if isinstance(choice, list) else every - frozenset(named)
    return columns


def _where(entry: Mapping[str, _Values], columns: Mapping[str, frozenset[str]], mark: Mark) -> dict[str, tuple[Scalar, ...]]:
    where = {}
    for name, given in entry.items():
        values = tuple(given) if isinstance(given, list) else (given,)
        for view in columns:
            if name not in views()[view].columns:
                raise _Bad((*mark, name), f"unknown column {name!r} of {view}")
            for at, value in enumerate(values):
                if wrong := _misfit(view, name, value):
                    raise _Bad((*mark, name, at), wrong)
        where[name] = values
    return where


def _misfit(view: str, name: str, value: Scalar) -> str:
    """Why a column of a view cannot be compared with a value or attribute; empty when it can."""
    column = views()[view].columns[name]
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is no finite number"
    if isinstance(value, str) and not value.isprintable():
        return f"{value!r} holds characters that cannot be seen"
    if isinstance(value, str) and value.startswith("$"):
        if value not in ATTRIBUTES:
            return f"unknown attribute {value!r}; known are {', '.join(ATTRIBUTES)}"
        return "" if column.type in ("VARCHAR", "VARCHAR[]") else f"{view}.{name} is no text"
    if column.is_time:
        return f"{view}.{name} is a time and cannot be listed"
    fits: tuple[type, ...] = (bool,) if column.type == "BOOLEAN" else (int, float) if column.is_number else (str,)
    if not isinstance(value, fits) or (isinstance(value, bool) and bool not in fits):
        return f"{value!r} does not fit {view}.{name}, which is {column.type}"
    if column.values and value not in column.values:
        return f"{value!r} is no value of {view}.{name}"
    return ""
