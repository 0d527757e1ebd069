"""Questions in other words, and the queries that what was left out is put back into."""

from datetime import datetime

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.linking.mentions import Linked
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.plan.tokens import spelled
from nl2sql.readings.reworded import in_full, reworded

NOW = datetime(2026, 10, 16, 12)


def linked(question: str) -> Linked:
    names = NameIndex()
    names.add("dataset", "MNIST", "MNIST")
    return link(question, names, NOW)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("licence MNIST", "licence of dataset1"),
        ("owner, steward and format MNIST?", "owner, steward and format of dataset1?"),
        ("the steward MNIST", "the steward of dataset1"),
        ("licence of MNIST", "licence of dataset1"),
        ("deprecate MNIST", "deprecate dataset1"),
        ("please license MNIST", "please license dataset1"),
        ("updated MNIST", "updated dataset1"),
        ("use MNIST", "use dataset1"),
        ("licence MNIST has", "licence dataset1 has"),
        ("who owns MNIST >> licence MNIST", "who owns dataset1 >> licence dataset2"),
    ],
)
def test_what_a_thing_has_is_said_in_full(question: str, text: str) -> None:
    assert in_full(linked(question)).text == text


COLUMNS = "FROM columns SELECT columns.column_name"


@pytest.mark.parametrize(
    ("question", "text", "plan", "restored"),
    [
        ("which columns of MNIST are of type varchar", "which columns of dataset1 are", COLUMNS, "WHERE columns.type EQ 'VARCHAR'"),
        ("BIGINT columns of MNIST", "columns of dataset1", COLUMNS, "WHERE columns.type EQ 'BIGINT'"),
        ("fields typed as decimals", "fields", COLUMNS, "WHERE columns.type CONTAINS 'DECIMAL'"),
        ("columns with type date or timestamp", "columns", COLUMNS, "WHERE columns.type EQ 'DATE' OR columns.type EQ 'TIMESTAMP'"),
        ("data with columns of type blob", "data with columns", "FROM datasets WHERE EXISTS datasets.name=columns.dataset END SELECT datasets.name", "EXISTS datasets.name=columns.dataset columns.type EQ 'BLOB' END"),
        ("data with columns of type blob", "data with columns", "FROM datasets SELECT datasets.name", ""),
        ("the share of columns of type blob", "", COLUMNS, ""),
        ("which type have the columns of MNIST", "", COLUMNS, ""),
        ("date columns of MNIST", "", COLUMNS, ""),
        ("data of type text", "", COLUMNS, ""),
        ("columns of MNIST >> those of type blob", "", COLUMNS, ""),
    ],
)
def test_a_type_of_columns_is_left_out_and_put_back(question: str, text: str, plan: str, restored: str) -> None:
    found = reworded(linked(question), is_sure=True)
    assert (found[0].text if found else "") == text
    query = parse(plan)
    assert isinstance(query, Query)
    typed = found[1](query) if found else None
    assert (restored in spelled(typed) if typed else not restored)


OWNERS = "FROM datasets WHERE datasets.pii IS_TRUE SELECT datasets.owner"
NONE = "FROM datasets SELECT datasets.owner HAVING COUNT_IF datasets.pii IS_TRUE END EQ 0"


@pytest.mark.parametrize(
    ("question", "is_sure", "text", "restored"),
    [
        ("which owners have no data with faces", False, "which owners have data with faces", NONE),
        ("owners without any data with faces", False, "owners with data with faces", NONE),
        ("which owners have no data with faces", True, "", ""),
        ("which owners have data with faces", False, "", ""),
        ("which tables have no faces", False, "which tables have faces", ""),
        ("which owners have no data with no faces", False, "", ""),
    ],
)
def test_groups_that_have_none_are_read_as_those_that_have_some(question: str, is_sure: bool, text: str, restored: str) -> None:
    found = reworded(linked(question), is_sure)
    assert (found[0].text if found else "") == text
    query = parse(OWNERS)
    assert isinstance(query, Query)
    none = found[1](query) if found else None
    assert (spelled(none) if none else "") == restored


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("did Mei Chen see MNIST?", "audit log of person1 on dataset1"),
        ("has Mei Chen ever queried MNIST last month", "audit log of person1 on dataset1 period1"),
        ("what did Mei Chen see of MNIST?", ""),
        ("did Mei Chen buy MNIST?", ""),
    ],
)
def test_who_has_seen_what_is_in_the_log(question: str, text: str) -> None:
    names = NameIndex()
    for kind, name in (("dataset", "MNIST"), ("person", "Mei Chen")):
        names.add(kind, name, name)
    other = reworded(link(question, names, NOW), is_sure=True)
    assert (other[0].text if other else "") == text
