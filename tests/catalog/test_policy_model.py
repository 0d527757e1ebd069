"""The policy engine against a model of it that shares none of its code: random files, principals and rows, cell by cell."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.access.masks import treated
from catalog.access.policy import (
    ANONYMOUS,
    AllowRule,
    Deny,
    FilterRule,
    LiveGrant,
    Permit,
    Policy,
    Principal,
    decide,
    load_policy,
)
from catalog.errors import UsageError
from catalog.semantic import views
from catalog.storage.state import State
from tests.catalog.policy_model import LEVELS, cells

TYPES = {name: column.type for name, column in views()["datasets"].columns.items()}
KEY = "0" * 64
ROWS = 48
COLUMNS = ["name", "owner", "licence", "row_count", "bytes", "pii", "languages", "last_updated", "quality_score", "steward"]
NOTHING_ASKED: dict[str, Any] = {"purpose": "", "held": {}}
ROLES = ["engineer", "buyer", "steward"]
NAMES = ["anonymous", "ada", "max", "mia"]


def make_rows() -> list[dict[str, Any]]:
    """A row in ``ROWS`` ways, the same every time: nulls, an apostrophe, zero, negative and fractional numbers, empty lists."""
    random = Random(7)
    choices: dict[str, list[Any]] = {
        "name": ["tides", "O'Land", None],
        "owner": ["Org", "Other", None],
        "licence": ["MIT", "CC-BY-4.0"],
        "row_count": [0, 7, 1234, -250, None],
        "bytes": [10**12, 999, None],
        "pii": [True, False, None],
        "languages": [["English"], ["Dutch", "English"], [], None],
        "last_updated": [datetime(2026, 3, 4, 5, 6, 7), datetime(2025, 12, 31, 23, 59, 59), None],
        "quality_score": [0.5, 0.034, 1.0, None],
        "steward": ["Ada L", "B"],
        "node": ["n1", "n2", None],
        "jurisdiction": ["EU", "KE", "O'Land", None],
        "sensitivity": [*LEVELS, None],
    }
    return [dict.fromkeys(TYPES) | {name: random.choice(values) for name, values in choices.items()} for _ in range(ROWS)]


POOL = make_rows()


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    declared = ", ".join(f'"{name}" {type_}' for name, type_ in TYPES.items())
    connection.execute(f"CREATE TABLE pool (id INTEGER, {declared})")
    connection.executemany(f"INSERT INTO pool VALUES ({', '.join('?' * (len(TYPES) + 1))})", [[i, *row.values()] for i, row in enumerate(POOL)])
    return connection


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policy") / "policy.yaml"


Seen = dict[int, dict[str, Any]]
"""Row of the pool to the cells that are seen of it."""


def decided(content: dict[str, Any], principal: str, file: Path, engine: duckdb.DuckDBPyConnection) -> Seen:
    """What the engine shows: the file loaded, the decision's row filter and masks run as a snapshot runs them."""
    decision = decision_of(content, principal, file)
    if isinstance(decision, Deny):
        return {}
    shown = ", ".join(treated(views()["datasets"].columns[name], how, KEY) for name, how in decision.columns.items())
    found = engine.execute(f"SELECT id, {shown} FROM pool WHERE {decision.row_filter or 'TRUE'}").fetchall()
    return {row[0]: dict(zip(decision.columns, row[1:], strict=True)) for row in found}


@lru_cache(maxsize=1)
def loaded(file: Path, text: str) -> Policy:
    """The policy of a file of this text; whoever asks of it next need not read it again."""
    file.write_text(text, encoding="utf-8")
    return load_policy(file)


def decision_of(content: dict[str, Any], principal: str, file: Path) -> Permit | Deny:
    """The decision for a principal of a file, with the purpose and grants that ``content`` says it asks with."""
    asked = content.get("asked", NOTHING_ASKED)
    policy = loaded(file, json.dumps({name: value for name, value in content.items() if name != "asked"}))
    grants = tuple(LiveGrant(name, permission, "2027-01-01") for permission, names in asked["held"].items() for name in names)
    asker = replace(policy.principal(principal), purpose=asked["purpose"], grants=grants)
    return decide(asker, policy, "datasets")


