"""A toy catalog with every view as a table, canaries in what the analyst may not see, and who asks."""

import gzip
import json
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from catalog.access.policy import Authorisation, Deny, Permit, Principal
from catalog.semantic import Column, views

NOW = datetime(2026, 11, 20, 12)
DATA = Path(__file__).parents[4] / "shared" / "data"
HIDDEN_COLUMNS = {"datasets.steward", "nodes.stake", "market.buyer"}
HIDDEN_VIEWS = {"consents": "no-consents", "audit_log": "no-audit"}
CANARY = "CANARY"


def authorisation_for(hidden: set[str], denied: dict[str, str]) -> Authorisation:
    permits = {
        name: Permit(name, {c: "show" for c in view.columns if f"{name}.{c}" not in hidden}, "", (f"allow-{name}",))
        for name, view in views().items()
        if name not in denied
    }
    who = Principal(name="ana", roles=("analyst",))
    return Authorisation(who, "v1", permits, {name: Deny(rule) for name, rule in denied.items()})


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def analyst() -> Authorisation:
    return authorisation_for(HIDDEN_COLUMNS, HIDDEN_VIEWS)


@pytest.fixture(scope="session")
def everyone() -> Authorisation:
    """May read every view and column."""
    return authorisation_for(set(), {})


def cell(view: str, column: Column, rng: random.Random) -> object:
    token = f"{view}.{column.name}"
    if (token in HIDDEN_COLUMNS or view in HIDDEN_VIEWS) and column.type == "VARCHAR":
        return f"{CANARY}-{token}-{rng.randrange(99)}"
    if rng.random() < 0.15:
        return None
    if column.type == "VARCHAR[]":
        return [_text(column, rng) for _ in range(rng.randrange(3))]
    match column.type:
        case "BIGINT":
            return rng.randrange(1, 2000)
        case "INTEGER":
            return rng.randrange(1, 4)
        case "DOUBLE":
            return rng.randrange(1000) / 1000
        case "BOOLEAN":
            return rng.random() < 0.5
        case "DATE":
            return date(2026, 11, 20) - timedelta(days=rng.randrange(-30, 90))
        case "TIMESTAMP":
            return NOW - timedelta(minutes=rng.randrange(-9000, 200_000))
    return _text(column, rng)


def _text(column: Column, rng: random.Random) -> str:
    return rng.choice(column.values) if column.values else f"{column.slot or column.name}{rng.randrange(5)}"


@pytest.fixture(scope="session")
def toy() -> Iterator[duckdb.DuckDBPyConnection]:
    """Unredacted: every view and column is there, with relations, macros and files beside them that nobody may reach."""
    rng = random.Random(7)
    connection = duckdb.connect(":memory:", config={"threads": 1})
    for view in views().values():
        columns = ", ".join(f'"{c.name}" {c.type}' for c in view.columns.values())
        connection.execute(f'CREATE TABLE "{view.name}" ({columns})')
        rows = [[cell(view.name, c, rng) for c in view.columns.values()] for _ in range(24)]
        marks = ", ".join("?" * len(view.columns))
        connection.executemany(f'INSERT INTO "{view.name}" VALUES ({marks})', rows)
    connection.execute("CREATE TABLE secret_people (id BIGINT, ssn VARCHAR)")
    connection.execute(f"INSERT INTO secret_people VALUES (1, '{CANARY}-SSN-1'), (2, '{CANARY}-SSN-2')")
    connection.execute("CREATE SCHEMA priv; CREATE TABLE priv.datasets AS SELECT * FROM secret_people")
    connection.execute("CREATE VIEW v_over AS SELECT * FROM secret_people")
    connection.execute("CREATE MACRO leak_tmacro() AS TABLE SELECT * FROM secret_people")
    connection.execute(f"CREATE SEQUENCE sq; SET VARIABLE principal = '{CANARY}-principal'")
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def redacted(toy: duckdb.DuckDBPyConnection, analyst: Authorisation) -> Iterator[duckdb.DuckDBPyConnection]:
    """What the analyst may see of the toy and nothing else."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    for name, permit in analyst.permits.items():
        listed = ", ".join(f'"{column}" {views()[name].columns[column].type}' for column in permit.columns)
        connection.execute(f'CREATE TABLE "{name}" ({listed})')
        rows = toy.execute(f'SELECT {", ".join(f"{chr(34)}{c}{chr(34)}" for c in permit.columns)} FROM "{name}"').fetchall()
        connection.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(permit.columns))})', rows)
    yield connection
    connection.close()


def shared(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path.name} lies in ../shared/data, which is absent here")
    return path


@pytest.fixture(scope="session")
def attacks() -> list[dict[str, str]]:
    text = shared("attacks/attacks.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="session")
def engine_tests() -> list[str]:
    """Statements of DuckDB's own SQL tests."""
    with gzip.open(shared("duckdb-sql/statements.jsonl.gz"), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
