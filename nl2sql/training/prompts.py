"""Prompt and completion pairs from the synthetic corpus, for fine-tuning a causal language model. Needs no torch."""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from catalog.semantic import views
from nl2sql.backends.base import Context
from nl2sql.corpus.fragments import Example
from nl2sql.errors import BadPlan
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.linking.mentions import Linked
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.plan.sql import compile_query
from nl2sql.prompt import Prompt, Target, build_prompt, spoken
from nl2sql.readings.conversation import NEXT
from nl2sql.training.fill import Values
from nl2sql.training.stream import demo_names, examples

FIRST_CLOCK = datetime(2025, 1, 1)
CLOCK_HOURS = 4 * 365 * 24
"""Clocks are drawn from so many hours, so that a model reads the date instead of learning one."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What a model is asked and what it is to write, with the plan behind it."""

    prompt: Prompt
    completion: str
    plan: str
    question: str
    tags: dict[str, str | list[str]]


def pairs(seed: int, target: Target = "sql") -> Iterator[Pair]:
    """An endless stream, the same for the same seed, phrase files and demo."""
    rng = random.Random(seed + 2)
    names = demo_names()
    values = Values(names, rng)
    for example in examples(seed):
        now = FIRST_CLOCK + timedelta(hours=rng.randrange(CLOCK_HOURS))
        linked = values.linked(example, now)
        if linked is not None and (pair := paired(example, _as_served(linked, names, now), now, target)) is not None:
            yield pair


def _as_served(linked: Linked, names: NameIndex, now: datetime) -> Linked:
    """What the linker makes of the question, its spelling mended, where it finds the very same values; else the question as drawn."""
    found = link(spoken(linked), names, now)
    return found if found.bindings == linked.bindings else linked


def paired(example: Example, linked: Linked, now: datetime, target: Target) -> Pair | None:
    """The pair of an example whose slots have values; None where a value does not fit the plan.

    What is no query is its plan in both targets: ``REFUSE``, ``WHICH ?dataset``, ``ASK datasets.quality_score quality_checks#pass_rate``.
    """
    completion = example.plan
    if target == "sql" and isinstance(query := parse(example.plan), Query):
        try:
            completion = compile_query(query, linked.bindings, now, linked.unit)
        except BadPlan:
            return None
    question = spoken(linked)
    context = Context(question=question, linked=linked, now=now)
    tags: dict[str, str | list[str]] = {
        "head": example.plan.split()[0],
        "views": sorted(set(re.findall(r"\w+", example.plan)) & views().keys()),
        "turn": "follow-up" if NEXT in question else "first",
        "intent": example.intent,
    }
    return Pair(build_prompt(context, target), completion, example.plan, question, tags)


def export_corpus(file: Path, how_many: int, seed: int, target: Target = "sql") -> None:
    """Write pairs as JSON lines for other trainers: ``prompt`` is one user message, ``completion`` the reply to it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.tmp")
    with draft.open("w", encoding="utf-8") as lines:
        for pair in islice(pairs(seed, target), how_many):
            lines.write(json.dumps(asdict(pair) | {"prompt": pair.prompt.text}, ensure_ascii=False) + "\n")
    draft.replace(file)
