"""What a causal language model is asked: instructions, the views that matter, and the question with its linked values.

Training and serving build the same text here, from the templates in ``prompts``. What people and publishers wrote is quoted, cut to size and cannot spell the control
tokens of a chat template; the guard, not this text, decides what runs. Knows nothing about torch, tokenizers or servers.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import log
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from catalog.semantic import COMMON_COLUMNS, Column, edges, views
from catalog.unseen import UNSEEN
from nl2sql.backends.base import Context
from nl2sql.linking.mentions import Linked
from nl2sql.linking.vocabulary import singular, words
from nl2sql.values import Number, Period, Text, Value

Target = Literal["sql", "plan"]
"""What the model writes: SQL, or tokens of the plan language."""
Scope = Mapping[str, Iterable[str]]
"""View to the columns of it that may be named."""
Cubes = Mapping[str, Mapping[str, str]]
"""Relation of groups to its columns and their types."""

MOST_VIEWS = 3
"""Views whose columns are explained; of all others the names are given."""
MOST_VALUES = 12
"""Spellings of one name that are listed."""
LONGEST_VALUE = 200
"""Characters of a value that are shown."""
MOST_OF_EXAMPLES = 4_000
"""Characters of verified questions and their SQL, about 1,000 tokens."""
TEMPLATES = Path(__file__).with_name("prompts")
_UNSEEN = re.compile(f"[{UNSEEN}]")


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of the schema a prompt tells: ``views`` are explained, ``columns`` of the others named."""

    views: int = MOST_VIEWS
    columns: bool = True


