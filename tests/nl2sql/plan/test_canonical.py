"""One form per meaning: what becomes of what, that the form is the grammar's, stays itself, and finds the same rows."""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from catalog.engine.snapshot import prepare
from catalog.semantic import views
from catalog.storage.generations import pinned
from catalog.storage.state import State
from nl2sql.corpus.compose import Composer
from nl2sql.plan.canonical import canonical
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.plan.sql import compile_query
from nl2sql.plan.tokens import spelled
from nl2sql.session import open_session
from nl2sql.training.fill import Values

ONE_FORM = [
    ("FROM datasets WHERE datasets.phi IS_TRUE datasets.pii IS_TRUE SELECT datasets.name", "FROM datasets WHERE datasets.pii IS_TRUE datasets.phi IS_TRUE SELECT datasets.name"),
    ("FROM market WHERE market.event EQ 'listed' SELECT market.dataset", "FROM market WHERE market:offered SELECT market.dataset"),
    ("FROM market WHERE market:offered market.event EQ 'listed' SELECT market.dataset", "FROM market WHERE market:offered SELECT market.dataset"),
    ("FROM claims WHERE claims.consensus_value NOT_NULL claims.claimed_value NE claims.consensus_value SELECT claims.dataset", "FROM claims WHERE claims:outvoted SELECT claims.dataset"),
    ("FROM nodes WHERE NOT nodes.status EQ 'online' SELECT nodes.node", "FROM nodes WHERE nodes.status NE 'online' SELECT nodes.node"),
    ("FROM datasets WHERE datasets.update_frequency EQ 'streaming' OR datasets.update_frequency EQ 'hourly' SELECT COUNT", "FROM datasets WHERE datasets:frequent SELECT COUNT"),
    ("FROM datasets SELECT SUM datasets.bytes datasets.country", "FROM datasets SELECT datasets.country datasets#total_bytes"),
    ("FROM datasets SELECT datasets.country COUNT ORDER COUNT DESC", "FROM datasets SELECT datasets.country ORDER COUNT DESC"),
    ("FROM datasets SELECT datasets.name datasets.bytes ORDER datasets.bytes DESC LIMIT 1", "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1"),
    ("FROM datasets SELECT datasets.country COUNT ORDER datasets.country ASC", "FROM datasets SELECT datasets.country COUNT ORDER datasets.country ASC"),
    (
        "FROM datasets JOIN datasets.name=market.dataset WHERE market:offered datasets.pii IS_TRUE SELECT datasets.name datasets.owner",
        "FROM datasets WHERE datasets.pii IS_TRUE EXISTS datasets.name=market.dataset market:offered END SELECT datasets.name datasets.owner",
    ),
    (
        "FROM grants JOIN datasets.name=grants.dataset WHERE datasets.pii IS_TRUE SELECT grants.principal COUNT",
        "FROM grants WHERE EXISTS datasets.name=grants.dataset datasets.pii IS_TRUE END SELECT grants.principal COUNT",
    ),
    (
        "FROM datasets JOIN datasets.name=market.dataset WHERE datasets.pii IS_TRUE SELECT datasets.owner market.seller",
        "FROM datasets JOIN datasets.name=market.dataset WHERE datasets.pii IS_TRUE SELECT datasets.owner market.seller",
    ),
    ("FROM datasets WHERE EXISTS datasets.name=market.dataset market:offered END SELECT datasets.name", "FROM market WHERE market:offered SELECT market.dataset"),
    ("FROM datasets WHERE EXISTS datasets.name=market.dataset market:offered END SELECT COUNT", "FROM market WHERE market:offered SELECT COUNT_DISTINCT market.dataset"),
    # Models that lineage knows and the catalog does not list are models; of datasets and reports it is not so.
    (
        "FROM models WHERE EXISTS lineage.downstream=models.name lineage.upstream EQ @dataset1 END SELECT models.name",
        "FROM lineage WHERE lineage.upstream EQ @dataset1 lineage.downstream_kind EQ 'model' SELECT lineage.downstream",
    ),
    (
        "FROM models WHERE EXISTS lineage.downstream=models.name EXISTS datasets.name=lineage.upstream datasets.pii IS_TRUE END END SELECT COUNT",
        "FROM lineage WHERE lineage.downstream_kind EQ 'model' EXISTS datasets.name=lineage.upstream datasets.pii IS_TRUE END SELECT COUNT_DISTINCT lineage.downstream",
    ),
    (
        "FROM models WHERE models.licence_class EQ 'commercial' EXISTS lineage.downstream=models.name lineage.upstream EQ @dataset1 END SELECT models.name",
        "FROM models WHERE models.licence_class EQ 'commercial' EXISTS lineage.downstream=models.name lineage.upstream EQ @dataset1 END SELECT models.name",
    ),
    (
        "FROM nodes WHERE EXISTS nodes.node=training_rounds.slowest_node training_rounds.status EQ 'failed' END SELECT nodes.node",
        "FROM training_rounds WHERE training_rounds.slowest_node NOT_NULL training_rounds.status EQ 'failed' SELECT training_rounds.slowest_node",
    ),
    (
        "FROM models WHERE EXISTS datasets.generating_model=models.name datasets.pii IS_TRUE END SELECT models.name",
        "FROM datasets WHERE datasets.pii IS_TRUE datasets:generated SELECT datasets.generating_model",
    ),
    (
        "FROM datasets WHERE EXISTS datasets.name=lineage.upstream lineage.downstream EQ @dataset1 END SELECT datasets.name",
        "FROM datasets WHERE EXISTS datasets.name=lineage.upstream lineage.downstream EQ @dataset1 END SELECT datasets.name",
    ),
    (
        "FROM datasets WHERE NOT_EXISTS datasets.name=quality_checks.dataset END EXISTS datasets.name=market.dataset market:offered END SELECT datasets.name",
        "FROM market WHERE market:offered NOT_EXISTS market.dataset=quality_checks.dataset END SELECT market.dataset",
    ),
    (
        "FROM consents WHERE consents.purpose EQ 'training' EXISTS datasets.name=consents.dataset datasets.phi IS_TRUE END SELECT consents.dataset",
        "FROM datasets WHERE datasets.phi IS_TRUE EXISTS datasets.name=consents.dataset consents.purpose EQ 'training' END SELECT datasets.name",
    ),
    (
        "FROM market WHERE market:offered EXISTS datasets.name=market.dataset datasets.pii IS_TRUE END SELECT COUNT_DISTINCT market.dataset",
        "FROM datasets WHERE datasets.pii IS_TRUE EXISTS datasets.name=market.dataset market:offered END SELECT COUNT",
    ),
    # An entry of the log may be of no dataset, and what data goes into may be a model.
    (
        "FROM datasets WHERE EXISTS datasets.name=audit_log.dataset audit_log.decision EQ 'denied' END SELECT datasets.name",
        "FROM datasets WHERE EXISTS datasets.name=audit_log.dataset audit_log.decision EQ 'denied' END SELECT datasets.name",
    ),
    # Only purchases have an amount, so that nobody is shown to have earned nothing known.
    ("FROM market SELECT market.seller SUM market.amount", "FROM market WHERE market:sold SELECT market.seller market#revenue"),
    ("FROM market WHERE market.event EQ 'used' SELECT market#revenue", "FROM market WHERE market.event EQ 'used' SELECT market#revenue"),
    ("FROM market SELECT market.seller COUNT_IF market:sold END market#average_rating", "FROM market SELECT market.seller COUNT_IF market:sold END market#average_rating"),
    # A group has some of what is counted, but for where few of it are asked for, or amounts are compared.
    ("FROM quality_checks SELECT quality_checks.dataset COUNT_IF quality_checks.status EQ 'failed' END", "FROM quality_checks WHERE quality_checks.status EQ 'failed' SELECT quality_checks.dataset COUNT"),
    ("FROM market SELECT market.seller SUM_IF market.amount market:sold END", "FROM market WHERE market:sold SELECT market.seller market#revenue"),
    ("FROM market SELECT SUM_IF market.amount market:sold END", "FROM market SELECT SUM_IF market.amount market:sold END"),
    (
        "FROM quality_checks SELECT quality_checks.dataset ORDER COUNT_IF quality_checks.status EQ 'failed' END DESC",
        "FROM quality_checks WHERE quality_checks.status EQ 'failed' SELECT quality_checks.dataset ORDER COUNT DESC",
    ),
    (
        "FROM quality_checks SELECT quality_checks.dataset ORDER COUNT_IF quality_checks.status EQ 'failed' END ASC",
        "FROM quality_checks SELECT quality_checks.dataset ORDER COUNT_IF quality_checks.status EQ 'failed' END ASC",
    ),
    (
        "FROM quality_checks SELECT quality_checks.dataset HAVING COUNT_IF quality_checks.status EQ 'failed' END LT 2",
        "FROM quality_checks SELECT quality_checks.dataset HAVING COUNT_IF quality_checks.status EQ 'failed' END LT 2",
    ),
    (
        "FROM quality_checks SELECT quality_checks.dataset COUNT_IF quality_checks.status EQ 'failed' END COUNT",
        "FROM quality_checks SELECT quality_checks.dataset COUNT_IF quality_checks.status EQ 'failed' END COUNT",
    ),
    # Whoever names a column at one end does not ask for columns at both.
    ("FROM lineage WHERE lineage:column_level lineage.upstream_column EQ @column1 SELECT lineage.downstream", "FROM lineage WHERE lineage.upstream_column EQ @column1 SELECT lineage.downstream"),
    ("FROM lineage WHERE lineage:column_level lineage.upstream EQ @dataset1 SELECT lineage.downstream", "FROM lineage WHERE lineage.upstream EQ @dataset1 lineage:column_level SELECT lineage.downstream"),
    ("FROM quality_checks SELECT AVG_HOURS quality_checks.opened quality_checks.resolved", "FROM quality_checks SELECT quality_checks#hours_to_resolve"),
    ("ASK datasets.bytes datasets.row_count", "ASK datasets.bytes datasets.row_count"),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "form"), ONE_FORM)
