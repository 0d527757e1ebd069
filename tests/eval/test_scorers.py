"""What each rule counts as right: tables of cases, and naive references on small tables."""

import math
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.scorers import SCORERS, Table
from eval.scorers.distinct import without_distinct
from eval.suite import Comparison
from nl2sql.errors import SqlSyntax

Rows = Sequence[Sequence[Any]]


def table(rows: Rows, *columns: str) -> Table:
    return Table(columns, [tuple(row) for row in rows])


def right(mode: str, gold: Rows, predicted: Rows, /, *, columns: Sequence[str] = (), **policy: Any) -> bool:
    return SCORERS[mode](table(gold, *columns), table(predicted), Comparison(**policy))


# --- steward: one row per thing that counts or does not

NOON = datetime(2026, 10, 1, 12)
SAME: list[tuple[str, Rows, Rows, dict[str, Any]]] = [
    ("equal", [(1, "a")], [(1, "a")], {}),
    ("row order", [(1,), (2,)], [(2,), (1,)], {}),
    ("row order, counted", [(1,), (2,)], [(1,), (2,)], {"order": True}),
    ("extra columns", [("a",), ("b",)], [("a", 1), ("b", 2)], {}),
    ("extra columns in order", [("a",), ("b",)], [(1, "a"), (2, "b")], {"order": True}),
    ("column order", [("a", 1)], [(1, "a")], {"extra_columns": False}),
    ("duplicates", [("a",)], [("a",), ("a",)], {}),
    ("duplicates that extra columns make", [("a",), ("b",)], [("a", 1), ("a", 2), ("b", 3)], {}),
    ("duplicates in order", [("b",), ("a",)], [("b",), ("b",), ("a",), ("b",)], {"order": True}),
    ("as many duplicates", [("a",), ("a",), ("b",)], [("a",), ("b",), ("a",)], {"duplicates": True}),
    ("float noise", [(0.1 + 0.2,)], [(0.3,)], {}),
    ("float noise about zero", [(0,)], [(5e-17,)], {}),
    ("floats on both sides of a rounding boundary", [(0.1234565,)], [(0.12345649999,)], {}),
    ("a hundredth", [(100,)], [(100.9,)], {"tolerance": 0.01}),
    ("integer and float", [(3,)], [(3.0,)], {"tolerance": 0}),
    ("decimal and float", [(Decimal("0.30"),)], [(0.3,)], {"tolerance": 0}),
    ("decimal and integer", [(Decimal("3.00"),)], [(3,)], {}),
    ("large integers", [(2**200,)], [(2**200,)], {}),
    ("infinities", [(math.inf,), (-math.inf,), (math.nan,)], [(math.nan,), (Decimal("Infinity"),), (-math.inf,)], {}),
    ("midnight and day", [(date(2026, 10, 1),)], [(datetime(2026, 10, 1),)], {}),
    ("one instant in two zones", [(NOON.replace(tzinfo=UTC),)], [(datetime(2026, 10, 1, 14, tzinfo=timezone(timedelta(hours=2))),)], {}),
    ("instant in UTC and without zone", [(NOON.replace(tzinfo=UTC),)], [(NOON,)], {}),
    ("list order", [(["x", "y"],)], [(("y", "x"),)], {}),
    ("numbers in lists", [([1, 0.1 + 0.2],)], [([0.3, 1.0],)], {}),
    ("struct", [({"a": [1, 2], "b": None},)], [({"b": None, "a": [2, 1]},)], {}),
    ("bytes", [(b"\x00a",)], [(bytearray(b"\x00a"),)], {}),
    ("spans and times", [(timedelta(hours=1), time(1))], [(time(1), timedelta(minutes=60))], {}),
    ("identifier and its text", [(UUID(int=7),)], [(str(UUID(int=7)),)], {}),
    ("nothing", [], [], {}),
    ("nulls", [(None, 1)], [(None, 1)], {}),
    ("null rows that do not count", [("a", 1), (None, None)], [("a", 1)], {"nulls": False}),
    ("null rows of compared columns", [("a",)], [("a", 1), (None, 2)], {"nulls": False}),
    ("only null rows", [(None,)], [], {"nulls": False}),
    ("rows after the gold's", [(1,), (2,)], [(3,), (2,), (1,)], {"limit": False}),
    ("rows after the gold's, in order", [(1,), (2,)], [(1,), (2,), (3,)], {"limit": False, "order": True}),
    ("rows after the gold's, as often", [(1,), (1,)], [(1,), (2,), (1,), (1,)], {"limit": False, "duplicates": True}),
]
DIFFERENT: list[tuple[str, Rows, Rows, dict[str, Any]]] = [
    ("another value", [(1,)], [(2,)], {}),
    ("a row less", [(1,), (2,)], [(1,)], {}),
    ("a row more", [(1,)], [(1,), (2,)], {}),
    ("rows and none", [(1,)], [], {}),
    ("none and rows", [], [(1,)], {}),
    ("none and rows without limit", [], [(1,)], {"limit": False}),
    ("a column less", [("a", 1)], [("a",)], {}),
    ("an extra column where none may be", [("a",)], [("a", 1)], {"extra_columns": False}),
    ("values of a column paired otherwise", [("a", 1), ("b", 2)], [("a", 2), ("b", 1)], {}),
    ("row order, counted", [(1,), (2,)], [(2,), (1,)], {"order": True}),
    ("duplicates, counted", [("a",)], [("a",), ("a",)], {"duplicates": True}),
    ("fewer duplicates without limit", [(1,), (1,)], [(1,), (2,)], {"limit": False, "duplicates": True}),
    ("rows before the gold's, in order", [(1,), (2,)], [(3,), (1,), (2,)], {"limit": False, "order": True}),
    ("null and zero", [(None,)], [(0,)], {}),
    ("null row", [("a",), (None,)], [("a",)], {}),
    ("partly null row", [("a", 1), (None, 2)], [("a", 1)], {"nulls": False}),
    ("truth and its text", [(True,)], [("True",)], {}),
    ("truth and a count", [(True,)], [(1,)], {}),
    ("number and its text", [(1,)], [("1",)], {}),
    ("case", [("a",)], [("A",)], {}),
    ("one column for two", [(1, 1), (1, 2)], [(1,), (2,)], {}),
    ("one column twice", [(1, 1), (2, 2)], [(1, 5), (2, 6)], {}),
    ("beyond the tolerance", [(100,)], [(101.1,)], {"tolerance": 0.01}),
    ("neighbours of neighbours", [(1.0,), (1.009,), (1.018,)], [(1.0,)], {"tolerance": 0.01}),
    ("neighbours of neighbours in order", [(1.0,), (1.009,), (1.018,)], [(1.018,), (1.009,), (1.0,)], {"tolerance": 0.01, "order": True}),
    ("no one-to-one match", [(1.0,), (1.0,), (1.009,)], [(1.009,), (1.018,), (1.018,)], {"tolerance": 0.01, "duplicates": True}),
    ("large integers", [(2**200,)], [(2**200 + 1,)], {"tolerance": 0}),
    ("items of a list", [(["x", "x", "y"],)], [(["x", "y", "y"],)], {}),
]


