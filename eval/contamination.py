"""Keeps held-out questions out of what a model learns from or is shown: training phrases, prompts, verified queries.

A text is contaminated by a held-out question that it equals, case, punctuation and holes aside, or with which it shares a run of
`RUN` words (after Brown et al., 2020, appendix C, who take 13).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from eval.suite import find_suite, load_suite, shipped_suites

RUN = 8
SHORT = 4
"""A question of fewer words ("how many of them?") belongs to everybody."""
HOLE = re.compile(r"\{[^{}]*\}")
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Overlap:
    """A text, and the held-out case whose question it holds; the question itself stays unsaid."""

    text: str
    case: str


def held_out() -> dict[str, str]:
    """Held-out questions of the shipped suites and the ids of their cases."""
    return {
        turn.question: f"{name}/{case.id}"
        for name in shipped_suites()
        for path in find_suite(name, "test")
        for case in load_suite(path)
        for turn in case.turns
    }


def overlaps(texts: Iterable[str], questions: dict[str, str]) -> Iterator[Overlap]:
    """Every text that holds one of ``questions`` (question to case)."""
    plain = {tuple(filter(None, _words(question))): case for question, case in questions.items()}
    whole = {words: case for words, case in plain.items() if len(words) >= SHORT}
    runs = {run: case for question, case in questions.items() for run in _runs(_words(question))}
    for text in texts:
        said = _words(text)
        case = whole.get(tuple(filter(None, said))) or next((runs[run] for run in _runs(said) if run in runs), None)
        if case is not None:
            yield Overlap(text, case)


def _words(text: str) -> list[str]:
    """Words in lower case; a hole for a value ends a run of words but is none."""
    return ["" if word == "\0" else word for word in re.findall(rf"\0|{WORD.pattern}", HOLE.sub("\0", text.lower()))]


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    for start in range(len(words) - RUN + 1):
        run = tuple(words[start : start + RUN])
        if "" not in run:
            yield run
