"""Rules of kind grant and aggregate and rules with purposes: what they decide, and files that get them wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalog.access.policy import (
    AggregateRule,
    AllowRule,
    Deny,
    DenyRule,
    FilterRule,
    GrantRule,
    LiveGrant,
    MaskRule,
    Measure,
    Permit,
    Policy,
    Principal,
    Rule,
    authorise,
    decide,
    ensure_policy,
    load_policy,
    purpose_denial,
)
from catalog.errors import UsageError
from catalog.semantic import views

MAX = Principal(name="max", roles=("engineer", "member"), clearance="internal", purposes=("training", "care"))
HOLDS = replace(MAX, grants=(LiveGrant("a'b", "read", "2027-01-01"), LiveGrant("b", "read", "2027-01-01"), LiveGrant("c", "compute", "2027-01-01")))
ENGINEER = frozenset({"engineer"})
NAME = {"datasets": frozenset({"name", "owner"})}
OPEN = AllowRule("open", ENGINEER, NAME, {"sensitivity": ("public",)})
ALSO = GrantRule("also", ENGINEER, NAME, {})
ONLY = GrantRule("only", ENGINEER, NAME, {"sensitivity": ("internal",)}, only=True)
CARE = AllowRule("care", ENGINEER, NAME, {}, frozenset({"care"}))
CUBE = AggregateRule("a-cube", ENGINEER, "groups", "consents", "consent_id", 5, ("purpose",), (Measure("count"),), {})
SHOWN = {"name": "show", "owner": "show"}
PUBLIC = "\"sensitivity\" IN ('public')"


@pytest.mark.parametrize(
    ("principal", "rules", "expected"),
    [
        (HOLDS, [ALSO], Permit("datasets", SHOWN, "\"name\" IN ('a''b', 'b')", ("also",))),
        (HOLDS, [replace(ALSO, permission="compute")], Permit("datasets", SHOWN, "\"name\" IN ('c')", ("also",))),
        (HOLDS, [replace(ALSO, where={"name": ("b", "x")})], Permit("datasets", SHOWN, "\"name\" IN ('b')", ("also",))),
        (HOLDS, [replace(ALSO, roles=frozenset({"buyer"}))], Deny("default")),
        (HOLDS, [OPEN, ALSO], Permit("datasets", SHOWN, f"((\"name\" IN ('a''b', 'b')) OR ({PUBLIC}))", ("also", "open"))),
        (MAX, [ALSO], Permit("datasets", SHOWN, "FALSE", ("also",))),
        (MAX, [OPEN, ALSO], Permit("datasets", SHOWN, PUBLIC, ("open",))),
        (HOLDS, [ONLY], Deny("default")),
        (HOLDS, [OPEN, ONLY], Permit("datasets", SHOWN, f"{PUBLIC} AND (\"name\" IN ('a''b', 'b') OR NOT (\"sensitivity\" IN ('internal')))", ("only", "open"))),
        (MAX, [OPEN, replace(ONLY, where={})], Permit("datasets", SHOWN, "FALSE", ("only", "open"))),
        # who lacks the attribute does not escape the gate
        (MAX, [OPEN, replace(ONLY, where={"owner": ("$organisation",)})], Permit("datasets", SHOWN, "FALSE", ("only", "open"))),
        (MAX, [CARE], Deny("care")),
        (replace(MAX, purpose="training"), [CARE], Deny("care")),
        (replace(MAX, purpose="care"), [CARE], Permit("datasets", SHOWN, "", ("care",))),
        (replace(MAX, purpose="care", purposes=()), [CARE], Deny("care")),
        (replace(HOLDS, purpose="training"), [replace(ALSO, purposes=frozenset({"care"}))], Deny("also")),
        (MAX, [OPEN, CARE], Permit("datasets", SHOWN, PUBLIC, ("open",))),
    ],
)
def test_decisions(principal: Principal, rules: list[Rule], expected: Permit | Deny) -> None:
    for order in (rules, rules[::-1]):
        assert decide(principal, Policy("v", {}, tuple(order)), "datasets") == expected


def test_an_attribute_that_nobody_knows_matches_nothing() -> None:
    odd = FilterRule("odd", ENGINEER, frozenset({"datasets"}), {"name": ("$unheard",)})
    assert decide(MAX, Policy("v", {}, (OPEN, odd)), "datasets") == Permit("datasets", SHOWN, "FALSE", ("odd", "open"))


def test_a_purpose_that_one_does_not_hold_is_denied_by_the_rule_that_asks_for_it() -> None:
    policy = Policy("v", {}, (CARE, replace(CARE, id="resale", purposes=frozenset({"resale"}))))
    assert [purpose_denial(MAX, policy, p) for p in ("care", "training", "resale", "x")] == [None, None, Deny("resale"), Deny("purpose")]


def test_rules_of_other_kinds_ask_for_no_purpose() -> None:
    others: tuple[Rule, ...] = (FilterRule("a-filter", ENGINEER, frozenset({"datasets"}), {}), MaskRule("a-mask", {}, frozenset()), DenyRule("a-deny", ENGINEER, NAME), CUBE)
    assert purpose_denial(MAX, Policy("v", {}, others), "resale") == Deny("purpose")
    assert purpose_denial(MAX, Policy("v", {}, (*others, replace(CARE, purposes=frozenset({"resale"})))), "resale") == Deny("care")


def test_a_folder_without_a_policy_gets_one_and_one_with_it_keeps_it(tmp_path: Path) -> None:
    home = tmp_path / "new" / "catalog"
    path = ensure_policy(home)
    assert set(load_policy(path).principals) == {"steward"} and home.stat().st_mode & 0o777 == 0o700
    path.write_text("version: 1\nprincipals: {}\nrules: []\n", encoding="utf-8")
    assert load_policy(ensure_policy(home)).rules == ()


def test_gates_are_the_grant_rules_for_ones_roles() -> None:
    policy = Policy("v", {}, (OPEN, ONLY, ALSO, GrantRule("other", frozenset({"buyer"}), NAME, {})))
    assert authorise(MAX, policy).gates == ("also", "only")
    assert authorise(replace(MAX, roles=("steward",)), policy).gates == ()


FILE = """version: 1
principals:
  max: {roles: [engineer], purposes: [care]}
