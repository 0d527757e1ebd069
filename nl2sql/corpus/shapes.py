"""The shapes of composed questions: listing, counting, measuring, ranking, asking for facts, following links."""

from collections.abc import Callable

from catalog.semantic import edges
from nl2sql.corpus import frames
from nl2sql.corpus.form_shapes import FORM_SHAPES
from nl2sql.corpus.fragments import NAMED_BY, Fragments, Text
from nl2sql.corpus.phrases import Phrases
from nl2sql.corpus.result_shapes import RESULT_SHAPES
from nl2sql.corpus.time_shapes import TIME_SHAPES

EVENT_TIME = {
    "audit_log": "at",
    "market": "at",
    "node_events": "at",
    "quality_checks": "opened",
    "quality_metrics": "measured_at",
    "training_rounds": "at",
}
"""Views of events with the time that a bare "last month" is about."""
HUB_COLUMNS = {
    "datasets": ("domain", "owner", "steward", "licence", "licence_class", "data_type", "format", "update_frequency", "generating_model"),
    "nodes": ("operator", "country", "network"),
}
"""Columns of what events and records are about, by which people group them."""


def _period(f: Fragments, view: str, plan: str) -> Text:
    """``, last month`` at the end of a question about events, now and then."""
    time = EVENT_TIME.get(view)
    if time is None or f"{view}.{time} " in plan or f.rng.random() > 0.25:
        return Text("", "")
    comma = f.rng.choice([" ", ", ", ", ", " - "])
    return f.unique(comma + "{period}", f"{view}.{time} DURING @period")


