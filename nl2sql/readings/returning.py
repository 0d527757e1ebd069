"""Turns of a dialogue that ask an earlier one again: of a topic that was left, ``back to the stale ones, who owns them``, or with another length of time, ``make it two days``.

Knows texts only.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from nl2sql.linking.vocabulary import singular, words
from nl2sql.readings.conversation import POLITE, Earlier, starts_anew

BACK = re.compile(
    r"^\W*(?:(?:ok|okay|hm+|well|now|so|and|but|right|thanks?|none|then)\W+)*(?:(?:let'?s |let me |can we |may i |i(?:'d| would) like to |i want to |please )*(?:(?:(?:go|get|come|switch) )?back|return(?:ing)?|going back) to|back to) (?P<what>[\w' -]{2,40}?)(?: again| now| please| pls)?"
    r"(?:\s*[,.:;!?–—]+\s*|\s+-+\s+|\s+(?=(?:who|which|what|how|where|when|whose|are|is|do|does)\b)|$)(?P<rest>.*)$",
    re.IGNORECASE,
)
"""How a turn goes back, to what, and what it asks of that."""
FIRST = re.compile(r"\b(?:first (?:question|thing|topic|one)|beginning|start)\b", re.IGNORECASE)
NO_SUBJECT = frozenset(
    {
        *("the", "our", "my", "those", "these", "that", "this", "a", "an", "of", "one", "ones", "thing", "question", "topic", "list", "two", "three", "four", "five", "ten", "original", "earlier", "previous"),
        *("with", "without", "no", "not", "which", "are", "is", "have", "has", "in", "on", "from", "for", "at", "by", "and", "or"),
    }
)  # fmt: skip
"""Words that tell nothing of what is gone back to."""
HEAD = re.compile(
    r"\b(?:which|what|whose|how many|list|show(?: me)?)(?: [\w-]+)? (?P<noun>data ?sets?|data|tables?|models?|nodes?|machines|runs|policies|rules|grants|checks|alerts|offers|orders|claims|consents|copies|backups|columns|events|incidents)\b",
    re.IGNORECASE,
)
"""What a turn asks for by name."""
_unit = r"(?:minutes?|mins?|hours?|hrs?|h|days?|d|weeks?|wks?|months?|quarters?|years?)"
SPAN = re.compile(rf"\b(?P<number>\d+|two|three|four|five|six|seven|ten|twelve) ?(?P<unit>{_unit})\b", re.IGNORECASE)
"""A length of time."""
NUMBER = re.compile(r"\d")
RESPANS = re.compile(
    rf"^\W*{POLITE}(?:no\W+)?(?:widen|extend|stretch|shorten|narrow|broaden|make|change|set|increase|reduce|raise|lower|go)(?: (?:it|that|this|the (?:window|span|period|range)))?(?: (?:down|up|out|back))?(?: to)?"
    rf" (?P<number>\d+|two|three|four|five|six|seven|ten|twelve)(?: ?(?P<unit>{_unit}))?(?: (?:please|pls|then|instead|now))*\W*$",
    re.IGNORECASE,
)
"""How a turn sets another length of time in the place of the one said before."""
FEWEST = 2
"""Turns before, of which the last one is left."""


def asked_again(question: str, before: Sequence[Earlier]) -> tuple[str, Sequence[Earlier]]:
    """A question and the turns before it as they are read: those that ask an earlier one again in its place."""
    turns: Sequence[Earlier] = ()
    for turn in before:
        said, kept = _in_its_place(turn.question, turns)
        turns = (*kept, replace(turn, question=said))
    return _in_its_place(question, turns)


def _in_its_place(question: str, before: Sequence[Earlier]) -> tuple[str, Sequence[Earlier]]:
    return returned(*respanned(question, before))


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


def respanned(question: str, before: Sequence[Earlier]) -> tuple[str, Sequence[Earlier]]:
    """The turn before with another length of time, where a question says nothing but that: silent for three days >> make it two. The question and all turns else."""
    match = RESPANS.match(question)
    if match is None or not before:
        return question, before
    at = next((i for i in reversed(range(len(before))) if len(SPAN.findall(before[i].question)) == 1), None)
    if at is None or (not match["unit"] and any(NUMBER.search(turn.question) for turn in before[at + 1 :])):
        return question, before
    asked = SPAN.sub(lambda old: f"{match['number']} {match['unit'] or old['unit']}", before[at].question)
    turns = [*before[:at], replace(before[at], question=asked), *before[at + 1 :]]
    return turns[-1].question, turns[:-1]
