"""Charts in plain text: what is drawn, how wide, and what is said where nothing can be."""

from datetime import date, datetime
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from catalog.engine.engine import ResultSet
from tui.chart import NEITHER, chart, series_of

busy = settings(suppress_health_check=[HealthCheck.too_slow])
"""For a machine that does other things too."""
ESCAPE = b"\x1b"


def result(types: tuple[str, ...], *rows: tuple[object, ...]) -> ResultSet:
    return ResultSet(tuple(f"c{at}" for at in range(len(types))), types, rows, truncated=False, elapsed_ms=1.0)


BREAKDOWN = result(("VARCHAR", "BIGINT"), ("commercial", 8), ("academic", 1), ("unspecified", 0), (None, 4))
SERIES = result(("DATE", "DOUBLE"), (date(2026, 1, 3), -2.0), (date(2026, 1, 1), 1.0), (date(2026, 1, 2), 4.0))
NEITHERS = {
    "one row": result(("VARCHAR", "BIGINT"), ("a", 1)),
    "no row": result(("VARCHAR", "BIGINT")),
    "no number": result(("VARCHAR", "VARCHAR"), ("a", "b"), ("c", "d")),
    "no label": result(("BIGINT", "BIGINT"), (1, 2), (3, 4)),
    "a label twice": result(("VARCHAR", "BIGINT"), ("a", 1), ("a", 2)),
    "a number missing": result(("VARCHAR", "BIGINT"), ("a", 1), ("b", None)),
    "no finite number": result(("VARCHAR", "DOUBLE"), ("a", 1.0), ("b", float("inf"))),
    "below nothing": result(("VARCHAR", "BIGINT"), ("a", 1), ("b", -1)),
    "too many columns": result(("VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "BIGINT"), *(("a", "b", "c", str(n), n) for n in range(3))),
}


def test_a_breakdown_is_bars_as_long_as_their_numbers() -> None:
    series = series_of(BREAKDOWN)
    assert series is not None
    lines = chart(series, 60, False).splitlines()
    assert lines[0] == "c1 by c0"
    assert [line.split()[0] for line in lines[1:]] == ["commercial", "NULL", "academic", "unspecified"], "in no order: the largest first"
    lengths = [line.count("█") for line in lines[1:]]
    assert lengths[0] == 2 * lengths[1] > 0
    assert lines[1].endswith(" 8")
    assert lines[4].split() == ["unspecified", "0"]


@pytest.mark.parametrize("rows", [(("a", 3), ("b", 9), ("c", 1)), (("c", 3), ("b", 9), ("a", 1)), (("b", 1), ("c", 2), ("a", 3)), (("b", 3), ("c", 2), ("a", 2))])
def test_rows_that_are_in_order_stay_as_they_are(rows: tuple[tuple[str, int], ...]) -> None:
    series = series_of(result(("VARCHAR", "BIGINT"), *rows))
    assert series is not None
    assert series.points == rows


def test_a_series_is_a_line_in_the_order_of_time() -> None:
    series = series_of(SERIES)
    assert series is not None
    assert [number for _, number in series.points] == [1.0, 4.0, -2.0]
    drawn = chart(series, 60, False)
    assert drawn.index("2026-01-01") < drawn.index("2026-01-03")
    assert len(drawn.splitlines()) == 16


@pytest.mark.parametrize("what", NEITHERS)
def test_anything_else_is_neither(what: str) -> None:
    assert series_of(NEITHERS[what]) is None


@busy
@given(
    st.lists(st.tuples(st.text(max_size=60), st.floats(0, 1e15, allow_nan=False)), min_size=2, max_size=80, unique_by=lambda pair: pair[0]),
    st.integers(1, 250),
    st.booleans(),
)
def test_no_line_is_wider_than_the_window_and_no_control_gets_out(rows: list[tuple[str, float]], width: int, is_styled: bool) -> None:
    series = series_of(result(("VARCHAR", "DOUBLE"), *rows))
    assert series is not None
    drawn = chart(series, width, is_styled)
    plain = click.unstyle(drawn)
    assert all(cell_len(line) <= max(30, width) for line in plain.splitlines()[1:])
    assert is_styled or "\x1b" not in drawn
    assert len(plain.splitlines()) <= 62


@busy
@given(st.lists(st.tuples(st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1)), st.floats(-1e12, 1e12)), min_size=2, max_size=60, unique_by=lambda p: p[0]), st.integers(1, 200))
def test_any_series_over_time_fits(rows: list[tuple[datetime, float]], width: int) -> None:
    series = series_of(result(("TIMESTAMP", "DOUBLE"), *rows))
    assert series is not None and series.over_time
    assert all(cell_len(line) <= max(30, width) for line in chart(series, width, True).splitlines()[1:])


SQL = "SELECT licence_class, count(*) AS n FROM datasets GROUP BY 1 ORDER BY 2 DESC"


def test_the_command_draws_instead_of_the_rows(steward: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    ran = steward("sql", "--chart", "-q", SQL)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.decode().splitlines()
    assert lines[0] == "n by licence_class"
    assert all(cell_len(line) <= 60 for line in lines)
    assert "█" in lines[1]


def test_colour_is_for_those_who_ask_for_it(steward: Any) -> None:
    assert ESCAPE not in steward("sql", "--chart", SQL).out
    assert ESCAPE in steward("--color", "always", "sql", "--chart", SQL).out


def test_json_stays_as_it_is(steward: Any) -> None:
    with_chart, without = (steward("sql", "--json", *chart_, SQL).json for chart_ in (("--chart",), ()))
    assert (with_chart["rows"], with_chart.keys()) == (without["rows"], without.keys())


def test_what_cannot_be_drawn_is_shown_with_a_sentence(steward: Any) -> None:
    ran = steward("sql", "--chart", "-q", "SELECT name FROM datasets ORDER BY name LIMIT 2")
    assert (ran.code, ran.err) == (0, f"{NEITHER}\n")
    assert ran.out.startswith(b"name\n")


@pytest.mark.parametrize("arguments", [["--chart", "--format", "csv", "SELECT 1"], ["--chart", "--batch", "-"]])
def test_a_chart_goes_with_no_format_for_programs(steward: Any, arguments: list[str]) -> None:
    ran = steward("sql", *arguments)
    assert (ran.code, ran.out) == (2, b"")


def test_text_of_others_is_harmless(steward: Any) -> None:
    ran = steward("--color", "never", "sql", "--chart", "-q", "SELECT 'a' || chr(27) || '[31mred' AS name, 2 AS n UNION ALL SELECT 'b', 1")
    assert ran.code == 6 or ESCAPE not in ran.out
