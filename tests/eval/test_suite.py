"""The shipped suites load, their golds pass the guard and run, and a bad file says where it is bad."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from catalog.errors import UsageError
from catalog.generations import pinned
from catalog.policy import ANONYMOUS, POLICY_FILE, authorise, load_policy
from eval.accuracy import Runner
from eval.calibrate import fit
from eval.suite import CASES, load_suite
from nl2sql.backends.scripted import ScriptedBackend
from nl2sql.guard import approve
from nl2sql.pipeline import ask_sql
from nl2sql.session import read_clock
from nl2sql.turn import Answered

SUITES = sorted(CASES.glob("*.jsonl"))


@pytest.mark.parametrize("path", SUITES, ids=lambda p: p.stem)
def test_every_gold_of_a_suite_is_allowed(path: Path, demo_home: Path) -> None:
    policy = load_policy(demo_home / POLICY_FILE)
    for case in load_suite(path):
        authorisation = authorise(policy.principal(case.principal or ANONYMOUS.name), policy)
        for gold in case.gold:
            assert approve(gold, authorisation, read_clock(demo_home)).sql, case.id


@pytest.mark.slow
@pytest.mark.parametrize("path", SUITES, ids=lambda p: p.stem)
def test_every_gold_of_a_suite_runs(path: Path, demo_home: Path) -> None:
    with ExitStack() as stack:
        runner = Runner(demo_home, stack.enter_context(pinned(demo_home)), ScriptedBackend({}), stack)
        bad = []
        for case in load_suite(path):
            for gold in case.gold:
                *_, outcome = ask_sql(gold, runner.session(case.principal))
                if not isinstance(outcome, Answered):
                    bad.append((case.id, gold, outcome))
    assert bad == []


def test_the_suites_share_no_question() -> None:
    questions = [{case.question.lower() for case in load_suite(path)} for path in SUITES]
    assert set.intersection(*questions) == set()


def test_development_questions_are_many_and_cover_views_and_styles() -> None:
    cases = [case for path in SUITES for case in load_suite(path)]
    assert len(cases) >= 150
    assert len({view for case in cases for view in case.views}) == 17
    assert len({case.style for case in cases}) >= 6


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", "line 1"),
        ('{"id": "a", "question": "q", "outcome": "answer"}', "gold"),
        ('{"id": "a", "question": "q", "outcome": "refuse", "gold": ["SELECT 1"]}', "gold"),
        ('{"id": "a", "question": "", "outcome": "refuse"}', "question"),
        ('{"id": "a", "question": "q", "outcome": "maybe"}', "outcome"),
        ('{"id": "a", "question": "q", "outcome": "refuse", "colour": 1}', "colour"),
    ],
)
def test_a_bad_suite_says_where(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "suite.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        load_suite(path)


def test_calibration_follows_the_evidence() -> None:
    import numpy as np

    odds = np.array([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0] * 20)
    right = (odds > 0).astype(float)
    slope, offset = fit(odds, right)
    assert slope > 0
    assert 1 / (1 + np.exp(-(slope * 3 + offset))) > 0.9
    assert 1 / (1 + np.exp(-(slope * -3 + offset))) < 0.1
