"""Cubes: whatever is added to or taken from their groups is about k entities or more, and nobody is recovered from one."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import chain, product
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.access.cubes import build_cube
from catalog.access.policy import (
    AggregateRule,
    AllowRule,
    Authorisation,
    Cube,
    Deny,
    DenyRule,
    FilterRule,
    LiveGrant,
    MaskRule,
    Measure,
    Policy,
    Principal,
    Rule,
    authorise,
)
from catalog.engine.snapshot import prepare
from catalog.errors import AccessDenied
from catalog.semantic import views
from catalog.storage.generations import Generation, upsert
from catalog.storage.records import Consent, Dataset, Node, storage_ddl
from nl2sql.errors import Repairable
from nl2sql.guard import approve, schema_of

NOW = datetime(2026, 11, 1, 12)
SUM, AVG, COUNT = Measure("sum", "subjects"), Measure("avg", "subjects"), Measure("count")
MAX = Principal(name="max", roles=("engineer", "member"), clearance="internal")


def rule(k: int = 5, dimensions: tuple[str, ...] = ("purpose", "status"), measures: tuple[Measure, ...] = (COUNT, SUM, AVG)) -> AggregateRule:
    return AggregateRule("groups", frozenset({"engineer"}), "consents_cube", "consents", "subject_group", k, dimensions, measures, {})


class NoLog:
    def entries(self) -> list[Any]:
        return []


@cache
def database() -> duckdb.DuckDBPyConnection:
    """One for all cubes; whoever writes rolls back."""
    return duckdb.connect(config={"threads": 1})


def made(rows: list[tuple[Any, ...]], k: int, measures: tuple[Measure, ...] = (COUNT, SUM)) -> list[tuple[Any, ...]]:
    """The cube over (purpose, status, subject_group, subjects)."""
    connection = database().execute("BEGIN; CREATE TABLE r (purpose VARCHAR, status VARCHAR, subject_group VARCHAR, subjects BIGINT)")
    try:
        if rows:
            connection.execute(f"INSERT INTO r VALUES {', '.join(['(?, ?, ?, ?)'] * len(rows))}", list(chain.from_iterable(rows)))
        build_cube(connection, Cube(rule(k, measures=measures), "", ("groups",)), "SELECT * FROM r")
        return connection.execute("FROM consents_cube").fetchall()
    finally:
        connection.execute("ROLLBACK")


def rows_of(*groups: tuple[str, str, int]) -> list[tuple[Any, ...]]:
    """So many entities, each of one row, in each group."""
    return [(p, s, f"{p}-{s}-{i}", 1) for p, s, n in groups for i in range(n)]


@pytest.mark.parametrize(
    ("groups", "shown"),
    [
        ([("a", "x", 2)], []),
        ([("a", "x", 3)], [(0, None, None, 3), (1, "a", None, 3), (2, "a", "x", 3)]),
        ([("a", "x", 3), ("b", "x", 3)], [(0, None, None, 6), (1, "a", None, 3), (1, "b", None, 3), (2, "a", "x", 3), (2, "b", "x", 3)]),
        # b is small, so that a is left out with it: the total less a would be b.
        ([("a", "x", 4), ("b", "x", 2)], [(0, None, None, 6)]),
        # the smallest of the others goes with a small one
        ([("a", "x", 9), ("b", "x", 2), ("c", "x", 4)], [(0, None, None, 15), (1, "a", None, 9), (2, "a", "x", 9)]),
        # two small ones that are three together hide each other
        ([("a", "x", 9), ("b", "x", 2), ("c", "x", 1)], [(0, None, None, 12), (1, "a", None, 9), (2, "a", "x", 9)]),
        # two small ones that are two together do not
        ([("a", "x", 9), ("b", "x", 1), ("c", "x", 1)], [(0, None, None, 11)]),
    ],
)
def test_small_groups_are_left_out_and_cannot_be_worked_out(groups: list[tuple[str, str, int]], shown: list[tuple[Any, ...]]) -> None:
    assert [row[:4] for row in made(rows_of(*groups), 3)] == shown


def test_nothing_and_rows_without_an_entity_make_no_groups() -> None:
    assert made([], 3) == []
    assert made([("a", "x", None, 5)] * 9, 3) == []
    assert made([(None, None, f"e{i}", 5) for i in range(3)], 3) == [(level, None, None, 3, 15) for level in range(3)]


def test_an_entity_counts_where_it_has_a_value() -> None:
    rows = [("a", "x", f"e{i}", 7 if i == 0 else None) for i in range(9)]
    assert made(rows, 3) == []
    assert made(rows, 3, (COUNT,)) != []


def test_many_rows_of_one_entity_are_one() -> None:
    assert made([("a", "x", "only", 1)] * 99, 2) == []


ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from(["x", "y", None]), st.integers(0, 7).map(str), st.sampled_from([None, 1, 10])),
    max_size=40,
)


@settings(max_examples=300)
@given(ROWS, st.integers(2, 4))
def test_every_linear_combination_is_about_k_entities(rows: list[tuple[Any, ...]], k: int) -> None:
    """Rows that the same groups show cannot be told apart: each such class, if any group shows it, has k entities with a value."""
    cube = made(rows, k)
    classes: dict[frozenset[int], set[str]] = defaultdict(set)
    for purpose, status, entity, subjects in rows:
        cells = {0: (None, None), 1: (purpose, None), 2: (purpose, status)}
        signature = frozenset(at for at, row in enumerate(cube) if cells[row[0]] == row[1:3])
        classes[signature] |= {entity} if subjects is not None else set()
    assert all(len(entities) >= k for signature, entities in classes.items() if signature)
    for level, *dimensions, count, total in cube:
        inside = [r for r in rows if list(r[:level]) == dimensions[:level]]
        assert (count, total) == (len(inside), sum(r[3] or 0 for r in inside))


def allowed(*more: Rule, principal: Principal = MAX) -> Authorisation:
    columns = {"datasets": frozenset({"name"}), "consents": frozenset(views()["consents"].columns)}
    return authorise(principal, Policy("v", {}, (AllowRule("open", frozenset({"engineer"}), columns, {}), rule(), *more)))


@pytest.mark.parametrize(
    ("more", "closed_by"),
    [
        ([], None),
        ([DenyRule("d", frozenset({"engineer"}), {"consents": frozenset({"subjects"})})], "d"),
        ([DenyRule("d", frozenset({"engineer"}), {"consents": frozenset({"subject_group"})})], "d"),
        ([DenyRule("d", frozenset({"steward"}), {"consents": frozenset({"subjects"})})], None),
        ([DenyRule("d", frozenset({"engineer"}), {"consents": frozenset({"given"})})], None),
        ([MaskRule("m", {"consents.purpose": "hash"}, frozenset())], "m"),
        ([MaskRule("m", {"consents.subject_group": "hash"}, frozenset())], None),
        ([MaskRule("m", {"consents.purpose": "hash"}, frozenset({"engineer"}))], None),
        ([AggregateRule("also", frozenset({"member"}), "other", "consents", "dataset", 5, ("origin",), (COUNT,), {})], "also"),
    ],
)
def test_what_takes_away_from_a_view_takes_away_its_cube(more: list[Rule], closed_by: str | None) -> None:
    decided = allowed(*more)
    assert decided.denials.get("consents_cube") == (Deny(closed_by) if closed_by else None)
    assert ("consents_cube" in decided.cubes) == (closed_by is None)
    assert not {"subject_group", "subjects"} & decided.permits["consents"].columns.keys()
    assert "groups" in decided.permits["consents"].rules


def test_filters_bear_on_a_cube_and_grants_do_not_change_it() -> None:
    narrow = FilterRule("f", frozenset({"engineer"}), frozenset({"consents"}), {"origin": ("published",)})
    cube = allowed(narrow).cubes["consents_cube"]
    assert (cube.row_filter, cube.rules) == ("\"origin\" IN ('published')", ("f", "groups"))
    asker = Principal(name="max", roles=("engineer",), purposes=("care",), purpose="care", grants=(LiveGrant("d", "read", "2027"),))
    decided = allowed(principal=asker)
    assert decided.base is not None
    assert (decided.base.principal.grants, decided.base.principal.purpose) == ((), "")


# One catalog of people's consents, and everything an attacker may try on it.

VALUES = Random(7)
PURPOSES = ("research", "training", "analytics", "marketing")
STATES = ("given", "withdrawn", "expired")


def consents() -> Iterator[Consent]:
    """Small and large groups; each person's number is theirs alone."""
    number = 0
    for purpose, status in product(PURPOSES, STATES):
        for _ in range(VALUES.choice((1, 2, 3, 4, 5, 7, 12))):
            number += 1
            yield Consent(
                node="n",
                consent_id=f"c{number}",
                dataset="d",
                subject_group=f"person-{number}",
                purpose=purpose,
                status=status,
                subjects=VALUES.randrange(10**8, 10**9),
            )


