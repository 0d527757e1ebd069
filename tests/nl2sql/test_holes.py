"""SQL with holes: what becomes one, and that no value is ever more than a literal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.errors import UsageError
from catalog.semantic import views
from nl2sql.errors import Repairable
from nl2sql.guard import Schema, approve, parse
from nl2sql.guard.tree import walk
from nl2sql.holes import bound, example_values, template
from nl2sql.values import Number, Period, Text, Value

NOW = datetime(2026, 10, 16, 12)
EVERY = Schema({view.name: {column.name: column.type for column in view.columns.values()} for view in views().values()})
WEEK = Period(datetime(2026, 10, 5), datetime(2026, 10, 12))
HEAD = "SELECT datasets.name FROM datasets WHERE datasets."


@pytest.mark.parametrize(
    ("sql", "holes", "values", "written"),
    [
        ("SELECT name FROM datasets WHERE name = '{dataset}'", ["dataset"], {}, f"{HEAD}name = '{{dataset}}'"),
        ("SELECT name FROM datasets WHERE bytes > '{number}' LIMIT '{number2}'", ["number", "number2"], {}, f"{HEAD}bytes > '{{number}}' LIMIT '{{number2}}'"),
        ("SELECT name FROM datasets WHERE last_updated >= '{period.start}'", ["period"], {}, f"{HEAD}last_updated >= TIMESTAMP '{{period.start}}'"),
        ("SELECT name FROM datasets WHERE last_updated < now() - INTERVAL 7 DAY", [], {}, f"{HEAD}last_updated < TIMESTAMP '{{now}}' - INTERVAL 7 DAY"),
        ("SELECT name FROM datasets WHERE last_updated < current_date", [], {}, f"{HEAD}last_updated < DATE '{{today}}'"),
        ("SELECT name FROM datasets WHERE last_updated < TIMESTAMP '2026-10-16 12:00:00'", [], {}, f"{HEAD}last_updated < TIMESTAMP '{{now}}'"),
        ("SELECT name FROM datasets WHERE name = 'C4' OR owner = 'C4'", [], {"dataset": Text(("C4",))}, f"{HEAD}name = '{{dataset}}' OR datasets.owner = '{{dataset}}'"),
        ("SELECT name FROM datasets WHERE name IN ('a', 'b')", [], {"dataset": Text(("b", "a"))}, f"{HEAD}name IN ('{{dataset}}')"),
        ("SELECT name FROM datasets WHERE name IN ('a', 'b', 'c')", [], {"dataset": Text(("b", "a"))}, f"{HEAD}name IN ('a', 'b', 'c')"),
        ("SELECT name FROM datasets WHERE name ILIKE '%C4%'", [], {"dataset": Text(("C4",))}, f"{HEAD}name ILIKE '%C4%'"),
        ("SELECT name FROM datasets WHERE bytes > 3", [], {"number": Number(3.0)}, f"{HEAD}bytes > '{{number}}'"),
        ("SELECT name FROM datasets WHERE bytes > 3 LIMIT 3", [], {"number": Number(3.0)}, f"{HEAD}bytes > 3 LIMIT 3"),
        (
            "SELECT name FROM datasets WHERE last_updated >= '2026-10-05' AND last_updated < TIMESTAMP '2026-10-12 00:00:00'",
            [], {"period": WEEK}, f"{HEAD}last_updated >= TIMESTAMP '{{period.start}}' AND datasets.last_updated < TIMESTAMP '{{period.end}}'",
        ),
    ],
)  # fmt: skip
def test_what_becomes_a_hole(sql: str, holes: Sequence[str], values: dict[str, Value], written: str) -> None:
    assert template(sql, EVERY, holes, values, NOW).sql == written


def test_a_hole_that_the_question_has_not_is_refused() -> None:
    with pytest.raises(UsageError, match=r"\{node\}"):
        template("SELECT name FROM datasets WHERE name = '{node}'", EVERY, ["dataset"])


@pytest.mark.parametrize("sql", ["SELECT name FROM datasets WHERE bytes > '{dataset}'", "SELECT '{dataset} x' || nope FROM datasets", "DROP TABLE '{dataset}'", "SELECT 1; SELECT '{dataset}'"])
def test_the_guard_reads_what_has_holes(sql: str) -> None:
    with pytest.raises(Repairable):
        template(sql, EVERY, ["dataset"])


@pytest.mark.parametrize(
    ("sql", "values", "written"),
    [
        (f"{HEAD}name = '{{dataset}}'", {"dataset": Text(("O'Brien",))}, f"{HEAD}name = 'O''Brien'"),
        (f"{HEAD}name = '{{dataset}}'", {"dataset": Text(("a", "{now}"))}, f"{HEAD}name IN ('a', '{{now}}')"),
        (f"{HEAD}name <> '{{dataset}}'", {"dataset": Text(("a", "b"))}, f"{HEAD}name NOT IN ('a', 'b')"),
        (f"{HEAD}name IN ('{{dataset}}', 'z')", {"dataset": Text(("a", "b"))}, f"{HEAD}name IN ('a', 'b', 'z')"),
        (f"{HEAD}bytes > '{{number}}'", {"number": Number(5e12)}, f"{HEAD}bytes > 5000000000000"),
        (f"{HEAD}quality_score > '{{number}}'", {"number": Number(0.25)}, f"{HEAD}quality_score > 0.25"),
        (f"{HEAD}last_updated < TIMESTAMP '{{now}}'", {}, f"{HEAD}last_updated < TIMESTAMP '2026-10-16 12:00:00'"),
        (f"{HEAD}last_updated >= TIMESTAMP '{{period.start}}'", {"period": Period(datetime(2026, 1, 2, 3, 4, 5), None)}, f"{HEAD}last_updated >= TIMESTAMP '2026-01-02 03:04:05'"),
    ],
)
def test_values_take_the_place_of_holes(sql: str, values: dict[str, Value], written: str) -> None:
    assert bound(sql, values, NOW) == written
    assert approve(written, EVERY, NOW).sql == written


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (f"{HEAD}name = '{{dataset}}'", {}),
        (f"{HEAD}name = '{{dataset}}'", {"dataset": Number(1.0)}),
        (f"{HEAD}name = '{{dataset}}'", {"dataset": Text(())}),
        (f"{HEAD}name ILIKE '{{dataset}}'", {"dataset": Text(("a", "b"))}),
        (f"{HEAD}bytes > '{{number}}'", {"number": Text(("1",))}),
        (f"{HEAD}bytes > '{{number}}'", {"number": Number(float("nan"))}),
        (f"{HEAD}last_updated >= TIMESTAMP '{{period.start}}'", {"period": WEEK}),
        (f"{HEAD}last_updated >= TIMESTAMP '{{period.start}}' AND datasets.last_updated < TIMESTAMP '{{period.end}}'", {"period": Period(None, WEEK.end)}),
    ],
)
def test_what_does_not_fit_is_not_bound(sql: str, values: dict[str, Value]) -> None:
    with pytest.raises((LookupError, ValueError)):
        bound(sql, values, NOW)


def constants(sql: str) -> list[Any]:
    return sorted(str(node["value"]["value"]) for node in walk(parse.tree_of(sql)) if node.get("class") == "CONSTANT")


def shape(sql: str) -> Any:
    """The tree without what its constants say."""
    tree = parse.tree_of(sql)
    for node in walk(tree):
        if node.get("class") == "CONSTANT":
            node["value"] = None
    return tree


NASTY = st.text(st.sampled_from("'\";-/*\\{}()%_ \n\x00\x1bCx4{now}€\u2019\ufeff"), max_size=40)
TEXTS = st.one_of(NASTY, st.text(max_size=60), st.sampled_from(["' OR TRUE --", "'; DROP TABLE datasets; --", "{dataset}", "{period.start}", "$$", "E'\\''", "x' UNION SELECT principal FROM grants --"]))


@given(TEXTS)
@settings(max_examples=60)
def test_no_text_is_more_than_a_literal(text: str) -> None:
    sql = f"{HEAD}name = '{{dataset}}' AND datasets.owner = 'somebody'"
    try:
        made = bound(sql, {"dataset": Text((text,))}, NOW)
        approved = approve(made, EVERY, NOW)
    except Repairable:
        assert not text.isprintable() or not text.isascii() or len(text) > 2000  # refused rather than changed
        return
    assert shape(approved.sql) == shape(sql)
    assert constants(approved.sql) == sorted([text, "somebody"])
    assert approved.views == {"datasets"}


@given(st.lists(TEXTS.filter(lambda t: "\x00" not in t), min_size=2, max_size=4))
@settings(max_examples=30)
def test_no_list_of_texts_is_more_than_literals(texts: list[str]) -> None:
    try:
        approved = approve(bound(f"{HEAD}name = '{{dataset}}'", {"dataset": Text(tuple(texts))}, NOW), EVERY, NOW)
    except Repairable:
        return
    assert constants(approved.sql) == sorted(texts)
    assert approved.views == {"datasets"} and approved.sql.startswith(f"{HEAD}name IN (")


@given(st.floats(allow_nan=True, allow_infinity=True))
@example(2.220446049250313e-16)
@example(1e300)
@settings(max_examples=40)
def test_no_number_is_more_than_a_literal(number: float) -> None:
    sql = f"{HEAD}quality_score > '{{number}}'"
    try:
        approved = approve(bound(sql, {"number": Number(number)}, NOW), EVERY, NOW)
    except (Repairable, ValueError):
        return
    assert approved.views == {"datasets"} and len(constants(approved.sql)) == 1


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1)), st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1)))
@settings(max_examples=30)
def test_no_time_is_more_than_a_literal(start: datetime, end: datetime) -> None:
    sql = f"{HEAD}last_updated >= TIMESTAMP '{{period.start}}' AND datasets.last_updated < TIMESTAMP '{{period.end}}'"
    try:
        approved = approve(bound(sql, {"period": Period(start, end)}, NOW), EVERY, NOW)
    except Repairable:
        return
    assert shape(approved.sql) == shape(sql)


def test_values_that_mean_nothing_fit_any_template() -> None:
    sql = f"{HEAD}name = '{{dataset}}' AND datasets.bytes > '{{number}}' AND datasets.last_updated < TIMESTAMP '{{period.end}}'"
    assert approve(bound(sql, example_values(sql, NOW), NOW), EVERY, NOW).views == {"datasets"}
