"""The plan language: what parses, what does not, and that every sentence of the grammar compiles to SQL that runs."""

import random
from datetime import datetime

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nl2sql.errors import BadPlan
from nl2sql.explain import explain
from nl2sql.plan.grammar import Reader, parse
from nl2sql.plan.language import END, AskBack, AskWhich, Decline, Query, Scope, full_scope, vocabulary
from nl2sql.plan.sql import compile_query
from nl2sql.values import Bindings, Number, Period, Text
from tests.nl2sql.small_tables import filled

NOW = datetime(2026, 10, 16, 12)
VALUES: Bindings = {
    token: Number(5.0)
    if token.startswith("@number")
    else Period(datetime(2026, 9, 1), datetime(2026, 10, 1))
    if token.startswith("@period")
    else Text(("O'Hara", "x"))
    for token in full_scope().slots
}

COMPILED = [
    (
        "FROM datasets WHERE datasets.pii IS_TRUE datasets.quality_score LT MEAN SELECT datasets.name",
        {},
        "SELECT DISTINCT datasets.name, datasets.quality_score FROM datasets WHERE datasets.pii AND datasets.quality_score < "
        "(SELECT avg(datasets.quality_score) FROM datasets WHERE datasets.quality_score IS NOT NULL AND datasets.pii)",
    ),
    (
        "FROM market SELECT SUM_IF market.amount market.at DURING @period1 END",
        {"@period1": Period(datetime(2026, 9, 1), None)},
        "SELECT sum(CASE WHEN (market.at >= TIMESTAMP '2026-09-01 00:00:00') THEN market.amount END) AS sum_if_1 FROM market",
    ),
    (
        "FROM datasets WHERE datasets.pii IS_TRUE datasets.jurisdiction NE @jurisdiction1 SELECT datasets.name",
        {"@jurisdiction1": Text(("EU",))},
        "SELECT DISTINCT datasets.name FROM datasets WHERE datasets.pii AND datasets.jurisdiction <> 'EU'",
    ),
    (
        "FROM replicas SELECT replicas.dataset HAVING COUNT EQ 1",
        {},
        "SELECT replicas.dataset FROM replicas GROUP BY replicas.dataset HAVING count(*) = 1",
    ),
    (
        "FROM datasets WHERE NOT_EXISTS datasets.name=consents.dataset END SELECT COUNT",
        {},
        "SELECT count(*) AS count FROM datasets WHERE datasets.name NOT IN (SELECT consents.dataset FROM consents WHERE consents.dataset IS NOT NULL)",
    ),
    (
        "FROM datasets WHERE datasets.bytes GT @number1 SELECT datasets.name ORDER datasets.bytes DESC LIMIT @number2",
        {"@number1": Number(1e10, "bytes"), "@number2": Number(3.0)},
        "SELECT datasets.name, datasets.bytes FROM datasets WHERE datasets.bytes > 10000000000 ORDER BY datasets.bytes DESC NULLS LAST, datasets.name LIMIT 3",
    ),
    (
        "FROM nodes WHERE nodes.uptime LT @number1 SELECT nodes.node",
        {"@number1": Number(90.0, "percent")},
        "SELECT DISTINCT nodes.node, nodes.uptime FROM nodes WHERE nodes.uptime < 0.9",
    ),
    (
        "FROM training_rounds WHERE training_rounds.update_mb LT @number1 SELECT training_rounds.run",
        {"@number1": Number(2e9, "bytes")},
        "SELECT DISTINCT training_rounds.run FROM training_rounds WHERE training_rounds.update_mb < 2000",
    ),
    (
        "FROM audit_log WHERE audit_log.at DURING @period1 SELECT audit_log.actor",
        {"@period1": Period(datetime(2026, 9, 1), None)},
        "SELECT DISTINCT audit_log.actor FROM audit_log WHERE (audit_log.at >= TIMESTAMP '2026-09-01 00:00:00') AND audit_log.actor IS NOT NULL",
    ),
]


@pytest.mark.parametrize(("plan", "values", "sql"), COMPILED)
def test_a_plan_compiles_to(plan: str, values: Bindings, sql: str) -> None:
    query = parse(plan)
    assert isinstance(query, Query)
    assert compile_query(query, values, NOW) == sql


@pytest.mark.parametrize(
    "plan",
    [
        "",
        "SELECT datasets.name",
        "FROM nowhere SELECT COUNT",
        "FROM datasets SELECT nodes.node",
        "FROM datasets WHERE SELECT COUNT",
        "FROM datasets WHERE datasets.pii EQ 5 SELECT COUNT",
        "FROM datasets WHERE datasets.name DURING @period1 SELECT COUNT",
        "FROM datasets SELECT SUM datasets.name",
        "FROM datasets JOIN consents.dataset=grants.dataset SELECT COUNT",
        "REFUSE FROM",
        "ASK datasets.owner",
        "ASK COUNT datasets.owner",
        "ASK datasets.owner COUNT_IF datasets:stale END",
    ],
)
def test_what_the_grammar_does_not_have(plan: str) -> None:
    with pytest.raises(BadPlan):
        parse(plan)


def test_other_outcomes() -> None:
    assert parse("REFUSE") == Decline("REFUSE")
    assert parse("WHICH ?dataset") == AskWhich("dataset")
    asked = parse("ASK datasets.owner datasets.steward")
    assert isinstance(asked, AskBack)
    assert [c.args for c in asked.choices] == [("datasets.owner",), ("datasets.steward",)]


