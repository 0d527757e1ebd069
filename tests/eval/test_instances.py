"""Generated catalogs: reproducible, true to the views' promises, apart where SQL is apart, and safe to run SQL on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from catalog.demo.build import DEMO_NOW, records
from catalog.semantic import views
from catalog.storage.records import LineageEdge, Metric
from eval.instances import Instances, open_instances, store
from eval.instances.clock import as_of
from eval.instances.demands import Situation, constant, situations
from eval.instances.invariants import sound
from eval.instances.stock import holds, near
from eval.scopes import parsed

GRANTED = "SELECT principal FROM grants WHERE dataset = 'C4' AND NOT revoked AND (expires IS NULL OR expires > TIMESTAMP '2026-10-16 12:00:00')"
LARGE = "SELECT name FROM datasets WHERE data_type = 'image' AND row_count > 1000000"
UNCHECKED = "SELECT d.name FROM datasets d WHERE d.phi AND NOT EXISTS (SELECT 1 FROM replicas r WHERE r.dataset = d.name AND r.kind = 'backup')"
DEEP = "SELECT DISTINCT downstream FROM lineage WHERE upstream = 'C4' AND downstream_kind = 'model'"
FEW = "SELECT dataset FROM quality_checks GROUP BY dataset HAVING COUNT(*) > 3"
LAST = "SELECT name, bytes FROM datasets WHERE domain = 'speech' ORDER BY bytes DESC LIMIT 2"
GOLDS = (GRANTED, LARGE, UNCHECKED, DEEP, FEW, LAST)


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instances]:
    with open_instances(GOLDS, DEMO_NOW, count=20, folder=tmp_path_factory.mktemp("instances")) as opened:
        yield opened


def content(opened: Instances) -> list[list[Any]]:
    return [[sorted(map(repr, table.rows)) for table in opened.tables(f'SELECT * FROM "{view}"') if table] for view in views()]


def test_the_same_seed_gives_the_same_catalogs_and_another_seed_others() -> None:
    found = []
    for seed in (0, 0, 1):
        with open_instances(GOLDS, DEMO_NOW, count=3, seed=seed) as opened:
            found.append(content(opened))
    assert found[0] == found[1] != found[2]


def test_no_two_catalogs_are_alike(instances: Instances) -> None:
    shapes = zip(*content(instances), strict=True)
    assert len({repr(shape) for shape in shapes}) == len(instances) == 20


@pytest.mark.parametrize(
    ("reads", "told"),
    [
        ("now() - INTERVAL 30 DAY", "TIMESTAMP '2026-10-16 12:00:00' - INTERVAL 30 DAY"),
        ("date_trunc('month', current_timestamp)", "date_trunc('month', TIMESTAMP '2026-10-16 12:00:00')"),
        ("current_date", "DATE '2026-10-16'"),
        ("today() - 30", "DATE '2026-10-16' - 30"),
    ],
)
def test_a_gold_that_reads_the_clock_finds_what_one_with_the_moment_finds(instances: Instances, reads: str, told: str) -> None:
    """On the demo's day, not the day of the run; and catalogs made for one are those made for the other."""
    one, other = (f"SELECT principal, {time} AS since FROM grants WHERE granted < {time}" for time in (reads, told))
    assert [table and table.rows for table in instances.tables(one)] == [table and table.rows for table in instances.tables(other)]
    assert any(table and table.rows for table in instances.tables(one))
    assert instances.table(0, one) is not None and instances.demo_table(one) is not None
    assert as_of(one, DEMO_NOW) == as_of(as_of(one, DEMO_NOW), DEMO_NOW)


def test_a_name_like_a_clock_is_left_alone() -> None:
    kept = "SELECT 'now' AS word, today.name FROM datasets AS today WHERE 'current_date' = name"
    assert as_of(kept, DEMO_NOW).replace("AS today", "today") == kept.replace("AS today", "today")


@pytest.mark.parametrize("view", views())
def test_a_catalog_has_the_views_columns_and_keeps_their_keys(instances: Instances, view: str) -> None:
    keys = ", ".join(f'"{name}"' for name in views()[view].key)
    for table in instances.tables(f'SELECT * FROM "{view}"'):
        assert table is not None and table.columns == tuple(views()[view].columns)
    for table in instances.tables(f'SELECT {keys} FROM "{view}" GROUP BY {keys} HAVING COUNT(*) > 1'):
        assert table is not None and table.rows == []


