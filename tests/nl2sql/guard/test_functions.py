"""Every listed function is there in the engine, takes what the list says and gives the kind that it says."""

from datetime import datetime

import duckdb
import pytest

from catalog.policy import Authorisation
from nl2sql.guard import approve, kinds
from nl2sql.guard.functions import Signature, signatures

SAMPLES = {
    "text": "name",
    "whole": "row_count",
    "real": "quality_score",
    "number": "quality_score",
    "bool": "pii",
    "date": "CAST(last_updated AS DATE)",
    "timestamp": "last_updated",
    "moment": "last_updated",
    "interval": "INTERVAL 7 DAY",
    "any": "name",
    "any[]": "languages",
    "number[]": "[1, 2]",
    "text[]": "languages",
    "T": "row_count",
    "T[]": "[1, 2]",
    "part": "'day'",
    "pattern": "'a+'",
    "short": "','",
    "escape": "'!'",
    "flags": "'i'",
    "order": "'DESC'",
    "count": "1",
    "places": "2",
    "ratio": "0.5",
}
OF_ENGINE = {"TIMESTAMP": "timestamp", "DATE": "date", "INTERVAL": "interval", "BOOLEAN": "bool", "VARCHAR": "text"}
FORMATS = {"strftime", "try_strptime"}


def calls() -> list[tuple[str, str, Signature]]:
    found = []
    for group in ("scalar", "aggregate", "window"):
        for name, known in signatures(group).items():
            found += [(group, name, s) for s in known if not (group == "window" and name in signatures("aggregate"))]
    return found


@pytest.mark.parametrize(("group", "name", "signature"), calls(), ids=[f"{n}({' '.join(s.arguments)})" for _, n, s in calls()])
def test_listed_function(
    group: str, name: str, signature: Signature, everyone: Authorisation, now: datetime, toy: duckdb.DuckDBPyConnection
) -> None:
    arguments = [SAMPLES[token.rstrip("?*") if token not in ("*", "?") else token] for token in signature.arguments]
    if name in FORMATS:
        arguments[-1] = "'%Y-%m-%d'"
    if name == "concat_ws":
        arguments[0] = "', '"
    if not name.replace("_", "").isalnum():
        call = f"{name}({arguments[0]})" if len(arguments) == 1 else f"({arguments[0]}) {name} ({arguments[1]})"
    else:
        call = f"{name}({', '.join(arguments)})" + (" OVER (ORDER BY name)" if group == "window" else "")
    approved = approve(f"SELECT {call} AS x FROM datasets", everyone, now)
    ((declared,),) = ((k,) for k in [_declared(call, everyone, now)])
    types = {str(row[0]) for row in toy.execute(f"SELECT DISTINCT typeof(x) FROM ({approved.sql})").fetchall()}
    for sql_type in types:
        engine = _kind(sql_type)
        assert engine in ("null", declared) or {engine, declared} <= kinds.NUMBERS or {engine, declared} <= kinds.MOMENTS, (
            call,
            sql_type,
            declared,
        )


def _declared(call: str, asker: Authorisation, now: datetime) -> str:
    from nl2sql.guard import parse
    from nl2sql.guard.binder import Binder

    tree = parse.tree_of(f"SELECT x FROM (SELECT {call} AS x FROM datasets)")
    binder = Binder(asker, now)
    _, relation = binder.query(tree["node"]["from_table"]["subquery"], _empty(), named=True)
    return relation.columns["x"]


def _empty() -> "Scope":  # noqa: F821
    from nl2sql.guard.scope import Scope

    return Scope()


def _kind(sql_type: str) -> str:
    if sql_type.endswith("[]"):
        return f"{_kind(sql_type[:-2])}[]"
    if sql_type.strip('"') == "NULL":
        return "null"
    if sql_type.startswith("DECIMAL") or sql_type in ("DOUBLE", "FLOAT"):
        return "real"
    return OF_ENGINE.get(sql_type, "whole" if "INT" in sql_type else sql_type)
