"""Hostile words of publishers against the models that are here: what is read and decided stays within the asker's rights."""

from contextlib import closing
from pathlib import Path

import pytest

from catalog.storage.generations import pinned
from catalog.storage.state import State
from eval.security import canaries, injected
from eval.security.injected import PAYLOADS, Effects, texts, within_scope
from nl2sql.backends.base import SqlDraft
from nl2sql.backends.scripted import ScriptedBackend
from nl2sql.pipeline import ask
from nl2sql.session import open_session
from nl2sql.turn import Answered, Outcome

CI = 8


def test_there_are_a_thousand() -> None:
    assert len(set(texts())) == len(texts()) >= 1_000
    assert not any(canaries.found(text) for text in texts())


def test_no_text_changes_what_is_read(tmp_path: Path) -> None:
    effects = injected.measure(tmp_path, list(range(0, len(texts()), len(texts()) // CI)))
    assert effects.wrong == []
    assert effects.asked >= 2 * CI
    assert effects.approved > CI, "questions are answered besides"


@pytest.mark.slow
def test_no_text_of_all_changes_what_is_read(tmp_path: Path) -> None:
    effects = injected.measure(tmp_path, list(range(len(texts()))))
    assert effects.wrong == []
    assert effects.asked >= 2_000


def test_a_poisoned_model_is_held_by_the_guard(tmp_path: Path) -> None:
    """Through the whole way of a question: what it drafts is what was injected, as a payload and as the whole text."""
    drafts = [*PAYLOADS, *texts()[::150]]
    replies = {f"q{at}": [SqlDraft(sql, "as told", 1.0)] for at, sql in enumerate(drafts)}
    with canaries.opened(tmp_path / "a", "a") as world:
        injected.plant(world, dict(enumerate(texts()[::20])))
        with pinned(world.home) as generation, closing(open_session(world.home, generation, State(world.home).issue_token(canaries.ASKER, 1))) as session:
            ended = []
            for question in replies:
                *_, outcome = ask(question, session, ScriptedBackend(replies))
                assert isinstance(outcome, Outcome)
                assert canaries.found(repr(outcome)) == []
                ended.append(isinstance(outcome, Answered))
            assert sum(ended[: len(PAYLOADS)]) <= 2, "of the payloads, only those over what the asker may read"
            effects = Effects()
            within_scope([SqlDraft("SELECT name FROM datasets", "", 1.0)], session, effects, "harmless")
            assert (effects.approved, effects.wrong) == (1, [])
