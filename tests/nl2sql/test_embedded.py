"""The shipped model through the whole way of a question: it loads, answers by who asks, and keeps its accuracy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval import store
from eval.ground import Ground, finish
from eval.record import Manifest
from eval.run import backend_of, plan, run
from eval.scorers import SCORERS, Table
from eval.suite import Comparison, Split
from nl2sql.backends.embedded import EmbeddedBackend
from nl2sql.embedded.parser import WEIGHTS, EmbeddedParser
from nl2sql.errors import BackendUnavailable
from nl2sql.pipeline import ask
from nl2sql.plan.language import Query, full_scope
from nl2sql.turn import Answered, Outcome

LARGEST = 50_000_000
PERSONAL = "which datasets contain personal data"
PERSONAL_GOLD = "SELECT name FROM datasets WHERE pii"
FLOORS: dict[Split, float] = {"dev": 0.75, "test": 0.6}
"""Execution match that a newly trained model must keep; phrases were written with an eye on ``dev``, never on ``test``."""


@pytest.fixture(scope="module")
def ground(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    home = tmp_path_factory.mktemp("embedded") / "catalog"
    shutil.copytree(demo_home, home)
    opened = Ground(home)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def backend() -> EmbeddedBackend:
    return EmbeddedBackend()


def outcome(ground: Ground, backend: EmbeddedBackend, question: str, principal: str | None) -> Outcome:
    return finish(ask(question, ground.session(principal), backend))[0]


def test_the_weights_fit_into_the_package() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= LARGEST


def test_a_plan_is_one_of_the_grammar_and_its_probability_is_one() -> None:
    candidates = EmbeddedParser().read("which datasets are deprecated", full_scope())
    assert [c.probability for c in candidates] == sorted((c.probability for c in candidates), reverse=True)
    assert all(0 < c.probability <= 1 for c in candidates)
    assert isinstance(candidates[0].plan, Query)


def test_a_column_that_nobody_asked_for_denies_no_answer(ground: Ground, backend: EmbeddedBackend) -> None:
    """Likely readings of it show the steward as well, who is not for everybody."""
    found = outcome(ground, backend, "stale daily datasets", None)
    assert isinstance(found, Answered)
    assert "steward" not in found.result.columns


def test_what_is_kept_of_the_last_question_serves_no_other() -> None:
    parser = EmbeddedParser()
    asked = ("which datasets are deprecated", "how many nodes are offline", "which datasets are deprecated")
    kept = [parser.read(question, full_scope(), 1)[0] for question in asked]
    assert kept == [EmbeddedParser().read(question, full_scope(), 1)[0] for question in asked]


def test_weights_of_another_vocabulary_are_refused(tmp_path: Path) -> None:
    shutil.copytree(WEIGHTS, tmp_path / "weights")
    (tmp_path / "weights" / "parser.json").write_text('{"vocabulary": ["a"]}', encoding="utf-8")
    with pytest.raises(BackendUnavailable, match="another semantic layer"):
        EmbeddedParser(tmp_path / "weights")


def test_missing_weights_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable):
        EmbeddedParser(tmp_path)


@pytest.mark.parametrize("principal", [None, "clara", "ada"])
def test_the_answer_is_right_for_who_asks(ground: Ground, backend: EmbeddedBackend, principal: str | None) -> None:
    answer = outcome(ground, backend, PERSONAL, principal)
    assert isinstance(answer, Answered)
    shown = Table(answer.result.columns, answer.result.rows)
    assert SCORERS["steward"](ground.gold(principal, PERSONAL_GOLD), shown, Comparison())


def test_three_principals_get_three_answers(ground: Ground, backend: EmbeddedBackend) -> None:
    answers = [outcome(ground, backend, PERSONAL, principal) for principal in (None, "clara", "ada")]
    rows = [frozenset(a.result.rows) for a in answers if isinstance(a, Answered)]
    assert len(set(rows)) == 3


@pytest.mark.parametrize("question", ["who owns {}", "what depends on {}", "how big is {}"])
def test_a_hidden_dataset_is_answered_like_one_that_does_not_exist(ground: Ground, backend: EmbeddedBackend, question: str) -> None:
    hidden, absent = "genome_panel", "gizmos_panel"
    assert ground.gold("ivy", f"SELECT name FROM datasets WHERE name = '{hidden}'").rows
    first, second = (outcome(ground, backend, question.format(name), None) for name in (hidden, absent))
    assert first.status == second.status
    assert first.message.replace(hidden, absent) == second.message
    assert first.sql.replace(hidden, absent) == second.sql


@pytest.mark.slow
@pytest.mark.usefixtures("demo_once")
@pytest.mark.parametrize("split", sorted(FLOORS))
def test_accuracy_on_questions_that_training_has_not_seen(split: Split, tmp_path: Path) -> None:
    asked = Manifest(backend="embedded", suite_names=("governance",), split=split, always_answer=True, instances=0)
    manifest, cases = plan(asked)
    store.create(tmp_path / "run", manifest)
    records = list(run(manifest, cases, tmp_path / "run", backend_of(manifest)))
    assert sum(r.right for r in records) / len(records) >= FLOORS[split]
