"""Shapes of how long things took and how old they are: durations between two times of a row, and mean ages."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from nl2sql.corpus import frames
from nl2sql.corpus.form_shapes import by_of, groups_of
from nl2sql.corpus.fragments import Fragments, Text
from nl2sql.corpus.phrases import Phrases


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Two times of a row that people measure the way between: what they call it, and the units they ask it in.

    ``mean`` are the units of its average, less those that a certified measure is in.
    """

    columns: str
    nouns: tuple[str, ...]
    how: tuple[str, ...]
    units: tuple[str, ...] = ("DAYS", "HOURS")
    mean: tuple[str, ...] = ("DAYS", "HOURS")

    @property
    def view(self) -> str:
        return self.columns.split(".")[0]


SPANS = (
    Span(columns="grants.granted grants.expires", units=("DAYS",), mean=("DAYS",),
        nouns=("term", "duration", "lifetime", "period of validity", "time from granting to expiry", "time between grant and expiry", "run time"),
        how=("how long do {rows} last", "how long are {rows} valid", "for how long are {rows} given", "how long do {rows} run from grant to expiry")),
    Span(columns="consents.given consents.expires", units=("DAYS",), mean=("DAYS",),
        nouns=("term", "duration", "period of validity", "time from being given to expiry", "agreed lifetime"),
        how=("how long are {rows} valid", "for how long are {rows} given", "how long do {rows} run until they expire")),
    Span(columns="consents.given consents.withdrawn", units=("DAYS",), mean=("DAYS",),
        nouns=("time from giving to withdrawal", "time until withdrawal", "time between being given and being withdrawn"),
        how=("how long do {rows} stand before they are withdrawn", "how long until {rows} are taken back")),
    Span(columns="consents.withdrawn consents.honoured", mean=("HOURS",),
        nouns=("time from withdrawal to its being honoured", "delay in honouring the withdrawal", "time taken to honour the withdrawal"),
        how=("how long does it take to honour the withdrawal of {rows}", "how long do we need to act on the withdrawal of {rows}")),
    Span(columns="quality_checks.opened quality_checks.resolved", mean=("DAYS",),
        nouns=("time to resolution", "time from opening to resolution", "time until resolved", "resolution time"),
        how=("how long does it take to resolve {rows}", "how long do {rows} stay open until they are resolved")),
    Span(columns="quality_checks.opened quality_checks.acked", mean=("DAYS",),
        nouns=("time to acknowledgement", "time from opening to acknowledgement", "wait until acknowledged"),
        how=("how long until {rows} are acknowledged", "how long do {rows} wait for someone to acknowledge them")),
    Span(columns="quality_checks.acked quality_checks.resolved",
        nouns=("time from acknowledgement to resolution", "time between acknowledging and resolving", "time to fix after the acknowledgement"),
        how=("how long does it take from acknowledging to resolving {rows}", "once acknowledged, how long until {rows} are resolved")),
    Span(columns="node_events.at node_events.resolved", mean=("DAYS",),
        nouns=("time to resolution", "time until resolved", "duration", "time from occurrence to resolution"),
        how=("how long do {rows} last", "how long does it take to resolve {rows}", "how long until {rows} are over")),
    Span(columns="policies.valid_from policies.valid_to", units=("DAYS",), mean=("DAYS",),
        nouns=("period of validity", "term", "time from start to end of validity", "lifetime"),
        how=("how long are {rows} valid", "how long do {rows} stay in force", "for how long do {rows} run")),
    Span(columns="compliance.assessed compliance.retention_until", units=("DAYS",), mean=("DAYS",),
        nouns=("time from assessment to the retention date", "time between assessment and deletion date", "time left to the deletion date at assessment"),
        how=("how long is it from the assessment to the deletion date of {rows}",)),
    Span(columns="nodes.last_publish nodes.last_seen",
        nouns=("time from the last publication to the last sign of life", "gap between last publish and last seen"),
        how=("how long after their last publication were {rows} last seen",)),
    Span(columns="replicas.last_restore_test replicas.last_synced",
        nouns=("time from the last restore test to the last sync", "gap between restore test and last sync"),
        how=("how long after the last restore test were {rows} last synced",)),
)  # fmt: skip
BORN = {
    "audit_log": "at", "claims": "decided", "compliance": "assessed", "consents": "given", "datasets": "last_updated", "grants": "granted", "lineage": "last_run",
    "market": "at", "models": "released", "node_events": "at", "nodes": "last_seen", "policies": "valid_from", "quality_checks": "opened",
    "quality_metrics": "measured_at", "replicas": "last_synced", "training_rounds": "at",
}  # fmt: skip
"""The time that a row's age counts from."""
AGELESS = ("lineage", "nodes")
"""Views of what does not grow old since that time, so that only the time itself can be named."""

PAST = re.compile(r"(?:last|latest|most recent|newest|release(?! d?on)|assessment|review|start|opening|publication)\b")
"""Nouns of a time that lies behind."""


