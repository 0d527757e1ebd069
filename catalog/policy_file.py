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

from catalog.errors import CatalogUnavailable, UsageError
from catalog.policy import (
    ANONYMOUS,
    ATTRIBUTES,
    BUILT_IN_ROLES,
    NO_RULE,
    AllowRule,
    DenyRule,
    FilterRule,
    MaskRule,
    Policy,
    Principal,
    Rule,
    Scalar,
    Treatment,
)
from catalog.semantic import views
from catalog.yaml_text import Loader, check_keys

Mark = tuple[str | int, ...]
"""Keys and positions that lead to a place in the file."""

Name = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f]+$")]
Attribute = Annotated[str, Field(pattern=r"^[^\x00-\x1f]*$")]
Roles = Annotated[list[str], Field(min_length=1)]


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


class _RuleEntry(_Model):
    """One of allow, filter, mask and deny says what the rule is; the other fields belong to some of them.

    An empty list is refused: a deny of nobody or of no view reads like protection and is none.
    """

    id: Name
    allow: Roles | None = None
    filter: Roles | None = None
    mask: Annotated[dict[str, Literal["null", "hash", "bucket", "partial"] | None], Field(min_length=1)] | None = None
    deny: Roles | None = None
    views: _Views | None = None
    where: Annotated[dict[str, _Values], Field(min_length=1)] | None = None
    unless: list[str] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "_RuleEntry":
        fields = {"allow": {"views", "where"}, "filter": {"views", "where"}, "mask": {"unless"}, "deny": {"views"}}
        kinds = [kind for kind in fields if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError("a rule has exactly one of allow, filter, mask and deny")
        present = {name for name in ("views", "where", "unless") if getattr(self, name) is not None}
        if stray := present - fields[kinds[0]]:
            raise ValueError(f"a rule with {kinds[0]} has no {min(stray)}")
        required = {"allow": {"views"}, "filter": {"views", "where"}, "mask": set[str](), "deny": {"views"}}
        if missing := required[kinds[0]] - present:
            raise ValueError(f"a rule with {kinds[0]} needs {min(missing)}")
        return self


class _PolicyFile(_Model):
    version: Literal[1]
    roles: list[Name] = []
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
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogUnavailable(f"The policy {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}.") from None
    try:
        root = yaml.compose(text, Loader=Loader)
        check_keys(root)
        file = _PolicyFile.model_validate(yaml.load(text, Loader))
        rules = tuple(_rules(file))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}, line {line}: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML text: {error}.") from None
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _located(path, root, first["loc"], first["msg"]) from None
    except _Bad as bad:
        raise _located(path, root, bad.mark, str(bad)) from None
    return Policy(_version(file), {name: _principal(name, entry) for name, entry in file.principals.items()}, rules)


def _located(path: Path, root: yaml.Node | None, mark: Mark, what: str) -> UsageError:
    line, known = _find(root, mark)
    field = ".".join(map(str, known)) or "file"
    return UsageError(f"{path}, line {line}: {field}: {what}.", "Mend the policy file; until then nothing is allowed.")


def _find(node: yaml.Node | None, mark: Mark) -> tuple[int, Mark]:
    """Line of the deepest node that the mark leads to, from 1, and that much of the mark."""
    line, known = 1, list[str | int]()
    for step in mark:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if pair is None:
                continue
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            continue
        known.append(step)
    return line, tuple(known)


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
    for name, entry in file.principals.items():
        if name == ANONYMOUS.name:
            raise _Bad(("principals", name), "this name stands for askers without a token")
        for at, role in enumerate(entry.roles):
            if role in BUILT_IN_ROLES or role not in known:
                raise _Bad(("principals", name, "roles", at), f"{role!r} is not a role that can be given")
    ids = {NO_RULE}
    for at, rule in enumerate(file.rules):
        if rule.id in ids:
            raise _Bad(("rules", at, "id"), f"{rule.id!r} is taken")
        ids.add(rule.id)
        yield _rule(rule, ("rules", at), known)


def _rule(entry: _RuleEntry, mark: Mark, known: set[str] | frozenset[str]) -> Rule:
    def roles(field: str) -> frozenset[str]:
        names: list[str] = getattr(entry, field) or []
        for at, role in enumerate(names):
            if role not in known:
                raise _Bad((*mark, field, at), f"unknown role {role!r}")
        return frozenset(names)

    if entry.mask is not None:
        return MaskRule(entry.id, _treatments(entry.mask, (*mark, "mask")), roles("unless"))
    assert entry.views is not None
    columns = _columns(entry.views, (*mark, "views"))
    if entry.deny is not None:
        return DenyRule(entry.id, roles("deny"), columns)
    where = _where(entry.where or {}, columns, (*mark, "where"))
    if entry.allow is not None:
        return AllowRule(entry.id, roles("allow"), columns, where)
    if isinstance(entry.views, dict) and any(choice != "*" for choice in entry.views.values()):
        raise _Bad((*mark, "views"), "a filter is about whole rows and names no columns")
    return FilterRule(entry.id, roles("filter"), frozenset(columns), where)


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
