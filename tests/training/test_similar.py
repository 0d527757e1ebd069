"""The encoder of semantic search is distilled anew, the same every time. Needs the train extra."""

from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore")]


def test_distilling_gives_an_encoder_and_the_same_one_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nl2sql.embedded.encoder import FILE, Encoder
    from nl2sql.embedded.parser import WEIGHTS
    from nl2sql.training import similar
    from nl2sql.training.similar import Recipe, distil

    monkeypatch.setattr(similar, "FIRST_PIECE", 29_000)  # the last and rarest pieces alone: a second instead of two minutes
    recipe = Recipe(passes=2, epochs=2, width=32)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tokenizer.json").write_bytes((WEIGHTS / "tokenizer.json").read_bytes())
        assert distil(tmp_path / name, recipe) == tmp_path / name / FILE
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == [FILE, "tokenizer.json"]
    assert (tmp_path / "one" / FILE).read_bytes() == (tmp_path / "two" / FILE).read_bytes()
    encoder = Encoder(tmp_path / "one")
    vectors = encoder.encode(["agile", "the", "[PAD]", ""])
    assert encoder.width == 32
    assert np.linalg.norm(vectors, axis=1).round(5).tolist() == [1, 0, 0, 0]
