"""The endless stream of synthetic examples that every kind of training draws from. Needs no torch."""

import random
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from catalog.access.policy import POLICY_FILE, authorise, load_policy
from catalog.audit.log import AuditLog
from catalog.demo.build import build
from catalog.storage.generations import pinned
from nl2sql.corpus.compose import Composer
from nl2sql.corpus.fragments import Example
from nl2sql.corpus.styles import restyle
from nl2sql.corpus.wordings import reword
from nl2sql.errors import BadPlan
from nl2sql.linking.index import NameIndex
from nl2sql.plan.canonical import canonical
from nl2sql.plan.grammar import parse
from nl2sql.plan.tokens import spelled
from nl2sql.session import read_clock, read_names

MAX_PLAN = 72
"""Tokens of a plan, including the end token."""


def examples(seed: int, heed: Mapping[str, float] | None = None) -> Iterator[Example]:
    """An endless stream of styled examples, their plans in canonical form; those that the grammar does not have are left out. ``heed`` as in `Composer`."""
    composer = Composer(seed, names=demo_names(), heed=heed)
    rng = random.Random(seed + 1)
    known: dict[str, str] = {}
    while True:
        example = restyle(reword(composer.draw(), rng), rng)
        if example.plan not in known:
            known[example.plan] = canonical_form(example.plan)
        if plan := known[example.plan]:
            yield replace(example, plan=plan)


def canonical_form(plan: str) -> str:
    """The canonical form of a plan; empty where it is none or too long."""
    try:
        form = spelled(canonical(parse(plan)))
        parse(form)
    except BadPlan:
        return ""
    return form if len(form.split()) < MAX_PLAN - 1 else ""


@cache
def demo_names() -> NameIndex:
    """The names in the demo catalog as its steward sees them."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        build(home)
        log = AuditLog(home)
        policy = load_policy(home / POLICY_FILE)
        authorisation = authorise(next(p for p in policy.principals.values() if "steward" in p.roles), policy)
        with pinned(home) as generation:
            return read_names(home, generation, log, authorisation, read_clock(home))