rules:
"""
GOOD = """
  - id: care
    allow: [engineer]
    views: {consents: [dataset, purpose]}
    purposes: [care]
  - id: also
    grant: [engineer]
    views: {datasets: "*", columns: [dataset, column_name]}
    permission: compute
  - id: only
    grant: [engineer]
    only: true
    views: [datasets]
    where: {sensitivity: [internal]}
  - id: groups
    aggregate: {roles: [engineer], view: consents, entity: subject_group, k: 7, dimensions: [purpose], measures: [count, avg(subjects)], protect: [dataset]}
    where: {sensitivity: $clearance}
"""


def read(tmp_path: Path, rules: str) -> Policy:
    path = tmp_path / "policy.yaml"
    path.write_text(FILE + rules, encoding="utf-8")
    return load_policy(path)


def test_a_file_says_all_of_it(tmp_path: Path) -> None:
    policy = read(tmp_path, GOOD)
    care, also, only, groups = policy.rules
    assert isinstance(care, AllowRule) and care.purposes == {"care"}
    assert also == GrantRule("also", ENGINEER, {"datasets": frozenset(views()["datasets"].columns), "columns": frozenset({"dataset", "column_name"})}, {}, "compute")
    assert isinstance(only, GrantRule) and (only.only, only.permission, only.where) == (True, "read", {"sensitivity": ("internal",)})
    assert groups == AggregateRule(
        "groups", ENGINEER, "consents_cube", "consents", "subject_group", 7, ("purpose",),
        (Measure("count"), Measure("avg", "subjects")), {"sensitivity": ("$clearance",)}, frozenset({"dataset"}),
    )  # fmt: skip
    assert groups.protected == {"subject_group", "subjects", "dataset"}
    assert read(tmp_path, GOOD.replace("k: 7", "k: 8")).version != policy.version


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("views: [datasets]", "views: [lineage]", 17, "no row of lineage is about one dataset"),
        ("views: [datasets]", "views: [datasets, nodes]", 17, "no row of nodes is about one dataset"),
        ("views: [datasets]", "views: {datasets: [name]}", 17, "names no columns"),
        ("where: {sensitivity: [internal]}", "where: {sensitivity: $clearance}", 18, "who lacks an attribute"),
        ("only: true", "only: true\n    purposes: [care]", 17, "who states no purpose"),
        ("permission: compute", "permission: use", 13, "Input should be"),
        ("permission: compute", "unless: [engineer]", 10, "a rule with grant has no unless"),
        ("purposes: [care]", "purposes: []", 9, "at least 1"),
        ("purposes: [care]", "only: true", 6, "a rule with allow has no only"),
        ("view: consents", "view: consent", 20, "unknown view 'consent'"),
        ("view: consents", "view: audit_log", 20, "audit_log grows with every question and has no cubes"),
        ("entity: subject_group", "entity: group", 20, "unknown column 'group' of consents"),
        ("entity: subject_group", "entity: given", 20, "is TIMESTAMP and makes no groups"),
        ("entity: subject_group", "entity: purpose", 20, "each about other columns"),
        ("dimensions: [purpose]", "dimensions: [purpose, subjects]", 20, "each about other columns"),
        ("dimensions: [purpose]", "dimensions: [given]", 20, "makes no groups"),
        ("dimensions: [purpose]", "dimensions: []", 20, "at least 1"),
        ("k: 7", "k: 1", 20, "greater than or equal to 2"),
        ("avg(subjects)", "max(subjects)", 20, "pattern"),
        ("avg(subjects)", "avg(status)", 20, "consents.status is no number"),
        ("avg(subjects)", "count", 20, "each about other columns"),
        ("roles: [engineer], view", "roles: [nobody], view", 20, "unknown role 'nobody'"),
        ("protect: [dataset]", "protect: [purpose]", 20, "is a dimension"),
        ("protect: [dataset]", "name: datasets", 20, "'datasets' is taken"),
        ("protect: [dataset]", "name: Groups", 20, "pattern"),
        ("id: care", "id: purpose", 6, "'purpose' is taken"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError) as wrong:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert said in wrong.value.what
    assert f"line {line}:" in wrong.value.what, wrong.value.what


def test_one_name_is_of_one_view(tmp_path: Path) -> None:
    other = "  - id: more\n    aggregate: {roles: [engineer], view: market, entity: buyer, dimensions: [token], name: consents_cube}\n"
    with pytest.raises(UsageError, match="is a cube of consents"):
        read(tmp_path, GOOD + other)
