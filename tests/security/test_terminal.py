"""Hostile text through every way out: terminal, table, JSON, CSV, Markdown, HTML report, errors. Nothing that acts comes through."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from catalog.engine.engine import ResultSet
from catalog.errors import GovernanceError
from catalog.storage.generations import upsert, writing
from catalog.storage.records import Dataset
from eval.record import Cells, Manifest, Record
from eval.report import html
from eval.security import canaries
from eval.security.terminal import MARKUP, acts, acts_in_markdown, acts_in_page, corpus
from eval.summary import summarise
from nl2sql.turn import Answered, AskedBack, Decision, Denied, Drafted, Failed, Freshness, Outcome, Refused
from tui.envelope import dumps, envelope, problem
from tui.main import main, report
from tui.output import write_rows
from tui.safe import safe
from tui.show import show

WHO = Decision("eve", "allowed", ("open-metadata",), (), "v1")
FRESH = Freshness(1, None, None, False)


def result(texts: tuple[str, ...]) -> ResultSet:
    """Texts as cells, in a list and as the name of a column."""
    rows = [(text, at, [text, None]) for at, text in enumerate(texts)]
    return ResultSet((f"name{texts[0]}", "n", "tags"), ("VARCHAR", "BIGINT", "VARCHAR[]"), rows, False, 1.0)


def outcomes(text: str) -> Iterator[Outcome]:
    """Every way in which a turn ends, with the text wherever others may have written."""
    said = {"message": text, "question": text, "reading": text, "sql": f"SELECT '{text}'"}
    yield Answered(**said, decision=Decision(text, "masked", (text,), (text,), text), result=result((text,)), freshness=FRESH)
    yield Drafted(**said, decision=WHO)
    yield AskedBack(**said, decision=WHO, choices=(text, "other"))
    yield Refused(**said, decision=WHO, reason="out_of_scope")
    yield Denied(**said, decision=WHO, hint=text)
    yield Failed(**said, decision=WHO, hint=text, exit_code=6, stage="guard")


def test_the_corpus_is_large_and_alive() -> None:
    texts = corpus()
    assert len(texts) == len(set(texts)) >= 200
    alive = [text for text in texts if acts(text, breaks=False)]
    assert len(alive) >= 200
    assert all(acts_in_page(f"<p>{markup}</p>") != ["no content policy"] for markup in MARKUP[:12])


def test_text_made_safe_is_inert() -> None:
    for text in corpus():
        shown = safe(text)
        assert acts(shown, breaks=False) == "", text
        assert shown.startswith("a"), text
        assert safe(shown) == shown, text


def test_safe_leaves_what_people_write() -> None:
    for text in ("Ein Öl-Datensatz", "日本語コーパス", "Ελληνικά", "हिन्दी", "العربية", "ไทย", "naïve café", "C++ & R", "🙂 emoji", "a – b … “c”", "x²"):
        assert safe(text) == text


@pytest.fixture(params=["pipe", "wide terminal", "narrow terminal"])
def screen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What standard output is; a table is drawn otherwise on each."""
    terminal = request.param != "pipe"
    monkeypatch.setattr("tui.output.on_terminal", lambda: terminal)
    monkeypatch.setattr("tui.show.on_terminal", lambda: terminal)
    monkeypatch.setenv("COLUMNS", "60" if request.param == "narrow terminal" else "2000")
    monkeypatch.setenv("TERM", "xterm-256color")
    return str(request.param)


def test_rows_are_inert_on_every_screen(screen: str, capfd: pytest.CaptureFixture[str]) -> None:
    for form in ("table", "md", "jsonl"):
        write_rows(result(corpus()), form)
        assert acts(capfd.readouterr().out) == "", form


