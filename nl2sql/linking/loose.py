"""Names that people say loosely: words in another order, all but the first word, nodes by their place, a country by its code.

All words of a name that people do not ask with, and a code in capitals, can be nothing else. The others are read both ways, as a name and as plain words; the rest of
the question decides (`Linked.also`).
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache

from catalog.semantic import views
from nl2sql.linking.index import NameIndex
from nl2sql.linking.kinds import CUES, stands_beside
from nl2sql.linking.mentions import Draft, Token
from nl2sql.linking.numbers import MULTIPLIERS
from nl2sql.linking.places import countries
from nl2sql.linking.vocabulary import concepts, is_asking, is_english, lexicon, singular, words
from nl2sql.plan.language import SLOT_KINDS
from nl2sql.values import Text

JOINTS = frozenset(("of", "for", "in", "from", "on", "about", "the", "by", "s"))
"""What stands between the words of a name that is turned round: the daily weather of Kenya."""
RUN = re.compile(rf" (?:federated )?(?:{CUES['run']})(?!\w)")
"""What follows the beginning of a run's name."""
EVERY = re.compile(r"(?:^|\W)(?:each|every|per|any|no|all|both)(?: of)?(?: the| our)? $")
"""Before such a beginning, what says that all runs that begin so are meant."""
TOPIC = re.compile(r" (?:data ?sets|tables|corpora|collections|models)(?!\w)")
"""What follows words that say what several things are about."""
NO_PARTS = frozenset((*MULTIPLIERS, "dataset", "datasets", "table", "tables"))
"""Words of names that tell no one of them: numbers, and what all of them are."""
MOST_NAMES = 4
"""Datasets that share some words; of more those are a topic."""
TABLE = re.compile(r" (?:table|data ?set)(?!\w)")
"""What makes a name of words in another number: the lab result table."""
PARTLY = ("dataset", "model")
"""Kinds of which people say a part of a name."""
LEAST_PART, MOST_PARTLY = 4, 6
"""Letters of such a part, and names that it may be of."""
WIDEST = 7
"""Words of a name said loosely, those between them too."""
CODE = re.compile(r"(?<!\w)(?:in|to|from|into|within|outside) ([A-Z]{2})(?![\w-])")
NUMBERED = re.compile(r"(?<!\w)policy (?:number |no\.? |nr\.? |#)?(\d{1,3})(?![\w%]|[.,-]\d)")
"""A policy by the number in its code."""
THINGS = ("dataset", "model", "node", "run", "org", "person")
"""Kinds that a word may be in a name of, where no name of the kind that is asked for has it."""
POINTING = re.compile(r"\b(?:it|its|this|that|these|those|them|they|he|she|his|her|one)\b", re.IGNORECASE)
"""Words that stand for what a question does not name."""
NO_CODES = frozenset(("AI", "BA", "CC", "CI", "GB", "HR", "ID", "IT", "LA", "ME", "ML", "MS", "NA", "PA", "PR", "QA", "TV", "US"))
"""Codes that stand for other things as often, such as gigabytes; US is found as a name."""


def find_loose(draft: Draft, index: NameIndex) -> None:
    """Take loosely said names where the draft is eager, or tell that there are some; take countries by their codes."""
    if not draft.question.isupper():
        for code in CODE.finditer(draft.question):
            if code[1] in countries() and code[1] not in NO_CODES:
                draft.add(code.start(1), code.end(1), "country", Text((code[1],)))
    for number in NUMBERED.finditer(draft.text):
        policies = [value for key, kinds in index.shortened.items() if re.fullmatch(rf"[a-z]+ {int(number[1])}", key) for value in kinds.get("policy", ())]
        if len(policies) == 1:
            draft.add(*number.span(1), "policy", Text((policies[0],)))
    for size in range(WIDEST, 0, -1):
        for at in range(len(draft.tokens) - size + 1):
            tokens = draft.tokens[at : at + size]
            start, end = tokens[0].start, tokens[-1].end
            if not draft.free(start, end) or re.search(r"[^\w\s'-]|_", draft.text[start:end]):
                continue
            kind, values, is_sure = _meant(draft, index, tokens)
            if kind and _is_part(draft, index, tokens):
                continue
            draft.passed_over |= bool(kind) and not is_sure
            if is_sure or (kind and draft.eager):
                draft.add(start, end, kind, Text(values))


