"""Moves of a dialogue over the same rows: each changes what was asked, in words and in the plan.

``datasets in country1 >> only the deprecated ones >> and country2?``: every state has a plan of its own, so dialogues can go on.
"""

from collections.abc import Callable
from dataclasses import replace

from catalog.semantic import views
from nl2sql.corpus import replies
from nl2sql.corpus.form_shapes import AVERAGES
from nl2sql.corpus.fragments import Fragments, Text
from nl2sql.corpus.phrases import SLOT, Filter, Phrases
from nl2sql.corpus.states import Said, State, column, usable

NEGATED = {
    "IS_TRUE": "IS_FALSE",
    "IS_FALSE": "IS_TRUE",
    "EQ": "NE",
    "NE": "EQ",
    "HAS": "HAS_NOT",
    "HAS_NOT": "HAS",
    "IS_NULL": "NOT_NULL",
    "NOT_NULL": "IS_NULL",
    "DURING": "NOT_DURING",
}
PLACE_KINDS = ("country", "jurisdiction", "region")

Move = Callable[[Fragments, Phrases, State], tuple[str, State] | None]


def narrow(f: Fragments, phrases: Phrases, state: State) -> tuple[str, State] | None:
    """One condition more; "which of them have …" may reach into another view."""
    if f.rng.random() < 0.15 and not state.related and phrases.link:
        return _related(f, state)
    taken = {column(said.source) for said in state.where}
    more = [x for x in usable(phrases) if column(x) not in taken]
    if not more:
        return None
    chosen = f.rng.choice(more)
    said = _said(f, chosen, replies.NARROW, replies.NARROW_ADJ)
    return said.text, replace(state, where=(*state.where, Said(chosen, said.plan)))


def _related(f: Fragments, state: State) -> tuple[str, State] | None:
    links = [link for link in f.phrases[state.view].link if link.has]
    if not links:
        return None
    link = f.rng.choice(links)
    ends = [end.split(".")[0] for end in link.edge.split("=")]
    other = ends[1] if ends[0] == state.view else ends[0]
    if other not in f.phrases or not f.phrases[other].entity:
        return None
    rows = f.rows(other, f.rng.choice([0, 1, 1]))
    text = f.rng.choice(
        ("which of them {}", "only those {}", "any of these {}", "which of those {}", "just the ones {}")
    ).format(f"{f.rng.choice(link.has)} {rows.text}")
    return text, replace(state, related=f"EXISTS {link.edge} {rows.plan} END")


def swap(f: Fragments, phrases: Phrases, state: State) -> tuple[str, State] | None:
    """Another value, or another test of the same column, in place of one that stands; the others stay."""
    if not state.where:
        return None
    at = f.rng.randrange(len(state.where))
    was = state.where[at].source
    kinds = SLOT.findall(was.plan)
    if len(kinds) == 1 and kinds[0][0] not in ("number", "term") and f.rng.random() < 0.6:
        kind = kinds[0][0]
        bank = (
            replies.TIMES
            if kind == "period"
            else replies.NAMES + replies.PLACES
            if kind in PLACE_KINDS
            else replies.NAMES
        )
        said = f.unique(f.rng.choice(bank).format(name=f"{{{kind}}}"), was.plan)
        chosen = was
    else:
        others = [x for x in usable(phrases) if column(x) == column(was) and (x is not was or kinds)]
        if not others:
            return None
        chosen = f.rng.choice(others)
        said = _said(f, chosen, replies.SWAP, replies.SWAP_ADJ)
    where = (*state.where[:at], Said(chosen, said.plan), *state.where[at + 1 :])
    return said.text, replace(state, where=where)


def count(f: Fragments, phrases: Phrases, state: State) -> tuple[str, State] | None:
    """How many that is, also by group."""
    if phrases.group and f.rng.random() < 0.6:
        group = f.rng.choice(phrases.group)
        if group.item == state.group:
            return None
        by = f.rng.choice(replies.BY).format(by=f.rng.choice(group.by))
        shown = (
            state.shown
            if state.shown in ("measure", "share") and by.split()[0] not in ("count", "how", "and how") and "how many" not in by
            else "count"
        )
        return by, replace(state, shown=shown, group=group.item, extras=(), order="", limit="")
    if state.shown == "count" or state.limit:
        return None
    return f.rng.choice(replies.COUNT), replace(state, shown="count", group="", extras=(), order="")


