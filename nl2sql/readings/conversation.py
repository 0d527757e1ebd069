"""Questions that follow one another: what the model reads of those before.

``datasets in Germany >> only the stale ones`` is one reading; the model knows from training whether the last question needs the
others, unless its words say outright that it does not.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

NEXT = ">>"
"""Stands between two questions of a dialogue, in training and in use."""
REMEMBERED = 4
"""Questions before the last that are read with it."""
BUDGET = 420
"""Characters of earlier questions that are read; the latest ones first, of a long one its end."""
FILLING = frozenset(
    {
        *("and", "or", "what", "how", "about", "now", "then", "ok", "okay", "so", "also", "too", "as", "well", "the", "our", "same", "question", "thing", "again", "with", "for", "on", "in", "of"),
        *("to", "into", "from", "by", "at", "no", "sorry", "i", "meant", "mean", "rather", "instead", "please", "pls", "do", "does", "but", "hm", "n", "nd", "abt"),
    }
)  # fmt: skip
"""Words beside the one value that a turn says in the place of another: ``ok and what about Zenodo now``."""
POLITE = r"(?:(?:and|but|ok|okay|now|please|pls|then|so|great|good|thanks|thank you|fine|actually|oh|ah|hm+|well|all ?right|right|sorry|pardon(?: me)?|of course|i see|i understand|perfect|yes)\W+)*"
"""What a turn may open with before it says anything."""
_off = r"forget (?:that|it|about (?:that|it))|never ?mind(?: that| it)?"
_other = r"(?:on )?(?:an? )?(?:(?:totally|completely|entirely) )?(?:different|another|new|other|separate|unrelated) (?:thing|question|topic|subject|matter|note)"
_further = r"something (?:else|(?:completely |entirely )?different)|change of (?:topic|subject)|next question"
LEAVES = re.compile(rf"^\W*(?:(?:ok|okay|fine|well|no|right)\W+)?(?:{_off}|{_other}|{_further})(?:\s+(?:now|please|though))?\s*[.,:;!–—-]\s*(?P<rest>.*)", re.IGNORECASE)
"""Words with which people leave what they asked before, and what they ask then."""
POINTS = re.compile(r"\b(?:it|its|them|they|their|those|these|this|that(?=\W*$| (?:one|dataset|data|table|model|node|run)\b)|he|she|his|her|ones?|same|there|again)\b", re.IGNORECASE)
"""Words that mean something said before."""
ITSELF = re.compile(r"\b(?:dataset|model|node|run)\d itself\b")
"""Means the thing that is named, and nothing of what was found."""
RETURNS = re.compile(r"\b(?:back (?:to|on)|again|earlier|previous(?:ly)?|before that|originally|at first|first question)\b", re.IGNORECASE)
"""Words that mean something said before the last thing that was asked for by itself."""
FEWEST_WORDS = 3
"""Of what follows such words, for it to be a question of its own."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A turn as those after it need it: what was asked, and the texts of the rows that its answer showed, where those are few.

    ``is_whole`` says that the question needs none of those before it: what it points at stands in it by name. One that ``is_refused`` and names
    nothing is no part of what comes after it, unless that asks for nothing without it.
    """

    question: str
    shown: tuple[tuple[str, ...], ...] = ()
    is_whole: bool = False
    is_refused: bool = False


def starts_anew(question: str) -> bool:
    """Whether a question says that it leaves those before it behind, and points at none of them."""
    match = LEAVES.match(question)
    return match is not None and len(match["rest"].split()) >= FEWEST_WORDS and not POINTS.search(match["rest"])


def in_context(question: str, before: Sequence[Earlier]) -> str:
    """The question after those before it, oldest first, from the latest one that starts anew or needs none before it."""
    kept: list[str] = []
    left = BUDGET
    after, is_whole, returns = question, False, bool(RETURNS.search(question))
    for earlier in reversed(before[-REMEMBERED:]):
        plain = " ".join(earlier.question.replace(NEXT, " ").split())
        if (is_whole and not returns) or starts_anew(after) or not plain or (left < len(plain) and kept):
            break
        kept.insert(0, plain[-left:])
        left -= len(plain)
        after, is_whole = earlier.question, earlier.is_whole
    return f" {NEXT} ".join([*kept, question.replace(NEXT, " ") if kept else question])
