"""Whatever the plan compiler can write is approved, and the approved text gives the same rows."""

import random
from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.access.policy import Authorisation
from catalog.semantic import views
from nl2sql.guard import approve, schema_of
from nl2sql.plan.grammar import Reader, parse
from nl2sql.plan.language import END, Query, Scope, full_scope
from nl2sql.plan.sql import compile_query
from nl2sql.values import Number, Period, Text, Value


def bindings(now: datetime) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for slot in full_scope().slots:
        kind = slot[1:-1]
        if kind == "number":
            values[slot] = Number(float(slot[-1]) * 7.5, "percent" if slot[-1] == "2" else "")
        elif kind == "period":
            values[slot] = Period(now - timedelta(days=90), now if slot[-1] == "1" else None)
        else:
            values[slot] = Text((f"{kind}1", f"{kind}2", "O'Brien -- é") if slot[-1] == "3" else (f"{kind}{slot[-1]}",))
    return values


def approved_alike(sql: str, asker: Authorisation, now: datetime, toy: duckdb.DuckDBPyConnection) -> None:
    approved = approve(sql, schema_of(asker), now)
    assert approved.views <= asker.permits.keys()
    assert rows(toy, approved.sql) == rows(toy, sql), approved.sql


def rows(toy: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    """Rows without their order, which LIMIT and ORDER BY leave open among equals."""
    return sorted(map(repr, toy.execute(sql).fetchall()))


FORMULAS = [(v.name, f"{v.name}:{s}", "") for v in views().values() for s in v.segments]
FORMULAS += [(v.name, "", f"{v.name}#{m}") for v in views().values() for m in v.measures]


@pytest.mark.parametrize(("view", "segment", "measure"), FORMULAS, ids=[f"{s}{m}" for _, s, m in FORMULAS])
def test_every_segment_and_measure(
    view: str, segment: str, measure: str, everyone: Authorisation, now: datetime, toy: duckdb.DuckDBPyConnection
) -> None:
    plans = [f"FROM {view} SELECT {measure}"] if measure else [
        f"FROM {view} WHERE {segment} SELECT SHOW",
        f"FROM {view} WHERE NOT {segment} SELECT COUNT SHARE_IF {segment} END",
    ]
    for plan in plans:
        query = parse(plan)
        assert isinstance(query, Query)
        approved_alike(compile_query(query, bindings(now), now), everyone, now, toy)


FUNCTIONS = ("COUNT_DISTINCT", "SUM", "AVG", "MEDIAN", "AVG_AGE", "MIN", "MAX", "DAY", "WEEK", "MONTH", "YEAR", "HOURS_SINCE", "DAYS_SINCE", "DAYS_UNTIL", "ABS")


def allowed_after(*tokens: str) -> frozenset[str]:
    """What the grammar allows after these tokens; nothing where it does not allow them."""
    reader = Reader()
    for token in tokens:
        if token not in reader.allowed:
            return frozenset()
        reader.push(token)
    return reader.allowed


def one_column_plans() -> list[str]:
    """Every operator and function that the grammar has for one column of each view and type."""
    plans = []
    for view in views().values():
        by_type: dict[str, str] = {}
        for column in view.columns.values():
            by_type.setdefault(f"{column.type}{bool(column.values)}", f"{view.name}.{column.name}")
        for token in by_type.values():
            for op in sorted(allowed_after("FROM", view.name, "WHERE", token)):
                operands = allowed_after("FROM", view.name, "WHERE", token, op)
                if operands:
                    operand = "" if "SELECT" in operands else f" {min(operands)}"
                    plans.append(f"FROM {view.name} WHERE {token} {op}{operand} SELECT COUNT")
            for fn in FUNCTIONS:
                if token in allowed_after("FROM", view.name, "SELECT", fn):
                    plans.append(f"FROM {view.name} SELECT {fn} {token} COUNT ORDER COUNT DESC LIMIT 3")
    return plans


@pytest.mark.parametrize("plan", one_column_plans())
def test_every_operator(plan: str, everyone: Authorisation, now: datetime, toy: duckdb.DuckDBPyConnection) -> None:
    query = parse(plan)
    assert isinstance(query, Query)
    approved_alike(compile_query(query, bindings(now), now).replace(" LIMIT 3", ""), everyone, now, toy)


CLOSING = (END, "SELECT", "END")


def random_plan(rng: random.Random, scope: Scope, length: int) -> str:
    """A plan drawn token by token from what the grammar allows, brought to an end after about ``length`` tokens."""
    reader, tokens = Reader(scope), ["FROM"]
    reader.push("FROM")
    while reader.plan is None:
        allowed = sorted(reader.allowed)
        if not allowed:
            return random_plan(rng, scope, length)  # an operator that has no operand among the columns present
        words = [t for t in allowed if t.isupper()]
        closing = [t for t in CLOSING if t in allowed]
        if len(tokens) > length and closing:
            token = closing[0]
        else:
            token = rng.choice(words) if words and rng.random() < 0.4 else rng.choice(allowed)
        reader.push(token)
        tokens.append(token)
    return " ".join(tokens[:-1])


@settings(max_examples=400)
@given(seed=st.integers(0, 2**32), length=st.integers(4, 40))
def test_random_plans(seed: int, length: int, everyone: Authorisation, toy: duckdb.DuckDBPyConnection) -> None:
    now = datetime(2026, 11, 20, 12)
    query = parse(random_plan(random.Random(seed), full_scope(), length))
    assert isinstance(query, Query)
    sql = compile_query(query, bindings(now), now)
    approved = approve(sql, schema_of(everyone), now)
    if not query.limit:
        assert rows(toy, approved.sql) == rows(toy, sql), approved.sql


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32), length=st.integers(4, 30))
def test_plans_in_scope_are_approved_for_the_analyst(
    seed: int, length: int, analyst: Authorisation, toy: duckdb.DuckDBPyConnection
) -> None:
    now = datetime(2026, 11, 20, 12)
    columns = frozenset(f"{name}.{column}" for name, permit in analyst.permits.items() for column in permit.columns)
    # A measure or segment may use a column that the analyst does not see; such plans are none of theirs.
    scope = Scope(columns=columns, slots=full_scope().slots)
    plan = random_plan(random.Random(seed), scope, length)
    query = parse(plan, scope)
    if isinstance(query, Query) and "stake" not in plan and "market#buyers" not in plan:
        assert "CANARY" not in str(toy.execute(approve(compile_query(query, bindings(now), now), schema_of(analyst), now).sql).fetchall())
