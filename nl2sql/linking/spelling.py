"""Mends misspelt words before anything is looked up, and finds names that are nearly spelt right. Never touches an English word."""

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache, partial

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from nl2sql.linking.dates import MONTHS, WEEKDAYS
from nl2sql.linking.index import NameIndex
from nl2sql.linking.kinds import ranked, stands_beside
from nl2sql.linking.mentions import Change, Draft, Token
from nl2sql.linking.names import bounded
from nl2sql.linking.numbers import plainer
from nl2sql.linking.rewrites import rewritten
from nl2sql.linking.trends import trends
from nl2sql.linking.vocabulary import (
    by_use,
    english,
    folded,
    is_compound,
    is_english,
    is_listed,
    lexicon,
    schema_words,
    singular,
    stems,
)
from nl2sql.values import Text

CLOSE, CLOSE_LONG, CLOSE_CAPITAL = 80, 82, 86
"""Least similarity (0 to 100, normalised indel) of a mended word; of eight letters and more, of capitalised ones."""
COMMON = 600
"""Most used words that one without its vowels may stand for."""
CLIPPED = 4
"""Letters of a clipped word, which wants no others: prod, dest."""
ENDINGS = ("ly", "s", "ed", "d")
FIRST = ("which", "what", "where", "when", "how", "show", "list", "give")
"""Words that people forget the blank behind."""
LONG_NAME = 10
"""Letters from which a name may hold two slips (letters dropped, added, changed or swapped) instead of one."""
QUOTED = re.compile(r"[\"“”`«][^\"“”`»]{1,80}[\"“”`»]|(?<!\w)'[^']{2,60}'(?!\w)")
WHOLE_WORD = re.compile(r"(?<![\w@./-])[^\W\d_]{3,}(?![\w@/]|[.-]\w)")


def mend(question: str, index: NameIndex) -> Draft:
    """The question with misspelt words put right, and where each stood."""
    quoted = [m.span() for m in QUOTED.finditer(question)]
    said = (*plainer(question), *rewritten(question, index), *trends(question))
    edits = [edit for edit in said if not any(start < edit[1] and edit[0] < end for start, end in quoted)]
    settled = [*quoted, *(edit[:2] for edit in edits)]
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
    if typed != typed.lower() and re.search(r"[a-z][A-Z]|^[A-Z]{2,}[a-z]", typed):
        return None
    if _known(word, index) or is_compound(word):
        best = None if _stands(word, index) else _split(word) or _inflected(word) or _slipped(word)
    else:
        best = _split(word) or _inflected(word) or _closest(word, index, CLOSE_CAPITAL if typed[0].isupper() and not may_be_capital else 0)
        best = best or (_plain(word) if typed == typed.lower() else None)
    if best is None or (word.endswith("est") and not best.endswith("est") and sorted(best) != sorted(word)):  # no superlative is misspelt into another word
        return None
    return best.upper() if typed.isupper() else best.capitalize() if typed[0].isupper() else best


def _closest(word: str, index: NameIndex, least: int) -> str | None:
    """The word of questions or of names that is closest; none for a clipped word, whose rest is not missing by mistake."""
    asked, named, whole = _asked(word, least or (CLOSE if len(word) < 8 else CLOSE_LONG)), _near(word, index.name_words), _near(word, index.by_initial)
    best = max((w for w in (asked, named) if w), key=lambda w: (sorted(w) == sorted(word), fuzz.ratio(word, w)), default=None)
    if best is None or (whole and fuzz.ratio(word, whole) > fuzz.ratio(word, best)):
        return None
    if best in stems(word) or (not best.startswith(word) and len(word) == CLIPPED and any(w.startswith(word) for w in lexicon_by_initial(word[0]))):
        return None
    ends = (end for end in ENDINGS if word.endswith(end) and not best.endswith(end) and (is_listed(best + end) or (end == "d" and best.endswith("ise"))))
    return next((best + end for end in ends if OSA.distance(word, best + end) <= OSA.distance(word, best)), best)


def _stands(word: str, index: NameIndex) -> bool:
    """Whether a word is known as it is, not only as a form or compound of words."""
    return is_listed(word) or _named(word, index)


