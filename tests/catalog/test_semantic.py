"""One declaration, and nothing that drifts from it: storage, snapshots, DDL, prompt, policy scope, vocabulary, docs."""

from pathlib import Path

import duckdb
import pytest

from catalog import describe
from catalog.access.policy import Permit, authorise, decide, load_policy
from catalog.audit.log import AuditLog
from catalog.engine.snapshot import prepare
from catalog.semantic import edges, views
from catalog.storage.generations import current
from catalog.storage.records import storage_ddl
from nl2sql.plan.language import vocabulary
from nl2sql.session import read_clock

CONTRACT = ["nodes", "datasets", "columns", "lineage", "models", "quality_metrics", "quality_checks", "policies", "grants", "consents", "compliance", "claims", "audit_log", "replicas", "node_events", "training_rounds", "market"]
COMMON = ("node", "jurisdiction", "sensitivity", "as_of", "origin")
ROOT = Path(__file__).parents[2]


def test_the_seventeen_views_of_the_contract() -> None:
    assert sorted(views()) == sorted(CONTRACT)


@pytest.mark.parametrize("name", CONTRACT)
def test_a_view_is_consistent(name: str) -> None:
    view = views()[name]
    assert set(COMMON) <= set(view.columns)
    assert set(view.key) | set(view.display) | set(view.latest_by) <= set(view.columns)
    assert not view.time or view.columns[view.time].is_time
    assert all(column.meaning and column.synonyms for column in view.columns.values())


@pytest.mark.parametrize("name", CONTRACT)
def test_formulas_run_over_the_view(name: str) -> None:
    view = views()[name]
    with duckdb.connect() as connection:
        connection.execute(describe.ddl(view))
        clock = "TIMESTAMP '2026-10-16 12:00:00'"
        for segment in view.segments.values():
            connection.execute(f'SELECT 1 FROM "{name}" WHERE {segment.sql.replace("{now}", clock)}')
        for measure in view.measures.values():
            connection.execute(f'SELECT {measure.sql.replace("{now}", clock)} FROM "{name}"')


def test_a_snapshot_has_the_columns_and_types_of_the_declaration(demo_home: Path) -> None:
    policy = load_policy(demo_home / "policy.yaml")
    authorisation = authorise(policy.principal("ada"), policy)
    snapshot = prepare(demo_home, current(demo_home), AuditLog(demo_home), authorisation, list(views()), read_clock(demo_home))
    with duckdb.connect(str(snapshot), read_only=True) as made, duckdb.connect() as declared:
        for view in views().values():
            permit = authorisation.permits[view.name]
            declared.execute(describe.ddl(view, [c for c in view.columns if c in permit.columns]))
            shown = {c for c, how in permit.columns.items() if how == "show"}
            rows = {r[0]: r[1] for r in made.execute(f'DESCRIBE "{view.name}"').fetchall()}
            assert {c: t for c, t in rows.items() if c in shown} == {
                r[0]: r[1] for r in declared.execute(f'DESCRIBE "{view.name}"').fetchall() if r[0] in shown
            }


def test_edges_join_columns_that_exist_with_one_type() -> None:
    for edge in edges():
        (a, x), (b, y) = edge.left.split("."), edge.right.split(".")
        assert views()[a].columns[x].type == views()[b].columns[y].type


def test_the_docs_page_is_made_from_the_declaration() -> None:
    assert (ROOT / "docs" / "views.md").read_text(encoding="utf-8") == describe.views_page()


def test_the_prompt_holds_what_the_scope_holds_and_no_more(demo_home: Path) -> None:
    policy = load_policy(demo_home / "policy.yaml")
    permits = authorise(policy.principal("anonymous"), policy).permits
    text = describe.prompt_schema({name: permit.columns for name, permit in permits.items()})
    for view in views().values():
        assert (f"\n{view.name}(" in f"\n{text}") == (view.name in permits)
    assert "assignee VARCHAR" not in text.split("quality_checks(")[1].split(")\n")[0]


@pytest.mark.parametrize("name", CONTRACT)
def test_policy_scope_is_the_declared_columns(name: str, demo_home: Path) -> None:
    policy = load_policy(demo_home / "policy.yaml")
    permit = decide(policy.principal("ada"), policy, name)
    assert isinstance(permit, Permit)
    assert set(permit.columns) == set(views()[name].columns)


def test_the_vocabulary_names_every_view_column_and_formula_once() -> None:
    tokens = vocabulary()
    assert len(tokens) == len(set(tokens))
    for view in views().values():
        assert {f"{view.name}.{c}" for c in view.columns} <= set(tokens)
        assert {f"{view.name}:{s}" for s in view.segments} | {f"{view.name}#{m}" for m in view.measures} <= set(tokens)


def test_storage_and_views_agree() -> None:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS store; ATTACH ':memory:' AS state")
        for catalog in ("store", "state"):
            connection.execute(f"USE {catalog}")
            connection.execute(storage_ddl())
        connection.execute("USE memory")
        connection.execute("CREATE TABLE closure AS SELECT *, 1::INTEGER AS depth, '' AS path, FALSE AS is_partial FROM store.edge")
        for view in views().values():
            found = {r[0]: r[1] for r in connection.execute(f"DESCRIBE {view.sql}").fetchall()}
            wanted = {c.name: c.type for c in view.columns.values() if c.name != "jurisdiction"}
            assert found == wanted, view.name
