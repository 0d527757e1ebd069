"""All of whose rows are so, things with rows of two kinds, and what is said of copies; each rule with its near misses."""

import pytest

from tests.nl2sql.said.asked import said

TABLES = "FROM datasets WHERE {} SELECT datasets.name"
COLUMNS = "FROM columns WHERE columns.encrypted IS_TRUE{} SELECT columns.dataset"
OTHERS = " NOT_EXISTS columns.dataset=columns.dataset columns.encrypted IS_FALSE END"
PLAIN = "EXISTS datasets.name=columns.dataset columns.encrypted IS_TRUE END"
HELD = "FROM replicas WHERE replicas.jurisdiction EQ @jurisdiction1{} SELECT replicas.dataset"
ELSEWHERE = " NOT_EXISTS replicas.dataset=replicas.dataset replicas.jurisdiction NE @jurisdiction1 END"
EITHER = "FROM replicas WHERE replicas.node EQ @node1 OR replicas.node EQ @node2 SELECT replicas.dataset"
BOTH = "FROM replicas WHERE replicas.node EQ @node1 replicas.node EQ @node2 SELECT replicas.dataset"
NODES = "FROM nodes WHERE nodes.country EQ @country1 OR nodes.country EQ @country2 SELECT nodes.node"
EVENTS = "FROM node_events SELECT node_events.node COUNT_IF node_events.kind EQ 'outage' END COUNT_IF node_events.kind EQ 'intrusion' END"
CHECKS = "FROM quality_checks SELECT quality_checks.assignee HAVING COUNT_IF quality_checks.status {} 'passed' END EQ 0"
COPIES = "FROM replicas WHERE EXISTS datasets.name=replicas.dataset {}datasets.owner EQ @org1 END {}SELECT replicas.dataset"
MANY = "FROM replicas SELECT replicas.dataset HAVING COUNT GE 3"
OFF = "EXISTS nodes.node=replicas.node nodes.status EQ 'offline' END"
KEPT = "FROM replicas WHERE replicas.dataset EQ @dataset1 OR replicas.dataset EQ @dataset2 SELECT replicas.node"

LEFT_ALONE = [
    ("tables that have encrypted columns at all", COLUMNS.format("")),
    ("which tables have any encrypted columns at all", COLUMNS.format("")),
]

MENDED = [
    ("tables all of whose columns are encrypted", COLUMNS.format(""), COLUMNS.format(OTHERS)),
    ("tables with every column encrypted", COLUMNS.format(""), COLUMNS.format(OTHERS)),
    ("tables whose columns are all encrypted", COLUMNS.format("").replace("IS_TRUE", "IS_FALSE"), COLUMNS.format(OTHERS)),
    ("tables whose columns are all encrypted", TABLES.format(PLAIN), TABLES.format(f"{PLAIN} NOT_{PLAIN.replace('IS_TRUE', 'IS_FALSE')}")),
    (
        "tables of which every column is encrypted",
        TABLES.format(f"NOT_{PLAIN}"),
        TABLES.format(f"EXISTS datasets.name=columns.dataset END NOT_{PLAIN.replace('IS_TRUE', 'IS_FALSE')}"),
    ),
    ("tables all of whose copies are in jurisdiction1", HELD.format(""), HELD.format(ELSEWHERE)),
    ("tables kept only in jurisdiction1", TABLES.format("datasets.jurisdiction EQ @jurisdiction1"), HELD.format(ELSEWHERE)),
    ("people of whom every test worked", CHECKS.format("EQ"), CHECKS.format("NE")),
    ("tables kept on both node1 and node2", EITHER, BOTH),
    ("tables with copies on node1 as well as node2", EITHER, BOTH),
    ("tables held on both node1 and node2", TABLES.format("datasets.node EQ @node1 OR datasets.node EQ @node2"), BOTH),
    ("machines with copies of both dataset1 and dataset2", KEPT, KEPT.replace(" OR ", " ")),
    ("machines that had both an outage and an intrusion", EVENTS, "FROM node_events WHERE node_events.kind EQ 'outage' node_events.kind EQ 'intrusion' SELECT node_events.node"),
    (
        "people who bought both dataset1 and dataset2",
        "FROM market WHERE market.dataset EQ @dataset1 OR market.dataset EQ @dataset2 market:sold SELECT market.dataset market#buyers",
        "FROM market WHERE market:sold market.dataset EQ @dataset1 market.dataset EQ @dataset2 SELECT market.buyer",
    ),
    ("in which tables are all columns non-encrypted", COLUMNS.format("").replace("IS_TRUE", "IS_FALSE"), COLUMNS.format(OTHERS.replace("FALSE", "TRUE")).replace("IS_TRUE", "IS_FALSE", 1)),
    ("copies in country1 of tables of org1", COPIES.format("datasets.country EQ @country1 ", ""), COPIES.format("", "EXISTS nodes.node=replicas.node nodes.country EQ @country1 END ")),
    (
        "tables with three copies or more, and on which nodes",
        MANY,
        "FROM replicas WHERE EXISTS replicas.dataset=replicas.dataset HAVING COUNT GE 3 END SELECT replicas.dataset replicas.node",
    ),
    (
        "tables whose only copy is on an offline node",
        f"FROM replicas WHERE {OFF} SELECT replicas.dataset",
        f"FROM replicas WHERE {OFF} EXISTS replicas.dataset=replicas.dataset HAVING COUNT EQ 1 END SELECT replicas.dataset",
    ),
]  # fmt: skip
LEFT = [
    ("tables with encrypted columns", COLUMNS.format("")),
    ("tables not all of whose columns are encrypted", COLUMNS.format("")),
    ("tables with all columns that are encrypted", COLUMNS.format("")),
    ("tables without any encrypted column, all of them", TABLES.format(f"NOT_{PLAIN}")),
    ("what are all the columns that are encrypted", COLUMNS.format("")),
    ("what are all encrypted columns", COLUMNS.format("")),
    ("tables in jurisdiction1", TABLES.format("datasets.jurisdiction EQ @jurisdiction1")),
    ("people without a single passed test, every one of them", CHECKS.format("EQ")),
    ("tables kept on node1 and node2", EITHER),
    ("both tables on node1 and tables on node2", EITHER),
    ("where both dataset1 and dataset2 are kept", KEPT),
    ("machines in both country1 and country2", NODES),
    ("show both outages and intrusions", EVENTS),
    ("how many outages and intrusions machines had, with both an outage and an intrusion", EVENTS),
    ("copies of tables of org1 in country1", COPIES.format("datasets.country EQ @country1 ", "")),
    ("tables with three copies or more", MANY),
    ("tables with a copy on an offline node", f"FROM replicas WHERE {OFF} SELECT replicas.dataset"),
]


@pytest.mark.parametrize(("question", "plan", "meant"), MENDED)
def test_all_rows_and_both_kinds_are_asked_for(question: str, plan: str, meant: str) -> None:
    assert said(question, plan) == meant


@pytest.mark.parametrize(("question", "plan"), LEFT)
def test_some_rows_stay_some(question: str, plan: str) -> None:
    assert said(question, plan) == plan


@pytest.mark.parametrize(("question", "plan"), LEFT_ALONE)
def test_what_is_so_at_all_need_not_be_so_of_all(question: str, plan: str) -> None:
    assert said(question, plan) == plan
