"""A second opinion on a plan: how well its parts explain the words of the question, and the words its parts.

A table of how much oftener a word is said where a part of a plan is meant (IBM Model 1; Brown et al., 1993, run from plans to questions)
knows nothing of order, but a condition that nothing in the question speaks of, or words that no part of the plan accounts for, weigh
against a plan that the parser likes. ``nl2sql.training.words`` makes the table.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from nl2sql.errors import BackendUnavailable

FILE = "words.npz"
WORD = re.compile(r"[a-z]+\d?|\d+|[<>=%]+")
EXPLAINED, SUPPORTED = 0.16, 0.08
"""Weights of a word that is explained and of a part that is supported, beside the parser's log-probability; fitted on development questions."""
MOST, LEAST = 50.0, 0.02
"""No part is supported more than so much, or less."""


def said(question: str) -> list[str]:
    """The words of a linked question, each once; a slot is one."""
    return list(dict.fromkeys(WORD.findall(question.lower())))


def parts(tokens: Sequence[str]) -> list[str]:
    """What a plan is made of, each once: its columns by the clause that they stand in, tests with their column, all other tokens as they are."""
    found: dict[str, None] = {}
    clause = "F"
    for token, after in zip(tokens, [*tokens[1:], ""], strict=True):
        if token in ("WHERE", "SELECT", "HAVING", "ORDER", "JOIN"):
            clause = token[0]
        elif token in ("FROM", "END", "EQ", "OR"):
            continue
        elif "." in token and "=" not in token:
            found[f"{clause}:{token}"] = None
            if clause == "W" and after != "EQ":
                found[f"{token}~{after}"] = None
        else:
            found[token] = None
    return list(found)


class Words:
    """The table in ``folder``. Raises `BackendUnavailable` without it."""

    def __init__(self, folder: Path) -> None:
        try:
            with np.load(folder / FILE) as saved:
                words, names = (bytes(saved[key]).decode("utf-8").split("\n") for key in ("words", "parts"))
                self._starts, self._parts, self._gains = saved["starts"], saved["indices"], saved["gains"]
        except OSError as missing:
            raise BackendUnavailable(f"The table of words is not in {folder.name}.", "Reinstall the package, or run 'steward train'.") from missing
        self._words = {word: at for at, word in enumerate(words)}
        self._names = {name: at for at, name in enumerate(names)}

    def weight(self, question: str, tokens: Sequence[str]) -> float:
        """What the words of a linked question add to the log-probability of a plan."""
        meant = [self._names.get(part, -1) for part in parts(tokens)]
        rows = [self._row(self._words[word]) for word in said(question) if word in self._words]
        gains = np.array([[row.get(part, 0.0) for part in meant] for row in rows]).reshape(len(rows), len(meant))
        if not gains.size:
            return 0.0
        supported = np.log(np.minimum(gains.max(axis=0), MOST) + LEAST)
        return float(EXPLAINED * np.log1p(gains.max(axis=1)).sum() + SUPPORTED * supported.sum())

    def _row(self, word: int) -> dict[int, float]:
        """How many times oftener a word is said with each part than without, by part."""
        there = slice(self._starts[word], self._starts[word + 1])
        return dict(zip(self._parts[there].tolist(), np.exp(self._gains[there] / STEPS).tolist(), strict=True))


STEPS = 8.0
"""Gains are kept as whole numbers: their logarithm times so many."""


@cache
def table(folder: Path) -> Words:
    """The table in ``folder``, read once."""
    return Words(folder)
