"""What comes with an approval, and who may make one."""

import json
import threading
from dataclasses import replace
from datetime import datetime

import pytest

from catalog.access.policy import Authorisation, Permit
from catalog.errors import AccessDenied
from catalog.semantic import views
from nl2sql.errors import NotAllowed, UnknownColumn, UnknownRelation
from nl2sql.guard import approve, parse, schema_of, shapes, tree


def test_views_and_rules_of_an_approval(analyst: Authorisation, now: datetime) -> None:
    approved = approve("WITH a AS (FROM nodes) SELECT 1 FROM a WHERE EXISTS (FROM datasets JOIN a USING (node))", schema_of(analyst), now)
    assert approved.views == {"nodes", "datasets"}
    assert approved.rules == ("allow-datasets", "allow-nodes")


def test_a_statement_over_no_view_needs_no_rule(analyst: Authorisation, now: datetime) -> None:
    approved = approve("SELECT i FROM range(3) r(i)", schema_of(analyst), now)
    assert (approved.views, approved.rules) == (frozenset(), ())


def test_a_hashed_number_is_text(everyone: Authorisation, now: datetime) -> None:
    market = everyone.permits["market"]
    hashed = replace(market, columns={**market.columns, "amount": "hash", "price": "bucket"})
    asker = replace(everyone, permits={**everyone.permits, "market": hashed})
    assert "lower(market.amount)" in approve("SELECT lower(amount), sum(price) FROM market GROUP BY 1", schema_of(asker), now).sql
    with pytest.raises(NotAllowed):
        approve("SELECT sum(amount) FROM market", schema_of(asker), now)


def test_a_view_without_decision_is_unknown(everyone: Authorisation, now: datetime) -> None:
    asker = replace(everyone, permits={}, denials={})
    with pytest.raises(UnknownRelation, match="There is no view 'nodes'"):
        approve("FROM nodes", schema_of(asker), now)


def test_a_permit_for_something_that_is_no_view_opens_nothing(everyone: Authorisation, now: datetime) -> None:
    asker = replace(everyone, permits={"secret_people": Permit("secret_people", {"ssn": "show"}, "", ("r",))})
    with pytest.raises(UnknownRelation):
        approve("SELECT ssn FROM secret_people", schema_of(asker), now)


@pytest.mark.parametrize("by", ["*", "nodes.*", "* EXCLUDE (node)", "COLUMNS(* EXCLUDE (node))", "COLUMNS(nodes.*)"])
@pytest.mark.parametrize("sql", ["SELECT node FROM nodes", "SELECT node FROM nodes UNION SELECT node FROM nodes"])
def test_rows_are_ordered_by_all_columns_or_by_named_ones(sql: str, by: str, analyst: Authorisation, now: datetime) -> None:
    with pytest.raises(NotAllowed, match="ORDER BY takes columns or ALL"):
        approve(f"{sql} ORDER BY {by}", schema_of(analyst), now)
    for same in ("ALL", "COLUMNS(*)"):
        assert approve(f"{sql} ORDER BY {same}", schema_of(analyst), now).sql.endswith("ORDER BY ALL")


def test_suggestions_come_from_what_may_be_seen(analyst: Authorisation, everyone: Authorisation, now: datetime) -> None:
    def hint(sql: str, asker: Authorisation) -> str:
        with pytest.raises((UnknownColumn, UnknownRelation)) as refused:
            approve(sql, schema_of(asker), now)
        return refused.value.hint

    assert hint("SELECT stakee FROM nodes", everyone) == "Did you mean stake?"
    assert "stake" not in hint("SELECT stakee FROM nodes", analyst)
    assert hint("FROM consentz", everyone) == "Did you mean consents?"
    assert "consents" not in hint("FROM consentz", analyst)


def test_texts_of_the_statement_stay_out_of_errors(analyst: Authorisation, now: datetime) -> None:
    for sql in (
        "SELECT name FROM datasets WHERE row_count = 'my secret'",
        "SELECT date_trunc('my secret', last_updated) FROM datasets",
        "SELECT DATE 'my secret'",
        "SELECT 'my secret' FROM datasets GROUP BY nothing",
        "SELECT name FROM datasets WHERE 'my secret' 'my secret'",
        "SELECT owner, 'my secret' || count(*) FROM datasets",
        "SELECT owner || 'my secret', count(*) FROM datasets",
    ):
        with pytest.raises(Exception, match=r"^(?!.*my secret)") as refused:
            approve(sql, schema_of(analyst), now)
        assert "my secret" not in refused.value.hint  # type: ignore[attr-defined]


def test_a_denial_comes_before_mending(analyst: Authorisation, now: datetime) -> None:
    with pytest.raises(AccessDenied) as denied:
        approve("SELECT nothing FROM consents", schema_of(analyst), now)
    assert denied.value.rule == "no-consents"


def test_threads_share_nothing(analyst: Authorisation, now: datetime) -> None:
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(approve("FROM nodes", schema_of(analyst), now).sql)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4 and len(set(results)) == 1


def test_the_tree_of_this_engine_is_the_one_that_is_listed() -> None:
    """Fails when an engine upgrade changes the format of parse trees, which `shapes` lists field by field."""
    sql = (
        "WITH a(x) AS (SELECT 1) SELECT DISTINCT count(*) FILTER (WHERE b), sum(c) OVER (PARTITION BY d ORDER BY e ROWS 1 PRECEDING), "
        "CASE WHEN f THEN CAST(g AS VARCHAR[]) END, h[1], i IN (1, 2.5), j BETWEEN 1 AND 'x', (SELECT 1), * FROM a JOIN b USING (k) "
        "LEFT JOIN (VALUES (1)) v ON TRUE, unnest(l) AS u(m) WHERE NOT n AND o = 1 GROUP BY ALL HAVING p QUALIFY q ORDER BY r LIMIT 1"
    )
    tree.check(parse.tree_of(sql))


@pytest.mark.parametrize("listed", [shapes.EXPRESSIONS, shapes.RELATIONS, shapes.QUERIES, shapes.MODIFIERS])
def test_an_unknown_field_is_refused_wherever_it_stands(listed: dict[str, object]) -> None:
    statement = parse.tree_of("SELECT count(*), a[1], CAST(b AS DATE) FROM t JOIN u ON TRUE ORDER BY c LIMIT 1")
    touched = 0
    for node in list(tree.walk(statement)):
        if str(node.get("class", node.get("type"))) in listed:
            node["new_field"] = 1
            with pytest.raises(NotAllowed):
                tree.check(statement)
            del node["new_field"]
            touched += 1
    assert touched
    tree.check(json.loads(json.dumps(statement)))


def test_every_view_and_column_can_be_read(everyone: Authorisation, now: datetime) -> None:
    for view in views().values():
        approved = approve(f'FROM "{view.name}"', schema_of(everyone), now)
        assert approved.sql.count(", ") == len(view.columns) - 1
