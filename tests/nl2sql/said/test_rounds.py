"""What rounds worked on and who took part in them, which they list themselves: real tables, through the guard, rows by hand."""

from datetime import datetime
from typing import Any

import duckdb
import pytest

from nl2sql.guard import approve, schema_of
from nl2sql.linking.mentions import Linked
from nl2sql.plan.canonical import canonical
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, full_scope
from nl2sql.plan.sql import compile_query
from nl2sql.plan.tokens import spelled
from nl2sql.said.rules import as_said
from tests.nl2sql.small_tables import EVERYTHING, filled

NOW = datetime(2026, 10, 16, 12)
ROWS: dict[str, list[dict[str, Any]]] = {
    "datasets": [{"name": "a", "pii": True}, {"name": "b", "pii": False}, {"name": "c", "pii": True}],
    "consents": [{"consent_id": "1", "dataset": "a", "status": "withdrawn"}, {"consent_id": "2", "dataset": "b", "status": "given"}],
    "nodes": [{"node": "n1", "status": "offline"}, {"node": "n2", "status": "online"}],
    "models": [{"name": "m"}],
    "lineage": [{"upstream": "c", "downstream": "m", "downstream_kind": "model", "depth": 1}],
    "training_rounds": [
        {"run": "r", "round": 1, "model": "m", "datasets": ["a", "b"], "participants": ["n1", "n2"], "slowest_node": "n2"},
        {"run": "r", "round": 2, "model": "m", "datasets": ["b"], "participants": ["n2"], "slowest_node": "n2"},
        # What a round worked on may be unknown or nothing: neither is such data.
        {"run": "s", "round": 1, "model": "m", "datasets": None, "participants": None, "slowest_node": "n1"},
        {"run": "t", "round": 1, "model": None, "datasets": [], "participants": [], "slowest_node": None},
    ],
}
OF_DATA = "FROM training_rounds WHERE {} models.name=training_rounds.model EXISTS lineage.downstream=models.name lineage:table_level EXISTS {} END END END SELECT training_rounds.run training_rounds.round"
PERSONAL = "datasets.name=lineage.upstream datasets.pii IS_TRUE"
WITHDRAWN = "consents.dataset=lineage.upstream consents.status EQ 'withdrawn'"
OF_NODES = "FROM training_rounds WHERE EXISTS nodes.node=training_rounds.slowest_node nodes.status EQ 'offline' END SELECT training_rounds.run training_rounds.round"
BY_NODE = "FROM nodes WHERE {} nodes.node=training_rounds.{} END SELECT nodes.node"
OF_PUBLISHER = "FROM training_rounds WHERE EXISTS nodes.node=training_rounds.node nodes.status EQ 'offline' END SELECT {}"
BY_DATA = "FROM datasets WHERE {} datasets.name=lineage.upstream lineage.downstream_kind EQ 'model' END SELECT datasets.name"
PER_NODE = "FROM training_rounds SELECT training_rounds.nodes COUNT"


@pytest.fixture(scope="module")
def tables() -> duckdb.DuckDBPyConnection:
    return filled(ROWS)