def test_lineage_is_closed_and_rows_stand_where_their_node_stands(instances: Instances) -> None:
    open_paths = """
        SELECT l.upstream FROM lineage l WHERE l.depth > 1 AND NOT EXISTS (
            SELECT 1 FROM lineage f WHERE f.depth = 1 AND f.upstream = l.upstream AND starts_with(l.path, f.path))"""
    astray = "SELECT g.grant_id FROM grants g LEFT JOIN nodes n ON n.node = g.node WHERE g.jurisdiction <> coalesce(n.jurisdiction, 'unknown')"
    assert [table.rows for sql in (open_paths, astray) for table in instances.tables(sql) if table] == [[]] * 40
    assert any(table and table.rows for table in instances.tables("SELECT path FROM lineage WHERE depth > 2"))


def test_every_optional_column_is_empty_somewhere_and_filled_elsewhere(instances: Instances) -> None:
    counts = [table.rows[0][0] for table in instances.tables("SELECT COUNT(steward) FROM datasets") if table]
    assert min(counts) == 0 < max(counts)


@pytest.mark.parametrize(
    ("gold", "wrong"),
    [
        (GRANTED, GRANTED.replace("NOT revoked AND ", "")),
        (GRANTED, GRANTED.replace("expires IS NULL OR ", "")),
        (LARGE, LARGE.replace(">", ">=")),
        (LARGE, LARGE.replace("1000000", "1000001")),
        (UNCHECKED, UNCHECKED.replace(" AND r.kind = 'backup'", "")),
        (UNCHECKED, UNCHECKED.replace("d.phi AND ", "")),
        (DEEP, f"{DEEP} AND depth = 1"),
        (DEEP, DEEP.replace("_kind = 'model'", "_kind = 'dataset'")),
        (FEW, FEW.replace("> 3", ">= 3")),
        (FEW, FEW.replace("> 3", "> 4")),
        (LAST, LAST.replace(" DESC", "")),
    ],
)
def test_wrong_sql_gives_another_answer_somewhere(instances: Instances, gold: str, wrong: str) -> None:
    pairs = zip(instances.tables(gold), instances.tables(wrong), instances.determinate(gold), strict=True)
    assert any(clear and a and b and sorted(map(repr, a.rows)) != sorted(map(repr, b.rows)) for a, b, clear in pairs)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (GRANTED, GRANTED.replace("expires >", "expires >=")),
        ("SELECT node FROM node_events", "SELECT node FROM node_events WHERE node_events.at <= TIMESTAMP '2026-10-16 12:00:00'"),
        ("SELECT token, SUM(amount) FROM market WHERE event = 'ordered' GROUP BY token", "SELECT token, SUM(amount) FROM market GROUP BY token HAVING COUNT(*) FILTER (WHERE event = 'ordered') > 0"),
        ("SELECT COUNT(*) FROM datasets", "SELECT COUNT(DISTINCT name) FROM datasets"),
        ("SELECT check_id FROM quality_checks WHERE alert_status = 'open'", "SELECT check_id FROM quality_checks WHERE alert_status = 'open' AND resolved IS NULL"),
        ("SELECT DISTINCT upstream, downstream FROM lineage", "SELECT DISTINCT upstream, downstream FROM lineage WHERE upstream_column IS NULL AND downstream_column IS NULL"),
    ],
    ids=["the very instant", "no future", "only purchases have amounts", "one dataset of a name", "open is not resolved", "columns flow with their tables"],
)  # fmt: skip
def test_readings_that_no_world_tells_apart_are_not_told_apart(instances: Instances, one: str, other: str) -> None:
    for left, right in zip(instances.tables(one), instances.tables(other), strict=True):
        assert left is not None and right is not None
        assert sorted(map(repr, left.rows)) == sorted(map(repr, right.rows))


def test_a_metric_keeps_its_dimension_and_no_column_flows_back_into_its_table() -> None:
    held = {type_: [r for r in records(DEMO_NOW) if isinstance(r, type_)] for type_ in (Metric, LineageEdge)}
    rows = next(m for m in held[Metric] if m.metric == "row_count")
    edge = replace(held[LineageEdge][0], upstream="a", upstream_kind="dataset", upstream_column="x", downstream="b", downstream_kind="dataset", downstream_column="y")
    back = replace(edge, upstream="b", downstream="a")
    found = sound([replace(rows, dimension="completeness"), replace(rows, metric="own", dimension="validity"), edge, back], DEMO_NOW, held[Metric])
    assert [(m.metric, m.dimension) for m in found if isinstance(m, Metric)] == [("row_count", "volume"), ("own", "validity")]
    flows = [(e.upstream, e.upstream_column, e.downstream) for e in found if isinstance(e, LineageEdge)]
    assert flows == [("a", "x", "b"), ("a", None, "b"), ("b", None, "a")]
    assert sound([back, back], DEMO_NOW) == 2 * sound([back], DEMO_NOW)


