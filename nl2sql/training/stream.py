"""The endless stream of synthetic examples that every kind of training draws from. Needs no torch."""

import random
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from catalog.access.policy import POLICY_FILE, authorise, load_policy
from catalog.audit.log import AuditLog
from catalog.demo.build import build
from catalog.storage.generations import pinned
from nl2sql.corpus.compose import Composer
from nl2sql.corpus.fragments import Example
from nl2sql.corpus.styles import restyle
from nl2sql.errors import BadPlan
from nl2sql.linking.index import NameIndex
from nl2sql.plan_grammar import parse
from nl2sql.session import read_clock, read_names

MAX_PLAN = 72
"""Tokens of a plan, including the end token."""


def examples(seed: int) -> Iterator[Example]:
    """An endless stream of styled examples; plans that the grammar does not have are left out."""
    composer = Composer(seed, names=demo_names())
    rng = random.Random(seed + 1)
    known: dict[str, bool] = {}
    while True:
        example = composer.draw()
        if example.plan not in known:
            try:
                parse(example.plan)
                known[example.plan] = len(example.plan.split()) < MAX_PLAN - 1
            except BadPlan:
                known[example.plan] = False
        if known[example.plan]:
            yield restyle(example, rng)


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