def test_what_means_the_same_has_one_form(plan: str, form: str) -> None:
    assert spelled(canonical(parse(plan))) == form


def test_a_form_is_a_plan_that_stays_itself() -> None:
    composer = Composer(31)
    for _ in range(1200):
        plan = parse(composer.draw().plan)
        assert parse(spelled(plan)) == plan
        form = canonical(plan)
        assert parse(spelled(form)) == form
        assert canonical(form) == form


@pytest.fixture(scope="module")
def demo(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[duckdb.DuckDBPyConnection, Values]]:
    home = Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("canonical") / "catalog"))
    with pinned(home) as generation:
        session = open_session(home, generation, State(home).issue_token("ada", 1), datetime(2026, 10, 16, 12))
        snapshot = prepare(home, generation, session.audit, session.authorisation, set(views()), session.now)
        values = Values(session.index, random.Random(9))  # first: it opens the snapshot in another way
        with duckdb.connect(str(snapshot), read_only=True) as connection:
            yield connection, values
        session.close()


def test_a_form_finds_the_same_rows(demo: tuple[duckdb.DuckDBPyConnection, Values]) -> None:
    """Every rewriting, on the demo, with values of the demo; which of equal rows come first is nobody's promise."""
    connection, values = demo
    composer, now, compared = Composer(33), datetime(2026, 10, 16, 12), 0
    while compared < 150:
        example = composer.draw()
        plan = parse(example.plan)
        if not isinstance(plan, Query) or plan.limit or "#" in spelled(canonical(plan)) or canonical(plan) == plan:
            continue
        linked = values.linked(example, now)
        if linked is None:
            continue
        rows = []
        for query in (plan, canonical(plan)):
            assert isinstance(query, Query)
            found = connection.execute(compile_query(query, linked.bindings, now)).fetchall()
            rows.append(Counter(tuple(sorted(f"{c:.9g}" if isinstance(c, float) else repr(c) for c in row)) for row in found))
        assert rows[0] == rows[1], example.plan
        compared += 1
