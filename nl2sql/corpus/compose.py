"""Composes phrases into (question, plan) pairs, balanced over intents rather than over strings.

A question comes out as the model sees it: values are slots (``dataset1``), numbered by where they stand.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nl2sql.corpus import frames
from nl2sql.corpus.phrases import HOLE, SLOT, Filter, Phrases, load
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.plan import SLOTS_PER_KIND

UNITS = {
    "bytes": ("gb", "gb", "gigabytes", "mb", "tb", "terabytes", "gigs"),
    "percent": ("%", "%", "percent", "per cent", "pct"),
    "rows": ("rows", "records", "examples", "lines", "entries"),
    "hours": ("hours", "h", "hrs"),
    "days": ("days", "d"),
    "mb": ("mb", "megabytes"),
    "kwh": ("kwh", "kilowatt hours"),
    "tokens": ("tokens", "", "ocean", "usdc"),
    "people": ("people", "persons", "subjects", "individuals"),
    "ratio": ("", "", "%"),
    "seconds": ("seconds", "s", "sec"),
}
CLOCK = datetime(2026, 10, 16, 12)
SHARE_LINKED = 0.85
SHARE_GENERAL = 0.16
SHARE_WHOLE = 0.44


@dataclass(frozen=True, slots=True)
class Example:
    """A question as the model reads it, the plan it means, and the intent it was made for."""

    question: str
    plan: str
    intent: str


@dataclass(slots=True)
class _Text:
    """A phrase and its plan part with holes made unique."""

    text: str
    plan: str


class Composer:
    """Draws examples from the phrase files with one seeded random generator."""

    def __init__(self, seed: int, phrases: dict[str, Phrases] | None = None, names: NameIndex | None = None) -> None:
        """``names`` lets values that phrases spell out become slots, as they will when a person types them."""
        self.rng = random.Random(seed)
        self.names = names
        self.linked: dict[str, str] = {}
        self.phrases = dict(phrases or load())
        general = self.phrases.pop("general", Phrases())
        self.general: dict[str, list[tuple[str, str]]] = {}
        for whole in general.whole:
            self.general.setdefault(whole.plan.split()[0], []).extend((whole.plan, ask) for ask in whole.ask)
        self.wholes = {view: file.whole for view, file in self.phrases.items() if file.whole}
        self.views = [view for view, file in self.phrases.items() if file.entity]
        self.count = 0
        self.shapes: list[tuple[float, Callable[[str, Phrases], _Text | None]]] = [
            (3.0, self._list),
            (1.6, self._count),
            (1.4, self._count_by),
            (1.4, self._measure),
            (1.6, self._superlative),
            (1.4, self._attributes),
            (1.6, self._linked),
            (0.6, self._having),
            (0.7, self._top_group),
            (0.5, self._distinct),
        ]

    def draw(self) -> Example:
        """One example; styles such as typos are added by ``styles``."""
        while True:
            at = self.rng.random()
            if at < SHARE_GENERAL and self.general:
                head = self.rng.choice(sorted(self.general))
                plan, ask = self.rng.choice(self.general[head])
                made, intent = self._unique(ask, plan), plan
            elif at < SHARE_GENERAL + SHARE_WHOLE:
                weights = [len(wholes) ** 0.6 for wholes in self.wholes.values()]
                whole = self.rng.choice(self.rng.choices(list(self.wholes.values()), weights)[0])
                made, intent = self._unique(self.rng.choice(whole.ask), whole.plan), whole.plan
            else:
                view = self.rng.choice(self.views)
                shape = self.rng.choices([s for _, s in self.shapes], [w for w, _ in self.shapes])[0]
                built = shape(view, self.phrases[view])
                if built is None:
                    continue
                made, intent = built, f"{view}{shape.__name__}"
            example = self.numbered(made, intent)
            if example is not None:
                return example

    # Fragments

    def _unique(self, text: str, plan: str) -> _Text:
        """Give every hole of a fragment a number of its own, so that fragments can be joined."""
        self.count += 1
        mark = self.count
        if self.names is not None and self.rng.random() < SHARE_LINKED:
            text = self._literals_linked(text, self.names)
        text = HOLE.sub(lambda m: f"⟦{m[1]}.{m[2] or 'a'}{mark}:{m[3] or ''}⟧", text)
        return _Text(text, SLOT.sub(lambda m: f"@{m[1]}.{m[2] or 'a'}{mark}", plan))

    def _literals_linked(self, text: str, names: NameIndex) -> str:
        """``outside the EU`` → ``outside {jurisdiction_x}``: what the linker finds in a phrase becomes a hole of its own."""
        if text not in self.linked:
            holes = list(HOLE.finditer(text))
            bare = HOLE.sub("\ue000", text)
            found = link(bare, names, CLOCK)
            if not found.bindings or found.text.count("\ue000") != len(holes):
                self.linked[text] = text
            else:
                spelt = dict(zip((slot[1:] for slot in found.bindings), "xyzwvut", strict=False))
                mended = re.sub(r"\b[a-z]+\d\b", lambda m: f"{{{m[0][:-1]}_{spelt[m[0]]}}}" if m[0] in spelt else m[0], found.text)
                for hole in holes:
                    mended = mended.replace("\ue000", hole[0], 1)
                self.linked[text] = mended
        return self.linked[text]

    def _pick(self, options: tuple[str, ...], plan: str) -> _Text:
        return self._unique(self.rng.choice(options), plan)

    def _filters(self, phrases: Phrases, how_many: int) -> list[Filter]:
        usable = [f for f in phrases.filter if f.adj or f.that]
        chosen = self.rng.sample(usable, min(how_many, len(usable)))
        columns: set[str] = set()
        kept = []
        for candidate in chosen:
            column = candidate.plan.split()[0]
            if column not in columns:
                kept.append(candidate)
                columns.add(column)
        return kept

    def _rows(self, phrases: Phrases, how_many: int | None = None, superlative: str = "", single: bool = False) -> _Text:
        """A noun phrase for rows: ``deprecated datasets bigger than number1 gb`` and its conditions in reading order."""
        if how_many is None:
            how_many = self.rng.choices([0, 1, 2, 3], [1, 6, 3, 0.4])[0]
        before: list[_Text] = []
        after: list[_Text] = []
        for chosen in self._filters(phrases, how_many):
            use_adj = chosen.adj and (not chosen.that or self.rng.random() < 0.4)
            (before if use_adj else after).append(self._pick(chosen.adj if use_adj else chosen.that, chosen.plan))
        joined = self.rng.choice([" and ", " and ", " ", ", ", " but also ", " & "]).join(t.text for t in after)
        entity = self.rng.choice(phrases.entity)
        words = [superlative, *(t.text for t in before), _singular(entity) if single else entity, joined]
        return _Text(" ".join(w for w in words if w), " ".join(t.plan for t in before + after))

    def _frame(self, bank: tuple[str, ...], **parts: str) -> str:
        return self.rng.choice(bank).format(**parts)

    def _where(self, plan: str, extra: str = "") -> str:
        conditions = f"{extra} {plan}".strip()
        return f"WHERE {conditions} " if conditions else ""

    # Shapes of questions

    def _list(self, view: str, phrases: Phrases) -> _Text | None:
        rows = self._rows(phrases, self.rng.choices([1, 2, 3], [6, 3, 0.4])[0])
        if not rows.plan:
            return None
        text, tail = self._frame(frames.LIST, rows=rows.text), ""
        if phrases.order and self.rng.random() < 0.15:
            order = self.rng.choice(phrases.order)
            if order.by:
                by = self._pick(order.by, order.plan)
                text, tail = f"{text} {by.text}", f" {by.plan}"
        return _Text(text, f"FROM {view} {self._where(rows.plan)}SELECT {phrases.select}{tail}")

    def _count(self, view: str, phrases: Phrases) -> _Text:
        rows = self._rows(phrases)
        return _Text(self._frame(frames.COUNT, rows=rows.text), f"FROM {view} {self._where(rows.plan)}SELECT COUNT")

    def _count_by(self, view: str, phrases: Phrases) -> _Text | None:
        if not phrases.group:
            return None
        group = self.rng.choice(phrases.group)
        rows, by = self._rows(phrases, self.rng.choice([0, 0, 1])), self._pick(group.by, group.item)
        text = self._frame(frames.COUNT_BY, rows=rows.text, by=by.text)
        plan = f"FROM {view} {self._where(rows.plan)}SELECT {group.item} COUNT"
        if self.rng.random() < 0.35:
            text, plan = f"{text}{self.rng.choice(frames.BIGGEST_FIRST)}", f"{plan} ORDER COUNT DESC"
        return _Text(text, plan)

    def _measure(self, view: str, phrases: Phrases) -> _Text | None:
        if not phrases.measure:
            return None
        measure = self.rng.choice(phrases.measure)
        noun = self._pick(measure.nouns, measure.item)
        rows = self._rows(phrases, self.rng.choice([0, 0, 1, 1]))
        where = self._where(rows.plan, measure.filter)
        if phrases.group and self.rng.random() < 0.5:
            group = self.rng.choice(phrases.group)
            by = self._pick(group.by, group.item)
            by_bank: tuple[str, ...] = frames.MEASURE_BY if rows.plan else frames.MEASURE_BY + frames.MEASURE_BY_SHORT
            text = self._frame(by_bank, noun=noun.text, rows=rows.text, by=by.text)
            plan = f"FROM {view} {where}SELECT {group.item} {noun.plan}"
            if self.rng.random() < 0.35:
                words, direction = self.rng.choice(frames.RANKED)
                text, plan = f"{text}{words}", f"{plan} ORDER {noun.plan} {direction}"
            return _Text(text, plan)
        bank = frames.MEASURE if rows.plan else frames.MEASURE + frames.MEASURE_SHORT
        return _Text(self._frame(bank, noun=noun.text, rows=rows.text), f"FROM {view} {where}SELECT {noun.plan}")

    def _superlative(self, view: str, phrases: Phrases) -> _Text | None:
        orders = [o for o in phrases.order if o.super]
        if not orders:
            return None
        order = self.rng.choice(orders)
        word = self._pick(order.super, order.plan)
        kind = self.rng.choices(["one", "number", "top"], [4, 5, 3])[0]
        rows = self._rows(phrases, self.rng.choice([0, 0, 1, 1]), word.text if kind != "number" else "", single=kind == "one")
        plan = f"FROM {view} {self._where(rows.plan)}SELECT {phrases.select} {word.plan}"
        if kind == "number":
            number = self._unique("{number}", "@number")
            rows = self._rows_like(rows, word.text, number.text)
            return _Text(self._frame(frames.TOP_N, rows=rows.text), f"{plan} LIMIT {number.plan}")
        if kind == "one":
            return _Text(self._frame(frames.SUPERLATIVE, rows=rows.text), f"{plan} LIMIT 1")
        return _Text(self._frame(frames.TOP, rows=rows.text), f"{plan} LIMIT 10")

    def _rows_like(self, rows: _Text, word: str, number: str) -> _Text:
        ordered = [number, word] if self.rng.random() < 0.7 else [word, number]
        return _Text(" ".join([*ordered, rows.text]), rows.plan)

    def _attributes(self, view: str, phrases: Phrases) -> _Text | None:
        if not phrases.attr:
            return None
        rows = self._rows(phrases, self.rng.choices([1, 2], [4, 1])[0])
        attrs = self.rng.sample(phrases.attr, min(len(phrases.attr), self.rng.choice([1, 1, 2])))
        items = [a.item for a in attrs if a.item not in phrases.select.split()]
        if not rows.plan or not items:
            return None
        nouns = [self._pick(a.nouns, a.item).text for a in attrs if a.item in items]
        text = self._frame(frames.ATTRIBUTES, rows=rows.text, nouns=self.rng.choice([" and ", ", ", " & "]).join(nouns))
        return _Text(text, f"FROM {view} {self._where(rows.plan)}SELECT {phrases.select} {' '.join(items)}")

    def _linked(self, view: str, phrases: Phrases) -> _Text | None:
        links = [link for link in phrases.link if link.has or link.hasnt]
        if not links:
            return None
        link = self.rng.choice(links)
        ends = [end.split(".")[0] for end in link.edge.split("=")]
        other = self.phrases.get(ends[1] if ends[0] == view else ends[0])
        if other is None or not other.entity:
            return None
        negated = not link.has or (bool(link.hasnt) and self.rng.random() < 0.45)
        rows = self._rows(phrases, self.rng.choice([0, 0, 1]))
        related = self._rows(other, self.rng.choice([0, 1, 1, 2] if negated else [1, 1, 2]))
        join = self._pick(link.hasnt if negated else link.has, "")
        exists = f"{'NOT_EXISTS' if negated else 'EXISTS'} {link.edge} {related.plan} END".replace("  ", " ")
        noun = f"{rows.text} {join.text} {related.text}"
        where = f"{rows.plan} {exists}".strip()
        if self.rng.random() < 0.2:
            return _Text(self._frame(frames.COUNT, rows=noun), f"FROM {view} WHERE {where} SELECT COUNT")
        return _Text(self._frame(frames.LIST, rows=noun), f"FROM {view} WHERE {where} SELECT {phrases.select}")

    def _having(self, view: str, phrases: Phrases) -> _Text | None:
        groups = [g for g in phrases.group if g.nouns]
        if not groups:
            return None
        group = self.rng.choice(groups)
        noun, rows = self._pick(group.nouns, group.item), self._rows(phrases, self.rng.choice([0, 0, 1]))
        words, op = self.rng.choice(frames.MORE_THAN)
        number = self._unique("{number}", "@number")
        text = self._frame(frames.HAVING, group=noun.text, than=words.format(number=number.text), rows=rows.text)
        plan = f"FROM {view} {self._where(rows.plan)}SELECT {group.item} COUNT HAVING COUNT {op} {number.plan}"
        return _Text(text, plan)

    def _top_group(self, view: str, phrases: Phrases) -> _Text | None:
        groups = [g for g in phrases.group if g.nouns]
        if not groups:
            return None
        group = self.rng.choice(groups)
        noun = self._pick(group.nouns, group.item)
        most = self.rng.random() < 0.8
        if phrases.measure and self.rng.random() < 0.4:
            measure = self.rng.choice(phrases.measure)
            value = self._pick(measure.nouns, measure.item)
            direction = "DESC" if most else "ASC"
            text = self._frame(frames.HIGHEST if most else frames.LOWEST, group=noun.text, noun=value.text)
            where = self._where("", measure.filter)
            return _Text(text, f"FROM {view} {where}SELECT {group.item} {value.plan} ORDER {value.plan} {direction} LIMIT 1")
        rows = self._rows(phrases, self.rng.choice([0, 1]))
        text = self._frame(frames.MOST if most else frames.FEWEST, group=noun.text, rows=rows.text)
        direction = "DESC" if most else "ASC"
        return _Text(text, f"FROM {view} {self._where(rows.plan)}SELECT {group.item} COUNT ORDER COUNT {direction} LIMIT 1")

    def _distinct(self, view: str, phrases: Phrases) -> _Text | None:
        groups = [g for g in phrases.group if g.nouns and g.item.count(" ") == 0]
        if not groups:
            return None
        group = self.rng.choice(groups)
        noun, rows = self._pick(group.nouns, group.item), self._rows(phrases, self.rng.choice([0, 1, 1]))
        bank = frames.DISTINCT if rows.plan else frames.DISTINCT + frames.DISTINCT_SHORT
        text = self._frame(bank, group=noun.text, rows=rows.text)
        return _Text(text, f"FROM {view} {self._where(rows.plan)}SELECT {group.item}")

    # Slots

    def numbered(self, made: _Text, intent: str) -> Example | None:
        """Number the slots by where they stand; None when a question has more of a kind than the language has."""
        names: dict[str, str] = {}
        counts: dict[str, int] = {}

        def fill(match: re.Match[str]) -> str:
            kind, mark, hint = match[1], match[2], match[3]
            key = f"{kind}.{mark}"
            if key not in names:
                counts[kind] = counts.get(kind, 0) + 1
                names[key] = f"{kind}{counts[kind]}"
            unit = self.rng.choice(UNITS[hint]) if hint in UNITS else ""
            return f"{names[key]} {unit}".strip()

        question = re.sub(r"⟦([a-z]+)\.(\w+):(\w*)⟧", fill, made.text)
        if any(count > SLOTS_PER_KIND for count in counts.values()):
            return None
        plan = re.sub(r"@([a-z]+\.\w+)", lambda m: "@" + names[m[1]], made.plan)
        return Example(re.sub(r"\s+", " ", question).strip(), re.sub(r"\s+", " ", plan).strip(), intent)


def _singular(noun: str) -> str:
    """One of an entity: ``data sets`` → ``data set``, ``copies`` → ``copy``, ``sets of data`` → ``set of data``."""
    head, of, rest = noun.partition(" of ")
    if head.endswith("ies"):
        head = head[:-3] + "y"
    elif re.search(r"(ch|sh|ss|x)es$", head):
        head = head[:-2]
    elif head.endswith("s") and not head.endswith("ss"):
        head = head[:-1]
    return head + of + rest
