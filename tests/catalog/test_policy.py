"""Policy: deny by default, deny over all, nothing widens by taking away, and a file that is wrong is refused with its line."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

import catalog.demo
from catalog.access.grants import Grants
from catalog.access.policy import (
    ANONYMOUS,
    CLEARANCES,
    AllowRule,
    Deny,
    DenyRule,
    FilterRule,
    MaskRule,
    Permit,
    Policy,
    Principal,
    Rule,
    authorise,
    decide,
    load_policy,
    masked_type,
)
from catalog.audit.log import OPERATOR
from catalog.audit.records import ERASED
from catalog.errors import CatalogUnavailable, UsageError
from catalog.quality.alerts import WATCH
from catalog.reserved import RESERVED, reserved
from catalog.semantic import views
from catalog.storage.state import State

DEMO = Path(catalog.demo.__file__).with_name("policy.yaml")
MAX = Principal(name="max", roles=("engineer", "member"), clearance="internal", jurisdictions=("EU", "US"), node="n1")


def allow(id_: str, role: str, columns: set[str], **where: tuple[str, ...]) -> AllowRule:
    return AllowRule(id_, frozenset({role}), {"datasets": frozenset(columns)}, where)


def filter_(id_: str, role: str, **where: tuple[str, ...]) -> FilterRule:
    return FilterRule(id_, frozenset({role}), frozenset({"datasets"}), where)


def deny(id_: str, role: str, columns: set[str]) -> DenyRule:
    return DenyRule(id_, frozenset({role}), {"datasets": frozenset(columns)})


def mask(id_: str, *, unless: str = "", **treatments: str) -> MaskRule:
    return MaskRule(id_, {f"datasets.{c}": t for c, t in treatments.items()}, frozenset({unless} - {""}))  # type: ignore[misc]  # literals


def policy(*rules: Rule) -> Policy:
    return Policy("v1", {}, rules)


EVERY = set(views()["datasets"].columns)
PUBLIC = "\"sensitivity\" IN ('public')"

CASES: dict[str, tuple[Principal, list[Rule], Permit | Deny]] = {
    "no rule denies": (MAX, [], Deny("default")),
    "a rule for another role denies": (MAX, [allow("a", "steward", {"name"})], Deny("default")),
    "an allow permits its columns": (
        MAX,
        [allow("a", "engineer", {"name"})],
        Permit("datasets", {"name": "show"}, "", ("a",)),
    ),
    "everyone named is a member": (
        MAX,
        [allow("a", "member", {"name"})],
        Permit("datasets", {"name": "show"}, "", ("a",)),
    ),
    "anonymous is no member": (ANONYMOUS, [allow("a", "member", {"name"})], Deny("default")),
    "clearance means all levels up to it": (
        MAX,
        [allow("a", "engineer", {"name"}, sensitivity=("$clearance",))],
        Permit("datasets", {"name": "show"}, "\"sensitivity\" IN ('internal', 'public')", ("a",)),
    ),
    "all jurisdictions leave the column free": (
        replace(MAX, jurisdictions=("*",)),
        [allow("a", "engineer", {"name"}, jurisdiction=("$jurisdictions",))],
        Permit("datasets", {"name": "show"}, "", ("a",)),
    ),
    "entries are and-ed, values quoted": (
        replace(MAX, jurisdictions=("O'Land",)),
        [allow("a", "engineer", {"name"}, jurisdiction=("$jurisdictions",), sensitivity=("public",))],
        Permit("datasets", {"name": "show"}, f"\"jurisdiction\" IN ('O''Land') AND {PUBLIC}", ("a",)),
    ),
    "a missing attribute keeps no row": (
        MAX,
        [allow("a", "engineer", {"name"}, owner=("$organisation",))],
        Permit("datasets", {"name": "show"}, "FALSE", ("a",)),
    ),
    "an unknown clearance keeps no row": (
        replace(MAX, clearance="cosmic"),
        [allow("a", "engineer", {"name"}, sensitivity=("$clearance",))],
        Permit("datasets", {"name": "show"}, "FALSE", ("a",)),
    ),
    "a list holds any of the values": (
        MAX,
        [allow("a", "engineer", {"name"}, languages=("English", "Dutch"))],
        Permit("datasets", {"name": "show"}, "list_has_any(\"languages\", ['Dutch', 'English'])", ("a",)),
    ),
    "a covered allow adds nothing": (
        MAX,
        [
            allow("narrow", "engineer", {"name"}, sensitivity=("public",)),
            allow("wide", "engineer", {"name", "owner"}, sensitivity=("public", "internal")),
        ],
        Permit("datasets", {"name": "show", "owner": "show"}, "\"sensitivity\" IN ('internal', 'public')", ("wide",)),
    ),
    "allows that do not cover one another share columns, join rows": (
        MAX,
        [
            allow("a", "engineer", {"name", "owner"}, node=("$node",)),
            allow("b", "engineer", {"name"}, sensitivity=("public",)),
        ],
        Permit("datasets", {"name": "show"}, f"((\"node\" IN ('n1')) OR ({PUBLIC}))", ("a", "b")),
    ),
    "allows without a common column deny": (
        MAX,
        [allow("a", "engineer", {"owner"}, node=("$node",)), allow("b", "engineer", {"name"})],
        Deny("a"),
    ),
    "a filter is and-ed on top": (
        MAX,
        [allow("a", "engineer", {"name"}, sensitivity=("public",)), filter_("f", "engineer", node=("$node",))],
        Permit("datasets", {"name": "show"}, f"\"node\" IN ('n1') AND {PUBLIC}", ("a", "f")),
    ),
    "the strictest mask wins": (
        MAX,
        [allow("a", "engineer", {"name", "owner"}), mask("m", owner="partial"), mask("n", owner="hash")],
        Permit("datasets", {"name": "show", "owner": "hash"}, "", ("a", "m", "n")),
    ),
    "an exempt role is not masked": (
        MAX,
        [allow("a", "engineer", {"name"}), mask("m", unless="engineer", name="null")],
        Permit("datasets", {"name": "show"}, "", ("a",)),
    ),
    "deny takes columns": (
        MAX,
        [allow("a", "engineer", {"name", "owner"}), deny("d", "member", {"owner"})],
        Permit("datasets", {"name": "show"}, "", ("a", "d")),
    ),
    "deny over allow": (MAX, [allow("a", "engineer", EVERY), deny("d", "engineer", EVERY)], Deny("d")),
    "deny without allow cites the deny": (MAX, [deny("d", "engineer", EVERY)], Deny("d")),
    "deny does not make another allow's columns appear": (
        MAX,
        [
            allow("a", "engineer", {"name", "owner"}, node=("$node",)),
            allow("b", "engineer", {"name"}),
            deny("d", "engineer", {"name"}),
        ],
        Deny("d"),
    ),
}


@pytest.mark.parametrize(("principal", "rules", "expected"), CASES.values(), ids=CASES.keys())
def test_decisions(principal: Principal, rules: list[Rule], expected: Permit | Deny) -> None:
    assert decide(principal, policy(*rules), "datasets") == expected


COLUMNS = ("name", "owner", "steward", "licence")
ROLES = ("engineer", "member", "steward", "anonymous")
ROWS = [(s, n, j) for s in CLEARANCES for n in ("n1", "n2") for j in ("EU", "KE")]

wheres = st.fixed_dictionaries(
    {},
    optional={
        "sensitivity": st.sampled_from([("public",), ("$clearance",), ("internal", "restricted")]),
        "node": st.sampled_from([("$node",), ("n1", "n2"), ("n2",)]),
        "jurisdiction": st.sampled_from([("$jurisdictions",), ("KE",)]),
        "owner": st.just(("$organisation",)),
    },
)
names = st.sets(st.sampled_from(COLUMNS), min_size=1)
roles = st.sets(st.sampled_from(ROLES), min_size=1).map(frozenset)
kinds: list[Callable[[str], st.SearchStrategy[Rule]]] = [
    lambda i: st.builds(lambda r, c, w: AllowRule(i, r, {"datasets": frozenset(c)}, w), roles, names, wheres),
    lambda i: st.builds(lambda r, w: FilterRule(i, r, frozenset({"datasets"}), w), roles, wheres),
    lambda i: st.builds(
        lambda r, t: MaskRule(i, {f"datasets.{c}": x for c, x in t.items()}, r),
        roles,
        st.dictionaries(st.sampled_from(COLUMNS), st.sampled_from(["null", "hash", "bucket", "partial"])),
    ),
    lambda i: st.builds(lambda r, c: DenyRule(i, r, {"datasets": frozenset(c)}), roles, names),
]
rule_lists = (
    st.lists(st.integers(0, 3), max_size=6)
    .flatmap(lambda ks: st.tuples(*(kinds[k](f"r{i}") for i, k in enumerate(ks))))
    .map(list)
)
principals = st.builds(
    Principal,
    name=st.just("p"),
    roles=st.sets(st.sampled_from(ROLES)).map(lambda r: tuple(sorted(r))),
    clearance=st.sampled_from(CLEARANCES),
    jurisdictions=st.sampled_from([(), ("*",), ("EU",)]),
    node=st.sampled_from(["", "n1"]),
    organisation=st.sampled_from(["", "Org"]),
)
ENGINE = duckdb.connect()


def cells(decision: Permit | Deny) -> set[tuple[object, ...]]:
    """Every unmasked cell of a small table that a decision shows."""
    if isinstance(decision, Deny):
        return set()
    values = ", ".join(f"('{s}', '{n}', '{j}', 'Org')" for s, n, j in ROWS)
    kept = ENGINE.execute(
        f"FROM (VALUES {values}) t(sensitivity, node, jurisdiction, owner) WHERE {decision.row_filter or 'TRUE'}"
    ).fetchall()
    return {(*row, column) for row in kept for column, treatment in decision.columns.items() if treatment == "show"}


@given(principals, rule_lists, st.sampled_from([1, 2, 3]).flatmap(lambda k: kinds[k]("extra")))
def test_adding_a_filter_mask_or_deny_never_widens(principal: Principal, rules: list[Rule], extra: Rule) -> None:
    before = cells(decide(principal, policy(*rules), "datasets"))
    assert cells(decide(principal, policy(*rules, extra), "datasets")) <= before


@given(principals, rule_lists)
def test_nothing_is_shown_that_no_single_allow_shows(principal: Principal, rules: list[Rule]) -> None:
    single = [cells(decide(principal, policy(rule), "datasets")) for rule in rules if isinstance(rule, AllowRule)]
    assert cells(decide(principal, policy(*rules), "datasets")) <= set().union(*single)


@given(principals, rule_lists, st.randoms())
def test_the_order_of_rules_does_not_matter(principal: Principal, rules: list[Rule], random: Random) -> None:
    shuffled = list(rules)
    random.shuffle(shuffled)
    assert decide(principal, policy(*shuffled), "datasets") == decide(principal, policy(*rules), "datasets")


def test_every_view_is_permitted_or_denied() -> None:
    demo = load_policy(DEMO)
    for principal in [ANONYMOUS, *demo.principals.values()]:
        decided = authorise(principal, demo)
        assert decided.permits.keys() | decided.denials.keys() == views().keys()
        assert not decided.permits.keys() & decided.denials.keys()


DEMO_SCOPES = {
    "anonymous": {
        "nodes",
        "datasets",
        "columns",
        "lineage",
        "models",
        "quality_metrics",
        "quality_checks",
        "claims",
        "replicas",
        "training_rounds",
        "market",
    },
    "ada": set(views()),
    "clara": set(views()),
    "max": {
        "nodes",
        "datasets",
        "columns",
        "lineage",
        "models",
        "quality_metrics",
        "quality_checks",
        "claims",
        "replicas",
        "training_rounds",
        "market",
    },
    "oleg": {
        "nodes",
        "datasets",
        "columns",
        "lineage",
        "models",
        "quality_metrics",
        "quality_checks",
        "claims",
        "replicas",
        "training_rounds",
        "market",
        "grants",
        "node_events",
    },
    "mia": {
        "nodes",
        "datasets",
        "columns",
        "lineage",
        "models",
        "quality_metrics",
        "quality_checks",
        "claims",
        "replicas",
        "training_rounds",
        "market",
    },
    "ivy": {"nodes", "datasets", "models", "audit_log", "policies", "grants", "compliance"},
}


@pytest.mark.parametrize("name", DEMO_SCOPES)
def test_demo_principals_see_their_views(name: str) -> None:
    demo = load_policy(DEMO)
    assert set(authorise(demo.principal(name), demo).permits) == DEMO_SCOPES[name]


@pytest.mark.parametrize(
    ("name", "cell", "treatment"),
    [
        ("anonymous", "datasets.steward", None),
        ("anonymous", "quality_checks.assignee", None),
        ("anonymous", "market.buyer", None),
        ("mia", "market.buyer", "hash"),
        ("max", "datasets.steward", "show"),
        ("oleg", "grants.principal", "hash"),
        ("clara", "grants.principal", "hash"),
        ("ivy", "grants.principal", "show"),
        ("ivy", "audit_log.actor", "show"),
        ("ada", "market.buyer", "show"),
    ],
)
def test_demo_cells(name: str, cell: str, treatment: str | None) -> None:
    demo = load_policy(DEMO)
    view, column = cell.split(".")
    assert authorise(demo.principal(name), demo).permits[view].columns.get(column) == treatment


def test_demo_residency_and_clearance() -> None:
    demo = load_policy(DEMO)
    clara = authorise(demo.principal("clara"), demo).permits["consents"]
    assert (
        clara.row_filter == "\"jurisdiction\" IN ('EU') AND \"sensitivity\" IN ('confidential', 'internal', 'public')"
    )
    assert clara.rules == ("compliance-governance", "compliance-residency")
    assert authorise(ANONYMOUS, demo).permits["datasets"].row_filter == PUBLIC


def test_who_reviews_is_a_principal_of_the_policy_with_such_a_role() -> None:
    ada = Principal(name="ada", roles=("lead", "member"))
    held = Policy("v", {"ada": ada, "eve": Principal(name="eve", roles=("guest",))}, (), frozenset({"lead", "chief"}))
    assert held.may_review(ada)
    assert not held.may_review(held.principals["eve"])
    assert not held.may_review(replace(ada, name="stranger")), "roles are the policy's to give"
    assert not held.may_review(ANONYMOUS)
    assert not Policy("v", {"ada": ada}, ()).may_review(ada)


def test_an_unknown_principal_is_not_taken_for_anonymous() -> None:
    demo = load_policy(DEMO)
    assert demo.principal("anonymous") == ANONYMOUS
    with pytest.raises(UsageError, match="mallory"):
        demo.principal("mallory")


BASE = """\
version: 1
principals:
  ada: {roles: [steward], clearance: confidential}
