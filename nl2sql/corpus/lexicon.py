"""The words that people use to ask, whatever about: for the linker, which takes other words for parts of names.

``python -m nl2sql.corpus.lexicon`` writes them to where the linker reads them.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from nl2sql.corpus import frames, styles
from nl2sql.corpus.phrases import HOLE, load
from nl2sql.linking.index import words
from nl2sql.linking.vocabulary import LEXICON

PHRASES = ("adj", "that", "super", "by", "nouns", "has", "hasnt", "ask")
"""Fields of a phrase table that people's words stand in."""
COMMON_PLANS = 30
"""Plans of one view that use a word before it counts as a word to ask with."""
SHARED_PLANS = 4
"""Plans of several views that do."""
STORY = re.compile(r"[.!?] \S")
"""In a text of several sentences, which mentions more than it asks."""


def lexicon_words() -> list[str]:
    """Distinct words of two letters or more, the most used first: those of frames, small talk and concepts, and those that several views' phrases use.

    What a single question is about ("delivery", "news") is no word to ask with, and may be part of a name.
    """
    used: Counter[str] = Counter()
    shared: Counter[str] = Counter()
    for view in _phrases():
        in_view = [_words(text for text in texts if not STORY.search(text)) for texts in view]
        used.update(word for found in in_view for word in found)
        shared.update(set().union(*in_view))
    said = {word for word in used if used[word] >= (SHARED_PLANS if shared[word] > 1 else COMMON_PLANS)}
    return sorted(said | _words(_concepts()) | _words(_small_talk()), key=lambda word: (-used[word], word))


def english_words(tokenizer: Path) -> list[str]:
    """Whole words of four letters or more in a WordPiece vocabulary."""
    vocabulary = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    return sorted(w for w in vocabulary if len(w) > 3 and w.isascii() and w.isalpha())


def _words(texts: Iterable[str]) -> set[str]:
    return {w for text in texts for w in words(HOLE.sub(" ", text)) if len(w) > 1 and not w.isdigit()}


def _phrases() -> Iterator[list[list[str]]]:
    """For each view, the phrases of each of its plans."""
    by_view: dict[str, list[list[str]]] = defaultdict(list)
    for view, phrases in load().items():
        if view == "general":
            continue  # its topics are what people should be able to search for
        for part in (*phrases.filter, *phrases.link, *phrases.whole):
            by_view[view].append([text for name in PHRASES for text in getattr(part, name, ())])
        for turn in (turn for dialogue in phrases.dialogue for turn in dialogue.turn if turn.plan.startswith("FROM ")):
            by_view[turn.plan.split()[1]].append(list(turn.ask))
    yield from by_view.values()


def _concepts() -> Iterator[str]:
    """What rows, their facts, groups, measures and rankings are called."""
    for phrases in load().values():
        yield from phrases.entity
        for part in (*phrases.order, *phrases.attr, *phrases.group, *phrases.measure):
            yield from (text for name in PHRASES for text in getattr(part, name, ()))


def _small_talk() -> Iterator[str]:
    for bank in vars(frames).values():
        if isinstance(bank, tuple):
            yield from (entry if isinstance(entry, str) else entry[0] for entry in bank)
    yield from (*styles.OPENERS, *styles.CLOSERS, *styles.STORIES)
    yield from (word for pair in styles.ABBREVIATIONS for word in pair)


def write_lexicon() -> None:
    """Write the lexicon, one word a line."""
    LEXICON.write_text("\n".join(lexicon_words()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_lexicon()