@pytest.mark.parametrize(("gold", "predicted", "policy"), [c[1:] for c in SAME], ids=[c[0] for c in SAME])
def test_the_same(gold: Rows, predicted: Rows, policy: dict[str, Any]) -> None:
    assert right("steward", gold, predicted, **policy)


@pytest.mark.parametrize(("gold", "predicted", "policy"), [c[1:] for c in DIFFERENT], ids=[c[0] for c in DIFFERENT])
def test_not_the_same(gold: Rows, predicted: Rows, policy: dict[str, Any]) -> None:
    assert not right("steward", gold, predicted, **policy)


def test_optional_columns_may_be_missing() -> None:
    gold: Rows = [("a", 1, "x"), ("b", 2, "y")]
    names = {"columns": ("name", "size", "owner"), "optional": ("Size", "owner")}
    assert right("steward", gold, [("a",), ("b",)], **names)
    assert right("steward", gold, [("a", "x"), ("b", "y")], **names, extra_columns=False)
    assert not right("steward", gold, [("a", "z"), ("b", "z")], **names, extra_columns=False)
    assert not right("steward", gold, [(1, "x"), (2, "y")], **names)


def test_null_rows_of_compared_columns_are_nothing() -> None:
    assert SCORERS["steward"](Table(("a",), []), table([(None, 1)]), Comparison(nulls=False))
    assert not SCORERS["steward"](Table(("a",), []), table([(2, 1)]), Comparison(nulls=False, limit=False))


