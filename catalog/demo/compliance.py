"""Assessments of personal and health data against laws, with transfers, their mechanism and retention."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from catalog.demo.facts import people
from catalog.demo.world import World, seeded
from catalog.storage.records import Compliance, Dataset

REQUIREMENTS = {
    "GDPR": ("lawful basis", "data minimisation", "cross-border transfer", "retention", "security"),
    "CCPA": ("opt-out", "transparency", "retention"),
    "HIPAA": ("security", "data minimisation", "retention"),
    "EU AI Act": ("transparency", "impact assessment"),
}
ADEQUATE = frozenset({"GB", "CH", "JP", "KR", "CA", "NO"})
"""Countries outside the Union whose protection the Commission holds adequate, or that apply the GDPR themselves."""
NO_HIPAA_RECORD = 0.35
"""Share of health datasets that nobody assessed under HIPAA."""


def compliance(world: World) -> Iterator[Compliance]:
    """Rows for every dataset about people; health data lacks a HIPAA sign-off in places."""
    random = seeded("compliance")
    for dataset in world.datasets.values():
        if dataset.pii and (dataset.origin == "synthetic" or dataset.phi):
            for regulation in _laws(world, dataset, random):
                signed_off = random.random() < 0.4
                for requirement in REQUIREMENTS[regulation]:
                    yield _row(world, dataset, regulation, requirement, signed_off, random)


def _laws(world: World, dataset: Dataset, random: Random) -> Iterator[str]:
    yield "GDPR"
    if world.nodes[dataset.node].country == "US":
        yield "CCPA"
    if dataset.phi and random.random() > NO_HIPAA_RECORD:
        yield "HIPAA"
    if dataset.phi or dataset.domain in ("finance", "human resources"):
        yield "EU AI Act"


def _row(
    world: World, dataset: Dataset, regulation: str, requirement: str, signed_off: bool, random: Random
) -> Compliance:
    drawn = random.choices(("compliant", "non-compliant", "in review", "not assessed"), (55, 18, 17, 10))[0]
    status = "compliant" if signed_off else drawn
    country = world.nodes[dataset.node].country or ""
    target, mechanism = _transfer(world, dataset, random) if requirement == "cross-border transfer" else (None, None)
    if mechanism == "none":
        status = "non-compliant"
    retention = world.now.date() + timedelta(days=random.randint(-120, 1500)) if requirement == "retention" else None
    if retention and retention < world.now.date():
        status = "non-compliant"
    assessed = status != "not assessed"
    return Compliance(
        **world.synthetic(dataset.name, at_least="internal"),
        dataset=dataset.name,
        regulation=regulation,
        requirement=requirement,
        status=status,
        processing_country=country,
        transfer_country=target,
        mechanism=mechanism,
        retention_until=retention,
        assessed=world.ago(days=random.uniform(3, 500)) if assessed else None,
        assessor=random.choice(people("compliance")) if assessed and random.random() < 0.88 else None,
    )


def _transfer(world: World, dataset: Dataset, random: Random) -> tuple[str | None, str | None]:
    """Where data of Europeans goes and on which ground: a node outside the Union is itself a transfer."""
    holder = world.nodes[dataset.node]
    if holder.jurisdiction != "EU":
        country = holder.country or ""
    elif random.random() < 0.4:
        country = random.choice(("US", "GB", "IN", "CH"))
    else:
        return None, None
    if country in ADEQUATE:
        return country, "adequacy decision"
    return country, random.choice(
        ("standard contractual clauses", "binding corporate rules", "explicit consent", "none", "none")
    )
