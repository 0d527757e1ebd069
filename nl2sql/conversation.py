"""Questions that follow one another: what the model reads of those before.

``datasets in Germany >> only the stale ones`` is one reading; the model knows from training whether the last question needs the
others.
"""

from collections.abc import Sequence

NEXT = ">>"
"""Stands between two questions of a dialogue, in training and in use."""
REMEMBERED = 2
"""Questions before the last that are read with it."""
BUDGET = 260
"""Characters of earlier questions that are read; the latest ones first, of a long one its end."""


def in_context(question: str, before: Sequence[str]) -> str:
    """The question after those before it, oldest first."""
    kept: list[str] = []
    left = BUDGET
    for earlier in reversed(before[-REMEMBERED:]):
        plain = " ".join(earlier.replace(NEXT, " ").split())
        if not plain or (left < len(plain) and kept):
            break
        kept.insert(0, plain[-left:])
        left -= len(plain)
    return f" {NEXT} ".join([*kept, question.replace(NEXT, " ") if kept else question])
