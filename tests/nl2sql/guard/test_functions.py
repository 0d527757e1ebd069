"""Every listed function is there in the engine, takes what the list says and gives the kind that it says."""

from datetime import datetime

import duckdb
import pytest

from catalog.access.policy import Authorisation
from nl2sql.guard import approve, kinds, parse, schema_of
from nl2sql.guard.binder import Binder
from nl2sql.guard.functions import Argument, Signature, resolve, signatures
from nl2sql.guard.scope import Scope

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
    "nulls": "'NULLS LAST'",
    "count": "1",
    "places": "2",
    "ratio": "0.5",
}
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
    if "date" in signature.arguments:
        arguments = ["3" if a == SAMPLES["whole"] else a for a in arguments]  # days are INTEGER, which a literal is
    if name in FORMATS:
        arguments[-1] = "'%Y-%m-%d'"
    if name == "concat_ws":
        arguments[0] = "', '"
    if not name.replace("_", "").isalnum():
        call = f"{name}({arguments[0]})" if len(arguments) == 1 else f"({arguments[0]}) {name} ({arguments[1]})"
    else:
        call = f'"{name}"({", ".join(arguments)})' + (" OVER (ORDER BY name)" if group == "window" else "")
    declared = kind_of(call, everyone, now)
    approved = approve(f"SELECT {call} AS x FROM datasets", schema_of(everyone), now)
    types = toy.execute(f"SELECT DISTINCT typeof(x) FROM ({approved.sql})").fetchall()
    given = {engine_kind(sql_type) for (sql_type,) in types} - {"null"}
    assert all(kind == declared or {kind, declared} <= kinds.MOMENTS or {kind, declared} <= kinds.NUMBERS for kind in given)


def kind_of(call: str, asker: Authorisation, now: datetime) -> kinds.Kind:
    subquery = parse.tree_of(f"SELECT x FROM (SELECT {call} AS x FROM datasets)")["node"]["from_table"]["subquery"]
    return Binder(schema_of(asker), now).query(subquery, Scope(), named=True)[1].columns["x"]


def engine_kind(sql_type: str) -> kinds.Kind:
    if sql_type.endswith("[]"):
        return f"{engine_kind(sql_type[:-2])}[]"
    if sql_type.startswith("DECIMAL"):
        return "real"
    return kinds.of_column(sql_type.strip('"').removeprefix("U"))


ARGUMENTS: list[tuple[str, list[Argument], kinds.Kind | None]] = [
    ("lower", [Argument("text")], "text"),
    ("lower", [Argument("whole")], None),
    ("lower", [], None),
    ("lower", [Argument("text"), Argument("text")], None),
    ("greatest", [Argument("whole"), Argument("real")], "real"),
    ("greatest", [Argument("whole"), Argument("text")], None),
    ("greatest", [Argument("timestamp"), Argument("text", True, "2026-01-01")], "timestamp"),
    ("greatest", [Argument("timestamp"), Argument("text", True, "soon")], None),
    ("greatest", [Argument("timestamp"), Argument("text")], None),
    ("list_contains", [Argument("text[]"), Argument("text")], "bool"),
    ("list_contains", [Argument("text[]"), Argument("whole")], None),
    ("contains", [Argument("whole[]"), Argument("real")], "bool"),
    ("-", [Argument("date"), Argument("date")], "whole"),
    ("-", [Argument("timestamp"), Argument("date")], "interval"),
    ("-", [Argument("date"), Argument("whole")], "date"),
    ("-", [Argument("timestamp"), Argument("whole")], None),
    ("+", [Argument("text"), Argument("text")], None),
    ("/", [Argument("whole"), Argument("null")], "real"),
    ("date_trunc", [Argument("text", True, "Month"), Argument("date")], "timestamp"),
    ("date_trunc", [Argument("text"), Argument("date")], None),
    ("date_trunc", [Argument("text", True, "fortnight"), Argument("date")], None),
    ("regexp_matches", [Argument("text"), Argument("text", True, "a{2,3}b+")], "bool"),
    ("regexp_matches", [Argument("text"), Argument("text", True, "a{900}")], None),
    ("regexp_matches", [Argument("text"), Argument("text")], None),
    ("abs", [Argument("bool")], None),
    ("list_value", [Argument("whole"), Argument("real")], "real[]"),
    ("list_value", [], "null[]"),
]


@pytest.mark.parametrize(("name", "arguments", "kind"), ARGUMENTS)
def test_which_call_is_meant(name: str, arguments: list[Argument], kind: kinds.Kind | None) -> None:
    call = resolve(signatures("scalar")[name], arguments)
    assert (call.kind if call else None) == kind
