"""``steward eval`` as people use it: a run, its summary, a kill and the way on, a comparison, a page, parity."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("demo_once")

ROOT = Path(__file__).parents[2]
OWNER = "SELECT owner FROM datasets WHERE name = 'C4'"
CASES = [
    {"id": f"case-{n}", "question": f"question {n}", "outcome": "answer", "gold": OWNER, "tags": {"style": "terse" if n % 2 else "chatty"}} for n in range(6)
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evals")


@pytest.fixture
def suite(place: Path) -> str:
    """The same six cases for every test, whatever the one before it wrote there."""
    path = place / "toy.jsonl"
    path.write_text("".join(json.dumps(case) + "\n" for case in CASES), encoding="utf-8")
    return str(path)


def script(path: Path, right: set[int]) -> str:
    """A backend that is right on these questions."""
    other = OWNER.replace("C4", "LAION-5B")
    path.write_text(json.dumps({f"question {n}": [{"sql": OWNER if n in right else other}] for n in range(6)}), encoding="utf-8")
    return f"--backend=scripted:{path}"


@pytest.fixture
def runs(steward: Any, suite: str, place: Path) -> tuple[Path, Path]:
    """Two runs, made once; nobody changes them."""
    for name, right in (("a", {0, 1, 2, 3}), ("b", {1, 2, 3, 4, 5})):
        backend = script(place / f"{name}.json", right)
        if not (place / name).exists():
            ran = steward("eval", "run", suite, backend, "--instances", "2", "--out", str(place / name))
            assert ran.code == 0, ran.err
    return place / "a", place / "b"


def test_a_run_prints_its_summary_and_leaves_a_record_each(steward: Any, suite: str, tmp_path: Path) -> None:
    ran = steward("eval", "run", suite, script(tmp_path / "s.json", {0, 1, 2}), "--instances", "0", "--out", str(tmp_path / "run"), "--json")
    assert (ran.code, ran.json["n"], ran.json["right"], ran.json["accuracy"]) == (0, 6, 3, 0.5)
    assert "6 of 6" in ran.err
    assert len((tmp_path / "run" / "records.jsonl").read_text(encoding="utf-8").splitlines()) == 6
    again = steward("eval", "run", suite, "--out", str(tmp_path / "run"))
    assert again.code == 2
    assert "--resume" in again.err


def test_accuracy_below_the_threshold_is_exit_code_one(steward: Any, suite: str, tmp_path: Path) -> None:
    backend = script(tmp_path / "s.json", {0, 1, 2})
    for threshold, code in (("50", 0), ("51", 1)):
        ran = steward("eval", "run", suite, backend, "--instances", "0", "--out", str(tmp_path / threshold), "--threshold", threshold)
        assert ran.code == code


def test_a_killed_run_goes_on(suite: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from tui.main import main; main()", "eval", "run"]
    folder = tmp_path / "run"
    options = [suite, script(tmp_path / "s.json", {0}), "--instances", "0", "--repeat", "15", "--out", str(folder)]
    with subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        while not (folder / "records.jsonl").exists() or (folder / "records.jsonl").stat().st_size < 2000:
            assert running.poll() is None
            time.sleep(0.01)
        os.kill(running.pid, signal.SIGKILL)
    kept = (folder / "records.jsonl").read_bytes().count(b"\n")
    assert 0 < kept < 90
    done = subprocess.run([*command, "--resume", str(folder), "--json"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len({(r["id"], r["repeat"]) for r in records}) == len(records) == 90
    assert json.loads(done.stdout)["n"] == 6


def test_a_run_does_not_go_on_with_another_suite(steward: Any, runs: tuple[Path, Path], suite: str) -> None:
    with Path(suite).open("a", encoding="utf-8") as file:
        file.write(json.dumps({**CASES[0], "id": "more"}) + "\n")
    ran = steward("eval", "run", "--resume", str(runs[0]))
    assert ran.code == 2
    assert "suites" in ran.err
    assert steward("eval", "run", "--resume", str(runs[0]), "--limit", "3").code == 2


def test_compare_names_what_is_newly_failing(steward: Any, runs: tuple[Path, Path]) -> None:
    worse, same = steward("eval", "compare", *map(str, runs), "--json"), steward("eval", "compare", str(runs[0]), str(runs[0]))
    assert (worse.code, same.code) == (1, 0)
    assert [change["id"] for change in worse.json["newly_failing"]] == ["case-0"]
    assert [change["id"] for change in worse.json["newly_passing"]] == ["case-4", "case-5"]
    assert steward("eval", "compare", *map(str, runs), "--allow", "1").code == 0
    assert steward("eval", "compare", *map(str, runs), "--significant").code == 0


def test_rescore_asks_no_model(steward: Any, runs: tuple[Path, Path], suite: str, place: Path, tmp_path: Path) -> None:
    mended = [{**case, "gold": OWNER.replace("C4", "LAION-5B")} if case["id"] == "case-0" else case for case in CASES]
    Path(suite).write_text("".join(json.dumps(case) + "\n" for case in mended), encoding="utf-8")
    (place / "b.json").write_text("{}", encoding="utf-8")
    ran = steward("eval", "rescore", str(runs[1]), "--out", str(tmp_path / "anew"), "--json")
    assert (ran.code, ran.json["right"]) == (0, 6)


def test_the_report_is_one_page(steward: Any, runs: tuple[Path, Path], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert steward("eval", "report", str(runs[1]), "--against", str(runs[0]), "--out", str(page)).code == 0
    html = page.read_text(encoding="utf-8")
    assert html.lower().startswith("<!doctype html>")
    assert "case-0" in html
    assert "http-equiv" in html
    assert "<script" not in html
    assert steward("eval", "report", str(runs[1]), "--json").json["n"] == 6


def test_check_runs_every_gold(steward: Any, suite: str, tmp_path: Path) -> None:
    assert b"6 cases, 6 questions, 6 golds run" in steward("eval", "check", suite).out
    one = tmp_path / "one.jsonl"
    one.write_text(json.dumps(CASES[0]) + "\n", encoding="utf-8")
    assert b"1 case, 1 question, 1 gold run" in steward("eval", "check", str(one)).out
    bad = tmp_path / "bad.jsonl"
    bad.write_text(json.dumps({**CASES[0], "gold": "SELECT nothing FROM datasets"}) + "\n", encoding="utf-8")
    assert steward("eval", "check", str(bad)).code == 2
    bad.write_text('{"id": "x", "question": "q", "outcome": "maybe"}\n', encoding="utf-8")
    ran = steward("eval", "check", str(bad))
    assert ran.code == 2
    assert "line 1, outcome" in ran.err


def test_parity_says_on_which_line_a_verdict_differs(steward: Any, tmp_path: Path) -> None:
    rows = {name: [[1], [2]] for name in ("gold_rows", "predicted_rows", "gold_rows_no_distinct", "predicted_rows_no_distinct")}
    entry = {"db": "toy", "question_index": 3, "order_matters": False, **rows}
    true = {"test_suite": True, "bird_set": True, "multiset": True, "ordered": True}
    path = tmp_path / "pairs.jsonl.gz"
    for verdict, code in ((true, 0), ({**true, "multiset": False}, 1)):
        path.write_bytes(gzip.compress((json.dumps({**entry, "verdict": verdict}) + "\n").encode()))
        ran = steward("eval", "parity", str(path), "--json")
        assert (ran.code, ran.json["total_agreement"]) == (code, code == 0)
    assert ran.json["modes"]["multiset"]["disagreements"][0]["line"] == 1
    assert "line 1, toy question 3" in steward("eval", "parity", str(path)).err


def test_what_can_be_chosen_is_listed(steward: Any) -> None:
    assert {line.split()[0] for line in steward("eval", "scorers").out.decode().splitlines()} >= {"steward", "test-suite", "bird-set", "spider2", "defog"}
    assert steward("eval", "schema").json["title"] == "Case of a Steward suite"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "no-such-suite"], "There is no suite"),
        (["run", "--filter", "style=haiku"], "No case is left"),
        (["run", "--scorer", "vibes"], "There is no scorer"),
        (["run", "--backend", "oracle"], "There is no backend"),
        (["run", "--always-answer", "--backend", "scripted:/nowhere.json"], "embedded"),
        (["report", "."], "not the folder of a run"),
        (["compare", ".", "."], "not the folder of a run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_call_that_is_wrong_is_told_and_leaves_nothing(steward: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    ran = steward("eval", *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert list(tmp_path.glob("eval-runs/*")) == []
