"""Shapes of statistics over groups: medians, shares of a whole and later places; and one set of conditions or another."""

import re
from collections.abc import Callable

from nl2sql.corpus import frames
from nl2sql.corpus.fragments import Fragments, Text
from nl2sql.corpus.phrases import Filter, Group, Measure, Order, Phrases
from nl2sql.corpus.result_shapes import DULL, TOTALS
from nl2sql.plan.language import column_of

AVERAGES = {
    "claims#average_agreement": "claims.agreement",
    "datasets#average_quality": "datasets.quality_score",
    "market#average_price": "market.price",
    "market#average_rating": "market.rating",
    "nodes#average_trust": "nodes.trust_score",
    "nodes#average_uptime": "nodes.uptime",
    "quality_metrics#average_value": "quality_metrics.value",
    "training_rounds#average_latency": "training_rounds.latency_s",
}
"""Measures that are a mean, with the column that they are of."""
MEAN_OF = re.compile(r"(?:average|mean|avg) (?P<before>[^,]+)|(?P<after>[^,]+) on average")
"""Nouns of means that say what a median of the same column is of."""
ODD_SUPERLATIVES = re.compile(r"(?:first|last|top|next|single|only|#|number)\b|.*\b(?:first|ever)\b")
"""Superlatives that no ordinal goes before."""
EVEN_BY = re.compile(r"(?:per|by|for each|for every|in each|across|over) .+")
"""Groupings that fit into the middle of a sentence."""
LISTED = tuple(frame for frame in frames.TOP if not frame.startswith("top"))
ONE = tuple(frame for frame in frames.SUPERLATIVE if "single" not in frame)


def groups_of(phrases: Phrases) -> list[Group]:
    """Plain columns to group by that have a noun."""
    return [g for g in phrases.group if g.nouns and " " not in g.item and column_of(g.item).name not in DULL and column_of(g.item).type != "BOOLEAN"]


def by_of(f: Fragments, phrases: Phrases, chance: float, but: str = "-") -> tuple[str, str]:
    """``per country`` and its plan part, or nothing; never by one of the columns of ``but``."""
    groups = [g for g in phrases.group if g.item.split()[-1] not in but.split()]
    if not groups or f.rng.random() > chance:
        return "", ""
    group = f.rng.choice(groups)
    return f" {f.pick(group.by, group.item).text}", f"{group.item} "


def _by_within(f: Fragments, group: Group) -> str:
    """A grouping that can stand before other words."""
    return f.pick(tuple(by for by in group.by if EVEN_BY.fullmatch(by)) or group.by, group.item).text


def _said(nouns: tuple[str, ...]) -> tuple[str, ...]:
    """Nouns that can follow an article."""
    return tuple(n for n in nouns if not n.startswith("how ")) or nouns


def medians(phrases: Phrases) -> list[tuple[str, str, tuple[str, ...]]]:
    """Columns that have a median, with the conditions that go with it and what the column is called."""
    found = []
    for measure in phrases.measure:
        column = AVERAGES.get(measure.item) or measure.item.removeprefix("AVG ")
        nouns = tuple(m["before"] or m["after"] for noun in measure.nouns if (m := MEAN_OF.fullmatch(noun)))
        if (measure.item in AVERAGES or measure.item.startswith("AVG ")) and nouns:
            found.append((column, measure.filter, nouns))
    return found