def _meant(draft: Draft, index: NameIndex, tokens: Sequence[Token]) -> tuple[str, tuple[str, ...], bool]:
    """Kind and value of the one name (or the nodes of the one place) that the words may stand for, if they are no name as they are, and whether they surely do.

    The kind is empty where there is none.
    """
    parts = [t.word for t in tokens]
    key = " ".join(parts)
    if runs := _runs_said(draft, index, tokens, key):
        return "run", runs, True
    if key in index.names or parts[0] in JOINTS or parts[-1] in JOINTS or re.match(r"[-_.@]\w", draft.text[tokens[-1].end :]):
        return "", (), False
    if (nodes := _placed(index, key)) and not set(parts) <= lexicon():
        return "node", nodes, False
    if len(parts) > 1 and stands_beside("run", "", draft.after(tokens[-1].end)) and len(runs := _runs_of(index, words(draft.text[tokens[0].start : tokens[-1].end].replace("-", "")))) == 1:
        return "run", runs, True
    if partly := _partly(draft, index, tokens):
        return *partly, True
    telling = [part for part in parts if part not in JOINTS]
    pointed = bool(TABLE.match(draft.text[tokens[-1].end :]))
    if len(parts) == 1 and key in index.humps:
        return "dataset", index.humps[key], key not in index.text_words
    if len(parts) == 1:
        several = index.names.get(f"{key}s", {}).get("dataset", ()) if pointed and re.search(r"(?:^|\W)(?:the|our) $|^$", draft.text[: tokens[0].start]) else ()
        longer = (value for name in index.beginnings.get(key, ()) for value in index.names[name].get("dataset", ()) if "_" in value)  # menu_items beside menus
        return ("dataset", tuple(dict.fromkeys((*several, *longer))), True) if len(several) == 1 else ("", (), False)
    is_close = len(telling) > 1 and {part for part in parts if part in JOINTS} <= {"of", "the"}
    turned = index.turned.get(index.gist(telling), []) if len(telling) > 2 or is_close else []
    turned = [(kind, value) for kind, value in turned if kind != "person" or set(telling) == set(words(value))]
    found = turned or index.endings.get(key, [])
    # A name of nothing but words that people ask with, which anybody may publish, takes no question from its own words.
    is_sure = bool(turned) and (pointed or (len(telling) > 2 and not set(telling) <= lexicon()))
    if len(found) == 1:
        kind, value = found[0]
        return kind, (value,), is_sure or kind == "person"
    sharing = _sharing(draft, index, telling) if not found and not TOPIC.match(draft.text[tokens[-1].end :]) else ()
    return ("dataset", sharing, False) if sharing else ("", (), False)


def _sharing(draft: Draft, index: NameIndex, telling: Sequence[str]) -> tuple[str, ...]:
    """The few datasets whose names have all of some words that nobody only asks with, where none of them is said in full: the Kenya weather."""
    if not 1 < len(telling) < 4 or set(telling) <= lexicon() or NO_PARTS & set(telling) or any(part.isdigit() for part in telling):
        return ()
    if any(part not in lexicon() and "dataset" in index.names.get(part, {}) for part in telling):
        return ()  # data from ShareGPT are of what bears that name itself
    named = index.holding(telling)
    question = " ".join(t.word for t in draft.tokens)
    return tuple(named) if len(named) <= MOST_NAMES and not any(" ".join(words(name)) in question for name in named) else ()


def _runs_said(draft: Draft, index: NameIndex, tokens: Sequence[Token], key: str) -> tuple[str, ...]:
    """The run whose name but its number is said, or begins with a word before "run"; the runs where several are meant: maize flower, the swahili run, each chest x-ray run."""
    start, end = tokens[0].start, tokens[-1].end
    said, after = draft.text[start:end], draft.text[end:]
    keys = [key, *([" ".join(words(said.replace("-", "")))] if "-" in said else [])]
    runs = tuple(sorted({run for key in keys for name in index.beginnings.get(key, ()) for run in index.names[name].get("run", ())}))
    if not runs or {t.word for t in tokens} <= lexicon() or re.match(r"[-_.@]\w", after) or re.search(r"[-_.@]$", draft.text[:start]):
        return ()
    if len(runs) == 1 and len(tokens) > 1 and any(re.fullmatch(rf"{re.escape(key)} \d+", " ".join(words(runs[0]))) for key in keys):
        return runs
    if not RUN.match(after):
        return ()
    is_several = len(tokens) > 1 and (EVERY.search(draft.text[:start]) or after.startswith(" runs"))
    return runs if len(runs) == 1 or is_several else ()


