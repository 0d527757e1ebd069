"""Parts of what was asked, each read as a question of its own: the sentence of a story that asks, the last question of a dialogue."""

import re
from dataclasses import replace

from nl2sql.linking.mentions import ROW_ID, SENTENCE_END, Linked
from nl2sql.linking.vocabulary import concepts, words
from nl2sql.plan.language import SLOT_KINDS, SLOTS_PER_KIND
from nl2sql.readings.conversation import NEXT

SLOT = re.compile(rf"\b({'|'.join(SLOT_KINDS)})([1-{SLOTS_PER_KIND}])\b")
NAMED = frozenset(("dataset", "model", "node", "run", "policy", "person", "org", "column"))
"""Kinds of what a question may name for others to mean."""
FEWEST_WORDS = 4
"""Of a sentence that can be read alone; one less with a value, as in who owns dataset1."""
RESTRICTS = re.compile(r"(?:only|just|but only|but not|and not|not|except|excluding|without|leave out|ignore|skip)\b", re.IGNORECASE)
"""How a sentence begins that says which rows the one before it means: only what was allowed."""
MOST_ADDED = 10
"""Words of what is added behind a question and belongs to it: which columns, of which rows."""
TALK = re.compile(r"(?:i|i'm|i'll|i've|we|we're|you|it|it's|that|that's|this|they|there|my|our|he|she|thanks?|thank|cheers|sorry|please|pls|ta|thx|asap|urgent)\b", re.IGNORECASE)
"""How a sentence begins that tells something else."""
ADDED = frozenset(("direct", "directly", "indirect", "straight", "hop", "highest", "lowest", "newest", "oldest", "average", "averages", "totals", "percentage"))
"""What such an addition says besides the words that the catalog has a meaning for."""
FEWEST_LETTERS = 4
"""Of a word that the catalog has a meaning for; shorter ones are in every sentence."""

BESIDE_COLUMNS = frozenset(("and", "or", "the", "its", "their", "with", "please", "pls", "also", "only", "just", "too", "names", "each"))
"""Words beside the columns that are to be shown: seller and dataset please."""


def asking_sentence(linked: Linked) -> Linked | None:
    """The last question of several sentences with what is added to it, its slots numbered anew.

    None where there is but one sentence, where that would be what restricts the others, and in a dialogue.
    """
    if NEXT in linked.text:
        return None
    sentences = SENTENCE_END.split(linked.text)
    if len(sentences) < 2:
        return None
    at = max((i for i, sentence in enumerate(sentences) if sentence.endswith("?")), default=len(sentences) - 1)
    asking, behind = sentences[at], sentences[at + 1 :]
    if not asking.endswith("?") and set(words(asking)) <= concepts() | BESIDE_COLUMNS and not SLOT.search(asking):
        return None
    if len(asking.split()) < FEWEST_WORDS - bool(SLOT.search(asking)) or RESTRICTS.match(asking):
        return None
    added = " ".join(behind) if _is_added(" ".join(behind)) else " ".join(filter(RESTRICTS.match, behind))
    return renumbered(f"{asking.removesuffix('?')}, {added}" if added else asking, linked)


def _is_added(behind: str) -> bool:
    """Whether what stands behind a question is part of it: a few words of the catalog without a verb of their own, "names and owners"."""
    said = words(behind)
    meant = (word for word in said if word in ADDED or (len(word) >= FEWEST_LETTERS and {word, word.removesuffix("s")} & concepts()))
    return len(said) <= MOST_ADDED and not TALK.match(behind) and any(meant)


def turns(linked: Linked) -> tuple[Linked, Linked] | None:
    """The last question of a dialogue, and what came before it, each as a question of its own; None where there is one question."""
    before, said, last = linked.text.rpartition(NEXT)
    return (renumbered(last.strip(), linked), renumbered(before.strip(), linked)) if said else None


def renumbered(text: str, linked: Linked) -> Linked:
    """A part of the question as a question of its own."""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}

    def name(match: re.Match[str]) -> str:
        if f"@{match[0]}" not in linked.bindings:
            return match[0]
        if match[0] not in names:
            counts[match[1]] = counts.get(match[1], 0) + 1
            names[match[0]] = f"{match[1]}{counts[match[1]]}"
        return names[match[0]]

    said = SLOT.sub(name, text)
    bindings = {f"@{new}": linked.bindings[f"@{old}"] for old, new in names.items()}
    if ROW_ID in linked.bindings:
        bindings[ROW_ID] = linked.bindings[ROW_ID]
    mentions = {f"@{new}": linked.mentions[f"@{old}"] for old, new in names.items()}
    return replace(linked, text=said, bindings=bindings, mentions=mentions)


def names_something(linked: Linked) -> bool:
    """Whether the last question of a dialogue names a thing, a person or an organisation."""
    said = {slot[0] for slot in SLOT.finditer(linked.text.rpartition(NEXT)[2])}
    return any(mention.kind in NAMED and slot[1:] in said for slot, mention in linked.mentions.items())