rules:
  - id: a
    allow: [steward]
    views: {datasets: [name, owner]}
    where: {sensitivity: [public]}
  - id: m
    mask: {datasets.owner: null}
    unless: [steward]
  - id: d
    deny: [anonymous]
    views: [consents]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("version: 1", "version: 2", 1, "version"),
        ("version: 1", "version: 1\nversion: 1", 2, "stands twice"),
        ("allow: [steward]", "allow: [stewrad]", 6, "unknown role 'stewrad'"),
        ("unless: [steward]", "unless: [nobody]", 11, "unknown role 'nobody'"),
        ("deny: [anonymous]", "deny: [guest]", 13, "unknown role 'guest'"),
        ("roles: [steward]", "roles: [anonymous]", 3, "'anonymous' is not a role that can be given"),
        ("  ada:", "  anonymous:", 3, "without a token"),
        ("clearance: confidential", "clearance: secret", 3, "clearance"),
        ("clearance: confidential", "shoe_size: 43", 3, "shoe_size"),
        ("datasets: [name", "datsets: [name", 7, "unknown view 'datsets'"),
        ("[name, owner]", "[name, ownr]", 7, "unknown column 'ownr' of datasets"),
        ("[name, owner]", "{except: [ownr]}", 7, "unknown column 'ownr' of datasets"),
        ("views: [consents]", "views: [consent]", 14, "unknown view 'consent'"),
        ("sensitivity: [public]", "sensitvity: [public]", 8, "unknown column 'sensitvity'"),
        ("sensitivity: [public]", "sensitivity: [publik]", 8, "'publik' is no value"),
        ("sensitivity: [public]", "sensitivity: $clearence", 8, r"unknown attribute '\$clearence'"),
        ("sensitivity: [public]", "pii: ['yes']", 8, "does not fit"),
        ("sensitivity: [public]", "last_updated: ['2026']", 8, "is a time"),
        ("sensitivity: [public]", "row_count: $node", 8, "is no text"),
        ("datasets.owner: null", "datasets.ownr: null", 10, "unknown column 'datasets.ownr'"),
        ("datasets.owner: null", "datasets.owner: blur", 10, "mask"),
        ("- id: m", "- id: a", 9, "'a' is taken"),
        ("- id: m", "- id: default", 9, "'default' is taken"),
        ("deny: [anonymous]", "deny: [anonymous]\n    allow: [steward]", 12, "exactly one"),
        ("deny: [anonymous]", "filter: [anonymous]", 12, "needs where"),
        ("unless: [steward]", "views: [datasets]", 9, "has no views"),
        ("rules:", "rules: [", 5, "line 5"),
        ("- id: m", "- owner: m", 9, "id is missing"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in BASE
    with pytest.raises(UsageError, match=what) as raised:
        load_policy(write(tmp_path, BASE.replace(old, new, 1)))
    assert f"policy.yaml, line {line}:" in raised.value.what


def test_without_a_file_there_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(CatalogUnavailable):
        load_policy(tmp_path / "policy.yaml")


def test_the_version_names_the_content_not_its_layout(tmp_path: Path) -> None:
    first = load_policy(write(tmp_path, BASE)).version
    assert load_policy(write(tmp_path, "# a comment\n" + BASE)).version == first
    assert load_policy(write(tmp_path, BASE.replace("[public]", "[internal]"))).version != first


def test_except_means_every_other_column(tmp_path: Path) -> None:
    read = load_policy(write(tmp_path, BASE.replace("[name, owner]", "{except: [name]}")))
    permit = decide(read.principal("ada"), read, "datasets")
    assert isinstance(permit, Permit) and set(permit.columns) == EVERY - {"name"}


@pytest.mark.parametrize(
    ("cell", "treatment", "type_"),
    [
        ("datasets.row_count", "hash", "VARCHAR"),
        ("datasets.languages", "partial", "VARCHAR"),
        ("datasets.row_count", "bucket", "BIGINT"),
        ("datasets.languages", "null", "VARCHAR[]"),
        ("policies.valid_to", "bucket", "DATE"),
    ],
)
def test_types_after_masking(cell: str, treatment: str, type_: str) -> None:
    view, column = cell.split(".")
    assert masked_type(views()[view].columns[column], treatment) == type_  # type: ignore[arg-type]  # a literal of the table


@pytest.mark.parametrize(
    "text",
    [
        "version: !!int ''",
        "version: !!bool maybe",
        "version: !!float ''",
        "version: !!timestamp soon",
        "version: 2020-13-45",
        f"version: {'1' * 5000}",
        "? [a, b]\n: 1",
        f"rules: {'[' * 5000}",
        "&a {version: 1, rules: [*a]}",
        "a: &a [x]\n" + "".join(f"b{i}: &b{i} [*{before}, *{before}]\n" for i, before in enumerate(["a", *(f"b{i}" for i in range(59))])),
        "version: 1\nx: &x {id: a}\nrules: [{<<: *x}]",
        "version: 1\nrules: [{id: r, allow: [anonymous], views: [quality_metrics], where: {value: .nan}}]",
        "version: 1\nrules: [{id: r, allow: [anonymous], views: [quality_metrics], where: {value: [-.inf]}}]",
        'version: 1\nrules: [{id: r, allow: [anonymous], views: [datasets], where: {name: "a\\0b"}}]',
        'version: 1\nrules: [{id: r, allow: [anonymous], views: [datasets], where: {name: "a\\ud800b"}}]',
        'version: 1\nprincipals: {"a\\ud800": {roles: [x]}}',
        'version: 1\nprincipals: {a: {roles: [x], organisation: "a\\0b"}}',
    ],
    ids=lambda text: text[:30],
)
def test_any_text_ends_in_a_policy_or_in_what_is_wrong_with_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"policy\.yaml"):
        load_policy(write(tmp_path, text))