def _partly(draft: Draft, index: NameIndex, tokens: Sequence[Token]) -> tuple[str, tuple[str, ...]] | None:
    """Kind and names of which a word that is no English is the beginning or a part: wiki for Wikipedia and WikiText, davinci; the x-ray model."""
    start, end = tokens[0].start, tokens[-1].end
    said, before, after = "".join(t.word for t in tokens), draft.before(start), draft.after(end)
    is_hyphened = len(tokens) == 2 and draft.text[tokens[0].end : tokens[1].start] == "-"
    if len(said) < LEAST_PART or not said.isalpha() or is_english(said) or is_asking(said) or said in index.names or said in index.beginnings or (len(tokens) > 1 and not is_hyphened):
        return None
    if re.search(r"[\w@.-]$", draft.text[:start]) or re.match(r"[-_.@]\w", draft.text[end:]):
        return None
    kinds: dict[str, set[str]] = {}
    spelt = index.whole_or_part
    for at in range(bisect_left(spelt, (said, "")), len(spelt)):
        if not spelt[at][0].startswith(said):
            break
        if spelt[at][0] in (spelt[at][1], f"{said} "):
            for kind in PARTLY:
                kinds.setdefault(kind, set()).update(index.names[spelt[at][1]].get(kind, ()))
    cued = [kind for kind in PARTLY if stands_beside(kind, before, after, singular=True)]
    if (said in index.text_words or is_hyphened) and not cued:
        return None  # x-ray images are any that tell of it
    found = cued or sorted(kinds, key=lambda kind: -len(kinds[kind]))
    values = sorted(kinds.get(found[0], ())) if found else []
    return (found[0], tuple(values)) if 0 < len(values) <= MOST_PARTLY else None


def _placed(index: NameIndex, place: str) -> tuple[str, ...]:
    """The nodes whose names begin with a place: Cape Town for cape-town-1, Lyon for lyon-hospital."""
    return tuple(sorted({v for key in index.beginnings.get(place, ()) for v in index.names[key].get("node", ())}))


def _is_part(draft: Draft, index: NameIndex, tokens: Sequence[Token]) -> bool:
    """Whether the word before or behind makes a name of these: oslo vault."""
    key = " ".join(t.word for t in tokens)
    before, behind = re.search(r"([^\W_]+)[ -]$", draft.text[: tokens[0].start]), re.match(r"[ -]([^\W_]+)", draft.text[tokens[-1].end :])
    longer = f"{key} {behind[1]}" if behind else ""
    return longer in index.names or longer in index.beginnings or bool(before and f"{before[1]} {key}" in index.names)


def _runs_of(index: NameIndex, parts: Sequence[str]) -> tuple[str, ...]:
    """Runs whose names hold all of the words, in any order: the Flower chest x-ray run."""
    return tuple(sorted({v for key, kinds in index.names.items() if "run" in kinds and set(parts) <= set(key.split(" ")) for v in kinds["run"]}))


def names_alike(question: str, kind: str, index: NameIndex, most: int) -> list[str]:
    """Names of a kind, from those that the asker may see, that share a word with the question, one or several of it: at most so many to choose from, or none.

    Where there is none of that kind, those of other kinds.
    """
    if kind in ("number", "period", "term"):
        return []
    said = {singular(word) for word in words(question) if len(word) > 3} - {*SLOT_KINDS, "data", "table"}
    found = _sharing_words(said, (kind,), index) or _sharing_words({word for word in said if not _is_of_views(word)}, THINGS, index)
    return sorted(found) if len(found) <= most else []


def _sharing_words(said: set[str], kinds: Sequence[str], index: NameIndex) -> set[str]:
    """Names of some kinds that have one of the words."""
    return {v for spelling, named in index.names.items() for kind in kinds if kind in named and said & set(map(singular, spelling.split())) for v in named[kind]}


@cache
def _is_of_views(word: str) -> bool:
    """Whether a word says what kind of thing is asked for."""
    return any(word == singular(part) for view in views().values() for name in (view.name, *view.synonyms) for part in words(name))


def said_in_full(question: str, name: str) -> str | None:
    """The question with a name in quotes in place of its words, which stand there side by side; None where it is there already, or has none.

    Words that the catalog has a meaning for are no part of the name beside one that points: the price of it is not that of East Africa market prices.
    """
    parts = {singular(word) for word in words(name)}
    found = [m for m in re.finditer(r"[^\W_]+", question) if singular(m[0].lower()) in parts and len(m[0]) > 3]
    quoted = f'"{name}"' if "'" in name else f"'{name}'"
    if not found or quoted in question:
        return None
    start, end = found[0].span()
    for match in found[1:]:
        if re.fullmatch(r"[\s_-]", question[end : match.start()]):
            end = match.end()
    said = words(question[start:end])
    is_plain = all(part in concepts() or singular(part) in concepts() or is_asking(part) for part in said)
    return None if is_plain and said != words(name) and POINTING.search(question) else f"{question[:start]}{quoted}{question[end:]}"