CUTS = (Cut(), Cut(views=2), Cut(views=1), Cut(views=1, columns=False), Cut(views=0, columns=False))
"""What a model with a short memory is told, in the order of what it can do without: the question and its values are never cut."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """``shared`` is the same for everyone of the same scope, so that a prefix cache holds it; ``question`` is not."""

    shared: str
    question: str

    @property
    def text(self) -> str:
        """Everything, as the one user message of a chat: not every template has a system role."""
        return f"{self.shared}\n\n{self.question}"

    @property
    def messages(self) -> list[dict[str, str]]:
        """The chat that a server puts through its template."""
        return [{"role": "user", "content": self.text}]

    @property
    def plain(self) -> str:
        """For a model without a chat template."""
        return f"{self.text}\nAnswer:\n"


def build_prompt(context: Context, target: Target = "sql", scope: Scope | None = None, cut: Cut = CUTS[0]) -> Prompt:
    """The prompt of a question over ``scope``, by default what the context's schema opens, else all views: nothing outside is named.

    A database that is not Steward's is described by the context's own ``schema_text`` instead, and gets SQL.
    """
    if context.schema_text:
        shared = "\n".join((template("foreign"), template("otherwise"), "", "<schema>", defanged(context.schema_text), "</schema>"))
        return Prompt(shared, f"Now: {context.now:%Y-%m-%d %H:%M:%S}\nQuestion: {_line(context.question)}")
    opened, cubes = _opened(context, scope)
    parts = (template(target), template("otherwise"), "", outline(opened, cubes, cut.columns))
    shown = examples(context.examples) if target == "sql" else ()
    shared = "\n".join((*parts, *shown))
    explained = {name: opened[name] for name in views_for(context.linked, opened, cut.views)}
    return Prompt(shared, "\n\n".join(filter(None, (schema_slice(explained), asked(context)))))


def fitting(context: Context, room: int, first: int = 0) -> Prompt:
    """The prompt that tells most in ``room`` characters, from the cut ``first`` on; the shortest where none fits. Examples go before anything of the schema."""
    if context.examples:
        prompt = build_prompt(context)
        if not first and len(prompt.text) <= room:
            return prompt
        context = replace(context, examples=())
    for cut in CUTS[first:]:
        prompt = build_prompt(context, cut=cut)
        if len(prompt.text) <= room:
            break
    return prompt


@cache
def template(name: str) -> str:
    """The text of one template."""
    return (TEMPLATES / f"{name}.txt").read_text(encoding="utf-8").removesuffix("\n")


def _opened(context: Context, scope: Scope | None) -> tuple[Mapping[str, frozenset[str]], Cubes]:
    """Views with the columns that may be named, and the cubes beside them."""
    if scope is not None:
        return {name: frozenset(columns) for name, columns in scope.items()}, {}
    if context.schema is None:
        return full_scope(), {}
    relations = {name: dict(columns) for name, columns in context.schema.declared}
    return {name: frozenset(c) for name, c in relations.items() if name in views()}, {name: c for name, c in relations.items() if name not in views()}


@cache
def full_scope() -> Mapping[str, frozenset[str]]:
    """Every view with every column."""
    return {view.name: frozenset(view.columns) for view in views().values()}


def asked(context: Context) -> str:
    """The question in words, as linked, and what each slot stands for."""
    linked = context.linked
    lines = [f"Now: {context.now:%Y-%m-%d %H:%M:%S}", f"Question: {_line(spoken(linked))}"]
    if linked.bindings:
        lines.append(f"Linked: {_line(linked.text)}")
        lines += [f"{slot[1:]} = {_value(value)}{_unknown(linked, slot)}" for slot, value in linked.bindings.items()]
    if linked.unit:
        lines.append(f"Amounts in {linked.unit}")
    return "\n".join(lines)


def examples(verified: Iterable[tuple[str, str]]) -> list[str]:
    """Verified questions and their SQL, quoted, one line each, as many as fit; they come in a stable order and stay in it."""
    lines, room = list[str](), MOST_OF_EXAMPLES
    for question, sql in verified:
        pair = [f"Question: {_line(question)}", f"SQL: {_line(sql)}"]
        room -= sum(map(len, pair))
        if room < 0:
            break
        lines += pair
    return ["", template("examples"), *lines] if lines else []


def spoken(linked: Linked) -> str:
    """The linked text with what the person typed in place of slots."""
    typed = {slot[1:]: mention.surface for slot, mention in linked.mentions.items()}
    return re.sub(r"(?<!\w)[a-z]+\d(?!\w)", lambda m: typed.get(m[0], m[0]), linked.text)


def views_for(linked: Linked, scope: Scope, most: int = MOST_VIEWS) -> list[str]:
    """The views whose names, columns and meanings share the rarest words with the question, best first."""
    said = _stems(linked.text)
    kinds = {mention.kind for mention in linked.mentions.values()}
    scores = {name: _score(name, said, kinds) for name in scope}
    return sorted(scope, key=lambda name: (-scores[name], name))[:most]


def outline(scope: Scope, cubes: Cubes = MappingProxyType({}), columns: bool = True) -> str:
    """Every view of ``scope`` by its meaning and the names of its columns, what all views have, and how views join."""
    allowed = {name: frozenset(columns) for name, columns in sorted(scope.items())}
    common = [c for c in COMMON_COLUMNS if all(c.name in columns and views()[name].columns[c.name] == c for name, columns in allowed.items())]
    lines = []
    for name, named in allowed.items():
        listed = f" Columns: {', '.join(_uncommon(name, named, common))}" if columns else ""
        lines.append(f"{name}: {views()[name].meaning}{listed}")
    lines += [f"{name}: groups only, counted beforehand. Columns: {', '.join(f'{c} {type_}' for c, type_ in cube.items())}" for name, cube in cubes.items()]
    if common:
        lines += ["Every view also has", *map(_column, common)]
    return "\n".join([*lines, f"Joins: {'; '.join(_joins(allowed))}"])


def schema_slice(scope: Scope) -> str:
    """Columns of a few views with their meaning, and the named conditions and measures over them."""
    parts = []
    for name, columns in sorted((name, frozenset(columns)) for name, columns in scope.items()):
        view = views()[name]
        lines = [name, *(_column(view.columns[c]) for c in _uncommon(name, columns, COMMON_COLUMNS))]
        named = [(f"{name}:{f.name}", f) for f in view.segments.values()] + [(f"{name}#{f.name}", f) for f in view.measures.values()]
        hidden = view.columns.keys() - columns
        lines += [f"  {token} {f.meaning}: {f.sql.replace('{now}', 'NOW')}" for token, f in named if not f.names(hidden)]
        parts.append("\n".join(lines))
    return "\n".join(parts)


def _uncommon(name: str, columns: frozenset[str], common: Iterable[Column]) -> list[str]:
    return [c.name for c in views()[name].columns.values() if c.name in columns and c not in common]


def _joins(scope: Mapping[str, frozenset[str]]) -> list[str]:
    """The edges within ``scope``; those by dataset and by node, which are many, as one line each."""
    present = [e for e in edges() if all(end.partition(".")[2] in scope.get(end.partition(".")[0], ()) for end in (e.left, e.right))]
    datasets = sorted({end for e in present if "datasets.name" in (e.left, e.right) for end in (e.left, e.right)} - {"datasets.name"})
    same = {"datasets.name", *datasets}
    by_node = [e for e in present if e.left == "nodes.node" and e.right.endswith(".node")]
    joins = [" = ".join(("datasets.name", *datasets))] if datasets else []
    joins += ["nodes.node = node of any view"] if by_node else []
    return joins + [str(e) for e in present if e not in by_node and not {e.left, e.right} <= same]


def defanged(text: str) -> str:
    """Text of others without control or unseen characters or the control tokens of chat templates: ``<|im_end|>`` → ``< |im_end|>``."""
    visible = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))
    visible = _UNSEEN.sub("", visible)
    return re.sub(r"<(?=[^\s\d=>])|\[(?=/?[A-Z_]+\])", lambda m: f"{m[0]} ", visible)


def _column(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    values = f"; one of {', '.join(column.values)}" if column.values else ""
    return f"  {column.name} {column.type} {column.meaning}{unit}{values}"


def _line(text: str) -> str:
    return " ".join(defanged(text).split())


def _value(value: Value) -> str:
    match value:
        case Text(values):
            shown = [f"'{_line(v)[:LONGEST_VALUE]}'".replace("'", "''")[1:-1] for v in values[:MOST_VALUES]]
            more = f" and {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
            return " or ".join(shown) + more
        case Number(number, unit):
            figure = f"{int(number)}" if number == int(number) else f"{number:.10g}"
            return f"{figure} {unit}".strip()
        case Period(start, end):
            sides = [f"from '{start:%Y-%m-%d %H:%M:%S}'" if start else "", f"before '{end:%Y-%m-%d %H:%M:%S}'" if end else ""]
            return " ".join(filter(None, sides)) or "any time"


def _unknown(linked: Linked, slot: str) -> str:
    mention = linked.mentions.get(slot)
    return "" if mention is None or mention.known else " (no name that the catalog holds)"


def _stems(text: str) -> frozenset[str]:
    return frozenset(singular(word) for word in words(text) if len(word) > 2)


@cache
def _vocabulary() -> tuple[Mapping[str, Mapping[str, float]], Mapping[str, float]]:
    """Words of each view with how much they speak for it, and how rare each word is among the views."""
    weights: dict[str, dict[str, float]] = {}
    for view in views().values():
        found: dict[str, float] = {}
        texts = [(2.0, " ".join((view.name.replace("_", " "), *view.synonyms)))]
        for c in view.columns.values():
            if c not in COMMON_COLUMNS:
                texts += [(1.0, " ".join((c.name.replace("_", " "), *c.synonyms, *c.values))), (0.5, c.meaning)]
        texts += [(0.7, f"{f.name.replace('_', ' ')} {f.meaning}") for f in (*view.segments.values(), *view.measures.values())]
        for weight, text in texts:
            for stem in _stems(text):
                found[stem] = max(weight, found.get(stem, 0.0))
        weights[view.name] = found
    among = Counter(stem for found in weights.values() for stem in found)
    return weights, {stem: log(1 + len(weights) / count) for stem, count in among.items()}


def _score(name: str, said: frozenset[str], kinds: set[str]) -> float:
    weights, rarity = _vocabulary()
    slots = {column.slot for column in views()[name].columns.values()}
    by_word = sum(weight * rarity[stem] for stem, weight in weights[name].items() if stem in said)
    return by_word + 0.5 * len(slots & kinds) + (0.6 if name == "datasets" else 0.0)
