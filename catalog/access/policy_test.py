"""Tables of expectations about a policy: who is to see what, held against what it decides.

A table is YAML: ``version: 1`` and ``cases``, each with a principal, a ``view`` or ``view.column``, and what to ``expect``; a case may
name the ``rule`` that is to be cited, a ``row``, a stated ``purpose`` and ``grants`` (datasets) held.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.access.policy import Deny, GrantRule, LiveGrant, Permit, Policy, decide, purpose_denial
from catalog.access.policy_explain import explain
from catalog.errors import CatalogUnavailable, UsageError
from catalog.semantic import views
from catalog.yaml_text import composed, find, first_fault

EXPECT = re.compile(r"allow|deny|visible|hidden|mask:(null|hash|bucket|partial)|rows:.+", re.DOTALL)
ALL_ROWS, NO_ROWS = "all", "none"
"""What stands for every row and for no row in ``rows:``."""


class _Case(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    principal: str
    view: str
    expect: str = Field(pattern=f"^(?:{EXPECT.pattern})$")
    rule: str | None = None
    purpose: str = ""
    grants: list[str] = []
    row: dict[str, Any] | None = Field(default=None, min_length=1)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: Literal[1]
    cases: list[_Case] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One expectation at a line of the table, what was found, and the rules that decided."""

    line: int
    principal: str
    view: str
    expected: str
    found: str
    rules: tuple[str, ...]

    @property
    def is_met(self) -> bool:
        return self.expected == self.found


def run_table(path: Path, policy: Policy) -> list[Outcome]:
    """Every expectation of a table against a policy.

    Raises `CatalogUnavailable` without the file, `UsageError` naming file, line and field of what cannot be expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root, content = composed(text)
        table = _Table.model_validate(content)
    except OSError as error:
        raise CatalogUnavailable(f"The table {path} cannot be read: {error.strerror}.", "Name a YAML file of expectations.") from None
    except yaml.MarkedYAMLError as error:
        raise UsageError(f"{path}, line {error.problem_mark.line + 1 if error.problem_mark else 1}: {error.problem}.") from None
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{path} is no YAML text: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        mark, what = first_fault(error)
        line, known = find(root, mark)
        raise UsageError(f"{path}, line {line}: {'.'.join(map(str, known)) or 'file'}: {what}.") from None
    outcomes = []
    for at, case in enumerate(table.cases):
        line = find(root, ("cases", at))[0]
        try:
            outcomes.append(_outcome(case, line, policy))
        except UsageError as error:
            raise UsageError(f"{path}, line {line}: cases.{at}: {error.what}", error.hint) from None
    return outcomes


def _outcome(case: _Case, line: int, policy: Policy) -> Outcome:
    principal = replace(policy.principal(case.principal), purpose=case.purpose, grants=_grants(case.grants, policy))
    explained = explain(policy, principal, case.view)  # refuses names that do not exist
    view, _, column = case.view.lower().partition(".")
    if view not in views():
        raise UsageError("a table is about views: a cube is tested by what closes its view's columns.")
    refused = purpose_denial(principal, policy, case.purpose) if case.purpose else None
    decision = refused or decide(principal, policy, view)
    if (case.row is not None) != (case.expect in ("visible", "hidden")):
        raise UsageError("a row is expected to be visible or hidden, and nothing else is.")
    if column and (case.row is not None or case.expect.startswith("rows:")):
        raise UsageError("rows are expected of a view, not of a column.")
    if case.expect.startswith("mask:") and not column:
        raise UsageError("a mask is expected of a column: write view.column.")
    if case.rule is not None and case.rule not in {rule.id for rule in policy.rules} | set(explained.rules):
        raise UsageError(f"the policy has no rule {case.rule!r}.")
    expected = case.expect
    if case.row is not None:
        found = "visible" if isinstance(decision, Permit) and _keeps(decision, case.row) else "hidden"
    elif column:
        how = decision.columns.get(column) if isinstance(decision, Permit) else None
        found = "deny" if how is None else "allow" if how == "show" else f"mask:{how}"
    elif isinstance(decision, Deny):
        found = "deny"
    elif expected.startswith("rows:"):
        expected = f"rows:{' '.join(expected.removeprefix('rows:').split())}"
        found = f"rows:{ {'': ALL_ROWS, 'FALSE': NO_ROWS}.get(decision.row_filter, decision.row_filter)}"
    else:
        found = "allow"
    if case.rule is not None and case.rule not in explained.rules:
        expected, found = f"{expected} by {case.rule}", f"{found} by {', '.join(explained.rules)}"
    return Outcome(line, explained.principal, case.view.lower(), expected, found, explained.rules)


def _grants(datasets: list[str], policy: Policy) -> tuple[LiveGrant, ...]:
    """Grants for these datasets with every permission that the policy's rules ask for."""
    permissions = {rule.permission for rule in policy.rules if isinstance(rule, GrantRule)}
    return tuple(LiveGrant(dataset, permission, "") for dataset in datasets for permission in sorted(permissions))


def _keeps(permit: Permit, row: Mapping[str, Any]) -> bool:
    """Whether the row filter keeps a row that is given as far as the filter reads it."""
    import duckdb

    columns = views()[permit.view].columns
    if strange := sorted(row.keys() - columns.keys()):
        raise UsageError(f"the view {permit.view} has no column {strange[0]!r}.")
    if missing := sorted(name for name in columns if f'"{name}"' in permit.row_filter and name not in row):
        raise UsageError(f"the row says nothing of {', '.join(missing)}, which the filter reads.")
    cells = ", ".join(f'CAST(? AS {columns[name].type}) AS "{name}"' for name in row)
    values = [value.replace(tzinfo=None) if isinstance(value, datetime) else value for value in row.values()]
    try:
        with duckdb.connect() as connection:
            connection.execute(f"SELECT {cells}", values).fetchall()  # the filter alone would leave cells that it does not read unread
            kept = connection.execute(f"SELECT count(*) FROM (SELECT {cells}) WHERE {permit.row_filter or 'TRUE'}", values).fetchone()
    except (duckdb.ConversionException, duckdb.BinderException, duckdb.NotImplementedException, duckdb.InvalidInputException):
        raise UsageError(f"the row holds a value that does not fit its column of {permit.view}.") from None
    return kept == (1,)