def _split(word: str) -> str | None:
    """Two words without the blank between them: whichdatasets."""
    return next((f"{first} {word[len(first) :]}" for first in FIRST if word.startswith(first) and by_use().get(word[len(first) :], COMMON) < COMMON and len(word) > len(first) + 3), None)


def _inflected(word: str) -> str | None:
    """A plural or past tense that keeps its y, a form that keeps its e: querys, denyed, rateing."""
    if (kept := re.fullmatch(r"(\w+[^\Waeiouy])eing", word)) and is_listed(kept[1] + "ing"):
        return kept[1] + "ing"
    match = re.fullmatch(r"(\w*[^\Waeiou])y(s|ed)", word)
    return f"{match[1]}ie{match[2][-1]}" if match and is_listed(match[1] + "y") else None


def _slipped(word: str) -> str | None:
    """The word of questions that a form or compound nobody lists differs from by a doubled letter (transfered), a compound by a letter more or less (violatons)."""
    if len(word) < 7:
        return None
    loose = not is_english(word)
    near = (w for w in lexicon_by_initial(word[0]) if OSA.distance(word, w) == 1 and not (word.startswith(w) or w.startswith(word)))
    return next((w for w in near if _squeezed(w) == _squeezed(word) or (loose and len(w) != len(word))), None)


def _plain(word: str) -> str | None:
    """The everyday word whose letters a long word has in another order, or doubled or not: dispaly, anulled."""
    if len(word) < 7:
        return None
    near = (w for w in english_by_initial(word[0]) if OSA.distance(word, w) == 1)
    return next((w for w in near if sorted(w) == sorted(word) or _squeezed(w) == _squeezed(word)), None)


def _squeezed(word: str) -> str:
    return re.sub(r"(.)\1", r"\1", word)


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
    return _named(word, index) or is_english(word)


def _named(word: str, index: NameIndex) -> bool:
    return word in index.joined or word in index.text_words or word in schema_words() or word in index.name_words.get(word[0], ())


def find_nearly_names(draft: Draft, index: NameIndex) -> None:
    """Names with a slip in them: commn crawl, Wikipeida. Their digits must be right: GPT-5 is not GPT-4."""
    for size in (3, 2, 1):
        for at in range(len(draft.tokens) - size + 1):
            tokens = draft.tokens[at : at + size]
            start, end = tokens[0].start, tokens[-1].end
            if draft.free(start, end) and bounded(draft, start, end):
                take = _take_near_identifier if "_" in draft.text[start:end] else _take_near
                take(draft, index, tokens)


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


def _take_near_identifier(draft: Draft, index: NameIndex, tokens: list[Token]) -> None:
    """``pateint_visits``, ``lab_result``: the one name whose words these are, misspelt or in another number; sales_north is no slip of sales_south."""
    start, end = tokens[0].start, tokens[-1].end
    parts = [t.word for t in tokens]
    if stands_beside("column", draft.before(start), draft.after(end)):
        return
    near = [key for key in index.names if key.count(" ") == len(parts) - 1 and all(map(partial(_same, index), parts, key.split(" ")))]
    kinds = index.names[near[0]] if len(near) == 1 else {}
    kind = next((kind for kind in ("dataset", "model", "run", "job") if kind in kinds), "")
    if kind and len(kinds[kind]) == 1:
        draft.add(start, end, kind, Text((kinds[kind][0],)))


def _same(index: NameIndex, typed: str, word: str) -> bool:
    """Whether a word is another, in another number or with a slip in it."""
    if singular(typed) == singular(word):
        return True
    return not typed.isdigit() and not _known(typed, index) and typed[0] == word[0] and OSA.distance(typed, word) <= (1 if len(typed) < LONG_NAME else 2)


def _small(word: str) -> bool:
    return word in lexicon() and len(word) < 4


@cache
def lexicon_by_initial(letter: str) -> tuple[str, ...]:
    """Words worth comparing with a misspelt one: people seldom get the first letter wrong."""
    return tuple(sorted(w for w in lexicon() | {*MONTHS, *WEEKDAYS, "yesterday", "tomorrow"} if w[0] == letter and len(w) > 3))


@cache
def english_by_initial(letter: str) -> tuple[str, ...]:
    """Everyday words worth comparing with a misspelt one."""
    return tuple(sorted(w for w in english() if w[0] == letter and len(w) > 5))
