"""What nodes state about public datasets and what they agree on, by a majority weighted with stake and trust."""

from collections import defaultdict
from collections.abc import Iterator
from random import Random

from catalog.demo.facts import published_datasets
from catalog.demo.world import World, seeded
from catalog.storage.records import Claim, Dataset, Node

QUORUM = 25.0
"""Weight that has to take part."""
ATTRIBUTES = {"licence": 0.95, "licence_class": 0.5, "owner": 0.35, "languages": 0.3, "row_count": 0.4, "pii": 0.3}
"""Attributes that are claimed, and for which share of datasets."""
MISTAKEN = {
    "licence": ("Apache-2.0", "MIT", "CC BY 4.0", "unknown"),
    "licence_class": ("commercial", "non-commercial", "unspecified"),
    "owner": ("unknown", "Hugging Face"),
    "languages": ("unknown", "English, Latin"),
    "pii": ("true", "false"),
}


def weight(node: Node) -> float:
    """Voting weight of a node: thousands of staked tokens times trust."""
    return round((node.stake or 0.0) / 1000 * (node.trust_score or 0.0), 3)


def decide(votes: list[tuple[str, float]]) -> tuple[str | None, float, bool, bool]:
    """Consensus, agreement, disputed and quorum met.

    The consensus is the value behind which more than half of the weight stands; without quorum there is none.
    """
    totals: defaultdict[str, float] = defaultdict(float)
    for value, vote in votes:
        totals[value] += vote
    total = sum(totals.values())
    leader = max(sorted(totals), key=totals.__getitem__)
    agreement = totals[leader] / total
    quorum_met = total >= QUORUM
    return (leader if quorum_met and agreement > 0.5 else None), round(agreement, 4), len(totals) > 1, quorum_met


def claims(world: World) -> Iterator[Claim]:
    """Claims on attributes of public datasets; a node of little trust errs more often."""
    random = seeded("claims")
    voters = [node for node in world.nodes.values() if node.kind in ("validator", "storage")]
    number = 0
    for name in published_datasets():
        dataset = world.datasets[name]
        for attribute, share in ATTRIBUTES.items():
            truth = _text(dataset, attribute)
            contested = published_datasets()[name].get("contested", []) if attribute == "licence" else []
            if truth is None or (random.random() > share and not contested):
                continue
            claimants = random.sample(voters, random.randint(2, 6))
            values = [random.choice(contested)] if contested else []
            values += [_vote(node, attribute, truth, contested, random) for node in claimants[len(values) :]]
            votes = [(value, weight(node)) for value, node in zip(values, claimants, strict=True)]
            consensus, agreement, disputed, quorum_met = decide(votes)
            decided = world.ago(days=random.uniform(0.5, 60))
            for node, (value, vote) in zip(claimants, votes, strict=True):
                number += 1
                yield Claim(
                    node=node.node,
                    sensitivity=dataset.sensitivity,
                    as_of=decided,
                    origin="synthetic",
                    claim_id=f"CL-{number:05d}",
                    dataset=name,
                    attribute=attribute,
                    claimed_value=value,
                    claimant=node.node,
                    weight=vote,
                    consensus_value=consensus,
                    agreement=agreement,
                    disputed=disputed,
                    quorum_met=quorum_met,
                    decided=decided,
                )


def _text(dataset: Dataset, attribute: str) -> str | None:
    value = getattr(dataset, attribute)
    if value is None or value == ():
        return None
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _vote(node: Node, attribute: str, truth: str, contested: list[str], random: Random) -> str:
    if contested and random.random() < 0.25:
        return random.choice(contested)
    if random.random() > (1.0 - (node.trust_score or 0.0)) * 0.5:
        return truth
    if attribute == "row_count":
        return str(round(int(truth) * random.uniform(0.8, 0.99)))
    return random.choice(MISTAKEN[attribute])
