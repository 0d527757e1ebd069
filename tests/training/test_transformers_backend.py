"""A model in this process as a backend: random weights say nothing that is SQL, and that is an outcome too. Needs the train extra."""

import json
from pathlib import Path

import pytest

from catalog.errors import UsageError
from catalog.storage.generations import pinned
from nl2sql.backends import DeferredBackend
from nl2sql.pipeline import ask
from nl2sql.session import open_session
from nl2sql.turn import Failed

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.served.tiny import main

    folder = tmp_path_factory.mktemp("models") / "tiny"
    main(folder)
    return folder


def test_what_a_model_writes_here_goes_the_same_way(tiny: Path, demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nl2sql.backends.transformers.MOST_TOKENS", 8)
    with pinned(demo_home) as generation:
        session = open_session(demo_home, generation, None)
        *_, outcome = ask("how many datasets are there", session, DeferredBackend(f"transformers:{tiny}"))
        session.close()
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.exit_code) == ("draft", 6)
    assert "neither SQL nor a reply" in outcome.message


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nope"}), encoding="utf-8")
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(UsageError, match="cannot be loaded"):
        _ = DeferredBackend(f"transformers:{tmp_path}").samples
