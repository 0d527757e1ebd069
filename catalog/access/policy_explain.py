"""Why a principal may see what of a view: the decision of ``policy`` and, rule by rule, what led to it, in words.

Decides nothing: whether a rule counts is read off decisions over few rules, so that an explanation cannot part from what is done.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeGuard

from catalog.access.policy import (
    AggregateRule,
    AllowRule,
    Cube,
    Deny,
    DenyRule,
    FilterRule,
    GrantRule,
    MaskRule,
    Permit,
    Policy,
    Principal,
    Rule,
    Treatment,
    Where,
    authorise,
    decide,
    purpose_denial,
)
from catalog.errors import UsageError
from catalog.semantic import View, views

KINDS: dict[type, str] = {
    AllowRule: "allow",
    FilterRule: "filter",
    MaskRule: "mask",
    DenyRule: "deny",
    GrantRule: "grant",
    AggregateRule: "aggregate",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule of the policy: ``applies`` to this principal and view, and is ``cited`` where it made a difference."""

    rule: str
    kind: str
    applies: bool
    cited: bool
    why: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What is seen of one column, and which rules make it so."""

    column: str
    treatment: Treatment | Literal["hidden"]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision and its reasons. ``rows`` are words, ``row_filter`` is their SQL; both are empty where nothing is permitted."""

    principal: str
    view: str
    permitted: bool
    rules: tuple[str, ...]
    rows: str
    row_filter: str
    reasons: tuple[Reason, ...]
    columns: tuple[Cell, ...]
    notes: tuple[str, ...]


def explain(policy: Policy, principal: Principal, target: str) -> Explanation:
    """What a principal, with the purpose and the grants that it bears, may see of ``view``, ``view.column`` or a cube, and why.

    Raises `UsageError` for a view or column that does not exist.
    """
    name = target.lower()
    refused = purpose_denial(principal, policy, principal.purpose) if principal.purpose else None
    if cube := next((r for r in policy.rules if isinstance(r, AggregateRule) and r.name == name and speaks_to(r, principal)), None):
        decided = authorise(principal, policy)
        decision: Permit | Deny | Cube = refused or decided.cubes.get(name) or decided.denials[name]
        view, wanted = views()[cube.view], list(decision.columns) if isinstance(decision, Cube) else []
    else:
        view, wanted = _target(name, policy)
        decision = refused or decide(principal, policy, view.name)
    cited = (decision.rule,) if isinstance(decision, Deny) else decision.rules
    reasons = tuple(
        Reason(rule.id, KINDS.get(type(rule), "other"), applies(rule, principal, view.name), rule.id in cited, _why(rule, policy, principal, view))
        for rule in policy.rules
    )
    return Explanation(
        principal=principal.name,
        view=name.partition(".")[0],
        permitted=not isinstance(decision, Deny),
        rules=cited,
        rows="" if isinstance(decision, Deny) else _rows(policy, principal, decision),
        row_filter="" if isinstance(decision, Deny) else decision.row_filter,
        reasons=reasons,
        columns=tuple(
            Cell(name, "show", "") if isinstance(decision, Cube) else _cell(policy, principal, decision, view.name, name) for name in wanted
        ),
        notes=(f"The purpose {principal.purpose} is not one of {principal.name}, and whoever states it gets no answer.",)
        if refused
        else tuple(_notes(policy, principal, view))
        if isinstance(decision, Permit)
        else (),
    )


def applies(rule: Rule, principal: Principal, view: str) -> bool:
    """Whether a rule speaks of this principal and of this view, whatever comes of it."""
    return speaks_to(rule, principal) and view in views_of(rule)


def speaks_to(rule: Rule, principal: Principal) -> bool:
    """Whether a rule speaks of this principal."""
    match rule:
        case MaskRule():
            return rule.unless.isdisjoint(principal.roles)
        case AllowRule() | FilterRule() | DenyRule() | GrantRule() | AggregateRule():
            return not rule.roles.isdisjoint(principal.roles)
    return False


def views_of(rule: Rule) -> frozenset[str]:
    """Names of the views that a rule speaks of."""
    match rule:
        case AllowRule() | DenyRule() | GrantRule():
            return frozenset(rule.columns)
        case AggregateRule():
            return frozenset({rule.view})
        case FilterRule():
            return rule.views
        case MaskRule():
            return frozenset(target.partition(".")[0] for target in rule.treatments)
    return frozenset()


def is_allowing(rule: Rule) -> TypeGuard[AllowRule | GrantRule]:
    """Whether a rule shows something: an allow, or a grant that is more than a gate."""
    return isinstance(rule, AllowRule) or (isinstance(rule, GrantRule) and not rule.only)


