"""Finds what a question says of events in the words that they tell it in, outages with a full disk, after a kernel update, and what noticed them: the gossip monitor."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from nl2sql.linking.index import NameIndex
from nl2sql.linking.mentions import Draft
from nl2sql.linking.vocabulary import WORD, concepts, folded, stems
from nl2sql.values import Text

LEAST_LETTERS = 4
"""Letters of a word that tells something."""
JOINING = frozenset(("about", "after", "back", "before", "between", "came", "come", "from", "into", "over", "since", "than", "that", "under", "until", "which", "with", "without"))
"""Words that only join others."""

_noticed = r"(?:detected|noticed|found|reported|spotted|seen|discovered|raised|flagged|caught|observed|picked up)"
BY = re.compile(rf"\b{_noticed} by (?:(?:the|an?|our|one) )?$")
"""Before what noticed something."""
NOTICES = re.compile(rf"s? (?:(?:has|have|had|did|ever|first|that) )*(?:{_noticed}|detects?|notices?)\b")
"""Behind it."""


def find_noticed(draft: Draft, index: NameIndex) -> None:
    """What notices events, where a question says that it does, or has several words of it: detected by a heartbeat, the gossip monitor."""
    for detector in sorted(index.detectors, key=lambda value: (-len(value), value)):
        for match in re.finditer(rf"(?<![\w-]){re.escape(folded(detector))}s?(?![\w-])", draft.text):
            before = draft.left(match.start())
            is_said = " " in detector or BY.search(before) or (NOTICES.match(draft.text, match.end()) and not re.search(r"\b(?:which|what|each|every) $", before))
            if draft.free(*match.span()) and is_said:
                draft.add(*match.span(), "term", Text((detector,)))


def find_happened(draft: Draft, index: NameIndex) -> None:
    """Two words in a row that stand so in what events tell, whatever their forms and order, and of which not both are the catalog's own, such as signing key."""
    told = _told(index.details)
    if not told:
        return
    for (one, other), start, end in _pairs(draft.question):
        either = ((first, second) for first in (one, *stems(one)) for second in (other, *stems(other)))
        found = (told.get((first, second)) or told.get((second, first)) for first, second in either)
        if draft.free(start, end) and (words := next(filter(None, found), "")):
            draft.add(start, end, "term", Text((words,)))


@lru_cache(maxsize=4)
def _told(details: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """Pairs of words to how events tell them."""
    return {pair: folded(detail)[start:end] for detail in details for pair, start, end in _pairs(detail)}


def _pairs(text: str) -> Iterator[tuple[tuple[str, str], int, int]]:
    """Neighbouring words that tell something, and where they stand."""
    for one, other in pairwise(WORD.finditer(folded(text))):
        both = {one[0], other[0]}
        if min(map(len, both)) >= LEAST_LETTERS and not both & JOINING and not both <= concepts():
            yield (one[0], other[0]), one.start(), other.end()
