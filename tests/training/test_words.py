"""The table of words is learnt from questions whose shares are worked out by hand, and the file reads as it was written."""

from pathlib import Path

import pytest

from nl2sql.corpus.fragments import Example
from nl2sql.embedded.words import Words

pytestmark = pytest.mark.train


def test_a_word_belongs_to_the_part_it_is_said_with() -> None:
    from nl2sql.training.words import learn

    drawn = [Example(f"{word} please", plan, "x") for word, plan in [("owners", "FROM a SELECT a.owner"), ("stewards", "FROM a SELECT a.steward")] for _ in range(8)]
    words, names, gains = learn(drawn)
    gain = {(word, names[part]): by for word, row in zip(words, gains, strict=True) for part, by in row.items()}
    assert gain[("owners", "S:a.owner")] > 3
    assert ("owners", "S:a.steward") not in gain
    assert not any(word == "please" and part.startswith("S:") for word, part in gain)


def test_a_table_of_few_questions_reads_as_it_was_written(tmp_path: Path) -> None:
    from nl2sql.training.words import write_words

    write_words(tmp_path, seed=5, count=400)
    words = Words(tmp_path)
    right, other = ("FROM datasets WHERE datasets.deprecated IS_TRUE SELECT datasets.name", "FROM nodes SELECT nodes.stake")
    assert words.weight("which datasets are deprecated", right.split()) > words.weight("which datasets are deprecated", other.split())
