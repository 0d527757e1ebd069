"""Ages, shares, compared aggregates, the first of each group and asked units: on the demo, through the guard, against plain SQL."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from catalog.storage.generations import pinned
from catalog.storage.state import State
from nl2sql.backends.base import Context, SqlDraft
from nl2sql.backends.embedded import EmbeddedBackend
from nl2sql.embedded.parser import Candidate, EmbeddedParser
from nl2sql.errors import BadPlan
from nl2sql.explain import explain
from nl2sql.guard import approve
from nl2sql.linking.link import link
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, Scope
from nl2sql.plan.results import unit_meant
from nl2sql.plan.sql import compile_query
from nl2sql.session import Session, open_session
from nl2sql.values import Number, Text, Value

BINDINGS: dict[str, Value] = {"@dataset1": Text(("Common Voice",)), "@number1": Number(2.0), "@jurisdiction1": Text(("EU",))}
NOW = "TIMESTAMP '2026-10-16 12:00:00'"
PLAN = "FROM datasets WHERE datasets.bytes GT @number1 SELECT datasets.jurisdiction datasets#total_bytes"
Rows = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def session(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    home = Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("results") / "catalog"))
    with pinned(home) as generation:
        opened = open_session(home, generation, State(home).issue_token("ada", 1), datetime(2026, 10, 16, 12))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def run(session: Session) -> Rows:
    """Rows of a statement that the guard approves, sorted, with reals to nine digits: sums differ in their last by the order of rows."""

    def rows(sql: str) -> list[tuple[Any, ...]]:
        approved = approve(sql, session.schema, session.now)
        snapshot = session.snapshot(approved.views)
        found = session.engine.run(approved, snapshot, session.limits).rows
        return sorted((tuple(float(f"{c:.9g}") if isinstance(c, float) else c for c in row) for row in found), key=repr)

    return rows


def query(plan: str) -> Query:
    parsed = parse(plan)
    assert isinstance(parsed, Query)
    return parsed


SAME = [
    (
        "FROM datasets WHERE datasets.name EQ @dataset1 SELECT DAYS_SINCE datasets.last_updated",
        f"SELECT date_diff('day', last_updated, {NOW}) FROM datasets WHERE name = 'Common Voice'",
    ),
    (
        "FROM nodes SELECT nodes.node HOURS_SINCE nodes.last_seen ORDER nodes.last_seen ASC",
        f"SELECT node, date_diff('hour', last_seen, {NOW}), last_seen FROM nodes",
    ),
    (
        "FROM grants WHERE grants:live SELECT grants.principal grants.dataset DAYS_UNTIL grants.expires",
        f"SELECT DISTINCT principal, dataset, date_diff('day', {NOW}, expires) FROM grants WHERE NOT revoked AND (expires IS NULL OR expires > {NOW})",
    ),
    (
        "FROM consents SELECT consents.dataset HAVING SUM_IF consents.subjects consents.status EQ 'withdrawn' END GT SUM_IF consents.subjects consents.status EQ 'given' END",
        "SELECT dataset FROM consents GROUP BY dataset HAVING sum(CASE WHEN status = 'withdrawn' THEN subjects ELSE 0 END) > sum(CASE WHEN status = 'given' THEN subjects ELSE 0 END)",
    ),
    (
        "FROM market SELECT market.seller HAVING COUNT_IF market.event EQ 'rated' END GE COUNT_IF market.event EQ 'ordered' END",
        "SELECT seller FROM market GROUP BY seller HAVING count(*) FILTER (WHERE event = 'rated') >= count(*) FILTER (WHERE event = 'ordered')",
    ),
    (
        "FROM datasets SELECT SHARE_SUM datasets.bytes datasets.jurisdiction EQ @jurisdiction1 END",
        "SELECT sum(CASE WHEN jurisdiction = 'EU' THEN bytes ELSE 0 END) / sum(bytes) FROM datasets",
    ),
    (
        "FROM datasets SELECT datasets.owner SHARE_SUM datasets.bytes datasets.pii IS_TRUE END",
        "SELECT owner, sum(CASE WHEN pii THEN bytes ELSE 0 END) / nullif(sum(bytes), 0) FROM datasets GROUP BY owner",
    ),
    (
        "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 PER datasets.node",
        "SELECT DISTINCT d.node, d.name, d.bytes FROM datasets d JOIN (SELECT node, max(bytes) AS most FROM datasets GROUP BY node) m ON m.node = d.node AND m.most = d.bytes",
    ),
    (
        "FROM node_events SELECT node_events.node node_events.kind ORDER node_events.at DESC LIMIT 1 PER node_events.node",
        "SELECT DISTINCT e.node, e.kind, e.at FROM node_events e WHERE NOT EXISTS (SELECT 1 FROM node_events f WHERE f.node = e.node AND f.at > e.at)",
    ),
    (
        "FROM market WHERE market:offered market.price NOT_NULL SELECT market.dataset ORDER market.price ASC LIMIT 1 PER market.service",
        "SELECT DISTINCT o.service, o.dataset, o.price FROM market o WHERE o.event = 'listed' AND o.price = (SELECT min(p.price) FROM market p WHERE p.event = 'listed' AND p.service = o.service)",
    ),
    (
        "FROM audit_log SELECT audit_log.role audit_log.action COUNT ORDER COUNT DESC LIMIT @number1 PER audit_log.role",
        "SELECT role, action, n FROM (SELECT role, action, count(*) AS n FROM audit_log GROUP BY role, action) "
        "QUALIFY rank() OVER (PARTITION BY role ORDER BY n DESC) <= 2",
    ),
    (
        "FROM quality_metrics SELECT quality_metrics.dataset quality_metrics.metric ORDER ABS quality_metrics.z_score DESC LIMIT 1",
        "SELECT dataset, metric, abs(z_score) FROM quality_metrics WHERE z_score IS NOT NULL ORDER BY abs(z_score) DESC LIMIT 1",
    ),
    (
        "FROM datasets WHERE datasets.country NOT_NULL SELECT datasets.country SHARE",
        "SELECT country, count(*) / (SELECT count(*) FROM datasets WHERE country IS NOT NULL) FROM datasets WHERE country IS NOT NULL GROUP BY country",
    ),
    (
        "FROM datasets SELECT datasets.owner SHARE_OF datasets.bytes HAVING COUNT GT 1",
        "SELECT owner, sum(bytes) / (SELECT sum(bytes) FROM datasets) FROM datasets GROUP BY owner HAVING count(*) > 1",
    ),
    (
        "FROM datasets SELECT datasets.data_type MEDIAN datasets.row_count",
        "SELECT data_type, quantile_cont(row_count, 0.5) FROM datasets GROUP BY data_type",
    ),
    (
        "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 5 SKIP 5",
        "SELECT name, bytes FROM datasets QUALIFY row_number() OVER (ORDER BY bytes DESC NULLS LAST, name) BETWEEN 6 AND 10",
    ),
    (
        "FROM consents SELECT consents.dataset AVG_DAYS consents.withdrawn consents.honoured MAX_DAYS consents.withdrawn consents.honoured",
        "SELECT dataset, sum(date_diff('hour', withdrawn, honoured) / 24) / count(honoured), max(date_diff('hour', withdrawn, honoured)) / 24 FROM consents GROUP BY dataset",
    ),
    (
        "FROM datasets SELECT datasets.jurisdiction AVG_AGE datasets.last_updated",
        f"SELECT jurisdiction, sum(date_diff('day', last_updated, {NOW})) / count(last_updated) FROM datasets GROUP BY jurisdiction",
    ),
    (
        "FROM datasets WHERE EITHER datasets.pii IS_TRUE datasets.jurisdiction NE @jurisdiction1 OR_ELSE datasets.deprecated IS_TRUE datasets.owner NOT_NULL END SELECT datasets.name",
        "SELECT name FROM datasets WHERE pii AND jurisdiction <> 'EU' UNION SELECT name FROM datasets WHERE deprecated AND owner IS NOT NULL",
    ),
]


@pytest.mark.parametrize(("plan", "sql"), SAME)
def test_a_plan_gives_the_rows_of(plan: str, sql: str, run: Rows, session: Session) -> None:
    assert run(compile_query(query(plan), BINDINGS, session.now)) == run(sql)


@pytest.mark.parametrize(
    ("plan", "unit", "sql", "names"),
    [
        (
            "FROM datasets SELECT datasets.jurisdiction datasets#total_bytes ORDER datasets#total_bytes DESC",
            "TB",
            "SELECT jurisdiction, sum(bytes) / 1e12 FROM datasets GROUP BY jurisdiction",
            ["jurisdiction", "total_tb"],
        ),
        (
            "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.bytes",
            "GB",
            "SELECT bytes / 1e9 FROM datasets WHERE name = 'Common Voice'",
            ["size_gb"],
        ),
        (
            "FROM datasets WHERE datasets.bytes GT @number1 SELECT datasets.name ORDER datasets.bytes DESC LIMIT 2",
            "GB",
            "SELECT name, bytes / 1e9 FROM datasets WHERE bytes > 2 ORDER BY bytes DESC LIMIT 2",
            ["name", "size_gb"],
        ),
        (
            "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 PER datasets.data_type",
            "MB",
            "SELECT data_type, name, bytes / 1e6 FROM datasets QUALIFY rank() OVER (PARTITION BY data_type ORDER BY bytes DESC) = 1 AND bytes IS NOT NULL",
            ["data_type", "name", "size_mb"],
        ),
        (
            "FROM datasets SELECT SUM_IF datasets.bytes datasets.pii IS_TRUE END AVG datasets.bytes COUNT HAVING SUM datasets.bytes GT @number1",
            "TB",
            "SELECT sum(bytes) FILTER (WHERE pii) / 1e12, avg(bytes) / 1e12, count(*) FROM datasets",
            ["total_if_tb_1", "average_tb", "count"],
        ),
        (
            "FROM training_rounds SELECT SUM training_rounds.update_mb MAX training_rounds.gb_per_node SHARE_SUM training_rounds.update_mb training_rounds.status EQ 'failed' END",
            "GB",
            "SELECT sum(update_mb) / 1000, max(gb_per_node), coalesce(sum(update_mb) FILTER (WHERE status = 'failed'), 0) / sum(update_mb) FROM training_rounds",
            ["total_gb", "max_gb_per_node", "share_sum_3"],
        ),
        (
            "FROM training_rounds SELECT MAX training_rounds.update_mb",
            "bytes",
            "SELECT max(update_mb) * 1e6 FROM training_rounds",
            ["max_bytes"],
        ),
        ("FROM datasets SELECT SUM datasets.row_count", "GB", "SELECT sum(row_count) FROM datasets", ["sum_row_count"]),
    ],
)
def test_amounts_come_in_the_unit_that_was_asked_for(plan: str, unit: str, sql: str, names: list[str], run: Rows, session: Session) -> None:
    compiled = compile_query(query(plan), BINDINGS, session.now, unit)
    assert run(compiled) == run(sql)
    approved = approve(compiled, session.schema, session.now)
    snapshot = session.snapshot(approved.views)
    assert list(session.engine.run(approved, snapshot, session.limits).columns) == names


@pytest.mark.parametrize(
    ("plan", "unit", "said"),
    [
        ("FROM nodes SELECT nodes.node HOURS_SINCE nodes.last_seen", "", "node, hours since last seen of nodes"),
        ("FROM grants SELECT DAYS_UNTIL grants.expires", "", "days until expires of grants"),
        ("FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT @number1 PER datasets.node", "", "dataset of datasets, ordered by size, highest first, the first 2 for each node"),
        ("FROM datasets SELECT SHARE_SUM datasets.bytes datasets.pii IS_TRUE END", "", "share of the total size where PII is true of datasets"),
        ("FROM quality_metrics SELECT ABS quality_metrics.z_score", "", "z-score in either direction of quality metrics"),
        (
            "FROM market SELECT market.seller HAVING COUNT_IF market.event EQ 'disputed' END GT COUNT_IF market.event EQ 'ordered' END",
            "",
            "seller of market, only where the number where event is disputed is above the number where event is ordered",
        ),
        ("FROM datasets SELECT datasets.jurisdiction datasets#total_bytes", "TB", "jurisdiction, total size in TB of datasets"),
        ("FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1", "GB", "dataset of datasets, ordered by size in GB, highest first, the first 1"),
        ("FROM datasets SELECT COUNT", "GB", "number of datasets"),
    ],
)
def test_a_result_in_words(plan: str, unit: str, said: str) -> None:
    assert explain(query(plan), BINDINGS, unit) == said


@pytest.mark.parametrize(
    "plan",
    [
        "FROM datasets SELECT datasets.name LIMIT 1 PER datasets.node",
        "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC PER datasets.node",
        "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 PER nodes.node",
        "FROM datasets SELECT datasets.name ORDER DAYS_SINCE datasets.last_updated DESC",
        "FROM datasets SELECT DAYS_SINCE datasets.name",
        "FROM datasets SELECT ABS datasets.name",
        "FROM datasets SELECT SHARE_SUM datasets.name END",
        "FROM datasets SELECT datasets.node HAVING SUM datasets.bytes GT datasets.bytes",
    ],
)
def test_what_the_grammar_does_not_have(plan: str) -> None:
    with pytest.raises(BadPlan):
        parse(plan)


class OnePlan:
    """Stands in for the model: always the same plan, for sure."""

    about: ClassVar[dict[str, Any]] = {}

    def weight(self, question: str, tokens: Sequence[str]) -> float:
        return 0.0

    def read(self, question: str, scope: Scope, beams: int = 4) -> list[Candidate]:
        return [Candidate(parse(PLAN, scope), tuple(PLAN.split()), 1.0)]


@pytest.mark.parametrize(
    ("question", "column", "said"),
    [
        ("TB per jurisdiction of datasets over 10 GB", "total_tb", "total size in TB"),
        ("volume per jurisdiction of datasets over 10 GB", "total_bytes", "total size, bytes"),
    ],
)
def test_the_unit_comes_from_the_question_and_not_from_the_model(question: str, column: str, said: str, session: Session) -> None:
    context = Context(question=question, linked=link(question, session.index, session.now), now=session.now)
    (draft,) = EmbeddedBackend(cast(EmbeddedParser, OnePlan())).draft(context)
    assert isinstance(draft, SqlDraft)
    assert f" AS {column} " in draft.sql
    assert "datasets.bytes > 10000000000" in draft.sql
    assert said in draft.reading


@pytest.mark.parametrize(
    ("plan", "unit", "meant"),
    [
        ("FROM training_rounds SELECT training_rounds.run AVG training_rounds.update_mb AVG training_rounds.gb_per_node", "MB", ""),
        ("FROM training_rounds SELECT training_rounds.run AVG training_rounds.update_mb AVG training_rounds.gb_per_node", "TB", "TB"),
        ("FROM training_rounds SELECT training_rounds.run AVG training_rounds.gb_per_node", "MB", "MB"),
        ("FROM datasets SELECT datasets#total_bytes", "TB", "TB"),
        ("FROM training_rounds SELECT training_rounds.run AVG training_rounds.gb_per_node AVG training_rounds.update_mb", "MB", "MB"),
        ("FROM datasets SELECT datasets.bytes", "bytes", "bytes"),
        ("FROM datasets SELECT COUNT", "GB", "GB"),
        ("FROM datasets SELECT datasets.name datasets.bytes", "", ""),
    ],
)
def test_a_unit_that_a_result_has_is_not_asked_of_others(plan: str, unit: str, meant: str) -> None:
    assert unit_meant(query(plan), unit) == meant


def test_a_group_of_unknown_values_has_no_first(run: Rows, session: Session) -> None:
    plan = "FROM datasets SELECT datasets.name ORDER datasets.row_count DESC LIMIT 1 PER datasets.data_type"
    assert all(row[-1] is not None for row in run(compile_query(query(plan), BINDINGS, session.now)))


def test_every_row_that_shares_a_place_is_there(run: Rows, session: Session) -> None:
    plan = "FROM datasets SELECT datasets.name ORDER datasets.pii DESC LIMIT 1 PER datasets.jurisdiction"
    compiled = compile_query(query(plan), BINDINGS, session.now)
    assert compiled == compile_query(query(plan), BINDINGS, session.now)
    assert len(run(compiled)) > len({row[0] for row in run(compiled)})