def listed(f: Fragments, phrases: Phrases, state: State) -> tuple[str, State] | None:
    """The rows behind a number, narrowed further now and then."""
    if state.shown != "count":
        return None
    if state.group and f.rng.random() < 0.7:
        moved = narrow(f, phrases, state)
        if moved is None:
            return None
        text = f"{moved[0]}{f.rng.choice([', the names', ', list them', ', which ones', ' - names please', '. which are they'])}"
        return text, replace(moved[1], shown="list", group="")
    return f.rng.choice(replies.LISTED), replace(state, shown="list", group="")


def extra(f: Fragments, phrases: Phrases, state: State) -> tuple[str, State] | None:
    """A fact more about the same rows."""
    attrs = [a for a in phrases.attr if a.item not in (*phrases.select.split(), *state.extras)]
    if state.shown != "list" or not attrs:
        return None
    attr = f.rng.choice(attrs)
    said = f.unique(f.rng.choice(replies.WITH).replace("{noun}", f.rng.choice(attr.nouns)), "")
    return said.text, replace(state, extras=(*state.extras, attr.item))


def measured(f: Fragments, phrases: Phrases, state: State) -> tuple[str, State] | None:
    """A figure over the same rows and groups."""
    fit = [m for m in phrases.measure if m is not state.measure and not SLOT.search(m.item) and "@" not in m.filter]
    if not fit or state.limit:
        return None
    measure = f.rng.choice(fit)
    text = f.rng.choice(replies.MEASURED).format(noun=f.rng.choice(measure.nouns))
    return text, replace(state, shown="measure", measure=measure, extras=(), order="")


def ranked(f: Fragments, phrases: Phrases, state: State) -> tuple[str, State] | None:
    """Sorted, cut, the extreme ones, or turned round."""
    if state.shown != "list":
        return None
    if state.order and f.rng.random() < 0.5:
        opposite = state.order[:-4] + " ASC" if state.order.endswith("DESC") else state.order[:-3] + "DESC"
        turned = opposite.replace("  ", " ")
        spoken = [o for o in phrases.order if o.plan == turned and o.super]
        if spoken and state.limit and f.rng.random() < 0.6:
            number = f.unique("{number}", "@number")
            text = f.rng.choice(replies.SUPER_N).format(n=number.text, super=f.rng.choice(spoken[0].super))
            return text, replace(state, order=turned, limit=number.plan)
        return f.rng.choice(replies.REVERSED), replace(state, order=turned)
    if not state.limit and f.rng.random() < 0.3:
        number = f.unique("{number}", "@number")
        return f.rng.choice(replies.TOP).format(n=number.text), replace(state, limit=number.plan)
    order = f.rng.choice(phrases.order) if phrases.order else None
    if order is None or order.plan == state.order:
        return None
    if order.super and f.rng.random() < 0.6:
        word = f.rng.choice(order.super)
        if f.rng.random() < 0.5:
            number = f.unique("{number}", "@number")
            return f.rng.choice(replies.SUPER_N).format(n=number.text, super=word), replace(
                state, order=order.plan, limit=number.plan
            )
        return f.rng.choice(replies.SUPER).format(super=word), replace(state, order=order.plan, limit="1")
    if not order.by:
        return None
    return f.rng.choice(replies.SORT).format(by=f.rng.choice(order.by)), replace(state, order=order.plan)


