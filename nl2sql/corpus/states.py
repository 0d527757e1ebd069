"""Where a dialogue stands: which rows, shown how; its first question and the plan of all that was said."""

from dataclasses import dataclass, replace

from nl2sql.corpus import frames
from nl2sql.corpus.fragments import Fragments
from nl2sql.corpus.phrases import SLOT, Filter, Measure, Phrases
from nl2sql.plan.language import END


@dataclass(frozen=True, slots=True)
class Said:
    """A condition that stands: the filter it came from and its plan with holes made unique."""

    source: Filter
    plan: str


@dataclass(frozen=True, slots=True)
class State:
    """What was asked so far; ``shown`` is list, count, share (of each group) or measure."""

    view: str
    shown: str = "list"
    where: tuple[Said, ...] = ()
    related: str = ""
    extras: tuple[str, ...] = ()
    group: str = ""
    measure: Measure | None = None
    order: str = ""
    limit: str = ""

    def plan(self, f: Fragments, phrases: Phrases) -> str:
        """The plan of the whole dialogue up to here."""
        of_measure = self.measure.filter if self.measure and self.shown == "measure" else ""
        where = f.where(" ".join(said.plan for said in self.where), of_measure, self.related)
        match self.shown:
            case "list":
                tail = f"{phrases.select} {' '.join(self.extras)} {self.order} {f'LIMIT {self.limit}' if self.limit else ''}"
            case "count":
                tail = f"{self.group} COUNT"
            case "share":
                tail = f"{self.group} SHARE"
            case _:
                tail = f"{self.group} {self.measure.item if self.measure else ''}"
        return f"FROM {self.view} {where}SELECT {tail}"


def usable(phrases: Phrases) -> list[Filter]:
    """Filters that stand as one condition or more of their own."""
    return [x for x in phrases.filter if (x.that or x.adj) and END not in x.plan]


def column(chosen: Filter) -> str:
    """What a filter is about: its first column or segment."""
    return chosen.plan.removeprefix("NOT ").split()[0]


def opening(f: Fragments, phrases: Phrases, view: str) -> tuple[str, State]:
    """A first question and its state."""
    how_many = f.rng.choices([0, 1, 2], [1, 5, 2])[0]
    kept: dict[str, Filter] = {}
    for chosen in f.rng.sample(usable(phrases), min(how_many, len(usable(phrases)))):
        kept.setdefault(column(chosen), chosen)
    before: list[str] = []
    after: list[str] = []
    where: list[Said] = []
    for chosen in kept.values():
        use_adj = f.before_noun(chosen)
        part = f.pick(chosen.adj if use_adj else chosen.that, chosen.plan)
        (before if use_adj else after).append(part.text)
        where.append(Said(chosen, part.plan))
    state = State(view, where=tuple(where))
    entity = f.rng.choice(phrases.entity)
    rows = " ".join([*before, entity, f.rng.choice([" and ", " ", ", "]).join(after)]).strip()
    kind = f.rng.choices(["list", "count", "measure", "ranked"], [5, 2, 2, 1.5])[0]
    ranks = [o for o in phrases.order if o.super]
    if kind == "ranked" and ranks:
        order = f.rng.choice(ranks)
        number = f.unique("{number}", "@number")
        words = f"{number.text} {f.rng.choice(order.super)} {rows}"
        return f.frame(frames.TOP_N, rows=words), replace(state, order=order.plan, limit=number.plan)
    if kind == "measure" and phrases.measure:
        measure = f.rng.choice(phrases.measure)
        noun = f.rng.choice(measure.nouns)
        if "@" not in measure.filter and not SLOT.search(measure.item):
            state = replace(state, shown="measure", measure=measure)
            if phrases.group and f.rng.random() < 0.4:
                group = f.rng.choice(phrases.group)
                text = f.frame(frames.MEASURE_BY, rows=rows, noun=noun, by=f.rng.choice(group.by))
                return text, replace(state, group=group.item)
            return f.frame(frames.MEASURE, rows=rows, noun=noun), state
    if kind == "count":
        if phrases.group and f.rng.random() < 0.4:
            group = f.rng.choice(phrases.group)
            return f.frame(frames.COUNT_BY, rows=rows, by=f.rng.choice(group.by)), replace(
                state, shown="count", group=group.item
            )
        return f.frame(frames.COUNT, rows=rows), replace(state, shown="count")
    return f.frame(frames.LIST, rows=rows), state