@pytest.fixture(scope="module")
def people() -> list[Consent]:
    return list(consents())


@pytest.fixture(scope="module")
def snapshot(people: list[Consent], tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cube")
    with duckdb.connect(str(home / "gen-1.duckdb")) as connection:
        connection.execute(storage_ddl())
        upsert(connection, [Node(node="n"), Dataset(node="n", name="d"), *people])
    decided = allowed()
    return prepare(home, Generation(1, home / "gen-1.duckdb"), NoLog(), decided, [*decided.permits, *decided.cubes], NOW)


def attacks(people: list[Consent]) -> Iterator[str]:
    """Differences of every kind over the cube, and tricks on single values over the view."""
    cube = "consents_cube"
    for agg in ("sum_subjects", "avg_subjects * row_count"):
        yield f"SELECT a.{agg.replace('row_count', 'a.row_count')} - b.{agg.replace('row_count', 'b.row_count')} FROM {cube} a CROSS JOIN {cube} b"
        yield f"SELECT sum(CASE WHEN level = 0 THEN {agg} ELSE -({agg}) END) FROM {cube} WHERE level < 2"
        for above in (0, 1):
            yield f"SELECT (SELECT sum({agg}) FROM {cube} WHERE level = {above}) - (SELECT sum({agg}) FROM {cube} WHERE level = {above + 1})"
        for purpose in PURPOSES:
            yield f"SELECT sum(CASE level WHEN 1 THEN {agg} WHEN 2 THEN -({agg}) ELSE 0 END) FROM {cube} WHERE purpose = '{purpose}'"
            yield f"SELECT sum(CASE level WHEN 0 THEN {agg} WHEN 1 THEN -({agg}) ELSE 0 END) FROM {cube} WHERE level = 0 OR (level = 1 AND purpose <> '{purpose}')"
        for status in STATES:
            yield f"SELECT sum(CASE WHEN level = 0 THEN {agg} WHEN level = 2 AND status <> '{status}' THEN -({agg}) ELSE 0 END) FROM {cube}"
        for purpose, status in product(PURPOSES, STATES):
            yield (
                f"SELECT sum(CASE WHEN level = 1 THEN {agg} ELSE -({agg}) END) FROM {cube} "
                f"WHERE purpose = '{purpose}' AND (level = 1 OR (level = 2 AND status <> '{status}'))"
            )
    for victim in people[:3]:
        where = f"consent_id = '{victim.consent_id}'"
        yield f"SELECT sum(subjects) FILTER (WHERE {where}) FROM consents"
        yield f"SELECT max(subjects) FROM consents WHERE {where}"
        yield f"SELECT consent_id FROM consents WHERE subjects = {victim.subjects}"
        yield f"SELECT count(*) FROM consents HAVING sum(subjects) > 5 AND count(*) >= 5 AND min({where}) IS NOT NULL"
        yield f"SELECT arg_max(subjects, {where}) FROM consents"
        yield f"SELECT c.sum_subjects FROM consents_cube c JOIN consents v ON v.purpose = c.purpose WHERE v.{where} AND c.row_count < 5"
    yield "SELECT min(sum_subjects), max(sum_subjects), median(sum_subjects) FROM consents_cube WHERE row_count = 1"


def test_no_attack_recovers_anybody(people: list[Consent], snapshot: Path) -> None:
    secrets = {p.subjects for p in people}
    schema, tried, recovered, ran = schema_of(allowed()), 0, [], 0
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        for sql in attacks(people):
            tried += 1
            try:
                approved = approve(sql, schema, NOW)
            except (Repairable, AccessDenied):
                continue
            ran += 1
            numbers = [c for row in connection.execute(approved.sql).fetchall() for c in row if isinstance(c, int | float)]
            recovered += [sql for number in numbers if round(abs(number)) in secrets]
            recovered += [sql] if "consent_id FROM" in sql or "HAVING" in sql else []
    assert (tried >= 50, ran >= 50, recovered) == (True, True, [])


def test_the_file_holds_no_single_person(people: list[Consent], snapshot: Path) -> None:
    content = snapshot.read_bytes()
    assert not [p.subject_group for p in people if p.subject_group.encode() in content]
    assert not [p.subjects for p in people if (p.subjects or 0).to_bytes(8, "little") in content]
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        shown = connection.execute("SELECT level, count(*) FROM consents_cube GROUP BY 1 ORDER BY 1").fetchall()
    assert [level for level, _ in shown] == [0, 1, 2]


def test_the_guard_reads_a_cube_with_its_rules(snapshot: Path) -> None:
    approved = approve("SELECT purpose, sum_subjects FROM consents_cube WHERE level = 1", schema_of(allowed()), NOW)
    assert (approved.views, approved.rules) == (frozenset({"consents_cube"}), ("groups",))
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        assert connection.execute(approved.sql).fetchall()
    with pytest.raises(AccessDenied) as denied:
        approve("FROM consents_cube", schema_of(allowed(MaskRule("m", {"consents.purpose": "hash"}, frozenset()))), NOW)
    assert denied.value.rule == "m"