def test_no_row_lacks_what_no_row_goes_without(instances: Instances) -> None:
    for view, name in (("datasets", "name"), ("columns", "dataset"), ("grants", "principal"), ("compliance", "regulation")):
        assert [table.rows for table in instances.tables(f'SELECT {name} FROM "{view}" WHERE {name} IS NULL') if table] == [[]] * 20


def test_an_answer_is_determinate_unless_ties_decide_it(instances: Instances) -> None:
    assert all(instances.determinate(GRANTED))
    assert all(instances.determinate("SELECT grant_id FROM grants ORDER BY grant_id LIMIT 3"))
    assert not all(instances.determinate("SELECT grant_id FROM grants ORDER BY permission LIMIT 1"))
    assert all(instances.determinate("SELECT grant_id FROM grants ORDER BY permission"))
    assert not all(instances.determinate("SELECT grant_id FROM grants ORDER BY permission", order=True))
    assert not all(instances.determinate("SELECT ARG_MAX(grant_id, permission) FROM grants"))
    assert all(instances.determinate("SELECT ARG_MAX(grant_id, grant_id) FROM grants"))
    assert not all(instances.determinate("SELECT grant_id, ROW_NUMBER() OVER (ORDER BY permission) FROM grants"))
    assert not any(instances.determinate("SELECT nothing FROM grants LIMIT 1"))


@pytest.mark.parametrize(
    "sql",
    ["SELECT", "SELECT x FROM grants", "CREATE TABLE t (x INTEGER)", "DELETE FROM grants", "SET lock_configuration = false",
     "SELECT * FROM read_text('/etc/hostname')", "COPY grants TO 'grants.csv'", "ATTACH 'other.duckdb'"],
)  # fmt: skip
def test_what_fails_or_reaches_out_has_no_answer(instances: Instances, sql: str) -> None:
    assert instances.tables(sql) == [None] * 20


def test_a_runaway_query_ends_and_the_next_one_runs(instances: Instances, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(store, "DEADLINE_S", 0.05)
        assert instances.tables("SELECT COUNT(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range = 7") == [None] * 20
    assert None not in instances.tables("SELECT COUNT(*) FROM grants")


def test_too_many_rows_are_no_answer(instances: Instances) -> None:
    assert instances.table(0, "SELECT * FROM range(200000)") is None


def test_catalogs_are_built_once_for_the_same_golds(tmp_path: Path) -> None:
    def built(golds: tuple[str, ...]) -> dict[str, int]:
        with open_instances(golds, DEMO_NOW, count=1, folder=tmp_path):
            return {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    first = built((LARGE, DEEP))
    assert built((DEEP, LARGE)) == first
    assert len(built((DEEP,))) == 2


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("'x'", "x"),
        ("3", 3),
        ("1e3", 1000.0),
        ("-2", -2),
        ("DATE '2026-10-16'", date(2026, 10, 16)),
        ("TIMESTAMP '2026-10-16 12:00:00'", datetime(2026, 10, 16, 12)),
        ("TIMESTAMP '2026-03-31 12:00:00' - INTERVAL '1' MONTH", datetime(2026, 2, 28, 12)),
        ("DATE '2026-10-16' + INTERVAL '60' DAY", datetime(2026, 12, 15)),
        ("DATE 'soon'", None),
        ("name", None),
    ],
)
def test_constants_are_read(sql: str, value: Any) -> None:
    assert constant(parsed(f"SELECT {sql}").expressions[0]) == value


def test_a_situation_holds_rows_tests_and_links_of_a_gold() -> None:
    [found] = situations([UNCHECKED, UNCHECKED])
    assert found.rows == ("datasets", "replicas") and found.absent == {1}
    assert {(test.cell, test.op, test.value) for test in found.tests} == {((0, "phi"), "=", True), ((1, "kind"), "=", "backup")}
    assert [(link.left, link.right) for link in found.links] == [((1, "dataset"), (0, "name"))]
    [few] = situations([FEW])
    assert (few.repeat, few.group) == (3, ((0, "dataset"),))
    assert situations(["SELECT 1"]) == []
    assert isinstance(situations([f"{DEEP} UNION {DEEP}"])[1], Situation)


@pytest.mark.parametrize(
    ("op", "type_", "bound"),
    [("<", "BIGINT", 50), (">=", "DOUBLE", 0.9), ("<=", "TIMESTAMP", datetime(2026, 10, 1)), (">", "DATE", date(2026, 10, 1))],
)
def test_values_near_a_bound_lie_on_both_sides_of_it_and_on_it(op: Any, type_: str, bound: Any) -> None:
    from random import Random

    values = near(op, bound, type_, None, Random(0))
    assert {holds(op, value, bound) for value in values} == {True, False} and bound in values
