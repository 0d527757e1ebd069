"""Finds the names of the index in a question, longest first; whether everyday words are names there, `everyday` tells."""

import re

from nl2sql.linking.everyday import PERSON_LEADS, SUFFIX, is_evident, is_name, is_styled, perhaps
from nl2sql.linking.index import LONGEST_NAME, PARTIAL_KINDS, NameIndex
from nl2sql.linking.kinds import FOLLOWS, MADE, alone, led, ranked, stands_beside, titled
from nl2sql.linking.mentions import Draft, Token
from nl2sql.linking.shortened import Kinds
from nl2sql.linking.vocabulary import folded, is_english, lexicon
from nl2sql.values import Text

PROTECTED = frozenset(
    (
        "eu ai act", "health data", "meta data", "personal data", "patient data", "training data", "open source", "data sets", "restore test", "quality score", "trust score",
        "federated learning", "public task", "key rotation", "us dollars", "legal basis", "machine learning", "language model", "language models",
    )
)  # fmt: skip
"""Phrases of the questions themselves that hold no name, unless written as one."""
NOT_SNAKE = ("term", "domain", "task", "licence", "language", "country", "jurisdiction", "person", "policy", "org")
"""Kinds whose values nobody writes with underscores."""
SIZE = re.compile(r"(?:[ -]\d+(?:\.\d+)?[bm](?![^\W_]))(?:-(?:chat|instruct|base|hf|it|v\d))*(?![\w-])")
"""A size and flavour after a model's name, which the name then stands for: Llama 2 7B."""
VERSION = re.compile(r" v?\d{1,2}(?:\.\d)?(?![\w%.-])")
RUNS = re.compile(r"(?:^|\W)(?:each|every|per|any|no|all|federated) $")
"""Before the beginning of a run's name, what tells that it is plain words."""


def find_names(draft: Draft, index: NameIndex) -> None:
    """Take every name of the index and shortened ones such as a first name; more words before fewer."""
    # The words one by one are taken twice: the second time, what is listed beside a name that comes after it is one too.
    for sizes, take in ((range(LONGEST_NAME, 1, -1), _take), ((3, 2), _take_beginning), ((1, 1), _take), ((1,), _take_beginning)):
        for size in sizes:
            places = range(len(draft.tokens) - size + 1)
            for at in sorted(places, key=lambda at: draft.tokens[at].word == "the"):  # an article leaves its word to another name: the Stack Exchange dataset
                tokens = draft.tokens[at : at + size]
                if _whole(draft, tokens):
                    take(draft, index, tokens)


def _whole(draft: Draft, tokens: list[Token]) -> bool:
    """Whether the words are free and stand in one phrase."""
    start, end = tokens[0].start, tokens[-1].end
    return draft.free(start, end) and not (len(tokens) > 1 and re.search(r"[?!;:]|, |(?<!(?<!\w)\w)(?<!(?<!\w)dr)\. |'s? ", draft.text[start:end]))


def _take(draft: Draft, index: NameIndex, tokens: list[Token]) -> None:
    key, start, end = " ".join(t.word for t in tokens), tokens[0].start, tokens[-1].end
    if key in PROTECTED and (key not in index.names or draft.question[start:end].islower()):
        draft.found.append(draft.nothing(start, end))
        return
    kinds = lookup(index, [t.word for t in tokens])
    if not kinds or not (bounded(draft, start, end) or SIZE.match(draft.text[end:])):
        return
    if len(key) < 4 and key.isalpha() and key not in index.names and draft.question[start:end].islower() and not perhaps(draft, start):
        return  # initials and short surnames, written small: esa, tan
    surface, before, after = draft.text[start:end], draft.before(start), draft.after(end)
    if {"licence", "org"} <= kinds.keys():  # MIT
        by_org = (led("org", before, "") or after.startswith("'s")) and not re.search(r"licen[cs]ed by $", before) and not stands_beside("licence", before, after)
        kinds = {kind: values for kind, values in kinds.items() if kind != ("licence" if by_org else "org")}
    for kind in ranked(kinds, before, after):
        if not ("_" in surface and kind in NOT_SNAKE) and is_name(draft, tokens, kind, kinds[kind]):
            size = SIZE.match(draft.text[end:]) if kind in ("model", "dataset") else None
            other = VERSION.match(draft.text[end:]) if kind == "model" and not size else None
            if other and re.match(FOLLOWS, draft.text[end + other.end() :]):  # Llama 3 where the catalog has Llama
                draft.add(start, end + other.end(), kind, Text((draft.question[start : end + other.end()],)), known=False)
                return
            suffix = SUFFIX.match(draft.text[end:]) if kind == "org" else None
            tail = size or suffix
            draft.add(titled(draft.text, start) if kind == "person" else start, end + (tail.end() if tail else 0), kind, Text(tuple(kinds[kind])))
            return


