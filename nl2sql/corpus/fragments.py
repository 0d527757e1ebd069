"""The pieces of composed questions: phrases with their plan parts, noun phrases for rows, and slots numbered by where they stand."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nl2sql.corpus import frames
from nl2sql.corpus.phrases import HOLE, SLOT, Filter, Phrases
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.plan.language import SLOTS_PER_KIND

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
NAMED_BY = {"datasets": ("name", "dataset"), "models": ("name", "model"), "nodes": ("node", "node"), "training_rounds": ("run", "run")}
"""Views of things with the column and slot that name one."""
CLOCK = datetime(2026, 10, 16, 12)
SHARE_LINKED_ROWS = 0.12
SHARE_LINKED = 0.85
"""Chance that a value which a phrase spells out is lifted into a slot, as it is where the asker's catalog holds it."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question as the model reads it, the plan it means, and the intent it was made for."""

    question: str
    plan: str
    intent: str


@dataclass(slots=True)
class Text:
    """A phrase and its plan part, with holes made unique."""

    text: str
    plan: str


class Fragments:
    """Draws pieces with one random generator; ``names`` lets values that phrases spell out become slots."""

    def __init__(self, rng: random.Random, phrases: Mapping[str, Phrases], names: NameIndex | None = None) -> None:
        self.rng = rng
        self.phrases = phrases
        self.names = names
        self.linked: dict[str, str] = {}
        self.count = 0

    def unique(self, text: str, plan: str) -> Text:
        """Give every hole of a fragment a number of its own, so that fragments can be joined."""
        self.count += 1
        mark = self.count
        if self.names is not None and self.rng.random() < SHARE_LINKED:
            text = self._literals_linked(text, self.names)
        text = HOLE.sub(lambda m: f"⟦{m[1]}.{m[2] or 'a'}{mark}:{m[3] or ''}⟧", text)
        return Text(text, SLOT.sub(lambda m: f"@{m[1]}.{m[2] or 'a'}{mark}", plan))

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

    def pick(self, options: tuple[str, ...], plan: str) -> Text:
        """One of the phrases for a plan part."""
        return self.unique(self.rng.choice(options), plan)

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

    def before_noun(self, chosen: Filter) -> bool:
        """Whether this time the filter stands before the noun."""
        return bool(chosen.adj) and (not chosen.that or self.rng.random() < 0.45)

    def rows(self, view: str, how_many: int | None = None, superlative: str = "", single: bool = False) -> Text:
        """A noun phrase for rows of a view and its conditions in reading order: ``deprecated datasets bigger than number1 gb``.

        Datasets, which the catalog is about, may go unnamed: ``free of charge, in language1``.
        """
        phrases = self.phrases[view]
        if how_many is None:
            how_many = self.rng.choices([0, 1, 2, 3], [1, 6, 4, 0.8])[0]
        before: list[Text] = []
        after: list[Text] = []
        for chosen in self._filters(phrases, how_many):
            use_adj = self.before_noun(chosen)
            (before if use_adj else after).append(self.pick(chosen.adj if use_adj else chosen.that, chosen.plan))
        joined = self.rng.choice([" and ", " and ", " ", ", ", " but also ", " & "]).join(t.text for t in after)
        entity = self.rng.choice(phrases.entity)
        if view == "datasets" and after and not superlative and self.rng.random() < 0.06:
            return Text(", ".join(t.text for t in before + after), " ".join(t.plan for t in before + after))
        words = [superlative, *(t.text for t in before), _singular(entity) if single else entity, joined]
        return Text(" ".join(w for w in words if w), " ".join(t.plan for t in before + after))

    def linked_rows(self, view: str, how_many: int | None = None) -> Text:
        """Rows that have, or lack, related rows of another view, where the phrases of the view say how."""
        rows = self.rows(view, how_many)
        links = [link for link in self.phrases[view].link if link.has or link.hasnt]
        if not links:
            return rows
        chosen = self.rng.choice(links)
        ends = [end.split(".")[0] for end in chosen.edge.split("=")]
        other = ends[1] if ends[0] == view else ends[0]
        if other not in self.phrases or not self.phrases[other].entity:
            return rows
        negated = not chosen.has or (bool(chosen.hasnt) and self.rng.random() < 0.45)
        related = self.rows(other, self.rng.choice([0, 1, 1, 2] if negated else [1, 1, 2]))
        join = self.pick(chosen.hasnt if negated else chosen.has, "")
        exists = f"{'NOT_EXISTS' if negated else 'EXISTS'} {chosen.edge} {related.plan} END".replace("  ", " ")
        return Text(f"{rows.text} {join.text} {related.text}", f"{rows.plan} {exists}".strip())

    def some_rows(self, view: str, options: tuple[int, ...]) -> Text:
        """Rows with as many conditions as one of the ``options``, now and then with a link to another view."""
        if self.rng.random() < SHARE_LINKED_ROWS:
            return self.linked_rows(view, self.rng.choice([0, 0, 1]))
        return self.rows(view, self.rng.choice(options))

    def frame(self, bank: tuple[str, ...], **parts: str) -> str:
        """A sentence frame with its parts filled in."""
        return self.rng.choice(bank).format(**parts)

    def where(self, plan: str, before: str = "", after: str = "") -> str:
        """The WHERE part of a plan, empty without conditions."""
        conditions = " ".join(part for part in (before, plan, after) if part)
        return f"WHERE {conditions} " if conditions else ""

    def told(self, made: Text) -> Text:
        """``dataset1 is on the table. who owns it``: what is asked about is named in a sentence of its own, now and then."""
        marks = re.findall(r"⟦(dataset|node|model|run|org|person)\.(\w+):⟧", made.text)
        if len(marks) != 1 or made.text.count("⟦") != 1:
            return made
        kind = marks[0][0]
        mark = f"⟦{kind}.{marks[0][1]}:⟧"
        pronoun = self.rng.choice(frames.PRONOUNS[kind])
        said = self.rng.choice(frames.TOLD).format(name=mark)
        return Text(f"{said} {made.text.replace(mark, pronoun)}", made.plan)

    def numbered(self, made: Text, intent: str) -> Example | None:
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