def test_of_columns_all_optional_one_is_found() -> None:
    names = {"columns": ("name", "size"), "optional": ("name", "size")}
    assert right("steward", [("a", 1)], [(1,)], **names)
    assert not right("steward", [("a", 1)], [(2,)], **names)


CELLS = st.sampled_from([None, 0, 1, 1.0, 2, "a", True])


@st.composite
def pairs(draw: st.DrawFn, cells: st.SearchStrategy[Any], widest: int = 4) -> tuple[Rows, Rows]:
    """Two tables: unrelated, or one the other with rows and columns moved, so that right and wrong are both common."""
    width = draw(st.integers(1, widest))
    rows = st.lists(st.tuples(*[cells] * width), max_size=4)
    gold = draw(rows)
    if draw(st.booleans()) and draw(st.booleans()):
        return gold, draw(rows)
    order = draw(st.permutations(range(width)))
    moved = [[row[i] for i in order] for row in draw(st.permutations(gold))]
    if moved and draw(st.booleans()):
        moved[draw(st.integers(0, len(moved) - 1))][draw(st.integers(0, width - 1))] = draw(cells)
    return gold, [tuple(row) for row in moved]


@given(pairs(CELLS), st.booleans())
def test_the_test_suite_rule_is_that_of_its_authors(both: tuple[Rows, Rows], order: bool) -> None:
    gold, predicted = both
    assert right("test-suite", gold, predicted, order=order) == by_permutations(gold, predicted, order)


@given(pairs(st.integers(0, 1), widest=6))
def test_many_alike_columns_are_told_apart(both: tuple[Rows, Rows]) -> None:
    assert right("test-suite", *both) == by_permutations(*both, False)


def by_permutations(gold: Rows, predicted: Rows, order: bool) -> bool:
    """The rule by its definition: some permutation of columns makes the rows equal, and the quick test does not object."""
    if len(gold) != len(predicted) or (gold and len(gold[0]) != len(predicted[0])):
        return False
    texts = [[tuple(sorted(row, key=lambda x: str(x) + str(type(x)))) for row in rows] for rows in (gold, predicted)]
    if texts[0] != texts[1] if order else set(texts[0]) != set(texts[1]):
        return False
    choices = permutations(range(len(gold[0]))) if gold else [()]
    moved = ([tuple(row[i] for i in chosen) for row in predicted] for chosen in choices)
    return any(list(gold) == rows if order else Counter(gold) == Counter(rows) for rows in moved)


def test_the_quick_test_is_part_of_the_rule() -> None:
    assert not right("test-suite", [(1, 1.5)], [(1.0, 1.5)])
    assert right("multiset", [(1, 1.5)], [(1.0, 1.5)])


@pytest.mark.parametrize("mode", list(SCORERS))
@pytest.mark.parametrize("order", [False, True])
def test_many_columns_take_no_factorial_time(mode: str, order: bool) -> None:
    wide = [tuple(i % 2 for _ in range(60)) for i in range(4)]
    assert right(mode, wide, wide, order=order)
    one_hot = [tuple(int(i == j) for j in range(24)) for i in range(24)]
    assert right("test-suite", one_hot, [tuple(reversed(row)) for row in one_hot], order=False)
    assert not right(mode, one_hot, [*one_hot[:-1], (2,) * 24], order=order)


