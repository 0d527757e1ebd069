"""Dialogues of two or three questions, written ones of four at most: the last narrows, turns round, points back at, answers, or leaves behind those before.

``datasets in country1 >> only the deprecated ones`` means one plan with both conditions.
"""

import re
from collections.abc import Mapping, Sequence

from nl2sql.corpus import frames, replies
from nl2sql.corpus.fragments import NAMED_BY, Fragments, Text
from nl2sql.corpus.moves import MOVES, PLACE_KINDS
from nl2sql.corpus.phrases import HOLE, SLOT, Dialogue, Phrases, Whole
from nl2sql.corpus.states import opening
from nl2sql.readings.conversation import NEXT, REMEMBERED

Wholes = Mapping[str, Sequence[Whole]]

SHARE_LONG = 0.35
"""Dialogues of three questions."""
SHARE_CHAT = 0.08
"""Dialogues of three in which the one between is small talk."""
NAMED = (
    *("dataset", "dataset", "dataset", "node", "model", "run", "org", "person", "policy", "framework"),
    *("country", "period", "period", "column", "domain", "licence", "group"),
)
"""Kinds of names that the next question may put in another's place."""
POINTED = ("dataset", "dataset", "dataset", "node", "model", "run", "org", "person")
"""Kinds that the next question may point at."""
PRONOUNS = {
    **frames.PRONOUNS,
    "dataset": ("it", "it", "it", "that one", "this one", "that dataset", "this dataset", "the same dataset", "that", "the dataset"),
}


def follow_up(
    f: Fragments, view: str, wholes: Wholes, general: Mapping[str, Sequence[Whole]], dialogues: Sequence[Dialogue]
) -> Text | None:
    """Questions of one dialogue and the plan of the last; None when the view lacks the phrases."""
    kind = f.rng.choices(
        ["written", "moves", "other", "point", "reply", "meant", "leave", "outside"], [7, 7, 3, 2.5, 1.2, 0.7, 2, 1.3]
    )[0]
    match kind:
        case "written":
            return _written(f, dialogues)
        case "moves":
            return _moves(f, view, f.phrases[view])
        case "other":
            return _other_name(f, wholes)
        case "point":
            return _pointed(f, wholes)
        case "reply":
            return _reply(f, wholes)
        case "meant":
            return _meant(f, general.get("ASK", ()))
        case "outside":
            return _outside(f, wholes, general)
    return _left(f, wholes)


def _dialogue(texts: Sequence[str], plan: str) -> Text:
    return Text(f" {NEXT} ".join(texts), plan)


def _written(f: Fragments, dialogues: Sequence[Dialogue]) -> Text | None:
    """A dialogue as people wrote it up to one of its turns, with as many before it as are remembered."""
    if not dialogues:
        return None
    turns = f.rng.choice(dialogues).turn
    last = f.rng.randrange(1, len(turns))
    text = f" {NEXT} ".join(f.rng.choice(turn.ask) for turn in turns[max(0, last - REMEMBERED) : last + 1])
    if not set(SLOT.findall(turns[last].plan)) <= {hole[:2] for hole in HOLE.findall(text)}:
        return None  # named before what is remembered
    return f.unique(text, turns[last].plan)


