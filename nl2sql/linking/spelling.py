"""Mends misspelt words before anything is looked up, and finds names that are nearly spelt right. Never touches an English word."""

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from nl2sql.linking.dates import MONTHS, WEEKDAYS
from nl2sql.linking.index import NameIndex
from nl2sql.linking.kinds import ranked
from nl2sql.linking.mentions import Change, Draft, Token
from nl2sql.linking.names import bounded
from nl2sql.linking.vocabulary import by_use, folded, is_compound, is_english, lexicon, schema_words
from nl2sql.values import Text

CLOSE, CLOSE_LONG, CLOSE_CAPITAL = 80, 82, 86
"""Least similarity (0 to 100, normalised indel) of a mended word; of eight letters and more, of capitalised ones."""
COMMON = 600
"""Most used words that one without its vowels may stand for."""
LONG_NAME = 10
"""Letters from which a name may hold two slips (letters dropped, added, changed or swapped) instead of one."""
QUOTED = re.compile(r"[\"“”`«][^\"“”`»]{1,80}[\"“”`»]|(?<!\w)'[^']{2,60}'(?!\w)")
WHOLE_WORD = re.compile(r"(?<![\w@./-])[^\W\d_]{3,}(?![\w@/]|[.-]\w)")
COMPARATIVES = ("more", "mor", "less", "older", "newer", "lower", "fewer", "later", "worse", "other", "higher", "bigger", "larger", "longer", "better", "greater", "smaller", "earlier")
CONTRACTED = ("do", "does", "did", "is", "are", "was", "were", "have", "hav", "has", "had", "could", "should", "would")
REWRITES = tuple(
    (re.compile(pattern, re.I), text)
    for pattern, text in (
        (r"(?<=than )(?:a )?half(?: of)?(?= )|(?<=least )(?:a )?half(?: of)?(?= )|(?<=over )half(?: of)?(?= )|(?<=under )half(?: of)?(?= )|(?<=below )half(?: of)?(?= )", "50 percent of"),
        (r"(?<=than )a quarter of|(?<=least )a quarter of", "25 percent of"),
        (r"(?<=than )a third of|(?<=least )a third of", "33.3 percent of"),
        (r"(?<=than )two[- ]thirds of|(?<=least )two[- ]thirds of", "66.7 percent of"),
        (r"(?<=than )three[- ]quarters of|(?<=least )three[- ]quarters of", "75 percent of"),
        (r"[€$£](?=\d)", ""),
        (r"(?<!\w)w[ao]t(?= )", "what"),
        (r"(?<!\w)w[ao]ts(?= )", "what's"),
        (rf"(?:{'|'.join(rf'(?<=(?<!.){w} )|(?<=[^a-z]{w} )' for w in COMPARATIVES)})then(?= )", "than"),
        (r"(?<!\w)mor(?= th[ae]n )", "more"),
        *((rf"(?<!\w){word}n'?t(?!\w)", "haven't" if word == "hav" else f"{word}n't") for word in CONTRACTED),
    )
)
"""Fractions are said as the percentages that the model knows; a sum is a number whatever its currency; phones write wat, hurried people older then and havnt."""


def mend(question: str, index: NameIndex) -> Draft:
    """The question with misspelt words put right, and where each stood."""
    edits = [(m.start(), m.end(), text) for pattern, text in REWRITES for m in pattern.finditer(question)]
    settled = [*(m.span() for m in QUOTED.finditer(question)), *(edit[:2] for edit in edits)]
    for match in WHOLE_WORD.finditer(question):
        if not any(start < match.end() and match.start() < end for start, end in settled):
            right = _right(match[0], index, question.isupper() or match.start() == 0)
            if right:
                edits.append((match.start(), match.end(), right))
    pieces: list[str] = []
    changes: list[Change] = []
    at = length = 0
    for start, end, text in sorted(edits):
        if start < at:
            continue
        pieces += [question[at:start], text]
        length += start - at + len(text)
        changes.append(Change(length - len(text), length, start, end))
        at = end
    return Draft("".join([*pieces, question[at:]]), question, changes)


