"""Swaps expressions of a question for others that people use in their place: what one writer says, other people say in other words.

Each file in ``wordings`` holds sets of expressions of which any stands for any other, in questions about the views of their scope, or in all.
Those of a file that is a voice, such as ``terse``, are for questions in that voice.
"""

import random
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from catalog.semantic import views
from nl2sql.corpus.fragments import Example

WORDING_FILES = Path(__file__).parent / "wordings"
WORD = re.compile(r"[\w'/&#-]+(?:\.(?=\s))?")
LONGEST = 8
"""Words of an expression."""
SHARE_REWORDED = 0.6
SHARE_SWAPPED = 0.4
"""Of the expressions of a reworded question."""
VOICES = {"terse": 0.15, "nonnative": 0.15}
"""Files that are a voice, and the share of the reworded questions that speak in it."""

Expression = Annotated[str, Field(pattern=r"^[a-z]([a-z '/&#.-]*[a-z.])?$")]


class Scope(BaseModel):
    """Sets that hold in questions about one of ``views``, or in any where none is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    views: tuple[str, ...] = ()
    same: tuple[Annotated[tuple[Expression, ...], Field(min_length=2)], ...]


class Wordings(BaseModel):
    """A file of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    scope: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class Same:
    """A set of expressions, the views that it holds for, empty for all, and the voice."""

    expressions: tuple[str, ...]
    views: frozenset[str] = frozenset()
    voice: str = ""


Sets = Mapping[str, Sequence[Same]]
"""Expressions to the sets that they stand in."""


@cache
def load() -> Sets:
    """Every file's sets. Raises `pydantic.ValidationError`."""
    found: dict[str, list[Same]] = {}
    for path in sorted(WORDING_FILES.glob("*.toml")):
        for scope in Wordings.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).scope:
            for expressions in scope.same:
                same = Same(expressions, frozenset(scope.views), path.stem if path.stem in VOICES else "")
                for expression in expressions:
                    found.setdefault(expression, []).append(same)
    return found


def reword(example: Example, rng: random.Random, sets: Sets | None = None) -> Example:
    """The same question with some of its expressions swapped; slots such as ``dataset1`` stay."""
    if rng.random() >= SHARE_REWORDED:
        return example
    voice = rng.choices(("", *VOICES), (1 - sum(VOICES.values()), *VOICES.values()))[0]
    about = _views(example.plan)
    made, at = "", 0
    for start, end, others in _swappable(example.question, load() if sets is None else sets, lambda same: same.voice in ("", voice) and (not same.views or bool(same.views & about))):
        if rng.random() < SHARE_SWAPPED:
            made = _joined(made + example.question[at:start], rng.choice(others))
            at = end
    return replace(example, question=made + example.question[at:])


def _swappable(question: str, sets: Sets, fits: Callable[[Same], bool]) -> Iterator[tuple[int, int, list[str]]]:
    """Places of a question's expressions, the longest first, with those that may stand there instead."""
    words = [match.span() for match in WORD.finditer(question)]
    lowered, at = question.lower(), 0
    while at < len(words):
        for last in range(min(at + LONGEST, len(words)), at, -1):
            start, end = words[at][0], words[last - 1][1]
            said = lowered[start:end]
            if others := [other for same in sets.get(said, ()) if fits(same) for other in same.expressions if other != said]:
                yield start, end, others
                at = last - 1
                break
        at += 1


def _views(plan: str) -> frozenset[str]:
    """The views that a plan names, by themselves or before what they have."""
    return frozenset(re.findall(r"(?<![.\w])[a-z_]+", plan)) & views().keys()


def _joined(before: str, expression: str) -> str:
    """``a`` and ``an`` as the next sound wants them, as far as letters tell."""
    article = re.search(r"\b([aA])n?( +)$", before)
    if article:
        before = before[: article.start()] + article[1] + ("n" if expression[0] in "aeiou" else "") + article[2]
    return before + expression