def test_csv_is_inert_on_a_terminal_and_as_it_was_elsewhere(screen: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    texts = tuple(text for text in corpus() if "\ud800" not in text and "\udfff" not in text)
    write_rows(result(texts), "csv")
    written = capfdbinary.readouterr().out.decode()
    if screen == "pipe":
        read = list(csv.reader(io.StringIO(written, newline="")))
        assert [row[0] for row in read[1:]] == [click.unstyle(text) for text in texts]  # click takes colours out itself
    else:
        assert acts(written) == ""


def test_cells_of_markdown_are_text(capfd: pytest.CaptureFixture[str]) -> None:
    texts = corpus()
    write_rows(result(texts), "md")
    lines = capfd.readouterr().out.split("\n")
    assert len(lines) == len(texts) + 3
    for line in lines[2:-1]:
        assert line.startswith("| ") and line.endswith(" |")
        for cell in line[2:-2].split(" | "):
            assert acts_in_markdown(cell) == "", line


def test_json_is_inert_and_loses_nothing() -> None:
    for text in corpus():
        for outcome in outcomes(text):
            written = dumps(envelope(outcome, {"guard": 1.0}))
            assert acts(written, breaks=False) == "", text
            if text.isprintable() and "\ud800" not in text:
                assert json.loads(written)["message"] == text
    assert json.loads(dumps({"x": "a\u202e\U000e0041\x1b"})) == {"x": "a\u202e\U000e0041\x1b"}


def test_every_outcome_is_inert(screen: str, capfd: pytest.CaptureFixture[str]) -> None:
    for text in corpus()[:: 1 if screen == "pipe" else 5]:
        for outcome in outcomes(text):
            if screen == "pipe" and isinstance(outcome, Drafted):
                continue  # SQL for a program, as it is
            for form in ("table", "md"):
                show(outcome, form, quiet=False, limit=500)
    shown = capfd.readouterr()
    assert acts(shown.out) == ""
    assert acts(shown.err) == ""


def test_errors_are_inert(capfd: pytest.CaptureFixture[str]) -> None:
    for text in corpus():
        report(GovernanceError(text, text))
        assert acts(dumps(problem(GovernanceError(text, text), text)), breaks=False) == ""
    assert acts(capfd.readouterr().err) == ""


def test_the_report_of_an_evaluation_is_inert() -> None:
    texts = corpus()[::2]
    records = [
        Record(
            id=f"c{at}", suite="governance", turn=0, turns=1, repeat=0, question=text, principal=text, group=text, tags={"style": "terse"}, expected=("answer",), gold=(f"SELECT '{text}'",),
            got="answer", confidence=0.5, sql=f"SELECT '{text}'", reading=text, message=text, choices=(text,), stages_ms={}, total_ms=1.0, cold=False, right=at % 3 == 0,
            reason="right" if at % 3 == 0 else "wrong_rows", detail=text, result=Cells(columns=(text,), rows=((text,),), total=1), gold_result=Cells(columns=(text,), rows=((text,),), total=1),
        )
        for at, text in enumerate(texts)
    ]  # fmt: skip
    manifest = Manifest(backend=texts[5], suite_names=(texts[6],), suites={texts[7]: texts[8]}, cases=len(texts), model_sha256=texts[9], catalog_sha256="x", policy_version=texts[10], steward="1")
    page = html(summarise(records, manifest).as_dict(), records, manifest)
    assert acts_in_page(page) == []
    assert "evil.example" in page, "the text is shown, as text"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A catalog whose public datasets are called by hostile texts and described by them."""
    with canaries.opened(tmp_path_factory.mktemp("terminal") / "a", "a") as world:
        with writing(world.home) as connection:
            upsert(connection, [Dataset(node="n0", name=f"t{at} {text}", description=text, domain=text, licence=text, row_count=at) for at, text in enumerate(corpus())])
        yield world.home


Call = Callable[..., str]


@pytest.fixture
def steward(planted: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["steward", "--catalog", str(planted), *arguments])
        with pytest.raises(SystemExit):
            main()
        shown = capfd.readouterr()
        return shown.out + shown.err

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("sql", "SELECT name, description, domain FROM datasets ORDER BY row_count"),
        ("sql", "--json", "SELECT name, description, domain FROM datasets ORDER BY row_count"),
        ("sql", "--format", "jsonl", "SELECT name, description FROM datasets"),
        ("sql", "--format", "md", "SELECT name, description FROM datasets"),
        ("sql", "SELECT name AS \"\x1b]0;owned\x07 \u202e\" FROM datasets LIMIT 1"),
        ("sql", "SELECT \"\x1b[31m\u202e\" FROM datasets"),
        ("sql", "FROM \"\x1b]52;c;ZXZpbA==\x07\""),
        ("sql", "SELECT 'a\x1b[2J' || nope() FROM datasets"),
        ("ask", "which licence does t3 \x1b[31m have?"),
        ("ask", "--json", "describe \u202e\x9b2J\x07"),
        ("catalog", "similar", "owned", "-k", "100"),
        ("catalog", "similar", "--json", "-k", "100", "link \x1b]8;;http://x\x07"),
        ("views", "\x1b[31mdatasets\u202e"),
        ("views", "datasets"),
        ("status",),
        ("policy", "explain", "\x1b[31meve", "datasets"),
        ("policy", "explain", "eve", "\x1b[31mdatasets\u202e"),
        ("policy", "check", "\x1b[31mnone.yaml"),
        ("grant", "list"),
        ("token", "issue", "\x1b[31meve"),
        ("audit", "verify"),
        ("audit", "alerts"),
        ("catalog", "list", "--limit", "1000"),
        ("catalog", "list", "--json", "--limit", "1000"),
        ("catalog", "list", "\x1b[31m\u202e"),
        ("catalog", "show", f"t0 {corpus()[0]}"),
        ("catalog", "show", "--json", f"t40 {corpus()[40]}"),
        ("catalog", "show", "t7 \x1b]0;owned\x07"),
        ("catalog", "lineage", f"t1 {corpus()[1]}"),
        ("catalog", "impact", f"t2 {corpus()[2]}"),
        ("catalog", "claims", f"t3 {corpus()[3]}"),
        ("catalog", "matches"),
        ("catalog", "check"),
        ("catalog", "disputes"),
        ("catalog", "pii"),
        ("export", "croissant", f"t0 {corpus()[0]}"),
        ("alerts", "list"),
        ("alerts", "show", "\x1b[31m"),
        ("feedback", "list"),
        ("verified", "list"),
        ("suggest", "\x1b[31mwho"),
        ("receipt", "verify", "\x1b[31m.json"),
        ("config", "show", "\x9b31m"),
        ("spec", "\x1b[31m"),
        ("\x1b[31m\u202e",),
        ("--\x1b[31m\u202e",),
    ],
    ids=lambda words: " ".join(words)[:30].encode("ascii", "backslashreplace").decode(),
)  # fmt: skip
def test_no_command_shows_what_acts(arguments: tuple[str, ...], steward: Call) -> None:
    assert acts(steward(*arguments)) == ""


def test_help_is_inert() -> None:
    from tui.main import cli

    shown = CliRunner().invoke(cli, ["--help"])
    assert acts(click.unstyle(shown.output)) == ""