def span(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """``how long do grants last on average, by permission``, ``longest time to acknowledge, in hours``."""
    spans = [s for s in SPANS if s.view == view]
    if not spans:
        return None
    chosen = f.rng.choice(spans)
    kind = f.rng.choices(["mean", "longest", "each", "most", "one", "above"], [5, 2.4, 2.4, 1, 0.8, 0.7])[0]
    rows = f.rows(view, f.rng.choice([0, 0, 1, 1]), single=kind == "one")
    if any(token in rows.plan for token in chosen.columns.split()):
        return None
    noun = f.rng.choice(chosen.nouns)
    parts = {"noun": noun, "rows": rows.text, "how": f.rng.choice(chosen.how).format(rows=rows.text)}
    where = f.where(rows.plan)
    units = chosen.mean if kind in ("mean", "above") else chosen.units
    unit = f.rng.choices(units, [1, 2][: len(units)])[0]
    # Where a certified measure has the other unit, and for hours, the unit is said.
    said = unit == "HOURS" or len(chosen.units) > 1 or f.rng.random() < 0.4
    words = {"DAYS": (" in days", ", in days", " (days)"), "HOURS": (" in hours", ", in hours", " (hours)")}[unit]
    parts["unit"] = f.rng.choice(words) if said else ""
    between = f"{unit}_BETWEEN {chosen.columns}"
    if kind in ("mean", "longest"):
        by, grouped = by_of(f, phrases, 0.5, chosen.columns)
        text = f.frame(frames.SPAN_MEAN if kind == "mean" else frames.SPAN_LONGEST, **parts)
        comma = "," if by and f.rng.random() < 0.4 else ""
        return Text(f"{text}{comma}{by}", f"FROM {view} {where}SELECT {grouped}{'AVG' if kind == 'mean' else 'MAX'}_{unit} {chosen.columns}")
    if kind == "each":
        return Text(f.frame(frames.SPAN_EACH, **parts), f"FROM {view} {where}SELECT {phrases.select} {between}")
    if kind in ("most", "one"):
        return _span_most(f, view, phrases, rows, noun, kind == "one", f"DAYS_BETWEEN {chosen.columns}")
    groups = groups_of(phrases)
    if not groups:
        return None
    group = f.rng.choice(groups)
    bank, op = f.rng.choice(frames.SPAN_ABOVE)
    number = f.unique("{number}", "@number")
    text = bank.format(group=f.pick(group.nouns, group.item).text, noun=noun, rows=rows.text, number=number.text, unit=f" {unit.lower()}")
    return Text(text, f"FROM {view} {where}SELECT {group.item} HAVING AVG_{unit} {chosen.columns} {op} {number.plan}")


def _span_most(f: Fragments, view: str, phrases: Phrases, rows: Text, noun: str, one: bool, between: str) -> Text:
    """Rows by how long they took."""
    longest = f.rng.random() < 0.75
    number = Text("", "1") if one else f.unique("{number}", "@number") if f.rng.random() < 0.45 else Text("", "10")
    text = f.frame(frames.SPAN_MOST_ONE if one else frames.SPAN_MOST, rows=f"{number.text} {rows.text}".strip(), noun=noun, most="longest" if longest else "shortest")
    return Text(text, f"FROM {view} {f.where(rows.plan)}SELECT {phrases.select} ORDER {between} {'DESC' if longest else 'ASC'} LIMIT {number.plan}")


def mean_age(f: Fragments, view: str, phrases: Phrases) -> Text | None:
    """``how old are our datasets on average, per country``."""
    if view not in BORN:
        return None
    column = f"{view}.{BORN[view]}"
    rows = f.rows(view, f.rng.choice([0, 0, 1, 1]))
    if column in rows.plan:
        return None
    item, where = f"AVG_AGE {column}", f.where(rows.plan)
    nouns = [n for a in phrases.attr if a.item == column for n in a.nouns if PAST.match(n)]
    groups = groups_of(phrases)
    if view not in AGELESS and groups and f.rng.random() < 0.15:
        group, old = f.rng.choice(groups), f.rng.random() < 0.7
        text = f.frame(frames.OLDEST_GROUP if old else frames.YOUNGEST_GROUP, group=f.pick(group.nouns, group.item).text, rows=rows.text)
        return Text(text, f"FROM {view} {where}SELECT {group.item} {item} ORDER {item} {'DESC' if old else 'ASC'} LIMIT 1")
    if view not in AGELESS and (not nouns or f.rng.random() < 0.6):
        text = f.frame(frames.MEAN_AGES, rows=rows.text)
    elif nouns:
        text = f.frame(frames.MEAN_DAYS_SINCE, rows=rows.text, noun=f.rng.choice(nouns))
    else:
        return None
    by, grouped = by_of(f, phrases, 0.6, column)
    comma = "," if by and f.rng.random() < 0.4 else ""
    text, tail = f"{text}{comma}{by}", ""
    if grouped and f.rng.random() < 0.2:
        text, tail = f"{text}{f.rng.choice([', oldest first', ', highest first', ', oldest on top', ', descending'])}", f" ORDER {item} DESC"
    return Text(text, f"FROM {view} {where}SELECT {grouped}{item}{tail}")


TIME_SHAPES: tuple[tuple[float, Callable[[Fragments, str, Phrases], Text | None]], ...] = (
    (2.8, span),
    (0.7, mean_age),
)
