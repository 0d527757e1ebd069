"""The decoding grammar: what it admits is read by the guard, what people and training write is in it, and it names one scope only."""

import json
import random
import re
from pathlib import Path

import pytest

from catalog.access.policy import Authorisation, Permit, Principal
from catalog.semantic import views
from nl2sql.errors import NotAllowed
from nl2sql.grammar import grammar_of
from nl2sql.guard import Schema, parse, schema_of, tree
from tests.nl2sql.gbnf import Gbnf

SUITES = Path(__file__).parents[2] / "eval" / "suites"
NOT_CLAIMED = re.compile(r"\bEXTRACT\(|^SELECT \(SELECT [^()]*\) > \(SELECT [^()]*\)$|ORDER BY kwh\b")
"""Gold SQL that the subset leaves out: EXTRACT, a SELECT without FROM, and ordering by a name of one's own of more than two letters."""


def everything() -> Schema:
    permits = {name: Permit(name, dict.fromkeys(view.columns, "show"), "", ("allow",)) for name, view in views().items()}
    return schema_of(Authorisation(Principal(name="ana", roles=("analyst",)), "v1", permits, {}))


@pytest.fixture(scope="module")
def whole() -> Gbnf:
    return Gbnf(grammar_of(everything()))


def golds() -> list[str]:
    found = []
    for path in sorted(SUITES.glob("*.dev.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            for turn in case.get("turns", [case]):
                gold = turn.get("gold") or []
                found += [gold] if isinstance(gold, str) else gold
    return list(dict.fromkeys(found))


def read_by_the_guard(sql: str) -> None:
    """Raise as the guard's parsers do, but for sheer size."""
    try:
        statement = parse.tree_of(sql)
        tree.check(statement)
        parse.agree(sql, statement)
    except NotAllowed as large:
        if "too" not in large.what:
            raise


def sentences(grammar: Gbnf, count: int) -> list[str]:
    return [grammar.sentence(random.Random(seed)) for seed in range(count)]


def test_what_the_grammar_makes_is_read_by_both_parsers(whole: Gbnf) -> None:
    made = [s for s in sentences(whole, 400) if s.startswith("SELECT")]
    assert len(made) > 40
    for sql in made:
        read_by_the_guard(sql)


@pytest.mark.slow
def test_what_the_grammar_makes_is_read_by_both_parsers_in_the_long_run(whole: Gbnf) -> None:
    for sql in sentences(whole, 6000):
        if sql.startswith("SELECT"):
            read_by_the_guard(sql)


def in_the_grammar(grammar: Gbnf, statements: list[str]) -> None:
    outside = [sql for sql in statements if bool(NOT_CLAIMED.search(sql)) == grammar.accepts(sql)]
    assert outside == []


def test_gold_sql_that_the_subset_claims_is_in_the_grammar(whole: Gbnf) -> None:
    in_the_grammar(whole, golds()[::12])


@pytest.mark.slow
def test_all_gold_sql_that_the_subset_claims_is_in_the_grammar(whole: Gbnf) -> None:
    found = golds()
    assert sum(bool(NOT_CLAIMED.search(sql)) for sql in found) <= len(found) // 100
    in_the_grammar(whole, found)


@pytest.mark.parametrize(
    "text",
    [
        "REFUSE",
        "DATA",
        "CHANGE",
        "WHICH ?dataset",
        "ASK datasets.quality_score quality_checks#pass_rate",
        'SELECT "columns".dataset FROM "columns"',
        "SELECT market.at FROM market",
        "SELECT n FROM (SELECT count(*) AS n FROM nodes) AS t",
    ],
)
def test_in_the_grammar(whole: Gbnf, text: str) -> None:
    assert whole.accepts(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT",
        "ASK datasets.owner",
        "WHICH ?secret",
        "DROP TABLE datasets",
        "SELECT name FROM datasets; SELECT 1",
        "SELECT name FROM datasets -- more",
        "SELECT name FROM secrets",
        "SELECT secret FROM datasets",
        "SELECT datasets.stake FROM datasets",
        "SELECT getenv('HOME') FROM datasets",
        "SELECT name FROM read_csv('/etc/passwd')",
        "SELECT name FROM 'file.csv'",
        "SELECT name FROM duckdb_tables()",
        "SELECT name FROM datasets LIMIT -1",
        "SELECT name FROM datasets WHERE name = 'a",
    ],
)
def test_not_in_the_grammar(whole: Gbnf, text: str) -> None:
    assert not whole.accepts(text)


def test_a_grammar_names_its_scope_and_nothing_else() -> None:
    permits = {"nodes": Permit("nodes", {"node": "show", "country": "show"}, "", ("allow",))}
    text = grammar_of(schema_of(Authorisation(Principal(name="bo", roles=()), "v1", permits, {})))
    grammar = Gbnf(text)
    assert grammar.accepts("SELECT n.node FROM nodes n WHERE n.country = 'DE' ORDER BY n.node")
    for sql in ("SELECT stake FROM nodes", "SELECT n.stake FROM nodes n", "SELECT name FROM datasets", "SELECT node FROM nodes ORDER BY stake"):
        assert not grammar.accepts(sql)
    assert not grammar.accepts("ASK nodes.stake nodes.country")
    hidden = {c for view in views().values() for c in view.columns} - {"node", "country", "nodes"}
    lines = dict(line.split(" ::= ", 1) for line in text.splitlines())
    words = {word for rule in ("word", "bare", "named", "column0", "asked") for word in re.findall(r"[a-z_]{3,}", lines[rule])}
    assert not words & hidden
    assert "stake" not in text


def test_the_same_scope_has_the_same_grammar_and_another_has_another() -> None:
    assert grammar_of(everything()) is grammar_of(everything())
    assert grammar_of(Schema({"nodes": {"node": "VARCHAR"}})) != grammar_of(Schema({"nodes": {"country": "VARCHAR"}}))


@pytest.mark.parametrize("name", ["Order Details", 'a"b', "naïve", "select", "Größe", "back\\slash"])
def test_a_foreign_database_may_call_its_tables_anything(name: str) -> None:
    grammar = Gbnf(grammar_of(Schema({name: {name: "BIGINT"}}), foreign=True))
    quoted = '"' + name.replace('"', '""') + '"'
    sql = f"SELECT count(*), sum({quoted}.{quoted}) FROM {quoted} WHERE {quoted} > 3"
    assert grammar.accepts(sql)
    read_by_the_guard(sql)
    assert not grammar.accepts("REFUSE")


def test_who_sees_nothing_can_be_told_so() -> None:
    grammar = Gbnf(grammar_of(Schema({})))
    assert grammar.accepts("REFUSE")
    assert not grammar.accepts("SELECT name FROM datasets")