def modelled(content: dict[str, Any], principal: str) -> Seen:
    """What the model shows."""
    asked = {**content.get("asked", NOTHING_ASKED), "of": "name", "key": KEY}
    seen = ((i, cells(content, principal, "datasets", row, TYPES, asked)) for i, row in enumerate(POOL))
    return {i: shown for i, shown in seen if shown is not None}


wheres = st.fixed_dictionaries(
    {},
    optional={
        "sensitivity": st.sampled_from(["$clearance", ["public"], ["public", "internal"], ["restricted", "internal"]]),
        "node": st.sampled_from(["$node", ["n1", "n2"], "n2", ["$node", "n2"], []]),
        "name": st.sampled_from(["tides", ["tides", "O'Land"]]),
        "jurisdiction": st.sampled_from(["$jurisdictions", ["O'Land"], ["KE", "$jurisdictions"]]),
        "owner": st.sampled_from(["$organisation", "Other"]),
        "languages": st.sampled_from([["English"], ["Dutch", "French"], "$purposes"]),
        "pii": st.booleans(),
        "row_count": st.sampled_from([7, [0, 1234]]),
    },
)
some = st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4, unique=True)
scopes = st.one_of(
    st.sampled_from(["*", ["datasets"], ["datasets", "nodes"], ["nodes"], {"nodes": "*"}, {"datasets": "*"}]),
    st.one_of(some, st.just(COLUMNS), st.builds(lambda c: {"except": c}, some)).map(lambda c: {"datasets": c}),
)
roles = st.one_of(st.just(["member", "anonymous"]), st.lists(st.sampled_from([*ROLES, "member", "anonymous"]), min_size=1, max_size=3, unique=True))
purposes = st.lists(st.sampled_from(["English", "resale"]), min_size=1, unique=True)
granted = st.one_of(st.sampled_from([["datasets"], ["datasets", "replicas"], ["replicas"]]), some.map(lambda c: {"datasets": c}))
treatments = st.dictionaries(st.sampled_from(COLUMNS).map("datasets.{}".format), st.sampled_from(["null", "hash", "bucket", "partial", None]), min_size=1, max_size=4)


def without_attributes(where: dict[str, Any]) -> dict[str, Any]:
    """Of a where, what a gate may say: one who lacks an attribute must not escape it."""
    return {c: v for c, v in where.items() if not any(str(x).startswith("$") for x in (v if isinstance(v, list) else [v]))}


def sharing(entry: dict[str, Any]) -> dict[str, Any]:
    """A rule whose where is about columns that every view of its scope has."""
    if "where" in entry:
        about = set(entry["views"]) if entry["views"] != "*" else set(views())
        common = set.intersection(*(set(views()[view].columns) for view in about))
        entry["where"] = {c: v for c, v in entry["where"].items() if c in common}
        if not entry["where"]:
            entry.pop("where")
            if "filter" in entry:
                entry["where"] = {"sensitivity": ["public"]}
    return entry


KINDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "allow": st.fixed_dictionaries({"allow": roles, "views": scopes}, optional={"where": wheres, "purposes": purposes}).map(sharing),
    "grant": st.fixed_dictionaries(
        {"grant": roles, "views": granted}, optional={"where": wheres, "purposes": purposes, "permission": st.sampled_from(["read", "compute"])}
    ).map(sharing),
    "gate": st.fixed_dictionaries(
        {"grant": roles, "views": st.sampled_from([["datasets"], ["datasets", "replicas"]]), "only": st.just(True)},
        optional={"where": wheres.map(without_attributes).filter(bool)},
    ).map(sharing),
    "filter": st.builds(lambda r, v, w: sharing({"filter": r, "views": v, "where": w}), roles, scopes.map(lambda v: v if isinstance(v, list | str) else list(v)), wheres),
    "mask": st.fixed_dictionaries({"mask": treatments}, optional={"unless": st.lists(st.sampled_from(ROLES), max_size=2)}),
    "deny": st.builds(lambda r, v: {"deny": r, "views": v}, roles, scopes),
}


