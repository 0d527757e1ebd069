"""Bytes of one awkward result in every format, and how tables fit a terminal."""

import json
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from catalog.engine.engine import ResultSet
from nl2sql.turn import Answered, Decision, Freshness
from tui.envelope import dumps, envelope
from tui.output import unique, write_rows
from tui.parquet import parquet
from tui.safe import safe
from tui.show import show
from tui.table import table

GOLDEN = Path(__file__).parents[1] / "golden" / "output"

AWKWARD = ResultSet(
    columns=("name", "name", "languages", "rows", "score", "pii", "seen", "day", "e\x1b[1mvil"),
    types=("VARCHAR", "VARCHAR", "VARCHAR[]", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP", "DATE", "VARCHAR"),
    rows=[
        ("日本語 corpus", "", ["English", None], 2**70, 0.1 + 0.2, True, datetime(2026, 10, 16, 9, 30), date(2026, 10, 16), "plain"),
        ('a "b" | c, d', "line\nbreak", [], -1, float("nan"), False, datetime(2026, 1, 1), "20000-01-01", "<b>*x*</b> [y](http://z)"),
        (" edge ", None, None, None, None, None, None, None, None),
        ("red\x1b[31m\x1b]0;title\x07", "over\u202eride\x9b0m", ["\x00"], 0, -float("inf"), None, None, None, "é"),
    ],
    truncated=True,
    elapsed_ms=1.0,
)
ANSWER = Answered(
    message="4 rows.",
    decision=Decision("ana", "masked", ("r1", "r2"), ("datasets.owner",), "v1"),
    question="what\x1b[2J is \ud800 awkward",
    reading="all",
    sql="SELECT 1",
    confidence=0.87654,
    result=AWKWARD,
    freshness=Freshness(3, "2026-10-01 00:00:00", "2026-10-16 09:30:00", True),
)
EMPTY = ResultSet(("name", "rows"), ("VARCHAR", "BIGINT"), [], False, 1.0)


@pytest.mark.parametrize("form", ["table", "csv", "md", "jsonl"])
def test_rows_have_their_golden_bytes(form: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    write_rows(AWKWARD, form)
    assert capsysbinary.readouterr().out == (GOLDEN / f"awkward.{form}").read_bytes()


def test_the_envelope_has_its_golden_bytes() -> None:
    assert dumps(envelope(ANSWER, {"guard": 1.26})) + "\n" == (GOLDEN / "awkward.json").read_text(encoding="utf-8")


def test_an_answer_for_people_has_its_golden_bytes(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    show(ANSWER, "table", quiet=False, limit=4)
    out, err = capsysbinary.readouterr()
    assert out == (GOLDEN / "answer.txt").read_bytes()
    assert err == b"Only the first 4 rows are shown; --limit shows more.\n"


@pytest.mark.parametrize(("form", "expected"), [("table", "name  rows\n"), ("csv", "name,rows\r\n"), ("md", "| name | rows |\n| --- | --- |\n"), ("jsonl", "")])
def test_an_empty_result_has_its_header(form: str, expected: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    write_rows(EMPTY, form)
    assert capsysbinary.readouterr().out.decode() == expected


def test_json_is_strict_whatever_a_cell_holds() -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = dumps(envelope(ANSWER, {}))
    rows = json.loads(text, parse_constant=refuse)["rows"]
    assert [row[4] for row in rows] == [0.30000000000000004, "nan", None, "-inf"]
    assert rows[3][1] == "over\u202eride\x9b0m"
    assert not {"\x1b", "\x9b", "\u202e"} & set(text)


def test_parquet_keeps_types_and_values(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    write_rows(AWKWARD, "parquet")
    path = tmp_path / "rows.parquet"
    path.write_bytes(capsysbinary.readouterr().out)
    read = duckdb.connect().execute("SELECT * FROM read_parquet(?)", [str(path)])
    assert [str(column[1]) for column in read.description or []] == [
        "VARCHAR", "VARCHAR", "VARCHAR[]", "DOUBLE", "DOUBLE", "BOOLEAN", "TIMESTAMP", "DATE", "VARCHAR",
    ]  # fmt: skip
    first, second, third, _ = read.fetchall()
    assert first == ("日本語 corpus", "", ["English", None], float(2**70), 0.1 + 0.2, True, datetime(2026, 10, 16, 9, 30), date(2026, 10, 16), "plain")
    assert second[2] == []
    assert third == (" edge ", *[None] * 8)


def test_parquet_of_no_rows_keeps_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(parquet(EMPTY.columns, EMPTY.types, EMPTY.rows))
    read = duckdb.connect().execute("SELECT * FROM read_parquet(?)", [str(path)])
    assert [(column[0], str(column[1])) for column in read.description or []] == [("name", "VARCHAR"), ("rows", "BIGINT")]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("a", "b"), ["a", "b"]),
        (("a", "a", "A"), ["a", "a_2", "A_3"]),
        (("a", "a", "a_2"), ["a", "a_3", "a_2"]),
        (("", ""), ["column", "column_2"]),
    ],
)
def test_columns_keep_apart(columns: tuple[str, ...], expected: list[str]) -> None:
    assert unique(columns) == expected


ROWS: list[list[str | None]] = [["Common Crawl", "Monthly crawl of the open web", "2"], ["C4", None, "10"]]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (80, "name          description                     n\nCommon Crawl  Monthly crawl of the open web   2\nC4            NULL                           10\n"),
        (44, "name          description                  n\nCommon Crawl  Monthly crawl of the open    2\n              web\nC4            NULL                        10\n"),
        (20, "name         Common Crawl\ndescription  Monthly crawl of the open web\nn            2\n\nname         C4\ndescription  NULL\nn            10\n"),
    ],
)
def test_a_table_fits_its_terminal(window: int, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(window))
    monkeypatch.setenv("TERM", "dumb")
    shown = table(["name", "description", "n"], ["VARCHAR", "VARCHAR", "BIGINT"], ROWS, terminal=True)
    assert safe(shown.replace("\n", "¶")).replace("¶", "\n") == expected


def test_a_table_off_a_terminal_has_one_line_per_row() -> None:
    shown = table(["name"], ["VARCHAR"], [["x" * 5000], ["y"]], terminal=False)
    assert [len(line) for line in shown.splitlines()] == [4, 5000, 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 日本", "plain é 日本"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;never closed", ""),
        ("\x9b31mc1", "c1"),
        ("a\u202eb\u2066c\ufeffd", "abcd"),
        ("a\r\nb\tc\u2028d\x0be", "a b c d e"),
        ("nul\x00\x7f", "nul"),
        ("lone \ud800", "lone "),
    ],
)
def test_text_is_harmless_on_a_terminal(text: str, expected: str) -> None:
    assert safe(text) == expected


def test_csv_reads_back_with_null_apart_from_empty(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    write_rows(ResultSet(("a", "b"), ("VARCHAR", "VARCHAR"), [("", None), (' "x",\r\n', "y")], False, 1.0), "csv")
    path = tmp_path / "rows.csv"
    path.write_bytes(capsysbinary.readouterr().out)
    rows = duckdb.connect().execute("SELECT * FROM read_csv(?, header = true, all_varchar = true, allow_quoted_nulls = false)", [str(path)]).fetchall()
    assert rows == [("", None), (' "x",\r\n', "y")]
    assert path.read_bytes().startswith(b"a,b\r\n")