@pytest.mark.parametrize("name", [*RESERVED, "Operator", " watch", "ERASED ", "era\u200bsed", "oper\u00adator", "ｗａｔｃｈ", "wat\ufe0fch", "\u2066erased\u2069"])
def test_nobody_is_called_what_stands_for_others(tmp_path: Path, name: str) -> None:
    text = f"version: 1\nroles: [x]\nprincipals:\n  ada: {{roles: [x]}}\n  {json.dumps(name)}: {{roles: [x]}}\nrules: []\n"
    with pytest.raises(UsageError, match=r"policy\.yaml, line 5: principals\..*: this name stands for"):
        load_policy(write(tmp_path, text))
    with pytest.raises(UsageError, match="Nobody can be called"):
        State(tmp_path).issue_token(name, 1)
    with pytest.raises(UsageError, match="Nobody can be called"):
        Grants(tmp_path).give(name, "d")


def test_the_reserved_names_are_those_that_log_and_alerts_show() -> None:
    assert RESERVED.keys() == {ANONYMOUS.name, ERASED, OPERATOR, WATCH}
    assert not any(reserved(name) for name in ("ada", "operators", "watch-1", "the operator", "", "wächter"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("deny: [anonymous]", "deny: []"),
        ("views: [consents]", "views: []"),
        ("views: [consents]", "views: {}"),
        ("mask: {datasets.owner: null}", "mask: {}"),
        ("deny: [anonymous]", "filter: []\n    where: {purpose: care}"),
        ("deny: [anonymous]", "filter: [anonymous]\n    where: {}"),
    ],
)
def test_a_rule_that_reads_like_protection_and_is_none_is_refused(tmp_path: Path, old: str, new: str) -> None:
    assert old in BASE
    with pytest.raises(UsageError, match=r"line \d+: rules\.\d"):
        load_policy(write(tmp_path, BASE.replace(old, new, 1)))


def test_where_the_demo_masks_who_asked_it_masks_the_hashes_that_tell() -> None:
    policy_ = load_policy(DEMO)
    for principal in policy_.principals.values():
        permit = decide(principal, policy_, "audit_log")
        if isinstance(permit, Permit) and permit.columns["actor"] != "show":
            assert {permit.columns[name] for name in ("actor", "sql_hash", "entry_hash")} == {"hash"}
