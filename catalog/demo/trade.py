"""Federated training runs and the market: rounds of the runs in ``runs.toml``, offers of ``market.toml`` and their buyers."""

import math
from collections.abc import Iterator
from random import Random

from catalog.demo.facts import Facts, facts, people
from catalog.demo.world import World, seeded, strictest
from catalog.storage.records import MarketEvent, TrainingRound

HOURS_PER_ROUND = 3.0
LEARNING_RATE = 4.0
"""How fast accuracy closes in on its last value; higher is faster."""


def training_rounds(world: World) -> Iterator[TrainingRound]:
    """Every round of every run."""
    homes = {model["name"]: model["node"] for model in facts("flows")["model"]}
    for run, spec in facts("runs").items():
        random = seeded(f"run/{run}")
        node = homes[spec["model"]]
        sensitivity = strictest(world.datasets[name].sensitivity for name in spec["datasets"])
        for number in range(1, spec["rounds"] + 1):
            running = spec.get("running", False) and number == spec["rounds"]
            failed = number in spec.get("failed", ())
            ended = (
                None if running else world.ago(hours=spec["ended_hours"] + (spec["rounds"] - number) * HOURS_PER_ROUND)
            )
            absent = random.choice(spec["participants"][1:]) if random.random() < 0.15 else None
            present = tuple(name for name in spec["participants"] if name != absent)
            slow = (
                spec["straggler"] if spec["straggler"] in present and random.random() < 0.6 else random.choice(present)
            )
            epsilon = spec.get("epsilon")
            yield TrainingRound(
                node=node,
                sensitivity=sensitivity,
                as_of=ended or world.now,
                origin="synthetic",
                run=run,
                model=spec["model"],
                framework=spec["framework"],
                round=number,
                nodes=len(present),
                participants=present,
                gb_per_node=round(random.uniform(0.8, 1.2) * spec["update_mb"] / 4 + 1, 2),
                update_mb=round(spec["update_mb"] * random.uniform(0.97, 1.03), 2),
                latency_s=None
                if running
                else round(
                    spec["latency_s"] * random.uniform(0.8, 1.1) * (1.6 if slow == spec["straggler"] else 1.0), 1
                ),
                privacy_level=spec["privacy_level"],
                epsilon=None if epsilon is None else round(epsilon * number / spec["rounds"], 3),
                accuracy=None if failed or running else _accuracy(spec, number, random),
                energy_kwh=None if running else round(spec["energy_kwh"] * random.uniform(0.9, 1.1), 3),
                datasets=tuple(spec["datasets"]),
                slowest_node=None if running else slow,
                status="failed" if failed else "running" if running else "completed",
                at=ended,
            )


def _accuracy(spec: Facts, number: int, random: Random) -> float:
    first, last = map(float, spec["accuracy"])
    progress = (number - 1) / (int(spec["rounds"]) - 1)
    gained = (1 - math.exp(-LEARNING_RATE * progress)) / (1 - math.exp(-LEARNING_RATE))
    noise = random.gauss(0, 0.006) if 0 < progress < 1 else 0.0
    return round(min(first + (last - first) * gained + noise, 0.999), 4)


def market_events(world: World) -> Iterator[MarketEvent]:
    """One listing per offer, then purchases, uses, ratings and a few quarrels, numbered in order of offers."""
    random = seeded("market")
    number = 0
    for dataset, service, price, token, algorithms in facts("market")["offers"]:
        listed_days = random.uniform(120, 420)
        offer = {"service": service, "token": token, "allowed_algorithms": algorithms if service == "compute" else None}
        events: list[tuple[float, Facts]] = [(listed_days, {"event": "listed", "price": price})]
        for _ in range(random.randint(3, 16)):
            events += _purchase(listed_days, price, random)
        for days, event in events:
            number += 1
            at = world.ago(days=days)
            at_least = "public" if event["event"] in ("listed", "rated") else "internal"
            yield MarketEvent(
                **world.synthetic(dataset, at_least=at_least) | {"as_of": at},
                event_id=f"M-{number:05d}",
                dataset=dataset,
                seller=world.nodes[world.datasets[dataset].node].operator,
                at=at,
                **offer | event,
            )


def _purchase(listed_days: float, price: float, random: Random) -> list[tuple[float, Facts]]:
    """A purchase and what followed, as days before the clock and fields of the event."""
    days = random.uniform(0.2, listed_days - 1)
    buyer = random.choice(people("buyer"))
    events: list[tuple[float, Facts]] = [(days, {"event": "ordered", "buyer": buyer, "amount": price})]
    if random.random() < 0.6:
        events.append((days * random.uniform(0.7, 0.98), {"event": "used", "buyer": buyer}))
    if random.random() < 0.55:
        rating = random.choices((1, 2, 3, 4, 5), (6, 8, 18, 36, 32))[0]
        comment = random.choice(facts("market")["comments"][str(rating)]) if random.random() < 0.75 else None
        events.append(
            (days * random.uniform(0.4, 0.69), {"event": "rated", "buyer": buyer, "rating": rating, "comment": comment})
        )
    if random.random() < 0.06:
        events.append(
            (days * random.uniform(0.1, 0.39), {"event": random.choice(("revoked", "disputed")), "buyer": buyer})
        )
    return events