def listing(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    rows = f.rows(view, f.rng.choices([1, 2, 3], [4, 5, 2])[0])
    if not rows.plan:
        return None
    text, tail = f.frame(frames.LIST, rows=rows.text), ""
    if phrases.order and f.rng.random() < 0.15:
        order = f.rng.choice(phrases.order)
        if order.by:
            by = f.pick(order.by, order.plan)
            text, tail = f"{text} {by.text}", f" {by.plan}"
    late = _period(f, view, rows.plan) if not tail else Text("", "")
    return Text(text + late.text, f"FROM {view} {f.where(rows.plan, after=late.plan)}SELECT {phrases.select}{tail}")


def count(f: Fragments, view: str, phrases: Phrases) -> Text:
    rows = f.some_rows(view, (0, 1, 1, 2, 2, 3))
    late = _period(f, view, rows.plan)
    return Text(f.frame(frames.COUNT, rows=rows.text) + late.text, f"FROM {view} {f.where(rows.plan, after=late.plan)}SELECT COUNT")


def count_by(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    if not phrases.group:
        return None
    group = f.rng.choice(phrases.group)
    rows, by = f.some_rows(view, (0, 0, 1, 1)), f.pick(group.by, group.item)
    late = _period(f, view, rows.plan)
    text = f.frame(frames.COUNT_BY, rows=rows.text, by=by.text) + late.text
    plan = f"FROM {view} {f.where(rows.plan, after=late.plan)}SELECT {group.item} COUNT"
    if f.rng.random() < 0.35:
        text, plan = f"{text}{f.rng.choice(frames.BIGGEST_FIRST)}", f"{plan} ORDER COUNT DESC"
    return Text(text, plan)


def measure(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    if not phrases.measure:
        return None
    measure = f.rng.choice(phrases.measure)
    noun = f.pick(measure.nouns, measure.item)
    rows = f.some_rows(view, (0, 0, 1, 1, 2, 2))
    late = _period(f, view, rows.plan)
    where = f.where(rows.plan, measure.filter, late.plan)
    if phrases.group and f.rng.random() < 0.5:
        group = f.rng.choice(phrases.group)
        by = f.pick(group.by, group.item)
        by_bank: tuple[str, ...] = frames.MEASURE_BY if rows.plan else frames.MEASURE_BY + frames.MEASURE_BY_SHORT
        text = f.frame(by_bank, noun=noun.text, rows=rows.text, by=by.text) + late.text
        plan = f"FROM {view} {where}SELECT {group.item} {noun.plan}"
        if f.rng.random() < 0.35:
            words, direction = f.rng.choice(frames.RANKED)
            text, plan = f"{text}{words}", f"{plan} ORDER {noun.plan} {direction}"
        return Text(text, plan)
    bank = frames.MEASURE if rows.plan else frames.MEASURE + frames.MEASURE_SHORT
    return Text(f.frame(bank, noun=noun.text, rows=rows.text) + late.text, f"FROM {view} {where}SELECT {noun.plan}")


def superlative(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    orders = [o for o in phrases.order if o.super]
    if not orders:
        return None
    order = f.rng.choice(orders)
    word = f.pick(order.super, order.plan)
    kind = f.rng.choices(["one", "number", "top"], [4, 5, 3])[0]
    rows = f.rows(view, f.rng.choice([0, 0, 1, 1]), word.text if kind != "number" else "", single=kind == "one")
    plan = f"FROM {view} {f.where(rows.plan)}SELECT {phrases.select} {word.plan}"
    if kind == "number":
        number = f.unique("{number}", "@number")
        rows = _numbered_rows(f, rows, word.text, number.text)
        return Text(f.frame(frames.TOP_N, rows=rows.text), f"{plan} LIMIT {number.plan}")
    if kind == "one":
        return Text(f.frame(frames.SUPERLATIVE, rows=rows.text), f"{plan} LIMIT 1")
    return Text(f.frame(frames.TOP, rows=rows.text), f"{plan} LIMIT 10")


def _numbered_rows(f: Fragments, rows: Text, word: str, number: str) -> Text:
    ordered = [number, word] if f.rng.random() < 0.7 else [word, number]
    return Text(" ".join([*ordered, rows.text]), rows.plan)


def attributes(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    if not phrases.attr:
        return None
    rows = f.rows(view, f.rng.choices([1, 2, 3], [4, 3, 1])[0])
    attrs = f.rng.sample(phrases.attr, min(len(phrases.attr), f.rng.choice([1, 1, 2])))
    items = [a.item for a in attrs if a.item not in phrases.select.split()]
    if not rows.plan or not items:
        return None
    nouns = [f.pick(a.nouns, a.item).text for a in attrs if a.item in items]
    text = f.frame(frames.ATTRIBUTES, rows=rows.text, nouns=f.rng.choice([" and ", ", ", " & "]).join(nouns))
    return Text(text, f"FROM {view} {f.where(rows.plan)}SELECT {phrases.select} {' '.join(items)}")


def linked(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """Rows by what they have, or lack, in another view."""
    rows = f.linked_rows(view, f.rng.choice([0, 0, 1]))
    if "EXISTS" not in rows.plan:
        return None
    if f.rng.random() < 0.2:
        return Text(f.frame(frames.COUNT, rows=rows.text), f"FROM {view} WHERE {rows.plan} SELECT COUNT")
    return Text(f.frame(frames.LIST, rows=rows.text), f"FROM {view} WHERE {rows.plan} SELECT {phrases.select}")


def having(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    groups = [g for g in phrases.group if g.nouns]
    if not groups:
        return None
    group = f.rng.choice(groups)
    noun, rows = f.pick(group.nouns, group.item), f.rows(view, f.rng.choice([0, 0, 1]))
    words, op = f.rng.choice(frames.MORE_THAN)
    number = f.unique("{number}", "@number")
    text = f.frame(frames.HAVING, group=noun.text, than=words.format(number=number.text), rows=rows.text)
    plan = f"FROM {view} {f.where(rows.plan)}SELECT {group.item} COUNT HAVING COUNT {op} {number.plan}"
    return Text(text, plan)


def top_group(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    groups = [g for g in phrases.group if g.nouns]
    if not groups:
        return None
    group = f.rng.choice(groups)
    noun = f.pick(group.nouns, group.item)
    most = f.rng.random() < 0.8
    if phrases.measure and f.rng.random() < 0.4:
        measure = f.rng.choice(phrases.measure)
        value = f.pick(measure.nouns, measure.item)
        direction = "DESC" if most else "ASC"
        text = f.frame(frames.HIGHEST if most else frames.LOWEST, group=noun.text, noun=value.text)
        where = f.where("", measure.filter)
        return Text(text, f"FROM {view} {where}SELECT {group.item} {value.plan} ORDER {value.plan} {direction} LIMIT 1")
    rows = f.rows(view, f.rng.choice([0, 1]))
    late = _period(f, view, rows.plan)
    text = f.frame(frames.MOST if most else frames.FEWEST, group=noun.text, rows=rows.text) + late.text
    direction = "DESC" if most else "ASC"
    return Text(text, f"FROM {view} {f.where(rows.plan, after=late.plan)}SELECT {group.item} COUNT ORDER COUNT {direction} LIMIT 1")


def distinct(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    groups = [g for g in phrases.group if g.nouns and g.item.count(" ") == 0]
    if not groups:
        return None
    group = f.rng.choice(groups)
    noun, rows = f.pick(group.nouns, group.item), f.rows(view, f.rng.choice([0, 1, 1]))
    bank = frames.DISTINCT if rows.plan else frames.DISTINCT + frames.DISTINCT_SHORT
    text = f.frame(bank, group=noun.text, rows=rows.text)
    return Text(text, f"FROM {view} {f.where(rows.plan)}SELECT {group.item}")


def facts(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """One to three facts of a thing that is named: ``owner and licence of dataset1``."""
    if view not in NAMED_BY or not phrases.attr:
        return None
    column, slot = NAMED_BY[view]
    attrs = f.rng.sample(phrases.attr, min(len(phrases.attr), f.rng.choice([1, 2, 2, 3])))
    attrs = [a for a in attrs if a.item != f"{view}.{column}"]
    if not attrs:
        return None
    named = f.unique(f"{{{slot}}}", f"@{slot}")
    nouns = f.rng.choice([" and ", ", ", " & ", " plus "]).join(f.pick(a.nouns, a.item).text for a in attrs)
    text = f.frame(frames.FACTS, nouns=nouns, name=named.text)
    return Text(text, f"FROM {view} WHERE {view}.{column} EQ {named.plan} SELECT {' '.join(a.item for a in attrs)}")


def two_counts(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """How many there are, and how many of them are so: two numbers in one row."""
    usable = [x for x in phrases.filter if x.that and "EXISTS" not in x.plan]
    if not usable:
        return None
    chosen = f.rng.choice(usable)
    some = f.pick(chosen.that, chosen.plan)
    rows = f.rows(view, f.rng.choice([0, 0, 1]))
    late = _period(f, view, rows.plan + some.plan)
    text = f.frame(frames.TWO_COUNTS, rows=rows.text + late.text, some=some.text)
    return Text(text, f"FROM {view} {f.where(rows.plan, after=late.plan)}SELECT COUNT COUNT_IF {some.plan} END")


def _hub(f: Fragments, view: str) -> tuple[str, str, tuple[str, ...]] | None:
    """The edge to what a view's rows are about, and the columns of it that people ask for."""
    options = [
        (str(edge), hub, HUB_COLUMNS[hub])
        for edge in edges()
        for hub in HUB_COLUMNS
        if str(edge) in (f"datasets.name={view}.dataset", f"nodes.node={view}.node") and hub in edge.view_names and view not in HUB_COLUMNS
    ]
    return f.rng.choice(options) if options else None


def by_hub(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """Counts and measures by what the dataset or the node is like: ``average rating by licence class``."""
    found = _hub(f, view)
    if found is None:
        return None
    edge, hub, columns = found
    groups = [g for g in f.phrases[hub].group if g.item.removeprefix(f"{hub}.") in columns]
    if not groups:
        return None
    group = f.rng.choice(groups)
    rows, by = f.rows(view, f.rng.choice([0, 0, 1, 1])), f.pick(group.by, group.item)
    if f"{hub}." in rows.plan:
        return None
    late = _period(f, view, rows.plan)
    if phrases.measure and f.rng.random() < 0.5:
        what = f.rng.choice(phrases.measure)
        noun = f.pick(what.nouns, what.item)
        bank: tuple[str, ...] = frames.MEASURE_BY if rows.plan else frames.MEASURE_BY + frames.MEASURE_BY_SHORT
        text, item, extra = f.frame(bank, noun=noun.text, rows=rows.text, by=by.text), noun.plan, what.filter
    else:
        text, item, extra = f.frame(frames.COUNT_BY, rows=rows.text, by=by.text), "COUNT", ""
    plan = f"FROM {view} JOIN {edge} {f.where(rows.plan, extra, late.plan)}SELECT {group.item} {item}"
    if f.rng.random() < 0.3:
        words, direction = f.rng.choice(frames.RANKED)
        return Text(f"{text}{late.text}{words}", f"{plan} ORDER {item} {direction}")
    return Text(text + late.text, plan)


def with_hub(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """Rows with a fact of their dataset or node beside them: ``open alerts and the owner of the dataset``."""
    found = _hub(f, view)
    if found is None or phrases.select == "SHOW":
        return None
    edge, hub, columns = found
    attrs = [a for a in f.phrases[hub].attr if a.item.removeprefix(f"{hub}.") in columns]
    rows = f.rows(view, f.rng.choice([1, 1, 2]))
    if not attrs or not rows.plan or f"{hub}." in rows.plan:
        return None
    attr = f.rng.choice(attrs)
    noun = f.pick(attr.nouns, attr.item)
    text = f.frame(frames.WITH_HUB, rows=rows.text, noun=noun.text, hub=f.rng.choice(frames.HUBS[hub]))
    return Text(text, f"FROM {view} JOIN {edge} {f.where(rows.plan)}SELECT {phrases.select} {attr.item}")


def narrowed(f: Fragments, made: Text) -> Text | None:
    """A whole question with one more condition on its rows, said at an end; None where that would not fit."""
    head, select, tail = made.plan.partition(" SELECT ")
    view = head.split()[1] if head.startswith("FROM ") else ""
    usable = [x for x in f.phrases[view].filter if x.that and "EXISTS" not in x.plan] if view else []
    if not usable or " SELECT " in tail:
        return None
    chosen = f.rng.choice(usable)
    if any(token in made.plan.split() for token in chosen.plan.split() if "." in token or ":" in token):
        return None
    more = f.pick(chosen.that, chosen.plan)
    where = f"{head} {more.plan}" if " WHERE " in head else f"{head} WHERE {more.plan}"
    return Text(f.frame(frames.NARROWED, ask=made.text.rstrip(" ?.!"), that=more.text), where + select + tail)


SHAPES: tuple[tuple[float, Callable[[Fragments, str, Phrases], Text | None]], ...] = (
    (3.0, listing),
    (1.6, count),
    (1.5, count_by),
    (1.5, measure),
    (1.6, superlative),
    (1.4, attributes),
    (1.4, linked),
    (0.6, having),
    (0.7, top_group),
    (0.5, distinct),
    (2.2, facts),
    (0.3, two_counts),
    (1.2, by_hub),
    (0.5, with_hub),
    *RESULT_SHAPES,
    *FORM_SHAPES,
    *TIME_SHAPES,
)
"""How often each shape is drawn, and what draws it; None when the view lacks the phrases."""
