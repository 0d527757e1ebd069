"""Dialogues of two questions: the second narrows, turns round, points back at, or leaves behind what the first asked.

``datasets in country1 >> only the deprecated ones`` means one plan with both conditions.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nl2sql.conversation import NEXT
from nl2sql.corpus import frames
from nl2sql.corpus.fragments import Fragments, Text
from nl2sql.corpus.phrases import Filter, Phrases, Whole
from nl2sql.plan import END

NARROW = (
    "only {that}", "only those {that}", "only the ones {that}", "just the ones {that}", "and only those {that}", "now only the ones {that}", "of those, which are {that}", "which of these are {that}", "which of them {that}",
    "limit that to the ones {that}", "filter to the ones {that}", "keep the ones {that}", "the ones {that}", "those {that}", "restrict to {that}", "narrow it down to those {that}", "and {that}?", "but {that}", "{that} only", "any of them {that}",
)  # fmt: skip
NARROW_ADJ = ("only {adj} ones", "only the {adj} ones", "just the {adj} ones", "only {adj}", "{adj} only", "the {adj} ones", "and the {adj} ones only", "which of those are {adj}", "of these the {adj} ones", "are any of them {adj}", "keep {adj} ones")
SWAP = (
    "and {that}?", "and the ones {that}", "and those {that}", "what about the ones {that}", "what about those {that}", "how about {that}", "same for the ones {that}", "the same but {that}", "now {that} instead", "now the ones {that}",
    "and what of those {that}", "instead {that}", "no, {that}", "sorry, i meant {that}", "i mean those {that}", "rather those {that}",
)  # fmt: skip
SWAP_ADJ = ("and the {adj} ones", "and {adj} ones?", "what about the {adj} ones", "how about {adj}", "same for {adj} ones", "the same for {adj}", "now the {adj} ones", "and {adj}?", "i meant {adj}", "{adj} instead")
COUNT = ("how many is that", "how many are that", "how many", "how many are there", "how many of them", "count them", "count", "just the number", "only the count", "give me the number", "what's the total number", "and how many in total", "number please", "how many in all")
BY = ("{by}", "split that {by}", "break it down {by}", "and {by}", "now {by}", "broken down {by}", "how does that split {by}", "the same {by}", "count {by}", "how many {by}", "{by} please", "and how many {by}", "show it {by}")
WITH = ("with {noun}", "and {noun}", "and their {noun}", "show the {noun} too", "show their {noun}", "add {noun}", "add the {noun}", "include {noun}", "also {noun}", "plus {noun}", "what about their {noun}", "and what is their {noun}", "can i see the {noun} as well", "their {noun}?")
SORT = ("{by}", "now {by}", "the same {by}", "put them {by}", "{by} please", "can i have that {by}")
TOP = ("only the first {n}", "top {n}", "just the top {n}", "the first {n} only", "limit to {n}", "first {n}", "only {n} of them", "show {n}")
PRONOUNS = ("it", "it", "it", "that one", "this one", "that dataset", "this dataset", "the same dataset", "that", "the dataset")


@dataclass(frozen=True, slots=True)
class _Ask:
    """A question in parts: a frame for its rows, and what is selected."""

    bank: tuple[str, ...]
    select: str


def follow_up(f: Fragments, view: str, phrases: Phrases, wholes: Mapping[str, Sequence[Whole]]) -> Text | None:
    """Two questions and the plan of the second; None when the view lacks the phrases."""
    kind = f.rng.choices(["narrow", "swap", "turn", "point", "leave"], [3, 2.5, 3, 3, 2.5])[0]
    match kind:
        case "narrow":
            return _narrowed(f, view, phrases)
        case "swap":
            return _swapped(f, view, phrases)
        case "turn":
            return _turned(f, view, phrases)
        case "point":
            return _pointed(f, wholes)
    return _left(f, wholes)


def _ask(f: Fragments, phrases: Phrases) -> _Ask:
    if f.rng.random() < 0.6:
        return _Ask(frames.LIST, phrases.select)
    if f.rng.random() < 0.6 or not phrases.measure:
        return _Ask(frames.COUNT, "COUNT")
    measure = f.rng.choice([m for m in phrases.measure if not m.filter] or phrases.measure)
    if measure.filter or "@" in measure.item:
        return _Ask(frames.COUNT, "COUNT")
    noun = f.rng.choice(measure.nouns)
    return _Ask(tuple(frame.replace("{noun}", noun) for frame in frames.MEASURE), measure.item)


def _plan(f: Fragments, view: str, select: str, *where: str) -> str:
    return f"FROM {view} {f.where(*where)}SELECT {select}"


def _pair(first: str, second: str, plan: str) -> Text:
    return Text(f"{first} {NEXT} {second}", plan)


def _usable(phrases: Phrases) -> list[Filter]:
    return [x for x in phrases.filter if (x.that or x.adj) and END not in x.plan]


def _said(f: Fragments, chosen: Filter, that: tuple[str, ...], adj: tuple[str, ...]) -> Text:
    """A follow-up that holds one filter."""
    use_adj = bool(chosen.adj) and (not chosen.that or f.rng.random() < 0.45)
    part = f.pick(chosen.adj if use_adj else chosen.that, chosen.plan)
    return Text(f.rng.choice(adj if use_adj else that).format(**{"adj" if use_adj else "that": part.text}), part.plan)


def _narrowed(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    ask, rows = _ask(f, phrases), f.some_rows(view, (0, 1, 1, 1, 2))
    more = [x for x in _usable(phrases) if x.plan.split()[0] not in rows.plan]
    if not more:
        return None
    said = _said(f, f.rng.choice(more), NARROW, NARROW_ADJ)
    return _pair(f.frame(ask.bank, rows=rows.text), said.text, _plan(f, view, ask.select, rows.plan, "", said.plan))


def _swapped(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """Another value or another test of the same column."""
    usable = _usable(phrases)
    first = f.rng.choice(usable) if usable else None
    if first is None:
        return None
    column = first.plan.split()[0]
    others = [x for x in usable if x.plan.split()[0] == column and (x is not first or "{" in "".join(x.that + x.adj))]
    if not others:
        return None
    ask = _ask(f, phrases)
    use_adj = bool(first.adj) and (not first.that or f.rng.random() < 0.45)
    part = f.pick(first.adj if use_adj else first.that, first.plan)
    entity = f.rng.choice(phrases.entity)
    rows = f"{part.text} {entity}" if use_adj else f"{entity} {part.text}"
    said = _said(f, f.rng.choice(others), SWAP, SWAP_ADJ)
    return _pair(f.frame(ask.bank, rows=rows), said.text, _plan(f, view, ask.select, said.plan))


def _turned(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """The same rows, asked about otherwise: counted, grouped, with a fact more, ranked, cut."""
    rows = f.some_rows(view, (1, 1, 2))
    if not rows.plan:
        return None
    first = f.frame(frames.LIST, rows=rows.text)
    kind = f.rng.choice(["count", "by", "with", "sort", "top"])
    if kind == "count":
        return _pair(first, f.rng.choice(COUNT), _plan(f, view, "COUNT", rows.plan))
    if kind == "by" and phrases.group:
        group = f.rng.choice(phrases.group)
        by = f.pick(group.by, group.item)
        return _pair(first, f.rng.choice(BY).format(by=by.text), _plan(f, view, f"{group.item} COUNT", rows.plan))
    if kind == "with" and phrases.attr:
        attr = f.rng.choice(phrases.attr)
        if attr.item in phrases.select.split():
            return None
        noun = f.pick(attr.nouns, attr.item)
        return _pair(first, f.rng.choice(WITH).format(noun=noun.text), _plan(f, view, f"{phrases.select} {attr.item}", rows.plan))
    if kind == "sort" and any(order.by for order in phrases.order):
        order = f.rng.choice([o for o in phrases.order if o.by])
        by = f.pick(order.by, order.plan)
        return _pair(first, f.rng.choice(SORT).format(by=by.text), _plan(f, view, f"{phrases.select} {by.plan}", rows.plan))
    if kind == "top":
        number = f.unique("{number}", "@number")
        return _pair(first, f.rng.choice(TOP).format(n=number.text), _plan(f, view, f"{phrases.select} LIMIT {number.plan}", rows.plan))
    return None


def _about_one(wholes: Mapping[str, Sequence[Whole]], view: str) -> list[tuple[str, str]]:
    """Questions of a view about exactly one dataset."""
    return [(ask, whole.plan) for whole in wholes[view] for ask in whole.ask if ask.count("{dataset") == 1 and "{dataset}" in ask]


def _pointed(f: Fragments, wholes: Mapping[str, Sequence[Whole]]) -> Text | None:
    """``who owns dataset1 >> what depends on it``."""
    views = sorted(wholes)
    first, then = _about_one(wholes, f.rng.choice(views)), _about_one(wholes, f.rng.choice(views))
    if not first or not then:
        return None
    before = f.unique(*f.rng.choice(first))
    named = re.search(r"@dataset\.\w+", before.plan)
    ask, plan = f.rng.choice(then)
    pronoun = f.rng.choice(PRONOUNS)
    asked = ask.replace("{dataset}'s", "its" if pronoun == "it" else f"{pronoun}'s").replace("{dataset}", pronoun)
    after = f.unique(asked, plan)
    if named is None:
        return None
    return _pair(before.text, after.text, re.sub(r"@dataset\.\w+", named[0], after.plan))


def _left(f: Fragments, wholes: Mapping[str, Sequence[Whole]]) -> Text:
    """A question that stands on its own after another one."""
    first, then = (f.rng.choice(wholes[f.rng.choice(sorted(wholes))]) for _ in range(2))
    before, after = f.unique(f.rng.choice(first.ask), first.plan), f.unique(f.rng.choice(then.ask), then.plan)
    return _pair(before.text, after.text, after.plan)
