"""Shapes whose result compares or dates: the first of each group, ages, shares of a sum, one count above another."""

from collections.abc import Callable

from catalog.semantic import views
from nl2sql.corpus import frames
from nl2sql.corpus.fragments import NAMED_BY, Fragments, Text
from nl2sql.corpus.phrases import Filter, Phrases
from nl2sql.plan.language import column_of

AHEAD = ("consents.expires", "grants.expires", "policies.valid_to", "compliance.retention_until")
"""Times that lie ahead, so that people ask how long is left."""
TOTALS = {
    "datasets#total_bytes": "datasets.bytes",
    "datasets#total_rows": "datasets.row_count",
    "consents#total_subjects": "consents.subjects",
    "nodes#total_stake": "nodes.stake",
    "training_rounds#total_energy": "training_rounds.energy_kwh",
}
"""Measures that are a sum, with the column that they add up."""
DULL = ("origin", "sensitivity", "version", "content_hash", "as_of")
"""Columns that nobody asks the first row of."""


def first_per_group(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """``largest dataset per country``, ``the number1 cheapest offers for each service``."""
    orders = [o for o in phrases.order if o.super]
    groups = [g for g in phrases.group if " " not in g.item and g.item not in phrases.select.split() and column_of(g.item).name not in DULL]
    if not orders or not groups:
        return None
    order, group = f.rng.choice(orders), f.rng.choice(groups)
    word, by = f.pick(order.super, order.plan), f.pick(group.by, group.item)
    several = f.rng.random() < 0.3
    number = f.unique("{number}", "@number") if several else Text("", "1")
    rows = f.rows(view, f.rng.choice([0, 0, 1]), f"{number.text} {word.text}".strip(), single=not several)
    if group.item in (*rows.plan.split(), *word.plan.split()):
        return None
    noun = f.pick(group.nouns, group.item).text if group.nouns else ""
    text = f.frame(frames.FIRST_PER_GROUP + (frames.FIRST_OF_EACH if noun else ()), rows=rows.text, by=by.text, group=noun)
    return Text(text, f"FROM {view} {f.where(rows.plan)}SELECT {phrases.select} {word.plan} LIMIT {number.plan} PER {group.item}")


def age(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """``days since the last update of dataset1``, ``days left until they expire``."""
    attrs = [a for a in phrases.attr if "." in a.item and " " not in a.item and column_of(a.item).is_time and not a.item.endswith("as_of")]
    if not attrs:
        return None
    to_come = [a for a in attrs if a.item in AHEAD]
    attr = f.rng.choice(to_come if to_come and f.rng.random() < 0.6 else attrs)
    noun = f.pick(tuple(n for n in attr.nouns if not n.startswith(("when", "how", "until", "since"))) or attr.nouns, attr.item)
    ahead = attr.item in AHEAD
    token = "DAYS_UNTIL" if ahead else f.rng.choice(["DAYS_SINCE", "DAYS_SINCE", "HOURS_SINCE"])
    bank = {"DAYS_UNTIL": frames.DAYS_UNTIL, "DAYS_SINCE": frames.DAYS_SINCE, "HOURS_SINCE": frames.HOURS_SINCE}[token]
    if view in NAMED_BY and f.rng.random() < 0.5:
        column, slot = NAMED_BY[view]
        named = f.unique(f"{{{slot}}}", f"@{slot}")
        return Text(f.frame(bank, noun=noun.text, of=named.text), f"FROM {view} WHERE {view}.{column} EQ {named.plan} SELECT {token} {attr.item}")
    rows = f.rows(view, f.rng.choice([1, 1, 2]))
    if not rows.plan or attr.item in rows.plan:
        return None
    return Text(f.frame(bank, noun=noun.text, of=rows.text), f"FROM {view} {f.where(rows.plan)}SELECT {phrases.select} {token} {attr.item}")


def share_of_sum(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """``share of the total volume that has personal data``: weighed by a column, not by rows."""
    sums = [m for m in phrases.measure if (m.item in TOTALS or m.item.startswith("SUM ")) and not m.filter]
    some = _plain(phrases)
    if not sums or not some:
        return None
    measure, chosen = f.rng.choice(sums), f.rng.choice(some)
    noun, which = f.pick(measure.nouns, measure.item), f.pick(chosen.that, chosen.plan)
    column = TOTALS.get(measure.item) or measure.item.removeprefix("SUM ")
    entity = f.rng.choice(phrases.entity)
    by, grouped = "", ""
    if phrases.group and f.rng.random() < 0.25:
        group = f.rng.choice(phrases.group)
        said = f.pick(group.by, group.item)
        by, grouped = f" {said.text}", f"{group.item} "
    text = f.frame(frames.SHARE_OF_SUM, noun=noun.text, rows=f"{entity} {which.text}") + by
    return Text(text, f"FROM {view} SELECT {grouped}SHARE_SUM {column} {which.plan} END")


def one_above_another(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """``datasets with more consents withdrawn than given``: groups by two counts, or two sums, of their rows."""
    groups = [g for g in phrases.group if g.nouns and " " not in g.item]
    usable = [x for x in _plain(phrases) if x.plan.split()[1] in ("EQ", "IS_TRUE", "IS_FALSE")]
    pairs = [(a, b) for a in usable for b in usable if a.plan != b.plan and a.plan.split()[0] == b.plan.split()[0]]
    if not groups or not pairs:
        return None
    group, (one, other) = f.rng.choice(groups), f.rng.choice(pairs)
    if one.plan.startswith(f"{group.item} "):
        return None
    noun, left, right = f.pick(group.nouns, group.item), f.pick(one.that, one.plan), f.pick(other.that, other.plan)
    sums = [m for m in phrases.measure if m.item in TOTALS or m.item.startswith("SUM ")]
    rows, more = f.rng.choice(phrases.entity), f.rng.random() < 0.75
    if sums and f.rng.random() < 0.35:
        measure = f.rng.choice(sums)
        bank = frames.SUM_ABOVE if more else frames.SUM_BELOW
        text = f.frame(bank, group=noun.text, noun=f.pick(measure.nouns, measure.item).text, rows=rows, one=left.text, other=right.text)
        item = f"SUM_IF {TOTALS.get(measure.item) or measure.item.removeprefix('SUM ')}"
    else:
        text = f.frame(frames.MORE_OF_ONE if more else frames.FEWER_OF_ONE, group=noun.text, rows=rows, one=left.text, other=right.text)
        item = "COUNT_IF"
    return Text(text, f"FROM {view} SELECT {group.item} HAVING {item} {left.plan} END {'GT' if more else 'LT'} {item} {right.plan} END")


def _plain(phrases: Phrases) -> list[Filter]:
    """Conditions on one column of the view itself, with a phrase that follows the noun."""
    return [x for x in phrases.filter if x.that and 2 <= len(x.plan.split()) <= 3 and x.plan.split()[0].split(".")[0] in views()]


RESULT_SHAPES: tuple[tuple[float, Callable[[Fragments, str, Phrases], Text | None]], ...] = (
    (0.9, first_per_group),
    (1.0, age),
    (0.6, share_of_sum),
    (0.5, one_above_another),
)