def test_alike_by_every_count_and_yet_not_the_same() -> None:
    """A ring of six and two rings of three: each row has two ones and each column too, so refinement alone sees no difference."""
    ring = [tuple(int(j in (i, (i + 1) % 6)) for j in range(6)) for i in range(6)]
    rings = [tuple(int(j in (i, i // 3 * 3 + (i + 1) % 3)) for j in range(6)) for i in range(6)]
    shuffled = [tuple(row[j] for j in (3, 1, 5, 0, 2, 4)) for row in reversed(ring)]
    assert right("test-suite", ring, shuffled)
    assert not right("test-suite", ring, rings)
    assert not right("steward", ring, rings)


NUMBERS = st.sampled_from([0, 1.0, 1.006, 1.012, 1.018, 1.024, 3, None])


@given(pairs(NUMBERS, widest=3), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_steward_is_its_definition(both: tuple[Rows, Rows], duplicates: bool, limit: bool, nulls: bool, extra: bool) -> None:
    gold, predicted = both
    policy = Comparison(duplicates=duplicates, limit=limit, nulls=nulls, extra_columns=extra, tolerance=0.01)
    assert SCORERS["steward"](table(gold), table(predicted), policy) == by_choice(gold, predicted, policy)


def by_choice(gold: Rows, predicted: Rows, policy: Comparison) -> bool:
    """The rule by its definition, for unordered rows: some choice of columns, then nearness of rows pair by pair."""
    if not gold and not predicted:
        return True
    shown = [row for row in gold if policy.nulls or any(cell is not None for cell in row)]
    if not policy.nulls and not shown and not any(cell is not None for row in predicted for cell in row):
        return True
    if not gold or not predicted:
        return False
    if len(gold[0]) > len(predicted[0]) or (not policy.extra_columns and len(gold[0]) != len(predicted[0])):
        return False
    for chosen in permutations(range(len(predicted[0])), len(gold[0])):
        found = [tuple(row[i] for i in chosen) for row in predicted]
        found = [row for row in found if policy.nulls or any(cell is not None for cell in row)]
        if _rows_near(shown, found, policy):
            return True
    return False


def _rows_near(gold: Rows, found: Rows, policy: Comparison) -> bool:
    def same(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return left is right
        return bool(abs(left - right) <= policy.tolerance * max(abs(left), abs(right)))

    def near(left: Sequence[Any], right: Sequence[Any]) -> bool:
        return all(map(same, left, right))

    closed = policy.limit or not gold
    if not policy.duplicates:
        there = all(any(near(g, f) for f in found) for g in gold)
        return there and (not closed or all(any(near(g, f) for g in gold) for f in found))
    if len(found) < len(gold) or (closed and len(found) != len(gold)):
        return False
    return any(all(map(near, gold, chosen)) for chosen in permutations(found, len(gold)))


@given(pairs(NUMBERS, widest=3), st.booleans(), st.booleans())
def test_order_with_repetition_is_row_by_row(both: tuple[Rows, Rows], limit: bool, extra: bool) -> None:
    gold, predicted = both
    policy = Comparison(order=True, duplicates=True, limit=limit, extra_columns=extra, tolerance=0.01)
    expected = not gold and not predicted
    if gold and predicted and len(predicted) >= len(gold) and (not limit or len(predicted) == len(gold)):
        width, wide = len(gold[0]), len(predicted[0])
        one = policy.model_copy(update={"duplicates": True, "limit": True})
        expected = (extra or width == wide) and any(
            all(_rows_near([g], [tuple(p[i] for i in chosen)], one) for g, p in zip(gold, predicted, strict=False))
            for chosen in permutations(range(wide), width)
        )
    assert SCORERS["steward"](table(gold), table(predicted), policy) == expected


@given(pairs(NUMBERS), st.booleans(), st.booleans(), st.booleans())
def test_steward_knows_no_sides(both: tuple[Rows, Rows], order: bool, duplicates: bool, nulls: bool) -> None:
    gold, predicted = both
    policy = Comparison(order=order, duplicates=duplicates, nulls=nulls, extra_columns=False, tolerance=0.01)
    one, other = (SCORERS["steward"](table(a), table(b), policy) for a, b in ((gold, predicted), (predicted, gold)))
    if gold and predicted:
        assert one == other


@given(pairs(CELLS), st.sampled_from(list(SCORERS)), st.booleans())
def test_whatever_is_the_same_is_right(both: tuple[Rows, Rows], mode: str, order: bool) -> None:
    rows, _ = both
    names = tuple("abcd"[: len(rows[0])]) if rows else ("a",)
    same = Table(names, [tuple(row) for row in rows])
    assert SCORERS[mode](same, same, Comparison(order=order))


@pytest.mark.parametrize("mode", list(SCORERS))
def test_large_results(mode: str) -> None:
    draw = random.Random(4)
    rows = [(i, *(draw.random() for _ in range(7)), draw.choice("abc"), None) for i in range(10_000)]
    moved = [(*row[1:], row[0]) for row in rows] if mode in ("steward", "test-suite", "spider2", "defog") else list(rows)
    assert right(mode, rows, moved, order=True)
    draw.shuffle(moved)
    assert right(mode, rows, moved, order=False) or mode == "ordered"
    moved[7] = (*moved[7][:-1], -1)
    assert not right(mode, rows, moved, order=False)


@pytest.mark.parametrize("mode", list(SCORERS))
def test_whatever_duckdb_returns_is_compared(mode: str) -> None:
    sql = """SELECT 1.5::DECIMAL(9, 2), 'ab'::BLOB, INTERVAL 3 HOURS, {'a': [1, NULL], 'b': {'c': 2}}, MAP {'k': [1]}, uuid(), 1::HUGEINT,
        DATE '2026-10-01', TIMESTAMP '2026-10-01 00:00:00', TIME '01:02:03', [[1, 2], [3]], 'nan'::DOUBLE, NULL, true, '101'::BIT FROM range(3)"""
    with duckdb.connect() as engine:
        rows = engine.execute(sql).fetchall()
    assert right(mode, rows, rows, order=True)


# --- plain rules

PLAIN: list[tuple[str, Rows, Rows, set[str]]] = [
    ("equal", [(1, "a")], [(1, "a")], {"bird-set", "multiset", "ordered", "test-suite"}),
    ("row order", [(1,), (2,)], [(2,), (1,)], {"bird-set", "multiset", "test-suite"}),
    ("repetition", [(1,)], [(1,), (1,)], {"bird-set"}),
    ("column order", [(1, "a")], [("a", 1)], {"test-suite"}),
    ("one, one and true", [(1,)], [(True,)], {"bird-set", "multiset", "ordered", "test-suite"}),
    ("empty", [], [], {"bird-set", "multiset", "ordered", "test-suite"}),
    ("lists", [([1],)], [([1],)], {"bird-set", "multiset", "ordered", "test-suite"}),
    ("noise", [(0.3,)], [(0.1 + 0.2,)], set()),
    ("text and number", [("1",)], [(1,)], set()),
    ("null and nothing", [(None,)], [], set()),
]


@pytest.mark.parametrize(("gold", "predicted", "modes"), [c[1:] for c in PLAIN], ids=[c[0] for c in PLAIN])
def test_plain_rules(gold: Rows, predicted: Rows, modes: set[str]) -> None:
    assert {mode for mode in ("bird-set", "multiset", "ordered", "test-suite") if right(mode, gold, predicted)} == modes


def test_empty_results_are_the_same_whatever_their_widths() -> None:
    assert SCORERS["test-suite"](Table(("a",), []), Table(("a", "b"), []), Comparison())


# --- tolerant rules


def test_spider2() -> None:
    gold: Rows = [("a", 1.0), ("b", 2.0)]
    assert right("spider2", gold, [(2.005, "x", "b"), (1.0, "y", "a")])
    assert not right("spider2", gold, [(2.02, "b"), (1.0, "a")])
    assert not right("spider2", gold, [("b", 2.0), ("a", 1.0)], order=True)
    assert not right("spider2", gold, [("a",), ("b",)])
    assert right("spider2", gold, [("a",), ("b",)], columns=("name", "size"), optional=("size",))
    assert right("spider2", gold, [("a", 2.0), ("b", 1.0)]), "columns are compared one by one"
    assert right("spider2", [(None,)], [(math.nan,)])


def test_defog() -> None:
    gold: Rows = [("a", 1), ("b", 2)]
    braces = {"columns": ("name", "size"), "optional": ("name", "size")}
    assert right("defog", gold, [(2, "x", "b"), (1, "y", "a")])
    assert not right("defog", gold, [("a",), ("b",)])
    assert right("defog", gold, [("b",), ("a",)], **braces)
    assert not right("defog", gold, [("c",), ("d",)], **braces)
    assert not right("defog", gold, [("a", 2), ("b", 1)])
    assert not right("defog", gold, [("b", 2), ("a", 1)], order=True)
    assert right("defog", gold, [("a", 1), ("a", 1), ("b", 2)]), "as many columns: repetition is ignored"
    assert not right("defog", gold, [("a", 1, 0), ("a", 1, 0), ("b", 2, 0)])
    assert SCORERS["defog"](Table(("a",), []), Table(("b",), []), Comparison())
    assert not SCORERS["defog"](Table(("a",), []), Table(("a", "b"), []), Comparison())


# --- DISTINCT


@pytest.mark.parametrize(("sql", "expected"), [
    ("SELECT DISTINCT a FROM t", "SELECT a FROM t"),
    ("SELECT count(DISTINCT a) FROM t", "SELECT COUNT(a) FROM t"),
    ("SELECT count(DISTINCT a, b) FROM t", "SELECT COUNT(a, b) FROM t"),
    ("SELECT a FROM t WHERE a IN (SELECT DISTINCT a FROM t)", "SELECT a FROM t WHERE a IN (SELECT a FROM t)"),
    ("WITH w AS (SELECT DISTINCT a FROM t) SELECT * FROM w", "WITH w AS (SELECT a FROM t) SELECT * FROM w"),
    ("SELECT a FROM t UNION SELECT DISTINCT a FROM t", "SELECT a FROM t UNION SELECT a FROM t"),
    ("SELECT a FROM t EXCEPT SELECT a FROM t", "SELECT a FROM t EXCEPT SELECT a FROM t"),
    ("SELECT a FROM t WHERE a IS DISTINCT FROM 1", "SELECT a FROM t WHERE a IS DISTINCT FROM 1"),
    ("SELECT DISTINCT ON (a) a FROM t", "SELECT DISTINCT ON (a) a FROM t"),
    ("SELECT 'distinct' AS \"distinct\" FROM t", "SELECT 'distinct' AS \"distinct\" FROM t"),
])
def test_distinct_goes(sql: str, expected: str) -> None:
    assert without_distinct(sql) == expected


def test_without_distinct_rows_count_as_often_as_they_occur() -> None:
    with duckdb.connect() as engine:
        for sql in ("SELECT count(DISTINCT x) FROM (SELECT DISTINCT range % 2 AS x FROM range(6))", "SELECT DISTINCT range % 2 FROM range(6)"):
            rows = engine.execute(without_distinct(sql)).fetchall()
            assert rows == [(6,)] or len(rows) == 6


@pytest.mark.parametrize("sql", ["SELECT DISTINCT FROM WHERE", "SELECT (", ""])
def test_what_is_no_sql_is_said_to_be(sql: str) -> None:
    with pytest.raises(SqlSyntax):
        without_distinct(sql)