def numbered(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": f"r{at}", **rule} for at, rule in enumerate(rules)]


showing = st.sampled_from(["allow", "allow", "allow", "grant"]).flatmap(KINDS.__getitem__)
taking = st.sampled_from(["filter", "mask", "mask", "deny", "gate"]).flatmap(KINDS.__getitem__)
persons = st.fixed_dictionaries(
    {"roles": st.lists(st.sampled_from(ROLES), min_size=1, max_size=2, unique=True)},
    optional={
        "clearance": st.sampled_from(LEVELS),
        "jurisdictions": st.sampled_from([["*"], ["EU"], ["EU", "KE"], []]),
        "node": st.sampled_from(["n1", ""]),
        "organisation": st.just("Org"),
        "purposes": st.just(["English"]),
    },
)
files = st.builds(
    lambda people, rules, asked: {
        "version": 1, "roles": ROLES, "principals": dict(zip(NAMES[1:], people, strict=True)), "rules": numbered([*rules[0], *rules[1]]), "asked": asked
    },
    st.lists(persons, min_size=3, max_size=3),
    st.tuples(st.lists(showing, min_size=1, max_size=3), st.lists(taking, max_size=4)),
    st.fixed_dictionaries({
        "purpose": st.sampled_from(["", "English", "resale"]),
        "held": st.fixed_dictionaries({}, optional={"read": st.sampled_from([["tides"], ["O'Land", "tides"]]), "compute": st.just(["tides"])}),
    }),
)
shared = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(shared, max_examples=800)
@given(content=files)
def test_the_engine_shows_what_the_model_shows(file: Path, engine: duckdb.DuckDBPyConnection, content: dict[str, Any]) -> None:
    for principal in NAMES:
        assert decided(content, principal, file, engine) == modelled(content, principal), principal


def test_the_model_and_the_pool_tell_policies_apart(file: Path, engine: duckdb.DuckDBPyConnection) -> None:
    """The comparison is not of nothing with nothing."""
    content: dict[str, Any] = {
        "version": 1,
        "principals": {"ada": {"roles": ["steward"], "clearance": "internal"}},
        "rules": [
            {"id": "a", "allow": ["steward"], "views": {"datasets": COLUMNS}, "where": {"sensitivity": "$clearance"}},
            {"id": "f", "filter": ["member"], "views": ["datasets"], "where": {"languages": ["Dutch"]}},
            {"id": "m", "mask": {"datasets.row_count": "bucket", "datasets.name": "hash", "datasets.owner": "partial", "datasets.last_updated": "bucket"}},
            {"id": "d", "deny": ["steward"], "views": {"datasets": ["steward"]}},
        ],
    }
    seen = modelled(content, "ada")
    assert 0 < len(seen) < ROWS
    assert all(shown.keys() == set(COLUMNS) - {"steward"} for shown in seen.values())
    assert {shown["row_count"] for shown in seen.values()} <= {0, 1, 1000, -100, None}
    assert decided(content, "ada", file, engine) == seen


def unmasked(content: dict[str, Any], principal: str, file: Path, engine: duckdb.DuckDBPyConnection) -> set[tuple[int, str]]:
    """Cells that are seen as they are: ones that a mask makes null, or leaves as they were by chance, count by its being there."""
    decision = decision_of(content, principal, file)
    if isinstance(decision, Deny):
        return set()
    kept = engine.execute(f"SELECT id FROM pool WHERE {decision.row_filter or 'TRUE'}").fetchall()
    return {(i, name) for (i,) in kept for name, how in decision.columns.items() if how == "show"}


@settings(shared, max_examples=300)
@given(files, st.sampled_from(NAMES), st.sampled_from(["filter", "mask", "deny", "gate"]).flatmap(KINDS.__getitem__))
def test_a_further_filter_mask_or_deny_never_widens(
    file: Path, engine: duckdb.DuckDBPyConnection, content: dict[str, Any], principal: str, extra: dict[str, Any]
) -> None:
    more = content | {"rules": [*content["rules"], {"id": "extra", **extra}]}
    assert unmasked(more, principal, file, engine) <= unmasked(content, principal, file, engine)
    assert modelled(more, principal).keys() <= modelled(content, principal).keys()


@settings(shared, max_examples=300)
@given(files, st.sampled_from(NAMES), some)
def test_deny_overrides(file: Path, engine: duckdb.DuckDBPyConnection, content: dict[str, Any], principal: str, closed: list[str]) -> None:
    role = "anonymous" if principal == "anonymous" else "member"
    more = content | {"rules": [{"id": "closing", "deny": [role], "views": {"datasets": closed}}, *content["rules"]]}
    for seen in (decided(more, principal, file, engine), modelled(more, principal)):
        assert not {name for shown in seen.values() for name in shown} & set(closed)


@settings(shared, max_examples=300)
@given(files, st.sampled_from(NAMES), st.randoms())
def test_the_order_of_a_file_means_nothing(file: Path, engine: duckdb.DuckDBPyConnection, content: dict[str, Any], principal: str, random: Random) -> None:
    shuffled = list(content["rules"])
    random.shuffle(shuffled)
    again = content | {"rules": shuffled}
    assert decided(again, principal, file, engine) == decided(content, principal, file, engine)
    assert modelled(again, principal) == modelled(content, principal)


@pytest.mark.parametrize("make", [AllowRule, FilterRule])
def test_an_attribute_that_nobody_knows_keeps_no_row(make: Callable[..., Any]) -> None:
    role, every = frozenset({"member"}), frozenset(TYPES)
    scope: Any = {"datasets": every} if make is AllowRule else frozenset({"datasets"})
    rules = (AllowRule("a", role, {"datasets": every}, {}), make("r", role, scope, {"node": ("$shoe_size",)}))
    decision = decide(Principal(name="p", roles=("member",)), Policy("", {}, rules if make is FilterRule else rules[1:]), "datasets")
    assert isinstance(decision, Permit) and decision.row_filter == "FALSE"


def test_a_file_with_an_attribute_that_nobody_knows_is_no_policy(file: Path) -> None:
    rule = {"id": "a", "allow": ["anonymous"], "views": ["datasets"], "where": {"node": "$shoe_size"}}
    file.write_text(json.dumps({"version": 1, "rules": [rule]}), encoding="utf-8")
    with pytest.raises(UsageError, match="unknown attribute"):
        load_policy(file)


@given(st.integers(1, 3650), st.integers(-3, 3), st.sampled_from([timedelta(microseconds=1), timedelta(hours=1)]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_token_proves_nobody_from_its_expiry_on(tmp_path: Path, days: int, steps: int, step: timedelta) -> None:
    state, issued = State(tmp_path), datetime(2026, 1, 1, tzinfo=UTC)
    token = state.issue_token("ada", days, now=issued)
    at = issued + timedelta(days=days) + steps * step
    assert state.verify_token(token, now=at) == ("ada" if steps < 0 else None)


def test_anonymous_is_no_member(file: Path, engine: duckdb.DuckDBPyConnection) -> None:
    content = {"version": 1, "rules": [{"id": "a", "allow": ["member"], "views": "*"}]}
    assert decided(content, ANONYMOUS.name, file, engine) == modelled(content, ANONYMOUS.name) == {}


def test_a_grant_opens_no_more_than_its_where(file: Path, engine: duckdb.DuckDBPyConnection) -> None:
    rule = {"id": "g", "grant": ["member"], "views": {"datasets": COLUMNS}, "where": {"name": ["tides"]}}
    content = {"version": 1, "principals": {"ada": {"roles": ["buyer"]}}, "rules": [rule], "asked": {"purpose": "", "held": {"read": ["tides", "O'Land"]}}}
    seen = decided(content, "ada", file, engine)
    assert {shown["name"] for shown in seen.values()} == {"tides"}
    assert seen == modelled(content, "ada")