def covering(rule: AllowRule | GrantRule, others: Iterable[Rule], principal: Principal, view: str) -> str:
    """Id of a rule beside which ``rule`` adds nothing for this principal; empty when there is none."""
    for other in others:
        if other is not rule and is_allowing(other) and applies(other, principal, view):
            both = decide(principal, Policy("", {}, (rule, other)), view)
            if isinstance(both, Permit) and both.rules == (other.id,):
                return other.id
    return ""


def lacks_purpose(rule: AllowRule | GrantRule, principal: Principal) -> str:
    """Why a rule with purposes does not serve this principal, in words; empty when it does."""
    wanted = " or ".join(sorted(rule.purposes))
    if not rule.purposes or (principal.purpose in rule.purposes and principal.purpose in principal.purposes):
        return ""
    if rule.purposes.isdisjoint(principal.purposes):
        return f"needs the purpose {wanted}, which {principal.name} does not hold"
    return f"needs the purpose {wanted}, and {principal.purpose or 'none'} is stated"


def keeps_nothing(where: Where, principal: Principal) -> str:
    """Why a row predicate keeps no row for this principal, in words; empty when it may keep some."""
    for column, values in where.items():
        missing = [str(value)[1:] for value in values if _is_attribute(value) and not _held_of(principal, value)]
        if len(missing) == len(values):
            return f"{principal.name} has no {' or '.join(missing)}" if missing else f"{column} is compared with no value"
    return ""


def where_in_words(where: Where, principal: Principal) -> str:
    """A row predicate as one reads it: ``sensitivity is public and node is berlin-1 (node of oleg)``."""
    parts = []
    for column, values in sorted(where.items()):
        if "$jurisdictions" in values and "*" in principal.jurisdictions:
            continue
        choices = [_value_in_words(value, principal) for value in values if not _is_attribute(value) or _held_of(principal, value)]
        parts.append(f"{column} is {' or '.join(choices)}" if choices else f"no row, as {keeps_nothing({column: values}, principal)}")
    return " and ".join(parts) or "every row"


def _value_in_words(value: object, principal: Principal) -> str:
    if not _is_attribute(value):
        return str(value)
    name, held = str(value)[1:], _held_of(principal, value)
    if name == "clearance":
        return f"at most {held[0]} (clearance of {principal.name})"
    return f"{' or '.join(held)} ({name} of {principal.name})"


def _held_of(principal: Principal, attribute: object) -> tuple[str, ...]:
    """What a principal has of ``$attribute``."""
    held: str | tuple[str, ...] = getattr(principal, str(attribute)[1:], "")
    return tuple(filter(None, [held])) if isinstance(held, str) else held


def _is_attribute(value: object) -> bool:
    return isinstance(value, str) and value.startswith("$")


def _target(target: str, policy: Policy) -> tuple[View, list[str]]:
    """The view and the columns to speak of."""
    name, _, column = target.partition(".")
    if any(isinstance(rule, AggregateRule) and rule.name == name for rule in policy.rules):
        raise UsageError(f"{name} is a cube.", "Name a cube alone, for a principal that an aggregate rule gives it to.")
    if name not in views():
        near = difflib.get_close_matches(name, views(), n=1)
        raise UsageError(f"There is no view named {name!r}.", f"Did you mean {near[0]}?" if near else "Run 'steward views' to see them.")
    view = views()[name]
    if not column:
        return view, list(view.columns)
    if column not in view.columns:
        near = difflib.get_close_matches(column, view.columns, n=1)
        raise UsageError(f"The view {name} has no column {column!r}.", f"Did you mean {near[0]}?" if near else f"Its columns are {', '.join(view.columns)}.")
    return view, [column]


def _why(rule: Rule, policy: Policy, principal: Principal, view: View) -> str:
    """Why a rule does or does not count for this principal and view."""
    name = view.name
    if view.name not in views_of(rule):
        return f"says nothing of {name}"
    if not speaks_to(rule, principal):
        if isinstance(rule, MaskRule):
            return f"{principal.name} is exempt as {_named(rule.unless & frozenset(principal.roles))}"
        return f"for {_named(rule.roles)}, and {principal.name} is {_named(principal.roles) or 'without a role'}"
    match rule:
        case GrantRule(only=True):
            return f"keeps back {_gated(rule, principal)}"
        case AllowRule() | GrantRule():
            nothing = lacks_purpose(rule, principal) or keeps_nothing(rule.where, principal)
            if not nothing and isinstance(rule, GrantRule) and not _held(rule, principal):
                nothing = f"{principal.name} holds no live grant to {rule.permission}"
            if nothing:
                return f"shows nothing: {nothing}"
            if other := covering(rule, policy.rules, principal, name):
                return f"adds nothing to {other}, which has all its rows and columns"
            return f"shows {_count(rule.columns[name], view)} where {_rows_of(rule, principal)}"
        case FilterRule():
            return f"keeps rows where {where_in_words(rule.where, principal)}"
        case MaskRule():
            return "masks " + ", ".join(f"{t.partition('.')[2]}: {how}" for t, how in sorted(rule.treatments.items()) if t.startswith(f"{name}."))
        case DenyRule():
            denied = rule.columns[name]
            return f"closes {name}" if denied >= view.columns.keys() else f"closes {', '.join(sorted(denied))}"
        case AggregateRule():
            return f"closes {_named(rule.protected)}; {rule.name} has them in groups of at least {rule.k} by {rule.entity}"
    return "of a kind that is not explained here"


