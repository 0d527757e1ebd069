"""The words that people use to ask: every word of the phrase files, frames and small talk, for the linker's spelling.

``python -m nl2sql.corpus.lexicon`` writes them to where the linker reads them.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from nl2sql.corpus import frames, styles
from nl2sql.corpus.phrases import HOLE, load
from nl2sql.linking.index import words
from nl2sql.linking.vocabulary import LEXICON


def lexicon_words() -> list[str]:
    """Sorted distinct words of two letters or more."""
    return sorted({w for text in _texts() for w in words(HOLE.sub(" ", text)) if len(w) > 1 and not w.isdigit()})


def english_words(tokenizer: Path) -> list[str]:
    """Whole words of four letters or more in a WordPiece vocabulary."""
    vocabulary = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    return sorted(w for w in vocabulary if len(w) > 3 and w.isascii() and w.isalpha())


def _texts() -> Iterator[str]:
    for view, phrases in load().items():
        if view == "general":
            continue  # its topics are what people should be able to search for
        yield from phrases.entity
        for part in (*phrases.filter, *phrases.order, *phrases.attr, *phrases.group, *phrases.measure, *phrases.link, *phrases.whole):
            for name in ("adj", "that", "super", "by", "nouns", "has", "hasnt", "ask"):
                yield from getattr(part, name, ())
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
