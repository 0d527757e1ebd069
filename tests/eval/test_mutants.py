"""Mutants of golds, the ones that are left out because they are right, and the share that catalogs catch."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.demo.build import DEMO_NOW
from eval.discrimination import Caught, measure
from eval.instances import Instances, open_instances
from eval.instances.stock import stock
from eval.mutants import mutants
from eval.scopes import DIALECT, parsed
from eval.suite import SUITES, Case, Comparison, Turn, load_suite

GOLDS = [sql for case in load_suite(SUITES / "governance.dev.jsonl") for turn in case.turns for sql in turn.gold]


def texts(sql: str, compare: Comparison | None = None) -> set[tuple[str, str]]:
    return {(mutant.kind, mutant.sql) for mutant in mutants(sql, compare)}


def plain(sql: str) -> str:
    return parsed(sql).sql(dialect=DIALECT)


@pytest.mark.parametrize(
    ("gold", "kind", "wrong"),
    [
        ("SELECT name FROM datasets WHERE pii AND phi", "dropped condition", "SELECT name FROM datasets WHERE pii"),
        ("SELECT name FROM datasets WHERE pii", "dropped clause", "SELECT name FROM datasets"),
        ("SELECT COUNT(*) FILTER (WHERE pii) FROM datasets", "dropped clause", "SELECT COUNT(*) FROM datasets"),
        ("SELECT name FROM datasets WHERE bytes > 5", "comparison", "SELECT name FROM datasets WHERE bytes >= 5"),
        ("SELECT name FROM datasets WHERE bytes > 5", "literal", "SELECT name FROM datasets WHERE bytes > 6"),
        ("SELECT name FROM datasets WHERE bytes > 0.25", "literal", "SELECT name FROM datasets WHERE bytes > 0.24"),
        ("SELECT name FROM models WHERE released > DATE '2026-01-01'", "literal", "SELECT name FROM models WHERE released > DATE '2025-12-31'"),
        ("SELECT name FROM datasets WHERE name ILIKE '%tax%'", "literal", "SELECT name FROM datasets WHERE name ILIKE 'tax%'"),
        ("SELECT name FROM datasets WHERE licence IS NULL", "negation", "SELECT name FROM datasets WHERE NOT licence IS NULL"),
        ("SELECT name FROM datasets WHERE NOT pii", "negation", "SELECT name FROM datasets WHERE pii"),
        ("SELECT name FROM datasets WHERE pii AND phi", "and or", "SELECT name FROM datasets WHERE (pii OR phi)"),
        ("SELECT node FROM nodes WHERE country IN ('FR', 'DE')", "list entry", "SELECT node FROM nodes WHERE country IN ('FR')"),
        ("SELECT DATE_TRUNC('month', opened) FROM quality_checks", "date part", "SELECT DATE_TRUNC('QUARTER', opened) FROM quality_checks"),
        ("SELECT SUM(bytes) / 2 FROM datasets", "arithmetic", "SELECT SUM(bytes) * 2 FROM datasets"),
        ("SELECT SUM(bytes) FROM datasets", "aggregate", "SELECT AVG(bytes) FROM datasets"),
        ("SELECT COUNT(DISTINCT buyer) FROM market", "aggregate", "SELECT COUNT(buyer) FROM market"),
        ("SELECT ARG_MAX(accuracy, round) FROM training_rounds", "aggregate", "SELECT ARG_MIN(accuracy, round) FROM training_rounds"),
        ("SELECT domain, COUNT(*) FROM datasets GROUP BY domain", "group key", "SELECT data_type, COUNT(*) FROM datasets GROUP BY data_type"),
        ("SELECT name FROM datasets ORDER BY bytes LIMIT 2", "order", "SELECT name FROM datasets ORDER BY bytes DESC LIMIT 2"),
        ("SELECT name FROM datasets ORDER BY bytes LIMIT 2", "limit", "SELECT name FROM datasets ORDER BY bytes LIMIT 3"),
        ("SELECT name FROM datasets ORDER BY bytes LIMIT 2", "limit", "SELECT name FROM datasets ORDER BY bytes"),
        ("SELECT d.name FROM datasets d JOIN grants g ON g.dataset = d.name", "join kind", "SELECT d.name FROM datasets d LEFT JOIN grants g ON g.dataset = d.name"),
        ("SELECT d.name FROM datasets d JOIN grants g ON g.dataset = d.name", "join condition", "SELECT d.name FROM datasets d JOIN grants g ON TRUE"),
        ("SELECT downstream FROM lineage WHERE upstream = 'x'", "direction", "SELECT upstream FROM lineage WHERE downstream = 'x'"),
        ("SELECT downstream FROM lineage WHERE upstream = 'x'", "depth", "SELECT downstream FROM lineage WHERE upstream = 'x' AND lineage.depth = 1"),
        ("SELECT valid_from FROM policies", "column", "SELECT valid_to FROM policies"),
        ("SELECT name FROM datasets UNION SELECT name FROM models", "set side", "SELECT name FROM models"),
    ],
)
def test_a_gold_has_the_mutant(gold: str, kind: str, wrong: str) -> None:
    assert (kind, plain(wrong)) in texts(gold)


@pytest.mark.parametrize(
    ("gold", "right"),
    [
        ("SELECT name FROM datasets ORDER BY bytes", "SELECT name FROM datasets ORDER BY bytes DESC"),
        ("SELECT name FROM datasets ORDER BY bytes", "SELECT name FROM datasets"),
        ("SELECT DISTINCT domain FROM datasets", "SELECT domain FROM datasets"),
        ("SELECT node FROM nodes n WHERE EXISTS (SELECT 1 FROM grants g WHERE g.node = n.node)", "SELECT node FROM nodes n WHERE EXISTS (SELECT 2 FROM grants g WHERE g.node = n.node)"),
        ("SELECT COUNT(licence) FROM datasets WHERE licence IS NOT NULL", "SELECT COUNT(*) FROM datasets WHERE licence IS NOT NULL"),
        ("SELECT COUNT(*) FROM policies", "SELECT COUNT(DISTINCT policies.policy_id) FROM policies"),
        ("SELECT node, COUNT(*) FROM replicas GROUP BY node", "SELECT node, COUNT(DISTINCT replicas.dataset) FROM replicas GROUP BY node"),
        ("SELECT upstream FROM lineage WHERE upstream <> 'x'", "SELECT upstream FROM lineage WHERE upstream IS DISTINCT FROM 'x'"),
        ("SELECT SUM(bytes) / 1000000000000 FROM datasets", "SELECT SUM(bytes) / 1000000000001 FROM datasets"),
        (
            "SELECT d.name FROM datasets d JOIN grants g ON g.dataset = d.name WHERE NOT g.revoked",
            "SELECT d.name FROM datasets d LEFT JOIN grants g ON g.dataset = d.name WHERE NOT g.revoked",
        ),
    ],
)
def test_what_is_right_is_no_mutant(gold: str, right: str) -> None:
    assert plain(right) not in {text for _, text in texts(gold)}


def test_the_comparison_decides_what_is_wrong() -> None:
    ordered, cut = "SELECT name FROM datasets ORDER BY bytes", "SELECT name FROM datasets ORDER BY bytes LIMIT 2"
    assert ("order", plain("SELECT name FROM datasets ORDER BY bytes DESC")) in texts(ordered, Comparison(order=True))
    assert ("distinct", "SELECT domain FROM datasets") in texts("SELECT DISTINCT domain FROM datasets", Comparison(duplicates=True))
    assert {text for kind, text in texts(cut, Comparison(limit=False)) if kind == "limit"} == {plain(cut.replace("2", "1"))}


def test_names_change_to_others_that_occur() -> None:
    found = mutants("SELECT owner FROM datasets WHERE name = 'C4'", values={("datasets", "name"): ["C4", "OSCAR"]})
    assert "SELECT owner FROM datasets WHERE name = 'OSCAR'" in [mutant.sql for mutant in found if mutant.kind == "literal"]


@given(st.sampled_from(GOLDS))
def test_mutants_are_sql_each_once_and_none_is_the_gold(gold: str) -> None:
    found = [mutant.sql for mutant in mutants(gold)]
    assert found and len(set(found)) == len(found) and plain(gold) not in found
    assert all(parsed(sql) for sql in found)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    golds = ("SELECT name FROM datasets WHERE pii AND bytes > 1000", "SELECT name FROM datasets ORDER BY bytes DESC LIMIT 1")
    return [Case(id=f"c-{i}", turns=(Turn(question="?", outcome=("answer",), gold=(sql,)),)) for i, sql in enumerate(golds)]


@pytest.fixture(scope="module")
def instances(cases: list[Case]) -> Iterator[Instances]:
    with open_instances([turn.gold[0] for case in cases for turn in case.turns], DEMO_NOW, count=8) as opened:
        yield opened


def test_counts_add_up_and_several_catalogs_catch_what_one_does_not(cases: list[Case], instances: Instances) -> None:
    found = measure(cases, instances)
    total = found.total
    assert total.one < total.all <= total.ran == len(found.survivors) + total.all
    assert found.kinds["comparison"].all == found.kinds["comparison"].ran
    assert found.as_text().splitlines()[-2].split()[:2] == ["total", str(total.ran)]


def test_shares_of_nothing_are_whole() -> None:
    assert Caught().shares == (1.0, 1.0)
    assert (Caught(4, 1, 3) + Caught(4, 1, 4)).shares == (0.25, 0.875)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_shipped_questions_are_told_from_nearly_all_their_mutants(tmp_path: Path) -> None:
    suite = load_suite(SUITES / "governance.dev.jsonl")
    with open_instances(GOLDS, DEMO_NOW, folder=tmp_path) as opened:
        one, every = measure(suite, opened, stock(DEMO_NOW).values).total.shares
    assert every >= 0.98 > one
