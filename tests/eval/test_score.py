"""When two results are the same, as a table."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.score import Rows, same_result

SAME: list[tuple[str, Rows, Rows]] = [
    ("equal", [(1, "a")], [(1, "a")]),
    ("row order", [(1,), (2,)], [(2,), (1,)]),
    ("extra columns", [("a",), ("b",)], [("a", 1), ("b", 2)]),
    ("column order", [("a", 1)], [(1, "a")]),
    ("duplicates", [("a",)], [("a",), ("a",)]),
    ("float noise", [(0.1 + 0.2,)], [(0.3,)]),
    ("integer and float", [(3,)], [(3.0,)]),
    ("midnight and day", [(date(2026, 10, 1),)], [(datetime(2026, 10, 1),)]),
    ("list order", [(["x", "y"],)], [(("y", "x"),)]),
    ("nothing", [], []),
    ("nulls", [(None, 1)], [(None, 1)]),
    ("duplicates that extra columns make", [("a",), ("b",)], [("a", 1), ("a", 2), ("b", 3)]),
]
DIFFERENT: list[tuple[str, Rows, Rows]] = [
    ("another value", [(1,)], [(2,)]),
    ("a row less", [(1,), (2,)], [(1,)]),
    ("a row more", [(1,)], [(1,), (2,)]),
    ("rows and none", [(1,)], []),
    ("none and rows", [], [(1,)]),
    ("a column less", [("a", 1)], [("a",)]),
    ("values of a column paired otherwise", [("a", 1), ("b", 2)], [("a", 2), ("b", 1)]),
    ("null and zero", [(None,)], [(0,)]),
    ("true and one in text", [(True,)], [("True",)]),
    ("one column for two", [(1, 1), (1, 2)], [(1,), (2,)]),
]


@pytest.mark.parametrize(("gold", "predicted"), [c[1:] for c in SAME], ids=[c[0] for c in SAME])
def test_the_same(gold: Rows, predicted: Rows) -> None:
    assert same_result(gold, predicted)


@pytest.mark.parametrize(("gold", "predicted"), [c[1:] for c in DIFFERENT], ids=[c[0] for c in DIFFERENT])
def test_not_the_same(gold: Rows, predicted: Rows) -> None:
    assert not same_result(gold, predicted)


def test_order_counts_where_it_is_said_to() -> None:
    assert same_result([(1,), (2,)], [(1,), (2,)], ordered=True)
    assert not same_result([(1,), (2,)], [(2,), (1,)], ordered=True)


@given(rows=st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=6), data=st.data())
def test_permuting_rows_and_columns_changes_nothing(rows: list[tuple[int, str]], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert same_result(rows, [tuple(reversed(row)) for row in shuffled])
