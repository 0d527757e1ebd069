"""Reads a policy file as a careful colleague would: what is wrong with it, and what in it does nothing or shows too much.

Judges by the decisions of ``policy``; changes nothing. A rule kind that it does not know is left alone.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import yaml

from catalog.access.policy import (
    ANONYMOUS,
    BUILT_IN_ROLES,
    REVIEWERS,
    STRICTNESS,
    AggregateRule,
    AllowRule,
    Deny,
    DenyRule,
    FilterRule,
    GrantRule,
    LiveGrant,
    MaskRule,
    Permit,
    Policy,
    Principal,
    Rule,
    Where,
    authorise,
    decide,
    load_policy,
)
from catalog.access.policy_explain import applies, covering, is_allowing, keeps_nothing, lacks_purpose, speaks_to
from catalog.errors import UsageError
from catalog.semantic import Column, views
from catalog.yaml_text import composed, find


class Token(Protocol):
    """What is known of an issued token."""

    @property
    def principal(self) -> str: ...
    @property
    def expires(self) -> datetime: ...
    @property
    def revoked(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """``about`` is the id of a rule, or ``principal NAME``, ``role NAME``, ``policy``; an error makes the file unusable."""

    line: int
    about: str
    what: str
    severity: Literal["error", "warning"] = "warning"


def check(path: Path, tokens: Iterable[Token] = (), now: datetime | None = None) -> list[Finding]:
    """Findings of a policy file by line: one error where it cannot be used, else what it warns of.

    ``tokens`` are those of its catalog and ``now`` the moment to hold them against, with its zone. Raises
    `CatalogUnavailable` where the file cannot be read.
    """
    try:
        policy = load_policy(path)
    except UsageError as error:
        return [_error(path, error)]
    text = path.read_text(encoding="utf-8")
    root, content = composed(text)
    marks = {str(rule["id"]): at for at, rule in enumerate(content.get("rules") or [])}
    findings = [
        *(Finding(find(root, ("rules", marks[rule.id]))[0], rule.id, what) for rule in policy.rules for what in dict.fromkeys(_rule(rule, policy))),
        *(Finding(find(root, ("principals", name))[0], f"principal {name}", what) for name, what in _principals(policy, tokens, now)),
        *_roles(policy, content.get("roles") or [], root),
    ]
    return sorted(findings, key=lambda f: (f.line, f.about, f.what))


def _error(path: Path, error: UsageError) -> Finding:
    """A file that cannot be used, and the line to look at."""
    said = error.what.removeprefix(str(path))
    if located := re.match(r", line (\d+): (.*)", said, re.DOTALL):
        return Finding(int(located[1]), "policy", located[2].removesuffix("."), "error")
    return Finding(_line_of(path.read_bytes()), "policy", " ".join(said.split()).removesuffix("."), "error")


def _line_of(data: bytes) -> int:
    """Line of the first byte that is no UTF-8, of the first character that is not for YAML, or of the deepest nesting."""
    try:
        text = data.decode("utf-8")
        yaml.reader.Reader(text)
    except UnicodeDecodeError as bad:
        return data[: bad.start].count(b"\n") + 1
    except yaml.reader.ReaderError as bad:
        return text[: bad.position].count("\n") + 1
    depth, deepest, line = 0, -1, 1
    for at, written in enumerate(text.splitlines(), start=1):
        depth += sum(written.count(c) for c in "[{") - sum(written.count(c) for c in "]}")
        reached = depth + len(written) - len(written.lstrip())
        if reached > deepest:
            deepest, line = reached, at
    return line


def _everyone(policy: Policy) -> list[Principal]:
    """Every principal as it may ask: without more, with each purpose that is its and that a rule asks for, with grants and without."""
    asked = {purpose for rule in policy.rules if is_allowing(rule) for purpose in rule.purposes}
    permissions = sorted({rule.permission for rule in policy.rules if isinstance(rule, GrantRule)})
    grants = tuple(LiveGrant("some dataset", permission, "") for permission in permissions)
    return [
        replace(principal, purpose=purpose, grants=held)
        for principal in (ANONYMOUS, *policy.principals.values())
        for purpose in ("", *sorted(asked & set(principal.purposes)))
        for held in dict.fromkeys([(), grants])
    ]


def _rule(rule: Rule, policy: Policy) -> Iterator[str]:
    """What a rule does not do, or should not."""
    concerned = [principal for principal in _everyone(policy) if speaks_to(rule, principal)]
    if not concerned:
        roles = " or ".join(sorted(getattr(rule, "roles", ())))
        yield f"applies to nobody: no principal is {roles}" if roles else "applies to nobody: every principal is exempt"
        return
    if is_allowing(rule) and all(lacks_purpose(rule, principal) for principal in concerned):
        yield f"serves nobody: nobody it applies to holds the purpose {' or '.join(sorted(rule.purposes))}"
        return
    if isinstance(rule, AllowRule | DenyRule | GrantRule):
        for view in sorted(view for view, columns in rule.columns.items() if not columns):
            yield f"lists no column of {view}" + (", which closes it to everyone who has the rule" if is_allowing(rule) else "")
    if isinstance(rule, AllowRule | FilterRule | GrantRule | AggregateRule):
        if empty := sorted(column for column, values in rule.where.items() if not values):
            yield f"where {', '.join(empty)} lists no value, so no row is kept"
        elif without := {keeps_nothing(rule.where, principal) for principal in concerned} - {""}:
            yield f"{'hides every row' if isinstance(rule, FilterRule) else 'shows no row'} where {'; '.join(sorted(without))}"
    match rule:
        case AllowRule() | GrantRule(only=False):
            yield from _allow(rule, policy, concerned)
        case FilterRule():
            yield from _filter(rule, policy, concerned)
        case MaskRule():
            yield from _mask(rule, policy, concerned)
            yield from _claimed({column for view, _, column in (target.partition(".") for target in rule.treatments) if view == "datasets"}, policy, concerned)
        case DenyRule():
            if hidden := rule.columns.get("datasets", frozenset()) - {"name"}:
                yield from _claimed(hidden, policy, concerned)
            without_it = _without(policy, rule)
            seen = [(p, view) for p in concerned for view in rule.columns if rule.columns[view] & _seen(p, without_it, view).keys()]
            if not seen and not _closes_cube(rule, policy, concerned):
                yield "takes nothing away: nobody it applies to would see any of it"


        case AggregateRule():
            closed = {(p.name, d.rule) for p in concerned if (d := authorise(p, policy).denials.get(rule.name))}
            for name, by in sorted(closed):
                yield f"gives {name} no {rule.name}: {'it has a rival cube' if by == rule.id else f'{by} closes it'}"


def _claimed(hidden: Iterable[str], policy: Policy, concerned: list[Principal]) -> Iterator[str]:
    """Columns of datasets that a rule hides and that claims tell: what several nodes publish of one dataset is a claim of each."""
    told = sorted(set(hidden) & set(views()["claims"].columns["attribute"].values))
    to = sorted({principal.name for principal in concerned if _seen(principal, policy, "claims").get("claimed_value") == "show"})
    if told and to:
        yield f"hides {', '.join(told)} of datasets, which claims.claimed_value shows to {', '.join(to)}"


def _closes_cube(rule: Rule, policy: Policy, concerned: list[Principal]) -> bool:
    if not any(isinstance(other, AggregateRule) for other in policy.rules):
        return False
    return any(authorise(p, policy).cubes.keys() != authorise(p, _without(policy, rule)).cubes.keys() for p in concerned)


def _allow(rule: AllowRule | GrantRule, policy: Policy, concerned: list[Principal]) -> Iterator[str]:
    earlier = policy.rules[: policy.rules.index(rule)]
    covered = {
        covering(rule, policy.rules, principal, view) or _same(rule, earlier, principal, view) for principal in concerned for view in rule.columns
    }
    if "" not in covered:
        yield f"adds nothing to {_named(covered)}, for everyone who has it"
    for principal in concerned:
        for view in sorted(rule.columns):
            others = [r for r in earlier if is_allowing(r) and applies(r, principal, view) and r.columns[view] and rule.columns[view]]
            for other in others:
                if isinstance(decide(principal, Policy("", {}, (rule, other)), view), Deny):
                    yield f"shares no column of {view} with {other.id}, so {principal.name}, who has both, sees nothing of it"
    if any(principal.name == ANONYMOUS.name for principal in concerned):
        yield from _open(rule, policy)


def _open(rule: AllowRule | GrantRule, policy: Policy) -> Iterator[str]:
    """What an allow shows to askers without a token that is about persons or not public."""
    for view in sorted(rule.columns):
        decision = decide(ANONYMOUS, policy, view)
        if not isinstance(decision, Permit) or rule.id not in decision.rules:
            continue
        shown = (views()[view].columns[name] for name, how in decision.columns.items() if how == "show")
        for column in shown:
            if about := _about_people(column):
                yield f"shows {view}.{column.name}, {about}, to anonymous"
        if not any(_implies(where, {"sensitivity": ("public",)}, ANONYMOUS, view) for where in _kept(rule, policy, view)):
            yield f"shows anonymous rows of {view} that are not public"


def _about_people(column: Column) -> str:
    if column.slot == "person":
        return "which names persons"
    return f"which is {column.sensitivity}" if column.sensitivity != "public" else ""


def _kept(rule: AllowRule | GrantRule, policy: Policy, view: str) -> list[Where]:
    """Row predicates of which each holds for every row that an allow shows to anonymous."""
    return [rule.where, *(r.where for r in policy.rules if isinstance(r, FilterRule) and applies(r, ANONYMOUS, view))]


def _filter(rule: FilterRule, policy: Policy, concerned: list[Principal]) -> Iterator[str]:
    by = set[str]()
    for principal in concerned:
        for view in rule.views:
            if _seen(principal, policy, view):
                for column, values in rule.where.items():
                    implied = _implied(rule, {column: values}, policy, principal, view)
                    if not implied:
                        return
                    by |= implied
    yield f"keeps no row back that {_named(by)} does not keep back" if by else "filters nothing: nobody it applies to sees these views"


def _implied(rule: FilterRule, where: Where, policy: Policy, principal: Principal, view: str) -> set[str]:
    """Ids of the rules whose rows of a view all satisfy ``where`` anyway; of two equal filters the earlier is kept."""
    speaking = [r for r in policy.rules if r is not rule and applies(r, principal, view)]
    if _implies({}, where, principal, view):
        return {"every value"}
    for other in speaking:
        if isinstance(other, FilterRule) and _implies(other.where, where, principal, view):
            back = all(_implies(rule.where, {c: v}, principal, view) for c, v in other.where.items())
            if not back or policy.rules.index(other) < policy.rules.index(rule):
                return {other.id}
    allows = [r for r in speaking if is_allowing(r) and not covering(r, speaking, principal, view)]
    return {r.id for r in allows} if all(_implies(r.where, where, principal, view) for r in allows) else set()


def _implies(narrow: Where, wide: Where, principal: Principal, view: str) -> bool:
    """Whether every row that ``narrow`` keeps is one that ``wide`` keeps: beside an allow of these, one of those adds nothing."""
    roles, columns = frozenset(principal.roles), {view: frozenset(views()[view].columns)}
    a, b = AllowRule("wide", roles, columns, wide), AllowRule("narrow", roles, columns, narrow)
    alone, both = decide(principal, Policy("", {}, (a,)), view), decide(principal, Policy("", {}, (a, b)), view)
    return isinstance(alone, Permit) and isinstance(both, Permit) and alone.row_filter == both.row_filter


def _mask(rule: MaskRule, policy: Policy, concerned: list[Principal]) -> Iterator[str]:
    without_it = _without(policy, rule)
    unseen, weaker = list[str](), dict[str, set[str]]()
    for target, how in rule.treatments.items():
        view, _, column = target.partition(".")
        seeing = [principal for principal in concerned if column in _seen(principal, without_it, view)]
        if not seeing:
            unseen.append(target)
            continue
        stricter = [_at_least(how, rule, policy, principal, target) for principal in seeing]
        if all(stricter):
            weaker.setdefault(_named(set(stricter)), set()).add(target)
    if unseen and not _closes_cube(rule, policy, concerned):
        yield f"masks {', '.join(sorted(unseen))}, of which nobody it applies to sees any cell"
    for by, targets in sorted(weaker.items()):
        yield f"is no stricter than {by} on {', '.join(sorted(targets))}, for everyone who sees it"


def _at_least(how: str, rule: MaskRule, policy: Policy, principal: Principal, target: str) -> str:
    """Id of another mask on the same cells that is stricter, or as strict and earlier in the file."""
    mine = STRICTNESS.index(rule.treatments[target])
    for other in policy.rules:
        if isinstance(other, MaskRule) and other is not rule and target in other.treatments and speaks_to(other, principal):
            theirs = STRICTNESS.index(other.treatments[target])
            if theirs > mine or (theirs == mine and policy.rules.index(other) < policy.rules.index(rule)):
                return other.id
    return ""


def _same(rule: AllowRule | GrantRule, others: Iterable[Rule], principal: Principal, view: str) -> str:
    """Id of an earlier allow that shows this principal the very same."""
    for other in others:
        if is_allowing(other) and applies(other, principal, view) and other.columns[view] == rule.columns[view]:
            alone, beside = decide(principal, Policy("", {}, (other,)), view), decide(principal, Policy("", {}, (rule,)), view)
            if isinstance(alone, Permit) and isinstance(beside, Permit) and alone.row_filter == beside.row_filter:
                return other.id
    return ""


def _principals(policy: Policy, tokens: Iterable[Token], now: datetime | None) -> Iterator[tuple[str, str]]:
    issued: dict[str, list[Token]] = {}
    for token in tokens:
        issued.setdefault(token.principal, []).append(token)
    everyone = _everyone(policy)
    for name, principal in policy.principals.items():
        ways = [way for way in everyone if way.name == name]
        if not any(_seen(way, policy, view) for way in ways for view in views()) and not authorise(principal, policy).cubes:
            yield name, "sees nothing: no rule allows a view"
        if idle := sorted({role for role in principal.roles if role not in BUILT_IN_ROLES and not _rules_of(role, policy)}):
            yield name, f"is {', '.join(idle)}, which no rule names"
        held = issued.get(name, [])
        if held and now is not None and all(token.revoked or now >= token.expires for token in held):
            last = max(held, key=lambda token: token.expires)
            yield name, f"cannot prove who it is: its last token {'is revoked' if last.revoked else f'expired on {last.expires:%Y-%m-%d}'}"


def _roles(policy: Policy, declared: list[str], root: yaml.Node | None) -> Iterator[Finding]:
    held = {role for principal in policy.principals.values() for role in principal.roles}
    for at, role in enumerate(declared):
        line = find(root, ("roles", at))[0]
        if role not in held:
            yield Finding(line, f"role {role}", "no principal has it")
        if not _rules_of(role, policy):
            yield Finding(line, f"role {role}", "no rule names it")


def _rules_of(role: str, policy: Policy) -> list[str]:
    """Ids of the rules that name a role, whatever their kind."""
    reviews = ["reviewers"] if role in policy.reviewers - REVIEWERS else []
    return reviews + [rule.id for rule in policy.rules if role in getattr(rule, "roles", ()) or role in getattr(rule, "unless", ())]


def _seen(principal: Principal, policy: Policy, view: str) -> Mapping[str, str]:
    decision = decide(principal, policy, view)
    return decision.columns if isinstance(decision, Permit) else {}


def _without(policy: Policy, rule: Rule) -> Policy:
    return Policy(policy.version, policy.principals, tuple(other for other in policy.rules if other is not rule))


def _named(ids: Iterable[str]) -> str:
    return " and ".join(sorted(ids))