def median(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """``median number of rows per owner``."""
    options = medians(phrases)
    if not options:
        return None
    column, filtered, nouns = f.rng.choice(options)
    noun = f.rng.choice(frames.MEDIANS).format(noun=f.rng.choice(nouns))
    rows = f.rows(view, f.rng.choice([0, 0, 1, 1, 2]))
    by, grouped = by_of(f, phrases, 0.55)
    if grouped:
        bank: tuple[str, ...] = frames.MEASURE_BY if rows.plan else frames.MEASURE_BY + frames.MEASURE_BY_SHORT
    else:
        bank = frames.MEASURE if rows.plan else frames.MEASURE + frames.MEASURE_SHORT
    text, tail = f.frame(bank, noun=noun, rows=rows.text, by=by.strip()), ""
    if grouped and f.rng.random() < 0.25:
        words, direction = f.rng.choice(frames.RANKED)
        text, tail = f"{text}{words}", f" ORDER MEDIAN {column} {direction}"
    return Text(text, f"FROM {view} {f.where(rows.plan, filtered)}SELECT {grouped}MEDIAN {column}{tail}")


def share(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """``what share of our datasets does each country hold``."""
    groups = groups_of(phrases)
    if not groups:
        return None
    group = f.rng.choice(groups)
    noun, by = f.pick(group.nouns, group.item).text, _by_within(f, group)
    rows = f.rows(view, f.rng.choice([0, 0, 1]))
    head = f"FROM {view} {f.where(rows.plan)}SELECT {group.item} SHARE"
    kind = f.rng.random()
    if kind < 0.1:
        return Text(f.frame(frames.LARGEST_SHARE, group=noun, rows=rows.text), f"{head} ORDER SHARE DESC LIMIT 1")
    if kind < 0.22:
        words, op = f.rng.choice(frames.SHARE_ABOVE)
        number = f.unique("{number:percent}", "@number")
        return Text(words.format(group=noun, rows=rows.text, number=number.text), f"{head} HAVING SHARE {op} {number.plan}")
    bank: tuple[str, ...] = frames.SHARES_ANY if rows.plan else frames.SHARES_ANY + frames.SHARES_PLAIN
    text = f.frame(bank, group=noun, by=by, rows=rows.text)
    if f.rng.random() < 0.25:
        return Text(f"{text}{f.rng.choice(frames.BIGGEST_SHARE_FIRST)}", f"{head} ORDER SHARE DESC")
    return Text(text, head)


def share_of_total(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """``each owner's share of the total size``."""
    sums = [m for m in phrases.measure if (m.item in TOTALS or m.item.startswith("SUM ")) and not m.filter]
    groups = groups_of(phrases)
    if not sums or not groups:
        return None
    measure, group = f.rng.choice(sums), f.rng.choice(groups)
    item = f"SHARE_OF {TOTALS.get(measure.item) or measure.item.removeprefix('SUM ')}"
    parts = {"noun": f.pick(_said(measure.nouns), measure.item).text, "group": f.pick(group.nouns, group.item).text, "by": _by_within(f, group)}
    rows = f.rows(view, 1) if f.rng.random() < 0.25 else Text("", "")
    if rows.plan:
        parts["noun"] += f" of {rows.text}"
    head = f"FROM {view} {f.where(rows.plan)}SELECT {group.item} {item}"
    if f.rng.random() < 0.12:
        return Text(f.frame(frames.LARGEST_SHARE_OF, **parts), f"{head} ORDER {item} DESC LIMIT 1")
    text = f.frame(frames.SHARES_OF_TOTAL, **parts)
    if f.rng.random() < 0.25:
        return Text(f"{text}{f.rng.choice(frames.BIGGEST_SHARE_FIRST)}", f"{head} ORDER {item} DESC")
    return Text(text, head)


def later_place(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """``second largest dataset``, ``6th to 10th oldest``, ``country with the third most datasets``."""
    kind = f.rng.choices(["nth", "range", "next", "some", "group"], [5, 1.5, 0.8, 1.2, 2.5])[0]
    if kind == "group":
        return _nth_group(f, view, phrases)
    orders = [(o, fit) for o in phrases.order if (fit := tuple(s for s in o.super if not ODD_SUPERLATIVES.match(s)))]
    if not orders:
        return None
    order, supers = f.rng.choice(orders)
    word = f.rng.choice(supers)
    how_many = f.rng.choice([0, 0, 1])
    if kind == "nth":
        ordinal, skip = f.rng.choice(frames.ORDINALS)
        dash = "-" if ordinal.isalpha() and " " not in word and f.rng.random() < 0.15 else " "
        rows = f.rows(view, how_many, f"{ordinal}{dash}{word}", single=True)
        return _later(f, view, phrases, rows, order, f.frame(ONE, rows=rows.text), f"LIMIT 1 SKIP {skip}")
    if kind == "range":
        ordinals, limit, skip = f.rng.choice(frames.RANGES)
        rows = f.rows(view, how_many, f"{ordinals} {word}")
        return _later(f, view, phrases, rows, order, f.frame(LISTED, rows=rows.text), f"LIMIT {limit} SKIP {skip}")
    if kind == "next":
        rows = f.rows(view, how_many, single=True)
        return _later(f, view, phrases, rows, order, f.frame(frames.NEXT_ONE, one=rows.text, super=word), "LIMIT 1 SKIP 1")
    rows = f.rows(view, how_many)
    frame = f.unique(f.rng.choice(frames.NEXT_SOME).replace("{super}", word).replace("{rows}", "\ue000"), "LIMIT @number SKIP @number_b")
    return _later(f, view, phrases, rows, order, frame.text.replace("\ue000", rows.text), frame.plan)


def _later(f: Fragments, view: str, phrases: Phrases, rows: Text, order: Order, text: str, tail: str) -> Text:
    return Text(text, f"FROM {view} {f.where(rows.plan)}SELECT {phrases.select} {order.plan} {tail}")


def _nth_group(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    groups = groups_of(phrases)
    if not groups:
        return None
    group = f.rng.choice(groups)
    noun = f.pick(group.nouns, group.item).text
    ordinal, skip = f.rng.choice(frames.ORDINALS[:12])
    fit: list[Measure] = [m for m in phrases.measure if not m.item.startswith(("MIN ", "MAX ", "COUNT_IF"))]
    if fit and f.rng.random() < 0.4:
        measure = f.rng.choice(fit)
        value = f.pick(_said(measure.nouns), measure.item)
        text = f.frame(frames.NTH_VALUE, group=noun, nth=ordinal, noun=value.text)
        return Text(text, f"FROM {view} {f.where('', measure.filter)}SELECT {group.item} {value.plan} ORDER {value.plan} DESC LIMIT 1 SKIP {skip}")
    rows = f.rows(view, f.rng.choice([0, 1]))
    text = f.frame(frames.NTH_GROUP, group=noun, nth=ordinal, rows=rows.text)
    return Text(text, f"FROM {view} {f.where(rows.plan)}SELECT {group.item} COUNT ORDER COUNT DESC LIMIT 1 SKIP {skip}")


def either(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """``personal data outside the EU, or anything restricted that nobody owns``: one set of conditions or another."""
    usable = [x for x in phrases.filter if x.that and "EXISTS" not in x.plan]
    sizes = f.rng.choice([(2, 2), (2, 2), (2, 2), (2, 2), (2, 1), (1, 2), (2, 1), (1, 2), (2, 2, 1), (2, 1, 1), (1, 2, 1)])
    common = [f.rng.choice(usable)] if f.rng.random() < 0.15 else []
    arms = [f.rng.sample(usable, size) for size in sizes]
    if any(len(_columns([*arm, *common])) < sum(len(_columns([x])) for x in (*arm, *common)) for arm in arms):
        return None
    entity = f.rng.choice(phrases.entity)
    if f.rng.random() < 0.4:
        said = [[f.pick(x.that, x.plan) for x in arm] for arm in arms]
        texts = [f.rng.choice([" and ", " and ", ", "]).join(part.text for part in arm) for arm in said]
        rows = f.frame(frames.EITHER_THAT, entity=entity, arms=", or ".join(texts))
        plans = [" ".join(part.plan for part in arm) for arm in said]
    else:
        texts, plans = [], []
        for arm in arms:
            one = _arm(f, arm, entity, not texts)
            texts.append(one.text)
            plans.append(one.plan)
        rows = f.rng.choice(frames.EITHER_JOINS).join(texts)
    condition = f"EITHER {' OR_ELSE '.join(plans)} END"
    if common:
        always = f.pick(common[0].that, common[0].plan)
        rows, condition = f"{rows}{f.rng.choice([', in any case ', ', but always ', ' - all of them '])}{always.text}", f"{always.plan} {condition}"
    kind = f.rng.random()
    if kind < 0.25:
        return Text(f.frame(frames.COUNT, rows=rows), f"FROM {view} WHERE {condition} SELECT COUNT")
    if kind < 0.35 and phrases.group:
        group = f.rng.choice(phrases.group)
        by = f.pick(group.by, group.item)
        return Text(f.frame(frames.COUNT_BY, rows=rows, by=by.text), f"FROM {view} WHERE {condition} SELECT {group.item} COUNT")
    return Text(f.frame(frames.LIST, rows=rows), f"FROM {view} WHERE {condition} SELECT {phrases.select}")


def _columns(chosen: list[Filter]) -> set[str]:
    """Columns and segments that conditions are about."""
    return {word for x in chosen for word in x.plan.split() if "." in word or ":" in word}


def _arm(f: Fragments, chosen: list[Filter], entity: str, first: bool) -> Text:
    """A noun phrase of one arm; after the first arm the rows need no name."""
    before, after, plans = list[str](), list[str](), list[str]()
    for part in chosen:
        use_adj = bool(part.adj) and f.rng.random() < 0.4
        said = f.pick(part.adj if use_adj else part.that, part.plan)
        (before if use_adj else after).append(said.text)
        plans.append(said.plan)
    rest = ("ones", entity) if before else (*frames.EITHER_REST, entity, "")
    noun = entity if first else f.rng.choice(rest)
    words = [*before, noun, f.rng.choice([" and ", " ", ", ", " and "]).join(after)]
    return Text(" ".join(word for word in words if word), " ".join(plans))


FORM_SHAPES: tuple[tuple[float, Callable[[Fragments, str, Phrases], Text | None]], ...] = (
    (1.0, median),
    (0.9, share),
    (1.3, share_of_total),
    (0.9, later_place),
    (1.0, either),
)