def without(f: Fragments, phrases: Phrases, state: State) -> tuple[str, State] | None:
    """Some of the rows left out, or the last condition dropped."""
    if state.where and f.rng.random() < 0.4:
        last = state.where[-1].source
        plain = [x for x in last.adj if "{" not in x]
        if plain and f.rng.random() < 0.5:
            return f.rng.choice(replies.DROP_ADJ).format(adj=f.rng.choice(plain)), replace(
                state, where=state.where[:-1]
            )
        return f.rng.choice(replies.DROP), replace(state, where=state.where[:-1])
    taken = {column(said.source) for said in state.where}
    fit = [x for x in usable(phrases) if column(x) not in taken and negated(x.plan)]
    if not fit:
        return None
    chosen = f.rng.choice(fit)
    said = _said(f, replace_plan(chosen, negated(chosen.plan)), replies.WITHOUT_THAT, replies.WITHOUT)
    return said.text, replace(state, where=(*state.where, Said(chosen, said.plan)))


def turned(f: Fragments, phrases: Phrases, state: State) -> tuple[str, State] | None:
    """Counts of groups as shares, a mean as a median, the first place as a later one."""
    if state.shown == "count" and state.group:
        return f.rng.choice(replies.AS_SHARE), replace(state, shown="share")
    if state.shown == "measure" and state.measure:
        column = AVERAGES.get(state.measure.item) or state.measure.item.removeprefix("AVG ")
        if column == state.measure.item:
            return None
        return f.rng.choice(replies.AS_MEDIAN), replace(state, measure=state.measure.model_copy(update={"item": f"MEDIAN {column}"}))
    if state.shown == "list" and state.order and state.limit == "1":
        said, skip = f.rng.choice(replies.NEXT_PLACE)
        return said, replace(state, limit=f"1 SKIP {skip}")
    return None


def other_view(f: Fragments, phrases: Phrases, state: State) -> tuple[str, State] | None:
    """The same of other things, where they have the columns that the conditions are about: ``same for models``."""
    if state.shown == "measure" or state.group or state.extras or state.order or state.limit or state.related:
        return None
    fit = [
        view
        for view in f.phrases
        if view != state.view and f.phrases[view].entity and all(_moved(s.plan, view) for s in state.where)
    ]
    if not fit:
        return None
    view = f.rng.choice(fit)
    where = tuple(Said(said.source, _moved(said.plan, view)) for said in state.where)
    text = f.rng.choice(replies.SAME_FOR).format(rows=f.rng.choice(f.phrases[view].entity))
    return text, replace(state, view=view, where=where)


def _moved(plan: str, view: str) -> str:
    """A condition on the column of that name in another view; empty where the column means something else."""
    parts = plan.split()
    if len(parts) not in (2, 3) or "." not in parts[0] or any("." in p and not p.startswith("@") for p in parts[1:]):
        return ""
    was, name = parts[0].split(".")
    mine, its = views()[was].columns[name], views()[view].columns.get(name)
    if its is None or (mine.type, mine.slot, mine.unit, mine.values) != (its.type, its.slot, its.unit, its.values):
        return ""
    return " ".join([f"{view}.{name}", *parts[1:]])


def negated(plan: str) -> str:
    """The opposite of one condition; empty where there is no short one."""
    parts = plan.split()
    if len(parts) == 1 and ":" in plan:
        return f"NOT {plan}"
    if parts[0] != "NOT" and parts[1] in NEGATED and len(parts) == (2 if parts[1].startswith(("IS_", "NOT_NULL")) else 3):
        return " ".join([parts[0], NEGATED[parts[1]], *parts[2:]])
    return ""


def replace_plan(chosen: Filter, plan: str) -> Filter:
    """The filter's words with another plan."""
    return chosen.model_copy(update={"plan": plan})


def _said(f: Fragments, chosen: Filter, that: tuple[str, ...], adj: tuple[str, ...]) -> Text:
    """A follow-up that holds one filter."""
    use_adj = f.before_noun(chosen)
    part = f.pick(chosen.adj if use_adj else chosen.that, chosen.plan)
    return Text(f.rng.choice(adj if use_adj else that).format(**{"adj" if use_adj else "that": part.text}), part.plan)


MOVES: tuple[tuple[Move, float], ...] = (
    (narrow, 3), (swap, 3.5), (count, 2), (listed, 1), (extra, 2.5), (measured, 1.2), (ranked, 1.8), (without, 1.3), (other_view, 0.8), (turned, 1.6),
)  # fmt: skip