def _moves(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """Questions that change what the one before asked."""
    first, state = opening(f, phrases, view)
    texts = [first]
    steps = 1 + (f.rng.random() < SHARE_LONG)
    if steps == 1 and f.rng.random() < SHARE_CHAT:
        texts.append(f.unique(f.rng.choice(replies.CHAT), "").text)
    for _ in range(steps):
        move = f.rng.choices([m for m, _ in MOVES], [w for _, w in MOVES])[0]
        moved = move(f, f.phrases[state.view], state)
        if moved is None:
            return None
        text, state = moved
        texts.append(text)
    return _dialogue(texts, state.plan(f, f.phrases[state.view]))


def _about(wholes: Wholes, view: str, kind: str) -> list[tuple[str, str]]:
    """Questions of a view that hold exactly one name of a kind, as hole and as slot."""
    hole, slot = f"{{{kind}}}", re.compile(rf"@{kind}(?![\w])")
    asked = ((ask, whole.plan) for whole in wholes[view] for ask in whole.ask)
    return [
        (ask, plan)
        for ask, plan in asked
        if ask.count(f"{{{kind}") == 1 and hole in ask and slot.search(plan) and f"@{kind}_" not in plan
    ]


def _drawn(f: Fragments, wholes: Wholes, kind: str) -> tuple[str, str] | None:
    about = _about(wholes, f.rng.choice(sorted(wholes)), kind)
    return f.rng.choice(about) if about else None


def _renamed(plan: str, kind: str, by: str) -> str:
    return re.sub(rf"@{kind}\.\w+", by, plan)


def _other_name(f: Fragments, wholes: Wholes) -> Text | None:
    """``who owns dataset1 >> and dataset2? >> how big is it``."""
    kind = f.rng.choice(NAMED)
    drawn = _drawn(f, wholes, kind)
    if drawn is None:
        return None
    first = f.unique(*drawn)
    bank = (
        replies.TIMES if kind == "period" else replies.NAMES + replies.PLACES if kind in PLACE_KINDS else replies.NAMES
    )
    second = f.unique(f.rng.choice(bank).format(name=f"{{{kind}}}"), f"@{kind}")
    plan = _renamed(first.plan, kind, second.plan)
    if f.rng.random() < SHARE_LONG:
        if kind in PRONOUNS and f.rng.random() < 0.5:
            return _then(f, wholes, kind, [first.text, second.text], second.plan)
        third = f.unique(f.rng.choice(bank).format(name=f"{{{kind}}}"), f"@{kind}")
        return _dialogue([first.text, second.text, third.text], _renamed(first.plan, kind, third.plan))
    return _dialogue([first.text, second.text], plan)


def _then(f: Fragments, wholes: Wholes, kind: str, before: list[str], slot: str) -> Text | None:
    """One question more, which points at the name in ``slot``."""
    drawn = _drawn(f, wholes, kind)
    if drawn is None:
        return None
    after = _pronoun(f, kind, *drawn)
    return _dialogue([*before, after.text], _renamed(after.plan, kind, slot))


def _pronoun(f: Fragments, kind: str, ask: str, plan: str) -> Text:
    """A question with a pronoun where the name stood."""
    word = f.rng.choice(PRONOUNS[kind])
    own = {"it": "its", "they": "their", "them": "their"}.get(word, f"{word}'s")
    asked = re.sub(rf"(?:\bthe )?{{{kind}}}'s", own, ask)
    asked = re.sub(rf"(?:\bthe )?{{{kind}}}", word, asked)
    return f.unique(f"{f.rng.choice(['', '', '', '', 'and ', 'ok, ', 'then '])}{asked}", plan)


def _pointed(f: Fragments, wholes: Wholes) -> Text | None:
    """``who owns dataset1 >> what depends on it``."""
    kind = f.rng.choice(POINTED)
    drawn = _drawn(f, wholes, kind)
    if drawn is None:
        return None
    before = f.unique(*drawn)
    named = re.search(rf"@{kind}\.\w+", before.plan)
    if named is None:
        return None
    texts = [before.text]
    if f.rng.random() < SHARE_LONG and (between := _drawn(f, wholes, kind)):
        texts.append(_pronoun(f, kind, *between).text)
    elif f.rng.random() < SHARE_CHAT:
        texts.append(f.unique(f.rng.choice(replies.CHAT), "").text)
    elif f.rng.random() < SHARE_CHAT and (between := _drawn(f, wholes, "domain")) and (last := _drawn(f, wholes, kind)):
        after = _pronoun(f, kind, *last)
        back = f.rng.choice(replies.BACK).format(name=f"{{{kind}}}", q="\ue000")
        said = f.unique(back, f"@{kind}")
        asked = said.text.replace("\ue000", after.text)
        return _dialogue([before.text, f.unique(*between).text, asked], _renamed(after.plan, kind, said.plan))
    return _then(f, wholes, kind, texts, named[0])


def _reply(f: Fragments, wholes: Wholes) -> Text | None:
    """``who owns it >> dataset1``: the answer to being asked which one."""
    kind = f.rng.choice(POINTED)
    drawn = _drawn(f, wholes, kind)
    if drawn is None:
        return None
    before = _pronoun(f, kind, *drawn)
    said = f.unique(f.rng.choice(replies.REPLY).format(name=f"{{{kind}}}"), f"@{kind}")
    if f.rng.random() < SHARE_LONG:
        return _then(f, wholes, kind, [before.text, said.text], said.plan)
    return _dialogue([before.text, said.text], _renamed(before.plan, kind, said.plan))


def _meant(f: Fragments, asks: Sequence[Whole]) -> Text | None:
    """``how big is dataset1 >> rows``: the answer to being asked which column."""
    if not asks:
        return None
    whole = f.rng.choice(asks)
    item = f.rng.choice(whole.plan.split()[1:])
    view = item.split(".")[0]
    if view not in NAMED_BY or "#" in item:
        return None
    column, kind = NAMED_BY[view]
    nouns = [noun for attr in f.phrases[view].attr if attr.item == item for noun in attr.nouns]
    fit = [ask for ask in whole.ask if f"{{{kind}}}" in ask and ask.count("{") == 1]
    if not nouns or not fit:
        return None
    before = f.unique(f.rng.choice(fit), f"FROM {view} WHERE {view}.{column} EQ @{kind} SELECT {item}")
    return _dialogue([before.text, f.rng.choice(replies.REPLY_COLUMN).format(noun=f.rng.choice(nouns))], before.plan)


def _outside(f: Fragments, wholes: Wholes, general: Mapping[str, Sequence[Whole]]) -> Text | None:
    """After a question about a name one that the catalog does not answer: rows of it, a change to it, or something else."""
    kind = f.rng.choice(("dataset", "dataset", "node", "model"))
    drawn = _drawn(f, wholes, kind)
    heads = [head for head in ("DATA", "CHANGE", "REFUSE", "ASK") if general.get(head)]
    if drawn is None or not heads:
        return None
    head = f.rng.choice(heads)
    whole = f.rng.choice(general[head])
    ask = f.rng.choice(whole.ask)
    before = f.unique(*drawn)
    if head in ("DATA", "CHANGE") and ask.count(f"{{{kind}}}") == 1:
        return _dialogue([before.text, _pronoun(f, kind, ask, whole.plan).text], whole.plan)
    if head == "ASK" and "{" not in ask:
        return None
    return _dialogue(
        [before.text, f.unique(f.rng.choice(replies.SWITCH).replace("{q}", ask), whole.plan).text], whole.plan
    )


def _left(f: Fragments, wholes: Wholes) -> Text:
    """A question that stands on its own after others."""
    steps = [f.rng.choice(wholes[f.rng.choice(sorted(wholes))]) for _ in range(3 if f.rng.random() < SHARE_LONG else 2)]
    before = [f.unique(f.rng.choice(whole.ask), whole.plan) for whole in steps[:-1]]
    asked = f.rng.choice(replies.SWITCH).replace("{q}", f.rng.choice(steps[-1].ask))
    after = f.unique(asked, steps[-1].plan)
    return _dialogue([*(b.text for b in before), after.text], after.plan)
