"""Trees of DuckDB 2.0 mean to the guard what those of the engine in use mean, and nothing in them goes unread."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.access.policy import Authorisation
from catalog.errors import GovernanceError
from nl2sql.errors import NotAllowed
from nl2sql.guard import approve, parse, render, schema_of, tree, tree2
from nl2sql.guard.binder import Binder
from tests.nl2sql.guard.golden_trees import golden

# Statements whose text the parser of 2.0 reads another way: same rows, other words. The rest becomes the same text.
OTHER_WORDS = {
    "extract(": "the unit keeps its case, in capitals",
    "EXTRACT(": "the unit keeps its case, in capitals",
    "NOT LIKE '%4' ESCAPE": "NOT beside LIKE … ESCAPE, no function of its own",
    "DISTINCT": "list(DISTINCT … ORDER BY …) is not written as a sorted list",
    '"first"(': "first_value in a window",
    '"last"(': "last_value in a window",
}
STRICTER = frozenset({"SELECT x'00'"})
"""A text to 1.5, bytes to 2.0, which are no literal that the guard knows."""
NAMES = frozenset({"alias", "text", "key", "relation_name"})
"""Fields that hold any text; every other text is one of a list, or is said twice."""
LISTS_OF_NAMES = frozenset({"column_names", "column_name_alias", "aliases", "using_columns", "exclude_list"})
INDEXES = frozenset({"group_sets"})


@cache
def trees() -> list[tuple[str, Any]]:
    return golden()


def outcome(statement: Any, asker: Authorisation, now: datetime) -> tuple[str, str]:
    """What the guard makes of a tree: the text that would run, or the kind of the refusal."""
    try:
        parse._check_size(statement)
        tree.check(statement)
        return "sql", render.query(Binder(schema_of(asker), now).statement(statement)["node"])
    except GovernanceError as refused:
        return "refused", type(refused).__name__


def read(sql: str, asker: Authorisation, now: datetime) -> tuple[str, str]:
    try:
        return outcome(parse.tree_of(sql), asker, now)
    except GovernanceError as refused:
        return "refused", type(refused).__name__


def translated(raw: Any, asker: Authorisation, now: datetime) -> tuple[str, str]:
    try:
        return outcome(tree2.translated(raw), asker, now)
    except GovernanceError as refused:
        return "refused", type(refused).__name__


def test_there_are_enough_trees() -> None:
    assert len(trees()) >= 400
    classes = {str(node.get("class")) for _, raw in trees() for node in tree.walk(raw)}
    assert tree2.EXPRESSIONS.keys() <= classes


def test_a_tree_of_duckdb_2_means_what_the_engine_in_use_means(analyst: Authorisation, everyone: Authorisation, now: datetime) -> None:
    """Verdict and text of every statement. A text that is approved here is one that this engine approves."""
    other, approved = [], 0
    for sql, raw in trees():
        for asker in (analyst, everyone):
            here, there = read(sql, asker, now), translated(raw, asker, now)
            approved += there[0] == "sql"
            if sql in STRICTER:
                assert there[0] == "refused"
            elif here != there and not (here[0] == there[0] == "refused"):
                other.append((sql, here, there))
    assert approved > 500
    assert [found for found in other if found[1][0] != "sql" or found[2][0] != "sql"] == [], "one is refused and the other is not"
    assert [found for found in other if not any(word in found[0] for word in OTHER_WORDS)] == []


def test_the_reader_goes_with_the_engine() -> None:
    assert (parse._reader() is tree2.translated) == (int(duckdb.__version__.split(".")[0]) >= 2)


def test_a_tree_of_duckdb_1_is_none_of_2() -> None:
    if parse._reader() is tree2.translated:
        raw: Any = {"node": trees()[0][1]["node"], "named_param_map": [], "new": 1}
    else:
        raw = parse.tree_of("SELECT name FROM datasets LIMIT 1")
    with pytest.raises(NotAllowed):
        tree2.translated(raw)


def test_a_text_with_a_nul_is_refused_by_every_engine(analyst: Authorisation, now: datetime) -> None:
    for sql in ("SELECT '\x00'", 'SELECT name AS "a\x00b" FROM datasets'):
        with pytest.raises(GovernanceError):
            approve(sql, schema_of(analyst), now)


def refused(raw: Any) -> bool:
    """Whether the translation or the walk refuses; any other error fails the test by itself."""
    try:
        tree.check(tree2.translated(raw))
    except NotAllowed:
        return True
    return False


def changes(node: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Fields of a node with what may not stand there; a field that is ``...`` goes."""
    yield "new_field", 1
    yield "new_field", None
    for field, value in node.items():
        yield field, ...
        if isinstance(value, str) and field not in NAMES:
            yield from ((field, "NEW_VALUE"), (field, ["NEW_VALUE"]), (field, None), (field, 1.5))
        elif field in NAMES:
            yield from ((field, ["NEW_VALUE"]), (field, None), (field, 7))
        elif isinstance(value, bool):
            yield from ((field, "NEW_VALUE"), (field, None))
        elif isinstance(value, dict) or value is None:
            yield from ((field, {"class": "NEW_CLASS", "type": "NEW_TYPE", "alias": ""}), (field, "NEW_VALUE"), (field, {}), (field, [{}]))
        elif isinstance(value, list):
            yield from ((field, "NEW_VALUE"), (field, {}), (field, [*value, {}]), (field, [*value, None]))
            if field not in LISTS_OF_NAMES | INDEXES:
                yield from ((field, [*value, "NEW_VALUE"]), (field, [*value, 7]))


def placed(raw: Any) -> list[tuple[dict[str, Any], tuple[str, ...]]]:
    """Every object of a tree with the fields that lead to it."""
    found, stack = [], [(raw, ())]
    while stack:
        item, path = stack.pop()
        if isinstance(item, dict):
            found.append((item, path))
            stack.extend((value, (*path, field)) for field, value in item.items())
        elif isinstance(item, list):
            stack.extend((value, path) for value in item)
    return found


def unread(raw: Any, node: dict[str, Any], path: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Changes of one node that are not refused. The tree is as before afterwards."""
    passed = []
    for field, value in list(changes(node, path)):
        before = dict(node)
        if value is ...:
            del node[field]
        else:
            node[field] = value
        if node != before and not refused(raw):
            passed.append((*path, field, value))
        node.clear()
        node.update(before)
    return passed


@cache
def accepted() -> list[tuple[str, Any]]:
    return [(sql, raw) for sql, raw in trees() if not refused(raw)]


@settings(max_examples=150)
@given(data=st.data())
def test_whatever_is_unknown_is_refused_wherever_it_stands(data: st.DataObject) -> None:
    sql, raw = data.draw(st.sampled_from(accepted()))
    node, path = data.draw(st.sampled_from(placed(raw)))
    assert unread(raw, node, path) == [], sql


def test_every_node_of_some_trees_is_read_whole() -> None:
    """Of each class one node, with every change that can be thought of."""
    seen = set[str]()
    for sql, raw in accepted():
        for node, path in placed(raw):
            kind = str(node.get("class", node.get("type", path[-1:])))
            if kind not in seen:
                seen.add(kind)
                assert unread(raw, node, path) == [], sql
    assert len(seen) >= 30
