"""Which values of a question a plan has a use for."""

import re

from nl2sql.embedded.parser import Candidate
from nl2sql.linking.mentions import Linked
from nl2sql.readings.conversation import NEXT


def used(candidate: Candidate, linked: Linked) -> set[tuple[int, int]]:
    """Where the values stand that a plan uses."""
    return {(mention.start, mention.end) for slot, mention in linked.mentions.items() if slot in candidate.tokens}


def unused(candidate: Candidate, linked: Linked) -> tuple[str, ...]:
    """Values of the question, of a dialogue those of its last turn, that a plan has no use for; ``those two`` is none."""
    said = set(re.findall(r"\w+", re.sub(r"\b(?:those|these|the) number\d\b", "", linked.text.rpartition(NEXT)[2])))
    values = [mention.value for slot, mention in linked.mentions.items() if slot in candidate.tokens]
    return tuple(m.surface for slot, m in linked.mentions.items() if slot[1:] in said and m.known and slot not in candidate.tokens and m.value not in values)


def uses_more(named: set[tuple[int, int]], plain: set[tuple[int, int]], linked: Linked) -> bool:
    """Whether a plan uses the values that another uses and one that this leaves out."""
    return plain <= named and any((m.start, m.end) in named - plain for m in linked.mentions.values() if m.known)