def test_a_scope_hides_columns_views_edges_and_slots() -> None:
    scope = Scope(columns=frozenset({"datasets.name", "datasets.pii"}), slots=frozenset())
    reader = Reader(scope)
    reader.push("FROM")
    assert reader.allowed == {"datasets"}
    reader.push("datasets")
    assert "JOIN" not in reader.allowed
    reader.push("WHERE")
    assert {t for t in reader.allowed if "." in t} == {"datasets.name", "datasets.pii"}
    reader.push("datasets.name")
    assert "EQ" not in reader.allowed or not any(t.startswith("@") for t in reader.allowed)


def test_a_slot_of_the_wrong_kind_is_an_error() -> None:
    query = parse("FROM nodes WHERE nodes.uptime LT @number1 SELECT nodes.node")
    assert isinstance(query, Query)
    with pytest.raises(BadPlan, match="number"):
        compile_query(query, {"@number1": Text(("x",))}, NOW)


def random_plan(seed: int, longest: int = 45) -> list[str]:
    """A sentence of the grammar, drawn token by token and steered to its end."""
    rng, reader, tokens = random.Random(seed), Reader(), list[str]()
    while reader.plan is None:
        allowed = sorted(reader.allowed)
        closing = [t for t in (END, "END", "SELECT", "LIMIT") if t in reader.allowed]
        token = closing[0] if closing and (len(tokens) > longest or rng.random() < 0.3) else rng.choice(allowed)
        if not tokens:
            token = "FROM"
        reader.push(token)
        tokens.append(token)
    return tokens[:-1]


def test_a_reader_that_begins_again_reads_on_its_own() -> None:
    first = Reader()
    for token in ("FROM", "datasets", "WHERE"):
        first.push(token)
    again = first.again(("FROM", "datasets"))
    first.push("datasets.pii")
    again.push("SELECT")
    assert "IS_TRUE" in first.allowed
    assert "COUNT" in again.allowed


@pytest.fixture(scope="module")
def toy() -> duckdb.DuckDBPyConnection:
    return filled({})


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_every_sentence_of_the_grammar_compiles_and_binds(toy: duckdb.DuckDBPyConnection, seed: int) -> None:
    tokens = random_plan(seed)
    query = parse(tokens)
    assert isinstance(query, Query)
    try:
        sql = compile_query(query, VALUES, NOW)
    except BadPlan:
        return
    try:
        toy.execute(sql)
    except duckdb.BinderException as error:
        assert "ORDER BY" in str(error) or "GROUP BY" in str(error), (sql, error)
    assert explain(query, VALUES)


def test_the_vocabulary_reads_back() -> None:
    assert vocabulary()[0] == END
    assert all(" " not in token for token in vocabulary())


@pytest.mark.parametrize(
    ("plan", "allowed"),
    [
        ("FROM datasets WHERE datasets.bytes GT @number1 SELECT COUNT", True),
        ("FROM datasets WHERE datasets.quality_score GT @number1 SELECT COUNT", False),
        ("FROM datasets WHERE datasets.quality_score GT @number2 SELECT COUNT", True),
        ("FROM datasets WHERE datasets.bytes GT @number2 SELECT COUNT", False),
        ("FROM datasets WHERE datasets.country EQ @country1 SELECT COUNT", True),
        ("FROM datasets WHERE datasets.owner EQ @country1 SELECT COUNT", False),
        ("FROM datasets WHERE datasets.languages HAS @country1 SELECT COUNT", False),
        ("FROM datasets WHERE datasets.owner EQ @dataset1 SELECT COUNT", True),
        ("FROM lineage WHERE lineage.downstream EQ @model1 SELECT COUNT", True),
        ("FROM datasets WHERE datasets.description CONTAINS @term1 SELECT COUNT", True),
    ],
)
def test_values_stand_only_where_they_fit(plan: str, allowed: bool) -> None:
    slots = frozenset({"@number1", "@number2", "@country1", "@dataset1", "@model1", "@term1"})
    units = {"@number1": "bytes", "@number2": "percent"}
    scope = Scope(columns=full_scope().columns, slots=slots, units=units, unknown=frozenset({"@dataset1"}))
    if allowed:
        assert isinstance(parse(plan, scope), Query)
    else:
        with pytest.raises(BadPlan):
            parse(plan, scope)


@pytest.mark.parametrize(
    ("slots", "unknown", "asked", "allowed"),
    [
        ({"@dataset1"}, set[str](), "?dataset", False),
        ({"@dataset1"}, {"@dataset1"}, "?dataset", True),
        ({"@dataset1"}, set[str](), "?node", True),
        (set[str](), set[str](), "?dataset", True),
        (full_scope().slots, set[str](), "?dataset", True),
    ],
    ids=["it is named", "nobody knows the name", "another kind is", "nothing is", "no question"],
)
def test_which_thing_is_asked_only_where_none_is_named(slots: set[str], unknown: set[str], asked: str, allowed: bool) -> None:
    reader = Reader(Scope(columns=full_scope().columns, slots=frozenset(slots), unknown=frozenset(unknown)))
    reader.push("WHICH")
    assert (asked in reader.allowed) is allowed
