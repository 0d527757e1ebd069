"""Makes the table of ``nl2sql.embedded.words`` from composed questions: which words are said where a part of a plan is meant.

IBM Model 1 (Brown et al., 1993) from the parts of plans to the words of questions, by expectation maximisation.
"""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nl2sql.corpus.fragments import Example
from nl2sql.embedded.words import FILE, STEPS, parts, said
from nl2sql.training.stream import examples

MOST_EXAMPLES = 170_000
ROUNDS = 6
LONGEST = 250
"""Characters of a question: in longer ones most words tell a story."""
NOTHING = "<nothing>"
"""What words come from that no part of a plan accounts for."""
FEWEST = 3
"""Times a word is said, for it to be kept."""
LEAST_GAIN, LEAST_SHARE = 2.0, 2e-4
"""Of what is kept: how much oftener the word is said with the part, and how large a share it is of the part's words."""

Ints = NDArray[np.int64]


def write_words(out: Path, seed: int, count: int) -> None:
    """Write ``words.npz`` into ``out``, from ``count`` questions, of which `MOST_EXAMPLES` are enough: eight minutes on one core, most of it for composing them."""
    words, names, gains = learn(islice(examples(seed), min(count, MOST_EXAMPLES)))
    starts = np.concatenate([[0], np.cumsum([len(row) for row in gains])]).astype(np.int32)
    kept: dict[str, Any] = {
        "words": np.frombuffer("\n".join(words).encode("utf-8"), dtype=np.uint8),
        "parts": np.frombuffer("\n".join(names).encode("utf-8"), dtype=np.uint8),
        "starts": starts,
        "indices": np.array([part for row in gains for part in row], dtype=np.uint16),
        "gains": np.array([round(np.log(gain) * STEPS) for row in gains for gain in row.values()], dtype=np.uint8),
    }
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out / FILE, **kept)


def learn(drawn: Iterable[Example]) -> tuple[list[str], list[str], list[dict[int, float]]]:
    """Words, parts, and for each word how many times oftener it is said with each part of those that matter."""
    words: dict[str, int] = {}
    names: dict[str, int] = {NOTHING: 0}
    questions, plans = list[list[int]](), list[list[int]]()
    for example in drawn:
        if len(example.question) <= LONGEST:
            questions.append([words.setdefault(word, len(words)) for word in said(example.question)])
            plans.append([0, *(names.setdefault(part, len(names)) for part in parts(example.plan.split()))])
    pairs, shares = _shares(questions, plans, len(names))
    times = np.bincount(np.concatenate([np.array(question, dtype=np.int64) for question in questions]), minlength=len(words))
    usual = times / times.sum()
    rows: list[dict[int, float]] = [{} for _ in words]
    for pair, share in zip(pairs.tolist(), shares.tolist(), strict=True):
        word, part = divmod(pair, len(names))
        gain = share / usual[word]
        if part and times[word] >= FEWEST and share > LEAST_SHARE and gain > LEAST_GAIN:
            rows[word][part] = gain
    said_often = [(word, row) for word, row in zip(words, rows, strict=True) if row]
    return [word for word, _ in said_often], list(names), [row for _, row in said_often]


def _shares(questions: list[list[int]], plans: list[list[int]], width: int) -> tuple[Ints, NDArray[np.float64]]:
    """Every pair of a word and a part that occur together, as ``word * width + part``, and the share of the word among the part's."""
    sizes = [len(plan) for question, plan in zip(questions, plans, strict=True) for _ in question]
    words = np.repeat(np.concatenate([np.array(question, dtype=np.int64) for question in questions]), sizes)
    meant = np.concatenate([np.tile(np.array(plan, dtype=np.int64), len(question)) for question, plan in zip(questions, plans, strict=True)])
    tokens = np.repeat(np.arange(len(sizes)), sizes)
    pairs, at = np.unique(words * width + meant, return_inverse=True)
    part_of = pairs % width
    shares = np.full(len(pairs), 1.0)
    for _ in range(ROUNDS):
        likely = shares[at]
        likely /= np.bincount(tokens, likely)[tokens]
        counts = np.bincount(at, likely, minlength=len(pairs))
        shares = counts / np.bincount(part_of, counts)[part_of]
    return pairs, shares