def _rows_of(rule: AllowRule | GrantRule, principal: Principal) -> str:
    words = where_in_words(rule.where, principal)
    if isinstance(rule, AllowRule):
        return words
    held = f"the dataset is {' or '.join(_held(rule, principal)) or 'none'} (grants of {principal.name})"
    return held if words == "every row" else f"{held} and {words}"


def _held(rule: GrantRule, principal: Principal) -> list[str]:
    return sorted({grant.dataset for grant in principal.grants if grant.permission == rule.permission})


def _gated(rule: GrantRule, principal: Principal) -> str:
    words = where_in_words(rule.where, principal)
    of_these = "rows" if words == "every row" else f"rows where {words}"
    return f"{of_these} of datasets that {principal.name} holds no live grant to {rule.permission} for ({', '.join(_held(rule, principal)) or 'none'} held)"


def _rows(policy: Policy, principal: Principal, decision: Permit | Cube) -> str:
    """The row filter of a decision, in words."""
    cited = [rule for rule in policy.rules if rule.id in decision.rules]
    allowed = [_rows_of(rule, principal) for rule in cited if is_allowing(rule)]
    if isinstance(decision, Cube):
        allowed = [where_in_words(decision.rule.where, principal)]
    kept = [where_in_words(rule.where, principal) for rule in cited if isinstance(rule, FilterRule)]
    kept += [f"not {_gated(rule, principal)}" for rule in cited if isinstance(rule, GrantRule) and rule.only]
    kept = [words for words in dict.fromkeys(kept) if words != "every row"]
    if "every row" in allowed:
        return "; and ".join(kept) or "every row"
    either = " or ".join(f"({words})" for words in dict.fromkeys(allowed)) if len(set(allowed)) > 1 else allowed[0] if allowed else "every row"
    return "; and ".join([either, *kept])


def _cell(policy: Policy, principal: Principal, decision: Permit | Deny, view: str, column: str) -> Cell:
    if isinstance(decision, Permit) and column in decision.columns:
        how = decision.columns[column]
        masks = [
            r.id for r in policy.rules if isinstance(r, MaskRule) and applies(r, principal, view) and r.treatments.get(f"{view}.{column}") == how
        ]
        return Cell(column, how, "" if how == "show" else f"masked by {_named(masks)}")
    speaking = [rule for rule in policy.rules if applies(rule, principal, view)]
    closing = [r.id for r in speaking if isinstance(r, DenyRule) and column in r.columns[view]]
    closing += [r.id for r in speaking if isinstance(r, AggregateRule) and column in r.protected]
    if closing:
        return Cell(column, "hidden", f"closed by {_named(closing)}")
    allows = [r for r in speaking if is_allowing(r) and not lacks_purpose(r, principal)]
    if not allows:
        return Cell(column, "hidden", "no rule allows it")
    if lacking := [r.id for r in allows if column not in r.columns[view] and not covering(r, allows, principal, view)]:
        return Cell(column, "hidden", f"not among the columns of {_named(lacking)}")
    return Cell(column, "hidden", "the view is closed")


def _notes(policy: Policy, principal: Principal, view: View) -> Iterable[str]:
    """What the snapshot leaves out besides: rows and names that tell of something hidden."""
    if any(column.ref == "datasets.name" for column in view.columns.values()) and not _sees_all(policy, principal, "datasets"):
        yield f"Rows about datasets that {principal.name} may not know of are left out."
    for kind, source in (("node", "nodes"), ("model", "models")):
        if source != view.name and any(column.slot == kind for column in view.columns.values()) and not _sees_all(policy, principal, source):
            yield f"Names of {source} that {principal.name} may not know of are blank."


def _sees_all(policy: Policy, principal: Principal, view: str) -> bool:
    decision = decide(principal, policy, view)
    return isinstance(decision, Permit) and not decision.row_filter


def _count(columns: frozenset[str], view: View) -> str:
    missing = sorted(view.columns.keys() - columns)
    if not missing:
        return "every column"
    return f"every column but {', '.join(missing)}" if len(missing) < len(columns) else ", ".join(sorted(columns))


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
