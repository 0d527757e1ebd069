"""Turns of a dialogue that go back to what was asked before the last thing: ``back to the stale ones, who owns them``. Knows texts only."""

import re
from collections.abc import Sequence

from nl2sql.linking.vocabulary import singular, words
from nl2sql.readings.conversation import Earlier, starts_anew

BACK = re.compile(
    r"^\W*(?:(?:ok|okay|hm+|well|now|so|and|but|right|thanks?|none|then)\W+)*(?:(?:let'?s |can we |please )*(?:go|get|come|switch) )?back to (?P<what>[\w' -]{2,40}?)(?: again| now| please| pls)?"
    r"(?:\s*[,.:;!?–—]+\s*|\s+-+\s+|\s+(?=(?:who|which|what|how|where|when|whose|are|is|do|does)\b)|$)(?P<rest>.*)$",
    re.IGNORECASE,
)
"""How a turn goes back, to what, and what it asks of that."""
FIRST = re.compile(r"\b(?:first (?:question|thing|topic|one)|beginning|start)\b", re.IGNORECASE)
NO_SUBJECT = frozenset(("the", "our", "my", "those", "these", "that", "this", "a", "an", "of", "one", "ones", "thing", "question", "topic", "list", "two", "three", "four", "five", "ten", "original", "earlier", "previous"))
"""Words that tell nothing of what is gone back to."""
HEAD = re.compile(
    r"\b(?:which|what|whose|how many|list|show(?: me)?)(?: [\w-]+)? (?P<noun>data ?sets?|data|tables?|models?|nodes?|machines|runs|policies|rules|grants|checks|alerts|offers|orders|claims|consents|copies|backups|columns|events|incidents)\b",
    re.IGNORECASE,
)
"""What a turn asks for by name."""
FEWEST = 2
"""Turns before, of which the last one is left."""


def returned(question: str, before: Sequence[Earlier]) -> tuple[str, Sequence[Earlier]]:
    """What a question asks of an earlier topic, and the turns of that; the question and all turns where it goes back to none of them."""
    match = BACK.match(question)
    if match is None or len(before) < FEWEST:
        return question, before
    subject = _subject(match["what"])
    at = 0 if FIRST.search(match["what"]) else next((i for i in reversed(range(len(before) - 1)) if subject and subject <= _subject(before[i].question)), None)
    if at is None:
        return question, before
    end = next((i for i in range(at + 1, len(before)) if _is_other(before[i], subject | _subject(before[at].question))), len(before))
    if end == len(before):
        return question, before
    return match["rest"].strip() or match["what"], before[:end]


def _subject(text: str) -> set[str]:
    return {singular(word) for word in words(text) if not word.isdigit()} - NO_SUBJECT


def _is_other(turn: Earlier, subject: set[str]) -> bool:
    """Whether a turn is no more about the subject: it needs none before it, or asks for something else by name."""
    head = HEAD.search(turn.question)
    return turn.is_whole or turn.is_refused or starts_anew(turn.question) or (head is not None and not _subject(head["noun"]) <= subject)
