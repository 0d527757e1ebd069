"""Parts of what was asked, each read as a question of its own: the sentence of a story that asks, the last question of a dialogue."""

import re
from dataclasses import replace

from nl2sql.conversation import NEXT
from nl2sql.linking.mentions import SENTENCE_END, Linked
from nl2sql.plan import SLOT_KINDS, SLOTS_PER_KIND

SLOT = re.compile(rf"\b({'|'.join(SLOT_KINDS)})([1-{SLOTS_PER_KIND}])\b")
FEWEST_WORDS = 4
"""Of a sentence that can be read alone; one less with a value, as in who owns dataset1."""


def asking_sentence(linked: Linked) -> Linked | None:
    """The last question of several sentences, its slots numbered anew; None where there is but one sentence, and in a dialogue."""
    if NEXT in linked.text:
        return None
    sentences = SENTENCE_END.split(linked.text)
    if len(sentences) < 2:
        return None
    asking = [s for s in sentences if s.endswith("?")] or sentences[-1:]
    if len(asking[-1].split()) < FEWEST_WORDS - bool(SLOT.search(asking[-1])):
        return None
    return renumbered(asking[-1], linked)


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
    mentions = {f"@{new}": linked.mentions[f"@{old}"] for old, new in names.items()}
    return replace(linked, text=said, bindings=bindings, mentions=mentions)