def _right(typed: str, index: NameIndex, may_be_capital: bool) -> str | None:
    """The word that was meant, if ``typed`` is none and one is close."""
    word = folded(typed)
    if len(word) == 3:
        return None if typed != typed.lower() or _known(word, index) else _vowelless(word)
    if _known(word, index) or is_compound(word) or (typed != typed.lower() and re.search(r"[a-z][A-Z]|^[A-Z]{2,}[a-z]", typed)):
        return None
    cutoff = CLOSE if len(word) < 8 else CLOSE_LONG
    if typed[0].isupper() and not may_be_capital:
        cutoff = CLOSE_CAPITAL
    asked, named, whole = _asked(word, cutoff), _near(word, index.name_words), _near(word, index.by_initial)
    best = max((w for w in (asked, named) if w), key=lambda w: fuzz.ratio(word, w), default=None)
    if best is None or (whole and fuzz.ratio(word, whole) > fuzz.ratio(word, best)):
        return None
    return best.upper() if typed.isupper() else best.capitalize() if typed[0].isupper() else best


def _asked(typed: str, cutoff: int) -> str | None:
    """The word that people ask with that is meant: of those about as close, the one they use most. Two letters that changed places are one slip in the shortest word too."""
    near = lexicon_by_initial(typed[0])
    close = [(word, ratio) for word, ratio, _ in process.extract(typed, near, scorer=fuzz.ratio, score_cutoff=cutoff, limit=8)]
    close += [(word, 100.0) for word in near if sorted(word) == sorted(typed) and OSA.distance(word, typed) == 1]
    return max(close, key=lambda c: (sorted(c[0]) == sorted(typed), OSA.distance(c[0], typed) == 1, c[1] - 2 * math.log10(10 + by_use().get(c[0], 0))), default=(None,))[0]


def _vowelless(typed: str) -> str | None:
    """The common word that ``typed`` is without its vowels: mny, evr."""
    if re.search("[aeiou]", typed[1:]):
        return None
    return next((w for w, rank in by_use().items() if rank < COMMON and len(w) > 3 and w[0] == typed[0] and re.sub("(?<=.)[aeiou]", "", w) == typed), None)


def _near(typed: str, by_initial: Mapping[str, Sequence[str]]) -> str | None:
    """The closest spelling with the same first letter and the same digits."""
    slips = 1 if len(typed) < LONG_NAME else 2
    near = process.extractOne(typed, by_initial.get(typed[0], ()), scorer=OSA.distance, score_cutoff=slips) if len(typed) > 4 else None
    return near[0] if near and re.findall(r"\d+", near[0]) == re.findall(r"\d+", typed) else None


def _known(word: str, index: NameIndex) -> bool:
    return word in index.joined or word in index.text_words or word in schema_words() or word in index.name_words.get(word[0], ()) or is_english(word)


def find_nearly_names(draft: Draft, index: NameIndex) -> None:
    """Names with a slip in them: commn crawl, Wikipeida. Their digits must be right: GPT-5 is not GPT-4."""
    for size in (3, 2, 1):
        for at in range(len(draft.tokens) - size + 1):
            tokens = draft.tokens[at : at + size]
            start, end = tokens[0].start, tokens[-1].end
            if draft.free(start, end) and bounded(draft, start, end) and "_" not in draft.text[start:end]:
                _take_near(draft, index, tokens)


def _take_near(draft: Draft, index: NameIndex, tokens: list[Token]) -> None:
    parts = [t.word for t in tokens]
    start, end = tokens[0].start, tokens[-1].end
    typed = "".join(parts)
    unknown = [p for p in parts if len(p) > 3 and not p.isdigit() and not _known(p, index)]
    apart = re.search(r"[?!;:,.'] ?", draft.text[start:end])
    if not unknown or len(typed) < 5 or apart or (len(parts) > 1 and (_small(parts[0]) or _small(parts[-1]))):
        return
    near = _near(typed, index.by_initial)
    if not near:
        return
    kinds = index.names[index.joined[near][0]]
    usable = {k: v for k, v in kinds.items() if k != "column"}
    for kind in ranked(usable, draft.before(start), draft.after(end)):
        draft.add(start, end, kind, Text(tuple(usable[kind])))
        return


def _small(word: str) -> bool:
    return word in lexicon() and len(word) < 4


@cache
def lexicon_by_initial(letter: str) -> tuple[str, ...]:
    """Words worth comparing with a misspelt one: people seldom get the first letter wrong."""
    return tuple(sorted(w for w in lexicon() | {*MONTHS, *WEEKDAYS} if w[0] == letter and len(w) > 3))


