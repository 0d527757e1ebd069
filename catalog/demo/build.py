"""Builds the demonstration catalog: every record at a fixed moment, and the folder that ``steward demo`` leaves.

The clock stands on a Friday noon so that "last week" has one answer.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

from catalog.access.policy import POLICY_FILE
from catalog.demo.activity import audit_entries, node_events, replicas
from catalog.demo.checks import quality_checks
from catalog.demo.claims import claims
from catalog.demo.compliance import compliance
from catalog.demo.facts import FACTS
from catalog.demo.lineage import edges, models
from catalog.demo.metrics import metrics
from catalog.demo.rights import consents, grants, policies
from catalog.demo.trade import market_events, training_rounds
from catalog.demo.world import make_world
from catalog.errors import UsageError
from catalog.storage.generations import Generation, current, upsert, writing
from catalog.storage.records import Record

DEMO_NOW = datetime(2026, 10, 16, 12, 0)
"""The demo's clock, UTC."""

CLOCK_FILE = "clock"


@dataclass(frozen=True, slots=True)
class Summary:
    """What was built: the generation and its rows by storage table."""

    generation: Generation
    rows: dict[str, int]


def records(now: datetime) -> Iterator[Record]:
    """Every record of the demo at a moment (UTC, without a zone); the same moment gives the same records."""
    world = make_world(now)
    yield from world.nodes.values()
    yield from world.datasets.values()
    yield from chain.from_iterable(world.columns.values())
    for part in (
        *(models, edges, metrics, quality_checks, policies, grants, consents, compliance),
        *(claims, audit_entries, replicas, node_events, training_rounds, market_events),
    ):
        yield from part(world)


def build(home: Path) -> Summary:
    """Write the demo into a catalog folder with its policy and its clock; building again gives the same rows.

    Raises `UsageError` for a folder whose policy is not the demo's, which is left as it is, and `CatalogUnavailable` when the
    folder cannot be written.
    """
    policy, written = FACTS / POLICY_FILE, home / POLICY_FILE
    if any(path.is_symlink() for path in (written, home / CLOCK_FILE)):
        raise UsageError(f"Policy or clock in {home} is a link.", "Build the demo in another folder: steward --catalog DIRECTORY demo")
    if written.exists() and written.read_bytes() != policy.read_bytes():
        raise UsageError(f"The catalog in {home} has a policy of its own.", "Build the demo in another folder: steward --catalog DIRECTORY demo")
    made = list(records(DEMO_NOW))
    with writing(home) as connection:
        upsert(connection, made)
    shutil.copyfile(policy, written)
    (home / CLOCK_FILE).write_text(f"{DEMO_NOW.isoformat()}\n", encoding="utf-8")
    return Summary(current(home), dict(Counter(record.table for record in made)))
