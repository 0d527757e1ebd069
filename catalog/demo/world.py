"""The demo's network: its clock, its nodes, and which node holds which dataset with which columns.

What a row of a public dataset says about its content is true; where its copy stands and when that was refreshed is the demo's.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from catalog.demo.facts import Facts, facts, invented_datasets, published_datasets
from catalog.storage.records import Dataset, DatasetColumn, Node

SEED = "steward-demo-1"
SENSITIVITIES = ("public", "internal", "confidential", "restricted")
PERIOD_HOURS = {
    "streaming": 0.2,
    "hourly": 1.0,
    "daily": 24.0,
    "weekly": 168.0,
    "monthly": 720.0,
    "quarterly": 2160.0,
    "yearly": 8760.0,
}
DATASET_FACTS = (
    *("description", "domain", "data_type", "format", "owner", "steward", "licence", "licence_class", "pii", "phi"),
    *("row_count", "bytes", "languages", "tasks", "generating_model", "version", "deprecated", "aliases"),
)
FLAGS = {"key": "is_key", "critical": "critical", "encrypted": "encrypted", "nullable": "nullable"}


def seeded(topic: str) -> Random:
    """A generator of its own for each topic, so that a change to one topic leaves the others as they are."""
    return Random(f"{SEED}/{topic}")


def strictest(sensitivities: Iterable[str]) -> str:
    """The sensitivity that the fewest may know of."""
    return max(sensitivities, key=SENSITIVITIES.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What every other part of the demo refers to."""

    now: datetime
    nodes: Mapping[str, Node]
    datasets: Mapping[str, Dataset]
    columns: Mapping[str, tuple[DatasetColumn, ...]]

    def ago(self, *, hours: float = 0, days: float = 0) -> datetime:
        """The moment so long before the clock, to the second."""
        return self.now - timedelta(seconds=round(hours * 3600 + days * 86400))

    def storage_nodes(self, network: str = "") -> list[str]:
        return _storage_nodes(self.nodes, network)

    def synthetic(self, dataset: str, *, at_least: str = "public") -> dict[str, Any]:
        """Common fields of a row about a dataset: its node, and no less sensitive than the dataset."""
        about = self.datasets[dataset]
        return {
            "node": about.node,
            "sensitivity": strictest((about.sensitivity, at_least)),
            "as_of": about.as_of,
            "origin": "synthetic",
        }


def make_world(now: datetime) -> World:
    """The network at a moment (UTC, without a zone); the same moment gives the same network."""
    nodes = {name: _node(name, spec, now) for name, spec in facts("nodes").items()}
    datasets: dict[str, Dataset] = {}
    columns: dict[str, tuple[DatasetColumn, ...]] = {}
    for origin, specs in (("published", published_datasets()), ("synthetic", invented_datasets())):
        for name, spec in specs.items():
            datasets[name] = _dataset(name, spec, origin, nodes, now)
            columns[name] = tuple(_columns(datasets[name], spec.get("columns", ())))
    return World(now=now, nodes=nodes, datasets=datasets, columns=columns)


def _storage_nodes(nodes: Mapping[str, Node], network: str) -> list[str]:
    return [n.node for n in nodes.values() if n.kind == "storage" and network in ("", n.network)]


def _node(name: str, spec: Facts, now: datetime) -> Node:
    random = seeded(f"node/{name}")
    status = spec.get("status", "online")
    silence = (
        timedelta(days=spec["silent_days"]) if "silent_days" in spec else timedelta(seconds=random.randint(5, 900))
    )
    last_seen = now - silence
    low, high = {"online": (0.985, 1.0), "degraded": (0.9, 0.97), "offline": (0.55, 0.88)}[status]
    return Node(
        node=name,
        operator=spec["operator"],
        network=spec["network"],
        country=spec["country"],
        jurisdiction=spec["jurisdiction"],
        kind=spec["kind"],
        status=status,
        trust_score=spec.get("trust_score", round(random.uniform(0.72, 0.96), 3)),
        stake=float(spec.get("stake", random.randrange(2000, 30000, 250))),
        encrypted_at_rest=spec.get("encrypted_at_rest", True),
        encrypted_in_transit=spec.get("encrypted_in_transit", True),
        last_seen=last_seen,
        last_publish=last_seen - timedelta(seconds=random.randint(600, 130_000)),
        signature_ok=spec.get("signature_ok", True),
        uptime=round(random.uniform(low, high), 4),
        as_of=now,
        origin="synthetic",
    )


def _dataset(name: str, spec: Facts, origin: str, nodes: Mapping[str, Node], now: datetime) -> Dataset:
    random = seeded(f"dataset/{name}")
    node = nodes[spec.get("node") or random.choice(_storage_nodes(nodes, "open-science"))]
    frequency = spec.get("update_frequency", "never")
    known: Facts = (
        {} if origin == "published" else {"content_hash": hashlib.sha256(name.encode()).hexdigest(), "version": "1"}
    )
    for key in DATASET_FACTS:
        if key in spec:
            known[key] = tuple(spec[key]) if isinstance(spec[key], list) else spec[key]
    return Dataset(
        node=node.node,
        name=name,
        sensitivity=spec.get("sensitivity", "public"),
        as_of=node.last_publish,
        origin=origin,
        region=facts("nodes")[node.node]["region"],
        update_frequency=frequency,
        last_updated=_last_updated(spec, frequency, random, now),
        **known,
    )


def _last_updated(spec: Facts, frequency: str, random: Random, now: datetime) -> datetime | None:
    if "released" in spec:
        return datetime.combine(spec["released"], time())
    if "age_hours" in spec:
        return now - timedelta(hours=spec["age_hours"])
    if frequency == "never":
        return None
    late = 4.0 if random.random() < 0.15 else 1.0
    return now - timedelta(seconds=round(PERIOD_HOURS[frequency] * 3600 * late * random.uniform(0.3, 0.95)))


def _columns(dataset: Dataset, specs: list[str] | Facts) -> Iterable[DatasetColumn]:
    for name in specs:
        spec = specs[name] if isinstance(specs, dict) else {}
        flags = spec.get("flags", ())
        known: dict[str, Any] = {FLAGS[flag]: flag in flags for flag in FLAGS} if spec else {}
        personal = spec.get("pii_category")
        yield DatasetColumn(
            node=dataset.node,
            sensitivity=dataset.sensitivity,
            as_of=dataset.as_of,
            origin=dataset.origin,
            dataset=dataset.name,
            column_name=name,
            type=spec.get("type"),
            definition=spec.get("definition"),
            glossary_term=spec.get("glossary_term"),
            pii_category=personal,
            classification=strictest((dataset.sensitivity, "confidential" if personal else "public")),
            **known,
        )
