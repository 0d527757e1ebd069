"""What a question mentions and how the text with slots is written. Knows nothing about how mentions are found."""

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field

from nl2sql.linking.vocabulary import WORD, folded, lowered
from nl2sql.plan.language import SLOTS_PER_KIND
from nl2sql.readings.conversation import NEXT
from nl2sql.values import Text, Value

SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\.\.)\s+(?=\S)")
"""Where a sentence ends and another follows; dots of a pause end none: hmm ... the owner of C4."""
NOUN = re.compile(
    r"(?<!which )(?<!what )(?<!any )(?<!every )(?<!each )(?:\b(?:the|our|this) )?\b"
    r"(?P<slot>dataset[1-3](?= (?:data ?set|table|corpus|collection)(?!\w))|node[1-3](?= node(?!\w))|model[1-3](?= model(?!\w))|run[1-3](?<=(?:the|our) run[1-3])(?= run(?!\w))) (?:data ?set|table|corpus|collection|node|model|run)"
)
"""A value with a word that says its kind once more, which its slot says already: the dataset1 table. One of several is another thing: which dataset1 table."""
ROW_ID = "@id1"
"""What the identifier of the row that a question names is bound to; no text holds it and no model writes it."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A value at ``start:end`` of the question; ``known`` is false for a name that the asker's catalog does not hold, ``several`` tells that it is a list of names."""

    start: int
    end: int
    kind: str
    value: Value
    surface: str
    known: bool = True
    several: bool = False


@dataclass(frozen=True, slots=True)
class Linked:
    """The question with slots in place of values, what each slot stands for, and the mentions behind them.

    ``unit`` is the one that amounts are asked in (TB), empty where the question names none. ``also`` is the question with everyday
    words as names that they may be too: whether ``orders`` are purchases or a table, the rest of the question decides.
    ``part`` is the part of a date that something is asked per and that the model does not know (QUARTER, WEEKDAY, HOUR). ``metrics`` are the names of what
    was measured in the asker's catalog, ``detectors`` of what noticed events there.
    """

    text: str
    bindings: dict[str, Value]
    mentions: dict[str, Mention]
    unit: str = ""
    also: "Linked | None" = None
    part: str = ""
    metrics: frozenset[str] = frozenset()
    detectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """One word of letters and digits, lower case."""

    start: int
    end: int
    word: str


@dataclass(frozen=True, slots=True)
class Change:
    """``text`` stands at ``start:end`` of the changed question for what stood at ``was_start:was_end``."""

    start: int
    end: int
    was_start: int
    was_end: int


@dataclass(slots=True)
class Draft:
    """A question while its values are being found: later finders see what earlier ones took.

    ``eager`` takes everyday words for names that they may be; ``passed_over`` tells that there are some which were not taken.
    """

    question: str
    original: str = ""
    changes: list[Change] = field(default_factory=list)
    found: list[Mention] = field(default_factory=list)
    text: str = ""
    tokens: list[Token] = field(default_factory=list)
    eager: bool = False
    passed_over: bool = False

    def __post_init__(self) -> None:
        """Lower case is as long as the question, so that places in one are places in the other."""
        self.original = self.original or self.question
        self.text = lowered(self.question)
        self.tokens = [Token(m.start(), m.end(), m[0]) for m in WORD.finditer(folded(self.question))]

    def free(self, start: int, end: int) -> bool:
        """Whether nothing was found there yet."""
        return not any(start < m.end and m.start < end for m in self.found)

    def add(self, start: int, end: int, kind: str, value: Value, known: bool = True) -> None:
        """Take a span."""
        self.found.append(Mention(start, end, kind, value, self.surface(start, end), known))

    @staticmethod
    def nothing(start: int, end: int) -> Mention:
        """A span that holds no value, whatever later finders would see in it."""
        return Mention(start, end, "", Text(()), "")

    def before(self, start: int) -> str:
        """The end of the turn up to ``start``, found values included, with one blank at its end."""
        return self.left(start)[-40:]

    def after(self, end: int) -> str:
        """The beginning of the text that follows in the same turn."""
        return self.right(end)[:30]

    def left(self, start: int) -> str:
        """All of the turn up to ``start``: what a question of a dialogue says beside a name is what it says when asked alone."""
        return self.text[self.turn_start(start) : start]

    def right(self, end: int) -> str:
        """All of the turn from ``end`` on."""
        return self.text[end:].partition(f" {NEXT}")[0]

    def turn_start(self, at: int) -> int:
        """Where the turn of a dialogue begins in which a place is; of a single question its beginning."""
        mark = self.text.rfind(f"{NEXT} ", 0, at)
        return mark + len(NEXT) + 1 if mark >= 0 else 0

    def surface(self, start: int, end: int) -> str:
        """What the person typed there, before spelling was mended."""
        return self.original[self._typed(start, False) : self._typed(end, True)]

    def _typed(self, at: int, is_end: bool) -> int:
        index = bisect_right([c.start for c in self.changes], at - is_end) - 1
        if index < 0:
            return at
        change = self.changes[index]
        if at - is_end < change.end:
            return change.was_end if is_end else change.was_start
        return at - change.end + change.was_end

    def asked_from(self) -> int:
        """Where the part begins that asks: the last question of a dialogue, and of a story the last sentence that asks."""
        ends = [end for end in SENTENCE_END.finditer(self.text) if self.free(end.start(), end.end())]
        starts, stops = [0, *(end.end() for end in ends)], [*(end.start() for end in ends), len(self.text)]
        asking = [start for start, stop in zip(starts, stops, strict=True) if self.text[:stop].endswith("?")]
        return max((asking or starts)[-1], self.text.rfind(NEXT))

    def slotted(self) -> list[Mention]:
        """The values that get slots, by where they stand: of a kind as many as the plan language has, those of what is asked before those of what is told around it, of that the latest turn of a dialogue first."""
        asked_from, counts = self.asked_from(), Counter[str]()
        kept = []
        for mention in sorted((m for m in self.found if m.kind), key=lambda m: (m.start < asked_from, -self.text.count(NEXT, 0, m.start))):
            counts[mention.kind] += 1
            if counts[mention.kind] <= SLOTS_PER_KIND:
                kept.append(mention)
        return sorted(kept, key=lambda m: m.start)

    def linked(self, unit: str = "") -> Linked:
        """Write the slots, numbered per kind by where they stand; values that get none stay words."""
        counts: dict[str, int] = {}
        bindings: dict[str, Value] = {}
        mentions: dict[str, Mention] = {}
        pieces: list[str] = []
        at = 0
        for mention in self.slotted():
            piece = self.text[at : mention.start]
            if mention.kind == "jurisdiction":
                piece = re.sub(r"(^|\W)the $", r"\1", piece)
            counts[mention.kind] = counts.get(mention.kind, 0) + 1
            slot = f"{mention.kind}{counts[mention.kind]}"
            bindings[f"@{slot}"], mentions[f"@{slot}"] = mention.value, mention
            glued = self.text[mention.end : mention.end + 1].isalnum()
            pieces += [piece, f"{slot} " if glued else slot]
            at = mention.end
        pieces.append(self.text[at:])
        text = re.sub(r"\s+", " ", "".join(pieces)).strip()
        known = {slot[1:] for slot, mention in mentions.items() if mention.known}
        return Linked(NOUN.sub(lambda said: said["slot"] if said["slot"] in known else said[0], text), bindings, mentions, unit)