def _take_beginning(draft: Draft, index: NameIndex, tokens: list[Token]) -> None:
    """``Priya`` for Priya Nair, ``MIMIC`` for all of its versions: only words that are no English, or written or pointed at as a name."""
    start, end = tokens[0].start, tokens[-1].end
    key = " ".join(t.word for t in tokens)
    keys = index.beginnings.get(key) or index.beginnings.get(re.sub(r"(?<=[a-z])(?=\d)", " ", key))
    before, after = draft.before(start), draft.after(end)
    is_run = stands_beside("run", "", after) and not RUNS.search(before)
    is_model = bool(re.search(r"(?:^|\W)(?:the|our) $", before) and re.match(r" model(?!\w)", after))
    asking = all(t.word in lexicon() or t.word.isdigit() for t in tokens)
    is_group = len(tokens) > 1 and any("group" in index.names[name] for name in keys or ())
    plain = {kind for kind, may_be in (("run", is_run), ("group", is_group)) if may_be}  # what words that people ask with may be
    if not keys or len(key) < 3 or (asking and not plain) or not bounded(draft, start, end, parts=bool(MADE.match(after))):
        return
    rare = not all(is_english(t.word) or t.word.isdigit() or len(t.word) < 3 for t in tokens)
    owned = (led("org", before, "") and not before.endswith(" from ")) or re.match(r"'s? (?:data ?sets?|models?|nodes?|offers?)(?!\w)", after)
    kinds: Kinds = {}
    for key in keys:
        for kind in PARTIAL_KINDS:
            for value in index.names[key].get(kind, ()):
                if asking and kind not in plain:
                    continue
                if kind in ("model", "run") and value.islower() and " " not in value and not (is_run and kind == "run") and not (is_model and kind == "model"):
                    continue  # churn-predictor is an identifier, nobody calls it churn, but maybe the churn model
                if kind in ("dataset", "licence") and owned:
                    continue  # what AllenAI publishes, not allenai/c4
                if value not in kinds.setdefault(kind, []):
                    kinds[kind].append(value)
    longer = re.match(r" ([A-ZÀ-Ž][a-zà-ž]+)", draft.question[end:])
    is_other = longer is not None and not (folded(longer[1]) in lexicon() or folded(longer[1]) in index.names or is_english(folded(longer[1])))
    for kind in ranked([k for k in kinds if kinds[k]], before, after):
        if is_other and kind in ("dataset", "model"):
            continue  # Aya Osei is no Aya Dataset
        pointed = stands_beside(kind, before, after, singular=True)
        if kind == "dataset":
            evident = pointed or ((rare or draft.question[start:end].isupper()) and is_evident(draft, start, end, kind, False))
        elif kind == "node":
            evident = pointed
        elif kind == "group":
            evident = len(tokens) > 1 and (led(kind, before, after) or perhaps(draft, start))
        else:
            placed = kind == "org" and led(kind, before, after)
            if kind == "person":
                placed = bool((re.search(PERSON_LEADS, before) and re.match(FOLLOWS, after)) or re.match(r"'s? \w", after))
            evident = pointed or rare or len(tokens) > 1 or is_styled(draft, start, end) or placed
            if kind == "person" and not evident and len(kinds[kind]) == 1 and re.fullmatch(r"\W*", after):
                evident = perhaps(draft, start)
        if (kind == "person" and not alone(draft.question, start, end)) or (kind == "licence" and "dataset" in kinds and re.match(r"(?:'s?)? licen[cs]e(?!\w)", after)):
            continue  # the MovieLens licence is the dataset's
        if evident:
            others = index.parted.get(tokens[0].word, ()) if kind == "dataset" and rare and len(tokens) == 1 else ()  # orca of OpenOrca too, beside Orca-Math
            draft.add(start, end, kind, Text(tuple(dict.fromkeys((*kinds[kind], *others)))))
            return


LONG_JOINED = 10
"""Letters of a name by whose letters alone even short words that people ask with are a part of it: chest x-ray net."""


def lookup(index: NameIndex, parts: list[str]) -> Kinds | None:
    """The values of a spelling, by its words or else by its letters: llama2, CommonCrawl, red pajama."""
    key = " ".join(parts)
    if key in index.names:
        return {**{k: v for k, v in index.shortened.get(key, {}).items() if k == "org"}, **index.names[key]}
    if key in index.shortened:
        return index.shortened[key]
    joined = key.replace(" ", "")
    keys = index.joined.get(joined)
    if not keys or len(joined) < (3 if any(c.isdigit() for c in joined) and len(parts) == 1 else 5) or (is_english(joined) and not (len(parts) == 2 and min(map(len, parts)) > 3)):
        return None
    if len(parts) > 1 and len(joined) < LONG_JOINED and any(p in lexicon() and len(p) < 4 for p in parts):
        return None
    return index.names[keys[0]]


def bounded(draft: Draft, start: int, end: int, parts: bool = True) -> bool:
    """Whether a span is no mere part of an identifier or version: not GPT-3 in GPT-3.5, nor vienna in 1kg-ont-vienna.

    With ``parts``, English words may be joined to it: GPT-4-generated, non-EU.
    """
    left = re.search(r"([^\W_]+)([-_.@])$", draft.text[:start])
    right = re.match(r"([-_.@])([^\W_]+)", draft.text[end:])
    if not parts and (left or (right and right[1] != ".")):
        return False
    if left and (left[2] != "-" or not is_english(left[1]) or left[1].isdigit()):
        return False
    return not right or (right[1] == "." and not right[2].isdigit()) or (right[1] == "-" and is_english(right[2]) and not right[2].isdigit())


