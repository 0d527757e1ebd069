"""Drafting ahead of the turns: every record is what it is one by one, in fewer calls of the backend."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import GovernanceError
from eval import ahead, store
from eval.ahead import Ahead
from eval.record import Record
from eval.run import backend_of, plan, run
from nl2sql.backends.base import Batching, Context, Draft, SqlDraft
from nl2sql.backends.scripted import ScriptedBackend
from nl2sql.errors import BackendUnavailable
from tests.eval.test_run import CASES, REPLIES, written

pytestmark = pytest.mark.usefixtures("demo_once")
ASKED = [*CASES, {"id": "change", "question": "drop the table datasets", "outcome": "change_request"}]
"""The last of them is asked of no model."""
TIMES = {"stages_ms", "total_ms"}


class Batch(ScriptedBackend):
    """Drafts many at once too, and keeps which questions it was given together; has no draft for those that are ``down``."""

    down: tuple[str, ...] = ()

    def draft_all(self, contexts: Sequence[Context]) -> list[list[Draft] | GovernanceError]:
        self.batches = [*getattr(self, "batches", []), [context.question for context in contexts]]
        return [BackendUnavailable("It is down.") if context.question in self.down else self.draft(context) for context in contexts]


def runs(folder: Path, done: int = 0, cases: Sequence[Any] = ASKED, down: tuple[str, ...] = ()) -> tuple[list[Record], ScriptedBackend, list[Record], Batch]:
    """Records and backend of a run one by one, then of one in batches; ``done`` records are not asked again."""
    manifest, planned = plan(written(folder, cases, REPLIES, instances=0))
    plain = backend_of(manifest)
    assert isinstance(plain, ScriptedBackend) and not isinstance(plain, Batching)
    batch = Batch(plain._replies)
    batch.down = down
    store.create(folder / "plain", manifest)
    store.create(folder / "batch", manifest)
    one_by_one = list(run(manifest, planned, folder / "plain", plain))
    return one_by_one, plain, list(run(manifest, planned, folder / "batch", batch, one_by_one[:done])), batch


def told(records: Sequence[Record]) -> list[dict[str, Any]]:
    return [record.model_dump(exclude=TIMES) for record in records]


def test_a_batch_is_drafted_before_its_first_turn_and_every_record_is_the_same(tmp_path: Path) -> None:
    one_by_one, plain, together, batch = runs(tmp_path)
    assert told(together) == told(one_by_one)
    assert store.read(tmp_path / "batch")[1] == together
    assert batch.batches == [[*(case["question"] for case in CASES if "question" in case), "who owns C4", "delete it"]]
    assert batch.contexts == plain.contexts  # each once, and none when its turn came


def test_a_run_goes_through_batches_and_those_that_are_done_are_in_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "MOST", 4)
    one_by_one, _, together, batch = runs(tmp_path, done=3)
    assert told(together)[1:] == told(one_by_one)[4:]  # whose first is the cold one
    assert [len(questions) for questions in batch.batches] == [4, 5]  # a dialogue has two
    assert batch.batches[0][0] == CASES[3]["question"]


def test_a_later_turn_is_drafted_for_with_its_dialogue(tmp_path: Path) -> None:
    turns = [{"question": "how many models", "outcome": "answer", "gold": "SELECT count(*) FROM models"}, {"question": "only the german ones", "outcome": "refuse"}]
    one_by_one, plain, together, batch = runs(tmp_path, cases=[{"id": "talk", "principal": "ada", "turns": turns}])
    assert told(together) == told(one_by_one)
    assert batch.batches == [["how many models", "only the german ones"]]
    assert batch.contexts == plain.contexts
    assert "how many models" in batch.contexts[1].linked.text


def test_a_question_that_could_not_be_drafted_for_fails_alone(tmp_path: Path) -> None:
    _, _, together, _ = runs(tmp_path, down=("how many models",))
    assert {record.id: (record.got, record.message) for record in together if record.got == "infra"} == {"lucky": ("infra", "It is down.")}


def test_an_even_share_of_a_batch_counts_as_the_time_of_each_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 1000.0])
    monkeypatch.setattr(ahead, "perf_counter", lambda: next(ticks))
    _, _, together, batch = runs(tmp_path)
    share = 1000.0 * 1000 / len(batch.contexts)
    *drafted, change = together
    assert len(drafted) == len(batch.contexts)
    assert all(share <= record.stages_ms["draft"] <= record.total_ms < 2 * share for record in drafted)
    assert change.total_ms < share


def test_what_was_not_drafted_ahead_is_drafted_when_it_is_asked(tmp_path: Path) -> None:
    _, _, _, batch = runs(tmp_path)
    first, second = batch.contexts[:2]
    ready = Ahead(batch)
    batch.contexts.clear()
    [_] = ready.over([first], lambda context: [context])
    assert isinstance(ready.draft(second)[0], SqlDraft)
    assert batch.contexts == [first, second]
    ready.draft(first)
    assert batch.contexts == [first, second]
    ready.draft(first)  # asked again, as by a mending: what was kept has been handed out
    assert batch.contexts == [first, second, first]