@pytest.mark.parametrize(
    ("question", "plan", "rows"),
    [
        ("runs that saw personal data", OF_DATA.format("EXISTS", PERSONAL), [("r", 1)]),
        ("rounds without any personal data", OF_DATA.format("NOT_EXISTS", PERSONAL), [("r", 2), ("s", 1), ("t", 1)]),
        ("rounds on data for which consent was withdrawn", OF_DATA.format("EXISTS", WITHDRAWN), [("r", 1)]),
        ("rounds of models that descend from personal data", OF_DATA.format("EXISTS", PERSONAL), [("r", 1), ("r", 2), ("s", 1)]),
        ("rounds with personal data somewhere upstream", OF_DATA.format("EXISTS", PERSONAL), [("r", 1), ("r", 2), ("s", 1)]),
        ("rounds that an offline node took part in", OF_NODES, [("r", 1)]),
        ("rounds slowed down by an offline node that took part", OF_NODES, [("s", 1)]),
        ("rounds of offline nodes", OF_NODES, [("s", 1)]),
        ("nodes that never took part", BY_NODE.format("NOT_EXISTS", "slowest_node"), []),
        ("nodes that were slowest when they took part", BY_NODE.format("EXISTS", "slowest_node"), [("n1",), ("n2",)]),
        ("offline nodes that took part", OF_PUBLISHER.format("training_rounds.participants"), [("n1",)]),
        ("the runs that an offline node took part in", OF_PUBLISHER.format("training_rounds.run"), [("r",)]),
        ("tables in federated training", BY_DATA.format("EXISTS"), [("a",), ("b",)]),
        ("tables in no federated training", BY_DATA.format("NOT_EXISTS"), [("c",)]),
        ("tables in training", BY_DATA.format("EXISTS"), [("c",)]),
        ("nodes that took part in run1 with their status", "FROM training_rounds JOIN nodes.node=training_rounds.node WHERE training_rounds.participants NOT_NULL SELECT training_rounds.participants nodes.status", [("n1", "offline"), ("n2", "online")]),
        ("tables that went into framework1 runs", "FROM datasets WHERE EXISTS datasets.name=lineage.upstream lineage:table_level EXISTS lineage.downstream=models.name models.name NOT_NULL END END SELECT datasets.name", [("a",), ("b",)]),
        ("tables that went into the models of framework1", "FROM datasets WHERE EXISTS datasets.name=lineage.upstream lineage:table_level EXISTS lineage.downstream=models.name models.name NOT_NULL END END SELECT datasets.name", [("c",)]),
        ("how many rounds did each node join", PER_NODE, [("n1", 1), ("n2", 2)]),
    ],
)
def test_a_round_is_of_what_it_lists_unless_its_model_comes_up(tables: duckdb.DuckDBPyConnection, question: str, plan: str, rows: list[tuple[Any, ...]]) -> None:
    query = canonical(parse(plan, full_scope()))
    assert isinstance(query, Query)
    approved = approve(compile_query(as_said(query, Linked(question, {}, {})), {}, NOW), schema_of(EVERYTHING), NOW)
    assert sorted(tables.execute(approved.sql).fetchall(), key=str) == rows


def test_conditions_on_the_model_itself_stay() -> None:
    query = parse("FROM training_rounds WHERE EXISTS models.name=training_rounds.model models.trained_on NOT_NULL END SELECT training_rounds.run", full_scope())
    assert isinstance(query, Query)
    assert spelled(as_said(query, Linked("runs on data", {}, {}))) == spelled(query)


AMOUNT = "FROM training_rounds SELECT training_rounds.run {}"


@pytest.mark.parametrize(
    ("question", "amount", "mended"),
    [
        ("how much privacy budget has each run used up", "SUM training_rounds.epsilon", "MAX training_rounds.epsilon"),
        ("total privacy budget of each run", "SUM training_rounds.epsilon", "SUM training_rounds.epsilon"),
        ("hours of each run", "training_rounds#total_energy", "SUM training_rounds.latency_s"),
        ("kilowatt hours of energy of each run", "training_rounds#total_energy", "training_rounds#total_energy"),
        ("energy of each run", "training_rounds#total_energy", "training_rounds#total_energy"),
    ],
)
def test_what_a_run_took(question: str, amount: str, mended: str) -> None:
    query = parse(AMOUNT.format(amount), full_scope())
    assert isinstance(query, Query)
    assert spelled(as_said(query, Linked(question, {}, {}))) == AMOUNT.format(mended)


REACHED = "FROM training_rounds WHERE training_rounds.run EQ @run1 training_rounds.accuracy {} SELECT {}"


@pytest.mark.parametrize(
    ("question", "bound", "shown", "meant"),
    [
        ("how many rounds did run1 need to reach number1 percent", "GE @number1", "COUNT", "MIN training_rounds.round"),
        ("how many rounds until run1 got above number1 percent", "GT @number1", "COUNT", "MIN training_rounds.round"),
        ("how many rounds of run1 were above number1 percent", "GT @number1", "COUNT", "COUNT"),
        ("how many rounds did run1 need to stay under number1 percent", "LT @number1", "COUNT", "COUNT"),
        ("which rounds did run1 need to reach number1 percent", "GE @number1", "training_rounds.round", "training_rounds.round"),
    ],
)
def test_how_many_rounds_it_took_is_the_first_that_got_there(question: str, bound: str, shown: str, meant: str) -> None:
    query = parse(REACHED.format(bound, shown), full_scope())
    assert isinstance(query, Query)
    assert spelled(as_said(query, Linked(question, {}, {}))) == REACHED.format(bound, meant)
