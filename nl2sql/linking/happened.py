"""Finds what a question says of events in the words that they tell it in: outages with a full disk, after a kernel update."""

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
